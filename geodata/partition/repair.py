"""Mending what can be mended without a person's decision, and saying how much ground moved.

Never called unasked. Shapes are EPSG:4326, areas square metres on the ellipsoid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.frames import round_to_grid
from geodata.partition.checks import SLIVER_M2
from geodata.partition.measure import area_m2
from geodata.partition.noding import NARROW, STEP, Polygons, invalid_edges, node, polygonal

# A ring that crosses itself more often is not a slip; unfolding it can take minutes and gives
# a shape that nobody drew.
MAX_CROSSINGS = 50
_MAX_CORNERS = 200_000


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done to one row: ``deed`` names it, ``m2`` is the ground that it gained or lost."""

    row: int
    deed: str
    m2: float


def crossings(geom: BaseGeometry) -> int:
    """Count the pairs of edges of a polygon that cross each other away from their ends."""
    lines = shapely.get_parts(geom.boundary)
    xy, owner = shapely.get_coordinates(lines, return_index=True)
    same = owner[1:] == owner[:-1]
    ends = np.stack((xy[:-1][same], xy[1:][same]), axis=1)
    segments = np.asarray(shapely.linestrings(ends), dtype=object)
    first, second = shapely.STRtree(segments).query(segments, predicate="crosses")
    return int((first < second).sum())


def is_mendable(geom: BaseGeometry) -> bool:
    """Whether a polygon is simple enough to be unfolded by a machine."""
    return (
        bool(shapely.get_num_coordinates(geom) <= _MAX_CORNERS) and crossings(geom) <= MAX_CROSSINGS
    )


def mend_invalid(geom: BaseGeometry) -> BaseGeometry:
    """Return the valid polygons of an invalid one: loops cut off, folded edges dropped.

    Call ``is_mendable`` first. The area is kept where the ring only touches itself.
    """
    return polygonal(shapely.make_valid(geom))


def mend_coverage(geoms: Polygons) -> tuple[Polygons, list[Repair]]:
    """Remove overlaps, narrow gaps and stray pieces of a level whose polygons are valid.

    ``geoms`` lie on the storage grid. Overlaps and gaps up to 1 m wide go to the neighbour with
    the longer common border, pieces below 1 m2 as well; whole grids are kept however small.
    """
    before = geoms.copy()
    present = _give_away_pieces(geoms)
    for _ in range(4):
        wrong = ~shapely.is_empty(invalid_edges(present, gap_width=NARROW))
        rows = np.flatnonzero(wrong & ~shapely.is_empty(present))
        if not len(rows):
            break
        # Not yet in the type stubs of shapely 2.2.
        clean = shapely.coverage_clean  # pyright: ignore[reportAttributeAccessIssue]
        cleaned = clean(present[rows], gap_width=NARROW)
        for row, shape in zip(rows, cleaned, strict=True):
            shape = polygonal(shape) if shape is not None else shape
            # A grid of its own is never given away whole.
            if shape is not None and not shapely.is_empty(shape):
                present[row] = shape
        present = node(present).geoms
        if not len(_overlapping(present)):
            break
    present = node(_without_lost(present, before)).geoms
    changed = np.flatnonzero(~shapely.equals_exact(present, before) & ~shapely.is_empty(before))
    moved = area_m2(
        np.asarray(shapely.symmetric_difference(before[changed], present[changed], grid_size=STEP))
    )
    deeds = [
        Repair(int(row), "coverage", float(m2))
        for row, m2 in zip(changed, moved, strict=True)
        if m2 > 0
    ]
    return present, deeds


def keep_vanished(geoms: Polygons, sources: Polygons, vanished: tuple[int, ...]) -> Polygons:
    """Give rows that are smaller than the storage grid the smallest triangle that it holds.

    Neighbours lose that ground (a few cm2), so that the level stays free of overlaps. ``sources``
    are the shapes before rounding.
    """
    present = geoms.copy()
    for row in vanished:
        triangle = _smallest_triangle(sources[row])
        hit = shapely.STRtree(present).query(triangle, predicate="intersects")
        for other in hit:
            rest = polygonal(present[int(other)].difference(triangle))
            if not shapely.is_empty(rest):
                present[other] = rest
        present[row] = triangle
    return node(present).geoms


def _smallest_triangle(source: BaseGeometry) -> BaseGeometry:
    """Return a triangle on the storage grid along the longest side of a tiny shape."""
    xy = np.unique(round_to_grid(shapely.get_coordinates(source)), axis=0)
    start = xy[0]
    end = xy[int(np.argmax(np.hypot(*(xy - start).T)))]
    if np.hypot(*(end - start)) < 3 * STEP:
        end = start + np.array((4 * STEP, 0.0))
    along = (end - start) / np.hypot(*(end - start))
    # Three steps beside the middle: farther than noding would pull a corner onto an edge.
    third = (start + end) / 2 + np.array((-along[1], along[0])) * 3 * STEP
    return Polygon(round_to_grid(np.stack((start, end, third))))


def _overlapping(geoms: Polygons) -> NDArray[np.intp]:
    return np.flatnonzero(~shapely.is_empty(invalid_edges(geoms)))


def _without_lost(present: Polygons, before: Polygons) -> Polygons:
    """Bring back rows that cleaning left empty, as they were."""
    lost = shapely.is_empty(present) & ~shapely.is_empty(before)
    return np.where(lost, before, present)


def _give_away_pieces(geoms: Polygons) -> Polygons:
    """Give pieces below 1 m2 of grids in several pieces to the neighbour beside them."""
    present = geoms.copy()
    pieces: list[tuple[int, BaseGeometry]] = []
    for row in np.flatnonzero(shapely.get_num_geometries(geoms) > 1):
        parts = shapely.get_parts(geoms[row])
        sizes = area_m2(parts)
        if sizes.max() < SLIVER_M2:
            # Nothing would be left of the grid.
            continue
        small = sizes < SLIVER_M2
        small[int(np.argmax(sizes))] = False
        if small.any():
            kept = parts[~small]
            present[row] = kept[0] if len(kept) == 1 else MultiPolygon(list(kept))
            pieces.extend((int(row), piece) for piece in parts[small])
    tree = shapely.STRtree(present)
    for row, piece in pieces:
        near = [int(other) for other in tree.query(piece, predicate="intersects") if other != row]
        borders = [common_border(piece, present[other]) for other in near]
        if borders and max(borders) > 0:
            taker = near[int(np.argmax(borders))]
            joined = polygonal(present[taker].union(piece))
            present[taker] = joined
    return np.asarray(node(present).geoms if pieces else present, dtype=object)


def common_border(first: BaseGeometry, second: BaseGeometry) -> float:
    """Return how long the border of a second shape runs on a first one, in degrees."""
    return float(shapely.length(shapely.intersection(first, shapely.boundary(second))))
