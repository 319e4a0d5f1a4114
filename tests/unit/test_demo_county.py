"""The demo county before it meets a database: equal from run to run, organic, whole."""

from __future__ import annotations

import numpy as np
import pytest
import shapely

from geodata.demo import compound_frame
from geodata.demo.buildings import raise_buildings
from geodata.demo.county import County, build
from geodata.demo.people import impossible_phone
from geodata.demo.roads import lay_roads
from geodata.partition.simplify import simplify_level
from geodata.roads.network import find_parts
from geodata.roads.snapping import Ground

SIZE, SEED = 200, 7


@pytest.fixture(scope="module")
def county() -> County:
    return build(SIZE, SEED)


def test_equal_seeds_give_equal_bytes(county: County):
    again = build(SIZE, SEED)
    for one, other in (
        (county.compounds, again.compounds),
        (county.now.communities, again.now.communities),
        (county.before.towns, again.before.towns),
    ):
        assert shapely.to_wkb(one).tolist() == shapely.to_wkb(other).tolist()
    assert county.now.compound_codes == again.now.compound_codes
    assert county.now.compound_names == again.now.compound_names
    first, second = raise_buildings(county, SEED), raise_buildings(again, SEED)
    assert first.places.tobytes() == second.places.tobytes()
    assert first.names == second.names


def test_another_seed_gives_another_county(county: County):
    other = build(SIZE, SEED + 1)
    assert not shapely.equals_exact(other.now.county[0], county.now.county[0])


def test_every_polygon_is_valid_and_on_the_coordinate_grid(county: County):
    for shapes in (county.compounds, county.now.communities, county.now.towns, county.now.county):
        assert shapely.is_valid(shapes).all()
        xy = shapely.get_coordinates(shapes)
        assert (xy == np.round(xy * 1e7) / 1e7).all()


def test_siblings_form_a_coverage(county: County):
    for shapes in (county.compounds, county.now.communities, county.now.towns):
        assert shapely.coverage_is_valid(shapes)


def test_simplified_in_pieces_it_is_the_county_simplified_whole(county: County):
    whole = simplify_level("compound", county.compounds)
    pieces = simplify_level("compound", county.compounds, at_once=SIZE // 8)
    for (_, one), (_, other) in zip(whole, pieces, strict=True):
        assert shapely.to_wkb(one).tolist() == shapely.to_wkb(other).tolist()


def test_every_vertex_of_a_parent_is_a_childs(county: County):
    def corners(shapes: np.ndarray) -> set[tuple[float, float]]:
        return {(x, y) for x, y in shapely.get_coordinates(shapes)}

    assert corners(county.now.county) <= corners(county.now.towns)
    assert corners(county.now.towns) <= corners(county.now.communities)


def test_the_area_is_the_real_countys(county: County):
    square = shapely.transform(county.now.county, lambda xy: xy * [95_093.0, 110_876.0])
    assert shapely.area(square)[0] == pytest.approx(2_045e6, rel=0.01)
    centre = shapely.centroid(county.now.county[0])
    assert (centre.x, centre.y) == (pytest.approx(116.35, abs=0.01), pytest.approx(31.41, abs=0.01))


def test_households_of_a_compound_are_those_of_its_buildings(county: County):
    buildings = raise_buildings(county, SEED)
    inside = buildings.compound >= 0
    sums = np.bincount(buildings.compound[inside], weights=buildings.households[inside])
    assert (sums == county.households).all()
    assert buildings.households.min() >= 1


def test_codes_and_names_tell_grids_apart(county: County):
    for era in (county.before, county.now):
        codes = [code for code in era.compound_codes if code]
        assert len(set(codes)) == len(codes)
        assert all(len(code) == 15 for code in codes)
        named = {
            (parent, name)
            for parent, name in zip(era.community_of, era.compound_names, strict=True)
        }
        assert len(named) == SIZE


def test_the_frame_holds_what_benchmarks_need():
    frame = compound_frame(100, 3)
    assert list(frame.columns) == ["code", "name", "parent_code", "households", "geometry"]
    assert len(frame) == 100
    assert frame.crs == 4326
    assert frame.code.is_unique
    assert (frame.code.str[:12] == frame.parent_code).all()


def test_no_telephone_has_the_numbers():
    numbers = {impossible_phone(place) for place in range(30_000)}
    assert len(numbers) == 30_000
    # In China subscriber numbers start with 1 to 9, trunk calls with one 0, foreign ones with two.
    assert all(number.startswith("000-") for number in numbers)


def test_roads_join_every_house_and_are_the_same_again(county: County):
    buildings = raise_buildings(county, SEED)
    network, efforts, _ = lay_roads(county, buildings, SEED)
    again, _, _ = lay_roads(county, buildings, SEED)
    assert shapely.to_wkb(network.lines).tolist() == shapely.to_wkb(again.lines).tolist()
    assert np.array_equal(network.forward_m, again.forward_m)
    parts = find_parts(network)
    assert not parts.is_island.any()
    found = Ground(network).snap(buildings.places, 50.0)
    assert found.is_reached.all()
    # Over mountains, but not up a wall.
    assert 1.0 < (network.forward_m / network.length_m).max() < 5.0
    assert efforts.climb_m.sum() > 1000.0
