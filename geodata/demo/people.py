"""Members and their dated duties: chiefs, grid workers, leads, registered party members.

About 6 % of the compounds never had a grid worker, in 5 % the last term is over, in 4 % only a
deputy is in office. Names are invented, and no phone number could ever be dialled.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import date, timedelta

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from geodata.demo.buildings import Buildings
from geodata.demo.county import County
from geodata.demo.grids import SOURCE, Dates, GridIds
from geodata.demo.lattice import Ints
from geodata.demo.names import people_names
from geodata.demo.organisations import Organisations
from geodata.demo.pledges import PLEDGES
from geodata.demo.territory import TOWNS
from geodata.demo.writing import copy_rows, reserve_ids, term
from geodata.language.pinyin import search_key

_VACANT, _ENDED, _DEPUTY_ONLY = 0.06, 0.05, 0.04
_MEMBERS_PER_COMPOUND = 2.0


@dataclass(frozen=True, slots=True)
class _Duty:
    member: int
    role: str
    begin: date
    end: date | None = None
    grid_id: int | None = None
    building: int | None = None
    entrance: int | None = None
    is_deputy: bool = False


@dataclass(slots=True)
class _Roll:
    """The list of members (each the organisation of one) and of duties while it grows."""

    county: County
    ids: GridIds
    organisations: Organisations
    dates: Dates
    rng: np.random.Generator
    members: list[int | None] = field(default_factory=list[int | None])
    duties: list[_Duty] = field(default_factory=list[_Duty])

    def enlist(self, organisation: int | None) -> int:
        """Add a member; return the place in the list."""
        self.members.append(organisation)
        return len(self.members) - 1

    def day(self, earliest: date, latest: date) -> date:
        """Draw a first of a month between two days."""
        drawn = earliest + timedelta(days=int(self.rng.integers(0, (latest - earliest).days)))
        return max(earliest, drawn.replace(day=1))

    def appoint(self, member: int, role: str, grid_id: int, *, deputy: bool = False) -> None:
        """Give a member a duty that runs today, in some cases for another year or two only."""
        begin = self.day(self.dates.founded + timedelta(days=365), self._lately(45))
        end = None if self.rng.random() < 0.6 else self.day(*self._coming())
        self.duties.append(_Duty(member, role, begin, end, grid_id, is_deputy=deputy))

    def retire(self, member: int, role: str, grid_id: int) -> None:
        """Give a member a duty whose term is over."""
        begin = self.day(self.dates.founded, self._lately(700))
        end = self.day(max(begin + timedelta(days=40), self._lately(420)), self._lately(10))
        self.duties.append(
            _Duty(member, role, begin, max(end, begin + timedelta(days=30)), grid_id)
        )

    def _lately(self, days: int) -> date:
        return self.dates.today - timedelta(days=days)

    def _coming(self) -> tuple[date, date]:
        return self.dates.today + timedelta(days=32), self.dates.today + timedelta(days=800)


def write_people(
    conn: psycopg.Connection[TupleRow],
    roll_of: tuple[County, GridIds, Organisations, Dates],
    buildings: Buildings,
    building_ids: list[int],
    seed: int,
) -> None:
    """Write members, their contacts and their duties."""
    county, ids, organisations, dates = roll_of
    rng = np.random.default_rng([seed, 7])
    roll = _Roll(county, ids, organisations, dates, rng)
    _add_leaders(roll)
    _add_communities(roll)
    workers = _add_grid_workers(roll)
    _add_alliances(roll)
    _add_building_leads(roll, buildings, building_ids, workers)
    _add_registered(roll, round(_MEMBERS_PER_COMPOUND * county.settlements.compounds))
    _write(conn, roll, rng)


def _add_leaders(roll: _Roll) -> None:
    """County leaders, each in liaison with a few communities, and the towns' chiefs."""
    departments = list(roll.organisations.departments.values())
    chief = roll.enlist(departments[0])
    roll.appoint(chief, "county_chief", roll.ids.county)
    roll.appoint(roll.enlist(departments[0]), "county_chief", roll.ids.county, deputy=True)
    leaders = [roll.enlist(departments[number % len(departments)]) for number in range(22)]
    for index, grid_id in enumerate(roll.ids.communities):
        roll.appoint(leaders[(index * 7) % len(leaders)], "county_liaison", grid_id)
    for town in range(len(TOWNS)):
        office, grid_id = roll.organisations.town_offices[town], roll.ids.towns[town]
        roll.appoint(roll.enlist(office), "town_chief", grid_id)
        roll.retire(roll.enlist(office), "town_chief", grid_id)
        roll.appoint(roll.enlist(office), "town_chief", grid_id, deputy=True)


def _add_communities(roll: _Roll) -> None:
    """Community chiefs and deputies; a few communities have none in office."""
    for index, grid_id in enumerate(roll.ids.communities):
        committee, luck = roll.organisations.committees[index], roll.rng.random()
        if luck > 0.05:
            roll.appoint(roll.enlist(committee), "community_chief", grid_id)
        if 0.02 < luck < 0.3:
            roll.retire(roll.enlist(committee), "community_chief", grid_id)
        if 0.035 < luck < 0.75:
            roll.appoint(roll.enlist(committee), "community_chief", grid_id, deputy=True)


