"""The shapes of plans as JSON: what is sent and what is answered."""

from __future__ import annotations

import re
from datetime import date, datetime
from typing import Annotated, Any, Literal

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, RootModel

from geodata.errors import InvalidInputError
from geodata.plans.operations import Operation
from webmap.core.asking import Flag, Query
from webmap.core.models import LevelName

_MOST_ID = 10**15 - 1


def _drawn_grid(text: str) -> int:
    if not re.fullmatch(r"-?[0-9]{1,15}", text, re.ASCII):
        raise InvalidInputError("Name a grid by its number.")
    return int(text)


# Without control characters, and something besides blanks.
Words = Annotated[str, Field(pattern=r"^[^\x00-\x08\x0b\x0c\x0e-\x1f]*$", max_length=4000)]
# A grid by its number, below 0 where the plan makes it.
DrawnGrid = Annotated[int, BeforeValidator(_drawn_grid), Field(ge=-_MOST_ID, le=_MOST_ID)]
# Corners on the storage grid: [[lon, lat], …].
Ring = list[list[float]]


class _In(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ListingIn(Query):
    """Which plans."""

    archived: Flag = Field(False, description="Those that were put out of the way instead.")


class GroundIn(Query):
    """Which part of the county: a grid with all that lies in it and touches it."""

    grid: DrawnGrid


class SurveyIn(Query):
    """Where to look for old faults as well."""

    grid: DrawnGrid | None = Field(None, description="Only what the plan draws when left out.")


class StepIn(RootModel[Operation]):
    """An operation on boundaries."""


class PlanIn(_In):
    """What a plan is called, what it is for, from which day on it is to hold."""

    title: Words
    purpose: Words = ""
    effective_on: date | None = Field(None, description="Today when left out.")


class PlanChangeIn(_In):
    """What of a plan is to be other; what is left out stays."""

    title: Words | None = None
    purpose: Words | None = None
    effective_on: date | None = None
    collaborators: list[Annotated[str, Field(max_length=60)]] | None = Field(
        None, max_length=50, description="User names of those who draw in it, too."
    )
    archived: bool | None = None


class CopyIn(_In):
    """What the copy is called."""

    title: Words
    effective_on: date | None = Field(None, description="Only when taking back; else the same day.")


class AdvanceIn(_In):
    """A step on the plan's way through the office."""

    do: Literal["submit", "return", "approve", "publish", "withdraw", "reopen"]
    reason: Words = ""


class AcceptIn(_In):
    """A fault that may stand, and why; an empty reason takes that back."""

    fault: Annotated[str, Field(pattern=r"^[0-9a-f]{16}$")]
    reason: Words = ""


class PersonOut(BaseModel):
    """Somebody who draws."""

    username: str
    name: str


class PlanRefOut(BaseModel):
    """Enough of a plan to name it and link to it."""

    plan_id: int
    title: str
    state: Literal["draft", "submitted", "approved", "published", "withdrawn"]
    effective_on: date
    owner: PersonOut


class OtherPlanOut(PlanRefOut):
    """Another plan that touches the same grids."""

    grids: list[int]


class StepOut(BaseModel):
    """Something that was drawn; ``fault`` says why it can no longer be done."""

    number: int
    operation: dict[str, Any]
    title: str
    actor: str
    at: datetime
    fault: str | None


class EventOut(BaseModel):
    """A step on the plan's way."""

    at: datetime
    actor: str
    action: str
    reason: str


class PlanOut(PlanRefOut):
    """A plan; its ETag is ``revision``, to be sent back as If-Match."""

    purpose: str
    revision: int
    step: int
    steps: int
    is_archived: bool
    may_draw: bool
    deeds: list[Literal["submit", "return", "approve", "publish", "withdraw", "reopen"]]
    collaborators: list[PersonOut]
    created_at: datetime
    changed_at: datetime
    touched: list[int]
    moved_on: list[int] = Field(description="Grids published again since they were drawn.")
    others: list[OtherPlanOut]
    history: list[StepOut]
    events: list[EventOut]


class PlansOut(BaseModel):
    """All plans, those that wait for somebody first."""

    plans: list[PlanRefOut]


class DraftGridOut(BaseModel):
    """A grid as the plan has it; ``polygons`` are lists of rings, the outer one first."""

    grid_id: int
    level: LevelName
    parent_id: int | None
    name: str
    code: str
    households: int | None
    population: int | None
    is_changed: bool
    polygons: list[list[Ring]]


class GroundOut(BaseModel):
    """A part of the county as the plan has it."""

    revision: int
    grids: list[DraftGridOut]
    before: list[DraftGridOut] = Field(
        description="Those that the plan changes, as published on its day."
    )


class BuildingsOut(BaseModel):
    """Buildings with households: [lon, lat, households]."""

    buildings: list[list[float]]


class FaultOut(BaseModel):
    """Something that is wrong, or may be, with its place and what mends it."""

    key: str
    kind: str
    severity: Literal["blocking", "warning"]
    is_blocking: bool
    is_old: bool
    can_be_accepted: bool
    accepted: str | None
    ids: list[int]
    text: str
    m2: float | None
    place: list[float] | None
    fix: dict[str, Any] | None
    fix_text: str | None


class FaultsOut(BaseModel):
    """What is wrong with what the plan draws, what blocks first."""

    revision: int
    faults: list[FaultOut]


class DoneOut(BaseModel):
    """What a step has changed, and the plan after it."""

    plan: PlanOut
    changed: list[DraftGridOut]
    gone: list[int]
    faults: list[FaultOut]


class ConsequencesOut(BaseModel):
    """What the plan would change for those who live and work there."""

    revision: int
    grids: list[dict[str, Any]]
    passages: list[dict[str, Any]]
    issues: list[dict[str, Any]]
    duties: list[dict[str, Any]]
    facilities: list[dict[str, Any]]
    areas: list[dict[str, Any]]
    coverage: list[dict[str, Any]]
    unheld: list[str]
