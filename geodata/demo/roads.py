"""Roads of the demo county: between the communities along the valleys, lanes among the houses.

From each community's seat ways grow over the land, cheapest first. Where two communities meet, the
cheapest way across joins their seats; each compound hangs on the way back to its seat; and from
house to house go lanes, as few as join them all and some more.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import psycopg
import shapely
from psycopg.rows import TupleRow
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, minimum_spanning_tree
from scipy.spatial import Delaunay, KDTree

from geodata.demo.buildings import Buildings
from geodata.demo.county import County, lon_lat
from geodata.demo.grids import SOURCE
from geodata.demo.lattice import Floats, Growth, Ints, Lattice, grow, neighbours
from geodata.demo.territory import CENTRE_LAT, CENTRE_LON, LAT_M, LON_M, Territory
from geodata.roads import keeping, noding, slope
from geodata.roads.keeping import Facts
from geodata.roads.network import Lines, Network, find_parts, measure

LICENCE = "演示数据，虚构"
# The heightfield runs from 0 to 1; the real county from some 20 m to 1,777 m.
_HIGHEST_M = 1_100.0
# Houses farther apart than this have no lane between them.
_LANE_M = 260.0
# Nor those of two compounds that are farther apart than this.
_NEXT_M = 180.0
# Between houses closer than this there is one, whether it is needed to join them or not.
_LOOP_M = 85.0
# A county of more has roads only: its lanes would take longer than all the rest.
_MOST_HOUSES = 1_000_000


@dataclass(frozen=True, slots=True)
class _Cells:
    """Roads along the cells of the terrain: pairs of neighbours."""

    one: Ints
    two: Ints


def write_roads(
    conn: psycopg.Connection[TupleRow], county: County, buildings: Buildings, seed: int
) -> None:
    """Write a road network over the county, with slopes."""
    network, efforts, ways = lay_roads(county, buildings, seed)
    parts = find_parts(network)
    source = keeping.add_source(
        conn, name=SOURCE, file="", licence=LICENCE, by_node=False, ways=ways,
        heights=SOURCE, digest=str(seed),
    )  # fmt: skip
    count = len(network.lines)
    facts = Facts(
        np.full(count, source), np.zeros(count, dtype=np.int64), efforts.climb_m,
        efforts.descent_m, parts.of_edge, parts.is_island[parts.of_edge],
    )  # fmt: skip
    keeping.write(conn, network, facts)


def lay_roads(
    county: County, buildings: Buildings, seed: int
) -> tuple[Network, slope.Efforts, int]:
    """Return the roads of the county, their slopes, and of how many ways they were made.

    Equal arguments give equal roads, to the bit.
    """
    rng = np.random.default_rng([seed, 12])
    territory = county.territory
    lines = _chains(territory, _ways(territory, county, rng))
    if len(buildings.places) <= _MOST_HOUSES:
        lines = np.concatenate([lines, _lanes(buildings, lines)])
    plain = np.zeros(len(lines), dtype=np.bool_)
    ways = noding.Ways(lines, plain.astype(np.int64), plain, np.full(len(lines), -1))
    noded = noding.node(ways, 1.0, join_crossings=True)
    length_m = measure(noded.lines)
    no_bridge = np.zeros(len(length_m), dtype=np.bool_)
    efforts = slope.weigh(noded.lines, length_m, no_bridge, lambda xy: _height_m(territory, xy))
    network = Network(
        noded.nodes, noded.source, noded.target, length_m, efforts.forward_m, efforts.backward_m,
        noded.lines,
    )  # fmt: skip
    return network, efforts, len(lines)


def _ways(territory: Territory, county: County, rng: np.random.Generator) -> _Cells:
    """Choose the cells that roads run through."""
    terrain, lattice = territory.terrain, territory.terrain.lattice
    groups = np.where(territory.community >= 0, 0, -1).astype(np.int8)
    # Along the streams, not in them; round the heights, not over them.
    away = np.abs(terrain.river_m - 150.0) / 2_500.0
    cost = np.exp(2.6 * terrain.steepness + 0.5 * np.clip(terrain.relief, -1.5, 2.5)) * (1 + away)
    seats = lattice.locate(territory.seats)
    grown = grow(groups, cost, seats, rng=rng, roughness=0.15)
    begin = _passes(grown, groups.shape)
    cores = lattice.locate(county.settlements.core)
    ends = np.concatenate([begin.one, begin.two, cores[cores >= 0]])
    trail = _trail(grown, ends)
    one = np.concatenate([trail, begin.one])
    two = np.concatenate([grown.toward[trail], begin.two])
    return _Cells(np.minimum(one, two), np.maximum(one, two))


def _passes(grown: Growth, shape: tuple[int, ...]) -> _Cells:
    """Return where the cheapest way between neighbouring seats crosses from one to the other."""
    one, two = (
        np.concatenate(column)
        for column in zip(*((a, b) for _, a, b in neighbours((shape[0], shape[1]))), strict=True)
    )
    apart = (grown.seed[one] >= 0) & (grown.seed[two] >= 0) & (grown.seed[one] != grown.seed[two])
    one, two = one[apart], two[apart]
    low = np.minimum(grown.seed[one], grown.seed[two])
    high = np.maximum(grown.seed[one], grown.seed[two])
    price = grown.cost[one] + grown.cost[two]
    order = np.lexsort((price, high, low))
    first = np.ones(len(order), dtype=np.bool_)
    first[1:] = (np.diff(low[order]) != 0) | (np.diff(high[order]) != 0)
    best = order[first]
    low, high, price = low[best], high[best], price[best]
    count = int(grown.seed.max()) + 1
    tree = minimum_spanning_tree(coo_array((price, (low, high)), shape=(count, count))).tocoo()
    needed = np.isin(low * count + high, np.int64(tree.row) * count + tree.col)
    # A pass too dear for a road stays a pass, unless it is the only way.
    chosen = best[needed | (price <= np.quantile(price, 0.8))]
    return _Cells(one[chosen], two[chosen])


def _trail(grown: Growth, ends: Ints) -> Ints:
    """Return the cells on the ways from some cells back to their seats, the seats left out."""
    seen = np.zeros(len(grown.toward), dtype=np.bool_)
    here = np.unique(ends)
    while len(here):
        here = here[~seen[here] & (grown.toward[here] != here)]
        seen[here] = True
        here = np.unique(grown.toward[here])
    return np.flatnonzero(seen)


def _chains(territory: Territory, cells: _Cells) -> Lines:
    """Return roads as lines (lon, lat) between the cells where they fork, smoothed in between."""
    pairs = np.unique(np.column_stack([cells.one, cells.two]), axis=0)
    lattice = territory.terrain.lattice
    used, number = np.unique(pairs, return_inverse=True)
    xy = lattice.centres(used)
    xy += territory.bend(xy)
    steps = np.asarray(shapely.linestrings(xy[number.reshape(-1, 2)]), dtype=object)
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(steps)))
    corners, line = shapely.get_coordinates(merged, return_index=True)
    inner = np.zeros(len(line), dtype=np.bool_)
    inner[1:-1] = (line[1:-1] == line[:-2]) & (line[1:-1] == line[2:])
    for _ in range(3):
        mean = corners.copy()
        mean[1:-1] = 0.25 * corners[:-2] + 0.5 * corners[1:-1] + 0.25 * corners[2:]
        corners = np.where(inner[:, None], mean, corners)
    return np.asarray(shapely.linestrings(lon_lat(corners), indices=line), dtype=object)


def _lanes(buildings: Buildings, roads: Lines) -> Lines:
    """Return lanes (lon, lat): from house to house, and from each group of them to the road."""
    xy = _plane(buildings.places)
    mesh = Delaunay(xy).simplices
    pairs = np.sort(np.concatenate([mesh[:, :2], mesh[:, 1:], mesh[:, ::2]]), axis=1)
    pairs = np.unique(pairs, axis=0)
    long_m = np.linalg.norm(xy[pairs[:, 0]] - xy[pairs[:, 1]], axis=1)
    same = buildings.compound[pairs[:, 0]] == buildings.compound[pairs[:, 1]]
    near = long_m < np.where(same, _LANE_M, _NEXT_M)
    pairs, long_m = pairs[near], np.maximum(long_m[near], 0.1)
    count = len(xy)
    tree = minimum_spanning_tree(
        coo_array((long_m, (pairs[:, 0], pairs[:, 1])), shape=(count, count))
    ).tocoo()
    lanes = [np.column_stack([tree.row, tree.col]), pairs[long_m < _LOOP_M]]
    between = np.unique(np.sort(np.concatenate(lanes), axis=1), axis=0)
    inside = shapely.linestrings(buildings.places[between])
    return np.concatenate([np.asarray(inside, dtype=object), _drives(buildings, xy, tree, roads)])


def _drives(buildings: Buildings, xy: Floats, tree: coo_array, roads: Lines) -> Lines:
    """Return the lane from each compound's part of a group of houses to the road beside it."""
    corners = np.unique(_plane(shapely.get_coordinates(roads)), axis=0)
    found = KDTree(corners).query(xy)
    away_m, corner = np.asarray(found[0]), np.asarray(found[1])
    _, group = connected_components(tree, directed=False)
    _, group = np.unique(group * np.int64(1 << 32) + buildings.compound, return_inverse=True)
    order = np.lexsort((away_m, group))
    lead = order[np.searchsorted(group[order], np.arange(group.max() + 1))]
    ends = np.stack([buildings.places[lead], lon_lat(corners[corner[lead]])], axis=1)
    return np.asarray(shapely.linestrings(ends), dtype=object)


def _plane(places: Floats) -> Floats:
    return (places - (CENTRE_LON, CENTRE_LAT)) * (LON_M, LAT_M)


def _height_m(territory: Territory, places: Floats) -> Floats:
    """Return the height of places (lon, lat) in metres, between the cells around."""
    lattice = territory.terrain.lattice
    xy = _plane(places)
    row = (xy[:, 1] - lattice.south_m) / (1.5 * lattice.side_m)
    low = np.clip(np.floor(row).astype(np.int64), 0, lattice.rows - 2)
    share = np.clip(row - low, 0.0, 1.0)
    one, two = (_along(territory, lattice, low + step, xy[:, 0]) for step in (0, 1))
    return _HIGHEST_M * (one * (1 - share) + two * share)


def _along(territory: Territory, lattice: Lattice, row: Ints, x: Floats) -> Floats:
    """Return the terrain's height between two cells of a row."""
    col = (x - lattice.west_m) / lattice.step_m - 0.5 * (row & 1)
    left = np.clip(np.floor(col).astype(np.int64), 0, lattice.cols - 2)
    share = np.clip(col - left, 0.0, 1.0)
    height = territory.terrain.height
    return height[row, left] * (1 - share) + height[row, left + 1] * share
