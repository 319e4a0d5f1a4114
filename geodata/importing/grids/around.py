"""The partition law around the level of a file: in the levels below it, and on later days."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date
from typing import Any

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.importing.files.requests import GridRequest, KnownGrid
from geodata.importing.findings.finding import RowRef
from geodata.importing.grids import below, later
from geodata.importing.grids.below import Departure, Moved
from geodata.importing.grids.later import Written
from geodata.model import LEVELS, Level


def childless(conn: psycopg.Connection[TupleRow], level: Level, day: date) -> tuple[KnownGrid, ...]:
    """Return the grids two levels above in which there is none of the level between, by id."""
    if LEVELS.index(level) < 2:
        return ()
    rows = conn.execute(
        """
        SELECT grid_id, code, name FROM grid_version v
        WHERE level = %(level)s::grid_level AND valid @> %(day)s::date
          AND NOT EXISTS (SELECT FROM grid_version c
                          WHERE c.parent_id = v.grid_id AND c.valid @> %(day)s::date)
        ORDER BY grid_id
        """,
        {"level": LEVELS[LEVELS.index(level) - 2], "day": day},
    )
    return tuple(KnownGrid(*row) for row in rows)


def counties(conn: psycopg.Connection[TupleRow], day: date) -> tuple[KnownGrid, ...]:
    """Return the counties that stand on a day or a later one."""
    rows = conn.execute(
        "SELECT grid_id, code, name FROM grid_version WHERE level = 'county'"
        " AND (upper_inf(valid) OR upper(valid) > %s) ORDER BY grid_id, lower(valid)",
        [day],
    )
    return tuple(KnownGrid(*row) for row in rows)


def look(
    conn: psycopg.Connection[TupleRow],
    request: GridRequest,
    result: dict[str, Any],
    geoms: NDArray[np.object_],
    refs: Sequence[RowRef],
    day: date,
) -> list[Departure]:
    """Find what the grids that are to be written would break beyond their level and day.

    ``geoms`` are the shapes to be written from ``day`` on, in the order of ``result["write"]``;
    ``refs`` are of all positions. What ``request.accept`` lets stand is a warning.
    """
    found: list[Departure] = []
    if request.level != LEVELS[-1]:
        moved = _moved(conn, request, result, geoms, day)
        found += below.find(conn, request.level, moved, day)
    found = [_settled(each, request) for each in found]
    written = _written(request, result, geoms, refs)
    met = later.find(conn, request.level, written, day)
    return found + [Departure(finding, None, 0) for finding in met]


def _moved(
    conn: psycopg.Connection[TupleRow],
    request: GridRequest,
    result: dict[str, Any],
    geoms: NDArray[np.object_],
    day: date,
) -> list[Moved]:
    """Return the grids whose shapes become others."""
    known = {grid.code: grid.grid_id for grid in request.existing}
    rows: list[dict[str, Any]] = result["rows"]
    named = [(known.get(row["code"]), row["name"]) for row in rows] + [
        (request.existing[i].grid_id, request.existing[i].name) for i in result["others"]
    ]
    written = [named[position] for position in result["write"]]
    before = _shapes(conn, [grid_id for grid_id, _ in written if grid_id is not None], day)
    return [
        Moved(grid_id, name, before.get(grid_id or 0, Polygon()), geom)
        for (grid_id, name), geom in zip(written, geoms, strict=True)
    ]


def _shapes(
    conn: psycopg.Connection[TupleRow], grid_ids: list[int], day: date
) -> dict[int, BaseGeometry]:
    rows = conn.execute(
        "SELECT grid_id, ST_AsBinary(geom) FROM grid_version"
        " WHERE grid_id = ANY(%s) AND valid @> %s::date",
        [grid_ids, day],
        binary=True,
    ).fetchall()
    return {grid_id: shapely.from_wkb(bytes(wkb)) for grid_id, wkb in rows}


def _written(
    request: GridRequest,
    result: dict[str, Any],
    geoms: NDArray[np.object_],
    refs: Sequence[RowRef],
) -> list[Written]:
    """Return the grids that are to be written."""
    known = {grid.code: grid.grid_id for grid in request.existing}
    rows: list[dict[str, Any]] = result["rows"]
    parents = [
        request.parents[parent].grid_id if parent >= 0 else None for parent in result["parent_of"]
    ] or [None] * len(rows)
    every = [
        (known.get(row["code"]), row["code"], parent)
        for row, parent in zip(rows, parents, strict=True)
    ]
    beside = [request.existing[index] for index in result["others"]]
    every += [(grid.grid_id, grid.code, grid.parent_id) for grid in beside]
    written: list[Written] = []
    for position, geom in zip(result["write"], geoms, strict=True):
        grid_id, code, parent_id = every[position]
        written.append(Written(refs[position], grid_id, code, parent_id, geom))
    return written


def _settled(departure: Departure, request: GridRequest) -> Departure:
    """Return a finding as a warning where somebody takes it on as an exception."""
    finding = departure.finding
    if finding.severity != "blocking" or departure.kind not in request.accept:
        return replace(departure, kind=None)
    data = {**finding.data, "recorded": 1}
    return replace(departure, finding=replace(finding, severity="warning", data=data))
