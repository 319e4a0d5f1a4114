"""Grids as they were on a day: find them by place, by number, by name."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection
from psycopg.rows import dict_row

from geodata.errors import AbsentError, NotFoundError
from geodata.model import Bounds, Grid, GridRef, GridRow, Level, Nearby, Point

# Farther away than this nobody asks how near the boundary is; it bounds the search.
BOUNDARY_SEARCH_M = 5_000.0


def read_extent(conn: Connection[Any], on: date) -> tuple[GridRef, Bounds] | None:
    """Return the county's name and box on that day, None while nothing has been imported."""
    row = conn.execute(
        """
        SELECT grid_id, level::text, name, code,
               ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
        FROM grid_version
        WHERE level = 'county' AND valid @> %(on)s
        ORDER BY code LIMIT 1
        """,
        {"on": on},
    ).fetchone()
    return (GridRef(*row[:4]), Bounds(*row[4:])) if row else None


def find_first_day(conn: Connection[Any]) -> date | None:
    """Return the day of the oldest boundaries, None while nothing has been imported."""
    row = conn.execute("SELECT min(lower(valid)) FROM grid_version").fetchone()
    return row[0] if row else None


def find_county(conn: Connection[Any], on: date) -> Grid | None:
    """Return the county on that day, None while nothing has been imported."""
    found = read_extent(conn, on)
    return get(conn, found[0].grid_id, on) if found else None


def find_named(conn: Connection[Any], text: str, on: date) -> list[GridRef]:
    """Return the grids of a day that have exactly this name or this code, the largest first."""
    rows = conn.execute(
        """
        SELECT grid_id, level::text, name, code FROM grid_version
        WHERE (name = %(text)s OR code = %(text)s) AND valid @> %(on)s ORDER BY level, code
        """,
        {"text": text, "on": on},
    ).fetchall()
    return [GridRef(*row) for row in rows]


def get(conn: Connection[Any], grid_id: int, on: date) -> Grid:
    """Return a grid as it was on a day.

    Raises NotFoundError if there is no such grid, AbsentError if it did not exist on that day.
    """
    with conn.cursor(row_factory=dict_row) as cursor:
        row = cursor.execute(
            """
            SELECT v.grid_id, v.level::text AS level, v.name, v.code, v.households, v.population,
                   v.area_m2, lower(v.valid) AS valid_from, upper(v.valid) AS valid_until,
                   ST_X(v.label_point) AS lon, ST_Y(v.label_point) AS lat,
                   ST_XMin(v.geom) AS west, ST_YMin(v.geom) AS south,
                   ST_XMax(v.geom) AS east, ST_YMax(v.geom) AS north,
                   (SELECT count(*) FROM grid_version c
                    WHERE c.parent_id = v.grid_id AND c.valid @> %(on)s) AS children,
                   (SELECT count(*) FROM grid_version w
                    WHERE w.grid_id = v.grid_id) AS version_count,
                   (SELECT count(*) FROM building b
                    WHERE b.geom && v.geom AND b.valid @> %(on)s
                      AND (v.level = 'county' OR ST_Covers(v.geom, b.geom))) AS buildings
            FROM grid_version v
            WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s
            """,
            {"grid_id": grid_id, "on": on},
        ).fetchone()
    if row is None:
        raise _absent(conn, grid_id, on)
    level: Level = row["level"]
    return Grid(
        grid_id=row["grid_id"],
        level=level,
        name=row["name"],
        code=row["code"],
        path=_ancestors(conn, grid_id, on),
        children=row["children"],
        households=row["households"],
        population=row["population"],
        buildings=row["buildings"],
        area_m2=row["area_m2"],
        territory_gap_m2=None if level == "compound" else _territory_gap_m2(conn, grid_id, on),
        bounds=Bounds(row["west"], row["south"], row["east"], row["north"]),
        label=Point(row["lon"], row["lat"]),
        valid_from=row["valid_from"],
        valid_until=row["valid_until"],
        version_count=row["version_count"],
    )


