"""Borders that follow the households: a grid divided, two neighbours evened out.

``points`` are the buildings, (lon, lat), EPSG:4326, ``weights`` their households; those outside do
not count.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import shapely
from numpy.typing import ArrayLike

from geodata.partition.dividing import plan
from geodata.partition.ground import Ground, Shape, finish_action, noded
from geodata.partition.pieces import check_neighbours, unite_shapes


def divide(
    ground: Ground, grid_id: int, points: ArrayLike, weights: ArrayLike, new_ids: Sequence[int]
) -> Ground:
    """Divide a grid into parts with equal households; the largest in ground keeps the id.

    Borders run around what lies in the grid, and it goes to the part in which it lies.
    """
    piece = ground[grid_id]
    ids = [grid_id, *new_ids]
    ready, parts = _divided(ground, [grid_id], points, weights, len(ids))
    after = ready.with_pieces(
        {id_: replace(piece, shape=part) for id_, part in zip(ids, parts, strict=True)}
    )
    return finish_action(ground, after, piece.shape, parents=ids)


def balance(
    ground: Ground, one_id: int, other_id: int, points: ArrayLike, weights: ArrayLike
) -> Ground:
    """Move the common border of two grids so that both have equal households.

    Each keeps the part of which it has more ground already. The border runs around what lies in
    them.
    """
    check_neighbours(ground, one_id, other_id)
    one, other = ground[one_id], ground[other_id]
    whole = unite_shapes(one.shape, other.shape)
    together = ground.with_pieces({one_id: replace(one, shape=whole), other_id: None})
    ready, parts = _divided(together, [one_id, other_id], points, weights, 2)
    kept = [_common(part, one.shape) - _common(part, other.shape) for part in parts]
    first, second = parts if kept[0] >= kept[1] else parts[::-1]
    after = ready.with_pieces(
        {one_id: replace(one, shape=first), other_id: replace(other, shape=second)}
    )
    return finish_action(ground, after, whole, parents=[one_id, other_id])


def _divided(
    ground: Ground, ids: Sequence[int], points: ArrayLike, weights: ArrayLike, count: int
) -> tuple[Ground, list[Shape]]:
    """Return the parts of the first grid, and the ground with the corners of their borders.

    The children of all ``ids`` stay whole.
    """
    shape = ground[ids[0]].shape
    whole = [piece.shape for piece in ground.pieces.values() if piece.parent in ids]
    division = plan(shape, points, weights, count, whole)
    ready = noded(ground, shape, also=division.corners)
    return ready, division.cut(ready[ids[0]].shape)


def _common(one: Shape, other: Shape) -> float:
    return float(shapely.area(shapely.intersection(one, other)))
