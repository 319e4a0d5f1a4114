-- depends: 0009.plans
-- Reference layers: lines and points from files of planning offices, to draw a plan's boundaries by.
-- Shapes alone: whatever else a file holds about people or places is never stored.

CREATE TABLE plan_reference (
    plan_id  bigint NOT NULL REFERENCES plan ON DELETE CASCADE,
    -- Counted within the plan, so that a copy's layers have the same numbers.
    number   integer NOT NULL CHECK (number > 0),
    name     text NOT NULL CHECK (name ~ '[^[:space:]]' AND length(name) <= 80),
    -- The file that it came from, as it was called.
    source   text NOT NULL CHECK (length(source) <= 120),
    -- In which coordinates the file was, as it was read.
    crs      text NOT NULL CHECK (length(crs) <= 200),
    corners  integer NOT NULL CHECK (corners > 0),
    actor    text NOT NULL DEFAULT '',
    added_at timestamptz NOT NULL DEFAULT now(),
    PRIMARY KEY (plan_id, number)
);

-- Long lines are cut into short ones that meet in a corner: a place on the map is answered by few.
CREATE TABLE plan_reference_line (
    plan_id bigint NOT NULL,
    number  integer NOT NULL,
    part    integer NOT NULL,
    geom    geometry(Geometry, 4326) NOT NULL CHECK (GeometryType(geom) IN ('POINT', 'LINESTRING')),
    PRIMARY KEY (plan_id, number, part),
    FOREIGN KEY (plan_id, number) REFERENCES plan_reference ON DELETE CASCADE
);
-- What of the layers lies in the part of the map on show.
CREATE INDEX plan_reference_line_geom ON plan_reference_line USING gist (plan_id, geom);

GRANT SELECT, INSERT, DELETE ON plan_reference, plan_reference_line TO gridmap_draw;
GRANT UPDATE (name) ON plan_reference TO gridmap_draw;
ALTER TABLE plan_reference ENABLE ROW LEVEL SECURITY;
ALTER TABLE plan_reference_line ENABLE ROW LEVEL SECURITY;
CREATE POLICY drawing ON plan_reference TO gridmap_draw USING ((SELECT acting_may('see_plans')));
CREATE POLICY drawing ON plan_reference_line TO gridmap_draw USING ((SELECT acting_may('see_plans')));