def find_ever_known(conn: Connection[Any], grid_id: int, on: date) -> tuple[GridRef, Bounds] | None:
    """Return a grid's name and box on a day, else as it was last before, else as it was first.

    None if there is no such grid.
    """
    row = conn.execute(
        """
        SELECT grid_id, level::text, name, code,
               ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
        FROM grid_version WHERE grid_id = %(grid_id)s
        ORDER BY lower(valid) <= %(on)s DESC, abs(lower(valid) - %(on)s::date) LIMIT 1
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchone()
    return (GridRef(*row[:4]), Bounds(*row[4:])) if row else None


def locate(conn: Connection[Any], point: Point, on: date) -> Nearby:
    """Say in which grids a point lies on that day, and how near the boundary runs.

    The boundary is that of the finest grid found; a distance beyond 5 km is left out. A point
    outside the county has an empty path.
    """
    place = {"lon": point.lon, "lat": point.lat, "on": on}
    rows = conn.execute(
        """
        WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS geom)
        SELECT DISTINCT ON (v.level) v.grid_id, v.level::text, v.name, v.code
        FROM grid_version v, here
        WHERE v.geom && here.geom AND v.valid @> %(on)s AND ST_Covers(v.geom, here.geom)
        -- On a shared edge both sides cover the point; the lower code has it.
        ORDER BY v.level, v.code
        """,
        place,
    ).fetchall()
    path = tuple(GridRef(*row) for row in rows)
    if not path:
        return Nearby(point, (), in_territory_gap=False, boundary_m=None, beyond=None)
    finest = path[-1]
    edge = conn.execute(
        """
        WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS geom),
        mine AS (
            SELECT v.geom FROM grid_version v
            WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s)
        SELECT ST_Distance(ST_Boundary(mine.geom)::geography, here.geom::geography),
               ST_X(foot.geom), ST_Y(foot.geom)
        FROM mine, here,
             LATERAL (SELECT ST_ClosestPoint(ST_Boundary(mine.geom), here.geom) AS geom) foot
        """,
        place | {"grid_id": finest.grid_id},
    ).fetchone()
    if edge is None or edge[0] > BOUNDARY_SEARCH_M:
        return Nearby(point, path, finest.level == "community", None, None)
    beyond = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code
        FROM grid_version v,
             (SELECT ST_SetSRID(ST_MakePoint(%(foot_lon)s, %(foot_lat)s), 4326) AS geom) foot
        WHERE v.level = %(level)s::grid_level AND v.valid @> %(on)s AND v.grid_id <> %(grid_id)s
          -- Within a metre of the foot of the perpendicular, in degrees of latitude.
          AND ST_DWithin(v.geom, foot.geom, 0.00001)
        ORDER BY v.code LIMIT 1
        """,
        {
            "level": finest.level,
            "on": on,
            "grid_id": finest.grid_id,
            "foot_lon": edge[1],
            "foot_lat": edge[2],
        },
    ).fetchone()
    has_gap = finest.level == "community" and _has_compounds(conn, on)
    return Nearby(point, path, has_gap, edge[0], GridRef(*beyond) if beyond else None)


