"""Times, numbers and terms in the cells of lists: they arrive as they are meant, or not at all."""

from __future__ import annotations

import csv
import re
import zipfile
from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import geopandas
import openpyxl
import psycopg
import pytest
from click.testing import CliRunner
from openpyxl.utils.datetime import CALENDAR_MAC_1904
from shapely.geometry import box

from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.lists import account_rows, accounts
from geodata.importing.lists.buildings import import_buildings
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.members import import_members
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from geodata.importing.values.rows import Sheet
from geodata.people import members
from scripts.cli.__main__ import gridmap
from tests import county as square

Conn = psycopg.Connection[Any]
IMPORTS = {
    "members": import_members,
    "issues": import_issues,
    "facilities": import_facilities,
    "buildings": import_buildings,
}
POINT = [116.311, 31.411]
ISSUES = [
    "工单编号",
    "事件类型",
    "标题",
    "上报时间",
    "状态",
    "办结时间",
    "截止时间",
    "经度",
    "纬度",
]
MEMBERS = ["姓名", "职务", "网格编码", "任职日期", "截止日期", "联系电话", "工号"]


def run(conn: Conn, subject: str, path: Path, **options: Any) -> Report:
    order = ListImport(FileRequest(str(path)), options.pop("source", "测试"), **options)
    return IMPORTS[subject](conn, order, progress=lambda _stage, _share: None)


