-- depends: 0008.coverage_stretches
-- Plans: drafts of other boundaries, from the first stroke to the day on which they hold.

CREATE TABLE plan (
    plan_id      bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    title        text NOT NULL CHECK (title ~ '[^[:space:]]' AND length(title) <= 120),
    purpose      text NOT NULL DEFAULT '' CHECK (length(purpose) <= 4000),
    state        text NOT NULL DEFAULT 'draft'
                 CHECK (state IN ('draft', 'submitted', 'approved', 'published', 'withdrawn')),
    is_archived  boolean NOT NULL DEFAULT false,
    -- The day from which it is to hold; it is drawn on the boundaries of that day.
    effective_on date NOT NULL,
    owner_id     bigint REFERENCES account ON DELETE SET NULL,
    -- Kept as it was called then: a plan outlives the account. '' is the command line.
    owner        text NOT NULL DEFAULT '',
    -- Grows with every change: whoever saves says which one was seen.
    revision     bigint NOT NULL DEFAULT 1,
    -- What is drawn is what stands after this step; later steps were undone and can be done again.
    step         integer NOT NULL DEFAULT 0 CHECK (step >= 0),
    created_at   timestamptz NOT NULL DEFAULT now(),
    changed_at   timestamptz NOT NULL DEFAULT now()
);
CREATE INDEX plan_owner ON plan (owner_id);

-- Who else may draw in a plan.
CREATE TABLE plan_collaborator (
    plan_id    bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
    account_id bigint NOT NULL REFERENCES account ON DELETE CASCADE,
    PRIMARY KEY (plan_id, account_id)
);
CREATE INDEX plan_collaborator_account ON plan_collaborator (account_id);

-- What was done, in order; geodata/plans/operations.py says what an operation holds.
CREATE TABLE plan_step (
    plan_id   bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
    number    integer NOT NULL CHECK (number > 0),
    operation jsonb NOT NULL,
    -- The number of the grid that it makes, if it makes one: the same when it is done again.
    new_id    bigint NOT NULL CHECK (new_id < 0),
    actor     text NOT NULL DEFAULT '',
    at        timestamptz NOT NULL DEFAULT now(),
    -- Why it can no longer be done since other boundaries were published; it changes nothing then.
    fault     jsonb,
    PRIMARY KEY (plan_id, number)
);

-- What a grid is like in a plan after which steps; nothing of it is ever computed again, so undoing
-- and doing again bring back every coordinate to the bit. Grids that a plan makes have numbers
-- below zero. A grid without a row is as it was published.
CREATE TABLE plan_grid (
    plan_id    bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
    grid_id    bigint NOT NULL,
    steps      int4range NOT NULL CHECK (NOT isempty(steps)),
    level      grid_level NOT NULL,
    parent_id  bigint,
    name       text NOT NULL CHECK (name <> ''),
    code       text NOT NULL CHECK (code <> ''),
    households integer CHECK (households >= 0),
    population integer CHECK (population >= 0),
    -- NULL: the grid is no longer there.
    geom       geometry(MultiPolygon, 4326),
    EXCLUDE USING gist (plan_id WITH =, grid_id WITH =, steps WITH &&)
);
-- What a plan has drawn at a place.
CREATE INDEX plan_grid_geom ON plan_grid USING gist (plan_id, geom);
-- Which plans touch a grid.
CREATE INDEX plan_grid_grid ON plan_grid (grid_id);

-- The version on which each was drawn (numbers of versions that may have been replaced since).
CREATE TABLE plan_base (
    plan_id    bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
    grid_id    bigint NOT NULL,
    version_id bigint NOT NULL,
    PRIMARY KEY (plan_id, grid_id)
);

-- A warning that somebody let stand, with the reason; it becomes an exception when published.
CREATE TABLE plan_acceptance (
    plan_id bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
    problem text NOT NULL,
    reason  text NOT NULL CHECK (reason ~ '[^[:space:]]' AND length(reason) <= 1000),
    actor   text NOT NULL DEFAULT '',
    at      timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan_id, problem)
);

-- The way of a plan, only ever appended.
CREATE TABLE plan_event (
    event_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    plan_id    bigint NOT NULL REFERENCES plan,
    at         timestamptz NOT NULL DEFAULT clock_timestamp(),
    account_id bigint,
    actor      text NOT NULL DEFAULT '',
    action     text NOT NULL CHECK (action IN ('created', 'copied', 'changed', 'submitted', 'returned',
                   'approved', 'published', 'withdrawn', 'archived', 'unarchived', 'rebased')),
    reason     text NOT NULL DEFAULT '' CHECK (length(reason) <= 1000),
    detail     jsonb NOT NULL DEFAULT '{}'
);
CREATE INDEX plan_event_plan ON plan_event (plan_id, event_id);
CREATE TRIGGER plan_event_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON plan_event
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- What became of the grids of a published plan: their numbers in the county, and the version that
-- held before, so that a publication can be taken back by publishing its opposite.
CREATE TABLE plan_publication (
    plan_id    bigint NOT NULL REFERENCES plan,
    draft_id   bigint NOT NULL,
    grid_id    bigint NOT NULL REFERENCES grid,
    -- NULL: the plan made it, or ended it.
    before_id  bigint,
    after_id   bigint,
    PRIMARY KEY (plan_id, draft_id)
);