def list_children(conn: Connection[Any], grid_id: int, on: date) -> list[GridRow]:
    """List the grids one level below, with who is responsible and what is open, by code."""
    rows = conn.execute(
        """
        -- Once and not for every grid: a policy stands before each reading.
        WITH open AS MATERIALIZED (
            SELECT i.geom, i.due_at < instant.at AS is_overdue
            FROM issue i, (SELECT least(now(), %(on)s::date + interval '1 day') AS at) instant
            WHERE i.reported_at <= instant.at
              AND (i.closed_at IS NULL OR i.closed_at > instant.at))
        SELECT v.grid_id, v.level::text, v.name, v.code, v.pinyin, v.households,
               grid_responsibility(v.grid_id, %(on)s), i.open, i.overdue
        FROM grid_version v,
             -- Small beside the boundary, which would be unpacked for each issue.
             LATERAL (SELECT ST_Envelope(v.geom) AS box OFFSET 0) around,
             LATERAL (
                SELECT count(*) AS open, count(*) FILTER (WHERE o.is_overdue) AS overdue
                FROM open o WHERE o.geom && around.box AND ST_Covers(v.geom, o.geom)) i
        WHERE v.parent_id = %(grid_id)s AND v.valid @> %(on)s
        ORDER BY v.code
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchall()
    return [
        GridRow(
            GridRef(*row[:4]),
            pinyin=row[4],
            households=row[5],
            state=row[6],
            open_issues=row[7],
            overdue_issues=row[8],
        )
        for row in rows
    ]


def list_below(conn: Connection[Any], grid_id: int, on: date) -> set[int]:
    """Return the numbers of all grids in a grid on a day."""
    rows = conn.execute(
        """
        WITH RECURSIVE down AS (
            SELECT grid_id FROM grid_version WHERE parent_id = %(grid_id)s AND valid @> %(on)s
            UNION ALL
            SELECT v.grid_id FROM down JOIN grid_version v ON v.parent_id = down.grid_id
            WHERE v.valid @> %(on)s)
        SELECT grid_id FROM down
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchall()
    return {row[0] for row in rows}


def list_level(conn: Connection[Any], level: Level, on: date) -> list[GridRef]:
    """List all grids of a level on a day, by code."""
    rows = conn.execute(
        """
        SELECT grid_id, level::text, name, code FROM grid_version
        WHERE level = %(level)s::grid_level AND valid @> %(on)s ORDER BY code
        """,
        {"level": level, "on": on},
    ).fetchall()
    return [GridRef(*row) for row in rows]


def list_towns_and_communities(conn: Connection[Any], on: date) -> list[tuple[int, GridRef]]:
    """List the towns and communities of a day, each with the number of its parent, by code."""
    rows = conn.execute(
        """
        SELECT parent_id, grid_id, level::text, name, code FROM grid_version
        WHERE level IN ('town', 'community') AND valid @> %(on)s ORDER BY level, code
        """,
        {"on": on},
    ).fetchall()
    return [(row[0], GridRef(*row[1:])) for row in rows]


def level_counts(conn: Connection[Any], on: date) -> dict[Level, int]:
    """Count the grids of each level on that day."""
    rows = conn.execute(
        "SELECT level::text, count(*) FROM grid_version WHERE valid @> %(on)s GROUP BY level",
        {"on": on},
    ).fetchall()
    return dict(rows)


def _absent(conn: Connection[Any], grid_id: int, on: date) -> NotFoundError:
    row = conn.execute(
        """
        SELECT v.name, v.level::text, life.first, life.last
        FROM grid_version v, LATERAL (
            SELECT min(lower(w.valid)) AS first,
                   CASE WHEN NOT bool_or(upper_inf(w.valid))
                        THEN max(upper(w.valid)) - 1 END AS last
            FROM grid_version w WHERE w.grid_id = v.grid_id) life
        WHERE v.grid_id = %(grid_id)s
        -- The name it had last before the day, else its first.
        ORDER BY lower(v.valid) <= %(on)s DESC,
                 CASE WHEN lower(v.valid) <= %(on)s THEN lower(v.valid) END DESC,
                 lower(v.valid)
        LIMIT 1
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchone()
    if row is None:
        return NotFoundError("There is no grid with the number {grid_id}.", grid_id=grid_id)
    return AbsentError(
        "“{name}” did not exist on {on}.",
        grid_id=grid_id,
        name=row[0],
        level=row[1],
        on=on,
        first=row[2],
        last=row[3],
    )


def _ancestors(conn: Connection[Any], grid_id: int, on: date) -> tuple[GridRef, ...]:
    rows = conn.execute(
        """
        WITH RECURSIVE up AS (
            SELECT v.parent_id FROM grid_version v
            WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s
            UNION ALL
            SELECT v.parent_id FROM grid_version v JOIN up ON v.grid_id = up.parent_id
            WHERE v.valid @> %(on)s)
        SELECT v.grid_id, v.level::text, v.name, v.code
        FROM up JOIN grid_version v ON v.grid_id = up.parent_id AND v.valid @> %(on)s
        ORDER BY v.level
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchall()
    return tuple(GridRef(*row) for row in rows)


def _territory_gap_m2(conn: Connection[Any], grid_id: int, on: date) -> float | None:
    """Area of the grid outside every compound; None where it has none at all."""
    row = conn.execute(
        """
        WITH RECURSIVE down AS (
            SELECT v.grid_id, v.level, v.area_m2 FROM grid_version v
            WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s
            UNION ALL
            SELECT v.grid_id, v.level, v.area_m2
            FROM grid_version v JOIN down ON v.parent_id = down.grid_id
            WHERE v.valid @> %(on)s)
        SELECT max(area_m2) FILTER (WHERE grid_id = %(grid_id)s)
               - sum(area_m2) FILTER (WHERE level = 'compound')
        FROM down
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchone()
    return None if row is None or row[0] is None else max(0.0, row[0])


def _has_compounds(conn: Connection[Any], on: date) -> bool:
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM grid_version WHERE level = 'compound' AND valid @> %(on)s)",
        {"on": on},
    ).fetchone()
    return bool(row and row[0])
