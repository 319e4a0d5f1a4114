"""Service coverage: which households have a facility in reach, summed up to every grid.

A household is served by a kind when a facility of it lies within the kind's reach of its building,
in a straight line (see ``frames.to_cartesian``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection
from psycopg.types.range import Range
from scipy.spatial import KDTree

from geodata import frames, revisions
from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Coverage, GridRef, Level

DEFAULT_KIND = "service_station"
# Stretches of days kept; the one not asked for longest goes first.
STRETCHES_KEPT = 12
_LOCK = 341526

Floats = NDArray[np.float64]
# A building: place (lon, lat), households, and the grid of each level that it stands in.
_BUILDING = np.dtype(
    [("lon", "f8"), ("lat", "f8"), ("households", "i8")] + [(level, "i8") for level in LEVELS[::-1]]
)


def read_kind(args: Mapping[str, str]) -> str:
    """Read ?kind= from an address. Raises InvalidInputError on what can be no kind."""
    kind = args.get("kind") or DEFAULT_KIND
    if not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", kind):
        raise InvalidInputError("“{value}” is not a service kind.", value=kind[:40])
    return kind


def ensure(conn: Connection[Any], day: date) -> None:
    """Compute the coverage of a day, unless it stands and nothing that it rests on has changed."""
    if _is_current(conn, day):
        return
    conn.execute("SELECT pg_advisory_xact_lock(%s)", (_LOCK,))
    # Another may have computed it while this one waited.
    if not _is_current(conn, day):
        compute(conn, day)


def compute(conn: Connection[Any], day: date) -> None:
    """Compute the coverage of a day anew from buildings, boundaries and facilities.

    It holds for the days around it on which none of these begins or ends.
    """
    basis = revisions.current(conn, ("grids", "services"))
    stretch = _stretch(conn, day)
    conn.execute("DELETE FROM coverage_day WHERE valid && %s", (stretch,))
    conn.execute(
        "INSERT INTO coverage_day (day, basis, valid) VALUES (%s, %s, %s)", (day, basis, stretch)
    )
    # Read before the COPY begins: a connection does one thing at a time.
    buildings, facilities = _buildings(conn, day), _facilities(conn, day)
    with conn.cursor().copy(
        "COPY coverage_grid (day, grid_id, kind, households, served) FROM STDIN (FORMAT binary)"
    ) as copy:
        copy.set_types(["date", "int8", "text", "int4", "int4"])
        for grid_id, kind, households, served in _served_by_grid(buildings, facilities):
            copy.write_row((day, grid_id, kind, households, served))
    conn.execute(
        """
        DELETE FROM coverage_day WHERE day IN (
            SELECT day FROM coverage_day ORDER BY asked_at DESC OFFSET %s)
        """,
        (STRETCHES_KEPT,),
    )


def of_grid(conn: Connection[Any], grid_id: int, day: date) -> list[Coverage]:
    """Return the coverage of one grid, kind by kind in the county's order."""
    ensure(conn, day)
    rows = conn.execute(
        """
        SELECT k.kind, k.name_zh, k.name_en, k.reach_m,
               coalesce(c.households, 0), coalesce(c.served, 0), f.facilities
        FROM service_kind k
        JOIN grid_version v ON v.grid_id = %(grid_id)s AND v.valid @> %(day)s
        LEFT JOIN coverage_grid c ON c.kind = k.kind AND c.grid_id = v.grid_id
            AND c.day = (SELECT day FROM coverage_day WHERE valid @> %(day)s::date),
        LATERAL (
            SELECT count(*) AS facilities FROM facility f
            WHERE f.kind = k.kind AND f.geom && v.geom AND f.valid @> %(day)s
              AND ST_Covers(v.geom, f.geom)) f
        WHERE EXISTS (SELECT FROM facility f WHERE f.kind = k.kind)
        ORDER BY k.rank, k.kind
        """,
        {"grid_id": grid_id, "day": day},
    ).fetchall()
    return [Coverage(*row) for row in rows]


