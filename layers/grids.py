"""The grids: the finest level that a zoom can show, its parents' borders, and labels."""

from __future__ import annotations

from typing import LiteralString

from geodata.grids.tiles import Source
from geodata.model import Level
from layers.layer import AREA, BOX, MAX_ZOOM, Layer, grids_in_tile, levels_at, mvt, statement

_NAMES: dict[Level, LiteralString] = {
    "county": "county",
    "town": "town",
    "community": "community",
    "compound": "compound",
}


def _query(z: int) -> LiteralString:
    levels = levels_at(z)
    shapes: list[LiteralString] = [mvt(_NAMES[level], _shapes(level, z)) for level in levels]
    # A label point lies in exactly one tile; the browser lays labels out across tiles.
    labels: LiteralString = " UNION ALL ".join([_labels(level) for level in levels[-2:]])
    return statement(*shapes, mvt("label", labels))


def _shapes(level: Level, z: int) -> LiteralString:
    return "SELECT g.grid_id AS id, g.name, g.code, g.geom FROM (" + grids_in_tile(level, z) + ") g"


def _labels(level: Level) -> LiteralString:
    return (
        "SELECT v.grid_id AS id, '" + _NAMES[level] + "' AS level, v.name,"
        " round((v.area_m2 / 1e6)::numeric, 3)::float8 AS area,"
        " ST_AsMVTGeom(ST_Transform(v.label_point, 3857), " + BOX + ", 4096, 0, true) AS geom"
        " FROM grid_version v"
        " WHERE v.level = '" + _NAMES[level] + "' AND v.label_point && " + AREA + ""
        " AND v.valid @> %(on)s::date"
    )


LAYER = Layer(
    name="grids",
    source=Source(
        {z: _query(z) for z in range(MAX_ZOOM + 1)}, subjects=("grids",), is_prepared=True
    ),
    fields={
        **{name: {"id": "Number", "name": "String", "code": "String"} for name in _NAMES},
        "label": {"id": "Number", "level": "String", "name": "String", "area": "Number"},
    },
)
