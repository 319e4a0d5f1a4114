"""Areas and places of polygons given in WGS 84 degrees (EPSG:4326)."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

# WGS 84: semi-major axis in metres and first eccentricity.
_A = 6_378_137.0
_E = 0.081_819_190_842_621_49

# A degree of latitude, for turning small distances in degrees into metres.
DEGREE_M = 111_320.0


def area_m2(geoms: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return the area of each shape on the WGS 84 ellipsoid, in square metres.

    Coordinates go through the Lambert cylindrical equal-area projection (Snyder, Map Projections:
    A Working Manual, formulas 3-12 and 10-14/15), in which the plane area is the ellipsoid's.
    """
    return np.asarray(shapely.area(shapely.transform(geoms, _equal_area)), dtype=np.float64)


def length_m(xy_from: NDArray[np.float64], xy_to: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return distances between pairs of nearby points of shape (n, 2), in metres, to about 1 %."""
    shrink = np.cos(np.radians((xy_from[:, 1] + xy_to[:, 1]) / 2))
    east = (xy_to[:, 0] - xy_from[:, 0]) * shrink
    return np.hypot(east, xy_to[:, 1] - xy_from[:, 1]) * DEGREE_M


def in_metres(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return small shapes in metres: each is stretched for its own latitude, to about 1 %."""
    xy, owner = shapely.get_coordinates(geoms, return_index=True)
    bounds = shapely.bounds(geoms)
    shrink = np.cos(np.radians((bounds[:, 1] + bounds[:, 3]) / 2))
    xy[:, 0] *= shrink[owner]
    flat: NDArray[np.object_] = geoms.copy()
    return np.asarray(shapely.set_coordinates(flat, xy * DEGREE_M), dtype=object)


def mean_width_m(strips: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return how wide strips are on average, in metres.

    For a strip of width w and length l: area w * l, perimeter about 2 * l.
    """
    flat = in_metres(strips)
    return 2 * np.asarray(shapely.area(flat)) / np.maximum(shapely.length(flat), 1e-9)


def widest_m(shapes: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return how wide shapes are where they are widest: the largest circle in each, to 2 %."""
    flat = in_metres(shapes)
    tolerance = np.maximum(np.sqrt(shapely.area(flat)) / 100, 1e-4)
    circles = shapely.maximum_inscribed_circle(flat, tolerance=tolerance)
    return 2 * np.asarray(shapely.length(circles), dtype=np.float64)


def place(geom: BaseGeometry | None) -> tuple[float, float] | None:
    """Return a point (lon, lat) on a shape, in its largest part; None for an empty one."""
    if geom is None or geom.is_empty:
        return None
    xy = shapely.get_coordinates(shapely.point_on_surface(largest_part(geom)))[0]
    return float(xy[0]), float(xy[1])


def places(geoms: NDArray[np.object_]) -> list[tuple[float, float]]:
    """Return a point (lon, lat) on each of some shapes, none of them empty, in its largest part."""
    points = shapely.point_on_surface(largest_parts(geoms))
    return [(x, y) for x, y in shapely.get_coordinates(points).tolist()]


def largest_parts(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the largest part of each of some shapes, none of them empty."""
    parts, owner = shapely.get_parts(geoms, return_index=True)
    parts = np.asarray(parts, dtype=object)
    # By owner, the largest first.
    order = np.lexsort((-shapely.area(parts), owner))
    return parts[order[np.searchsorted(owner, np.arange(len(geoms)))]]


def largest_part(geom: BaseGeometry) -> BaseGeometry:
    """Return the largest part of a shape that is not empty."""
    parts = shapely.get_parts(geom)
    return parts[int(np.argmax(shapely.area(parts)))]


def _equal_area(lonlat: NDArray[np.float64]) -> NDArray[np.float64]:
    sine = np.sin(np.radians(lonlat[:, 1]))
    bent = _E * sine
    q = (1 - _E**2) * (
        sine / (1 - bent**2) - np.log((1 - bent) / (1 + bent)) / (2 * _E)
    )  # fmt: skip
    return np.column_stack((_A * np.radians(lonlat[:, 0]), _A * q / 2))
