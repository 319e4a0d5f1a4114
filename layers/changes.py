"""What differs between two days: boundaries that ended and new ones, and ground that changed hands.

A level is drawn where the map draws it (decision 0002), from the same shapes: at small scales they
are simplified for each day, so what is thinner than a pixel is no difference but the simplifying.
Of the levels that are too fine for a zoom, a spot says where something changed.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime
from typing import LiteralString

from geodata.database import clock
from geodata.grids.tiles import EXTENT, Source
from geodata.model import LEVELS, Level
from layers.layer import (
    AREA,
    BOX,
    GROWN,
    MAX_ZOOM,
    QUOTED,
    Layer,
    Read,
    levels_at,
    mvt,
    statement,
    step_at,
)

# Spots stand in cells of a fixed lattice, 16 CSS pixels wide where a tile covers 512.
CELL = EXTENT // 32
_BEFORE: LiteralString = "%(before)s::date"
_AFTER: LiteralString = "%(after)s::date"
# A pixel of a tile at a desk; close up, where shapes are exact, less than what a corner that was
# put on a straight edge can bend it by.
_PIXEL: LiteralString = "(%(side_m)s::float8 / 512)"
_EXACT: LiteralString = "0.05"


def _query(z: int) -> LiteralString:
    # The towns fill the county: where they are drawn it has no border of its own.
    levels = levels_at(z)[1:] or levels_at(z)
    grounds: LiteralString = " UNION ALL ".join([_ground(level, z) for level in levels])
    edges: LiteralString = " UNION ALL ".join([_edges(level, z) for level in levels])
    finer: list[Level] = list(LEVELS[len(levels_at(z)) :])
    parts: list[LiteralString] = [mvt("ground", grounds), mvt("edge", edges)]
    if finer:
        parts.append(mvt("spot", _spots(finer)))
    return statement(*parts)


def _ground(level: Level, z: int) -> LiteralString:
    """Return the ground that another grid of the level has on the later day, with both of them.

    Nobody is NULL: ground that no grid had before, or that none has any more.
    """
    least: LiteralString = _PIXEL if step_at(level, z) else _EXACT
    return (
        "(WITH old AS MATERIALIZED (" + _areas(level, z, _BEFORE, _AFTER) + "),"
        " new AS MATERIALIZED (" + _areas(level, z, _AFTER, _BEFORE) + "),"
        " piece AS ("
        "SELECT o.grid_id AS giver, n.grid_id AS taker, ST_Intersection(o.geom, n.geom) AS geom"
        " FROM old o JOIN new n ON o.grid_id <> n.grid_id AND o.geom && n.geom"
        " UNION ALL SELECT NULL, n.grid_id, CASE WHEN had.geom IS NULL THEN n.geom"
        " ELSE ST_Difference(n.geom, had.geom) END"
        " FROM new n, (SELECT ST_Union(geom) AS geom FROM old) had"
        " UNION ALL SELECT o.grid_id, NULL, CASE WHEN has.geom IS NULL THEN o.geom"
        " ELSE ST_Difference(o.geom, has.geom) END"
        " FROM old o, (SELECT ST_Union(geom) AS geom FROM new) has)"
        " SELECT '" + level + "' AS level, p.giver, p.taker,"
        " ST_AsMVTGeom(d.geom, " + BOX + ", 4096, 64, true) AS geom"
        " FROM piece p, ST_Dump(ST_CollectionExtract(p.geom, 3)) d"
        " WHERE 2 * ST_Area(d.geom) > " + least + " * ST_Perimeter(d.geom))"
    )


def _areas(level: Level, z: int, day: LiteralString, other: LiteralString) -> LiteralString:
    """Return grids of a day, cut to the tile, that are no more or of other ground on the other."""
    step = step_at(level, z)
    changed: LiteralString = (
        " AND v.valid @> " + day + " AND NOT v.valid @> " + other + ""
        " AND NOT EXISTS (SELECT FROM grid_version w WHERE w.grid_id = v.grid_id"
        " AND w.valid @> " + other + " AND w.geom = v.geom)"
    )
    if step is None:
        return (
            "SELECT v.grid_id, ST_Transform(ST_ClipByBox2D(v.geom, " + AREA + "), 3857) AS geom"
            " FROM grid_version v"
            " WHERE v.level = " + QUOTED[level] + " AND v.geom && " + AREA + changed
        )
    return (
        "SELECT v.grid_id, ST_ClipByBox2D(s.geom, " + GROWN + ") AS geom"
        " FROM grid_shape s JOIN grid_version v USING (version_id)"
        " WHERE s.level = " + QUOTED[level] + " AND s.max_zoom = " + step + ""
        " AND s.geom && " + GROWN + " AND s.valid @> " + day + changed
    )


def _edges(level: Level, z: int) -> LiteralString:
    return (
        _apart(level, z, "'ended'", _BEFORE, _AFTER)
        + " UNION ALL "
        + _apart(level, z, "'new'", _AFTER, _BEFORE)
    )


def _apart(
    level: Level, z: int, state: LiteralString, day: LiteralString, other: LiteralString
) -> LiteralString:
    """Return the borders of a day that are none on the other, a neighbour's neither."""
    near: LiteralString = _PIXEL if step_at(level, z) else _EXACT
    return (
        "(SELECT '" + level + "' AS level, " + state + " AS state,"
        " ST_AsMVTGeom(d.geom, " + BOX + ", 4096, 64, true) AS geom"
        " FROM (SELECT ST_Collect(l.geom) AS geom FROM (" + _lines(level, z, day, other) + ") l"
        ") mine, LATERAL ("
        # Asked for only where something has changed.
        "SELECT ST_Collect(l.geom) AS geom"
        " FROM (" + _lines(level, z, other, None) + ") l WHERE mine.geom IS NOT NULL) theirs,"
        " ST_Dump(ST_LineMerge(CASE WHEN theirs.geom IS NULL THEN ST_UnaryUnion(mine.geom)"
        " ELSE ST_Difference(ST_UnaryUnion(mine.geom), theirs.geom) END)) d"
        " WHERE theirs.geom IS NULL OR EXISTS (SELECT FROM"
        " ST_DumpPoints(ST_Segmentize(d.geom, greatest(ST_Length(d.geom) / 8, " + near + "))) p"
        " WHERE NOT ST_DWithin(p.geom, theirs.geom, " + near + ")))"
    )


