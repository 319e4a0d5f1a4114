"""What has changed since figures were computed, and which of them must be recomputed for it."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from psycopg.types.range import Range

from geodata.coverage.judging import people
from geodata.coverage.standards.model import Kind
from geodata.model import Bounds

# More changes or cells than this, and everything is recomputed: that is quicker then.
_MANY_CHANGES, _MANY_CELLS = 200, 3_000


@dataclass(frozen=True, slots=True)
class Due:
    """A change: of one kind or of all (None), at a place, in a grid, or both."""

    subject: str
    kind: str | None
    place: Any
    grid_id: int | None
    bounds: tuple[date, ...]


@dataclass(frozen=True, slots=True)
class Cells:
    """Compounds by number and communities' rests by the negative; ``above`` are all above them."""

    ids: frozenset[int]
    above: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Touched:
    """Cells to be recomputed, and the box (degrees) that holds all on which they rest."""

    cells: Cells
    box: Bounds | None


def since(conn: Connection[Any], services: int, grids: int, members: int) -> list[Due] | None:
    """List what has changed since these revisions; None if that is everything, or very much."""
    rows = conn.execute(
        """
        SELECT subject, kind, ST_AsBinary(place), grid_id, bounds FROM coverage_due
        WHERE (subject = 'services' AND number > %s) OR (subject = 'grids' AND number > %s)
           OR (subject = 'members' AND number > %s)
        ORDER BY due_id LIMIT %s
        """,
        (services, grids, members, _MANY_CHANGES + 1),
        binary=True,
    ).fetchall()
    found = [
        Due(subject, kind, place and shapely.from_wkb(place), grid_id, tuple(bounds))
        for subject, kind, place, grid_id, bounds in rows
    ]
    if len(found) > _MANY_CHANGES or any(d.place is None and d.grid_id is None for d in found):
        return None
    return found


def clipped(valid: Range[date], day: date, due: Collection[Due]) -> Range[date]:
    """Return the days of a stretch around one between which nothing of ``due`` begins or ends."""
    bounds = [each for one in due for each in one.bounds]
    first = max((each for each in bounds if each <= day), default=None)
    last = min((each for each in bounds if each > day), default=None)
    lower = max((each for each in (valid.lower, first) if each is not None), default=None)
    upper = min((each for each in (valid.upper, last) if each is not None), default=None)
    return Range(lower, upper)


def touched(
    conn: Connection[Any], due: Sequence[Due], kinds: Sequence[Kind], day: date
) -> Touched | None:
    """Return what must be recomputed for changes; None if it is so much that all may be."""
    boxes = _joined([box for one in due for box in _boxes(one, kinds)])
    found: set[int] = set()
    for box in boxes:
        found |= set(people.read_within(conn, day, box).cells.tolist())
    named = {one.grid_id for one in due if one.grid_id is not None}
    # What lies in a town or a county that changes has changed by itself, where it has.
    inside = {d.grid_id for d in due if d.grid_id and (d.subject != "grids" or d.place)}
    found |= _below(conn, inside | _first_in_town(conn, due, kinds, day), day)
    found |= _around_buildings(conn, due, day)
    found |= _shared(conn, found, kinds, day)
    found.discard(0)
    if len(found) > _MANY_CELLS:
        return None
    _drop_ended(conn, named, day)
    above, _ = _around(conn, found, named, day)
    reach_m = max((kind.farthest_m for kind in kinds if kind.is_limited), default=0.0)
    return Touched(Cells(frozenset(found), above), rested_on(conn, found, kinds, day, reach_m))


def cells_in(conn: Connection[Any], grid_id: int, day: date) -> set[int]:
    """Return the cells of a grid: compounds by number, communities' rests by the negative."""
    return _below(conn, {grid_id}, day)


def rested_on(
    conn: Connection[Any], cells: set[int], kinds: Sequence[Kind], day: date, reach_m: float
) -> Bounds | None:
    """Return the box (degrees) that holds all on which the figures of cells rest.

    Households beside them compete for the facilities within ``reach_m``, and further ones for the
    same people. None where the cells have no ground.
    """
    _, box = _around(conn, cells, set(), day)
    if box is None:
        return None
    box = box.grown(2 * reach_m + 1)
    _, other = _around(conn, _shared(conn, cells, kinds, day), set(), day)
    return box if other is None else _union(box, other)


