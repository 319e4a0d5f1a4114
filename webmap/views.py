"""The modes in which the map can be looked at."""

from __future__ import annotations

from typing import Literal

Mode = Literal["territory", "responsibility", "issues", "coverage"]
MODES: tuple[Mode, ...] = ("territory", "responsibility", "issues", "coverage")
