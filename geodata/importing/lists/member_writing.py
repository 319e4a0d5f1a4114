"""Members of a list and of the database: who is known, who is meant, and writing them."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Sequence
from datetime import date

import psycopg
from psycopg.rows import TupleRow

from geodata.errors import InvalidInputError
from geodata.importing.findings.finding import Finding
from geodata.importing.lists import identifying, member_changes
from geodata.importing.lists.persons import Entry, Known, Office, Person, phones_of, plain_name
from geodata.importing.lists.reading import ListImport
from geodata.importing.values.rows import Sheet
from geodata.language.phrases import Phrase
from geodata.language.pinyin import search_key

# How a person was recognised, as the report counts it.
_HOW = {
    "key": Phrase("by staff number"),
    "phone": Phrase("by name and phone"),
    "place": Phrase("by name and place"),
    "number changed": Phrase("by name and duty, with a new phone"),
    "other list": Phrase("from another list"),
    "decision": Phrase("as decided (--same)"),
    "new": Phrase("new"),
}


def identify(
    conn: psycopg.Connection[TupleRow],
    order: ListImport,
    sheet: Sheet,
    entries: Sequence[Entry],
    today: date,
) -> list[Person]:
    """Return the people whom rows mean; note who is in doubt, and what was taken for the same.

    Raises:
        InvalidInputError: a decision about a name that no row has
    """
    _check_decisions(order, entries)
    _check_numbers(sheet, entries)
    known = _known(conn, order.source, entries)
    found = identifying.identify(entries, known, same=order.same, different=order.different)
    for doubt in found.doubts:
        _note_doubt(sheet, doubt.kind, doubt.person, doubt.others)
    for kind, person, before in found.remarks:
        data = {
            "before": before.name, "source": before.source, "name": person.name,
            "numbers": member_changes.numbers(before.phone, person.listed_phones),
        }  # fmt: skip
        row = sheet.ref(person.entries[-1].row, person.name)
        sheet.findings.append(Finding(kind, "warning", (row,), data=data))
    for member in identifying.vanished(known, found.people, today):
        places = [office.place_name for office in member.offices]
        data = {"name": member.name, "places": list(dict.fromkeys(places))}
        sheet.findings.append(Finding("not_in_list", "warning", (), data=data))
    how: dict[str, int] = defaultdict(int)
    for person in found.people:
        how[person.how] += 1
    said = [
        Phrase("{count:,} {how}", {"count": how[each], "how": text})
        for each, text in _HOW.items()
        if how[each]
    ]
    if said:
        sheet.notes.append(Phrase("People: {how}.", {"how": said}))
    return found.people


def _check_decisions(order: ListImport, entries: Sequence[Entry]) -> None:
    names = {plain_name(entry.name) for entry in entries} | {identifying.ALL}
    for option, told in (("--same", order.same), ("--different", order.different)):
        for name in told:
            if plain_name(name) not in names:
                raise InvalidInputError(
                    "{option} {name}: no row has this name.", option=option, name=name
                )


def _check_numbers(sheet: Sheet, entries: Sequence[Entry]) -> None:
    """Note staff numbers that the list gives to two names."""
    first: dict[str, Entry] = {}
    for entry in entries:
        other = first.setdefault(entry.key, entry) if entry.key else entry
        if plain_name(other.name) != plain_name(entry.name):
            _fault(sheet, "one_number_two_names", (entry, other), key=entry.key)


def _note_doubt(sheet: Sheet, kind: str, person: Person, others: Sequence[Person | Known]) -> None:
    """Note each row of a person in doubt, with who else it may be."""
    said: list[Phrase] = []
    for other in others:
        if isinstance(other, Person):
            rows = [sheet.place(entry.row) for entry in other.entries]
            said.append(Phrase("row {rows}", {"rows": rows}))
        else:
            places = list(dict.fromkeys(office.place_name for office in other.offices))
            values = {"name": other.name, "places": places or [Phrase("no duty")]}
            said.append(Phrase("{name}, known here ({places})", values))
    for entry in person.entries:
        _fault(sheet, kind, (entry,), name=entry.name, others=said)


def _fault(sheet: Sheet, kind: str, entries: Sequence[Entry], **data: object) -> None:
    refs = tuple(sheet.ref(entry.row, entry.name) for entry in entries)
    sheet.findings.append(Finding(kind, "blocking", refs, data=data))
    sheet.bad.update(entry.row for entry in entries)


def _known(
    conn: psycopg.Connection[TupleRow], source: str, entries: Sequence[Entry]
) -> list[Known]:
    """Return the list's own members, and those of other lists who carry a name of the rows."""
    names = {plain_name(entry.name) for entry in entries}
    rows = conn.execute(
        """
        SELECT m.member_id, m.name, coalesce(m.external_key, ''), m.source, coalesce(c.phone, ''),
               coalesce(o.name, '')
        FROM member m LEFT JOIN member_contact c USING (member_id)
        LEFT JOIN organisation o USING (organisation_id) ORDER BY m.member_id
        """
    ).fetchall()
    wanted = [row for row in rows if row[3] == source or plain_name(row[1]) in names]
    offices = _offices(conn, [row[0] for row in wanted])
    return [
        Known(
            member_id, name, _staff_number(key, source, name) if of == source else "",
            phones_of(phone), unit, tuple(offices[member_id]), of == source, of, phone,
        )
        for member_id, name, key, of, phone, unit in wanted
    ]  # fmt: skip


