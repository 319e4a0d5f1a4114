DROP TABLE coverage_grid, coverage_day, facility, service_kind;
