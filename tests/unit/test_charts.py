"""Lines over time: every share at its height, gaps where nothing is known, scales that hold all."""

from __future__ import annotations

import re
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from webmap.coverage import charts

BEGIN = date(2025, 1, 1)
SHARES = st.lists(st.none() | st.floats(0, 1), min_size=1, max_size=30)


def values(*shares: float | None) -> list[charts.Value]:
    return [(BEGIN + timedelta(days=30 * number), share) for number, share in enumerate(shares)]


def test_a_line_goes_through_its_shares():
    chart = charts.draw(values(0.5, 0.6, 0.7), 108, 108)
    assert chart.path == "M4 104L54 54L104 4"
    assert [round(share, 2) for _, share in chart.levels] == [0.5, 0.55, 0.6, 0.65, 0.7]
    assert [y for y, _ in chart.levels] == [104, 79, 54, 29, 4]
    assert [(dot.x, dot.y, dot.share) for dot in chart.dots] == [
        (4, 104, 0.5), (54, 54, 0.6), (104, 4, 0.7),
    ]  # fmt: skip


def test_the_line_is_lifted_where_nothing_is_known():
    chart = charts.draw(values(0.2, 0.3, None, 0.4, None), 100, 40)
    assert re.findall("[ML]", chart.path) == ["M", "L", "M"]
    # The days keep their places.
    assert [dot.x for dot in chart.dots] == [4, 27, 73]


def test_what_hardly_moves_looks_so():
    chart = charts.draw(values(0.50, 0.51), 100, 108)
    assert abs(chart.dots[0].y - chart.dots[1].y) < 6


@pytest.mark.parametrize("shares", [(), (None, None), (0.4,)])
def test_nothing_or_a_single_day_is_no_fault(shares):
    chart = charts.draw(values(*shares), 100, 40)
    assert len(chart.dots) == len([share for share in shares if share is not None])
    assert len(chart.levels) > 1


@given(SHARES)
def test_all_lies_within_the_picture_and_higher_is_more(shares):
    chart = charts.draw(values(*shares), 120, 60, margins=(5, 6, 7, 8))
    assert len(chart.dots) == sum(share is not None for share in shares)
    for dot in chart.dots:
        assert 8 <= dot.x <= 114
        assert 5 <= dot.y <= 53
    for one, other in zip(chart.dots, chart.dots[1:], strict=False):
        assert one.x < other.x
        assert (one.share - other.share) * (one.y - other.y) <= 1e-9
    assert len(chart.levels) <= 8
    levels: list[Any] = list(chart.levels)
    low, high = levels[0][1], levels[-1][1]
    assert 0 <= low < high <= 1 + 1e-9
    assert all(low - 1e-6 <= dot.share <= high + 1e-6 for dot in chart.dots)
