"""Coverage and standards as JSON for other software."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date, datetime
from typing import Any, Literal

from apiflask import APIBlueprint
from psycopg import Connection
from pydantic import BaseModel, Field

from geodata import disclosure
from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures import tables
from geodata.coverage.standards import defining
from geodata.errors import NotFoundError
from geodata.grids import reading as grids
from geodata.roads import keeping
from webmap.core import db
from webmap.core.asking import DayIn, Kind, LevelAsked, Number, asks
from webmap.core.models import GridRefOut

bp = APIBlueprint("services", __name__, url_prefix="/api", tag="Services")

PAGE_SIZE = 200


class ReasonsOut(BaseModel):
    """Households to whom the standard is not met; each has one reason."""

    over_capacity: int = Field(description="The providers in reach have too many others.")
    too_few: int = Field(description="Fewer providers in reach than the standard says.")
    too_far: int = Field(description="The nearest provider is farther than it says.")
    nobody: int = Field(description="Nobody gives the service there, nor in the town.")
    term_ended: int = Field(description="Who did has closed, or the term has ended.")


class KindOut(BaseModel):
    """One kind of service in one grid, in rounded households (see least_count)."""

    kind: str
    name_zh: str
    name_en: str
    is_missing: bool = Field(
        description="Nothing is known: missing data, which is not a missing service."
    )
    households: int
    estimated: int = Field(description="Of them, counted by area: no building is known.")
    estimated_share: float | None
    reached: int = Field(description="A provider is in reach, be it over its capacity.")
    met: int = Field(description="The standard is met.")
    share: float | None = Field(description="met / households; null without data.")
    reasons: ReasonsOut


class CoveredGridOut(GridRefOut):
    """A grid with its kinds of services."""

    kinds: list[KindOut]


class CoverageOut(BaseModel):
    """Coverage on a day: of a grid, or of the grids of a level in it, by code."""

    on: date
    computed_at: datetime
    is_current: bool = Field(
        description="Nothing has changed since. Else newer figures are being computed."
    )
    method: Literal["roads", "straight_line"] = Field(
        description="roads: along the known ways on foot, in a straight line times the standard's "
        "detour where none comes near. straight_line: no roads are known."
    )
    least_count: int = Field(
        description="Households are rounded building by building, to classes of this size, so that"
        " no count below it can be found."
    )
    total: int = Field(description="Grids on all pages.")
    page: int
    pages: int
    grids: list[CoveredGridOut]


class StandardOut(BaseModel):
    """What counts as served in one kind of place."""

    reach: int = Field(description="The longest way on foot to a facility.")
    unit: Literal["m", "min"] = Field(description="Of reach: metres or minutes.")
    detour: float = Field(description="The way for a straight line of 1, where no road is known.")
    capacity: int | None = Field(description="Households to a provider; null: any number.")
    minimum: int = Field(description="Providers that everybody is to have in reach.")
    since: date
    until: date | None = Field(description="Exclusive; null while no change is known.")


class ServiceOut(BaseModel):
    """A kind of service: its standards and who gives it."""

    kind: str
    name_zh: str
    name_en: str
    by_facility: bool = Field(description="Facilities of the kind give it.")
    organisations: list[str] = Field(description="Kinds that give it in their service areas.")
    roles: list[str] = Field(description="Whose holders give it where they hold the duty.")
    town: StandardOut | None
    village: StandardOut | None = Field(description="Of communities whose name ends in 村.")


class StandardsOut(BaseModel):
    """The standards of a day, in the county's order."""

    on: date
    walking_km_h: float = Field(description="How fast people are taken to walk on level ground.")
    kinds: list[ServiceOut]


class CoverageIn(DayIn):
    """Which grids and kinds."""

    grid: Number | None = Field(None, description="A grid by its number; the county if left out.")
    kind: Kind | None = Field(None, description="Only this kind of service.")
    level: LevelAsked | None = Field(None, description="The grids of this level in it instead.")
    page: Number = 1


@bp.get("/coverage")
@bp.output(CoverageOut)
@asks(CoverageIn)
@bp.doc(responses=[400, 404])
def coverage(asked: CoverageIn) -> dict[str, Any]:
    """Return how many households are served, and why the others are not."""
    with db.connection() as conn:
        if asked.kind:
            defining.get(conn, asked.kind)
        grid_id = asked.grid or _county(conn, asked.on)
        # What is not there on the day has no figures to come either.
        grids.get(conn, grid_id, asked.on)
        standing = figures.standing(conn, asked.on)
        found = tables.find(
            conn,
            asked.on,
            grid_id,
            is_rounded=True,
            level=asked.level,
            kind=asked.kind,
            limit=PAGE_SIZE,
            offset=(asked.page - 1) * PAGE_SIZE,
        )
        total = tables.count(conn, asked.on, grid_id, asked.level)
        least = disclosure.least_count(conn)
        has_roads = keeping.has_any(conn)
    return {
        "on": asked.on,
        "computed_at": standing.computed_at,
        "is_current": standing.is_current,
        "method": "roads" if has_roads else "straight_line",
        "least_count": least,
        "total": total,
        "page": asked.page,
        "pages": max(1, -(-total // PAGE_SIZE)),
        "grids": [
            {**asdict(ref), "kinds": [tables.to_plain(each) for each in kinds]}
            for ref, kinds in found
        ],
    }


@bp.get("/standards")
@bp.output(StandardsOut)
@asks(DayIn)
@bp.doc(responses=[400])
def standards(asked: DayIn) -> dict[str, Any]:
    """Return the standards of all kinds of services on a day."""
    day = asked.on
    with db.connection() as conn:
        return {
            "on": day,
            "walking_km_h": keeping.walking_km_h(conn),
            "kinds": [
                tables.standard_to_plain(each, day) for each in defining.list_definitions(conn)
            ],
        }


def _county(conn: Connection[Any], day: date) -> int:
    found = grids.read_extent(conn, day)
    if found is None:
        raise NotFoundError("There are no grids on {day}.", day=day)
    return found[0].grid_id
