"""Who is meant by the rows of a list of members: pure, from what the rows and the database say.

A person is known again by staff number (工号), else by name and phone, else by name and place. What
fits two people, or nobody and yet perhaps somebody, is a ``Doubt``, and never decided here.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Collection, Iterable, Sequence
from datetime import date

from geodata.importing.lists.persons import Doubt, Entry, Identified, Known, Person, plain_name

ALL = "all"


def identify(
    entries: Sequence[Entry],
    known: Sequence[Known],
    *,
    same: Collection[str] = (),
    different: Collection[str] = (),
) -> Identified:
    """Say who is meant by each row.

    ``same`` and ``different`` are the names (or ``ALL``) of whom somebody has decided that they
    are one person, or two.
    """
    out = Identified([])
    by_key = {each.key: each for each in known if each.is_own and each.key}
    by_name: dict[str, list[Known]] = defaultdict(list)
    for each in known:
        by_name[plain_name(each.name)].append(each)
    rows: dict[str, list[Entry]] = defaultdict(list)
    for entry in entries:
        rows[plain_name(entry.name)].append(entry)
    for name, group in rows.items():
        people = _grouped(group)
        for person in people:
            _match_key(person, by_key, out, is_said(name, same))
        is_different = is_said(name, different)
        doubts = _match(people, by_name[name], out, is_different)
        doubts += _undecided(people, by_name[name], doubts)
        out.doubts += _decided(people, doubts, is_said(name, same), is_different)
        out.people += people
    return out


def is_said(name: str, names: Collection[str]) -> bool:
    """Whether something is decided about a plain name."""
    return ALL in names or name in {plain_name(each) for each in names}


def _grouped(entries: Sequence[Entry]) -> list[Person]:
    """Bring the rows of one name together: by number, then by phone, then by place."""
    people: list[Person] = []
    for entry in entries:
        person = next((each for each in people if entry.key and entry.key in each.keys), None)
        _put(entry, person, people)
    _join(people, lambda one, two: bool(one.phones & two.phones))
    _join(people, lambda one, two: not one.phones and not two.phones and _shares_place(one, two))
    # Who has no phone belongs to the one at the place who has; if there are two, nobody knows.
    for person in [each for each in people if not each.phones]:
        beside = [
            each for each in people if each is not person and _shares_place(each, person)
            and not _differ(each.keys, person.keys)
        ]  # fmt: skip
        if len(beside) == 1:
            _merge(people, beside[0], person)
    return people


def _put(entry: Entry, person: Person | None, people: list[Person]) -> None:
    if person is None:
        people.append(Person([entry]))
    else:
        person.entries.append(entry)


def _join(people: list[Person], is_one: Callable[[Person, Person], bool]) -> None:
    """Merge people who are one by what they share, unless their numbers differ."""
    at = 0
    while at < len(people):
        one = people[at]
        others = (
            two for two in people[at + 1 :] if is_one(one, two) and not _differ(one.keys, two.keys)
        )
        two = next(others, None)
        if two is None:
            at += 1
        else:
            _merge(people, one, two)


def _merge(people: list[Person], one: Person, two: Person) -> None:
    one.entries = sorted(one.entries + two.entries, key=lambda entry: entry.row)
    if one.known is None:
        one.known, one.how = two.known, two.how
    people.remove(two)


def _shares_place(one: Person, two: Person) -> bool:
    return bool(one.places & two.places) and not _differ(one.units, two.units)


def _differ(one: Collection[str], two: Collection[str]) -> bool:
    """Whether both say something, and nothing that is the same."""
    return bool(one) and bool(two) and not set(one) & set(two)


def _match_key(person: Person, by_key: dict[str, Known], out: Identified, is_same: bool) -> None:
    """Find the member with the person's staff number; another name needs something in common."""
    found = next((by_key[key] for key in person.keys if key in by_key), None)
    if found is None:
        return
    person.known, person.how = found, "key"
    if plain_name(found.name) == plain_name(person.name):
        return
    has_common = bool(person.listed_phones & found.phones) or any(
        entry.office.place == office.place for entry in person.entries for office in found.offices
    )
    if has_common or is_same:
        out.remarks.append(("renamed", person, found))
    else:
        out.doubts.append(Doubt("number_of_another", person, (found,)))


