"""Importing members and their duties from a list: one row is one duty."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.range import DateRange

from geodata.database import clock
from geodata.importing.files.columns import Field
from geodata.importing.files.encoding import broken
from geodata.importing.files.requests import Progress
from geodata.importing.findings.finding import Finding
from geodata.importing.lists import member_changes, member_writing
from geodata.importing.lists import reading as lists
from geodata.importing.lists.member_changes import Told
from geodata.importing.lists.persons import Entry, Office, Person, phones_of
from geodata.importing.lists.reading import ListImport
from geodata.importing.lists.terms import Term
from geodata.importing.report.report import Report
from geodata.importing.values.folding import fold
from geodata.importing.values.rows import Sheet
from geodata.language.phrases import Phrase
from geodata.model import LEVELS
from geodata.people import phones

FIELDS = {
    "name": Field(("姓名", "name", "成员姓名", "人员姓名", "网格员姓名"), True),
    "role": Field(("职务", "role", "角色", "岗位", "职责", "duty", "人员类型"), True),
    "grid": Field((
        "网格编码", "网格代码", "grid_code",
    ), loose=(
        "网格", "grid", "所属网格", "网格名称", "负责网格", "辖区", "小区",
    )),
    "building": Field(("楼栋编号",), loose=("楼栋", "building", "楼栋号", "楼栋名称")),
    "entrance": Field(("单元", "entrance", "单元号")),
    "key": Field(("工号", "人员编号", "external_key"), loose=("编号", "key", "id")),
    "phone": Field(
        ("电话", "手机", "手机号", "联系电话", "联系方式", "phone", "mobile", "tel"), is_joined=True
    ),
    "email": Field(("邮箱", "email", "e-mail")),
    "organisation": Field(("单位", "所属单位", "organisation", "organization", "工作单位")),
    "from": Field((
        "任期开始", "任职日期", "开始日期", "起始日期",
        "任职时间", "term_from", "from", "since",
    )),
    "until": Field((
        "任期结束", "离任日期", "结束日期", "截止日期",
        "届满日期", "term_until", "until",
    )),
    "deputy": Field(("是否副职", "副职", "deputy", "is_deputy")),
    "pledge": Field(("承诺", "公开承诺", "pledge")),
}  # fmt: skip

# What lists call roles besides the names in the table of roles.
_ALSO = {
    "楼长": "building_lead",
    "栋长": "building_lead",
    "社区网格长": "community_chief",
    "村网格长": "community_chief",
    "镇网格长": "town_chief",
    "乡镇网格长": "town_chief",
    "专职网格员": "grid_worker",
    "兼职网格员": "grid_worker",
    "联盟主席": "alliance_chair",
    "联盟副主席": "alliance_vice_chair",
    "党员": "registered_member",
}
# 网格长 alone: the level of the grid that is named says of what.
_CHIEF = "网格长"
_CHIEF_OF: dict[str, str] = {
    "county": "county_chief",
    "town": "town_chief",
    "community": "community_chief",
    "compound": "grid_worker",
}
# Heads a column of yes and no.
_NO_HEADERS = frozenset(("党员",))


@dataclass(frozen=True, slots=True)
class _Duty:
    """A duty as a row has it: ``until`` is exclusive, the day after the last in office.

    ``is_start_told``: the row gives the first day; else it is the day of the import.
    """

    key: str
    name: str
    role: str
    grid_id: int | None
    building_id: int | None
    entrance: int | None
    is_deputy: bool
    pledge: str
    start: date
    until: date | None
    phone: str
    email: str
    unit: str
    organisation_id: int | None
    is_start_told: bool

    def told(self) -> Told:
        """Return what is compared with the member and the duty that are known."""
        return Told(self.phone, self.is_start_told)

    def entry(self, row: int) -> Entry:
        """Return what says who is meant."""
        place = self.grid_id, self.building_id
        office = Office(self.role, place, self.entrance, self.start, self.until)
        return Entry(row, self.name, self.key, phones_of(self.phone), self.unit, office)


class _Known:
    """Roles, grids, buildings and organisations that the database has, by code and by name."""

    def __init__(self, conn: psycopg.Connection[TupleRow]) -> None:
        self.roles = dict(_ALSO)
        self.place_of: dict[str, str] = {}
        self.titles: dict[str, str] = {}
        for role, zh, en, place in conn.execute(
            "SELECT role, name_zh, name_en, place FROM duty_role ORDER BY rank"
        ):
            self.roles |= {role: role, zh: role, en.lower(): role}
            self.place_of[role] = place
            self.titles[role] = zh
        self.role_words = [*self.roles, _CHIEF]
        self.grids: dict[tuple[str, str], set[int]] = defaultdict(set)
        self.folded_grids: dict[tuple[str, str], set[int]] = defaultdict(set)
        for grid_id, level, code, name in conn.execute(
            "SELECT grid_id, level::text, code, name FROM grid_version WHERE upper_inf(valid)"
        ):
            self.grids[level, code].add(grid_id)
            self.grids[level, name].add(grid_id)
            self.folded_grids[level, fold(code)].add(grid_id)
            self.folded_grids[level, fold(name)].add(grid_id)
        self.buildings: dict[str, set[int]] = defaultdict(set)
        for building_id, key, name in conn.execute(
            "SELECT building_id, coalesce(external_key, ''), name FROM building"
        ):
            self.buildings[name].add(building_id)
            self.buildings[key].add(building_id)
            self.buildings[key.rpartition(":")[2]].add(building_id)
        self.folded_roles = {fold(word): role for word, role in self.roles.items()}
        self.organisations = {
            name: organisation_id
            for organisation_id, name in conn.execute(
                "SELECT organisation_id, name FROM organisation"
            )
        }

    def role(self, text: str, grid: str) -> str | None:
        """Return the role that a list means, None if there is none; 网格长 is that of its grid."""
        role = self.roles.get(text) or self.folded_roles.get(fold(text))
        if role is None and fold(text) == _CHIEF:
            levels = [level for level in _CHIEF_OF if self.grid(level, grid)]
            return _CHIEF_OF[levels[0]] if len(levels) == 1 else None
        return role

    def grid(self, level: str, text: str) -> set[int]:
        """Return the grids of a code or name: as it is written, else in another spelling."""
        exact = self.grids.get((level, text))
        return exact or self.folded_grids.get((level, fold(text)), set())


def import_members(
    conn: psycopg.Connection[TupleRow], order: ListImport, *, progress: Progress
) -> Report:
    """Read a list of duties and write members, contacts and duties. Never commits.

    A person is known again by source and key (工号); without a key by name and phone, or by name
    and place; who is meant where that is not enough is asked (decision 0029). A duty is known again
    by person, role and place, if it shares a day with the row's, and keeps its first day where the
    row gives a later one.

    Raises:
        FileRefusedError, InvalidInputError
    """
    lists.check_source(order.source)
    known = _Known(conn)
    roles = [word for word in known.role_words if word not in _NO_HEADERS]
    sheet = lists.open_sheet(order, FIELDS, progress, roles=roles)
    progress("checking", 0.3)
    today = clock.today()
    duties: dict[int, _Duty] = {}
    for row in range(len(sheet.rows)):
        duty = _duty(sheet, row, known, today)
        if duty is not None:
            duties[row] = duty
    if sheet.has("until"):
        column = sheet.column("until")
        sheet.notes.append(
            Phrase("{column} is taken for the last day in office.", {"column": column})
        )
    sheet.notes += _understood(sheet, known)
    entries = [duty.entry(row) for row, duty in duties.items()]
    people = member_writing.identify(conn, order, sheet, entries, today)
    for person in people:
        _find_repeats(sheet, person)
    changes = member_changes.note(
        sheet, _without(people, sheet.bad), {row: duty.told() for row, duty in duties.items()},
        known.titles,
    )  # fmt: skip
    report = lists.start_report(order, Phrase("Members"), sheet, ("name", "pledge"))
    if report.is_blocked:
        return report
    progress("writing", 0.6)
    report.counts = _write(conn, order.source, duties, _without(people, sheet.bad), changes)
    report.is_written = not order.is_dry_run
    return report


def _duty(sheet: Sheet, row: int, known: _Known, today: date) -> _Duty | None:
    """Return one row's duty, None where it has a fault."""
    name = sheet.required(row, "name")
    meant = broken(name)
    if meant is not None:
        data = {"text": name, "encoding": "" if meant == "?" else meant}
        sheet.findings.append(Finding("broken_text", "blocking", (sheet.ref(row),), data=data))
        sheet.bad.add(row)
    if len(phones.several_names(name)) > 1:
        sheet.fault(row, "several_people", text=name)
    reason = phones.name_fault(name) if name else None
    if reason is not None:
        sheet.fault(row, "bad_value", column=sheet.column("name"), text=name, reason=reason)
    name = phones.tidy_name(name)
    text = sheet.required(row, "role")
    role = known.role(text, sheet.text(row, "grid"))
    if role is None and fold(text) == _CHIEF:
        grid = sheet.required(row, "grid")
        is_known = any(known.grid(level, grid) for level in _CHIEF_OF)
        kind = "ambiguous_place" if is_known else "unknown_place"
        if grid:
            sheet.fault(row, kind, column=sheet.column("grid"), text=grid)
    elif text and role is None:
        names = ", ".join(word for word in known.roles if not word.isascii())
        sheet.fault(row, "unknown_value", column=sheet.column("role"), text=text, known=names)
    grid_id, building_id = _place(sheet, row, known, role)
    start, last = sheet.day(row, "from"), sheet.last_day(row, "until")
    entrance = sheet.count(row, "entrance", least=1) if role == "unit_lead" else None
    is_deputy = sheet.flag(row, "deputy")
    begin = start or min(today, last or today)
    if last is not None and last < begin:
        reason = Phrase("earlier than the first day")
        column = sheet.column("until")
        if sheet.fault(row, "bad_value", column=column, text=last.isoformat(), reason=reason):
            last = None
    organisation = sheet.text(row, "organisation")
    if organisation and organisation not in known.organisations:
        sheet.fault(
            row, "unknown_place", "warning", column=sheet.column("organisation"), text=organisation
        )
    text = sheet.reference(row, "phone")
    reason = phones.fault(text)
    if reason is not None:
        sheet.fault(row, "bad_value", column=sheet.column("phone"), text=text, reason=reason)
    phone = "" if reason else "、".join(phones.kept(text))
    key = sheet.key(row, "key")
    if row in sheet.bad or role is None:
        return None
    until = last + timedelta(days=1) if last else None
    return _Duty(
        key, name, role, grid_id, building_id, entrance, is_deputy,
        sheet.text(row, "pledge"), begin, until, phone,
        sheet.text(row, "email"), organisation, known.organisations.get(organisation),
        start is not None,
    )  # fmt: skip


