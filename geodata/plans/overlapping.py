"""Plans that touch the same grids."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from geodata.plans.model import Plan


def find(conn: Connection[Any], plan: Plan) -> dict[int, list[int]]:
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
