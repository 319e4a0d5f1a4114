"""What a layer is: a relation that PostGIS turns into tiles, plus what the page must know of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

from psycopg import Connection

from geodata.grids.tiles import Source
from geodata.model import LEVELS, Level

# The deepest tile that is made; the browser enlarges it beyond.
MAX_ZOOM = 16

# The tile's square with and without its margin; see geodata.grids.tiles.render for the parameters.
BOX: LiteralString = "ST_MakeEnvelope(%(west_m)s, %(south_m)s, %(east_m)s, %(north_m)s, 3857)"
GROWN: LiteralString = "ST_Expand(" + BOX + ", %(side_m)s::float8 / 64)"
AREA: LiteralString = "ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)"

# Up to these zooms a level is drawn from its simplified shapes (grid_shape.max_zoom), deeper from
# its own geometry. SQL literals, so that a plan is made for each; quoted, so that they take the
# column's type and its index serves.
STEPS: Mapping[Level, Mapping[int, LiteralString]] = {
    "county": {5: "'5'", 8: "'8'", 11: "'11'", 13: "'13'"},
    "town": {9: "'9'", 10: "'10'", 11: "'11'", 12: "'12'", 13: "'13'"},
    "community": {11: "'11'", 12: "'12'", 13: "'13'", 14: "'14'"},
    "compound": {13: "'13'", 14: "'14'"},
}
# The same of the levels.
QUOTED: Mapping[Level, LiteralString] = {
    "county": "'county'",
    "town": "'town'",
    "community": "'community'",
    "compound": "'compound'",
}


# What a layer read from an address: SQL parameters, and the address that asks the same again.
Read = tuple[dict[str, object], dict[str, str]]


@dataclass(frozen=True, slots=True)
class Layer:
    """One map layer.

    ``fields`` lists the MVT layers inside a tile and their attributes, for TileJSON. ``read(query,
    day, now)`` turns an address's query into SQL parameters and into the query that a tile's
    address carries; it raises InvalidInputError on nonsense. ``describe(conn, query, day)`` returns
    what the TileJSON says besides, for anyone who draws the tiles.
    ``needs_coverage`` marks a layer of figures that are computed in the background; ``is_own`` one
    that shows everybody only what is theirs to see, so that no two see the same.
    """

    name: str
    source: Source
    fields: Mapping[str, Mapping[str, str]]
    read: Callable[[Mapping[str, str], date, datetime], Read] = lambda _args, _on, _now: ({}, {})
    describe: Callable[[Connection[Any], Mapping[str, str], date], dict[str, object]] = (
        lambda _conn, _args, _on: {}
    )
    needs_coverage: bool = False
    is_own: bool = False


def level_at(z: int) -> Level:
    """Return the finest level that tiles of a zoom show."""
    if z < 9:
        return "county"
    if z < 11:
        return "town"
    return "community" if z < 13 else "compound"


def levels_at(z: int) -> tuple[Level, ...]:
    """Return the finest level of a zoom and all coarser ones, coarsest first."""
    return LEVELS[: LEVELS.index(level_at(z)) + 1]


def step_at(level: Level, z: int) -> LiteralString | None:
    """Return the step of simplified shapes from which a level is drawn, None for its own."""
    return next((sql for zoom, sql in STEPS[level].items() if z <= zoom), None)


def grids_in_tile(level: Level, z: int) -> LiteralString:
    """Return a relation of the level's grids in the tile: grid_id, name, code, area_m2, geom.

    ``geom`` is in tile coordinates: areas, from simplified shapes where the zoom is small enough.
    Beyond them a county or a town is its border alone, as lines.
    """
    step = step_at(level, z)
    if step is None and level in ("county", "town"):
        return (
            "SELECT v.grid_id, v.name, v.code, v.area_m2,"
            " ST_AsMVTGeom(ST_Collect(b.geom), " + BOX + ", 4096, 64, true) AS geom"
            " FROM grid_border b JOIN grid_version v USING (version_id)"
            " WHERE b.level = " + QUOTED[level] + " AND b.geom && " + GROWN + ""
            " AND v.valid @> %(on)s::date"
            " GROUP BY v.version_id"
        )
    if step is None:
        return (
            "SELECT v.grid_id, v.name, v.code, v.area_m2,"
            " ST_AsMVTGeom(ST_Transform(v.geom, 3857), " + BOX + ", 4096, 64, true) AS geom"
            " FROM grid_version v"
            " WHERE v.level = " + QUOTED[level] + " AND v.geom && " + AREA + ""
            " AND v.valid @> %(on)s::date"
        )
    return (
        "SELECT v.grid_id, v.name, v.code, v.area_m2,"
        " ST_AsMVTGeom(s.geom, " + BOX + ", 4096, 64, true) AS geom"
        " FROM grid_shape s JOIN grid_version v USING (version_id)"
        " WHERE s.level = " + QUOTED[level] + " AND s.max_zoom = " + step + ""
        " AND s.geom && " + GROWN + " AND s.valid @> %(on)s::date"
    )


def mvt(name: LiteralString, relation: LiteralString) -> LiteralString:
    """Return a scalar SQL expression: one MVT layer of a relation with a ``geom`` column."""
    return (
        "coalesce((SELECT ST_AsMVT(f, '" + name + "', 4096, 'geom') FROM (" + relation + ") f), '')"
    )


def statement(*layers: LiteralString, computed: LiteralString = "0") -> LiteralString:
    """Join MVT layers into the statement that geodata.grids.tiles.render runs.

    ``computed``: the number of what was computed for the tile, which counts with the revision; NULL
    where there is nothing yet, and the tile must not be kept.
    """
    parts = layers[0]
    for layer in layers[1:]:
        parts = parts + " || " + layer
    return (
        "SELECT " + parts + ", coalesce("
        "(SELECT sum(number)::bigint FROM revision WHERE subject = ANY(%(subjects)s))"
        " + " + computed + ", -1)"
    )
