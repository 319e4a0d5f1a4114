"""Searches for best places: what their readers are told of households."""

from __future__ import annotations

from geodata.scenarios import searches

NOTE = {
    "before": 200.0, "gains": [40.0, 3.0], "after": 243.0, "households": 300.0, "bound": 243.0,
    "gap": 0.0, "proven": True, "places": [{"lon": 116.3, "lat": 31.4}], "candidates": 7,
}  # fmt: skip


def test_everything_is_told_to_those_who_see_small_counts() -> None:
    assert searches.redact(NOTE, is_exact=True) == NOTE


def test_others_are_told_the_places_and_no_exact_count() -> None:
    told = searches.redact(NOTE, is_exact=False)
    assert told["places"] == NOTE["places"]
    assert told["proven"]
    assert told["candidates"] == 7
    assert told["gains"] == [None, None]
    assert [told[name] for name in ("before", "after", "households", "bound")] == [None] * 4
