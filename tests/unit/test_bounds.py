"""Boxes: how far they grow, and how a statement takes them."""

from __future__ import annotations

import pytest
from pyproj import Geod

from geodata.model import ANYWHERE, Bounds

GEOD = Geod(ellps="WGS84")


@pytest.mark.parametrize("south", [-60.0, -1.0, 0.0, 31.4, 60.0])
@pytest.mark.parametrize("by_m", [1.0, 500.0, 20_000.0])
def test_a_box_grows_by_no_less_than_a_length_on_all_sides(south: float, by_m: float) -> None:
    box = Bounds(116.0, south, 116.1, south + 0.1)
    grown = box.grown(by_m)
    # A degree of longitude at the equator is 111,319.5 m, taken as half a metre more.
    least = by_m * (1 - 1e-5)
    for lat in (box.south, box.north):
        assert least <= GEOD.inv(grown.west, lat, box.west, lat)[2] < 1.03 * by_m
        assert least <= GEOD.inv(grown.east, lat, box.east, lat)[2] < 1.03 * by_m
    assert least <= GEOD.inv(116.0, grown.south, 116.0, box.south)[2] < 1.03 * by_m
    assert least <= GEOD.inv(116.0, grown.north, 116.0, box.north)[2] < 1.03 * by_m


def test_a_statement_names_the_sides_of_a_box_or_of_none() -> None:
    box = Bounds(1.0, 2.0, 3.0, 4.0)
    assert box.params() == {"west": 1.0, "south": 2.0, "east": 3.0, "north": 4.0}
    assert list(ANYWHERE) == list(box.params())
