"""How far buildings are from facilities: along roads where these are known, else straight.

A place that no road comes near is measured straight as well, to and from everybody: that nobody has
drawn its road is not that nobody serves it.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg import Connection
from scipy.spatial import KDTree
from shapely.geometry.base import BaseGeometry

from geodata import frames
from geodata.coverage.judging.verdicts import Bools, Floats, Pairs
from geodata.coverage.standards.model import Kind, Standard
from geodata.model import Bounds
from geodata.roads import keeping, reaching, service_areas
from geodata.roads.network import Network
from geodata.roads.reaching import Graph
from geodata.roads.service_areas import Beads
from geodata.roads.snapping import Ground, Snapped

# A building farther from every road than this is not brought to one.
SNAP_M = 500.0


@dataclass(frozen=True, slots=True)
class Spots:
    """Places (lon, lat) of shape (n, 2), and where they meet the roads (None without any)."""

    lon_lat: Floats
    snapped: Snapped | None

    @property
    def is_on_road(self) -> Bools:
        """Whether each place is brought to a road."""
        if self.snapped is None:
            return np.zeros(len(self.lon_lat), dtype=np.bool_)
        return self.snapped.is_reached


@dataclass(frozen=True, slots=True)
class Reach:
    """Ground in reach: beside the roads, and in circles around places that no road comes near.

    ``beads`` are points along the roads and ``left_m`` how far beside each one may live. Buildings
    that no road comes near are measured straight, and may stand beside the ground all the same.
    """

    beads: Floats
    left_m: Floats
    circles: list[BaseGeometry]

    def over(self, shape: BaseGeometry) -> BaseGeometry:
        """Return the part of a shape that is in reach."""
        near = [each for each in self.circles if shapely.intersects(each, shape)]
        ground = shapely.intersection(shape, shapely.union_all(near))
        if not len(self.beads):
            return ground
        return shapely.union(
            ground, service_areas.find_reached(self.beads, self.left_m, shape, SNAP_M)
        )


class Ways:
    """The roads of the county, or of a box in it; none at all where none are known."""

    def __init__(self, network: Network | None = None, is_island: Bools | None = None) -> None:
        is_open = None if is_island is None else ~is_island
        self._network = network
        count = len(network.lines) if network else 0
        self._is_open = np.ones(count, dtype=np.bool_) if is_open is None else is_open
        self._ground = Ground(network, is_open) if network and len(network.lines) else None
        self._graphs: dict[tuple[str, float], Graph] = {}

    @classmethod
    def load(cls, conn: Connection[Any], box: Bounds | None) -> Ways:
        """Return the roads that are known, in a box or everywhere."""
        return cls(*keeping.load(conn, box))

    def find(self, lon_lat: Floats) -> Spots:
        """Bring places to the roads."""
        if self._ground is None or not len(lon_lat):
            return Spots(lon_lat, None)
        return Spots(lon_lat, self._ground.snap(lon_lat, SNAP_M))

    def in_reach(self, buildings: Spots, is_village: Bools, kind: Kind, others: Spots) -> Pairs:
        """Return who has which of the others in reach by a kind's standards, and how far."""
        found: list[Pairs] = []
        for which, standard in ((~is_village, kind.town), (is_village, kind.village)):
            some = np.flatnonzero(which)
            at, by, way = self._in_reach(buildings, some, standard, others)
            found.append((some[at], by, way))
        at, by, way = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return at, by, way

    def reach(self, places: Floats, standard: Standard) -> Reach:
        """Return the ground from which one of some places (lon, lat) is in reach by a standard."""
        spots = self.find(places)
        circles = [
            service_areas.circle(place, standard.straight_m) for place in places[~spots.is_on_road]
        ]
        if spots.snapped is None or not spots.is_on_road.any():
            return Reach(np.empty((0, 2)), np.empty(0), circles)
        left_m = self._beads.left(self._graph(standard), spots.snapped, standard.reach)
        return Reach(self._beads.lon_lat, left_m, circles)

    @cached_property
    def _beads(self) -> Beads:
        assert self._network is not None
        return Beads(self._network, self._is_open)

    def _in_reach(
        self, buildings: Spots, some: NDArray[np.int64], standard: Standard, others: Spots
    ) -> Pairs:
        if buildings.snapped is None or others.snapped is None or not len(some):
            return _lines(buildings.lon_lat[some], others.lon_lat, standard)
        pairs = reaching.find_pairs(
            self._graph(standard), others.snapped, buildings.snapped.pick(some), standard.reach
        ).tocoo()
        rows, columns = pairs.coords
        found = [(rows.astype(np.int64), columns.astype(np.int64), pairs.data)]
        # Straight only where one of the two is off the roads: most are not.
        is_on = buildings.is_on_road[some]
        off, on = np.flatnonzero(~is_on), np.flatnonzero(is_on)
        alone = np.flatnonzero(~others.is_on_road)
        everybody = np.arange(len(others.lon_lat))
        for mine, theirs in ((off, everybody), (on, alone)):
            at, by, way = _lines(buildings.lon_lat[some[mine]], others.lon_lat[theirs], standard)
            found.append((mine[at], theirs[by], way))
        at, by, way = (np.concatenate(parts) for parts in zip(*found, strict=True))
        return at, by, way

    def _graph(self, standard: Standard) -> Graph:
        key = (standard.unit, standard.detour)
        assert self._network is not None
        if key not in self._graphs:
            self._graphs[key] = reaching.price(
                self._network,
                standard.unit,
                walking_km_h=standard.m_per_min * 60 / 1000,
                detour=standard.detour,
            )
        return self._graphs[key]


def _lines(places: Floats, others: Floats, standard: Standard) -> Pairs:
    """Return all pairs within a standard in a straight line, and the ways in its unit."""
    at, by, way = pair_straight(places, others, standard.straight_m)
    way = way * standard.detour
    return at, by, way / standard.m_per_min if standard.unit == "min" else way


def pair_straight(places: Floats, others: Floats, limit_m: float) -> Pairs:
    """Return all pairs of a place and another within a straight line, and its length in metres.

    Shapes (n, 2) and (m, 2), (lon, lat).
    """
    if not len(places) or not len(others):
        return np.empty(0, np.int64), np.empty(0, np.int64), np.empty(0)
    pairs = KDTree(frames.to_cartesian(places)).sparse_distance_matrix(
        KDTree(frames.to_cartesian(others)), limit_m, output_type="ndarray"
    )
    return pairs["i"].astype(np.int64), pairs["j"].astype(np.int64), pairs["v"]
