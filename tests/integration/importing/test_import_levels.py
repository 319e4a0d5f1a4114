"""A file of one level and the levels below it: nothing may leave its parent, on any later day."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from shapely.geometry import Polygon, box
from shapely.geometry.base import BaseGeometry

from geodata.database import connecting as db
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.findings.finding import Finding
from geodata.importing.grids.checking import check
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.report.report import Report
from geodata.model import LEVELS, Level
from geodata.partition.measure import area_m2
from tests import faults

DAY = date(2024, 1, 1)
LATER = date(2025, 1, 1)
Conn = psycopg.Connection[Any]
Row = tuple[str, str, BaseGeometry]

COUNTY: list[Row] = [("990101", "试验县", box(116.40, 31.40, 116.44, 31.42))]
TOWNS: list[Row] = [
    ("990101001", "东港镇", box(116.40, 31.40, 116.42, 31.42)),
    ("990101002", "西桥镇", box(116.42, 31.40, 116.44, 31.42)),
]
COMMUNITIES: list[Row] = [
    ("990101001001", "一村", box(116.40, 31.40, 116.41, 31.42)),
    ("990101001002", "二村", box(116.41, 31.40, 116.42, 31.42)),
    ("990101002001", "三村", box(116.42, 31.40, 116.43, 31.42)),
    ("990101002002", "四社区", box(116.43, 31.40, 116.44, 31.42)),
]
COMPOUNDS: list[Row] = [
    ("990101001001001", "环湖小区", box(116.401, 31.401, 116.409, 31.409)),
    ("990101001001002", "上坪", box(116.401, 31.411, 116.404, 31.419)),
    ("990101001002001", "围合", box(116.411, 31.401, 116.419, 31.409)),
    ("990101002001001", "角触", box(116.421, 31.401, 116.424, 31.409)),
]


def m2(shape: Any) -> float:
    return float(area_m2(np.array([shape], dtype=object))[0])


def bring(
    conn: Conn,
    path: Path,
    level: Level,
    rows: Iterable[Row],
    day: date = LATER,
    *,
    parents: Iterable[str | None] | None = None,
    **options: Any,
) -> Report:
    rows = list(rows)
    content = faults.features(
        [shape for _, _, shape in rows], [row[0] for row in rows], [row[1] for row in rows]
    )
    for feature, parent in zip(content["features"], parents or (), strict=False):
        feature["properties"]["parent"] = parent
    file = faults.write_json(path / f"{level}.geojson", content)
    columns = Columns("name", "code", "parent" if parents else None)
    order = GridImport(FileRequest(str(file)), level, columns, day, **options)
    return import_grids(conn, order, progress=lambda _stage, _share: None)


@pytest.fixture(scope="module")
def ground_url(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a county of two towns, four communities and four compounds."""
    folder = tmp_path_factory.mktemp("ground")
    with db.connect(module_url) as conn:
        for level, rows in zip(LEVELS, (COUNTY, TOWNS, COMMUNITIES, COMPOUNDS), strict=True):
            assert bring(conn, folder, level, rows, DAY).is_written
    return module_url


@pytest.fixture
def ground(ground_url: str) -> Iterator[Conn]:
    """A connection to that county; what a test writes is undone."""
    connection = db.connect(ground_url)
    yield connection
    connection.rollback()
    connection.close()


def refused(conn: Conn, report: Report, before: str) -> dict[str, list[Finding]]:
    """Return the findings by kind of an import that wrote nothing."""
    assert report.is_blocked
    assert not report.is_written
    assert faults.digest(conn) == before
    assert report.to_text()
    assert report.to_json()
    found: dict[str, list[Finding]] = {}
    for finding in report.findings:
        found.setdefault(finding.kind, []).append(finding)
    return found


def blocking_on(conn: Conn, day: date) -> list[str]:
    return [
        finding.line()
        for report in check(conn, LEVELS, on=day)
        for finding in report.findings
        if finding.severity == "blocking"
    ]


def moved_villages(at: float) -> list[Row]:
    """Return the first two communities with their common border at a longitude."""
    return [
        ("990101001001", "一村", box(116.40, 31.40, at, 31.42)),
        ("990101001002", "二村", box(at, 31.40, 116.42, 31.42)),
    ]


def moved_towns(at: float) -> list[Row]:
    """Return the towns with their common border at a longitude."""
    return [
        ("990101001", "东港镇", box(116.40, 31.40, at, 31.42)),
        ("990101002", "西桥镇", box(at, 31.40, 116.44, 31.42)),
    ]


