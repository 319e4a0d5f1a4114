"""Places as an official lists them."""

from __future__ import annotations

import pytest

from geodata.errors import InvalidInputError
from geodata.model import Point
from geodata.scenarios import places


def test_places_are_read_line_by_line() -> None:
    text = "116.333, 31.402\n\n116.34，31.41 老粮站\n116.35\t31.42"
    assert places.read(text) == [
        Point(116.333, 31.402),
        Point(116.34, 31.41),
        Point(116.35, 31.42),
    ]
    assert places.read("  \n") == []


@pytest.mark.parametrize("line", ["老粮站", "116.3", "x, 31.4", "31.402, 116.333", "nan nan"])
def test_a_line_that_is_no_place_is_named(line: str) -> None:
    with pytest.raises(InvalidInputError) as refused:
        places.read(f"116.333, 31.402\n{line}")
    assert refused.value.data["number"] == 2
