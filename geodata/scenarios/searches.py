"""Searches for best places, as they are kept with a scenario and told to its readers."""

from __future__ import annotations

import math
from typing import Any

from geodata import privacy
from geodata.scenarios.places import Answer


def noted(answer: Answer) -> dict[str, Any]:
    """Return an answer as it is kept, every count in it exact."""
    choice = answer.choice
    return {
        "places": [{"lon": each.lon, "lat": each.lat} for each in answer.points],
        "gains": list(choice.gains),
        "before": choice.before,
        "after": choice.after,
        "households": choice.households,
        "bound": choice.bound,
        "gap": choice.gap if math.isfinite(choice.gap) else None,
        "proven": choice.proven,
        "candidates": answer.candidates,
    }


def told(note: dict[str, Any], least: int) -> dict[str, Any]:
    """Return what was noted as a reader may know it who is told counts from ``least`` on.

    Households served before, those that each place adds and those left are parts of one sum:
    ``privacy.told`` says which of them are None. What the answer could be at most is told with
    what it is: once it is proven they are the same.
    """
    parts = [note["before"], *note["gains"], note["households"] - note["after"]]
    before, *gains, left = privacy.told(parts, least)
    is_after_told = left is not None and not privacy.is_small(note["after"], least)
    return {
        **note,
        "before": before,
        "gains": gains,
        "after": note["after"] if is_after_told else None,
        "households": None if privacy.is_small(note["households"], least) else note["households"],
        "bound": note["bound"] if is_after_told and None not in gains else None,
    }
