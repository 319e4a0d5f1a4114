-- depends: 0018.coverage_analyze
-- Who counts as a provider of a service is dated, as its standards are.

ALTER TABLE service_provider
    ADD COLUMN valid daterange NOT NULL DEFAULT daterange(NULL, NULL) CHECK (NOT isempty(valid)),
    DROP CONSTRAINT service_provider_pkey,
    ADD EXCLUDE USING gist (kind WITH =, via WITH =, what WITH =, valid WITH &&);

-- What was changed so far is told in the same way: values with the days on which they hold.
CREATE FUNCTION dated(course jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN (SELECT coalesce(jsonb_agg(e.value - 'standard' || jsonb_build_object('value', e.value -> 'standard') ORDER BY e.ordinality), '[]')
        FROM jsonb_array_elements(course) WITH ORDINALITY e);
CREATE FUNCTION definition(told jsonb) RETURNS jsonb LANGUAGE sql IMMUTABLE
RETURN told - 'providers' || jsonb_build_object(
    'town', dated(told -> 'town'), 'village', dated(told -> 'village'),
    'givers', jsonb_build_array(jsonb_build_object('since', '0001-01-01', 'until', NULL, 'value', told -> 'providers')));
UPDATE standard_change SET before = definition(before), after = definition(after);
DROP FUNCTION definition, dated;
