"""Mending what can be mended without a person's decision, and saying how much ground moved.

Never called unasked. Shapes are EPSG:4326, areas square metres on the ellipsoid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.frames import round_to_grid
from geodata.partition.measure import area_m2, place
from geodata.partition.noding import STEP, Polygons, keep_polygons, node

# A ring that crosses itself more often is not a slip; unfolding it can take minutes and gives
# a shape that nobody drew.
MAX_CROSSINGS = 50
_MAX_CORNERS = 200_000


@dataclass(frozen=True, slots=True)
class Repair:
    """What was done to one row: ``deed`` names it, ``m2`` is the ground that it gained or lost.

    ``share`` is that of the row's ground before, ``place`` a point (lon, lat) where most of it is.
    """

    row: int
    deed: str
    m2: float
    share: float | None = None
    place: tuple[float, float] | None = None


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
    return keep_polygons(shapely.make_valid(geom))


def unfolded(row: int, geom: BaseGeometry, mended: BaseGeometry) -> Repair:
    """Say how much ground unfolding moved: never more than the box around the shape.

    A ring goes around its ground once. What is not so counts as moved: a loop that runs the other
    way counts as less than nothing before, and one that runs twice as twice the ground.
    """
    lines = shapely.union_all(shapely.get_rings(geom))
    faces = np.asarray(shapely.get_parts(shapely.polygonize([lines])), dtype=object)
    faces = faces[~shapely.is_empty(faces)]
    if not len(faces):
        return Repair(row, "invalid", 0.0)
    points = shapely.get_coordinates(shapely.point_on_surface(faces))
    after = shapely.contains_xy(mended, points).astype(np.intp)
    moved = np.abs(_times_inside(geom, points) - after) * area_m2(faces)
    box = np.asarray([shapely.envelope(geom)], dtype=object)
    m2 = min(float(moved.sum()), float(area_m2(box)[0]))
    own = np.asarray([mended], dtype=object)
    share = min(m2 / max(float(area_m2(own)[0]), 1e-9), 1.0)
    return Repair(row, "invalid", m2, share, place(faces[int(np.argmax(moved))]))


def _times_inside(geom: BaseGeometry, points: NDArray[np.float64]) -> NDArray[np.intp]:
    """Count how often the rings of an invalid polygon go around each point; holes count against."""
    times = np.zeros(len(points), dtype=np.intp)
    for polygon in shapely.get_parts(geom):
        for number, ring in enumerate(shapely.get_rings(polygon)):
            xy = shapely.get_coordinates(ring)
            turns = np.array([_turns(xy, point) for point in points], dtype=np.intp)
            # The way round that encloses more is the ring's own.
            x, y = (xy - xy[0]).T
            way = 1 if float(np.sum(x[:-1] * y[1:] - x[1:] * y[:-1])) >= 0 else -1
            times += turns * (way if number == 0 else -way)
    return times


def _turns(ring: NDArray[np.float64], point: NDArray[np.float64]) -> int:
    """Return the winding number of a ring around a point that does not lie on it."""
    x, y = (ring - point).T
    below = y <= 0
    up, down = below[:-1] & ~below[1:], ~below[:-1] & below[1:]
    left = x[:-1] * y[1:] - x[1:] * y[:-1] > 0
    return int((up & left).sum()) - int((down & ~left).sum())


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
            rest = keep_polygons(present[int(other)].difference(triangle))
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


def common_border(first: BaseGeometry, second: BaseGeometry) -> float:
    """Return how long the border of a second shape runs on a first one, in degrees."""
    return float(shapely.length(shapely.intersection(first, shapely.boundary(second))))
