"""The figures of every grid, kept for stretches of days and brought up to date where they must.

A compound's figures are the sums over its buildings; a community's those of its compounds and of
the buildings outside them (``coverage_rest``); and so on upwards. So what changes is judged again
in the compounds that it reaches (``changes``), and added up above them.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any

from psycopg import Connection
from psycopg.types.range import Range

from geodata.coverage.figures import due as changes
from geodata.coverage.figures.due import Cells
from geodata.coverage.judging import people, sums
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind
from geodata.database import locks
from geodata.database.locks import Lock
from geodata.errors import UnavailableError

# Stretches of days kept; of those of other days than today, the one computed first goes first.
STRETCHES_KEPT = 12


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days with the same figures, computed at some revisions."""

    stretch_id: int
    valid: Range[date]
    services: int
    grids: int
    members: int


@dataclass(frozen=True, slots=True)
class Figures:
    """The figures of a day that stand.

    ``number`` is another whenever they are computed. ``is_current`` says that nothing has changed
    since; ``waiting_since`` is when the change was made for which they are being computed, None
    where nobody is at it.
    """

    number: int
    computed_at: datetime
    is_current: bool
    waiting_since: datetime | None


class NoFiguresError(UnavailableError):
    """The figures of a day (``data["day"]``) have not been computed yet; ``ask`` has it done."""

    code = "no_figures"


def standing(conn: Connection[Any], day: date) -> Figures:
    """Return what is known of the figures of a day; computes nothing and writes nothing.

    Raises NoFiguresError if there are none.
    """
    found = find(conn, day)
    if found is None:
        raise NoFiguresError(
            "The figures of {day} are being computed.", hint="Try again in a few seconds.", day=day
        )
    return found


def find(conn: Connection[Any], day: date) -> Figures | None:
    """Return what is known of the figures of a day, None if there are none."""
    row = conn.execute(
        """
        SELECT s.number, s.computed_at, c.is_current,
               CASE WHEN NOT c.is_current THEN coverage_waiting_since() END
        FROM coverage_stretch s, LATERAL (
            SELECT NOT EXISTS (SELECT FROM revision r WHERE r.number > CASE r.subject
                WHEN 'services' THEN s.services WHEN 'grids' THEN s.grids
                WHEN 'members' THEN s.members END) AS is_current) c
        WHERE s.valid @> %s::date
        """,
        (day,),
    ).fetchone()
    return None if row is None else Figures(*row)


def numbers(conn: Connection[Any], days: Sequence[date]) -> list[int]:
    """Return what is another whenever the figures of some days are: their numbers, in order."""
    rows = conn.execute(
        """
        SELECT number FROM coverage_stretch s
        WHERE EXISTS (SELECT FROM unnest(%s::date[]) day WHERE s.valid @> day) ORDER BY number
        """,
        (list(days),),
    ).fetchall()
    return [row[0] for row in rows]


def ask(conn: Connection[Any], day: date) -> None:
    """Have the figures of a day computed in the background, unless enough others wait for theirs.

    In a transaction of its own: that of who found none is undone by the error.
    """
    conn.execute("SELECT coverage_wanted(%s)", (day,))


def ensure(conn: Connection[Any], day: date) -> bool:
    """Bring the figures of a day up to date, for the tables' owner; tell whether that was needed.

    For jobs and commands, which may wait: others read those that stand.
    """
    if _is_current(conn, day):
        return False
    locks.take(conn, Lock.COVERAGE)
    # Another may have computed them while this one waited.
    if _is_current(conn, day):
        return False
    if not _refresh(conn, day):
        compute(conn, day)
    return True


def outdated(conn: Connection[Any]) -> list[date]:
    """List a day of each stretch whose figures rest on something that has changed since."""
    rows = conn.execute(
        """
        SELECT coalesce(lower(valid), upper(valid) - 1, current_date) FROM coverage_stretch s
        WHERE EXISTS (SELECT FROM revision r WHERE r.number > CASE r.subject
            WHEN 'services' THEN s.services WHEN 'grids' THEN s.grids
            WHEN 'members' THEN s.members END)
        ORDER BY asked_at DESC
        """
    ).fetchall()
    return [row[0] for row in rows]


