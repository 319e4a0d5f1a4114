"""Rings as series of corners: reading them out of shapes, changing them, putting them back.

Corners are (lon, lat), EPSG:4326. A ring is open: the corner that closes it is not repeated.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.frames import round_to_grid
from geodata.partition.ground import Corner, Ground

Ring = list[Corner]


def round_corners(corners: Sequence[Sequence[float]] | NDArray[np.float64]) -> list[Corner]:
    """Return corners on the storage grid, none twice in a row."""
    xy = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(xy).all() or (np.abs(xy) > (180, 90)).any():
        raise InvalidInputError("Corners are degrees: longitude and latitude.")
    found = [as_corner(each) for each in round_to_grid(xy)]
    return [each for at, each in enumerate(found) if at == 0 or each != found[at - 1]]


def redraw_rings(
    ground: Ground, corner: Corner, change: Callable[[Ring], Ring | None]
) -> dict[int, BaseGeometry]:
    """Return the shapes with a corner whose rings ``change`` draws otherwise; None keeps a ring."""
    shapes: dict[int, BaseGeometry] = {}
    for id_ in ground.near(shapely.Point(corner)):
        is_changed = False
        parts: list[Polygon] = []
        for part in shapely.get_parts(ground[id_].shape):
            found: list[Ring] = []
            for ring in open_rings(part):
                other = change(ring) if corner in ring else None
                is_changed = is_changed or other is not None
                found.append(ring if other is None else other)
            parts.append(polygon(found))
        if is_changed:
            shapes[id_] = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    return shapes


def with_path(ring: Ring, old: Sequence[Corner], new: Sequence[Corner]) -> Ring | None:
    """Return a ring in which a path is another, None if the path does not run in it."""
    for path, drawn in ((old, new), (old[::-1], new[::-1])):
        if path[0] not in ring:
            continue
        at = ring.index(path[0])
        turned = ring[at:] + ring[:at]
        if len(path) <= len(turned) and turned[: len(path)] == list(path):
            return [*drawn[:-1], *turned[len(path) - 1 :]]
    return None


def open_rings(part: BaseGeometry) -> list[Ring]:
    """Return the rings of a polygon without the corner that closes them, the outer one first."""
    return [corners(ring)[:-1] for ring in shapely.get_rings(part)]


def corners(shape: BaseGeometry) -> list[Corner]:
    """Return the corners of all rings of a shape, or of a line."""
    return [(x, y) for x, y in shapely.get_coordinates(shape).tolist()]


def polygon(rings: Sequence[Ring]) -> Polygon:
    """Return a polygon of open rings; empty if its outer one has fewer than three corners."""
    outer, *holes = [_without_repeats(ring) for ring in rings]
    if len(outer) < 3:
        return Polygon()
    return Polygon(outer, [ring for ring in holes if len(ring) >= 3])


def as_corner(xy: Sequence[float]) -> Corner:
    """Return a corner as plain numbers."""
    return float(xy[0]), float(xy[1])


def _without_repeats(ring: Ring) -> Ring:
    """Return an open ring without corners that repeat the one before: two became one."""
    return [each for at, each in enumerate(ring) if each != ring[at - 1] or len(ring) == 1]
