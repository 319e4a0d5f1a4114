"""Members and their dated duties: who is responsible, where, on a day. No contacts here."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import date
from typing import Any, LiteralString, cast

from psycopg import Connection

from geodata.model import (
    Duty,
    GridRef,
    HeldDuty,
    Place,
    Responsibility,
    ResponsibilityRow,
    UnheldCompound,
)

# Whether anybody is in office at the grid v, be it only a deputy: what ``grid_responsibility``
# calls held or deputy, for many grids at once. Takes %(on)s.
IN_OFFICE: LiteralString = """
    EXISTS (
        SELECT FROM duty d
        WHERE d.grid_id = v.grid_id AND d.term @> %(on)s::date
          AND d.role = ANY (ARRAY(SELECT r.role FROM duty_role r WHERE r.responsible)))
"""


def list_duties(conn: Connection[Any], grid_id: int, on: date, *, limit: int = 200) -> list[Duty]:
    """List the duties at a grid on a day: the responsible one first, then by rank.

    A compound's list goes on with the leads of its buildings and entrances. Duties that have ended
    are listed (``in_office`` false) as long as nobody has the same role there now.
    """
    rows = conn.execute(
        """
        WITH place AS (
            SELECT v.grid_id, NULL::bigint AS building_id, v.name, v.level
            FROM grid_version v WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s
            UNION ALL
            SELECT NULL, b.building_id, b.name, v.level
            FROM grid_version v JOIN building b
              ON b.geom && v.geom AND b.valid @> %(on)s AND ST_Covers(v.geom, b.geom)
            WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s AND v.level = 'compound')
        SELECT d.duty_id, m.member_id, m.name, d.role, r.name_zh, r.name_en, o.name,
               p.name, d.is_deputy, r.responsible AND d.grid_id IS NOT NULL, d.pledge,
               lower(d.term), upper(d.term), d.term @> %(on)s AS in_office, d.entrance
        FROM place p
        JOIN duty d ON d.grid_id = p.grid_id OR d.building_id = p.building_id
        JOIN duty_role r USING (role)
        JOIN member m USING (member_id)
        LEFT JOIN organisation o USING (organisation_id)
        WHERE lower(d.term) <= %(on)s
          AND (d.term @> %(on)s OR NOT EXISTS (
              SELECT FROM duty n
              WHERE n.role = d.role AND n.term @> %(on)s
                AND n.grid_id IS NOT DISTINCT FROM d.grid_id
                AND n.building_id IS NOT DISTINCT FROM d.building_id
                AND n.entrance IS NOT DISTINCT FROM d.entrance))
        ORDER BY d.grid_id IS NULL, r.responsible DESC, r.rank, in_office DESC, d.is_deputy,
                 p.name, d.entrance, upper(d.term) DESC NULLS FIRST, m.name
        LIMIT %(limit)s
        """,
        {"grid_id": grid_id, "on": on, "limit": limit},
    ).fetchall()
    return [
        Duty(
            duty_id=row[0],
            member_id=row[1],
            member=row[2],
            role=row[3],
            role_zh=row[4],
            role_en=row[5],
            organisation=row[6],
            place=row[7],
            is_deputy=row[8],
            is_responsible=row[9],
            pledge=row[10],
            term_from=row[11],
            term_until=row[12],
            in_office=row[13],
            entrance=row[14],
        )
        for row in rows
    ]


def find_state(conn: Connection[Any], grid_id: int, on: date) -> Responsibility:
    """Say whether somebody is responsible for the grid on that day."""
    row = conn.execute("SELECT grid_responsibility(%s, %s)", (grid_id, on)).fetchone()
    assert row is not None
    return cast("Responsibility", row[0])


def count_by_town(conn: Connection[Any], on: date) -> list[ResponsibilityRow]:
    """Count, town by town, the compounds by whether somebody is responsible; worst towns first."""
    rows = conn.execute(
        """
        WITH compound AS MATERIALIZED (
            SELECT t.grid_id, t.level, t.name, t.code,
                   grid_responsibility(v.grid_id, %(on)s) AS state
            FROM grid_version v
            JOIN grid_version c ON c.grid_id = v.parent_id AND c.valid @> %(on)s
            JOIN grid_version t ON t.grid_id = c.parent_id AND t.valid @> %(on)s
            WHERE v.level = 'compound' AND v.valid @> %(on)s)
        SELECT grid_id, level::text, name, code,
               count(*) FILTER (WHERE state = 'held'),
               count(*) FILTER (WHERE state = 'deputy'),
               count(*) FILTER (WHERE state = 'ended'),
               count(*) FILTER (WHERE state = 'vacant')
        FROM compound
        GROUP BY grid_id, level, name, code
        ORDER BY count(*) FILTER (WHERE state IN ('ended', 'vacant')) DESC, code
        """,
        {"on": on},
    ).fetchall()
    return [ResponsibilityRow(GridRef(*row[:4]), *row[4:]) for row in rows]


def has_any_duty(conn: Connection[Any]) -> bool:
    """Return whether anybody was ever given a duty; else a vacancy is but missing data."""
    row = conn.execute("SELECT EXISTS (SELECT FROM duty)").fetchone()
    return bool(row and row[0])


def count_within(conn: Connection[Any], grid_id: int, on: date) -> ResponsibilityRow:
    """Count the compounds of a town or a community by whether somebody is responsible."""
    row = conn.execute(
        """
        WITH compound AS MATERIALIZED (
            SELECT grid_responsibility(v.grid_id, %(on)s) AS state
            FROM grid_version c
            JOIN grid_version v ON v.parent_id = c.grid_id AND v.valid @> %(on)s
            WHERE %(grid_id)s IN (c.grid_id, c.parent_id)
              AND c.level = 'community' AND c.valid @> %(on)s)
        SELECT count(*) FILTER (WHERE state = 'held'),
               count(*) FILTER (WHERE state = 'deputy'),
               count(*) FILTER (WHERE state = 'ended'),
               count(*) FILTER (WHERE state = 'vacant')
        FROM compound
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchone()
    assert row is not None
    return ResponsibilityRow(None, *row)