def _understood(sheet: Sheet, known: _Known) -> list[Phrase]:
    """Say how cells were understood that could be read in more than one way."""
    notes: list[Phrase] = []
    rows = range(len(sheet.rows))
    several = sum(len(phones.kept(sheet.text(row, "phone"))) > 1 for row in rows)
    if several:
        notes.append(
            Phrase("Cells with several numbers: {rows:,}. Each number is kept.", {"rows": several})
        )
    chiefs = Counter(
        known.role(_CHIEF, sheet.text(row, "grid")) for row in rows
        if fold(sheet.text(row, "role")) == _CHIEF
    )  # fmt: skip
    taken = [
        Phrase("{role} ({rows:,})", {"role": known.titles[role], "rows": count})
        for role, count in chiefs.items() if role
    ]  # fmt: skip
    if taken:
        notes.append(
            Phrase("网格长 was taken for the duty of its grid's level: {roles}.", {"roles": taken})
        )
    return notes


def _place(
    sheet: Sheet, row: int, known: _Known, role: str | None
) -> tuple[int | None, int | None]:
    """Return the grid or the building of a duty; note a fault where it is not known."""
    if role is None:
        return None, None
    place = known.place_of[role]
    field = "building" if place in {"building", "entrance"} else "grid"
    text = sheet.required(row, field) and sheet.reference(row, field)
    found = known.buildings[text] if field == "building" else known.grid(place, text)
    if text and not found:
        column = Phrase("{field} ({place})", {"field": sheet.column(field), "place": Phrase(place)})
        level = next((each for each in LEVELS if field == "grid" and known.grid(each, text)), None)
        if level is None:
            sheet.fault(row, "unknown_place", column=column, text=text)
        else:
            sheet.fault(row, "other_level", column=column, text=text, level=Phrase(level))
    elif len(found) > 1:
        sheet.fault(row, "ambiguous_place", text=text)
    if len(found) != 1:
        return None, None
    (only,) = found
    return (None, only) if field == "building" else (only, None)


