"""Laws of distances along a network, held against every way there is (Floyd and Warshall)."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st
from numpy.typing import NDArray

from geodata import frames
from geodata.roads import reaching
from geodata.roads.network import Network, find_parts, measure
from geodata.roads.reaching import Graph
from geodata.roads.snapping import Ground, Snapped

Floats = NDArray[np.float64]
LIMIT_M = 300.0


def network(seed: int, *, slopes: bool = True) -> Network:
    """A few junctions within a kilometre, edges between them: bent, parallel, loops, islands."""
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 12))
    nodes = frames.round_to_grid(rng.uniform((116.3, 31.4), (116.31, 31.41), (count, 2)))
    edges = int(rng.integers(1, 18))
    source, target = rng.integers(0, count, edges), rng.integers(0, count, edges)
    lines = []
    for one, two in zip(source, target, strict=True):
        # Not one alone: a loop would run back the way that it came.
        bends = nodes[one] + rng.uniform(-0.002, 0.002, (int(rng.integers(2, 5)), 2))
        lines.append(shapely.LineString(np.vstack([nodes[one], bends, nodes[two]])))
    every = np.array(lines, dtype=object)
    length_m = measure(every)
    factor = rng.uniform(0.85, 3.0, (2, edges)) if slopes else np.ones((2, edges))
    there, back = factor * length_m
    return Network(nodes, source, target, length_m, there, back, every)


def dots(seed: int, count: int) -> Floats:
    rng = np.random.default_rng([seed, 1])
    return rng.uniform((116.298, 31.398), (116.312, 31.412), (count, 2))


def along(net: Network, seed: int, count: int) -> Floats:
    """Dots a few metres beside the edges."""
    rng = np.random.default_rng([seed, 2])
    lines = net.lines[rng.integers(0, len(net.lines), count)]
    feet = shapely.line_interpolate_point(lines, rng.uniform(0, 1, count), normalized=True)
    return shapely.get_coordinates(feet) + rng.uniform(-5e-5, 5e-5, (count, 2))


def every_way(graph: Graph, providers: Snapped, places: Snapped) -> Floats:
    """All ways from places to providers: each foot is a junction, and edges are cut there."""
    feet = [(int(e), float(t)) for e, t in zip(places.edge, places.share, strict=True)]
    feet += [(int(e), float(t)) for e, t in zip(providers.edge, providers.share, strict=True)]
    count = len(graph.spots)
    size = count + len(feet)
    way = np.full((size, size), np.inf)
    np.fill_diagonal(way, 0.0)
    for edge in range(len(graph.source)):
        stops = [(0.0, int(graph.source[edge])), (1.0, int(graph.target[edge]))]
        stops += [(t, count + n) for n, (on, t) in enumerate(feet) if on == edge]
        stops.sort(key=lambda stop: stop[0])
        for (a, one), (b, two) in pairwise(stops):
            way[one, two] = min(way[one, two], (b - a) * graph.forward[edge])
            way[two, one] = min(way[two, one], (b - a) * graph.backward[edge])
    for middle in range(size):
        way = np.minimum(way, way[:, middle, None] + way[None, middle])
    here, there = len(places.edge), len(providers.edge)
    result = way[count : count + here, count + here :]
    access = places.access_m[:, None] + providers.access_m[None, :]
    assert result.shape == (here, there)
    result = result + access * graph.access
    result[places.edge < 0] = np.inf
    result[:, providers.edge < 0] = np.inf
    return result


SEEDS = st.integers(0, 10**6)


@examples(max_examples=200)
@given(
    SEEDS,
    st.sampled_from(["m", "min"]),
    # Also less than half an edge: neither of its ends is then in reach of who stands along it.
    st.sampled_from([np.inf, 700.0, 120.0, 9.0, 1.5]),
    st.sampled_from([1, 5, 40]),
)
def test_ways_are_those_of_floyd_and_warshall(
    seed: int, unit: reaching.Unit, limit: float, count: int
):
    net = network(seed)
    ground = Ground(net)
    graph = reaching.price(net, unit)
    providers = ground.snap(np.vstack([dots(seed, 2), along(net, seed, count)]), LIMIT_M)
    places = ground.snap(np.vstack([dots(seed + 1, 9), along(net, seed + 1, 9)]), LIMIT_M)
    found = reaching.distances(graph, providers, places, limit)
    wanted = every_way(graph, providers, places)
    wanted[wanted > limit] = np.inf
    assert found.pairs is not None
    pairs = np.full(wanted.shape, np.inf)
    entries = found.pairs.tocoo()
    pairs[entries.row, entries.col] = entries.data
    np.testing.assert_allclose(pairs, wanted, rtol=1e-9, atol=1e-6)
    np.testing.assert_allclose(found.distance, wanted.min(axis=1), rtol=1e-9, atol=1e-6)
    served = np.isfinite(found.distance)
    assert (found.nearest[~served] == -1).all()
    ways = wanted[np.flatnonzero(served), found.nearest[served]]
    np.testing.assert_allclose(ways, found.distance[served], rtol=1e-9, atol=1e-6)
    assert np.array_equal(found.is_reached, places.edge >= 0)


@examples(max_examples=60)
@given(SEEDS)
def test_no_way_is_shorter_than_the_straight_line(seed: int):
    net = network(seed, slopes=False)
    ground = Ground(net)
    providers, places = dots(seed, 5), dots(seed + 1, 12)
    found = reaching.find_pairs(
        reaching.price(net, "m"), ground.snap(providers, LIMIT_M), ground.snap(places, LIMIT_M)
    ).tocoo()
    one, two = frames.to_cartesian(places)[found.row], frames.to_cartesian(providers)[found.col]
    assert (found.data >= np.linalg.norm(one - two, axis=1) * (1 - 1e-9) - 1e-6).all()


@examples(max_examples=60)
@given(SEEDS)
def test_a_foot_is_the_nearest_point_of_all_edges(seed: int):
    net, places = network(seed), dots(seed, 20)
    found = Ground(net).snap(places, LIMIT_M)
    stretch = (np.cos(np.radians(31.405)) * 111_320, 110_880)
    flat = shapely.transform(net.lines, lambda xy: (xy - (116.3, 31.4)) * stretch)
    spots = np.asarray(shapely.points((places - (116.3, 31.4)) * stretch))
    away = shapely.distance(spots[:, None], flat[None, :]).min(axis=1)
    near = found.is_reached
    np.testing.assert_allclose(found.access_m[near], away[near], rtol=3e-3, atol=0.5)
    assert (away[~near] > LIMIT_M * 0.99).all()
    assert (found.access_m[near] <= LIMIT_M).all()
    assert ((found.share >= 0) & (found.share <= 1)).all()


@examples(max_examples=40)
@given(SEEDS)
def test_turning_every_edge_round_changes_nothing(seed: int):
    net = network(seed)
    turned = Network(
        net.nodes, net.target, net.source, net.length_m, net.backward_m, net.forward_m,
        shapely.reverse(net.lines),
    )  # fmt: skip
    ways = []
    for each in (net, turned):
        ground = Ground(each)
        at, here = ground.snap(dots(seed, 5), LIMIT_M), ground.snap(dots(seed + 1, 12), LIMIT_M)
        ways.append(reaching.find_nearest(reaching.price(each, "min"), at, here)[1])
    np.testing.assert_allclose(ways[0], ways[1], rtol=1e-6, atol=1e-6)


def straight(forward: float, backward: float) -> Network:
    """One edge of a kilometre from west to east."""
    line = np.array([shapely.LineString([(116.3, 31.4), (116.310515, 31.4)])], dtype=object)
    length_m = measure(line)
    nodes = np.array([(116.3, 31.4), (116.310515, 31.4)])
    zero, one = np.array([0]), np.array([1])
    return Network(nodes, zero, one, length_m, length_m * forward, length_m * backward, line)


def test_uphill_counts_in_the_direction_of_walking():
    net = straight(forward=2.0, backward=1.0)
    ground = Ground(net)
    west, east = ground.snap(net.nodes[:1], 10), ground.snap(net.nodes[1:], 10)
    graph = reaching.price(net, "min", walking_km_h=6.0)
    assert reaching.find_nearest(graph, east, west)[1] == pytest.approx([20.0], rel=1e-4)
    assert reaching.find_nearest(graph, west, east)[1] == pytest.approx([10.0], rel=1e-4)
    assert reaching.find_nearest(reaching.price(net, "m"), east, west)[1] == pytest.approx(
        [1000.0], rel=1e-4
    )


def test_places_off_the_network_are_not_unserved():
    net = straight(1.0, 1.0)
    ground = Ground(net)
    provider = ground.snap(np.array([(116.305, 31.4)]), 300.0)
    places = ground.snap(np.array([(116.306, 31.401), (116.306, 31.41)]), 300.0)
    found = reaching.distances(reaching.price(net, "m"), provider, places, 1000.0)
    assert found.is_reached.tolist() == [True, False]
    assert found.nearest.tolist() == [0, -1]
    access_m = places.access_m[0]
    assert access_m == pytest.approx(110.9, abs=0.2)
    assert found.distance[0] == pytest.approx(95.1 + 1.3 * access_m, abs=0.2)


def test_no_provider_and_no_place_and_no_road():
    net = straight(1.0, 1.0)
    nobody, nowhere = Ground(net).snap(np.empty((0, 2)), 10), Ground(net).snap(net.nodes, 10)
    graph = reaching.price(net, "m")
    assert reaching.distances(graph, nobody, nowhere).nearest.tolist() == [-1, -1]
    assert reaching.distances(graph, nowhere, nobody).distance.shape == (0,)
    empty = net.pick(np.zeros(0, dtype=np.int64))
    found = Ground(empty).snap(net.nodes, 10)
    assert found.edge.tolist() == [-1, -1]
    assert reaching.distances(reaching.price(empty, "m"), found, found).nearest.tolist() == [-1, -1]


def test_places_are_not_brought_to_islands():
    near, far = straight(1.0, 1.0), straight(1.0, 1.0)
    yard = shapely.LineString([(116.304, 31.4005), (116.3041, 31.4005)])
    lines = np.array([near.lines[0], yard], dtype=object)
    nodes = np.vstack([near.nodes, shapely.get_coordinates(yard)])
    length_m = measure(lines)
    both = replace(
        far, nodes=nodes, source=np.array([0, 2]), target=np.array([1, 3]), length_m=length_m,
        forward_m=length_m, backward_m=length_m, lines=lines,
    )  # fmt: skip
    parts = find_parts(both)
    assert parts.is_island.tolist() == [False, True]
    assert parts.edges.tolist() == [1, 1]
    ground = Ground(both, ~parts.is_island[parts.of_edge])
    assert ground.snap(np.array([(116.304, 31.4005)]), 100.0).edge.tolist() == [0]
    assert Ground(both).snap(np.array([(116.304, 31.4005)]), 100.0).edge.tolist() == [1]
