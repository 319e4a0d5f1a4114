"""Responsibility: grids by whether somebody is responsible, building leads when close."""

from __future__ import annotations

from typing import LiteralString

from geodata.tiles import Source
from layers.layer import AREA, BOX, MAX_ZOOM, Layer, grids_in_tile, level_at, mvt, statement

# Buildings are shown from here on.
BUILDING_ZOOM = 15


def _query(z: int) -> LiteralString:
    grids = mvt(
        "grid",
        "SELECT g.grid_id AS id, g.name,"
        " grid_responsibility(g.grid_id, %(on)s::date) AS state, g.geom"
        " FROM (" + grids_in_tile(level_at(z), z) + ") g",
    )
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


LAYER = Layer(
    name="members",
    source=Source({z: _query(z) for z in range(MAX_ZOOM + 1)}, subjects=("grids", "members")),
    fields={
        "grid": {"id": "Number", "name": "String", "state": "String"},
        "building": {"id": "Number", "name": "String", "state": "String"},
    },
)
