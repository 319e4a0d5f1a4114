"""Mending the seams of a level: slips go to a neighbour, and the report says how much of whom.

Shapes are EPSG:4326 on the storage grid, areas square metres on the ellipsoid.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry import MultiPolygon
from shapely.geometry.base import BaseGeometry

from geodata.partition.measure import area_m2, place
from geodata.partition.noding import (
    NARROW,
    STEP,
    Polygons,
    keep_polygons,
    node_again,
)
from geodata.partition.problems import Problem
from geodata.partition.progress import OnProgress, ignore_progress, scale_progress
from geodata.partition.repair import Repair, common_border
from geodata.partition.seams import SLIVER_M2, find_faulty, is_slip, narrow_gaps, shared_ground

# A grid that wins or loses more of its ground than this by a repair is another grid.
MOVED_SHARE = 0.05
# Of a grid that is itself a leftover of drawing, so much may move whatever its share.
MOVED_M2 = 10.0

_ROUNDS = 6
# Shapes after which a step that takes them one by one says how far it is.
_SHOWN = 50


@dataclass(frozen=True, slots=True)
class Seamed:
    """A level after its repair: the shapes, what was done, and what is more than a repair may do.

    Rows of ``problems`` are positions, as those of ``repairs``; only at ``suspects`` overlaps or
    narrow gaps can be left.
    """

    geoms: Polygons
    suspects: NDArray[np.intp]
    repairs: list[Repair]
    problems: list[Problem]


def mend_seams(
    geoms: Polygons, suspects: NDArray[np.intp] | None = None, tell: OnProgress = ignore_progress
) -> Seamed:
    """Give overlaps and gaps that are slips, and stray pieces, to neighbours.

    ``geoms`` are valid, on the storage grid and noded, ``suspects`` what noding returned (None: all
    of them). What is a slip says ``seams.is_slip``; wider places stay as they are, for the checks
    to find. Pieces below 1 m2 are given away as well, but no grid is given away whole.
    """
    if suspects is None:
        suspects = np.arange(len(geoms))
    level = _give_away_pieces(_Level(geoms, suspects))
    start = 0.0
    for _ in range(_ROUNDS):
        # The first round is nearly all of the work, and each after it a part of the one before.
        end = start + 0.7 * (1 - start)
        after = _mended_once(level, scale_progress(tell, start, end))
        if after is None:
            break
        level, start = after, end
    repairs, problems = _told(geoms, level.geoms)
    return Seamed(level.geoms, level.suspects, repairs, problems)


@dataclass(frozen=True, slots=True)
class _Level:
    """Shapes, noded, and where overlaps or narrow gaps can be among them."""

    geoms: Polygons
    suspects: NDArray[np.intp]

    def changed(
        self, geoms: Polygons, rows: Sequence[int], tell: OnProgress = ignore_progress
    ) -> _Level:
        """Return the level with other shapes at some rows, noded."""
        noded = node_again(geoms, np.asarray(rows, dtype=np.intp), self.suspects, tell)
        return _Level(noded.geoms, noded.suspects)


def _mended_once(level: _Level, tell: OnProgress) -> _Level | None:
    """Give every slip that is found now to a neighbour; None where there is none to give.

    What two claim is no gap, no matter who keeps it, so both can be looked for at once.
    """
    geoms = level.geoms
    rows = find_faulty(geoms, level.suspects, NARROW)
    if not len(rows):
        return None
    lost = _overlaps_to_lose(geoms, rows, scale_progress(tell, 0.0, 0.3))
    won = _gaps_to_win(geoms, rows, scale_progress(tell, 0.3, 0.6))
    present = geoms.copy()
    touched = np.union1d(lost.rows, won.rows)
    changed: list[int] = []
    shapes = _in_threads(lambda row: _changed(geoms[row], lost.of(row), won.of(row)), touched)
    for number, (row, after) in enumerate(zip(touched, shapes, strict=True)):
        if number % _SHOWN == 0:
            tell(0.6 + 0.2 * number / len(touched))
        # Nobody vanishes.
        if not shapely.is_empty(after):
            present[row] = after
            changed.append(int(row))
    return level.changed(present, changed, scale_progress(tell, 0.8, 1.0)) if changed else None


@dataclass(frozen=True, slots=True)
class _Pieces:
    """Pieces of ground by the row that loses or wins them; ``rows`` ascend."""

    rows: NDArray[np.intp]
    pieces: Polygons

    def of(self, row: int) -> Polygons:
        """Return the pieces of one row."""
        start, end = np.searchsorted(self.rows, (row, row + 1))
        return self.pieces[start:end]


def _pieces(rows: NDArray[np.intp], pieces: Polygons) -> _Pieces:
    order = np.argsort(rows, kind="stable")
    return _Pieces(rows[order], pieces[order])


def _in_threads(
    work: Callable[[int], BaseGeometry], rows: NDArray[np.intp]
) -> Iterator[BaseGeometry]:
    """Yield what ``work`` returns for each row, in their order. GEOS runs beside other threads."""
    with ThreadPoolExecutor(os.cpu_count()) as pool:
        yield from pool.map(work, rows.tolist())


def _changed(geom: BaseGeometry, lost: Polygons, won: Polygons) -> BaseGeometry:
    """Return a shape without the pieces that it loses and with those that it wins."""
    try:
        rest = shapely.difference(geom, _together(lost)) if len(lost) else geom
        whole = shapely.union(rest, _together(won)) if len(won) else rest
    except GEOSException:
        gone = shapely.union_all(lost, grid_size=STEP)
        rest = shapely.difference(geom, gone, grid_size=STEP)
        whole = shapely.union_all([rest, *won], grid_size=STEP)
    return keep_polygons(whole)


def _together(pieces: Polygons) -> BaseGeometry:
    """Return pieces as one shape. Most lie apart: then nothing has to be united."""
    parts = MultiPolygon(list(shapely.get_parts(pieces)))
    return parts if parts.is_valid else shapely.union_all(pieces)


def _told(before: Polygons, present: Polygons) -> tuple[list[Repair], list[Problem]]:
    """Measure who won and lost ground."""
    changed = np.flatnonzero(~shapely.equals_exact(present, before) & ~shapely.is_empty(before))
    moved = np.empty(len(changed), dtype=object)
    moved[:] = list(
        _in_threads(lambda row: _symmetric_difference(before[row], present[row]), changed)
    )
    areas, own = area_m2(moved), area_m2(before[changed])
    repairs: list[Repair] = []
    problems: list[Problem] = []
    for row, ground, m2, whole in zip(changed, moved, areas, own, strict=True):
        if m2 <= 0:
            continue
        share, where = float(m2 / max(whole, 1e-9)), place(ground)
        repairs.append(Repair(int(row), "coverage", float(m2), share, where))
        if share > MOVED_SHARE and m2 > MOVED_M2:
            data = {"moved": share, "limit": MOVED_SHARE}
            problems.append(Problem("moves_much", "blocking", (int(row),), float(m2), where, data))
    return repairs, sorted(problems, key=lambda problem: -(problem.m2 or 0))


def _overlaps_to_lose(geoms: Polygons, rows: NDArray[np.intp], tell: OnProgress) -> _Pieces:
    """Leave each slip that two grids claim to the one beside which its border is longer."""
    claims = shared_ground(geoms, rows, scale_progress(tell, 0.0, 0.6))
    pieces, pair = _parts(claims.ground)
    slips = is_slip(pieces)
    pieces, pairs = pieces[slips], claims.pairs[pair[slips]]
    # The border of one, seen from the piece, is where the other's ground goes on.
    of_first = _borders(pieces, geoms, np.unique(pairs), scale_progress(tell, 0.6, 1.0)).along(
        pairs[:, 1]
    )
    borders = np.stack((of_first, shapely.length(pieces) - of_first), axis=1)
    share = shapely.area(pieces)[:, None] / shapely.area(geoms[pairs])
    # Nobody gives half of his own ground.
    borders[share > 0.5] = np.inf
    keeps_first = borders[:, 0] >= borders[:, 1]
    return _pieces(np.where(keeps_first, pairs[:, 1], pairs[:, 0]), pieces)


def _gaps_to_win(geoms: Polygons, rows: NDArray[np.intp], tell: OnProgress) -> _Pieces:
    """Give each narrow gap to the neighbour with the longest border on it."""
    gaps = narrow_gaps(geoms, rows, scale_progress(tell, 0.0, 0.6))
    gaps = gaps[is_slip(gaps)]
    beside = np.unique(shapely.STRtree(geoms).query(gaps)[1])
    borders = _borders(gaps, geoms, beside, scale_progress(tell, 0.6, 1.0))
    # The longest border wins: in ascending order the last one written.
    order = np.argsort(borders.lengths, kind="stable")
    takers = np.full(len(gaps), -1, dtype=np.intp)
    takers[borders.piece[order]] = borders.row[order]
    taken = takers >= 0
    return _pieces(takers[taken], gaps[taken])


@dataclass(frozen=True, slots=True)
class _Borders:
    """How long the border of pieces runs along that of shapes: ``lengths`` in degrees.

    Sorted by ``piece``, then ``row``; pairs that share no border are left out.
    """

    piece: NDArray[np.intp]
    row: NDArray[np.intp]
    lengths: NDArray[np.float64]
    width: int

    def along(self, rows: NDArray[np.intp]) -> NDArray[np.float64]:
        """Return how much of each piece's border runs along that of one row, given for each."""
        keys = self.piece * self.width + self.row
        wanted = np.arange(len(rows)) * self.width + rows
        at = np.minimum(np.searchsorted(keys, wanted), max(len(keys) - 1, 0))
        if not len(keys):
            return np.zeros(len(rows))
        return np.where(keys[at] == wanted, self.lengths[at], 0.0)


