"""The seams of a level: where neighbours claim the same ground, or leave some between them.

A slip of the drawing tool is told from a quarrel over ground by its width. Shapes are EPSG:4326 on
the storage grid, widths and areas in metres on the ground, to about 1 %.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException

from geodata.partition.measure import in_metres
from geodata.partition.noding import (
    STEP,
    Polygons,
    invalid_edges,
    keep_polygons,
    with_neighbours,
)
from geodata.partition.progress import OnProgress, ignore_progress, scale_progress
from geodata.partition.unions import unite

# A grid, or a piece of one, smaller than this is a slip of the drawing tool.
SLIVER_M2 = 1.0
# So is a place where two borders that were meant to meet are this far apart on average, and
# nowhere farther than the second figure.
NARROW_M = 1.0
BULGE_M = 3.0
# A seam over more ground than this is looked at by a person, however narrow.
SEAM_M2 = 10_000.0

_CHUNK = 500


@dataclass(frozen=True, slots=True)
class Claims:
    """Ground that two shapes claim: ``pairs`` are their positions, n by 2, ``ground`` is what."""

    pairs: NDArray[np.intp]
    ground: Polygons


def is_sliver(pieces: Polygons) -> NDArray[np.bool_]:
    """Tell which pieces are smaller than 1 m2, or 1 m wide on average and nowhere above 3 m."""
    flat = in_metres(pieces)
    return _is_narrow(flat, np.asarray(shapely.area(flat)))


def is_slip(pieces: Polygons) -> NDArray[np.bool_]:
    """Tell which pieces may be given to a neighbour: slivers that are not too large."""
    flat = in_metres(pieces)
    areas = np.asarray(shapely.area(flat))
    return _is_narrow(flat, areas) & (areas <= SEAM_M2)


def all_slips(grounds: Polygons) -> NDArray[np.bool_]:
    """Tell which shapes consist of slips only."""
    parts, owner = shapely.get_parts(grounds, return_index=True)
    found = np.ones(len(grounds), dtype=bool)
    found[owner[~is_slip(np.asarray(parts, dtype=object))]] = False
    return found


def shared_ground(
    geoms: Polygons, rows: NDArray[np.intp], tell: OnProgress = ignore_progress
) -> Claims:
    """Find the ground that two shapes claim, of which one is among ``rows`` (``find_faulty``).

    The same question as the database asks: do the interiors meet (DE-9IM T********)?
    """
    asked, others = shapely.STRtree(geoms).query(geoms[rows], predicate="intersects")
    pairs = np.sort(np.stack((rows[asked], others), axis=1), axis=1)
    pairs = np.unique(pairs[pairs[:, 0] != pairs[:, 1]], axis=0)
    meeting: list[NDArray[np.intp]] = [np.empty((0, 2), dtype=np.intp)]
    grounds: list[NDArray[np.object_]] = [np.empty(0, dtype=object)]
    for start in range(0, len(pairs), _CHUNK):
        tell(start / len(pairs))
        chunk = pairs[start : start + _CHUNK]
        first, second = geoms[chunk[:, 0]], geoms[chunk[:, 1]]
        meet = shapely.relate_pattern(first, second, "T********")
        meeting.append(chunk[meet])
        grounds.append(_intersection(first[meet], second[meet]))
    return Claims(np.concatenate(meeting), np.concatenate(grounds))


def narrow_gaps(
    geoms: Polygons, rows: NDArray[np.intp], tell: OnProgress = ignore_progress
) -> Polygons:
    """Find the holes beside ``rows`` (``find_faulty``) that are slivers and hold no other shape."""
    if not len(rows):
        return np.empty(0, dtype=object)
    # A bulge of a gap can lie at a neighbour whose edges are far enough from all others.
    holes = unite(geoms, with_neighbours(geoms, rows), scale_progress(tell, 0.0, 0.8)).holes
    tell(0.8)
    return holes[is_sliver(holes)] if len(holes) else holes


def find_faulty(
    geoms: Polygons, suspects: NDArray[np.intp] | None, gap_width: float
) -> NDArray[np.intp]:
    """Return the rows whose edges break the coverage, looking at suspects only."""
    if suspects is None:
        suspects = np.arange(len(geoms))
    lines = invalid_edges(geoms[suspects], gap_width=gap_width)
    return suspects[~shapely.is_empty(lines)]


def _is_narrow(flat: Polygons, areas: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which pieces, given in metres with their areas, are slivers."""
    means = 2 * areas / np.maximum(shapely.length(flat), 1e-9)
    found = (areas < SLIVER_M2) | (means <= NARROW_M)
    # What is smaller than a circle as wide as a bulge has none. Of the others nothing is left when
    # half its width is taken from all sides.
    large = np.flatnonzero(found & (areas > np.pi * BULGE_M**2 / 4))
    found[large] = shapely.is_empty(shapely.buffer(flat[large], -BULGE_M / 2, quad_segs=2))
    return found


def _intersection(first: Polygons, second: Polygons) -> Polygons:
    try:
        shared = shapely.intersection(first, second)
    except GEOSException:
        shared = shapely.intersection(first, second, grid_size=STEP)
    out = np.empty(len(first), dtype=object)
    out[:] = [keep_polygons(ground) for ground in shared]
    return out
