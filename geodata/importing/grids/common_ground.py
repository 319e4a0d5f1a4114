"""What known grids and the grids of a file have in common: ground, and the households on it.

Positions count the known grids (old) and the rows of the file (new) from 0. Shapes are EPSG:4326,
areas square metres on the ellipsoid.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.frames import round_to_grid
from geodata.importing.files.requests import KnownGrid
from geodata.importing.grids.attributes import Row
from geodata.partition.measure import area_m2
from geodata.partition.polygons import as_multipolygons

# Less ground in common is a matter of rounding.
_LEAST_M2 = 1.0


@dataclass(frozen=True, slots=True)
class Relation:
    """Ground of a known grid that a grid of the file takes; shares are parts of each, 0 to 1.

    ``households`` are those of the buildings on it, None where no building of the old grid tells.
    ``continues``: the old grid lives on as the new one.
    """

    old: int
    new: int
    m2: float
    old_share: float
    new_share: float
    households: int | None = None
    household_share: float = 0.0
    continues: bool = False


@dataclass(frozen=True, slots=True)
class Level:
    """The grids of one level, known and in the file; ``good`` are rows with a usable shape.

    ``places`` and ``households`` are buildings. ``has_to_be_filled``: what the file leaves out of
    the level above would be nobody's ground.
    """

    known: Sequence[KnownGrid]
    old_shapes: NDArray[np.object_]
    rows: Sequence[Row]
    new_shapes: NDArray[np.object_]
    good: NDArray[np.intp]
    places: NDArray[np.object_]
    households: NDArray[np.int64]
    has_to_be_filled: bool


def overlaps(level: Level) -> list[Relation]:
    """Return what each known grid and each usable row have in common, where that is ground."""
    good = level.good
    old, new = level.old_shapes, _rounded(level.new_shapes[good])
    if not len(old) or not len(new):
        return []
    old_m2, new_m2 = area_m2(old), area_m2(new)
    same_old, same_new = _identical(old, new)
    # What is as it was meets nothing else: most of a file, as a rule.
    rest_old = np.setdiff1d(np.arange(len(old)), same_old)
    rest_new = np.setdiff1d(np.arange(len(new)), same_new)
    olds, news = shapely.STRtree(new[rest_new]).query(old[rest_old], predicate="intersects")
    olds, news = rest_old[olds], rest_new[news]
    common = area_m2(np.asarray(shapely.intersection(old[olds], new[news]), dtype=object))
    wide = common > _LEAST_M2
    olds = np.concatenate((same_old, olds[wide]))
    news = np.concatenate((same_new, news[wide]))
    common = np.concatenate((old_m2[same_old], common[wide]))
    moved, all_of = _households(level, old, new)
    return [
        Relation(
            int(o),
            int(good[n]),
            float(m2),
            min(1.0, float(m2 / old_m2[o])),
            min(1.0, float(m2 / new_m2[n])),
            moved[int(o), int(n)] if all_of[int(o)] else None,
            moved[int(o), int(n)] / all_of[int(o)] if all_of[int(o)] else 0.0,
        )
        for o, n, m2 in zip(olds, news, common, strict=True)
    ]


def _identical(
    old: NDArray[np.object_], new: NDArray[np.object_]
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return the pairs of known grids and usable rows that have the same shape to the bit."""
    known = {shape: at for at, shape in enumerate(_as_bytes(old))}
    was = np.array([known.get(shape, -1) for shape in _as_bytes(new)], dtype=np.intp)
    same = np.flatnonzero(was >= 0)
    return was[same], same


def _as_bytes(shapes: NDArray[np.object_]) -> list[bytes]:
    return shapely.to_wkb(shapely.normalize(as_multipolygons(shapes))).tolist()


def _rounded(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    return np.asarray(shapely.transform(shapely.force_2d(shapes), round_to_grid), dtype=object)


def _households(
    level: Level, old: NDArray[np.object_], new: NDArray[np.object_]
) -> tuple[dict[tuple[int, int], int], dict[int, int]]:
    """Return the households that pass from one to the other, and all of each known grid."""
    moved, all_of = defaultdict[tuple[int, int], int](int), defaultdict[int, int](int)
    if not len(level.places):
        return moved, all_of
    tree = shapely.STRtree(level.places)
    was, now = (np.full(len(level.places), -1, dtype=np.intp) for _ in range(2))
    for shapes, holders in ((old, was), (new, now)):
        holder, held = tree.query(shapes, predicate="covers")
        holders[held] = holder
    for o, n, households in zip(was.tolist(), now.tolist(), level.households, strict=True):
        if o >= 0:
            all_of[o] += int(households)
            moved[o, n] += int(households)
    return moved, all_of
