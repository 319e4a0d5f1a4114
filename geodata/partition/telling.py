"""How long work on shapes says how far it is."""

from __future__ import annotations

from collections.abc import Callable

Tell = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1."""


def silent(share: float) -> None:
    """Say nothing."""


def part(tell: Tell, start: float, end: float) -> Tell:
    """Return a ``Tell`` for a piece of the work, from one share of the whole to another."""
    return lambda share: tell(start + (end - start) * share)