def _borders(
    pieces: Polygons, geoms: Polygons, rows: NDArray[np.intp], tell: OnProgress
) -> _Borders:
    """Measure along which of the shapes at ``rows`` the border of each piece runs.

    Every edge of a piece lies on one border or another from end to end: its middle is enough.
    """
    edges, owner = _edges(pieces)
    middles, lengths = (
        shapely.line_interpolate_point(edges, 0.5, normalized=True),
        shapely.length(edges),
    )
    tree = shapely.STRtree(middles)
    keys, along = [np.empty(0, dtype=np.intp)], [np.empty(0)]
    for start in range(0, len(rows), _SHOWN):
        tell(start / len(rows))
        sides, side_owner = _edges(geoms[rows[start : start + _SHOWN]])
        side, edge = tree.query(sides, predicate="dwithin", distance=STEP / 10)
        # Where two edges of one shape meet, a middle counts once.
        found = np.unique(edge * len(geoms) + rows[start + side_owner[side]])
        edge, row = np.divmod(found, len(geoms))
        keys.append(owner[edge] * len(geoms) + row)
        along.append(lengths[edge])
    pairs, pair = np.unique(np.concatenate(keys), return_inverse=True)
    piece, row = np.divmod(pairs, len(geoms))
    sums = np.bincount(pair, np.concatenate(along), minlength=len(pairs))
    return _Borders(piece, row, sums.astype(np.float64), len(geoms))


