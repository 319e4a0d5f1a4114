-- The ground: grids, their dated versions, and the law that siblings never overlap.

CREATE EXTENSION IF NOT EXISTS postgis;
CREATE EXTENSION IF NOT EXISTS btree_gist;
CREATE EXTENSION IF NOT EXISTS pg_trgm;

-- Ordered from the whole to the part, so that level comparisons read naturally.
CREATE TYPE grid_level AS ENUM ('county', 'town', 'community', 'compound');

-- A grid is an identity. What it is like at a time is a version of it.
CREATE TABLE grid (
    grid_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    level      grid_level NOT NULL,
    created_at timestamptz NOT NULL DEFAULT now(),
    UNIQUE (grid_id, level)
);

CREATE TABLE grid_version (
    version_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    grid_id     bigint NOT NULL,
    level       grid_level NOT NULL,
    valid       daterange NOT NULL CHECK (NOT isempty(valid) AND NOT lower_inf(valid)),
    name        text NOT NULL CHECK (name <> ''),
    code        text NOT NULL CHECK (code <> ''),
    -- Full pinyin and initials ("hengshanzhen hsz"), for the search box.
    pinyin      text NOT NULL DEFAULT '',
    parent_id   bigint REFERENCES grid,
    households  integer CHECK (households >= 0),
    population  integer CHECK (population >= 0),
    -- WGS 84, every coordinate a decimal of seven places (see geodata/frames.py):
    -- neighbours' shared edges are equal to the bit.
    geom        geometry(MultiPolygon, 4326) NOT NULL,
    -- Where the label stands: inside, far from every edge.
    label_point geometry(Point, 4326) NOT NULL,
    area_m2     double precision GENERATED ALWAYS AS (ST_Area(geom::geography)) STORED,
    recorded_at timestamptz NOT NULL DEFAULT now(),
    source      text NOT NULL DEFAULT '',
    FOREIGN KEY (grid_id, level) REFERENCES grid (grid_id, level),
    CHECK ((level = 'county') = (parent_id IS NULL)),
    -- One version of a grid at a time; also serves "the version of grid X on day D".
    EXCLUDE USING gist (grid_id WITH =, valid WITH &&),
    -- A code belongs to one grid at a time; also serves the search by code.
    EXCLUDE USING gist (level WITH =, code WITH =, valid WITH &&)
);

-- Tiles, clicks and neighbours ask one level at a time by place.
CREATE INDEX grid_version_county_geom ON grid_version USING gist (geom) WHERE level = 'county';
CREATE INDEX grid_version_town_geom ON grid_version USING gist (geom) WHERE level = 'town';
CREATE INDEX grid_version_community_geom ON grid_version USING gist (geom) WHERE level = 'community';
CREATE INDEX grid_version_compound_geom ON grid_version USING gist (geom) WHERE level = 'compound';
-- Labels in a tile.
CREATE INDEX grid_version_label ON grid_version USING gist (level, label_point);
-- Children of a grid.
CREATE INDEX grid_version_parent ON grid_version (parent_id);
-- Search: 衡山, hengshan, hsz, 3415251.
CREATE INDEX grid_version_name_trgm ON grid_version USING gin (name gin_trgm_ops);
CREATE INDEX grid_version_pinyin_trgm ON grid_version USING gin (pinyin gin_trgm_ops);

-- A recorded departure from the partition law, with a reason, a person and a date.
CREATE TABLE partition_exception (
    exception_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind         text NOT NULL CHECK (kind IN ('overlap', 'gap', 'outside_parent', 'multipart', 'sliver')),
    grid_id      bigint NOT NULL REFERENCES grid,
    other_id     bigint REFERENCES grid,
    reason       text NOT NULL CHECK (reason <> ''),
    recorded_by  text NOT NULL CHECK (recorded_by <> ''),
    recorded_at  timestamptz NOT NULL DEFAULT now()
);

-- Stored shapes are valid and lie on the coordinate grid; else "equal to the bit" means nothing.
CREATE FUNCTION grid_version_shape() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF NOT ST_IsValid(NEW.geom) THEN
        RAISE EXCEPTION 'grid % (%): shape is not valid: %', NEW.code, NEW.name, ST_IsValidReason(NEW.geom)
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grid_version_shape_valid';
    END IF;
    -- Through text, because only the nearest double of a seven-place decimal survives it unchanged.
    IF ST_AsBinary(NEW.geom) <> ST_AsBinary(ST_GeomFromText(ST_AsText(NEW.geom, 7), 4326)) THEN
        RAISE EXCEPTION 'grid % (%): coordinates are not on the grid of 1e-7 degrees', NEW.code, NEW.name
            USING ERRCODE = 'check_violation', CONSTRAINT = 'grid_version_shape_precision';
    END IF;
    RETURN NEW;
END $$;

