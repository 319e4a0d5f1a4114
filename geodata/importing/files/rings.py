"""Rings that do not end where they begin: the libraries close them without a word."""

from __future__ import annotations

import math
import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

# A ring is closed if its ends part by less than this share of its box: that is rounding.
_ROUNDING: Final = 1e-6
_POLYGON, _MULTIPOLYGON, _COLLECTION = 3, 6, 7
_Z_BIT, _M_BIT, _SRID_BIT = 0x80000000, 0x40000000, 0x20000000


@dataclass(frozen=True, slots=True)
class OpenRing:
    """A ring of a row (from 0) that is not closed. ``ring`` counts the rings of the shape from 0.

    ``gap`` is from its end to its beginning, in the units of the file.
    """

    row: int
    ring: int
    gap: float


def gap_of(ring: Sequence[Sequence[Any]]) -> float | None:
    """Return how far the ends of a ring are apart, None if it is closed.

    A ring that is malformed in another way is not judged here.
    """
    try:
        points = [(float(point[0]), float(point[1])) for point in ring]
    except (TypeError, ValueError, IndexError, KeyError, OverflowError):
        return None
    if len(points) < 3 or not all(math.isfinite(x) and math.isfinite(y) for x, y in points):
        return None
    gap = math.dist(points[0], points[-1])
    if gap == 0:
        return None
    xs, ys = zip(*points, strict=True)
    size = math.hypot(max(xs) - min(xs), max(ys) - min(ys))
    return gap if gap > _ROUNDING * size else None


def in_binary(wkb: bytes) -> Iterator[tuple[int, float]]:
    """Yield the open rings of a shape in well-known binary: their numbers from 0, and the gaps."""
    rings, _end = _read(wkb, 0)
    for number, ring in enumerate(rings):
        gap = gap_of(ring)
        if gap is not None:
            yield number, gap


def _read(wkb: bytes, at: int) -> tuple[list[list[tuple[float, ...]]], int]:
    """Return the rings of the shape at a place, and where it ends; of lines and points none."""
    order = "<" if wkb[at] else ">"
    (code,) = struct.unpack_from(f"{order}I", wkb, at + 1)
    at += 9 if code & _SRID_BIT else 5
    plain = code & 0x0FFFFFFF
    size = 2 + bool(code & _Z_BIT) + bool(code & _M_BIT)
    size += (0, 1, 1, 2)[plain // 1000] if plain < 4000 else 0
    kind = plain % 1000
    rings: list[list[tuple[float, ...]]] = []
    if kind not in {_POLYGON, _MULTIPOLYGON, _COLLECTION}:
        return rings, len(wkb)
    (count,) = struct.unpack_from(f"{order}I", wkb, at)
    at += 4
    for _ in range(count):
        if kind == _POLYGON:
            (length,) = struct.unpack_from(f"{order}I", wkb, at)
            values = struct.unpack_from(f"{order}{length * size}d", wkb, at + 4)
            rings.append([values[i : i + size] for i in range(0, len(values), size)])
            at += 4 + 8 * length * size
        else:
            more, at = _read(wkb, at)
            rings += more
    return rings, at