def compute(conn: Connection[Any], day: date) -> None:
    """Compute the figures of a day again. They hold for the days around it that are like it."""
    conn.execute("SELECT coverage_counts_again()")
    valid = _alike(conn, day)
    conn.execute("DELETE FROM coverage_stretch WHERE valid && %s", (valid,))
    row = conn.execute(
        """
        INSERT INTO coverage_stretch (valid, services, grids, members)
        SELECT %s, max(number) FILTER (WHERE subject = 'services'),
               max(number) FILTER (WHERE subject = 'grids'),
               max(number) FILTER (WHERE subject = 'members')
        FROM revision RETURNING stretch_id
        """,
        (valid,),
    ).fetchone()
    assert row
    everybody = people.read_all(conn, day)
    _write(
        conn, row[0], sums.sum_cells(conn, standards.list_provided(conn, day), everybody, day, None)
    )
    conn.execute("SELECT coverage_analyze()")
    _add_up(conn, row[0], day)
    conn.execute(
        """
        DELETE FROM coverage_stretch WHERE stretch_id IN (
            SELECT stretch_id FROM coverage_stretch
            ORDER BY valid @> current_date DESC, asked_at DESC OFFSET %s)
        """,
        (STRETCHES_KEPT,),
    )
    _forget(conn)


def _is_current(conn: Connection[Any], day: date) -> bool:
    found = find(conn, day)
    return found is not None and found.is_current


def _refresh(conn: Connection[Any], day: date) -> bool:
    """Bring the figures of a day up to date where they must be; tell whether that was possible."""
    conn.execute("SELECT coverage_counts_again()")
    # Before what has changed is read: what comes meanwhile is seen the next time.
    numbers = dict(conn.execute("SELECT subject, number FROM revision").fetchall())
    row = conn.execute(
        "SELECT stretch_id, valid, services, grids, members FROM coverage_stretch"
        " WHERE valid @> %s",
        (day,),
    ).fetchone()
    if row is None:
        return False
    stretch = _Stretch(*row)
    due = changes.since(conn, stretch.services, stretch.grids, stretch.members)
    kinds = standards.list_provided(conn, day)
    if due is None or _kinds_with_figures(conn, stretch) != {kind.kind for kind in kinds}:
        return False
    wanted = [kind for kind in kinds if any(each.kind in (None, kind.kind) for each in due)]
    touched = changes.touched(conn, due, wanted, day)
    if touched is None:
        return False
    if touched.box is not None:
        nearby = people.read_within(conn, day, touched.box)
        _forget_cells(conn, stretch.stretch_id, wanted, touched.cells)
        judged = sums.sum_cells(conn, wanted, nearby, day, touched.box)
        _write(conn, stretch.stretch_id, (row for row in judged if row[1] in touched.cells.ids))
    _add_up(conn, stretch.stretch_id, day, touched.cells.above, [kind.kind for kind in wanted])
    conn.execute(
        """
        UPDATE coverage_stretch
        SET valid = %s, services = %s, grids = %s, members = %s, computed_at = now(),
            number = nextval('coverage_number_seq')
        WHERE stretch_id = %s
        """,
        (
            changes.clipped(stretch.valid, day, due),
            numbers["services"], numbers["grids"], numbers["members"], stretch.stretch_id,
        ),
    )  # fmt: skip
    _forget(conn)
    return True


def _kinds_with_figures(conn: Connection[Any], stretch: _Stretch) -> set[str]:
    rows = conn.execute(
        """
        SELECT kind FROM service_kind k WHERE EXISTS (
            SELECT FROM coverage_grid c JOIN grid g USING (grid_id)
            WHERE c.stretch_id = %s AND g.level = 'county' AND c.kind = k.kind)
        """,
        (stretch.stretch_id,),
    ).fetchall()
    return {row[0] for row in rows}


def _forget(conn: Connection[Any]) -> None:
    """Throw away what all figures that stand have seen."""
    conn.execute(
        """
        DELETE FROM coverage_due d USING (
            SELECT min(services) AS services, min(grids) AS grids, min(members) AS members
            FROM coverage_stretch) s
        WHERE d.number <= CASE d.subject
            WHEN 'services' THEN s.services WHEN 'grids' THEN s.grids ELSE s.members END
        """
    )


def _alike(conn: Connection[Any], day: date) -> Range[date]:
    """Return the days around one on which nothing begins or ends that coverage rests on."""
    row = conn.execute(
        """
        WITH change AS (
            SELECT lower(valid) AS day FROM grid_version UNION SELECT upper(valid) FROM grid_version
            UNION SELECT lower(valid) FROM building UNION SELECT upper(valid) FROM building
            UNION SELECT lower(valid) FROM facility UNION SELECT upper(valid) FROM facility
            UNION SELECT lower(valid) FROM service_area UNION SELECT upper(valid) FROM service_area
            UNION SELECT lower(valid) FROM service_standard
            UNION SELECT upper(valid) FROM service_standard
            UNION SELECT lower(valid) FROM service_provider
            UNION SELECT upper(valid) FROM service_provider
            UNION SELECT lower(d.term) FROM duty d JOIN service_provider p ON p.what = d.role
            UNION SELECT upper(d.term) FROM duty d JOIN service_provider p ON p.what = d.role)
        SELECT daterange(max(day) FILTER (WHERE day <= %(day)s),
                         min(day) FILTER (WHERE day > %(day)s))
        FROM change
        """,
        {"day": day},
    ).fetchone()
    assert row
    return row[0]