def test_a_moved_border_of_villages_names_the_compounds_that_would_leave(
    ground: Conn, tmp_path: Path
) -> None:
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "community", moved_villages(116.405))
    found = refused(ground, report, before)
    (finding,) = found["below_outside"]
    assert finding.rows[0].code == "990101001001001"
    assert finding.rows[0].name == "环湖小区"
    assert finding.m2 == pytest.approx(m2(box(116.405, 31.401, 116.409, 31.409)), rel=1e-6)
    assert finding.line().split(" by ")[0] == "990101001001001 环湖小区 leaves 一村"
    assert "--as-plan" in report.to_text()


def test_a_moved_border_of_towns_names_the_villages_and_the_compounds_in_them(
    ground: Conn, tmp_path: Path
) -> None:
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "town", moved_towns(116.415))
    found = refused(ground, report, before)
    (village,) = found["below_outside"]
    assert village.rows[0].name == "二村"
    assert village.m2 == pytest.approx(m2(box(116.415, 31.40, 116.42, 31.42)), rel=1e-6)
    (compound,) = found["further_outside"]
    assert compound.rows[0].code == "990101001002001"
    assert compound.m2 == pytest.approx(m2(box(116.415, 31.401, 116.419, 31.409)), rel=1e-6)


def test_a_village_that_would_lie_in_the_other_town_as_a_whole(
    ground: Conn, tmp_path: Path
) -> None:
    before = faults.digest(ground)
    found = refused(ground, bring(ground, tmp_path, "town", moved_towns(116.41)), before)
    (village,) = found["below_outside"]
    assert "most of it would lie in 西桥镇" in village.line()


def test_a_county_that_shrinks_names_towns_villages_and_compounds(
    ground: Conn, tmp_path: Path
) -> None:
    before = faults.digest(ground)
    smaller = [("990101", "试验县", box(116.405, 31.40, 116.44, 31.42))]
    found = refused(ground, bring(ground, tmp_path, "county", smaller), before)
    assert [f.rows[0].name for f in found["below_outside"]] == ["东港镇"]
    assert sorted(f.rows[0].name for f in found["further_outside"]) == ["一村", "上坪", "环湖小区"]


def test_a_county_that_grows_leaves_ground_that_no_town_covers(
    ground: Conn, tmp_path: Path
) -> None:
    before = faults.digest(ground)
    larger = [("990101", "试验县", box(116.39, 31.40, 116.44, 31.42))]
    found = refused(ground, bring(ground, tmp_path, "county", larger), before)
    (gap,) = found["below_gap"]
    assert gap.m2 == pytest.approx(m2(box(116.39, 31.40, 116.40, 31.42)), rel=1e-6)


def test_a_new_day_is_no_way_around_versions_of_later_days(ground: Conn, tmp_path: Path) -> None:
    """A compound is there for a later day, on ground that the file would take from its parent."""
    later = date(2026, 5, 1)
    new = [("990101001001003", "下坪", box(116.406, 31.411, 116.409, 31.419))]
    assert bring(ground, tmp_path, "compound", new, later).is_written
    moved = [("990101001001001", "环湖小区", box(116.401, 31.401, 116.404, 31.409))]
    assert bring(ground, tmp_path, "compound", moved, date(2024, 6, 1)).is_written
    before = faults.digest(ground)
    found = refused(ground, bring(ground, tmp_path, "community", moved_villages(116.405)), before)
    (finding,) = found["below_outside"]
    assert finding.rows[0].name == "下坪"
    assert finding.line().endswith("(from 2026-05-01 on) at 116.40750, 31.41500")


def test_grids_brought_below_a_parent_that_ends_later_are_refused(
    ground: Conn, tmp_path: Path
) -> None:
    later = date(2026, 5, 1)
    (village,) = ground.execute(
        "SELECT grid_id FROM grid_version WHERE code = '990101001002'"
    ).fetchone() or (0,)
    boundaries.end_versions(ground, "community", [village], later)
    before = faults.digest(ground)
    new = [("990101001002002", "新苑", box(116.412, 31.411, 116.414, 31.413))]
    found = refused(ground, bring(ground, tmp_path, "compound", new), before)
    (finding,) = found["parent_ends"]
    assert finding.rows[0].row == 1
    assert "2026-05-01" in finding.line()


