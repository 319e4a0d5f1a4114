-- depends: 0011.neighbourhood
-- Standards of services, who counts as a provider, and coverage with the reason of each gap.

INSERT INTO service_kind (kind, name_zh, name_en, reach_m, rank) VALUES
    ('grid_worker',   '网格员', 'Grid worker',   1, 15),
    ('building_lead', '楼栋长', 'Building lead', 1, 16);

-- What counts as served. "town" and "village" are kinds of communities: see place_kind.
CREATE TABLE service_standard (
    standard_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind        text NOT NULL REFERENCES service_kind ON DELETE CASCADE,
    place       text NOT NULL CHECK (place IN ('town', 'village')),
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    -- Along the way on foot, which is "detour" times the straight line where no road is known.
    reach       integer NOT NULL CHECK (reach BETWEEN 1 AND 100000),
    unit        text NOT NULL DEFAULT 'm' CHECK (unit IN ('m', 'min')),
    detour      real NOT NULL DEFAULT 1 CHECK (detour BETWEEN 1 AND 5),
    -- Households to a provider, and providers that everybody is to have; NULL: any number.
    capacity    integer CHECK (capacity > 0),
    minimum     smallint NOT NULL DEFAULT 1 CHECK (minimum BETWEEN 1 AND 99),
    EXCLUDE USING gist (kind WITH =, place WITH =, valid WITH &&)
);
INSERT INTO service_standard (kind, place, valid, reach)
SELECT kind, place, '[1949-10-01,)', reach_m FROM service_kind, (VALUES ('town'), ('village')) p (place);
UPDATE service_standard SET capacity = 500 WHERE kind = 'grid_worker';
ALTER TABLE service_kind DROP COLUMN reach_m;

-- Who gives a service: facilities of the kind; organisations of a kind, in their service areas; or
-- the holders of a duty, where they hold it.
CREATE TABLE service_provider (
    kind text NOT NULL REFERENCES service_kind ON DELETE CASCADE,
    via  text NOT NULL CHECK (via IN ('facility', 'area', 'duty')),
    what text NOT NULL DEFAULT '',
    PRIMARY KEY (kind, via, what),
    CHECK ((via = 'facility') = (what = ''))
);
INSERT INTO service_provider (kind, via)
SELECT kind, 'facility' FROM service_kind WHERE kind NOT IN ('grid_worker', 'building_lead');
INSERT INTO service_provider VALUES
    ('volunteer_team', 'area', 'volunteer_team'),
    ('property_management', 'area', 'property_company'),
    ('grid_worker', 'duty', 'grid_worker'),
    ('building_lead', 'duty', 'building_lead');

-- A community whose name ends in 村 is a village (村民委员会), any other lies in a town (居民委员会).
CREATE FUNCTION place_kind(name text) RETURNS text LANGUAGE sql IMMUTABLE PARALLEL SAFE
RETURN CASE WHEN name LIKE '%村' THEN 'village' ELSE 'town' END;

DROP TABLE coverage_grid, coverage_day;

-- Figures of a day hold for the days around it on which nothing begins or ends that they rest on.
-- "services", "grids" and "members" are the revisions that they were computed at.
CREATE TABLE coverage_stretch (
    stretch_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    valid       daterange NOT NULL CHECK (NOT isempty(valid)),
    services    bigint NOT NULL,
    grids       bigint NOT NULL,
    members     bigint NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    asked_at    timestamptz NOT NULL DEFAULT now(),
    EXCLUDE USING gist (valid WITH &&)
);
CREATE TABLE coverage_grid (
    stretch_id   bigint NOT NULL REFERENCES coverage_stretch ON DELETE CASCADE,
    grid_id      bigint NOT NULL REFERENCES grid ON DELETE CASCADE,
    kind         text NOT NULL REFERENCES service_kind ON DELETE CASCADE,
    -- Households; those counted by area, since no building is known; those in reach of a provider;
    -- and those to whom the standard is met. The others have one reason each.
    households   integer NOT NULL,
    estimated    integer NOT NULL,
    reached      integer NOT NULL,
    met          integer NOT NULL,
    over_capacity integer NOT NULL,
    too_few      integer NOT NULL,
    too_far      integer NOT NULL,
    nobody       integer NOT NULL,
    term_ended   integer NOT NULL,
    PRIMARY KEY (stretch_id, grid_id, kind),
    CHECK (households = met + over_capacity + too_few + too_far + nobody + term_ended)
);
-- The same for a community's households outside every compound.
CREATE TABLE coverage_rest (LIKE coverage_grid INCLUDING CONSTRAINTS INCLUDING INDEXES);
ALTER TABLE coverage_rest
    ADD FOREIGN KEY (stretch_id) REFERENCES coverage_stretch ON DELETE CASCADE,
    ADD FOREIGN KEY (grid_id) REFERENCES grid ON DELETE CASCADE,
    ADD FOREIGN KEY (kind) REFERENCES service_kind ON DELETE CASCADE;

