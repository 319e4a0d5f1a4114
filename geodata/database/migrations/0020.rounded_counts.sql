-- depends: 0019.providers_dated
-- What everybody is told of households: counts of buildings that are rounded (decision 0030).
-- Every public figure is a sum over rounded buildings, so no combination of public figures tells
-- more than these do, which is: of any building and any group of them, least_count - 1 values or
-- more remain possible.

CREATE FUNCTION least_count() RETURNS integer LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
RETURN coalesce((SELECT CASE WHEN jsonb_typeof(value) = 'number' AND (value #>> '{}')::numeric BETWEEN 0 AND 100000
                             THEN (value #>> '{}')::numeric::integer END
                 FROM setting WHERE key = 'least_count'), 10);

-- The middle of the class of "base" counts to which a count belongs: 1 to 9, 10 to 19, ... for 10.
-- None is none; a difference of two counts keeps its sign.
CREATE FUNCTION rounded_count(count bigint, base integer) RETURNS bigint LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN count = 0 OR base <= 1 THEN count
            ELSE sign(count)::bigint * (greatest(1, abs(count) / base * base) + abs(count) / base * base + base - 1) / 2 END;

-- The buildings of a block are rounded together: those of the lowest grid in which they lay when
-- they were put in, or of a square of 0.01 degrees (about 1 km) where there was none. Whoever may
-- see exact counts may see them in whole grids, and knows the whole of a block or nothing of it. A
-- building stays in its block when boundaries move: two roundings of one count narrow each other.
-- Level by level, the finest first: each level has a spatial index of its own.
CREATE FUNCTION block_of(place geometry, days daterange) RETURNS bigint LANGUAGE sql STABLE SECURITY DEFINER SET search_path = public
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
ALTER TABLE building ADD COLUMN rounding_block bigint;
UPDATE building SET rounding_block = block_of(geom, valid);
ALTER TABLE building ALTER COLUMN rounding_block SET NOT NULL;
CREATE INDEX building_block ON building (rounding_block) WHERE households > 0;
CREATE FUNCTION put_in_block() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    NEW.rounding_block := block_of(NEW.geom, NEW.valid);
    RETURN NEW;
END $$;
CREATE TRIGGER put_in_block BEFORE INSERT ON building FOR EACH ROW EXECUTE FUNCTION put_in_block();

CREATE TABLE building_rounded (
    building_id bigint PRIMARY KEY REFERENCES building ON DELETE CASCADE,
    households  integer NOT NULL
);

-- Of each building its class is told, and of each block where the sum lies between the least and
-- the most that the classes allow: in one of several stretches of "base" values, the last of which
-- has up to twice as many. Where the stretches lie follows from the classes alone. The middle of
-- the stretch is shared out among the buildings by how wide their classes are.
-- Blocks are gone through once and not joined with themselves: a county that is loaded whole has no
-- statistics yet, and each building would look for its block among all.
CREATE FUNCTION round_buildings(blocks bigint[]) RETURNS void LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
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

CREATE FUNCTION round_changed_buildings() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    blocks bigint[];
BEGIN
    IF TG_OP = 'INSERT' THEN
        blocks := ARRAY(SELECT DISTINCT rounding_block FROM after);
    ELSIF TG_OP = 'DELETE' THEN
        blocks := ARRAY(SELECT DISTINCT rounding_block FROM before);
    ELSE
        blocks := ARRAY(SELECT DISTINCT a.rounding_block FROM before b JOIN after a USING (building_id)
                        WHERE a.households IS DISTINCT FROM b.households);
    END IF;
    IF cardinality(blocks) > 0 THEN
        PERFORM round_buildings(blocks);
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER round_made AFTER INSERT ON building REFERENCING NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION round_changed_buildings();
CREATE TRIGGER round_changed AFTER UPDATE ON building REFERENCING OLD TABLE AS before NEW TABLE AS after
    FOR EACH STATEMENT EXECUTE FUNCTION round_changed_buildings();
CREATE TRIGGER round_gone AFTER DELETE ON building REFERENCING OLD TABLE AS before
    FOR EACH STATEMENT EXECUTE FUNCTION round_changed_buildings();

-- Figures with rounded households stand beside the exact ones. Everything is computed once more.
DELETE FROM coverage_stretch;
ALTER TABLE coverage_grid ADD COLUMN is_rounded boolean NOT NULL,
    DROP CONSTRAINT coverage_grid_pkey, ADD PRIMARY KEY (stretch_id, grid_id, kind, is_rounded);
ALTER TABLE coverage_rest ADD COLUMN is_rounded boolean NOT NULL,
    DROP CONSTRAINT coverage_rest_pkey, ADD PRIMARY KEY (stretch_id, grid_id, kind, is_rounded);
-- What was written down of past months stays; its rounded twin is added by the next who writes.
ALTER TABLE coverage_record ADD COLUMN is_rounded boolean NOT NULL DEFAULT false,
    DROP CONSTRAINT coverage_record_pkey, ADD PRIMARY KEY (grid_id, kind, day, is_rounded);
ALTER TABLE coverage_record ALTER COLUMN is_rounded DROP DEFAULT;
-- What the rounded twin was rounded to, NULL where there is none yet.
ALTER TABLE coverage_recorded ADD COLUMN rounded_to integer;

CREATE FUNCTION round_again() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    PERFORM round_buildings(NULL);
    DELETE FROM coverage_stretch;
    UPDATE revision SET number = number + 1, counted_in = pg_current_xact_id() WHERE subject = 'services';
    RETURN NULL;
END $$;
CREATE TRIGGER round_made AFTER INSERT ON setting
    FOR EACH ROW WHEN (NEW.key = 'least_count') EXECUTE FUNCTION round_again();
CREATE TRIGGER round_changed AFTER UPDATE ON setting
    FOR EACH ROW WHEN (NEW.key = 'least_count' AND NEW.value IS DISTINCT FROM OLD.value) EXECUTE FUNCTION round_again();
CREATE TRIGGER round_gone AFTER DELETE ON setting
    FOR EACH ROW WHEN (OLD.key = 'least_count') EXECUTE FUNCTION round_again();

DO $$ BEGIN PERFORM round_buildings(NULL); END $$;

GRANT SELECT ON building_rounded
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door, gridmap_draw, gridmap_services;
