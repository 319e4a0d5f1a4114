"""Where ways meet and where they do not."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from geodata.roads import floors, noding
from geodata.roads.network import Network, find_parts, measure
from geodata.roads.noding import Noded, Ways

# About 111.2 and 94.9 m.
STEP = 0.001


def ways(*lines: list[tuple[float, float]], layer: Any = 0, by_node: Any = False) -> Ways:
    """Lines by corners in steps east and north of a place."""
    shapes = [
        shapely.LineString([(116.3 + x * STEP, 31.4 + y * STEP) for x, y in line]) for line in lines
    ]
    count = len(shapes)
    return Ways(
        np.array(shapes, dtype=object),
        np.broadcast_to(np.asarray(layer, dtype=np.int64), count),
        np.broadcast_to(np.asarray(by_node, dtype=np.bool_), count),
        np.full(count, -1),
    )


def parts(found: Noded) -> int:
    length_m = measure(found.lines)
    every = Network(
        found.nodes, found.source, found.target, length_m, length_m, length_m, found.lines
    )
    return len(find_parts(every).length_m)


ACROSS = [(0.0, 0.0), (2.0, 0.0)]
UP = [(1.0, -1.0), (1.0, 1.0)]
UP_WITH_CORNER = [(1.0, -1.0), (1.0, 0.0), (1.0, 1.0)]
ACROSS_WITH_CORNER = [(0.0, 0.0), (1.0, 0.0), (2.0, 0.0)]


def test_osm_ways_meet_at_shared_nodes_only():
    met = noding.node(ways(ACROSS_WITH_CORNER, UP_WITH_CORNER, by_node=True), 1.0)
    assert (len(met.nodes), len(met.lines), parts(met)) == (5, 4, 1)
    assert met.way.tolist() == [0, 0, 1, 1]
    crossed = noding.node(ways(ACROSS, UP, by_node=True), 1.0)
    assert (len(crossed.nodes), len(crossed.lines), parts(crossed)) == (4, 2, 2)
    # A T of which the long way has no node there is none.
    stem = noding.node(ways(ACROSS, [(1.0, 0.0), (1.0, 1.0)], by_node=True), 1.0)
    assert parts(stem) == 2


def test_an_end_on_another_line_is_a_junction():
    found = noding.node(ways(ACROSS, [(1.0, 0.0), (1.0, 1.0)]), 1.0)
    assert (len(found.nodes), len(found.lines), parts(found)) == (4, 3, 1)
    assert found.joined == 1
    assert found.farthest_m == pytest.approx(0.0, abs=0.01)


@pytest.mark.parametrize(("off", "is_met"), [(0.5, True), (0.95, True), (1.2, False)])
def test_an_end_beside_a_line_is_led_through_within_the_tolerance(off: float, is_met: bool):
    beside = off / 111.2 / STEP / 1000
    found = noding.node(ways(ACROSS, [(1.0, beside), (1.0, 1.0)]), 1.0)
    assert (parts(found) == 1) is is_met
    assert found.joined == int(is_met)
    if is_met:
        assert found.farthest_m == pytest.approx(off, rel=0.01)
        # The line moves, the end stays: others may end there.
        assert (116.301, round(31.4 + beside * STEP, 7)) in map(tuple, found.nodes)


def test_ends_that_nearly_meet_are_put_together():
    near = 0.5 / 95_000 / STEP
    found = noding.node(ways([(0, 0), (1, 0)], [(1 + near, 0), (2, 0)], [(1, 0), (1, 1)]), 1.0)
    assert (len(found.nodes), parts(found), found.joined) == (4, 1, 1)
    assert (116.301, 31.4) in map(tuple, found.nodes)


def test_lines_that_cross_are_counted_or_joined():
    found = noding.node(ways(ACROSS, UP), 1.0)
    assert (parts(found), found.crossings.tolist()) == (2, [[116.301, 31.4]])
    joined = noding.node(ways(ACROSS, UP), 1.0, join_crossings=True)
    assert (parts(joined), len(joined.lines), len(joined.crossings)) == (1, 4, 0)
    met = noding.node(ways(ACROSS_WITH_CORNER, UP_WITH_CORNER), 1.0)
    assert (parts(met), len(met.crossings)) == (1, 0)


@pytest.mark.parametrize("join", [False, True])
def test_bridges_meet_nothing_underneath(join: bool):
    for under, over in ((ACROSS, UP), (ACROSS_WITH_CORNER, UP_WITH_CORNER)):
        found = noding.node(ways(under, over, layer=[0, 1]), 1.0, join_crossings=join)
        assert (parts(found), len(found.crossings)) == (2, 0)
    # Neither does a road that ends under a bridge.
    found = noding.node(ways(UP, [(0.0, 0.0), (1.0, 0.0)], layer=[1, 0]), 1.0, join_crossings=join)
    assert parts(found) == 2
    # But the road goes on where the bridge ends.
    found = noding.node(ways(UP, [(1.0, 1.0), (1.0, 2.0)], layer=[1, 0]), 1.0)
    assert parts(found) == 1


def test_loops_parallels_and_specks():
    ring = [(0.0, 0.0), (1.0, 0.0), (1.0, 1.0), (0.0, 0.0)]
    found = noding.node(ways(ring), 1.0)
    assert (found.source.tolist(), found.target.tolist()) == ([0], [0])
    twice = noding.node(ways(ACROSS, ACROSS), 1.0)
    assert len(twice.lines) == 2
    speck = noding.node(ways([(0.0, 0.0), (0.000001, 0.0)], ACROSS), 1.0)
    assert (len(speck.lines), speck.collapsed) == (1, 1)
    nothing = noding.node(ways([(0.0, 0.0), (0.0, 0.0)]), 1.0)
    assert (len(nothing.lines), nothing.collapsed) == (0, 1)


def some_lines(seed: int) -> Ways:
    """Lines between a few places, some of them shared, some beside others."""
    rng = np.random.default_rng(seed)
    spots = rng.uniform(0, 3, (8, 2)) + rng.choice([0, 3e-6], (8, 1))
    lines = [
        [tuple(spots[n]) for n in rng.choice(8, int(rng.integers(2, 5)), replace=False)]
        for _ in range(int(rng.integers(1, 9)))
    ]
    return ways(
        *lines,
        layer=rng.choice([0, 0, 0, 1], len(lines)),
        by_node=rng.random(len(lines)) < 0.3,
    )


@examples(max_examples=80)
@given(st.integers(0, 10**6), st.booleans())
def test_noding_twice_is_noding_once_and_keeps_the_length(seed: int, join: bool):
    one = some_lines(seed)
    # Of two junctions above each other the second time one would be made.
    one = Ways(one.lines, one.layer * 0, one.by_node, one.batch)
    found = noding.node(one, 1.0, join_crossings=join)
    drawn, kept = measure(one.lines), measure(found.lines)
    by_way = np.bincount(found.way, weights=kept, minlength=len(drawn))
    np.testing.assert_allclose(by_way, drawn, atol=8.0)
    assert (kept > 0).all()
    ends = shapely.get_coordinates(shapely.get_point(found.lines, 0))
    assert np.array_equal(ends, found.nodes[found.source])
    ends = shapely.get_coordinates(shapely.get_point(found.lines, -1))
    assert np.array_equal(ends, found.nodes[found.target])
    noded = np.zeros(len(found.lines), dtype=np.int64)
    cut = one.pick(found.way)
    again = noding.node(Ways(found.lines, cut.layer, cut.by_node, noded), 1.0)
    assert len(again.lines) == len(found.lines)
    assert parts(again) == parts(found)


@examples(max_examples=40)
@given(st.integers(0, 10**6))
def test_the_order_of_ways_does_not_matter(seed: int):
    one = some_lines(seed)
    turned = one.pick(np.arange(len(one.lines))[::-1])
    here, there = (noding.node(each, 0.0, join_crossings=True) for each in (one, turned))
    assert sorted(map(tuple, here.nodes)) == sorted(map(tuple, there.nodes))
    assert parts(here) == parts(there)
    assert len(here.crossings) == len(there.crossings)


def test_what_was_joined_before_is_left_as_it_is():
    """A speck between two junctions stays; a new end beside it meets it all the same."""
    near = 0.5 / 95_000 / STEP
    stay = ways([(0, 0), (1, 0)], [(1, 0), (1 + near, 0)], [(1 + near, 0), (2, 0)], UP)
    stay = Ways(stay.lines, stay.layer, stay.by_node, np.zeros(4, dtype=np.int64))
    again = noding.node(stay, 1.0, join_crossings=True)
    assert (len(again.lines), again.joined, len(again.crossings)) == (4, 0, 0)
    osm = ways([(0.5, 0.000004), (0.5, 1.0)], by_node=True)
    both = Ways(
        np.concatenate([stay.lines, osm.lines]),
        np.zeros(5, dtype=np.int64),
        np.array([False] * 4 + [True]),
        np.array([0, 0, 0, 0, -1]),
    )
    found = noding.node(both, 1.0)
    assert (len(found.lines), found.joined) == (6, 1)


def with_nodes(one: Ways, *nodes: list[int]) -> Ways:
    return Ways(one.lines, one.layer, one.by_node, one.batch, np.concatenate(nodes))


def test_a_line_without_nodes_meets_the_lower_of_two_nodes_at_one_place():
    for layers, nodes in (([1, 0], ([1, 2, 3], [4, 5, 6])), ([0, 1], ([1, 5, 3], [4, 2, 6]))):
        osm = with_nodes(
            ways(UP_WITH_CORNER, ACROSS_WITH_CORNER, layer=layers, by_node=True), *nodes
        )
        ground = layers.index(0)
        lane = ways([(1.0, 0.0), (2.0, 1.0)])
        both = Ways(
            np.concatenate([osm.lines, lane.lines]),
            np.concatenate([osm.layer, lane.layer]),
            np.array([True, True, False]),
            np.full(3, -1),
            np.append(osm.nodes, [floors.NO_NODE] * 2),
        )
        found = noding.node(both, 1.0)
        assert sorted(found.way.tolist()) == sorted([ground, ground, 1 - ground, 2])
        assert parts(found) == 2
        again = noding.node(both.pick(np.array([2, 1, 0])), 1.0)
        assert sorted(again.way.tolist()) == sorted([2 - ground, 2 - ground, 1 + ground, 0])


def test_nodes_that_follow_each_other_at_one_place_are_one():
    stem = [(1.0, 0.0), (1.0, 1.0)]
    one = ways([(0.0, 0.0), (1.0, 0.0), (1.0, 0.0), (2.0, 0.0)], stem, stem[::-1], by_node=True)
    found = noding.node(with_nodes(one, [1, 2, 3, 4], [2, 5], [5, 3]), 1.0)
    assert (parts(found), len(found.nodes)) == (1, 4)


def test_a_node_stays_where_it_is_when_an_end_beside_it_is_joined():
    """Else ways on another layer that go through it would meet it no more, as steps to a bridge."""
    near = 0.5 / 95_000 / STEP
    osm = ways(ACROSS_WITH_CORNER, [(1.0, 0.0), (1.0, 1.0)], by_node=True)
    # As many ends as the node has, and further west.
    other = ways([(1.0 - near, 0.0), (1.0, -1.0)])
    both = Ways(
        np.concatenate([osm.lines, other.lines]),
        np.array([1, 0, 0]),
        np.array([True, True, False]),
        np.full(3, -1),
    )
    found = noding.node(both, 1.0)
    assert (parts(found), len(found.nodes), len(found.lines)) == (1, 5, 4)
    assert (116.301, 31.4) in map(tuple, found.nodes)
