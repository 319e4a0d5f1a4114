"""Organisations of the demo county and the grids that they serve."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg
from psycopg.rows import TupleRow

from geodata.demo.county import County
from geodata.demo.grids import SOURCE, Dates, GridIds
from geodata.demo.territory import TOWNS
from geodata.demo.writing import copy_rows, reserve_ids, term

DEPARTMENTS = (
    "县委社会工作部", "县城市管理局", "县住房和城乡建设局",
    "县生态环境分局", "县公安局", "县民政局",
    "县卫生健康委员会", "县市场监督管理局", "县应急管理局", "县消防救援大队", "县交通运输局",
    "县水利局", "县农业农村局", "县林业局", "县自然资源和规划局", "县人力资源和社会保障局",
    "县司法局", "县教育局", "县文化旅游体育局", "县供电公司", "县供水公司", "县燃气公司",
)  # fmt: skip
_PROPERTY = (
    "安居", "和润", "金桂", "绿城苑", "祥和", "万家",
    "康泰", "锦程", "佳美", "恒信", "同心", "福满",
    "翠湖", "天和", "明珠", "永佳", "华盛", "鸿运", "春晓", "诚悦", "乐居", "瑞丰", "盛世", "清风",
)  # fmt: skip
_SOCIAL = (
    "义工联合会", "社会工作服务中心", "老年协会",
    "法律服务志愿协会", "青年志愿者协会", "红十字志愿服务队",
    "阳光助残中心", "心理健康协会", "书香读书会", "应急救援协会",
)  # fmt: skip
_SHOPS = ("便民超市", "粮油店", "早餐店", "理发店", "水果店", "五金店", "家电维修部", "快递驿站")


@dataclass(frozen=True, slots=True)
class Organisations:
    """Ids of the organisations that others refer to."""

    departments: dict[str, int]
    town_offices: list[int]
    committees: list[int]
    alliances: dict[int, int]


@dataclass(frozen=True, slots=True)
class _Row:
    kind: str
    name: str
    grid_id: int
    parent: int | None = None
    serves: tuple[int, ...] = ()


def write_organisations(
    conn: psycopg.Connection[TupleRow], county: County, ids: GridIds, dates: Dates, seed: int
) -> Organisations:
    """Write organisations and their service areas."""
    rng = np.random.default_rng([seed, 6])
    rows = [
        _Row("county_department", name, ids.county, None, (ids.county,)) for name in DEPARTMENTS
    ]
    offices = len(rows)
    rows += [
        _Row("town_office", f"{town.name}人民政府", grid_id, None, (grid_id,))
        for town, grid_id in zip(TOWNS, ids.towns, strict=True)
    ]
    committees = len(rows)
    rows += [
        _Row(
            "residents_committee",
            name + ("居民委员会" if name.endswith("社区") else "民委员会"),
            grid_id,
            offices + int(town),
            (grid_id,),
        )
        for name, grid_id, town in zip(
            county.community_names, ids.communities, county.territory.town_of, strict=True
        )
    ]
    alliances = _add_alliances(rows, county, ids, committees, rng)
    _add_property(rows, county, ids, rng)
    _add_volunteers(rows, county, ids, committees, rng)
    for number, name in enumerate(_SOCIAL):
        town = ids.towns[number % 3]
        rows.append(
            _Row("social_organisation", f"{COUNTY_PREFIX}{name}", ids.county, None, (town,))
        )
    _add_shops(rows, county, ids, rng)
    written = _write(conn, rows, dates.founded)
    return Organisations(
        dict(zip(DEPARTMENTS, written, strict=False)),
        written[offices : offices + len(TOWNS)],
        written[committees : committees + len(ids.communities)],
        {compound: written[place] for compound, place in alliances.items()},
    )


COUNTY_PREFIX = "霍山县（演示）"


def _add_alliances(
    rows: list[_Row], county: County, ids: GridIds, committees: int, rng: np.random.Generator
) -> dict[int, int]:
    """Add an alliance, and often an owners' committee, to every fifth estate."""
    estates = np.flatnonzero(county.settlements.is_estate)
    chosen = np.sort(rng.permutation(estates)[: max(1, len(estates) // 5)])
    places: dict[int, int] = {}
    for index in chosen.tolist():
        name, grid_id = county.now.compound_names[index], ids.compounds[index]
        committee = committees + int(county.settlements.community_of[index])
        places[index] = len(rows)
        rows.append(_Row("alliance", f"{name}小区党建联盟", grid_id, committee, (grid_id,)))
        if rng.random() < 0.7:
            rows.append(_Row("owners_committee", f"{name}业主委员会", grid_id, None, (grid_id,)))
    return places


def _add_property(rows: list[_Row], county: County, ids: GridIds, rng: np.random.Generator) -> None:
    """Add property companies; some estates have none."""
    estates = np.flatnonzero(county.settlements.is_estate)
    company = rng.integers(0, len(_PROPERTY), len(estates))
    company[rng.random(len(estates)) < 0.12] = -1
    for number, name in enumerate(_PROPERTY):
        served = tuple(ids.compounds[index] for index in estates[company == number].tolist())
        rows.append(_Row("property_company", f"{name}物业服务有限公司", ids.county, None, served))


def _add_volunteers(
    rows: list[_Row], county: County, ids: GridIds, committees: int, rng: np.random.Generator
) -> None:
    """Add volunteer teams in three tiers, about 118, 139 and 840 at 2,000 compounds."""
    count = len(ids.communities)
    detachments: dict[int, int] = {}
    teams = set(rng.permutation(count)[: round(0.79 * count)].tolist())
    for index, (name, grid_id) in enumerate(
        zip(county.community_names, ids.communities, strict=True)
    ):
        if rng.random() > 0.93:
            continue
        parent: int | None = None
        if index in teams:
            parent = len(rows)
            rows.append(
                _Row(
                    "volunteer_team",
                    f"{name}志愿服务联盟队",
                    grid_id,
                    committees + index,
                    (grid_id,),
                )
            )
        detachments[index] = len(rows)
        rows.append(_Row("volunteer_team", f"{name}志愿服务支队", grid_id, parent, (grid_id,)))
    chosen = rng.permutation(len(ids.compounds))[: round(0.42 * len(ids.compounds))]
    for index in np.sort(chosen).tolist():
        name, grid_id = county.now.compound_names[index], ids.compounds[index]
        parent = detachments.get(int(county.settlements.community_of[index]))
        rows.append(_Row("volunteer_team", f"{name}志愿服务分队", grid_id, parent, (grid_id,)))


def _add_shops(rows: list[_Row], county: County, ids: GridIds, rng: np.random.Generator) -> None:
    chosen = rng.permutation(len(ids.compounds))[: round(0.04 * len(ids.compounds))]
    for index in np.sort(chosen).tolist():
        name, grid_id = county.now.compound_names[index], ids.compounds[index]
        shop = _SHOPS[int(rng.integers(0, len(_SHOPS)))]
        community = ids.communities[int(county.settlements.community_of[index])]
        rows.append(_Row("business", name + shop, grid_id, None, (community,)))


def _write(conn: psycopg.Connection[TupleRow], rows: list[_Row], since: date) -> list[int]:
    """Write the rows, whose parents are places in the same list; return their ids."""
    ids = reserve_ids(conn, "organisation", "organisation_id", len(rows))
    copy_rows(
        conn,
        "COPY organisation (organisation_id, kind, name, parent_id, grid_id, valid, source)"
        " FROM STDIN",
        (
            (
                ids[place],
                row.kind,
                row.name,
                None if row.parent is None else ids[row.parent],
                row.grid_id,
                term(since),
                SOURCE,
            )
            for place, row in enumerate(rows)
        ),
    )
    copy_rows(
        conn,
        "COPY service_area (organisation_id, grid_id, valid) FROM STDIN",
        (
            (ids[place], grid_id, term(since))
            for place, row in enumerate(rows)
            for grid_id in row.serves
        ),
    )
    return ids
