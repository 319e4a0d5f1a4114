-- depends: 0024.rows_ask
-- A county of 20,000 compounds and 200,000 buildings could not be loaded in half an hour.

-- Level by level, the finest first: each level has a spatial index of its own, and a question about
-- all of them at once read every grid of the county for each building.
CREATE OR REPLACE FUNCTION block_of(place geometry, days daterange) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
RETURN coalesce(
    (SELECT v.grid_id FROM grid_version v
     WHERE v.level = 'compound' AND v.geom && place AND ST_Covers(v.geom, place)
       AND v.valid @> least(greatest(current_date, lower(days)), upper(days) - 1)
     ORDER BY v.code LIMIT 1),
    (SELECT v.grid_id FROM grid_version v
     WHERE v.level = 'community' AND v.geom && place AND ST_Covers(v.geom, place)
       AND v.valid @> least(greatest(current_date, lower(days)), upper(days) - 1)
     ORDER BY v.code LIMIT 1),
    (SELECT v.grid_id FROM grid_version v
     WHERE v.level = 'town' AND v.geom && place AND ST_Covers(v.geom, place)
       AND v.valid @> least(greatest(current_date, lower(days)), upper(days) - 1)
     ORDER BY v.code LIMIT 1),
    (SELECT v.grid_id FROM grid_version v
     WHERE v.level = 'county' AND v.geom && place AND ST_Covers(v.geom, place)
       AND v.valid @> least(greatest(current_date, lower(days)), upper(days) - 1)
     ORDER BY v.code LIMIT 1),
    -floor((ST_X(place) + 180) * 100)::bigint * 100000 - floor((ST_Y(place) + 90) * 100)::bigint - 1);

-- The blocks are gone through once and no longer joined with themselves: a county that is loaded
-- whole has no statistics yet, and each building looked for its block among all.
CREATE OR REPLACE FUNCTION round_buildings(blocks bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    base constant integer := greatest(1, least_count());
BEGIN
    DELETE FROM building_rounded r USING building b
    WHERE b.building_id = r.building_id AND (blocks IS NULL OR b.rounding_block = ANY(blocks))
      AND coalesce(b.households, 0) = 0;
    WITH class AS (
        SELECT building_id, rounding_block AS block, households,
               CASE WHEN base = 1 THEN households ELSE greatest(1, households / base * base) END AS low,
               households / base * base + base - 1 AS high
        FROM building
        WHERE households > 0 AND (blocks IS NULL OR rounding_block = ANY(blocks))),
    running AS (
        SELECT building_id, low, high - low AS width,
               sum(households - low) OVER one::bigint AS excess,
               sum(high - low) OVER one::bigint AS span,
               sum(high - low) OVER (one ORDER BY building_id)::bigint AS upto
        FROM class WINDOW one AS (PARTITION BY block)),
    stretch AS (
        SELECT *, greatest(1, (span + 1) / base) AS stretches FROM running),
    middle AS (
        SELECT building_id, low, width, span, upto,
               CASE WHEN excess / base >= stretches - 1 THEN ((stretches - 1) * base + span) / 2
                    ELSE excess / base * base + (base - 1) / 2 END AS excess
        FROM stretch),
    changed AS (
    INSERT INTO building_rounded
    SELECT building_id, low + CASE WHEN span = 0 THEN 0
                                   ELSE excess * upto / span - excess * (upto - width) / span END
    FROM middle
    ON CONFLICT (building_id) DO UPDATE SET households = excluded.households
    WHERE building_rounded.households <> excluded.households
    RETURNING building_id)
    -- A building that changes can round its neighbours otherwise: their figures are due, too.
    INSERT INTO coverage_due (subject, number, place, bounds)
    SELECT 'services', coverage_number('services'), ST_Envelope(ST_Collect(b.geom)), coverage_bounds(VARIADIC array_agg(DISTINCT b.valid))
    FROM changed JOIN building b USING (building_id)
    WHERE blocks IS NOT NULL HAVING count(*) > 0;
END $$;
