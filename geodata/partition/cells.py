"""The cells of buildings: for each the ground of a grid that is nearer to it than to any other.

A plane of its own makes distances comparable in all directions: longitude is shrunk by the cosine
of the latitude, the origin lies in the grid, the unit is the degree of latitude.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from shapely.geometry.base import BaseGeometry

from geodata.partition.noding import Polygons, unique_segments

Floats = NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Plane:
    """The plane around a place (lon, lat) in which cells are measured."""

    origin: tuple[float, float]

    @staticmethod
    def around(shape: BaseGeometry) -> Plane:
        """Return the plane whose origin is the middle of a shape's box."""
        west, south, east, north = shape.bounds
        return Plane((float((west + east) / 2), float((south + north) / 2)))

    def flat(self, xy: Floats) -> Floats:
        """Bring (lon, lat) into the plane."""
        return (xy - self.origin) * (np.cos(np.radians(self.origin[1])), 1.0)

    def lonlat(self, xy: Floats) -> Floats:
        """Bring points of the plane back to (lon, lat)."""
        return xy / (np.cos(np.radians(self.origin[1])), 1.0) + self.origin


@dataclass(frozen=True, slots=True)
class Cells:
    """Pieces of ground without gap or overlap, in the plane.

    ``weights`` are the households of the building in each, 0 for a piece that the border of the
    grid cuts off from its building. ``xy`` is the building, or a point of such a piece. ``links``
    holds the length of the border that two pieces share, both ways.
    """

    shapes: Polygons
    xy: Floats
    weights: Floats
    links: csr_array


def cells(shape: BaseGeometry, points: Floats, weights: Floats) -> Cells:
    """Return the cells of different points inside a polygon, all in the plane.

    The Voronoi diagram of the points, cut at the polygon's border.
    """
    edges = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=shape, only_edges=True)
    lines = shapely.union_all([edges, shapely.boundary(shape)])
    faces = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(lines))))
    within = np.asarray(shapely.point_on_surface(faces))
    shapely.prepare(shape)
    inside = shapely.contains(shape, within)
    faces, xy = faces[inside], shapely.get_coordinates(within[inside])
    building, at = shapely.STRtree(faces).query(shapely.points(points), predicate="intersects")
    # A building on a border of cells, which only rounding brings there, is in one of them.
    building, first = np.unique(building, return_index=True)
    at = at[first]
    found = np.zeros(len(faces))
    np.add.at(found, at, weights[building])
    xy[at] = points[building]
    return Cells(faces, xy, found, _links(faces))


def _links(faces: Polygons) -> csr_array:
    """Return the lengths of the borders that faces share; their corners are equal to the bit."""
    rings, owner = shapely.get_rings(faces, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    starts, ends, face = xy[:-1][same], xy[1:][same], owner[ring[:-1][same]]
    flip = (starts[:, 0] > ends[:, 0]) | (
        (starts[:, 0] == ends[:, 0]) & (starts[:, 1] > ends[:, 1])
    )
    starts, ends = np.where(flip[:, None], ends, starts), np.where(flip[:, None], starts, ends)
    order = np.lexsort((ends[:, 1], ends[:, 0], starts[:, 1], starts[:, 0]))
    keys, face = np.hstack((starts, ends))[order], face[order]
    twice = np.flatnonzero((keys[1:] == keys[:-1]).all(axis=1))
    one, other = face[twice], face[twice + 1]
    spans = np.hypot(*(keys[twice, 2:] - keys[twice, :2]).T)
    pairs = (np.concatenate((one, other)), np.concatenate((other, one)))
    return csr_array(coo_array((np.tile(spans, 2), pairs), shape=(len(faces), len(faces))))


def common_segments(shapes: Polygons) -> NDArray[np.object_]:
    """Return the segments that two polygons of a coverage share, as lines."""
    count: dict[tuple[float, ...], int] = {}
    for shape in shapes:
        for start, end in zip(*unique_segments(shapely.get_rings(shape)), strict=True):
            key = (*start, *end)
            count[key] = count.get(key, 0) + 1
    both = [(key[:2], key[2:]) for key, times in count.items() if times > 1]
    return np.asarray(shapely.linestrings(both) if both else [], dtype=object)
