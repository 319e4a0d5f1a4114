DROP INDEX grid_version_grid;
DROP TRIGGER grid_version_may ON grid_version;
DROP TRIGGER grid_may ON grid;
DROP FUNCTION grid_version_may;
DROP POLICY drawing ON issue;
DROP POLICY drawing ON account;
DROP POLICY drawing ON account_role;
DROP TABLE issue_move, plan_publication, plan_event, plan_acceptance, plan_base, plan_grid, plan_step,
    plan_collaborator, plan;
REVOKE ALL ON ALL TABLES IN SCHEMA public FROM gridmap_draw;
REVOKE ALL ON ALL FUNCTIONS IN SCHEMA public FROM gridmap_draw;
