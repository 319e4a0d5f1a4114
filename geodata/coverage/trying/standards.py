"""What a change of standards would do: households served before and after, grid by grid."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.coverage.judging import sums
from geodata.coverage.judging.altering import Changes
from geodata.coverage.trying import effects as trying
from geodata.model import GridRef

MOST_NAMED = 10


@dataclass(frozen=True, slots=True)
class Effect:
    """One grid: its households, and those served as the standard says, before and after.

    ``households`` is 0 where nothing is known of the kind.
    """

    grid: GridRef
    households_before: int
    before: int
    households: int
    after: int

    @property
    def gain(self) -> int:
        """Households more that are served; fewer if negative."""
        return self.after - self.before


@dataclass(frozen=True, slots=True)
class Effects:
    """The county, its towns, and the communities that gain and lose most."""

    county: Effect | None
    towns: Sequence[Effect]
    gaining: Sequence[Effect]
    losing: Sequence[Effect]
    gaining_count: int
    losing_count: int


def find(conn: Connection[Any], changes: Changes, kind: str, day: date) -> Effects:
    """Say what changes would do to the coverage by one kind on a day."""
    figures.standing(conn, day)
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code, coalesce(c.households, 0),
               coalesce(c.met, 0)
        FROM grid_version v
        LEFT JOIN coverage_grid c ON c.kind = %(kind)s AND c.grid_id = v.grid_id
            AND NOT c.is_rounded
            AND c.stretch_id = (
                SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date)
        WHERE v.level IN ('county', 'town', 'community') AND v.valid @> %(day)s::date
        ORDER BY v.code
        """,
        {"kind": kind, "day": day},
    ).fetchall()
    differences = trying.compare(conn, changes, day).differences.get(kind, {})
    households, met = sums.SUMS.index("households"), sums.SUMS.index("met")
    found: list[Effect] = []
    for *ref, all_before, before in rows:
        more = differences.get(ref[0])
        all_more, met_more = (0, 0) if more is None else (int(more[households]), int(more[met]))
        after = before + met_more
        found.append(Effect(GridRef(*ref), all_before, before, all_before + all_more, after))
    of = {
        level: [each for each in found if each.grid.level == level]
        for level in ("county", "town", "community")
    }
    gaining = sorted((it for it in of["community"] if it.gain > 0), key=lambda it: -it.gain)
    losing = sorted((it for it in of["community"] if it.gain < 0), key=lambda it: it.gain)
    return Effects(
        of["county"][0] if of["county"] else None,
        of["town"],
        gaining[:MOST_NAMED],
        losing[:MOST_NAMED],
        len(gaining),
        len(losing),
    )
