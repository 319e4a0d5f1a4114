"""Rows of grids: left out where they cannot be used, with parents of their own, one county."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
from shapely.geometry import Polygon, box

from geodata.database import connecting as db
from geodata.errors import NotFoundError
from geodata.importing.report.report import Report
from geodata.model import LEVELS
from tests import faults
from tests.integration.importing.test_import_levels import (
    COMMUNITIES,
    COUNTY,
    DAY,
    LATER,
    TOWNS,
    Row,
    blocking_on,
    bring,
    refused,
)

Conn = psycopg.Connection[Any]
BOW_TIE = Polygon([(116.401, 31.401), (116.404, 31.404), (116.404, 31.401), (116.401, 31.404)])
SKIP: Any = {"skip_bad_rows": True}


@pytest.fixture(scope="module")
def ground_url(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a county of two towns, of which only the west has communities."""
    folder = tmp_path_factory.mktemp("ground")
    with db.connect(module_url) as conn:
        for level, rows in zip(LEVELS, (COUNTY, TOWNS, COMMUNITIES[:2]), strict=False):
            assert bring(conn, folder, level, rows, DAY).is_written
    return module_url


@pytest.fixture
def ground(ground_url: str) -> Iterator[Conn]:
    """A connection to that county; what a test writes is undone."""
    connection = db.connect(ground_url)
    yield connection
    connection.rollback()
    connection.close()


def stored(conn: Conn, level: str, day: date = LATER) -> dict[str, str]:
    """Return the names of the grids of a level by code."""
    rows = conn.execute(
        "SELECT code, name FROM grid_version WHERE level = %s::grid_level AND valid @> %s::date",
        [level, day],
    )
    return dict(rows.fetchall())


def left_out(report: Report) -> list[tuple[int | None, str]]:
    return sorted(
        {
            (finding.rows[0].row, finding.kind)
            for finding in report.findings
            if finding.data.get("left_out")
        },
        key=str,
    )


GOOD: list[Row] = [
    ("990101001001001", "环湖小区", box(116.401, 31.401, 116.404, 31.404)),
    ("990101001001002", "上坪", box(116.405, 31.401, 116.408, 31.404)),
]


def test_rows_with_problems_are_left_out_and_named(ground: Conn, tmp_path: Path) -> None:
    rows = [
        *GOOD,
        ("990101001001003", "下坪", BOW_TIE),
        ("", "无码", box(116.401, 31.411, 116.404, 31.414)),
        ("990101001001005", "", box(116.405, 31.411, 116.408, 31.414)),
        ("990101001002006", "远方", box(118.405, 31.411, 118.408, 31.414)),
        ("990101001002007", "重一", box(116.411, 31.411, 116.414, 31.414)),
        ("990101001002008", "重二", box(116.413, 31.411, 116.416, 31.414)),
    ]
    before = faults.digest(ground)
    assert refused(ground, bring(ground, tmp_path, "compound", rows, DAY), before)
    report = bring(ground, tmp_path, "compound", rows, DAY, **SKIP)
    assert report.is_written
    assert left_out(report) == [
        (3, "invalid"),
        (4, "no_code"),
        (5, "no_name"),
        (6, "far_away"),
        (7, "overlap"),
    ]
    assert stored(ground, "compound") == {code: name for code, name, _ in GOOD}
    assert "6 rows with problems are left out." in report.to_text()
    assert "row 3 990101001001003 下坪: Self-intersection (left out)" in report.to_text(None)
    assert report.verdict() == "Imported: 2 new compounds."
    assert blocking_on(ground, DAY) == []


def test_what_stays_of_a_row_that_is_left_out_is_not_overlapped(
    ground: Conn, tmp_path: Path
) -> None:
    """The row of 环湖小区 is broken, so it stays as it is, and 上坪 cannot have its ground."""
    assert bring(ground, tmp_path, "compound", GOOD, DAY).is_written
    rows = [
        (GOOD[0][0], "环湖小区", BOW_TIE),
        (GOOD[1][0], "上坪", box(116.403, 31.401, 116.408, 31.404)),
        ("990101001001003", "下坪", box(116.405, 31.411, 116.408, 31.414)),
    ]
    report = bring(ground, tmp_path, "compound", rows, **SKIP)
    assert report.is_written
    assert left_out(report) == [(1, "invalid"), (2, "overlap_existing")]
    assert report.counts["new compounds"] == 1
    assert report.counts["new versions of known grids"] == 0
    assert not [finding for finding in report.findings if finding.kind == "not_in_file"]
    assert blocking_on(ground, LATER) == []


