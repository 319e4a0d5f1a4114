"""Where roles are held: grids and organisations, found by code, name or pinyin."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Collection
from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from geodata.database.rights import HELD, ROLES, TITLES, Held, RoleName, is_held_in_county
from geodata.errors import InvalidInputError, NotFoundError

_KEY = re.compile(r"(grid|organisation)-(\d{1,18})")


@dataclass(frozen=True, slots=True)
class RolePlace:
    """A grid or an organisation. ``within`` is the name of the grid around it, '' without one."""

    held_in: Held
    grid_id: int | None
    organisation_id: int | None
    name: str
    code: str
    within: str

    @property
    def key(self) -> str:
        """The place as forms send it back."""
        if self.grid_id is not None:
            return f"grid-{self.grid_id}"
        return f"organisation-{self.organisation_id}"


def search(
    conn: Connection[Any], role: RoleName, text: str, on: date, *, limit: int = 20
) -> list[RolePlace]:
    """Find places where a role can be held: by name, beginning of the code, pinyin or initials.

    Beginnings come before middles, higher levels before lower ones.
    """
    plain = " ".join(unicodedata.normalize("NFKC", text).lower().split())
    if not plain:
        return []
    escaped = plain.replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    with conn.cursor(row_factory=class_row(RolePlace)) as cursor:
        return cursor.execute(
            """
            SELECT held_in, grid_id, organisation_id, name, code, within FROM (
                SELECT v.level::text AS held_in, v.grid_id, NULL::bigint AS organisation_id,
                       v.name, v.code, coalesce(p.name, '') AS within, v.level AS rank,
                       v.pinyin LIKE %(start)s OR v.pinyin LIKE '%% ' || %(start)s AS is_start
                FROM grid_version v
                LEFT JOIN grid_version p ON p.grid_id = v.parent_id AND p.valid @> %(on)s
                WHERE v.valid @> %(on)s AND v.level::text = ANY (%(held_in)s)
                  AND (v.name ILIKE %(middle)s OR v.code LIKE %(start)s
                       OR v.pinyin LIKE %(start)s OR v.pinyin LIKE '%% ' || %(start)s)
                UNION ALL
                SELECT 'organisation', NULL, o.organisation_id, o.name, '',
                       coalesce(v.name, ''), NULL, false
                FROM organisation o
                LEFT JOIN grid_version v ON v.grid_id = o.grid_id AND v.valid @> %(on)s
                WHERE o.valid @> %(on)s AND 'organisation' = ANY (%(held_in)s)
                  AND o.name ILIKE %(middle)s) found
            ORDER BY lower(name) = %(plain)s OR code = %(plain)s DESC,
                     name ILIKE %(start)s OR code LIKE %(start)s OR is_start DESC,
                     rank NULLS LAST, length(name), code, name, organisation_id
            LIMIT %(limit)s
            """,
            {
                "plain": plain,
                "start": f"{escaped}%",
                "middle": f"%{escaped}%",
                "held_in": list(ROLES[role].held_in),
                "on": on,
                "limit": limit,
            },
        ).fetchall()


def find_named(
    conn: Connection[Any], texts: Collection[str], on: date
) -> dict[str, tuple[RolePlace, ...]]:
    """Return for each text the places of which it is the code or the name."""
    with conn.cursor(row_factory=class_row(RolePlace)) as cursor:
        found = cursor.execute(
            """
            SELECT v.level::text AS held_in, v.grid_id, NULL::bigint AS organisation_id,
                   v.name, v.code, coalesce(p.name, '') AS within
            FROM grid_version v
            LEFT JOIN grid_version p ON p.grid_id = v.parent_id AND p.valid @> %(on)s
            WHERE v.valid @> %(on)s AND (v.name = ANY (%(texts)s) OR v.code = ANY (%(texts)s))
            UNION ALL
            SELECT 'organisation', NULL, o.organisation_id, o.name, '', coalesce(v.name, '')
            FROM organisation o
            LEFT JOIN grid_version v ON v.grid_id = o.grid_id AND v.valid @> %(on)s
            WHERE o.valid @> %(on)s AND o.name = ANY (%(texts)s)
            ORDER BY held_in, code, name, organisation_id
            """,
            {"texts": list(texts), "on": on},
        ).fetchall()
    known: dict[str, tuple[RolePlace, ...]] = dict.fromkeys(texts, ())
    for place in found:
        for text in {place.name, place.code} & known.keys():
            known[text] += (place,)
    return known


def find(conn: Connection[Any], role: RoleName, text: str, on: date) -> RolePlace:
    """Return the one place of this code or name where a role can be held.

    Without a text it is the county, for roles that are held there only. Raises InvalidInputError.
    """
    text = text.strip()
    if not text and is_held_in_county(role):
        return get_county(conn, on)
    return choose(role, text, find_named(conn, [text], on)[text])


def choose(role: RoleName, text: str, found: Collection[RolePlace]) -> RolePlace:
    """Return the one place among those of a name where a role can be held.

    Raises InvalidInputError if there is none, or more than one.
    """
    if not text:
        raise InvalidInputError(
            "The role {role} needs a place.",
            hint="It is held in: {held_in}. Give the code of the grid or the name of the unit.",
            role=TITLES[role],
            held_in=[HELD[held] for held in ROLES[role].held_in],
        )
    if not found:
        raise InvalidInputError(
            "There is no place “{text}” today.",
            hint="Give the code of a grid, or the name of a unit as it is written on the map.",
            text=text[:60],
        )
    fitting = [place for place in found if place.held_in in ROLES[role].held_in]
    if not fitting:
        raise InvalidInputError(
            "The role {role} is not held in “{text}”.",
            hint="It is held in: {held_in}.",
            role=TITLES[role],
            text=text[:60],
            held_in=[HELD[held] for held in ROLES[role].held_in],
        )
    if len(fitting) > 1:
        raise InvalidInputError(
            "There are {count} places called “{text}”.",
            hint="Give the code instead: {codes}.",
            count=len(fitting),
            text=text[:60],
            codes=[f"{place.code or place.name} ({place.within})" for place in fitting[:6]],
        )
    return fitting[0]


def get_county(conn: Connection[Any], on: date) -> RolePlace:
    """Return the county. Raises NotFoundError before its grids are imported."""
    with conn.cursor(row_factory=class_row(RolePlace)) as cursor:
        found = cursor.execute(
            """
            SELECT level::text AS held_in, grid_id, NULL::bigint AS organisation_id, name, code,
                   '' AS within
            FROM grid_version WHERE level = 'county' AND valid @> %s ORDER BY code LIMIT 1
            """,
            [on],
        ).fetchone()
    if found is None:
        raise NotFoundError(
            "There is no county yet in which a role could be held.",
            hint="Import its grids first: gridmap import grids FILE --level county.",
        )
    return found


def get_by_key(conn: Connection[Any], key: str, on: date) -> RolePlace:
    """Return the place that a form sent back. Raises NotFoundError."""
    match = _KEY.fullmatch(key)
    found = None
    if match:
        with conn.cursor(row_factory=class_row(RolePlace)) as cursor:
            found = cursor.execute(
                """
                SELECT v.level::text AS held_in, v.grid_id, NULL::bigint AS organisation_id,
                       v.name, v.code, coalesce(p.name, '') AS within
                FROM grid_version v
                LEFT JOIN grid_version p ON p.grid_id = v.parent_id AND p.valid @> %(on)s
                WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s
                UNION ALL
                SELECT 'organisation', NULL, o.organisation_id, o.name, '', coalesce(v.name, '')
                FROM organisation o
                LEFT JOIN grid_version v ON v.grid_id = o.grid_id AND v.valid @> %(on)s
                WHERE o.organisation_id = %(organisation_id)s AND o.valid @> %(on)s
                """,
                {
                    "grid_id": int(match[2]) if match[1] == "grid" else None,
                    "organisation_id": int(match[2]) if match[1] == "organisation" else None,
                    "on": on,
                },
            ).fetchone()
    if found is None:
        raise NotFoundError("This place does not exist today.")
    return found
