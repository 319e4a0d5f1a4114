"""Classes of shares: into which steps of percent the map and its legend sort the grids.

A way of making them is written as an address writes it: ``equal``, ``quantile``, or ``own:`` and
four limits, ``own:30,50,80,95``. A limit belongs to the class above it. Shares are whole percents,
rounded down as in the tiles, so a class holds what its limits say to the last grid.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from psycopg import Connection

from geodata.coverage.figures.reading import WORST
from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Level

Way = Literal["equal", "quantile", "own"]

# Between five classes.
LIMITS = 4


@dataclass(frozen=True, slots=True)
class Classes:
    """A way of making classes; ``limits`` are those of ``own``, in percent."""

    way: Way
    limits: tuple[int, ...] = ()


EQUAL = Classes("equal")


def read(text: str) -> Classes:
    """Read classes as an address writes them. Raises InvalidInputError on what can be none."""
    if text == "equal":
        return EQUAL
    if text == "quantile":
        return Classes("quantile")
    if not text.startswith("own:"):
        raise InvalidInputError(
            "“{value}” is not a way to make classes.",
            hint="Use equal, quantile, or own: and four limits, as own:30,50,80,95.",
            value=text[:40],
        )
    return Classes("own", _limits(text.removeprefix("own:").split(",")))


def _limits(parts: list[str]) -> tuple[int, ...]:
    if len(parts) != LIMITS or not all(re.fullmatch(r"[0-9]{1,3}", part) for part in parts):
        raise InvalidInputError(
            "“{value}” is not four class limits.",
            hint="Give four whole numbers from 1 to 100, each larger than the one before.",
            value=",".join(parts)[:40],
        )
    limits = tuple(int(part) for part in parts)
    for place, (limit, least) in enumerate(zip(limits, (0, *limits), strict=False), start=1):
        if not least < limit <= 100:
            raise InvalidInputError(
                "Limit {place} of the classes, {limit}, is not between {least} and 100.",
                hint="Give four whole numbers from 1 to 100, each larger than the one before.",
                place=place,
                limit=limit,
                least=least + 1,
            )
    return limits


def quantiles(conn: Connection[Any], kind: str, day: date) -> dict[Level, list[int]]:
    """Return for each level the limits that sort its grids into five classes of equal number.

    Where many grids have the same share there are fewer limits: they stay in one class. The figures
    of the day stand already (``figures.standing``); grids without data are in no class. Shares are
    those of the tiles, which everybody is told.
    """
    rows = conn.execute(
        """
        WITH share AS (
            SELECT g.level, c.grid_id, min(c.met * 100 / c.households) AS share
            FROM coverage_grid c JOIN grid g USING (grid_id)
            WHERE c.stretch_id = (SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s)
              AND c.households > 0 AND c.is_rounded AND (c.kind = %(kind)s OR %(kind)s = %(worst)s)
            GROUP BY g.level, c.grid_id)
        SELECT level::text,
               percentile_disc(ARRAY[0.2, 0.4, 0.6, 0.8]) WITHIN GROUP (ORDER BY share)
        FROM share GROUP BY level
        """,
        {"day": day, "kind": kind, "worst": WORST},
    ).fetchall()
    found = dict(rows)
    # A limit of 0 would have an empty class below it.
    return {level: sorted({*found.get(level, ())} - {0}) for level in LEVELS}
