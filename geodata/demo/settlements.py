"""Compounds: housing estates in the towns' seats, natural villages along the valleys.

The ground is cut into small cells, and each cell gets a *zone*: a compound, or what is left of a
community outside every compound (its territory gap), or nothing outside the county. What belongs
to whom on a day is a table from zones to territories, see county.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import ceil, sqrt

import numpy as np

from geodata.demo.lattice import ROOT3, Flags, Floats, Ints, Lattice, Zones, grow, neighbours
from geodata.demo.terrain import Noise
from geodata.demo.territory import COUNTY_AREA_M2, TOWNS, Territory

_ESTATE_CELLS, _VILLAGE_CELLS = 42.0, 150.0
# A strip of so many cells is refined at a time, which bounds the memory of a big county.
_STRIP_CELLS = 30_000_000
_OUTSIDE = -1
# Cells between the first cell of a compound and any fence.
_ROOM = 2


@dataclass(frozen=True, slots=True)
class Settlements:
    """The county at the scale of compounds.

    ``zone`` (rows, cols) of ``lattice``: compound i is i, the gap of community k is
    ``compounds + k``, outside the county -1. ``community_of``, ``is_estate`` and ``core`` (x, y in
    metres, the oldest part) are per compound, in order of communities; ``windows`` per town the
    rows and columns (row, col, rows, cols) that hold it.
    """

    lattice: Lattice
    zone: Zones
    community_of: Ints
    is_estate: Flags
    core: Floats
    windows: list[tuple[int, int, int, int]]

    @property
    def compounds(self) -> int:
        """How many compounds there are."""
        return len(self.community_of)

    def community_of_zone(self, communities: int) -> Ints:
        """Return each zone's community today; the last element stands for outside the county."""
        return np.concatenate([self.community_of, np.arange(communities), [_OUTSIDE]])


