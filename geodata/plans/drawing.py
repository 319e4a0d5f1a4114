"""Drawing in a plan: an operation is done, undone, done again, or done on newer boundaries."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from psycopg.types.json import Jsonb

from geodata.errors import InvalidInputError
from geodata.language.phrases import from_plain, to_plain
from geodata.model import Bounds, Level
from geodata.partition.areas import LEFT_OVER_DEG
from geodata.plans import applying, codes, drafts, files, keeping, operations
from geodata.plans.applying import Sources
from geodata.plans.counting import Buildings
from geodata.plans.files import PlanFile
from geodata.plans.model import Actor, Draft, Plan, PlanStateError, PlanStep
from geodata.plans.operations import (
    Annex,
    Bring,
    CutOut,
    Draw,
    HandOver,
    Operation,
    Restore,
    Split,
    Trim,
)  # fmt: skip

# What moves the borders of the grids above, wherever these run.
_FAR = (HandOver, Annex, Draw, Trim, Restore, Bring)
# Around what is drawn, in degrees (about 1 m): whatever touches it is looked at as well.
_MARGIN = 1e-5


@dataclass(frozen=True, slots=True)
class Done:
    """A plan after a step, and the grids that the step changed, made or ended."""

    plan: Plan
    changed: frozenset[int]


def do(
    conn: Connection[Any], plan_id: int, actor: Actor, plain: object, *, revision: int | None
) -> Done:
    """Do an operation in a plan and save it; what was undone before is gone then.

    ``plain`` is an operation as JSON data (see ``operations``). Nothing is written when it raises:
    StaleError, PlanStateError, InvalidInputError, LawError.
    """
    operation = operations.read(plain)
    plan = keeping.take(conn, plan_id, revision)
    keeping.check_drawn_by(plan, actor)
    forget_undone(conn, plan)
    new_id = drafts.least_id(conn, plan) - 1
    changed = _do(conn, plan, operation, new_id)
    if not changed:
        raise InvalidInputError("Nothing would change.")
    _note(conn, plan, operation.model_dump(exclude_none=True), new_id, actor.username, None)
    return Done(keeping.counted(conn, plan), frozenset(changed))


def undo(conn: Connection[Any], plan_id: int, actor: Actor, *, revision: int | None) -> Done:
    """Take the last step of a plan back. Raises PlanStateError if there is none, StaleError."""
    plan = keeping.take(conn, plan_id, revision)
    keeping.check_drawn_by(plan, actor)
    if plan.step == 0:
        raise PlanStateError("There is nothing to undo.")
    return _go(conn, plan, plan.step - 1)


def redo(conn: Connection[Any], plan_id: int, actor: Actor, *, revision: int | None) -> Done:
    """Do again what was undone last. Raises PlanStateError if nothing was, StaleError."""
    plan = keeping.take(conn, plan_id, revision)
    keeping.check_drawn_by(plan, actor)
    if plan.step == plan.steps:
        raise PlanStateError("There is nothing to redo.")
    return _go(conn, plan, plan.step + 1)


def rebase(conn: Connection[Any], plan_id: int, actor: Actor, *, revision: int | None) -> Done:
    """Do all steps of a plan again on the boundaries as they are published now.

    A step that can no longer be done stays in the list with the reason, and changes nothing.
    """
    plan = keeping.take(conn, plan_id, revision)
    keeping.check_drawn_by(plan, actor)
    forget_undone(conn, plan)
    before = set(drafts.touched(conn, plan))
    todo = [step for step in steps(conn, plan_id) if step.number <= plan.step]
    conn.execute("DELETE FROM plan_grid WHERE plan_id = %s", [plan_id])
    conn.execute("DELETE FROM plan_base WHERE plan_id = %s", [plan_id])
    conn.execute("DELETE FROM plan_step WHERE plan_id = %s", [plan_id])
    for step in todo:
        _again(conn, replace(plan, step=step.number - 1), step)
    plan = keeping.get(conn, plan_id)
    keeping.note(conn, plan_id, actor, "rebased")
    plan = keeping.counted(conn, plan)
    return Done(plan, frozenset(before | set(drafts.touched(conn, plan))))


def steps(conn: Connection[Any], plan_id: int) -> list[PlanStep]:
    """List what was drawn in a plan, what was undone among it, the first thing first."""
    rows = conn.execute(
        "SELECT number, operation, new_id, actor, at, fault FROM plan_step WHERE plan_id = %s"
        " ORDER BY number",
        [plan_id],
    ).fetchall()
    return [PlanStep(*row[:5], fault=_fault(row[5])) for row in rows]


def forget_undone(conn: Connection[Any], plan: Plan) -> None:
    """Throw away what was undone: something else is drawn instead."""
    if plan.step == plan.steps:
        return
    values = {"plan": plan.plan_id, "step": plan.step}
    conn.execute("DELETE FROM plan_step WHERE plan_id = %(plan)s AND number > %(step)s", values)
    conn.execute(
        "DELETE FROM plan_grid WHERE plan_id = %(plan)s AND lower(steps) > %(step)s", values
    )
    conn.execute(
        """
        UPDATE plan_grid SET steps = int4range(lower(steps), NULL)
        WHERE plan_id = %(plan)s AND upper(steps) > %(step)s
        """,
        values,
    )


def around(
    conn: Connection[Any], plan: Plan, operation: Operation
) -> tuple[list[int], list[Bounds]]:
    """Return what has to be loaded for an operation: grids by number, and boxes in degrees."""
    if isinstance(operation, Restore):
        earlier = drafts.before_publication(conn, operation.plan)
        boxes = [_grown(drafts.as_box(each[0].shape)) for each in earlier.values() if each]
        return list(earlier), boxes
    if isinstance(operation, Bring):
        return _around_file(conn, plan, files.get(conn, plan.plan_id, operation.file))
    whole, places = operations.concerns(operation)
    boxes = [_grown(box) for id_ in whole for box in drafts.bounds(conn, plan, [id_])]
    # Where a line leaves its grid nothing happens any more.
    if len(places) and not isinstance(operation, (Split, CutOut)):
        west, south = places.min(axis=0).tolist()
        east, north = places.max(axis=0).tolist()
        margin = LEFT_OVER_DEG if isinstance(operation, Draw) else _MARGIN
        boxes.append(_grown(Bounds(west, south, east, north), margin))
    return operations.named(operation), boxes


def sources(conn: Connection[Any], plan: Plan) -> Sources:
    """Return what operations look up in the database."""

    def next_code(level: Level, prefix: str, taken: Any) -> str:
        return codes.next_free(conn, level, prefix, [*taken, *_drafted(conn, plan)])

    return Sources(
        next_code,
        lambda box: buildings(conn, plan, box),
        lambda plan_id: drafts.before_publication(conn, plan_id),
        lambda number: files.get(conn, plan.plan_id, number),
    )


def buildings(conn: Connection[Any], plan: Plan, box: Bounds) -> Buildings:
    """Return the buildings within a box (west, south, east, north in degrees) on the plan's day."""
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            """
            SELECT ST_X(b.geom), ST_Y(b.geom), coalesce(b.households, 0)::int8 FROM building b
            WHERE b.geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) AND b.valid @> %s::date
            """,
            [*box, plan.effective_on],
        ).fetchall()
    found = np.asarray(rows, dtype=np.float64).reshape(-1, 3)
    return Buildings(
        np.asarray(shapely.points(found[:, :2]), dtype=object), found[:, 2].astype(np.int64)
    )


