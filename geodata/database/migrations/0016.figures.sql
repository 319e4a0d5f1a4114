-- depends: 0014.services_office
-- Coverage of past days written down, rules that watch over it, and what they have to say.

-- The figures of the first of each month as they were known when they were computed (decision 0019);
-- county, towns and communities. The columns are those of coverage_grid.
CREATE TABLE coverage_record (
    grid_id       bigint NOT NULL REFERENCES grid ON DELETE CASCADE,
    kind          text NOT NULL REFERENCES service_kind ON DELETE CASCADE,
    day           date NOT NULL,
    households    integer NOT NULL,
    estimated     integer NOT NULL,
    reached       integer NOT NULL,
    met           integer NOT NULL,
    over_capacity integer NOT NULL,
    too_few       integer NOT NULL,
    too_far       integer NOT NULL,
    nobody        integer NOT NULL,
    term_ended    integer NOT NULL,
    PRIMARY KEY (grid_id, kind, day),
    CHECK (households = met + over_capacity + too_few + too_far + nobody + term_ended)
);
-- When the figures of a kind were written down for a day.
CREATE TABLE coverage_recorded (
    day         date NOT NULL,
    kind        text NOT NULL REFERENCES service_kind ON DELETE CASCADE,
    computed_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (day, kind)
);

-- When a grid is reported. Rules end, they do not go.
CREATE TABLE alert_rule (
    rule_id    bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- NULL: every kind, each by itself.
    kind       text REFERENCES service_kind ON DELETE CASCADE,
    level      grid_level NOT NULL CHECK (level <> 'county'),
    -- The grids in which it watches those of its level; the county is one like the others.
    scope_id   bigint NOT NULL REFERENCES grid ON DELETE CASCADE,
    -- Served below so many per cent; so many households unserved or more; more percentage points
    -- fewer than on the first of the month before, which is not written down for compounds.
    measure    text NOT NULL CHECK (measure IN ('share', 'unserved', 'fall')),
    amount     integer NOT NULL,
    active     daterange NOT NULL CHECK (NOT isempty(active) AND NOT lower_inf(active)),
    -- Kept as it was called then. '' is the command line.
    changed_by text NOT NULL DEFAULT '',
    changed_at timestamptz NOT NULL DEFAULT now(),
    CHECK (amount BETWEEN 1 AND CASE measure WHEN 'unserved' THEN 10000000 ELSE 100 END),
    CHECK (measure <> 'fall' OR level <> 'compound')
);

-- What somebody should know of, whatever it is about: a list on a page today, mail or a messenger
-- later, which take what they need from the payload.
CREATE TABLE notification (
    notification_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- What it is about: "alert" is a grid that a rule reports.
    subject    text NOT NULL CHECK (subject ~ '^[a-z][a-z_.]*$'),
    grid_id    bigint NOT NULL REFERENCES grid ON DELETE CASCADE,
    -- The grid and all that it lies in: who holds a role in one of these may see it.
    place      bigint[] NOT NULL,
    rule_id    bigint REFERENCES alert_rule ON DELETE CASCADE,
    kind       text REFERENCES service_kind ON DELETE CASCADE,
    day        date NOT NULL,
    payload    jsonb NOT NULL DEFAULT '{}',
    created_at timestamptz NOT NULL DEFAULT now(),
    -- What people have done about it. state_by is kept as it was called then.
    state      text NOT NULL DEFAULT 'new' CHECK (state IN ('new', 'seen', 'done')),
    state_by   text NOT NULL DEFAULT '',
    state_at   timestamptz,
    -- When what it says was over, and why: the grid is within the limit again, or the rule no longer
    -- watches it.
    ended_at   timestamptz,
    ended      text CHECK (ended IN ('within', 'unwatched')),
    CHECK ((ended_at IS NULL) = (ended IS NULL))
);
-- One at a time for a rule, a grid and a kind.
CREATE UNIQUE INDEX notification_open ON notification (rule_id, grid_id, kind) WHERE ended_at IS NULL;
-- Those of somebody's territory.
CREATE INDEX notification_place ON notification USING gin (place);
-- Newest first.
CREATE INDEX notification_created ON notification (created_at DESC, notification_id);

-- The grids in which a right is held.
CREATE FUNCTION acting_grids(wanted text) RETURNS bigint[]
LANGUAGE sql STABLE AS $$
    SELECT array_agg(r.grid_id) FROM acting_roles(wanted) r WHERE r.grid_id IS NOT NULL
$$;

-- As public as coverage itself.
GRANT SELECT ON coverage_record, coverage_recorded
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door, gridmap_draw, gridmap_services;

GRANT SELECT ON alert_rule, notification TO gridmap_services;
GRANT INSERT, UPDATE ON alert_rule TO gridmap_services;
GRANT INSERT ON notification TO gridmap_services;
GRANT UPDATE (place, state, state_by, state_at, ended_at, ended) ON notification TO gridmap_services;
ALTER TABLE alert_rule ENABLE ROW LEVEL SECURITY;
ALTER TABLE notification ENABLE ROW LEVEL SECURITY;
CREATE POLICY reading ON alert_rule FOR SELECT TO gridmap_services
    USING ((SELECT acting_may('try_services')));
CREATE POLICY setting ON alert_rule FOR INSERT TO gridmap_services
    WITH CHECK ((SELECT acting_may('set_standards')));
CREATE POLICY changing ON alert_rule FOR UPDATE TO gridmap_services
    USING ((SELECT acting_may('set_standards')));
CREATE POLICY own_territory ON notification FOR SELECT TO gridmap_services
    USING (place && (SELECT acting_grids('try_services')));
CREATE POLICY own_territory_kept ON notification FOR UPDATE TO gridmap_services
    USING (place && (SELECT acting_grids('try_services')));
-- Raised where a rule is set; else by the owner's command.
CREATE POLICY raising ON notification FOR INSERT TO gridmap_services
    WITH CHECK ((SELECT acting_may('set_standards')));
