"""Shapes for small scales: a level simplified as one coverage, so that neighbours never part."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

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


def margin_deg(level: Level) -> float:
    """Return how far apart, in degrees, boxes lie whose shapes have no part in one another's."""
    return _APART * tolerance_m(min(ZOOM_STEPS[level])) / _CIRCUMFERENCE_M * 360


def simplify_level(
    level: Level,
    geoms: NDArray[np.object_],
    *,
    places: Indices | None = None,
    drawn: Mapping[int, NDArray[np.object_]] | None = None,
    at_once: int = 20_000,
) -> Iterator[tuple[int, NDArray[np.object_]]]:
    """Yield (max_zoom, shapes) for each zoom step of a level, the finest first.

    ``geoms`` are all the level's polygons, EPSG:4326, with shared edges equal to the bit; shapes
    come in the same order, EPSG:3857. Visvalingam-Whyatt on shared edges: a corner goes when its
    triangle is smaller than the square of half a pixel. Each step starts from the finer one.
    With ``places``, ascending, the shapes of these polygons alone are made, just as they come out
    when all are; ``drawn`` are those of the others, in their order, for each zoom but the coarsest.
    Of these, what lies beside the wanted ones is enough. ``at_once`` bounds the memory that this
    takes, and changes no shape.
    """
    beside = _Beside(geoms, margin_deg(level))
    wanted = np.arange(len(geoms)) if places is None else places
    others = np.setdiff1d(np.arange(len(geoms)), wanted)
    shapes = geoms
    for zoom in sorted(ZOOM_STEPS[level], reverse=True):
        finer, shapes = shapes, np.empty(len(geoms), dtype=object)
        if drawn is not None and zoom in drawn:
            shapes[others] = drawn[zoom]
        for own in _strips(geoms, wanted, at_once):
            near = beside.of(geoms[own])
            whole = to_mercator(finer[near]) if finer is geoms else finer[near]
            simplified = np.asarray(shapely.coverage_simplify(whole, tolerance_m(zoom)))
            shapes[own] = simplified[np.searchsorted(near, own)]
        yield zoom, shapes[wanted]


class _Beside:
    """Finds the polygons of a level that have a part in how others come out."""

    def __init__(self, geoms: NDArray[np.object_], margin: float) -> None:
        self._margin = margin
        self._geoms = geoms
        self._tree = shapely.STRtree(geoms)

    def of(self, shapes: NDArray[np.object_]) -> Indices:
        """Return the places, ascending, of the level's polygons at or beside shapes, EPSG:4326."""
        if len(shapes) == len(self._geoms):
            return np.arange(len(self._geoms))
        west, south, east, north = shapely.bounds(shapes).T
        margin = self._margin
        boxes = shapely.box(west - margin, south - margin, east + margin, north + margin)
        return np.unique(self._tree.query(boxes)[1])


def to_mercator(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes of EPSG:4326 in EPSG:3857; equal coordinates stay equal to the bit."""
    return np.asarray(shapely.transform(geoms, _mercator), dtype=object)


def _strips(geoms: NDArray[np.object_], places: Indices, size: int) -> Iterator[Indices]:
    """Cut places of a level into strips from west to east, each ascending.

    What lies beside a strip is simplified along with it, so that a shared edge meets the same
    neighbours on both sides of a seam and comes out the same.
    """
    ordered = places[np.argsort(shapely.bounds(geoms[places])[:, 0], kind="stable")]
    for start in range(0, len(ordered), size):
        yield np.sort(ordered[start : start + size])


def _mercator(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    """Project degrees to Web Mercator metres (EPSG Guidance Note 7-2, method 1024)."""
    x = np.radians(lonlat[:, 0]) * _RADIUS_M
    y = np.log(np.tan(np.pi / 4 + np.radians(lonlat[:, 1]) / 2)) * _RADIUS_M
    return np.column_stack((x, y))
