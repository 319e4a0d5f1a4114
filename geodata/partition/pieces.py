"""Splitting, merging, handing over and removing whole grids.

Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import shapely
from shapely.geometry import LineString, MultiLineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.model import LEVELS
from geodata.partition.ground import Corner, Ground, Piece, Shape, finish_action
from geodata.partition.line_noding import node_line
from geodata.partition.noding import REACH, to_storage_grid
from geodata.partition.rings import open_rings, polygon, round_corners


def split(ground: Ground, grid_id: int, line: Sequence[Corner], new_id: int) -> Ground:
    """Split a grid in two along a line from border to border; the smaller part gets the new id.

    The line may run over holes, such as an enclave: they stay as they are. What lies in the grid
    goes to the part in which it lies.
    """
    piece = ground[grid_id]
    drawn = round_corners(line)
    if len(drawn) < 2:
        raise InvalidInputError("A line has two corners at least.")
    ready, drawn = node_line(ground, drawn, [grid_id])
    paths = _crossings(ready[grid_id].shape, drawn)
    parts = _cut(ready[grid_id].shape, paths)
    parts.sort(key=shapely.area, reverse=True)
    after = ready.with_pieces(
        {grid_id: replace(piece, shape=parts[0]), new_id: replace(piece, shape=parts[1])}
    )
    return finish_action(ground, after, MultiLineString(paths), parents=[grid_id, new_id])


def merge(ground: Ground, grid_id: int, other_id: int) -> Ground:
    """Add a neighbour to a grid; what lay in it lies in the grid."""
    check_neighbours(ground, grid_id, other_id)
    piece, other = ground[grid_id], ground[other_id]
    whole = unite_shapes(piece.shape, other.shape)
    moved: dict[int, Piece | None] = {
        child: replace(ground[child], parent=grid_id) for child in ground.children(other_id)
    }
    return finish_action(
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
    if count(unite_shapes(piece.shape, other.shape)) >= count(piece.shape) + count(other.shape):
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
    return finish_action(ground, after, piece.shape, may_part=owners)


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
            giver_id: to_storage_grid(shapely.difference(giver.shape, shape)),
            taker_id: unite_shapes(taker.shape, shape),
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


def unite_shapes(one: BaseGeometry, other: BaseGeometry) -> Shape:
    """Return the ground of two shapes, on the storage grid."""
    return to_storage_grid(shapely.union(one, other))


def _crossings(shape: BaseGeometry, line: list[Corner]) -> list[list[Corner]]:
    """Return the stretches of a line in a shape, from border to border, in the order drawn.

    There is one, or one more than there are holes on the way: from hole to hole.
    """
    drawn = LineString(line)
    inside = [
        each
        for each in shapely.get_parts(shapely.intersection(drawn, shape))
        if shapely.length(each) > REACH
    ]
    inside.sort(key=lambda each: float(shapely.line_locate_point(drawn, shapely.centroid(each))))
    found = [round_corners(shapely.get_coordinates(each)) for each in inside]
    ends = [corner for path in found if len(path) > 1 for corner in (path[0], path[-1])]
    border = shapely.boundary(shape)
    if not ends or max(shapely.distance(border, shapely.points(ends))) > REACH:
        raise InvalidInputError(
            "The line must cross the grid once, from border to border.",
            hint="Begin and end outside the grid, or on its border.",
        )
    _check_holes(shape, ends)
    return found


def _check_holes(shape: BaseGeometry, ends: list[Corner]) -> None:
    """Raise InvalidInputError unless stretches begin and end at holes, but the first and last."""
    rings = [open_rings(part) for part in shapely.get_parts(shape)]
    outer = {corner for each in rings for corner in each[0]}
    holes = {corner for each in rings for hole in each[1:] for corner in hole}
    if {ends[0], ends[-1]} & (holes - outer):
        raise InvalidInputError(
            "The line begins or ends in a hole of the grid, and divides nothing there.",
            hint="Draw it across the hole to the outer border, or use “Cut an area out”.",
        )
    if any(corner not in holes for corner in ends[1:-1]):
        raise InvalidInputError(
            "The line must cross the grid once, from border to border.",
            hint="Begin and end outside the grid, or on its border.",
        )


def _cut(shape: BaseGeometry, paths: list[list[Corner]]) -> list[Shape]:
    """Cut a shape in two along a line that runs from its outer border, over holes, to it again."""
    parts = list(shapely.get_parts(shape))
    for at, part in enumerate(parts):
        outer = open_rings(part)[0]
        if paths[0][0] not in outer or paths[-1][-1] not in outer:
            continue
        shapes = _halves(part, paths)
        if len(shapes) != 2:
            break
        if len(parts) == 1:
            return list(shapes)
        rest = parts[:at] + parts[at + 1 :]
        return [MultiPolygon([*rest, shapes[0]]), shapes[1]]
    raise InvalidInputError(
        "The line must cut the grid in two, without running along its border.",
        hint="Draw it from one side of the outer border to the other.",
    )


def _halves(part: Polygon, paths: list[list[Corner]]) -> list[Polygon]:
    """Return the faces into which paths between corners of its rings cut a polygon.

    None if one would have a corner that neither the polygon nor a path has.
    """
    lines = shapely.union_all([shapely.boundary(part), *map(LineString, paths)])
    faces = [
        polygon(open_rings(face))
        for face in shapely.get_parts(shapely.polygonize([lines]))
        if shapely.covers(part, shapely.point_on_surface(face))
    ]
    known = {corner for ring in (*open_rings(part), *paths) for corner in ring}
    drawn = {corner for face in faces for ring in open_rings(face) for corner in ring}
    return faces if drawn <= known else []
