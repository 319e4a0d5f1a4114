"""What is wrong with what a plan draws: each fault with its place, its weight and what mends it.

Looked at is the ground that changes hands and what touches it, so that the cost follows the change
and not the county. Areas are geodesic square metres, places (lon, lat) in WGS 84 degrees.
"""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, Literal

import numpy as np
import shapely
from psycopg import Connection

from geodata import settings
from geodata.errors import NotFoundError
from geodata.model import LEVELS, Level
from geodata.partition import checks, nesting
from geodata.partition.measure import area_m2, place
from geodata.phrases import Phrase
from geodata.plans import drafts, drawing, keeping
from geodata.plans.drafts import Box
from geodata.plans.model import Actor, Draft, Plan, PlanStateError
from geodata.plans.operations import MAX_PARTS

Severity = Literal["blocking", "warning"]
Kind = Literal[
    "overlap",
    "gap",
    "narrow_gap",
    "sliver",
    "stray_piece",
    "multipart",
    "outside_parent",
    "invalid",
    "small",
    "few_households",
    "many_households",
    "building_outside",
    "code_taken",
    "name_taken",
]
# What is recorded as an exception from the partition law once somebody has accepted it.
EXCEPTIONS = ("overlap", "gap", "outside_parent", "multipart", "sliver")

