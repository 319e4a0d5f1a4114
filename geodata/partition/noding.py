"""Bringing polygons onto the storage grid so that neighbours share their edges to the bit.

Stored coordinates are multiples of 1e-7 degrees (about 1 cm). Rounding keeps equal points equal,
but two things remain to be done: where a corner of one polygon lies on an edge of its neighbour,
the neighbour must get that corner too (noding), and a polygon with a neck narrower than the grid
must be mended. Only the polygons concerned are touched; ``shapely.coverage_invalid_edges`` finds
them in near linear time. All coordinates are EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.frames import COORDINATE_SCALE, round_to_grid
from geodata.partition.corners import (
    Along,
    CornersOfEdges,
    Edges,
    corners_on_edges,
    edge_hashes,
    no_hashes,
    row_hashes,
    smaller_first,
    unique_rows,
    with_corners,
)
from geodata.partition.measure import DEGREE_M
from geodata.partition.progress import OnProgress, ignore_progress, scale_progress

Polygons = NDArray[np.object_]

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


def node(geoms: Polygons, tell: OnProgress = ignore_progress) -> Noded:
    """Round polygons to the storage grid and give neighbours each other's corners.

    ``geoms`` are valid polygons or multipolygons of one level. Overlaps and gaps narrower than
    1.5 grid steps (about 1.5 cm) close; wider ones stay for the checks to find.
    """
    exact = shapely.get_coordinates(geoms)
    move = float(np.max(np.abs(exact - round_to_grid(exact)), initial=0.0)) * np.sqrt(2)
    del exact
    return _noded(round_shapes(geoms), np.arange(len(geoms)), move, tell)


def node_again(
    geoms: Polygons,
    changed: NDArray[np.intp],
    suspects: NDArray[np.intp],
    tell: OnProgress = ignore_progress,
) -> Noded:
    """Node polygons of which only those at ``changed`` are others than ``node`` returned.

    ``suspects`` are those that it returned.
    """
    present = geoms.copy()
    present[changed] = round_shapes(geoms[changed])
    looked = with_neighbours(present, changed)
    noded = _noded(present, looked, 0.0, tell)
    left = np.setdiff1d(suspects, looked, assume_unique=True)
    return replace(noded, suspects=np.union1d(left, noded.suspects))


def _noded(present: Polygons, looked: NDArray[np.intp], move: float, tell: OnProgress) -> Noded:
    """Node the shapes at ``looked`` and beside them, which are on the storage grid, in place."""
    joining = _Joining(REACH, mended)
    touched = _join(present, looked, joining, tell)
    wrong = looked[~shapely.is_empty(invalid_edges(present[looked], gap_width=NARROW))]
    return Noded(
        geoms=present,
        noded=tuple(np.flatnonzero(touched).tolist()),
        vanished=tuple(np.flatnonzero(shapely.is_empty(present)).tolist()),
        largest_move_m=max(move, joining.move) * DEGREE_M,
        suspects=with_neighbours(present, wrong),
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
    _join(joined, np.arange(len(joined)), _Joining(reach))
    present[usable] = joined
    return present


def longest_edge(geoms: Polygons) -> float:
    """Return the length of the longest edge, in the unit of the coordinates."""
    xy, owner = shapely.get_coordinates(geoms, return_index=True)
    steps = np.hypot(*(xy[1:] - xy[:-1]).T)[owner[1:] == owner[:-1]]
    return float(np.max(steps, initial=0.0))


@dataclass(slots=True)
class _Joining:
    """How corners are put into edges, and what was held against each other already.

    A shape that becomes invalid goes through ``mend``, or stays as it was. ``move`` is the largest
    move, in the unit of the coordinates. ``corners`` and ``edges`` have the hashes, ascending, of
    those that were held against all others around them.
    """

    reach: float
    mend: Callable[[BaseGeometry], BaseGeometry] | None = None
    move: float = 0.0
    corners: NDArray[np.uint64] = field(default_factory=no_hashes)
    edges: NDArray[np.uint64] = field(default_factory=no_hashes)

    def join(
        self, geoms: Polygons, rows: NDArray[np.intp], lines: NDArray[np.object_], tell: OnProgress
    ) -> NDArray[np.intp]:
        """Give the edges along ``lines`` the corners that lie on them, in place.

        Returns the rows that changed. What was held against each other before is left out.
        """
        found = Along.of(lines)
        is_new = ~np.isin(row_hashes(found.corners), self.corners)
        is_new_edge = ~np.isin(edge_hashes(*found.edges), self.edges)
        fresh = np.union1d(found.corner_of[is_new], found.edge_of[is_new_edge])
        tell(0.1)
        if not len(fresh):
            return fresh
        # What is new can only meet what is around it.
        near = np.isin(rows, with_neighbours(geoms, rows[fresh]))
        corners = unique_rows(found.corners[near[found.corner_of]])
        edges = smaller_first(*(ends[near[found.edge_of]] for ends in found.edges))
        tell(0.2)
        return self._insert(geoms, rows, corners, edges, scale_progress(tell, 0.2, 1.0))

    def _insert(
        self,
        geoms: Polygons,
        rows: NDArray[np.intp],
        corners: NDArray[np.float64],
        edges: Edges,
        tell: OnProgress,
    ) -> NDArray[np.intp]:
        """Give edges the corners that lie on them, in place. Returns the rows that changed.

        An edge that was cut is bent by up to ``reach``: the corners are held against its parts
        until none lies on one any more.
        """
        changed = np.empty(0, dtype=np.intp)
        self.corners = np.union1d(self.corners, row_hashes(corners))
        for turn in range(_ROUNDS):
            wanted, move = corners_on_edges(corners, *edges, self.reach)
            self.edges = np.union1d(self.edges, edge_hashes(*edges))
            tell(1 - 0.5 ** (turn + 0.5))
            rows = self._put(geoms, rows, wanted) if wanted else rows[:0]
            if not len(rows):
                break
            self.move = max(self.move, move)
            changed = np.union1d(changed, rows)
            edges = wanted.parts()
            tell(1 - 0.5 ** (turn + 1))
        return changed

    def _put(
        self, geoms: Polygons, rows: NDArray[np.intp], wanted: CornersOfEdges
    ) -> NDArray[np.intp]:
        changed: list[int] = []
        for row in rows:
            noded = with_corners(geoms[int(row)], wanted)
            if noded is not None and self.mend is not None and not shapely.is_valid(noded):
                noded = self.mend(noded)
            if noded is not None and shapely.is_valid(noded):
                geoms[row] = noded
                changed.append(int(row))
        return np.asarray(changed, dtype=np.intp)


def _join(
    present: Polygons,
    active: NDArray[np.intp],
    joining: _Joining,
    tell: OnProgress = ignore_progress,
) -> NDArray[np.bool_]:
    """Insert corners in place until nothing is left to do. Returns who changed.

    ``active`` are the positions to look at first.
    """
    touched = np.zeros(len(present), dtype=bool)
    for turn in range(_ROUNDS):
        step = scale_progress(tell, 1 - 0.5**turn, 1 - 0.5 ** (turn + 1))
        step(0.0)
        lines = invalid_edges(present[active], gap_width=joining.reach)
        flagged = ~shapely.is_empty(lines)
        if not flagged.any():
            break
        step(0.2)
        changed = joining.join(
            present, active[flagged], lines[flagged], scale_progress(step, 0.2, 1.0)
        )
        if not len(changed):
            break
        touched[changed] = True
        active = with_neighbours(present, changed)
    return touched


def round_shapes(geoms: Polygons) -> Polygons:
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
    if not len(rows):
        return rows
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
    rounded = shapely.transform(keep_polygons(snapped), round_to_grid)
    if not shapely.is_valid(rounded):
        rounded = keep_polygons(shapely.make_valid(rounded, method="structure"))
    return rounded


def keep_polygons(geom: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of a shape, leaving out lines and points that are part of it."""
    parts = shapely.get_parts(shapely.get_parts(geom))
    parts = parts[(shapely.get_type_id(parts) == 3) & ~shapely.is_empty(parts)]
    if len(parts) == 0:
        return Polygon()
    return parts[0] if len(parts) == 1 else MultiPolygon(list(parts))


def to_storage_grid(geom: BaseGeometry) -> Polygon | MultiPolygon:
    """Return the polygons of a shape on the storage grid; empty where nothing is left."""
    return round_shapes(np.asarray([keep_polygons(geom)], dtype=object))[0]
