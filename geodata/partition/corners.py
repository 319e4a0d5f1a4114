"""Corners that lie on edges: finding them among a million edges, and putting them into rings.

Coordinates are of any system; ``reach`` is in its unit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

# Edges by their ends, n by 2 each.
Edges = tuple[NDArray[np.float64], NDArray[np.float64]]
# The ends of an edge: x, y of the smaller one, then of the larger.
EdgeKey = tuple[float, float, float, float]


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
        hashes = edge_hashes(ring[:-1], ring[1:])
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
class Along:
    """The corners and edges of lines, and of which line each is."""

    corners: NDArray[np.float64]
    corner_of: NDArray[np.intp]
    edges: Edges
    edge_of: NDArray[np.intp]

    @classmethod
    def of(cls, lines: NDArray[np.object_]) -> Along:
        """Take lines apart; edges without length are left out."""
        parts, part_of = shapely.get_parts(lines, return_index=True)
        xy, owner = shapely.get_coordinates(parts, return_index=True)
        same = (owner[1:] == owner[:-1]) & (xy[1:] != xy[:-1]).any(axis=1)
        of = part_of[owner]
        return cls(xy, of, (xy[:-1][same], xy[1:][same]), of[1:][same])


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
        return CornersOfEdges({}, no_hashes()), 0.0
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
    hashes = np.unique(edge_hashes(starts[hits], ends[hits]))
    return CornersOfEdges(found, hashes), float(away.max(initial=0.0))


def edge_hashes(starts: NDArray[np.float64], ends: NDArray[np.float64]) -> NDArray[np.uint64]:
    """Return a number for each edge, the same in both directions."""
    return row_hashes(starts) + row_hashes(ends)


def row_hashes(rows: NDArray[np.float64]) -> NDArray[np.uint64]:
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
    return smaller_first(*Along.of(lines).edges)


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


def no_hashes() -> NDArray[np.uint64]:
    """Return the hashes of nothing."""
    return np.empty(0, dtype=np.uint64)
