"""Searches for best places, as they are kept with a scenario and told to its readers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

from geodata import privacy
from geodata.scenarios.model import Change
from geodata.scenarios.places import Answer


def noted(answer: Answer) -> dict[str, Any]:
    """Return an answer as it is kept and told, every count in it exact."""
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


def stamp(changes: Sequence[Change]) -> str:
    """Return a name for what a scenario changes: whatever differs has another one."""
    plain = [
        (
            each.change_id, each.what, each.kind, each.facility_id, each.organisation_id,
            each.grid_id, each.place, each.plan_id, each.point, each.standard,
        )
        for each in changes
    ]  # fmt: skip
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:32]


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