def _edges(geoms: Polygons) -> tuple[Polygons, NDArray[np.intp]]:
    """Return the edges of polygons as lines of two points, and whose each is."""
    parts, part_owner = shapely.get_parts(geoms, return_index=True)
    rings, ring_owner = shapely.get_rings(parts, return_index=True)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    ends = np.stack((xy[:-1][same], xy[1:][same]), axis=1)
    lines = np.asarray(shapely.linestrings(ends), dtype=object)
    return lines, part_owner[ring_owner[ring[1:][same]]]


def _parts(grounds: Polygons) -> tuple[Polygons, NDArray[np.intp]]:
    """Return the single polygons of shapes, and whose each is."""
    parts, owner = shapely.get_parts(grounds, return_index=True)
    full = ~shapely.is_empty(parts)
    return np.asarray(parts, dtype=object)[full], owner[full]


def _symmetric_difference(before: BaseGeometry, after: BaseGeometry) -> BaseGeometry:
    try:
        return shapely.symmetric_difference(before, after)
    except GEOSException:
        return shapely.symmetric_difference(before, after, grid_size=STEP)


def _give_away_pieces(level: _Level) -> _Level:
    """Give pieces below 1 m2 of grids in several pieces to the neighbour beside them."""
    geoms = level.geoms
    present = geoms.copy()
    changed: list[int] = []
    pieces: list[tuple[int, BaseGeometry]] = []
    for row in np.flatnonzero(shapely.get_num_geometries(geoms) > 1):
        parts = shapely.get_parts(geoms[row])
        sizes = area_m2(parts)
        if sizes.max() < SLIVER_M2:
            # Nothing would be left of the grid.
            continue
        small = sizes < SLIVER_M2
        small[int(np.argmax(sizes))] = False
        if small.any():
            kept = parts[~small]
            present[row] = kept[0] if len(kept) == 1 else MultiPolygon(list(kept))
            changed.append(int(row))
            pieces.extend((int(row), piece) for piece in parts[small])
    tree = shapely.STRtree(present)
    for row, piece in pieces:
        near = [int(other) for other in tree.query(piece, predicate="intersects") if other != row]
        borders = [common_border(piece, present[other]) for other in near]
        if borders and max(borders) > 0:
            taker = near[int(np.argmax(borders))]
            joined = keep_polygons(present[taker].union(piece))
            present[taker] = joined
            changed.append(taker)
    return level.changed(present, sorted(set(changed))) if pieces else level
