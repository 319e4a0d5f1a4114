"""Uniting many shapes fast: a gap that is found is closed at once, and not carried to the end.

A union of thousands of polygons that were each drawn on their own has a hundred thousand holes.
Taken pair by pair, and each hole filled as soon as nothing else can lie in it, every step is as
small as the border along which the two sides meet. Shapes are EPSG:4326.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from shapely.errors import GEOSException
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.partition.noding import STEP, Polygons, keep_polygons
from geodata.partition.progress import OnProgress, ignore_progress


@dataclass(frozen=True, slots=True)
class Union:
    """What shapes cover together: ``ground`` with its ``holes`` filled, and the holes."""

    ground: BaseGeometry
    holes: Polygons


def unite(
    geoms: Polygons, members: NDArray[np.intp] | None = None, tell: OnProgress = ignore_progress
) -> Union:
    """Unite the shapes at ``members`` (all of them if None); holes are the ground without any.

    A hole in which a shape lies that is no member is no gap: it stays a hole of ``ground``.
    """
    if members is None:
        members = np.arange(len(geoms))
    members = members[~shapely.is_empty(geoms[members])]
    if not len(members):
        return Union(Polygon(), np.empty(0, dtype=object))
    work = _Uniting(geoms, shapely.STRtree(geoms), np.full(len(geoms), -1), tell, len(members))
    ground = work.unite(members)
    holes = np.empty(len(work.holes), dtype=object)
    holes[:] = work.holes
    return Union(ground, holes)


def united(first: BaseGeometry, second: BaseGeometry) -> BaseGeometry:
    """Return the union of two shapes, on the storage grid where it cannot be had otherwise."""
    try:
        return shapely.union(first, second)
    except GEOSException:
        return shapely.union(first, second, grid_size=STEP)


@dataclass(slots=True)
class _Uniting:
    """The state of one union: ``side`` tells which branch of it each shape belongs to."""

    geoms: Polygons
    tree: shapely.STRtree
    side: NDArray[np.intp]
    tell: OnProgress
    total: int
    branches: int = 0
    done: int = 0
    holes: list[BaseGeometry] = field(default_factory=list[BaseGeometry])

    def unite(self, members: NDArray[np.intp]) -> BaseGeometry:
        if len(members) == 1:
            self.done += 1
            if self.done % 200 == 0:
                self.tell(self.done / self.total)
            only: BaseGeometry = self.geoms[int(members[0])]
            return self._without_gaps(keep_polygons(only), members)
        centres = shapely.bounds(self.geoms[members])
        centres = centres[:, :2] + centres[:, 2:]
        axis = int(np.argmax(np.ptp(centres, axis=0)))
        order = members[np.argsort(centres[:, axis], kind="stable")]
        half = len(order) // 2
        whole = united(self.unite(order[:half]), self.unite(order[half:]))
        return self._without_gaps(keep_polygons(whole), members)

    def _without_gaps(self, ground: BaseGeometry, members: NDArray[np.intp]) -> BaseGeometry:
        """Fill and keep the holes in which no other shape lies."""
        parts = shapely.get_parts(ground)
        counts = shapely.get_num_interior_rings(parts)
        if not counts.any():
            return ground
        self.branches += 1
        self.side[members] = self.branches
        filled: list[Polygon] = []
        islands = shapely.STRtree(shapely.point_on_surface(parts)) if len(parts) > 1 else None
        inner: set[int] = set()
        for part, count in zip(parts, counts, strict=True):
            if not count:
                filled.append(part)
                continue
            rings = np.asarray(shapely.get_interior_ring(part, range(count)), dtype=object)
            shapes = np.asarray(shapely.polygons(rings), dtype=object)
            is_used = self._holds_another(shapes)
            if islands is not None:
                hole, island = islands.query(shapes[~is_used], predicate="contains")
                inner.update(island.tolist())
                for at in np.unique(hole):
                    # An enclave that does not fill its hole: the gap is what lies around it.
                    whole = np.flatnonzero(~is_used)[at]
                    shells = shapely.get_exterior_ring(parts[island[hole == at]])
                    enclaves = shapely.union_all(np.asarray(shapely.polygons(shells)))
                    shapes[whole] = shapely.difference(shapes[whole], enclaves)
            self.holes.extend(shapely.get_parts(shapes[~is_used]))
            filled.append(Polygon(shapely.get_exterior_ring(part), rings[is_used]))
        outer = [shape for number, shape in enumerate(filled) if number not in inner]
        return outer[0] if len(outer) == 1 else MultiPolygon(outer)

    def _holds_another(self, holes: Polygons) -> NDArray[np.bool_]:
        """OnProgress in which holes of the present branch a shape of another one lies."""
        hole, other = self.tree.query(holes)
        foreign = self.side[other] != self.branches
        hole, other = hole[foreign], other[foreign]
        is_used = np.zeros(len(holes), dtype=bool)
        meets = shapely.relate_pattern(self.geoms[other], holes[hole], "T********")
        is_used[hole[meets]] = True
        return is_used
