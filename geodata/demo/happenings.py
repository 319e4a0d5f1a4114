"""Issues of the year before today, each with the steps of its way."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta, timezone

import numpy as np
import psycopg
import shapely
from psycopg.rows import TupleRow

from geodata.demo.buildings import Buildings
from geodata.demo.categories import CATALOGUE, Small
from geodata.demo.county import County
from geodata.demo.grids import SOURCE, Dates, GridIds
from geodata.demo.lattice import Flags, Floats, Ints
from geodata.demo.organisations import Organisations
from geodata.demo.people import impossible_phone
from geodata.demo.writing import copy_rows, points, reserve_ids

_PER_COMPOUND, _OPEN, _REJECTED = 0.75, 0.25, 0.03
_CHINA = timezone(timedelta(hours=8))
_STEPS = ("reported", "filed", "dispatched", "handling", "fed_back", "verified", "closed")
_NOTES = {
    "reported": ("网格员巡查上报", "居民扫码上报", "热线转办"),
    "filed": ("情况属实，予以受理", "现场核实后受理"),
    "dispatched": ("派遣至责任单位办理", "请于时限内办结并反馈"),
    "handling": ("已安排人员现场处置", "已到场，正在处理"),
    "fed_back": ("处理完毕，附现场照片", "已整改，请核查"),
    "verified": ("现场核查，问题已解决", "回访居民，表示满意"),
    "closed": ("予以结案", "办结归档"),
    "rejected": ("经核实不属受理范围，已向来访人说明", "重复上报，并入前案"),
    "suspended": (
        "需列入年度维修计划，暂予挂账",
        "权属待确认，暂予挂账",
        "缺少资金，报镇里研究，暂予挂账",
    ),
    "returned": ("退回：权属不清", "退回：职能交叉", "退回：属地不符"),
}


@dataclass(frozen=True, slots=True)
class _Event:
    at: datetime
    before: str | None
    to: str
    note: str


@dataclass(frozen=True, slots=True)
class _Issue:
    small: Small
    reported_at: datetime
    due_at: datetime | None
    events: tuple[_Event, ...]


def write_issues(
    conn: psycopg.Connection[TupleRow],
    roll_of: tuple[County, GridIds, Organisations, Dates],
    buildings: Buildings,
    seed: int,
) -> None:
    """Write the catalogue, the issues and their events."""
    county, ids, organisations, dates = roll_of
    rng = np.random.default_rng([seed, 8])
    categories = _write_catalogue(conn)
    count = round(_PER_COMPOUND * county.settlements.compounds)
    weight = buildings.households**0.7
    near = np.sort(rng.choice(len(weight), count, p=weight / weight.sum()))
    near = near[rng.permutation(count)]
    urban = county.territory.is_urban[buildings.community[near]]
    issues = _happen(urban, dates, rng)
    places = np.round((buildings.places[near] + rng.normal(0.0, 0.000_25, (count, 2))) * 1e7) / 1e7
    within = _compounds_around(county, places)
    issue_ids = reserve_ids(conn, "issue", "issue_id", count)

    def rows() -> Iterator[tuple[object, ...]]:
        for number, (issue, place) in enumerate(zip(issues, points(places), strict=True)):
            community = int(buildings.community[near[number]])
            compound = int(within[number])
            name = county.community_names[community]
            if compound >= 0:
                name = county.now.compound_names[compound]
            title, detail = issue.small.texts[int(rng.integers(0, len(issue.small.texts)))]
            grid_id = _grid_then(county, ids, community, compound, issue.reported_at.date(), dates)
            yield (
                issue_ids[number], SOURCE, f"demo-{number + 1:07d}",
                categories[issue.small.name_zh], title.format(place=name),
                detail.format(place=name), place, grid_id, issue.reported_at, issue.due_at,
            )  # fmt: skip

    copy_rows(
        conn,
        "COPY issue (issue_id, source, external_id, category_id, title, detail, geom, grid_id,"
        " reported_at, due_at) FROM STDIN",
        rows(),
    )
    copy_rows(
        conn,
        "COPY issue_event (issue_id, at, from_state, to_state, organisation_id, note) FROM STDIN",
        _event_rows(issues, issue_ids, organisations, buildings.community[near]),
    )
    copy_rows(
        conn,
        "COPY issue_reporter (issue_id, name, phone) FROM STDIN",
        _reporter_rows(issues, issue_ids, np.random.default_rng([seed, 13])),
    )


def _write_catalogue(conn: psycopg.Connection[TupleRow]) -> dict[str, int]:
    """Write both levels; return the ids of the small classes by Chinese name."""
    total = sum(1 + len(large.small) for large in CATALOGUE)
    free = iter(reserve_ids(conn, "issue_category", "category_id", total))
    rows: list[tuple[object, ...]] = []
    ids: dict[str, int] = {}
    for large in CATALOGUE:
        parent = next(free)
        rows.append((parent, None, large.code, large.name_zh, large.name_en, large.kind, None, ""))
        for number, small in enumerate(large.small, 1):
            ids[small.name_zh] = next(free)
            rows.append((
                ids[small.name_zh], parent, f"{large.code}{number:02d}", small.name_zh,
                small.name_en, small.kind, small.limit, small.lead,
            ))  # fmt: skip
    copy_rows(
        conn,
        "COPY issue_category (category_id, parent_id, code, name_zh, name_en, kind, time_limit,"
        " lead_unit) FROM STDIN",
        rows,
    )
    return ids


def _grid_then(
    county: County, ids: GridIds, community: int, compound: int, day: date, dates: Dates
) -> int:
    """Return the finest grid that there was around a place on a day."""
    before = day < dates.changed
    if compound >= 0 and not (before and not county.before.compound_codes[compound]):
        return ids.compounds[compound]
    if before:
        community = county.split_from.get(community, community)
    return ids.communities[community]


def _compounds_around(county: County, places: Floats) -> Ints:
    """Return the compound in which each place lies, -1 for none."""
    tree = shapely.STRtree(county.compounds)
    place, compound = tree.query(shapely.points(places), predicate="within")
    result = np.full(len(places), -1, dtype=np.int64)
    result[place] = compound
    return result


def _happen(urban: Flags, dates: Dates, rng: np.random.Generator) -> list[_Issue]:
    """Invent an issue for each place, in or out of town; a quarter of them are open today."""
    count = len(urban)
    small = [item for large in CATALOGUE for item in large.small]
    now = datetime.combine(dates.today, time(18), _CHINA)
    age = np.sort(rng.uniform(0.0, 365.0, count))[::-1]
    kinds = np.empty(count, dtype=np.int64)
    for here, ground in ((urban, "rural"), (~urban, "urban")):
        weight = np.array([0.0 if item.ground == ground else item.weight for item in small])
        kinds[here] = rng.choice(len(small), int(here.sum()), p=weight / weight.sum())
    # The younger, the likelier that something is still in the way.
    stuck_order = np.argsort(age / 120.0 + rng.gumbel(0.0, 0.8, count), kind="stable")
    stuck = np.zeros(count, dtype=np.bool_)
    stuck[stuck_order[: round(_OPEN * count)]] = True
    issues: list[_Issue] = []
    for number in range(count):
        reported = now - timedelta(days=float(age[number]))
        hour = 7.5 + 11.0 * float(rng.beta(2.0, 2.2))
        reported = datetime.combine(reported.date(), time(), _CHINA) + timedelta(hours=hour)
        reported = min(reported, now - timedelta(minutes=30)).replace(second=0, microsecond=0)
        issues.append(
            _take_course(small[int(kinds[number])], reported, now, bool(stuck[number]), rng)
        )
    return issues


def _take_course(
    small: Small, reported: datetime, now: datetime, stuck: bool, rng: np.random.Generator
) -> _Issue:
    """Follow an issue from its report to its end, or to where it stands now."""
    path = _path(stuck, rng)
    limit = small.limit
    filed_after = timedelta(hours=float(rng.gamma(1.5, 1.5)))
    whole = limit * float(np.clip(rng.lognormal(-0.65, 0.55), 0.05, 3.0))
    working = len(path) - 2
    at = reported
    events: list[_Event] = []
    before: str | None = None
    for number, (state, kind) in enumerate(path):
        if number == 1:
            at += filed_after
        elif number > 1:
            at += whole * float(rng.dirichlet(np.full(max(2, working), 2.0))[0]) + timedelta(
                minutes=7
            )
        at = at.replace(second=0, microsecond=0)
        if at > now:
            break
        notes = _NOTES[kind]
        events.append(_Event(at, before, state, notes[int(rng.integers(0, len(notes)))]))
        before = state
    return _Issue(small, reported, _due(events, limit, now, rng), tuple(events))


def _due(
    events: list[_Event], limit: timedelta, now: datetime, rng: np.random.Generator
) -> datetime | None:
    """Return when the issue is due: its limit after filing, or a later day that was agreed on."""
    filed = next((event.at for event in events if event.to == "filed"), None)
    if filed is None or events[-1].to in ("closed", "rejected"):
        return filed + limit if filed else None
    agreed = 0.85 if events[-1].to == "suspended" else 0.5
    if filed + limit < now and rng.random() < agreed:
        wait = timedelta(days=float(rng.uniform(0.5, 90.0 if agreed > 0.5 else 14.0)))
        return (now + wait).replace(minute=0, second=0, microsecond=0)
    return filed + limit


def _path(stuck: bool, rng: np.random.Generator) -> list[tuple[str, str]]:
    """Return the states to go through, each with the kind of note written at it."""
    full = [(state, state) for state in _STEPS]
    if not stuck:
        if rng.random() < _REJECTED:
            return [*full[:1], ("rejected", "rejected")]
        if rng.random() < 0.08:
            # Returned by the first unit, and dispatched again.
            return [*full[:3], ("filed", "returned"), *full[2:]]
        return full
    luck = rng.random()
    if luck < 0.22:
        return [*full[:4], ("suspended", "suspended")]
    return full[: int(rng.choice([1, 2, 3, 4, 5], p=[0.08, 0.12, 0.25, 0.43, 0.12]))]


_OF_THE_LEAD = frozenset({"dispatched", "handling", "fed_back", "suspended"})


def _event_rows(
    issues: list[_Issue], ids: list[int], organisations: Organisations, community: Ints
) -> Iterator[tuple[object, ...]]:
    for number, issue in enumerate(issues):
        committee = organisations.committees[int(community[number])]
        for event in issue.events:
            lead = organisations.departments[issue.small.lead]
            # To whom it was handed, or who took the step.
            unit = lead if event.to in _OF_THE_LEAD else committee
            yield (ids[number], event.at, event.before, event.to, unit, event.note)


def _reporter_rows(
    issues: list[_Issue], ids: list[int], rng: np.random.Generator
) -> Iterator[tuple[object, ...]]:
    """Give a third of the open issues a reporter whom nobody can call."""
    for number, issue in enumerate(issues):
        if issue.events[-1].to not in ("closed", "rejected") and rng.random() < 1 / 3:
            yield (ids[number], f"报告人{number % 100:02d}（演示）", impossible_phone(number))
