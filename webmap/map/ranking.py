"""The ranked list of grids, the twin of the map of services: which grids, and beside what."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any

from psycopg import Connection
from pydantic import BeforeValidator, Field

from geodata.coverage.figures import reading
from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Coverage, GridRef, Level
from webmap.core import asking
from webmap.core.asking import Box, DayIn, Kind, Number

PAGE_SIZE = 50
# The county is one grid: nothing to rank.
RANKED: tuple[Level, ...] = LEVELS[1:]
DEFAULT_LEVEL: Level = "community"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is shown side by side with a kind on a day: another kind, or the same on another day."""

    kind: str
    on: date
    is_day: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """A grid of the list; ``other`` is what is beside it, None where there was no such grid."""

    ref: GridRef
    coverage: Coverage
    other: Coverage | None

    @property
    def difference(self) -> int | None:
        """Points of percent by which the share is higher than beside, of both as they are shown."""
        if self.coverage.share is None or self.other is None or self.other.share is None:
            return None
        return _percent(self.coverage.share) - _percent(self.other.share)


def _ranked_level(text: str) -> str:
    if text not in RANKED:
        raise InvalidInputError(
            "“{value}” is not a level that can be ranked.",
            hint="Use one of: {choices}.",
            value=text[:40],
            choices=", ".join(RANKED),
        )
    return text


def _kind_or_day(text: str) -> str | date:
    return clock.read_day(text, asking.today()) if text[0].isdigit() else reading.read_kind(text)


RankedLevel = Annotated[Level, BeforeValidator(_ranked_level)]


class RankedIn(DayIn):
    """Which grids are ranked by which kind."""

    kind: Kind = Field(reading.DEFAULT_KIND, description="Of services, or the worst of all.")
    level: RankedLevel | None = Field(None, description="That of the map.")
    rank: RankedLevel | None = Field(None, description="That of the view, where the map has none.")
    box: Box | None = Field(None, description="Only grids that reach into it.")
    beside: Annotated[str | date | None, BeforeValidator(_kind_or_day)] = Field(
        None, description="Another kind or another day, whose figures stand beside."
    )
    page: Number = 1

    @property
    def ranked_level(self) -> Level:
        """The level of the grids."""
        return self.level or self.rank or DEFAULT_LEVEL

    def shown_beside(self, kind: str) -> Beside | None:
        """Return what stands beside a kind; None if nothing, or what is shown already."""
        if self.beside is None or self.beside in (self.on, kind):
            return None
        if isinstance(self.beside, date):
            return Beside(kind, self.beside, is_day=True)
        return Beside(self.beside, self.on, is_day=False)


def ranked(
    conn: Connection[Any], asked: RankedIn, kind: str, *, is_rounded: bool
) -> dict[str, Any]:
    """Return the page of the list that is asked for, by a kind that the county has.

    ``is_rounded``: counts and order are those that everybody is told.
    """
    level, beside = asked.ranked_level, asked.shown_beside(kind)
    total = reading.count(conn, level, asked.on, asked.box)
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(asked.page, pages)
    found = reading.list_worst(
        conn,
        kind,
        level,
        asked.on,
        is_rounded=is_rounded,
        box=asked.box,
        limit=PAGE_SIZE,
        offset=(page - 1) * PAGE_SIZE,
    )
    others: dict[int, Coverage] = {}
    if beside:
        ids = [ref.grid_id for ref, _ in found]
        others = reading.read_grids(conn, ids, beside.kind, beside.on, is_rounded=is_rounded)
    return {
        "kind": kind,
        "rows": [Ranked(ref, figures, others.get(ref.grid_id)) for ref, figures in found],
        "level": level,
        "is_boxed": asked.box is not None,
        "beside": beside,
        "total": total,
        "first": (page - 1) * PAGE_SIZE + 1,
        "page": page,
        "pages": pages,
    }


def _percent(share: float) -> int:
    # As the panel writes it: a fraction of 29 in 100 is a little less.
    return int(share * 100 + 1e-6)
