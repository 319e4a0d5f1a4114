"""What a service kind is: its names, its standards from day to day, who gives it.

A definition is never changed: a change makes another one, so that what is taken back is the former
one put in its place.
"""

from __future__ import annotations

import hashlib
import itertools
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from datetime import date
from typing import Any, Generic, TypeVar

from geodata.coverage.standards.model import Place, Providers, Standard
from geodata.errors import InvalidInputError
from geodata.language.phrases import Phrase

# The kinds of organisations that may serve in their areas (database/migrations/0002.people.sql).
ORGANISATIONS: Mapping[str, Phrase] = {
    "county_department": Phrase("County department"),
    "town_office": Phrase("Town office"),
    "residents_committee": Phrase("Residents' committee"),
    "owners_committee": Phrase("Owners' committee"),
    "property_company": Phrase("Property company"),
    "alliance": Phrase("Party-building alliance"),
    "volunteer_team": Phrase("Volunteer team"),
    "social_organisation": Phrase("Social organisation"),
    "business": Phrase("Business"),
}


Value = TypeVar("Value", Standard, Providers)


@dataclass(frozen=True, slots=True)
class Dated(Generic[Value]):
    """A value and the days on which it holds; ``until`` is exclusive, None without an end."""

    since: date
    until: date | None
    value: Value

    def holds(self, day: date) -> bool:
        """Tell whether it holds on a day."""
        return self.since <= day and (self.until is None or day < self.until)


Course = tuple[Dated[Value], ...]
"""Values one after the other, such as the standards of a kind of place; no two hold on one day."""

NOBODY = Providers(by_facility=False)


@dataclass(frozen=True, slots=True)
class Period:
    """Days on which a kind's standards, and who gives it, stay; ``until`` is exclusive."""

    since: date
    until: date | None
    town: Standard | None
    village: Standard | None
    providers: Providers


@dataclass(frozen=True, slots=True)
class Definition:
    """All that makes a kind of service; ``rank`` is its place in the county's order."""

    kind: str
    name_zh: str
    name_en: str
    rank: int
    town: Course[Standard]
    village: Course[Standard]
    providers: Course[Providers]

    def on(self, day: date, place: Place) -> Standard | None:
        """Return the standard of a kind of place on a day."""
        dated = self.dated(day, place)
        return dated.value if dated else None

    def providers_on(self, day: date) -> Providers:
        """Return who counts as a provider on a day."""
        return next((each.value for each in self.providers if each.holds(day)), NOBODY)

    def dated(self, day: date, place: Place) -> Dated[Standard] | None:
        """Return a standard with the days on which it holds."""
        course = self.town if place == "town" else self.village
        return next((each for each in course if each.holds(day)), None)

    def changed(
        self, day: date, town: Standard, village: Standard, providers: Providers
    ) -> Definition:
        """Return it with other values from a day on, each until the next known already."""
        return replace(
            self,
            town=_changed(self.town, day, town),
            village=_changed(self.village, day, village),
            providers=_changed(self.providers, day, providers),
        )

    def withdrawn(self, day: date) -> Definition:
        """Return it without the change of a day: what held before goes on.

        Raises InvalidInputError where nothing changes on that day.
        """
        town, village = _withdrawn(self.town, day), _withdrawn(self.village, day)
        providers = _withdrawn(self.providers, day)
        if (town, village, providers) == (self.town, self.village, self.providers):
            raise InvalidInputError("No standard changes on {day}.", day=day)
        return replace(self, town=town, village=village, providers=providers)

    def periods(self) -> list[Period]:
        """List the stretches of days on which nothing changes, the oldest first."""
        courses = (*self.town, *self.village, *self.providers)
        bounds = sorted(
            {each.since for each in courses} | {each.until for each in courses if each.until}
        )
        found: list[Period] = []
        for since, until in zip(bounds, [*bounds[1:], None], strict=True):
            town, village = self.on(since, "town"), self.on(since, "village")
            if town or village:
                found.append(Period(since, until, town, village, self.providers_on(since)))
        return found

    def to_plain(self) -> dict[str, Any]:
        """Return it as data for JSON, as the database keeps it."""
        plain = asdict(self)
        # Installations have kept definitions under this key.
        plain["givers"] = plain.pop("providers")
        return json.loads(json.dumps(plain, default=str))

    @property
    def digest(self) -> str:
        """A name for exactly this definition: another one has another name."""
        text = json.dumps(self.to_plain(), sort_keys=True)
        return hashlib.sha256(text.encode()).hexdigest()[:32]


def from_plain(plain: Mapping[str, Any]) -> Definition:
    """Return the definition that ``to_plain`` wrote."""
    return Definition(
        plain["kind"],
        plain["name_zh"],
        plain["name_en"],
        plain["rank"],
        _course(plain["town"], _standard),
        _course(plain["village"], _standard),
        _course(plain["givers"], _providers),
    )


def describe(standard: Standard, *, by_facility: bool) -> Phrase:
    """Put a standard into words; where nobody walks to a facility, its reach says nothing."""
    if not by_facility:
        parts = [Phrase("where they hold the duty")]
    elif standard.unit == "min":
        parts = [Phrase("{n:,} minutes on foot", {"n": standard.reach})]
    else:
        parts = [Phrase("{n:,} m on foot", {"n": standard.reach})]
    if by_facility and standard.detour > 1:
        parts.append(Phrase("detour {n:g}", {"n": standard.detour}))
    if standard.capacity:
        parts.append(Phrase("{n:,} households per provider", {"n": standard.capacity}))
    if standard.minimum > 1:
        parts.append(Phrase("at least {n} providers", {"n": standard.minimum}))
    return Phrase("{parts}", {"parts": parts})


def _changed(course: Course[Value], day: date, value: Value) -> Course[Value]:
    here = next((each for each in course if each.holds(day)), None)
    before = [each for each in course if each.since < day]
    after = [each for each in course if each.since > day]
    until = here.until if here else after[0].since if after else None
    if before and before[-1].holds(day):
        before[-1] = replace(before[-1], until=day)
    if before and before[-1].until == day and before[-1].value == value:
        # As it was already. One that follows stays, even if it is alike: it was meant for its day.
        return (*before[:-1], replace(before[-1], until=until), *after)
    return (*before, Dated(day, until, value), *after)


def _withdrawn(course: Course[Value], day: date) -> Course[Value]:
    for former, it in itertools.pairwise(course):
        if it.since == day == former.until:
            rest = tuple(each for each in course if each is not former and each is not it)
            joined = replace(former, until=it.until)
            return tuple(sorted((*rest, joined), key=lambda each: each.since))
    return course


def _course(plain: list[dict[str, Any]], read: Callable[[Any], Value]) -> Course[Value]:
    return tuple(
        Dated(
            date.fromisoformat(each["since"]),
            date.fromisoformat(each["until"]) if each["until"] else None,
            read(each["value"]),
        )
        for each in plain
    )


def _standard(plain: dict[str, Any]) -> Standard:
    return Standard(**plain)


def _providers(plain: dict[str, Any]) -> Providers:
    return Providers(plain["by_facility"], tuple(plain["areas"]), tuple(plain["duties"]))
