"""A detailed coverage as national files hold it: many polygons whose shared borders are fractal.

Borders are drawn as functions over the edges of Voronoi cells, each within the triangles to the
two sites beside it, so that no border crosses another. EPSG:4326.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.spatial import Voronoi
from shapely.geometry import LineString, Polygon

Polygons = NDArray[np.object_]

# West, south, east, north of the ground that is divided.
GROUND = (105.0, 27.0, 117.0, 36.0)
# Metres in a degree of latitude, for faults that are given in metres.
_DEGREE_M = 111_320.0


@dataclass(frozen=True, slots=True)
class Faults:
    """What is wrong with a file, as ``drawn`` puts it in.

    ``twice_m``: each polygon is drawn on its own, its corners that far off at most. ``apart_m``:
    each polygon is simplified on its own, to that tolerance.
    """

    twice_m: float = 0.0
    apart_m: float = 0.0


def coverage(count: int, corners: int, seed: int) -> Polygons:
    """Return ``count`` polygons that share their borders, with about so many corners in all."""
    rng = np.random.default_rng(seed)
    west, south, east, north = GROUND
    sites = rng.uniform((west, south), (east, north), (count, 2))
    # Sites mirrored over the four sides make those sides borders of cells.
    mirrored = [sites]
    for axis, edge in ((0, west), (0, east), (1, south), (1, north)):
        other = sites.copy()
        other[:, axis] = 2 * edge - other[:, axis]
        mirrored.append(other)
    cells = Voronoi(np.concatenate(mirrored))
    edges = [
        (pair, ends)
        for pair, ends in zip(cells.ridge_points, cells.ridge_vertices, strict=True)
        if min(pair) < count and -1 not in ends
    ]
    inner = sum(max(pair) < count for pair, _ in edges)
    points = corners / (2 * inner + len(edges) - inner)
    lines = []
    for (one, other), (start, end) in edges:
        a, b = cells.vertices[start], cells.vertices[end]
        if max(one, other) >= count or np.hypot(*(b - a)) < 1e-4:
            lines.append(shapely.linestrings([a, b]))
            continue
        lines.append(_border(rng, a, b, cells.points[one], cells.points[other], points))
    shapes = shapely.get_parts(shapely.polygonize(lines))
    return np.asarray(shapes, dtype=object)


def with_faults(shapes: Polygons, faults: Faults, seed: int) -> Polygons:
    """Return the polygons as an office would hold them that drew or simplified each on its own."""
    rng = np.random.default_rng(seed)
    drawn = shapes
    if faults.apart_m:
        drawn = shapely.simplify(shapes, faults.apart_m / _DEGREE_M, preserve_topology=True)
    if faults.twice_m:
        drawn = np.array([_again(rng, shape, faults.twice_m) for shape in drawn], dtype=object)
    return drawn


def _border(
    rng: np.random.Generator,
    start: NDArray[np.float64],
    end: NDArray[np.float64],
    one: NDArray[np.float64],
    other: NDArray[np.float64],
    mean_points: float,
) -> LineString:
    """Return a wandering line from start to end that stays within its triangles to the sites."""
    along = end - start
    length = float(np.hypot(*along))
    depth = max(2, round(np.log2(max(mean_points, 4)) + rng.uniform(-0.5, 0.5)))
    offsets = np.zeros(2)
    for level in range(depth):
        middle = (offsets[1:] + offsets[:-1]) / 2
        middle += rng.normal(0, 0.6 * 0.55**level, len(middle))
        offsets = np.insert(offsets, range(1, len(offsets)), middle)
    share = np.linspace(0, 1, len(offsets))
    slopes = [0.5]
    for site in (one, other):
        for corner, way in ((start, along), (end, -along)):
            to = site - corner
            angle = np.arccos(np.clip(to @ way / np.hypot(*to) / length, -1, 1))
            slopes.append(0.9 * np.tan(min(angle, np.pi / 4)))
    room = min(slopes) * length * np.minimum(share, 1 - share)
    beside = np.array((-along[1], along[0])) / length
    xy = start + share[:, None] * along + (np.tanh(offsets) * room)[:, None] * beside
    return LineString(np.concatenate(([start], xy[1:-1], [end])))


def _again(rng: np.random.Generator, shape: Polygon, off_m: float) -> Polygon:
    """Return a polygon as somebody else would trace it: each corner a little off."""
    kept = shapely.get_coordinates(shape.exterior)[:-1]
    west, south, east, north = GROUND
    inside = ~(np.isin(kept[:, 0], (west, east)) | np.isin(kept[:, 1], (south, north)))
    off = rng.uniform(-off_m, off_m, kept.shape) / _DEGREE_M
    moved = Polygon(np.where(inside[:, None], kept + off, kept))
    return moved if moved.is_valid else shape
