"""Households and population of grids as everybody is told them (``geodata.disclosure``)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from typing import Any, Literal

from psycopg import Connection

from geodata import disclosure
from geodata.coverage.figures import keeping as figures
from geodata.model import Grid, GridRow


@dataclass(frozen=True, slots=True)
class Counts:
    """Households and population of a grid as they may be told; None where they are not known."""

    households: int | None
    population: int | None


def round_grid(conn: Connection[Any], grid: Grid, day: date) -> Grid:
    """Return a grid with the counts that everybody is told."""
    told = read(conn, [grid.grid_id], day)[grid.grid_id]
    return replace(grid, households=told.households, population=told.population)


def round_grid_and_rows(
    conn: Connection[Any], grid: Grid, rows: Sequence[GridRow], day: date
) -> tuple[Grid, list[GridRow]]:
    """Return a grid and those below it with the counts that everybody is told, added up once."""
    told = read(conn, [grid.grid_id, *(row.ref.grid_id for row in rows)], day)
    own = told[grid.grid_id]
    return (
        replace(grid, households=own.households, population=own.population),
        [replace(row, households=told[row.ref.grid_id].households) for row in rows],
    )


def read(conn: Connection[Any], grid_ids: Sequence[int], day: date) -> Mapping[int, Counts]:
    """Return what everybody is told of some grids on a day, by number.

    Households are those of the rounded buildings. In a county of which no building is known, and
    for the population, the counts of the grids themselves are rounded: those of the lowest, and for
    each grid above what it has more than those in it, so that no difference tells a count.
    Households are not known while the figures of the day are being computed.
    """
    people = _of_grids(conn, grid_ids, day, "population")
    row = conn.execute("SELECT EXISTS (SELECT FROM building_rounded)").fetchone()
    if row and row[0]:
        households = _of_buildings(conn, grid_ids, day)
    else:
        households = _of_grids(conn, grid_ids, day, "households")
    return {each: Counts(households.get(each), people.get(each)) for each in grid_ids}


def _of_buildings(conn: Connection[Any], grid_ids: Sequence[int], day: date) -> dict[int, int]:
    if figures.find(conn, day) is None:
        return {}
    rows = conn.execute(
        """
        SELECT grid_id, max(households) FROM coverage_grid
        WHERE stretch_id = (SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date)
          AND grid_id = ANY(%(ids)s) AND is_rounded
        GROUP BY grid_id
        """,
        {"ids": list(grid_ids), "day": day},
        prepare=False,
    ).fetchall()
    return dict(rows)


def _of_grids(
    conn: Connection[Any],
    grid_ids: Sequence[int],
    day: date,
    what: Literal["households", "population"],
) -> dict[int, int]:
    rows = conn.execute(
        """
        WITH RECURSIVE below AS (
            SELECT grid_id, parent_id, level, households, population FROM grid_version
            WHERE grid_id = ANY(%(ids)s) AND valid @> %(day)s::date
            UNION
            SELECT v.grid_id, v.parent_id, v.level, v.households, v.population
            FROM below b JOIN grid_version v ON v.parent_id = b.grid_id
            WHERE v.valid @> %(day)s::date)
        SELECT grid_id, parent_id, level::text,
               CASE %(what)s WHEN 'households' THEN households ELSE population END
        FROM below
        """,
        {"ids": list(grid_ids), "day": day, "what": what},
        prepare=False,
    ).fetchall()
    return disclosure.add_up(rows, disclosure.least_count(conn))
