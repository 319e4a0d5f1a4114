"""Facilities of ten kinds: dense in the centres, thin in the mountains."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from geodata.demo.buildings import Buildings
from geodata.demo.county import County
from geodata.demo.grids import SOURCE, Dates
from geodata.demo.lattice import Floats, Ints
from geodata.demo.writing import copy_rows, points, term


@dataclass(frozen=True, slots=True)
class _Kind:
    """How many there are at 2,000 compounds, how they are named, and who gets them.

    ``pull`` is the power of a building's households in the draw: 0 is one vote a building, more
    draws towards the tall houses of the towns. ``name`` may say {community} and {compound}.
    """

    kind: str
    count: int
    pull: float
    one_per_community: bool
    name: str


_KINDS = (
    _Kind("service_station", 130, 0.3, True, "{community}党群服务中心"),
    _Kind("clinic", 125, 0.3, True, "{community}卫生室"),
    _Kind("pharmacy", 85, 1.2, False, "{compound}大药房"),
    _Kind("shop", 185, 0.5, False, "{compound}便民商店"),
    _Kind("school", 70, 0.6, True, "{community}小学"),
    _Kind("elder_care", 55, 0.6, True, "{community}养老服务站"),
    _Kind("volunteer_team", 85, 0.5, True, "{community}志愿服务点"),
    _Kind("property_management", 70, 1.6, False, "{compound}物业服务处"),
    _Kind("legal_aid", 30, 0.8, True, "{community}法律援助工作站"),
    _Kind("culture", 65, 0.4, True, "{community}文化活动室"),
)


def write_facilities(
    conn: psycopg.Connection[TupleRow],
    county: County,
    buildings: Buildings,
    dates: Dates,
    seed: int,
) -> None:
    """Write 900 facilities at 2,000 compounds, each next to a building."""
    rng = np.random.default_rng([seed, 9])
    rows: list[tuple[object, ...]] = []
    for kind in _KINDS:
        count = max(1, round(kind.count * county.settlements.compounds / 2_000))
        chosen = _choose(kind, count, county, buildings, rng)
        places = points(_beside(buildings.places[chosen], rng))
        for number, (building, place) in enumerate(zip(chosen.tolist(), places, strict=True), 1):
            community = county.community_names[int(buildings.community[building])]
            compound = int(buildings.compound[building])
            estate = county.now.compound_names[compound] if compound >= 0 else community
            name = kind.name.format(community=community, compound=estate)
            code = f"{kind.kind}-{number:05d}"
            address = f"{community}{estate if estate != community else ''}{number % 90 + 1}号"
            opened = _opened(dates, rng)
            rows.append((SOURCE, code, kind.kind, name, address, place, term(opened)))
    copy_rows(
        conn, "COPY facility (source, code, kind, name, address, geom, valid) FROM STDIN", rows
    )


def _opened(dates: Dates, rng: np.random.Generator) -> date:
    """Return the day since which a facility is there: one in five is younger than the grids."""
    days = (dates.today - dates.founded).days
    return dates.founded + timedelta(days=max(0, int(days * (1 - 5 * rng.random()))))


def _choose(
    kind: _Kind, count: int, county: County, buildings: Buildings, rng: np.random.Generator
) -> Ints:
    """Choose the buildings to stand beside: a second one in a place only if all have one."""
    draw = kind.pull * np.log(buildings.households) + rng.gumbel(
        0.0, 1.0, len(buildings.households)
    )
    if kind.kind == "property_management":
        estate = (buildings.compound >= 0) & county.settlements.is_estate[buildings.compound]
        draw = np.where(estate, draw, -np.inf)
    order = np.argsort(-draw, kind="stable")
    owner = buildings.community if kind.one_per_community else buildings.compound
    _, first = np.unique(owner[order], return_index=True)
    once = order[np.sort(first)]
    if kind.one_per_community:
        # Remote communities go without first.
        remote = np.hypot(*(_seats(county, buildings, once) / 9_000.0).T)
        once = once[np.argsort(remote + rng.gumbel(0.0, 0.4, len(once)), kind="stable")]
    rest = order[~np.isin(order, once)]
    return np.concatenate([once, rest])[:count]


def _seats(county: County, buildings: Buildings, chosen: Ints) -> Floats:
    """Return how far the buildings' communities lie from the seats of their towns, metres."""
    community = buildings.community[chosen]
    territory = county.territory
    return territory.seats[community] - territory.town_seats[territory.town_of[community]]


def _beside(places: Floats, rng: np.random.Generator) -> Floats:
    """Return places a few metres away."""
    moved = places + rng.normal(0.0, 0.000_12, places.shape)
    return np.round(moved * 1e7) / 1e7
