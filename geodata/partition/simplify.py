"""Shapes for small scales: a level simplified as one coverage, so that neighbours never part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.model import Level

# The deepest tile zoom that each stored shape serves; deeper tiles use the version's own geometry.
ZOOM_STEPS: dict[Level, tuple[int, ...]] = {
    "county": (5, 8, 11, 13),
    "town": (9, 10, 11, 12, 13),
    "community": (11, 12, 13, 14),
    "compound": (13, 14),
}

# EPSG:3857 takes the earth for a sphere of the equator's radius.
_RADIUS_M = 6378137.0
_CIRCUMFERENCE_M = 40075016.686
_TILE_PIXELS = 512


def tolerance_m(zoom: int) -> float:
    """Return half a screen pixel at a tile zoom, in Web Mercator metres."""
    return _CIRCUMFERENCE_M / (_TILE_PIXELS * 2**zoom) / 2


def simplify_level(
    level: Level, geoms: NDArray[np.object_]
) -> Iterator[tuple[int, NDArray[np.object_]]]:
    """Yield (max_zoom, shapes) for each zoom step of a level, the finest first.

    ``geoms`` are all the level's polygons, EPSG:4326, with shared edges equal to the bit; shapes
    come in the same order, EPSG:3857. Visvalingam-Whyatt on shared edges: a corner goes when its
    triangle is smaller than the square of half a pixel. Each step starts from the finer one.
    """
    shapes = to_mercator(geoms)
    for zoom in sorted(ZOOM_STEPS[level], reverse=True):
        shapes = np.asarray(shapely.coverage_simplify(shapes, tolerance_m(zoom)), dtype=object)
        yield zoom, shapes


def to_mercator(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes of EPSG:4326 in EPSG:3857; equal coordinates stay equal to the bit."""
    return np.asarray(shapely.transform(geoms, _mercator), dtype=object)


def _mercator(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project degrees to Web Mercator metres (EPSG Guidance Note 7-2, method 1024)."""
    x = np.radians(lonlat[:, 0]) * _RADIUS_M
    y = np.log(np.tan(np.pi / 4 + np.radians(lonlat[:, 1]) / 2)) * _RADIUS_M
    return np.column_stack((x, y))