def _add_grid_workers(roll: _Roll) -> dict[int, int]:
    """Grid workers; one looks after up to three villages. Return who is in office where."""
    in_office: dict[int, int] = {}
    last: tuple[int, int, int] | None = None
    for index, community in enumerate(roll.county.settlements.community_of.tolist()):
        committee, grid_id = roll.organisations.committees[community], roll.ids.compounds[index]
        luck = roll.rng.random()
        if luck < _VACANT:
            continue
        if luck < _VACANT + _ENDED:
            roll.retire(roll.enlist(committee), "grid_worker", grid_id)
            continue
        if luck < _VACANT + _ENDED + _DEPUTY_ONLY:
            roll.appoint(roll.enlist(committee), "grid_worker", grid_id, deputy=True)
            continue
        village = not roll.county.settlements.is_estate[index]
        if last and last[0] == community and village and last[2] < 3 and roll.rng.random() < 0.6:
            last = (community, last[1], last[2] + 1)
        else:
            last = (community, roll.enlist(committee), 1)
        roll.appoint(last[1], "grid_worker", grid_id)
        in_office[index] = last[1]
        if luck > 0.92:
            roll.retire(roll.enlist(committee), "grid_worker", grid_id)
        elif luck > 0.85:
            roll.appoint(roll.enlist(committee), "grid_worker", grid_id, deputy=True)
    return in_office


def _add_alliances(roll: _Roll) -> None:
    for index, organisation in roll.organisations.alliances.items():
        grid_id = roll.ids.compounds[index]
        community = int(roll.county.settlements.community_of[index])
        chair = roll.enlist(roll.organisations.committees[community])
        roll.appoint(chair, "alliance_chair", grid_id)
        if roll.rng.random() < 0.8:
            roll.appoint(roll.enlist(organisation), "alliance_vice_chair", grid_id)
        roll.appoint(roll.enlist(organisation), "alliance_director", grid_id)


def _add_building_leads(
    roll: _Roll, buildings: Buildings, building_ids: list[int], workers: dict[int, int]
) -> None:
    """Building leads and unit leads; one person leads all houses of most villages."""
    bounds = np.searchsorted(
        buildings.compound[buildings.compound >= 0], np.arange(len(roll.ids.compounds) + 1)
    )
    for index in range(len(roll.ids.compounds)):
        members = building_ids[bounds[index] : bounds[index + 1]]
        luck = roll.rng.random()
        if luck < 0.05:
            continue
        estate = bool(roll.county.settlements.is_estate[index])
        committee = roll.organisations.committees[int(roll.county.settlements.community_of[index])]
        if not estate and luck > 0.4 and index in workers:
            leads = [workers[index]]
        else:
            leads = [roll.enlist(committee) for _ in range(1 + (estate and luck > 0.8))]
        begin = roll.day(roll.dates.founded, roll.dates.today - timedelta(days=60))
        over = roll.dates.today - timedelta(days=int(roll.rng.integers(20, 200)))
        for place, building in enumerate(members):
            chance = roll.rng.random()
            if chance < 0.05:
                continue
            end = max(over, begin + timedelta(days=30)) if chance < 0.08 else None
            lead = leads[place % len(leads)]
            roll.duties.append(_Duty(lead, "building_lead", begin, end, building=building))
            units = int(buildings.units[bounds[index] + place])
            if estate and luck > 0.75 and units > 1:
                _add_unit_leads(roll, lead, building, units, begin)


def _add_unit_leads(roll: _Roll, member: int, building: int, units: int, begin: date) -> None:
    for entrance in range(1, units + 1):
        if roll.rng.random() < 0.6:
            duty = _Duty(member, "unit_lead", begin, building=building, entrance=entrance)
            roll.duties.append(duty)


def _add_registered(roll: _Roll, members: int) -> None:
    """Fill up with party members who registered in the compounds where they live."""
    estates = np.flatnonzero(roll.county.settlements.is_estate)
    pool: Ints = estates if len(estates) else np.arange(len(roll.ids.compounds))
    departments = list(roll.organisations.departments.values())
    while len(roll.members) < members:
        member = roll.enlist(departments[len(roll.members) % len(departments)])
        compound = int(pool[roll.rng.integers(0, len(pool))])
        roll.appoint(member, "registered_member", roll.ids.compounds[compound])


def _write(conn: psycopg.Connection[TupleRow], roll: _Roll, rng: np.random.Generator) -> None:
    ids = reserve_ids(conn, "member", "member_id", len(roll.members))
    names = people_names(len(ids), rng)
    copy_rows(
        conn,
        "COPY member (member_id, external_key, name, pinyin, organisation_id, source) FROM STDIN",
        (
            (member_id, f"demo-{place + 1:07d}", name, search_key(name), organisation, SOURCE)
            for place, (member_id, name, organisation) in enumerate(
                zip(ids, names, roll.members, strict=True)
            )
        ),
    )
    copy_rows(
        conn,
        "COPY member_contact (member_id, phone, email) FROM STDIN",
        (
            (member_id, impossible_phone(place), f"demo{place + 1}@example.invalid")
            for place, member_id in enumerate(ids)
        ),
    )
    copy_rows(
        conn,
        "COPY duty (member_id, role, grid_id, building_id, entrance, is_deputy, pledge, term,"
        " source) FROM STDIN",
        _rows(roll, ids, rng),
    )


def _rows(roll: _Roll, ids: list[int], rng: np.random.Generator) -> Iterator[tuple[object, ...]]:
    for duty in roll.duties:
        choice = PLEDGES[duty.role]
        yield (
            ids[duty.member],
            duty.role,
            duty.grid_id,
            duty.building,
            duty.entrance,
            duty.is_deputy,
            choice[int(rng.integers(0, len(choice)))],
            term(duty.begin, duty.end),
            SOURCE,
        )


def impossible_phone(number: int) -> str:
    """Return a number that no telephone has: no number in China begins with 000."""
    return f"000-{number // 10_000 % 10_000:04d}-{number % 10_000:04d}"
