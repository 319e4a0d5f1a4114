"""Checks of one level's polygons, each returning problems; nothing is changed.

Shapes are EPSG:4326 on the storage grid, areas square metres on the ellipsoid. Positions in
``Problem.rows`` are positions in the array that was checked.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.partition.measure import area_m2, place
from geodata.partition.noding import NARROW, Polygons, invalid_edges
from geodata.partition.problems import Problem
from geodata.phrases import Phrase

# A grid, or a piece of one, smaller than this is a slip of the drawing tool.
SLIVER_M2 = 1.0
# A gap between neighbours narrower than this on average is one too.
NARROW_M = 1.0

# A polygon with more corners than this is a fault of the file: the longest county boundary of
# the country needs a tenth of it.
MAX_CORNERS = 1_000_000


def shape_problems(geoms: NDArray[np.object_]) -> list[Problem]:
    """Find shapes that are no polygon at all: missing, of another type, not finite, too big.

    Coordinates may be of any system. Cheap: nothing here depends on how a ring runs.
    """
    problems: list[Problem] = []
    types = shapely.get_type_id(geoms)
    corners = shapely.get_num_coordinates(geoms)
    is_empty = shapely.is_missing(geoms) | shapely.is_empty(geoms)
    for row in np.flatnonzero(is_empty):
        problems.append(Problem("empty", "blocking", (int(row),)))
    for row in np.flatnonzero(~is_empty & ~np.isin(types, (3, 6))):
        data = {"type": Phrase(geoms[row].geom_type)}
        problems.append(Problem("wrong_type", "blocking", (int(row),), data=data))
    for row in np.flatnonzero(corners > MAX_CORNERS):
        data = {"corners": int(corners[row]), "limit": MAX_CORNERS}
        problems.append(Problem("too_many_points", "blocking", (int(row),), data=data))
    xy, owner = shapely.get_coordinates(geoms, return_index=True)
    for row in np.unique(owner[~np.isfinite(xy).all(axis=1)]):
        problems.append(Problem("not_finite", "blocking", (int(row),)))
    return problems


def validity_problems(geoms: NDArray[np.object_]) -> list[Problem]:
    """Find polygons that cross themselves or are malformed in another way, with the place."""
    problems: list[Problem] = []
    for row in np.flatnonzero(~shapely.is_valid(geoms)):
        reason, _, spot = shapely.is_valid_reason(geoms[row]).partition("[")
        where: tuple[float, float] | None = None
        numbers = spot.rstrip("]").split()
        if len(numbers) >= 2:
            where = float(numbers[0]), float(numbers[1])
        data = {"reason": Phrase(reason)}
        problems.append(Problem("invalid", "blocking", (int(row),), place=where, data=data))
    return problems


def find_overlaps(geoms: Polygons, suspects: NDArray[np.intp] | None = None) -> list[Problem]:
    """Find pairs that cover the same ground, the largest overlap first.

    The same question as the database asks: do the interiors meet (DE-9IM T********)? Only
    ``suspects`` are looked at where they are known (see ``noding.Noded``).
    """
    rows = _wrong(geoms, suspects, 0.0)
    if not len(rows):
        return []
    tree = shapely.STRtree(geoms)
    asked, others = tree.query(geoms[rows], predicate="intersects")
    pairs = np.sort(np.stack((rows[asked], others), axis=1), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    if not len(pairs):
        return []
    first, second = geoms[pairs[:, 0]], geoms[pairs[:, 1]]
    meet = shapely.relate_pattern(first, second, "T********")
    shared = shapely.intersection(first[meet], second[meet])
    areas = area_m2(shared)
    found = [
        Problem("overlap", "blocking", (int(a), int(b)), m2=float(m2), place=place(ground))
        for (a, b), ground, m2 in zip(pairs[meet], shared, areas, strict=True)
    ]
    return sorted(found, key=lambda problem: -(problem.m2 or 0))


def find_slivers(geoms: Polygons, drawn_m2: NDArray[np.float64] | None = None) -> list[Problem]:
    """Find grids smaller than 1 m2, pieces of grids smaller than that, and grids in pieces.

    ``drawn_m2`` are areas before rounding, where they are known: a grid that was drawn smaller
    than 1 m2 is named with that area, also if nothing is left of it on the storage grid.
    """
    problems: list[Problem] = []
    areas = area_m2(geoms)
    if drawn_m2 is not None:
        gone = shapely.is_empty(geoms)
        for row in np.flatnonzero(gone):
            data = {"vanishes": 1}
            m2 = float(drawn_m2[row])
            problems.append(Problem("sliver", "blocking", (int(row),), m2=m2, data=data))
        areas = np.where(drawn_m2 < SLIVER_M2, drawn_m2, areas)
    for row in np.flatnonzero((areas < SLIVER_M2) & ~shapely.is_empty(geoms)):
        where = place(geoms[row])
        problems.append(
            Problem("sliver", "blocking", (int(row),), m2=float(areas[row]), place=where)
        )
    several = np.flatnonzero((shapely.get_num_geometries(geoms) > 1) & (areas >= SLIVER_M2))
    for row in several:
        parts = shapely.get_parts(geoms[row])
        sizes = area_m2(parts)
        small = np.flatnonzero(sizes < SLIVER_M2)
        if len(small):
            data = {"pieces": len(small)}
            where = place(parts[int(small[0])])
            total = float(sizes[small].sum())
            problems.append(Problem("stray_piece", "warning", (int(row),), total, where, data))
        large = len(parts) - len(small)
        if large > 1:
            second = int(np.argsort(sizes)[-2])
            data = {"pieces": large}
            problems.append(
                Problem("multipart", "warning", (int(row),), place=place(parts[second]), data=data)
            )
    return problems


def find_narrow_gaps(geoms: Polygons, suspects: NDArray[np.intp] | None = None) -> list[Problem]:
    """Find holes between neighbours that are narrower than 1 m: edges that were meant to meet."""
    rows = _wrong(geoms, suspects, NARROW)
    if not len(rows):
        return []
    ground = shapely.union_all(geoms[rows])
    rings = shapely.get_rings(shapely.get_parts(ground))
    outer = shapely.get_exterior_ring(shapely.get_parts(ground))
    outer_keys = {ring.wkb for ring in outer}
    holes = np.array([shapely.polygons(r) for r in rings if r.wkb not in outer_keys], dtype=object)
    if not len(holes):
        return []
    tree = shapely.STRtree(geoms)
    problems: list[Problem] = []
    areas, widths = area_m2(holes), width_m(holes)
    for hole, m2, width in zip(holes, areas, widths, strict=True):
        beside = tree.query(hole, predicate="intersects")
        is_filled = shapely.relate_pattern(geoms[beside], hole, "T********").any()
        if width < NARROW_M and not is_filled:
            neighbours = tuple(int(row) for row in beside[:2])
            problems.append(
                Problem("narrow_gap", "warning", neighbours, m2=float(m2), place=place(hole))
            )
    return sorted(problems, key=lambda problem: -(problem.m2 or 0))


def width_m(strips: Polygons) -> NDArray[np.float64]:
    """Return how wide strips are on average, in metres.

    For a strip of width w and length l: area w * l, perimeter about 2 * l.
    """
    return 2 * area_m2(strips) / np.maximum(shapely.length(strips) * 111_320 * 0.85, 1e-9)


def is_sliver(pieces: Polygons) -> NDArray[np.bool_]:
    """Tell which pieces of ground are smaller than 1 m2 or narrower than 1 m on average."""
    return (area_m2(pieces) < SLIVER_M2) | (width_m(pieces) < NARROW_M)


def _wrong(
    geoms: Polygons, suspects: NDArray[np.intp] | None, gap_width: float
) -> NDArray[np.intp]:
    """Return the rows whose edges break the coverage, looking at suspects only."""
    if suspects is None:
        suspects = np.arange(len(geoms))
    lines = invalid_edges(geoms[suspects], gap_width=gap_width)
    return suspects[~shapely.is_empty(lines)]
