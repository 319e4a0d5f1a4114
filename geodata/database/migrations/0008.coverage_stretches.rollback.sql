ALTER TABLE coverage_day DROP COLUMN valid;
