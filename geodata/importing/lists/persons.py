"""People as the rows of a list and the database have them, and what is in doubt about them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from datetime import date

from geodata.people import phones

Place = tuple[int | None, int | None]


@dataclass(frozen=True, slots=True)
class Office:
    """A role at a place, (grid_id, building_id), for a term; ``until`` is the first day after.

    ``duty_id`` is that of the duty in the database, None for one of the list.
    """

    role: str
    place: Place
    entrance: int | None
    start: date
    until: date | None
    place_name: str = ""
    duty_id: int | None = None

    def overlaps(self, other: Office) -> bool:
        """Whether both are the same duty, for days that they share."""
        mine, theirs = self.until or date.max, other.until or date.max
        return self.seat == other.seat and self.start < theirs and other.start < mine

    @property
    def seat(self) -> tuple[str, Place, int]:
        """What is held, whatever the term."""
        return self.role, self.place, self.entrance or 0


@dataclass(frozen=True, slots=True)
class Entry:
    """A row of the list. ``key`` is the staff number, ``unit`` the organisation as written."""

    row: int
    name: str
    key: str
    phones: frozenset[str]
    unit: str
    office: Office


@dataclass(frozen=True, slots=True)
class Known:
    """A member in the database. ``key`` is "" where the list gave no staff number.

    ``phone`` is the cell of numbers as it is stored.

    ``is_own``: brought by the list of the same name; of members of ``other`` lists the staff number
    says nothing here.
    """

    member_id: int
    name: str
    key: str
    phones: frozenset[str]
    unit: str
    offices: tuple[Office, ...]
    is_own: bool = True
    source: str = ""
    phone: str = ""


@dataclass(slots=True, eq=False)
class Person:
    """Rows that mean one person, and who of the members that is; None for a new one."""

    entries: list[Entry]
    known: Known | None = None
    how: str = "new"

    @property
    def name(self) -> str:
        """Return the name as the list has it last."""
        return self.entries[-1].name

    @property
    def keys(self) -> set[str]:
        """Return the staff numbers, of the list and of the member."""
        own = {self.known.key} if self.known is not None and self.known.is_own else set[str]()
        return ({entry.key for entry in self.entries} | own) - {""}

    @property
    def listed_phones(self) -> set[str]:
        """Return the phones in the list."""
        return {phone for entry in self.entries for phone in entry.phones}

    @property
    def phones(self) -> set[str]:
        """Return the phones in the list and of the member."""
        return self.listed_phones | (set(self.known.phones) if self.known else set())

    @property
    def units(self) -> set[str]:
        """Return the organisations in the list and of the member."""
        known = {self.known.unit} if self.known is not None else set[str]()
        return ({entry.unit for entry in self.entries} | known) - {""}

    @property
    def places(self) -> set[Place]:
        """Return the places of the rows."""
        return {entry.office.place for entry in self.entries}


@dataclass(frozen=True, slots=True)
class Doubt:
    """A person of the list who may be another one of the list, or a member: who is not said.

    ``kind`` is that of the finding.
    """

    kind: str
    person: Person
    others: tuple[Person | Known, ...]


@dataclass(slots=True)
class Identified:
    """The people of a list, what is in doubt, and what was taken for the same in spite of changes.

    ``remarks`` are (kind of finding, person, member as known before).
    """

    people: list[Person]
    doubts: list[Doubt] = field(default_factory=list[Doubt])
    remarks: list[tuple[str, Person, Known]] = field(
        default_factory=list[tuple[str, Person, Known]]
    )


def plain_name(name: str) -> str:
    """Return a name without what writers vary: 张　伟 is 张伟, full-width letters are letters."""
    text = unicodedata.normalize("NFKC", name).casefold()
    parts = text.split()
    return " ".join(parts) if text.isascii() else "".join(parts)


def phones_of(text: str) -> frozenset[str]:
    """Return the numbers of a cell as bare digits, without the country's 86."""
    found: set[str] = set()
    for part in phones.pieces(unicodedata.normalize("NFKC", text)):
        digits = re.sub(r"\D", "", part)
        found.add(re.sub(r"^(?:00)?86(?=1\d{10}$)", "", digits))
    return frozenset(found - {""})
