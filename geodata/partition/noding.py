"""Bringing polygons onto the storage grid so that neighbours share their edges to the bit.

Stored coordinates are multiples of 1e-7 degrees (about 1 cm). Rounding keeps equal points equal,
but two things remain to be done: where a corner of one polygon lies on an edge of its neighbour,
the neighbour must get that corner too (noding), and a polygon with a neck narrower than the grid
must be mended. Only the polygons concerned are touched; ``shapely.coverage_invalid_edges`` finds
them in near linear time. All coordinates are EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.frames import COORDINATE_SCALE, round_to_grid
from geodata.partition.measure import DEGREE_M
from geodata.partition.telling import Tell, silent

Polygons = NDArray[np.object_]
# The corners that lie on an edge, in order, by its ends: x, y of the smaller one, then the larger.
CornersOfEdges = dict[tuple[float, ...], list[NDArray[np.float64]]]

STEP = 1 / COORDINATE_SCALE
# Rounding moves a corner and both ends of the edge that it lay on by at most 0.71 steps each.
REACH = 1.5 * STEP

# Gaps that are this narrow somewhere are suspicious: edges that were meant to meet. A metre from
# west to east is that many degrees at a latitude of 63.
NARROW = 2e-5

_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class Noded:
    """Polygons on the storage grid.

    ``noded`` are the positions that got corners of neighbours or were mended, ``vanished`` those
    that are smaller than the grid can hold (their geometry is empty), ``largest_move_m`` how far
    a boundary moved at most, in metres. ``suspects`` are the only positions where overlaps or
    narrow gaps can be: all others meet their neighbours edge on edge.
    """

    geoms: Polygons
    noded: tuple[int, ...]
    vanished: tuple[int, ...]
    largest_move_m: float
    suspects: NDArray[np.intp]


def node(geoms: Polygons, tell: Tell = silent) -> Noded:
    """Round polygons to the storage grid and give neighbours each other's corners.

    ``geoms`` are valid polygons or multipolygons of one level. Overlaps and gaps narrower than
    1.5 grid steps (about 1.5 cm) close; wider ones stay for the checks to find.
    """
    exact = shapely.get_coordinates(geoms)
    move = float(np.max(np.abs(exact - round_to_grid(exact)), initial=0.0)) * np.sqrt(2)
    del exact
    present = on_grid(geoms)
    wrong = np.flatnonzero(~shapely.is_empty(invalid_edges(present, gap_width=NARROW)))
    suspects = with_neighbours(present, wrong) if len(wrong) else wrong
    touched, inserted = _join(present, REACH, mended, suspects, tell)
    move = max(move, inserted)
    vanished = np.flatnonzero(shapely.is_empty(present))
    return Noded(
        geoms=present,
        noded=tuple(np.flatnonzero(touched).tolist()),
        vanished=tuple(vanished.tolist()),
        largest_move_m=move * DEGREE_M,
        suspects=suspects,
    )


def join_corners(geoms: Polygons, reach: float) -> Polygons:
    """Give neighbours each other's corners where they lie on an edge, before coordinates change.

    A straight edge in one coordinate system is bent in another (a kilometre by some 2 cm), so a
    corner that lay on it would lie beside it. ``geoms`` are in the file's own system and keep
    their coordinates; ``reach`` is in its unit. Invalid shapes are left alone.
    """
    present = geoms.copy()
    usable = np.flatnonzero(shapely.is_valid(present) & ~shapely.is_empty(present))
    joined = present[usable]
    _join(joined, reach, None, np.arange(len(joined)))
    present[usable] = joined
    return present


def longest_edge(geoms: Polygons) -> float:
    """Return the length of the longest edge, in the unit of the coordinates."""
    xy, owner = shapely.get_coordinates(geoms, return_index=True)
    steps = np.hypot(*(xy[1:] - xy[:-1]).T)[owner[1:] == owner[:-1]]
    return float(np.max(steps, initial=0.0))


def _join(
    present: Polygons,
    reach: float,
    mend: Callable[[BaseGeometry], BaseGeometry] | None,
    active: NDArray[np.intp],
    tell: Tell = silent,
) -> tuple[NDArray[np.bool_], float]:
    """Insert corners in place until nothing is left to do. Returns who changed, and the move.

    ``active`` are the positions to look at first.
    """
    touched = np.zeros(len(present), dtype=bool)
    move = 0.0
    for turn in range(_ROUNDS):
        tell(1 - 0.5**turn)
        lines = invalid_edges(present[active], gap_width=reach)
        flagged = ~shapely.is_empty(lines)
        if not flagged.any():
            break
        rows = active[flagged]
        changed, inserted = _insert_corners(present, rows, lines[flagged], reach, mend)
        if not len(changed):
            break
        move = max(move, inserted)
        touched[changed] = True
        active = with_neighbours(present, rows)
    return touched, move


def on_grid(geoms: Polygons) -> Polygons:
    """Round every coordinate to the storage grid; a shape that this breaks is mended.

    A neck narrower than the grid closes, a shape smaller than the grid becomes empty.
    """
    rounded = np.asarray(shapely.transform(geoms, round_to_grid), dtype=object)
    rounded = np.asarray(shapely.remove_repeated_points(rounded), dtype=object)
    for row in np.flatnonzero(~shapely.is_valid(rounded)):
        rounded[row] = mended(geoms[row])
    return rounded


def invalid_edges(geoms: Polygons, gap_width: float = 0.0) -> NDArray[np.object_]:
    """Return for each polygon the edges that break the coverage; empty shapes have none."""
    lines = np.full(len(geoms), shapely.from_wkt("LINESTRING EMPTY"), dtype=object)
    full = ~shapely.is_empty(geoms)
    if full.any():
        lines[full] = shapely.coverage_invalid_edges(geoms[full], gap_width=gap_width)
    return lines


def with_neighbours(geoms: Polygons, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return rows together with those whose boxes they touch."""
    tree = shapely.STRtree(geoms)
    boxes = np.asarray(shapely.box(*shapely.bounds(geoms[rows]).T), dtype=object)
    return np.unique(np.concatenate((rows, tree.query(boxes)[1])))