def table(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def workbook(path: Path, rows: Sequence[Sequence[object]]) -> Path:
    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    for row in rows:
        sheet.append(list(row))
    book.save(path)
    return path


@pytest.fixture
def ground(conn: Conn) -> Conn:
    """The square county of tests/county.py, written and committed."""
    square.build(conn)
    conn.commit()
    return conn


def compound(conn: Conn) -> tuple[int, str]:
    row = conn.execute(
        "SELECT grid_id, code FROM grid_version WHERE level = 'compound' ORDER BY code LIMIT 1"
    ).fetchone()
    assert row is not None
    return row[0], row[1]


def issue(at: str, number: str = "1", **more: str) -> list[object]:
    state = more.get("state", "待受理")
    return [number, "路面", "坑", at, state, more.get("closed", ""), more.get("due", ""), *POINT]


def test_what_has_not_happened_yet_is_refused(ground: Conn, tmp_path: Path) -> None:
    """A time in the future is a zone that was not told, or another column."""
    ahead = clock.now() + timedelta(hours=5)
    soon = f"{ahead:%Y-%m-%d %H:%M}"
    rows = [
        ISSUES,
        issue(soon, "1"),
        issue("2026-03-02 15:05", "2", closed=soon, state="已办结"),
        issue("2026-03-02 15:05", "3"),
    ]
    path = table(tmp_path / "issues.csv", rows)
    report = run(ground, "issues", path)
    assert report.is_blocked
    assert [each.rows[0].row for each in report.findings if each.severity == "blocking"] == [2, 3]
    assert "later than now" in report.to_text()
    # The same hour, five and more hours ahead of the county, is past.
    told = run(ground, "issues", path, zone="Pacific/Kiritimati", is_dry_run=True)
    assert not told.is_blocked
    ground.rollback()
    left = run(ground, "issues", path, skip_bad_rows=True)
    assert left.counts["new issues"] == 1


def test_a_state_that_a_time_of_closing_contradicts_is_said(ground: Conn, tmp_path: Path) -> None:
    rows = [
        ISSUES,
        issue("2026-03-02 15:05", "1", closed="2026-03-03 10:00", state="处理中"),
        issue("1970-01-01 08:00", "2"),
    ]
    report = run(ground, "issues", table(tmp_path / "issues.csv", rows))
    assert [(each.kind, each.rows[0].row) for each in report.findings] == [
        ("closed_nevertheless", 2),
        ("very_old", 3),
    ]
    assert ground.execute("SELECT state FROM issue WHERE external_id = '1'").fetchone() == (
        "closed",
    )


def test_hours_and_zones_of_issues_are_those_of_the_text(ground: Conn, tmp_path: Path) -> None:
    meant = {
        "2026/3/2 下午 3:05": "15:05",
        "2026/3/2 3:05:00 PM": "15:05",
        "2026/3/2 12:20 AM": "00:20",
        "2026年3月2日 上午9时10分": "09:10",
        "2026年3月2日 晚上9:30": "21:30",
        "2026-03-02 09:00:00 UTC": "17:00",
        "2026/3/2 9:00:00 +0000": "17:00",
        "2026/3/2 15:05": "15:05",
        "2026-03-02 15:05 GMT+1": "22:05",
    }
    rows = [issue(text, str(number)) for number, text in enumerate(meant)]
    report = run(ground, "issues", table(tmp_path / "a.csv", [ISSUES, *rows]))
    assert report.is_written
    found = ground.execute(
        "SELECT to_char(reported_at AT TIME ZONE 'Asia/Shanghai', 'HH24:MI') FROM issue"
        " ORDER BY external_id"
    ).fetchall()
    assert [row[0] for row in found] == list(meant.values())
    assert "Times without a zone are those of Asia/Shanghai (--zone)." in map(str, report.notes)


def test_a_zone_of_the_list(ground: Conn, tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv", [ISSUES, issue("2026-03-02 15:05"), issue("2026-03-02 15:05 CST", "2")]
    )
    refused = run(ground, "issues", path)
    assert [finding.rows[0].row for finding in refused.findings] == [3]
    assert "--zone" in refused.findings[0].line()
    assert run(ground, "issues", path, zone="America/Chicago").is_written
    found = ground.execute("SELECT DISTINCT reported_at AT TIME ZONE 'UTC' FROM issue").fetchall()
    assert [str(row[0]) for row in found] == ["2026-03-02 21:05:00"]
    with pytest.raises(InvalidInputError, match="is no time zone"):
        run(ground, "issues", path, zone="CST")


def test_an_order_of_day_and_month_is_asked_for(ground: Conn, tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv", [ISSUES, issue("03/04/2026 8:00"), issue("05/04/2026 8:00", "2")]
    )
    # Leaving rows out is no answer to what is meant by all of them.
    refused = run(ground, "issues", path, skip_bad_rows=True)
    assert not refused.is_written
    assert "Say which stands first" in refused.to_text()
    assert "for example 03/04/2026 8:00, 05/04/2026 8:00" in refused.to_text()
    assert run(ground, "issues", path, date_order="dmy").is_written
    found = ground.execute(
        "SELECT (reported_at AT TIME ZONE 'Asia/Shanghai')::date FROM issue ORDER BY 1"
    ).fetchall()
    assert [row[0] for row in found] == [date(2026, 4, 3), date(2026, 4, 5)]


def test_ends_that_are_days_alone(ground: Conn, tmp_path: Path) -> None:
    path = table(
        tmp_path / "a.csv",
        [
            ISSUES,
            issue("2026-03-02 15:05", "1", state="已办结", closed="2026-03-02", due="2026-03-05"),
        ],
    )
    assert run(ground, "issues", path).is_written
    row = ground.execute(
        "SELECT closed_at = reported_at, due_at AT TIME ZONE 'Asia/Shanghai' FROM issue"
    ).fetchone()
    assert row is not None
    assert (row[0], str(row[1])) == (True, "2026-03-05 23:59:59")


@pytest.mark.parametrize(
    "number",
    [202603020915301234, 1_000_000_000_000_000, "2.02603E+17", "3.41525E+14", "2.02603e17"],
)
def test_a_number_that_a_spreadsheet_has_cut_is_no_number_of_an_issue(
    ground: Conn, tmp_path: Path, number: object
) -> None:
    first = [number, *issue("2026-03-02 09:15")[1:]]
    report = run(ground, "issues", workbook(tmp_path / "a.xlsx", [ISSUES, first]))
    assert [finding.kind for finding in report.findings] == ["cut_number"]
    assert "Format the column as text in the spreadsheet" in report.to_text()
    assert ground.execute("SELECT count(*) FROM issue").fetchone() == (0,)


def test_long_numbers_that_are_texts_are_kept_to_the_digit(ground: Conn, tmp_path: Path) -> None:
    numbers = ["202603020915301234", "202603020915301235", "202603020915300000"]
    rows = [issue("2026-03-02 09:15", number) for number in numbers]
    assert run(ground, "issues", workbook(tmp_path / "a.xlsx", [ISSUES, *rows])).is_written
    found = ground.execute("SELECT external_id FROM issue ORDER BY 1").fetchall()
    assert [row[0] for row in found] == sorted(numbers)


def test_a_column_that_was_cut_before_it_became_csv(ground: Conn, tmp_path: Path) -> None:
    numbers = ["202603020915300000", "202603020915310000", "7"]
    rows = [issue("2026-03-02 09:15", number) for number in numbers]
    report = run(ground, "issues", table(tmp_path / "a.csv", [ISSUES, *rows]))
    assert [(f.kind, f.rows[0].row) for f in report.findings] == [
        ("cut_number", 2),
        ("cut_number", 3),
    ]


@pytest.mark.parametrize("column", ["网格编码", "联系电话", "工号"])
def test_a_cut_number_of_members(ground: Conn, tmp_path: Path, column: str) -> None:
    values = {"姓名": "甲", "职务": "网格员", "网格编码": compound(ground)[1], column: 3.41525e17}
    rows = [MEMBERS, [values.get(name, "") for name in MEMBERS]]
    report = run(ground, "members", workbook(tmp_path / "a.xlsx", rows))
    assert [finding.kind for finding in report.findings] == ["cut_number"]
    assert f"{column} is" in report.findings[0].line()


@pytest.mark.parametrize("subject", ["facilities", "buildings"])
def test_a_cut_code_of_a_place(ground: Conn, tmp_path: Path, subject: str) -> None:
    rows = [["名称", "类型", "编号", "经度", "纬度"], ["一", "药店", "3.41525E+14", *POINT]]
    report = run(ground, subject, table(tmp_path / "a.csv", rows))
    assert [finding.kind for finding in report.findings] == ["cut_number"]


def test_a_cut_code_of_a_grid(conn: Conn, tmp_path: Path) -> None:
    frame = geopandas.GeoDataFrame(
        {"NAME": ["县"], "CODE": [3.41525e17]}, geometry=[box(116.3, 31.4, 116.4, 31.5)], crs=4326
    )
    frame.to_file(tmp_path / "a.gpkg")
    order = GridImport(
        FileRequest(str(tmp_path / "a.gpkg")), "county", Columns("NAME", "CODE"), square.BEGIN
    )
    report = import_grids(conn, order, progress=lambda _stage, _share: None)
    assert "cut_number" in {finding.kind for finding in report.findings}
    assert not report.is_written


def term(conn: Conn, tmp_path: Path, since: object, until: object, **options: Any) -> Report:
    code = compound(conn)[1]
    rows = [MEMBERS, ["吴试乙", "网格员", code, since, until, "0564-0000001", ""]]
    return run(conn, "members", table(tmp_path / "a.csv", rows), **options)


def in_office(conn: Conn, day: date) -> list[bool]:
    duties = members.list_duties(conn, compound(conn)[0], day)
    return [duty.in_office for duty in duties if duty.member == "吴试乙"]


def test_the_last_day_of_a_term_is_in_office(ground: Conn, tmp_path: Path) -> None:
    report = term(ground, tmp_path, "2025-01-01", "2026-11-29")
    assert "截止日期 is taken for the last day in office." in map(str, report.notes)
    assert in_office(ground, date(2026, 11, 29)) == [True]
    assert in_office(ground, date(2026, 11, 30)) == [False]
    (duty,) = members.fold(
        duty
        for duty in members.list_duties(ground, compound(ground)[0], date(2026, 11, 29))
        if duty.member == "吴试乙"
    )
    assert duty.last_day == date(2026, 11, 29)


def test_a_term_of_one_day(ground: Conn, tmp_path: Path) -> None:
    assert term(ground, tmp_path, "2026-03-01", "2026-03-01").is_written
    assert in_office(ground, date(2026, 3, 1)) == [True]
    assert in_office(ground, date(2026, 3, 2)) == [False]
    refused = term(ground, tmp_path, "2026-03-02", "2026-03-01", source="other")
    assert "earlier than the first day" in refused.findings[0].line()


@pytest.mark.parametrize("until", ["至今", "长期", "", "9999-12-31"])
def test_a_term_without_an_end(ground: Conn, tmp_path: Path, until: str) -> None:
    assert term(ground, tmp_path, "2024年3月", until).is_written
    row = ground.execute("SELECT term::text FROM duty WHERE source = '测试'").fetchone()
    assert row == ("[2024-03-01,)",)


def test_a_term_in_months_runs_to_the_last_of_its_days(ground: Conn, tmp_path: Path) -> None:
    assert term(ground, tmp_path, "2024.3", "2026.2").is_written
    row = ground.execute("SELECT term::text FROM duty WHERE source = '测试'").fetchone()
    assert row == ("[2024-03-01,2026-03-01)",)


def test_terms_that_follow_each_other_by_a_day_are_two(ground: Conn, tmp_path: Path) -> None:
    code = compound(ground)[1]
    rows = [
        ["甲", "网格员", code, "2024-01-01", "2024-12-31", "1", ""],
        ["甲", "网格员", code, "2025-01-01", "", "1", ""],
    ]
    report = run(ground, "members", table(tmp_path / "a.csv", [MEMBERS, *rows]))
    assert report.counts["new duties"] == 2
    rows[1][3] = "2024-12-31"
    again = run(ground, "members", table(tmp_path / "b.csv", [MEMBERS, *rows]))
    assert [finding.kind for finding in again.findings] == ["duplicate_duty"]


def test_dates_that_offices_write(ground: Conn, tmp_path: Path) -> None:
    code = compound(ground)[1]
    texts = ["2024.3", "2024.03.15", "2024年3月", "2024-3", 2024.3, "20240301"]
    rows = [
        [f"人{number}", "网格员", code, text, "", str(number), ""]
        for number, text in enumerate(texts)
    ]
    assert run(ground, "members", workbook(tmp_path / "a.xlsx", [MEMBERS, *rows])).is_written
    found = ground.execute(
        "SELECT lower(term) FROM duty JOIN member USING (member_id) WHERE name LIKE '人%'"
        " ORDER BY name"
    ).fetchall()
    first = date(2024, 3, 1)
    assert [row[0] for row in found] == [first, date(2024, 3, 15), first, first, first, first]


def test_texts_that_hold_more_than_a_date(ground: Conn, tmp_path: Path) -> None:
    code = compound(ground)[1]
    rows = [
        ["壬一", "网格员", code, "2024年3月1日至2026年2月28日", "", "1", ""],
        ["壬二", "网格员", code, "2026-03-123", "", "2", ""],
    ]
    report = run(ground, "members", table(tmp_path / "a.csv", [MEMBERS, *rows]))
    assert [finding.line().partition("(")[2] for finding in report.findings] == [
        "from and until in one cell: give each a column of its own)",
        "no date)",
    ]


def test_terms_of_accounts_are_read_by_the_same_rules(tmp_path: Path) -> None:
    header = ["用户名", "姓名", "角色", "网格代码或单位", "起", "止"]
    rows = [
        ["zhang", "张伟", "审计员", "", "2026年3月", "2026.11"],
        ["li", "李娜", "审计员", "", "2026-03-01", "至今"],
        ["wang", "王芳", "审计员", "", "2026-03-01", "2026-03-01"],
        ["zhao", "赵敏", "审计员", "", "03/04/2026", "2026-03-123"],
        ["qian", "钱力", "镇干部", "3.41525E+14", "", ""],
    ]
    listed = accounts.read(str(table(tmp_path / "a.csv", [header, *rows])))
    columns = {name: at for at, name in enumerate(account_rows.FIELDS)}
    sheet = Sheet(list(columns), [list(row) for row in listed.rows], 2, columns)
    steps = [
        account_rows.read_row(sheet, row, date(2026, 3, 1), "", {}) for row in range(len(rows))
    ]
    assert [(step.since, step.last_day) for step in steps[:3]] == [
        (date(2026, 3, 1), date(2026, 11, 30)),
        (date(2026, 3, 1), None),
        (date(2026, 3, 1), date(2026, 3, 1)),
    ]
    assert not [fault for step in steps[:3] for fault in step.faults]
    assert [str(fault).partition(".")[0] for fault in steps[3].faults] == [
        "“03/04/2026” is not a day (the day or the month first)",
        "“2026-03-123” is not a day (no date)",
    ]
    assert "“3.41525E+14” is a number that a spreadsheet has cut." in str(steps[4].faults[0])


def test_days_of_accounts_counted_from_1904(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(["用户名", "姓名", "起", "止"])
    sheet.append(["zhang", "张伟", 43894, date(2024, 3, 5)])
    book.save(tmp_path / "mac.xlsx")
    (row,) = accounts.read(str(tmp_path / "mac.xlsx")).rows
    assert row[4:] == ["45356", "2024-03-05"]


def test_the_command_takes_zone_and_order(
    ground: Conn, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    path = str(table(tmp_path / "a.csv", [ISSUES, issue("03/04/2026 8:00")]))
    asked = CliRunner().invoke(gridmap, ["import", "issues", path])
    assert asked.exit_code == 1
    assert "--date-order dmy" in asked.output
    ran = CliRunner().invoke(
        gridmap, ["import", "issues", path, "--date-order", "mdy", "--zone", "+00:00"]
    )
    assert ran.exit_code == 0
    row = ground.execute("SELECT reported_at AT TIME ZONE 'UTC' FROM issue").fetchone()
    assert row is not None
    assert str(row[0]) == "2026-03-04 08:00:00"


def test_today_is_the_countys(ground: Conn, tmp_path: Path) -> None:
    assert term(ground, tmp_path, "", "").is_written
    row = ground.execute("SELECT lower(term) FROM duty WHERE source = '测试'").fetchone()
    assert row == (clock.today(),)


@pytest.mark.parametrize("broken", ["#VALUE!", "=DATE(2024,1,1)+365"])
def test_a_formula_without_a_value_is_no_empty_cell(
    ground: Conn, tmp_path: Path, broken: str
) -> None:
    """An empty last day is a term without an end, an empty closing time an issue that is open."""
    _, code = compound(ground)
    person = ["甲", "网格员", code, "2024-01-01", broken, "", ""]
    report = run(ground, "members", workbook(tmp_path / "a.xlsx", [MEMBERS, person]))
    assert not report.is_written
    [finding] = report.findings
    assert (finding.kind, finding.rows[0].row) == ("bad_value", 2)
    assert "截止日期 is" in finding.line()
    assert "formula" in finding.line()
    opened = issue("2026-03-02 15:05", closed=broken)
    path = workbook(tmp_path / "b.xlsx", [ISSUES, opened])
    assert not run(ground, "issues", path).is_written
    # A value that may be left out still can be.
    assert run(ground, "issues", path, drop_bad=["closed_at"]).is_written


def test_a_failed_formula_in_a_csv_and_for_what_is_needed(ground: Conn, tmp_path: Path) -> None:
    _, code = compound(ground)
    person = ["#N/A", "网格员", code, "2024-01-01", "", "", ""]
    report = run(ground, "members", table(tmp_path / "a.csv", [MEMBERS, person]))
    assert [finding.kind for finding in report.findings] == ["bad_value"]
    # With a result, of whatever kind, a formula is its result.
    fine = ["甲", "网格员", code, "2024-01-01", "", "", ""]
    assert run(ground, "members", workbook(tmp_path / "c.xlsx", [MEMBERS, fine])).is_written


def test_formulas_with_results_are_read(ground: Conn, tmp_path: Path) -> None:
    """As a spreadsheet program stores them: the result beside the formula, an empty text too."""
    _, code = compound(ground)
    path = workbook(
        tmp_path / "a.xlsx", [MEMBERS, ["甲", "网格员", code, "2024-01-01", "=A1", "=A1", ""]]
    )
    with zipfile.ZipFile(path) as packed:
        parts = {name: packed.read(name) for name in packed.namelist()}
    sheet = parts["xl/worksheets/sheet1.xml"].decode()
    for cell, kind, result in (("E2", ' t="str"', "2027-12-31"), ("F2", ' t="str"', "")):
        sheet = re.sub(
            rf'<c r="{cell}"[^>]*><f>A1</f><v\s*/?>(?:</v>)?</c>',
            f'<c r="{cell}"{kind}><f>A1</f><v>{result}</v></c>',
            sheet,
        )
    assert sheet.count('t="str"') == 2
    parts["xl/worksheets/sheet1.xml"] = sheet.encode()
    with zipfile.ZipFile(path, "w") as packed:
        for name, content in parts.items():
            packed.writestr(name, content)
    assert run(ground, "members", path).is_written
    row = ground.execute("SELECT upper(term) FROM duty").fetchone()
    assert row == (date(2028, 1, 1),)


@pytest.mark.parametrize(("column", "value"), [("单元数", "40000"), ("户数", "9999999999")])
def test_more_than_can_be_kept_is_named_with_its_row(
    ground: Conn, tmp_path: Path, column: str, value: str
) -> None:
    path = table(tmp_path / "a.csv", [["名称", "经度", "纬度", column], ["楼", *POINT, value]])
    report = run(ground, "buildings", path)
    assert not report.is_written
    [finding] = report.findings
    assert (finding.kind, finding.rows[0].row) == ("bad_value", 2)
    assert "more than" in finding.line()


def members_with(ground: Conn, path: Path, pairs: Sequence[tuple[str, str]]) -> Path:
    """A list of people with a name and a number each, of one compound."""
    _, code = compound(ground)
    rows = [[name, "网格员", code, phone] for name, phone in pairs]
    return table(path, [["姓名", "职务", "网格编码", "电话"], *rows])


BAD_PEOPLE = [
    ("甲一", "王五", "电话", "王五", "no phone number"),
    ("甲二", "同上", "电话", "同上", "each row needs its own"),
    ("甲三", "139****0011", "电话", "139****0011", "digits of it are hidden"),
    ("同上", "13900000001", "姓名", "同上", "each row needs its own"),
    ("·", "13900000001", "姓名", "·", "no name"),
    ("13900000009", "13900000002", "姓名", "****", "a phone number: the columns may be swapped"),
]


def test_what_is_no_number_or_no_name_is_refused(ground: Conn, tmp_path: Path) -> None:
    pairs = [(name, phone) for name, phone, *_ in BAD_PEOPLE]
    path = members_with(ground, tmp_path / "m.csv", [*pairs, ("甲四", "13900000004")])
    report = run(ground, "members", path)
    faults = [
        (f.rows[0].row, f.data["column"], f.data["text"], str(f.data["reason"]))
        for f in report.findings
        if f.kind == "bad_value"
    ]
    assert faults == [(row, *each[2:]) for row, each in enumerate(BAD_PEOPLE, 2)]
    assert ground.execute("SELECT count(*) FROM member").fetchone() == (0,)
    report = run(ground, "members", path, skip_bad_rows=True)
    assert ground.execute("SELECT name FROM member").fetchall() == [("甲四",)]


def test_a_wrong_number_need_not_lose_the_person(ground: Conn, tmp_path: Path) -> None:
    path = members_with(ground, tmp_path / "m.csv", [("甲一", "同上")])
    report = run(ground, "members", path, drop_bad=["phone"])
    assert [f.kind for f in report.findings] == ["dropped_value"]
    assert ground.execute("SELECT name FROM member").fetchall() == [("甲一",)]
    assert ground.execute("SELECT count(*) FROM member_contact").fetchone() == (0,)


def test_numbers_and_names_are_kept_as_they_are_meant(ground: Conn, tmp_path: Path) -> None:
    pairs = [
        ("甲\n一", "13900000013.0"),
        ("欧阳　娜娜", "'13900000001"),
        ("Anna\nSmith", "110"),
        ("乙二", "无"),
    ]
    report = run(ground, "members", members_with(ground, tmp_path / "m.csv", pairs))
    assert report.findings == []
    people = ground.execute(
        "SELECT name, phone FROM member LEFT JOIN member_contact USING (member_id) ORDER BY phone"
    ).fetchall()
    assert people == [
        ("Anna Smith", "110"), ("欧阳娜娜", "13900000001"), ("甲一", "13900000013"), ("乙二", None),
    ]  # fmt: skip
