"""Who serves the households of a place: facilities, organisations in their areas, duty holders."""

from __future__ import annotations

import math
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from geodata import frames
from geodata.coverage.judging import Given, Ints
from geodata.coverage.people import Box, People
from geodata.coverage.standards import Kind

_LEVELS = ("compound", "community", "town", "county")


def given(
    conn: Connection[Any], kind: Kind, people: People, day: date, box: Box | None = None
) -> Given:
    """Return who serves ``people``; within a box (degrees), and in reach of it, if one is given.

    The box must hold all of them.
    """
    now, ended = facilities(conn, kind, day, box)
    grids, buildings, lapsed = _held(conn, kind, day, people, box is None)
    first = len(now)
    at, by, has_lapsed = (
        [np.empty(0, np.int64)],
        [np.empty(0, np.int64)],
        np.zeros(len(people), bool),
    )
    for column, holders in (*((level, grids) for level in _LEVELS), ("building", buildings)):
        index, who = _joined(people.rows[column], holders)
        at.append(index)
        by.append(who + first)
    for column in (*_LEVELS, "building"):
        wanted = lapsed[1] if column == "building" else lapsed[0]
        has_lapsed |= np.isin(people.rows[column], wanted) & (people.rows[column] != 0)
    return Given(
        frames.to_cartesian(now),
        frames.to_cartesian(ended),
        (np.concatenate(at), np.concatenate(by)),
        has_lapsed,
        np.isin(people.rows["town"], _towns(conn, kind, day, people)),
    )


def facilities(
    conn: Connection[Any], kind: Kind, day: date, box: Box | None
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the places (lon, lat) of facilities of the day, and of those that ended before."""
    if not kind.by_facility:
        return np.empty((0, 2)), np.empty((0, 2))
    limits = dict(
        zip(
            ("west", "south", "east", "north"),
            grown(box, kind.farthest_m) if box else (None,) * 4,
            strict=True,
        )
    )
    rows = conn.execute(
        """
        SELECT ST_X(geom), ST_Y(geom), valid @> %(day)s::date FROM facility
        WHERE kind = %(kind)s AND lower(valid) <= %(day)s::date
          AND (%(west)s::float8 IS NULL
               OR geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
        ORDER BY facility_id
        """,
        {"kind": kind.kind, "day": day, **limits},
        prepare=False,
    ).fetchall()
    table = np.asarray(rows, dtype=np.float64).reshape(-1, 3)
    is_now = table[:, 2] == 1
    return table[is_now, :2], table[~is_now, :2]


def grown(box: Box, reach_m: float) -> Box:
    """Return a box that is larger by a length in metres on all sides."""
    west, south, east, north = box
    # A degree of latitude has at least 110.57 km, one of longitude cos(latitude) of 111.32 km.
    high = reach_m / 110_570
    wide = reach_m / (111_320 * math.cos(math.radians(min(max(-south, north) + high, 89.0))))
    return west - wide, south - high, east + wide, north + high


def _held(
    conn: Connection[Any], kind: Kind, day: date, people: People, is_all: bool
) -> tuple[Ints, Ints, tuple[Ints, Ints]]:
    """Return who serves by grid and by building, and where somebody did once.

    The first two are rows (grid or building, provider); a provider has one number in both.
    """
    empty = np.empty(0, np.int64)
    if not kind.areas and not kind.duties:
        return empty.reshape(0, 2), empty.reshape(0, 2), (empty, empty)
    ids = {
        column: None if is_all else np.unique(people.rows[column]).tolist()
        for column in (*_LEVELS, "building")
    }
    grid_ids = None if is_all else sorted({i for level in _LEVELS for i in ids[level] or ()})
    rows = conn.execute(
        """
        SELECT a.grid_id, NULL::int8, 'o' || a.organisation_id, a.valid @> %(day)s::date
        FROM service_area a JOIN organisation o USING (organisation_id)
        WHERE o.kind = ANY(%(areas)s) AND lower(a.valid) <= %(day)s::date
          AND (%(grids)s::int8[] IS NULL OR a.grid_id = ANY(%(grids)s))
        UNION ALL
        SELECT d.grid_id, d.building_id, 'm' || d.member_id, d.term @> %(day)s::date
        FROM duty d
        WHERE d.role = ANY(%(duties)s) AND lower(d.term) <= %(day)s::date AND NOT d.is_deputy
          AND (%(grids)s::int8[] IS NULL OR d.grid_id = ANY(%(grids)s)
               OR d.building_id = ANY(%(buildings)s))
        """,
        {
            "day": day, "areas": list(kind.areas), "duties": list(kind.duties),
            "grids": grid_ids, "buildings": ids["building"],
        },
        prepare=False,
    ).fetchall()  # fmt: skip
    numbers: dict[str, int] = {}
    held: tuple[list[tuple[int, int]], list[tuple[int, int]]] = [], []
    ended: tuple[list[int], list[int]] = [], []
    for grid_id, building_id, who, is_now in rows:
        where, place = (0, grid_id) if grid_id is not None else (1, building_id)
        if is_now:
            held[where].append((place, numbers.setdefault(who, len(numbers))))
        else:
            ended[where].append(place)
    by_grid, by_building = (np.asarray(some, np.int64).reshape(-1, 2) for some in held)
    return by_grid, by_building, (np.asarray(ended[0], np.int64), np.asarray(ended[1], np.int64))


def _joined(keys: Ints, holders: Ints) -> tuple[Ints, Ints]:
    """Return all pairs (index of a key, second column) where a key is in the first column."""
    if not len(holders) or not len(keys):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = np.argsort(holders[:, 0], kind="stable")
    ids, who = holders[order, 0], holders[order, 1]
    first, last = np.searchsorted(ids, keys, "left"), np.searchsorted(ids, keys, "right")
    counts = last - first
    index = np.repeat(np.arange(len(keys)), counts)
    within = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    return index, who[np.repeat(first, counts) + within]


def _towns(conn: Connection[Any], kind: Kind, day: date, people: People) -> list[int]:
    """Return the towns of ``people`` in which a facility of the kind stands on the day."""
    if not kind.by_facility:
        return []
    rows = conn.execute(
        """
        SELECT t.grid_id FROM grid_version t
        WHERE t.grid_id = ANY(%(towns)s) AND t.valid @> %(day)s::date AND EXISTS (
            SELECT FROM facility f
            JOIN grid_version c ON c.level = 'community' AND c.geom && f.geom
                AND c.parent_id = t.grid_id AND c.valid @> %(day)s::date
                AND ST_Covers(c.geom, f.geom)
            WHERE f.kind = %(kind)s AND f.geom && t.geom AND f.valid @> %(day)s::date)
        """,
        {
            "towns": np.unique(people.rows["town"]).tolist(),
            "kind": kind.kind,
            "day": day,
        },
        prepare=False,
    ).fetchall()
    return [row[0] for row in rows]
