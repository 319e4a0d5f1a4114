DROP POLICY services ON account;
DROP TABLE scenario_search, scenario_change, scenario;
DROP FUNCTION scenario_changed;