CREATE TRIGGER grid_version_shape BEFORE INSERT OR UPDATE OF geom ON grid_version
    FOR EACH ROW EXECUTE FUNCTION grid_version_shape();

-- The partition law, checked when the transaction ends, whoever writes.
--
-- READ COMMITTED plus one advisory lock: each check sees all that committed before it. Under
-- REPEATABLE READ the snapshot is older than the lock, so such a writer is refused.
CREATE FUNCTION grid_version_no_overlap() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    rival record;
BEGIN
    IF current_setting('transaction_isolation') <> 'read committed' THEN
        RAISE EXCEPTION 'grid versions are written under READ COMMITTED only'
            USING ERRCODE = 'invalid_transaction_state';
    END IF;
    -- The same number in geodata/grids/writing.py: writers that take it first do not wait here.
    PERFORM pg_advisory_xact_lock(341525);
    -- The version may have changed again, or gone, since the trigger was queued.
    SELECT * INTO NEW FROM grid_version WHERE version_id = NEW.version_id;
    IF NOT FOUND THEN
        RETURN NULL;
    END IF;
    SELECT other.code, other.name, other.grid_id INTO rival
    FROM grid_version other
    WHERE other.level = NEW.level
      AND other.geom && NEW.geom
      AND other.valid && NEW.valid
      AND other.grid_id <> NEW.grid_id
      -- Of two versions that this transaction inserts, the younger one looks.
      AND (TG_OP = 'UPDATE' OR other.version_id < NEW.version_id OR other.xmin <> pg_current_xact_id()::xid)
      AND ST_Relate(other.geom, NEW.geom, 'T********')
      AND NOT EXISTS (
          SELECT FROM partition_exception e
          WHERE e.kind = 'overlap'
            AND (e.grid_id, e.other_id) IN ((NEW.grid_id, other.grid_id), (other.grid_id, NEW.grid_id)))
    LIMIT 1;
    IF FOUND THEN
        RAISE EXCEPTION 'grid % (%) overlaps % (%)', NEW.code, NEW.name, rival.code, rival.name
            USING ERRCODE = 'exclusion_violation', CONSTRAINT = 'grid_version_no_overlap',
                  DETAIL = json_build_object('grid_id', NEW.grid_id, 'other_id', rival.grid_id)::text;
    END IF;
    RETURN NULL;
END $$;

-- The planner must use the partial index of the level, so the level reaches it as a constant:
-- one trigger function per level would be four copies, so the function is planned per call.
ALTER FUNCTION grid_version_no_overlap() SET plan_cache_mode = 'force_custom_plan';

CREATE CONSTRAINT TRIGGER grid_version_no_overlap AFTER INSERT OR UPDATE ON grid_version
    DEFERRABLE INITIALLY DEFERRED
    FOR EACH ROW EXECUTE FUNCTION grid_version_no_overlap();

-- Shapes for small scales, simplified level by level as a coverage so that neighbours never part.
-- A shape serves tiles up to and including max_zoom; deeper tiles use the version's own geometry.
CREATE TABLE grid_shape (
    version_id bigint NOT NULL REFERENCES grid_version ON DELETE CASCADE,
    max_zoom   smallint NOT NULL,
    level      grid_level NOT NULL,
    valid      daterange NOT NULL,
    geom       geometry(MultiPolygon, 3857) NOT NULL,
    PRIMARY KEY (version_id, max_zoom, valid)
);
-- Tiles: one level and zoom by place.
CREATE INDEX grid_shape_geom ON grid_shape USING gist (level, max_zoom, geom);

-- Borders of counties and towns for large scales: their shapes have thousands of vertices, a tile
-- shows a few dozen. Cut into short pieces (EPSG:3857), found one by one.
CREATE TABLE grid_border (
    version_id bigint NOT NULL REFERENCES grid_version ON DELETE CASCADE,
    level      grid_level NOT NULL,
    geom       geometry(LineString, 3857) NOT NULL
);
-- Tiles: one level by place.
CREATE INDEX grid_border_geom ON grid_border USING gist (level, geom);
CREATE INDEX grid_border_version ON grid_border (version_id);

CREATE FUNCTION grid_version_border() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    DELETE FROM grid_border WHERE version_id = NEW.version_id;
    INSERT INTO grid_border (version_id, level, geom)
    SELECT NEW.version_id, NEW.level, piece.geom
    FROM ST_Dump(ST_Transform(ST_Boundary(NEW.geom), 3857)) ring,
         ST_Subdivide(ring.geom, 64) AS piece (geom);
    RETURN NULL;
END $$;
CREATE TRIGGER grid_version_border AFTER INSERT OR UPDATE OF geom ON grid_version
    FOR EACH ROW WHEN (NEW.level IN ('county', 'town')) EXECUTE FUNCTION grid_version_border();
