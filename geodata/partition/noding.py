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
from geodata.partition.measure import DEGREE_M
from geodata.partition.telling import Tell, part, silent

Polygons = NDArray[np.object_]
# Edges by their ends, n by 2 each.
Edges = tuple[NDArray[np.float64], NDArray[np.float64]]
# The ends of an edge: x, y of the smaller one, then of the larger.
EdgeKey = tuple[float, float, float, float]

STEP = 1 / COORDINATE_SCALE
# Rounding moves a corner and both ends of the edge that it lay on by at most 0.71 steps each.
REACH = 1.5 * STEP

# Gaps that are this narrow somewhere are suspicious: edges that were meant to meet. A metre from
# west to east is that many degrees at a latitude of 63.
NARROW = 2e-5

_ROUNDS = 10


@dataclass(frozen=True, slots=True)
class CornersOfEdges:
    """The corners that lie on edges: ``by_ends`` has them in order, from an edge's smaller end on.

    ``hashes`` are those of the edges, ascending: of a million edges few have corners, and those are
    told from the others in one step.
    """

    by_ends: dict[EdgeKey, list[NDArray[np.float64]]]
    hashes: NDArray[np.uint64]

    def __len__(self) -> int:
        return len(self.by_ends)

    def within(self, ring: NDArray[np.float64]) -> NDArray[np.intp]:
        """Return the numbers of a ring's edges that may have corners; n corners, n by 2."""
        hashes = _edge_hashes(ring[:-1], ring[1:])
        at = np.searchsorted(self.hashes, hashes)
        return np.flatnonzero(self.hashes[np.minimum(at, len(self.hashes) - 1)] == hashes)

    def parts(self) -> Edges:
        """Return the edges into which the corners cut those on which they lie."""
        starts: list[tuple[float, float]] = []
        ends: list[tuple[float, float]] = []
        for (x, y, to_x, to_y), corners in self.by_ends.items():
            way = [(x, y), *map(tuple, corners), (to_x, to_y)]
            starts += way[:-1]
            ends += way[1:]
        return smaller_first(np.asarray(starts), np.asarray(ends))

    def of(self, start: NDArray[np.float64], end: NDArray[np.float64]) -> list[NDArray[np.float64]]:
        """Return the corners on one edge, from its start to its end."""
        one, other = (float(start[0]), float(start[1])), (float(end[0]), float(end[1]))
        if one > other:
            return self.by_ends.get((*other, *one), [])[::-1]
        return self.by_ends.get((*one, *other), [])


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
    return _noded(on_grid(geoms), np.arange(len(geoms)), move, tell)


def node_again(
    geoms: Polygons, changed: NDArray[np.intp], suspects: NDArray[np.intp], tell: Tell = silent
) -> Noded:
    """Node polygons of which only those at ``changed`` are others than ``node`` returned.

    ``suspects`` are those that it returned.
    """
    present = geoms.copy()
    present[changed] = on_grid(geoms[changed])
    looked = with_neighbours(present, changed)
    noded = _noded(present, looked, 0.0, tell)
    left = np.setdiff1d(suspects, looked, assume_unique=True)
    return replace(noded, suspects=np.union1d(left, noded.suspects))


def _noded(present: Polygons, looked: NDArray[np.intp], move: float, tell: Tell) -> Noded:
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


def _no_hashes() -> NDArray[np.uint64]:
    return np.empty(0, dtype=np.uint64)


