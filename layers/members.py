"""Responsibility: grids by whether somebody is responsible, building leads when close.

A grid above the compounds is filled by its own chief; ``unheld`` tells how many of its compounds
have nobody in office, so that a county in good order at the top does not hide them.
"""

from __future__ import annotations

from typing import LiteralString

from geodata.grids.tiles import Source
from geodata.model import Level
from geodata.people import members
from layers.layer import AREA, BOX, MAX_ZOOM, Layer, grids_in_tile, level_at, mvt, statement

# Buildings are shown from here on.
BUILDING_ZOOM = 15

_NAMES: dict[Level, LiteralString] = {
    "county": "county",
    "town": "town",
    "community": "community",
}
# From the grid that is labelled down to its compounds v.
_DOWN: dict[Level, LiteralString] = {
    "county": " JOIN grid_version t ON t.parent_id = p.grid_id AND t.valid @> %(on)s::date"
    " JOIN grid_version c ON c.parent_id = t.grid_id AND c.valid @> %(on)s::date"
    " JOIN grid_version v ON v.parent_id = c.grid_id AND v.valid @> %(on)s::date",
    "town": " JOIN grid_version c ON c.parent_id = p.grid_id AND c.valid @> %(on)s::date"
    " JOIN grid_version v ON v.parent_id = c.grid_id AND v.valid @> %(on)s::date",
    "community": " JOIN grid_version v ON v.parent_id = p.grid_id AND v.valid @> %(on)s::date",
}


def _query(z: int) -> LiteralString:
    grids = mvt(
        "grid",
        "SELECT g.grid_id AS id, g.name,"
        " grid_responsibility(g.grid_id, %(on)s::date) AS state, g.geom"
        " FROM (" + grids_in_tile(level_at(z), z) + ") g",
    )
    if level_at(z) != "compound":
        return statement(grids, mvt("unheld", _unheld(level_at(z))))
    if z < BUILDING_ZOOM:
        return statement(grids)
    buildings = mvt(
        "building",
        "SELECT b.building_id AS id, b.name,"
        " building_responsibility(b.building_id, %(on)s::date) AS state,"
        " ST_AsMVTGeom(ST_Transform(b.geom, 3857), " + BOX + ", 4096, 64, true) AS geom"
        " FROM building b WHERE b.geom && " + AREA + " AND b.valid @> %(on)s::date",
    )
    return statement(grids, buildings)


def _unheld(level: Level) -> LiteralString:
    # With what a label has, so that the number can be placed beneath the name.
    return (
        "SELECT p.grid_id AS id, '" + _NAMES[level] + "' AS level, p.name, count(*) AS n,"
        " round((p.area_m2 / 1e6)::numeric, 3)::float8 AS area,"
        " ST_AsMVTGeom(ST_Transform(p.label_point, 3857), " + BOX + ", 4096, 0, true) AS geom"
        " FROM grid_version p" + _DOWN[level] + ""
        " WHERE p.level = '" + _NAMES[level] + "' AND p.label_point && " + AREA + ""
        " AND p.valid @> %(on)s::date AND NOT " + members.IN_OFFICE + ""
        " GROUP BY p.version_id"
    )


LAYER = Layer(
    name="members",
    source=Source({z: _query(z) for z in range(MAX_ZOOM + 1)}, subjects=("grids", "members")),
    fields={
        "grid": {"id": "Number", "name": "String", "state": "String"},
        "unheld": {
            "id": "Number",
            "level": "String",
            "name": "String",
            "n": "Number",
            "area": "Number",
        },
        "building": {"id": "Number", "name": "String", "state": "String"},
    },
)