-- Open issues that another grid answers for since boundaries moved; only ever appended.
CREATE TABLE issue_move (
    issue_id  bigint NOT NULL REFERENCES issue,
    since     date NOT NULL,
    from_grid bigint REFERENCES grid,
    to_grid   bigint REFERENCES grid,
    plan_id   bigint NOT NULL REFERENCES plan,
    at        timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (issue_id, plan_id)
);
CREATE TRIGGER issue_move_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON issue_move
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_change();

-- The versions of several grids at once: an exclusion's index answers for one at a time.
CREATE INDEX grid_version_grid ON grid_version (grid_id);

-- What the application may touch -----------------------------------------------------------------

-- Whatever the application forgets: boundaries are written by whoever may draw, and by the owner's
-- commands.
CREATE FUNCTION grid_version_may() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    IF current_user = 'gridmap_draw' AND NOT acting_may('draw') THEN
        RAISE EXCEPTION 'boundaries are not yours to change' USING ERRCODE = 'insufficient_privilege';
    END IF;
    RETURN NULL;
END $$;
CREATE TRIGGER grid_version_may BEFORE INSERT OR UPDATE OR DELETE ON grid_version
    FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();
CREATE TRIGGER grid_may BEFORE INSERT OR UPDATE OR DELETE ON grid
    FOR EACH STATEMENT EXECUTE FUNCTION grid_version_may();

GRANT SELECT ON grid, grid_version, grid_shape, grid_border, shape_due, partition_exception,
    organisation, service_area, duty_role, building, duty, issue_category, issue_state,
    issue_transition, service_kind, facility, coverage_day, coverage_grid, revision, setting,
    role_right, role_place TO gridmap_draw;
GRANT SELECT (member_id, name, pinyin, organisation_id) ON member TO gridmap_draw;
GRANT EXECUTE ON FUNCTION acting_account, acting_roles, acting_dispatched, acting_issues, audit TO gridmap_draw;

GRANT INSERT ON grid, partition_exception TO gridmap_draw;
GRANT INSERT, UPDATE, DELETE ON grid_version, grid_shape, grid_border, shape_due TO gridmap_draw;
GRANT INSERT, UPDATE, DELETE ON coverage_day, coverage_grid TO gridmap_draw;
GRANT UPDATE ON revision TO gridmap_draw;
-- Duties and service areas of a grid end with it.
GRANT UPDATE (term) ON duty TO gridmap_draw;
GRANT UPDATE (valid) ON service_area TO gridmap_draw;

GRANT SELECT ON issue, issue_event, issue_move TO gridmap_draw;
GRANT INSERT ON issue_move TO gridmap_draw;
CREATE POLICY drawing ON issue FOR SELECT TO gridmap_draw USING ((SELECT acting_everywhere('see_issues')));

ALTER TABLE issue_move ENABLE ROW LEVEL SECURITY;
GRANT SELECT ON issue_move TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county;
CREATE POLICY with_issue ON issue_move FOR SELECT
    TO gridmap_county, gridmap_territory, gridmap_unit, gridmap_several, gridmap_draw
    USING (EXISTS (SELECT FROM issue i WHERE i.issue_id = issue_move.issue_id));
CREATE POLICY drawing ON issue_move FOR INSERT TO gridmap_draw
    WITH CHECK ((SELECT acting_may('draw')));

-- Names of those who draw, so that a plan can be shared with them.
GRANT SELECT (account_id, username, name, is_disabled) ON account TO gridmap_draw;
GRANT SELECT (account_id, role, grid_id, term) ON account_role TO gridmap_draw;
CREATE POLICY drawing ON account FOR SELECT TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON account_role FOR SELECT TO gridmap_draw USING ((SELECT acting_may('see_plans')));

GRANT SELECT, INSERT, UPDATE, DELETE ON plan, plan_collaborator, plan_step, plan_grid, plan_base,
    plan_acceptance TO gridmap_draw;
GRANT SELECT, INSERT ON plan_event, plan_publication TO gridmap_draw;
ALTER TABLE plan ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_collaborator ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_step ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_grid ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_base ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_acceptance ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_event ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_publication ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawing ON plan TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_collaborator TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_step TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_grid TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_base TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_acceptance TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_event TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_publication TO gridmap_draw USING ((SELECT acting_may('see_plans')));
