"""From lines to a network: which ways meet, and where they are cut.

Ways that know their nodes (OpenStreetMap) meet where they share one, and nowhere else: of two nodes
at one place each is a junction of its own, as where a bridge passes over a road. Other lines
meet where they share a corner on one and the same layer, and where an end of one lies on another
or close to it: ends that nearly meet are put together, and a line is led through an end beside it.
Lines that merely cross do not meet unless that is asked for; bridges and tunnels never do, for
they lie on another layer; their ends meet what ends there on whatever layer.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import shapely
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components
from scipy.spatial import KDTree

from geodata.frames import COORDINATE_SCALE, round_to_grid
from geodata.partition.measure import DEGREE_M
from geodata.roads import floors
from geodata.roads.floors import NO_NODE
from geodata.roads.network import Flags, Floats, Ints, Lines


@dataclass(frozen=True, slots=True)
class Ways:
    """Lines (lon, lat) as they came: their layer (0 is the ground), and whether they know nodes.

    Ways of one ``batch`` were joined among themselves before: two of them meet at common corners
    only, whatever the tolerance, as do two that know nodes. -1 stands for ways that were not.
    ``nodes`` are the numbers of the nodes at all corners of the ways, one after the other, counted
    in each batch for itself; empty where none is known.
    """

    lines: Lines
    layer: Ints
    by_node: Flags
    batch: Ints
    nodes: Ints = field(default_factory=lambda: np.empty(0, dtype=np.int64))

    def pick(self, some: Flags | Ints) -> Ways:
        """Return some of the ways."""
        nodes = self.nodes
        if len(nodes):
            stops = np.cumsum(shapely.get_num_coordinates(self.lines))[:-1]
            every = np.empty(len(self.lines), dtype=object)
            every[:] = np.split(nodes, stops)
            nodes = np.concatenate([nodes[:0], *every[some]])
        return Ways(self.lines[some], self.layer[some], self.by_node[some], self.batch[some], nodes)


@dataclass(frozen=True, slots=True)
class Noded:
    """A network's junctions and edges, and how they came about.

    ``way`` is the way that each edge is a piece of. ``joined`` ends were put onto other lines or
    ends, at most ``farthest_m`` away; ``crossings`` are places (lon, lat) where lines of one layer
    cross without a junction; ``collapsed`` ways were shorter than the tolerance and are gone.
    """

    nodes: Floats
    source: Ints
    target: Ints
    lines: Lines
    way: Ints
    joined: int
    farthest_m: float
    crossings: Floats
    collapsed: int


@dataclass(slots=True)
class _Corners:
    """The corners of all ways, one way after the other; coordinates are on the storage grid."""

    xy: Floats
    way: Ints
    node: Ints
    shrink: float

    @property
    def key(self) -> Ints:
        """One number for each place."""
        return _key(self.xy)

    def flat(self, xy: Floats) -> Floats:
        """Return places in a plane of metres, to about 1 % within a province."""
        return xy * (self.shrink * DEGREE_M, DEGREE_M)

    def tidy(self) -> None:
        """Drop corners that repeat the one before."""
        key = self.key
        keep = np.ones(len(key), dtype=np.bool_)
        keep[1:] = (key[1:] != key[:-1]) | (self.way[1:] != self.way[:-1])
        self.keep(keep)

    def keep(self, some: Flags) -> None:
        """Drop all other corners."""
        self.xy, self.way, self.node = self.xy[some], self.way[some], self.node[some]

    def ends(self) -> tuple[Ints, Ints]:
        """Return the positions of each way's first and last corner."""
        first = np.flatnonzero(np.concatenate([[True], self.way[1:] != self.way[:-1]]))
        return first, np.append(first[1:], len(self.way)) - 1

    def insert(self, way: Ints, at_m: Floats, xy: Floats) -> None:
        """Lead ways through places, each at its distance from the way's beginning."""
        step_m = np.linalg.norm(np.diff(self.flat(self.xy), axis=0), axis=1)
        step_m = np.where(self.way[1:] == self.way[:-1], step_m, 0.0)
        along_m = np.concatenate([[0.0], np.cumsum(step_m)])
        first, _ = self.ends()
        begin = np.zeros(int(self.way.max()) + 1)
        begin[self.way[first]] = along_m[first]
        along_m -= begin[self.way]
        ways, places = np.concatenate([self.way, way]), np.concatenate([along_m, at_m])
        order = np.lexsort((places, ways))
        self.way, self.xy = ways[order], np.concatenate([self.xy, xy])[order]
        self.node = np.concatenate([self.node, np.full(len(way), NO_NODE)])[order]
        self.tidy()


