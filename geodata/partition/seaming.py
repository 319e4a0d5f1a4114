"""Mending the seams of a level: slips go to a neighbour, and the report says how much of whom.

Shapes are EPSG:4326 on the storage grid, areas square metres on the ellipsoid.
"""

from __future__ import annotations

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
    invalid_edges,
    node,
    polygonal,
    with_neighbours,
)
from geodata.partition.problems import Problem
from geodata.partition.repair import Repair, common_border
from geodata.partition.seams import SLIVER_M2, is_slip, narrow_gaps, shared_ground
from geodata.partition.telling import Tell, part, silent

# A grid that wins or loses more of its ground than this by a repair is another grid.
MOVED_SHARE = 0.05
# Of a grid that is itself a leftover of drawing, so much may move whatever its share.
MOVED_M2 = 10.0

_ROUNDS = 6
_CHUNK = 50


@dataclass(frozen=True, slots=True)
class Seamed:
    """A level after its repair: the shapes, what was done, and what is more than a repair may do.

    Rows of ``problems`` are positions, as those of ``repairs``.
    """

    geoms: Polygons
    repairs: list[Repair]
    problems: list[Problem]


def mend_seams(geoms: Polygons, tell: Tell = silent) -> Seamed:
    """Give overlaps and gaps that are slips, and stray pieces, to neighbours.

    ``geoms`` are valid, on the storage grid and noded. What is a slip says ``seams.is_slip``; wider
    places stay as they are, for the checks to find. Pieces below 1 m2 are given away as well, but
    no grid is given away whole.
    """
    before = geoms.copy()
    present = _give_away_pieces(geoms)
    start = 0.0
    for _ in range(_ROUNDS):
        # The first round is nearly all of the work, and each after it a part of the one before.
        end = start + 0.7 * (1 - start)
        after = _mended_once(present, part(tell, start, end))
        if after is None:
            break
        present, start = after, end
    return _told(before, present)


def _mended_once(geoms: Polygons, tell: Tell) -> Polygons | None:
    """Give every slip that is found now to a neighbour; None where there is none to give.

    What two claim is no gap, whoever keeps it, so both can be looked for at once.
    """
    flagged = np.flatnonzero(~shapely.is_empty(invalid_edges(geoms, gap_width=NARROW)))
    if not len(flagged):
        return None
    suspects = with_neighbours(geoms, flagged)
    lost = _overlaps_to_lose(geoms, suspects, part(tell, 0.0, 0.3))
    won = _gaps_to_win(geoms, suspects, part(tell, 0.3, 0.6))
    present = geoms.copy()
    touched = np.union1d(lost.rows, won.rows)
    is_changed = False
    for number, row in enumerate(touched):
        if number % _CHUNK == 0:
            tell(0.6 + 0.2 * number / len(touched))
        geom: BaseGeometry = geoms[int(row)]
        after = _changed(geom, lost.of(row), won.of(row))
        # Nobody vanishes.
        if not shapely.is_empty(after):
            present[row] = after
            is_changed = True
    return node(present, part(tell, 0.8, 1.0)).geoms if is_changed else None


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


def _changed(geom: BaseGeometry, lost: Polygons, won: Polygons) -> BaseGeometry:
    """Return a shape without the pieces that it loses and with those that it wins."""
    try:
        rest = shapely.difference(geom, shapely.union_all(lost)) if len(lost) else geom
        whole = shapely.union_all([rest, *won]) if len(won) else rest
    except GEOSException:
        gone = shapely.union_all(lost, grid_size=STEP)
        rest = shapely.difference(geom, gone, grid_size=STEP)
        whole = shapely.union_all([rest, *won], grid_size=STEP)
    return polygonal(whole)


def _told(before: Polygons, present: Polygons) -> Seamed:
    """Measure who won and lost ground."""
    changed = np.flatnonzero(~shapely.equals_exact(present, before) & ~shapely.is_empty(before))
    moved = _symmetric_difference(before[changed], present[changed])
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
    return Seamed(present, repairs, sorted(problems, key=lambda problem: -(problem.m2 or 0)))


