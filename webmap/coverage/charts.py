"""Lines over time as shapes of SVG: numbers alone, which a template draws and a table repeats.

Shares are fractions, None where nothing is known: there the line has a gap. Places are in the units
of the picture, y growing downwards.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date

# The smallest span of shares that a scale shows, so that what hardly moves looks so.
_LEAST_SPAN = 0.2
# Steps of a scale, in shares.
_STEPS = (0.05, 0.1, 0.2, 0.25)
_MOST_TICKS = 6

Value = tuple[date, float | None]


@dataclass(frozen=True, slots=True)
class Dot:
    """A day whose share is known, and where it lies."""

    x: float
    y: float
    day: date
    share: float


@dataclass(frozen=True, slots=True)
class Chart:
    """A picture of ``width`` by ``height``: a path, its dots, and the ticks of both scales.

    ``levels`` are places in y with their shares, ``days`` places in x with their days.
    """

    width: int
    height: int
    path: str
    dots: tuple[Dot, ...]
    levels: tuple[tuple[float, float], ...]
    days: tuple[tuple[float, date], ...]


def draw(
    values: Sequence[Value],
    width: int,
    height: int,
    *,
    margins: tuple[int, int, int, int] = (4, 4, 4, 4),
    most_days: int = 6,
) -> Chart:
    """Draw shares by their days; ``margins`` are those at the top, right, bottom and left.

    The scale holds all shares in even steps and spans a fifth at least. A day of which nothing is
    known keeps its place.
    """
    top, right, bottom, left = margins
    shares = [share for _, share in values if share is not None]
    low, high, step = _scale(shares)
    first = values[0][0].toordinal() if values else 0
    span = max(values[-1][0].toordinal() - first, 1) if values else 1

    def x(day: date) -> float:
        return round(left + (day.toordinal() - first) / span * (width - left - right), 1)

    def y(share: float) -> float:
        return round(top + (high - share) / (high - low) * (height - top - bottom), 1)

    dots = tuple(Dot(x(day), y(share), day, share) for day, share in values if share is not None)
    count = round((high - low) / step)
    levels = tuple((y(low + number * step), low + number * step) for number in range(count + 1))
    every = max(1, math.ceil(len(values) / most_days))
    days = tuple((x(day), day) for day, _ in values[::every])
    return Chart(width, height, _path(values, dots), dots, levels, days)


def _scale(shares: Sequence[float]) -> tuple[float, float, float]:
    """Return the ends and the step of a scale on which all shares lie."""
    low, high = min(shares, default=0.0), max(shares, default=1.0)
    missing = max(0.0, _LEAST_SPAN - (high - low)) / 2
    low, high = max(0.0, low - missing), min(1.0, high + missing)
    for step in _STEPS:
        # Rounded, since 0.3 / 0.1 is a little less than 3.
        down = math.floor(round(low / step, 6)) * step
        up = math.ceil(round(high / step, 6)) * step
        if (up - down) / step <= _MOST_TICKS + 1e-6:
            return down, min(up, 1.0), step
    return 0.0, 1.0, _STEPS[-1]


def _path(values: Sequence[Value], dots: Sequence[Dot]) -> str:
    """Return the path through the dots, lifted where a day between has none."""
    parts: list[str] = []
    following = iter(dots)
    is_down = False
    for _, share in values:
        if share is None:
            is_down = False
            continue
        dot = next(following)
        parts.append(f"{'L' if is_down else 'M'}{dot.x:g} {dot.y:g}")
        is_down = True
    return "".join(parts)
