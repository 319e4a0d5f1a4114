"""Making a plan of a file of grids: of the difference between the file and what holds on the day.

The plan is a step that divides the level as the file does, then a step for each grid of the level
below that came to lie wholly in another one. What cannot be settled so is left to its checks.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any

import shapely
from psycopg import Connection

from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.grids import writing as boundaries
from geodata.importing.files import exchange
from geodata.importing.files.process import Limits, Outcome
from geodata.importing.files.requests import GridRequest, Progress
from geodata.importing.findings.finding import Finding, square_metres
from geodata.importing.grids.writing import GridImport, Writer, import_grids
from geodata.importing.report import code_table
from geodata.importing.report.report import Report
from geodata.language.phrases import Phrase
from geodata.model import LEVELS, Level
from geodata.partition.ground import LawError
from geodata.partition.nesting import beyond
from geodata.plans import checking, drafts, drawing, files, keeping
from geodata.plans.files import FileGrid, Pair, PlanFile
from geodata.plans.loading import plain
from geodata.plans.model import STATES, Actor, Draft, Facts, Plan
from geodata.plans.sharing import ENDED


def plan_grids(
    conn: Connection[Any],
    order: GridImport,
    actor: Actor,
    title: str,
    purpose: str = "",
    *,
    progress: Progress,
    limits: Limits | None = None,
) -> Report:
    """Survey a file and, unless something stands in the way, make a plan of it. Never commits.

    The plan is to hold from ``order.valid_from`` on. A file in which nothing differs makes none.

    Raises:
        FileRefusedError: the file, or the table of old and new codes, cannot be used
        NotFoundError: the level above has not been imported
        InvalidInputError: a column is missing, a title cannot be used or is that of a plan under
            way, or --accept is given
    """
    if order.accept:
        raise InvalidInputError(
            "--accept does not go with --as-plan.",
            hint="Faults are let stand in the plan: gridmap plan accept.",
        )
    title, purpose = keeping.check_texts(title, purpose)
    boundaries.lock(conn)
    _check_new(conn, title)
    write = _writer(actor, title, purpose, progress)
    report = import_grids(conn, order, progress=progress, limits=limits, write=write)
    if order.valid_from < clock.today() and not report.is_blocked:
        report.findings.append(
            Finding("plan_day_past", "warning", data={"day": order.valid_from.isoformat()})
        )
    return report


def _check_new(conn: Connection[Any], title: str) -> None:
    """Raise InvalidInputError if a plan under way has a title: the order was given twice."""
    row = conn.execute(
        "SELECT plan_id, state, effective_on FROM plan WHERE title = %s AND state <> ALL (%s)"
        " ORDER BY plan_id DESC LIMIT 1",
        [title, list(ENDED)],
    ).fetchone()
    if row is None:
        return
    raise InvalidInputError(
        "There is a plan of this name already: plan {number} “{title}” ({state}, from {day} on).",
        hint="Go on with it (gridmap plan check {number}), or give the new plan another name. If"
        " the new one is to replace it, withdraw it first: gridmap plan advance {number} withdraw.",
        number=row[0],
        title=title,
        state=STATES[row[1]],
        day=row[2].isoformat(),
    )


def _writer(actor: Actor, title: str, purpose: str, progress: Progress) -> Writer:
    def write(
        conn: Connection[Any],
        order: GridImport,
        request: GridRequest,
        done: Outcome,
        report: Report,
    ) -> None:
        if not done.result["differences"]:
            return
        progress("writing", 0.0)
        plan = keeping.create(conn, actor, title, purpose, order.valid_from)
        source = Path(order.file.path).name
        number = files.add(conn, plan.plan_id, actor, source, _file(request, done))
        step = {"do": "bring", "file": number}
        plan = drawing.do(conn, plan.plan_id, actor, step, revision=None).plan
        progress("checking against the level above", 0.0)
        handed = _hand_over(conn, plan, actor, order.level)
        if handed:
            report.notes.append(
                Phrase("{count:,} grids below go to the one in which they lie now.",
                       {"count": handed})
            )  # fmt: skip
        _note_faults(conn, keeping.get(conn, plan.plan_id), report)
        report.plan, report.is_written = plan.plan_id, True

    return write


def _file(request: GridRequest, done: Outcome) -> PlanFile:
    """Return what is kept of a file with its plan: where it differs, and old beside new."""
    result = done.result
    shapes = exchange.load(done.work / "shapes.wkb")
    shape_of = dict(zip(result["write"], shapes, strict=True))
    ids = _ids(request, result)
    grids: dict[int, FileGrid | None] = {}
    for each in result["differences"]:
        new = each["new"]
        if each["whats"][0] in {"merged", "divided", "gone"}:
            grids[request.existing[each["old"]].grid_id] = None
            continue
        grids[ids[new]] = _grid(request, result, new, shape_of.get(new))
    return PlanFile(
        request.level,
        request.columns.households is not None,
        request.columns.population is not None,
        MappingProxyType(grids),
        _pairs(request, result, ids, grids),
    )


def _ids(request: GridRequest, result: Mapping[str, Any]) -> dict[int, int]:
    """Return the number of each row: of the grid that it continues, or a new one below zero."""
    ids = {
        each["new"]: request.existing[each["old"]].grid_id
        for each in result["relations"]
        if each["continues"]
    }
    fresh = -1
    for new in range(len(result["rows"])):
        if new not in ids:
            ids[new] = fresh
            fresh -= 1
    return ids


def _grid(request: GridRequest, result: Mapping[str, Any], new: int, shape: Any | None) -> FileGrid:
    row = result["rows"][new]
    at = result["parent_of"][new] if result["parent_of"] else -1
    return FileGrid(
        request.parents[at].grid_id if at >= 0 else None,
        Facts(row["name"], row["code"], row["households"], row["population"]),
        None if shape is None else plain(shape),
    )


def _pairs(
    request: GridRequest,
    result: Mapping[str, Any],
    ids: Mapping[int, int],
    grids: Mapping[int, FileGrid | None],
) -> list[Pair]:
    """Return the table of old and new for the grids in which the file differs."""
    pairs: list[Pair] = []
    for each in code_table.lines(result, request):
        old_id = request.existing[each.old].grid_id if each.old is not None else None
        new_id = ids[each.new] if each.new is not None else None
        if {old_id, new_id} & grids.keys():
            pairs.append(Pair(
                old_id, each.old_code or None, each.old_name or None,
                new_id, each.new_code or None, each.new_name or None,
                each.m2, each.old_share, each.households, each.continues,
            ))  # fmt: skip
    return pairs


def _hand_over(conn: Connection[Any], plan: Plan, actor: Actor, level: Level) -> int:
    """Hand over grids of the level below that lie wholly in another one now; return how many."""
    if level == LEVELS[-1]:
        return 0
    _before, after = drafts.compare(conn, plan)
    handed = 0
    for id_, parent in _strangers(after, level):
        step = {"do": "hand_over", "grid": id_, "parent": parent}
        try:
            with conn.transaction():
                drawing.do(conn, plan.plan_id, actor, step, revision=None)
        except LawError:
            # The checks of the plan name it.
            continue
        handed += 1
    return handed


def _strangers(after: Draft, level: Level) -> list[tuple[int, int]]:
    """Return the grids that lie wholly in another one of a level, with that."""
    below = LEVELS[LEVELS.index(level) + 1]
    found: list[tuple[int, int]] = []
    for id_, piece in sorted(after.ground.pieces.items()):
        parent = after.ground.pieces.get(piece.parent) if piece.parent is not None else None
        if piece.level != below or parent is None or _holds(parent.shape, piece.shape):
            continue
        holders = [
            each
            for each in after.ground.near(piece.shape)
            if after.ground[each].level == level
            and each != piece.parent
            and _holds(after.ground[each].shape, piece.shape)
        ]
        if len(holders) == 1:
            found.append((id_, holders[0]))
    return found


def _holds(parent: Any, child: Any) -> bool:
    return bool(shapely.covers(parent, child)) or bool(shapely.is_empty(beyond(child, parent)))


def _note_faults(conn: Connection[Any], plan: Plan, report: Report) -> None:
    """Say what of the plan has to be put right before it can be submitted."""
    for fault in checking.find(conn, plan):
        if fault.is_blocking:
            data = {"text": fault.text}
            if fault.m2:
                m2 = square_metres(fault.m2)
                data = {"text": Phrase("{text} ({m2} m²)", {"text": fault.text, "m2": m2})}
            report.findings.append(
                Finding("plan_fault", "warning", (), fault.m2, fault.place, data)
            )
