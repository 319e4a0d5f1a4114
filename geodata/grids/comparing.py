"""What became of the grids between two days, and on which days anything became of them.

Published versions alone are compared, those of days to come with them. Areas are geodesic square
metres; places are WGS 84.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.rows import dict_row

from geodata.grids.changes import TITLES, GridChange, What
from geodata.model import Bounds, GridRef, Point


@dataclass(frozen=True, slots=True)
class ChangeDay:
    """A day from which on something is otherwise, and how many grids are.

    ``is_first`` marks the oldest boundaries, which change nothing: they begin.
    """

    day: date
    grids: int
    is_first: bool


@dataclass(frozen=True, slots=True)
class Difference:
    """A grid that differs between two days.

    ``town`` is the town in which it lies, on the later day if it is there then; None for a county.
    ``gained_m2`` and ``lost_m2`` are what came to its ground and what left it, None unless it was
    redrawn. ``bounds`` and ``point`` are where it is, or was.
    """

    change: GridChange
    town: GridRef | None
    point: Point
    bounds: Bounds
    gained_m2: float | None
    lost_m2: float | None


def list_days(conn: Connection[Any], grid_id: int | None = None) -> list[ChangeDay]:
    """Return the days on which the grids changed, oldest first.

    With ``grid_id`` only those of this grid and of what lay in it at the time.
    """
    query: LiteralString = _DAYS if grid_id is None else _DAYS_WITHIN
    rows = conn.execute(query, {"grid": grid_id}).fetchall()
    return [ChangeDay(day, count, at == 0) for at, (day, count) in enumerate(rows)]


def count_differences(
    conn: Connection[Any], before: date, after: date, grid_id: int | None = None
) -> Mapping[What, int]:
    """Count what differs between two days, by what became of it; kinds without any are left out.

    With ``grid_id`` only that grid and what lay in it on either day.
    """
    rows = conn.execute(
        _DIFFERENCES + "SELECT what, count(*) FROM difference"
        " WHERE %(grid)s::bigint IS NULL OR %(grid)s = ANY(chain) GROUP BY what",
        {"before": before, "after": after, "grid": grid_id},
    ).fetchall()
    found: dict[What, int] = dict(rows)
    return {what: found[what] for what in TITLES if what in found}


def find(
    conn: Connection[Any],
    before: date,
    after: date,
    grid_id: int | None = None,
    *,
    limit: int | None = None,
    offset: int = 0,
) -> list[Difference]:
    """List what differs between two days, town by town, from the whole to the part.

    With ``grid_id`` only that grid and what lay in it on either day.
    """
    return _find(conn, before, after, grid_id, limit=limit, offset=offset, is_alone=False)


def compare_grid(
    conn: Connection[Any], grid_id: int, before: date, after: date
) -> Difference | None:
    """Return how one grid differs between two days, None if it does not."""
    found = _find(conn, before, after, grid_id, limit=1, offset=0, is_alone=True)
    return found[0] if found else None


def to_plain(each: Difference, *, with_households: bool = True) -> dict[str, Any]:
    """Return a difference as JSON has it."""
    row = {**asdict(each.change), **asdict(each)}
    row["bounds"] = each.bounds._asdict()
    del row["change"]
    if not with_households:
        row["households"] = row["households_before"] = None
    return row


def _find(
    conn: Connection[Any],
    before: date,
    after: date,
    grid_id: int | None,
    *,
    limit: int | None,
    offset: int,
    is_alone: bool,
) -> list[Difference]:
    with conn.cursor(row_factory=dict_row) as cursor:
        rows = cursor.execute(
            _DIFFERENCES + _PAGE,
            {
                "before": before,
                "after": after,
                "grid": grid_id,
                "alone": is_alone,
                "limit": limit,
                "offset": offset,
            },
        ).fetchall()
    return [_difference(row) for row in rows]


def _difference(row: Mapping[str, Any]) -> Difference:
    change = GridChange(
        row["grid_id"],
        row["level"],
        row["what"],
        row["name"],
        row["name_before"],
        row["code"],
        row["code_before"],
        row["parent"],
        row["parent_before"],
        row["households"],
        row["households_before"],
        row["area_m2"],
        row["area_before_m2"],
    )
    town = None
    if row["town_id"] is not None:
        town = GridRef(row["town_id"], "town", row["town_name"], row["town_code"])
    return Difference(
        change,
        town,
        Point(row["lon"], row["lat"]),
        Bounds(row["west"], row["south"], row["east"], row["north"]),
        row["gained_m2"],
        row["lost_m2"],
    )


_DAYS: LiteralString = """
    WITH event AS (
        SELECT lower(valid) AS day, grid_id FROM grid_version
        UNION
        SELECT upper(valid), grid_id FROM grid_version WHERE NOT upper_inf(valid))
    SELECT day, count(*) FROM event GROUP BY day ORDER BY day
