DROP FUNCTION coverage_analyze;
