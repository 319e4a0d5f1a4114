"""Frozen types that travel from the ground up to the page.

Points are (lon, lat) in WGS 84 degrees. Lengths are metres, areas square metres, both geodesic.
Dates are local calendar days; instants carry a time zone.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from types import MappingProxyType
from typing import Literal, NamedTuple

from geodata.language.phrases import Phrase

Level = Literal["county", "town", "community", "compound"]
LEVELS: tuple[Level, ...] = ("county", "town", "community", "compound")
LEVEL_TITLES: Mapping[Level, Phrase] = MappingProxyType(
    {
        "county": Phrase("County"),
        "town": Phrase("Town"),
        "community": Phrase("Community"),
        "compound": Phrase("Compound"),
    }
)
# Over a list of the grids of a level.
LEVEL_PLURALS: Mapping[Level, Phrase] = MappingProxyType(
    {
        "county": Phrase("Counties"),
        "town": Phrase("Towns"),
        "community": Phrase("Communities"),
        "compound": Phrase("Compounds"),
    }
)

# held: in office today; deputy: only a deputy is; ended: the last term is over; vacant: never held.
Responsibility = Literal["held", "deputy", "ended", "vacant"]
RESPONSIBILITY_TITLES: Mapping[Responsibility, Phrase] = MappingProxyType(
    {
        "held": Phrase("Filled"),
        "deputy": Phrase("Deputy only"),
        "ended": Phrase("Term ended"),
        "vacant": Phrase("Vacant"),
    }
)

# Why a household is not served, in the order in which reasons are listed.
Reason = Literal["too_far", "nobody", "over_capacity", "too_few", "term_ended"]
REASON_TITLES: Mapping[Reason, Phrase] = MappingProxyType(
    {
        "too_far": Phrase("too far"),
        "nobody": Phrase("nobody"),
        "over_capacity": Phrase("over capacity"),
        "too_few": Phrase("too few providers"),
        "term_ended": Phrase("closed or term ended"),
    }
)
REASONS: tuple[Reason, ...] = tuple(REASON_TITLES)
# Of one household: served, or the reason why not.
VERDICT_TITLES: Mapping[str, Phrase] = MappingProxyType({"met": Phrase("served"), **REASON_TITLES})


@dataclass(frozen=True, slots=True)
class Point:
    """A place on the ground."""

    lon: float
    lat: float


class Bounds(NamedTuple):
    """A box in WGS 84 degrees."""

    west: float
    south: float
    east: float
    north: float

    def grown(self, by_m: float) -> Bounds:
        """Return a box that is larger by a length in metres on all sides."""
        # A degree of latitude has at least 110.57 km, one of longitude cos(latitude) of 111.32 km.
        high = by_m / 110_570
        farthest = min(max(-self.south, self.north) + high, 89.0)
        wide = by_m / (111_320 * math.cos(math.radians(farthest)))
        return Bounds(self.west - wide, self.south - high, self.east + wide, self.north + high)

    def params(self) -> dict[str, float | None]:
        """Return the sides as a statement names them."""
        return {"west": self.west, "south": self.south, "east": self.east, "north": self.north}


# Of a statement that takes a box or, with these, all there is.
ANYWHERE: Mapping[str, None] = MappingProxyType(dict.fromkeys(("west", "south", "east", "north")))


@dataclass(frozen=True, slots=True)
class GridRef:
    """Enough of a grid to name it and link to it."""

    grid_id: int
    level: Level
    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Grid:
    """A grid as it was on a day: one version of it.

    ``path`` leads from the county down to the parent; ``valid_until`` is exclusive, None while the
    version is the last one.
    """

    grid_id: int
    level: Level
    name: str
    code: str
    path: tuple[GridRef, ...]
    children: int
    households: int | None
    population: int | None
    buildings: int
    area_m2: float
    territory_gap_m2: float | None
    bounds: Bounds
    label: Point
    valid_from: date
    valid_until: date | None
    version_count: int

    @property
    def ref(self) -> GridRef:
        """The grid's name and address."""
        return GridRef(self.grid_id, self.level, self.name, self.code)


@dataclass(frozen=True, slots=True)
class GridRow:
    """One line in a list of grids; ``pinyin`` is the name's full pinyin and its initials."""

    ref: GridRef
    pinyin: str
    households: int | None
    state: Responsibility
    open_issues: int
    overdue_issues: int


@dataclass(frozen=True, slots=True)
class ResponsibilityRow:
    """How many compounds of a grid have somebody responsible; ``ref`` is None for the whole."""

    ref: GridRef | None
    held: int
    deputy: int
    ended: int
    vacant: int

    @property
    def total(self) -> int:
        """All compounds."""
        return self.held + self.deputy + self.ended + self.vacant


@dataclass(frozen=True, slots=True)
class UnheldCompound:
    """A compound that has nobody in office.

    ``since`` is the end of the last term; for one that never had anybody, its own first day.
    """

    ref: GridRef
    community: GridRef
    state: Responsibility
    since: date


