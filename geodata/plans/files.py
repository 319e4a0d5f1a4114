"""Files of which plans were made: what they say of the grids of a level, and old beside new.

Shapes are EPSG:4326, on the storage grid.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from psycopg.rows import class_row

from geodata.errors import NotFoundError
from geodata.model import Level
from geodata.partition.polygons import as_multipolygons, to_ewkb
from geodata.plans.loading import plain
from geodata.plans.model import Actor, Facts


@dataclass(frozen=True, slots=True)
class FileGrid:
    """What a file says of a grid; ``shape`` is None where the ground stays as it is."""

    parent: int | None
    facts: Facts
    shape: Any | None


@dataclass(frozen=True, slots=True)
class Pair:
    """A row of the table of old and new grids; one of the two sides may be None.

    ``m2`` passes, ``old_share`` of the old grid (0 to 1), with ``households`` where buildings tell.
    ``is_continued``: the old grid lives on as the new one.
    """

    old_id: int | None
    old_code: str | None
    old_name: str | None
    new_id: int | None
    new_code: str | None
    new_name: str | None
    m2: float
    old_share: float
    households: int | None
    is_continued: bool


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A file that was brought into a plan; a grid that it ends is None in ``grids``.

    ``has_households`` and ``has_population``: what the file counts; else it goes with the ground.
    """

    level: Level
    has_households: bool
    has_population: bool
    grids: Mapping[int, FileGrid | None]
    pairs: Sequence[Pair]


@dataclass(frozen=True, slots=True)
class Brought:
    """A file as a plan's page names it."""

    number: int
    source: str
    level: Level
    added_at: datetime
    pairs: Sequence[Pair]


def add(conn: Connection[Any], plan_id: int, actor: Actor, source: str, file: PlanFile) -> int:
    """Keep a file with a plan and return its number in it."""
    row = conn.execute(
        """
        INSERT INTO plan_file (plan_id, number, source, level, has_households, has_population,
                               actor)
        SELECT %(plan)s, coalesce(max(number), 0) + 1, %(source)s, %(level)s, %(households)s,
               %(population)s, %(actor)s
        FROM plan_file WHERE plan_id = %(plan)s
        RETURNING number
        """,
        {
            "plan": plan_id,
            "source": source[:120],
            "level": file.level,
            "households": file.has_households,
            "population": file.has_population,
            "actor": actor.username,
        },
    ).fetchone()
    assert row
    number: int = row[0]
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO plan_file_grid (plan_id, number, grid_id, is_ending, parent_id, name, code,
                                        households, population, geom)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::geometry)
            """,
            [(plan_id, number, id_, *_values(grid)) for id_, grid in file.grids.items()],
        )
        cursor.executemany(
            """
            INSERT INTO plan_file_pair (plan_id, number, position, old_id, old_code, old_name,
                                        new_id, new_code, new_name, m2, old_share, households,
                                        is_continued)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s)
            """,
            [
                (plan_id, number, at, each.old_id, each.old_code, each.old_name, each.new_id,
                 each.new_code, each.new_name, each.m2, each.old_share, each.households,
                 each.is_continued)
                for at, each in enumerate(file.pairs)
            ],
        )  # fmt: skip
    return number


def get(conn: Connection[Any], plan_id: int, number: int) -> PlanFile:
    """Return a file of a plan. Raises NotFoundError."""
    row = conn.execute(
        "SELECT level::text, has_households, has_population FROM plan_file"
        " WHERE plan_id = %s AND number = %s",
        [plan_id, number],
    ).fetchone()
    if row is None:
        raise NotFoundError("The plan has no file with the number {number}.", number=number)
    grids: dict[int, FileGrid | None] = {}
    for grid_id, is_ending, parent, name, code, households, population, geom in conn.execute(
        """
        SELECT grid_id, is_ending, parent_id, name, code, households, population, ST_AsBinary(geom)
        FROM plan_file_grid WHERE plan_id = %s AND number = %s ORDER BY grid_id
        """,
        [plan_id, number],
    ):
        shape = None if geom is None else plain(shapely.from_wkb(geom))
        facts = Facts(name, code, households, population)
        grids[grid_id] = None if is_ending else FileGrid(parent, facts, shape)
    return PlanFile(row[0], row[1], row[2], MappingProxyType(grids), _pairs(conn, plan_id, number))


def list_files(conn: Connection[Any], plan_id: int) -> list[Brought]:
    """List the files whose step stands in a plan, the oldest first."""
    rows = conn.execute(
        """
        SELECT f.number, f.source, f.level::text, f.added_at
        FROM plan_file f JOIN plan p USING (plan_id)
        WHERE f.plan_id = %s AND EXISTS (
            SELECT FROM plan_step s WHERE s.plan_id = f.plan_id AND s.number <= p.step
              AND s.operation->>'do' = 'bring' AND (s.operation->>'file')::int = f.number)
        ORDER BY f.number
        """,
        [plan_id],
    ).fetchall()
    return [Brought(*row, pairs=_pairs(conn, plan_id, row[0])) for row in rows]


def copy(conn: Connection[Any], source: int, made: int) -> None:
    """Let a copy of a plan have its files."""
    conn.execute(
        """
        INSERT INTO plan_file (plan_id, number, source, level, has_households, has_population,
                               actor, added_at)
        SELECT %s, number, source, level, has_households, has_population, actor, added_at
        FROM plan_file WHERE plan_id = %s
        """,
        [made, source],
    )
    conn.execute(
        """
        INSERT INTO plan_file_grid (plan_id, number, grid_id, is_ending, parent_id, name, code,
                                    households, population, geom)
        SELECT %s, number, grid_id, is_ending, parent_id, name, code, households, population, geom
        FROM plan_file_grid WHERE plan_id = %s
        """,
        [made, source],
    )
    conn.execute(
        """
        INSERT INTO plan_file_pair (plan_id, number, position, old_id, old_code, old_name, new_id,
                                    new_code, new_name, m2, old_share, households, is_continued)
        SELECT %s, number, position, old_id, old_code, old_name, new_id, new_code, new_name, m2,
               old_share, households, is_continued
        FROM plan_file_pair WHERE plan_id = %s
        """,
        [made, source],
    )


def _values(grid: FileGrid | None) -> tuple[object, ...]:
    if grid is None:
        return True, None, None, None, None, None, None
    shape = None
    if grid.shape is not None:
        shape = to_ewkb(as_multipolygons(np.asarray([grid.shape], dtype=object)), 4326)[0]
    facts = grid.facts
    return (
        False, grid.parent, facts.name, facts.code, facts.households, facts.population, shape,
    )  # fmt: skip


def _pairs(conn: Connection[Any], plan_id: int, number: int) -> list[Pair]:
    with conn.cursor(row_factory=class_row(Pair)) as cursor:
        return cursor.execute(
            """
            SELECT old_id, old_code, old_name, new_id, new_code, new_name, m2, old_share,
                   households, is_continued
            FROM plan_file_pair WHERE plan_id = %s AND number = %s ORDER BY position
            """,
            [plan_id, number],
        ).fetchall()