def node(ways: Ways, tolerance_m: float, *, join_crossings: bool = False) -> Noded:
    """Cut ways into edges at the places where they meet.

    ``tolerance_m`` is how far ends may lie from what they were meant to meet.
    """
    xy, way = shapely.get_coordinates(ways.lines, return_index=True)
    shrink = float(np.cos(np.radians(xy[:, 1].mean()))) if len(xy) else 1.0
    nodes = ways.nodes if len(ways.nodes) else np.full(len(xy), NO_NODE)
    corners = _Corners(round_to_grid(xy), way, nodes, shrink)
    _merge_repeated(corners)
    corners.tidy()
    joined, farthest_m, crossings = 0, 0.0, np.empty((0, 2))
    if not ways.by_node.all():
        moved, moved_m = _gather_ends(corners, ways, tolerance_m)
        put, put_m = _join_ends(corners, ways, tolerance_m)
        joined, farthest_m = moved + put, max(moved_m, put_m)
        crossings = _cross(corners, ways, join=join_crossings)
    counts = np.bincount(corners.way, minlength=len(ways.lines))
    whole = counts[corners.way] > 1
    corners.keep(whole)
    return _cut(corners, ways, (joined, farthest_m, crossings, int((counts < 2).sum())))


def _key(xy: Floats) -> Ints:
    whole = np.rint(xy * COORDINATE_SCALE).astype(np.int64)
    return whole[:, 0] * (1 << 32) + whole[:, 1]


def _merge_repeated(corners: _Corners) -> None:
    """Make nodes one that lie at one place and follow each other on a way."""
    key, way, node = corners.key, corners.way, corners.node
    same = (key[1:] == key[:-1]) & (way[1:] == way[:-1]) & (node[1:] != node[:-1])
    same &= (node[1:] != NO_NODE) & (node[:-1] != NO_NODE)
    if not same.any():
        return
    numbers, number = np.unique(node, return_inverse=True)
    pairs = (number[1:][same], number[:-1][same])
    links = coo_array((np.ones(len(pairs[0])), pairs), shape=(len(numbers), len(numbers)))
    _, group = connected_components(links, directed=False)
    _, first = np.unique(group, return_index=True)
    corners.node = numbers[first[group[number]]]


