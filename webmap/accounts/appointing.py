"""The fields that give a role: which, where and for how long; read from a form and checked."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask_babel import gettext
from psycopg import Connection

from geodata.accounts import keeping as accounts
from geodata.accounts import places
from geodata.accounts.places import RolePlace
from geodata.database.rights import ROLE_NAMES, ROLES, RoleName, is_held_in_county
from geodata.errors import GridMapError
from webmap.core import asking, errors


@dataclass(slots=True)
class Appointment:
    """What a form says, as typed, with the places that its search finds and what is wrong with it.

    ``last_day`` is inclusive, as people say it.
    """

    role: RoleName | None = None
    text: str = ""
    place: RolePlace | None = None
    since: str = ""
    last_day: str = ""
    hits: list[RolePlace] = field(default_factory=list[RolePlace])
    is_searched: bool = False
    faults: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def needs_place(self) -> bool:
        """Tell whether there is a place to choose; most roles of the county have just one."""
        return self.role is None or not is_held_in_county(self.role)


def read(conn: Connection[Any], form: Mapping[str, str], *, is_final: bool) -> Appointment:
    """Read the fields; unless ``is_final`` only places are searched for, and nothing is missing."""
    today = asking.today()
    asked = form.get("role", "")
    found = Appointment(
        role=asked if asked in ROLE_NAMES else None,
        text=form.get("place_text", "").strip()[:80],
        since=form.get("since", today.isoformat()),
        last_day=form.get("last_day", ""),
    )
    if found.role is None:
        if is_final:
            found.faults["role"] = gettext("Choose a role.")
        return found
    _find_place(conn, found, form, today)
    if is_final:
        _settle(found)
    return found


def give(conn: Connection[Any], account_id: int, wanted: Appointment, *, granted_by: int) -> None:
    """Give the role to an account. Raises InvalidInputError."""
    assert wanted.role is not None
    assert wanted.place is not None
    last_day = _day(wanted.last_day)
    accounts.grant(
        conn,
        account_id,
        wanted.role,
        grid_id=wanted.place.grid_id,
        organisation_id=wanted.place.organisation_id,
        since=_day(wanted.since) or asking.today(),
        until=last_day + timedelta(days=1) if last_day else None,
        granted_by=granted_by,
    )


def _find_place(
    conn: Connection[Any], found: Appointment, form: Mapping[str, str], today: date
) -> None:
    assert found.role is not None
    if is_held_in_county(found.role):
        try:
            found.place = places.get_county(conn, today)
        except GridMapError as error:
            found.faults["place_text"] = errors.said(error)
        return
    found.is_searched = bool(found.text)
    found.hits = places.search(conn, found.role, found.text, today)
    chosen = form.get("place", "")
    # A choice among the places of an earlier search says nothing about this one.
    if chosen and form.get("searched", "") == found.text:
        found.place = next((hit for hit in found.hits if hit.key == chosen), None)
    if found.place is None and len(found.hits) == 1:
        found.place = found.hits[0]
    if found.place is None and found.text:
        exact = places.find_named(conn, [found.text], today)[found.text]
        fitting = [hit for hit in exact if hit.held_in in ROLES[found.role].held_in]
        if len(fitting) == 1:
            found.place = fitting[0]


def _settle(found: Appointment) -> None:
    """Note what is missing before the role can be given."""
    if found.place is None and "place_text" not in found.faults:
        if not found.text:
            said = gettext("Say where: by name, code or initials.")
        elif found.hits:
            said = gettext("Several places match. Choose one of them below.")
        else:
            said = gettext("No place where this role is held matches.")
        found.faults["place_text"] = said
    since, last_day = _day(found.since), _day(found.last_day)
    if found.since and since is None:
        found.faults["since"] = gettext("This is not a day. Write year-month-day: 2026-03-01.")
    if found.last_day and last_day is None:
        found.faults["last_day"] = gettext("This is not a day. Write year-month-day: 2026-03-01.")
    elif last_day and last_day < (since or asking.today()):
        found.faults["last_day"] = gettext("The term ends before it begins.")


def _day(text: str) -> date | None:
    try:
        day = date.fromisoformat(text.strip())
    except ValueError:
        return None
    # What lies beyond was mistyped, and the database's calendar ends somewhere.
    return day if 1949 <= day.year <= 2999 else None
