"""The places that a plan's map on paper shows: where ground changes hands, and what lies around.

Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from geodata.model import Bounds
from geodata.plans import drafts
from geodata.plans.model import Draft, Plan

# More than this is a list, not a document to be read.
MOST = 8
# What is shown around the ground that changes, as a part of its longer side, and at least that.
_AROUND, _LEAST_M = 0.5, 150.0
# A corner that is put into a straight edge moves it by a node of the storage grid: the same line.
_SAME = 1e-6
_M_PER_DEGREE = 111_320.0


@dataclass(frozen=True, slots=True)
class Sheet:
    """One place before and after.

    ``changing`` is the ground that another grid has afterwards, ``lost`` and ``won`` the lines that
    are no longer borders, and those that were none before.
    """

    box: Bounds
    before: Draft
    after: Draft
    changed: frozenset[int]
    changing: Any
    lost: Any
    won: Any
    buildings: Any


def find(conn: Connection[Any], plan: Plan) -> list[Sheet]:
    """Return the places in which a plan moves boundaries, the largest first, ``MOST`` at most.

    A plan that only gives names, codes or counts has none.
    """
    before, after = drafts.compare(conn, plan)
    boxes = _joined([_grown(box) for box in drafts.changing(before, after)])[:MOST]
    if not boxes:
        return []
    whole = drafts.load(conn, plan, drafts.touched(conn, plan), boxes)
    was = drafts.published_beside(conn, plan, whole)
    changed = frozenset(whole.changed(was))
    return [_sheet(conn, plan, box, was, whole, changed) for box in boxes]


def _sheet(
    conn: Connection[Any], plan: Plan, box: Bounds, was: Draft, now: Draft, changed: frozenset[int]
) -> Sheet:
    window = shapely.box(*box)
    lines = [_lines(draft, changed, window) for draft in (was, now)]
    lost, won = (
        shapely.difference(one, shapely.buffer(other, _SAME)) for one, other in (lines, lines[::-1])
    )
    ground = _changing(was, now, changed, window)
    return Sheet(box, was, now, changed, ground, lost, won, _buildings(conn, plan, box))


def _grown(box: Bounds) -> Bounds:
    west, south, east, north = box
    across = float(np.cos(np.radians((south + north) / 2)))
    side_m = max((east - west) * across, north - south) * _M_PER_DEGREE
    more = max(_AROUND * side_m, _LEAST_M) / _M_PER_DEGREE
    return Bounds(west - more / across, south - more, east + more / across, north + more)


def _joined(boxes: Sequence[Bounds]) -> list[Bounds]:
    """Make one of boxes that meet, until none do; the largest first."""
    kept = list(boxes)
    while True:
        shapes = np.asarray(shapely.box(*np.asarray(kept).T), dtype=object) if kept else []
        if len(kept) < 2:
            return kept
        union = shapely.union_all(shapes)
        joined = [drafts.as_box(part) for part in shapely.get_parts(union)]
        if len(joined) == len(kept):
            return sorted(kept, key=lambda box: (box[0] - box[2]) * (box[3] - box[1]))
        kept = joined


def _lines(draft: Draft, changed: frozenset[int], window: Any) -> Any:
    shapes = [draft.ground[id_].shape for id_ in sorted(changed) if id_ in draft.ground.pieces]
    borders = shapely.intersection(shapely.boundary(np.asarray(shapes, dtype=object)), window)
    return shapely.union_all(borders)


def _changing(before: Draft, after: Draft, changed: frozenset[int], window: Any) -> Any:
    parts: list[Any] = []
    for id_ in sorted(changed):
        seen = [
            shapely.intersection(draft.ground[id_].shape, window)
            for draft in (before, after)
            if id_ in draft.ground.pieces
        ]
        parts.append(shapely.symmetric_difference(*seen) if len(seen) == 2 else seen[0])
    return shapely.union_all(np.asarray(parts, dtype=object))


def _buildings(conn: Connection[Any], plan: Plan, box: Bounds) -> Any:
    rows = conn.execute(
        """
        SELECT ST_X(geom), ST_Y(geom) FROM building
        WHERE geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) AND valid @> %s::date
        """,
        [*box, plan.effective_on],
    ).fetchall()
    return np.asarray(rows, dtype=np.float64).reshape(-1, 2)
