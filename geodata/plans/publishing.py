"""Letting a plan hold: checked against the boundaries of the moment, written in one transaction."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from types import MappingProxyType
from typing import Any

from psycopg import Connection

from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.model import LEVELS, Bounds, Level
from geodata.partition.ground import keep_law
from geodata.plans import advancing, checking, drafts, drawing, keeping
from geodata.plans.faults import EXCEPTIONS, Fault
from geodata.plans.model import STATES, Actor, Draft, Plan, PlanStateError


@dataclass(frozen=True, slots=True)
class Published:
    """What a publication wrote: numbers of the grids that the plan made, and issues re-homed."""

    plan: Plan
    made: Mapping[int, int]
    issues: int


def publish(
    conn: Connection[Any], plan_id: int, actor: Actor, today: date, *, revision: int | None
) -> Published:
    """Write an approved plan's boundaries as versions from its day on; the caller commits.

    Raises:
        StaleError: the plan is no longer as it was seen
        PlanStateError: it is not approved, its day is past, others were published since it was
            drawn, or something blocking is wrong with it
        LawError, OverlapError: the partition law would be broken
        DateOrderError: a grid has a version that begins later
    """
    # First, so that all that is read afterwards includes what earlier holders committed.
    boundaries.lock(conn)
    plan = keeping.take(conn, plan_id, revision)
    before, after, accepted = _ready(conn, plan, today)
    changed = after.changed(before)
    # What lies in pieces was accepted as such, or is one of the faults that block.
    leaving = {each.ids[0] for each in accepted if each.kind == "outside_parent"}
    keep_law(before.ground, after.ground, may_part=changed, may_leave=leaving)
    located = _open_issues(conn, plan, drafts.changing(before, after))
    source = f"plan:{plan.plan_id}"
    versions = _versions(conn, plan, changed)
    made: dict[int, int] = {}
    with boundaries.refusals():
        for level in LEVELS:
            _end(conn, level, before, after, changed, plan.effective_on)
        for level in LEVELS:
            made |= _write(conn, level, after, changed, made, plan.effective_on, source)
        boundaries.check_now(conn)
    for level in LEVELS:
        if any(
            (after if id_ in after.facts else before).ground[id_].level == level for id_ in changed
        ):
            boundaries.refresh_shapes(conn, level)
    _record(conn, plan, changed, made, versions)
    _except(conn, plan, accepted, made)
    moved = _move_issues(conn, plan, located)
    _end_duties(conn, plan, [id_ for id_ in changed if id_ not in after.facts])
    plan = advancing.advance(conn, plan, actor, "publish")
    return Published(plan, MappingProxyType(made), moved)


def oppose(
    conn: Connection[Any], plan_id: int, actor: Actor, title: str, effective_on: date
) -> Plan:
    """Begin a plan that takes a publication back: what it changed becomes as it was before.

    Raises PlanStateError unless the plan was published.
    """
    source = keeping.get(conn, plan_id)
    if source.state != "published":
        raise PlanStateError("Only a published plan can be reverted.")
    made = keeping.create(conn, actor, title, source.purpose, effective_on)
    restore = {"do": "restore", "plan": plan_id}
    return drawing.do(conn, made.plan_id, actor, restore, revision=None).plan


def _ready(conn: Connection[Any], plan: Plan, today: date) -> tuple[Draft, Draft, list[Fault]]:
    """Return what is published and drawn where they differ, and the faults that were accepted.

    Raises PlanStateError if the plan may not be published.
    """
    if plan.state != "approved":
        raise PlanStateError(
            "The plan is {state}: only approved plans are published.",
            state=STATES[plan.state],
        )
    if plan.effective_on < today:
        raise PlanStateError(
            "The plan's day, {day}, is past.",
            hint="Have it returned and choose today or a later day.",
            day=plan.effective_on,
        )
    before, after, faults = checking.check_submittable(conn, plan)
    return before, after, [each for each in faults if each.accepted is not None]


def _versions(conn: Connection[Any], plan: Plan, ids: set[int]) -> dict[int, int]:
    rows = conn.execute(
        "SELECT grid_id, version_id FROM grid_version"
        " WHERE grid_id = ANY(%s) AND valid @> %s::date",
        [[id_ for id_ in ids if id_ > 0], plan.effective_on],
    ).fetchall()
    return dict(rows)


def _end(
    conn: Connection[Any],
    level: Level,
    before: Draft,
    after: Draft,
    changed: set[int],
    day: date,
) -> None:
    gone = [
        id_
        for id_ in sorted(changed)
        if id_ not in after.facts and before.ground[id_].level == level
    ]
    boundaries.end_versions(conn, level, gone, day)


def _write(
    conn: Connection[Any],
    level: Level,
    after: Draft,
    changed: set[int],
    made: Mapping[int, int],
    day: date,
    source: str,
) -> dict[int, int]:
    ids = [
        id_ for id_ in sorted(changed) if id_ in after.facts and after.ground[id_].level == level
    ]
    written = boundaries.insert_versions(
        conn,
        level,
        [_version(after, id_, made) for id_ in ids],
        valid_from=day,
        source=source,
    )
    return {id_: number for id_, number in zip(ids, written, strict=True) if id_ < 0}


def _version(after: Draft, id_: int, made: Mapping[int, int]) -> NewVersion:
    piece, facts = after.ground[id_], after.facts[id_]
    parent = piece.parent
    if parent is not None:
        parent = made.get(parent, parent)
    return NewVersion(
        id_ if id_ > 0 else None,
        facts.name,
        facts.code,
        parent,
        facts.households,
        facts.population,
        piece.shape,
    )


def _record(
    conn: Connection[Any],
    plan: Plan,
    changed: set[int],
    made: Mapping[int, int],
    versions: Mapping[int, int],
) -> None:
    now = _versions(conn, plan, {made.get(id_, id_) for id_ in changed})
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO plan_publication (plan_id, draft_id, grid_id, before_id, after_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            [
                (plan.plan_id, id_, number, versions.get(id_), now.get(number))
                for id_ in sorted(changed)
                for number in [made.get(id_, id_)]
            ],
        )


def _except(
    conn: Connection[Any], plan: Plan, accepted: Sequence[Fault], made: Mapping[int, int]
) -> None:
    """Record what was accepted as exceptions from the partition law, for checks of later days."""
    for fault in accepted:
        if fault.kind not in EXCEPTIONS:
            continue
        ids = [made.get(id_, id_) for id_ in fault.ids]
        conn.execute(
            """
            INSERT INTO partition_exception (kind, grid_id, other_id, reason, recorded_by)
            SELECT %(kind)s, %(grid)s, %(other)s, %(reason)s, %(by)s
            WHERE NOT EXISTS (SELECT FROM partition_exception e
                              WHERE e.kind = %(kind)s AND e.grid_id = %(grid)s
                                AND e.other_id IS NOT DISTINCT FROM %(other)s)
            """,
            {
                "kind": fault.kind,
                "grid": ids[0],
                "other": ids[1] if len(ids) > 1 else None,
                "reason": fault.accepted,
                "by": plan.owner or "gridmap",
            },
        )


def _move_issues(conn: Connection[Any], plan: Plan, located: Mapping[int, int | None]) -> int:
    """Note which open issues another grid answers for from the plan's day on."""
    now = _locate_issues(conn, list(located), plan.effective_on)
    moved = [
        (issue_id, plan.effective_on, grid_id, now[issue_id], plan.plan_id)
        for issue_id, grid_id in located.items()
        if now[issue_id] != grid_id
    ]
    with conn.cursor() as cursor:
        cursor.executemany(
            "INSERT INTO issue_move (issue_id, since, from_grid, to_grid, plan_id)"
            " VALUES (%s, %s, %s, %s, %s)",
            moved,
        )
    return len(moved)


