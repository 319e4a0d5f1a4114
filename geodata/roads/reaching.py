"""Distances on foot along a network, from places to those who give a service.

What is searched is the way from the place to the provider, which uphill and downhill is not the
way back. It is searched from the providers' side against the direction of walking: there are few
providers and many places, and one search from all of them at once finds everybody's nearest.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import dijkstra

from geodata import frames
from geodata.roads.network import Flags, Floats, Ints, Network
from geodata.roads.snapping import Snapped

Unit = Literal["m", "min"]

# On level ground; 15 minutes are then 1,125 m.
WALKING_KM_H = 4.5
# How much longer a way through yards and fields is than the straight line.
DETOUR = 1.3

# Searched together: neighbours, whose surroundings overlap.
_BLOCK = 16
# Distances held at once while all pairs are searched: 128 MB.
_CELLS = 16_000_000
# A price of nothing would be no edge at all to a sparse matrix.
_LEAST = 1e-9


@dataclass(frozen=True, slots=True)
class Graph:
    """A network with prices: metres, or minutes where slopes count.

    ``forward`` and ``backward`` are the prices of each edge from source to target and back,
    ``access`` that of a metre of the straight line to the network. ``against`` (n, n) has at
    [v, u] the price of walking from junction u to v. ``least`` is the lowest price that a metre
    of any edge has, ``spots`` the junctions in space (EPSG:4978).
    """

    source: Ints
    target: Ints
    forward: Floats
    backward: Floats
    access: float
    against: csr_array
    least: float
    spots: Floats


@dataclass(frozen=True, slots=True)
class Distances:
    """What places have in reach.

    ``nearest`` is the number of the provider to whom the way is shortest (-1: none within the
    limit) and ``distance`` that way (infinite). ``is_reached`` is False for places that do not
    reach the network: of these nothing is known, they are not unserved. ``pairs`` (places,
    providers) has every distance within the limit, a stored 0 too.
    """

    nearest: Ints
    distance: Floats
    is_reached: Flags
    pairs: csr_array | None


def price(
    network: Network, unit: Unit, *, walking_km_h: float = WALKING_KM_H, detour: float = DETOUR
) -> Graph:
    """Return the graph of a network in metres on the ground, or in minutes on foot."""
    if unit == "m":
        forward, backward, metre = network.length_m, network.length_m, 1.0
    else:
        metre = 60 / (1000 * walking_km_h)
        forward, backward = network.forward_m * metre, network.backward_m * metre
    forward, backward = np.maximum(forward, _LEAST), np.maximum(backward, _LEAST)
    per_metre = np.minimum(forward, backward) / network.length_m
    return Graph(
        network.source,
        network.target,
        forward,
        backward,
        metre * detour,
        _against(network, forward, backward),
        min(float(per_metre.min(initial=np.inf)), metre),
        frames.to_cartesian(network.nodes).reshape(-1, 3),
    )


def distances(
    graph: Graph,
    providers: Snapped,
    places: Snapped,
    limit: float = np.inf,
    *,
    with_pairs: bool = True,
) -> Distances:
    """Return who is nearest to each place within a limit, and all pairs within it.

    Limit and distances are in the unit of the graph. A way is: from the place to the network in a
    straight line times the detour factor, along the network, and so to the provider.
    """
    nearest, distance = find_nearest(graph, providers, places, limit)
    pairs = find_pairs(graph, providers, places, limit) if with_pairs else None
    return Distances(nearest, distance, places.is_reached, pairs)


def find_nearest(
    graph: Graph, providers: Snapped, places: Snapped, limit: float = np.inf
) -> tuple[Ints, Floats]:
    """Return each place's nearest provider (-1: none within the limit) and the way to it."""
    nearest = np.full(len(places.edge), -1, dtype=np.int64)
    distance = np.full(len(places.edge), np.inf)
    known = np.flatnonzero(providers.is_reached)
    there = np.flatnonzero(places.is_reached)
    if not len(known) or not len(there):
        return nearest, distance
    at, here, count = providers.pick(known), places.pick(there), len(graph.spots)
    reached, _, start = dijkstra(
        with_starts(graph, at),
        indices=np.arange(count, count + len(known)),
        min_only=True,
        return_predecessors=True,
        limit=limit,
    )
    back, on = _ends(graph, here)
    by_source = back + reached[graph.source[here.edge]]
    by_target = on + reached[graph.target[here.edge]]
    node = np.where(by_source <= by_target, graph.source[here.edge], graph.target[here.edge])
    best = np.minimum(by_source, by_target)
    who = np.where(np.isfinite(best), start[node] - count, -1)
    for place, provider, direct in _on_one_edge(graph, at, here):
        # Of several providers on one edge the last written would win: the nearest is written last.
        order = np.argsort(-direct, kind="stable")
        order = order[direct[order] < best[place[order]]]
        best[place[order]], who[place[order]] = direct[order], provider[order]
    within = np.isfinite(best) & (best <= limit)
    nearest[there[within]] = known[who[within]]
    distance[there[within]] = best[within]
    return nearest, distance


