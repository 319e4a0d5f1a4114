"""What is wrong with what a plan draws: each fault with its place, its weight and what mends it.

Looked at is the ground that changes hands and what touches it, so that the cost follows the change
and not the county.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

from psycopg import Connection

from geodata.errors import InvalidInputError, NotFoundError
from geodata.language.phrases import Phrase
from geodata.partition.measure import place
from geodata.plans import drafts, faults, inspecting, keeping
from geodata.plans.faults import Fault
from geodata.plans.model import Actor, Draft, Plan, PlanStateError


def find(conn: Connection[Any], plan: Plan) -> list[Fault]:
    """Find what is wrong where a plan draws: what blocks first, then what is new, then the old."""
    return compared(conn, plan, *drafts.compare(conn, plan))


def compared(conn: Connection[Any], plan: Plan, before: Draft, after: Draft) -> list[Fault]:
    """Find the same where what is published and what is drawn have been compared already."""
    boxes = drafts.find_changed_boxes(before, after)
    found = [*inspecting.look(conn, plan, before, after, boxes), *_names(conn, plan, before, after)]
    old = inspecting.look(conn, plan, before, before, boxes) if found else []
    return _weighed(conn, plan, found, old)


def find_all(conn: Connection[Any], plan: Plan, grid_id: int) -> list[Fault]:
    """Find what is wrong in a grid as the plan has it, old faults as well: to mend one by one.

    Raises InvalidInputError if the grid is not there.
    """
    boxes = drafts.find_boxes(conn, plan, [grid_id])
    if not boxes:
        raise InvalidInputError(
            "There is no grid with the number {grid_id} in this plan.", grid_id=grid_id
        )
    after = drafts.load(conn, plan, [grid_id], boxes)
    before = drafts.read_basis(conn, plan, after)
    ids = set(drafts.list_within(after, grid_id))
    found = [
        fault
        for fault in [
            *inspecting.look(conn, plan, before, after, boxes),
            *_names(conn, plan, before, after),
        ]
        if ids & set(fault.ids)
    ]
    old = inspecting.look(conn, plan, before, before, boxes) if found else []
    return _weighed(conn, plan, found, old)


def _weighed(
    conn: Connection[Any], plan: Plan, found: Sequence[Fault], old: Sequence[Fault]
) -> list[Fault]:
    """Say of faults which are old and which were accepted, and put the pressing ones first."""
    accepted = dict(
        conn.execute(
            "SELECT problem, reason FROM plan_acceptance WHERE plan_id = %s", [plan.plan_id]
        ).fetchall()
    )
    weighed = [
        replace(each, is_old=faults.was_there(each, old), accepted=accepted.get(each.key))
        # The same ground lies in the boxes of several grids.
        for each in {each.key: each for each in found}.values()
    ]
    return sorted(weighed, key=lambda each: (not each.is_blocking, each.is_old, -(each.m2 or 0)))


def check_submittable(conn: Connection[Any], plan: Plan) -> tuple[Draft, Draft, list[Fault]]:
    """Return what is published and drawn where they differ, and what is wrong but may stand.

    Raises PlanStateError if something must be put right first, or nothing is drawn.
    """
    if not drafts.list_touched(conn, plan):
        raise PlanStateError("Nothing is drawn in this plan.")
    if drafts.find_outdated(conn, plan):
        raise PlanStateError(
            "Other boundaries have been published where this plan draws.",
            hint="Bring the plan up to date first.",
        )
    before, after = drafts.compare(conn, plan)
    found = compared(conn, plan, before, after)
    if blocking := [each for each in found if each.is_blocking]:
        raise PlanStateError(
            "{n} must be fixed first.",
            hint="Open the plan: each is listed with its place.",
            n=len(blocking),
        )
    return before, after, found


def accept(conn: Connection[Any], plan: Plan, actor: Actor, key: str, reason: str) -> Plan:
    """Let a fault stand, with the reason; without one it no longer may.

    Raises NotFoundError if there is no such fault, PlanStateError if it cannot be let stand.
    """
    keeping.check_drawn_by(plan, actor)
    fault = next((each for each in find(conn, plan) if each.key == key), None)
    if fault is None:
        raise NotFoundError("This fault is no longer there.")
    if not fault.can_be_accepted:
        raise PlanStateError("This must be fixed.")
    conn.execute(
        "DELETE FROM plan_acceptance WHERE plan_id = %s AND problem = %s", [plan.plan_id, key]
    )
    if reason.strip():
        conn.execute(
            "INSERT INTO plan_acceptance (plan_id, problem, reason, actor) VALUES (%s, %s, %s, %s)",
            [plan.plan_id, key, keeping.read_reason(reason), actor.username],
        )
    return keeping.count_change(conn, plan)


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
                    "{name} has the code {code}, which {other} already uses.",
                    {"name": facts.name, "code": facts.code, "other": other},
                )
                yield replace(
                    faults.fault("code_taken", "blocking", (id_,), text, None, where),
                    fix=MappingProxyType({"do": "recode", "grid": id_}),
                    fix_text=Phrase("Give it the next free code"),
                )
            elif same_name:
                text = Phrase("Two grids side by side are called {name}.", {"name": facts.name})
                yield faults.fault("name_taken", "warning", (id_,), text, None, where)


def _is_named_anew(before: Draft, after: Draft, id_: int) -> bool:
    was, now = before.facts.get(id_), after.facts[id_]
    if was is None or (was.name, was.code) != (now.name, now.code):
        return True
    return before.ground[id_].parent != after.ground[id_].parent