def test_grids_brought_below_a_parent_that_moves_later_are_refused(
    ground: Conn, tmp_path: Path
) -> None:
    later = date(2026, 5, 1)
    rows = ground.execute(
        "SELECT grid_id, name, code, parent_id FROM grid_version"
        " WHERE code IN ('990101001001', '990101001002') ORDER BY code"
    ).fetchall()
    shapes = [box(116.40, 31.40, 116.4095, 31.42), box(116.4095, 31.40, 116.42, 31.42)]
    versions = [
        NewVersion(grid_id, name, code, parent_id, None, None, shape)
        for (grid_id, name, code, parent_id), shape in zip(rows, shapes, strict=True)
    ]
    boundaries.insert_versions(ground, "community", versions, valid_from=later, source="plan:1")
    boundaries.check_now(ground)
    before = faults.digest(ground)
    new = [("990101001001009", "新苑", box(116.409, 31.411, 116.41, 31.413))]
    found = refused(ground, bring(ground, tmp_path, "compound", new), before)
    (finding,) = found["parent_moves"]
    assert "leaves 一村" in finding.line()
    assert finding.m2 == pytest.approx(m2(box(116.4095, 31.411, 116.41, 31.413)), rel=1e-4)


def test_grids_that_meet_others_of_a_later_day_are_refused(ground: Conn, tmp_path: Path) -> None:
    later = date(2026, 5, 1)
    new = [("990101001001003", "下坪", box(116.406, 31.411, 116.409, 31.419))]
    assert bring(ground, tmp_path, "compound", new, later).is_written
    before = faults.digest(ground)
    early = [
        ("990101001001003", "中坪", box(116.405, 31.411, 116.406, 31.419)),
        ("990101001001004", "大坪", box(116.408, 31.411, 116.41, 31.419)),
    ]
    found = refused(ground, bring(ground, tmp_path, "compound", early), before)
    (taken,) = found["code_later"]
    assert taken.line() == (
        "row 1 990101001001003 中坪 and, from 2026-05-01 on, 990101001001003 下坪"
    )
    (overlap,) = found["overlap_later"]
    assert overlap.rows[0].row == 2
    assert overlap.m2 == pytest.approx(m2(box(116.408, 31.411, 116.409, 31.419)), rel=1e-6)


def test_a_border_that_moves_over_empty_ground_is_imported(ground: Conn, tmp_path: Path) -> None:
    assert bring(ground, tmp_path, "community", moved_villages(116.4095)).is_written
    assert blocking_on(ground, LATER) == []


def test_what_was_outside_before_does_not_stand_in_the_way(ground: Conn, tmp_path: Path) -> None:
    """A compound that left its parent by an exception does not hinder a border elsewhere."""
    out = [("990101001001001", "环湖小区", box(116.401, 31.401, 116.4105, 31.409))]
    accept: Any = {"accept": ("outside_parent",), "reason": "old survey"}
    assert bring(ground, tmp_path, "compound", out, DAY, **accept).is_written
    bent = Polygon(
        [(116.40, 31.40), (116.41, 31.40), (116.41, 31.415), (116.4098, 31.42), (116.40, 31.42)]
    )
    rows = [
        ("990101001001", "一村", bent),
        ("990101001002", "二村", box(116.40, 31.40, 116.42, 31.42).difference(bent)),
    ]
    assert bring(ground, tmp_path, "community", rows).is_written


def test_what_leaves_may_stand_as_a_recorded_exception_until_its_own_file_comes(
    ground: Conn, tmp_path: Path
) -> None:
    accept: Any = {"accept": ("outside_parent",), "reason": "the compounds follow"}
    assert bring(ground, tmp_path, "town", moved_towns(116.41), **accept).is_written
    rows = ground.execute(
        "SELECT e.kind, v.name, e.reason FROM partition_exception e JOIN grid_version v"
        " USING (grid_id)"
    ).fetchall()
    assert rows == [("outside_parent", "二村", "the compounds follow")]
    assert bring(ground, tmp_path, "community", COMMUNITIES).is_written
    owner = ground.execute(
        "SELECT t.name FROM grid_version c JOIN grid_version t ON t.grid_id = c.parent_id"
        " WHERE c.name = '二村' AND c.valid @> %s::date AND t.valid @> %s::date",
        [LATER, LATER],
    ).fetchone()
    assert owner == ("西桥镇",)
    assert blocking_on(ground, LATER) == []


@pytest.mark.parametrize("repair", [False, True])
def test_no_accepted_border_leaves_anything_to_put_right(
    ground: Conn, tmp_path: Path, repair: bool
) -> None:
    """Whatever the border, what is written has no fault that was not there before."""
    for step, at in enumerate((116.4099, 116.4085, 116.4041, 116.4035, 116.4105, 116.4195)):
        day = LATER.replace(year=2025 + step)
        report = bring(ground, tmp_path, "community", moved_villages(at), day, repair=repair)
        assert report.is_written == (at in {116.4099, 116.4105})
        assert blocking_on(ground, day) == []
