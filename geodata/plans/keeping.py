"""Plans as they are kept: made, copied, shared, put away, with all that happened to them."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.rows import class_row, dict_row
from psycopg.types.json import Jsonb

from geodata.errors import InvalidInputError, NotFoundError, StaleError
from geodata.language.phrases import Phrase
from geodata.plans import files
from geodata.plans.model import STATES, Actor, Plan, PlanEvent, PlanStateError

TITLE_LENGTH, PURPOSE_LENGTH, REASON_LENGTH = 120, 4000, 1000

_PLANS: LiteralString = """
    SELECT p.plan_id, p.title, p.purpose, p.state, p.is_archived, p.effective_on, p.owner_id,
           p.owner, p.revision, p.step, p.created_at, p.changed_at,
           (SELECT coalesce(max(s.number), 0) FROM plan_step s
            WHERE s.plan_id = p.plan_id) AS steps,
           ARRAY(SELECT c.account_id FROM plan_collaborator c WHERE c.plan_id = p.plan_id
                 ORDER BY c.account_id) AS collaborators
    FROM plan p
"""


def create(
    conn: Connection[Any], actor: Actor, title: str, purpose: str, effective_on: date
) -> Plan:
    """Begin a plan. Raises InvalidInputError on a title that is missing or too long."""
    title, purpose = check_texts(title, purpose)
    row = conn.execute(
        "INSERT INTO plan (title, purpose, effective_on, owner_id, owner)"
        " VALUES (%s, %s, %s, %s, %s) RETURNING plan_id",
        [title, purpose, effective_on, actor.account_id, actor.username],
    ).fetchone()
    assert row
    note(conn, row[0], actor, "created")
    return get(conn, row[0])


def copy(conn: Connection[Any], plan_id: int, actor: Actor, title: str) -> Plan:
    """Begin a plan with all that is drawn in another. It is drawn on the same boundaries."""
    source = get(conn, plan_id)
    made = create(conn, actor, title, source.purpose, source.effective_on)
    values = {"made": made.plan_id, "source": plan_id, "step": source.step}
    conn.execute(
        """
        INSERT INTO plan_step (plan_id, number, operation, new_id, actor, at, fault)
        SELECT %(made)s, number, operation, new_id, actor, at, fault FROM plan_step
        WHERE plan_id = %(source)s AND number <= %(step)s
        """,
        values,
    )
    conn.execute(
        """
        INSERT INTO plan_grid (plan_id, grid_id, steps, level, parent_id, name, code, households,
                               population, geom)
        SELECT %(made)s, grid_id,
               CASE WHEN steps @> %(step)s::int4 THEN int4range(lower(steps), NULL) ELSE steps END,
               level, parent_id, name, code, households, population, geom
        FROM plan_grid WHERE plan_id = %(source)s AND lower(steps) <= %(step)s
        """,
        values,
    )
    conn.execute(
        "INSERT INTO plan_base SELECT %(made)s, grid_id, version_id FROM plan_base"
        " WHERE plan_id = %(source)s",
        values,
    )
    conn.execute(
        """
        INSERT INTO plan_reference (plan_id, number, name, source, crs, corners, actor, added_at)
        SELECT %(made)s, number, name, source, crs, corners, actor, added_at
        FROM plan_reference WHERE plan_id = %(source)s
        """,
        values,
    )
    conn.execute(
        "INSERT INTO plan_reference_line SELECT %(made)s, number, part, geom"
        " FROM plan_reference_line WHERE plan_id = %(source)s",
        values,
    )
    files.copy(conn, plan_id, made.plan_id)
    conn.execute("UPDATE plan SET step = %(step)s WHERE plan_id = %(made)s", values)
    note(conn, made.plan_id, actor, "copied", detail={"from": plan_id})
    return get(conn, made.plan_id)


def get(conn: Connection[Any], plan_id: int) -> Plan:
    """Return a plan. Raises NotFoundError if there is none that one may see."""
    return _one(conn, plan_id, conn.cursor(row_factory=dict_row).execute(
        _PLANS + "WHERE p.plan_id = %s", [plan_id]).fetchone())  # fmt: skip


def take(conn: Connection[Any], plan_id: int, revision: int | None) -> Plan:
    """Return a plan and keep others from changing it until the transaction ends.

    Raises NotFoundError; StaleError if it is no longer as it was in ``revision``; None takes
    any revision.
    """
    plan = _one(conn, plan_id, conn.cursor(row_factory=dict_row).execute(
        _PLANS + "WHERE p.plan_id = %s FOR UPDATE OF p", [plan_id]).fetchone())  # fmt: skip
    # The subqueries were answered before the lock was held.
    plan = get(conn, plan_id) if plan else plan
    if revision is not None and plan.revision != revision:
        raise StaleError(
            "Somebody else has changed this plan since you opened it; nothing was saved.",
            hint="Check the current version, then make your change again.",
            revision=plan.revision,
        )
    return plan


def list_plans(conn: Connection[Any], *, archived: bool = False) -> list[Plan]:
    """List plans, those that wait for somebody first, then the last changed."""
    rows = conn.cursor(row_factory=dict_row).execute(
        _PLANS
        + """
        WHERE p.is_archived = %s
        ORDER BY array_position(ARRAY['submitted', 'approved', 'draft', 'published', 'withdrawn'],
                                p.state), p.changed_at DESC, p.plan_id DESC
        LIMIT 500
        """,
        [archived],
    )
    return [_plan(row) for row in rows]


def change(
    conn: Connection[Any],
    plan: Plan,
    actor: Actor,
    *,
    title: str,
    purpose: str,
    effective_on: date,
) -> Plan:
    """Give a plan another title, purpose or day. Raises InvalidInputError, PlanStateError."""
    check_drawn_by(plan, actor)
    title, purpose = check_texts(title, purpose)
    conn.execute(
        "UPDATE plan SET title = %s, purpose = %s, effective_on = %s WHERE plan_id = %s",
        [title, purpose, effective_on, plan.plan_id],
    )
    note(conn, plan.plan_id, actor, "changed")
    return count_change(conn, plan)


def check_own(plan: Plan, actor: Actor) -> None:
    """Raise PlanStateError unless a plan is one's own or shared with one."""
    if not plan.is_drawn_by(actor):
        raise PlanStateError(
            "This plan is {owner}'s, and not shared with you.",
            hint="Ask to be added to it, or copy it.",
            owner=plan.owner or Phrase("the command line"),
        )


