"""Importing members and their duties from a list: one row is one duty."""

from __future__ import annotations

import hashlib
from collections import Counter, defaultdict
from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg.rows import TupleRow
from psycopg.types.range import DateRange

from geodata import clock, phones
from geodata.importing import lists
from geodata.importing.columns import Field
from geodata.importing.encoding import broken
from geodata.importing.finding import Finding
from geodata.importing.folding import fold
from geodata.importing.lists import ListImport
from geodata.importing.report import Report
from geodata.importing.requests import Progress
from geodata.importing.rows import Sheet
from geodata.phrases import Phrase
from geodata.pinyin import search_key

FIELDS = {
    "name": Field(("姓名", "name", "成员姓名", "人员姓名", "网格员姓名"), True),
    "role": Field(("职务", "role", "角色", "岗位", "职责", "duty", "人员类型"), True),
    "grid": Field((
        "网格编码", "网格代码", "grid_code", "网格", "grid",
        "所属网格", "网格名称", "负责网格", "辖区", "小区",
    )),
    "building": Field(("楼栋编号", "楼栋", "building", "楼栋号", "楼栋名称")),
    "entrance": Field(("单元", "entrance", "单元号")),
    "key": Field(("工号", "编号", "key", "external_key", "id", "人员编号")),
    "phone": Field(("电话", "手机", "手机号", "联系电话", "联系方式", "phone", "mobile", "tel")),
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
    organisation_id: int | None


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

    A person is known again by source and key (工号); without a key by name and phone. A duty is
    known again by person, role, place and first day.

    Raises:
        FileRefusedError, InvalidInputError
    """
    lists.check_source(order.source)
    known = _Known(conn)
    roles = [word for word in known.role_words if word not in _NO_HEADERS]
    sheet = lists.open_sheet(order, FIELDS, progress, roles=roles)
    progress("checking", 0.3)
    today = clock.today()
    duties: list[_Duty] = []
    seen: dict[tuple[object, ...], list[tuple[int, date, date | None]]] = defaultdict(list)
    for row in range(len(sheet.rows)):
        duty = _duty(sheet, row, known, order.source, today)
        if duty is not None and not _repeats(sheet, row, duty, seen):
            duties.append(duty)
    sheet.notes += _understood(sheet, known)
    report = lists.settle(order, Phrase("Members"), sheet, ("name", "pledge"))
    if report.is_blocked:
        return report
    progress("writing", 0.6)
    report.counts = _write(conn, order.source, duties)
    report.is_written = not order.is_dry_run
    return report


def _duty(sheet: Sheet, row: int, known: _Known, source: str, today: date) -> _Duty | None:
    """Return one row's duty, None where it has a fault."""
    name = sheet.required(row, "name")
    meant = broken(name)
    if meant is not None:
        data = {"text": name, "encoding": "" if meant == "?" else meant}
        sheet.findings.append(Finding("broken_text", "blocking", (sheet.ref(row),), data=data))
        sheet.bad.add(row)
    if len(phones.several_names(name)) > 1:
        sheet.fault(row, "several_people", text=name)
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
    start, until = sheet.day(row, "from"), sheet.day(row, "until")
    entrance = sheet.count(row, "entrance", least=1) if role == "unit_lead" else None
    is_deputy = sheet.flag(row, "deputy")
    begin = start or min(today, until or today)
    if until is not None and until <= begin:
        reason = Phrase("not later than the first day")
        column = sheet.column("until")
        if sheet.fault(row, "bad_value", column=column, text=until.isoformat(), reason=reason):
            until = None
    organisation = sheet.text(row, "organisation")
    if organisation and organisation not in known.organisations:
        sheet.fault(
            row, "unknown_place", "warning", column=sheet.column("organisation"), text=organisation
        )
    if row in sheet.bad or role is None:
        return None
    phone = "、".join(phones.pieces(sheet.text(row, "phone")))
    own = sheet.text(row, "key") or _own_key(name, phone)
    return _Duty(
        f"{source}:{own}", name, role, grid_id, building_id, entrance, is_deputy,
        sheet.text(row, "pledge"), begin, until, phone, sheet.text(row, "email"),
        known.organisations.get(organisation),
    )  # fmt: skip


def _understood(sheet: Sheet, known: _Known) -> list[Phrase]:
    """Say how cells were understood that could be read in more than one way."""
    notes: list[Phrase] = []
    rows = range(len(sheet.rows))
    several = sum(len(phones.pieces(sheet.text(row, "phone"))) > 1 for row in rows)
    if several:
        notes.append(
            Phrase("{rows:,} cells hold several numbers: each is kept.", {"rows": several})
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


def _own_key(name: str, phone: str) -> str:
    """Tell namesakes apart by their numbers, without keeping a number outside of the contacts.

    The same expression is in migrations/0006.accounts.sql.
    """
    if not phone:
        return f"{name}/"
    return f"{name}/{hashlib.sha256(f'{name}/{phone}'.encode()).hexdigest()[:16]}"


def _place(
    sheet: Sheet, row: int, known: _Known, role: str | None
) -> tuple[int | None, int | None]:
    """Return the grid or the building of a duty; note a fault where it is not known."""
    if role is None:
        return None, None
    place = known.place_of[role]
    field = "building" if place in {"building", "entrance"} else "grid"
    text = sheet.required(row, field)
    found = known.buildings[text] if field == "building" else known.grid(place, text)
    if text and not found:
        column = Phrase("{field} ({place})", {"field": sheet.column(field), "place": Phrase(place)})
        sheet.fault(row, "unknown_place", column=column, text=text)
    elif len(found) > 1:
        sheet.fault(row, "ambiguous_place", text=text)
    if len(found) != 1:
        return None, None
    (only,) = found
    return (None, only) if field == "building" else (only, None)


def _repeats(
    sheet: Sheet,
    row: int,
    duty: _Duty,
    seen: dict[tuple[object, ...], list[tuple[int, date, date | None]]],
) -> bool:
    """Whether a row gives a person the same duty again, for days that it has already."""
    same = duty.key, duty.role, duty.grid_id, duty.building_id, duty.entrance
    for first, start, until in seen[same]:
        if (until is None or duty.start < until) and (duty.until is None or start < duty.until):
            sheet.fault(row, "duplicate_duty", first=sheet.place(first))
            return True
    seen[same].append((row, duty.start, duty.until))
    return False


def _write(conn: psycopg.Connection[TupleRow], source: str, duties: list[_Duty]) -> dict[str, int]:
    people: dict[str, _Duty] = {duty.key: duty for duty in duties}
    before = _count(conn, source)
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO member (external_key, name, pinyin, organisation_id, source)
            VALUES (%s, %s, %s, %s, %s)
            ON CONFLICT (external_key) DO UPDATE SET name = EXCLUDED.name,
                pinyin = EXCLUDED.pinyin,
                organisation_id = coalesce(EXCLUDED.organisation_id, member.organisation_id)
            """,
            [
                (d.key, d.name, search_key(d.name), d.organisation_id, source)
                for d in people.values()
            ],
        )
        cursor.executemany(
            """
            INSERT INTO member_contact (member_id, phone, email)
            SELECT member_id, nullif(%s, ''), nullif(%s, '') FROM member WHERE external_key = %s
            ON CONFLICT (member_id) DO UPDATE SET
                phone = coalesce(EXCLUDED.phone, member_contact.phone),
                email = coalesce(EXCLUDED.email, member_contact.email)
            """,
            [(d.phone, d.email, d.key) for d in people.values() if d.phone or d.email],
        )
    ids = {
        key: member_id
        for member_id, key in conn.execute(
            "SELECT member_id, external_key FROM member WHERE external_key = ANY(%s)",
            [list(people)],
        )
    }
    new = sum(_write_duty(conn, ids[duty.key], duty, source) for duty in duties)
    members = _count(conn, source) - before
    return {"new members": members, "new duties": new, "known duties": len(duties) - new}


def _count(conn: psycopg.Connection[TupleRow], source: str) -> int:
    row = conn.execute("SELECT count(*) FROM member WHERE source = %s", [source]).fetchone()
    return int(row[0]) if row else 0


def _write_duty(
    conn: psycopg.Connection[TupleRow], member_id: int, duty: _Duty, source: str
) -> bool:
    """Write one duty; a known one is updated where it overlaps. Returns whether it is new."""
    values = {
        "member": member_id,
        "role": duty.role,
        "grid": duty.grid_id,
        "building": duty.building_id,
        "entrance": duty.entrance,
        "deputy": duty.is_deputy,
        "pledge": duty.pledge,
        "term": DateRange(duty.start, duty.until),
        "source": source,
    }
    known = conn.execute(
        """
        UPDATE duty SET is_deputy = %(deputy)s, pledge = %(pledge)s, term = %(term)s
        WHERE duty_id = (
            SELECT duty_id FROM duty
            WHERE member_id = %(member)s AND role = %(role)s AND term && %(term)s
              AND coalesce(grid_id, -building_id)
                  = coalesce(%(grid)s::bigint, -%(building)s::bigint)
              AND coalesce(entrance, 0) = coalesce(%(entrance)s::int, 0)
            ORDER BY term LIMIT 1)
        """,
        values,
    )
    if known.rowcount:
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