@dataclass(frozen=True, slots=True)
class Duty:
    """A member's duty at a place, as of a day. Carries no phone number."""

    duty_id: int
    member_id: int
    member: str
    role: str
    role_zh: str
    role_en: str
    organisation: str | None
    place: str
    is_deputy: bool
    is_responsible: bool
    pledge: str
    term_from: date
    term_until: date | None
    in_office: bool
    entrance: int | None


@dataclass(frozen=True, slots=True)
class Place:
    """A grid or a building by name; ``entrance`` is the building's entrance, if one is meant."""

    name: str
    entrance: int | None


@dataclass(frozen=True, slots=True)
class HeldDuty:
    """What one member does in one role, at all places of a grid where it is so.

    ``duty`` is the first of them; ``term_until`` is None where one of the terms is open.
    """

    duty: Duty
    places: tuple[Place, ...]
    term_from: date
    term_until: date | None

    @property
    def last_day(self) -> date | None:
        """The last day of the term, None while it is open."""
        return self.term_until - timedelta(days=1) if self.term_until else None


@dataclass(frozen=True, slots=True)
class IssueSummary:
    """One line in a list of issues."""

    issue_id: int
    title: str
    category_zh: str
    category_en: str
    state: str
    state_zh: str
    state_en: str
    is_open: bool
    is_overdue: bool
    reported_at: datetime
    due_at: datetime | None
    closed_at: datetime | None
    point: Point
    grid_name: str | None


@dataclass(frozen=True, slots=True)
class IssueEvent:
    """A step of an issue's way."""

    at: datetime
    to_state: str
    state_zh: str
    state_en: str
    organisation: str | None
    note: str


@dataclass(frozen=True, slots=True)
class Issue:
    """An issue with its history. Carries nothing about who reported it.

    ``reported_in`` is the grid in which it was reported, ``lies_in`` the path of grids around the
    same place on the day asked about.
    """

    summary: IssueSummary
    detail: str
    lead_unit: str
    reported_in: GridRef | None
    lies_in: tuple[GridRef, ...]
    events: tuple[IssueEvent, ...]


@dataclass(frozen=True, slots=True)
class IssueCategory:
    """A category with the number of its issues; a large class has that of all its ``parts``."""

    code: str
    name_zh: str
    name_en: str
    issues: int
    parts: tuple[IssueCategory, ...]


@dataclass(frozen=True, slots=True)
class IssueCounts:
    """Issues of a territory at an instant."""

    open: int
    overdue: int
    suspended: int
    closed: int


@dataclass(frozen=True, slots=True)
class Coverage:
    """One service kind in one grid: households, those to whom the standard is met, and why not.

    ``households`` is 0 where none are known: missing data, not a missing service. ``estimated`` of
    them are counted by area, since no building is known. ``reached`` have a provider in reach.
    Those to whom the standard is not met have one reason each.
    """

    kind: str
    kind_zh: str
    kind_en: str
    households: int
    estimated: int
    reached: int
    met: int
    over_capacity: int
    too_few: int
    too_far: int
    nobody: int
    term_ended: int

    @property
    def share(self) -> float | None:
        """Households to whom the standard is met as a fraction, None without data."""
        return self.met / self.households if self.households else None

    @property
    def unmet(self) -> int:
        """Households to whom the standard is not met."""
        return self.households - self.met

    @property
    def reasons(self) -> tuple[tuple[Reason, int], ...]:
        """Why not, with the households, the most frequent reason first."""
        found: list[tuple[Reason, int]] = [
            (reason, n) for reason in REASONS if (n := self.count(reason))
        ]
        return tuple(sorted(found, key=lambda each: -each[1]))

    def count(self, reason: Reason) -> int:
        """Return the households that one reason applies to."""
        return getattr(self, reason)


@dataclass(frozen=True, slots=True)
class Facility:
    """A place where a service is given."""

    facility_id: int
    kind: str
    kind_zh: str
    kind_en: str
    name: str
    address: str
    point: Point
    distance_m: float | None


@dataclass(frozen=True, slots=True)
class Nearby:
    """What a click on the map finds: the path of grids there, and how near the boundary runs.

    ``in_territory_gap`` is true inside a community but outside every compound. ``boundary_m`` is
    the distance to the nearest boundary of the finest grid, ``beyond`` the grid on its other side.
    """

    point: Point
    path: tuple[GridRef, ...]
    in_territory_gap: bool
    boundary_m: float | None
    beyond: GridRef | None


@dataclass(frozen=True, slots=True)
class SearchHit:
    """A grid or a member that the search box found.

    ``title`` is the name, ``within`` the name of the grid around it; a member has the duty's name,
    and ``more`` counts the other places where it is held.
    """

    kind: Literal["grid", "member"]
    title: str
    within: str
    role_zh: str
    role_en: str
    grid: GridRef | None
    point: Point | None
    bounds: Bounds | None
    more: int = 0
