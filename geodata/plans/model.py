"""Frozen types of plans. Points are (lon, lat) in WGS 84 degrees, areas geodesic square metres."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Any, Literal

from geodata.errors import GridMapError
from geodata.language.phrases import Phrase
from geodata.partition.ground import Ground

State = Literal["draft", "submitted", "approved", "published", "withdrawn"]
Deed = Literal["submit", "return", "approve", "publish", "withdraw", "reopen"]

STATES: Mapping[State, Phrase] = MappingProxyType(
    {
        "draft": Phrase("Draft"),
        "submitted": Phrase("Submitted"),
        "approved": Phrase("Approved"),
        "published": Phrase("Published"),
        "withdrawn": Phrase("Withdrawn"),
    }
)


class PlanStateError(GridMapError):
    """What is asked for cannot be done with a plan in its present state, or not by this person."""

    code = "plan_state"


@dataclass(frozen=True, slots=True)
class Actor:
    """Who does something with plans; the command line is nobody's account and may do all."""

    account_id: int | None
    username: str
    may_draw: bool
    may_approve: bool


COMMAND_LINE = Actor(None, "", may_draw=True, may_approve=True)


@dataclass(frozen=True, slots=True)
class Plan:
    """A plan; ``step`` of ``steps`` are done, the others were undone."""

    plan_id: int
    title: str
    purpose: str
    state: State
    is_archived: bool
    effective_on: date
    owner_id: int | None
    owner: str
    collaborators: tuple[int, ...]
    revision: int
    step: int
    steps: int
    created_at: datetime
    changed_at: datetime

    @property
    def basis_on(self) -> date:
        """The day whose boundaries it is compared with: its own, once published the day before."""
        day = self.effective_on
        return day - timedelta(days=1) if self.state == "published" else day

    def is_drawn_by(self, actor: Actor) -> bool:
        """Tell whether somebody may draw in this plan: its owner, or somebody it is shared with."""
        if not actor.may_draw:
            return False
        if actor.account_id is None:
            return True
        return actor.account_id == self.owner_id or actor.account_id in self.collaborators


@dataclass(frozen=True, slots=True)
class PlanEvent:
    """A step on a plan's way; ``actor`` is the user name at that time, '' the command line."""

    at: datetime
    actor: str
    action: str
    reason: str


@dataclass(frozen=True, slots=True)
class PlanStep:
    """Something that was drawn; ``fault`` says why it could not be done again after a rebase."""

    number: int
    operation: Mapping[str, Any]
    new_id: int
    actor: str
    at: datetime
    fault: Mapping[str, Any] | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a grid is called and how many live there."""

    name: str
    code: str
    households: int | None
    population: int | None


@dataclass(frozen=True, slots=True)
class Draft:
    """A part of the county as a plan would have it.

    ``versions`` are the versions on which the grids that the plan did not make were drawn.
    """

    ground: Ground
    facts: Mapping[int, Facts]
    versions: Mapping[int, int]

    def changed(self, before: Draft) -> set[int]:
        """Return the ids of grids that are new, gone or other than they were."""
        ids = self.facts.keys() | before.facts.keys()
        facts = {each for each in ids if self.facts.get(each) != before.facts.get(each)}
        return facts | self.ground.changed(before.ground)
