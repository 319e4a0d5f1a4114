"""When a search has to end."""

from __future__ import annotations

import time


class Deadline:
    """The moment after which a search ends with what it has."""

    def __init__(self, limit_s: float | None):
        self._end = None if limit_s is None else time.monotonic() + limit_s

    @property
    def left_s(self) -> float | None:
        """Return the seconds left; None if there is no limit."""
        return None if self._end is None else max(0.0, self._end - time.monotonic())

    @property
    def is_over(self) -> bool:
        """Tell whether the time is up."""
        return self._end is not None and time.monotonic() >= self._end