def find_pairs(
    graph: Graph, providers: Snapped, places: Snapped, limit: float = np.inf
) -> csr_array:
    """Return all ways within a limit, of shape (places, providers)."""
    shape = (len(places.edge), len(providers.edge))
    known = np.flatnonzero(providers.is_reached)
    there = np.flatnonzero(places.is_reached)
    rows, columns = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    values = [np.empty(0)]
    search = _Pairs(graph, providers.pick(known), places.pick(there), limit)
    for place, provider, way in search.ways():
        rows.append(there[place])
        columns.append(known[provider])
        values.append(way)
    found = (np.concatenate(values), (np.concatenate(rows), np.concatenate(columns)))
    return coo_array(found, shape=shape).tocsr()


def with_starts(graph: Graph, providers: Snapped) -> csr_array:
    """Return the prices against walking, with a start for each provider behind the junctions.

    Start i is number n + i; it leads to the junctions at the ends of its edge.
    """
    return _with_starts(graph.against, _links(graph, providers))


def _against(network: Network, forward: Floats, backward: Floats) -> csr_array:
    """Return the prices of walking, turned round; of parallel edges the cheapest counts."""
    count = len(network.nodes)
    row = np.concatenate([network.target, network.source])
    column = np.concatenate([network.source, network.target])
    value = np.concatenate([forward, backward])
    order = np.lexsort((value, column, row))
    row, column, value = row[order], column[order], value[order]
    first = np.ones(len(row), dtype=np.bool_)
    first[1:] = (row[1:] != row[:-1]) | (column[1:] != column[:-1])
    return csr_array((value[first], (row[first], column[first])), shape=(count, count))


@dataclass(frozen=True, slots=True)
class _Links:
    """The two junctions that each start leads to, and what it costs; shape (n, 2)."""

    node: Ints
    price: Floats


def _links(graph: Graph, at: Snapped) -> _Links:
    """Return how providers hang on the junctions at the ends of their edges.

    From the source one walks the first part of the edge, from the target the other part, against
    it.
    """
    source = at.share * graph.forward[at.edge]
    target = (1 - at.share) * graph.backward[at.edge]
    price = np.column_stack([source, target]) + (at.access_m * graph.access)[:, None]
    node = np.column_stack([graph.source[at.edge], graph.target[at.edge]])
    return _Links(node, np.maximum(price, _LEAST))


def _ends(graph: Graph, here: Snapped) -> tuple[Floats, Floats]:
    """Return what places pay to the source of their edge, and to its target."""
    access = here.access_m * graph.access
    back = here.share * graph.backward[here.edge]
    on = (1 - here.share) * graph.forward[here.edge]
    return access + back, access + on


def _with_starts(against: csr_array, links: _Links) -> csr_array:
    """Return the graph with a start for every provider behind its junctions."""
    count, starts = against.shape[0], len(links.node)
    begin = np.arange(1, starts + 1) * 2 + against.nnz
    # A row may name a junction twice (both ends of a loop): the search takes the cheaper one.
    return csr_array(
        (
            np.concatenate([against.data, links.price.ravel()]),
            np.concatenate([against.indices, links.node.ravel()]).astype(np.int32),
            np.concatenate([against.indptr, begin]).astype(np.int32),
        ),
        shape=(count + starts, count + starts),
    )