def mended(geom: BaseGeometry) -> BaseGeometry:
    """Snap-round one polygon to the grid; the result is valid, maybe in more parts, maybe empty."""
    try:
        snapped = shapely.set_precision(geom, STEP)
    except GEOSException:
        lines = shapely.transform(shapely.boundary(geom), round_to_grid)
        snapped = shapely.build_area(shapely.set_precision(shapely.unary_union(lines), STEP))
    rounded = shapely.transform(polygonal(snapped), round_to_grid)
    if not shapely.is_valid(rounded):
        rounded = polygonal(shapely.make_valid(rounded, method="structure"))
    return rounded


def polygonal(geom: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of a shape, leaving out lines and points that are part of it."""
    parts = shapely.get_parts(shapely.get_parts(geom))
    parts = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    if len(parts) == 0:
        return Polygon()
    return parts[0] if len(parts) == 1 else MultiPolygon(list(parts))


def stored(geom: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of a shape on the storage grid; empty where nothing is left."""
    return on_grid(np.asarray([polygonal(geom)], dtype=object))[0]


def _insert_corners(
    geoms: Polygons,
    rows: NDArray[np.intp],
    lines: NDArray[np.object_],
    reach: float,
    mend: Callable[[BaseGeometry], BaseGeometry] | None,
) -> tuple[NDArray[np.intp], float]:
    """Give edges along ``lines`` the corners that lie on them, in place.

    A shape that becomes invalid goes through ``mend``, or stays as it was. Returns the rows that
    changed and the largest move in the unit of the coordinates.
    """
    corners = np.unique(shapely.get_coordinates(lines), axis=0)
    wanted, move = corners_on_edges(corners, *unique_segments(lines), reach)
    if not wanted:
        return np.empty(0, dtype=np.intp), 0.0
    changed: list[int] = []
    for row in rows:
        noded = with_corners(geoms[int(row)], wanted)
        if noded is not None and mend is not None and not shapely.is_valid(noded):
            noded = mend(noded)
        if noded is not None and shapely.is_valid(noded):
            geoms[row] = noded
            changed.append(int(row))
    return np.asarray(changed, dtype=np.intp), move


def corners_on_edges(
    corners: NDArray[np.float64],
    starts: NDArray[np.float64],
    ends: NDArray[np.float64],
    reach: float,
) -> tuple[CornersOfEdges, float]:
    """Find the corners that lie on edges, in order, and how far beside its edge one lies at most.

    Edges run from their smaller end to the larger (``unique_segments``).
    """
    if not len(corners) or not len(starts):
        return {}, 0.0
    segments = np.asarray(shapely.linestrings(np.stack((starts, ends), axis=1)), dtype=object)
    tree = shapely.STRtree(segments)
    points, hits = tree.query(shapely.points(corners), predicate="dwithin", distance=reach)
    along, away = _position(corners[points], starts[hits], ends[hits])
    span = np.hypot(*(ends[hits] - starts[hits]).T)
    # Beside an end of the edge is the end's own business: only what lies between the ends counts.
    keep = (along > 0) & (along < span) & (corners[points] != ends[hits]).any(axis=1)
    points, hits, along, away = points[keep], hits[keep], along[keep], away[keep]
    order = np.lexsort((along, hits))
    found: CornersOfEdges = {}
    for point, hit in zip(points[order], hits[order], strict=True):
        found.setdefault((*starts[hit], *ends[hit]), []).append(corners[point])
    return found, float(away.max(initial=0.0))


def unique_segments(
    lines: NDArray[np.object_],
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the segments of lines once each, from the smaller end to the larger."""
    parts = shapely.get_parts(lines)
    xy, owner = shapely.get_coordinates(parts, return_index=True)
    same = (owner[1:] == owner[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
    starts, ends = xy[:-1][same], xy[1:][same]
    flip = (starts[:, 0] > ends[:, 0]) | (
        (starts[:, 0] == ends[:, 0]) & (starts[:, 1] > ends[:, 1])
    )
    starts, ends = np.where(flip[:, None], ends, starts), np.where(flip[:, None], starts, ends)
    both = np.unique(np.hstack((starts, ends)), axis=0)
    return both[:, :2], both[:, 2:]


def _position(
    points: NDArray[np.float64], starts: NDArray[np.float64], ends: NDArray[np.float64]
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return how far along its segment each point lies, and how far beside it, in degrees."""
    vectors = ends - starts
    spans = np.hypot(vectors[:, 0], vectors[:, 1])
    offsets = points - starts
    along = (offsets * vectors).sum(axis=1) / spans
    beside = np.abs(vectors[:, 0] * offsets[:, 1] - vectors[:, 1] * offsets[:, 0]) / spans
    return along, beside


def with_corners(geom: BaseGeometry, wanted: CornersOfEdges) -> BaseGeometry | None:
    """Return a polygon with corners put into its edges, None when none belongs to it."""
    is_changed = False
    polygons: list[Polygon] = []
    for part in shapely.get_parts(geom):
        rings: list[NDArray[np.float64]] = []
        for ring in shapely.get_rings(part):
            xy = shapely.get_coordinates(ring)
            places: list[int] = []
            corners: list[NDArray[np.float64]] = []
            # Plain numbers: rows of an array are ten times as slow to compare and to look up.
            for index, (start, end) in enumerate(pairwise(xy.tolist())):
                is_flipped = start > end
                key = (*end, *start) if is_flipped else (*start, *end)
                found = wanted.get(key, [])
                for corner in reversed(found) if is_flipped else found:
                    places.append(index + 1)
                    corners.append(corner)
            is_changed = is_changed or bool(places)
            rings.append(np.insert(xy, places, corners, axis=0) if places else xy)
        polygons.append(Polygon(rings[0], rings[1:]))
    if not is_changed:
        return None
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