-- What has changed since figures were computed, by the revision that it made: figures of an older
-- revision are computed anew there. Written by triggers, whoever writes.
CREATE TABLE coverage_due (
    due_id  bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL CHECK (subject IN ('services', 'grids', 'members')),
    number  bigint NOT NULL,
    -- NULL: all kinds.
    kind    text,
    -- Where, in WGS 84; neither place nor grid: everywhere.
    place   geometry(Geometry, 4326),
    grid_id bigint,
    -- The days on which what has changed begins or ends.
    bounds  date[] NOT NULL
);
CREATE INDEX coverage_due_since ON coverage_due (subject, number);

CREATE FUNCTION coverage_bounds(VARIADIC ranges daterange[]) RETURNS date[] LANGUAGE sql IMMUTABLE
RETURN ARRAY(SELECT DISTINCT day FROM unnest(ranges) r, LATERAL (VALUES (lower(r)), (upper(r))) b (day)
             WHERE day IS NOT NULL AND isfinite(day));

CREATE FUNCTION coverage_number(wanted text) RETURNS bigint LANGUAGE sql STABLE
RETURN (SELECT number FROM revision WHERE subject = wanted);

-- A transaction counts once as a change. What it writes after figures were computed in it counts again.
CREATE FUNCTION coverage_counts_again() RETURNS void LANGUAGE sql SECURITY DEFINER SET search_path = public AS $$
    UPDATE revision SET counted_in = NULL WHERE counted_in = pg_current_xact_id_if_assigned();
$$;

-- More rows at once than this are not told apart: everything is computed anew.
CREATE FUNCTION coverage_many() RETURNS integer LANGUAGE sql IMMUTABLE RETURN 50;

-- Triggers fire in the order of their names: after "bump", which counts.
CREATE FUNCTION coverage_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
BEGIN
    INSERT INTO coverage_due (subject, number, bounds)
    VALUES (TG_ARGV[0], coverage_number(TG_ARGV[0]), '{}');
    RETURN NULL;
END $$;