# Local practice counts 300 to 500 households to a grid (DOMAIN); villages in the hills have fewer.
HOUSEHOLDS = {"least": 20, "most": 500}
SMALL_M2 = 100.0


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong, or may be.

    ``key`` stays the same while the fault does; ``is_old`` if it was published like that already;
    ``accepted`` is the reason for which it may stay. ``fix`` is an operation that mends it.
    """

    key: str
    kind: Kind
    severity: Severity
    ids: tuple[int, ...]
    text: Phrase
    m2: float | None = None
    place: tuple[float, float] | None = None
    is_old: bool = False
    accepted: str | None = None
    fix: Mapping[str, Any] | None = None
    fix_text: Phrase | None = None

    @property
    def is_blocking(self) -> bool:
        """Whether the plan cannot be submitted or published while this stands."""
        return self.severity == "blocking" and self.accepted is None and not self.is_old

    @property
    def can_be_accepted(self) -> bool:
        """Whether somebody may let it stand, with a reason."""
        return self.kind in ("multipart", "gap", "building_outside") or self.severity == "warning"


def find(conn: Connection[Any], plan: Plan) -> list[Fault]:
    """Find what is wrong where a plan draws: what blocks first, then what is new, then the old."""
    before, after = drafts.compare(conn, plan)
    boxes = drafts.changing(before, after)
    old = {fault.key for fault in _faults(conn, plan, before, before, boxes)}
    found = [*_faults(conn, plan, before, after, boxes), *_names(conn, plan, before, after)]
    accepted = dict(
        conn.execute(
            "SELECT problem, reason FROM plan_acceptance WHERE plan_id = %s", [plan.plan_id]
        ).fetchall()
    )
    faults = [
        replace(each, is_old=each.key in old, accepted=accepted.get(each.key)) for each in found
    ]
    return sorted(faults, key=lambda each: (not each.is_blocking, each.is_old, -(each.m2 or 0)))


def _faults(
    conn: Connection[Any], plan: Plan, before: Draft, draft: Draft, boxes: Sequence[Box]
) -> list[Fault]:
    """Find the faults of one side: of the draft, or of what is published there."""
    found: list[Fault] = []
    for level in LEVELS[1:]:
        ids = [id_ for id_, piece in draft.ground.pieces.items() if piece.level == level]
        near = _meeting(draft, ids, boxes)
        if not near:
            continue
        found += _shape_faults(draft, near)
        found += _gap_faults(draft, level, boxes) if level != "compound" else []
        found += _parent_faults(draft, near)
    changed = [id_ for id_ in draft.changed(before) if id_ in draft.facts]
    found += _size_faults(conn, draft, changed if draft is not before else [])
    found += _building_faults(conn, plan, draft, boxes)
    return found


def _meeting(draft: Draft, ids: Sequence[int], boxes: Sequence[Box]) -> list[int]:
    if not ids or not boxes:
        return []
    shapes = np.asarray([draft.ground[id_].shape for id_ in ids], dtype=object)
    tree = shapely.STRtree(np.asarray([shapely.box(*box) for box in boxes], dtype=object))
    return [ids[at] for at in np.unique(tree.query(shapes)[0])]


def _shape_faults(draft: Draft, ids: Sequence[int]) -> Iterator[Fault]:
    shapes = np.asarray([draft.ground[id_].shape for id_ in ids], dtype=object)
    problems = [
        *checks.find_overlaps(shapes),
        *checks.find_slivers(shapes),
        *checks.find_narrow_gaps(shapes),
    ]
    for problem in problems:
        concerned = tuple(ids[row] for row in problem.rows)
        names = [draft.facts[id_].name for id_ in concerned]
        text = {
            "overlap": Phrase("{names} cover the same ground.", {"names": names}),
            "sliver": Phrase("{names} is smaller than 1 m².", {"names": names}),
            "stray_piece": Phrase("{names} has a stray piece.", {"names": names}),
            "multipart": Phrase("{names} is not in one piece.", {"names": names}),
            "narrow_gap": Phrase("There is a narrow gap beside {names}.", {"names": names}),
        }[problem.kind]
        severity: Severity = (
            "blocking" if problem.kind in ("overlap", "sliver", "multipart") else "warning"
        )
        fault = _fault(problem.kind, severity, concerned, text, problem.m2, problem.place)
        parent = draft.ground[concerned[0]].parent
        if problem.kind == "narrow_gap" and parent is not None:
            mend = MappingProxyType({"do": "close_slivers", "grid": parent})
            within = Phrase(
                "Give all slivers in {name} to the longest neighbour",
                {"name": draft.facts[parent].name},
            )
            fault = replace(fault, fix=mend, fix_text=within)
        yield fault


def _gap_faults(draft: Draft, level: Level, boxes: Sequence[Box]) -> Iterator[Fault]:
    """Find ground of a county or a town that no town or community covers, within the boxes."""
    above = LEVELS[LEVELS.index(level) - 1]
    children = defaultdict[int, list[Any]](list)
    for piece in draft.ground.pieces.values():
        if piece.level == level and piece.parent is not None:
            children[piece.parent].append(piece.shape)
    for id_, piece in draft.ground.pieces.items():
        if piece.level != above or id_ not in children:
            continue
        for box in boxes:
            # Not clip_by_rect: it gives back ground outside where an edge touches the box's.
            ground = shapely.intersection(piece.shape, shapely.box(*box))
            if shapely.is_empty(ground):
                continue
            rest = shapely.difference(ground, shapely.union_all(children[id_]))
            parts = shapely.get_parts(rest)
            wide = parts[~shapely.is_empty(shapely.buffer(parts, -1e-7))]
            for part in wide:
                m2 = float(area_m2(np.asarray([part], dtype=object))[0])
                text = Phrase(
                    "Ground of {name} belongs to none of its grids.",
                    {"name": draft.facts[id_].name},
                )
                yield _fault("gap", "blocking", (id_,), text, m2, place(part))


def _parent_faults(draft: Draft, ids: Sequence[int]) -> Iterator[Fault]:
    for id_ in ids:
        piece = draft.ground[id_]
        parent = draft.ground.pieces.get(piece.parent) if piece.parent is not None else None
        if parent is None or shapely.covers(parent.shape, piece.shape):
            continue
        outside = nesting.beyond(piece.shape, parent.shape)
        if shapely.is_empty(outside):
            continue
        assert piece.parent is not None
        text = Phrase(
            "{name} leaves {parent}, in which it lies.",
            {"name": draft.facts[id_].name, "parent": draft.facts[piece.parent].name},
        )
        m2 = float(area_m2(np.asarray([outside], dtype=object))[0])
        yield _fault("outside_parent", "blocking", (id_, piece.parent), text, m2, place(outside))


def _size_faults(conn: Connection[Any], draft: Draft, ids: Sequence[int]) -> Iterator[Fault]:
    range_ = {**HOUSEHOLDS, **settings.read(conn).get("grid_households", {})}
    compounds = [id_ for id_ in ids if draft.ground[id_].level == "compound"]
    shapes = np.asarray([draft.ground[id_].shape for id_ in compounds], dtype=object)
    for id_, m2 in zip(compounds, area_m2(shapes), strict=True):
        facts, where = draft.facts[id_], place(draft.ground[id_].shape)
        if m2 < SMALL_M2:
            text = Phrase("{name} is smaller than {m2} m².", {"name": facts.name, "m2": SMALL_M2})
            yield _fault("small", "warning", (id_,), text, float(m2), where)
        if facts.households is None:
            continue
        counted = {"name": facts.name, "n": facts.households, **range_}
        if facts.households > range_["most"]:
            text = Phrase("{name} has {n} households; {most} at most is the rule.", counted)
            parts = min(-(-facts.households // range_["most"]), MAX_PARTS)
            yield replace(
                _fault("many_households", "warning", (id_,), text, None, where),
                fix=MappingProxyType({"do": "divide", "grid": id_, "parts": parts}),
                fix_text=Phrase("Divide it into {n} with equal households", {"n": parts}),
            )
        elif facts.households < range_["least"]:
            text = Phrase("{name} has {n} households; {least} at least is the rule.", counted)
            yield _fault("few_households", "warning", (id_,), text, None, where)


def _building_faults(
    conn: Connection[Any], plan: Plan, draft: Draft, boxes: Sequence[Box]
) -> Iterator[Fault]:
    """Find buildings with households outside every compound, where ground changes hands."""
    shapes = [p.shape for p in draft.ground.pieces.values() if p.level == "compound"]
    tree = shapely.STRtree(np.asarray(shapes, dtype=object))
    seen: set[bytes] = set()
    outside: list[Any] = []
    households = 0
    for box in boxes:
        found = drawing.buildings(conn, plan, box)
        covered = set(tree.query(found.points, predicate="covered_by")[0].tolist())
        for at, point in enumerate(found.points):
            if at not in covered and found.households[at] and point.wkb not in seen:
                seen.add(point.wkb)
                outside.append(point)
                households += int(found.households[at])
    if outside:
        text = Phrase(
            "{n} buildings with {households} households lie outside every compound.",
            {"n": len(outside), "households": households},
        )
        where = (float(outside[0].x), float(outside[0].y))
        yield _fault("building_outside", "warning", (), text, None, where, len(outside))


def _names(conn: Connection[Any], plan: Plan, before: Draft, after: Draft) -> Iterator[Fault]:
    """Find codes that other grids carry, and names that siblings do."""
    changed = [
        id_
        for id_ in sorted(after.changed(before))
        if id_ in after.facts and _is_named_anew(before, after, id_)
    ]
    for id_ in changed:
        facts, piece = after.facts[id_], after.ground[id_]
        where = place(piece.shape)
        values = {
            "plan": plan.plan_id, "step": plan.step, "on": plan.effective_on, "id": id_,
            "level": piece.level, "code": facts.code, "name": facts.name, "parent": piece.parent,
        }  # fmt: skip
        rows = conn.execute(
            """
            WITH drawn AS (
                SELECT grid_id, level, parent_id, name, code, geom IS NOT NULL AS is_there
                FROM plan_grid WHERE plan_id = %(plan)s AND steps @> %(step)s::int4),
            every AS (
                SELECT v.grid_id, v.level, v.parent_id, v.name, v.code FROM grid_version v
                WHERE v.level = %(level)s::grid_level AND v.valid @> %(on)s::date
                  AND (v.code = %(code)s OR v.parent_id = %(parent)s AND v.name = %(name)s)
                  AND v.grid_id NOT IN (SELECT grid_id FROM drawn)
                UNION ALL
                SELECT grid_id, level, parent_id, name, code FROM drawn
                WHERE is_there AND level = %(level)s::grid_level)
            SELECT code = %(code)s, parent_id = %(parent)s AND name = %(name)s, name
            FROM every
            WHERE grid_id <> %(id)s
              AND (code = %(code)s OR parent_id = %(parent)s AND name = %(name)s)
            """,
            values,
        ).fetchall()
        for same_code, same_name, other in rows[:1]:
            if same_code:
                text = Phrase(
                    "{name} has the code {code}, which {other} carries.",
                    {"name": facts.name, "code": facts.code, "other": other},
                )
                yield replace(
                    _fault("code_taken", "blocking", (id_,), text, None, where),
                    fix=MappingProxyType({"do": "recode", "grid": id_}),
                    fix_text=Phrase("Give it the next free code"),
                )
            elif same_name:
                text = Phrase("Two grids side by side are called {name}.", {"name": facts.name})
                yield _fault("name_taken", "warning", (id_,), text, None, where)


def _is_named_anew(before: Draft, after: Draft, id_: int) -> bool:
    was, now = before.facts.get(id_), after.facts[id_]
    if was is None or (was.name, was.code) != (now.name, now.code):
        return True
    return before.ground[id_].parent != after.ground[id_].parent


def _fault(
    kind: Any,
    severity: Severity,
    ids: tuple[int, ...],
    text: Phrase,
    m2: float | None,
    where: tuple[float, float] | None,
    extent: float = 0,
) -> Fault:
    # To a metre and a square metre: what moved is another fault.
    about = (kind, *ids, *(f"{each:.5f}" for each in where or ()), round(m2 or 0), extent)
    key = hashlib.sha256(repr(about).encode()).hexdigest()[:16]
    return Fault(key, kind, severity, ids, text, m2, where)


def check_submittable(conn: Connection[Any], plan: Plan) -> list[Fault]:
    """Return what is wrong with a plan but may stand.

    Raises PlanStateError if something must be put right first, or nothing is drawn.
    """
    if not drafts.touched(conn, plan):
        raise PlanStateError("Nothing is drawn in this plan.")
    if drafts.moved_on(conn, plan):
        raise PlanStateError(
            "Other boundaries have been published where this plan draws.",
            hint="Bring the plan up to date first.",
        )
    faults = find(conn, plan)
    if blocking := [each for each in faults if each.is_blocking]:
        raise PlanStateError(
            "{n} faults must be put right first.",
            hint="Open the plan: each is listed with its place.",
            n=len(blocking),
        )
    return faults


def accept(conn: Connection[Any], plan: Plan, actor: Actor, key: str, reason: str) -> Plan:
    """Let a fault stand, with the reason; without one it no longer may.

    Raises NotFoundError if there is no such fault, PlanStateError if it cannot be let stand.
    """
    keeping.check_drawn_by(plan, actor)
    fault = next((each for each in find(conn, plan) if each.key == key), None)
    if fault is None:
        raise NotFoundError("This fault is no longer there.")
    if not fault.can_be_accepted:
        raise PlanStateError("This has to be put right.")
    conn.execute(
        "DELETE FROM plan_acceptance WHERE plan_id = %s AND problem = %s", [plan.plan_id, key]
    )
    if reason.strip():
        conn.execute(
            "INSERT INTO plan_acceptance (plan_id, problem, reason, actor) VALUES (%s, %s, %s, %s)",
            [plan.plan_id, key, keeping.read_reason(reason), actor.username],
        )
    return keeping.counted(conn, plan)
