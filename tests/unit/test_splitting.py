"""Splitting a grid with holes: over an enclave, over several, beside one, and into one."""

from __future__ import annotations

from types import MappingProxyType

import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from shapely.geometry import MultiPolygon, Polygon

from geodata.errors import InvalidInputError
from geodata.partition import actions
from geodata.partition.ground import Ground, Piece
from tests.county import box, noded

COUNTY, TOWN, OTHER, AROUND, ENCLAVE, LEFT, RIGHT = 1, 10, 11, 20, 21, 30, 31
NEW = 99
SOUTH, NORTH = 31.39, 31.45


@pytest.fixture(scope="module")
def ground() -> Ground:
    """A town around an enclave of another one; in it a community with two compounds and a hole."""
    whole = box(116.30, 31.40, 116.34, 31.44)
    enclave = box(116.312, 31.412, 116.320, 31.420)
    second = box(116.326, 31.410, 116.332, 31.416)
    other = MultiPolygon([enclave, second])
    around = Polygon(whole.exterior, [enclave.exterior.coords, second.exterior.coords])
    return Ground(
        MappingProxyType({
            COUNTY: Piece("county", None, noded(whole)),
            TOWN: Piece("town", COUNTY, around),
            OTHER: Piece("town", COUNTY, other),
            AROUND: Piece("community", TOWN, around),
            ENCLAVE: Piece("community", OTHER, other),
            LEFT: Piece("compound", AROUND, box(116.302, 31.402, 116.308, 31.408)),
            RIGHT: Piece("compound", AROUND, box(116.334, 31.430, 116.338, 31.436)),
        })
    )  # fmt: skip


def parted(ground: Ground, line: list[tuple[float, float]]) -> Ground:
    after = actions.split(ground, AROUND, line, NEW)
    for id_ in (AROUND, NEW):
        assert shapely.is_valid(after[id_].shape)
        assert after[id_].shape.geom_type == "Polygon"
    whole = shapely.union(after[AROUND].shape, after[NEW].shape)
    # No ground is lost, none is had twice, and the enclave is as it was.
    assert shapely.area(shapely.symmetric_difference(whole, ground[AROUND].shape)) < 1e-10
    assert shapely.area(shapely.intersection(after[AROUND].shape, after[NEW].shape)) == 0
    assert shapely.equals(shapely.normalize(after[ENCLAVE].shape), ground[ENCLAVE].shape)
    return after


def latitudes(ground: Ground, id_: int) -> set[float]:
    return {float(each) for each in shapely.get_coordinates(ground[id_].shape)[:, 1]}


def holes(ground: Ground, id_: int) -> int:
    return len(shapely.get_rings(ground[id_].shape)) - 1


def test_a_line_over_an_enclave_divides_the_grid_around_it(ground: Ground) -> None:
    after = parted(ground, [(116.316, SOUTH), (116.316, NORTH)])
    assert after[LEFT].parent != after[RIGHT].parent
    # The second hole lies in one part; the first has become a bay of both.
    assert sorted(holes(after, id_) for id_ in (AROUND, NEW)) == [0, 1]
    # Where the line meets the enclave, both parts and the enclave have the same corner.
    shared = [latitudes(after, i) for i in (AROUND, NEW, ENCLAVE)]
    assert {31.412, 31.420} <= shared[0] & shared[1] & shared[2]
    merged = actions.merge(after, AROUND, NEW)
    assert shapely.area(merged[AROUND].shape) == pytest.approx(shapely.area(ground[AROUND].shape))


def test_a_line_over_both_holes_divides_it(ground: Ground) -> None:
    after = parted(ground, [(116.29, 31.414), (116.35, 31.414)])
    assert [holes(after, id_) for id_ in (AROUND, NEW)] == [0, 0]


@pytest.mark.parametrize("x", [116.312, 116.320])
def test_a_line_along_the_edge_of_a_hole_divides_it(ground: Ground, x: float) -> None:
    parted(ground, [(x, SOUTH), (x, NORTH)])


def test_a_line_through_a_corner_of_a_hole_divides_it(ground: Ground) -> None:
    parted(ground, [(116.302, 31.45), (116.322, 31.39)])
    parted(ground, [(116.29, 31.412), (116.312, 31.412), (116.312, SOUTH)])


@pytest.mark.parametrize(
    "line",
    [
        [(116.316, SOUTH), (116.316, 31.416)],
        [(116.316, 31.416), (116.316, NORTH)],
        [(116.316, 31.416), (116.329, 31.413)],
    ],
)
def test_a_line_that_ends_in_a_hole_names_it_and_the_tool_that_can(
    ground: Ground, line: list[tuple[float, float]]
) -> None:
    with pytest.raises(InvalidInputError, match=r"ends in a hole .*Cut an area out"):
        actions.split(ground, AROUND, line, NEW)


@given(st.floats(116.301, 116.339), st.floats(116.301, 116.339), st.booleans())
def test_any_line_from_border_to_border_divides_it_or_says_why_not(
    ground: Ground, one: float, other: float, is_level: bool
) -> None:
    line = [(one, SOUTH), (other, NORTH)]
    if is_level:
        line = [(116.29, one - 84.9), (116.35, other - 84.9)]
    # The compounds are in nobody's way here.
    bare = Ground(
        MappingProxyType({i: p for i, p in ground.pieces.items() if i not in (LEFT, RIGHT)})
    )
    parted(bare, line)
