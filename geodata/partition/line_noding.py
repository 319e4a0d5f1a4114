"""Where a drawn line meets borders: the corners that both get there.

Such a corner stands on the storage grid, up to 1 cm beside the edge that it divides, and an edge of
kilometres would bend by square metres. But within a metre along the edge there nearly always is a
place on the grid that lies on it almost exactly. Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import LineString

from geodata.frames import COORDINATE_SCALE, round_to_grid
from geodata.partition.corners import unique_segments
from geodata.partition.ground import Corner, Ground, noded
from geodata.partition.measure import DEGREE_M
from geodata.partition.noding import REACH, STEP
from geodata.partition.rings import as_corner

# A new corner may bend its edge by so many m2, and is moved along it by so many steps of 1 cm for
# that, a quarter of the edge at most. Nearly all find their place within a few steps, on edges of
# kilometres within a metre. What needs the second row runs almost along a diagonal of the grid.
_BENDS = ((0.1, 300), (0.5, 1000))
_SHARE = 0.25


def node_line(
    ground: Ground, line: Sequence[Corner], ids: Iterable[int]
) -> tuple[Ground, list[Corner]]:
    """Give a drawn line and the borders of grids that it meets the same corners.

    ``line`` lies on the storage grid. Where it crosses a border, both get a corner; a corner of the
    line that lies on a border is one of the border afterwards, in all rings in which the edge runs.
    """
    shapes = np.asarray([ground[id_].shape for id_ in ids], dtype=object)
    starts, ends = unique_segments(shapely.get_rings(shapely.get_parts(shapes)))
    edges = np.asarray(shapely.linestrings(np.stack((starts, ends), axis=1)), dtype=object)
    tree = shapely.STRtree(edges)

    def at_edge(hit: int, wanted: Sequence[float]) -> Corner:
        return place_on_edge(as_corner(starts[hit]), as_corner(ends[hit]), wanted)

    xy = np.asarray(line, dtype=np.float64)
    points = np.asarray(shapely.points(xy), dtype=object)
    known = set(map(tuple, np.vstack((starts, ends)).tolist()))
    placed: list[Corner] = [as_corner(each) for each in xy]
    near, beside = tree.query(points, predicate="dwithin", distance=REACH)
    for at in np.unique(near):
        if placed[at] not in known:
            hits = beside[near == at]
            away = shapely.distance(edges[hits], points[at])
            placed[at] = at_edge(int(hits[np.argmin(away)]), placed[at])
    stretches = [LineString(pair) for pair in pairwise(placed)]
    crossing, crossed = tree.query(stretches, predicate="intersects")
    found: list[list[Corner]] = [[] for _ in stretches]
    for at, hit in zip(crossing, crossed, strict=True):
        spot = stretches[at].intersection(edges[hit])
        # Beside an end of the stretch the corner of the line is the one in which they meet.
        if (
            spot.geom_type == "Point"
            and min(shapely.distance(spot, shapely.points(placed[at : at + 2]))) > 2 * REACH
        ):
            found[at].append(at_edge(int(hit), shapely.get_coordinates(spot)[0]))
    drawn = [placed[0]]
    for at, corners in enumerate(found):
        begin = np.asarray(placed[at])
        corners.sort(key=lambda corner: float(np.hypot(*(np.asarray(corner) - begin))))
        drawn += [*corners, placed[at + 1]]
    drawn = [each for at, each in enumerate(drawn) if at == 0 or each != drawn[at - 1]]
    if len(drawn) < 2:
        return ground, drawn
    return noded(ground, LineString(drawn), also=drawn), drawn


def place_on_edge(start: Corner, end: Corner, wanted: Sequence[float]) -> Corner:
    """Return the place on the storage grid where an edge gets a corner near a wanted place.

    The nearest one within 3 m along the edge that bends it by 0.1 m2 at most, or else within 10 m
    by 0.5 m2; if there is none, the one that bends it least. An end of the edge stays its own
    corner. The bend is the triangle of the corner and both ends: half their cross product, which in
    steps is a whole number and so is compared exactly.
    """
    both = np.round(np.asarray([start, end], dtype=np.float64) * COORDINATE_SCALE)
    origin: NDArray[np.float64] = both[0]
    span: NDArray[np.float64] = both[1] - origin
    aim = np.asarray(wanted, dtype=np.float64) * COORDINATE_SCALE - origin
    for corner, own in ((start, np.zeros(2)), (end, span)):
        if np.hypot(*(aim - own)) <= REACH / STEP:
            return corner
    steps = _beside(span, aim)
    if not len(steps):
        return start if np.hypot(*aim) <= np.hypot(*(aim - span)) else end
    cross = np.abs(span[0] * steps[:, 1] - span[1] * steps[:, 0])
    m2 = cross / 2 * (STEP * DEGREE_M) ** 2 * np.cos(np.radians(start[1]))
    away = np.round(np.hypot(*(steps - aim).T), 6)
    for limit_m2, window in _BENDS:
        fits = np.flatnonzero((m2 <= limit_m2) & (away <= window))
        if len(fits):
            best = fits[np.argmin(away[fits])]
            break
    else:
        best = np.lexsort((away, cross))[0]
    chosen = round_to_grid((origin + steps[best]) / COORDINATE_SCALE)
    return float(chosen[0]), float(chosen[1])


def _beside(span: NDArray[np.float64], aim: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the places beside an edge from (0, 0) to ``span``, in steps, around ``aim``.

    One for each column of the grid between the ends, or for each row where the edge is steep.
    """
    long, short = (0, 1) if abs(span[0]) >= abs(span[1]) else (1, 0)
    window = min(_BENDS[-1][1], max(1.0, abs(span[long]) * _SHARE))
    low, high = sorted((0.0, float(span[long])))
    columns = np.arange(
        max(low + 1, np.ceil(aim[long] - window)), min(high - 1, np.floor(aim[long] + window)) + 1
    )
    found = np.empty((len(columns), 2))
    found[:, long] = columns
    found[:, short] = np.round(columns * span[short] / span[long])
    return found
