"""What can be done to boundaries: each action takes a ground and returns another.

The thing that is edited is the shared edge: an action changes it in every ring in which it runs,
on all levels, so that neighbours never part. An action that would break the partition law raises
``LawError`` and nothing has happened. Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString, MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.frames import round_to_grid
from geodata.model import LEVELS, Level
from geodata.partition.ground import Corner, Ground, LawError, Piece, Shape, keep_law, noded
from geodata.partition.noding import REACH, on_grid, polygonal

Ring = list[Corner]


def move(ground: Ground, corner: Corner, to: Corner) -> Ground:
    """Move a corner, with all edges that meet in it."""
    end = _rounded([to])[0]
    shapes = _redrawn(
        ground, corner, lambda ring: [end if each == corner else each for each in ring]
    )
    if not shapes:
        raise InvalidInputError(
            "There is no corner at this place any more.", hint="Load the boundaries again."
        )
    return _kept(ground, ground.with_shapes(shapes), LineString([corner, end]))


def reshape(ground: Ground, old: Sequence[Corner], new: Sequence[Corner]) -> Ground:
    """Let an edge run along other corners between the same two ends.

    ``old`` are the corners as they follow one another in a ring, in either direction. Corners
    between the ends in which other edges meet are moved (``move``), not left out.
    """
    path, drawn = [_corner(each) for each in old], _rounded(new)
    if len(path) < 2 or len(drawn) < 2 or (path[0], path[-1]) != (drawn[0], drawn[-1]):
        raise InvalidInputError("An edge is redrawn between the same two ends.")
    shapes = _redrawn(ground, path[0], lambda ring: _with_path(ring, path, drawn))
    if not shapes:
        raise InvalidInputError(
            "This edge is not there any more.", hint="Load the boundaries again."
        )
    after = ground.with_shapes(shapes)
    for corner in set(path[1:-1]) - set(drawn):
        if _redrawn(after, corner, lambda ring: ring):
            raise InvalidInputError(
                "Another border meets this edge between its ends.",
                hint="Redraw the parts on both sides of it, or move the corner in which it meets.",
                place=corner,
            )
    return _kept(ground, after, LineString([*path, *drawn]))


def split(ground: Ground, grid_id: int, line: Sequence[Corner], new_id: int) -> Ground:
    """Split a grid in two along a line from border to border; the smaller part gets the new id.

    What lies in the grid goes to the part in which it lies.
    """
    piece = ground[grid_id]
    drawn = _rounded(line)
    if len(drawn) < 2:
        raise InvalidInputError("A line has two corners at least.")
    ends, between = _crossing(piece.shape, drawn)
    cut_line = LineString([ends[0], *between, ends[1]])
    ready = noded(ground, cut_line, also=ends)
    parts = _cut(ready[grid_id].shape, [ends[0], *between, ends[1]])
    parts.sort(key=shapely.area, reverse=True)
    after = ready.with_pieces(
        {grid_id: replace(piece, shape=parts[0]), new_id: replace(piece, shape=parts[1])}
    )
    moved: dict[int, Piece | None] = {}
    crossed: list[int] = []
    for child in ready.children(grid_id):
        shape = ready[child].shape
        if shapely.relate_pattern(cut_line, shape, "T********"):
            crossed.append(child)
        elif shapely.contains(parts[1], shapely.point_on_surface(shape)):
            moved[child] = replace(ready[child], parent=new_id)
    if crossed:
        raise LawError(
            "The line runs through {n} grids that lie in this one.",
            hint="Draw it around them, or split them first.",
            kind="crossed",
            ids=crossed,
            n=len(crossed),
        )
    return _kept(ground, after.with_pieces(moved), cut_line)


def merge(ground: Ground, grid_id: int, other_id: int) -> Ground:
    """Add a neighbour to a grid; what lay in it lies in the grid."""
    piece, other = ground[grid_id], ground[other_id]
    if grid_id == other_id or (piece.level, piece.parent) != (other.level, other.parent):
        raise InvalidInputError(
            "Only two grids in the same one can be merged.",
            hint="Hand one of them over first.",
        )
    whole = _united(piece.shape, other.shape)
    count = shapely.get_num_geometries
    if count(whole) >= count(piece.shape) + count(other.shape):
        raise InvalidInputError("The two grids share no border.")
    moved: dict[int, Piece | None] = {
        child: replace(ground[child], parent=grid_id) for child in ground.children(other_id)
    }
    return _kept(
        ground,
        ground.with_pieces({grid_id: replace(piece, shape=whole), other_id: None, **moved}),
        other.shape,
    )


def hand_over(ground: Ground, grid_id: int, parent_id: int) -> Ground:
    """Give a grid, with its ground, to another grid of the level above.

    The borders of all grids in which it lies and will lie follow, up to the one that holds both.
    Ground that does not touch its new owner's becomes an enclave.
    """
    piece, target = ground[grid_id], ground[parent_id]
    if piece.parent is None or LEVELS.index(target.level) != LEVELS.index(piece.level) - 1:
        raise InvalidInputError("A grid is handed to one of the level above.")
    giver_id, taker_id = piece.parent, parent_id
    owners: set[int] = set()
    pieces: dict[int, Piece | None] = {grid_id: replace(piece, parent=parent_id)}
    while giver_id != taker_id:
        giver, taker = ground[giver_id], ground[taker_id]
        owners |= {giver_id, taker_id}
        pieces[giver_id] = replace(
            giver, shape=polygonal(shapely.difference(giver.shape, piece.shape))
        )
        pieces[taker_id] = replace(taker, shape=_united(taker.shape, piece.shape))
        if giver.parent is None or taker.parent is None:
            raise InvalidInputError("The two grids lie in no grid together.")
        giver_id, taker_id = giver.parent, taker.parent
    return _kept(ground, ground.with_pieces(pieces), piece.shape, may_part=owners)


def draw(
    ground: Ground, level: Level, parent_id: int, ring: Sequence[Corner], new_id: int
) -> Ground:
    """Draw a grid where there is none yet: neighbours keep what they have."""
    drawn = _rounded(ring)
    shape: BaseGeometry = Polygon(drawn) if len(drawn) > 3 else Polygon()
    if shapely.is_empty(shape) or not shapely.is_valid(shape):
        raise InvalidInputError("An area has three corners at least, and does not cross itself.")
    shape = shapely.intersection(shape, ground[parent_id].shape)
    rivals = [id_ for id_ in ground.near(shape) if ground[id_].level == level]
    shape = shapely.difference(shape, shapely.union_all([ground[id_].shape for id_ in rivals]))
    free = on_grid(np.asarray([polygonal(shape)], dtype=object))[0]
    if shapely.is_empty(free):
        raise InvalidInputError("This ground belongs to other grids already.")
    after = ground.with_pieces({new_id: Piece(level, parent_id, free)})
    return _kept(ground, after, free)


def _kept(
    before: Ground, after: Ground, around: BaseGeometry, *, may_part: Collection[int] = ()
) -> Ground:
    """Give the new edges the corners that lie on them, and return a ground that keeps the law."""
    for id_ in after.changed(before) & after.pieces.keys():
        if not shapely.is_valid(after[id_].shape):
            return keep_law(before, after, may_part=may_part)
    return keep_law(before, noded(after, around), may_part=may_part)


def _corner(xy: Sequence[float]) -> Corner:
    return float(xy[0]), float(xy[1])


def _rounded(corners: Sequence[Sequence[float]] | NDArray[np.float64]) -> list[Corner]:
    """Return corners on the storage grid, none twice in a row."""
    xy = np.asarray(corners, dtype=np.float64).reshape(-1, 2)
    if not np.isfinite(xy).all() or (np.abs(xy) > (180, 90)).any():
        raise InvalidInputError("Corners are degrees: longitude and latitude.")
    found = [_corner(each) for each in round_to_grid(xy)]
    return [each for at, each in enumerate(found) if at == 0 or each != found[at - 1]]


def _redrawn(
    ground: Ground, corner: Corner, change: Callable[[Ring], Ring | None]
) -> dict[int, BaseGeometry]:
    """Return the shapes with a corner whose rings ``change`` draws otherwise; None keeps a ring."""
    shapes: dict[int, BaseGeometry] = {}
    for id_ in ground.near(shapely.Point(corner)):
        is_changed = False
        parts: list[Polygon] = []
        for part in shapely.get_parts(ground[id_].shape):
            found: list[Ring] = []
            for ring in _open(part):
                other = change(ring) if corner in ring else None
                is_changed = is_changed or other is not None
                found.append(ring if other is None else other)
            parts.append(_polygon(found))
        if is_changed:
            shapes[id_] = parts[0] if len(parts) == 1 else MultiPolygon(parts)
    return shapes


def _polygon(rings: Sequence[Ring]) -> Polygon:
    """Return a polygon of open rings; empty if its outer one has fewer than three corners."""
    outer, *holes = [_without_repeats(ring) for ring in rings]
    if len(outer) < 3:
        return Polygon()
    return Polygon(outer, [ring for ring in holes if len(ring) >= 3])


def _without_repeats(ring: Ring) -> Ring:
    """Return an open ring without corners that repeat the one before: two became one."""
    return [each for at, each in enumerate(ring) if each != ring[at - 1] or len(ring) == 1]


def _with_path(ring: Ring, old: Sequence[Corner], new: Sequence[Corner]) -> Ring | None:
    """Return a ring in which a path is another, None if the path does not run in it."""
    for path, drawn in ((old, new), (old[::-1], new[::-1])):
        if path[0] not in ring:
            continue
        at = ring.index(path[0])
        turned = ring[at:] + ring[:at]
        if len(path) <= len(turned) and turned[: len(path)] == list(path):
            return [*drawn[:-1], *turned[len(path) - 1 :]]
    return None


def _united(one: BaseGeometry, other: BaseGeometry) -> BaseGeometry:
    return polygonal(shapely.union(one, other))


def _crossing(shape: BaseGeometry, line: list[Corner]) -> tuple[list[Corner], list[Corner]]:
    """Return where a line enters and leaves a shape, and its corners between."""
    inside = shapely.get_parts(shapely.intersection(LineString(line), shape))
    inside = [each for each in inside if shapely.length(each) > REACH]
    if len(inside) != 1:
        raise InvalidInputError(
            "The line must cross the grid once, from border to border.",
            hint="Begin and end outside the grid, or on its border.",
        )
    path = _rounded(shapely.get_coordinates(inside[0]))
    ends = [path[0], path[-1]]
    boundary = shapely.boundary(shape)
    if len(path) < 2 or max(shapely.distance(boundary, shapely.points(ends))) > REACH:
        raise InvalidInputError(
            "The line must cross the grid once, from border to border.",
            hint="Begin and end outside the grid, or on its border.",
        )
    return ends, path[1:-1]


def _open(part: BaseGeometry) -> list[Ring]:
    """Return the rings of a polygon without the corner that closes them, the outer one first."""
    return [
        [_corner(each) for each in shapely.get_coordinates(ring)[:-1]]
        for ring in shapely.get_rings(part)
    ]


def _cut(shape: BaseGeometry, path: list[Corner]) -> list[Shape]:
    """Cut a shape along a path between two corners of one of its outer rings."""
    parts = list(shapely.get_parts(shape))
    for at, part in enumerate(parts):
        outer, *holes = _open(part)
        if path[0] not in outer or path[-1] not in outer:
            continue
        start = outer.index(path[0])
        turned = outer[start:] + outer[:start]
        end = turned.index(path[-1])
        halves = [
            [*turned[: end + 1], *reversed(path[1:-1])],
            [*path, *turned[end + 1 :]],
        ]
        cut = [_polygon([half]) for half in halves]
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
