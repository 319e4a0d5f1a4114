"""Searches for best places, as they are kept with a scenario and told to its readers."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from typing import Any

from geodata.scenarios.model import Change
from geodata.scenarios.places import Answer


def to_stored(answer: Answer, *, is_rounded: bool) -> dict[str, Any]:
    """Return an answer as it is kept: every count in it exact, or none where it is rounded."""
    choice = answer.choice
    note = {
        "places": [{"lon": each.lon, "lat": each.lat} for each in answer.points],
        "gains": list(choice.gains),
        "before": choice.before,
        "after": choice.after,
        "households": choice.households,
        "bound": choice.bound,
        "gap": choice.gap if math.isfinite(choice.gap) else None,
        "proven": choice.proven,
        "candidates": answer.candidates,
        "is_rounded": is_rounded,
    }
    return _without_counts(note) if is_rounded else note


def make_stamp(changes: Sequence[Change]) -> str:
    """Return a name for what a scenario changes: whatever differs has another one."""
    plain = [
        (
            each.change_id, each.what, each.kind, each.facility_id, each.organisation_id,
            each.grid_id, each.place, each.plan_id, each.point, each.standard,
        )
        for each in changes
    ]  # fmt: skip
    return hashlib.sha256(repr(plain).encode()).hexdigest()[:32]


def redact(note: dict[str, Any], *, is_exact: bool) -> dict[str, Any]:
    """Return what was noted as a reader may know it: without exact counts, without any.

    How many households places serve does not have to be told for them to be of use, and what a
    scenario brings is told in rounded ones beside them.
    """
    return note if is_exact else _without_counts(note)


def _without_counts(note: dict[str, Any]) -> dict[str, Any]:
    gains = [None for _ in note["gains"]]
    return {**note, **dict.fromkeys(("before", "after", "households", "bound")), "gains": gains}
