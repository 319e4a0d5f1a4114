"""A honeycomb of small cells, the substrate from which every territory of the demo county is cut.

Only three cells meet at a corner of a honeycomb, so that whatever cells are joined, the result is
a valid polygon, neighbours share whole edges, and no two territories touch in a single point.

Coordinates are plane metres, x east and y north of the county's centre. Cells are numbered row by
row from the south-west; odd rows are shifted east by half a cell. A cell owns two corners: its
northern one (number ``2 * cell``) and its southern one (``2 * cell + 1``).
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from math import sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt
from scipy.sparse import coo_array
from scipy.sparse.csgraph import dijkstra

Floats = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]
Zones = npt.NDArray[np.int32]
Flags = npt.NDArray[np.bool_]

ROOT3 = sqrt(3.0)


@dataclass(frozen=True, slots=True)
class Lattice:
    """A block of hexagons, points up, with sides of ``side_m`` metres.

    ``west_m`` and ``south_m`` are the centre of the first cell.
    """

    rows: int
    cols: int
    side_m: float
    west_m: float
    south_m: float

    @classmethod
    def over(
        cls, west_m: float, south_m: float, east_m: float, north_m: float, side_m: float
    ) -> Lattice:
        """Return the lattice that covers a box."""
        rows = int((north_m - south_m) / (1.5 * side_m)) + 2
        cols = int((east_m - west_m) / (ROOT3 * side_m)) + 2
        return cls(rows, cols, side_m, west_m, south_m)

    @property
    def cells(self) -> int:
        """How many cells there are."""
        return self.rows * self.cols

    @property
    def cell_area_m2(self) -> float:
        """Area of one cell."""
        return 1.5 * ROOT3 * self.side_m**2

    @property
    def step_m(self) -> float:
        """Distance between the centres of neighbours."""
        return ROOT3 * self.side_m

    def centres(self, cells: Ints) -> Floats:
        """Return the centres of cells, shape (n, 2), metres."""
        row, col = np.divmod(cells, self.cols)
        x = self.west_m + self.step_m * (col + 0.5 * (row & 1))
        return np.column_stack([x, self.south_m + 1.5 * self.side_m * row]).astype(np.float64)

    def corners(self, corners: Ints) -> Floats:
        """Return the places of corners by number, shape (n, 2), metres."""
        xy = self.centres(corners >> 1)
        xy[:, 1] += np.where(corners & 1, -self.side_m, self.side_m)
        return xy

    def locate(self, xy: Floats) -> Ints:
        """Return the cell around each point (n, 2), -1 outside the block."""
        best = np.full(len(xy), -1, dtype=np.int64)
        nearest = np.full(len(xy), np.inf)
        low = np.floor((xy[:, 1] - self.south_m) / (1.5 * self.side_m)).astype(np.int64)
        for row in (low, low + 1):
            shift = 0.5 * (row & 1)
            col = np.rint((xy[:, 0] - self.west_m) / self.step_m - shift).astype(np.int64)
            dx = xy[:, 0] - self.west_m - self.step_m * (col + shift)
            dy = xy[:, 1] - self.south_m - 1.5 * self.side_m * row
            distance = dx * dx + dy * dy
            inside = (row >= 0) & (row < self.rows) & (col >= 0) & (col < self.cols)
            closer = distance < nearest
            best[closer] = np.where(inside, row * self.cols + col, -1)[closer]
            nearest[closer] = distance[closer]
        return best

    def window(self, row: int, col: int, rows: int, cols: int) -> Lattice:
        """Return the block of ``rows`` x ``cols`` cells from an even ``row`` and a ``col`` on."""
        west_m, south_m = self.centres(np.array([row * self.cols + col]))[0]
        return Lattice(rows, cols, self.side_m, float(west_m), float(south_m))


class Pairs(NamedTuple):
    """Which cells of a block have a neighbour in one direction, and that neighbour."""

    direction: str
    cell: tuple[slice, slice]
    neighbour: tuple[slice, slice]


_ALL, _BUT_LAST, _BUT_FIRST = slice(None), slice(None, -1), slice(1, None)
_EVEN, _ODD, _ABOVE_EVEN, _ABOVE_ODD = (
    slice(0, -1, 2),
    slice(1, -1, 2),
    slice(1, None, 2),
    slice(2, None, 2),
)
# Every pair of neighbours once, seen from the western or southern cell.
PAIRS = (
    Pairs("E", (_ALL, _BUT_LAST), (_ALL, _BUT_FIRST)),
    Pairs("NE", (_EVEN, _ALL), (_ABOVE_EVEN, _ALL)),
    Pairs("NE", (_ODD, _BUT_LAST), (_ABOVE_ODD, _BUT_FIRST)),
    Pairs("NW", (_EVEN, _BUT_FIRST), (_ABOVE_EVEN, _BUT_LAST)),
    Pairs("NW", (_ODD, _ALL), (_ABOVE_ODD, _ALL)),
)


def neighbours(shape: tuple[int, int]) -> Iterator[tuple[str, Ints, Ints]]:
    """Yield (direction, cells, their neighbours) for every pair of a block, once."""
    index = np.arange(shape[0] * shape[1]).reshape(shape)
    for direction, cell, neighbour in PAIRS:
        yield direction, index[cell].ravel(), index[neighbour].ravel()


@dataclass(frozen=True, slots=True)
class Growth:
    """What grew: per cell the seed that reached it first (-1: none), and the cost to get there.

    ``toward`` is the next cell on the way back to the seed, the cell itself at the seed.
    """

    seed: Ints
    cost: Floats
    toward: Ints


def grow(
    groups: npt.NDArray[np.integer],
    cost: Floats,
    seeds: Ints,
    *,
    rng: np.random.Generator,
    limit: float = np.inf,
    roughness: float = 0.35,
) -> Growth:
    """Grow territories from seed cells at once, each cell going to the seed cheapest to reach.

    ``groups`` (rows, cols) fences: nothing grows from one group into another, nor where it is
    negative. ``cost`` (rows, cols) is the price of crossing a cell, ``limit`` the highest price.
    Every step's price is varied by ``roughness``, which hides the honeycomb's six directions
    (first-passage percolation). What grows from one seed is connected.
    """
    flat_groups, flat_cost = groups.ravel(), cost.ravel()
    node = np.full(flat_groups.size, -1, dtype=np.int32)
    members = np.flatnonzero(flat_groups >= 0)
    node[members] = np.arange(len(members), dtype=np.int32)
    heads: list[Zones] = []
    tails: list[Zones] = []
    prices: list[Floats] = []
    for _, cells, others in neighbours((groups.shape[0], groups.shape[1])):
        linked = (flat_groups[cells] == flat_groups[others]) & (flat_groups[cells] >= 0)
        a, b = cells[linked], others[linked]
        heads.append(node[a])
        tails.append(node[b])
        varied = np.exp(roughness * rng.standard_normal(len(a)))
        prices.append(0.5 * (flat_cost[a] + flat_cost[b]) * varied)
    source = len(members)
    heads.append(np.full(len(seeds), source, dtype=np.int32))
    tails.append(node[seeds])
    # A price of nothing would be no edge at all.
    prices.append(np.full(len(seeds), 1e-6))
    graph = coo_array(
        (np.concatenate(prices), (np.concatenate(heads), np.concatenate(tails))),
        shape=(source + 1, source + 1),
    ).tocsr()
    reached, before = dijkstra(
        graph, directed=False, indices=[source], return_predecessors=True, limit=limit
    )
    del graph, heads, tails, prices
    return _trace(
        flat_groups.size, members, seeds, node, reached[0, :-1], before[0, :-1].astype(np.int64)
    )


def _trace(
    size: int, members: Ints, seeds: Ints, node: Zones, reached: Floats, before: Ints
) -> Growth:
    """Follow every cell's way back to its seed by doubling the stride."""
    source = len(members)
    here = np.arange(source)
    step = np.where((before < 0) | (before == source), here, before)
    root = step
    while True:
        further = root[root]
        if np.array_equal(further, root):
            break
        root = further
    name = np.full(source, -1, dtype=np.int64)
    name[node[seeds]] = np.arange(len(seeds))
    grown = Growth(np.full(size, -1, dtype=np.int64), np.full(size, np.inf), np.arange(size))
    grown.seed[members] = np.where(np.isfinite(reached), name[root], -1)
    grown.cost[members] = reached
    grown.toward[members] = members[step]
    return grown