def _gather_ends(corners: _Corners, ways: Ways, tolerance_m: float) -> tuple[int, float]:
    """Put ends that nearly meet onto the one of them where most ways end."""
    first, last = corners.ends()
    at = np.concatenate([first, last])
    places, spot, uses = np.unique(corners.key[at], return_inverse=True, return_counts=True)
    xy = np.empty((len(places), 2))
    xy[spot] = corners.xy[at]
    way = corners.way[at]
    knows = np.ones(len(places), dtype=np.bool_)
    np.logical_and.at(knows, spot, ways.by_node[way])
    low, high = np.full(len(places), np.iinfo(np.int64).max), np.full(len(places), -1)
    np.minimum.at(low, spot, ways.batch[way])
    np.maximum.at(high, spot, ways.batch[way])
    pairs = KDTree(corners.flat(xy)).query_pairs(tolerance_m, output_type="ndarray")
    one, two = pairs.T
    is_noded = (np.minimum(low[one], low[two]) == np.maximum(high[one], high[two])) & (
        low[one] >= 0
    )
    pairs = pairs[~((knows[one] & knows[two]) | is_noded)]
    if not len(pairs):
        return 0, 0.0
    links = coo_array((np.ones(len(pairs)), (pairs[:, 0], pairs[:, 1])), shape=(len(xy), len(xy)))
    _, group = connected_components(links, directed=False)
    # A node stays where it is: other ways may go through it.
    is_node = np.zeros(len(places), dtype=np.bool_)
    np.logical_or.at(is_node, spot, ways.by_node[way])
    order = np.lexsort((np.arange(len(xy)), -uses, ~is_node, group))
    chosen = order[np.searchsorted(group[order], np.arange(group.max() + 1))]
    better = np.where(is_node[:, None], xy, xy[chosen[group]])
    away_m = np.linalg.norm(corners.flat(better) - corners.flat(xy), axis=1)
    corners.xy[at] = better[spot]
    corners.tidy()
    return int((away_m > 0).sum()), float(away_m.max())


def _join_ends(corners: _Corners, ways: Ways, tolerance_m: float) -> tuple[int, float]:
    """Lead ways through the ends of others that lie on them or beside them."""
    first, last = corners.ends()
    at = np.concatenate([first, last])
    lines = np.full(len(ways.lines), None, dtype=object)
    there = np.unique(corners.way)
    lines[there] = _lines_of(corners, there)
    tree = shapely.STRtree(lines)
    dots = shapely.points(corners.flat(corners.xy[at]))
    end, way = tree.query(dots, predicate="dwithin", distance=tolerance_m)
    owner = corners.way[at][end]
    apart = (way != owner) & (ways.layer[way] == ways.layer[owner])
    apart &= _may_meet(ways, way, owner)
    end, way = end[apart], way[apart]
    key = corners.key
    # What is a corner of the way already is a meeting as it stands.
    known = _has_corner(corners, way, key[at][end])
    end, way = end[~known], way[~known]
    if not len(end):
        return 0, 0.0
    dots = np.asarray(dots, dtype=object)
    away_m = shapely.distance(dots[end], lines[way])
    at_m = shapely.line_locate_point(lines[way], dots[end])
    corners.insert(way, np.asarray(at_m), corners.xy[at][end])
    return len(np.unique(key[at][end])), float(np.max(away_m))


def _may_meet(ways: Ways, one: Ints, two: Ints) -> Flags:
    """Tell which pairs of ways may meet where they have no corner in common."""
    is_noded = (ways.batch[one] == ways.batch[two]) & (ways.batch[one] >= 0)
    return ~(is_noded | (ways.by_node[one] & ways.by_node[two]))


def _lines_of(corners: _Corners, there: Ints) -> Lines:
    """Return the ways in the plane; what has one corner left is a line to itself."""
    counts = np.bincount(corners.way)
    lone = np.flatnonzero(counts[corners.way] == 1)
    order = np.sort(np.concatenate([np.arange(len(corners.way)), lone]))
    number = np.searchsorted(there, corners.way[order])
    return np.asarray(
        shapely.linestrings(corners.flat(corners.xy[order]), indices=number), dtype=object
    )


def _has_corner(corners: _Corners, way: Ints, key: Ints) -> Flags:
    """Tell which ways have a corner in a place."""
    places, number = np.unique(corners.key, return_inverse=True)
    known = np.unique(corners.way * len(places) + number)
    at = np.minimum(np.searchsorted(places, key), len(places) - 1)
    return (places[at] == key) & np.isin(way * len(places) + at, known)