def _find_repeats(sheet: Sheet, person: Person) -> None:
    """Note the rows that give a person the same duty again, for days that it has already."""
    seen: list[Entry] = []
    for entry in person.entries:
        first = next((each for each in seen if each.office.overlaps(entry.office)), None)
        if first is not None:
            sheet.fault(entry.row, "duplicate_duty", first=sheet.place(first.row))
        seen.append(entry)


def _without(people: Sequence[Person], bad: set[int]) -> list[Person]:
    """Return the people with the rows that can be used."""
    left: list[Person] = []
    for person in people:
        entries = [entry for entry in person.entries if entry.row not in bad]
        if entries:
            left.append(Person(entries, person.known, person.how))
    return left


def _write(
    conn: psycopg.Connection[TupleRow],
    source: str,
    duties: Mapping[int, _Duty],
    people: Sequence[Person],
    terms: Mapping[int, Term],
) -> dict[str, int]:
    # Of several rows of a person the last one that says something holds.
    units = [
        next((unit for d in _latest(person, duties) if (unit := d.organisation_id)), None)
        for person in people
    ]
    ids = member_writing.write_people(conn, source, people, units)
    contacts = [
        (
            member_id,
            next((d.phone for d in _latest(person, duties) if d.phone), None),
            next((d.email for d in _latest(person, duties) if d.email), None),
        )
        for member_id, person in zip(ids, people, strict=True)
    ]
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO member_contact (member_id, phone, email) VALUES (%s, %s, %s)
            ON CONFLICT (member_id) DO UPDATE SET
                phone = coalesce(EXCLUDED.phone, member_contact.phone),
                email = coalesce(EXCLUDED.email, member_contact.email)
            """,
            [contact for contact in contacts if contact[1] or contact[2]],
        )
    # In the order of their first days: a row may need the days that the one before it gives up.
    written = [
        _write_duty(conn, member_id, duties[entry.row], terms[entry.row], source)
        for member_id, person in zip(ids, people, strict=True)
        for entry in sorted(person.entries, key=lambda entry: entry.office.start)
    ]
    members = sum(person.known is None for person in people)
    known = len(written) - sum(written)
    return {"new members": members, "new duties": sum(written), "known duties": known}


def _latest(person: Person, duties: Mapping[int, _Duty]) -> list[_Duty]:
    """Return a person's duties, that of the last row first."""
    return [duties[entry.row] for entry in reversed(person.entries)]


def _write_duty(
    conn: psycopg.Connection[TupleRow], member_id: int, duty: _Duty, term: Term, source: str
) -> bool:
    """Write one duty, or what has changed of a known one. Returns whether it is new."""
    values = {
        "member": member_id,
        "role": duty.role,
        "grid": duty.grid_id,
        "building": duty.building_id,
        "entrance": duty.entrance,
        "deputy": duty.is_deputy,
        "pledge": duty.pledge,
        "term": DateRange(term.office.start, term.office.until),
        "source": source,
        "known": term.office.duty_id,
    }
    if term.before is not None:
        conn.execute(
            """
            UPDATE duty SET is_deputy = %(deputy)s, pledge = %(pledge)s, term = %(term)s
            WHERE duty_id = %(known)s
            """,
            values,
        )
        return False
    conn.execute(
        """
        INSERT INTO duty (member_id, role, grid_id, building_id, entrance, is_deputy, pledge, term,
                          source)
        VALUES (%(member)s, %(role)s, %(grid)s, %(building)s, %(entrance)s, %(deputy)s, %(pledge)s,
                %(term)s, %(source)s)
        """,
        values,
    )
    return True
