"""The form in which a standard is set: what was typed, and what is wrong beside each field."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date

from flask_babel import format_decimal
from flask_babel import gettext as _
from werkzeug.datastructures import MultiDict

from geodata.coverage.standards.definition import NOBODY, ORGANISATIONS, Definition
from geodata.coverage.standards.model import Place, Providers, Standard
from geodata.database import clock
from geodata.errors import InvalidInputError
from webmap.core import asking, errors

PLACES: tuple[Place, ...] = ("town", "village")
# A whole day's walk, and a walk of four hours: nobody means more.
_MOST = {"m": 100_000, "min": 240}
_LONGEST_NAME = 40

Typed = Mapping[str, Sequence[str]]


@dataclass(slots=True)
class Wanted:
    """What a form says. Where there are ``faults``, by field, the rest may stand for nothing."""

    typed: Typed
    day: date
    town: Standard
    village: Standard
    providers: Providers
    name_zh: str = ""
    name_en: str = ""
    faults: dict[str, str] = field(default_factory=dict[str, str])

    def text(self, name: str) -> str:
        """Return what stands in a field."""
        return next(iter(self.typed.get(name, ())), "")

    def has(self, name: str, value: str) -> bool:
        """Tell whether a box is ticked."""
        return value in self.typed.get(name, ())

    def pairs(self) -> Iterator[tuple[str, str]]:
        """Yield all that was typed, to be sent once more."""
        return ((name, value) for name, values in self.typed.items() for value in values)


def filled(it: Definition | None, day: date) -> Typed:
    """Return the fields with what holds on a day, and with a first guess for a new kind."""
    typed: dict[str, Sequence[str]] = {
        "since": [day.isoformat()],
        "filled_for": [day.isoformat()],
    }
    for place in PLACES:
        standard = (it.on(day, place) if it else None) or Standard(1000, "m", 1.0, None, 1)
        typed |= {
            f"{place}_reach": [str(standard.reach)],
            f"{place}_unit": [standard.unit],
            f"{place}_detour": [f"{standard.detour:g}"],
            f"{place}_capacity": [str(standard.capacity or "")],
            f"{place}_minimum": [str(standard.minimum)],
        }
    by = it.providers_on(day) if it else NOBODY
    if by == NOBODY:
        # Before its first day, what that brings.
        by = it.providers[0].value if it and it.providers else Providers(by_facility=True)
    typed["facility"] = ["1"] if by.by_facility else []
    typed["area"], typed["duty"] = by.areas, by.duties
    return typed


def carried(it: Definition | None, typed: Typed) -> Typed:
    """Return the fields with what holds on the day that is wanted where nobody has changed them.

    The form was filled with what holds on another day (``filled_for``): what was left as it stood
    there is meant to stay as it is, also where another change is to come before the wanted day.
    """
    days = []
    for name in ("filled_for", "since"):
        try:
            days.append(clock.read_day(_first(typed, name), asking.today()))
        except InvalidInputError:
            return typed
    if it is None or days[0] == days[1]:
        return typed
    was, now = (filled(it, day) for day in days)
    groups = [("facility", "area", "duty")]
    for place in PLACES:
        groups += [(f"{place}_reach", f"{place}_unit")]
        groups += [(f"{place}_{each}",) for each in ("detour", "capacity", "minimum")]
    found = {**typed, "filled_for": now["filled_for"]}
    for names in groups:
        if all(
            sorted(filter(None, typed.get(name, ()))) == sorted(filter(None, was[name]))
            for name in names
        ):
            found |= {name: now[name] for name in names}
    return found


def typed_in(form: MultiDict[str, str]) -> Typed:
    """Return the fields as they were sent, none of those that are not ours."""
    names = [
        "since", "filled_for", "facility", "area", "duty", "name_zh", "name_en",
        *(
            f"{place}_{each}" for place in PLACES
            for each in ("reach", "unit", "detour", "capacity", "minimum")
        ),
    ]  # fmt: skip
    return {name: form.getlist(name) for name in names if name in form}


def read(typed: Typed, roles: Sequence[str], *, is_new: bool) -> Wanted:
    """Read the fields; ``roles`` are the codes of all duties. What is wrong is in ``faults``."""
    faults: dict[str, str] = {}
    it = Wanted(
        typed,
        _day(typed, faults),
        _standard(typed, "town", faults),
        _standard(typed, "village", faults),
        Providers(
            bool(_first(typed, "facility")),
            tuple(sorted({each for each in typed.get("area", ()) if each in ORGANISATIONS})),
            tuple(sorted({each for each in typed.get("duty", ()) if each in roles})),
        ),
        faults=faults,
    )
    if it.providers == NOBODY:
        faults["providers"] = _("Tick at least one: somebody must be able to provide the service.")
    if is_new:
        it.name_zh = _name(typed, "name_zh", faults)
        it.name_en = _name(typed, "name_en", faults)
        if it.name_en and not re.search(r"[A-Za-z]", it.name_en):
            faults["name_en"] = _("The English name needs Latin letters: its code is made from it.")
    return it


def _day(typed: Typed, faults: dict[str, str]) -> date:
    try:
        return clock.read_day(_first(typed, "since"), asking.today())
    except InvalidInputError as error:
        faults["since"] = errors.said(error) if _first(typed, "since") else _("Choose a day.")
        return asking.today()


def _standard(typed: Typed, place: Place, faults: dict[str, str]) -> Standard:
    unit = "min" if _first(typed, f"{place}_unit") == "min" else "m"
    return Standard(
        _whole(typed, f"{place}_reach", _MOST[unit], faults) or 1,
        unit,
        _detour(typed, f"{place}_detour", faults),
        _whole(typed, f"{place}_capacity", 1_000_000, faults, may_be_empty=True),
        _whole(typed, f"{place}_minimum", 99, faults) or 1,
    )


def _whole(
    typed: Typed, name: str, most: int, faults: dict[str, str], *, may_be_empty: bool = False
) -> int | None:
    text = _first(typed, name).replace(",", "").replace(" ", "")
    if not text:
        if not may_be_empty:
            faults[name] = _("Fill this in.")
        return None
    if text.isascii() and text.isdecimal() and len(text) < 10 and 1 <= int(text) <= most:
        return int(text)
    faults[name] = _("Write a whole number from 1 to %(most)s.", most=format_decimal(most))
    return None


def _detour(typed: Typed, name: str, faults: dict[str, str]) -> float:
    text = _first(typed, name) or "1"
    if re.fullmatch(r"[0-9](\.[0-9]{1,2})?", text) and 1 <= float(text) <= 5:
        return float(text)
    faults[name] = _("Write a number from 1 to 5, for example 1.3; 1 is the straight line.")
    return 1.0


def _name(typed: Typed, name: str, faults: dict[str, str]) -> str:
    text = " ".join(_first(typed, name).split())
    if not text:
        faults[name] = _("Fill this in.")
    elif len(text) > _LONGEST_NAME or not text.isprintable():
        faults[name] = _("Up to %(most)s letters, without signs that cannot be seen.",
                         most=_LONGEST_NAME)  # fmt: skip
    return text


def _first(typed: Typed, name: str) -> str:
    """Return a field with full-width digits and signs as the plain ones that they stand for."""
    return unicodedata.normalize("NFKC", next(iter(typed.get(name, ())), "")).strip()
