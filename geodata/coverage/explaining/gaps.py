"""Gap areas: the ground on which people live who have nobody of a kind in reach, as polygons.

Inside a compound it is the compound without the ground in reach. Where buildings stand outside
every compound it is the ground around them, in clusters, without compounds and ground in reach.
Ground without households is left out: in the mountains it would cover the map and concern nobody.

Every household out of reach stands on one of the polygons, and none that is in reach: where a
building's own road makes its way longer than the ground beside it tells, the building's plot is
added or taken out.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from scipy.spatial import KDTree
from shapely.geometry.base import BaseGeometry

from geodata import frames
from geodata.coverage.explaining import roster, why
from geodata.coverage.explaining.why import Why
from geodata.coverage.figures import due as changes
from geodata.coverage.judging.verdicts import Bools, Floats
from geodata.coverage.judging.ways import SNAP_M, Reach, Ways
from geodata.coverage.standards.model import Kind, Standard
from geodata.model import GridRef
from geodata.partition.measure import area_m2
from geodata.roads import service_areas

# Buildings outside every compound belong together when their surroundings meet.
AROUND_M = 100.0
# The plot of a single building, smaller where another verdict stands next to it.
PLOT_M = 15.0
# Slivers smaller than this are none of the ground that anybody lives on.
_LEAST_M2 = 1.0


@dataclass(frozen=True, slots=True)
class Gap:
    """Ground out of reach: a polygon, WGS 84 on the storage grid, with who lives on it.

    ``grid`` is the compound, or the community outside whose compounds it lies.
    """

    grid: GridRef
    geometry: BaseGeometry
    is_outside: bool
    buildings: int
    households: int
    area_m2: float


def find(
    conn: Connection[Any], grid_id: int, kind: Kind, day: date, *, is_rounded: bool
) -> list[Gap]:
    """Return the ground of a grid out of reach of a kind, most households first.

    ``is_rounded``: households are counted as everybody is told them.
    """
    found = why.explain(
        conn, grid_id, kind, day, is_rounded=is_rounded, has_rounded_loads=is_rounded
    )
    unreached = found.in_reach == 0
    if not unreached.any():
        return []
    cells = found.people.cells
    wanted = np.unique(cells[unreached]).tolist()
    grids = _grids(conn, [abs(cell) for cell in wanted], day)
    box = changes.rested_on(conn, set(wanted), [kind], day, kind.farthest_m)
    ways = Ways.load(conn, box.grown(SNAP_M)) if box else Ways()
    places = roster.read_points(found.facilities if kind.by_facility else [])
    reached: dict[Standard, Reach] = {}
    gaps: list[Gap] = []
    for cell in wanted:
        if abs(cell) not in grids:
            continue
        ref, shape, is_village = grids[abs(cell)]
        own = cells == cell
        if cell < 0:
            shape = _outside(conn, cell, shape, found.people.lon_lat[own & unreached], day)
        standard = kind.village if is_village else kind.town
        if standard not in reached:
            reached[standard] = ways.reach(places, standard)
        free = shapely.difference(shape, reached[standard].over(shape))
        plots = fit_to_buildings(shape, free, found.people.lon_lat[own], unreached[own])
        gaps += _parts(ref, plots, found, own & unreached, cell < 0)
    return sorted(gaps, key=lambda each: (-each.households, each.grid.code))


def fit_to_buildings(
    shape: BaseGeometry, free: BaseGeometry, lon_lat: Floats, unreached: Bools
) -> BaseGeometry:
    """Return free ground so that all buildings out of reach stand on it, and no others. Pure.

    ``shape`` is the ground that may be taken, ``lon_lat`` (n, 2) the buildings in it.
    """
    stands = shapely.covers(free, shapely.points(lon_lat))
    left_out, wrongly = unreached & ~stands, ~unreached & stands
    if left_out.any():
        plots = shapely.union_all(_plots(lon_lat, left_out, unreached))
        free = shapely.union(free, shapely.intersection(plots, shape))
    if wrongly.any():
        plots = shapely.union_all(_plots(lon_lat, wrongly, unreached))
        free = shapely.difference(free, plots)
    return free


def _plots(lon_lat: Floats, which: Bools, unreached: Bools) -> list[BaseGeometry]:
    """Return a plot around each of some buildings that leaves the others' out."""
    around_m = np.full(len(lon_lat), PLOT_M)
    flat = frames.to_cartesian(lon_lat)
    for side in (unreached, ~unreached):
        if side.any() and not side.all():
            around_m[side] = np.minimum(PLOT_M, 0.4 * KDTree(flat[~side]).query(flat[side])[0])
    return [
        service_areas.circle(lon_lat[number], max(float(around_m[number]), 0.1))
        for number in np.flatnonzero(which).tolist()
    ]


def _parts(
    ref: GridRef, free: BaseGeometry, found: Why, which: Bools, is_outside: bool
) -> Iterator[Gap]:
    """Yield the parts of free ground on which somebody lives."""
    rows = found.people.rows
    some = np.flatnonzero(which)
    points = shapely.points(found.people.lon_lat[some])
    left = np.ones(len(some), dtype=np.bool_)
    parts = [
        part
        for part in shapely.get_parts(service_areas.on_grid(free))
        if part.geom_type == "Polygon"
    ]
    for part in parts:
        here = left & shapely.dwithin(part, points, 1e-6)
        if not here.any():
            continue
        left &= ~here
        area = float(area_m2(np.array([part], dtype=object))[0])
        if area < _LEAST_M2:
            continue
        yield Gap(
            ref,
            part,
            is_outside,
            int((~rows["is_estimated"][some[here]]).sum()),
            int(rows[found.count][some[here]].sum()),
            area,
        )


def _outside(
    conn: Connection[Any], cell: int, community: BaseGeometry, lon_lat: Floats, day: date
) -> BaseGeometry:
    """Return the ground around buildings of a community that lies in no compound."""
    around = shapely.union_all([service_areas.circle(each, AROUND_M) for each in lon_lat])
    near = shapely.intersection(around, community)
    rows = conn.execute(
        """
        SELECT ST_AsBinary(geom) FROM grid_version
        WHERE level = 'compound' AND valid @> %(day)s
          AND geom && ST_GeomFromWKB(%(near)s, 4326)
        """,
        {"day": day, "near": shapely.to_wkb(shapely.box(*shapely.bounds(near)))},
        binary=True,
    ).fetchall()
    compounds = [shapely.from_wkb(row[0]) for row in rows]
    return shapely.difference(near, shapely.union_all(compounds))


def _grids(
    conn: Connection[Any], ids: list[int], day: date
) -> dict[int, tuple[GridRef, BaseGeometry, bool]]:
    """Return grids by number: name, shape, and whether it is or lies in a village."""
    rows = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code, ST_AsBinary(v.geom),
               place_kind(coalesce(c.name, v.name)) = 'village'
        FROM grid_version v
        LEFT JOIN grid_version c ON v.level = 'compound' AND c.grid_id = v.parent_id
            AND c.valid @> %(day)s
        WHERE v.grid_id = ANY(%(ids)s) AND v.valid @> %(day)s
        """,
        {"ids": ids, "day": day},
        binary=True,
    ).fetchall()
    return {row[0]: (GridRef(*row[:4]), shapely.from_wkb(row[4]), row[5]) for row in rows}