CREATE FUNCTION coverage_facility_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    changed facility[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        changed := ARRAY(SELECT ROW(b.*)::facility FROM before b LIMIT coverage_many() + 1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        changed := changed || ARRAY(SELECT ROW(a.*)::facility FROM after a LIMIT coverage_many() + 1);
    END IF;
    INSERT INTO coverage_due (subject, number, kind, place, bounds)
    SELECT 'services', coverage_number('services'), CASE WHEN is_told THEN kind END,
           CASE WHEN is_told THEN ST_Collect(geom) END,
           CASE WHEN is_told THEN coverage_bounds(VARIADIC array_agg(valid)) ELSE '{}' END
    FROM (SELECT f.*, cardinality(changed) <= coverage_many() AS is_told FROM unnest(changed) f) c
    GROUP BY is_told, CASE WHEN is_told THEN kind END;
    RETURN NULL;
END $$;

CREATE FUNCTION coverage_building_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    changed building[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        changed := ARRAY(SELECT ROW(b.*)::building FROM before b LIMIT coverage_many() + 1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        changed := changed || ARRAY(SELECT ROW(a.*)::building FROM after a LIMIT coverage_many() + 1);
    END IF;
    INSERT INTO coverage_due (subject, number, place, bounds)
    SELECT 'services', coverage_number('services'), CASE WHEN is_told THEN ST_Collect(geom) END,
           CASE WHEN is_told THEN coverage_bounds(VARIADIC array_agg(valid)) ELSE '{}' END
    FROM (SELECT b.*, cardinality(changed) <= coverage_many() AS is_told FROM unnest(changed) b) c
    GROUP BY is_told;
    RETURN NULL;
END $$;

CREATE FUNCTION coverage_duty_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    changed duty[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        changed := ARRAY(SELECT ROW(b.*)::duty FROM before b LIMIT coverage_many() + 1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        changed := changed || ARRAY(SELECT ROW(a.*)::duty FROM after a LIMIT coverage_many() + 1);
    END IF;
    -- Where the same person serves as well, the load changes.
    INSERT INTO coverage_due (subject, number, kind, place, grid_id, bounds)
    SELECT 'members', coverage_number('members'), p.kind, b.geom, d.grid_id, coverage_bounds(d.term)
    FROM (SELECT c.role, c.grid_id, c.building_id, c.term FROM unnest(changed) c
          UNION
          SELECT o.role, o.grid_id, o.building_id, c.term
          FROM unnest(changed) c JOIN duty o USING (member_id, role)) d
    JOIN service_provider p ON p.via = 'duty' AND p.what = d.role
    LEFT JOIN building b USING (building_id)
    WHERE cardinality(changed) <= coverage_many()
    UNION ALL
    SELECT 'members', coverage_number('members'), NULL, NULL, NULL, '{}'
    WHERE cardinality(changed) > coverage_many();
    RETURN NULL;
END $$;

-- A service area counts with "services"; it has no revision of its own, since no tile shows it.
CREATE FUNCTION coverage_area_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    changed service_area[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        changed := ARRAY(SELECT ROW(b.*)::service_area FROM before b LIMIT coverage_many() + 1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        changed := changed || ARRAY(SELECT ROW(a.*)::service_area FROM after a LIMIT coverage_many() + 1);
    END IF;
    INSERT INTO coverage_due (subject, number, kind, grid_id, bounds)
    SELECT 'services', coverage_number('services'), p.kind, a.grid_id, coverage_bounds(a.valid)
    FROM (SELECT c.organisation_id, c.grid_id, c.valid FROM unnest(changed) c
          UNION
          SELECT o.organisation_id, o.grid_id, c.valid
          FROM unnest(changed) c JOIN service_area o USING (organisation_id)) a
    JOIN organisation o USING (organisation_id)
    JOIN service_provider p ON p.via = 'area' AND p.what = o.kind
    WHERE cardinality(changed) <= coverage_many()
    UNION ALL
    SELECT 'services', coverage_number('services'), NULL, NULL, '{}'
    WHERE cardinality(changed) > coverage_many();
    RETURN NULL;
END $$;

CREATE FUNCTION coverage_version_due() RETURNS trigger LANGUAGE plpgsql SECURITY DEFINER SET search_path = public AS $$
DECLARE
    changed grid_version[] := '{}';
BEGIN
    IF TG_OP <> 'INSERT' THEN
        changed := ARRAY(SELECT ROW(b.*)::grid_version FROM before b LIMIT coverage_many() + 1);
    END IF;
    IF TG_OP <> 'DELETE' THEN
        changed := changed || ARRAY(SELECT ROW(a.*)::grid_version FROM after a LIMIT coverage_many() + 1);
    END IF;
    -- What lies in a town or a county that changes changes its own version, where it does.
    INSERT INTO coverage_due (subject, number, place, grid_id, bounds)
    SELECT 'grids', coverage_number('grids'), CASE WHEN v.level IN ('community', 'compound') THEN ST_Envelope(v.geom) END,
           v.grid_id, coverage_bounds(v.valid)
    FROM unnest(changed) v
    WHERE cardinality(changed) <= coverage_many()
    UNION ALL
    SELECT 'grids', coverage_number('grids'), NULL, NULL, '{}'
    WHERE cardinality(changed) > coverage_many();
    RETURN NULL;
END $$;

DO $$
DECLARE
    way record;
BEGIN
    FOR way IN SELECT * FROM (VALUES
            ('facility', 'coverage_facility_due'), ('building', 'coverage_building_due'),
            ('duty', 'coverage_duty_due'), ('service_area', 'coverage_area_due'),
            ('grid_version', 'coverage_version_due')) t (name, call) LOOP
        EXECUTE format('CREATE TRIGGER coverage_due_made AFTER INSERT ON %I REFERENCING NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION %I()', way.name, way.call);
        EXECUTE format('CREATE TRIGGER coverage_due_changed AFTER UPDATE ON %I REFERENCING OLD TABLE AS before NEW TABLE AS after FOR EACH STATEMENT EXECUTE FUNCTION %I()', way.name, way.call);
        EXECUTE format('CREATE TRIGGER coverage_due_gone AFTER DELETE ON %I REFERENCING OLD TABLE AS before FOR EACH STATEMENT EXECUTE FUNCTION %I()', way.name, way.call);
    END LOOP;
END $$;
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON service_area FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('services');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON service_standard FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('services');
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON service_provider FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('services');
CREATE TRIGGER coverage_due AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON service_standard FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('services');
CREATE TRIGGER coverage_due AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON service_provider FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('services');
CREATE TRIGGER coverage_due_all AFTER TRUNCATE ON facility FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('services');
CREATE TRIGGER coverage_due_all AFTER TRUNCATE ON building FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('services');
CREATE TRIGGER coverage_due_all AFTER TRUNCATE ON duty FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('members');
CREATE TRIGGER coverage_due_all AFTER TRUNCATE ON service_area FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('services');
CREATE TRIGGER coverage_due_all AFTER TRUNCATE ON grid_version FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('grids');

GRANT SELECT ON service_standard, service_provider, coverage_stretch, coverage_grid, coverage_rest, coverage_due
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door, gridmap_draw;
-- Computed when first asked for.
GRANT INSERT, UPDATE, DELETE ON coverage_stretch, coverage_grid, coverage_rest
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county, gridmap_draw;
GRANT DELETE ON coverage_due
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county, gridmap_draw;
