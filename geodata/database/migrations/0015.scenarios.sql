-- depends: 0014.services_office
-- What if: named scenarios of services that are tried before anything is done.

CREATE TABLE scenario (
    scenario_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    name        text NOT NULL CHECK (name <> '' AND length(name) <= 80),
    owner_id    bigint REFERENCES account ON DELETE SET NULL,
    -- Whoever made it is named even after the account is gone.
    made_by     text NOT NULL,
    made_at     timestamptz NOT NULL DEFAULT now(),
    -- Grows with every change of it.
    revision    bigint NOT NULL DEFAULT 1,
    changed_at  timestamptz NOT NULL DEFAULT now(),
    -- Thrown away, but still to be had back.
    is_removed  boolean NOT NULL DEFAULT false
);
CREATE INDEX scenario_owner ON scenario (owner_id, changed_at DESC);

CREATE TABLE scenario_change (
    change_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    scenario_id     bigint NOT NULL REFERENCES scenario ON DELETE CASCADE,
    what            text NOT NULL CHECK (what IN ('add', 'move', 'close', 'give', 'take', 'standard', 'plan')),
    kind            text REFERENCES service_kind ON DELETE CASCADE,
    facility_id     bigint REFERENCES facility ON DELETE CASCADE,
    name            text NOT NULL DEFAULT '' CHECK (length(name) <= 80),
    geom            geometry(Point, 4326),
    organisation_id bigint REFERENCES organisation ON DELETE CASCADE,
    grid_id         bigint REFERENCES grid ON DELETE CASCADE,
    -- As in service_standard.
    place           text CHECK (place IN ('town', 'village')),
    reach           integer CHECK (reach BETWEEN 1 AND 100000),
    unit            text CHECK (unit IN ('m', 'min')),
    detour          real CHECK (detour BETWEEN 1 AND 5),
    capacity        integer CHECK (capacity > 0),
    minimum         smallint CHECK (minimum BETWEEN 1 AND 99),
    plan_id         bigint REFERENCES plan ON DELETE CASCADE,
    -- Taken out, but still to be had back.
    is_out          boolean NOT NULL DEFAULT false,
    CHECK (CASE what
        WHEN 'add' THEN num_nulls(kind, geom) = 0 AND facility_id IS NULL
        WHEN 'move' THEN num_nulls(kind, geom, facility_id) = 0
        WHEN 'close' THEN num_nulls(kind, facility_id) = 0 AND geom IS NULL
        WHEN 'standard' THEN num_nulls(kind, place, reach, unit, detour, minimum) = 0
        WHEN 'plan' THEN plan_id IS NOT NULL
        ELSE num_nulls(organisation_id, grid_id) = 0 END)
);
CREATE INDEX scenario_change_of ON scenario_change (scenario_id, change_id);
-- A facility moves or closes, a standard has one value.
CREATE UNIQUE INDEX scenario_change_facility ON scenario_change (scenario_id, facility_id);
CREATE UNIQUE INDEX scenario_change_standard ON scenario_change (scenario_id, kind, place)
    WHERE what = 'standard';
CREATE UNIQUE INDEX scenario_change_plan ON scenario_change (scenario_id) WHERE what = 'plan';
CREATE UNIQUE INDEX scenario_change_area ON scenario_change (scenario_id, organisation_id, grid_id);

-- How the best places in it were found: what was asked for, and how good the answer is.
CREATE TABLE scenario_search (
    scenario_id bigint NOT NULL REFERENCES scenario ON DELETE CASCADE,
    searched_at timestamptz NOT NULL DEFAULT now(),
    kind        text NOT NULL REFERENCES service_kind ON DELETE CASCADE,
    asked       jsonb NOT NULL,
    answer      jsonb NOT NULL,
    PRIMARY KEY (scenario_id, searched_at)
);

CREATE FUNCTION scenario_changed() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    UPDATE scenario SET revision = revision + 1, changed_at = now()
    WHERE scenario_id IN (SELECT scenario_id FROM changed);
    RETURN NULL;
END $$;
CREATE TRIGGER scenario_changed_made AFTER INSERT ON scenario_change
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scenario_changed();
CREATE TRIGGER scenario_changed_changed AFTER UPDATE ON scenario_change
    REFERENCING NEW TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scenario_changed();
CREATE TRIGGER scenario_changed_gone AFTER DELETE ON scenario_change
    REFERENCING OLD TABLE AS changed FOR EACH STATEMENT EXECUTE FUNCTION scenario_changed();

-- Whoever may try services sees all scenarios, so that a link is enough; each changes the own ones.
GRANT SELECT, INSERT ON scenario TO gridmap_services;
GRANT UPDATE (name, revision, changed_at, is_removed) ON scenario TO gridmap_services;
GRANT SELECT, INSERT, UPDATE, DELETE ON scenario_change, scenario_search TO gridmap_services;
-- A boundary plan can be a part of one, for those who may see plans.
GRANT SELECT ON plan, plan_collaborator, plan_step, plan_grid, plan_base TO gridmap_services;
CREATE POLICY services ON plan FOR SELECT TO gridmap_services USING ((SELECT acting_may('see_plans')));
CREATE POLICY services ON plan_collaborator FOR SELECT TO gridmap_services USING ((SELECT acting_may('see_plans')));
CREATE POLICY services ON plan_step FOR SELECT TO gridmap_services USING ((SELECT acting_may('see_plans')));
CREATE POLICY services ON plan_grid FOR SELECT TO gridmap_services USING ((SELECT acting_may('see_plans')));
CREATE POLICY services ON plan_base FOR SELECT TO gridmap_services USING ((SELECT acting_may('see_plans')));
GRANT SELECT (account_id, username, name) ON account TO gridmap_services;
CREATE POLICY services ON account FOR SELECT TO gridmap_services
    USING ((SELECT acting_may('try_services')));
ALTER TABLE scenario ENABLE ROW LEVEL SECURITY;
ALTER TABLE scenario_change ENABLE ROW LEVEL SECURITY;
ALTER TABLE scenario_search ENABLE ROW LEVEL SECURITY;
CREATE POLICY seen ON scenario FOR SELECT TO gridmap_services
    USING ((SELECT acting_may('try_services')));
CREATE POLICY made ON scenario FOR INSERT TO gridmap_services
    WITH CHECK ((SELECT acting_may('try_services')) AND owner_id = (SELECT acting_account()));
CREATE POLICY changed ON scenario FOR UPDATE TO gridmap_services
    USING ((SELECT acting_may('try_services')) AND owner_id = (SELECT acting_account()));
CREATE POLICY seen ON scenario_change FOR SELECT TO gridmap_services
    USING ((SELECT acting_may('try_services')));
CREATE POLICY changed ON scenario_change TO gridmap_services
    USING (EXISTS (SELECT FROM scenario s WHERE s.scenario_id = scenario_change.scenario_id
                   AND s.owner_id = (SELECT acting_account()) AND (SELECT acting_may('try_services'))));
CREATE POLICY seen ON scenario_search FOR SELECT TO gridmap_services
    USING ((SELECT acting_may('try_services')));
CREATE POLICY changed ON scenario_search TO gridmap_services
    USING (EXISTS (SELECT FROM scenario s WHERE s.scenario_id = scenario_search.scenario_id
                   AND s.owner_id = (SELECT acting_account()) AND (SELECT acting_may('try_services'))));
