"""Rows of a list of accounts: what each says, and what is wrong with it by itself."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Literal

from geodata.accounts import keeping as accounts
from geodata.accounts.places import RolePlace
from geodata.database.rights import ROLE_NAMES, TITLES, RoleName
from geodata.errors import GridMapError, InvalidInputError
from geodata.importing.files.columns import Field
from geodata.importing.values.cut_numbers import is_cut
from geodata.importing.values.days import WHICH_FIRST, Span
from geodata.importing.values.rows import Sheet
from geodata.language.phrases import Phrase

FIELDS = {
    "username": Field(("用户名", "username", "账号", "帐号", "登录名", "account"), True),
    "name": Field(("姓名", "name", "人员姓名"), True),
    "role": Field(("角色", "role")),
    "place": Field((
        "网格代码或单位", "grid code or unit", "place",
        "网格代码", "网格编码", "单位",
    ), loose=("网格", "辖区")),
    "since": Field(("起", "起始日期", "since", "first day", "任期开始", "开始日期", "from")),
    "until": Field(("止", "截止日期", "until", "last day", "任期结束", "结束日期", "to")),
}  # fmt: skip

# What lists call roles, besides the codes and the English names.
_ROLES: dict[str, RoleName] = {
    "网格长": "grid_leader",
    "网格员": "grid_leader",
    "网格长或网格员": "grid_leader",
    "网格长（员）": "grid_leader",
    "网格长、网格员": "grid_leader",
    "楼栋长": "building_lead",
    "楼长": "building_lead",
    "社区干部": "community_staff",
    "社区工作人员": "community_staff",
    "镇干部": "town_official",
    "镇街干部": "town_official",
    "乡镇干部": "town_official",
    "单位用户": "unit_user",
    "单位联络员": "unit_user",
    "县业务人员": "county_staff",
    "县级工作人员": "county_staff",
    "县干部": "county_official",
    "县级干部": "county_official",
    "审计人员": "auditor",
    "审计员": "auditor",
    "管理员": "administrator",
    "系统管理员": "administrator",
}

# new: an account is made; role: an account that is there gets the role; known: it is so already.
Deed = Literal["new", "role", "known"]


@dataclass(slots=True)
class Step:
    """What one row would do, and what is wrong with it; ``until`` is exclusive."""

    row: int
    username: str
    name: str
    role_text: str
    place_text: str
    role: RoleName | None = None
    place: RolePlace | None = None
    since: date | None = None
    until: date | None = None
    deed: Deed = "new"
    faults: list[GridMapError] = field(default_factory=list[GridMapError])

    @property
    def last_day(self) -> date | None:
        """The last day of the term, None while it is open."""
        return self.until - timedelta(days=1) if self.until else None

    @property
    def gives_role(self) -> bool:
        """Tell whether there is a role to write."""
        return self.role is not None and self.deed != "known"


def role_of(text: str, names: Mapping[str, RoleName]) -> RoleName | None:
    """Return the role that a list means, None if it is none. ``names`` are more names of roles."""
    plain = " ".join(text.split()).lower()
    known: dict[str, RoleName] = {role: role for role in ROLE_NAMES}
    known |= {title.text.lower(): role for role, title in TITLES.items()}
    known |= _ROLES
    known |= {name.lower(): role for name, role in names.items()}
    return known.get(plain)


def read_row(sheet: Sheet, row: int, today: date, own: str, names: Mapping[str, RoleName]) -> Step:
    """Read one row of a sheet with all ``FIELDS``; ``own`` is the importer's user name."""
    cells = {name: sheet.text(row, name) for name in FIELDS}
    step = Step(sheet.line(row), cells["username"], cells["name"], cells["role"], cells["place"])
    if not any(cells.values()):
        return step
    step.faults += [
        InvalidInputError(
            "“{text}” is a number that a spreadsheet has cut.",
            hint="Format the column as text there before the numbers are typed in or exported.",
            text=cells[name][:40],
        )
        for name in ("username", "place")
        if is_cut(cells[name])
    ]
    try:
        step.username = accounts.read_username(cells["username"])
    except InvalidInputError as error:
        missing = InvalidInputError("The user name is missing.")
        step.faults.append(error if cells["username"] else missing)
    try:
        step.name = accounts.read_name(cells["name"])
    except InvalidInputError as error:
        missing = InvalidInputError("The name is missing.")
        step.faults.append(error if cells["name"] else missing)
    since, end = _days(sheet, row, "since", step), _days(sheet, row, "until", step)
    step.since = since.first if since else today
    last = end.last if end else None
    step.until = last + timedelta(days=1) if last else None
    if step.until and step.until <= step.since:
        step.faults.append(InvalidInputError("The term ends before it begins."))
    if cells["role"]:
        step.role = role_of(cells["role"], names)
        if step.role is None:
            step.faults.append(
                InvalidInputError(
                    "“{role}” is not a role.",
                    hint="Roles are: {roles}.",
                    role=cells["role"][:40],
                    roles=list(TITLES.values()),
                )
            )
        elif step.username == own:
            step.faults.append(
                InvalidInputError(
                    "This is your own account.", hint="Give yourself roles on its page."
                )
            )
    elif cells["place"] or cells["since"] or cells["until"]:
        step.faults.append(
            InvalidInputError("The row has a place or a term, but no role.", hint="Name the role.")
        )
    return step


def _days(sheet: Sheet, row: int, name: str, step: Step) -> Span | None:
    found = sheet.days(row, name, may_be_open=name == "until")
    if not isinstance(found, Phrase):
        return found
    # A page has no option for the order: here the dates are written otherwise.
    reason = Phrase("the day or the month first") if found == WHICH_FIRST else found
    step.faults.append(
        InvalidInputError(
            "“{text}” is not a day ({reason}).",
            hint="Write year-month-day, for example 2026-03-01.",
            text=sheet.text(row, name)[:40],
            reason=reason,
        )
    )
    return None
