"""Telling whether a level was drawn in another coordinate frame than the level above it.

Maps on Chinese phones are shifted by 100 to 700 m (GCJ-02) or by about 1 km (BD-09). Drawn on
such a map and stored as they are, grids look almost right. Taking the shift away makes them fit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely

from geodata.frames import bd09_to_wgs84, gcj02_to_wgs84, is_in_china, wgs84_to_gcj02
from geodata.partition.measure import area_m2, length_m
from geodata.partition.noding import Polygons

_SAMPLE = 200
# A frame is named when it takes away four fifths of what does not fit, and that was a real part.
_MISFIT = 0.004
_BETTER = 0.2

_SHIFTS = (
    ("gcj02", gcj02_to_wgs84),
    ("bd09", bd09_to_wgs84),
    ("wgs84", wgs84_to_gcj02),
)


@dataclass(frozen=True, slots=True)
class FrameOffset:
    """A frame in which the grids would fit: ``wgs84`` when a shift was taken away wrongly.

    ``shift_m`` is how far the grids would move, ``misfit`` and ``misfit_then`` the part of their
    ground that does not fit now and would not fit then (0 to 1).
    """

    frame: str
    shift_m: float
    misfit: float
    misfit_then: float


def find_offset(children: Polygons, parents: Polygons) -> FrameOffset | None:
    """Compare how children fit parents as they are and with each frame's shift taken away.

    ``parents`` may as well be the earlier versions of the same level. Only in China; None where
    nothing fits clearly better.
    """
    usable = ~shapely.is_empty(children)
    if not usable.any() or not len(parents):
        return None
    sample = children[usable][:: max(1, int(usable.sum()) // _SAMPLE)]
    centres = shapely.get_coordinates(shapely.centroid(sample))
    if not is_in_china(centres).all():
        return None
    present = _misfit(sample, parents)
    if present < _MISFIT:
        return None
    best: FrameOffset | None = None
    for frame, shift in _SHIFTS:
        moved = np.asarray(shapely.transform(sample, shift), dtype=object)
        misfit = _misfit(moved, parents)
        if misfit < present * _BETTER and (best is None or misfit < best.misfit_then):
            distance = float(np.median(length_m(centres, shift(centres))))
            best = FrameOffset(frame, distance, present, misfit)
    return best


def _misfit(children: Polygons, parents: Polygons) -> float:
    """Return the part of the children's ground outside the parent that holds most of each."""
    asked, hits = shapely.STRtree(children).query(parents, predicate="intersects")
    best = np.zeros(len(children))
    if len(asked):
        shared = area_m2(np.asarray(shapely.intersection(children[hits], parents[asked])))
        np.maximum.at(best, hits, shared)
    total = float(area_m2(children).sum())
    return 1 - float(best.sum()) / total if total else 0.0
