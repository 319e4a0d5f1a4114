"""Bringing places onto the network: the nearest point of the nearest edge."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import frames
from geodata.partition.measure import DEGREE_M
from geodata.roads.network import Floats, Ints, Lines, Network

# Places worked on at once: bounds the memory that the segments of their edges take meanwhile.
_CHUNK = 50_000
# A degree in the plane of the search is up to 2 % off; the limit itself is held exactly.
_SLACK = 1.03


@dataclass(frozen=True, slots=True)
class Snapped:
    """Where places meet the network.

    ``edge`` is -1 for a place that has no edge within the limit: it does not reach the network.
    ``share`` is how far along the edge, 0 at its source to 1 at its target; ``access_m`` the
    straight line to there, and ``foot`` that point in space (EPSG:4978, metres).
    """

    edge: Ints
    share: Floats
    access_m: Floats
    foot: Floats

    @property
    def is_reached(self) -> NDArray[np.bool_]:
        """Whether each place reaches the network."""
        return self.edge >= 0

    def pick(self, places: Ints | slice) -> Snapped:
        """Return some of the places."""
        return Snapped(
            self.edge[places], self.share[places], self.access_m[places], self.foot[places]
        )


class Ground:
    """The edges of a network where they lie, made once and asked often.

    ``is_open`` tells which edges places may be brought to; islands should not be (network.py).
    """

    def __init__(self, network: Network, is_open: NDArray[np.bool_] | None = None) -> None:
        lines = network.lines
        self._edges = np.arange(len(lines)) if is_open is None else np.flatnonzero(is_open)
        xy, line = shapely.get_coordinates(lines, return_index=True)
        self._shrink = float(np.cos(np.radians(xy[:, 1].mean()))) if len(xy) else 1.0
        self._corners = frames.to_cartesian(xy)
        steps_m = np.linalg.norm(np.diff(self._corners, axis=0), axis=1)
        # Along its own edge; the step from one edge to the next counts for nothing.
        steps_m = np.where(line[1:] == line[:-1], steps_m, 0.0)
        along_m = np.concatenate([[0.0], np.cumsum(steps_m)])[: len(xy)]
        self._first = np.searchsorted(line, np.arange(len(lines)))
        self._last = np.searchsorted(line, np.arange(len(lines)), side="right") - 1
        self._along_m = along_m - along_m[self._first[line]]
        self._lines = lines

    @cached_property
    def _tree(self) -> shapely.STRtree:
        lines = shapely.transform(self._lines[self._edges], self._flat)
        return shapely.STRtree(np.asarray(lines, dtype=object))

    def snap(self, places: Floats, limit_m: float) -> Snapped:
        """Bring places (n, 2), (lon, lat), to the nearest edge that is not farther than a limit."""
        found = Snapped(
            np.full(len(places), -1, dtype=np.int64),
            np.zeros(len(places)),
            np.full(len(places), np.inf),
            frames.to_cartesian(places).reshape(-1, 3),
        )
        if not len(self._edges):
            return found
        for start in range(0, len(places), _CHUNK):
            some = slice(start, start + _CHUNK)
            dots: Lines = np.asarray(shapely.points(self._flat(places[some])), dtype=object)
            at, edge = self._tree.query_nearest(
                dots, max_distance=limit_m * _SLACK, all_matches=False
            )
            if len(at):
                self._measure(found, start + at, self._edges[edge], limit_m)
        return found

    def _flat(self, xy: Floats) -> Floats:
        return xy * (self._shrink * DEGREE_M, DEGREE_M)

    def _measure(self, found: Snapped, places: Ints, edges: Ints, limit_m: float) -> None:
        """Find each place's nearest point on its edge and write down what is within the limit."""
        counts = self._last[edges] - self._first[edges]
        owner = np.repeat(np.arange(len(edges)), counts)
        begin = np.cumsum(counts) - counts
        corner = self._first[edges][owner] + np.arange(len(owner)) - begin[owner]
        here = found.foot[places][owner]
        one, two = self._corners[corner], self._corners[corner + 1]
        way = two - one
        length_m2 = np.einsum("ij,ij->i", way, way)
        with np.errstate(invalid="ignore", divide="ignore"):
            share = np.einsum("ij,ij->i", here - one, way) / length_m2
        share = np.clip(np.nan_to_num(share), 0.0, 1.0)
        foot = one + share[:, None] * way
        away_m = np.linalg.norm(here - foot, axis=1)
        order = np.lexsort((away_m, owner))
        best = order[begin]
        along_m = self._along_m[corner[best]] + share[best] * np.sqrt(length_m2[best])
        near = away_m[best] <= limit_m
        places, best = places[near], best[near]
        found.edge[places] = edges[near]
        found.share[places] = np.clip(along_m[near] / self._along_m[self._last[edges[near]]], 0, 1)
        found.access_m[places] = away_m[best]
        found.foot[places] = foot[best]
