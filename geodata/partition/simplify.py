"""Shapes for small scales: a level simplified as one coverage, so that neighbours never part."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.model import Level

Indices = NDArray[np.int64]

# The deepest tile zoom that each stored shape serves; deeper tiles use the version's own geometry.
ZOOM_STEPS: dict[Level, tuple[int, ...]] = {
    "county": (5, 8, 11, 13),
    "town": (9, 10, 11, 12, 13),
    "community": (11, 12, 13, 14),
    "compound": (13, 14),
}

# Shapes so many times the coarsest tolerance apart have no part in how one another come out.
_APART = 10

# EPSG:3857 takes the earth for a sphere of the equator's radius.
_RADIUS_M = 6378137.0
_CIRCUMFERENCE_M = 40075016.686
_TILE_PIXELS = 512


def tolerance_m(zoom: int) -> float:
    """Return half a screen pixel at a tile zoom, in Web Mercator metres."""
    return _CIRCUMFERENCE_M / (_TILE_PIXELS * 2**zoom) / 2


def simplify_level(
    level: Level, geoms: NDArray[np.object_], *, at_once: int = 20_000
) -> Iterator[tuple[int, NDArray[np.object_]]]:
    """Yield (max_zoom, shapes) for each zoom step of a level, the finest first.

    ``geoms`` are all the level's polygons, EPSG:4326, with shared edges equal to the bit; shapes
    come in the same order, EPSG:3857. Visvalingam-Whyatt on shared edges: a corner goes when its
    triangle is smaller than the square of half a pixel. Each step starts from the finer one.
    ``at_once`` bounds the memory that this takes, and changes no shape.
    """
    margin_m = _APART * tolerance_m(min(ZOOM_STEPS[level]))
    pieces = _pieces(geoms, at_once, margin_m / _CIRCUMFERENCE_M * 360)
    shapes = geoms
    for zoom in sorted(ZOOM_STEPS[level], reverse=True):
        finer, shapes = shapes, np.empty(len(geoms), dtype=object)
        for own, near in pieces:
            whole = to_mercator(finer[near]) if finer is geoms else finer[near]
            simplified = np.asarray(shapely.coverage_simplify(whole, tolerance_m(zoom)))
            shapes[own] = simplified[np.searchsorted(near, own)]
        yield zoom, shapes


def to_mercator(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes of EPSG:4326 in EPSG:3857; equal coordinates stay equal to the bit."""
    return np.asarray(shapely.transform(geoms, _mercator), dtype=object)


def _pieces(geoms: NDArray[np.object_], size: int, margin: float) -> list[tuple[Indices, Indices]]:
    """Cut a level into strips from west to east: places of a strip's shapes, and with those beside.

    What lies beside, within a margin in degrees, is simplified along with a strip, so that a
    shared edge meets the same neighbours on both sides of a seam and comes out the same. Places
    ascend.
    """
    west, _, east, _ = shapely.bounds(geoms).T
    order = np.argsort(west, kind="stable")
    pieces: list[tuple[Indices, Indices]] = []
    for start in range(0, len(geoms), size):
        own = np.sort(order[start : start + size])
        near = (east >= west[own].min() - margin) & (west <= east[own].max() + margin)
        pieces.append((own, np.flatnonzero(near)))
    return pieces


def _mercator(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project degrees to Web Mercator metres (EPSG Guidance Note 7-2, method 1024)."""
    x = np.radians(lonlat[:, 0]) * _RADIUS_M
    y = np.log(np.tan(np.pi / 4 + np.radians(lonlat[:, 1]) / 2)) * _RADIUS_M
    return np.column_stack((x, y))
