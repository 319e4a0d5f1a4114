"""Grids as of a day: finding them by place, number and name."""

from __future__ import annotations

from datetime import date

import pytest
from county import BEGIN, TODAY, box, build

from geodata.errors import AbsentError, NotFoundError
from geodata.grids import reading as grids
from geodata.grids import searching
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.model import Point


@pytest.fixture
def county(conn):
    return build(conn)


def test_a_click_in_a_compound_finds_the_whole_path(conn, county):
    found = grids.locate(conn, Point(116.305, 31.405), TODAY)
    assert [ref.level for ref in found.path] == ["county", "town", "community", "compound"]
    assert found.path[-1].grid_id == county.compounds[0]
    assert not found.in_territory_gap


def test_a_click_between_compounds_is_in_a_territory_gap(conn, county):
    found = grids.locate(conn, Point(116.3005, 31.4005), TODAY)
    assert found.path[-1].grid_id == county.communities[0]
    assert found.in_territory_gap


def test_a_click_outside_finds_nothing(conn, county):
    found = grids.locate(conn, Point(0, 0), TODAY)
    assert found.path == ()
    assert found.boundary_m is None


def test_the_boundary_is_as_far_as_the_ellipsoid_says(conn, county):
    # 0.0005 degrees of longitude at 31.41 N are 47.55 m on WGS 84.
    found = grids.locate(conn, Point(116.3195, 31.4105), TODAY)
    assert found.boundary_m == pytest.approx(47.55, abs=0.1)
    assert found.beyond is not None
    assert found.beyond.grid_id == county.communities[2]


def test_on_a_shared_edge_one_grid_is_named_per_level(conn, county):
    found = grids.locate(conn, Point(116.32, 31.41), TODAY)
    assert [ref.level for ref in found.path] == ["county", "town", "community"]


def test_a_grid_tells_its_path_gap_and_children(conn, county):
    town = grids.get(conn, county.towns[0], TODAY)
    assert [ref.name for ref in town.path] == ["霍山县"]
    assert town.children == 2
    compounds_m2 = sum(grids.get(conn, c, TODAY).area_m2 for c in county.compounds[:4])
    assert town.territory_gap_m2 == pytest.approx(town.area_m2 - compounds_m2)
    assert grids.get(conn, county.compounds[0], TODAY).territory_gap_m2 is None


def test_a_grid_is_what_it_was_on_the_day(conn, county):
    change = date(2026, 1, 1)
    shape = box(116.302, 31.402, 116.306, 31.408)
    version = NewVersion(
        county.compounds[0], "新名小区", "341525100001001", county.communities[0], 90, None, shape
    )
    boundaries.insert_versions(conn, "compound", [version], valid_from=change, source="tests")
    before = grids.get(conn, county.compounds[0], date(2025, 12, 31))
    after = grids.get(conn, county.compounds[0], change)
    assert (before.name, before.valid_until) == ("城南社区甲小区", change)
    assert (after.name, after.valid_from, after.version_count) == ("新名小区", change, 2)
    assert after.area_m2 < before.area_m2
    # The eastern part was given up: the same place, two answers.
    place = Point(116.307, 31.405)
    assert grids.locate(conn, place, date(2025, 12, 31)).path[-1].level == "compound"
    assert grids.locate(conn, place, change).in_territory_gap


def test_before_the_first_version_there_is_nothing(conn, county):
    with pytest.raises(AbsentError) as caught:
        grids.get(conn, county.county, date(BEGIN.year - 1, 1, 1))
    assert caught.value.data["name"] == "霍山县"
    assert (caught.value.data["first"], caught.value.data["last"]) == (BEGIN, None)
    assert grids.find_county(conn, date(BEGIN.year - 1, 1, 1)) is None


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("衡山", "衡山镇"),
        ("hengshan", "衡山镇"),
        ("hsz", "衡山镇"),
        ("341525101", "佛子岭镇"),
        ("HSZ ", "衡山镇"),
        ("heng shan zhen", "衡山镇"),
        ("衡 山", "衡山镇"),
        # As an input method leaves full-width letters.
        ("ＨＳＺ", "衡山镇"),
    ],
)
def test_search_knows_name_pinyin_initials_and_code(conn, county, query, expected):
    assert searching.find(conn, query, TODAY)[0].title == expected


@pytest.mark.parametrize("query", ["%", "_", "\\", "'; DROP TABLE grid; --", ""])
def test_search_takes_wildcards_and_quotes_as_letters(conn, county, query):
    assert searching.find(conn, query, TODAY) == []


def test_children_are_in_the_order_of_their_codes(conn, county):
    rows = grids.list_children(conn, county.county, TODAY)
    assert [row.ref.code for row in rows] == ["341525100", "341525101"]
    assert {row.state for row in rows} == {"vacant"}


def test_a_grid_that_never_was_is_not_one_that_was_not_then(conn, county):
    with pytest.raises(NotFoundError) as caught:
        grids.get(conn, 999_999, TODAY)
    assert not isinstance(caught.value, AbsentError)
