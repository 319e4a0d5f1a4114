"""Who is nearest to each building, in reach or not, and whether the way there is known.

Pure but for the roads, which are handed in: arrays in and out.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from scipy.spatial import KDTree

from geodata import frames
from geodata.coverage.judging.people import People
from geodata.coverage.judging.verdicts import Bools, Floats, Ints, Pairs
from geodata.coverage.judging.ways import Spots, Ways
from geodata.coverage.standards.model import Kind, Standard

# Along roads one looks this many times as far as the standard reaches: first not far, which is
# quick, then farther for those who are left. Beyond, a straight line tells as much.
FARTHER = 4
FARTHEST = 25


@dataclass(frozen=True, slots=True)
class Nearest:
    """For each building the nearest facility, by number; -1 where there is none at all.

    ``way`` is in the unit of the building's standard, infinite where there is none. ``by_road``
    tells the ways along roads from the straight lines times the detour.
    """

    facility: Ints
    way: Floats
    by_road: Bools


def widen(kind: Kind, times: int = FARTHER) -> Kind:
    """Return a kind with standards that reach so many times as far."""
    return replace(
        kind,
        town=replace(kind.town, reach=kind.town.reach * times),
        village=replace(kind.village, reach=kind.village.reach * times),
    )


def find(people: People, kind: Kind, near: Pairs, places: Floats, ways: Ways) -> Nearest:
    """Return who is nearest to each building of ``people``, of facilities at ``places`` (lon, lat).

    ``near`` are all pairs in reach (building, facility, way), as they were judged.
    """
    count = len(people)
    found = Nearest(np.full(count, -1), np.full(count, np.inf), np.zeros(count, dtype=np.bool_))
    if not kind.by_facility or not len(places) or not count:
        return found
    buildings, others = ways.find(people.lon_lat), ways.find(places)
    _take(found, np.arange(count), near, buildings, others)
    for times in (FARTHER, FARTHEST):
        left = np.flatnonzero((found.facility < 0) & (buildings.is_on_road | (times == FARTHER)))
        if len(left):
            some = ways.find(people.lon_lat[left])
            wide = widen(kind, times)
            pairs = ways.in_reach(some, people.rows["is_village"][left], wide, others)
            _take(found, left, pairs, some, others)
    left = np.flatnonzero(found.facility < 0)
    if len(left):
        tree = KDTree(frames.to_cartesian(places))
        away, who = tree.query(frames.to_cartesian(people.lon_lat[left]))
        line_m = np.asarray(away, dtype=np.float64)
        is_village = people.rows["is_village"][left]
        found.facility[left] = who
        found.way[left] = np.where(
            is_village, _walked(kind.village, line_m), _walked(kind.town, line_m)
        )
    return found


def _take(found: Nearest, which: Ints, pairs: Pairs, buildings: Spots, others: Spots) -> None:
    """Write down the shortest of the pairs of each building; the first of equal ones."""
    at, by, way = pairs
    order = np.lexsort((by, way, at))
    at, by, way = at[order], by[order], way[order]
    first = np.ones(len(at), dtype=np.bool_)
    first[1:] = at[1:] != at[:-1]
    at, by, way = at[first], by[first], way[first]
    found.facility[which[at]] = by
    found.way[which[at]] = way
    found.by_road[which[at]] = buildings.is_on_road[at] & others.is_on_road[by]


def _walked(standard: Standard, line_m: Floats) -> Floats:
    """Return the way of a straight line, in the unit of a standard."""
    way_m = line_m * standard.detour
    return way_m / standard.m_per_min if standard.unit == "min" else way_m
