"""Scenarios as they are kept: made, named, copied, thrown away and had back, with their changes."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb

from geodata.accounts.acting import Acting
from geodata.coverage.standards.model import Standard
from geodata.errors import InvalidInputError, NotFoundError, StaleError
from geodata.model import Point
from geodata.scenarios.model import Change, Scenario, Search

NAME_LENGTH = 80


def create(conn: Connection[Any], who: Acting, name: str) -> int:
    """Begin a scenario and return its number.

    Raises InvalidInputError on a name that is missing or too long.
    """
    row = conn.execute(
        "INSERT INTO scenario (name, owner_id, made_by) VALUES (%s, %s, %s) RETURNING scenario_id",
        [_named(name), who.account_id, who.name or who.username],
    ).fetchone()
    assert row
    return row[0]


def copy(conn: Connection[Any], scenario_id: int, who: Acting, name: str) -> int:
    """Begin a scenario with all changes of another, and return its number."""
    source = get(conn, scenario_id)
    made = create(conn, who, name)
    conn.execute(
        """
        INSERT INTO scenario_change (scenario_id, what, kind, facility_id, name, geom,
            organisation_id, grid_id, place, reach, unit, detour, capacity, minimum, plan_id)
        SELECT %s, what, kind, facility_id, name, geom, organisation_id, grid_id, place, reach,
               unit, detour, capacity, minimum, plan_id
        FROM scenario_change WHERE scenario_id = %s AND NOT is_out ORDER BY change_id
        """,
        [made, source.scenario_id],
    )
    return made


def rename(conn: Connection[Any], scenario_id: int, name: str) -> None:
    """Give a scenario another name. Raises as ``create`` and ``lock_own``."""
    lock_own(conn, scenario_id)
    conn.execute(
        "UPDATE scenario SET name = %s, revision = revision + 1, changed_at = now()"
        " WHERE scenario_id = %s",
        [_named(name), scenario_id],
    )


def throw_away(conn: Connection[Any], scenario_id: int, *, is_removed: bool) -> None:
    """Throw a scenario away, or have it back. Raises as ``lock_own``."""
    lock_own(conn, scenario_id)
    conn.execute(
        "UPDATE scenario SET is_removed = %s, revision = revision + 1 WHERE scenario_id = %s",
        [is_removed, scenario_id],
    )


def get(conn: Connection[Any], scenario_id: int) -> Scenario:
    """Return a scenario with its changes. Raises NotFoundError if there is none to be seen."""
    row = conn.execute(
        """
        SELECT scenario_id, name, owner_id, made_by, made_at, changed_at, revision, is_removed
        FROM scenario WHERE scenario_id = %s
        """,
        [scenario_id],
    ).fetchone()
    if row is None:
        raise NotFoundError("There is no scenario {id}.", id=scenario_id)
    return Scenario(
        *row, changes=_changes(conn, scenario_id), searches=_searches(conn, scenario_id)
    )


def list_scenarios(conn: Connection[Any]) -> list[Scenario]:
    """List scenarios without their changes, the last changed first; 200 at most."""
    rows = conn.execute(
        """
        SELECT scenario_id, name, owner_id, made_by, made_at, changed_at, revision, is_removed
        FROM scenario WHERE NOT is_removed ORDER BY changed_at DESC, scenario_id DESC LIMIT 200
        """
    ).fetchall()
    return [Scenario(*row, changes=()) for row in rows]


def note_search(
    conn: Connection[Any],
    scenario_id: int,
    kind: str,
    asked: dict[str, Any],
    answer: dict[str, Any],
) -> None:
    """Keep how best places were searched for; the caller holds that the scenario is one's own."""
    conn.execute(
        "INSERT INTO scenario_search (scenario_id, searched_at, kind, asked, answer)"
        " VALUES (%s, clock_timestamp(), %s, %s, %s)",
        [scenario_id, kind, Jsonb(asked), Jsonb(answer)],
    )


