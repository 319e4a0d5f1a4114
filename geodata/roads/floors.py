"""Nodes above each other: which corners meet at a place where a file has several nodes."""

from __future__ import annotations

import numpy as np

from geodata.roads.network import Ints

# Stands for the node of a corner where none is known; no extract has such a number.
NO_NODE = -(1 << 63)
# Layers run from -10 to 10 (walkable.py); the floors above are for nodes above each other.
TOP = 10


def of_nodes(place: Ints, node: Ints, layer: Ints, batch: Ints) -> Ints:
    """Return on which floor each corner meets others at its place: one floor for one node.

    Of several nodes at one place the one of the lowest layer is on floor 0, where it meets what has
    no nodes; each of the others has a floor above ``TOP`` to itself. Nodes are numbered in each
    batch for itself.

    Parameters: arrays of one length, a number each for the place, its node, the layer of the way
    and the batch of the way of a corner.
    """
    floor = np.zeros(len(place), dtype=np.int64)
    if not len(place):
        return floor
    batches, number = np.unique(batch, return_inverse=True)
    slot = place * len(batches) + number
    low = np.full(int(slot.max()) + 1, np.iinfo(np.int64).max)
    high = np.full(len(low), NO_NODE)
    np.minimum.at(low, slot, node)
    np.maximum.at(high, slot, node)
    at = np.flatnonzero(low[slot] != high[slot])
    pairs, pair = np.unique(np.column_stack([slot[at], node[at]]), axis=0, return_inverse=True)
    height = np.full(len(pairs), np.iinfo(np.int64).max)
    np.minimum.at(height, pair, np.abs(layer[at]))
    order = np.lexsort((pairs[:, 1], height, pairs[:, 0]))
    slots = pairs[order, 0]
    rank = np.empty(len(pairs), dtype=np.int64)
    rank[order] = np.arange(len(pairs)) - np.searchsorted(slots, slots)
    floor[at] = np.where(rank[pair] > 0, TOP + rank[pair], 0)
    return floor
