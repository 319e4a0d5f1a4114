"""Mending a single grid: what leaves its parent is cut off, loose pieces go to neighbours.

Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.model import LEVELS
from geodata.partition.ground import Ground, Piece, finish_action
from geodata.partition.measure import area_m2
from geodata.partition.noding import to_storage_grid
from geodata.partition.repair import common_border


def trim(ground: Ground, grid_id: int) -> Ground:
    """Leave a compound no ground outside the community in which it lies.

    What is cut off becomes a territory gap, where no other compound has it.
    """
    piece = ground[grid_id]
    if piece.level != LEVELS[-1] or piece.parent is None:
        raise InvalidInputError(
            "Only a compound can be cut to its community.",
            hint="Move the border of both, or give it to the neighbour.",
        )
    inside = to_storage_grid(shapely.intersection(piece.shape, ground[piece.parent].shape))
    parts = shapely.get_parts(inside)
    if len(parts) > len(shapely.get_parts(piece.shape)):
        # Crumbs beyond a border that it crosses more than once.
        inside = _largest(inside)
    if shapely.is_empty(inside):
        raise InvalidInputError(
            "Nothing of the grid lies in the one above.", hint="Hand it over, or remove it."
        )
    after = ground.with_shapes({grid_id: inside})
    return finish_action(ground, after, shapely.difference(piece.shape, inside))


def keep_largest(ground: Ground, grid_id: int) -> Ground:
    """Leave a grid its largest piece; each other goes to the sibling with the longest border.

    A piece of a compound that touches no sibling becomes a territory gap. Raises InvalidInputError
    where a grid of another level has such a piece, and what lies in pieces stays where it lies.
    """
    piece = ground[grid_id]
    parts = shapely.get_parts(piece.shape)
    if len(parts) < 2:
        raise InvalidInputError("The grid is in one piece.")
    kept = _largest(piece.shape)
    pieces: dict[int, Piece | None] = {grid_id: replace(piece, shape=kept)}
    parents = [grid_id]
    for part in parts:
        if part.equals(kept):
            continue
        taker = neighbour(ground, grid_id, part)
        if taker is None:
            if piece.level != LEVELS[-1]:
                raise InvalidInputError(
                    "A piece touches no other grid in the same one.",
                    hint="Hand it over, or say why it may stand.",
                )
            continue
        present = pieces.get(taker) or ground[taker]
        pieces[taker] = replace(present, shape=to_storage_grid(shapely.union(present.shape, part)))
        parents.append(taker)
    around = shapely.difference(piece.shape, kept)
    return finish_action(ground, ground.with_pieces(pieces), around, parents=parents)


def neighbour(ground: Ground, grid_id: int, shape: BaseGeometry | None = None) -> int | None:
    """Return the sibling that has the longest border with a grid, or a part of it, if one has."""
    piece = ground[grid_id]
    part = piece.shape if shape is None else shape
    borders = {
        id_: common_border(part, ground[id_].shape)
        for id_ in ground.near(part)
        if id_ != grid_id and (ground[id_].level, ground[id_].parent) == (piece.level, piece.parent)
    }
    longest = max(borders, key=lambda id_: (borders[id_], -id_), default=None)
    return longest if longest is not None and borders[longest] > 0 else None


def _largest(shape: BaseGeometry) -> BaseGeometry:
    parts = shapely.get_parts(shape)
    return parts[int(np.argmax(area_m2(parts)))]
