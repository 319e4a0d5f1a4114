"""The county's grids at two dates: shapes, names, codes, parents, households.

Both dates are read from the same zones by different tables, so every border of either date runs
along the same corners, and children nest in their parents exactly at both.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from geodata.demo import names
from geodata.demo.history import Change, plan_changes
from geodata.demo.lattice import Floats, Ints
from geodata.demo.settlements import Settlements, settle
from geodata.demo.shapes import Borders, build_polygons, find_borders, place_corners
from geodata.demo.territory import CENTRE_LAT, CENTRE_LON, LAT_M, LON_M, TOWNS, Territory, divide

COUNTY_CODE, COUNTY_NAME = "341525", "霍山县"
Polygons = npt.NDArray[np.object_]


@dataclass(frozen=True, slots=True)
class Era:
    """What the grids are like from a date on.

    Per community and per compound; a code of "" marks one that does not exist at the time.
    ``community_of`` is per compound.
    """

    county: Polygons
    towns: Polygons
    communities: Polygons
    community_codes: list[str]
    community_of: Ints
    compound_codes: list[str]
    compound_names: list[str]


@dataclass(frozen=True, slots=True)
class County:
    """The demo county: its ground, and its grids before and after the change of boundaries.

    Polygons are WGS 84 (lon, lat) on the grid of 1e-7 degrees. ``households`` is per compound.
    ``split_from`` tells from which community today's new ones were split off.
    """

    territory: Territory
    settlements: Settlements
    compounds: Polygons
    community_names: list[str]
    households: Ints
    before: Era
    now: Era
    split_from: dict[int, int]


@dataclass(frozen=True, slots=True)
class _Survey:
    """Compounds as polygons, and the borders of communities with the places of their corners."""

    compounds: Polygons
    borders: Borders
    corners: Ints
    places: Floats


def lon_lat(xy: Floats) -> Floats:
    """Return points (n, 2) in plane metres as WGS 84 degrees on the grid of 1e-7."""
    degrees = np.column_stack([CENTRE_LON + xy[:, 0] / LON_M, CENTRE_LAT + xy[:, 1] / LAT_M])
    return np.round(degrees * 1e7) / 1e7


def build(compounds: int, seed: int) -> County:
    """Build the county. Equal arguments give equal counties, to the bit."""
    territory = divide(compounds, seed)
    settlements = settle(territory, compounds, seed)
    change = plan_changes(territory, settlements)
    survey = _survey(territory, settlements, change)
    rng = np.random.default_rng([seed, 4])
    community_names = _name_communities(territory, rng)
    compound_names = _name_compounds(territory, settlements, rng)
    change = change.without_torn(
        lambda table: _join(survey, table, len(territory.town_of)), settlements
    )
    before = _era_before(territory, settlements, survey, change, compound_names)
    return County(
        territory,
        settlements,
        survey.compounds,
        community_names,
        _households(settlements, rng),
        before,
        _era_now(territory, settlements, survey, before, compound_names),
        dict(zip(change.split_off.tolist(), change.split_from.tolist(), strict=True)),
    )


def _survey(territory: Territory, settlements: Settlements, change: Change) -> _Survey:
    """Measure every border once, town by town, so that memory stays bounded."""
    lattice, count = settlements.lattice, settlements.compounds
    compounds = np.full(count, None, dtype=object)
    community_of = settlements.community_of_zone(len(territory.town_of))
    town_of = np.where(community_of >= 0, territory.town_of[community_of], -1)
    parts: list[tuple[Ints, ...]] = []
    corners: list[Ints] = []
    places: list[Floats] = []
    for town, (row, col, rows, cols) in enumerate(settlements.windows):
        view = settlements.zone[row : row + rows, col : col + cols]
        borders = find_borders(view).within(cols, row, col, lattice.cols)
        known, xy = place_corners(borders, lattice, territory.bend)
        xy = lon_lat(xy)
        mine = np.where(town_of[:count] == town, np.arange(count), -1)
        table = np.concatenate([mine, np.full(len(town_of) - count, -1)])
        made = build_polygons(borders, table, count, known, xy)
        compounds[mine >= 0] = made[mine >= 0]
        left, right = borders.left, borders.right
        upper = (
            (community_of[left] != community_of[right])
            | np.isin(left, change.moved)
            | np.isin(right, change.moved)
        )
        upper &= np.where(town_of[left] >= 0, town_of[left], town_of[right]) == town
        kept = borders.pick(upper)
        parts.append((kept.start, kept.end, kept.left, kept.right))
        used = np.unique(np.concatenate([kept.start, kept.end]))
        corners.append(used)
        places.append(xy[np.searchsorted(known, used)])
    start, end, left, right = (np.concatenate(column) for column in zip(*parts, strict=True))
    every, first = np.unique(np.concatenate(corners), return_index=True)
    return _Survey(
        compounds, Borders(start, end, left, right), every, np.concatenate(places)[first]
    )


def _join(survey: _Survey, table: Ints, count: int) -> Polygons:
    return build_polygons(survey.borders, table, count, survey.corners, survey.places)


def _towns(
    territory: Territory, survey: _Survey, community_of_zone: Ints
) -> tuple[Polygons, Polygons]:
    """Return the county (one polygon) and the towns."""
    town_of = np.where(community_of_zone >= 0, territory.town_of[community_of_zone], -1)
    county = _join(survey, np.where(town_of >= 0, 0, -1), 1)
    return county, _join(survey, town_of, len(TOWNS))


def _era_before(
    territory: Territory,
    settlements: Settlements,
    survey: _Survey,
    change: Change,
    compound_names: list[str],
) -> Era:
    table = change.table_before(settlements.community_of_zone(len(territory.town_of)))
    county, towns = _towns(territory, survey, table)
    community_of = table[: settlements.compounds]
    exists = np.ones(len(territory.town_of), dtype=np.bool_)
    exists[change.split_off] = False
    numbers = _number(territory.seats, territory.town_of, 2_000.0, exists)
    codes = [
        f"{TOWNS[town].code}{number:03d}" if number else ""
        for town, number in zip(territory.town_of, numbers, strict=True)
    ]
    stands = np.ones(settlements.compounds, dtype=np.bool_)
    stands[change.built] = False
    compound_numbers = _number(settlements.core, community_of, 200.0, stands)
    former = dict(zip(change.renamed.tolist(), change.former_names, strict=True))
    return Era(
        county,
        towns,
        _join(survey, table, len(territory.town_of)),
        codes,
        community_of,
        [
            f"{codes[community]}{number:03d}" if number else ""
            for community, number in zip(community_of, compound_numbers, strict=True)
        ],
        [former.get(index, name) for index, name in enumerate(compound_names)],
    )


def _era_now(
    territory: Territory,
    settlements: Settlements,
    survey: _Survey,
    before: Era,
    compound_names: list[str],
) -> Era:
    """Return today's grids: what changed gets the next free number, for no code is used twice."""
    table = settlements.community_of_zone(len(territory.town_of))
    county, towns = _towns(territory, survey, table)
    codes = list(before.community_codes)
    used = [int(code[9:]) if code else 0 for code in codes]
    for index in [place for place, code in enumerate(codes) if not code]:
        town = territory.town_of[index]
        used[index] = max(used[other] for other in np.flatnonzero(territory.town_of == town)) + 1
        codes[index] = f"{TOWNS[town].code}{used[index]:03d}"
    community_of = settlements.community_of
    highest: dict[int, int] = {}
    for community, code in zip(before.community_of.tolist(), before.compound_codes, strict=True):
        highest[community] = max(highest.get(community, 0), int(code[12:] or 0))
    compound_codes = list(before.compound_codes)
    for index, code in enumerate(before.compound_codes):
        community = int(community_of[index])
        if not code or community != before.community_of[index]:
            highest[community] = highest.get(community, 0) + 1
            compound_codes[index] = f"{codes[community]}{highest[community]:03d}"
    communities = _join(survey, table, len(territory.town_of))
    return Era(county, towns, communities, codes, community_of, compound_codes, compound_names)