"""

# For how long a grid lay in which: a version that begins or ends while its parents stay is what
# changed, one whose parent became another version is not.
_DAYS_WITHIN: LiteralString = """
    WITH own AS (
        SELECT %(grid)s::bigint AS grid_id, '{(,)}'::datemultirange AS span),
    below AS (
        SELECT v.grid_id, range_agg(v.valid) * p.span AS span
        FROM own p JOIN grid_version v ON v.parent_id = p.grid_id GROUP BY v.grid_id, p.span),
    deeper AS (
        SELECT v.grid_id, range_agg(v.valid) * p.span AS span
        FROM below p JOIN grid_version v ON v.parent_id = p.grid_id GROUP BY v.grid_id, p.span),
    deepest AS (
        SELECT v.grid_id, range_agg(v.valid) * p.span AS span
        FROM deeper p JOIN grid_version v ON v.parent_id = p.grid_id GROUP BY v.grid_id, p.span),
    part AS (
        TABLE own UNION ALL TABLE below UNION ALL TABLE deeper UNION ALL TABLE deepest),
    event AS (
        SELECT lower(v.valid) AS day, v.grid_id
        FROM part p JOIN grid_version v USING (grid_id) WHERE p.span @> lower(v.valid)
        UNION
        SELECT upper(v.valid), v.grid_id
        FROM part p JOIN grid_version v USING (grid_id)
        WHERE NOT upper_inf(v.valid) AND p.span @> upper(v.valid) - 1)
    SELECT day, count(*) FROM event GROUP BY day ORDER BY day
"""

# What held on the earlier day and had ended by the later one, what holds on the later one and had
# not begun: both found by the indexes on the days, so that it costs what has changed and not what
# is there. A grid that became another and the same again has not changed.
_DIFFERENCES: LiteralString = """
    WITH old AS (
        SELECT v.*, p.name AS parent, p.grid_id AS above, p.parent_id AS beyond
        FROM grid_version v
        LEFT JOIN grid_version p ON p.grid_id = v.parent_id AND p.valid @> %(before)s::date
        WHERE v.level IN ('county', 'town', 'community', 'compound') AND NOT upper_inf(v.valid)
          AND upper(v.valid) > %(before)s::date AND upper(v.valid) <= %(after)s::date
          AND lower(v.valid) <= %(before)s::date),
    new AS (
        SELECT v.*, p.name AS parent, p.grid_id AS above, p.parent_id AS beyond
        FROM grid_version v
        LEFT JOIN grid_version p ON p.grid_id = v.parent_id AND p.valid @> %(after)s::date
        WHERE v.level IN ('county', 'town', 'community', 'compound')
          AND lower(v.valid) > %(before)s::date AND lower(v.valid) <= %(after)s::date
          AND v.valid @> %(after)s::date),
    compared AS (
        SELECT grid_id, coalesce(n.level, o.level) AS level,
               o.version_id AS old_id, n.version_id AS new_id,
               coalesce(n.name, o.name) AS name, o.name AS name_before,
               coalesce(n.code, o.code) AS code, o.code AS code_before,
               coalesce(CASE WHEN n.grid_id IS NULL THEN o.parent ELSE n.parent END, '') AS parent,
               CASE WHEN o.grid_id IS NOT NULL THEN coalesce(o.parent, '') END AS parent_before,
               n.households, o.households AS households_before,
               n.area_m2, o.area_m2 AS area_before_m2,
               coalesce(n.label_point, o.label_point) AS label_point,
               ARRAY[grid_id, o.above, o.beyond, n.above, n.beyond] AS chain,
               CASE coalesce(n.level, o.level)
                    WHEN 'town' THEN grid_id
                    WHEN 'community' THEN coalesce(n.above, o.above)
                    WHEN 'compound' THEN coalesce(n.beyond, o.beyond) END AS town_id,
               CASE WHEN o.grid_id IS NULL THEN 'made'
                    WHEN n.grid_id IS NULL THEN 'ended'
                    WHEN NOT n.geom = o.geom
                         AND (n.area_m2 <> o.area_m2 OR NOT ST_Equals(n.geom, o.geom))
                        THEN 'redrawn'
                    WHEN n.parent_id <> o.parent_id THEN 'handed_over'
                    WHEN n.name <> o.name THEN 'renamed'
                    WHEN n.code <> o.code THEN 'recoded'
                    WHEN n.households IS DISTINCT FROM o.households
                         OR n.population IS DISTINCT FROM o.population THEN 'counted'
               END AS what
        FROM old o FULL JOIN new n USING (grid_id)),
    difference AS (SELECT * FROM compared WHERE what IS NOT NULL)
"""

_PAGE: LiteralString = """
    , page AS (
        SELECT d.*, t.name AS town_name, t.code AS town_code
        FROM difference d
        LEFT JOIN LATERAL (
            SELECT name, code FROM grid_version t
            WHERE t.grid_id = d.town_id AND lower(t.valid) <= %(after)s::date
            ORDER BY lower(t.valid) DESC LIMIT 1) t ON true
        WHERE %(grid)s::bigint IS NULL OR %(grid)s = d.grid_id
              OR (NOT %(alone)s AND %(grid)s = ANY(d.chain))
        ORDER BY t.code NULLS FIRST, d.level, d.code, d.grid_id
        LIMIT %(limit)s OFFSET %(offset)s)
    SELECT p.*, p.level::text AS level,
           ST_X(p.label_point) AS lon, ST_Y(p.label_point) AS lat,
           ST_XMin(here.geom) AS west, ST_YMin(here.geom) AS south,
           ST_XMax(here.geom) AS east, ST_YMax(here.geom) AS north,
           CASE WHEN what = 'redrawn'
                THEN ST_Area(ST_Difference(n.geom, o.geom)::geography) END AS gained_m2,
           CASE WHEN what = 'redrawn'
                THEN ST_Area(ST_Difference(o.geom, n.geom)::geography) END AS lost_m2
    FROM page p
    LEFT JOIN grid_version o ON o.version_id = p.old_id
    LEFT JOIN grid_version n ON n.version_id = p.new_id,
    LATERAL (SELECT coalesce(n.geom, o.geom) AS geom) here
    ORDER BY p.town_code NULLS FIRST, p.level, p.code, p.grid_id
"""
