"""What a plan would change for those who live and work there, before it is published."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from geodata.grids.changes import GridChange, What
from geodata.model import LEVELS, Bounds, Level, Point
from geodata.partition.differing import has_same_ground
from geodata.partition.measure import area_m2
from geodata.plans import drafts, locating, services
from geodata.plans.model import Draft, Plan
from geodata.plans.services import AreaChange, CoverageChange, FacilityMove


@dataclass(frozen=True, slots=True)
class Passage:
    """Buildings and households that would lie in another grid of a level; '' is no grid."""

    level: Level
    giver: str
    taker: str
    buildings: int
    households: int


@dataclass(frozen=True, slots=True)
class IssueMove:
    """An open issue that another grid would answer for; '' is no grid."""

    issue_id: int
    title: str
    point: Point
    giver: str
    taker: str


@dataclass(frozen=True, slots=True)
class DutyChange:
    """A duty whose ground changes; ``after_m2`` is None where its grid would be gone."""

    member: str
    role_zh: str
    role_en: str
    grid: str
    before_m2: float
    after_m2: float | None


@dataclass(frozen=True, slots=True)
class Consequences:
    """All that a plan would change; ``unheld`` are new grids, in which nobody has a duty yet."""

    grids: tuple[GridChange, ...]
    passages: tuple[Passage, ...]
    issues: tuple[IssueMove, ...]
    duties: tuple[DutyChange, ...]
    facilities: tuple[FacilityMove, ...]
    areas: tuple[AreaChange, ...]
    coverage: tuple[CoverageChange, ...]
    unheld: tuple[str, ...]

    @property
    def moving(self) -> int:
        """Households that would lie in another grid of the level where they are most."""
        sums = Counter[Level]()
        for each in self.passages:
            sums[each.level] += each.households
        return max(sums.values(), default=0)


def find(conn: Connection[Any], plan: Plan) -> Consequences:
    """Compare what a plan draws with what is published on its day."""
    before, after = drafts.compare(conn, plan)
    changed = sorted(
        (id_ for id_ in after.changed(before) if _is_worth_telling(before, after, id_)),
        key=lambda id_: (_level(before, after, id_), id_),
    )
    boxes = drafts.changing(before, after)
    grids = tuple(_grid(before, after, id_) for id_ in changed)
    concerned = {
        each.grid_id: each
        for each in grids
        if each.grid_id > 0 and each.what in ("redrawn", "ended")
    }
    passages = tuple(_passages(conn, plan, before, after, boxes))
    return Consequences(
        grids,
        passages,
        tuple(_issues(conn, before, after, boxes)),
        tuple(_duties(conn, plan, concerned)),
        tuple(services.moves(conn, plan, before, after, boxes)),
        tuple(_areas(conn, plan, concerned)),
        # Where no building changes hands nobody's figures do.
        tuple(services.reached(conn, plan, before, after, changed)) if passages else (),
        tuple(each.name for each in grids if each.what == "made"),
    )


def _is_worth_telling(before: Draft, after: Draft, id_: int) -> bool:
    one, other = before.ground.pieces.get(id_), after.ground.pieces.get(id_)
    if one is None or other is None or before.facts.get(id_) != after.facts.get(id_):
        return True
    return one.parent != other.parent or not has_same_ground(one.shape, other.shape)


def _level(before: Draft, after: Draft, id_: int) -> int:
    draft = after if id_ in after.facts else before
    return LEVELS.index(draft.ground[id_].level)


def _grid(before: Draft, after: Draft, id_: int) -> GridChange:
    was, now = before.facts.get(id_), after.facts.get(id_)
    piece, facts = (after, before)[now is None].ground[id_], now or was
    assert facts
    areas = [
        float(area_m2(np.asarray([draft.ground[id_].shape], dtype=object))[0])
        if id_ in draft.facts
        else None
        for draft in (before, after)
    ]
    what: What = "counted"
    if was is None or now is None:
        what = "made" if was is None else "ended"
    elif not has_same_ground(before.ground[id_].shape, after.ground[id_].shape):
        what = "redrawn"
    elif before.ground[id_].parent != after.ground[id_].parent:
        what = "handed_over"
    elif was.name != now.name:
        what = "renamed"
    elif was.code != now.code:
        what = "recoded"
    return GridChange(
        id_,
        piece.level,
        what,
        facts.name,
        was.name if was else None,
        facts.code,
        was.code if was else None,
        _parent(after if now else before, id_),
        _parent(before, id_) if was else None,
        now.households if now else None,
        was.households if was else None,
        areas[1],
        areas[0],
    )


def _parent(draft: Draft, id_: int) -> str:
    parent = draft.ground[id_].parent
    return draft.facts[parent].name if parent in draft.facts and parent is not None else ""


def _passages(
    conn: Connection[Any], plan: Plan, before: Draft, after: Draft, boxes: Sequence[Bounds]
) -> list[Passage]:
    rows: dict[int, tuple[float, float, int]] = {}
    for box in boxes:
        for building_id, lon, lat, households in conn.execute(
            """
            SELECT building_id, ST_X(geom), ST_Y(geom), coalesce(households, 0) FROM building
            WHERE geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) AND valid @> %s::date
            """,
            [*box, plan.effective_on],
        ):
            rows[building_id] = lon, lat, households
    if not rows:
        return []
    table = np.asarray(list(rows.values()), dtype=np.float64)
    points = np.asarray(shapely.points(table[:, :2]), dtype=object)
    found: list[Passage] = []
    for level in LEVELS[:0:-1]:
        was, now = locating.locate(before, level, points), locating.locate(after, level, points)
        sums = defaultdict[tuple[int, int], list[int]](lambda: [0, 0])
        for giver, taker, households in zip(was, now, table[:, 2], strict=True):
            if giver != taker:
                entry = sums[int(giver), int(taker)]
                entry[0], entry[1] = entry[0] + 1, entry[1] + int(households)
        found += [
            Passage(
                level, locating.read_name(before, giver), locating.read_name(after, taker), *entry
            )
            for (giver, taker), entry in sorted(sums.items(), key=lambda item: -item[1][1])
        ]
    return found


def _issues(
    conn: Connection[Any], before: Draft, after: Draft, boxes: Sequence[Bounds]
) -> list[IssueMove]:
    rows: dict[int, tuple[str, float, float]] = {}
    for box in boxes:
        for issue_id, title, lon, lat in conn.execute(
            """
            SELECT issue_id, title, ST_X(geom), ST_Y(geom) FROM issue
            WHERE closed_at IS NULL AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)
            """,
            box,
        ):
            rows[issue_id] = title, lon, lat
    if not rows:
        return []
    points = np.asarray(shapely.points([row[1:] for row in rows.values()]), dtype=object)
    was_in, now_in = locating.locate_finest(before, points), locating.locate_finest(after, points)
    return [
        IssueMove(
            issue_id,
            title,
            Point(lon, lat),
            locating.read_name(before, int(was)),
            locating.read_name(after, int(now)),
        )
        for (issue_id, (title, lon, lat)), was, now in zip(
            rows.items(), was_in, now_in, strict=True
        )
        if was != now
    ]


def _duties(conn: Connection[Any], plan: Plan, grids: dict[int, GridChange]) -> list[DutyChange]:
    rows = conn.execute(
        """
        SELECT m.name, r.name_zh, r.name_en, d.grid_id
        FROM duty d JOIN member m USING (member_id) JOIN duty_role r USING (role)
        WHERE d.grid_id = ANY(%s) AND d.term @> %s::date
        ORDER BY r.rank, d.is_deputy, m.name
        """,
        [list(grids), plan.basis_on],
    ).fetchall()
    return [
        DutyChange(name, role_zh, role_en, *_ground(grids[grid_id]))
        for name, role_zh, role_en, grid_id in rows
    ]


def _areas(conn: Connection[Any], plan: Plan, grids: dict[int, GridChange]) -> list[AreaChange]:
    rows = conn.execute(
        """
        SELECT o.name, a.grid_id FROM service_area a JOIN organisation o USING (organisation_id)
        WHERE a.grid_id = ANY(%s) AND a.valid @> %s::date ORDER BY o.name, a.grid_id
        """,
        [list(grids), plan.basis_on],
    ).fetchall()
    return [AreaChange(name, *_ground(grids[grid_id])) for name, grid_id in rows]


def _ground(grid: GridChange) -> tuple[str, float, float | None]:
    """Return what a grid was called, and its area before and after."""
    return grid.name_before or grid.name, grid.area_before_m2 or 0.0, grid.area_m2
