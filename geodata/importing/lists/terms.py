"""What becomes of the duties of a person that are known when a list names them again: pure."""

from __future__ import annotations

from dataclasses import dataclass, replace

from geodata.importing.lists.persons import Entry, Office, Person


@dataclass(frozen=True, slots=True)
class Term:
    """A row's duty as it is to be written: ``before`` is the known one, None for a new one."""

    entry: Entry
    office: Office
    before: Office | None = None


def follow(person: Person) -> tuple[list[Term], list[tuple[Entry, list[Office]]]]:
    """Return the duties of a person's rows in the order in which they can be written.

    A known duty keeps its first day where a row gives a later one: days in office are never taken
    away from the front. Second come the rows that are none of these: each spans several known
    terms.
    """
    offices = list(person.known.offices) if person.known is not None else []
    terms: list[Term] = []
    unclear: list[tuple[Entry, list[Office]]] = []
    for entry in sorted(person.entries, key=lambda entry: entry.office.start):
        met = [office for office in offices if office.overlaps(entry.office)]
        if len(met) > 1:
            unclear.append((entry, sorted(met, key=lambda office: office.start)))
        elif met:
            (before,) = met
            start = min(before.start, entry.office.start)
            office = replace(before, start=start, until=entry.office.until)
            offices[offices.index(before)] = office
            terms.append(Term(entry, office, before))
        else:
            terms.append(Term(entry, entry.office))
    return terms, unclear
