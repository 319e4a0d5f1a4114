"""What differs between two days, and when anything changed, as JSON for other software."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any

from apiflask import APIBlueprint
from pydantic import BaseModel, Field

from geodata.grids import comparing
from geodata.plans.consequences import What
from webmap.core import db
from webmap.core.asking import Number, Query, SpanIn, asks
from webmap.core.models import BoundsOut, GridRefOut, LevelName, PointOut

bp = APIBlueprint("changes", __name__, url_prefix="/api/changes", tag="Map")

PAGE_SIZE = 500


class ChangeDayOut(BaseModel):
    """A day from which on something is otherwise, and how many grids are."""

    day: date
    grids: int
    is_first: bool = Field(description="The oldest boundaries: they begin, nothing changes.")


class ChangeDaysOut(BaseModel):
    """The days on which the grids changed, oldest first; those to come are among them."""

    days: list[ChangeDayOut]


class DifferenceOut(BaseModel):
    """A grid that differs between two days. Areas are geodesic square metres."""

    grid_id: int
    level: LevelName
    what: What
    name: str
    name_before: str | None
    code: str
    code_before: str | None
    parent: str
    parent_before: str | None
    households: int | None = Field(description="Null: a difference tells of single households.")
    households_before: int | None = Field(description="Null, as households.")
    area_m2: float | None
    area_before_m2: float | None
    gained_m2: float | None = Field(description="Ground that came to it; null unless redrawn.")
    lost_m2: float | None = Field(description="Ground that left it; null unless redrawn.")
    town: GridRefOut | None
    point: PointOut
    bounds: BoundsOut


class DifferencesOut(BaseModel):
    """What differs between two days, town by town."""

    before: date
    after: date
    total: int
    counts: dict[What, int]
    page: int
    pages: int
    grids: list[DifferenceOut]


class WithinIn(Query):
    """Where to look."""

    grid: Number | None = Field(None, description="Only this grid and what lay in it.")


class DifferencesIn(SpanIn, WithinIn):
    """The days to compare; the earlier one is taken as the first."""

    page: Number = 1


@bp.get("/days")
@bp.output(ChangeDaysOut)
@asks(WithinIn)
@bp.doc(responses=[400])
def days(asked: WithinIn) -> dict[str, Any]:
    """Return the days on which the grids changed."""
    with db.connection() as conn:
        return {"days": [asdict(each) for each in comparing.list_days(conn, asked.grid)]}


@bp.get("")
@bp.output(DifferencesOut)
@asks(DifferencesIn)
@bp.doc(responses=[400])
def find(asked: DifferencesIn) -> dict[str, Any]:
    """Return what differs between two days."""
    before, after = asked.span
    with db.connection() as conn:
        counts = comparing.count_differences(conn, before, after, asked.grid)
        found = comparing.find(
            conn, before, after, asked.grid, limit=PAGE_SIZE, offset=(asked.page - 1) * PAGE_SIZE
        )
    total = sum(counts.values())
    return {
        "before": before,
        "after": after,
        "total": total,
        "counts": counts,
        "page": asked.page,
        "pages": max(1, -(-total // PAGE_SIZE)),
        "grids": [comparing.to_plain(each, with_households=False) for each in found],
    }
