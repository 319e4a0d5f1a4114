"""Writes the county's grids: first as they were, then what changed on the day of the change."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from geodata.demo.county import COUNTY_CODE, COUNTY_NAME, County, Era
from geodata.demo.lattice import Ints
from geodata.demo.territory import TOWNS
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.model import LEVELS, Level

SOURCE = "demo"
PEOPLE_PER_HOUSEHOLD = 2.9


@dataclass(frozen=True, slots=True)
class GridIds:
    """Ids of the grids that were written, in the order of the county's arrays."""

    county: int
    towns: list[int]
    communities: list[int]
    compounds: list[int]


@dataclass(frozen=True, slots=True)
class Dates:
    """The days on which the demo's history turns."""

    founded: date
    changed: date
    today: date

    @classmethod
    def before(cls, today: date) -> Dates:
        """Return the dates of a demo seen today: boundaries changed at New Year."""
        year = today.year if today.month > 2 else today.year - 1
        return cls(date(year - 5, 1, 1), date(year, 1, 1), today)


def write_grids(
    conn: psycopg.Connection[TupleRow],
    county: County,
    dates: Dates,
    households: Ints,
    progress: Callable[[str, float], None],
) -> GridIds:
    """Write all grids and their small-scale shapes; ``households`` is per community."""
    boundaries.lock(conn)
    ids = _write_before(conn, county, dates.founded, households)
    progress("shapes", 0.40)
    for level in LEVELS:
        boundaries.refresh_shapes(conn, level)
    progress("changes", 0.50)
    ids = _write_changes(conn, county, ids, dates.changed, households)
    for level in LEVELS:
        boundaries.refresh_shapes(conn, level)
    return ids


def _write_before(
    conn: psycopg.Connection[TupleRow], county: County, day: date, households: Ints
) -> GridIds:
    era, town_of = county.before, county.territory.town_of

    def write(level: Level, versions: list[NewVersion]) -> list[int]:
        return boundaries.insert_versions(conn, level, versions, valid_from=day, source=SOURCE)

    in_community = _community_households(county, era, households)
    in_town = _town_households(town_of, in_community)
    (top,) = write("county", [_county(era, None, in_town)])
    towns = write("town", [_town(era, i, None, top, in_town) for i in range(len(TOWNS))])
    there = [index for index, code in enumerate(era.community_codes) if code]
    written = write(
        "community",
        [
            _community(county, era, index, None, towns[town_of[index]], in_community)
            for index in there
        ],
    )
    communities = [0] * len(town_of)
    for index, grid_id in zip(there, written, strict=True):
        communities[index] = grid_id
    there = [index for index, code in enumerate(era.compound_codes) if code]
    written = write(
        "compound", [_compound(county, era, index, None, communities) for index in there]
    )
    compounds = [0] * len(era.compound_codes)
    for index, grid_id in zip(there, written, strict=True):
        compounds[index] = grid_id
    return GridIds(top, towns, communities, compounds)


def _write_changes(
    conn: psycopg.Connection[TupleRow], county: County, ids: GridIds, day: date, households: Ints
) -> GridIds:
    """Write the grids that are new or different since the change."""
    before, now, town_of = county.before, county.now, county.territory.town_of
    formerly = _community_households(county, before, households)
    in_community = _community_households(county, now, households)
    in_towns = _town_households(town_of, formerly), _town_households(town_of, in_community)
    _write_upper_changes(conn, now, ids, day, in_towns)
    changed = [
        index
        for index in range(len(town_of))
        if not before.community_codes[index]
        or formerly[index] != in_community[index]
        or not before.communities[index].equals_exact(now.communities[index])
    ]
    communities = list(ids.communities)
    written = boundaries.insert_versions(
        conn,
        "community",
        [
            _community(
                county,
                now,
                index,
                communities[index] or None,
                ids.towns[town_of[index]],
                in_community,
            )
            for index in changed
        ],
        valid_from=day,
        source=SOURCE,
    )
    for index, grid_id in zip(changed, written, strict=True):
        communities[index] = grid_id
    changed = [
        index
        for index, code in enumerate(now.compound_codes)
        if code != before.compound_codes[index]
        or now.compound_names[index] != before.compound_names[index]
    ]
    compounds = list(ids.compounds)
    written = boundaries.insert_versions(
        conn,
        "compound",
        [_compound(county, now, index, compounds[index] or None, communities) for index in changed],
        valid_from=day,
        source=SOURCE,
    )
    for index, grid_id in zip(changed, written, strict=True):
        compounds[index] = grid_id
    return GridIds(ids.county, ids.towns, communities, compounds)


def _town_households(town_of: Ints, in_community: Ints) -> Ints:
    """Sum the households of communities up to their towns."""
    return np.bincount(town_of, weights=in_community, minlength=len(TOWNS)).astype(np.int64)


def _write_upper_changes(
    conn: psycopg.Connection[TupleRow],
    now: Era,
    ids: GridIds,
    day: date,
    in_towns: tuple[Ints, Ints],
) -> None:
    """Write county and towns again where their households, before and now, differ."""
    before, after = in_towns
    county = [_county(now, ids.county, after)] if before.sum() != after.sum() else []
    towns = [
        _town(now, int(index), ids.towns[index], ids.county, after)
        for index in np.flatnonzero(before != after)
    ]
    boundaries.insert_versions(conn, "county", county, valid_from=day, source=SOURCE)
    boundaries.insert_versions(conn, "town", towns, valid_from=day, source=SOURCE)


def _community_households(county: County, era: Era, households: Ints) -> Ints:
    """Return the households of each community of an era, from those of today's communities."""
    result = households.copy()
    moved = np.flatnonzero(era.community_of != county.settlements.community_of)
    for compound in moved:
        result[county.settlements.community_of[compound]] -= county.households[compound]
        result[era.community_of[compound]] += county.households[compound]
    for compound, code in enumerate(era.compound_codes):
        if not code:
            result[era.community_of[compound]] -= county.households[compound]
    for new, old in county.split_from.items():
        if not era.community_codes[new]:
            result[old] += result[new]
            result[new] = 0
    return result


def _county(era: Era, grid_id: int | None, in_town: Ints) -> NewVersion:
    count = int(in_town.sum())
    return NewVersion(grid_id, COUNTY_NAME, COUNTY_CODE, None, count, _people(count), era.county[0])


def _town(era: Era, index: int, grid_id: int | None, county: int, in_town: Ints) -> NewVersion:
    town, count = TOWNS[index], int(in_town[index])
    return NewVersion(
        grid_id, town.name, town.code, county, count, _people(count), era.towns[index]
    )


def _community(
    county: County, era: Era, index: int, grid_id: int | None, town: int, households: Ints
) -> NewVersion:
    count = int(households[index])
    return NewVersion(
        grid_id,
        county.community_names[index],
        era.community_codes[index],
        town,
        count,
        _people(count),
        era.communities[index],
    )


def _compound(
    county: County, era: Era, index: int, grid_id: int | None, communities: list[int]
) -> NewVersion:
    count = int(county.households[index])
    return NewVersion(
        grid_id,
        era.compound_names[index],
        era.compound_codes[index],
        communities[int(era.community_of[index])],
        count,
        _people(count),
        county.compounds[index],
    )


def _people(households: int) -> int:
    return round(households * PEOPLE_PER_HOUSEHOLD)
