"""What a check can find: frozen facts, put into words by those who show them."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Literal

from geodata.language.phrases import Phrase

Severity = Literal["blocking", "warning"]

Kind = Literal[
    "empty",
    "wrong_type",
    "not_finite",
    "too_many_points",
    "unclosed",
    "out_of_range",
    "far_away",
    "invalid",
    "no_code",
    "duplicate_code",
    "no_name",
    "duplicate_name",
    "broken_text",
    "bad_number",
    "cut_number",
    "overlap",
    "overlap_existing",
    "sliver",
    "stray_piece",
    "narrow_gap",
    "moves_much",
    "multipart",
    "no_parent",
    "does_not_nest",
    "outside_parent",
    "gap",
    "no_children",
    "frame_offset",
    "not_in_file",
    "code_elsewhere",
    "moved_away",
    "names_exchanged",
    "second_county",
    "no_level_between",
    "ambiguous_parent",
]


def _nothing() -> Mapping[str, str | int | float | Phrase]:
    return MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Problem:
    """One finding about one or two rows of a level.

    ``rows`` are positions in the arrays that were checked, from 0; ``m2`` the ground concerned in
    square metres; ``place`` a point (lon, lat) there; ``data`` what else a message needs.
    """

    kind: Kind
    severity: Severity
    rows: tuple[int, ...] = ()
    m2: float | None = None
    place: tuple[float, float] | None = None
    data: Mapping[str, str | int | float | Phrase] = field(default_factory=_nothing)

    @property
    def is_blocking(self) -> bool:
        """Whether nothing may be written while this stands."""
        return self.severity == "blocking"
