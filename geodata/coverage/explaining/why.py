"""Why a grid's households have a service or not: building by building, with who serves them.

The same people, providers, ways and judging as the figures, in the same cells: what is read here
adds up to the grid's figures, household by household.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from psycopg import Connection

from geodata.coverage.explaining import roster
from geodata.coverage.explaining.roster import FacilityProvider, NamedProvider
from geodata.coverage.figures import due as changes
from geodata.coverage.judging import nearest, people, providers, sums
from geodata.coverage.judging import verdicts as judging
from geodata.coverage.judging.nearest import Nearest
from geodata.coverage.judging.people import People
from geodata.coverage.judging.sums import Count
from geodata.coverage.judging.verdicts import Bools, Floats, Ints, Verdict
from geodata.coverage.judging.ways import SNAP_M, Ways
from geodata.coverage.standards import model as standards
from geodata.coverage.standards.model import Kind, Standard
from geodata.errors import NotFoundError
from geodata.model import Bounds, Coverage

# The worst first: who has nobody at all, who has somebody but too far, and so on.
_RANK = {
    Verdict.NOBODY: 0,
    Verdict.TOO_FAR: 1,
    Verdict.TERM_ENDED: 2,
    Verdict.OVER_CAPACITY: 3,
    Verdict.TOO_FEW: 4,
    Verdict.MET: 5,
}


@dataclass(frozen=True, slots=True, kw_only=True)
class Provider:
    """Somebody who serves households of the grid, or is nearest to some.

    ``facility_id`` is None for an organisation or a duty holder, who serve in ``role``.
    ``buildings`` are those of the grid in reach, ``households`` theirs, ``load`` all households in
    reach, inside the grid and beside it (None where that is not known). ``nearest_to`` counts the
    buildings that have nobody nearer, ``way`` is the shortest to any of the grid's.
    """

    facility_id: int | None = None
    name: str
    via: str
    role: str = ""
    role_zh: str = ""
    role_en: str = ""
    buildings: int
    households: int
    load: int | None
    nearest_to: int = 0
    way: float | None = None
    unit: str = "m"
    by_road: bool = False
    is_of_building: bool = False


@dataclass(frozen=True, slots=True, kw_only=True)
class Why:
    """A grid's households judged by one kind: ``people`` are its buildings, the arrays one each.

    ``order`` has the worst first. ``has_roads`` tells whether any road is known near the grid, and
    ``is_on_road`` which buildings one comes near. ``facilities`` are the county's facilities of the
    kind. ``count`` says which households are counted, as they are or as everybody is told.
    """

    kind: Kind
    people: People
    verdict: Ints
    in_reach: Ints
    nearest: Nearest
    is_on_road: Bools
    has_roads: bool
    order: Ints
    facilities: list[FacilityProvider]
    named_providers: list[NamedProvider]
    providers: list[Provider]
    count: Count

    def standard(self, number: int) -> Standard:
        """Return the standard that holds for a building."""
        return self.kind.village if self.people.rows["is_village"][number] else self.kind.town

    @property
    def places(self) -> tuple[str, ...]:
        """The kinds of place, town and village, that the buildings stand in."""
        is_village = self.people.rows["is_village"]
        found = (("town", ~is_village), ("village", is_village))
        return tuple(place for place, some in found if some.any())

    def households(self, which: Bools | None = None) -> int:
        """Return the households of some of the buildings, or of all."""
        rows = self.people.rows[self.count]
        return int((rows if which is None else rows[which]).sum())

    def sums(self) -> dict[str, int]:
        """Return the households of each verdict, as the figures name it."""
        return {each.name.lower(): self.households(self.verdict == each) for each in Verdict}

    def coverage(self) -> Coverage:
        """Return what is explained as figures: as it is now, whatever figures stand."""
        return Coverage(
            self.kind.kind,
            self.kind.name_zh,
            self.kind.name_en,
            households=self.households(),
            estimated=self.households(self.people.rows["is_estimated"]),
            reached=self.households(self.in_reach > 0),
            **self.sums(),
        )


def find_kind(conn: Connection[Any], kind: str, day: date) -> Kind:
    """Return a kind with the standards of a day.

    Raises NotFoundError if the county has no such kind, no provider of it or no standard.
    """
    for each in standards.list_provided(conn, day):
        if each.kind == kind:
            return each
    raise NotFoundError(
        "This map has no service kind “{kind}” on {day}.",
        hint="Choose one of the kinds in the view Services.",
        kind=kind,
        day=day,
    )


def explain(
    conn: Connection[Any],
    grid_id: int,
    kind: Kind,
    day: date,
    *,
    is_rounded: bool,
    has_rounded_loads: bool,
) -> Why:
    """Judge the households of a grid by one kind, and find who serves them.

    ``is_rounded``: households are counted as everybody is told them. ``has_rounded_loads``: so are
    those that a provider serves in all, in other grids too.
    """
    count: Count = "rounded" if is_rounded else "households"
    loads: Count = "rounded" if has_rounded_loads else "households"
    cells = changes.cells_in(conn, grid_id, day)
    box = changes.rested_on(conn, cells, [kind], day, kind.farthest_m)
    nearby = people.read_within(conn, day, box) if box else People(np.empty(0, people.BUILDING))
    facilities = roster.list_facilities(conn, kind.kind, day)
    named = roster.list_named(conn, kind, nearby, day)
    ways = Ways.load(conn, _roads_around(box, kind)) if box else Ways()
    # Of the whole county, not of the box: numbered as the facilities are.
    _, links = next(providers.find(conn, [kind], nearby, day, ways))
    judgement = judging.judge(sums.buildings_of(nearby, count), kind, links)
    own = np.isin(nearby.cells, sorted(cells))
    at, by, way = links.near
    inside = own[at]
    near = (np.cumsum(own)[at[inside]] - 1, by[inside], way[inside])
    mine = nearby.where(own)
    found = nearest.find(mine, kind, near, roster.read_points(facilities), ways)
    verdict = judgement.verdict[own].astype(np.int64)
    spots = ways.find(mine.lon_lat)
    on_road = spots.is_on_road, ways.find(roster.read_points(facilities)).is_on_road
    load = judging.judge(sums.buildings_of(nearby, loads), kind, links).load
    listed = _list_facilities(mine, kind, facilities, near, found, load, on_road, count)
    listed += _list_named(nearby, own, kind, named, count, loads)
    return Why(
        kind=kind,
        people=mine,
        verdict=verdict,
        in_reach=judgement.providers[own],
        nearest=found,
        is_on_road=spots.is_on_road,
        has_roads=spots.snapped is not None,
        order=_order(mine, verdict, found),
        facilities=facilities,
        named_providers=named,
        providers=listed,
        count=count,
    )


def _roads_around(box: Bounds, kind: Kind) -> Bounds:
    """Return the box of the roads on which the nearest are looked for."""
    return box.grown(nearest.widen(kind).farthest_m + SNAP_M)


def _order(mine: People, verdict: Ints, found: Nearest) -> Ints:
    """Return the buildings, the worst first: by reason, then by the way, the farthest first.

    Never by households, which are not for everybody to compare.
    """
    rank = np.array([_RANK[each] for each in Verdict])[verdict]
    way = np.where(np.isfinite(found.way), -found.way, 0.0)
    return np.lexsort((mine.rows["building"], way, rank))


def _list_facilities(
    mine: People,
    kind: Kind,
    facilities: list[FacilityProvider],
    near: judging.Pairs,
    found: Nearest,
    load: Floats,
    on_road: tuple[Bools, Bools],
    of: Count,
) -> list[Provider]:
    """Return the facilities in reach of the grid or nearest to a part of it, nearest first."""
    at, by, _ = near
    count = len(facilities)
    buildings = np.bincount(by, minlength=count)
    households = np.bincount(by, weights=mine.rows[of][at], minlength=count)
    nearest_to = np.bincount(found.facility[found.facility >= 0], minlength=count)
    listed: list[Provider] = []
    for number in np.flatnonzero((buildings > 0) | (nearest_to > 0)).tolist():
        building, way, by_road = _shortest(near, found, on_road, number)
        standard = kind.village if mine.rows["is_village"][building] else kind.town
        listed.append(
            Provider(
                facility_id=facilities[number].facility_id,
                name=facilities[number].name,
                via="facility",
                buildings=int(buildings[number]),
                households=int(households[number]),
                # Of one that the grid is out of reach of nobody has looked at the others.
                load=int(load[number]) if buildings[number] else None,
                nearest_to=int(nearest_to[number]),
                way=way,
                unit=standard.unit,
                by_road=by_road,
            )
        )
    return sorted(listed, key=lambda each: (each.buildings == 0, each.way, each.name))


def _shortest(
    near: judging.Pairs, found: Nearest, on_road: tuple[Bools, Bools], number: int
) -> tuple[int, float, bool]:
    """Return the building from which the way to a facility is shortest, the way, and if by road.

    ``on_road`` tells which buildings and which facilities a road comes near.
    """
    at, by, way = near
    those = np.flatnonzero(by == number)
    if len(those):
        best = int(those[np.argmin(way[those])])
        building = int(at[best])
        return building, float(way[best]), bool(on_road[0][building] and on_road[1][number])
    nearest_here = np.flatnonzero(found.facility == number)
    building = int(nearest_here[np.argmin(found.way[nearest_here])])
    return building, float(found.way[building]), bool(found.by_road[building])


def _list_named(
    nearby: People, own: Bools, kind: Kind, named: list[NamedProvider], of: Count, load_of: Count
) -> list[Provider]:
    """Return the organisations and duty holders that serve the grid, by role and name."""
    by_whom: dict[str, tuple[NamedProvider, list[Ints]]] = {}
    served = roster.Served(nearby)
    for provider in named:
        if provider.until is None:
            by_whom.setdefault(provider.who, (provider, []))[1].append(served.by(provider))
    listed: list[Provider] = []
    for provider, parts in by_whom.values():
        those = np.concatenate(parts)
        here = np.unique(those[own[those]])
        if not len(here):
            continue
        weights = nearby.rows[of]
        listed.append(
            Provider(
                name=provider.name,
                via=provider.via,
                role=provider.role,
                role_zh=provider.role_zh,
                role_en=provider.role_en,
                buildings=len(here),
                households=int(weights[here].sum()),
                load=int(nearby.rows[load_of][those].sum()) if kind.is_limited else None,
                is_of_building=provider.building_id is not None,
            )
        )
    return sorted(listed, key=lambda each: (each.role, each.name))
