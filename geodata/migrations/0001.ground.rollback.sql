DROP TABLE grid_shape, partition_exception, grid_version, grid;
DROP FUNCTION grid_version_shape, grid_version_no_overlap;
DROP TYPE grid_level;