def _do(conn: Connection[Any], plan: Plan, operation: Operation, new_id: int) -> set[int]:
    ids, boxes = around(conn, plan, operation)
    before = drafts.load(conn, plan, ids, boxes, with_parents=isinstance(operation, _FAR))
    after = applying.apply(before, operation, new_id, sources(conn, plan))
    return drafts.save(conn, plan, before, after)


def _around_file(
    conn: Connection[Any], plan: Plan, file: PlanFile
) -> tuple[list[int], list[Bounds]]:
    """Return the grids of a file and their parents, with the ground that they have or get."""
    known = [id_ for id_ in file.grids if id_ > 0]
    there = [grid for grid in file.grids.values() if grid is not None]
    parents = {grid.parent for grid in there if grid.parent is not None}
    boxes = drafts.bounds(conn, plan, known)
    boxes += [drafts.as_box(grid.shape) for grid in there if grid.shape is not None]
    return [*known, *sorted(parents)], [_grown(box) for box in drafts.joined(boxes)]


def _again(conn: Connection[Any], plan: Plan, step: PlanStep) -> None:
    fault: Mapping[str, object] | None = None
    try:
        with conn.transaction():
            _do(conn, plan, operations.read(dict(step.operation)), step.new_id)
    except InvalidInputError as error:
        fault = {"message": error.message, "hint": error.hint, "data": error.data}
    _note(conn, plan, step.operation, step.new_id, step.actor, fault)


def _note(
    conn: Connection[Any],
    plan: Plan,
    operation: Mapping[str, Any],
    new_id: int,
    actor: str,
    fault: Mapping[str, object] | None,
) -> None:
    conn.execute(
        "INSERT INTO plan_step (plan_id, number, operation, new_id, actor, fault)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [
            plan.plan_id,
            plan.step + 1,
            Jsonb(operation),
            new_id,
            actor,
            None if fault is None else Jsonb(fault, dumps=_dumps),
        ],
    )
    conn.execute("UPDATE plan SET step = %s WHERE plan_id = %s", [plan.step + 1, plan.plan_id])


def _go(conn: Connection[Any], plan: Plan, step: int) -> Done:
    """Let another step be the present one; what is drawn lies ready."""
    rows = conn.execute(
        """
        SELECT DISTINCT grid_id FROM plan_grid
        WHERE plan_id = %(plan)s AND (steps @> %(one)s::int4) <> (steps @> %(other)s::int4)
        """,
        {"plan": plan.plan_id, "one": plan.step, "other": step},
    ).fetchall()
    conn.execute("UPDATE plan SET step = %s WHERE plan_id = %s", [step, plan.plan_id])
    return Done(keeping.counted(conn, plan), frozenset(row[0] for row in rows))


def _drafted(conn: Connection[Any], plan: Plan) -> list[str]:
    """Return the codes that the plan has given, also to grids that lie elsewhere."""
    rows = conn.execute(
        "SELECT code FROM plan_grid WHERE plan_id = %s AND steps @> %s::int4",
        [plan.plan_id, plan.step],
    ).fetchall()
    return [row[0] for row in rows]


def _grown(box: Bounds, by: float = _MARGIN) -> Bounds:
    return Bounds(box.west - by, box.south - by, box.east + by, box.north + by)


def _dumps(value: object) -> str:
    return json.dumps(value, default=to_plain)


def _fault(plain: Mapping[str, Any] | None) -> Mapping[str, Any] | None:
    if plain is None:
        return None
    return json.loads(json.dumps(plain), object_hook=from_plain)


__all__ = [
    "Done",
    "Draft",
    "around",
    "buildings",
    "do",
    "rebase",
    "redo",
    "sources",
    "steps",
    "undo",
]
