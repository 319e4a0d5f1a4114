"""Service coverage of a grid and of all that lies in it, read at once for a document or a file."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures.keeping import Figures
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind
from geodata.errors import InvalidInputError
from geodata.grids import reading as grids
from geodata.model import LEVELS, REASONS, Coverage, Grid, GridRef, Level
from geodata.roads import keeping

# Counts of ``Coverage`` that are told, in the order in which they are.
COUNTS = ("households", "estimated", "met", "unmet", *REASONS)
# Grids times kinds in one file: a spreadsheet holds a million lines.
MOST = 400_000


@dataclass(frozen=True, slots=True)
class Line:
    """A grid, the grids around it up to the one that was asked for, and its figures by kind."""

    ref: GridRef
    parent_id: int | None
    above: tuple[GridRef, ...]
    figures: Mapping[str, Coverage]


@dataclass(frozen=True, slots=True)
class Extract:
    """What is known of a place on a day; ``lines`` begin with the place, level after level.

    Counts are rounded by ``least`` as everybody is told them, 0 leaves them as they are.
    ``is_along_roads``: distances are ways on foot. ``figures`` says when they were computed.
    """

    place: Grid
    day: date
    kinds: tuple[Kind, ...]
    lines: tuple[Line, ...]
    is_along_roads: bool
    least: int
    figures: Figures

    @property
    def own(self) -> Line:
        """The place itself."""
        return self.lines[0]

    def at(self, level: Level) -> list[Line]:
        """List the grids of a level by code."""
        return [line for line in self.lines if line.ref.level == level]

    def below(self, steps: int = 1) -> list[Line]:
        """List the grids so many levels below the place; none where there is no such level."""
        index = LEVELS.index(self.place.level) + steps
        return self.at(LEVELS[index]) if index < len(LEVELS) else []

    def worst(self, kind: str, lines: Sequence[Line], most: int) -> list[Line]:
        """Return the lines with most households unserved; none of those that have no gap."""
        gaps = [line for line in lines if line.figures[kind].unmet]
        return sorted(gaps, key=lambda line: -line.figures[kind].unmet)[:most]


def take(
    conn: Connection[Any],
    grid_id: int,
    day: date,
    kind: str | None = None,
    *,
    least: int,
    deepest: Level = "compound",
) -> Extract:
    """Read the coverage of a grid and those in it down to a level, for one kind or for all.

    Raises NotFoundError if there is no such grid, AbsentError if it did not exist on that day,
    InvalidInputError for a compound, for a kind that there is not, and for too much at once.
    """
    place = grids.get(conn, grid_id, day)
    if place.level == "compound":
        raise InvalidInputError(
            "“{name}” is a compound, in which there is nothing to compare.",
            hint="Ask for its community, its town or the county.",
            name=place.name,
        )
    known = standards.list_provided(conn, day)
    kinds = tuple(each for each in known if kind is None or each.kind == kind)
    if kind is not None and not kinds:
        raise InvalidInputError(
            "This map has no service kind “{value}” on {on}.",
            hint="Use one of: {choices}.",
            value=kind[:40],
            on=day,
            choices=", ".join(each.kind for each in known) or "-",
        )
    standing = figures.standing(conn, day)
    refs = _refs(conn, grid_id, day, deepest)
    if len(refs) * len(kinds) > MOST:
        raise InvalidInputError(
            "{count:,} grids with {kinds} kinds of service are too many for one file.",
            hint="Ask for one kind, or for a town.",
            count=len(refs),
            kinds=len(kinds),
        )
    found = read(conn, [ref.grid_id for ref, _ in refs], kinds, day, is_rounded=least > 0)
    nothing = {
        kind.kind: Coverage(kind.kind, kind.name_zh, kind.name_en, *[0] * 9) for kind in kinds
    }
    return Extract(
        place,
        day,
        kinds,
        tuple(
            Line(
                ref,
                parent_id,
                above,
                {name: found.get((ref.grid_id, name), none) for name, none in nothing.items()},
            )
            for (ref, parent_id), above in zip(refs, _above(refs), strict=True)
        ),
        keeping.has_any(conn),
        least,
        standing,
    )


def read(
    conn: Connection[Any],
    ids: Sequence[int],
    kinds: Sequence[Kind],
    day: date,
    *,
    is_rounded: bool,
) -> dict[tuple[int, str], Coverage]:
    """Return the figures of grids by number and kind, as they stand.

    ``is_rounded``: as everybody is told them.
    """
    rows = conn.execute(
        """
        SELECT c.grid_id, c.kind, k.name_zh, k.name_en, c.households, c.estimated, c.reached,
               c.met, c.over_capacity, c.too_few, c.too_far, c.nobody, c.term_ended
        FROM coverage_grid c JOIN service_kind k USING (kind)
        WHERE c.stretch_id = (SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date)
          AND c.grid_id = ANY(%(ids)s) AND c.kind = ANY(%(kinds)s)
          AND c.is_rounded = %(is_rounded)s
        """,
        {
            "day": day,
            "ids": list(ids),
            "kinds": [kind.kind for kind in kinds],
            "is_rounded": is_rounded,
        },
    ).fetchall()
    return {(row[0], row[1]): Coverage(*row[1:]) for row in rows}


def _refs(
    conn: Connection[Any], grid_id: int, day: date, deepest: Level
) -> list[tuple[GridRef, int | None]]:
    """List a grid and those in it with their parents, level after level, by code."""
    rows = conn.execute(
        """
        WITH RECURSIVE down AS (
            SELECT v.grid_id, v.level, v.name, v.code, NULL::bigint AS parent_id
            FROM grid_version v WHERE v.grid_id = %(grid_id)s AND v.valid @> %(day)s::date
            UNION ALL
            SELECT v.grid_id, v.level, v.name, v.code, v.parent_id
            FROM grid_version v JOIN down ON v.parent_id = down.grid_id
            WHERE v.valid @> %(day)s::date AND v.level <= %(deepest)s::grid_level)
        SELECT grid_id, level::text, name, code, parent_id FROM down
        ORDER BY down.level, code, grid_id
        """,
        {"grid_id": grid_id, "day": day, "deepest": deepest},
    ).fetchall()
    return [(GridRef(*row[:4]), row[4]) for row in rows]


def _above(refs: Sequence[tuple[GridRef, int | None]]) -> Iterator[tuple[GridRef, ...]]:
    paths: dict[int, tuple[GridRef, ...]] = {}
    for ref, parent_id in refs:
        # A parent stands before its children: its level comes first.
        above = () if parent_id is None else paths[parent_id]
        paths[ref.grid_id] = (*above, ref)
        yield above
