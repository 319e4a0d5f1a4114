"""Searches for best places, as they are kept with a scenario and told to its readers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

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


def told(note: dict[str, Any], *, is_exact: bool) -> dict[str, Any]:
    """Return what was noted as a reader may know it: without exact counts, without any.

    Which places are best follows from exact households; how many those are does not have to be told
    for the places to be of use, and what a scenario brings is told in rounded ones beside them.
    """
    if is_exact:
        return note
    gains = [None for _ in note["gains"]]
    return {**note, **dict.fromkeys(("before", "after", "households", "bound")), "gains": gains}
