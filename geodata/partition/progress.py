"""How long work on shapes says how far it is."""

from __future__ import annotations

from collections.abc import Callable

OnProgress = Callable[[float], None]
"""Called with the share of the work that is done, 0 to 1."""


def ignore_progress(share: float) -> None:
    """Say nothing."""


def scale_progress(tell: OnProgress, start: float, end: float) -> OnProgress:
    """Return a ``OnProgress`` for a piece of the work, from one share of the whole to another."""
    return lambda share: tell(start + (end - start) * share)
