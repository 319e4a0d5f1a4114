"""What a scenario would bring: the figures of grids as they are and as they would be."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.coverage.judging.altering import Changes
from geodata.coverage.judging.sums import SUMS
from geodata.coverage.standards.model import Kind
from geodata.coverage.trying import effects as trying
from geodata.model import Coverage, GridRef, Level


@dataclass(frozen=True, slots=True)
class GridEffect:
    """One kind in one grid, as it is and as it would be."""

    grid: GridRef
    before: Coverage
    after: Coverage

    @property
    def more(self) -> int:
        """By how many households more the standard would be met to."""
        return self.after.met - self.before.met


@dataclass(frozen=True, slots=True)
class KindEffect:
    """One kind, ``kind`` with the standards that would hold; ``grids`` are all that change."""

    kind: Kind
    county: GridEffect
    grids: tuple[GridEffect, ...]

    def of_level(self, level: Level) -> list[GridEffect]:
        """Return the grids of a level, those that change most first."""
        found = [each for each in self.grids if each.grid.level == level]
        return sorted(found, key=lambda each: (-abs(each.more), each.grid.code))


def find(
    conn: Connection[Any], changes: Changes, day: date, *, is_rounded: bool
) -> list[KindEffect]:
    """Return what changes would bring on a day, kind by kind in the county's order.

    ``is_rounded``: households are counted as everybody is told them.
    """
    figures.standing(conn, day)
    tried = trying.compare(conn, changes, day, "rounded" if is_rounded else "households")
    found: list[KindEffect] = []
    for kind in tried.kinds:
        differences = tried.differences.get(kind.kind, {})
        effects = _effects(conn, kind, differences, day, is_rounded=is_rounded)
        effects += _made(kind, differences, changes)
        county = next((each for each in effects if each.grid.level == "county"), None)
        if county is None:
            # No county on that day: nobody lives there, and nobody is served.
            return []
        changed = tuple(each for each in effects if each.grid.grid_id in differences)
        found.append(KindEffect(kind, county, changed))
    return found


def _made(kind: Kind, differences: Mapping[int, trying.Sums], changes: Changes) -> list[GridEffect]:
    """Return the grids that a plan would make, of which there is nothing yet."""
    drawn = changes.redrawn.grids if changes.redrawn else {}
    named = (kind.kind, kind.name_zh, kind.name_en)
    return [
        GridEffect(
            GridRef(id_, drawn[id_].level, drawn[id_].name, drawn[id_].code),
            Coverage(*named, *[0] * len(SUMS)),
            Coverage(*named, *differences[id_].tolist()),
        )
        for id_ in sorted(drawn.keys() & differences.keys())
        if id_ < 0
    ]


def _effects(
    conn: Connection[Any],
    kind: Kind,
    differences: Mapping[int, trying.Sums],
    day: date,
    *,
    is_rounded: bool,
) -> list[GridEffect]:
    """Return the county and all grids that change."""
    zero = np.zeros(len(SUMS), dtype=np.int64)
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code,
               coalesce(c.households, 0), coalesce(c.estimated, 0), coalesce(c.reached, 0),
               coalesce(c.met, 0), coalesce(c.over_capacity, 0), coalesce(c.too_few, 0),
               coalesce(c.too_far, 0), coalesce(c.nobody, 0), coalesce(c.term_ended, 0)
        FROM grid_version v
        LEFT JOIN coverage_grid c ON c.grid_id = v.grid_id AND c.kind = %(kind)s
            AND c.stretch_id = (
                SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date)
            AND c.is_rounded = %(is_rounded)s
        WHERE v.valid @> %(day)s::date AND (v.grid_id = ANY(%(ids)s) OR v.level = 'county')
        ORDER BY v.level, v.code
        """,
        {
            "kind": kind.kind,
            "day": day,
            "ids": sorted(differences),
            "is_rounded": is_rounded,
        },
    ).fetchall()
    named = (kind.kind, kind.name_zh, kind.name_en)
    found: list[GridEffect] = []
    for row in rows:
        before = np.asarray(row[4:], dtype=np.int64)
        after = before + differences.get(row[0], zero)
        found.append(
            GridEffect(
                GridRef(*row[:4]),
                Coverage(*named, *before.tolist()),
                Coverage(*named, *after.tolist()),
            )
        )
    return found
