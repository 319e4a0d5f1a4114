"""Coverage as a table: of a grid, or of all grids of a level in it, kind by kind."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.coverage.standards.definition import Definition
from geodata.coverage.standards.model import Place
from geodata.grids import reading as grids
from geodata.model import REASONS, Coverage, GridRef, Level

Row = tuple[GridRef, list[Coverage]]


def find(
    conn: Connection[Any],
    day: date,
    grid_id: int,
    *,
    is_rounded: bool,
    level: Level | None = None,
    kind: str | None = None,
    limit: int | None = None,
    offset: int = 0,
) -> list[Row]:
    """Return a grid, or those of a level in it by code, with one kind or all that have data.

    A kind that is asked for and has no data has no households. ``is_rounded``: as everybody is told
    it. Raises NotFoundError if there is no
    such grid, AbsentError if it is not there on the day.
    """
    figures.standing(conn, day)
    rows = conn.execute(
        """
        WITH RECURSIVE below AS (
            SELECT grid_id, level, name, code FROM grid_version
            WHERE grid_id = %(grid)s AND valid @> %(day)s::date
            UNION ALL
            SELECT v.grid_id, v.level, v.name, v.code FROM below b
            JOIN grid_version v ON v.parent_id = b.grid_id AND v.valid @> %(day)s::date
            WHERE %(level)s::grid_level IS NOT NULL AND b.level <> %(level)s::grid_level),
        chosen AS (
            SELECT * FROM below WHERE %(level)s::grid_level IS NULL OR level = %(level)s::grid_level
            ORDER BY code LIMIT %(limit)s OFFSET %(offset)s),
        s AS (SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date),
        known AS (
            SELECT k.kind, k.name_zh, k.name_en, k.rank FROM service_kind k
            WHERE CASE WHEN %(kind)s::text IS NOT NULL THEN k.kind = %(kind)s ELSE EXISTS (
                SELECT FROM s JOIN coverage_grid c USING (stretch_id)
                JOIN grid_version v USING (grid_id)
                WHERE v.level = 'county' AND v.valid @> %(day)s::date AND c.kind = k.kind) END)
        SELECT g.grid_id, g.level::text, g.name, g.code, k.kind, k.name_zh, k.name_en,
               coalesce(c.households, 0), coalesce(c.estimated, 0), coalesce(c.reached, 0),
               coalesce(c.met, 0), coalesce(c.over_capacity, 0), coalesce(c.too_few, 0),
               coalesce(c.too_far, 0), coalesce(c.nobody, 0), coalesce(c.term_ended, 0)
        FROM chosen g CROSS JOIN known k
        LEFT JOIN (s JOIN coverage_grid c USING (stretch_id))
            ON c.grid_id = g.grid_id AND c.kind = k.kind AND c.is_rounded = %(is_rounded)s
        ORDER BY g.code, g.grid_id, k.rank, k.kind
        """,
        {
            "grid": grid_id,
            "day": day,
            "is_rounded": is_rounded,
            "level": level,
            "kind": kind,
            "limit": limit,
            "offset": offset,
        },
        prepare=False,
    ).fetchall()
    if not rows:
        # Says why, if it is not there.
        grids.get(conn, grid_id, day)
    return [
        (GridRef(*ref), [Coverage(*row[4:]) for row in of_grid])
        for ref, of_grid in itertools.groupby(rows, key=lambda row: row[:4])
    ]


def count(conn: Connection[Any], day: date, grid_id: int, level: Level | None) -> int:
    """Count the grids that ``find`` goes through."""
    if level is None:
        return 1
    row = conn.execute(
        """
        WITH RECURSIVE below AS (
            SELECT grid_id, level FROM grid_version
            WHERE grid_id = %(grid)s AND valid @> %(day)s::date
            UNION ALL
            SELECT v.grid_id, v.level FROM below b
            JOIN grid_version v ON v.parent_id = b.grid_id AND v.valid @> %(day)s::date
            WHERE b.level <> %(level)s::grid_level)
        SELECT count(*) FROM below WHERE level = %(level)s::grid_level
        """,
        {"grid": grid_id, "day": day, "level": level},
        prepare=False,
    ).fetchone()
    return row[0] if row else 0


def to_plain(it: Coverage) -> dict[str, Any]:
    """Return figures as data for JSON."""
    has_any = it.households > 0
    return {
        "kind": it.kind,
        "name_zh": it.kind_zh,
        "name_en": it.kind_en,
        "is_missing": not has_any,
        "households": it.households,
        "estimated": it.estimated,
        "estimated_share": round(it.estimated / it.households, 4) if has_any else None,
        "reached": it.reached,
        "met": it.met,
        "share": None if it.share is None else round(it.share, 4),
        "reasons": {reason: it.count(reason) for reason in REASONS},
    }


def standard_to_plain(it: Definition, day: date) -> dict[str, Any]:
    """Return the standards of a kind on a day as data for JSON."""

    def of(place: Place) -> dict[str, Any] | None:
        dated = it.dated(day, place)
        if dated is None:
            return None
        standard = dated.value
        return {
            "reach": standard.reach,
            "unit": standard.unit,
            "detour": standard.detour,
            "capacity": standard.capacity,
            "minimum": standard.minimum,
            "since": dated.since,
            "until": dated.until,
        }

    by = it.providers_on(day)
    return {
        "kind": it.kind,
        "name_zh": it.name_zh,
        "name_en": it.name_en,
        "by_facility": by.by_facility,
        "organisations": list(by.areas),
        "roles": list(by.duties),
        "town": of("town"),
        "village": of("village"),
    }
