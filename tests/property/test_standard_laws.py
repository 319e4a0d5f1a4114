"""Laws of dated standards: what is said from a day on holds from it, and nothing else changes."""

from __future__ import annotations

import itertools
import json
from datetime import date, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.coverage.standards.definition import Dated, Definition, describe, from_plain
from geodata.coverage.standards.model import Place, Providers, Standard
from geodata.errors import InvalidInputError

FIRST = date(2020, 1, 1)
DAYS = [FIRST + timedelta(days=each) for each in range(-3, 40)]
days = st.integers(0, 30).map(lambda each: FIRST + timedelta(days=each))
standards = st.builds(
    Standard,
    reach=st.integers(1, 4).map(lambda each: each * 100),
    unit=st.sampled_from(("m", "min")),
    detour=st.sampled_from((1.0, 1.3)),
    capacity=st.sampled_from((None, 500)),
    minimum=st.integers(1, 2),
)
BY = Providers(by_facility=True)
providers = st.builds(
    Providers,
    by_facility=st.booleans(),
    areas=st.sampled_from(((), ("alliance",), ("alliance", "volunteer_team"))),
    duties=st.sampled_from(((), ("grid_worker",))),
)
START = Definition(
    "clinic", "卫生室", "Clinic", 1,
    (Dated(FIRST, None, Standard(1000, "m", 1.0, None, 1)),),
    (Dated(FIRST, None, Standard(1000, "m", 1.0, None, 1)),),
    (Dated(FIRST, None, BY),),
)  # fmt: skip
Change = tuple[date, Standard, Standard, Providers]
changes = st.lists(st.tuples(days, standards, standards, providers), max_size=6)


def made(all_changes: list[Change]) -> Definition:
    it = START
    for change in all_changes:
        it = it.changed(*change)
    return it


def seen(it: Definition) -> list[tuple[Standard | None, Standard | None, Providers]]:
    return [(it.on(day, "town"), it.on(day, "village"), it.providers_on(day)) for day in DAYS]


@given(changes, days, standards, standards, providers)
def test_a_change_holds_from_its_day_until_the_next_that_was_known(
    before: list[Change], day: date, town: Standard, village: Standard, by: Providers
) -> None:
    former = made(before)
    it = former.changed(day, town, village, by)
    later = min((each.since for each in former.providers if each.since > day), default=None)
    for each in DAYS:
        is_new = each >= day and (later is None or each < later)
        assert it.providers_on(each) == (by if is_new else former.providers_on(each))
    courses: tuple[tuple[Place, Any], ...] = (("town", town), ("village", village))
    for place, wanted in courses:
        course = former.town if place == "town" else former.village
        later = [each.since for each in course if each.since > day]
        until = min(later, default=None)
        for each in DAYS:
            is_new = each >= day and (until is None or each < until)
            assert it.on(each, place) == (wanted if is_new else former.on(each, place))
        ranges = it.town if place == "town" else it.village
        for one, other in itertools.pairwise(ranges):
            assert one.until == other.since > one.since


@given(changes, days, standards, providers)
def test_what_was_added_is_taken_back(
    before: list[Change], day: date, standard: Standard, by: Providers
) -> None:
    former = made(before)
    starts = {each.since for each in (*former.town, *former.village, *former.providers)}
    it = former.changed(day, standard, standard, by)
    if day in starts or it == former:
        return
    assert seen(it.withdrawn(day)) == seen(former)


@given(changes)
def test_periods_tell_the_same_and_plain_data_is_the_same(
    before: list[Change],
) -> None:
    it = made(before)
    for day in DAYS:
        found = [p for p in it.periods() if p.since <= day and (p.until is None or day < p.until)]
        town, village = it.on(day, "town"), it.on(day, "village")
        told = [(p.town, p.village, p.providers) for p in found]
        assert told == ([(town, village, it.providers_on(day))] if town else [])
    again = from_plain(json.loads(json.dumps(it.to_plain())))
    assert again == it
    assert again.digest == it.digest


def test_another_definition_has_another_digest() -> None:
    other = START.changed(FIRST, Standard(900, "m", 1.0, None, 1), START.village[0].value, BY)
    assert other.digest != START.digest
    with pytest.raises(InvalidInputError, match="No standard changes on"):
        START.withdrawn(FIRST)


def test_standards_in_words() -> None:
    full = Standard(15, "min", 1.3, 1200, 2)
    assert str(describe(full, by_facility=True)) == (
        "15 minutes on foot, detour 1.3, 1,200 households per provider, at least 2 providers"
    )
    assert str(describe(full, by_facility=False)).startswith("where they hold the duty, 1,200")
