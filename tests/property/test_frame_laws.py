"""What holds for every point of the coordinate frames."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata import frames

WEST, SOUTH, EAST, NORTH = frames.CHINA
# The frames jump at the rim of the box: a point that leaves it has no way back.
INSIDE = st.tuples(
    st.floats(WEST + 0.1, EAST - 0.1, width=64), st.floats(SOUTH + 0.1, NORTH - 0.1, width=64)
)
ANYWHERE = st.tuples(st.floats(-180, 180), st.floats(-90, 90))


@pytest.mark.parametrize(
    ("there", "back"),
    [
        (frames.wgs84_to_gcj02, frames.gcj02_to_wgs84),
        (frames.gcj02_to_bd09, frames.bd09_to_gcj02),
        (frames.wgs84_to_bd09, frames.bd09_to_wgs84),
    ],
)
@given(points=st.lists(INSIDE, max_size=20))
def test_there_and_back_is_the_same_place(there, back, points: list[tuple[float, float]]) -> None:
    xy = np.array(points, dtype=float).reshape(-1, 2)
    np.testing.assert_allclose(back(there(xy)), xy, rtol=0, atol=1e-9)
    np.testing.assert_allclose(there(back(xy)), xy, rtol=0, atol=1e-9)


@given(point=ANYWHERE)
def test_the_shift_never_exceeds_what_is_known(point: tuple[float, float]) -> None:
    moved = np.abs(frames.wgs84_to_gcj02(point) - point)
    assert moved[1] < 0.015
    assert moved[0] < 0.025


@given(point=ANYWHERE)
def test_a_point_moves_alone_as_it_moves_in_company(point: tuple[float, float]) -> None:
    company = np.array([(0.0, 0.0), point, (116.35, 31.41)])
    np.testing.assert_array_equal(frames.wgs84_to_bd09(company)[1], frames.wgs84_to_bd09(point))


@given(point=ANYWHERE)
def test_the_storage_grid_is_a_fixed_point_within_half_a_step(point: tuple[float, float]) -> None:
    once = frames.round_to_grid(point)
    np.testing.assert_array_equal(frames.round_to_grid(once), once)
    assert np.all(np.abs(once - point) <= 0.5000001 / frames.COORDINATE_SCALE)
    text = [f"{value:.7f}" for value in once]
    np.testing.assert_array_equal([float(value) for value in text], once)
