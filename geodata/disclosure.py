"""What may be told of counts of households, to whom: exact ones, or rounded ones.

Who has the right ``see_small_counts`` in a grid is told its counts as they are. Everybody else is
told counts of *rounded* buildings, always and everywhere: in panels, lists, orders, shares,
classes, tiles, files and over HTTP. Each building has one rounded count (``building_rounded``,
migration 0020), and whatever is public of a grid, a kind or a day is a sum over them, or follows
from such sums. So no combination of public answers tells more than the rounded buildings do, and
these leave for any building, and for any group of buildings, ``least_count - 1`` possible values or
more. Why that is so, and what an attacker found, is in decision 0030.

``least_count`` is a setting: the size of the classes to which buildings are rounded, and the
smallest count that is ever told. 0 or 1 tells everybody everything.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from typing import Any

from psycopg import Connection

from geodata.model import LEVELS, Level

# Unless the setting least_count says otherwise.
LEAST_COUNT = 10


def least_count(conn: Connection[Any]) -> int:
    """Return the smallest count of households that everybody is told."""
    row = conn.execute("SELECT least_count()").fetchone()
    return row[0] if row else LEAST_COUNT


def rounded_count(count: int, least: int) -> int:
    """Return the middle of the class of ``least`` counts to which a count belongs.

    For 10: 5 of 1 to 9, 14 of 10 to 19. None is none, and a difference of counts keeps its sign.
    """
    if count == 0 or least <= 1:
        return count
    low = abs(count) // least * least
    middle = (max(1, low) + low + least - 1) // 2
    return middle if count > 0 else -middle


def add_up(rows: Sequence[tuple[int, int | None, Level, int | None]], least: int) -> dict[int, int]:
    """Round counts of grids from the lowest level upwards; rows are (id, parent, level, count).

    A grid without a count has that of the grids in it, None of them known: it is left out.
    """
    inside: defaultdict[int, int] = defaultdict(int)
    told_inside: defaultdict[int, int] = defaultdict(int)
    told: dict[int, int] = {}
    for grid_id, parent_id, _level, count in sorted(rows, key=lambda row: -LEVELS.index(row[2])):
        is_known = count is not None or grid_id in inside
        if not is_known:
            continue
        exact = inside[grid_id] if count is None else count
        told[grid_id] = told_inside[grid_id] + rounded_count(exact - inside[grid_id], least)
        if parent_id is not None:
            inside[parent_id] += exact
            told_inside[parent_id] += told[grid_id]
    return told
