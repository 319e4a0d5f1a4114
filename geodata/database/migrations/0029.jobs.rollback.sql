DELETE FROM procrastinate_periodic_defers;
DELETE FROM procrastinate_jobs;
GRANT EXECUTE ON FUNCTION coverage_counts_again, coverage_analyze TO PUBLIC;
GRANT DELETE ON coverage_due
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county, gridmap_draw, gridmap_services;
GRANT INSERT, UPDATE, DELETE ON coverage_stretch, coverage_grid, coverage_rest
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county, gridmap_draw, gridmap_services;
DROP FUNCTION coverage_waiting_since, coverage_wanted;
DROP TRIGGER coverage_asked ON revision;
DROP FUNCTION coverage_asked;
ALTER TABLE coverage_stretch DROP COLUMN number;
DROP FUNCTION job_retried, jobs_listed, is_owner;
DROP TABLE job_failure, job_done;