@dataclass(frozen=True, slots=True)
class _Along:
    """The corners and edges of lines, and of which line each is."""

    corners: NDArray[np.float64]
    corner_of: NDArray[np.intp]
    edges: Edges
    edge_of: NDArray[np.intp]

    @classmethod
    def of(cls, lines: NDArray[np.object_]) -> _Along:
        parts, part_of = shapely.get_parts(lines, return_index=True)
        xy, owner = shapely.get_coordinates(parts, return_index=True)
        same = (owner[1:] == owner[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
        of = part_of[owner]
        return cls(xy, of, (xy[:-1][same], xy[1:][same]), of[1:][same])


@dataclass(frozen=True, slots=True)
class _Inserted:
    """The rows that got corners, and the hashes of the edges that were looked at."""

    rows: NDArray[np.intp]
    edges: list[NDArray[np.uint64]]


@dataclass(slots=True)
class _Joining:
    """How corners are put into edges, and what was held against each other already.

    A shape that becomes invalid goes through ``mend``, or stays as it was. ``move`` is the largest
    move, in the unit of the coordinates. ``corners`` and ``edges`` have the hashes, ascending, of
    those of which each was held against each.
    """

    reach: float
    mend: Callable[[BaseGeometry], BaseGeometry] | None = None
    move: float = 0.0
    corners: NDArray[np.uint64] = field(default_factory=_no_hashes)
    edges: NDArray[np.uint64] = field(default_factory=_no_hashes)

    def join(
        self, geoms: Polygons, rows: NDArray[np.intp], lines: NDArray[np.object_], tell: Tell
    ) -> NDArray[np.intp]:
        """Give the edges along ``lines`` the corners that lie on them, in place.

        Returns the rows that changed. What was held against each other before is left out.
        """
        found = _Along.of(lines)
        is_new = ~np.isin(_hashes(found.corners), self.corners)
        is_new_edge = ~np.isin(_edge_hashes(*found.edges), self.edges)
        fresh = np.union1d(found.corner_of[is_new], found.edge_of[is_new_edge])
        changed = np.empty(0, dtype=np.intp)
        if not len(fresh):
            return changed
        near = np.isin(rows, with_neighbours(geoms, rows[fresh]))
        corners, edges = near[found.corner_of], near[found.edge_of]
        starts, ends = found.edges
        tell(0.1)
        held: list[NDArray[np.uint64]] = []
        if is_new_edge.any():
            of = smaller_first(starts[is_new_edge], ends[is_new_edge])
            every = unique_rows(found.corners[corners])
            tell(0.2)
            inserted = self._insert(geoms, rows, every, of, part(tell, 0.2, 0.8))
            changed, held = inserted.rows, inserted.edges
        old = edges & ~is_new_edge
        if is_new.any() and old.any():
            of = smaller_first(starts[old], ends[old])
            new = unique_rows(found.corners[is_new])
            inserted = self._insert(geoms, rows, new, of, part(tell, 0.8, 1.0))
            changed = np.union1d(changed, inserted.rows)
        self.corners = np.union1d(self.corners, _hashes(found.corners[is_new]))
        self.edges = np.unique(np.concatenate((self.edges, *held)))
        return changed

    def _insert(
        self,
        geoms: Polygons,
        rows: NDArray[np.intp],
        corners: NDArray[np.float64],
        edges: Edges,
        tell: Tell,
    ) -> _Inserted:
        """Give edges the corners that lie on them, in place.

        An edge that was cut is bent by up to ``reach``: the corners are held against its parts
        until none lies on one any more.
        """
        changed = np.empty(0, dtype=np.intp)
        held = [_no_hashes()]
        for turn in range(_ROUNDS):
            wanted, move = corners_on_edges(corners, *edges, self.reach)
            held.append(_edge_hashes(*edges))
            tell(1 - 0.5 ** (turn + 0.5))
            rows = self._put(geoms, rows, wanted) if wanted else rows[:0]
            if not len(rows):
                break
            self.move = max(self.move, move)
            changed = np.union1d(changed, rows)
            edges = wanted.parts()
            tell(1 - 0.5 ** (turn + 1))
        return _Inserted(changed, held)

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
    present: Polygons, active: NDArray[np.intp], joining: _Joining, tell: Tell = silent
) -> NDArray[np.bool_]:
    """Insert corners in place until nothing is left to do. Returns who changed.

    ``active`` are the positions to look at first.
    """
    touched = np.zeros(len(present), dtype=bool)
    for turn in range(_ROUNDS):
        step = part(tell, 1 - 0.5**turn, 1 - 0.5 ** (turn + 1))
        step(0.0)
        lines = invalid_edges(present[active], gap_width=joining.reach)
        flagged = ~shapely.is_empty(lines)
        if not flagged.any():
            break
        step(0.2)
        changed = joining.join(present, active[flagged], lines[flagged], part(step, 0.2, 1.0))
        if not len(changed):
            break
        touched[changed] = True
        active = with_neighbours(present, changed)
    return touched


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
        return CornersOfEdges({}, _no_hashes()), 0.0
    segments = np.asarray(shapely.linestrings(np.stack((starts, ends), axis=1)), dtype=object)
    tree = shapely.STRtree(segments)
    points, hits = tree.query(shapely.points(corners), predicate="dwithin", distance=reach)
    along, away = _position(corners[points], starts[hits], ends[hits])
    span = np.hypot(*(ends[hits] - starts[hits]).T)
    # Beside an end of the edge is the end's own business: only what lies between the ends counts.
    keep = (along > 0) & (along < span) & (corners[points] != ends[hits]).any(axis=1)
    points, hits, along, away = points[keep], hits[keep], along[keep], away[keep]
    order = np.lexsort((along, hits))
    found: dict[EdgeKey, list[NDArray[np.float64]]] = {}
    keys = np.hstack((starts[hits[order]], ends[hits[order]])).tolist()
    for key, corner in zip(keys, corners[points[order]], strict=True):
        found.setdefault(tuple(key), []).append(corner)
    hashes = np.unique(_edge_hashes(starts[hits], ends[hits]))
    return CornersOfEdges(found, hashes), float(away.max(initial=0.0))


def _edge_hashes(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a number for each edge, the same in both directions."""
    return _hashes(starts) + _hashes(ends)


def _hashes(rows: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a number for each row, the same for equal ones and hardly ever for others."""
    # Nought is written in two ways; adding nought makes them one.
    bits = np.ascontiguousarray(rows + 0.0).view(np.uint64)
    mixed = bits * np.uint64(0x9E3779B97F4A7C15)
    mixed ^= mixed >> np.uint64(29)
    total = np.zeros(len(rows), dtype=np.uint64)
    for column in mixed.T:
        total = (total ^ column) * np.uint64(0xC2B2AE3D27D4EB4F)
        total ^= total >> np.uint64(32)
    return total


def unique_segments(lines: NDArray[np.object_]) -> Edges:
    """Return the segments of lines once each, from the smaller end to the larger."""
    return smaller_first(*_Along.of(lines).edges)


def smaller_first(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> Edges:
    """Return edges once each, from the smaller end to the larger."""
    flip = (starts[:, 0] > ends[:, 0]) | (
        (starts[:, 0] == ends[:, 0]) & (starts[:, 1] > ends[:, 1])
    )
    starts, ends = np.where(flip[:, None], ends, starts), np.where(flip[:, None], starts, ends)
    both = unique_rows(np.hstack((starts, ends)))
    return both[:, :2], both[:, 2:]


def unique_rows(rows: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the rows that differ, in ascending order; n by 2 or n by 4 numbers.

    As ``np.unique``, faster: points are compared whole.
    """
    points = np.ascontiguousarray(rows).view(np.complex128)
    ordered = rows[np.lexsort(points.T[::-1])]
    is_new = np.ones(len(rows), dtype=bool)
    is_new[1:] = (ordered[1:] != ordered[:-1]).any(axis=1)
    return ordered[is_new]


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
    for polygon in shapely.get_parts(geom):
        rings: list[NDArray[np.float64]] = []
        for ring in shapely.get_rings(polygon):
            xy = shapely.get_coordinates(ring)
            places: list[int] = []
            corners: list[NDArray[np.float64]] = []
            for edge in wanted.within(xy):
                found = wanted.of(xy[edge], xy[edge + 1])
                places += [int(edge) + 1] * len(found)
                corners += found
            is_changed = is_changed or bool(places)
            rings.append(np.insert(xy, places, corners, axis=0) if places else xy)
        polygons.append(Polygon(rings[0], rings[1:]))
    if not is_changed:
        return None
    return polygons[0] if len(polygons) == 1 else MultiPolygon(polygons)