def _match(
    people: list[Person], known: Sequence[Known], out: Identified, is_different: bool
) -> list[Doubt]:
    """Find the members of a name among people without one, by the strongest evidence first.

    Where somebody has decided that they differ, a new number or another list makes nobody one.
    """
    doubts: list[Doubt] = []
    own = [each for each in known if each.is_own]
    others = [each for each in known if not each.is_own]
    ways: list[tuple[str, list[Known], Callable[[Person, Known], bool]]] = [
        ("phone", own, _by_phone),
        ("place", own, _by_place),
    ]
    if not is_different:
        ways += [
            ("number changed", own, _by_seat),
            ("other list", others, _by_phone),
            ("other list", others, _by_free_seat),
        ]
    for how, pool, evidence in ways:
        for person in [each for each in people if each.known is None]:
            if person not in people or any(doubt.person is person for doubt in doubts):
                continue
            fits = [each for each in pool if _is_possible(person, each) and evidence(person, each)]
            if len(fits) > 1:
                doubts.append(Doubt("who_is_meant", person, tuple(fits)))
            elif fits:
                _take(people, person, fits[0], how, out)
    return doubts


def _take(people: list[Person], person: Person, found: Known, how: str, out: Identified) -> None:
    """Say that a person is a member, and one with whom else of the list is that member."""
    holder = next((each for each in people if each.known is found), None)
    if holder is not None:
        # A number that differs from that of the member's other rows is left in doubt.
        if how in {"phone", "place"} and not _differ(holder.listed_phones, person.listed_phones):
            _merge(people, holder, person)
        return
    person.known, person.how = found, how
    if how == "number changed":
        out.remarks.append(("new_number", person, found))
    elif how == "other list":
        out.remarks.append(("known_elsewhere", person, found))


def _is_possible(person: Person, known: Known) -> bool:
    """Whether the staff numbers of one list let a person be a member."""
    return not (known.is_own and known.key and person.keys)


def _by_phone(person: Person, known: Known) -> bool:
    return bool(person.listed_phones & known.phones)


def _by_place(person: Person, known: Known) -> bool:
    """Whether a member of that name has, or had, a duty at one of the places."""
    places = {office.place for office in known.offices}
    return bool(person.places & places) and not _differ(person.listed_phones, known.phones)


def _by_seat(person: Person, known: Known) -> bool:
    """Whether a member of that name holds the very duty, though with another phone."""
    return any(entry.office.overlaps(each) for entry in person.entries for each in known.offices)


def _by_free_seat(person: Person, known: Known) -> bool:
    return _by_seat(person, known) and not _differ(person.listed_phones, known.phones)


def _undecided(
    people: Sequence[Person], known: Sequence[Known], before: Sequence[Doubt]
) -> list[Doubt]:
    """Return whom a person without a member may be, where nothing tells them apart."""
    taken = {person.known.member_id for person in people if person.known is not None}
    free = [each for each in known if each.member_id not in taken]
    doubted = {id(doubt.person) for doubt in before}
    found: list[Doubt] = []
    for person in people:
        if person.known is not None or id(person) in doubted:
            continue
        others: list[Person | Known] = [
            each for each in people if each is not person and not _are_two(person, each)
        ]
        others += [each for each in free if _may_be(person, each)]
        if others:
            found.append(Doubt("who_is_meant", person, tuple(others)))
    return found


def _are_two(one: Person, two: Person) -> bool:
    """Whether the list itself says that two of one name are two people."""
    if _differ(one.keys, two.keys):
        return True
    if one.places & two.places:
        return False
    if _differ(one.phones, two.phones):
        return True
    return not (one.phones and two.phones) and _differ(one.units, two.units)


def _may_be(person: Person, known: Known) -> bool:
    """Whether a member whom no row of the list means may be the person.

    A namesake of another list is one only if he holds the very duty.
    """
    if not known.is_own:
        return _by_seat(person, known)
    return _is_possible(person, known)


def _decided(
    people: list[Person], doubts: Sequence[Doubt], is_same: bool, is_different: bool
) -> list[Doubt]:
    """Settle doubts as somebody has decided; what that cannot settle stays."""
    if is_different:
        return [doubt for doubt in doubts if doubt.kind == "number_of_another"]
    if not is_same:
        return list(doubts)
    left: list[Doubt] = []
    for doubt in doubts:
        if doubt.person not in people:
            continue
        others = [each for each in doubt.others if isinstance(each, Known) or each in people]
        members = {
            each.member_id
            for each in (other if isinstance(other, Known) else other.known for other in others)
            if each is not None
        }
        keys = set(doubt.person.keys)
        for other in others:
            keys |= other.keys if isinstance(other, Person) else {other.key} - {""}
        if len(members) > 1 or len(keys) > 1:
            left.append(doubt)
            continue
        for other in others:
            if isinstance(other, Person):
                _merge(people, doubt.person, other)
            elif doubt.person.known is None:
                doubt.person.known, doubt.person.how = other, "decision"
    return left


def vanished(known: Iterable[Known], people: Iterable[Person], today: date) -> list[Known]:
    """Return the list's own members in office on a day whom the list names no more."""
    meant = {person.known.member_id for person in people if person.known is not None}
    return [
        each
        for each in known
        if each.is_own
        and each.member_id not in meant
        and any(office.start <= today < (office.until or date.max) for office in each.offices)
    ]
