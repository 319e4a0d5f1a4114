"""Making borders between buildings simple: no more corners than the buildings ask for.

A corner goes, the smallest triangle with its two neighbours first (Visvalingam and Whyatt, Line
generalisation by repeated elimination of points, 1993), while no building stands in that triangle
or beside it. So no building changes sides, and all parts keep the households that they have.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import shapely
from shapely.geometry import Polygon

from geodata.partition.cells import Floats


def straighten(
    lines: Sequence[Floats], around: Floats, buildings: Floats, beside: float
) -> list[Floats]:
    """Return lines of fewer corners with the same ends, in the unit of the coordinates.

    ``around`` are corners that no line may be drawn over, and which a line keeps if it has them:
    those of the grid's own border and of what stays whole in it. ``beside`` is how far from a
    building a line stays if it does now.
    """
    if not lines:
        return []
    xy = np.vstack([*lines, around])
    sizes = [len(line) for line in lines]
    line_of = np.repeat(np.arange(len(lines)), sizes)
    first = np.cumsum([0, *sizes])
    before, after = np.arange(len(xy)) - 1, np.arange(len(xy)) + 1
    stands = np.ones(len(xy), dtype=bool)
    left = np.asarray(sizes)
    corners = shapely.STRtree(np.asarray(shapely.points(xy), dtype=object))
    houses = shapely.STRtree(np.asarray(shapely.points(buildings), dtype=object))
    inner = np.ones(len(line_of), dtype=bool)
    inner[first[:-1]] = inner[first[1:] - 1] = False
    kept = {(x, y) for x, y in around.tolist()}
    inner &= np.array([(x, y) not in kept for x, y in xy[: len(inner)].tolist()])

    def triangle(at: int) -> Floats:
        return xy[[before[at], at, after[at]]]

    def is_free(at: int) -> bool:
        shape = Polygon(triangle(at))
        if len(houses.query(shape, predicate="dwithin", distance=beside)):
            return False
        # An end may be the end of other lines as well: the same place is no other corner.
        met = corners.query(shape, predicate="intersects")
        own = triangle(at)
        return all((own == xy[other]).all(axis=1).any() for other in met[stands[met]])

    waiting = [(_area(triangle(int(at))), int(at)) for at in np.flatnonzero(inner)]
    heapq.heapify(waiting)
    while waiting:
        area, at = heapq.heappop(waiting)
        line = line_of[at]
        if not stands[at] or area != _area(triangle(at)) or left[line] <= _least(lines[line]):
            continue
        if not is_free(at):
            continue
        stands[at] = False
        left[line] -= 1
        after[before[at]], before[after[at]] = after[at], before[at]
        for other in (int(before[at]), int(after[at])):
            if inner[other]:
                heapq.heappush(waiting, (_area(triangle(other)), other))
    return [xy[begin:end][stands[begin:end]] for begin, end in pairwise(first)]


def _area(corners: Floats) -> float:
    (ax, ay), (bx, by), (cx, cy) = corners.tolist()
    return abs((bx - ax) * (cy - ay) - (cx - ax) * (by - ay)) / 2


def _least(line: Floats) -> int:
    """Return how many corners a line needs: one that comes back to its beginning is a ring."""
    return 4 if (line[0] == line[-1]).all() else 2
