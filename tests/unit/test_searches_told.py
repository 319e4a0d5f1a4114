"""Searches for best places: what their readers are told of small counts."""

from __future__ import annotations

import pytest

from geodata.scenarios import searches


def note(before: float, gains: list[float], households: float) -> dict[str, object]:
    after = before + sum(gains)
    return {
        "before": before, "gains": gains, "after": after, "households": households,
        "bound": after, "gap": 0.0, "proven": True, "places": [], "candidates": 7,
    }  # fmt: skip


def test_everything_is_told_where_no_count_is_small() -> None:
    found = note(200.0, [40.0, 12.0], 300.0)
    assert searches.told(found, 10) == found


def test_everything_is_told_to_those_who_see_small_counts() -> None:
    found = note(0.0, [3.0, 1.0], 5.0)
    assert searches.told(found, 0) == found


@pytest.mark.parametrize(
    ("before", "gains", "households"),
    [
        (0.0, [4.0], 7.0),
        (3.0, [40.0], 60.0),
        (100.0, [40.0, 3.0], 300.0),
        (100.0, [40.0, 30.0], 173.0),
        (5.0, [], 5.0),
    ],
)
def test_no_small_count_can_be_reckoned(
    before: float, gains: list[float], households: float
) -> None:
    told = searches.told(note(before, gains, households), 10)
    after = before + sum(gains)
    named = {"before": before, "after": after, "households": households, "bound": after}
    known = [value for name, value in named.items() if told[name] is not None]
    known += [gain for gain, given in zip(gains, told["gains"], strict=True) if given is not None]
    assert not any(0 < value < 10 for value in known)
    # What is left of the whole when everything that is told is taken away from it.
    parts = [before, *gains, households - after]
    if told["households"] is not None:
        shown = [told["before"], *told["gains"], None if told["after"] is None else parts[-1]]
        missing = sum(part for part, value in zip(parts, shown, strict=True) if value is None)
        assert missing == 0 or missing >= 10
    if told["after"] is not None and told["before"] is not None:
        gained = [gain for gain, given in zip(gains, told["gains"], strict=True) if given is None]
        assert not gained or sum(gained) >= 10
    assert told["candidates"] == 7
