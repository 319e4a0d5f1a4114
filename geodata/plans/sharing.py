"""Who draws in a plan together, and plans that are put away."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from geodata.plans import keeping
from geodata.plans.model import Actor, Plan, PlanStateError, State

# At their end: nothing is drawn or decided in them any more.
ENDED: tuple[State, ...] = ("published", "withdrawn")


def share(conn: Connection[Any], plan: Plan, actor: Actor, account_ids: Sequence[int]) -> Plan:
    """Say who draws in a plan besides its owner. Raises PlanStateError unless it is one's own."""
    keeping.check_own(plan, actor)
    others = sorted(set(account_ids) - {plan.owner_id})
    conn.execute("DELETE FROM plan_collaborator WHERE plan_id = %s", [plan.plan_id])
    conn.execute(
        "INSERT INTO plan_collaborator (plan_id, account_id)"
        " SELECT %s, account_id FROM account WHERE account_id = ANY(%s)",
        [plan.plan_id, others],
    )
    keeping.note(conn, plan.plan_id, actor, "changed", detail={"collaborators": others})
    return keeping.count_change(conn, plan)


def archive(conn: Connection[Any], plan: Plan, actor: Actor, *, archived: bool) -> Plan:
    """Put a plan that has come to its end out of the way, or fetch it back.

    Anyone who draws may do either: the owner may have left. Raises PlanStateError.
    """
    if not actor.may_draw:
        raise PlanStateError("Plans are archived by those who draw.")
    if archived and plan.state not in ENDED:
        raise PlanStateError(
            "Only plans that were published or withdrawn are archived.", hint="Withdraw it first."
        )
    conn.execute("UPDATE plan SET is_archived = %s WHERE plan_id = %s", [archived, plan.plan_id])
    keeping.note(conn, plan.plan_id, actor, "archived" if archived else "unarchived")
    return keeping.count_change(conn, plan)


def count_archived(conn: Connection[Any]) -> int:
    """Count the plans that were put away."""
    row = conn.execute("SELECT count(*) FROM plan WHERE is_archived").fetchone()
    return row[0] if row else 0


def read_names(conn: Connection[Any], account_ids: set[int]) -> dict[int, tuple[str, str]]:
    """Return user name and name of accounts; those that are gone are missing."""
    rows = conn.execute(
        "SELECT account_id, username, name FROM account WHERE account_id = ANY(%s)",
        [sorted(account_ids)],
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def list_drawers(conn: Connection[Any]) -> list[tuple[int, str, str]]:
    """List those who draw: account, user name, name."""
    return conn.execute(
        """
        SELECT DISTINCT a.account_id, a.username, a.name
        FROM account a JOIN account_role r USING (account_id)
        JOIN role_right m ON m.role = r.role AND m.may = 'draw'
        WHERE r.term @> current_date AND NOT a.is_disabled ORDER BY a.username
        """
    ).fetchall()
