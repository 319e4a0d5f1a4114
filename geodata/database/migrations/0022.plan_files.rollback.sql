DROP TABLE plan_file_pair, plan_file_grid, plan_file;
