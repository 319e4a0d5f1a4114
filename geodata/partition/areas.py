"""Drawing areas: a new grid on free ground, a grid cut out of another, ground that is annexed.

Coordinates are (lon, lat), EPSG:4326. A ring is what was drawn, closed or not. A line along a
crooked border does not meet its every corner: narrow ground that would be left between what is
drawn and what lies around goes along, so that borders are taken over as they run.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace

import numpy as np
import shapely
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Level
from geodata.partition.ground import Corner, Ground, LawError, Piece, Shape, finish_action
from geodata.partition.line_noding import node_line
from geodata.partition.measure import mean_width_m
from geodata.partition.noding import to_storage_grid
from geodata.partition.pieces import borders_follow, unite_shapes
from geodata.partition.rings import round_corners

# Ground of this width on average that is shut in between borders and a drawn edge is left over by
# the hand, and not meant. What lies so far around an area has to be there when it is drawn.
LEFT_OVER_M = 5.0
LEFT_OVER_DEG = 1e-4


def draw(
    ground: Ground, level: Level, parent_id: int, ring: Sequence[Corner], new_id: int
) -> Ground:
    """Draw a grid where there is none yet: neighbours keep what they have."""
    if LEVELS.index(ground[parent_id].level) != LEVELS.index(level) - 1:
        raise InvalidInputError("A grid lies in one of the level above.")
    rivals = _alike(ground, level, ring)
    ready, area = _area(ground, ring, [parent_id, *rivals])
    free = _free(ready, area, parent_id, rivals)
    if shapely.is_empty(free):
        raise InvalidInputError("This ground belongs to other grids already.")
    around = shapely.buffer(shapely.envelope(area), LEFT_OVER_DEG, cap_style="square")
    # Not cut to what lies around: where that meets a border no corner stands, and it would bend.
    rest = shapely.difference(_free(ready, ready[parent_id].shape, parent_id, rivals), free)
    # What runs on beyond is no strip that is shut in.
    shut_in = [part for part in shapely.get_parts(rest) if shapely.within(part, around)]
    free = _with_left_over(free, shut_in)
    return finish_action(ground, ready.with_pieces({new_id: Piece(level, parent_id, free)}), free)


def cut_out(ground: Ground, grid_id: int, ring: Sequence[Corner], new_id: int) -> Ground:
    """Make the part of a grid inside a drawn area a grid of its own, of the same level and parent.

    An area wholly inside leaves a hole. What lies in the area goes along; what its border would run
    through stands in the way.
    """
    piece = ground[grid_id]
    ready, area = _area(ground, ring, [grid_id])
    inside, rest = _divided(ready[grid_id].shape, area)
    if shapely.is_empty(inside):
        raise InvalidInputError("Nothing of the grid lies in this area.")
    if shapely.get_num_geometries(rest) > shapely.get_num_geometries(piece.shape):
        inside = _with_left_over(inside, shapely.get_parts(rest))
        rest = to_storage_grid(shapely.difference(ready[grid_id].shape, inside))
    after = ready.with_pieces(
        {grid_id: replace(piece, shape=rest), new_id: replace(piece, shape=inside)}
    )
    return finish_action(ground, after, inside, parents=[grid_id, new_id])


def annex(ground: Ground, grid_id: int, ring: Sequence[Corner]) -> Ground:
    """Give a drawn area that touches a grid to it.

    Neighbours of its level lose that ground, with what lies in it; where they lie in other grids
    above, the borders of those follow. A compound gains free ground of its community as well.
    """
    piece = ground[grid_id]
    rivals = [id_ for id_ in _alike(ground, piece.level, ring) if id_ != grid_id]
    above = [] if piece.parent is None else [piece.parent]
    ready, area = _area(ground, ring, [grid_id, *above, *rivals])
    gained: list[BaseGeometry] = []
    if piece.level == LEVELS[-1] and piece.parent is not None:
        gained.append(_free(ready, area, piece.parent, [grid_id, *rivals]))
    after, losers = ready, list[int]()
    for id_ in rivals:
        lost, rest = _divided(ready[id_].shape, area)
        if shapely.is_empty(lost):
            continue
        if shapely.is_empty(rest):
            raise LawError(
                "The area covers a whole grid.",
                hint="Merge the two, or leave a part of it.",
                kind="empty",
                ids=[id_],
            )
        after = borders_follow(after, lost, after[id_].parent, piece.parent)
        after = after.with_shapes({id_: rest})
        gained.append(lost)
        losers.append(id_)
    gained = [each for each in gained if not shapely.is_empty(each)]
    if not gained:
        raise InvalidInputError("This area adds nothing to the grid.")
    whole = unite_shapes(ready[grid_id].shape, shapely.union_all(gained))
    after = after.with_shapes({grid_id: whole})
    return finish_action(ground, after, area, parents=[grid_id, *losers])


def _area(
    ground: Ground, ring: Sequence[Corner], ids: Iterable[int]
) -> tuple[Ground, BaseGeometry]:
    """Return a drawn area, and the ground with the corners in which its edge meets borders."""
    drawn = round_corners(ring)
    if drawn and drawn[0] != drawn[-1]:
        drawn.append(drawn[0])
    _check_area(drawn)
    ready, met = node_line(ground, drawn, ids)
    return ready, _check_area(met)


def _check_area(ring: Sequence[Corner]) -> Polygon:
    shape = Polygon(ring) if len(ring) > 3 else Polygon()
    if shapely.is_empty(shape) or not shapely.is_valid(shape):
        raise InvalidInputError("An area has three corners at least, and does not cross itself.")
    return shape


def _alike(ground: Ground, level: Level, ring: Sequence[Corner]) -> list[int]:
    """Return the grids of a level around a drawn ring."""
    drawn = round_corners(ring)
    if not drawn:
        return []
    around = shapely.buffer(shapely.MultiPoint(drawn).envelope, LEFT_OVER_DEG, cap_style="square")
    return [id_ for id_ in ground.near(around) if ground[id_].level == level]


def _free(ground: Ground, area: BaseGeometry, parent_id: int, rivals: Iterable[int]) -> Shape:
    """Return the ground of an area in a grid that belongs to none of the rivals."""
    taken = shapely.union_all([ground[id_].shape for id_ in rivals])
    inside = shapely.intersection(area, ground[parent_id].shape)
    return to_storage_grid(shapely.difference(inside, taken))


def _with_left_over(drawn: Shape, rest: Iterable[BaseGeometry]) -> Shape:
    """Return what is drawn with the narrow parts of the rest that share a border with it."""
    for part in rest:
        common = shapely.length(shapely.intersection(shapely.boundary(part), drawn))
        if common > 0 and mean_width_m(np.asarray([part], dtype=object))[0] < LEFT_OVER_M:
            drawn = unite_shapes(drawn, part)
    return drawn


def _divided(shape: BaseGeometry, area: BaseGeometry) -> tuple[Shape, Shape]:
    """Return the parts of a shape inside and outside an area."""
    return (
        to_storage_grid(shapely.intersection(shape, area)),
        to_storage_grid(shapely.difference(shape, area)),
    )
