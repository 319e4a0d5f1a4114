"""What a plan would change for those who live and work there, before it is published."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg import Connection

from geodata.model import LEVELS, Level, Point
from geodata.partition.measure import area_m2
from geodata.phrases import Phrase
from geodata.plans import drafts
from geodata.plans.drafts import Box
from geodata.plans.model import Draft, Plan

What = Literal["made", "ended", "redrawn", "handed_over", "renamed", "recoded", "counted"]

# In the order in which they are counted and listed.
TITLES: Mapping[What, Phrase] = {
    "made": Phrase("new"),
    "ended": Phrase("ends"),
    "redrawn": Phrase("redrawn"),
    "handed_over": Phrase("handed over"),
    "renamed": Phrase("renamed"),
    "recoded": Phrase("recoded"),
    "counted": Phrase("counted anew"),
}


@dataclass(frozen=True, slots=True)
class GridChange:
    """A grid as it is and as it would be; areas in square metres, None where it is not there."""

    grid_id: int
    level: Level
    what: What
    name: str
    name_before: str | None
    code: str
    code_before: str | None
    parent: str
    parent_before: str | None
    households: int | None
    households_before: int | None
    area_m2: float | None
    area_before_m2: float | None


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
    unheld: tuple[str, ...]


def find(conn: Connection[Any], plan: Plan) -> Consequences:
    """Compare what a plan draws with what is published on its day."""
    before, after = drafts.compare(conn, plan)
    changed = sorted(after.changed(before), key=lambda id_: (_level(before, after, id_), id_))
    boxes = drafts.changing(before, after)
    grids = tuple(_grid(before, after, id_) for id_ in changed)
    return Consequences(
        grids,
        tuple(_passages(conn, plan, before, after, boxes)),
        tuple(_issues(conn, before, after, boxes)),
        tuple(_duties(conn, plan, {each.grid_id: each for each in grids})),
        tuple(each.name for each in grids if each.what == "made"),
    )


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
    elif not before.ground[id_].shape.equals(after.ground[id_].shape):
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
    conn: Connection[Any], plan: Plan, before: Draft, after: Draft, boxes: Sequence[Box]
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
        was, now = _homes(before, level, points), _homes(after, level, points)
        sums = defaultdict[tuple[int, int], list[int]](lambda: [0, 0])
        for giver, taker, households in zip(was, now, table[:, 2], strict=True):
            if giver != taker:
                entry = sums[int(giver), int(taker)]
                entry[0], entry[1] = entry[0] + 1, entry[1] + int(households)
        found += [
            Passage(level, _name(before, giver), _name(after, taker), *entry)
            for (giver, taker), entry in sorted(sums.items(), key=lambda item: -item[1][1])
        ]
    return found


def _homes(draft: Draft, level: Level, points: NDArray[np.object_]) -> NDArray[np.int64]:
    """Return the grid of a level in which each point lies, 0 where there is none.

    On a shared edge both sides cover the point; the lower code has it.
    """
    homes = np.zeros(len(points), dtype=np.int64)
    ids = sorted(
        (id_ for id_, piece in draft.ground.pieces.items() if piece.level == level),
        key=lambda id_: draft.facts[id_].code,
        reverse=True,
    )
    tree = shapely.STRtree(points)
    for id_ in ids:
        homes[tree.query(draft.ground[id_].shape, predicate="covers")] = id_
    return homes


def _name(draft: Draft, id_: int) -> str:
    return draft.facts[id_].name if id_ else ""


def _issues(
    conn: Connection[Any], before: Draft, after: Draft, boxes: Sequence[Box]
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
    homes: list[NDArray[np.int64]] = []
    for draft in (before, after):
        finest, above = _homes(draft, "compound", points), _homes(draft, "community", points)
        homes.append(np.where(finest != 0, finest, above))
    return [
        IssueMove(issue_id, title, Point(lon, lat), _name(before, int(was)), _name(after, int(now)))
        for (issue_id, (title, lon, lat)), was, now in zip(rows.items(), *homes, strict=True)
        if was != now
    ]


def _duties(conn: Connection[Any], plan: Plan, grids: dict[int, GridChange]) -> list[DutyChange]:
    concerned = [
        id_ for id_, each in grids.items() if id_ > 0 and each.what in ("redrawn", "ended")
    ]
    rows = conn.execute(
        """
        SELECT m.name, r.name_zh, r.name_en, d.grid_id
        FROM duty d JOIN member m USING (member_id) JOIN duty_role r USING (role)
        WHERE d.grid_id = ANY(%s) AND d.term @> %s::date
        ORDER BY r.rank, d.is_deputy, m.name
        """,
        [concerned, plan.effective_on],
    ).fetchall()
    return [
        DutyChange(
            name,
            role_zh,
            role_en,
            grids[grid_id].name_before or grids[grid_id].name,
            grids[grid_id].area_before_m2 or 0.0,
            grids[grid_id].area_m2,
        )
        for name, role_zh, role_en, grid_id in rows
    ]
