"""A fault of what a plan draws: its place, its weight, what mends it.

Areas are geodesic square metres, places (lon, lat) in WGS 84 degrees.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from geodata.language.phrases import Phrase

Severity = Literal["blocking", "warning"]
Kind = Literal[
    "overlap",
    "gap",
    "narrow_gap",
    "sliver",
    "stray_piece",
    "multipart",
    "outside_parent",
    "invalid",
    "small",
    "few_households",
    "many_households",
    "building_outside",
    "code_taken",
    "name_taken",
]
# What is recorded as an exception from the partition law once somebody has accepted it.
EXCEPTIONS = ("overlap", "gap", "outside_parent", "multipart", "sliver")


@dataclass(frozen=True, slots=True)
class Fault:
    """Something that is wrong, or may be.

    ``key`` stays the same while the fault does; ``is_old`` if it was published like that already;
    ``accepted`` is the reason for which it may stay. ``fix`` is an operation that mends it.
    """

    key: str
    kind: Kind
    severity: Severity
    ids: tuple[int, ...]
    text: Phrase
    m2: float | None = None
    place: tuple[float, float] | None = None
    is_old: bool = False
    accepted: str | None = None
    fix: Mapping[str, Any] | None = None
    fix_text: Phrase | None = None

    @property
    def is_blocking(self) -> bool:
        """Whether the plan cannot be submitted or published while this stands."""
        return self.severity == "blocking" and self.accepted is None and not self.is_old

    @property
    def can_be_accepted(self) -> bool:
        """Whether somebody may let it stand, with a reason."""
        may_stand = ("multipart", "gap", "outside_parent", "sliver")
        return self.kind in may_stand or self.severity == "warning"


def fault(
    kind: Any,
    severity: Severity,
    ids: tuple[int, ...],
    text: Phrase,
    m2: float | None,
    where: tuple[float, float] | None,
    extent: float = 0,
) -> Fault:
    """Return a fault with a key that stays the same while the fault does."""
    # To a metre and a square metre: what moved is another fault.
    about = (kind, *ids, *(f"{each:.5f}" for each in where or ()), round(m2 or 0), extent)
    key = hashlib.sha256(repr(about).encode()).hexdigest()[:16]
    return Fault(key, kind, severity, ids, text, m2, where)


def was_there(fault: Fault, old: Sequence[Fault]) -> bool:
    """Tell whether a fault was published already, be it larger, or another grid's at the place."""
    for each in old:
        if each.kind != fault.kind or (fault.m2 or 0) > (each.m2 or 0) + 1:
            continue
        if each.ids == fault.ids:
            return True
        if each.place and fault.place and _is_near(each.place, fault.place):
            return True
    return False


def _is_near(one: tuple[float, float], other: tuple[float, float]) -> bool:
    return max(abs(one[0] - other[0]), abs(one[1] - other[1])) < 1e-4
