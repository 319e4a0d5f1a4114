-- depends: 0017.standard_changes
-- Figures computed anew fill their tables in one go. Until autovacuum came by, the planner took
-- them for empty, and each change after that read them from end to end.
CREATE FUNCTION coverage_analyze() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    ANALYZE coverage_grid, coverage_rest;
$$;
