"""The modes in which the map can be looked at."""

from __future__ import annotations

from typing import Literal

Mode = Literal["territory", "responsibility", "issues", "coverage"]
# What everybody may look at.
MODES: tuple[Mode, ...] = ("territory", "responsibility", "issues", "coverage")

# For those who see plans only: its panel is webmap/plans/panel.py, and to others it is not there.
DRAW = "draw"
