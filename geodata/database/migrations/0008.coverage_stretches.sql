-- depends: 0007.shapes_due
-- The figures of a day hold for all days around it on which nothing begins or ends that they rest
-- on. What stands was computed for single days and is computed again when it is asked for.

DELETE FROM coverage_day;
ALTER TABLE coverage_day ADD COLUMN valid daterange NOT NULL CHECK (valid @> day),
    ADD EXCLUDE USING gist (valid WITH &&);
