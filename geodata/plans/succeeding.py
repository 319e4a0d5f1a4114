"""Households and people that go from old grids to new ones, by the table of a file.

A grid's count is divided by the households of its buildings, else by ground; the parts sum up to
what was counted. Shapes are EPSG:4326.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import shapely

from geodata.plans.counting import Buildings
from geodata.plans.files import PlanFile
from geodata.plans.model import Draft

# Where households go that live in no grid of the level any more.
_NOBODY = 0
Counts = tuple[int | None, int | None]


def count_by_file(
    before: Draft, shapes: Mapping[int, Any], file: PlanFile, buildings: Buildings
) -> dict[int, Counts]:
    """Return households and people of the grids of a file; ``shapes`` are those that they have.

    None where the count of a grid of which one is made is not known.
    """
    heirs = _heirs(file)
    passing = _passing(before, shapes, file, buildings)
    households_of: defaultdict[int, list[int | None]] = defaultdict(list)
    people: defaultdict[int, list[int | None]] = defaultdict(list)
    for old, news in heirs.items():
        facts = before.facts[old]
        weights: Mapping[int, float] = passing.get(old, {})
        if not weights:
            weights = {new: _common(before, shapes, old, new) for new in news} or {_NOBODY: 1.0}
        if not any(weights.values()):
            weights = dict.fromkeys(weights, 1.0)
        for sums, count in ((households_of, facts.households), (people, facts.population)):
            for new, part in zip(weights, _divided(count, list(weights.values())), strict=True):
                sums[new].append(part)
    lived = _lived(shapes, buildings)
    found: dict[int, Counts] = {}
    for id_ in shapes:
        households = _sum(households_of[id_]) if households_of[id_] else lived.get(id_)
        found[id_] = households, _sum(people[id_])
    return found


def _heirs(file: PlanFile) -> dict[int, list[int]]:
    """Return to which grids each known one goes by the table, itself where it lives on."""
    heirs: dict[int, list[int]] = {id_: [] for id_ in file.grids if id_ > 0}
    for pair in file.pairs:
        old, new = pair.old_id, pair.new_id
        if old in heirs and new is not None and new in file.grids:
            heirs[old].append(new)
    for old, news in heirs.items():
        if file.grids.get(old, None) is not None and old not in news:
            news.append(old)
    return heirs


def _passing(
    before: Draft, shapes: Mapping[int, Any], file: PlanFile, buildings: Buildings
) -> dict[int, dict[int, float]]:
    """Return the households of buildings that go from one grid to another, by both."""
    olds = {id_: before.ground[id_].shape for id_ in file.grids if id_ > 0}
    was, now = _locate(olds, buildings), _locate(shapes, buildings)
    found = defaultdict[int, dict[int, float]](dict)
    for old, new, households in zip(was, now, buildings.households.tolist(), strict=True):
        if old != _NOBODY and households:
            found[old][new] = found[old].get(new, 0.0) + households
    return found


def _locate(shapes: Mapping[int, Any], buildings: Buildings) -> list[int]:
    grid_ids = np.full(len(buildings.points), _NOBODY, dtype=np.int64)
    if len(grid_ids) and shapes:
        ids = np.asarray(list(shapes), dtype=np.int64)
        tree = shapely.STRtree(buildings.points)
        holder, held = tree.query(
            np.asarray(list(shapes.values()), dtype=object), predicate="covers"
        )
        grid_ids[held] = ids[holder]
    return grid_ids.tolist()


def _lived(shapes: Mapping[int, Any], buildings: Buildings) -> dict[int, int]:
    found = defaultdict[int, int](int)
    grid_ids = _locate(shapes, buildings)
    for grid_id, households in zip(grid_ids, buildings.households.tolist(), strict=True):
        found[grid_id] += households
    return {grid_id: households for grid_id, households in found.items() if households}


def _common(before: Draft, shapes: Mapping[int, Any], old: int, new: int) -> float:
    return float(shapely.area(shapely.intersection(before.ground[old].shape, shapes[new])))


def _divided(count: int | None, weights: Sequence[float]) -> list[int] | list[None]:
    """Divide a count by weights so that the parts sum up to it: the largest remainders gain."""
    if count is None:
        return [None] * len(weights)
    exact = np.asarray(weights) / sum(weights) * count
    parts = np.floor(exact).astype(np.int64)
    for at in np.argsort(parts - exact, kind="stable")[: count - int(parts.sum())]:
        parts[at] += 1
    return parts.tolist()


def _sum(parts: Sequence[int | None]) -> int | None:
    known = [part for part in parts if part is not None]
    return sum(known) if known and len(known) == len(parts) else None