def _boxes(one: Due, kinds: Sequence[Kind]) -> list[Bounds]:
    """Return where a change is felt: as far as anybody goes, or as far as neighbours compete."""
    if one.place is None:
        return []
    reach_m = 1.0
    for kind in kinds:
        if one.kind == kind.kind and kind.by_facility:
            reach_m = max(reach_m, kind.farthest_m)
        if one.kind is None and one.subject == "services" and kind.is_limited:
            reach_m = max(reach_m, 2 * kind.farthest_m)
    return [
        Bounds(*box).grown(reach_m + 1)
        for box in shapely.bounds(shapely.get_parts(one.place)).tolist()
    ]


def _joined(boxes: Sequence[Bounds]) -> list[Bounds]:
    """Make one of boxes that meet."""
    if not boxes:
        return []
    union = shapely.union_all(shapely.box(*np.asarray(boxes).T))
    return [Bounds(*box) for box in shapely.bounds(shapely.get_parts(union)).tolist()]


def _below(conn: Connection[Any], ids: set[int], day: date) -> set[int]:
    """Return all cells in grids: the compounds, and the rests of communities."""
    if not ids:
        return set()
    rows = conn.execute(
        """
        WITH RECURSIVE below AS (
            SELECT grid_id, level FROM grid_version
            WHERE grid_id = ANY(%(ids)s) AND valid @> %(day)s::date
            UNION
            SELECT v.grid_id, v.level FROM below b JOIN grid_version v ON v.parent_id = b.grid_id
            WHERE v.valid @> %(day)s::date)
        SELECT CASE level WHEN 'compound' THEN grid_id ELSE -grid_id END FROM below
        WHERE level IN ('community', 'compound')
        """,
        {"ids": sorted(ids), "day": day},
        prepare=False,
    ).fetchall()
    return {row[0] for row in rows}


def _around_buildings(conn: Connection[Any], due: Sequence[Due], day: date) -> set[int]:
    """Return the cells in which buildings changed: nobody may live there any more."""
    places = [one.place for one in due if one.subject == "services" and one.kind is None]
    parts = shapely.get_parts([place for place in places if place is not None])
    if not len(parts):
        return set()
    rows = conn.execute(
        """
        SELECT DISTINCT CASE v.level WHEN 'compound' THEN v.grid_id ELSE -v.grid_id END
        FROM unnest(%(parts)s::bytea[]) part
        JOIN grid_version v ON v.geom && ST_GeomFromWKB(part, 4326)
            AND ST_Intersects(v.geom, ST_GeomFromWKB(part, 4326))
        WHERE v.level IN ('community', 'compound') AND v.valid @> %(day)s::date
        """,
        {"parts": shapely.to_wkb(parts).tolist(), "day": day},
        prepare=False,
    ).fetchall()
    return {row[0] for row in rows}


def _first_in_town(
    conn: Connection[Any], due: Sequence[Due], kinds: Sequence[Kind], day: date
) -> set[int]:
    """Return the towns that may have got their first facility of a kind, or lost the last.

    There "nobody" turns into "too far" for all, or the other way round.
    """
    found: set[int] = set()
    wanted = {kind.kind for kind in kinds if kind.by_facility}
    for one in due:
        if one.place is None or one.kind not in wanted or one.grid_id is not None:
            continue
        rows = conn.execute(
            """
            SELECT t.grid_id FROM grid_version c
            JOIN grid_version t ON t.grid_id = c.parent_id AND t.valid @> %(day)s::date
            WHERE c.level = 'community' AND c.valid @> %(day)s::date
              AND ST_Intersects(c.geom, ST_GeomFromWKB(%(place)s, 4326))
              AND (SELECT count(*) FROM facility f
                   JOIN grid_version n ON n.level = 'community' AND n.geom && f.geom
                       AND n.parent_id = t.grid_id AND n.valid @> %(day)s::date
                       AND ST_Covers(n.geom, f.geom)
                   WHERE f.kind = %(kind)s AND f.geom && t.geom
                     AND f.valid @> %(day)s::date) <= %(n)s
            """,
            {
                "day": day,
                "place": shapely.to_wkb(one.place),
                "kind": one.kind,
                "n": len(shapely.get_parts(one.place)),
            },
            prepare=False,
        ).fetchall()
        found |= {row[0] for row in rows}
    return found


