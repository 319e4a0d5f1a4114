DROP INDEX grid_version_until, grid_version_from;
DROP TABLE shape_due;
