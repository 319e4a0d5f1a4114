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

# Searched together: their surroundings overlap, being sorted by place.
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
    here = places.pick(there)
    rows, columns = [np.empty(0, dtype=np.int64)], [np.empty(0, dtype=np.int64)]
    values = [np.empty(0)]
    for block in _blocks(providers, known, len(graph.spots) + len(there), limit):
        at = providers.pick(block)
        for place, provider, way in _pairs_of(graph, at, here, limit):
            rows.append(there[place])
            columns.append(block[provider])
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

    Whoever comes from the source walks the first part of the edge, whoever comes from the target
    the other part, against it.
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


def _blocks(providers: Snapped, known: Ints, size: int, limit: float) -> Iterator[Ints]:
    """Yield providers in blocks, neighbours together; few where a search covers everything."""
    foot = providers.foot[known]
    if not len(known):
        return
    cell = (foot - foot.min(axis=0)) // max(limit if np.isfinite(limit) else 1e9, 1.0)
    order = np.lexsort((foot[:, 2], cell[:, 1], cell[:, 0]))
    most = _BLOCK if np.isfinite(limit) else max(1, min(_BLOCK, _CELLS // max(size, 1)))
    for start in range(0, len(known), most):
        yield known[order[start : start + most]]


def _pairs_of(
    graph: Graph, at: Snapped, here: Snapped, limit: float
) -> Iterator[tuple[Ints, Ints, Floats]]:
    """Yield (places, providers, ways) of one block, searched in its surroundings only.

    No way is shorter than the straight line at the lowest price there is.
    """
    near = np.ones(len(graph.spots), dtype=np.bool_)
    if np.isfinite(limit):
        far_m = limit / graph.least + 1.0
        low, high = at.foot.min(axis=0) - far_m, at.foot.max(axis=0) + far_m
        for axis in range(3):
            near &= (graph.spots[:, axis] >= low[axis]) & (graph.spots[:, axis] <= high[axis])
    nodes = np.flatnonzero(near)
    source, target = graph.source[here.edge], graph.target[here.edge]
    some = np.flatnonzero(near[source] | near[target])
    cells = len(at.edge) * (len(nodes) + len(some))
    if cells > _CELLS and len(at.edge) > 1:
        half = len(at.edge) // 2
        yield from _pairs_of(graph, at.pick(slice(None, half)), here, limit)
        for place, provider, way in _pairs_of(graph, at.pick(slice(half, None)), here, limit):
            yield place, provider + half, way
        return
    # Junctions outside are one more, which is never reached.
    number = np.full(len(graph.spots) + 1, len(nodes), dtype=np.int64)
    number[nodes] = np.arange(len(nodes))
    links = _links(graph, at)
    inside = _Links(number[links.node], links.price)
    around = graph.against[nodes][:, nodes]
    padded = csr_array(
        (around.data, around.indices, np.append(around.indptr, around.nnz)),
        shape=(len(nodes) + 1, len(nodes) + 1),
    )
    starts = np.arange(len(at.edge)) + len(nodes) + 1
    reached = dijkstra(_with_starts(padded, inside), indices=starts, limit=limit)
    reached[:, len(nodes)] = np.inf
    back, on = _ends(graph, here.pick(some))
    way = np.minimum(reached[:, number[source[some]]] + back, reached[:, number[target[some]]] + on)
    for place, provider, direct in _on_one_edge(graph, at, here.pick(some)):
        np.minimum.at(way, (provider, place), direct)
    provider, place = np.nonzero(way <= limit)
    if not np.isfinite(limit):
        finite = np.isfinite(way[provider, place])
        provider, place = provider[finite], place[finite]
    yield some[place], provider, way[provider, place]
