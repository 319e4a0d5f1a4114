"""What a scenario is, and what it changes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, get_args

from geodata.coverage.judging.altering import Added, Area, Changes, Moved
from geodata.coverage.standards.model import Place, Standard
from geodata.model import Point

What = Literal["add", "move", "close", "give", "take", "standard", "plan"]
WHATS: tuple[What, ...] = get_args(What)


@dataclass(frozen=True, slots=True)
class Change:
    """One thing that would be different; which fields are set depends on ``what``.

    ``point`` is where a facility would stand, ``was`` where one that moves or closes stands now;
    ``title`` names the facility, the organisation or the kind, ``place_name`` the grid.
    """

    change_id: int
    what: What
    kind: str | None
    kind_zh: str
    kind_en: str
    title: str
    place_name: str
    point: Point | None
    was: Point | None
    facility_id: int | None
    organisation_id: int | None
    grid_id: int | None
    place: Place | None
    standard: Standard | None
    plan_id: int | None = None


@dataclass(frozen=True, slots=True)
class Search:
    """How best places were searched for: what was asked, and how good the answer is."""

    searched_at: datetime
    kind_zh: str
    kind_en: str
    asked: dict[str, Any]
    answer: dict[str, Any]


@dataclass(frozen=True, slots=True)
class Scenario:
    """A scenario; ``owner`` is the name of the person who made it."""

    scenario_id: int
    name: str
    owner_id: int | None
    owner: str
    made_at: datetime
    changed_at: datetime
    revision: int
    is_removed: bool
    changes: tuple[Change, ...]
    searches: tuple[Search, ...] = ()

    @property
    def plan_id(self) -> int | None:
        """The boundary plan that would be in force, None without one."""
        return next((each.plan_id for each in self.changes if each.plan_id), None)

    @property
    def altered(self) -> Changes:
        """Return the changes as coverage takes them, but for a boundary plan (``boundaries``)."""
        return Changes(
            added=tuple(
                Added(each.kind, *_at(each))
                for each in self.changes
                if each.what == "add"
                if each.kind
            ),
            moved=tuple(
                Moved(each.facility_id, each.kind, *_at(each))
                for each in self.changes
                if each.what == "move" and each.facility_id and each.kind
            ),
            closed=frozenset(
                each.facility_id
                for each in self.changes
                if each.what == "close" and each.facility_id
            ),
            given=_areas(self.changes, "give"),
            taken=_areas(self.changes, "take"),
            standards={
                (each.kind, each.place): each.standard
                for each in self.changes
                if each.kind and each.place and each.standard
            },
        )


def _at(change: Change) -> tuple[float, float]:
    assert change.point
    return change.point.lon, change.point.lat


def _areas(changes: tuple[Change, ...], what: What) -> tuple[Area, ...]:
    return tuple(
        Area(each.organisation_id, each.grid_id)
        for each in changes
        if each.what == what and each.organisation_id and each.grid_id
    )
