"""What new boundaries do to the levels below: nothing may leave its parent, on that day or later.

A file holds one level, and the levels below stay as they are. So a border that moves may leave
them outside, or leave ground without any of them. Looked at is the ground that changes hands, so
that the cost follows the change and not the county. Shapes are EPSG:4326, areas square metres.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import date
from itertools import groupby
from operator import itemgetter
from typing import Any

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow
from shapely.geometry.base import BaseGeometry

from geodata.importing.findings.finding import Finding, RowRef
from geodata.model import LEVELS, Level
from geodata.partition import nesting
from geodata.partition.measure import area_m2, place
from geodata.partition.polygons import as_multipolygons
from geodata.partition.problems import Problem
from geodata.people.privacy import masked


@dataclass(frozen=True, slots=True)
class Moved:
    """A grid that gets another shape; a new one has no ``grid_id`` and was empty before."""

    grid_id: int | None
    name: str
    before: BaseGeometry
    after: BaseGeometry


@dataclass(frozen=True, slots=True)
class Departure:
    """A finding about the levels below, and the grid for which an exception can be recorded.

    ``kind`` is None where the finding only says what else is concerned.
    """

    finding: Finding
    kind: str | None
    grid_id: int


@dataclass(frozen=True, slots=True)
class _Version:
    """A grid of a level below, as it is from a day on."""

    grid_id: int
    parent_id: int
    ref: RowRef
    since: date
    geom: BaseGeometry


def find(
    conn: psycopg.Connection[TupleRow], level: Level, moved: Sequence[Moved], day: date
) -> list[Departure]:
    """Find what new shapes of a level, valid from a day on, would break in the levels below.

    What was outside before may stay outside: old faults do not stand in the way.
    """
    if level == LEVELS[-1]:
        return []
    known = [each for each in moved if each.grid_id is not None]
    found = _outside(conn, moved, known, day)
    if LEVELS.index(level) + 2 < len(LEVELS):
        found += _gaps(conn, LEVELS[LEVELS.index(level) + 1], known, day)
    return found


def _outside(
    conn: psycopg.Connection[TupleRow],
    moved: Sequence[Moved],
    known: Sequence[Moved],
    day: date,
) -> list[Departure]:
    """Find grids that would leave their parent, and which grids further down lie there."""
    lost = {
        each.grid_id: (each, ground)
        for each in known
        if each.grid_id is not None
        and not shapely.is_empty(ground := nesting.beyond(each.before, each.after))
    }
    found: list[Departure] = []
    left: dict[int, tuple[str, BaseGeometry]] = {}
    tree = shapely.STRtree([each.after for each in moved])
    for group in _children(conn, {id_: ground for id_, (_, ground) in lost.items() if id_}, day):
        parent = lost[group[0].parent_id][0]
        for version, ground in _leaving(group, parent):
            if version.grid_id in left:
                continue
            left[version.grid_id] = parent.name, ground
            holder = _holder(version.geom, moved, tree)
            data: dict[str, object] = {"parent": masked(parent.name)}
            if holder is not None and holder is not parent:
                data["holder"] = masked(holder.name)
            data |= _later(version.since, day)
            found.append(_departure("below_outside", version, ground, data))
    found.sort(key=lambda each: -(each.finding.m2 or 0))
    return found + _further(conn, left, day)


def _leaving(group: Sequence[_Version], parent: Moved) -> Iterator[tuple[_Version, BaseGeometry]]:
    """Yield the children that would leave a grid, with the ground that is newly outside."""
    shapes = np.asarray([version.geom for version in group], dtype=object)
    shapely.prepare(parent.after)
    for at in np.flatnonzero(~shapely.covers(parent.after, shapes)):
        child = group[int(at)].geom
        outside = nesting.beyond(child, parent.after)
        if shapely.is_empty(outside):
            continue
        fresh = nesting.beyond(outside, nesting.beyond(child, parent.before))
        if not shapely.is_empty(fresh):
            yield group[int(at)], fresh


def _further(
    conn: psycopg.Connection[TupleRow], left: dict[int, tuple[str, BaseGeometry]], day: date
) -> list[Departure]:
    """Find the grids further down that lie on the ground that their parents would be outside on."""
    found: list[Departure] = []
    while left:
        deeper: dict[int, tuple[str, BaseGeometry]] = {}
        for group in _children(conn, {id_: ground for id_, (_, ground) in left.items()}, day):
            name, ground = left[group[0].parent_id]
            shapes = np.asarray([version.geom for version in group], dtype=object)
            shared = nesting.intersection(shapes, np.full(len(shapes), ground))
            for version, part in zip(group, shared, strict=True):
                if version.grid_id in deeper or nesting.is_rounding(part):
                    continue
                deeper[version.grid_id] = name, part
                data = {"parent": masked(name), **_later(version.since, day)}
                found.append(_departure("further_outside", version, part, data))
        left = deeper
    return found


def _departure(
    kind: str, version: _Version, ground: BaseGeometry, data: dict[str, object]
) -> Departure:
    m2 = float(area_m2(np.asarray([ground], dtype=object))[0])
    is_first = kind == "below_outside"
    severity = "blocking" if is_first else "warning"
    finding = Finding(kind, severity, (version.ref,), m2, place(ground), data)
    return Departure(finding, "outside_parent" if is_first else None, version.grid_id)


def _holder(child: BaseGeometry, moved: Sequence[Moved], tree: shapely.STRtree) -> Moved | None:
    """Return the grid in which most of a child would lie."""
    near = tree.query(child, predicate="intersects")
    if not len(near):
        return None
    shapes = np.asarray([moved[int(at)].after for at in near], dtype=object)
    shares = shapely.area(nesting.intersection(shapes, np.full(len(shapes), child)))
    best = int(np.argmax(shares))
    return moved[int(near[best])] if shares[best] > shapely.area(child) / 2 else None


def _gaps(
    conn: psycopg.Connection[TupleRow], below: Level, known: Sequence[Moved], day: date
) -> list[Departure]:
    """Find ground that grids would gain and none of the level below would cover."""
    gained = [
        each for each in known if not shapely.is_empty(nesting.beyond(each.after, each.before))
    ]
    if not gained:
        return []
    found: dict[int, Departure] = {}
    for on in _days(conn, below, day):
        for each in gained:
            assert each.grid_id is not None
            gap = _gap(*_ground(conn, below, each, on), each)
            if gap is None or each.grid_id in found:
                continue
            data = {**gap.data, "parent": masked(each.name), **_later(on, day)}
            finding = Finding("below_gap", gap.severity, (), gap.m2, gap.place, data)
            found[each.grid_id] = Departure(finding, "gap", each.grid_id)
    return list(found.values())


def _gap(children: NDArray[np.object_], owner: NDArray[np.intp], each: Moved) -> Problem | None:
    """Return the gap in a grid if it is larger than it was; None without any child of its own."""
    if not len(owner[owner == 0]):
        return None

    def gap(shape: BaseGeometry) -> Problem | None:
        whole = np.asarray([shape], dtype=object)
        return next(iter(nesting.find_gaps(children, whole, owner)), None)

    now = gap(each.after)
    if now is None:
        return None
    was = gap(each.before)
    is_old = was is not None and (now.m2 or 0) <= (was.m2 or 0) + 1
    return None if is_old else replace(now, rows=())


def _children(
    conn: psycopg.Connection[TupleRow], grounds: dict[int, BaseGeometry], day: date
) -> Iterator[list[_Version]]:
    """Yield, by parent, the children near a ground of each, in all versions from a day on."""
    if not grounds:
        return
    boxes = shapely.bounds(np.asarray(list(grounds.values()), dtype=object)).reshape(-1, 4)
    west, south, east, north = (column.tolist() for column in boxes.T)
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            """
            SELECT v.parent_id, v.grid_id, v.code, v.name, lower(v.valid), ST_AsBinary(v.geom)
            FROM unnest(%s::bigint[], %s::float8[], %s::float8[], %s::float8[], %s::float8[])
                AS ground (id, west, south, east, north)
            JOIN grid_version v ON v.parent_id = ground.id
            WHERE v.geom && ST_MakeEnvelope(west, south, east, north, 4326)
              AND (upper_inf(v.valid) OR upper(v.valid) > %s)
            ORDER BY v.parent_id, v.code, lower(v.valid)
            """,
            [list(grounds), west, south, east, north, day],
        )
        for parent, rows in groupby(cursor, itemgetter(0)):
            if found := _versions(list(rows), grounds[parent]):
                yield found


def _versions(rows: Sequence[Any], ground: BaseGeometry) -> list[_Version]:
    """Read the rows of one parent, those that meet a ground."""
    shapely.prepare(ground)
    shapes = np.asarray(shapely.from_wkb([bytes(row[5]) for row in rows]), dtype=object)
    meets = shapely.intersects(ground, shapes)
    return [
        _Version(row[1], row[0], RowRef(None, masked(row[2]), masked(row[3])), row[4], geom)
        for row, geom, is_near in zip(rows, shapes, meets, strict=True)
        if is_near
    ]


def _ground(
    conn: psycopg.Connection[TupleRow], level: Level, each: Moved, on: date
) -> tuple[NDArray[np.object_], NDArray[np.intp]]:
    """Return the grids of a level near one of the level above, and 0 for each of its own."""
    west, south, east, north = shapely.bounds(each.after).tolist()
    rows = conn.execute(
        """
        SELECT parent_id, ST_AsBinary(geom) FROM grid_version
        WHERE level = %s::grid_level AND valid @> %s::date
          AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)
        """,
        [level, on, west, south, east, north],
        binary=True,
    ).fetchall()
    owner = np.asarray([0 if row[0] == each.grid_id else -1 for row in rows], dtype=np.intp)
    shapes = [shapely.from_wkb(bytes(row[1])) for row in rows]
    return as_multipolygons(np.asarray(shapes, dtype=object)), owner


def _days(conn: psycopg.Connection[TupleRow], level: Level, day: date) -> list[date]:
    """Return a day, and the later ones on which a level is to change."""
    rows = conn.execute(
        """
        SELECT DISTINCT on_day
        FROM grid_version, unnest(ARRAY[lower(valid), upper(valid)]) AS on_day
        WHERE level = %s::grid_level AND on_day > %s ORDER BY 1
        """,
        [level, day],
    ).fetchall()
    return [day, *(row[0] for row in rows)]


def _later(since: date, day: date) -> dict[str, object]:
    """Return the day from which a finding holds, if it is a later one."""
    return {"day": since.isoformat()} if since > day else {}