def _number(places: Floats, parent: Ints, column_m: float, exists: npt.NDArray[np.bool_]) -> Ints:
    """Number siblings from 1, west to east by columns and north to south in each; 0: not there."""
    column = np.floor(places[:, 0] / column_m)
    order = np.lexsort((-places[:, 1], column, parent))
    order = order[exists[order]]
    parents = parent[order]
    first = np.searchsorted(parents, parents)
    numbers = np.zeros(len(places), dtype=np.int64)
    numbers[order] = np.arange(len(order)) - first + 1
    return numbers


def _name_communities(territory: Territory, rng: np.random.Generator) -> list[str]:
    result = [""] * len(territory.town_of)
    for town, item in enumerate(TOWNS):
        members = np.flatnonzero(territory.town_of == town)
        urban = [bool(flag) for flag in territory.is_urban[members]]
        for index, name in zip(members, names.community_names(urban, item.name, rng), strict=True):
            result[int(index)] = name
    return result


def _name_compounds(
    territory: Territory, settlements: Settlements, rng: np.random.Generator
) -> list[str]:
    result = [""] * settlements.compounds
    town_of = territory.town_of[settlements.community_of]
    for town in range(len(TOWNS)):
        for estates in (True, False):
            members = np.flatnonzero((town_of == town) & (settlements.is_estate == estates))
            draw = names.estate_names if estates else names.village_names
            for index, name in zip(members.tolist(), draw(len(members), rng), strict=True):
                result[index] = name
    return result


def _households(settlements: Settlements, rng: np.random.Generator) -> Ints:
    """Draw the households of each compound: about 135 in an estate, 29 in a village."""
    spread = np.exp(rng.normal(0.0, 0.45, settlements.compounds))
    return np.maximum(4, np.where(settlements.is_estate, 121.0, 26.0) * spread).astype(np.int64)