def _forget_cells(
    conn: Connection[Any], stretch_id: int, kinds: Sequence[Kind], cells: Cells
) -> None:
    """Take away the sums of cells, and of kinds, that are recomputed."""
    values = {
        "stretch": stretch_id,
        "kinds": [kind.kind for kind in kinds],
        "compounds": [cell for cell in cells.ids if cell > 0],
        "rests": [-cell for cell in cells.ids if cell < 0],
    }
    conn.execute(
        """
        DELETE FROM coverage_grid WHERE stretch_id = %(stretch)s AND kind = ANY(%(kinds)s)
            AND grid_id = ANY(%(compounds)s)
        """,
        values,
    )
    conn.execute(
        """
        DELETE FROM coverage_rest WHERE stretch_id = %(stretch)s AND kind = ANY(%(kinds)s)
            AND grid_id = ANY(%(rests)s)
        """,
        values,
    )


def _write(
    conn: Connection[Any], stretch_id: int, judged: Iterator[tuple[str, int, list[int], bool]]
) -> None:
    """Write the sums of cells."""
    rests: list[tuple[str, int, list[int], bool]] = []
    types = ["int8", "int8", "text", *["int4"] * 9, "bool"]
    # Asked before the COPY begins: a connection does one thing at a time.
    first = next(judged, None)
    if first is None:
        return
    with conn.cursor() as cursor:
        with cursor.copy("COPY coverage_grid FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(types)
            for kind, cell, figures, is_rounded in itertools.chain((first,), judged):
                if cell > 0:
                    copy.write_row((stretch_id, cell, kind, *figures, is_rounded))
                else:
                    rests.append((kind, cell, figures, is_rounded))
        with cursor.copy("COPY coverage_rest FROM STDIN (FORMAT binary)") as copy:
            copy.set_types(types)
            for kind, cell, figures, is_rounded in rests:
                copy.write_row((stretch_id, -cell, kind, *figures, is_rounded))


def _add_up(
    conn: Connection[Any],
    stretch_id: int,
    day: date,
    ids: Sequence[int] | None = None,
    kinds: Sequence[str] | None = None,
) -> None:
    """Add up the communities, towns and the county: all, or some and for some kinds."""
    values = {
        "stretch": stretch_id,
        "day": day,
        "ids": None if ids is None else list(ids),
        "kinds": kinds,
    }
    if ids is not None:
        conn.execute(
            """
            DELETE FROM coverage_grid
            WHERE stretch_id = %(stretch)s AND grid_id = ANY(%(ids)s) AND kind = ANY(%(kinds)s)
            """,
            values,
        )
    for level, below in (("community", "compound"), ("town", "community"), ("county", "town")):
        conn.execute(
            """
            INSERT INTO coverage_grid
            SELECT %(stretch)s, up.grid_id, up.kind, sum(households), sum(estimated), sum(reached),
                   sum(met), sum(over_capacity), sum(too_few), sum(too_far), sum(nobody),
                   sum(term_ended), up.is_rounded
            FROM (
                SELECT v.parent_id AS grid_id, c.kind, c.households, c.estimated, c.reached, c.met,
                       c.over_capacity, c.too_few, c.too_far, c.nobody, c.term_ended, c.is_rounded
                FROM grid_version v
                JOIN coverage_grid c ON c.grid_id = v.grid_id AND c.stretch_id = %(stretch)s
                WHERE v.level = %(below)s::grid_level AND v.valid @> %(day)s::date
                  AND (%(ids)s::int8[] IS NULL OR v.parent_id = ANY(%(ids)s))
                UNION ALL
                SELECT r.grid_id, r.kind, r.households, r.estimated, r.reached, r.met,
                       r.over_capacity, r.too_few, r.too_far, r.nobody, r.term_ended, r.is_rounded
                FROM coverage_rest r
                WHERE r.stretch_id = %(stretch)s AND %(level)s = 'community'
                  AND (%(ids)s::int8[] IS NULL OR r.grid_id = ANY(%(ids)s))) up
            WHERE %(kinds)s::text[] IS NULL OR up.kind = ANY(%(kinds)s)
            GROUP BY up.grid_id, up.kind, up.is_rounded
            """,
            {**values, "level": level, "below": below},
            prepare=False,
        )
