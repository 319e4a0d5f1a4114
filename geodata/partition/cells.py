"""The cells of buildings: for each the ground of a grid that is nearer to it than to any other.

A plane of its own makes distances comparable in all directions: longitude is shrunk by the cosine
of the latitude, the origin lies in the grid, the unit is the degree of latitude.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from shapely.geometry.base import BaseGeometry

from geodata.partition.corners import unique_segments
from geodata.partition.noding import Polygons, keep_polygons

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
    grid cuts off from its building. ``xy`` is the building, or a point of such a piece, or the
    middle of what stays whole. ``links`` holds the length of the border that two pieces share, both
    ways.
    """

    shapes: Polygons
    xy: Floats
    weights: Floats
    links: csr_array


def cells(
    shape: BaseGeometry, points: Floats, weights: Floats, whole: Sequence[BaseGeometry] = ()
) -> Cells:
    """Return the cells of different points inside a polygon, all in the plane.

    The Voronoi diagram of the points, cut at the polygon's border. Each of the shapes ``whole`` is
    one cell, with all that stands in it.
    """
    edges = shapely.voronoi_polygons(shapely.MultiPoint(points), extend_to=shape, only_edges=True)
    lines = shapely.union_all([edges, *map(shapely.boundary, [shape, *whole])])
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
    if len(whole):
        faces, xy, found = _gathered(faces, xy, found, np.asarray(whole, dtype=object))
    return Cells(faces, xy, found, _links(faces))


def _gathered(
    faces: Polygons, xy: Floats, weights: Floats, whole: Polygons
) -> tuple[Polygons, Floats, Floats]:
    """Return faces, their places and weights, those in one shape of ``whole`` as one."""
    within = np.asarray(shapely.point_on_surface(faces), dtype=object)
    face, holder = shapely.STRtree(whole).query(within, predicate="intersects")
    group = np.arange(len(faces)) + len(whole)
    group[face] = holder
    _, group = np.unique(group, return_inverse=True)
    order = np.argsort(group, kind="stable")
    begins = np.flatnonzero(np.diff(group[order], prepend=-1))
    sums = np.zeros(len(begins))
    np.add.at(sums, group, weights)
    members = np.split(order, begins[1:])
    shapes = [
        faces[rows[0]] if len(rows) == 1 else keep_polygons(shapely.coverage_union_all(faces[rows]))
        for rows in members
    ]
    gathered = np.asarray(shapes, dtype=object)
    centres = np.stack([xy[rows].mean(axis=0) for rows in members])
    return gathered, centres, sums


def _links(faces: Polygons) -> csr_array:
    """Return the lengths of the borders that faces share; their corners are equal to the bit."""
    parts, face_of = shapely.get_parts(faces, return_index=True)
    rings, part_of = shapely.get_rings(parts, return_index=True)
    owner = face_of[part_of]
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
        for start, end in zip(
            *unique_segments(shapely.get_rings(shapely.get_parts(shape))), strict=True
        ):
            key = (*start, *end)
            count[key] = count.get(key, 0) + 1
    both = [(key[:2], key[2:]) for key, times in count.items() if times > 1]
    return np.asarray(shapely.linestrings(both) if both else [], dtype=object)
