"""What becomes of a grid: between two days, or by a plan."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal

from geodata.language.phrases import Phrase
from geodata.model import Level

What = Literal["made", "ended", "redrawn", "handed_over", "renamed", "recoded", "counted"]

# In the order in which they are counted and listed.
TITLES: Mapping[What, Phrase] = {
    "made": Phrase("new"),
    "ended": Phrase("ends"),
    "redrawn": Phrase("redrawn"),
    "handed_over": Phrase("handed over"),
    "renamed": Phrase("renamed"),
    "recoded": Phrase("recoded"),
    "counted": Phrase("household count changed"),
}


@dataclass(frozen=True, slots=True)
class GridChange:
    """A grid as it is and as it would be; areas in square metres, None where it is not there."""

    grid_id: int
    level: Level
    what: What
    name: str
    name_before: str | None
    code: str
    code_before: str | None
    parent: str
    parent_before: str | None
    households: int | None
    households_before: int | None
    area_m2: float | None
    area_before_m2: float | None