def _staff_number(external_key: str, source: str, name: str) -> str:
    """Return the number that a list gave a member, "" where the key was made of the name."""
    own = external_key.removeprefix(f"{source}:")
    return "" if own.startswith(f"{name}/") else own


def _offices(
    conn: psycopg.Connection[TupleRow], member_ids: Sequence[int]
) -> dict[int, list[Office]]:
    offices: dict[int, list[Office]] = defaultdict(list)
    for (
        member_id,
        duty_id,
        role,
        grid_id,
        building_id,
        entrance,
        start,
        until,
        name,
    ) in conn.execute(
        """
        SELECT d.member_id, d.duty_id, d.role, d.grid_id, d.building_id, d.entrance, lower(d.term),
               upper(d.term), coalesce(b.name, (
                   SELECT v.name FROM grid_version v WHERE v.grid_id = d.grid_id
                   ORDER BY lower(v.valid) DESC LIMIT 1), '')
        FROM duty d LEFT JOIN building b USING (building_id)
        WHERE d.member_id = ANY(%s) ORDER BY d.member_id, d.term DESC
        """,
        [list(member_ids)],
    ):
        offices[member_id].append(
            Office(role, (grid_id, building_id), entrance, start, until, name, duty_id)
        )
    return offices


def write_people(
    conn: psycopg.Connection[TupleRow],
    source: str,
    people: Sequence[Person],
    organisations: Sequence[int | None],
) -> list[int]:
    """Write people as the list has them, with the unit of each, and return their members' ids."""
    rows = conn.execute("SELECT external_key FROM member WHERE source = %s", [source])
    taken = {row[0] for row in rows}
    ids: list[int] = []
    for person, organisation in zip(people, organisations, strict=True):
        known = person.known
        number = next((entry.key for entry in person.entries if entry.key), "")
        values: dict[str, object] = {
            "name": person.name,
            "pinyin": search_key(person.name),
            "unit": organisation,
        }
        if known is None:
            own = number or _own_key(person, source, taken)
            values |= {"key": f"{source}:{own}", "source": source}
            taken.add(f"{source}:{own}")
            ids.append(_insert(conn, values))
            continue
        # Who gets a staff number later is known by it from then on.
        has_new_number = known.is_own and number and not known.key
        values |= {"id": known.member_id, "key": f"{source}:{number}" if has_new_number else None}
        if not known.is_own:
            values |= {"name": known.name, "pinyin": search_key(known.name)}
        conn.execute(
            """
            UPDATE member SET name = %(name)s, pinyin = %(pinyin)s,
                external_key = coalesce(%(key)s, external_key),
                organisation_id = coalesce(%(unit)s, organisation_id)
            WHERE member_id = %(id)s AND (name, pinyin, external_key, organisation_id)
                IS DISTINCT FROM (%(name)s, %(pinyin)s, coalesce(%(key)s, external_key),
                                  coalesce(%(unit)s, organisation_id))
            """,
            values,
        )
        ids.append(known.member_id)
    return ids


def _insert(conn: psycopg.Connection[TupleRow], values: dict[str, object]) -> int:
    row = conn.execute(
        """
        INSERT INTO member (external_key, name, pinyin, organisation_id, source)
        VALUES (%(key)s, %(name)s, %(pinyin)s, %(unit)s, %(source)s) RETURNING member_id
        """,
        values,
    ).fetchone()
    assert row is not None
    return int(row[0])


def _own_key(person: Person, source: str, taken: set[str]) -> str:
    """Make a key for whom the list gives no number; it holds no phone that could be read.

    It only has to be free: who is known again is not looked up by it.
    """
    phone = "".join(sorted(person.listed_phones))
    digest = hashlib.sha256(f"{person.name}/{phone}".encode()).hexdigest()[:16] if phone else ""
    own = f"{person.name}/{digest}"
    number = 1
    while f"{source}:{own}" in taken:
        number += 1
        own = f"{person.name}/{digest}#{number}"
    return own
