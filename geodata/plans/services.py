"""What a plan would change in services: whose ground they stand on, whom they reach.

A boundary moves no facility and no household. What changes is the grid that answers for them, and
so the figures by which a grid is judged.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from geodata.coverage.judging import people, providers
from geodata.coverage.judging.ways import SNAP_M, Ways
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind
from geodata.model import LEVELS, Bounds, Level, Point
from geodata.plans import drafts, locating
from geodata.plans.model import Draft, Plan

# A county whose edge moves concerns no single household; its figures are not worth the reading.
_COUNTED = LEVELS[1:]


@dataclass(frozen=True, slots=True)
class FacilityMove:
    """A facility that would stand in another grid; '' is no grid."""

    name: str
    kind_zh: str
    kind_en: str
    point: Point
    giver: str
    taker: str


@dataclass(frozen=True, slots=True)
class AreaChange:
    """An organisation's service area that would gain or lose ground; None where its grid ends."""

    organisation: str
    grid: str
    before_m2: float
    after_m2: float | None


@dataclass(frozen=True, slots=True)
class CoverageChange:
    """Households of a grid, and those of them out of reach of a kind, before and after.

    None where the grid is not there before.
    """

    level: Level
    grid: str
    kind_zh: str
    kind_en: str
    households_before: int | None
    unserved_before: int | None
    households: int
    unserved: int


def moves(
    conn: Connection[Any], plan: Plan, before: Draft, after: Draft, boxes: Sequence[Bounds]
) -> list[FacilityMove]:
    """List the facilities of the plan's day that would stand in another grid."""
    rows: dict[int, tuple[str, str, str, float, float]] = {}
    for box in boxes:
        for facility_id, name, kind_zh, kind_en, lon, lat in conn.execute(
            """
            SELECT f.facility_id, f.name, k.name_zh, k.name_en, ST_X(f.geom), ST_Y(f.geom)
            FROM facility f JOIN service_kind k USING (kind)
            WHERE f.geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) AND f.valid @> %s::date
            ORDER BY k.rank, f.name
            """,
            [*box, plan.effective_on],
        ):
            rows[facility_id] = name, kind_zh, kind_en, lon, lat
    if not rows:
        return []
    points = np.asarray(shapely.points([row[3:] for row in rows.values()]), dtype=object)
    was, now = locating.locate_finest(before, points), locating.locate_finest(after, points)
    return [
        FacilityMove(
            name,
            kind_zh,
            kind_en,
            Point(lon, lat),
            locating.read_name(before, int(giver)),
            locating.read_name(after, int(taker)),
        )
        for (name, kind_zh, kind_en, lon, lat), giver, taker in zip(
            rows.values(), was, now, strict=True
        )
        if giver != taker
    ]


def reached(
    conn: Connection[Any], plan: Plan, before: Draft, after: Draft, changed: Sequence[int]
) -> list[CoverageChange]:
    """Compare how many households of changed grids are out of reach, kind by kind.

    Those where neither changes are left out. Grids that end are told by what they give away.
    """
    ids = [id_ for id_ in changed if id_ in after.facts and after.ground[id_].level in _COUNTED]
    shapes = [
        draft.ground[id_].shape for draft in (before, after) for id_ in ids if id_ in draft.facts
    ]
    if not shapes:
        return []
    everybody = [
        people.read_within(conn, plan.effective_on, box).rows
        for box in _outermost([drafts.as_box(shape) for shape in shapes])
    ]
    rows = np.unique(np.concatenate(everybody))
    if not len(rows):
        return []
    lon_lat, households = np.column_stack((rows["lon"], rows["lat"])), rows["households"]
    tree = shapely.STRtree(np.asarray(shapely.points(lon_lat), dtype=object))
    inside = [
        {
            id_: tree.query(draft.ground[id_].shape, predicate="covers")
            for id_ in ids
            if id_ in draft.facts
        }
        for draft in (before, after)
    ]
    found: list[CoverageChange] = []
    for kind, lost in _out_of_reach(conn, rows, plan.effective_on):
        for id_ in ids:
            was, now = (
                (int(households[some[id_]].sum()), int(lost[some[id_]].sum()))
                if id_ in some
                else None
                for some in inside
            )
            # Only those in which something is to be read: a gap that changes, or a new one.
            if now is None or (was[1] if was else 0) == now[1]:
                continue
            found.append(
                CoverageChange(
                    after.ground[id_].level,
                    after.facts[id_].name,
                    kind.name_zh,
                    kind.name_en,
                    *(was or (None, None)),
                    *now,
                )
            )
    return sorted(found, key=lambda each: LEVELS.index(each.level), reverse=True)


def _out_of_reach(conn: Connection[Any], rows: Any, day: date) -> Iterator[tuple[Kind, Any]]:
    """Yield the kinds that facilities alone give, with each building's households out of reach.

    Who serves by grid or building goes with it: that is told by duties and service areas.
    """
    lon_lat = np.column_stack((rows["lon"], rows["lat"]))
    box = Bounds(*lon_lat.min(axis=0).tolist(), *lon_lat.max(axis=0).tolist())
    kinds = standards.list_provided(conn, day)
    near = providers.locate_facilities(conn, kinds, day, box)
    reach_m = max((kind.farthest_m for kind in kinds), default=0.0)
    ways = Ways.load(conn, box.grown(reach_m + SNAP_M))
    buildings = ways.find(lon_lat)
    for kind in kinds:
        if not (kind.areas or kind.duties):
            places = ways.find(near[kind.kind][0])
            at, _, _ = ways.in_reach(buildings, rows["is_village"], kind, places)
            lost = rows["households"].copy()
            lost[at] = 0
            yield kind, lost


def _outermost(boxes: Sequence[Bounds]) -> list[Bounds]:
    """Leave out the boxes that lie in others: a compound's in its town's."""
    largest = sorted(set(boxes), key=lambda box: (box[2] - box[0]) * (box[3] - box[1]))[::-1]
    kept: list[Bounds] = []
    for box in largest:
        if not any(
            k[0] <= box[0] and k[1] <= box[1] and k[2] >= box[2] and k[3] >= box[3] for k in kept
        ):
            kept.append(box)
    return kept
