"""Dividing a grid into parts with equal households, along the middle between its buildings.

The parts are made of the buildings' cells (``geodata.partition.cells``), their borders made simple,
and then only these borders are kept: the grid is cut along them. So the parts fill it exactly, on
the storage grid, and its outer border changes by the corners in which the new borders end.
Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.frames import round_to_grid
from geodata.partition.bisecting import bisect
from geodata.partition.cells import Cells, Floats, Plane, cells, common_segments
from geodata.partition.corners import corners_on_edges, unique_segments, with_corners
from geodata.partition.ground import Corner, Shape
from geodata.partition.line_noding import place_on_edge
from geodata.partition.measure import DEGREE_M
from geodata.partition.noding import REACH, STEP, Polygons, keep_polygons
from geodata.partition.rings import as_corner
from geodata.partition.straightening import straighten

MAX_PARTS = 50
# Borders made simple come no nearer to a building than this, unless its neighbour is as near.
_BESIDE_M = 5.0


@dataclass(frozen=True, slots=True)
class Division:
    """The borders along which a grid is divided, on the storage grid, and the parts roughly."""

    borders: tuple[tuple[Corner, ...], ...]
    rough: Polygons

    @property
    def corners(self) -> list[Corner]:
        """The corners of all borders; some lie on edges of what is around or inside."""
        return [corner for border in self.borders for corner in border]

    def cut(self, shape: BaseGeometry) -> list[Shape]:
        """Return the parts of the grid, whose border has the corners, the largest first.

        Raises InvalidInputError where a part would be in several pieces.
        """
        lines = [shapely.boundary(shape), *map(shapely.LineString, self.borders)]
        united = shapely.union_all(lines)
        xy = shapely.get_coordinates(united)
        if (xy != round_to_grid(xy)).any():
            united = shapely.transform(shapely.union_all(lines, grid_size=STEP), round_to_grid)
        faces = np.asarray(shapely.get_parts(shapely.polygonize(shapely.get_parts(united))))
        within = np.asarray(shapely.point_on_surface(faces))
        inside = shapely.contains(shape, within)
        owner = self._owners(faces[inside])
        found: list[Shape] = [
            keep_polygons(shapely.union_all(faces[inside][owner == part]))
            for part in range(len(self.rough))
        ]
        if any(part.geom_type != "Polygon" or part.is_empty for part in found):
            raise InvalidInputError(
                "The grid cannot be divided into {n} parts in one piece each.", n=len(found)
            )
        return sorted(found, key=lambda part: -part.area)

    def _owners(self, faces: Polygons) -> NDArray[np.intp]:
        """Return the part that has most of the ground of each face."""
        face, part = shapely.STRtree(self.rough).query(faces, predicate="intersects")
        common = np.zeros((len(faces), len(self.rough)))
        common[face, part] = shapely.area(shapely.intersection(faces[face], self.rough[part]))
        return np.argmax(common, axis=1)


def divide(
    shape: BaseGeometry, points_xy: ArrayLike, weights: ArrayLike, parts: int
) -> list[Shape]:
    """Divide a polygon into parts with equal weight, each in one piece, the largest first.

    ``points_xy`` are the buildings, (lon, lat), shape (n, 2), ``weights`` their households; those
    outside the polygon do not count. Neighbouring parts share their edges to the bit. Raises
    InvalidInputError where there are too few buildings.
    """
    division = plan(shape, points_xy, weights, parts)
    edges = unique_segments(shapely.get_rings(shapely.get_parts(shape)))
    wanted = corners_on_edges(np.unique(division.corners, axis=0), *edges, REACH)[0]
    return division.cut(with_corners(shape, wanted) or shape)


def plan(
    shape: BaseGeometry,
    points_xy: ArrayLike,
    weights: ArrayLike,
    parts: int,
    whole: Sequence[BaseGeometry] = (),
) -> Division:
    """Find the borders along which ``divide`` cuts.

    They run around the shapes ``whole``, which lie in the grid, and along their borders.
    """
    if shapely.get_num_geometries(shape) != 1:
        raise InvalidInputError(
            "The grid is in several pieces.", hint="Split it into its pieces first."
        )
    if not 2 <= parts <= MAX_PARTS:
        raise InvalidInputError("A grid is divided into 2 to {n} parts.", n=MAX_PARTS)
    points, households = _buildings(shape, points_xy, weights)
    if len(points) < parts:
        raise InvalidInputError("There are too few buildings for {n} parts.", n=parts)
    plane = Plane.around(shape)
    flat, *kept = [
        shapely.transform(each, plane.flat) for each in (shapely.get_parts(shape)[0], *whole)
    ]
    found = cells(flat, plane.flat(points), households, kept)
    if (found.weights > 0).sum() < parts:
        raise InvalidInputError("There are too few buildings for {n} parts.", n=parts)
    rough = _joined(found, bisect(found, parts))
    merged = shapely.line_merge(shapely.union_all(common_segments(rough)))
    lines = [shapely.get_coordinates(line) for line in shapely.get_parts(merged)]
    around = shapely.get_coordinates([flat, *kept])
    simple = straighten(lines, around, plane.flat(points), _BESIDE_M / DEGREE_M)
    borders = [_stored(plane.lonlat(line)) for line in simple]
    rough = np.asarray(shapely.transform(rough, plane.lonlat), dtype=object)
    return Division(_placed([shape, *whole], borders), rough)


def _buildings(
    shape: BaseGeometry, points_xy: ArrayLike, weights: ArrayLike
) -> tuple[Floats, Floats]:
    """Return the places inside a shape that have households, each once, on the storage grid."""
    xy = np.asarray(points_xy, dtype=np.float64).reshape(-1, 2)
    households = np.asarray(weights, dtype=np.float64).ravel()
    if len(xy) != len(households) or not np.isfinite(xy).all():
        raise InvalidInputError("Every building has a place and a number of households.")
    if not np.isfinite(households).all() or (households < 0).any():
        raise InvalidInputError("Every building has a place and a number of households.")
    shapely.prepare(shape)
    counts = shapely.contains_xy(shape, xy) & (households > 0)
    places, which = np.unique(round_to_grid(xy[counts]), axis=0, return_inverse=True)
    sums = np.zeros(len(places))
    np.add.at(sums, which.ravel(), households[counts])
    return places, sums


def _joined(found: Cells, labels: NDArray[np.intp]) -> Polygons:
    """Return the ground of each part, in the plane."""
    return np.asarray(
        [
            keep_polygons(shapely.coverage_union_all(found.shapes[labels == part]))
            for part in range(int(labels.max()) + 1)
        ],
        dtype=object,
    )


def _stored(xy: Floats) -> list[Corner]:
    corners = [as_corner(each) for each in round_to_grid(xy).tolist()]
    return [each for at, each in enumerate(corners) if at == 0 or each != corners[at - 1]]


def _placed(
    shapes: Sequence[BaseGeometry], borders: Sequence[Sequence[Corner]]
) -> tuple[tuple[Corner, ...], ...]:
    """Return borders whose corners on edges of shapes stand where they bend these least."""
    rings = shapely.get_rings(shapely.get_parts(np.asarray(shapes, dtype=object)))
    starts, ends = unique_segments(rings)
    edges = np.asarray(shapely.linestrings(np.stack((starts, ends), axis=1)), dtype=object)
    tree = shapely.STRtree(edges)

    def placed(corner: Corner) -> Corner:
        point = shapely.Point(corner)
        hits = tree.query(point, predicate="dwithin", distance=2 * REACH)
        if not len(hits):
            return corner
        nearest = int(hits[np.argmin(shapely.distance(edges[hits], point))])
        return place_on_edge(as_corner(starts[nearest]), as_corner(ends[nearest]), corner)

    moved = [[placed(corner) for corner in border] for border in borders]
    return tuple(
        tuple(each for at, each in enumerate(border) if at == 0 or each != border[at - 1])
        for border in moved
        if len(set(border)) > 1
    )
