-- depends: 0006.accounts
-- Where the shapes for small scales are to be drawn anew: the boxes of what was written, and since
-- when it is so. Whoever writes versions leaves a row; geodata/grids/shapes.py draws and removes it.

CREATE TABLE shape_due (
    level grid_level NOT NULL,
    since date NOT NULL,
    -- WGS 84.
    box   geometry(Polygon, 4326) NOT NULL
);

-- The days on which something changes, found without reading a whole level.
CREATE INDEX grid_version_from ON grid_version (level, lower(valid));
CREATE INDEX grid_version_until ON grid_version (level, upper(valid)) WHERE NOT upper_inf(valid);