def _overlaps_to_lose(geoms: Polygons, suspects: NDArray[np.intp], tell: Tell) -> _Pieces:
    """Leave each slip that two grids claim to the one beside which its border is longer."""
    claims = shared_ground(geoms, suspects, tell)
    pieces, pair = _parts(claims.ground)
    slips = is_slip(pieces)
    pieces, pairs = pieces[slips], claims.pairs[pair[slips]]
    # The border of one, seen from the piece, is where the other's ground goes on.
    of_first = _borders(pieces, geoms[pairs[:, 1]])
    borders = np.stack((of_first, shapely.length(pieces) - of_first), axis=1)
    share = shapely.area(pieces)[:, None] / shapely.area(geoms[pairs])
    # Nobody gives half of his own ground.
    borders[share > 0.5] = np.inf
    keeps_first = borders[:, 0] >= borders[:, 1]
    return _pieces(np.where(keeps_first, pairs[:, 1], pairs[:, 0]), pieces)


def _gaps_to_win(geoms: Polygons, suspects: NDArray[np.intp], tell: Tell) -> _Pieces:
    """Give each narrow gap to the neighbour with the longest border on it."""
    gaps = narrow_gaps(geoms, suspects, tell)
    gaps = gaps[is_slip(gaps)]
    gap, beside = shapely.STRtree(geoms).query(gaps)
    borders = _borders(gaps[gap], geoms[beside])
    # The longest border wins: in ascending order the last one written.
    order = np.argsort(borders, kind="stable")
    takers = np.full(len(gaps), -1, dtype=np.intp)
    takers[gap[order]] = np.where(borders[order] > 0, beside[order], -1)
    taken = takers >= 0
    return _pieces(takers[taken], gaps[taken])


def _borders(pieces: Polygons, geoms: Polygons) -> NDArray[np.float64]:
    """Return how much of each piece's border runs along that of the shape beside it, in degrees.

    Every edge of a piece lies on one border or another from end to end: its middle is enough.
    """
    rings = shapely.get_rings(pieces)
    owner = np.repeat(np.arange(len(pieces)), shapely.get_num_interior_rings(pieces) + 1)
    xy, ring = shapely.get_coordinates(rings, return_index=True)
    same = ring[1:] == ring[:-1]
    middles = ((xy[1:] + xy[:-1]) / 2)[same]
    lengths = np.hypot(*(xy[1:] - xy[:-1]).T)[same]
    piece = owner[ring[1:][same]]
    boundaries = shapely.boundary(geoms)
    shapely.prepare(boundaries)
    on_border = shapely.dwithin(boundaries[piece], shapely.points(middles), STEP / 10)
    found = np.bincount(piece[on_border], lengths[on_border], minlength=len(pieces))
    return found.astype(np.float64)


def _parts(grounds: Polygons) -> tuple[Polygons, NDArray[np.intp]]:
    """Return the single polygons of shapes, and whose each is."""
    parts, owner = shapely.get_parts(grounds, return_index=True)
    full = ~shapely.is_empty(parts)
    return np.asarray(parts, dtype=object)[full], owner[full]


def _symmetric_difference(before: Polygons, after: Polygons) -> Polygons:
    try:
        return np.asarray(shapely.symmetric_difference(before, after), dtype=object)
    except GEOSException:
        moved = shapely.symmetric_difference(before, after, grid_size=STEP)
        return np.asarray(moved, dtype=object)


def _give_away_pieces(geoms: Polygons) -> Polygons:
    """Give pieces below 1 m2 of grids in several pieces to the neighbour beside them."""
    present = geoms.copy()
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
            pieces.extend((int(row), piece) for piece in parts[small])
    tree = shapely.STRtree(present)
    for row, piece in pieces:
        near = [int(other) for other in tree.query(piece, predicate="intersects") if other != row]
        borders = [common_border(piece, present[other]) for other in near]
        if borders and max(borders) > 0:
            taker = near[int(np.argmax(borders))]
            joined = polygonal(present[taker].union(piece))
            present[taker] = joined
    return np.asarray(node(present).geoms if pieces else present, dtype=object)
