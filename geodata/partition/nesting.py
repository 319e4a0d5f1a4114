"""How a level lies in the level above: whose child each grid is, what leaves its parent, gaps.

Shapes are EPSG:4326 on the storage grid, areas square metres on the ellipsoid.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry import Polygon
from shapely.geometry.base import BaseGeometry

from geodata.partition.measure import area_m2, place
from geodata.partition.noding import STEP, Polygons
from geodata.partition.problems import Problem
from geodata.partition.progress import OnProgress, ignore_progress, scale_progress
from geodata.partition.unions import unite

# Less of a grid than this inside its parent: the two levels divide the land differently.
NESTING_SHARE = 0.95
# A parent may lack this much of its ground before its children fail to fill it: two sources seldom
# draw an outer border alike.
GAP_SHARE = 0.01
# Strips narrower than two grid steps (2 cm) come from rounding corners on a straight edge.
_ROUNDING = 1.0 * STEP


@dataclass(frozen=True, slots=True)
class Nesting:
    """Where each child lies. Arrays are as long as the children.

    ``parent`` is the position of the parent with the largest share, -1 where no parent is met;
    ``outside_m2`` the child's ground outside it, 0 where only rounding differs; ``area_m2`` the
    child's own area.
    """

    parent: NDArray[np.intp]
    outside_m2: NDArray[np.float64]
    area_m2: NDArray[np.float64]

    @property
    def share(self) -> NDArray[np.float64]:
        """The part of each child inside its parent, 0 to 1."""
        inside = 1 - self.outside_m2 / np.maximum(self.area_m2, 1e-9)
        return np.where(self.parent < 0, 0.0, np.clip(inside, 0.0, 1.0))


def nest(children: Polygons, parents: Polygons, wanted: NDArray[np.intp] | None = None) -> Nesting:
    """Find the parent of each child by the largest share of its ground.

    ``wanted`` names the parents that a column of the file gave (-1: unknown), which are then
    measured instead of searched for.
    """
    areas = area_m2(children)
    parent = np.full(len(children), -1, dtype=np.intp)
    outside = areas.copy()
    tree = shapely.STRtree(children)
    # Parents are asked because prepared: a large polygon answers thousands of small ones.
    holder, held = tree.query(parents, predicate="covers")
    if wanted is not None:
        parent = wanted.copy()
        fits = wanted[held] == holder
        holder, held = holder[fits], held[fits]
    parent[held] = holder
    outside[held] = 0.0
    loose = np.setdiff1d(np.arange(len(children)), held)
    if not len(loose):
        return Nesting(parent, outside, areas)
    children_loose, pair_parents = _candidates(children, parents, loose, wanted)
    shared = intersection(children[children_loose], parents[pair_parents])
    inside = area_m2(shared)
    # The largest share wins: in ascending order the last one written.
    order = np.argsort(inside, kind="stable")
    rows, owners = children_loose[order], pair_parents[order]
    real = inside[order] > 0
    parent[rows[real]] = owners[real]
    outside[rows[real]] = areas[rows[real]] - inside[order][real]
    for row in loose[parent[loose] >= 0]:
        if shapely.is_empty(beyond(children[int(row)], parents[int(parent[row])])):
            outside[row] = 0.0
    return Nesting(parent, np.maximum(outside, 0.0), areas)


def beyond(child: BaseGeometry, parent: BaseGeometry) -> BaseGeometry:
    """Return the ground of a child outside its parent; empty where only rounding differs."""
    ground = _difference(child, parent)
    return Polygon() if is_rounding(ground) else ground


def is_rounding(ground: BaseGeometry) -> bool:
    """Tell whether ground is no wider than what rounding corners leaves (2 cm), or empty."""
    return bool(shapely.is_empty(shapely.buffer(ground, -_ROUNDING)))


def nearest(children: Polygons, parents: Polygons) -> NDArray[np.intp]:
    """Return the nearest parent of each child, for those that lie in none."""
    return np.asarray(shapely.STRtree(parents).nearest(children), dtype=np.intp)


def nesting_problems(nesting: Nesting, children: Polygons, parents: Polygons) -> list[Problem]:
    """Say which children do not nest (less than 95 % inside) and which leave their parent."""
    problems: list[Problem] = []
    for row in np.flatnonzero((nesting.outside_m2 > 0) | (nesting.parent < 0)):
        owner = int(nesting.parent[row])
        share = float(nesting.share[row])
        child: BaseGeometry = children[int(row)]
        ground = child if owner < 0 else beyond(child, parents[owner])
        data: dict[str, str | int | float] = {"share": round(share, 4), "parent": owner}
        where, m2 = place(ground), float(nesting.outside_m2[row])
        if share < NESTING_SHARE:
            problems.append(Problem("does_not_nest", "blocking", (int(row),), m2, where, data))
        else:
            problems.append(Problem("outside_parent", "warning", (int(row),), m2, where, data))
    return sorted(problems, key=lambda problem: -(problem.m2 or 0))


def intersection(first: Polygons, second: Polygons) -> Polygons:
    """Return what is common to pairs of shapes, also where floating point fails on one."""
    try:
        return np.asarray(shapely.intersection(first, second), dtype=object)
    except GEOSException:
        return np.asarray(shapely.intersection(first, second, grid_size=STEP), dtype=object)


def find_gaps(
    children: Polygons,
    parents: Polygons,
    owner: NDArray[np.intp],
    tell: OnProgress = ignore_progress,
) -> list[Problem]:
    """Find the ground of each parent that no child of the level covers; rows are parents.

    Blocking from 1 % of a parent's ground on. A parent without any child is one warning.
    """
    problems: list[Problem] = []
    shapely.prepare(parents)
    for position, parent in enumerate(parents):
        own = children[owner == position]
        if not len(own):
            problems.append(Problem("no_children", "warning", (position,)))
            continue
        rivals = children[(owner != position) & shapely.intersects(children, parent)]
        step = scale_progress(tell, position / len(parents), (position + 1) / len(parents))
        together = unite(np.concatenate((own, rivals)), None, scale_progress(step, 0.0, 0.6))
        step(0.6)
        # The holes are taken by themselves: a hundred thousand of them make one shape slow.
        holes = together.holes[shapely.intersects(together.holes, parent)]
        around = _difference(parent, together.ground)
        inside = intersection(holes, np.full(len(holes), parent, dtype=object))
        step(0.8)
        pieces = np.concatenate((shapely.get_parts(around), shapely.get_parts(inside)))
        wide = pieces[~shapely.is_empty(shapely.buffer(pieces, -_ROUNDING))]
        if not len(wide):
            continue
        sizes = area_m2(wide)
        m2 = float(sizes.sum())
        share = m2 / float(area_m2(np.array([parent], dtype=object))[0])
        severity = "blocking" if share >= GAP_SHARE else "warning"
        data = {"pieces": len(wide), "share": round(share, 4)}
        where = place(wide[int(np.argmax(sizes))])
        problems.append(Problem("gap", severity, (position,), m2, where, data))
    return sorted(problems, key=lambda problem: -(problem.m2 or 0))


def _candidates(
    children: Polygons,
    parents: Polygons,
    loose: NDArray[np.intp],
    wanted: NDArray[np.intp] | None,
) -> tuple[NDArray[np.intp], NDArray[np.intp]]:
    """Return pairs of loose children and the parents to measure them against."""
    if wanted is not None:
        known = loose[wanted[loose] >= 0]
        return known, wanted[known]
    asked, hits = shapely.STRtree(children[loose]).query(parents, predicate="intersects")
    return loose[hits], asked


def _difference(first: BaseGeometry, second: BaseGeometry) -> BaseGeometry:
    try:
        return shapely.difference(first, second)
    except GEOSException:
        return shapely.difference(first, second, grid_size=STEP)
