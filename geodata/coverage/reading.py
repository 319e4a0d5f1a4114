"""Reading the figures: of one grid kind by kind, and the grids with most households unserved."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.coverage import figures
from geodata.errors import InvalidInputError
from geodata.model import Coverage, GridRef, Level

DEFAULT_KIND = "service_station"


def read_kind(args: Mapping[str, str]) -> str:
    """Read ?kind= from an address. Raises InvalidInputError on what can be no kind."""
    kind = args.get("kind") or DEFAULT_KIND
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", kind):
        raise InvalidInputError("“{value}” is not a service kind.", value=kind[:40])
    return kind


def of_grid(conn: Connection[Any], grid_id: int, day: date) -> list[Coverage]:
    """Return the coverage of one grid, kind by kind in the county's order.

    Kinds without any data in the county are left out.
    """
    figures.ensure(conn, day)
    rows = conn.execute(
        """
        WITH s AS (SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date),
        known AS (
            SELECT DISTINCT c.kind FROM s JOIN coverage_grid c USING (stretch_id)
            JOIN grid g USING (grid_id) WHERE g.level = 'county')
        SELECT k.kind, k.name_zh, k.name_en, coalesce(c.households, 0), coalesce(c.estimated, 0),
               coalesce(c.reached, 0), coalesce(c.met, 0), coalesce(c.over_capacity, 0),
               coalesce(c.too_few, 0), coalesce(c.too_far, 0), coalesce(c.nobody, 0),
               coalesce(c.term_ended, 0)
        FROM known JOIN service_kind k USING (kind)
        LEFT JOIN (s JOIN coverage_grid c USING (stretch_id))
            ON c.kind = k.kind AND c.grid_id = %(grid_id)s
        WHERE EXISTS (
            SELECT FROM grid_version v WHERE v.grid_id = %(grid_id)s AND v.valid @> %(day)s)
        ORDER BY k.rank, k.kind
        """,
        {"grid_id": grid_id, "day": day},
    ).fetchall()
    return [Coverage(*row) for row in rows]


def worst(
    conn: Connection[Any], kind: str, level: Level, day: date, *, limit: int = 100
) -> list[tuple[GridRef, Coverage]]:
    """List the grids of a level by households to whom a kind's standard is not met, most first.

    Grids without data stand at the end.
    """
    figures.ensure(conn, day)
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code, k.kind, k.name_zh, k.name_en,
               coalesce(c.households, 0), coalesce(c.estimated, 0), coalesce(c.reached, 0),
               coalesce(c.met, 0), coalesce(c.over_capacity, 0), coalesce(c.too_few, 0),
               coalesce(c.too_far, 0), coalesce(c.nobody, 0), coalesce(c.term_ended, 0)
        FROM grid_version v
        JOIN service_kind k ON k.kind = %(kind)s
        LEFT JOIN coverage_grid c ON c.kind = k.kind AND c.grid_id = v.grid_id AND c.stretch_id = (
            SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s::date)
        WHERE v.level = %(level)s::grid_level AND v.valid @> %(day)s
        ORDER BY c.households - c.met DESC NULLS LAST, v.code
        LIMIT %(limit)s
        """,
        {"kind": kind, "level": level, "day": day, "limit": limit},
    ).fetchall()
    return [(GridRef(*row[:4]), Coverage(*row[4:])) for row in rows]