def check_drawn_by(plan: Plan, actor: Actor) -> None:
    """Raise PlanStateError unless somebody may draw in a plan now."""
    check_own(plan, actor)
    if plan.state != "draft":
        raise PlanStateError(
            "The plan is {state}: nothing is drawn in it now.",
            hint="Have it returned, or copy it.",
            state=STATES[plan.state],
        )


def read_reason(text: str) -> str:
    """Return a reason as it is kept. Raises InvalidInputError if it is too long."""
    text = text.strip()
    if len(text) > REASON_LENGTH:
        raise InvalidInputError("A reason has up to {n} characters.", n=REASON_LENGTH)
    return text


def list_events(conn: Connection[Any], plan_id: int) -> list[PlanEvent]:
    """List what happened to a plan, the first thing first."""
    with conn.cursor(row_factory=class_row(PlanEvent)) as cursor:
        return cursor.execute(
            "SELECT at, actor, action, reason FROM plan_event WHERE plan_id = %s ORDER BY event_id",
            [plan_id],
        ).fetchall()


def note(
    conn: Connection[Any],
    plan_id: int,
    actor: Actor,
    action: str,
    *,
    reason: str = "",
    detail: Mapping[str, object] | None = None,
) -> None:
    """Append to the way of a plan, and to the audit trail."""
    conn.execute(
        "INSERT INTO plan_event (plan_id, account_id, actor, action, reason, detail)"
        " VALUES (%s, %s, %s, %s, %s, %s)",
        [plan_id, actor.account_id, actor.username, action, reason, Jsonb(detail or {})],
    )
    conn.execute(
        "SELECT audit(%s, 'plan', %s, %s)", [f"plan.{action}", plan_id, Jsonb(detail or {})]
    )


def count_change(conn: Connection[Any], plan: Plan) -> Plan:
    """Count a change of a plan and return the plan as it is now."""
    conn.execute(
        "UPDATE plan SET revision = revision + 1, changed_at = now() WHERE plan_id = %s",
        [plan.plan_id],
    )
    return get(conn, plan.plan_id)


def check_texts(title: str, purpose: str) -> tuple[str, str]:
    """Return a plan's title and purpose as they are kept. Raises InvalidInputError."""
    title, purpose = " ".join(title.split()), purpose.strip()
    if not title:
        raise InvalidInputError("A plan needs a title.")
    if len(title) > TITLE_LENGTH:
        raise InvalidInputError("A title has up to {n} characters.", n=TITLE_LENGTH)
    if len(purpose) > PURPOSE_LENGTH:
        raise InvalidInputError("A purpose has up to {n} characters.", n=PURPOSE_LENGTH)
    return title, purpose


def _one(conn: Connection[Any], plan_id: int, row: dict[str, Any] | None) -> Plan:
    if row is None:
        raise NotFoundError("There is no plan with the number {plan_id}.", plan_id=plan_id)
    return _plan(row)


def _plan(row: dict[str, Any]) -> Plan:
    collaborators: list[int] = row.pop("collaborators")
    return Plan(collaborators=tuple(collaborators), **row)
