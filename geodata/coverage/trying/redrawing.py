"""Where people would live as grids go, if boundaries ran as a plan has them."""

from __future__ import annotations

from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.coverage.judging.altering import Redrawn
from geodata.coverage.judging.people import BUILDING, People, spread
from geodata.disclosure import rounded_count
from geodata.model import Level

Ids = NDArray[np.int64]


def move(everybody: People, ground: Redrawn) -> People:
    """Return the same households in the grids that would be theirs.

    As in ``people``: on a shared edge the lower code has a building, and a compound without
    buildings has its households spread over its area.
    """
    rows = everybody.rows.copy()
    lon_lat = everybody.lon_lat
    is_near = np.zeros(len(rows), dtype=np.bool_)
    for west, south, east, north in ground.boxes:
        is_near |= (
            (lon_lat[:, 0] >= west)
            & (lon_lat[:, 0] <= east)
            & (lon_lat[:, 1] >= south)
            & (lon_lat[:, 1] <= north)
        )
    some = np.flatnonzero(is_near & ~rows["is_estimated"])
    points = np.asarray(shapely.points(lon_lat[some]), dtype=object)
    before = rows["compound"][some].copy()
    rows["compound"][some] = _lying(ground, "compound", points)
    communities = _lying(ground, "community", points)
    rows["community"][some] = np.where(communities != 0, communities, rows["community"][some])
    _follow(rows, ground)
    touched = {int(each) for each in (*before, *rows["compound"][some])} | ground.changed
    touched &= {id_ for id_, grid in ground.grids.items() if grid.level == "compound"} | {
        id_ for id_ in ground.changed if id_ not in ground.grids
    }
    kept = rows[~(rows["is_estimated"] & np.isin(rows["compound"], sorted(touched)))]
    # A town that is not drawn otherwise need not be known with its county.
    counties = dict(zip(rows["town"].tolist(), rows["county"].tolist(), strict=True))
    return People(np.concatenate((kept, _spread(kept, ground, touched, counties))))


def _lying(ground: Redrawn, level: Level, points: NDArray[np.object_]) -> Ids:
    """Return the grid of a level in which each point would lie, 0 where there is none."""
    found = np.zeros(len(points), dtype=np.int64)
    if not len(points):
        return found
    tree = shapely.STRtree(points)
    grids = [(grid.code, id_) for id_, grid in ground.grids.items() if grid.level == level]
    for _, id_ in sorted(grids, reverse=True):
        found[tree.query(ground.grids[id_].shape, predicate="covers")] = id_
    return found


def _follow(rows: NDArray[np.void], ground: Redrawn) -> None:
    """Set the grids above and the kind of place of those who live in a known community."""
    for id_, grid in ground.grids.items():
        if grid.level == "community":
            which = rows["community"] == id_
            rows["town"][which] = grid.parent or 0
            rows["is_village"][which] = grid.name.endswith("村")
    for id_, grid in ground.grids.items():
        if grid.level == "town":
            rows["county"][rows["town"] == id_] = grid.parent or 0


def _spread(
    rows: NDArray[np.void], ground: Redrawn, compounds: set[int], counties: dict[int, int]
) -> NDArray[np.void]:
    """Return places for those of some compounds in which no building would stand."""
    built = set(np.unique(rows["compound"]).tolist())
    found: list[tuple[Any, ...]] = []
    for id_ in sorted(compounds & ground.grids.keys()):
        grid = ground.grids[id_]
        community = ground.grids.get(grid.parent or 0)
        if id_ in built or not grid.households or community is None:
            continue
        town = community.parent or 0
        drawn = ground.grids.get(town)
        county = drawn.parent if drawn and drawn.parent else counties.get(town, 0)
        above = grid.parent, town, county
        is_village = community.name.endswith("村")
        rounded = rounded_count(grid.households, ground.least)
        found += [
            (*place, 0, id_, *above, is_village, True)
            for place in spread(grid.shape, grid.households, rounded)
        ]
    return np.array(found, dtype=BUILDING)
