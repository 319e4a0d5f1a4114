"""From zones on a honeycomb to polygons whose shared borders are equal to the bit.

A *border* is the side of a cell with another zone beyond it. Every corner on a border is moved
once, no matter who uses it: smoothed along the border, bent by smooth noise, put on the map,
rounded to the coordinate grid of 1e-7 degrees. Polygons are then chains of borders, so that
neighbours share vertices, and a child's vertex on its parent's border is the parent's too.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import shapely
from shapely.geometry import MultiPolygon, Polygon

from geodata.demo.lattice import Flags, Floats, Ints, Lattice, Zones, neighbours

# In sides of a cell. Below a half, borders that do not meet cannot come to cross.
_MOST_MOVED = 0.45
SMOOTHINGS = 8


@dataclass(frozen=True, slots=True)
class Borders:
    """Directed borders: from corner ``start`` to ``end`` with zone ``left`` to the left."""

    start: Ints
    end: Ints
    left: Ints
    right: Ints

    def pick(self, where: Flags | Ints) -> Borders:
        """Return some of the borders."""
        return Borders(self.start[where], self.end[where], self.left[where], self.right[where])

    def within(self, cols: int, row: int, col: int, all_cols: int) -> Borders:
        """Return the borders of a block with corners numbered in the lattice that it is cut from.

        The block has ``cols`` columns, the lattice ``all_cols``; (row, col) is its first cell.
        """

        def number(corner: Ints) -> Ints:
            rows, columns = np.divmod(corner >> 1, cols)
            return 2 * ((rows + row) * all_cols + columns + col) + (corner & 1)

        return Borders(number(self.start), number(self.end), self.left, self.right)


def find_borders(zone: Zones) -> Borders:
    """Return each border of a block of zones once; corners are numbered within the block."""
    flat = zone.ravel()
    cols = zone.shape[1]
    parts: list[tuple[Ints, Ints, Ints, Ints]] = []
    for direction, a, b in neighbours((zone.shape[0], cols)):
        differ = flat[a] != flat[b]
        cell, other = a[differ], b[differ]
        odd = (cell // cols) & 1
        north, upper_right = 2 * cell, 2 * (cell + cols + odd) + 1
        upper_left, lower_right = upper_right - 2, 2 * (cell - cols + odd)
        start, end = {
            "E": (lower_right, upper_right),
            "NE": (upper_right, north),
            "NW": (north, upper_left),
        }[direction]
        parts.append((start, end, flat[cell].astype(np.int64), flat[other].astype(np.int64)))
    start, end, left, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    return Borders(start, end, left, right)


def place_corners(
    borders: Borders, lattice: Lattice, bend: Callable[[Floats], Floats]
) -> tuple[Ints, Floats]:
    """Return the corners on borders, ascending, and where they lie, plane metres (n, 2).

    A corner is pulled towards its neighbours on the borders, but never by more than a part of a
    cell's side, so that the honeycomb's sides stay apart and every polygon stays valid.
    """
    corners, ends = np.unique(np.concatenate([borders.start, borders.end]), return_inverse=True)
    head, tail = ends[: len(borders.start)], ends[len(borders.start) :]
    degree = np.bincount(ends, minlength=len(corners)).astype(np.float64)
    start = lattice.corners(corners)
    place = start
    for _ in range(SMOOTHINGS):
        mean = np.empty_like(place)
        for axis in range(2):
            from_tails = np.bincount(head, weights=place[tail, axis], minlength=len(corners))
            from_heads = np.bincount(tail, weights=place[head, axis], minlength=len(corners))
            mean[:, axis] = (from_tails + from_heads) / degree
        moved = 0.5 * (place + mean) - start
        length = np.hypot(moved[:, 0], moved[:, 1])
        most = _MOST_MOVED * lattice.side_m
        place = start + moved * np.minimum(1.0, most / np.maximum(length, 1e-9))[:, None]
    return corners, place + bend(place)


def build_polygons(
    borders: Borders, territory_of: Ints, count: int, corners: Ints, places: Floats
) -> npt.NDArray[np.object_]:
    """Join zones into territories 0..count-1; return a Polygon or MultiPolygon (or None) of each.

    ``territory_of`` gives each zone its territory, -1 for none; its last element stands for
    outside the county. ``places`` are the coordinates of ``corners``, which ascend.
    """
    left, right = territory_of[borders.left], territory_of[borders.right]
    ours, theirs = (left != right) & (left >= 0), (left != right) & (right >= 0)
    owner = np.concatenate([left[ours], right[theirs]])
    start = np.concatenate([borders.start[ours], borders.end[theirs]])
    end = np.concatenate([borders.end[ours], borders.start[theirs]])
    if not len(owner):
        return np.full(count, None, dtype=object)
    start, end = np.searchsorted(corners, start), np.searchsorted(corners, end)
    order = np.argsort(owner * len(corners) + start, kind="stable")
    owner, start, end = owner[order], start[order], end[order]
    # Three cells meet at a corner, so a territory's outline passes it once at most.
    following = np.searchsorted(owner * len(corners) + start, owner * len(corners) + end)
    leader, rank = _rank_cycles(following)
    order = np.lexsort((-rank, leader))
    ring_of = np.unique(leader[order], return_inverse=True)[1]
    coordinates = places[start[order]]
    rings = shapely.linearrings(coordinates, indices=ring_of)
    ring_owner = owner[np.unique(leader[order])]
    return _fill(np.asarray(rings), ring_owner, count)


def _rank_cycles(following: Ints) -> tuple[Ints, Ints]:
    """Return for each element of a permutation its cycle's least element and the steps to it."""
    leader = np.arange(len(following))
    jump = following
    while True:
        least = np.minimum(leader, leader[jump])
        jump = jump[jump]
        if np.array_equal(least, leader):
            break
        leader = least
    at_leader = leader == np.arange(len(following))
    rank = np.where(at_leader, 0, 1)
    jump = np.where(at_leader, np.arange(len(following)), following)
    while True:
        further = rank + rank[jump]
        if np.array_equal(further, rank):
            return leader, rank
        rank, jump = further, jump[jump]


def _fill(rings: npt.NDArray[np.object_], owner: Ints, count: int) -> npt.NDArray[np.object_]:
    """Make polygons of rings: outlines run anticlockwise, holes clockwise."""
    is_shell = np.asarray(shapely.is_ccw(rings))
    shells = np.bincount(owner[is_shell], minlength=count)
    simple = shells[owner] == 1
    order = np.lexsort((~is_shell[simple], owner[simple]))
    result = np.full(count, None, dtype=object)
    owners, indices = np.unique(owner[simple][order], return_inverse=True)
    if len(owners):
        result[owners] = shapely.polygons(rings[simple][order], indices=indices)
    for territory in np.flatnonzero(shells > 1):
        outlines = [Polygon(ring) for ring in rings[(owner == territory) & is_shell]]
        holes = rings[(owner == territory) & ~is_shell]
        parts: list[Polygon] = []
        for outline in outlines:
            within = [
                hole for hole in holes if outline.contains(Polygon(hole).representative_point())
            ]
            parts.append(Polygon(outline.exterior, within))
        result[territory] = MultiPolygon(parts)
    return result
