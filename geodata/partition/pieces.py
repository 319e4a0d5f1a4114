"""Splitting, merging, handing over and removing whole grids.

Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.model import LEVELS
from geodata.partition.ground import Corner, Ground, Piece, Shape, settled
from geodata.partition.meeting import meet
from geodata.partition.noding import REACH, stored
from geodata.partition.rings import open_rings, polygon, rounded


def split(ground: Ground, grid_id: int, line: Sequence[Corner], new_id: int) -> Ground:
    """Split a grid in two along a line from border to border; the smaller part gets the new id.

    What lies in the grid goes to the part in which it lies.
    """
    piece = ground[grid_id]
    drawn = rounded(line)
    if len(drawn) < 2:
        raise InvalidInputError("A line has two corners at least.")
    ready, drawn = meet(ground, drawn, [grid_id])
    path = _crossing(ready[grid_id].shape, drawn)
    parts = _cut(ready[grid_id].shape, path)
    parts.sort(key=shapely.area, reverse=True)
    after = ready.with_pieces(
        {grid_id: replace(piece, shape=parts[0]), new_id: replace(piece, shape=parts[1])}
    )
    return settled(ground, after, LineString(path), homes=[grid_id, new_id])


def merge(ground: Ground, grid_id: int, other_id: int) -> Ground:
    """Add a neighbour to a grid; what lay in it lies in the grid."""
    check_neighbours(ground, grid_id, other_id)
    piece, other = ground[grid_id], ground[other_id]
    whole = united(piece.shape, other.shape)
    moved: dict[int, Piece | None] = {
        child: replace(ground[child], parent=grid_id) for child in ground.children(other_id)
    }
    return settled(
        ground,
        ground.with_pieces({grid_id: replace(piece, shape=whole), other_id: None, **moved}),
        other.shape,
    )


def check_neighbours(ground: Ground, grid_id: int, other_id: int) -> None:
    """Raise InvalidInputError unless two grids lie in the same one and share a border."""
    piece, other = ground[grid_id], ground[other_id]
    if grid_id == other_id or (piece.level, piece.parent) != (other.level, other.parent):
        raise InvalidInputError(
            "This takes two grids that lie in the same one.",
            hint="Hand one of them over first.",
        )
    count = shapely.get_num_geometries
    if count(united(piece.shape, other.shape)) >= count(piece.shape) + count(other.shape):
        raise InvalidInputError("The two grids share no border.")


def hand_over(ground: Ground, grid_id: int, parent_id: int) -> Ground:
    """Give a grid, with its ground, to another grid of the level above.

    The borders of all grids in which it lies and will lie follow, up to the one that holds both.
    Ground that does not touch its new owner's becomes an enclave.
    """
    piece, target = ground[grid_id], ground[parent_id]
    if piece.parent is None or LEVELS.index(target.level) != LEVELS.index(piece.level) - 1:
        raise InvalidInputError("A grid is handed to one of the level above.")
    after = ground
    # Where its ground is the new owner's already no border moves.
    if not shapely.covers(target.shape, piece.shape):
        after = borders_follow(ground, piece.shape, piece.parent, parent_id)
    owners = after.changed(ground)
    after = after.with_pieces({grid_id: replace(piece, parent=parent_id)})
    return settled(ground, after, piece.shape, may_part=owners)


def borders_follow(
    ground: Ground, shape: BaseGeometry, giver_id: int | None, taker_id: int | None
) -> Ground:
    """Give the ground of a shape from one grid to another, up to the grid that holds both.

    Raises InvalidInputError where no grid does.
    """
    while giver_id != taker_id:
        if giver_id is None or taker_id is None:
            raise InvalidInputError("The two grids lie in no grid together.")
        giver, taker = ground[giver_id], ground[taker_id]
        ground = ground.with_shapes({
            giver_id: stored(shapely.difference(giver.shape, shape)),
            taker_id: united(taker.shape, shape),
        })  # fmt: skip
        giver_id, taker_id = giver.parent, taker.parent
    return ground


def remove(ground: Ground, grid_id: int) -> Ground:
    """Take a compound away; its ground becomes a territory gap."""
    if ground[grid_id].level != LEVELS[-1]:
        raise InvalidInputError(
            "Only a compound can be removed.", hint="Merge the grid with a neighbour instead."
        )
    return ground.with_pieces({grid_id: None})


def united(one: BaseGeometry, other: BaseGeometry) -> Shape:
    """Return the ground of two shapes, on the storage grid."""
    return stored(shapely.union(one, other))


def _crossing(shape: BaseGeometry, line: list[Corner]) -> list[Corner]:
    """Return the part of a line that runs in a shape, from where it enters to where it leaves."""
    inside = shapely.get_parts(shapely.intersection(LineString(line), shape))
    inside = [each for each in inside if shapely.length(each) > REACH]
    path = rounded(shapely.get_coordinates(inside[0])) if len(inside) == 1 else []
    ends = shapely.points([path[0], path[-1]]) if len(path) > 1 else []
    if not len(ends) or max(shapely.distance(shapely.boundary(shape), ends)) > REACH:
        raise InvalidInputError(
            "The line must cross the grid once, from border to border.",
            hint="Begin and end outside the grid, or on its border.",
        )
    return path


def _cut(shape: BaseGeometry, path: list[Corner]) -> list[Shape]:
    """Cut a shape along a path between two corners of one of its outer rings."""
    parts = list(shapely.get_parts(shape))
    for at, part in enumerate(parts):
        outer, *holes = open_rings(part)
        if path[0] not in outer or path[-1] not in outer:
            continue
        start = outer.index(path[0])
        turned = outer[start:] + outer[:start]
        end = turned.index(path[-1])
        halves = [
            [*turned[: end + 1], *reversed(path[1:-1])],
            [*path, *turned[end + 1 :]],
        ]
        cut = [polygon([half]) for half in halves]
        if not all(shapely.is_valid(half) and not shapely.is_empty(half) for half in cut):
            break
        shapes = [
            Polygon(half.exterior, [h for h in holes if shapely.covers(half, Polygon(h))])
            for half in cut
        ]
        if sum(len(each.interiors) for each in shapes) != len(holes):
            break
        if len(parts) == 1:
            return list(shapes)
        rest = parts[:at] + parts[at + 1 :]
        return [MultiPolygon([*rest, shapes[0]]), shapes[1]]
    raise InvalidInputError(
        "The line must cut the grid in two, without meeting its border or a hole between.",
        hint="Draw it from one side of the outer border to the other.",
    )
