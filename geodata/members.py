"""Members and their dated duties: who is responsible, where, on a day. No contacts here."""

from __future__ import annotations

from datetime import date
from typing import Any, cast

from psycopg import Connection

from geodata.model import Duty, GridRef, Responsibility, ResponsibilityRow


def duties(conn: Connection[Any], grid_id: int, on: date, *, limit: int = 200) -> list[Duty]:
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


def state(conn: Connection[Any], grid_id: int, on: date) -> Responsibility:
    """Say whether somebody is responsible for the grid on that day."""
    row = conn.execute("SELECT grid_responsibility(%s, %s)", (grid_id, on)).fetchone()
    assert row is not None
    return cast("Responsibility", row[0])


def responsibility_by_town(conn: Connection[Any], on: date) -> list[ResponsibilityRow]:
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
