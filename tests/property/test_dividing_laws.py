"""Laws of dividing: the parts fill the grid, each in one piece, with as many households."""

from __future__ import annotations

from collections.abc import Sequence
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from shapely.geometry import Polygon

from geodata.errors import InvalidInputError
from geodata.frames import round_to_grid
from geodata.partition import actions
from geodata.partition.dividing import divide
from geodata.partition.ground import Ground, Piece, Shape
from geodata.partition.noding import STEP

QUICK = settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
GRID, OTHER, WHOLE, NEW = 1, 2, 3, 100


def star(rng: np.random.Generator, corners: int, dented: float) -> Polygon:
    """Return a grid of one piece whose border goes in and out."""
    angles = np.sort(rng.uniform(0, 2 * np.pi, corners))
    reach = 0.01 * rng.uniform(1 - dented, 1, corners)
    ring = np.column_stack((np.cos(angles), np.sin(angles))) * reach[:, None] + (116.3, 31.4)
    return Polygon(round_to_grid(ring))


@st.composite
def settlements(draw: st.DrawFn) -> tuple[Polygon, np.ndarray, np.ndarray, int]:
    """Return a grid, its buildings in clusters, their households and a number of parts."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    shape = star(rng, draw(st.integers(4, 40)), draw(st.floats(0, 0.9)))
    assume(shape.is_valid and shape.area > 1e-6)
    centres = rng.normal((116.3, 31.4), 0.005, (draw(st.integers(1, 6)), 2))
    spread = draw(st.floats(1e-4, 1e-2))
    points = rng.choice(centres, draw(st.integers(20, 400))) + rng.normal(0, spread, 2)
    points = points + rng.normal(0, spread, points.shape)
    weights = rng.integers(0, draw(st.sampled_from([2, 10, 60])), len(points))
    return shape, points, weights.astype(float), draw(st.integers(2, 7))


def households(parts: Sequence[Shape], points: np.ndarray, weights: np.ndarray) -> np.ndarray:
    stored = round_to_grid(points)
    return np.array([weights[shapely.intersects_xy(part, stored)].sum() for part in parts])


@given(settlements())
@QUICK
def test_parts_fill_the_grid_and_share_their_edges(
    case: tuple[Polygon, np.ndarray, np.ndarray, int],
) -> None:
    shape, points, weights, count = case
    try:
        parts = divide(shape, points, weights, count)
    except InvalidInputError:
        inside = shapely.contains_xy(shape, points) & (weights > 0)
        assert len(np.unique(round_to_grid(points[inside]), axis=0)) < 3 * count
        return
    assert [part.geom_type for part in parts] == ["Polygon"] * count
    assert shapely.is_valid(parts).all()
    assert shapely.coverage_is_valid(parts)
    xy = shapely.get_coordinates(parts)
    assert (xy == round_to_grid(xy)).all()
    whole = shapely.union_all(parts)
    # New corners on the outer border stand on the storage grid, at most a step beside it.
    beside = shapely.area(shapely.symmetric_difference(whole, shape))
    assert beside <= shapely.length(shape) * STEP
    again = divide(shape, points, weights, count)
    assert [part.wkb for part in again] == [part.wkb for part in parts]


@given(settlements())
@QUICK
def test_households_are_spread_evenly(case: tuple[Polygon, np.ndarray, np.ndarray, int]) -> None:
    shape, points, weights, count = case
    inside = shapely.contains_xy(shape, points) & (weights > 0)
    points, weights = points[inside], weights[inside]
    # Enough buildings for each part that none weighs much.
    count = min(count, len(points) // 20)
    assume(count >= 2)
    parts = divide(shape, points, weights, count)
    found = households(parts, points, weights)
    assert found.sum() == weights.sum()
    assert found.max() <= 1.01 * found.mean() + weights.max()


@given(settlements(), st.integers(0, 2**32 - 1))
@QUICK
def test_what_is_around_keeps_the_law(
    case: tuple[Polygon, np.ndarray, np.ndarray, int], seed: int
) -> None:
    """A grid beside another one in a third: divided, then two of the parts evened out."""
    shape, points, weights, count = case
    whole = shapely.box(116.28, 31.38, 116.32, 31.42)
    rest: Any = shapely.difference(whole, shape)
    ground = Ground(MappingProxyType({
        WHOLE: Piece("town", None, Polygon(round_to_grid(whole.exterior.coords))),
        GRID: Piece("community", WHOLE, shape),
        OTHER: Piece("community", WHOLE, rest),
    }))  # fmt: skip
    ids = [NEW + number for number in range(1, count)]
    try:
        after = actions.divide(ground, GRID, points, weights, ids)
    except InvalidInputError:
        return
    check(after)
    rng = np.random.default_rng(seed)
    one, other = rng.choice([GRID, *ids], 2, replace=False)
    try:
        check(actions.balance(after, int(one), int(other), points, weights))
    except InvalidInputError:
        return


def check(ground: Ground) -> None:
    level = [piece.shape for piece in ground.pieces.values() if piece.level == "community"]
    assert shapely.coverage_is_valid(level)
    assert shapely.union_all(level).equals(ground[WHOLE].shape)
