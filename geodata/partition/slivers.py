"""Closing slivers between the grids that lie in one: edges that were meant to meet.

Shapes are EPSG:4326 on the storage grid, areas square metres on the ellipsoid.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry.base import BaseGeometry

from geodata.partition.ground import Ground, Shape, finish_action
from geodata.partition.noding import keep_polygons, to_storage_grid
from geodata.partition.repair import common_border
from geodata.partition.seams import is_sliver


def close_slivers(ground: Ground, parent_id: int) -> Ground:
    """Give slivers between a grid's children to the neighbour with the longest common border.

    A sliver is a gap, or ground that two of them cover, smaller than 1 m2 or narrower than 1 m on
    average. A gap that widens somewhere is territory and stays. Without slivers the ground comes
    back as it is.
    """
    parent = ground[parent_id].shape
    shapes = {id_: ground[id_].shape for id_ in ground.children(parent_id)}
    before = dict(shapes)
    for one, other in _touching(shapes):
        if shapely.relate_pattern(shapes[one], shapes[other], "T********"):
            shapes.update(_parted(shapes, one, other))
    gaps = shapely.difference(parent, shapely.union_all(list(shapes.values())))
    for gap in _slivers(gaps):
        borders = {id_: common_border(gap, shape) for id_, shape in shapes.items()}
        if borders and max(borders.values()) > 0:
            taker = max(borders, key=lambda id_: borders[id_])
            shapes[taker] = to_storage_grid(shapely.union(shapes[taker], gap))
    changed = {id_: shape for id_, shape in shapes.items() if shape is not before[id_]}
    return finish_action(ground, ground.with_shapes(changed), parent) if changed else ground


def _touching(shapes: dict[int, Shape]) -> list[tuple[int, int]]:
    """Return the pairs that meet, in the order of the shapes."""
    ids, ground = list(shapes), np.asarray(list(shapes.values()), dtype=object)
    if not ids:
        return []
    pairs = shapely.STRtree(ground).query(ground, predicate="intersects").T
    return [(ids[one], ids[other]) for one, other in sorted(pairs.tolist()) if one < other]


def _parted(shapes: dict[int, Shape], one: int, other: int) -> dict[int, Shape]:
    """Return two shapes without the slivers that both cover: one of them keeps each."""
    found = {one: shapes[one], other: shapes[other]}
    for sliver in _slivers(shapely.intersection(shapes[one], shapes[other])):
        borders = {
            id_: common_border(sliver, keep_polygons(shapely.difference(shape, sliver)))
            for id_, shape in found.items()
        }
        loser = other if borders[one] >= borders[other] else one
        rest = to_storage_grid(shapely.difference(found[loser], sliver))
        # Nobody vanishes.
        if not shapely.is_empty(rest):
            found[loser] = rest
    return found


def _slivers(ground: BaseGeometry) -> NDArray[np.object_]:
    parts = np.asarray(shapely.get_parts(keep_polygons(ground)), dtype=object)
    parts = parts[~shapely.is_empty(parts)]
    return parts[is_sliver(parts)] if len(parts) else parts
