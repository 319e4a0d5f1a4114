DROP TABLE grid_border, grid_shape, partition_exception, grid_version, grid;
DROP FUNCTION grid_version_shape, grid_version_no_overlap, grid_version_border;
DROP TYPE grid_level;