def test_a_level_that_would_no_longer_fill_its_parents_is_not_written(
    ground: Conn, tmp_path: Path
) -> None:
    rows = [("", "三村", COMMUNITIES[2][2]), COMMUNITIES[3]]
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "community", rows, **SKIP)
    assert "gap" in refused(ground, report, before)


def test_a_file_without_a_usable_row_is_not_written(ground: Conn, tmp_path: Path) -> None:
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "compound", [("", "无码", GOOD[0][2])], **SKIP)
    assert "no_code" in refused(ground, report, before)


def test_a_parent_is_named_row_by_row_where_the_column_has_one(
    ground: Conn, tmp_path: Path
) -> None:
    rows = [*GOOD, ("990101001002001", "围合", box(116.411, 31.401, 116.414, 31.404))]
    parents = ["990101001001", None, "二村"]
    assert bring(ground, tmp_path, "compound", rows, DAY, parents=parents).is_written
    found = ground.execute(
        "SELECT c.name, p.name FROM grid_version c JOIN grid_version p ON p.grid_id = c.parent_id"
        " WHERE c.level = 'compound' ORDER BY c.code"
    ).fetchall()
    assert found == [("环湖小区", "一村"), ("上坪", "一村"), ("围合", "二村")]


def test_a_row_is_held_to_the_parent_that_it_names(ground: Conn, tmp_path: Path) -> None:
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "compound", GOOD, DAY, parents=["二村", None])
    (finding,) = refused(ground, report, before)["does_not_nest"]
    assert finding.rows[0].row == 1


def test_a_name_that_several_parents_have_is_no_parent(ground: Conn, tmp_path: Path) -> None:
    same = [(code, "新村", shape) for code, _, shape in COMMUNITIES[:2]]
    assert bring(ground, tmp_path, "community", same, DAY).is_written
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "compound", GOOD, DAY, parents=["新村", None])
    (finding,) = refused(ground, report, before)["ambiguous_parent"]
    assert finding.line() == f'row 1 {GOOD[0][0]} 环湖小区 names "新村", which 2 are called'


FARM: Row = ("990101002001001", "农场新区", box(116.421, 31.401, 116.424, 31.404))


@pytest.mark.parametrize("parents", [None, ["西桥镇"], ["990101002"]])
def test_no_level_is_skipped_and_the_town_can_stand_for_itself(
    ground: Conn, tmp_path: Path, parents: list[str] | None
) -> None:
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "compound", [FARM], DAY, parents=parents)
    (finding,) = refused(ground, report, before)["no_level_between"]
    assert "lies in 西桥镇, which has no community" in finding.line()
    assert "--level community" in report.to_text()
    # As the advice says.
    assert bring(ground, tmp_path, "community", TOWNS[1:], DAY).is_written
    assert bring(ground, tmp_path, "compound", [FARM], DAY, parents=parents).is_written
    assert blocking_on(ground, DAY) == []


def test_a_level_that_the_county_does_not_have_is_stood_for(conn: Conn, tmp_path: Path) -> None:
    assert bring(conn, tmp_path, "county", COUNTY, DAY).is_written
    with pytest.raises(NotFoundError, match="once more with --level town"):
        bring(conn, tmp_path, "community", COMMUNITIES, DAY)
    assert bring(conn, tmp_path, "town", COUNTY, DAY).is_written
    assert bring(conn, tmp_path, "community", COMMUNITIES, DAY).is_written
    assert blocking_on(conn, DAY) == []


FAR: Row = ("110101", "远县", box(120.40, 31.40, 120.44, 31.42))


def test_several_counties_in_one_file_are_refused(conn: Conn, tmp_path: Path) -> None:
    before = faults.digest(conn)
    found = refused(conn, bring(conn, tmp_path, "county", [*COUNTY, FAR], DAY), before)
    assert [finding.rows[0].code for finding in found["second_county"]] == ["990101", "110101"]


@pytest.mark.parametrize("day", [DAY, LATER, date(2020, 1, 1)])
@pytest.mark.parametrize("is_far", [True, False])
def test_a_second_county_is_refused_on_any_day(
    ground: Conn, tmp_path: Path, day: date, is_far: bool
) -> None:
    second = FAR if is_far else ("990102", "邻县", box(116.44, 31.40, 116.46, 31.42))
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "county", [second], day)
    (finding,) = refused(ground, report, before)["second_county"]
    assert finding.line().endswith(f"{second[1]}, beside 990101 试验县")


def test_of_all_counties_in_a_file_one_s_own_is_brought(ground: Conn, tmp_path: Path) -> None:
    own = ("990101", "试验新县", COUNTY[0][2])
    report = bring(ground, tmp_path, "county", [FAR, own], **SKIP)
    assert report.is_written
    assert stored(ground, "county") == {"990101": "试验新县"}
    assert left_out(report) == [(1, "second_county")]
