"""Importing members, issues, facilities and buildings from lists as people keep them."""

from __future__ import annotations

import csv
import gzip
import json
from pathlib import Path
from typing import Any

import openpyxl
import psycopg
import pytest

from geodata.errors import InvalidInputError
from geodata.importing.files.requests import FileRequest
from geodata.importing.lists.buildings import import_buildings
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.members import import_members
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from tests import county as square
from tests import faults

Conn = psycopg.Connection[Any]
IMPORTS = {
    "members": import_members,
    "issues": import_issues,
    "facilities": import_facilities,
    "buildings": import_buildings,
}


def run(conn: Conn, subject: str, path: Path, **options: Any) -> Report:
    file = FileRequest(
        str(path),
        encoding=options.pop("encoding", None),
        delimiter=options.pop("delimiter", None),
        crs=options.pop("crs", None),
    )
    order = ListImport(file, options.pop("source", "测试"), **options)
    return IMPORTS[subject](conn, order, progress=lambda _stage, _share: None)


def write_csv(path: Path, rows: list[list[Any]], encoding: str = "utf-8", **options: Any) -> Path:
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file, **options).writerows(rows)
    return path


def workbook(path: Path, rows: list[list[Any]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(row)
    book.save(path)
    return path


@pytest.fixture
def ground(conn: Conn) -> Conn:
    """The square county of tests/county.py, written and committed."""
    square.build(conn)
    conn.commit()
    return conn


def compound(conn: Conn) -> tuple[str, str]:
    row = conn.execute(
        "SELECT code, name FROM grid_version WHERE level = 'compound' ORDER BY code LIMIT 1"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


HEADER = ["姓名", "职务", "网格编码", "联系电话", "任职日期", "任期结束", "承诺"]


def test_members_from_excel(ground: Conn, tmp_path: Path) -> None:
    code, _ = compound(ground)
    path = workbook(
        tmp_path / "members.xlsx",
        [
            HEADER,
            ["张伟", "网格员", code, 13800000001, "2024-01-01", "2027年1月1日", "有事找我"],
            ["李娜", "Grid worker", code, "13800000002", "2024/2/1", None, None],
        ],
    )
    report = run(ground, "members", path)
    assert report.counts == {"new members": 2, "new duties": 2, "known duties": 0}
    rows = ground.execute(
        "SELECT name, pinyin, phone, term::text, pledge FROM member JOIN member_contact"
        " USING (member_id) JOIN duty USING (member_id) ORDER BY phone"
    ).fetchall()
    assert rows == [
        ("张伟", "zhangwei zw", "13800000001", "[2024-01-01,2027-01-02)", "有事找我"),
        ("李娜", "lina ln", "13800000002", "[2024-02-01,)", ""),
    ]
    again = run(ground, "members", path)
    assert again.counts == {"new members": 0, "new duties": 0, "known duties": 2}


def test_faults_of_members_are_named_by_row(ground: Conn, tmp_path: Path) -> None:
    code, _ = compound(ground)
    path = write_csv(
        tmp_path / "members.csv",
        [
            HEADER,
            ["张伟", "网格员", code, "1", "2024-01-01", "", ""],
            ["", "网格员", code, "2", "2024-01-01", "", ""],
            ["王芳", "国王", code, "3", "2024-01-01", "", ""],
            ["赵敏", "网格员", "999", "4", "2024-01-01", "", ""],
            ["刘洋", "网格员", code, "5", "明天", "", ""],
            ["陈静", "网格员", code, "6", "2024-01-01", "2023-01-01", ""],
            ["张伟", "网格员", code, "1", "2024-06-01", "", ""],
        ],
        encoding="gbk",
    )
    report = run(ground, "members", path)
    assert {(f.kind, f.rows[0].row) for f in report.findings} == {
        ("missing_value", 3),
        ("unknown_value", 4),
        ("unknown_place", 5),
        ("bad_value", 6),
        ("bad_value", 7),
        ("duplicate_duty", 8),
    }
    assert any("GBK" in str(note) for note in report.notes)
    assert "row 8 repeats the duty of row 2" in report.to_text()
    assert ground.execute("SELECT count(*) FROM member").fetchone() == (0,)
    skipped = run(ground, "members", path, skip_bad_rows=True)
    assert skipped.counts["new members"] == 1
    assert "6 rows with problems are left out." in map(str, skipped.notes)


ISSUES = [
    ["编号", "问题类型", "标题", "上报时间", "状态", "结案时间", "经度", "纬度"],
    ["1", "暴露垃圾", "路边垃圾 🎉", "2024-03-01 08:00:00", "处理中", "", 116.311, 31.411],
    ["2", "暴露垃圾", "第一行\n第二行", "2024-03-02T08:00:00+08:00", "结案", "2024-03-03", 116.311, 31.411],  # noqa: E501
    ["3", "井盖破损", "县外", "2024-03-02", "open", "", 117.0, 31.411],
]  # fmt: skip


def test_issues_with_their_history(ground: Conn, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "issues.csv", ISSUES)
    report = run(ground, "issues", path, source="12345")
    assert report.counts["new issues"] == 3
    assert [finding.kind for finding in report.findings] == ["outside_county"]
    rows = ground.execute(
        "SELECT external_id, state, closed_at IS NOT NULL, title, grid_id IS NOT NULL"
        " FROM issue ORDER BY external_id"
    ).fetchall()
    assert rows == [
        ("1", "handling", False, "路边垃圾 🎉", True),
        ("2", "closed", True, "第一行 第二行", True),
        ("3", "reported", False, "县外", False),
    ]
    parents = ground.execute(
        "SELECT p.name_zh FROM issue_category c JOIN issue_category p"
        " ON p.category_id = c.parent_id WHERE c.code LIKE 'import:%'"
    ).fetchall()
    assert set(parents) <= {("12345",)}
    again = run(ground, "issues", path, source="12345")
    assert not any(again.counts.values())


def test_issue_that_the_list_closes_later(ground: Conn, tmp_path: Path) -> None:
    old = write_csv(tmp_path / "a.csv", [ISSUES[0], ISSUES[3]])
    run(ground, "issues", old, may_lie_outside=True)
    row = [*ISSUES[3][:4], "closed", "2024-04-01", *ISSUES[3][6:]]
    new = write_csv(tmp_path / "b.csv", [ISSUES[0], row])
    report = run(ground, "issues", new, may_lie_outside=True)
    assert report.counts["issues that changed state"] == 1
    steps = ground.execute("SELECT from_state, to_state FROM issue_event ORDER BY event_id")
    assert steps.fetchall() == [(None, "reported"), ("reported", "closed")]


@pytest.mark.parametrize("packed", [False, True])
def test_georeport(ground: Conn, tmp_path: Path, packed: bool) -> None:
    content = json.dumps([{
        "service_request_id": 7, "service_name": "Graffiti", "status": "open", "lat": "31.411",
        "long": "116.311", "requested_datetime": "2024-01-02T03:04:05+00:00", "title": "A [tag]",
        "agency_responsible": {"recipient": ["x"]},
    }])  # fmt: skip
    path = tmp_path / "requests.json"
    if packed:
        path = tmp_path / "requests.json.gz"
        path.write_bytes(gzip.compress(content.encode()))
    else:
        path.write_text(content)
    assert run(ground, "issues", path).counts["new issues"] == 1


def test_facilities_as_the_health_service_publishes_them(ground: Conn, tmp_path: Path) -> None:
    rows = [["OrganisationCode", "OrganisationName", "Address1", "Latitude", "Longitude"]]
    rows.append(["FA1", "Café Pharmacy", "1 High Street", "31.411", "1.16311E2"])
    path = write_csv(
        tmp_path / "Pharmacy.csv", rows, "latin-1", delimiter="¬", lineterminator="\r\n"
    )
    report = run(
        ground, "facilities", path, encoding="latin-1", delimiter="¬", kind="pharmacy",
        told={"name": "OrganisationName", "code": "OrganisationCode"},
    )  # fmt: skip
    assert report.counts["new facilities"] == 1
    row = ground.execute("SELECT name, address, kind, ST_X(geom) FROM facility").fetchone()
    assert row == ("Café Pharmacy", "1 High Street", "pharmacy", 116.311)


def test_kinds_by_chinese_and_english_names(ground: Conn, tmp_path: Path) -> None:
    rows: list[list[Any]] = [["名称", "类型", "经度", "纬度"]]
    rows += [
        [f"n{i}", kind, 116.311, 31.411] for i, kind in enumerate(["药店", "Dentists", "GP", "?"])
    ]
    report = run(ground, "facilities", write_csv(tmp_path / "a.csv", rows), skip_bad_rows=True)
    assert report.counts["new facilities"] == 3
    assert [f.kind for f in report.findings] == ["unknown_value"]
    found = ground.execute("SELECT kind FROM facility ORDER BY name").fetchall()
    assert found == [("pharmacy",), ("dentist",), ("doctor",)]


def test_buildings_from_a_layer_of_points(ground: Conn, tmp_path: Path) -> None:
    content = {
        "type": "FeatureCollection",
        "features": [
            {
                "type": "Feature",
                "properties": {"编号": f"b{i}", "楼栋": f"{i}号楼", "单元数": 2, "户数": 24},
                "geometry": {"type": "Point", "coordinates": [116.311, 31.411]},
            }
            for i in range(3)
        ],
    }
    path = faults.write_json(tmp_path / "buildings.geojson", content)
    assert run(ground, "buildings", path).counts["new buildings"] == 3
    assert run(ground, "buildings", path).counts == {"new buildings": 0, "updated buildings": 0}


def test_unknown_columns_say_what_there_is(ground: Conn, tmp_path: Path) -> None:
    path = write_csv(tmp_path / "a.csv", [["foo", "bar"], ["1", "2"]])
    with pytest.raises(InvalidInputError, match="The file has: foo, bar"):
        run(ground, "buildings", path)
