"""Checks of one level's polygons, each returning problems; nothing is changed.

Shapes are EPSG:4326 on the storage grid, areas square metres on the ellipsoid. Positions in
``Problem.rows`` are positions in the array that was checked.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.language.phrases import Phrase
from geodata.partition import seams
from geodata.partition.measure import (
    area_m2,
    largest_parts,
    mean_width_m,
    place,
    places,
    widest_m,
)
from geodata.partition.noding import NARROW, Polygons
from geodata.partition.problems import Problem
from geodata.partition.progress import OnProgress, ignore_progress, scale_progress
from geodata.partition.seams import SLIVER_M2

# A polygon with more corners than this is a fault of the file: the longest county boundary of
# the country needs a tenth of it.
MAX_CORNERS = 1_000_000

# Of so many overlaps the width is measured at its widest, which takes some milliseconds each.
_SHOWN = 200


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


def find_overlaps(
    geoms: Polygons, suspects: NDArray[np.intp] | None = None, tell: OnProgress = ignore_progress
) -> list[Problem]:
    """Find pairs that cover the same ground, the largest overlap first.

    Only ``suspects`` are looked at where they are known (see ``noding.Noded``). ``data`` says how
    wide the overlap is (``width``, in metres), what share of the smaller of the two
    it is (``part``) and where in ``rows`` that one stands (``smaller``), and whether it is narrow
    enough for a repair (``slip``).
    """
    rows = seams.find_faulty(geoms, suspects, 0.0)
    claims = seams.shared_ground(geoms, rows, scale_progress(tell, 0.0, 0.8))
    tell(0.8)
    if not len(claims.pairs):
        return []
    areas, own = area_m2(claims.ground), area_m2(geoms[claims.pairs].ravel()).reshape(-1, 2)
    is_slip = seams.all_slips(claims.ground)
    widths, where = _widths_m(claims.ground, is_slip), places(claims.ground)
    found: list[Problem] = []
    for position, (one, other) in enumerate(claims.pairs):
        smaller = int(np.argmin(own[position]))
        m2 = float(areas[position])
        data = {
            "width": float(widths[position]),
            "part": min(m2 / max(float(own[position, smaller]), 1e-9), 1.0),
            "smaller": smaller,
            "slip": int(is_slip[position]),
        }
        pair = (int(one), int(other))
        found.append(Problem("overlap", "blocking", pair, m2, where[position], data))
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


def find_narrow_gaps(
    geoms: Polygons, suspects: NDArray[np.intp] | None = None, tell: OnProgress = ignore_progress
) -> list[Problem]:
    """Find holes between neighbours that are as narrow as a slip: edges that were meant to meet."""
    rows = seams.find_faulty(geoms, suspects, NARROW)
    gaps = seams.narrow_gaps(geoms, rows, scale_progress(tell, 0.0, 0.8))
    tell(0.8)
    if not len(gaps):
        return []
    gap, beside = shapely.STRtree(geoms).query(gaps, predicate="intersects")
    first = np.searchsorted(gap, np.arange(len(gaps)))
    last = np.searchsorted(gap, np.arange(len(gaps)), side="right")
    areas, where = area_m2(gaps), places(gaps)
    problems: list[Problem] = []
    for position in np.argsort(-areas, kind="stable"):
        around = tuple(beside[first[position] : last[position]][:2].tolist())
        m2 = float(areas[position])
        problems.append(Problem("narrow_gap", "warning", around, m2, where[position]))
    return problems


def _widths_m(grounds: NDArray[np.object_], is_slip: NDArray[np.bool_]) -> NDArray[np.float64]:
    """Return how wide each of some shapes is, in its largest part.

    At its widest, for the largest that are no slips: those are shown. On average, for all others.
    """
    largest = largest_parts(grounds)
    widths = mean_width_m(largest)
    wide = np.flatnonzero(~is_slip)
    wide = wide[np.argsort(-shapely.area(largest[wide]), kind="stable")][:_SHOWN]
    widths[wide] = widest_m(largest[wide])
    return widths
