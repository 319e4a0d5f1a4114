"""The ground that is edited: grids of all levels around a place, and the law that they keep.

A ``Ground`` never changes; an action (``geodata.partition.actions``) takes one and returns
another. Undoing is going back to the one before. Coordinates are (lon, lat), EPSG:4326, multiples
of 1e-7 degrees; neighbours, and a grid and its parent, share their edges to the bit, so an edge is
the same series of corners in every ring in which it runs.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.errors import InvalidInputError
from geodata.model import Level
from geodata.partition.corners import (
    CornersOfEdges,
    corners_on_edges,
    unique_segments,
    with_corners,
)
from geodata.partition.measure import place
from geodata.partition.nesting import beyond
from geodata.partition.noding import REACH, STEP, keep_polygons, mended

Corner = tuple[float, float]
Shape = Polygon | MultiPolygon

_ROUNDS = 10


class LawError(InvalidInputError):
    """The partition law would be broken. ``data``: kind, ids, place (lon, lat)."""

    code = "partition_law"


@dataclass(frozen=True, slots=True)
class Piece:
    """One grid as the editor sees it; ``parent`` is the id of the grid in which it lies."""

    level: Level
    parent: int | None
    shape: Shape


@dataclass(frozen=True, slots=True)
class Ground:
    """Grids by id; those that are new have ids of the caller's choice."""

    pieces: Mapping[int, Piece]

    def __getitem__(self, grid_id: int) -> Piece:
        """Return a grid. Raises InvalidInputError if it is not there."""
        try:
            return self.pieces[grid_id]
        except KeyError:
            raise InvalidInputError(
                "Grid {id} is not part of what is edited.", id=grid_id
            ) from None

    def changed(self, before: Ground) -> set[int]:
        """Return the ids that are new, gone or other than they were."""
        ids = self.pieces.keys() | before.pieces.keys()
        return {each for each in ids if self.pieces.get(each) is not before.pieces.get(each)}

    def with_pieces(self, pieces: Mapping[int, Piece | None]) -> Ground:
        """Return the ground with pieces put in place, or taken away where they are None."""
        kept = {**self.pieces, **pieces}
        return Ground(MappingProxyType({id_: p for id_, p in kept.items() if p is not None}))

    def with_shapes(self, shapes: Mapping[int, BaseGeometry]) -> Ground:
        """Return the ground with other shapes of grids that are there."""
        return self.with_pieces(
            {id_: replace(self[id_], shape=shape) for id_, shape in shapes.items()}
        )

    def children(self, grid_id: int) -> list[int]:
        """Return the ids of the grids that lie directly in a grid."""
        return [id_ for id_, piece in self.pieces.items() if piece.parent == grid_id]

    def near(self, box: BaseGeometry) -> list[int]:
        """Return the ids of the grids of all levels whose boxes meet a box."""
        ids = list(self.pieces)
        shapes = np.asarray([piece.shape for piece in self.pieces.values()], dtype=object)
        if not ids:
            return []
        west, south, east, north = shapely.bounds(box)
        bounds = shapely.bounds(shapes)
        meets = (
            (bounds[:, 0] <= east)
            & (bounds[:, 2] >= west)
            & (bounds[:, 1] <= north)
            & (bounds[:, 3] >= south)
        )
        return [ids[at] for at in np.flatnonzero(meets)]


