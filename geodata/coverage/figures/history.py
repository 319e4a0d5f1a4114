"""Coverage over time: the figures that were written down for the first of each month.

They stay as they were known when they were computed, which each point says (decision 0019).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.model import Coverage, GridRef

# Months that are written down and shown.
MONTHS = 24


@dataclass(frozen=True, slots=True)
class Point:
    """Households of a grid on a day, those served as the standard says, and when that was known.

    ``households`` is 0 where none are known: missing data, not a missing service.
    """

    day: date
    households: int
    met: int
    computed_at: datetime

    @property
    def share(self) -> float | None:
        """Households to whom the standard is met as a fraction, None without data."""
        return self.met / self.households if self.households else None

    @property
    def unmet(self) -> int:
        """Households to whom the standard is not met."""
        return self.households - self.met


def recorded(conn: Connection[Any]) -> tuple[Any, ...]:
    """Return what is another once figures of past months are written down, also again."""
    row = conn.execute(
        "SELECT count(*), max(computed_at), max(rounded_to) FROM coverage_recorded"
    ).fetchone()
    assert row is not None
    return row


def first_of_month(day: date, back: int = 0) -> date:
    """Return the first of the month in which a day lies, or of one so many months earlier."""
    months = day.year * 12 + day.month - 1 - back
    return date(months // 12, months % 12 + 1, 1)


def months(first: date, today: date) -> list[date]:
    """Return the first of each month that is written down, the latest first.

    None lies before ``first``, the day on which the records of the county begin.
    """
    days = (first_of_month(today, back) for back in range(MONTHS + 1))
    return [day for day in days if day >= first]


def of_grid(
    conn: Connection[Any], grid_id: int, until: date, *, is_rounded: bool
) -> dict[str, list[Point]]:
    """Return what was written down of a grid, kind by kind, up to a day, the oldest first.

    ``is_rounded``: as everybody is told it.
    """
    rows = conn.execute(
        """
        SELECT r.kind, r.day, r.households, r.met, d.computed_at
        FROM coverage_record r JOIN coverage_recorded d USING (day, kind)
        WHERE r.grid_id = %(grid_id)s AND r.is_rounded = %(is_rounded)s
          AND r.day BETWEEN %(since)s AND %(until)s
        ORDER BY r.kind, r.day
        """,
        {
            "grid_id": grid_id,
            "since": _since(until),
            "until": until,
            "is_rounded": is_rounded,
        },
    ).fetchall()
    found: dict[str, list[Point]] = {}
    for kind, *values in rows:
        found.setdefault(kind, []).append(Point(*values))
    return found


def of_children(
    conn: Connection[Any], parent_id: int, kind: str, until: date, *, is_rounded: bool
) -> dict[int, list[Point]]:
    """Return what was written down of a kind in the grids that lie in one on a day."""
    rows = conn.execute(
        """
        SELECT r.grid_id, r.day, r.households, r.met, d.computed_at
        FROM grid_version v
        JOIN coverage_record r ON r.grid_id = v.grid_id AND r.kind = %(kind)s
        JOIN coverage_recorded d ON d.day = r.day AND d.kind = r.kind
        WHERE v.parent_id = %(parent_id)s AND v.valid @> %(until)s::date
          AND r.is_rounded = %(is_rounded)s AND r.day BETWEEN %(since)s AND %(until)s
        ORDER BY r.grid_id, r.day
        """,
        {
            "parent_id": parent_id,
            "kind": kind,
            "since": _since(until),
            "until": until,
            "is_rounded": is_rounded,
        },
    ).fetchall()
    found: dict[int, list[Point]] = {}
    for grid_id, *values in rows:
        found.setdefault(grid_id, []).append(Point(*values))
    return found


def children_on(
    conn: Connection[Any], parent_id: int, kind: str, day: date, *, is_rounded: bool
) -> list[tuple[GridRef, Coverage]]:
    """List the grids that lie in one on a day with the figures of a kind on it, by code."""
    figures.standing(conn, day)
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code, k.kind, k.name_zh, k.name_en,
               coalesce(c.households, 0), coalesce(c.estimated, 0), coalesce(c.reached, 0),
               coalesce(c.met, 0), coalesce(c.over_capacity, 0), coalesce(c.too_few, 0),
               coalesce(c.too_far, 0), coalesce(c.nobody, 0), coalesce(c.term_ended, 0)
        FROM grid_version v
        JOIN service_kind k ON k.kind = %(kind)s
        LEFT JOIN coverage_grid c ON c.kind = k.kind AND c.grid_id = v.grid_id AND c.stretch_id = (
            SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date)
            AND c.is_rounded = %(is_rounded)s
        WHERE v.parent_id = %(parent_id)s AND v.valid @> %(day)s
        ORDER BY v.code
        """,
        {"parent_id": parent_id, "kind": kind, "day": day, "is_rounded": is_rounded},
    ).fetchall()
    return [(GridRef(*row[:4]), Coverage(*row[4:])) for row in rows]


def at_or_before(points: Sequence[Point], day: date) -> Point | None:
    """Return the last point that is not after a day and at most a month before it."""
    near = [point for point in points if day - timedelta(days=31) <= point.day <= day]
    return max(near, key=lambda point: point.day, default=None)


def _since(until: date) -> date:
    return first_of_month(until, MONTHS)