def _on_one_edge(graph: Graph, at: Snapped, here: Snapped) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield (places, providers, the way straight along) for those on one and the same edge."""
    order = np.argsort(at.edge, kind="stable")
    edges = at.edge[order]
    low = np.searchsorted(edges, here.edge)
    count = np.searchsorted(edges, here.edge, side="right") - low
    shared = np.flatnonzero(count)
    upto = np.cumsum(count[shared])
    begin = 0
    while begin < len(shared):
        done = int(upto[begin - 1]) if begin else 0
        end = max(begin + 1, int(np.searchsorted(upto, done + _CELLS // 8, side="right")))
        some = shared[begin:end]
        place = np.repeat(some, count[some])
        skip = np.repeat(np.cumsum(count[some]) - count[some], count[some])
        provider = order[np.repeat(low[some], count[some]) + np.arange(len(place)) - skip]
        step = at.share[provider] - here.share[place]
        edge = here.edge[place]
        along = np.where(step >= 0, step * graph.forward[edge], -step * graph.backward[edge])
        access_m = at.access_m[provider] + here.access_m[place]
        yield place, provider, along + access_m * graph.access
        begin = end


class _Pairs:
    """All ways within a limit, each searched in its surroundings only.

    Providers are halved along the longest side of the space that they take up, and of the junctions
    and places only those are handed on to a half that can be within its reach: no way is shorter
    than the straight line at the lowest price there is. So a search costs what is around it, and
    all of them what the county is large; junctions and places are numbers into the whole of them.
    """

    def __init__(self, graph: Graph, at: Snapped, here: Snapped, limit: float) -> None:
        self._graph, self._at, self._here, self._limit = graph, at, here, limit
        self._far_m = limit / graph.least + 1.0
        # Of each junction among those of one search; all others are one more, never reached.
        self._number = np.full(len(graph.spots), -1, dtype=np.int64)

    def ways(self) -> Iterator[tuple[Ints, Ints, Floats]]:
        """Yield (places, providers, ways)."""
        everybody = (len(each) for each in (self._at.edge, self._graph.spots, self._here.edge))
        yield from self._halved(*(np.arange(count) for count in everybody))

    def _halved(
        self, providers: Ints, nodes: Ints, places: Ints
    ) -> Iterator[tuple[Ints, Ints, Floats]]:
        if not len(providers):
            return
        foot = self._at.foot[providers]
        low, high = foot.min(axis=0), foot.max(axis=0)
        if np.isfinite(self._limit):
            box = low - self._far_m, high + self._far_m
            nodes = nodes[_are_within(self._graph.spots[nodes], *box)]
            places = places[_are_within(self._here.foot[places], *box)]
        if not len(places):
            return
        cells = len(providers) * (len(nodes) + len(places))
        if len(providers) == 1 or (len(providers) <= _BLOCK and cells <= _CELLS):
            yield self._searched(providers, nodes, places)
            return
        order, half = np.argsort(foot[:, np.argmax(high - low)]), len(providers) // 2
        yield from self._halved(providers[order[:half]], nodes, places)
        yield from self._halved(providers[order[half:]], nodes, places)

    def _searched(self, providers: Ints, nodes: Ints, places: Ints) -> tuple[Ints, Ints, Floats]:
        """Return (places, providers, ways) among some of them, over some junctions."""
        graph, at, here = self._graph, self._at.pick(providers), self._here.pick(places)
        count, links = len(nodes), _links(graph, at)
        self._number[nodes] = np.arange(count)
        inside = _Links(self._inside(links.node, count), links.price)
        source = self._inside(graph.source[here.edge], count)
        target = self._inside(graph.target[here.edge], count)
        around = self._around(nodes)
        self._number[nodes] = -1
        starts = np.arange(len(providers)) + count + 1
        reached = dijkstra(_with_starts(around, inside), indices=starts, limit=self._limit)
        reached[:, count] = np.inf
        back, on = _ends(graph, here)
        way = np.minimum(reached[:, source] + back, reached[:, target] + on)
        for place, provider, direct in _on_one_edge(graph, at, here):
            np.minimum.at(way, (provider, place), direct)
        provider, place = np.nonzero((way <= self._limit) & np.isfinite(way))
        return places[place], providers[provider], way[provider, place]

    def _inside(self, junctions: Ints, others: int) -> Ints:
        number = self._number[junctions]
        return np.where(number >= 0, number, others)

    def _around(self, nodes: Ints) -> csr_array:
        """Return the prices between some junctions, and one more that nothing leads to."""
        rows = self._graph.against[nodes]
        column = self._number[rows.indices]
        kept = column >= 0
        upto = np.concatenate([[0], np.cumsum(kept)])[rows.indptr]
        size = (len(nodes) + 1, len(nodes) + 1)
        return csr_array((rows.data[kept], column[kept], np.append(upto, upto[-1])), shape=size)


def _are_within(spots: Floats, low: Floats, high: Floats) -> Flags:
    """Tell which of some spots (n, 3) lie in a box, its sides included."""
    within = np.ones(len(spots), dtype=np.bool_)
    for axis in range(3):
        within &= (spots[:, axis] >= low[axis]) & (spots[:, axis] <= high[axis])
    return within