def noded(ground: Ground, around: BaseGeometry, also: Sequence[Corner] = ()) -> Ground:
    """Give edges the corners of others that lie on them, within the box of a shape.

    All rings in which an edge runs get the corner, whichever levels they are of. ``also`` are
    places that become corners of the edges on which they lie. Raises LawError where a corner 1 cm
    beside its edge closes a neck.
    """
    box = shapely.buffer(shapely.box(*shapely.bounds(around)), 4 * REACH, join_style="mitre")
    for _ in range(_ROUNDS):
        ids = ground.near(box)
        shapes = np.asarray([ground[id_].shape for id_ in ids], dtype=object)
        wanted = _corners_on_edges(shapes, box, also)
        found = {id_: with_corners(ground[id_].shape, wanted) for id_ in ids} if wanted else {}
        changed = {id_: shape for id_, shape in found.items() if shape is not None}
        if not changed:
            break
        for id_ in sorted(changed):
            if shapely.is_valid(ground[id_].shape):
                changed[id_] = _open_necks(id_, keep_polygons(changed[id_]))
        ground = ground.with_shapes(changed)
    return ground


def _open_necks(id_: int, shape: Shape) -> Shape:
    """Return a shape that a corner 1 cm beside its edge made invalid without what it closed."""
    if shapely.is_valid(shape):
        return shape
    opened = mended(shape)
    parts = shapely.get_parts(opened)
    # Crumbs of a neck that closed; what is more than that has to be said.
    kept = parts[~shapely.is_empty(shapely.buffer(parts, -STEP))]
    whole = keep_polygons(shapely.union_all(kept))
    if shapely.is_empty(whole) or not shapely.is_valid(whole):
        _check_valid(id_, shape)
    return whole


def _corners_on_edges(
    shapes: NDArray[np.object_], box: BaseGeometry, also: Sequence[Corner]
) -> CornersOfEdges:
    """Return the corners within a box, and other places, that lie on edges which meet it."""
    west, south, east, north = shapely.bounds(box)
    rings = np.asarray(shapely.get_rings(shapely.get_parts(shapes)), dtype=object)
    starts, ends = unique_segments(rings)
    meets = (np.minimum(starts, ends) <= (east, north)).all(axis=1)
    meets &= (np.maximum(starts, ends) >= (west, south)).all(axis=1)
    xy = np.vstack((shapely.get_coordinates(rings), np.asarray(also).reshape(-1, 2)))
    inside = ((xy >= (west, south)) & (xy <= (east, north))).all(axis=1)
    corners = np.unique(xy[inside], axis=0)
    return corners_on_edges(corners, starts[meets], ends[meets], REACH)[0]


def keep_law(
    before: Ground,
    after: Ground,
    *,
    may_part: Collection[int] = (),
    may_leave: Collection[int] = (),
) -> Ground:
    """Return ``after`` if it breaks no law that ``before`` keeps. Raises LawError.

    What was wrong before may stay as wrong: old faults do not stand in the way of other work.
    ``may_part`` are grids that may come to be in several pieces: an enclave is its owner's;
    ``may_leave`` grids of which somebody has said why they may leave their parent.
    """
    changed = after.changed(before) & after.pieces.keys()
    for id_ in sorted(changed):
        _check_shape(before, after, id_, is_whole=id_ not in may_part)
    for id_ in sorted(changed):
        _check_siblings(before, after, id_)
        if id_ not in may_leave:
            _check_parent(before, after, id_)
    for id_ in sorted(after.pieces.keys() - changed):
        if after[id_].parent in changed and id_ not in may_leave:
            _check_parent(before, after, id_)
    return after


def finish_action(
    before: Ground,
    after: Ground,
    around: BaseGeometry,
    parents: Sequence[int] = (),
    *,
    may_part: Collection[int] = (),
) -> Ground:
    """Finish an action: node the new edges, sort the children, check the law. Raises LawError.

    What lay in one of the grids ``parents`` goes to the one of them in which it lies now; a new
    border may not run through it. ``may_part`` are grids that may come to be in several pieces.
    """
    for id_ in after.changed(before) & after.pieces.keys():
        if not shapely.is_valid(after[id_].shape):
            return keep_law(before, after, may_part=may_part)
    after = noded(after, around)
    after = _with_children(after, parents) if parents else after
    return keep_law(before, after, may_part=may_part)


