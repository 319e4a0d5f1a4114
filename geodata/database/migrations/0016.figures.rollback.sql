DROP TABLE notification, alert_rule, coverage_recorded, coverage_record;
DROP FUNCTION acting_grids;
