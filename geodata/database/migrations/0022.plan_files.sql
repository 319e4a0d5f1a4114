-- depends: 0021.issue_events_in_sets
-- Plans that were made of a file: what it says of the grids of its level, and which known grid
-- became which, so that the step can be done again on newer boundaries and be looked at.

CREATE TABLE plan_file (
    plan_id        bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
    -- Counted within the plan, so that a copy's files have the same numbers.
    number         integer NOT NULL CHECK (number > 0),
    -- The file as it was called.
    source         text NOT NULL CHECK (length(source) <= 120),
    level          grid_level NOT NULL,
    -- Whether the file counts households and people; what it does not count goes with the ground.
    has_households boolean NOT NULL,
    has_population boolean NOT NULL,
    actor          text NOT NULL DEFAULT '',
    added_at       timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan_id, number)
);

-- The grids in which the file differs from what held. Numbers below zero are grids that it begins.
CREATE TABLE plan_file_grid (
    plan_id    bigint NOT NULL,
    number     integer NOT NULL,
    grid_id    bigint NOT NULL,
    -- Nothing else is said of a grid that ends.
    is_ending  boolean NOT NULL,
    parent_id  bigint,
    name       text CHECK (name <> ''),
    code       text CHECK (code <> ''),
    households integer CHECK (households >= 0),
    population integer CHECK (population >= 0),
    -- NULL: the ground stays as it is.
    geom       geometry(MultiPolygon, 4326),
    PRIMARY KEY (plan_id, number, grid_id),
    CHECK (is_ending OR (name IS NOT NULL AND code IS NOT NULL)),
    FOREIGN KEY (plan_id, number) REFERENCES plan_file ON DELETE CASCADE
);

-- The table of old and new grids: a known grid may go to several, and a new one be of several.
-- Names and codes as they were then; NULL on one side: nobody takes it, or it was nobody's.
CREATE TABLE plan_file_pair (
    plan_id      bigint NOT NULL,
    number       integer NOT NULL,
    position     integer NOT NULL,
    old_id       bigint,
    old_code     text,
    old_name     text,
    new_id       bigint,
    new_code     text,
    new_name     text,
    -- The ground that passes, in square metres and as a part of the old grid.
    m2           double precision NOT NULL,
    old_share    double precision NOT NULL,
    -- Households of the buildings on it; NULL where no building tells.
    households   integer,
    -- The old grid lives on as the new one, with its number, persons in office and history.
    is_continued boolean NOT NULL,
    PRIMARY KEY (plan_id, number, position),
    CHECK (old_id IS NOT NULL OR new_id IS NOT NULL),
    FOREIGN KEY (plan_id, number) REFERENCES plan_file ON DELETE CASCADE
);

GRANT SELECT, INSERT, DELETE ON plan_file, plan_file_grid, plan_file_pair TO gridmap_draw;
ALTER TABLE plan_file ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_file_grid ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_file_pair ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawing ON plan_file TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_file_grid TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_file_pair TO gridmap_draw USING ((SELECT acting_may('see_plans')));
