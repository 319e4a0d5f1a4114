"""The small county with somebody in every role, and a mark on everything that is restricted.

A mark is a text that stands in the database once: wherever it turns up, it came from there. Places
are paths from the county down, so that tests reckon what lies where without asking the database:
() is the county, (0,) the western town, (0, 1) its northern community, (0, 1, 0) a compound.
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

import numpy as np
import shapely
from county import BEGIN, ZONE, County, build, compute_figures
from psycopg import Connection
from psycopg.rows import TupleRow

from geodata.accounts import keeping as accounts
from geodata.accounts import sessions
from geodata.alerts import reporting, rules
from geodata.database import connecting as db
from geodata.importing.lines.reading import ReadLines
from geodata.plans import drawing, keeping, references
from geodata.plans.model import Actor

Path = tuple[int, ...]
# A territory, or the name of a unit.
Held = tuple[str, Path | str]

COMPOUNDS = [*itertools.product((0, 1), (0, 1), (0, 1))]
COMMUNITIES = [*itertools.product((0, 1), (0, 1))]

# Who has an account, and what they hold today. Of the last five, some have nothing to show for it.
PEOPLE: dict[str, list[Held]] = {
    "leader": [("grid_leader", (0, 0, 0))],
    "chief": [("grid_leader", (1, 0))],
    "keeper": [("building_lead", (0, 0, 1))],
    "staff": [("community_staff", (0, 1))],
    "official": [("town_official", (0,))],
    "unit": [("unit_user", "water")],
    "planner": [("county_staff", ())],
    "governor": [("county_official", ())],
    "auditor": [("auditor", ())],
    "admin": [("administrator", ())],
    "several": [("town_official", (1,)), ("unit_user", "power")],
    "mixed": [("county_official", ()), ("town_official", (0,))],
    "nobody": [],
    "former": [],
    "coming": [],
    "disabled": [],
    "fresh": [],
}
# Whose account or term does not count, or not yet: they see what a visitor sees.
_HELD_IN_VAIN = {
    "former": "[2025-01-01,today)",
    "coming": "[tomorrow,)",
    "disabled": "[2025-01-01,)",
    "fresh": "[2025-01-01,)",
}

# The days besides today of which figures are asked for (tests/asking.py).
PAST_DAYS = (date(2026, 3, 1), date(2025, 6, 1))


@dataclass(frozen=True)
class Issue:
    issue_id: int
    at: Path
    lon: float
    lat: float
    units: frozenset[str] = frozenset()
    is_open: bool = True

    @property
    def marks(self) -> set[str]:
        """What only those see who may see the issue; its number too, which is like no other."""
        n = self.issue_id
        return {str(n), f"title-{n}", f"detail-{n}", f"note-{n}"}

    @property
    def reporter_marks(self) -> set[str]:
        n = self.issue_id
        return {f"reporter-{n}", f"000444{n}", f"/panel/issue/{n}/reporter"}


@dataclass(frozen=True)
class Member:
    """A duty holder; ``leads`` are those responsible for the grid, whom one calls from below."""

    member_id: int
    at: Path | None
    leads: bool = False
    unit: str | None = None

    @property
    def marks(self) -> set[str]:
        n = self.member_id
        return {f"000333{n}", f"m{n}@mail.example", f"/panel/member/{n}/contact"}


@dataclass(frozen=True)
class Person:
    """Somebody who asks; ``roles`` are those that count today, ``sees_self`` their own number."""

    name: str
    roles: tuple[Held, ...] = ()
    token: str = ""
    account_id: int = 0
    member_id: int = 0
    sees_self: bool = False

    @property
    def marks(self) -> set[str]:
        """What shows who somebody with an account is, and where signed in."""
        if not self.token:
            return set()
        return {f"user-{self.name}", f"called-{self.name}", sessions.digest(self.token).hex()}


@dataclass
class Watched:
    county: County
    people: list[Person] = field(default_factory=list)
    issues: list[Issue] = field(default_factory=list)
    members: list[Member] = field(default_factory=list)
    units: dict[str, int] = field(default_factory=dict)
    plan: int = 0
    scenario: int = 0

    @property
    def scenario_marks(self) -> set[str]:
        """What only those see who may try services: a name, and who gave it."""
        return {f"scenario-{self.scenario}", "maker-planner"}

    alert: int = 0
    # What the rule reports: number by the community that it is about.
    notifications: dict[Path, int] = field(default_factory=dict)

    @property
    def plan_marks(self) -> set[str]:
        """What only those see who may see plans."""
        n = self.plan
        return {f"plan-{n}", f"purpose-{n}", f"drawn-{n}", f"reference-{n}"}

    def grid(self, at: Path) -> int:
        if len(at) == 0:
            return self.county.county
        if len(at) == 1:
            return self.county.towns[at[0]]
        if len(at) == 2:
            return self.county.communities[at[0] * 2 + at[1]]
        return self.county.compounds[(at[0] * 2 + at[1]) * 2 + at[2]]


def watch(conn: Connection[TupleRow]) -> Watched:
    """Write the county with its people, and sign them in; the caller commits the rest."""
    it = Watched(build(conn))
    # Numbers that are found nowhere else.
    conn.execute("ALTER TABLE issue ALTER COLUMN issue_id RESTART WITH 770001")
    conn.execute("ALTER TABLE member ALTER COLUMN member_id RESTART WITH 660001")
    conn.execute(
        "INSERT INTO issue_category (code, name_zh, name_en, kind)"
        " VALUES ('rubbish', '暴露垃圾', 'Exposed rubbish', 'event')"
    )
    for unit in ("water", "power"):
        it.units[unit] = _number(
            conn,
            "INSERT INTO organisation (kind, name) VALUES ('county_department', %s)"
            " RETURNING organisation_id",
            unit,
        )
    _appoint(conn, it)
    _report(conn, it)
    _sign_in(conn, it)
    _draw(conn, it)
    _suppose(conn, it)
    _alert(conn, it)
    compute_figures(conn, *PAST_DAYS)
    db.analyze(conn)
    return it


def place_of(at: Path) -> tuple[float, float]:
    """A point in a compound, or in the territory gap of a community."""
    west, south = 116.30 + 0.02 * at[0], 31.40 + 0.02 * at[1]
    if len(at) == 2:
        return west + 0.001, south + 0.001
    return west + 0.005 + 0.01 * at[2], south + 0.005 + 0.005 * at[2]


def add_issue(
    conn: Connection[TupleRow], it: Watched, at: Path, *steps: str, unit: str = ""
) -> Issue:
    """Report an issue; ``steps`` are the states after the first. "dispatched" goes to the unit."""
    lon, lat = place_of(at)
    now = datetime.now(ZONE)
    n = _number(
        conn,
        "INSERT INTO issue (category_id, title, geom, grid_id, reported_at, due_at)"
        " SELECT category_id, '-', ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s, %s, %s"
        " FROM issue_category LIMIT 1 RETURNING issue_id",
        *(lon, lat, it.grid(at), now - timedelta(days=20), now - timedelta(days=6)),
    )
    conn.execute(
        "UPDATE issue SET title = %s, detail = %s WHERE issue_id = %s",
        (f"title-{n}", f"detail-{n}", n),
    )
    conn.execute(
        "INSERT INTO issue_reporter VALUES (%s, %s, %s)", (n, f"reporter-{n}", f"000444{n}")
    )
    handed = False
    for number, state in enumerate(("reported", *steps)):
        # "filed" names the unit too: that it said so is no reason to see the issue.
        organisation = it.units[unit] if unit and state in ("filed", "dispatched") else None
        handed = handed or (organisation is not None and state == "dispatched")
        conn.execute(
            "INSERT INTO issue_event (issue_id, at, from_state, to_state, organisation_id, note)"
            " VALUES (%s, %s, %s, %s, %s, %s)",
            (
                *(n, now - timedelta(days=20 - number)),
                *(steps[number - 2] if number > 1 else "reported" if number else None, state),
                *(organisation, f"note-{n}"),
            ),
        )
    units = frozenset({unit} if handed else ())
    return Issue(n, at, lon, lat, units, not steps or steps[-1] != "closed")


def add_member(
    conn: Connection[TupleRow],
    it: Watched,
    at: Path | None = None,
    role: str = "",
    *,
    leads: bool = False,
    unit: str | None = None,
    building: int | None = None,
    term: str = "[2025-01-01,)",
) -> Member:
    """Name somebody with a number, for a duty if there is one."""
    n = _number(
        conn,
        "INSERT INTO member (name, organisation_id) VALUES ('某某', %s) RETURNING member_id",
        it.units[unit] if unit else None,
    )
    conn.execute(
        "INSERT INTO member_contact VALUES (%s, %s, %s)", (n, f"000333{n}", f"m{n}@mail.example")
    )
    if role and at is not None:
        conn.execute(
            "INSERT INTO duty (member_id, role, grid_id, building_id, entrance, term)"
            " VALUES (%s, %s, %s, %s, %s, %s::daterange)",
            (
                *(n, role, None if building else it.grid(at), building),
                *(1 if role == "unit_lead" else None, _term(term)),
            ),
        )
    return Member(n, at, leads, unit)


def _appoint(conn: Connection[TupleRow], it: Watched) -> None:
    def appoint(at: Path | None, role: str = "", **more: object) -> None:
        it.members.append(add_member(conn, it, at, role, **more))  # type: ignore[arg-type]

    appoint((), "county_chief", leads=True)
    for town in ((0,), (1,)):
        appoint(town, "town_chief", leads=True)
    for community in COMMUNITIES:
        appoint(community, "community_chief", leads=True)
    for community in COMMUNITIES[:2]:
        appoint(community, "county_liaison")
    for compound in COMPOUNDS:
        appoint(compound, "grid_worker", leads=True)
    for compound in ((0, 0, 0), (0, 0, 1), (1, 0, 0)):
        lon, lat = place_of(compound)
        building = _number(
            conn,
            "INSERT INTO building (name, households, geom) VALUES"
            " ('1号楼', 30, ST_SetSRID(ST_MakePoint(%s, %s), 4326)) RETURNING building_id",
            *(lon, lat),
        )
        appoint(compound, "building_lead", building=building)
        appoint(compound, "unit_lead", building=building)
    for unit in it.units:
        appoint(None, unit=unit)
    # Out of office: nobody's to call but the county's.
    gone = add_member(conn, it, (0, 0, 0), "alliance_chair", term="[2025-01-01,today)")
    it.members.append(Member(gone.member_id, None))


def _report(conn: Connection[TupleRow], it: Watched) -> None:
    for number, at in enumerate([*COMPOUNDS, *COMMUNITIES]):
        it.issues.append(add_issue(conn, it, at, *(("closed",) if number % 4 == 2 else ())))
    handed = ("filed", "dispatched", "handling")
    it.issues.append(add_issue(conn, it, (1, 1, 0), *handed, unit="water"))
    it.issues.append(add_issue(conn, it, (0, 0, 1), *handed, unit="power"))
    done = (*handed, "fed_back", "verified", "closed")
    it.issues.append(add_issue(conn, it, (1, 0, 1), *done, unit="water"))
    it.issues.append(add_issue(conn, it, (1, 0, 0), "filed", unit="water"))


def _sign_in(conn: Connection[TupleRow], it: Watched) -> None:
    it.people.append(Person("visitor"))
    for name, roles in PEOPLE.items():
        own = add_member(conn, it)
        it.members.append(own)
        account_id = accounts.create(
            conn,
            f"user-{name}",
            f"called-{name}",
            member_id=own.member_id,
            must_change=name == "fresh",
        )
        for role, place in roles:
            accounts.grant(
                conn,
                account_id,
                role,
                grid_id=None if isinstance(place, str) else it.grid(place),
                organisation_id=it.units[place] if isinstance(place, str) else None,
                since=BEGIN,
            )
        if name in _HELD_IN_VAIN:
            conn.execute(
                "INSERT INTO account_role (account_id, role, grid_id, term)"
                " VALUES (%s, 'town_official', %s, %s::daterange)",
                (account_id, it.grid((0,)), _term(_HELD_IN_VAIN[name])),
            )
        token, _ = sessions.open_session(conn, account_id, device="", device_token=None)
        if name == "disabled":
            conn.execute(
                "UPDATE account SET is_disabled = true WHERE account_id = %s", [account_id]
            )
        counts = name not in ("disabled", "fresh")
        it.people.append(Person(name, tuple(roles), token, account_id, own.member_id, counts))


def _draw(conn: Connection[TupleRow], it: Watched) -> None:
    """Let the planner draw: a part of a compound becomes one of its own."""
    conn.execute("ALTER TABLE plan ALTER COLUMN plan_id RESTART WITH 880001")
    planner = next(person for person in it.people if person.name == "planner")
    actor = Actor(planner.account_id, f"user-{planner.name}", may_draw=True, may_approve=False)
    today = datetime.now(ZONE).date()
    it.plan = keeping.create(conn, actor, "-", "-", today).plan_id
    conn.execute(
        "UPDATE plan SET title = %s, purpose = %s WHERE plan_id = %s",
        (f"plan-{it.plan}", f"purpose-{it.plan}", it.plan),
    )
    split = {
        "do": "split", "grid": it.grid((0, 0, 0)), "name": f"drawn-{it.plan}",
        "line": [[116.3045, 31.39], [116.3045, 31.42]],
    }  # fmt: skip
    drawing.do(conn, it.plan, actor, split, revision=None)
    line = np.array([shapely.linestrings([[116.3045, 31.40], [116.3047, 31.41]])], dtype=object)
    lines = ReadLines(line, 2, "WGS 84", ())
    references.add(conn, it.plan, actor, f"reference-{it.plan}", "red-line.dxf", lines)


def _suppose(conn: Connection[TupleRow], it: Watched) -> None:
    """Let the planner try a clinic."""
    conn.execute("ALTER TABLE scenario ALTER COLUMN scenario_id RESTART WITH 220001")
    planner = next(person for person in it.people if person.name == "planner")
    it.scenario = _number(
        conn,
        "INSERT INTO scenario (name, owner_id, made_by) VALUES ('-', %s, 'maker-planner')"
        " RETURNING scenario_id",
        planner.account_id,
    )
    conn.execute(
        "UPDATE scenario SET name = %s WHERE scenario_id = %s",
        (f"scenario-{it.scenario}", it.scenario),
    )
    conn.execute(
        "INSERT INTO scenario_change (scenario_id, what, kind, geom) VALUES"
        " (%s, 'add', 'clinic', ST_SetSRID(ST_MakePoint(116.3045, 31.40), 4326))",
        (it.scenario,),
    )


def _alert(conn: Connection[TupleRow], it: Watched) -> None:
    """Let a rule report every community in which somebody has no building lead."""
    conn.execute("ALTER TABLE alert_rule ALTER COLUMN rule_id RESTART WITH 440001")
    conn.execute("ALTER TABLE notification ALTER COLUMN notification_id RESTART WITH 330001")
    today = datetime.now(ZONE).date()
    terms = rules.Terms("building_lead", "community", it.grid(()), "unserved", 1, today, None)
    it.alert = rules.create(conn, terms, "")
    reporting.evaluate(conn, today)
    numbers = dict(conn.execute("SELECT grid_id, notification_id FROM notification").fetchall())
    it.notifications = {at: numbers[it.grid(at)] for at in COMMUNITIES if it.grid(at) in numbers}
    assert len(it.notifications) == len(numbers) > 2


def _term(text: str) -> str:
    today = datetime.now(ZONE).date()
    tomorrow = today + timedelta(days=1)
    return text.replace("today", today.isoformat()).replace("tomorrow", tomorrow.isoformat())


def _number(conn: Connection[TupleRow], statement: str, *values: object) -> int:
    row = conn.execute(statement, values).fetchone()  # type: ignore[arg-type]
    assert row is not None
    return row[0]