def _lines(level: Level, z: int, day: LiteralString, other: LiteralString | None) -> LiteralString:
    """Return the borders in the tile on a day; with ``other`` of those that changed until then."""
    step = step_at(level, z)
    changed: LiteralString = (
        ""
        if other is None
        else " AND NOT v.valid @> " + other + ""
        " AND NOT EXISTS (SELECT FROM grid_version w WHERE w.grid_id = v.grid_id"
        " AND w.valid @> " + other + " AND w.geom = v.geom)"
    )
    if step is None and level in ("county", "town"):
        return (
            "SELECT ST_ClipByBox2D(b.geom, " + GROWN + ") AS geom"
            " FROM grid_border b JOIN grid_version v USING (version_id)"
            " WHERE b.level = " + QUOTED[level] + " AND b.geom && " + GROWN + ""
            " AND v.valid @> " + day + changed
        )
    if step is None:
        return (
            "SELECT ST_Transform(ST_ClipByBox2D(ST_Boundary(v.geom), " + AREA + "), 3857) AS geom"
            " FROM grid_version v"
            " WHERE v.level = " + QUOTED[level] + " AND v.geom && " + AREA + ""
            " AND v.valid @> " + day + changed
        )
    return (
        "SELECT ST_ClipByBox2D(ST_Boundary(s.geom), " + GROWN + ") AS geom"
        " FROM grid_shape s JOIN grid_version v USING (version_id)"
        " WHERE s.level = " + QUOTED[level] + " AND s.max_zoom = " + step + ""
        " AND s.geom && " + GROWN + " AND s.valid @> " + day + ""
        " AND v.valid @> " + day + changed
    )


def _spots(levels: list[Level]) -> LiteralString:
    named: LiteralString = ", ".join([QUOTED[level] for level in levels])
    return (
        "SELECT count(*) AS n,"
        " ST_AsMVTGeom(ST_SetSRID(ST_MakePoint(avg(ST_X(point)), avg(ST_Y(point))), 3857),"
        " " + BOX + ", 4096, 128, true) AS geom"
        " FROM (SELECT ST_Transform(v.label_point, 3857) AS point FROM grid_version v"
        # By the indexes on the days: of a whole county few have changed.
        " WHERE v.level IN (" + named + ") AND v.label_point && " + AREA + ""
        " AND lower(v.valid) > " + _BEFORE + " AND lower(v.valid) <= " + _AFTER + ""
        " AND v.valid @> " + _AFTER + ""
        " UNION ALL SELECT ST_Transform(v.label_point, 3857) FROM grid_version v"
        " WHERE v.level IN (" + named + ") AND v.label_point && " + AREA + ""
        " AND NOT upper_inf(v.valid)"
        " AND upper(v.valid) > " + _BEFORE + " AND upper(v.valid) <= " + _AFTER + ""
        " AND v.valid @> " + _BEFORE + ""
        " AND NOT EXISTS (SELECT FROM grid_version w"
        " WHERE w.grid_id = v.grid_id AND w.valid @> " + _AFTER + ")) changed"
        " GROUP BY floor((ST_X(point) - %(west_m)s) / (%(side_m)s::float8 / 32)),"
        " floor((ST_Y(point) - %(south_m)s) / (%(side_m)s::float8 / 32))"
    )


def _read(args: Mapping[str, str], on: date, now: datetime) -> Read:
    text = args.get("versus")
    if not text:
        # Nothing differs from itself.
        return {"before": on, "after": on}, {}
    versus = clock.read_day(text, now.date())
    return {"before": min(on, versus), "after": max(on, versus)}, {"versus": versus.isoformat()}


LAYER = Layer(
    name="changes",
    source=Source(
        {z: _query(z) for z in range(MAX_ZOOM + 1)},
        subjects=("grids",),
        margin=CELL / EXTENT,
    ),
    fields={
        "ground": {"level": "String", "giver": "Number", "taker": "Number"},
        "edge": {"level": "String", "state": "String"},
        "spot": {"n": "Number"},
    },
    read=_read,
)
