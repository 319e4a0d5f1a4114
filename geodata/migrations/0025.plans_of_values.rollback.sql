CREATE OR REPLACE FUNCTION block_of(place geometry, days daterange) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
RETURN coalesce(
    (SELECT v.grid_id FROM grid_version v
     WHERE v.geom && place AND ST_Covers(v.geom, place)
       AND v.valid @> least(greatest(current_date, lower(days)), upper(days) - 1)
     ORDER BY v.level DESC, v.code LIMIT 1),
    -floor((ST_X(place) + 180) * 100)::bigint * 100000 - floor((ST_Y(place) + 90) * 100)::bigint - 1);
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
    block AS (
        SELECT block, sum(households - low)::bigint AS excess, sum(high - low)::bigint AS span
        FROM class GROUP BY block),
    stretch AS (
        SELECT block, excess, span, greatest(1, (span + 1) / base) AS stretches FROM block),
    middle AS (
        SELECT block, span,
               CASE WHEN excess / base >= stretches - 1 THEN ((stretches - 1) * base + span) / 2
                    ELSE excess / base * base + (base - 1) / 2 END AS excess
        FROM stretch),
    running AS (
        SELECT building_id, low, high - low AS width, block,
               sum(high - low) OVER (PARTITION BY block ORDER BY building_id)::bigint AS upto
        FROM class),
    changed AS (
    INSERT INTO building_rounded
    SELECT building_id, low + CASE WHEN span = 0 THEN 0
                                   ELSE excess * upto / span - excess * (upto - width) / span END
    FROM running JOIN middle USING (block)
    ON CONFLICT (building_id) DO UPDATE SET households = excluded.households
    WHERE building_rounded.households <> excluded.households
    RETURNING building_id)
    -- A building that changes can round its neighbours otherwise: their figures are due, too.
    INSERT INTO coverage_due (subject, number, place, bounds)
    SELECT 'services', coverage_number('services'), ST_Envelope(ST_Collect(b.geom)), coverage_bounds(VARIADIC array_agg(DISTINCT b.valid))
    FROM changed JOIN building b USING (building_id)
    WHERE blocks IS NOT NULL HAVING count(*) > 0;
END $$;
