"""Roles and what each may do: the one table that code, database, guide and interface read.

A role is held in a territory or in an organisation, and its rights reach no further than that: a
town official sees the issues of that town. ``EVERYWHERE`` roles are held in the county. The table
is written into the database by ``geodata.database.connecting.migrate``; the row policies read it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal, get_args

from psycopg import Connection

from geodata.language.phrases import Phrase
from geodata.model import LEVEL_TITLES

Right = Literal[
    "see_issues",
    "see_contacts",
    "see_reporters",
    "see_small_counts",
    "see_plans",
    "draw",
    "approve_plans",
    "try_services",
    "set_standards",
    "read_audit",
    "manage_accounts",
]
RIGHTS: tuple[Right, ...] = get_args(Right)

RoleName = Literal[
    "grid_leader",
    "building_lead",
    "community_staff",
    "town_official",
    "unit_user",
    "county_staff",
    "county_official",
    "auditor",
    "administrator",
]
ROLE_NAMES: tuple[RoleName, ...] = get_args(RoleName)

# Where a role is held: grids of these levels, or an organisation.
Held = Literal["county", "town", "community", "compound", "organisation"]


@dataclass(frozen=True, slots=True)
class Role:
    """What a role may do, and where it can be held."""

    held_in: tuple[Held, ...]
    rights: frozenset[Right]


def _role(held_in: tuple[Held, ...], *rights: Right) -> Role:
    return Role(held_in, frozenset(rights))


# A visitor, who has no account, sees grids, duty holders' names and duties, services and coverage,
# and the household counts that are not small. Nothing of this needs a role.
ROLES: Mapping[RoleName, Role] = {
    "grid_leader": _role(
        ("community", "compound"),
        "see_issues",
        "see_contacts",
        "see_reporters",
        "see_small_counts",
    ),
    "building_lead": _role(("compound",), "see_issues", "see_contacts"),
    "community_staff": _role(
        ("community",),
        "see_issues",
        "see_contacts",
        "see_reporters",
        "see_small_counts",
    ),
    "town_official": _role(
        ("town",),
        "see_issues",
        "see_contacts",
        "see_reporters",
        "see_small_counts",
        "try_services",
    ),
    # What was dispatched to the unit, and whom to call about it.
    "unit_user": _role(("organisation",), "see_issues", "see_contacts"),
    "county_staff": _role(
        ("county",),
        "see_issues",
        "see_contacts",
        "see_small_counts",
        "see_plans",
        "draw",
        "try_services",
        "set_standards",
    ),
    "county_official": _role(
        ("county",),
        "see_issues",
        "see_contacts",
        "see_small_counts",
        "see_plans",
        "approve_plans",
        "try_services",
        "set_standards",
    ),
    # Who watches or appoints others sees none of what they watch over.
    "auditor": _role(("county",), "read_audit"),
    "administrator": _role(("county",), "manage_accounts"),
}


# What people call roles and the places where they are held.
TITLES: Mapping[RoleName, Phrase] = {
    "grid_leader": Phrase("Grid leader or grid worker"),
    "building_lead": Phrase("Building lead"),
    "community_staff": Phrase("Community staff"),
    "town_official": Phrase("Town official"),
    "unit_user": Phrase("Unit user"),
    "county_staff": Phrase("County staff"),
    "county_official": Phrase("County official"),
    "auditor": Phrase("Auditor"),
    "administrator": Phrase("Administrator"),
}
HELD: Mapping[Held, Phrase] = {**LEVEL_TITLES, "organisation": Phrase("Unit")}


def is_held_in_county(role: RoleName) -> bool:
    """Tell whether a role is held in the county and nowhere else: its place needs no choice."""
    return ROLES[role].held_in == ("county",)


def write(conn: Connection[Any]) -> None:
    """Bring the database's copy of the table up to date; the caller commits."""
    rights = {(name, right) for name, role in ROLES.items() for right in role.rights}
    places = {(name, held) for name, role in ROLES.items() for held in role.held_in}
    kept = set(conn.execute("SELECT role, may FROM role_right").fetchall())
    with conn.cursor() as cursor:
        if kept - rights:
            cursor.executemany("DELETE FROM role_right WHERE (role, may) = (%s, %s)", kept - rights)
        if rights - kept:
            cursor.executemany("INSERT INTO role_right (role, may) VALUES (%s, %s)", rights - kept)
        kept = set(conn.execute("SELECT role, held_in FROM role_place").fetchall())
        if kept - places:
            cursor.executemany(
                "DELETE FROM role_place WHERE (role, held_in) = (%s, %s)", kept - places
            )
        if places - kept:
            cursor.executemany(
                "INSERT INTO role_place (role, held_in) VALUES (%s, %s)", places - kept
            )
