"""Dividing by households, on grids where one can tell the border beforehand."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon

from geodata.errors import InvalidInputError
from geodata.partition import actions
from geodata.partition.dividing import divide
from geodata.partition.ground import Ground, Piece, Shape
from tests.county import box, noded

SQUARE = box(116.30, 31.40, 116.32, 31.42)
QUARTERS = [(116.305, 31.405), (116.315, 31.405), (116.305, 31.415), (116.315, 31.415)]
TOWN, SOUTH, NORTH, HOMES = 1, 10, 11, 20
NEW = 99


def sums(parts: Sequence[Shape], points: np.ndarray, weights: np.ndarray) -> list[float]:
    return [float(weights[shapely.contains_xy(part, points)].sum()) for part in parts]


def lattice(west: float, south: float, east: float, north: float, side: int) -> np.ndarray:
    """Return side * side buildings, none on a border."""
    x = west + (east - west) * (np.arange(side) + 0.5) / side
    y = south + (north - south) * (np.arange(side) + 0.5) / side
    return np.array(np.meshgrid(x, y)).reshape(2, -1).T


def test_the_border_runs_in_the_middle_between_buildings() -> None:
    one, other = divide(SQUARE, QUARTERS, [1, 1, 1, 1], 2)
    # A degree of longitude is the shorter one: the shortest border runs from west to east.
    ends = {(116.30, 31.41), (116.32, 31.41)}
    assert {tuple(each) for each in shapely.get_coordinates(one)} & {
        tuple(each) for each in shapely.get_coordinates(other)
    } == ends
    assert {one.normalize().wkb, other.normalize().wkb} == {
        box(116.30, 31.40, 116.32, 31.41).normalize().wkb,
        box(116.30, 31.41, 116.32, 31.42).normalize().wkb,
    }


def test_a_block_outweighs_three_houses() -> None:
    points = np.array(QUARTERS)
    weights = np.array([30, 10, 10, 10])
    parts = divide(SQUARE, points, weights, 2)
    assert sorted(sums(parts, points, weights)) == [30, 30]


def test_each_building_gets_its_cell_where_there_are_as_many_parts() -> None:
    parts = divide(SQUARE, QUARTERS, [5, 1, 1, 1], 4)
    holds = [[bool(shapely.contains_xy(part, *xy)) for xy in QUARTERS] for part in parts]
    assert [each.count(True) for each in holds] == [1, 1, 1, 1]
    assert shapely.area(shapely.union_all(parts)) == pytest.approx(SQUARE.area, rel=1e-12)


def test_what_lies_outside_or_twice_counts_once_or_not() -> None:
    points = [*QUARTERS, QUARTERS[0], (116.35, 31.41)]
    parts = divide(SQUARE, points, [1, 2, 1, 2, 1, 500], 2)
    inside = np.array(points[:4])
    assert sorted(sums(parts, inside, np.array([2, 2, 1, 2]))) == [3, 4]


def test_parts_of_a_bent_grid_are_in_one_piece() -> None:
    """A grid like a U: no straight cut through both arms leaves three pieces in one part."""
    bent = Polygon([
        (116.30, 31.40), (116.33, 31.40), (116.33, 31.43), (116.32, 31.43),
        (116.32, 31.41), (116.31, 31.41), (116.31, 31.43), (116.30, 31.43),
    ])  # fmt: skip
    points = lattice(116.30, 31.40, 116.33, 31.43, 30)
    points = points[shapely.contains_xy(bent, points)]
    weights = np.ones(len(points))
    for count in range(2, 9):
        parts = divide(bent, points, weights, count)
        assert [part.geom_type for part in parts] == ["Polygon"] * count
        found = np.array(sums(parts, points, weights))
        assert found.sum() == len(points)
        assert found.max() / found.mean() <= 1.05
        assert shapely.coverage_is_valid(parts)


def test_a_grid_with_a_hole_is_divided_around_it() -> None:
    ring = Polygon(SQUARE.exterior, [box(116.306, 31.406, 116.314, 31.414).exterior])
    points = lattice(116.30, 31.40, 116.32, 31.42, 20)
    points = points[shapely.contains_xy(ring, points)]
    parts = divide(ring, points, np.ones(len(points)), 3)
    assert [part.geom_type for part in parts] == ["Polygon"] * 3
    assert shapely.area(shapely.union_all(parts)) == pytest.approx(ring.area, rel=1e-9)


def test_what_cannot_be_divided_is_refused() -> None:
    with pytest.raises(InvalidInputError, match="too few buildings"):
        divide(SQUARE, QUARTERS, [1, 1, 0, 1], 4)
    with pytest.raises(InvalidInputError, match="2 to 50 parts"):
        divide(SQUARE, QUARTERS, [1, 1, 1, 1], 1)
    with pytest.raises(InvalidInputError, match="Every building"):
        divide(SQUARE, QUARTERS, [1, 1, 1], 2)
    with pytest.raises(InvalidInputError, match="Every building"):
        divide(SQUARE, QUARTERS, [1, 1, 1, float("nan")], 2)
    apart = shapely.union(SQUARE, box(116.34, 31.40, 116.35, 31.41))
    with pytest.raises(InvalidInputError, match="several pieces"):
        divide(apart, QUARTERS, [1, 1, 1, 1], 2)


@pytest.fixture
def ground() -> Ground:
    """A town of two communities; a compound at the border of the southern one with the town's."""
    south, north = SQUARE, box(116.30, 31.42, 116.32, 31.44)
    homes = box(116.30, 31.402, 116.306, 31.408)
    others = (south, north, homes)
    return Ground(
        MappingProxyType({
            TOWN: Piece("town", None, noded(box(116.30, 31.40, 116.32, 31.44), *others)),
            SOUTH: Piece("community", TOWN, noded(south, *others)),
            NORTH: Piece("community", TOWN, north),
            HOMES: Piece("compound", SOUTH, homes),
        })
    )  # fmt: skip


