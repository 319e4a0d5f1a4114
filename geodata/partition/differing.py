"""Where two forms of a grid differ, found by their corners: cheaper than comparing their ground."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.frames import COORDINATE_SCALE

# Odd numbers without pattern: two edges get the same key once in 2**64.
_MIX_X = np.uint64(0x9E3779B97F4A7C15)
_MIX_Y = np.uint64(0xC2B2AE3D27D4EB4F)
_MIX_EDGE = np.uint64(0x165667B19E3779F9)


def differing(one: BaseGeometry, other: BaseGeometry) -> tuple[float, float, float, float] | None:
    """Return the box of the edges that only one of two shapes has, None if they have the same.

    Both lie on the storage grid (EPSG:4326). A corner put on a straight edge counts as a
    difference, so the box can be larger than that of the ground that differs, never smaller.
    """
    keys_one, ends_one = _edges(one)
    keys_other, ends_other = _edges(other)
    only = np.concatenate(
        (
            ends_one[~np.isin(keys_one, keys_other)],
            ends_other[~np.isin(keys_other, keys_one)],
        )
    ).reshape(-1, 2)
    if not len(only):
        return None
    west, south = only.min(axis=0).tolist()
    east, north = only.max(axis=0).tolist()
    return west, south, east, north


def has_same_ground(one: BaseGeometry, other: BaseGeometry) -> bool:
    """Tell whether two shapes on the storage grid cover the same ground, to a node of it.

    A corner that is put on an edge, because another edge ends there, bends it by less.
    """
    box = differing(one, other)
    if box is None:
        return True
    window = shapely.box(*box)
    only = shapely.symmetric_difference(
        shapely.intersection(one, window), shapely.intersection(other, window)
    )
    return bool(shapely.is_empty(shapely.buffer(only, -1.5 / COORDINATE_SCALE)))


def replaced(one: BaseGeometry, other: BaseGeometry) -> tuple[float, float, float, float]:
    """Return a box that holds what differs between a shape and its successor, and meets its box."""
    west, south, east, north = shapely.bounds(other).tolist()
    middle_lon, middle_lat = (west + east) / 2, (south + north) / 2
    box = differing(one, other) or (middle_lon, middle_lat, middle_lon, middle_lat)
    if box[0] <= east and box[2] >= west and box[1] <= north and box[3] >= south:
        return box
    # A part far away is gone.
    return (
        min(box[0], middle_lon), min(box[1], middle_lat),
        max(box[2], middle_lon), max(box[3], middle_lat),
    )  # fmt: skip


def _edges(shape: BaseGeometry) -> tuple[NDArray[np.uint64], NDArray[np.float64]]:
    """Return a key of each edge, whichever way it runs, and its ends, of shape (n, 4)."""
    rings = shapely.get_rings(shapely.get_parts(shape))
    xy, owner = shapely.get_coordinates(rings, return_index=True)
    whole = np.rint(xy * COORDINATE_SCALE).astype(np.int64).astype(np.uint64)
    corners = whole[:, 0] * _MIX_X ^ whole[:, 1] * _MIX_Y
    same = owner[1:] == owner[:-1]
    starts, ends = corners[:-1][same], corners[1:][same]
    keys = np.minimum(starts, ends) * _MIX_EDGE ^ np.maximum(starts, ends)
    return keys, np.hstack((xy[:-1][same], xy[1:][same]))
