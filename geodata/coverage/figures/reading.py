"""Reading the figures: of one grid kind by kind, and the grids with most households unserved.

Besides the kinds there is ``WORST``, of all kinds the one that is worst in a grid: the least share
of households, and of equal ones the first in the county's order. Which it is differs from grid to
grid. ``layers.coverage`` finds it the same way.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.errors import InvalidInputError
from geodata.model import ANYWHERE, Bounds, Coverage, GridRef, Level

DEFAULT_KIND = "service_station"
WORST = "worst"
# How the codes of kinds are written.
KIND = r"[a-z][a-z0-9_]{0,39}"


def read_kind(text: str) -> str:
    """Read the code of a kind, or ``WORST``. Raises InvalidInputError on what can be no kind."""
    if not re.fullmatch(KIND, text):
        raise InvalidInputError("“{value}” is not a service kind.", value=text[:40])
    return text


def list_names(conn: Connection[Any]) -> dict[str, tuple[str, str]]:
    """Return the names of all kinds, Chinese and English, in the county's order."""
    rows = conn.execute("SELECT kind, name_zh, name_en FROM service_kind ORDER BY rank, kind")
    return {kind: (zh, en) for kind, zh, en in rows}


def read_grid(
    conn: Connection[Any], grid_id: int, day: date, *, is_rounded: bool
) -> list[Coverage]:
    """Return the coverage of one grid, kind by kind in the county's order.

    Kinds without any data in the county are left out. ``is_rounded``: as everybody is told it.
    """
    figures.standing(conn, day)
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
            ON c.kind = k.kind AND c.grid_id = %(grid_id)s AND c.is_rounded = %(is_rounded)s
        WHERE EXISTS (
            SELECT FROM grid_version v WHERE v.grid_id = %(grid_id)s AND v.valid @> %(day)s)
        ORDER BY k.rank, k.kind
        """,
        {"grid_id": grid_id, "day": day, "is_rounded": is_rounded},
    ).fetchall()
    return [Coverage(*row) for row in rows]


def list_worst(
    conn: Connection[Any],
    kind: str,
    level: Level,
    day: date,
    *,
    is_rounded: bool,
    box: Bounds | None = None,
    limit: int = 100,
    offset: int = 0,
) -> list[tuple[GridRef, Coverage]]:
    """List the grids of a level by households to whom a kind's standard is not met, most first.

    ``is_rounded``: in the order of the households that everybody is told. Of all, or of those that
    reach into a box. For ``WORST`` each grid has the figures of the kind
    that is worst in it. Grids without data stand at the end.
    """
    return _ranked(
        conn, kind, day, is_rounded=is_rounded, level=level, box=box, limit=limit, offset=offset
    )


def count(conn: Connection[Any], level: Level, day: date, box: Bounds | None = None) -> int:
    """Count the grids that ``list_worst`` lists."""
    row = conn.execute(
        """
        SELECT count(*) FROM grid_version v
        WHERE v.level = %(level)s::grid_level AND v.valid @> %(day)s
          AND (%(west)s::float8 IS NULL OR ST_Intersects(v.geom, ST_MakeEnvelope(
              %(west)s, %(south)s, %(east)s, %(north)s, 4326)))
        """,
        {"level": level, "day": day, **(box.params() if box else ANYWHERE)},
        prepare=False,
    ).fetchone()
    assert row
    return row[0]


def read_grids(
    conn: Connection[Any], grid_ids: Sequence[int], kind: str, day: date, *, is_rounded: bool
) -> dict[int, Coverage]:
    """Return the coverage of a kind, or of ``WORST``, by grid: of those there are on a day."""
    rows = _ranked(conn, kind, day, is_rounded=is_rounded, ids=grid_ids, limit=len(grid_ids))
    return {ref.grid_id: coverage for ref, coverage in rows}


def _ranked(
    conn: Connection[Any],
    kind: str,
    day: date,
    *,
    is_rounded: bool,
    level: Level | None = None,
    ids: Sequence[int] | None = None,
    box: Bounds | None = None,
    limit: int,
    offset: int = 0,
) -> list[tuple[GridRef, Coverage]]:
    figures.standing(conn, day)
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code,
               coalesce(c.kind, %(kind)s), coalesce(k.name_zh, ''), coalesce(k.name_en, ''),
               coalesce(c.households, 0), coalesce(c.estimated, 0), coalesce(c.reached, 0),
               coalesce(c.met, 0), coalesce(c.over_capacity, 0), coalesce(c.too_few, 0),
               coalesce(c.too_far, 0), coalesce(c.nobody, 0), coalesce(c.term_ended, 0)
        FROM grid_version v
        LEFT JOIN LATERAL (
            SELECT c.* FROM coverage_grid c JOIN service_kind k USING (kind)
            WHERE c.grid_id = v.grid_id AND c.households > 0 AND c.is_rounded = %(is_rounded)s
              AND (c.kind = %(kind)s OR %(kind)s = %(worst)s)
              AND c.stretch_id = (SELECT stretch_id FROM coverage_stretch WHERE valid @> %(day)s)
            ORDER BY c.met::float8 / c.households, k.rank, c.kind LIMIT 1) c ON true
        LEFT JOIN service_kind k ON k.kind = coalesce(c.kind, %(kind)s)
        WHERE (%(level)s::grid_level IS NULL OR v.level = %(level)s::grid_level)
          AND (%(ids)s::int8[] IS NULL OR v.grid_id = ANY(%(ids)s))
          AND v.valid @> %(day)s
          AND (%(west)s::float8 IS NULL OR ST_Intersects(v.geom, ST_MakeEnvelope(
              %(west)s, %(south)s, %(east)s, %(north)s, 4326)))
        ORDER BY c.households - c.met DESC NULLS LAST, v.code
        LIMIT %(limit)s OFFSET %(offset)s
        """,
        {
            "kind": kind,
            "worst": WORST,
            "is_rounded": is_rounded,
            "day": day,
            "level": level,
            "ids": None if ids is None else list(ids),
            **(box.params() if box else ANYWHERE),
            "limit": limit,
            "offset": offset,
        },
        # Planned for what is asked: of a level, some grids, or a box.
        prepare=False,
    ).fetchall()
    return [(GridRef(*row[:4]), Coverage(*row[4:])) for row in rows]
