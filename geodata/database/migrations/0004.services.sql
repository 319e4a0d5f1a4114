-- depends: 0003.issues
-- Services: kinds with a standard, facilities, and coverage computed from them.

CREATE TABLE service_kind (
    kind            text PRIMARY KEY,
    name_zh         text NOT NULL CHECK (name_zh <> ''),
    name_en         text NOT NULL CHECK (name_en <> ''),
    -- Standard: straight-line distance within which a household counts as served.
    reach_m         integer NOT NULL CHECK (reach_m > 0),
    rank            smallint NOT NULL
);
INSERT INTO service_kind VALUES
    ('service_station',     '党群服务站', 'Party-and-masses service station', 1000, 1),
    ('clinic',              '卫生室',     'Clinic',             1000, 2),
    ('pharmacy',            '药店',       'Pharmacy',           1000, 3),
    ('shop',                '便民商店',   'Shop',               500,  4),
    ('school',              '学校',       'School',             1000, 5),
    ('elder_care',          '养老服务',   'Elder care',         1000, 6),
    ('volunteer_team',      '志愿服务点', 'Volunteer point',    1000, 7),
    ('property_management', '物业服务',   'Property management', 500, 8),
    ('legal_aid',           '法律援助',   'Legal aid',          1000, 9),
    ('culture',             '文化活动室', 'Culture room',       1000, 10),
    ('dentist',             '口腔诊所',   'Dentist',            1000, 11),
    ('optician',            '眼镜店',     'Optician',           1000, 12),
    ('doctor',              '全科诊所',   'General practice',   1000, 13),
    ('hospital',            '医院',       'Hospital',           3000, 14);

CREATE TABLE facility (
    facility_id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    source      text NOT NULL DEFAULT '',
    code        text,
    kind        text NOT NULL REFERENCES service_kind,
    name        text NOT NULL CHECK (name <> ''),
    address     text NOT NULL DEFAULT '',
    geom        geometry(Point, 4326) NOT NULL,
    valid       daterange NOT NULL DEFAULT '[2000-01-01,)' CHECK (NOT isempty(valid)),
    UNIQUE (source, kind, code)
);
CREATE INDEX facility_geom ON facility USING gist (geom);

-- Coverage of a day, computed when first asked for and thrown away when its inputs change.
-- "basis" is the sum of the revisions that it was computed from (see revision).
CREATE TABLE coverage_day (
    day         date PRIMARY KEY,
    basis       bigint NOT NULL,
    computed_at timestamptz NOT NULL DEFAULT now(),
    asked_at    timestamptz NOT NULL DEFAULT now()
);
CREATE TABLE coverage_grid (
    day        date NOT NULL REFERENCES coverage_day ON DELETE CASCADE,
    grid_id    bigint NOT NULL REFERENCES grid ON DELETE CASCADE,
    kind       text NOT NULL REFERENCES service_kind,
    -- Households of the grid's buildings, and those of them in reach; 0 of 0 is missing data.
    households integer NOT NULL,
    served     integer NOT NULL CHECK (served <= households),
    PRIMARY KEY (day, grid_id, kind)
);
