-- depends: 0001.ground
-- Who is responsible: organisations, members, dated duties. Duty holders only, never residents.

CREATE TABLE organisation (
    organisation_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    kind      text NOT NULL CHECK (kind IN (
        'county_department', 'town_office', 'residents_committee', 'owners_committee',
        'property_company', 'alliance', 'volunteer_team', 'social_organisation', 'business')),
    name      text NOT NULL CHECK (name <> ''),
    parent_id bigint REFERENCES organisation,
    -- The grid it sits in or works for; a county department has the county.
    grid_id   bigint REFERENCES grid,
    valid     daterange NOT NULL DEFAULT '[2000-01-01,)' CHECK (NOT isempty(valid)),
    source    text NOT NULL DEFAULT '',
    UNIQUE (kind, name, grid_id)
);

-- An organisation's service area is dated, and made of grids: it moves with their boundaries.
CREATE TABLE service_area (
    organisation_id bigint NOT NULL REFERENCES organisation ON DELETE CASCADE,
    grid_id         bigint NOT NULL REFERENCES grid,
    valid           daterange NOT NULL CHECK (NOT isempty(valid)),
    EXCLUDE USING gist (organisation_id WITH =, grid_id WITH =, valid WITH &&)
);
-- Who serves this grid.
CREATE INDEX service_area_grid ON service_area (grid_id);

CREATE TABLE member (
    member_id       bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    -- The key under which the county's own lists know the person; makes an import repeatable.
    external_key    text UNIQUE,
    name            text NOT NULL CHECK (name <> ''),
    pinyin          text NOT NULL DEFAULT '',
    organisation_id bigint REFERENCES organisation,
    source          text NOT NULL DEFAULT ''
);
-- Search: 张伟, zw.
CREATE INDEX member_name_trgm ON member USING gin (name gin_trgm_ops);
CREATE INDEX member_pinyin_trgm ON member USING gin (pinyin gin_trgm_ops);

-- Restricted: service contacts stand apart, no public layer joins this table.
CREATE TABLE member_contact (
    member_id bigint PRIMARY KEY REFERENCES member ON DELETE CASCADE,
    phone     text,
    email     text
);

-- Which duty is held where. "responsible" marks the duty that a grid of the level must have.
CREATE TABLE duty_role (
    role        text PRIMARY KEY,
    name_zh     text NOT NULL,
    name_en     text NOT NULL,
    place       text NOT NULL CHECK (place IN ('county', 'town', 'community', 'compound', 'building', 'entrance')),
    responsible boolean NOT NULL DEFAULT false,
    rank        smallint NOT NULL
);
INSERT INTO duty_role (role, name_zh, name_en, place, responsible, rank) VALUES
    ('county_chief',          '县级总网格长',   'County grid chief',       'county',    true,  5),
    ('county_liaison',        '包保县领导',     'County liaison leader',   'community', false, 10),
    ('town_chief',            '镇级网格长',     'Town grid chief',         'town',      true,  20),
    ('community_chief',       '社区网格长',     'Community grid chief',    'community', true,  30),
    ('grid_worker',           '网格员',         'Grid worker',             'compound',  true,  40),
    ('alliance_chair',        '党建联盟主席',   'Alliance chair',          'compound',  false, 50),
    ('alliance_vice_chair',   '党建联盟副主席', 'Alliance vice chair',     'compound',  false, 51),
    ('alliance_director',     '党建联盟办公室主任', 'Alliance office director', 'compound', false, 52),
    ('building_lead',         '楼栋长',         'Building lead',           'building',  true,  60),
    ('unit_lead',             '单元长',         'Unit lead',               'entrance',  false, 70),
    ('registered_member',     '报到党员',       'Registered member',       'compound',  false, 80);

CREATE TABLE building (
    building_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    external_key text UNIQUE,
    name       text NOT NULL CHECK (name <> ''),
    units      smallint CHECK (units > 0),
    households integer CHECK (households >= 0),
    geom       geometry(Point, 4326) NOT NULL,
    valid      daterange NOT NULL DEFAULT '[2000-01-01,)' CHECK (NOT isempty(valid)),
    source     text NOT NULL DEFAULT ''
);
CREATE INDEX building_geom ON building USING gist (geom);

CREATE TABLE duty (
    duty_id     bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    member_id   bigint NOT NULL REFERENCES member,
    role        text NOT NULL REFERENCES duty_role,
    grid_id     bigint REFERENCES grid,
    building_id bigint REFERENCES building,
    -- The entrance (单元) of the building, for unit leads.
    entrance    smallint CHECK (entrance > 0),
    -- Stands in for the holder of the same role at the same place.
    is_deputy   boolean NOT NULL DEFAULT false,
    -- What the holder publicly promises (亮承诺).
    pledge      text NOT NULL DEFAULT '',
    term        daterange NOT NULL CHECK (NOT isempty(term) AND NOT lower_inf(term)),
    source      text NOT NULL DEFAULT '',
    CHECK (num_nonnulls(grid_id, building_id) = 1),
    EXCLUDE USING gist (member_id WITH =, role WITH =, (coalesce(grid_id, -building_id)) WITH =,
                        (coalesce(entrance, 0)) WITH =, term WITH &&)
);
-- Who is responsible here.
CREATE INDEX duty_grid ON duty (grid_id, role) WHERE grid_id IS NOT NULL;
CREATE INDEX duty_building ON duty (building_id, role) WHERE building_id IS NOT NULL;
CREATE INDEX duty_member ON duty (member_id);

-- Is somebody responsible for this grid on this day? One definition for tiles, panels and lists.
CREATE FUNCTION grid_responsibility(grid bigint, day date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN bool_or(d.term @> day AND NOT d.is_deputy) THEN 'held'
        WHEN bool_or(d.term @> day) THEN 'deputy'
        WHEN bool_or(upper(d.term) <= day) THEN 'ended'
        ELSE 'vacant'
    END
    FROM duty d JOIN duty_role r USING (role)
    WHERE d.grid_id = grid AND r.responsible
$$;

-- The same for a building and its lead.
CREATE FUNCTION building_responsibility(building bigint, day date) RETURNS text
LANGUAGE sql STABLE PARALLEL SAFE AS $$
    SELECT CASE
        WHEN bool_or(d.term @> day AND NOT d.is_deputy) THEN 'held'
        WHEN bool_or(d.term @> day) THEN 'deputy'
        WHEN bool_or(upper(d.term) <= day) THEN 'ended'
        ELSE 'vacant'
    END
    FROM duty d JOIN duty_role r USING (role)
    WHERE d.building_id = building AND r.responsible
$$;