def _changes(conn: Connection[Any], scenario_id: int) -> tuple[Change, ...]:
    rows = conn.execute(
        """
        SELECT c.change_id, c.what, c.kind, k.name_zh, k.name_en,
               coalesce(nullif(c.name, ''), f.name, o.name, p.title, ''), coalesce(v.name, w.name),
               ST_X(c.geom), ST_Y(c.geom), ST_X(f.geom), ST_Y(f.geom),
               c.facility_id, c.organisation_id, c.grid_id, c.place, c.reach, c.unit, c.detour,
               c.capacity, c.minimum, c.plan_id
        FROM scenario_change c
        LEFT JOIN service_kind k USING (kind)
        LEFT JOIN facility f USING (facility_id)
        LEFT JOIN organisation o USING (organisation_id)
        LEFT JOIN plan p USING (plan_id)
        LEFT JOIN grid_version v ON v.grid_id = c.grid_id AND v.valid @> current_date
        LEFT JOIN LATERAL (
            SELECT w.name FROM grid_version w
            WHERE w.level = 'community' AND w.valid @> current_date
              AND w.geom && coalesce(c.geom, f.geom) AND ST_Covers(w.geom, coalesce(c.geom, f.geom))
            LIMIT 1) w ON true
        WHERE c.scenario_id = %s AND NOT c.is_out ORDER BY c.change_id
        """,
        [scenario_id],
    ).fetchall()
    return tuple(
        Change(
            *row[:3],
            *(text or "" for text in row[3:7]),
            point=None if row[7] is None else Point(row[7], row[8]),
            was=None if row[9] is None else Point(row[9], row[10]),
            facility_id=row[11],
            organisation_id=row[12],
            grid_id=row[13],
            place=row[14],
            standard=None if row[15] is None else Standard(*row[15:20]),
            plan_id=row[20],
        )
        for row in rows
    )


def _searches(conn: Connection[Any], scenario_id: int) -> tuple[Search, ...]:
    rows = conn.execute(
        """
        SELECT s.searched_at, k.name_zh, k.name_en, s.asked, s.answer
        FROM scenario_search s JOIN service_kind k USING (kind)
        WHERE s.scenario_id = %s ORDER BY s.searched_at DESC LIMIT 10
        """,
        [scenario_id],
    ).fetchall()
    return tuple(Search(*row) for row in rows)


def _named(name: str) -> str:
    name = " ".join(name.split())
    if not name:
        raise InvalidInputError("A scenario needs a name.")
    if len(name) > NAME_LENGTH:
        raise InvalidInputError(
            "The name is longer than {most} characters.", hint="Shorten it.", most=NAME_LENGTH
        )
    return name


def lock_own(conn: Connection[Any], scenario_id: int) -> None:
    """Keep one's own scenario from changing meanwhile. Raises NotFoundError if it is not own."""
    if not conn.execute(
        "SELECT FROM scenario WHERE scenario_id = %s AND owner_id = acting_account() FOR UPDATE",
        [scenario_id],
    ).rowcount:
        raise NotFoundError(
            "There is no scenario {id} of your own.",
            hint="Copy the other person's scenario first.",
            id=scenario_id,
        )


def take(conn: Connection[Any], scenario_id: int, revision: int) -> None:
    """Keep one's own scenario from changing until the transaction ends. Raises as ``lock_own``.

    Raises StaleError if it is no longer as it was in ``revision``: a second window of its owner's
    has changed it.
    """
    lock_own(conn, scenario_id)
    row = conn.execute(
        "SELECT revision FROM scenario WHERE scenario_id = %s", [scenario_id]
    ).fetchone()
    assert row
    if row[0] != revision:
        raise StaleError(
            "This scenario was changed in another window since you opened it; nothing was saved.",
            hint="Check the current version, then make your change again.",
            revision=row[0],
        )
