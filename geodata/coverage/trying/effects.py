"""What if: coverage as it is and as it would be after changes, grid by grid.

Everything is judged twice, by the same code and on the same households, once as it is and once
as it would be. Where only facilities change, that is done around them alone: what lies farther
than anybody's reach is not touched, and differences, which is what is told, are none there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from geodata.coverage.judging import people, sums
from geodata.coverage.judging.altering import UNCHANGED, Changes
from geodata.coverage.judging.people import People
from geodata.coverage.judging.sums import Count
from geodata.coverage.judging.verdicts import Floats
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind
from geodata.coverage.trying import redrawing
from geodata.model import LEVELS, Bounds

Sums = NDArray[np.int64]
_NONE: Sums = np.zeros(len(sums.SUMS), dtype=np.int64)


@dataclass(frozen=True, slots=True)
class Tried:
    """By how much the sums of grids would differ, kind by kind; columns as ``sums.SUMS``.

    ``kinds`` are those that changes concern, as they would be. Grids that are missing stay as they
    are.
    """

    kinds: tuple[Kind, ...]
    differences: Mapping[str, Mapping[int, Sums]]


def compare(
    conn: Connection[Any], changes: Changes, day: date, count: Count = "households"
) -> Tried:
    """Judge a day's households as it is and with ``changes``, and add them up by ``count``.

    Facilities that changes name and that are not there on the day count for nothing.
    """
    concerned = _concerned(conn, changes)
    every = standards.list_all(conn, day)
    # Where boundaries run otherwise, all kinds are another grid's.
    kinds = [kind for kind in every if changes.redrawn or kind.kind in concerned]
    placed = {each.kind for each in (*changes.moved, *changes.added)}
    before = standards.filter_provided(conn, kinds)
    after = standards.filter_provided(conn, changes.apply(kinds), placed)
    box = _box(conn, changes, before, after, day)
    nearby = people.read_all(conn, day) if box is None else people.read_within(conn, day, box)
    was = dict(_tallies(conn, before, nearby, day, box, UNCHANGED, count))
    if changes.redrawn:
        nearby = redrawing.move(nearby, changes.redrawn)
    would = dict(_tallies(conn, after, nearby, day, box, changes, count))
    nobody: dict[int, Sums] = {}
    differences: dict[str, dict[int, Sums]] = {}
    for kind in was | would:
        # A kind of which nothing is known has no sums.
        old, new = was.get(kind, nobody), would.get(kind, nobody)
        each = {grid_id: new.get(grid_id, _NONE) - old.get(grid_id, _NONE) for grid_id in old | new}
        differences[kind] = {grid_id: it for grid_id, it in each.items() if it.any()}
    return Tried(tuple(after), differences)


def _tallies(
    conn: Connection[Any],
    kinds: Sequence[Kind],
    nearby: People,
    day: date,
    box: Bounds | None,
    changes: Changes,
    count: Count,
) -> list[tuple[str, dict[int, Sums]]]:
    """Return the sums of the grids of all levels, kind by kind."""
    # One after the other in one table: the numbers of grids are unique over all levels.
    ids = np.unique(np.concatenate([nearby.rows[level] for level in LEVELS]))
    rows = [np.searchsorted(ids, nearby.rows[level]) for level in LEVELS]
    found: list[tuple[str, dict[int, Sums]]] = []
    for kind, judgement in sums.judge_kinds(conn, kinds, nearby, day, box, changes, count):
        table = np.zeros((len(ids), len(sums.SUMS)), dtype=np.int64)
        for index in rows:
            table += sums.add(nearby, judgement, index, len(ids), count)
        found.append((kind.kind, {int(i): each for i, each in zip(ids, table, strict=True) if i}))
    return found


def _concerned(conn: Connection[Any], changes: Changes) -> set[str]:
    """Return the kinds of services that changes concern."""
    found = {each.kind for each in (*changes.added, *changes.moved)}
    found |= {kind for kind, _place in changes.standards}
    found |= {*changes.providers, *(each.kind for each in changes.kinds)}
    rows = conn.execute(
        """
        SELECT kind FROM facility WHERE facility_id = ANY(%(closed)s)
        UNION
        SELECT p.kind FROM service_provider p JOIN organisation o ON o.kind = p.what
        WHERE p.via = 'area' AND o.organisation_id = ANY(%(served)s)
        """,
        {
            "closed": sorted(changes.closed),
            "served": [each.organisation_id for each in (*changes.given, *changes.taken)],
        },
    ).fetchall()
    return found | {row[0] for row in rows}


def _box(
    conn: Connection[Any],
    changes: Changes,
    before: Sequence[Kind],
    after: Sequence[Kind],
    day: date,
) -> Bounds | None:
    """Return a box (degrees) outside which nothing changes; None if that may be everywhere."""
    if changes.standards or changes.given or changes.taken or changes.providers or changes.kinds:
        return None
    if changes.redrawn:
        return None
    if {kind.kind for kind in before} != {kind.kind for kind in after}:
        # The first record of a kind makes a gap of what was missing data, everywhere.
        return None
    kinds = [*before, *after]
    if any(kind.is_limited and (kind.areas or kind.duties) for kind in kinds):
        # Who serves by name is loaded by all the grids served, wherever they are.
        return None
    places = _places(conn, changes)
    if not len(places):
        return Bounds(0.0, 0.0, 0.0, 0.0)
    reach_m = max((kind.farthest_m for kind in kinds), default=0.0)
    if any(kind.is_limited for kind in kinds):
        # Neighbours compete: all who share a facility with somebody who shares this one.
        reach_m *= 4
    boxes = [Bounds(lon, lat, lon, lat).grown(reach_m + 1) for lon, lat in places.tolist()]
    # The first facility of a town, or the last, makes "too far" of "nobody" in all of it.
    boxes += conn.execute(
        """
        SELECT DISTINCT ST_XMin(t.geom), ST_YMin(t.geom), ST_XMax(t.geom), ST_YMax(t.geom)
        FROM unnest(%(lon)s::float8[], %(lat)s::float8[]) p (lon, lat)
        JOIN grid_version t ON t.level = 'town' AND t.valid @> %(day)s::date
            AND ST_Intersects(t.geom, ST_SetSRID(ST_MakePoint(p.lon, p.lat), 4326))
        """,
        {"lon": places[:, 0].tolist(), "lat": places[:, 1].tolist(), "day": day},
        prepare=False,
    ).fetchall()
    corners = np.asarray(boxes, dtype=np.float64)
    west, south = corners[:, :2].min(axis=0).tolist()
    east, north = corners[:, 2:].max(axis=0).tolist()
    return Bounds(west, south, east, north)


def _places(conn: Connection[Any], changes: Changes) -> Floats:
    """Return where facilities come or go, (lon, lat), shape (n, 2)."""
    rows = conn.execute(
        "SELECT ST_X(geom), ST_Y(geom) FROM facility WHERE facility_id = ANY(%s)",
        [sorted(changes.closed) + [each.facility_id for each in changes.moved]],
    ).fetchall()
    rows += [(each.lon, each.lat) for each in (*changes.added, *changes.moved)]
    return np.asarray(rows, dtype=np.float64).reshape(-1, 2)