def _shared(conn: Connection[Any], cells: set[int], kinds: Sequence[Kind], day: date) -> set[int]:
    """Return the cells whose households compete with those of others for the same people."""
    found: set[int] = set()
    for kind in kinds:
        if not cells or not kind.is_limited or not (kind.areas or kind.duties):
            continue
        rows = conn.execute(
            """
            WITH RECURSIVE above AS (
                SELECT v.grid_id, v.parent_id FROM grid_version v
                WHERE v.grid_id = ANY(%(cells)s) AND v.valid @> %(day)s::date
                UNION
                SELECT v.grid_id, v.parent_id FROM above a
                JOIN grid_version v ON v.grid_id = a.parent_id AND v.valid @> %(day)s::date)
            SELECT o.grid_id FROM above
            JOIN service_area a USING (grid_id)
            JOIN organisation n USING (organisation_id)
            JOIN service_area o USING (organisation_id)
            WHERE n.kind = ANY(%(areas)s) AND a.valid @> %(day)s::date AND o.valid @> %(day)s::date
            UNION
            SELECT o.grid_id FROM above
            JOIN duty d USING (grid_id)
            JOIN duty o USING (member_id, role)
            WHERE d.role = ANY(%(duties)s) AND d.term @> %(day)s::date AND o.term @> %(day)s::date
              AND o.grid_id IS NOT NULL
            """,
            {
                "cells": [abs(cell) for cell in cells],
                "areas": list(kind.areas),
                "duties": list(kind.duties),
                "day": day,
            },
            prepare=False,
        ).fetchall()
        found |= _below(conn, {row[0] for row in rows}, day)
    return found


def _drop_ended(conn: Connection[Any], ids: set[int], day: date) -> None:
    """Take away the figures of grids that are no longer there on a day."""
    for statement in (
        "DELETE FROM coverage_grid c USING coverage_stretch s WHERE s.stretch_id = c.stretch_id"
        " AND s.valid @> %(day)s::date AND c.grid_id = ANY(%(ids)s) AND NOT EXISTS ("
        " SELECT FROM grid_version v WHERE v.grid_id = c.grid_id AND v.valid @> %(day)s::date)",
        "DELETE FROM coverage_rest c USING coverage_stretch s WHERE s.stretch_id = c.stretch_id"
        " AND s.valid @> %(day)s::date AND c.grid_id = ANY(%(ids)s) AND NOT EXISTS ("
        " SELECT FROM grid_version v WHERE v.grid_id = c.grid_id AND v.valid @> %(day)s::date)",
    ):
        conn.execute(statement, {"day": day, "ids": sorted(ids)})


def _around(
    conn: Connection[Any], cells: set[int], named: set[int], day: date
) -> tuple[tuple[int, ...], Bounds | None]:
    """Return all communities, towns and counties above cells and named grids; the cells' box."""
    row = conn.execute(
        """
        WITH RECURSIVE up AS (
            SELECT v.grid_id, v.parent_id, v.level FROM grid_version v
            WHERE v.grid_id = ANY(%(ids)s) AND v.valid @> %(day)s::date
            UNION
            SELECT v.grid_id, v.parent_id, v.level FROM up
            JOIN grid_version v ON v.grid_id = up.parent_id AND v.valid @> %(day)s::date)
        SELECT array_agg(grid_id) FILTER (WHERE level <> 'compound'),
               (SELECT ARRAY[ST_XMin(e), ST_YMin(e), ST_XMax(e), ST_YMax(e)] FROM (
                    SELECT ST_Extent(v.geom) AS e FROM grid_version v
                    WHERE v.grid_id = ANY(%(cells)s) AND v.valid @> %(day)s::date) box)
        FROM up
        """,
        {
            "ids": sorted({abs(cell) for cell in cells} | named),
            "cells": sorted(abs(cell) for cell in cells),
            "day": day,
        },
        prepare=False,
    ).fetchone()
    above, box = row or (None, None)
    return tuple(above or ()), Bounds(*box) if box and box[0] is not None else None


def _union(one: Bounds, other: Bounds) -> Bounds:
    return Bounds(
        min(one.west, other.west),
        min(one.south, other.south),
        max(one.east, other.east),
        max(one.north, other.north),
    )
