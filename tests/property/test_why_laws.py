"""What holds for ground in reach and out of it."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import settings as examples
from hypothesis import strategies as st

from geodata.coverage.explaining import gaps
from geodata.coverage.judging import nearest
from geodata.coverage.judging.people import BUILDING, People
from geodata.coverage.judging.ways import Ways
from geodata.coverage.standards.model import Kind, Standard
from geodata.roads import service_areas
from geodata.roads.network import Network, measure

STANDARD = Standard(400, "m", 1.3, None, 1)
KIND = Kind("x", "x", "x", STANDARD, replace(STANDARD, reach=250), True, (), ())
SQUARE = shapely.box(116.30, 31.40, 116.31, 31.41)


def dots(seed: int, count: int) -> np.ndarray:
    return np.random.default_rng(seed).uniform((116.30, 31.40), (116.31, 31.41), (count, 2))


def network(seed: int) -> Network:
    """A few straight roads that cross the square and meet where they end."""
    nodes = dots(seed, 6)
    source, target = np.array([0, 1, 2, 3, 0, 4]), np.array([1, 2, 3, 4, 3, 5])
    lines = np.array(
        [shapely.LineString([nodes[a], nodes[b]]) for a, b in zip(source, target, strict=True)],
        dtype=object,
    )
    length_m = measure(lines)
    return Network(nodes, source, target, length_m, length_m, length_m, lines)


@given(st.integers(0, 2**31), st.integers(1, 40))
@examples(max_examples=40)
def test_whoever_is_out_of_reach_stands_on_the_ground_and_nobody_else(seed: int, count: int):
    rng = np.random.default_rng([seed, 7])
    lon_lat = dots(seed, count)
    unreached = rng.random(count) < 0.5
    # Any ground at all: what the roads told may be wrong for every single building.
    blobs = [service_areas.circle(each, float(rng.uniform(20, 300))) for each in dots(seed + 1, 4)]
    free = shapely.intersection(SQUARE, shapely.union_all(blobs))
    found = gaps.fit_to_buildings(SQUARE, free, lon_lat, unreached)
    assert shapely.covers(found, shapely.points(lon_lat)).tolist() == unreached.tolist()
    assert shapely.covers(shapely.buffer(SQUARE, 1e-9), found)


@given(st.integers(0, 2**31))
@examples(max_examples=40)
def test_ground_in_reach_is_where_homes_are_judged_to_be_in_reach(seed: int):
    """But for those near the border: between two roads it is drawn to half a step."""
    roads = Ways(network(seed))
    places, homes = dots(seed + 1, 2), dots(seed + 2, 150)
    ground = roads.reach(places, STANDARD).over(SQUARE)
    # Those that no road comes near are measured straight.
    homes = homes[roads.find(homes).is_on_road]
    at, _, _ = roads.in_reach(
        roads.find(homes), np.zeros(len(homes), dtype=np.bool_), KIND, roads.find(places)
    )
    in_reach = np.isin(np.arange(len(homes)), at)
    inside = shapely.covers(ground, shapely.points(homes))
    border = shapely.distance(shapely.boundary(ground), shapely.points(homes))
    is_clear = border * 95_000 > 2 * service_areas.STEP_M
    if not ground.is_empty:
        assert (in_reach == inside)[is_clear].mean() > 0.98
        assert (in_reach == inside).mean() > 0.9


def test_without_roads_ground_in_reach_is_a_circle():
    place = np.array([[116.305, 31.405]])
    ground = Ways().reach(place, STANDARD).over(SQUARE)
    flat = shapely.transform(ground, lambda xy: xy * service_areas.metres_of_degree(31.405))
    assert flat.area == pytest.approx(np.pi * (400 / 1.3) ** 2, rel=2e-3)


@given(st.integers(0, 2**31), st.integers(0, 6), st.booleans())
@examples(max_examples=60)
def test_the_nearest_is_the_nearest_in_reach_else_beyond_it(seed: int, sites: int, by_road: bool):
    ways = Ways(network(seed)) if by_road else Ways()
    rng = np.random.default_rng([seed, 3])
    rows = np.zeros(30, dtype=BUILDING)
    rows["lon"], rows["lat"] = dots(seed + 1, 30).T
    rows["is_village"] = rng.random(30) < 0.5
    people, places = People(rows), dots(seed + 2, sites).reshape(-1, 2)
    near = ways.in_reach(ways.find(people.lon_lat), rows["is_village"], KIND, ways.find(places))
    found = nearest.find(people, KIND, near, places, ways)
    assert (found.facility >= 0).all() == (sites > 0)
    limit = np.where(rows["is_village"], KIND.village.reach, KIND.town.reach)
    in_reach = np.isin(np.arange(30), near[0])
    assert (found.way[in_reach] <= limit[in_reach]).all()
    # Straight it may be near, and far along the roads.
    is_far = found.by_road | np.array(not by_road)
    assert (found.way[~in_reach & is_far] > limit[~in_reach & is_far]).all()
    for number in np.flatnonzero(in_reach).tolist():
        assert found.way[number] == near[2][near[0] == number].min()
    if not by_road:
        assert not found.by_road.any()
