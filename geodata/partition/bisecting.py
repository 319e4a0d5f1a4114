"""Dividing cells into parts of equal weight, each in one piece: recursive bisection of a graph.

Cells are swept in one direction until the wanted share is reached, and of twelve directions the one
is taken whose border is shortest (recursive coordinate bisection: Berger and Bokhari, A
Partitioning Strategy for Nonuniform Problems on Multiprocessors, 1987). Where a sweep would leave
pieces, for a grid bends, the swept part grows from neighbour to neighbour instead. At last single
cells change sides while that evens the weights out.
"""

from __future__ import annotations

import heapq

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import connected_components

from geodata.errors import InvalidInputError
from geodata.partition.cells import Cells, Floats

Labels = NDArray[np.intp]
Flags = NDArray[np.bool_]

_DIRECTIONS = 12
# Cells change sides until the heaviest part is no heavier against the mean, so many at most.
_EVEN = 1.005
# A border may be longer by a fifth where it brings the sides nearer to their weight by 1 %.
_AMISS = 20.0
_MOVES_A_PART = 60


def bisect(cells: Cells, parts: int) -> Labels:
    """Return the part of each cell, 0 to parts - 1; each part is in one piece.

    The cells hang together, and at least as many of them as there are parts have a weight.
    """
    labels = np.zeros(len(cells.weights), dtype=np.intp)
    waiting = [(np.arange(len(labels)), parts, 0)]
    while waiting:
        members, count, first = waiting.pop()
        if count == 1:
            labels[members] = first
            continue
        half, side = _halves(cells, members, count)
        waiting.append((members[side], half, first))
        waiting.append((members[~side], count - half, first + half))
    return _evened(cells, labels, parts)


def _halves(cells: Cells, members: Labels, count: int) -> tuple[int, Flags]:
    """Return how many of ``count`` parts one side is divided into, half if possible, and which."""
    for half in range(count // 2, 0, -1):
        side = _half(cells, members, half, count)
        if side is not None:
            return half, side
    raise InvalidInputError("The grid cannot be divided into {n} parts in one piece each.", n=count)


def _half(cells: Cells, members: Labels, half: int, count: int) -> Flags | None:
    """Return which members form the side for ``half`` of ``count`` parts; None if none can."""
    links = csr_array(cells.links[members][:, members])
    weights = cells.weights[members]
    best: tuple[float, Flags] | None = None
    # Halves of one size are the same from both ends.
    ways = _DIRECTIONS if 2 * half == count else 2 * _DIRECTIONS
    for sweep in (_swept, _grown):
        for number in range(ways):
            side = sweep(links, _along(cells.xy[members], number), weights, half, count)
            if side is None or not (_is_whole(links, side) and _is_whole(links, ~side)):
                continue
            amiss = abs(weights[side].sum() / weights.sum() - half / count)
            cost = _border(links, side) * (1 + _AMISS * amiss)
            if best is None or cost < best[0]:
                best = cost, side
        if best is not None:
            return best[1]
    return None


def _along(xy: Floats, number: int) -> Floats:
    angle = np.pi * number / _DIRECTIONS
    return xy @ np.array([np.cos(angle), np.sin(angle)])


def _swept(links: csr_array, along: Floats, weights: Floats, half: int, count: int) -> Flags | None:
    """Return the cells up to the place where their share is reached."""
    order = np.argsort(along, kind="stable")
    size = _nearest_share(np.cumsum(weights[order]), weights[order], half, count)
    side = np.zeros(len(order), dtype=bool)
    side[order[:size]] = True
    return side


def _nearest_share(sums: Floats, weights: Floats, half: int, count: int) -> int:
    """Return how many cells come nearest the share and leave a building for every part."""
    buildings = np.cumsum(weights > 0)
    fits = (buildings >= half) & (buildings[-1] - buildings >= count - half)
    away = np.where(fits, np.abs(sums - sums[-1] * half / count), np.inf)
    return int(np.argmin(away)) + 1


def _grown(links: csr_array, along: Floats, weights: Floats, half: int, count: int) -> Flags | None:
    """Return a side that grew from the first cell on, with what it would cut off from the rest."""
    order = _growth(links, along)
    target = weights.sum() * half / count
    low, high, best = 1, len(order) - 1, None
    while low <= high:
        size = (low + high) // 2
        side = _closed(links, order[:size], weights)
        reached = float(weights[side].sum())
        enough = (weights[side] > 0).sum() >= half and (weights[~side] > 0).sum() >= count - half
        if enough and (best is None or abs(reached - target) < best[0]):
            best = abs(reached - target), side
        low, high = (size + 1, high) if reached < target else (low, size - 1)
    return None if best is None else best[1]


def _growth(links: csr_array, along: Floats) -> Labels:
    """Return cells in the order in which they are reached from the first, the least far first."""
    begin = int(np.argmin(along))
    known = np.zeros(len(along), dtype=bool)
    known[begin] = True
    edge, order = [(float(along[begin]), begin)], list[int]()
    while edge:
        _, at = heapq.heappop(edge)
        order.append(at)
        for other in links.indices[links.indptr[at] : links.indptr[at + 1]]:
            if not known[other]:
                known[other] = True
                heapq.heappush(edge, (float(along[other]), int(other)))
    return np.asarray(order, dtype=np.intp)


def _closed(links: csr_array, grown: Labels, weights: Floats) -> Flags:
    """Return the grown side with all but the heaviest piece of what is left."""
    side = np.zeros(len(weights), dtype=bool)
    side[grown] = True
    rest = np.flatnonzero(~side)
    pieces, piece = connected_components(links[rest][:, rest], directed=False)
    if pieces > 1:
        heaviest = int(np.argmax(np.bincount(piece, weights[rest], minlength=pieces)))
        side[rest[piece != heaviest]] = True
    return side


def _is_whole(links: csr_array, side: Flags) -> bool:
    rows = np.flatnonzero(side)
    if not len(rows):
        return False
    return int(connected_components(links[rows][:, rows], directed=False)[0]) == 1


def _border(links: csr_array, side: Flags) -> float:
    """Return the length of the border between a side and the rest."""
    rows = np.repeat(np.arange(len(side)), np.diff(links.indptr))
    return float(links.data[side[rows] & ~side[links.indices]].sum())


def _evened(cells: Cells, labels: Labels, parts: int) -> Labels:
    """Let cells change sides while that brings weights closer and leaves each part in one piece."""
    labels = labels.copy()
    rows = np.repeat(np.arange(len(labels)), np.diff(cells.links.indptr))
    columns = cells.links.indices
    sums = np.bincount(labels, cells.weights, minlength=parts)
    for _ in range(_MOVES_A_PART * parts):
        if sums.max() <= _EVEN * sums.mean():
            break
        weights, own, other = cells.weights[rows], labels[rows], labels[columns]
        # What the sum of the squares of all parts loses, halved.
        gain = weights * (sums[own] - sums[other] - weights)
        useful = np.flatnonzero((own != other) & (gain > 1e-9 * sums.mean() ** 2))
        useful = useful[np.argsort(-gain[useful], kind="stable")][:40]
        for at in useful:
            cell, giver, taker = rows[at], own[at], other[at]
            labels[cell] = taker
            if _is_whole(cells.links, labels == giver):
                sums[giver] -= cells.weights[cell]
                sums[taker] += cells.weights[cell]
                break
            labels[cell] = giver
        else:
            break
    return labels