def _open_issues(
    conn: Connection[Any], plan: Plan, boxes: Sequence[Bounds]
) -> dict[int, int | None]:
    """Return the open issues where something changes, and the finest grid of each."""
    found: set[int] = set()
    for box in boxes:
        found |= {
            row[0]
            for row in conn.execute(
                "SELECT issue_id FROM issue WHERE closed_at IS NULL"
                " AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326)",
                box,
            )
        }
    return _locate_issues(conn, sorted(found), plan.effective_on)


def _locate_issues(
    conn: Connection[Any], issue_ids: Sequence[int], day: date
) -> dict[int, int | None]:
    """Return the finest grid in which each issue lies on a day, None outside all."""
    rows = conn.execute(
        """
        SELECT i.issue_id, holder.grid_id
        FROM issue i
        LEFT JOIN LATERAL (
            SELECT v.grid_id FROM grid_version v
            WHERE v.level IN ('compound', 'community') AND v.valid @> %(day)s::date
              AND v.geom && i.geom AND ST_Covers(v.geom, i.geom)
            -- On a shared edge both sides cover the point; the lower code has it.
            ORDER BY v.level DESC, v.code LIMIT 1) holder ON true
        WHERE i.issue_id = ANY(%(ids)s)
        """,
        {"ids": list(issue_ids), "day": day},
    ).fetchall()
    return dict(rows)


def _end_duties(conn: Connection[Any], plan: Plan, grid_ids: Sequence[int]) -> None:
    """End what was held in grids that are no longer there, on the plan's day."""
    values = {"ids": list(grid_ids), "day": plan.effective_on}
    conn.execute(
        """
        UPDATE duty SET term = daterange(lower(term), %(day)s)
        WHERE grid_id = ANY(%(ids)s) AND term @> %(day)s::date AND lower(term) < %(day)s
        """,
        values,
    )
    conn.execute(
        """
        UPDATE service_area SET valid = daterange(lower(valid), %(day)s)
        WHERE grid_id = ANY(%(ids)s) AND valid @> %(day)s::date
          AND (lower_inf(valid) OR lower(valid) < %(day)s)
        """,
        values,
    )