def _with_children(ground: Ground, parents: Sequence[int]) -> Ground:
    moved: dict[int, Piece | None] = {}
    crossed: list[int] = []
    for id_, piece in ground.pieces.items():
        if piece.parent not in parents:
            continue
        holders = [
            parent
            for parent in parents
            if shapely.relate_pattern(ground[parent].shape, piece.shape, "T********")
        ]
        if len(holders) > 1:
            crossed.append(id_)
        elif holders and holders[0] != piece.parent:
            moved[id_] = replace(piece, parent=holders[0])
    if crossed:
        raise LawError(
            "The line runs through {n} grids that lie in this one.",
            hint="Draw it around them, or split them first.",
            kind="crossed",
            ids=crossed,
            n=len(crossed),
        )
    return ground.with_pieces(moved)


def _check_shape(before: Ground, after: Ground, id_: int, *, is_whole: bool) -> None:
    shape = after[id_].shape
    if shapely.is_empty(shape):
        raise LawError("Nothing would be left of the grid.", kind="empty", ids=[id_])
    _check_valid(id_, shape)
    known = before.pieces.get(id_)
    parts = shapely.get_num_geometries(shape)
    allowed = 1 if known is None else int(shapely.get_num_geometries(known.shape))
    if is_whole and parts > max(allowed, 1):
        raise LawError(
            "The grid would no longer be in one piece.",
            hint="Split it first, or give the rest to a neighbour.",
            kind="multipart",
            ids=[id_],
            place=place(shapely.get_parts(shape)[-1]),
        )


def _check_valid(id_: int, shape: Shape) -> None:
    if not shapely.is_valid(shape):
        raise LawError(
            "The border would cross or touch itself.",
            hint="Draw it so that it does not meet itself.",
            kind="invalid",
            ids=[id_],
            reason=shapely.is_valid_reason(shape),
        )


def _check_siblings(before: Ground, after: Ground, id_: int) -> None:
    piece = after[id_]
    for other in after.near(piece.shape):
        rival = after[other]
        if other == id_ or rival.level != piece.level:
            continue
        if not shapely.relate_pattern(piece.shape, rival.shape, "T********"):
            continue
        common = shapely.intersection(piece.shape, rival.shape)
        if shapely.area(common) > _common(before, id_, other) + STEP * STEP:
            raise LawError(
                "Two grids would cover the same ground.",
                hint="Move the edge that they share, or split one of them.",
                kind="overlap",
                ids=[id_, other],
                place=place(keep_polygons(common)),
            )


def _common(ground: Ground, one: int, other: int) -> float:
    if one not in ground.pieces or other not in ground.pieces:
        return 0.0
    return float(shapely.area(shapely.intersection(ground[one].shape, ground[other].shape)))


def _check_parent(before: Ground, after: Ground, id_: int) -> None:
    outside = _outside(after, id_)
    if shapely.is_empty(outside):
        return
    # What left it before may stay, and go from one of its grids to another; a corner more on a
    # border is no more ground.
    parent = after[id_].parent
    known = {id_, *(each for each in after.changed(before) if each in before.pieces)}
    alike = [each for each in known if each in before.pieces and before[each].parent == parent]
    old = shapely.union_all([_outside(before, each) for each in alike])
    if shapely.is_empty(shapely.buffer(shapely.difference(outside, old), -STEP)):
        return
    raise LawError(
        "The grid would leave the one in which it lies.",
        hint="Move the border of both, or give it to the neighbour.",
        kind="outside_parent",
        ids=[id_],
        place=place(keep_polygons(outside)),
    )


def _outside(ground: Ground, id_: int) -> BaseGeometry:
    """Return the part of a grid outside its parent, empty where it has none on the ground."""
    piece = ground[id_]
    parent = ground.pieces.get(piece.parent) if piece.parent is not None else None
    if parent is None or shapely.covers(parent.shape, piece.shape):
        return Polygon()
    return beyond(piece.shape, parent.shape)
