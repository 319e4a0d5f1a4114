"""Plans that touch the same grids, and the people who draw."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from geodata.plans.model import Plan


def others(conn: Connection[Any], plan: Plan) -> dict[int, list[int]]:
    """Return the grids that other plans touch as well, by plan: those not yet at their end."""
    rows = conn.execute(
        """
        SELECT p.plan_id, array_agg(DISTINCT theirs.grid_id ORDER BY theirs.grid_id)
        FROM plan_grid mine
        JOIN plan_grid theirs ON theirs.grid_id = mine.grid_id AND theirs.plan_id <> mine.plan_id
        JOIN plan p ON p.plan_id = theirs.plan_id AND theirs.steps @> p.step
        WHERE mine.plan_id = %s AND mine.steps @> %s::int4 AND mine.grid_id > 0
          AND p.state IN ('draft', 'submitted', 'approved') AND NOT p.is_archived
        GROUP BY p.plan_id ORDER BY p.plan_id
        """,
        [plan.plan_id, plan.step],
    ).fetchall()
    return dict(rows)


def names(conn: Connection[Any], account_ids: set[int]) -> dict[int, tuple[str, str]]:
    """Return user name and name of accounts; those that are gone are missing."""
    rows = conn.execute(
        "SELECT account_id, username, name FROM account WHERE account_id = ANY(%s)",
        [sorted(account_ids)],
    ).fetchall()
    return {row[0]: (row[1], row[2]) for row in rows}


def drawers(conn: Connection[Any]) -> list[tuple[int, str, str]]:
    """List those who draw: account, user name, name."""
    return conn.execute(
        """
        SELECT DISTINCT a.account_id, a.username, a.name
        FROM account a JOIN account_role r USING (account_id)
        JOIN role_right m ON m.role = r.role AND m.may = 'draw'
        WHERE r.term @> current_date AND NOT a.is_disabled ORDER BY a.username
        """
    ).fetchall()
