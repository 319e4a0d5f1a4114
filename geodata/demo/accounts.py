"""Accounts of the demo county: one for each role, so that everybody can look with any eyes."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import psycopg
from psycopg.rows import TupleRow

from geodata.accounts import keeping as accounts
from geodata.accounts import passwords
from geodata.database import clock
from geodata.database.rights import RoleName


@dataclass(frozen=True, slots=True)
class DemoAccount:
    """What is told about an account so that one can sign in with it."""

    username: str
    password: str
    role: RoleName
    territory: str


@dataclass(frozen=True, slots=True)
class _Wanted:
    username: str
    name: str
    role: RoleName
    place: str
    # The duty whose holder there gets the account; without one the account is nobody's.
    duty: str = ""


_WANTED = (
    _Wanted("leader", "网格员（演示）", "grid_leader", "蔡家岭", "grid_worker"),
    _Wanted("building", "楼栋长（演示）", "building_lead", "蔡家岭"),
    _Wanted("community", "社区干部（演示）", "community_staff", "黄崖村"),
    _Wanted("town", "镇干部（演示）", "town_official", "衡山镇"),
    _Wanted("unit", "单位联络员（演示）", "unit_user", ""),
    _Wanted("staff", "县业务人员（演示）", "county_staff", "霍山县"),
    _Wanted("official", "县干部（演示）", "county_official", "霍山县"),
    _Wanted("auditor", "审计人员（演示）", "auditor", "霍山县"),
    _Wanted("admin", "系统管理员（演示）", "administrator", "霍山县"),
)
USERNAMES = tuple(wanted.username for wanted in _WANTED)


def write_accounts(
    conn: psycopg.Connection[TupleRow], today: date | None = None
) -> list[DemoAccount]:
    """Make the accounts with random passwords and return them; the caller commits.

    A place that a small demo county does not have is replaced by one like it.
    """
    today = today or clock.today()
    rules = passwords.read_rules(conn)
    made: list[DemoAccount] = []
    for wanted in _WANTED:
        grid_id, organisation_id, place, member_id = _place(conn, wanted, today)
        password = passwords.generate(rules)
        account_id = accounts.create(
            conn, wanted.username, wanted.name, password=password, member_id=member_id
        )
        accounts.grant(
            conn,
            account_id,
            wanted.role,
            grid_id=grid_id,
            organisation_id=organisation_id,
            since=today,
        )
        made.append(DemoAccount(wanted.username, password, wanted.role, place))
    return made


def _place(
    conn: psycopg.Connection[TupleRow], wanted: _Wanted, today: date
) -> tuple[int | None, int | None, str, int | None]:
    """Return grid or organisation, its name, and the member who holds the duty there."""
    if wanted.role == "unit_user":
        row = conn.execute(
            """
            SELECT o.organisation_id, o.name
            FROM organisation o JOIN issue_event e USING (organisation_id)
            WHERE o.kind = 'county_department' AND e.to_state = 'dispatched'
            GROUP BY o.organisation_id, o.name ORDER BY count(*) DESC, o.organisation_id LIMIT 1
            """
        ).fetchone()
        assert row is not None
        return None, row[0], row[1], None
    row = conn.execute(
        """
        SELECT v.grid_id, v.name, d.member_id
        FROM grid_version v
        JOIN role_place p ON p.role = %(role)s AND p.held_in = v.level::text
        LEFT JOIN LATERAL (
            SELECT d.member_id FROM duty d
            WHERE d.grid_id = v.grid_id AND d.role = %(duty)s AND d.term @> %(today)s
            ORDER BY d.is_deputy, d.duty_id LIMIT 1) d ON true
        WHERE v.valid @> %(today)s
        ORDER BY v.name = %(place)s DESC, d.member_id IS NULL, v.level DESC, v.code LIMIT 1
        """,
        {"role": wanted.role, "duty": wanted.duty, "place": wanted.place, "today": today},
    ).fetchone()
    assert row is not None
    return row[0], None, row[1], row[2]
