-- depends: 0012.standards
-- Roads: the network that can be walked, from one or several files (geodata/roads).

CREATE TABLE road_source (
    source_id   bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- Under this name the same file can be brought again.
    name        text NOT NULL UNIQUE CHECK (name <> ''),
    file        text NOT NULL,
    imported_at timestamptz NOT NULL DEFAULT now(),
    licence     text NOT NULL DEFAULT '',
    -- Ways of OpenStreetMap meet where they share a node, other lines where they touch.
    by_node     boolean NOT NULL,
    -- The ways that were taken from the file; what they were cut into is counted in road_edge.
    ways        integer NOT NULL,
    -- File of the heights, '' where slopes do not count.
    heights     text NOT NULL DEFAULT '',
    -- Of the file and of how it was read: the same again changes nothing.
    digest      text NOT NULL
);

-- Junctions and edges are numbered anew whenever a file comes or goes: nothing may refer to them.
CREATE TABLE road_node (
    node_id bigint PRIMARY KEY,
    geom    geometry(Point, 4326) NOT NULL
);

CREATE TABLE road_edge (
    edge_id    bigint PRIMARY KEY,
    source_id  bigint NOT NULL REFERENCES road_source,
    source     bigint NOT NULL,
    target     bigint NOT NULL,
    -- On the ellipsoid.
    length_m   double precision NOT NULL CHECK (length_m > 0),
    -- Level way that takes as long, from source to target and back; length_m without heights.
    forward_m  double precision NOT NULL CHECK (forward_m > 0),
    backward_m double precision NOT NULL CHECK (backward_m > 0),
    -- From source to target; NULL where a height is missing.
    climb_m    double precision CHECK (climb_m >= 0),
    descent_m  double precision CHECK (descent_m >= 0),
    -- 0 on the ground, else a bridge or a tunnel.
    layer      smallint NOT NULL DEFAULT 0,
    -- The connected part, 0 the longest; an island is much shorter than that (roads/network.py).
    part       integer NOT NULL,
    is_island  boolean NOT NULL,
    geom       geometry(LineString, 4326) NOT NULL
);
-- The edges around a place: the area that a service reaches.
CREATE INDEX road_edge_geom ON road_edge USING gist (geom);

-- How far services reach rests on roads, too.
CREATE TRIGGER bump AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON road_edge FOR EACH STATEMENT EXECUTE FUNCTION bump_revision('services');

CREATE TRIGGER coverage_due AFTER INSERT OR UPDATE OR DELETE OR TRUNCATE ON road_edge FOR EACH STATEMENT EXECUTE FUNCTION coverage_due('services');

-- So does how fast people walk.
CREATE TRIGGER bump AFTER INSERT OR UPDATE ON setting FOR EACH ROW WHEN (NEW.key = 'walking_km_h') EXECUTE FUNCTION bump_revision('services');
CREATE TRIGGER coverage_due AFTER INSERT OR UPDATE ON setting FOR EACH ROW WHEN (NEW.key = 'walking_km_h') EXECUTE FUNCTION coverage_due('services');

-- Public facts.
GRANT SELECT ON road_source, road_node, road_edge
    TO gridmap_app, gridmap_territory, gridmap_unit, gridmap_several, gridmap_county,
       gridmap_accounts, gridmap_audit, gridmap_door, gridmap_draw;
