"""The county in small cells: communities' borders redrawn fine, an enclave, a hole."""

from __future__ import annotations

from math import ceil

import numpy as np

from geodata.demo.lattice import Flags, Ints, Lattice, Zones, grow, neighbours
from geodata.demo.territory import Territory

_OUTSIDE = -1
# A strip of so many cells is refined at a time, which bounds the memory of a big county.
_STRIP_CELLS = 30_000_000


def refine(territory: Territory, lattice: Lattice, rng: np.random.Generator) -> Zones:
    """Return the community of every cell of a fine lattice, -1 outside the county."""
    zone = np.empty((lattice.rows, lattice.cols), dtype=np.int32)
    coarse_borders = _find_borders(territory)
    strip = max(2, _STRIP_CELLS // lattice.cols // 2 * 2)
    for row in range(0, lattice.rows, strip):
        rows = row, min(row + strip, lattice.rows)
        _refine_rows(territory, coarse_borders, lattice, zone, rows, rng)
    return zone


def cover(territory: Territory, side_m: float) -> Lattice:
    """Return a lattice of fine cells over the county."""
    inside = territory.terrain.lattice.centres(np.flatnonzero(territory.community.ravel() >= 0))
    margin_m = 4.0 * territory.terrain.lattice.step_m + 12.0 * side_m
    west_m, south_m = inside.min(axis=0) - margin_m
    east_m, north_m = inside.max(axis=0) + margin_m
    return Lattice.over(west_m, south_m, east_m, north_m, side_m)


def window(
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


def lay_enclave(territory: Territory, lattice: Lattice, zone: Zones) -> None:
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
        off = block.centres(np.arange(block.cells)) - middle
        angle = np.arctan2(off[:, 1], off[:, 0])
        radius = 6.0 + 1.8 * np.sin(2.0 * angle + 0.7) + 1.3 * np.sin(3.0 * angle + 2.0)
        near = np.hypot(off[:, 0], off[:, 1]) < radius * block.step_m
        view[near.reshape(view.shape)] = community
        return


def punch_hole(zone: Zones, compounds: int, community_of: Ints) -> None:
    """Leave a pond out of the largest compound: a hole in it."""
    largest = int(np.argmax(np.bincount(zone[(zone >= 0) & (zone < compounds)])))
    rows, cols = np.nonzero(zone == largest)
    top, left = max(0, int(rows.min()) - 2) // 2 * 2, max(0, int(cols.min()) - 2)
    view = zone[top : int(rows.max()) + 3, left : int(cols.max()) + 3]
    groups = np.where(view == largest, 0, -1).astype(np.int64)
    for room in (6, 4, 3):
        deep = np.flatnonzero(away_from_fences(groups, room))
        if len(deep):
            middle = int(deep[len(deep) // 2])
            flat = np.zeros(view.size, dtype=np.bool_)
            flat[middle] = True
            for _, a, b in neighbours((view.shape[0], view.shape[1])):
                flat[b[a == middle]] = True
                flat[a[b == middle]] = True
            view[flat.reshape(view.shape)] = compounds + community_of[largest]
            return


def away_from_fences(groups: Ints, cells: int) -> Flags:
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


def _find_borders(territory: Territory) -> Flags:
    """Tell the coarse cells at a border between communities, which are to be redrawn."""
    flat = territory.community.ravel()
    at_border = np.zeros(flat.size, dtype=np.bool_)
    for _, a, b in neighbours((territory.community.shape[0], territory.community.shape[1])):
        differ = flat[a] != flat[b]
        at_border[a[differ]] = True
        at_border[b[differ]] = True
    inner = np.bincount(flat[~at_border & (flat >= 0)], minlength=len(territory.town_of))
    # A tiny community that is border throughout would be lost; it stays as it is.
    return at_border & ((flat < 0) | (inner[flat] > 0))


def _refine_rows(
    territory: Territory,
    coarse_borders: Flags,
    lattice: Lattice,
    zone: Zones,
    rows: tuple[int, int],
    rng: np.random.Generator,
) -> None:
    """Write the communities of some rows into ``zone``, their borders redrawn in fine cells.

    Fine cells away from every border take over the community of the coarse cell around them; the
    strip between grows together from both sides.
    """
    coarse, (first, last) = territory.terrain.lattice, rows
    flat = territory.community.ravel()
    halo = 2 * ceil(2.0 * coarse.side_m / lattice.side_m)
    low, high = max(0, first - halo), min(lattice.rows, last + halo)
    block = lattice.window(low, 0, high - low, lattice.cols)
    label = np.empty(block.cells, dtype=np.int32)
    unknown = np.empty(block.cells, dtype=np.bool_)
    for start in range(0, block.cells, 2_000_000):
        cells = np.arange(start, min(block.cells, start + 2_000_000))
        xy = block.centres(cells)
        around = coarse.locate(xy)
        label[cells] = np.where(around >= 0, flat[around], _OUTSIDE)
        unknown[cells] = (around >= 0) & coarse_borders[around]
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