def settle(territory: Territory, compounds: int, seed: int) -> Settlements:
    """Lay out so many compounds in the county's communities."""
    rng = np.random.default_rng([seed, 2])
    built_up = min(0.6, 0.15 * (compounds / 2_000) ** 0.25)
    cells = max(150_000.0, compounds * 100.0 / built_up)
    side_m = sqrt(COUNTY_AREA_M2 / cells / (1.5 * ROOT3))
    lattice = _cover(territory, side_m)
    zone = np.empty((lattice.rows, lattice.cols), dtype=np.int32)
    strip = max(2, _STRIP_CELLS // lattice.cols // 2 * 2)
    for row in range(0, lattice.rows, strip):
        _refine(territory, lattice, zone, row, min(row + strip, lattice.rows), rng)
    _lay_enclave(territory, lattice, zone)
    counts = _share_out(territory, zone, compounds)
    zone[zone >= 0] += compounds
    first = np.concatenate([[0], np.cumsum(counts)])
    is_estate = np.zeros(compounds, dtype=np.bool_)
    core = np.zeros((compounds, 2))
    windows = [_window(territory, lattice, town, side_m) for town in range(len(TOWNS))]
    for town, (row, col, rows, cols) in enumerate(windows):
        block = lattice.window(row, col, rows, cols)
        view = zone[row : row + rows, col : col + cols]
        _people_town(
            territory,
            block,
            view,
            town,
            first,
            is_estate,
            core,
            np.random.default_rng([seed, 3, town]),
        )
    community_of = np.repeat(np.arange(len(counts)), counts)
    _punch_hole(zone, compounds, community_of)
    return Settlements(lattice, zone, community_of, is_estate, core, windows)


def _cover(territory: Territory, side_m: float) -> Lattice:
    inside = territory.terrain.lattice.centres(np.flatnonzero(territory.community.ravel() >= 0))
    margin_m = 4.0 * territory.terrain.lattice.step_m + 12.0 * side_m
    west_m, south_m = inside.min(axis=0) - margin_m
    east_m, north_m = inside.max(axis=0) + margin_m
    return Lattice.over(west_m, south_m, east_m, north_m, side_m)


def _window(
    territory: Territory, lattice: Lattice, town: int, side_m: float
) -> tuple[int, int, int, int]:
    """Return the rows and columns of the lattice that surely hold a town."""
    coarse = territory.terrain.lattice
    towns = np.where(territory.community >= 0, territory.town_of[territory.community], -1)
    inside = coarse.centres(np.flatnonzero(towns.ravel() == town))
    margin_m = 3.0 * coarse.step_m + 12.0 * side_m
    low = (inside.min(axis=0) - margin_m - (lattice.west_m, lattice.south_m)) / (
        lattice.step_m,
        1.5 * lattice.side_m,
    )
    high = (inside.max(axis=0) + margin_m - (lattice.west_m, lattice.south_m)) / (
        lattice.step_m,
        1.5 * lattice.side_m,
    )
    row, col = max(0, int(low[1]) // 2 * 2), max(0, int(low[0]))
    return row, col, min(lattice.rows, ceil(high[1])) - row, min(lattice.cols, ceil(high[0])) - col


def _refine(
    territory: Territory,
    lattice: Lattice,
    zone: Zones,
    first: int,
    last: int,
    rng: np.random.Generator,
) -> None:
    """Write the communities of some rows into ``zone``, their borders redrawn in fine cells.

    Fine cells away from every border take over the community of the coarse cell around them; the
    strip between grows together from both sides.
    """
    coarse = territory.terrain.lattice
    flat = territory.community.ravel()
    at_border = np.zeros(flat.size, dtype=np.bool_)
    for _, a, b in neighbours((coarse.rows, coarse.cols)):
        differ = flat[a] != flat[b]
        at_border[a[differ]] = True
        at_border[b[differ]] = True
    halo = 2 * ceil(2.0 * coarse.side_m / lattice.side_m)
    low, high = max(0, first - halo), min(lattice.rows, last + halo)
    block = lattice.window(low, 0, high - low, lattice.cols)
    label = np.empty(block.cells, dtype=np.int32)
    unknown = np.empty(block.cells, dtype=np.bool_)
    for start in range(0, block.cells, 2_000_000):
        cells = np.arange(start, min(block.cells, start + 2_000_000))
        xy = block.centres(cells)
        moved = xy + 0.7 * coarse.side_m * np.column_stack(
            [noise.at(xy) for noise in territory.ripple]
        )
        around = coarse.locate(moved)
        label[cells] = np.where(around >= 0, flat[around], _OUTSIDE)
        unknown[cells] = (around >= 0) & at_border[around]
    shape = (block.rows, block.cols)
    beside = np.zeros(block.cells, dtype=np.bool_)
    for _, a, b in neighbours(shape):
        beside[b[unknown[a] & ~unknown[b]]] = True
        beside[a[unknown[b] & ~unknown[a]]] = True
    seeds = np.flatnonzero(beside)
    groups = np.where(unknown | beside, 0, -1).astype(np.int8).reshape(shape)
    grown = grow(groups, np.ones(shape), seeds, rng=rng, roughness=0.5)
    settled = unknown & (grown.seed >= 0)
    label[settled] = label[seeds[grown.seed[settled]]]
    zone[first:last] = label.reshape(shape)[first - low : last - low]


def _lay_enclave(territory: Territory, lattice: Lattice, zone: Zones) -> None:
    """Give a village a piece of land amid its neighbour's, as history leaves them in the field."""
    towns = territory.town_of
    for community in np.flatnonzero(~territory.is_urban)[::-1]:
        siblings = np.flatnonzero((towns == towns[community]) & ~territory.is_urban)
        away = np.hypot(*(territory.seats[siblings] - territory.seats[community]).T)
        neighbour = siblings[np.argsort(away, kind="stable")[:2][-1]]
        if neighbour == community:
            continue
        middle = 0.72 * territory.seats[neighbour] + 0.28 * territory.seats[community]
        row, col = np.divmod(int(lattice.locate(middle[None, :])[0]), lattice.cols)
        top, left = max(0, row - 14) // 2 * 2, max(0, col - 14)
        view = zone[top : top + 28, left : left + 28]
        block = lattice.window(top, left, view.shape[0], view.shape[1])
        if view.shape != (28, 28) or not np.all(view == neighbour):
            continue
        near = np.hypot(*(block.centres(np.arange(block.cells)) - middle).T) < 6.0 * block.step_m
        view[near.reshape(view.shape)] = community
        return


def _punch_hole(zone: Zones, compounds: int, community_of: Ints) -> None:
    """Leave a pond out of the largest compound: a hole in it."""
    largest = int(np.argmax(np.bincount(zone[(zone >= 0) & (zone < compounds)])))
    rows, cols = np.nonzero(zone == largest)
    top, left = max(0, int(rows.min()) - 2) // 2 * 2, max(0, int(cols.min()) - 2)
    view = zone[top : int(rows.max()) + 3, left : int(cols.max()) + 3]
    groups = np.where(view == largest, 0, -1).astype(np.int64)
    for room in (6, 4, 3):
        deep = np.flatnonzero(_away_from_fences(groups, room))
        if len(deep):
            middle = int(deep[len(deep) // 2])
            flat = np.zeros(view.size, dtype=np.bool_)
            flat[middle] = True
            for _, a, b in neighbours((view.shape[0], view.shape[1])):
                flat[b[a == middle]] = True
                flat[a[b == middle]] = True
            view[flat.reshape(view.shape)] = compounds + community_of[largest]
            return


def _share_out(territory: Territory, zone: Zones, compounds: int) -> Ints:
    """Share out compounds among communities by people and room; return the count of each."""
    count = len(territory.town_of)
    room = np.bincount(zone[zone >= 0], minlength=count).astype(np.float64)
    weight = np.array([town.weight for town in TOWNS])[territory.town_of] ** 0.5
    wish = weight * np.where(territory.is_urban, 1.7, 1.0) * (room / room.mean()) ** 0.4
    space = room / np.where(territory.is_urban, 2.4 * _ESTATE_CELLS, 1.6 * _VILLAGE_CELLS)
    low, high = 0.0, 100.0 * compounds / wish.sum()
    for _ in range(60):
        middle = 0.5 * (low + high)
        taken = np.minimum(wish * middle, np.maximum(space, 1.0)).sum()
        low, high = (middle, high) if taken < compounds else (low, middle)
    exact = np.maximum(1.0, np.minimum(wish * high, np.maximum(space, 1.0)))
    counts = np.floor(exact * compounds / exact.sum()).astype(np.int64)
    missing = compounds - int(counts.sum())
    counts[np.argsort(counts - exact, kind="stable")[:missing]] += 1
    return counts


def _people_town(
    territory: Territory,
    block: Lattice,
    zone: Zones,
    town: int,
    first: Ints,
    is_estate: Flags,
    core: Floats,
    rng: np.random.Generator,
) -> None:
    """Place and grow a town's compounds; write them into ``zone``, ``is_estate`` and ``core``."""
    compounds = int(first[-1])
    flat = zone.ravel()
    community = np.where(flat >= compounds, flat - compounds, -1)
    mine = (community >= 0) & (territory.town_of[community] == town)
    order = np.flatnonzero(mine)
    order = order[np.argsort(community[order], kind="stable")]
    groups = np.full(block.cells, -1, dtype=np.int64)
    groups[order] = community[order] + len(territory.town_of) * _street_blocks(
        block.centres(order), territory.is_urban[community[order]], rng
    )
    roomy = _away_from_fences(groups.reshape(zone.shape), _ROOM)
    cost = _burden(territory, block, order, rng)
    seeds: list[int] = []
    numbers: list[int] = []
    for index in np.flatnonzero(territory.town_of == town):
        low, high = np.searchsorted(community[order], (index, index + 1))
        count = int(first[index + 1] - first[index])
        cells = order[low:high]
        # In hollows with room around, where there are enough.
        free = cells[roomy[cells]]
        free = free[np.argsort(cost[free], kind="stable")[: len(free) * 3 // 5]]
        seeds += _place(
            territory, block, free if len(free) > 20 * count else cells, int(index), count, rng
        )
        numbers += range(int(first[index]), int(first[index]) + count)
    cells, index = np.array(seeds, dtype=np.int64), np.array(numbers, dtype=np.int64)
    core[index] = block.centres(cells)
    is_estate[index] = territory.is_urban[community[cells]]
    size = np.where(is_estate[index], 4.0 * _ESTATE_CELLS, _VILLAGE_CELLS) * np.exp(
        rng.normal(0.0, 0.45, len(index))
    )
    budget = 0.4 * np.sqrt(size)
    grown = grow(
        groups.reshape(zone.shape),
        cost.reshape(zone.shape),
        cells,
        rng=rng,
        limit=float(budget.max()),
    )
    inside = np.flatnonzero(grown.seed >= 0)
    inside = inside[grown.cost[inside] <= budget[grown.seed[inside]]]
    zone[np.unravel_index(inside, zone.shape)] = index[grown.seed[inside]]


def _burden(territory: Territory, block: Lattice, cells: Ints, rng: np.random.Generator) -> Floats:
    """Return what it costs a compound to spread over each cell of a block: it keeps to hollows."""
    xy = block.centres(cells)
    around = territory.terrain.lattice.locate(xy)
    reach_m = float(np.abs(xy).max()) + 2_000.0
    hollow = 0.8 - 2.2 * np.abs(Noise.make(rng, 7.0 * block.step_m, reach_m).at(xy))
    rough = Noise.make(rng, 4.0 * block.step_m, reach_m).at(xy)
    steepness = territory.terrain.steepness.ravel()[around]
    urban = territory.is_urban[_community(territory, around)]
    cost = np.ones(block.cells)
    cost[cells] = np.exp(np.where(urban, 0.2, 1.0 + 0.4 * steepness) * -hollow + 0.25 * rough)
    return cost


def _community(territory: Territory, coarse_cells: Ints) -> Ints:
    return np.maximum(territory.community.ravel()[coarse_cells], 0).astype(np.int64)


def _street_blocks(xy: Floats, urban: Flags, rng: np.random.Generator) -> Ints:
    """Return the number of each place's street block, 0 outside the built-up seat.

    Estates fill blocks between streets that run at the town's own angle, a little bent, every
    second row of blocks out of step.
    """
    angle = rng.uniform(-0.6, 0.6)
    reach_m = float(np.abs(xy).max()) + 2_000.0
    bent = xy + 130.0 * np.column_stack(
        [Noise.make(rng, 1_400.0, reach_m).at(xy) for _ in range(2)]
    )
    along = bent[:, 0] * np.cos(angle) + bent[:, 1] * np.sin(angle)
    across = bent[:, 1] * np.cos(angle) - bent[:, 0] * np.sin(angle)
    row = np.floor(across / 230.0).astype(np.int64)
    shift = rng.uniform(0.0, 1.0, 4_096)[row % 4_096]
    number = row * 4_096 + np.floor(along / 310.0 + shift).astype(np.int64)
    number -= number.min() - 1
    return np.where(urban, number, 0)


def _away_from_fences(groups: Ints, cells: int) -> Flags:
    """Tell the cells that have no other group within so many cells."""
    flat = groups.ravel()
    far = flat >= 0
    for _ in range(cells):
        near = far.copy()
        for _, a, b in neighbours((groups.shape[0], groups.shape[1])):
            fenced = (flat[a] != flat[b]) | ~far[a] | ~far[b]
            near[a[fenced]] = False
            near[b[fenced]] = False
        far = near
    return far


def _place(
    territory: Territory,
    block: Lattice,
    cells: Ints,
    index: int,
    count: int,
    rng: np.random.Generator,
) -> list[int]:
    """Choose the cells in which a community's compounds begin: in clusters, along the valleys."""
    terrain = territory.terrain
    xy = block.centres(cells)
    around = terrain.lattice.locate(xy)
    burden = (
        2.5 * terrain.steepness.ravel()[around]
        + np.minimum(terrain.river_m.ravel()[around], 4_000.0) / 900.0
    )
    urban = bool(territory.is_urban[index])
    clusters = max(1, round(count / (18 if urban else 3.5)))
    worth = np.exp(
        -burden - np.hypot(*(xy - territory.seats[index]).T) / (700.0 if urban else 2_500.0)
    )
    centres = xy[rng.choice(len(cells), clusters, p=worth / worth.sum())]
    centres[0] = xy[np.argmin(np.hypot(*(xy - territory.seats[index]).T))]
    spacing = 5.5 if urban else 10.0
    position = {int(cell): number for number, cell in enumerate(cells)}
    chosen: list[int] = []
    free = np.full(len(cells), np.inf)
    spread = spacing * sqrt(count / clusters) * (0.42 if urban else 0.6)
    while True:
        draws = 12 * count
        near = centres[rng.integers(0, clusters, draws)]
        places = near + rng.normal(0.0, spread * block.step_m, (draws, 2))
        for cell in block.locate(places):
            number = position.get(int(cell))
            if number is None or free[number] < spacing * block.step_m:
                continue
            chosen.append(int(cell))
            if len(chosen) == count:
                return chosen
            free = np.minimum(free, np.hypot(*(xy - xy[number]).T))
        spacing, spread = max(1.0, spacing * 0.85), spread * 1.25
