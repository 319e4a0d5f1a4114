"""What a list changes about members and duties that are known: each change is in the report."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

from geodata.importing.findings.finding import Finding
from geodata.importing.lists import terms
from geodata.importing.lists.persons import Entry, Office, Person, phones_of, plain_name
from geodata.importing.lists.terms import Term
from geodata.importing.values.rows import Sheet
from geodata.language.phrases import Phrase

# Reports are handed on: of a number they show so many of its last digits.
_SHOWN = 2


@dataclass(frozen=True, slots=True)
class Told:
    """A row's phones as they will be stored, and whether it gives the first day of the term."""

    phone: str
    is_start_told: bool


def note(
    sheet: Sheet, people: Sequence[Person], told: Mapping[int, Told], titles: Mapping[str, str]
) -> dict[int, Term]:
    """Note what changes for known people, and return the duty that each row comes to.

    A row that spans several known terms is a fault. ``titles`` are the names of the roles.
    """
    found: dict[int, Term] = {}
    for person in people:
        _note_name(sheet, person)
        _note_phone(sheet, person, told)
        steps, unclear = terms.follow(person)
        for entry, offices in unclear:
            spans = [_term(office) for office in offices]
            where = {"duty": titles[entry.office.role], "place": offices[0].place_name}
            data = {**where, "terms": spans}
            finding = Finding(
                "several_terms", "blocking", (sheet.ref(entry.row, entry.name),), data=data
            )
            sheet.findings.append(finding)
            sheet.bad.add(entry.row)
        for step in steps:
            found[step.entry.row] = step
            if step.before is not None:
                _note_term(sheet, step, step.before, told[step.entry.row], titles)
    return found


def numbers(before: str, after: Iterable[str]) -> Phrase:
    """Say which numbers became which, by their last digits: ``before`` is a cell as stored."""
    data = {"before": _ends(phones_of(before)), "after": _ends(after)}
    return Phrase("{before} → {after}", data)


def _note_name(sheet: Sheet, person: Person) -> None:
    """Note another spelling of the name; another name is noted where the person is found."""
    known = person.known
    if known is None or not known.is_own or known.name == person.name:
        return
    if plain_name(known.name) == plain_name(person.name):
        _warn(sheet, "renamed", person.entries[-1], before=f"“{known.name}”")


def _note_phone(sheet: Sheet, person: Person, told: Mapping[int, Told]) -> None:
    known = person.known
    phones = (told[entry.row].phone for entry in reversed(person.entries))
    after = next((phone for phone in phones if phone), "")
    # A number that makes somebody the known one is told with that.
    if known is None or not known.phone or person.how == "number changed":
        return
    if not after or after == known.phone:
        return
    said = numbers(known.phone, phones_of(after))
    if phones_of(known.phone) == phones_of(after):
        said = Phrase("{numbers} (the same, written differently)", {"numbers": said})
    _warn(sheet, "other_phone", person.entries[-1], numbers=said)


def _note_term(
    sheet: Sheet, step: Term, before: Office, told: Told, titles: Mapping[str, str]
) -> None:
    entry, office = step.entry, step.office
    where = {"duty": titles[office.role], "place": office.place_name}
    if told.is_start_told and entry.office.start != before.start:
        kind = "first_day_kept" if entry.office.start > before.start else "first_day_earlier"
        days = {"known": before.start.isoformat(), "told": entry.office.start.isoformat()}
        _warn(sheet, kind, entry, **where, **days)
    if office.until != before.until:
        days = {"before": _last(before.until), "after": _last(office.until)}
        _warn(sheet, "last_day_changed", entry, **where, **days)


def _warn(sheet: Sheet, kind: str, entry: Entry, **data: object) -> None:
    row = sheet.ref(entry.row, entry.name)
    sheet.findings.append(Finding(kind, "warning", (row,), data=data))


def _term(office: Office) -> Phrase:
    first = office.start.isoformat()
    if office.until is None:
        return Phrase("from {first} on", {"first": first})
    return Phrase("{first} to {last}", {"first": first, "last": _last(office.until)})


def _last(until: date | None) -> str | Phrase:
    """Return the last day in office of a term that ends before a day."""
    return Phrase("none") if until is None else (until - timedelta(days=1)).isoformat()


def _ends(phones: Iterable[str]) -> list[str]:
    return [f"…{phone[-_SHOWN:]}" for phone in sorted(phones)]
