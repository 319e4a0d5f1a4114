"""Compounds: housing estates in the towns' seats, natural villages along the valleys.

The ground is cut into small cells, and each cell gets a *zone*: a compound, or what is left of a
community outside every compound (its territory gap), or nothing outside the county. What belongs
to whom on a day is a table from zones to territories, see county.py.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import sqrt

import numpy as np

from geodata.demo.ground import away_from_fences, cover, lay_enclave, punch_hole, refine, window
from geodata.demo.lattice import ROOT3, Flags, Floats, Ints, Lattice, Zones, grow
from geodata.demo.terrain import Noise
from geodata.demo.territory import COUNTY_AREA_M2, TOWNS, Territory

_ESTATE_CELLS, _VILLAGE_CELLS = 42.0, 150.0
# Codes number a community's compounds with three digits; some are left for those to come.
_MOST_COMPOUNDS = 950
# Depth and width of a street block, in cells.
_BLOCK_CELLS = (5.5, 7.4)
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
    lattice = cover(territory, side_m)
    zone = refine(territory, lattice, rng)
    lay_enclave(territory, lattice, zone)
    counts = _share_out(territory, zone, compounds)
    zone[zone >= 0] += compounds
    first = np.concatenate([[0], np.cumsum(counts)])
    is_estate = np.zeros(compounds, dtype=np.bool_)
    core = np.zeros((compounds, 2))
    windows = [window(territory, lattice, town, side_m) for town in range(len(TOWNS))]
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
    punch_hole(zone, compounds, community_of)
    return Settlements(lattice, zone, community_of, is_estate, core, windows)


def _share_out(territory: Territory, zone: Zones, compounds: int) -> Ints:
    """Share out compounds among communities by people and room; return the count of each."""
    count = len(territory.town_of)
    room = np.bincount(zone[zone >= 0], minlength=count).astype(np.float64)
    weight = np.array([town.weight for town in TOWNS])[territory.town_of] ** 0.5
    wish = weight * np.where(territory.is_urban, 1.7, 1.0) * (room / room.mean()) ** 0.4
    space = room / np.where(territory.is_urban, 2.4 * _ESTATE_CELLS, 1.6 * _VILLAGE_CELLS)
    space = np.clip(space, 1.0, _MOST_COMPOUNDS)
    low, high = 0.0, 100.0 * compounds / wish.sum()
    for _ in range(60):
        middle = 0.5 * (low + high)
        taken = np.minimum(wish * middle, space).sum()
        low, high = (middle, high) if taken < compounds else (low, middle)
    exact = np.maximum(1.0, np.minimum(wish * high, space))
    counts = np.floor(exact * compounds / exact.sum()).astype(np.int64)
    counts = np.clip(counts, 1, _MOST_COMPOUNDS)
    # What rounding and the bound left over goes, one each, to those that got least of their share.
    while (missing := compounds - int(counts.sum())) > 0:
        order = np.argsort(counts / exact, kind="stable")
        counts[order[counts[order] < _MOST_COMPOUNDS][:missing]] += 1
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
    groups[order] = community[order]
    seat = order[territory.is_urban[community[order]]]
    groups[seat] += len(territory.town_of) * _street_blocks(block, seat, rng)
    roomy = [away_from_fences(groups.reshape(zone.shape), room) for room in (_ROOM, 1)]
    cost = _burden(territory, block, order, rng)
    seeds: list[int] = []
    numbers: list[int] = []
    for index in np.flatnonzero(territory.town_of == town):
        low, high = np.searchsorted(community[order], (index, index + 1))
        count = int(first[index + 1] - first[index])
        cells = order[low:high]
        # In hollows with room around, where there are enough.
        choices = [cells[room[cells]] for room in roomy]
        free = next((some for some in choices if len(some) > 25 * count), choices[-1])
        if len(free) > 40 * count:
            free = free[np.argsort(cost[free], kind="stable")[: len(free) * 3 // 5]]
        free = np.sort(free) if len(free) > 2 * count else cells
        seeds += _place(territory, block, free, int(index), count, rng)
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
    hollow = 0.8 - 2.2 * np.abs(Noise.make(rng, 7.0 * block.step_m, reach_m).at(xy, order=1))
    rough = Noise.make(rng, 4.0 * block.step_m, reach_m).at(xy, order=1)
    steepness = territory.terrain.steepness.ravel()[around]
    urban = territory.is_urban[_community(territory, around)]
    cost = np.ones(block.cells)
    cost[cells] = np.exp(np.where(urban, 0.2, 1.0 + 0.4 * steepness) * -hollow + 0.25 * rough)
    return cost


def _community(territory: Territory, coarse_cells: Ints) -> Ints:
    return np.maximum(territory.community.ravel()[coarse_cells], 0).astype(np.int64)


def _street_blocks(block: Lattice, cells: Ints, rng: np.random.Generator) -> Ints:
    """Return the number of each cell's street block, from 1.

    Estates fill blocks between streets that run at the town's own angle, a little bent, the rows
    of blocks out of step.
    """
    angle, step_m = rng.uniform(-0.6, 0.6), block.step_m
    xy = block.centres(cells)
    reach_m = float(np.abs(xy).max()) + 2_000.0
    bend = [Noise.make(rng, 33.0 * step_m, reach_m).at(xy) for _ in range(2)]
    bent = xy / step_m + 3.0 * np.column_stack(bend)
    along = bent[:, 0] * np.cos(angle) + bent[:, 1] * np.sin(angle)
    across = bent[:, 1] * np.cos(angle) - bent[:, 0] * np.sin(angle)
    row = np.floor(across / _BLOCK_CELLS[0]).astype(np.int64)
    shift = rng.uniform(0.0, 1.0, 4_096)[row % 4_096]
    number = row * 65_536 + np.floor(along / _BLOCK_CELLS[1] + shift).astype(np.int64)
    return number - number.min() + 1


def _place(
    territory: Territory,
    block: Lattice,
    cells: Ints,
    index: int,
    count: int,
    rng: np.random.Generator,
) -> list[int]:
    """Choose the cells in which a community's compounds begin: in clusters, along the valleys.

    ``cells`` ascend.
    """
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
    spread = spacing * sqrt(count / clusters) * (0.42 if urban else 0.6)
    chosen: list[int] = []
    taken = np.full((count, 2), np.inf)
    while True:
        draws = 12 * count
        near = centres[rng.integers(0, clusters, draws)]
        found = block.locate(near + rng.normal(0.0, spread * block.step_m, (draws, 2)))
        slot = np.minimum(np.searchsorted(cells, found), len(cells) - 1)
        for number in slot[cells[slot] == found].tolist():
            away = taken[: len(chosen)] - xy[number]
            if np.any(np.einsum("ij,ij->i", away, away) < (spacing * block.step_m) ** 2):
                continue
            taken[len(chosen)] = xy[number]
            chosen.append(int(cells[number]))
            if len(chosen) == count:
                return chosen
        spacing, spread = spacing * 0.93, min(spread * 1.3, 1e4)
        if spacing < 1.0:
            rest = np.setdiff1d(cells, chosen)
            return chosen + rng.permutation(rest)[: count - len(chosen)].tolist()