def worst(
    conn: Connection[Any], kind: str, level: Level, day: date, *, limit: int = 100
) -> list[tuple[GridRef, Coverage]]:
    """List the grids of a level by households out of reach of a kind, most first.

    Grids without data stand at the end.
    """
    ensure(conn, day)
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code,
               k.kind, k.name_zh, k.name_en, k.reach_m,
               coalesce(c.households, 0), coalesce(c.served, 0)
        FROM grid_version v
        JOIN service_kind k ON k.kind = %(kind)s
        LEFT JOIN coverage_grid c ON c.kind = k.kind AND c.grid_id = v.grid_id
            AND c.day = (SELECT day FROM coverage_day WHERE valid @> %(day)s::date)
        WHERE v.level = %(level)s::grid_level AND v.valid @> %(day)s
        ORDER BY c.households - c.served DESC NULLS LAST, v.code
        LIMIT %(limit)s
        """,
        {"kind": kind, "level": level, "day": day, "limit": limit},
    ).fetchall()
    return [(GridRef(*row[:4]), Coverage(*row[4:], facilities=0)) for row in rows]


def in_reach(places: Floats, facilities: Floats, reach_m: float) -> NDArray[np.bool_]:
    """Tell which places have a facility within reach; shapes (n, 3) and (m, 3), EPSG:4978."""
    if not len(facilities) or not len(places):
        return np.zeros(len(places), dtype=np.bool_)
    distance_m, _ = KDTree(facilities).query(places)
    return np.asarray(distance_m) <= reach_m


def _is_current(conn: Connection[Any], day: date) -> bool:
    row = conn.execute(
        """
        SELECT basis = (SELECT sum(number) FROM revision WHERE subject IN ('grids', 'services')),
               asked_at < now() - interval '1 hour'
        FROM coverage_day WHERE valid @> %s
        """,
        (day,),
    ).fetchone()
    if row and row[0] and row[1]:
        conn.execute("UPDATE coverage_day SET asked_at = now() WHERE valid @> %s", (day,))
    return bool(row and row[0])


def _stretch(conn: Connection[Any], day: date) -> Range[date]:
    """Return the days around one on which nothing begins or ends that coverage rests on."""
    row = conn.execute(
        """
        WITH change AS (
            SELECT lower(valid) AS day FROM grid_version UNION SELECT upper(valid) FROM grid_version
            UNION SELECT lower(valid) FROM building UNION SELECT upper(valid) FROM building
            UNION SELECT lower(valid) FROM facility UNION SELECT upper(valid) FROM facility)
        SELECT daterange(max(day) FILTER (WHERE day <= %(day)s),
                         min(day) FILTER (WHERE day > %(day)s))
        FROM change
        """,
        {"day": day},
    ).fetchone()
    assert row
    return row[0]


def _buildings(conn: Connection[Any], day: date) -> NDArray[np.void]:
    """Return the buildings with households: place, households, the grid of each level (0: none).

    Row by row into an array: a million compounds have ten million buildings.
    """
    with conn.cursor(binary=True) as cursor:
        return np.fromiter(
            cursor.stream(
                """
                -- Grid by grid: each shape is unpacked and prepared once, not for every building.
                WITH inside AS (
                    SELECT v.level, v.grid_id, v.parent_id, b.building_id
                    FROM grid_version v, LATERAL (
                        SELECT b.building_id FROM building b
                        WHERE b.geom && v.geom AND ST_Covers(v.geom, b.geom) OFFSET 0) b
                    WHERE v.level IN ('community', 'compound') AND v.valid @> %(day)s)
                SELECT ST_X(b.geom), ST_Y(b.geom), b.households,
                       coalesce(p.grid_id, 0), coalesce(c.grid_id, 0), coalesce(c.parent_id, 0),
                       coalesce(t.parent_id, 0)
                FROM building b
                LEFT JOIN inside c ON c.building_id = b.building_id AND c.level = 'community'
                LEFT JOIN grid_version t ON t.grid_id = c.parent_id AND t.valid @> %(day)s
                LEFT JOIN inside p ON p.building_id = b.building_id AND p.level = 'compound'
                WHERE b.valid @> %(day)s AND b.households > 0
                """,
                {"day": day},
            ),
            dtype=_BUILDING,
        )


def _served_by_grid(
    buildings: NDArray[np.void], facilities: Sequence[tuple[str, int, Floats]]
) -> Iterator[tuple[int, str, int, int]]:
    """Yield (grid, kind, households, served) for every grid that has buildings with households."""
    if not len(buildings):
        return
    households = buildings["households"]
    places = frames.to_cartesian(np.column_stack((buildings["lon"], buildings["lat"])))
    grids = [np.unique(buildings[level], return_inverse=True) for level in LEVELS[::-1]]
    for kind, reach_m, lon_lat in facilities:
        served = in_reach(places, frames.to_cartesian(lon_lat.T), reach_m)
        for found, index in grids:
            total = np.bincount(index, weights=households, minlength=len(found))
            inside = np.bincount(index, weights=households * served, minlength=len(found))
            for grid_id, all_of_them, some in zip(found, total, inside, strict=True):
                if grid_id:
                    yield int(grid_id), kind, int(all_of_them), int(some)


def _facilities(conn: Connection[Any], day: date) -> list[tuple[str, int, Floats]]:
    """Return each kind with facilities of any day: its reach and their places (lon, lat)."""
    rows = conn.execute(
        """
        SELECT k.kind, k.reach_m, array_agg(ST_X(f.geom)) FILTER (WHERE f.valid @> %(day)s),
               array_agg(ST_Y(f.geom)) FILTER (WHERE f.valid @> %(day)s)
        FROM service_kind k JOIN facility f USING (kind)
        GROUP BY k.kind, k.reach_m
        """,
        {"day": day},
    ).fetchall()
    return [(kind, reach_m, np.array([lon or [], lat or []])) for kind, reach_m, lon, lat in rows]