def test_what_surrounds_a_divided_grid_gets_its_corners(ground: Ground) -> None:
    points = lattice(116.30, 31.402, 116.306, 31.408, 4)
    after = actions.divide(ground, HOMES, points, np.ones(16), [NEW])
    assert after[NEW].level == "compound"
    assert after[NEW].parent == SOUTH
    assert shapely.union(after[HOMES].shape, after[NEW].shape).equals(ground[HOMES].shape)
    # The border leads to the town's own: the town and the community get its end.
    for id_ in (HOMES, NEW, SOUTH, TOWN):
        assert (116.30, 31.405) in set(map(tuple, shapely.get_coordinates(after[id_].shape)))
    assert actions.merge(after, HOMES, NEW)[HOMES].shape.equals(ground[HOMES].shape)


def test_borders_run_around_what_lies_in_the_grid(ground: Ground) -> None:
    points = lattice(116.30, 31.40, 116.32, 31.42, 10)
    low = points[:, 1] < 31.41
    # Without the compound the border of the western half would run through it.
    after = actions.divide(ground, SOUTH, points[low], np.ones(low.sum()), [NEW, NEW + 1])
    parts = [SOUTH, NEW, NEW + 1]
    [holder] = [id_ for id_ in parts if shapely.covers(after[id_].shape, after[HOMES].shape)]
    assert after[HOMES].parent == holder
    assert after[HOMES].shape.equals(ground[HOMES].shape)
    found = sums([after[id_].shape for id_ in parts], points[low], np.ones(low.sum()))
    assert sum(found) == 50
    assert max(found) <= 19


def test_a_level_that_fills_the_grid_is_divided_between_its_grids(ground: Ground) -> None:
    points = lattice(116.30, 31.40, 116.32, 31.44, 10)
    after = actions.divide(ground, TOWN, points, np.ones(100), [NEW])
    assert {after[SOUTH].parent, after[NORTH].parent} == {TOWN, NEW}
    for id_ in (SOUTH, NORTH):
        assert after[id_].shape.equals(after[after[id_].parent or 0].shape)
    with pytest.raises(InvalidInputError, match="too few"):
        actions.divide(ground, TOWN, points, np.ones(100), [NEW, NEW + 1])


def test_two_neighbours_get_equal_households(ground: Ground) -> None:
    points = np.vstack((
        lattice(116.30, 31.42, 116.32, 31.44, 10), lattice(116.30, 31.40, 116.32, 31.42, 10)
    ))  # fmt: skip
    weights = np.repeat([3.0, 1.0], 100)
    after = actions.balance(ground, SOUTH, NORTH, points, weights)
    # 400 households: the border moves north, to the middle between two rows of 30 households.
    found = sums([after[SOUTH].shape, after[NORTH].shape], points, weights)
    assert sum(found) == 400
    assert max(found) <= 210
    assert after[SOUTH].shape.area > ground[SOUTH].shape.area
    assert after[HOMES].parent == SOUTH
    assert shapely.covers(after[SOUTH].shape, ground[SOUTH].shape.buffer(-1e-6))
    assert shapely.union(after[SOUTH].shape, after[NORTH].shape).equals(ground[TOWN].shape)
    with pytest.raises(InvalidInputError, match="the same one"):
        actions.balance(ground, SOUTH, HOMES, points, weights)


def test_slivers_go_to_the_longest_neighbour(ground: Ground) -> None:
    """A gap of half a metre in the east of a compound, ground of two covered in the north of it."""
    east, above = 21, 22
    sliced = ground.with_pieces({
        # A gap 0.5 m wide that the compound in the north closes and one in the south.
        east: Piece("compound", SOUTH, box(116.306005, 31.402, 116.31, 31.408)),
        above: Piece("compound", SOUTH, box(116.30, 31.407997, 116.312, 31.41)),
        23: Piece("compound", SOUTH, box(116.301, 31.401, 116.312, 31.402)),
    })  # fmt: skip
    after = actions.close_slivers(sliced, SOUTH)
    level = [after[id_].shape for id_ in (HOMES, east, above, 23)]
    assert shapely.coverage_is_valid(level)
    whole = shapely.union_all(level)
    assert isinstance(whole, Polygon)
    assert len(whole.interiors) == 0
    # All in all no ground was covered that was not before, and the gap is closed.
    gap = box(116.306, 31.402, 116.306005, 31.407997)
    before = shapely.union_all([sliced[id_].shape for id_ in (HOMES, east, above, 23)])
    assert whole.area == pytest.approx(before.area + gap.area, rel=1e-9)
    # Nothing is left to do.
    assert actions.close_slivers(after, SOUTH) is after
    assert actions.close_slivers(ground, SOUTH) is ground


def test_territory_and_wide_overlaps_are_no_slivers(ground: Ground) -> None:
    wide = ground.with_pieces({
        21: Piece("compound", SOUTH, box(116.305, 31.402, 116.31, 31.408)),
    })  # fmt: skip
    assert actions.close_slivers(wide, SOUTH) is wide
