"""The shapes of scenarios as JSON: what is sent and what is answered."""

from __future__ import annotations

from datetime import date, datetime
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, RootModel

from webmap.core import asking
from webmap.core.asking import DayIn
from webmap.core.models import PointOut

Name = Annotated[str, Field(max_length=200, pattern=r"^[^\x00-\x1f]*$")]
Kind = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]
Id = Annotated[int, Field(ge=1, le=2**53)]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScenarioIn(_In):
    """What a scenario is called."""

    name: Name


class ScenarioChangeIn(_In):
    """Another name, or thrown away (and had back)."""

    name: Name | None = None
    removed: bool | None = None


class LookIn(DayIn):
    """For which day a scenario is reckoned, and of which kind each grid is told."""

    kind: asking.Kind | None = Field(
        None, description="A service kind, to have its shares grid by grid."
    )


class AddIn(_In):
    """A facility that would stand at a place as well."""

    what: Literal["add"]
    kind: Kind
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    name: Name = ""


class MoveIn(_In):
    """A facility that would stand elsewhere."""

    what: Literal["move"]
    facility: Id
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)


class CloseIn(_In):
    """A facility that would be closed."""

    what: Literal["close"]
    facility: Id


class AreaIn(_In):
    """An organisation that would serve in a grid, or no longer would."""

    what: Literal["give", "take"]
    organisation: Id
    grid: Id


class StandardIn(_In):
    """A standard that would hold for a kind in towns or in villages."""

    what: Literal["standard"]
    kind: Kind
    place: Literal["town", "village"]
    reach: int = Field(ge=1, le=100_000)
    unit: Literal["m", "min"] = "m"
    detour: float = Field(1.0, ge=1, le=5)
    capacity: int | None = Field(None, ge=1, le=10_000_000)
    minimum: int = Field(1, ge=1, le=99)


class PlanIn(_In):
    """A boundary plan that would be in force."""

    what: Literal["plan"]
    plan: Id


class WhatIn(
    RootModel[
        Annotated[
            AddIn | MoveIn | CloseIn | AreaIn | StandardIn | PlanIn, Field(discriminator="what")
        ]
    ]
):
    """Something that would be different."""


class OutIn(_In):
    """Whether a change is out of its scenario."""

    out: bool


class NearIn(_In):
    """A place near which a facility is looked for."""

    kind: Kind
    lon: float = Field(ge=-180, le=180)
    lat: float = Field(ge=-90, le=90)
    within_m: float = Field(200, gt=0, le=20_000)


class SearchIn(_In):
    """Where new facilities would serve most: see the guide for what is asked."""

    kind: Kind
    ask: Literal["most", "fewest", "second"]
    count: int = Field(1, ge=1, le=50)
    percent: float = Field(90, ge=0, le=100)
    grid: Id | None = Field(None, description="Whose households count; the county's if left out.")
    candidates: Kind | Literal["given"] = Field(
        "buildings",
        description="buildings, junctions, a service kind where its facilities stand, or given.",
    )
    places: str = Field(
        "", max_length=200_000, description="Given ones: longitude, latitude a line."
    )
    points: list[PointOut] = Field(default_factory=list[PointOut], max_length=5000)
    capacity: int | None = Field(None, ge=1, le=10_000_000, description="Households to a place.")


class SumOut(BaseModel):
    """Households to whom a standard is met, before and after; null where one would tell of few."""

    kind: str
    households: int | None
    met_before: int | None
    met_after: int | None


class MarkOut(BaseModel):
    """A facility that a scenario adds, moves or closes: where it is, and where it would be."""

    change_id: int
    what: Literal["add", "move", "close"]
    kind: str
    name: str
    was: PointOut | None
    point: PointOut | None


class ScenarioRefOut(BaseModel):
    """Enough of a scenario to name it."""

    scenario_id: int
    name: str
    owner: str
    is_own: bool
    is_removed: bool
    changed_at: datetime
    revision: int


class ScenariosOut(BaseModel):
    """All scenarios, the last changed first."""

    scenarios: list[ScenarioRefOut]


class ScenarioOut(ScenarioRefOut):
    """A scenario with what it would bring."""

    on: date
    sums: list[SumOut]
    marks: list[MarkOut]
    shares: dict[int, tuple[int | None, int | None]] = Field(
        description="Of the kind asked for: per cent served before and after, by grid, where that"
        " differs."
    )


class NearOut(BaseModel):
    """The facility that was found, or null."""

    facility: int | None


class FoundOut(BaseModel):
    """Best places, now part of the scenario, and how good they are."""

    revision: int
    places: list[PointOut]
    gains: list[float | None]
    before: float | None
    after: float | None
    households: float | None
    bound: float | None
    gap: float | None = Field(description="Null where it is not known.")
    proven: bool
    candidates: int
    is_rounded: bool = Field(
        description="Households counted rounded, as everybody is told them: no count is given."
    )
