"""Writing down the figures of past months, beside the stretches that people ask for.

The days are computed apart from ``figures``: filling in two years throws out none of the few
stretches that are kept, and takes no lock that a reader waits for.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from geodata.coverage.figures import history
from geodata.coverage.judging import people, sums
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind
from geodata.database import locks
from geodata.database.locks import Lock
from geodata.grids import reading as grids


def due(
    conn: Connection[Any], today: date, again_from: date | None = None
) -> list[tuple[date, list[Kind]]]:
    """List the months with the kinds that have not been written down yet, the latest first.

    ``again_from`` counts those from that day on as not written down. A month is due as well where
    everybody has not been told it yet, or rounded to another count than today.
    """
    first = grids.find_first_day(conn)
    if first is None:
        return []
    done = set(
        conn.execute(
            "SELECT day, kind FROM coverage_recorded WHERE rounded_to = least_count()"
        ).fetchall()
    )
    found: list[tuple[date, list[Kind]]] = []
    for day in history.months(first, today):
        is_again = again_from is not None and day >= again_from
        kinds = [
            kind
            for kind in standards.list_provided(conn, day)
            if is_again or (day, kind.kind) not in done
        ]
        if kinds:
            found.append((day, kinds))
    return found


def record(
    conn: Connection[Any], day: date, kinds: Sequence[Kind], *, is_again: bool = False
) -> bool:
    """Write down the figures of a day for some kinds; tell whether there were any households.

    What stands there already stays as it was known then, unless ``is_again`` replaces it. What
    everybody is told is rounded as it is today.
    """
    locks.take(conn, Lock.COVERAGE_HISTORY)
    found = _add_up(conn, day, kinds)
    if not found:
        return False
    names = [kind.kind for kind in kinds]
    if is_again:
        conn.execute(
            "DELETE FROM coverage_recorded WHERE day = %s AND kind = ANY(%s)", (day, names)
        )
    rows = conn.execute(
        "SELECT kind FROM coverage_recorded WHERE day = %s AND kind = ANY(%s)", (day, names)
    )
    kept = {row[0] for row in rows}
    conn.execute(
        """
        DELETE FROM coverage_record
        WHERE day = %s AND kind = ANY(%s) AND (is_rounded OR kind <> ALL(%s))
        """,
        (day, names, sorted(kept)),
    )
    with (
        conn.cursor() as cursor,
        cursor.copy("COPY coverage_record FROM STDIN (FORMAT binary)") as copy,
    ):
        copy.set_types(["int8", "text", "date", *["int4"] * len(sums.SUMS), "bool"])
        for (grid_id, kind, is_rounded), figures in found.items():
            if is_rounded or kind not in kept:
                copy.write_row((grid_id, kind, day, *figures.tolist(), is_rounded))
    conn.execute(
        """
        INSERT INTO coverage_recorded (day, kind, rounded_to)
        SELECT %s, unnest(%s::text[]), least_count()
        ON CONFLICT (day, kind) DO UPDATE SET rounded_to = excluded.rounded_to
        """,
        (day, names),
    )
    return True


def _add_up(
    conn: Connection[Any], day: date, kinds: Sequence[Kind]
) -> dict[tuple[int, str, bool], np.ndarray[Any, np.dtype[np.int64]]]:
    """Return the sums of the communities, the towns and the county by grid, kind and rounding."""
    parents = dict(
        conn.execute(
            "SELECT grid_id, parent_id FROM grid_version"
            " WHERE valid @> %s AND parent_id IS NOT NULL",
            (day,),
        ).fetchall()
    )
    found: dict[tuple[int, str, bool], np.ndarray[Any, np.dtype[np.int64]]] = {}
    judged = sums.sum_cells(conn, kinds, people.read_all(conn, day), day, None)
    for kind, cell, figures, is_rounded in judged:
        # A compound counts in its community; the rest of a community is named by the negative.
        above = parents.get(cell) if cell > 0 else -cell
        while above is not None:
            row = found.setdefault((above, kind, is_rounded), np.zeros(len(sums.SUMS), np.int64))
            row += figures
            above = parents.get(above)
    return found