def list_unheld(conn: Connection[Any], grid_id: int, on: date) -> list[UnheldCompound]:
    """List the compounds of a town or a community that have nobody in office.

    Longest first, whether the last term has ended or nobody was ever named.
    """
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code,
               c.grid_id, c.level::text, c.name, c.code, last.ended, coalesce(last.ended, (
                   SELECT min(lower(w.valid)) FROM grid_version w WHERE w.grid_id = v.grid_id))
        FROM grid_version c
        JOIN grid_version v ON v.parent_id = c.grid_id AND v.valid @> %(on)s,
        LATERAL (
            SELECT max(upper(d.term)) AS ended FROM duty d JOIN duty_role r USING (role)
            WHERE d.grid_id = v.grid_id AND r.responsible AND upper(d.term) <= %(on)s) last
        WHERE %(grid_id)s IN (c.grid_id, c.parent_id)
          AND c.level = 'community' AND c.valid @> %(on)s AND NOT """
        + IN_OFFICE
        + """
        ORDER BY 10, v.code
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchall()
    return [
        UnheldCompound(
            GridRef(*row[:4]),
            community=GridRef(*row[4:8]),
            state="ended" if row[8] else "vacant",
            since=row[9],
        )
        for row in rows
    ]


def fold(duties: Iterable[Duty]) -> list[HeldDuty]:
    """Join the duties that one member holds in one role at several places, in their order.

    The term runs from the first beginning to the last end of them.
    """
    joined: dict[tuple[object, ...], list[Duty]] = {}
    for duty in duties:
        key = (duty.member_id, duty.role, duty.is_deputy, duty.in_office, duty.is_responsible)
        joined.setdefault(key, []).append(duty)
    return [
        HeldDuty(
            duty=group[0],
            places=tuple(
                sorted({Place(duty.place, duty.entrance) for duty in group}, key=_numeric)
            ),
            term_from=min(duty.term_from for duty in group),
            term_until=_latest(duty.term_until for duty in group),
        )
        for group in joined.values()
    ]


def _latest(days: Iterable[date | None]) -> date | None:
    ends = list(days)
    return None if None in ends else max(end for end in ends if end)


def _numeric(place: Place) -> tuple[list[tuple[int, str]], int]:
    # 2号楼 before 10号楼.
    parts = re.split(r"(\d+)", place.name)
    # No building has a number of twenty digits, and Python reads none of thousands.
    name = [
        (int(part), "") if part.isdecimal() and len(part) < 20 else (-1, part) for part in parts
    ]
    return name, place.entrance or 0
