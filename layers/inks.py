"""How shares look on paper: a tint and a pattern each, which differ without any colour too.

The classes are those of the map on the screen. On paper the gaps stand out: the fewer are served,
the more ink.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Ink:
    """A class of shares from ``least`` to below ``below`` percent, and how it is filled."""

    name: str
    least: int
    below: int
    tint: str


INKS = (
    Ink("cross", 0, 20, "#eb9a68"),
    Ink("dense", 20, 40, "#f8c48f"),
    Ink("lines", 40, 60, "#fde2c0"),
    Ink("dots", 60, 80, "#fff3e2"),
    Ink("plain", 80, 101, "#ffffff"),
)
# Nothing is known: never the lowest class.
MISSING = Ink("missing", 0, 0, "#eceef0")


def ink(share: float | None) -> Ink:
    """Return how a share of households served (0 to 1) is filled; None is one that is not known."""
    if share is None:
        return MISSING
    # Rounded down: 100 % means everybody.
    percent = int(share * 100)
    return next(each for each in INKS if percent < each.below)
