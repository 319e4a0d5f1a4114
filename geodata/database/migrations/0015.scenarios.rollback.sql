DROP POLICY services ON account;
DROP POLICY services ON plan;
DROP POLICY services ON plan_collaborator;
DROP POLICY services ON plan_step;
DROP POLICY services ON plan_grid;
DROP POLICY services ON plan_base;
DROP TABLE scenario_search, scenario_change, scenario;
DROP FUNCTION scenario_changed;