def _cross(corners: _Corners, ways: Ways, *, join: bool) -> Floats:
    """Find where lines of one layer cross without a corner in common; make junctions if asked.

    Returns the places that are left without one.
    """
    there = np.unique(corners.way)
    lines = np.full(len(ways.lines), None, dtype=object)
    lines[there] = _lines_of(corners, there)
    one, two = shapely.STRtree(lines).query(lines, predicate="intersects")
    some = (one < two) & (ways.layer[one] == ways.layer[two])
    some &= _may_meet(ways, one, two)
    one, two = one[some], two[some]
    meeting = shapely.intersection(lines[one], lines[two])
    parts, pair = shapely.get_parts(meeting, return_index=True)
    is_point = shapely.get_type_id(parts) == 0
    parts, pair = parts[is_point], pair[is_point]
    one, two = one[pair], two[pair]
    xy = round_to_grid(
        shapely.get_coordinates(parts) / (corners.shrink * DEGREE_M, DEGREE_M)
    ).reshape(-1, 2)
    key = _key(xy)
    bare = ~(_has_corner(corners, one, key) & _has_corner(corners, two, key))
    if not join:
        return xy[bare]
    way, place = np.concatenate([one[bare], two[bare]]), np.concatenate([xy[bare], xy[bare]])
    if len(way):
        dots = shapely.points(corners.flat(place))
        at_m = np.asarray(shapely.line_locate_point(lines[way], dots))
        corners.insert(way, at_m, place)
    return np.empty((0, 2))


def _cut(corners: _Corners, ways: Ways, found: tuple[int, float, Floats, int]) -> Noded:
    """Cut the ways at their junctions."""
    joined, farthest_m, crossings, collapsed = found
    key, way = corners.key, corners.way
    _, place = np.unique(key, return_inverse=True)
    by_node = ways.by_node[way]
    floor = np.where(by_node, 0, ways.layer[way])
    at = np.flatnonzero(by_node & (corners.node != NO_NODE))
    floor[at] = floors.of_nodes(
        place[at], corners.node[at], ways.layer[way[at]], ways.batch[way[at]]
    )
    _, spot = np.unique(
        place * (int(floor.max(initial=0)) + 2 * floors.TOP) + floor, return_inverse=True
    )
    if not len(spot):
        none = np.empty(0, dtype=np.int64)
        empty = np.empty(0, dtype=object)
        return Noded(
            np.empty((0, 2)), none, none, empty, none, joined, farthest_m, crossings, collapsed
        )
    is_end = np.zeros(len(way), dtype=np.bool_)
    first, last = corners.ends()
    is_end[first] = is_end[last] = True
    # Ends meet whatever layer they come from: a bridge begins where the road ends.
    is_end &= floor <= floors.TOP
    own = np.arange(spot.max() + 1)
    ends, ends_key = spot[is_end], key[is_end]
    order = np.lexsort((ends, ends_key))
    ends, ends_key = ends[order], ends_key[order]
    lead = np.concatenate([[True], ends_key[1:] != ends_key[:-1]])
    own[ends] = ends[np.maximum.accumulate(np.where(lead, np.arange(len(ends)), 0))]
    spot = own[spot]
    is_end[first] = is_end[last] = True
    is_junction = (np.bincount(spot) > 1)[spot] | is_end
    at = np.flatnonzero(is_junction)
    begin, end = at[:-1], at[1:]
    along = way[begin] == way[end]
    begin, end = begin[along], end[along]
    size = end - begin + 1
    owner = np.repeat(np.arange(len(begin)), size)
    row = np.repeat(begin, size) + np.arange(len(owner)) - np.repeat(np.cumsum(size) - size, size)
    lines = np.asarray(shapely.linestrings(corners.xy[row], indices=owner), dtype=object)
    junctions, number = np.unique(np.concatenate([spot[begin], spot[end]]), return_inverse=True)
    nodes = np.empty((len(junctions), 2))
    nodes[number] = np.concatenate([corners.xy[begin], corners.xy[end]])
    source, target = number[: len(begin)], number[len(begin) :]
    return Noded(nodes, source, target, lines, way[begin], joined, farthest_m, crossings, collapsed)
