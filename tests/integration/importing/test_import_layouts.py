"""Lists as offices lay them out, brought into a county: who is in office then, and what is said."""

from __future__ import annotations

import csv
from collections.abc import Callable, Mapping, Sequence
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

Conn = psycopg.Connection[Any]
Work = Callable[..., Report]


@pytest.fixture
def ground(conn: Conn) -> Conn:
    """The square county, whose first grids are called as in the lists."""
    square.build(conn)
    for level, names in (
        ("community", ("里A6301-01", "里A6301-02", "里A6301-03", "里A6301-04")),
        ("compound", ("A6301-0026-00", "A6301-0012-00", "东岗小区")),
    ):
        conn.execute(
            """
            UPDATE grid_version v SET name = n.name FROM (
                SELECT version_id, (%s::text[])[row_number() OVER (ORDER BY code)] AS name
                FROM grid_version WHERE level = %s::grid_level) AS n
            WHERE v.version_id = n.version_id AND n.name IS NOT NULL
            """,
            [list(names), level],
        )
    conn.commit()
    return conn


def quiet(_stage: str, _share: float) -> None:
    pass


def bring(conn: Conn, path: Path, work: Work = import_members, **options: Any) -> Report:
    order = ListImport(FileRequest(str(path)), "测试", **options)
    return work(conn, order, progress=quiet)


def write_csv(folder: Path, rows: Sequence[Sequence[Any]]) -> Path:
    path = folder / "list.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)
    return path


def write_book(
    folder: Path, sheets: Mapping[str, Sequence[Sequence[Any]]], merged: Sequence[str] = ()
) -> Path:
    book = openpyxl.Workbook()
    del book["Sheet"]
    for title, rows in sheets.items():
        sheet = book.create_sheet(title)
        for row in rows:
            sheet.append(list(row))
        for area in merged:
            sheet.merge_cells(area)
    book.save(folder / "list.xlsx")
    return folder / "list.xlsx"


def duties(conn: Conn) -> list[tuple[Any, ...]]:
    return conn.execute(
        """
        SELECT m.name, d.role, v.name, c.phone FROM duty d JOIN member m USING (member_id)
        JOIN grid_version v ON v.grid_id = d.grid_id LEFT JOIN member_contact c USING (member_id)
        ORDER BY m.name
        """
    ).fetchall()


def test_titles_several_phones_and_signatures(ground: Conn, tmp_path: Path) -> None:
    rows = [
        ["六安市网格员信息汇总表"],
        ["序号", "所属网格", "姓名", "职务", "联系电话", "任职时间"],
        [1, "里A6301-01", "甲一", "社区网格长", "13000000001、0564-0000001", "2024-03-01"],
        [2, "A6301-0026-00", "乙二", "专职网格员", "13000000002/13000000003", "2023-11-01"],
        [3, "A6301-0012-00", "丙三", "专职网格员", 13000000004, "2024-03-01"],
        ["填表人：丁四", None, None, None, "审核人：戊五"],
    ]
    report = bring(ground, write_book(tmp_path, {"网格员": rows}, ["A1:F1"]))
    assert report.counts["new duties"] == 3
    assert [(f.kind, f.rows[0].row, f.severity) for f in report.findings] == [
        ("note_row", 6, "warning")
    ]
    assert "Cells with several numbers: 2. Each number is kept." in map(str, report.notes)
    assert duties(ground) == [
        ("丙三", "grid_worker", "A6301-0012-00", "13000000004"),
        ("乙二", "grid_worker", "A6301-0026-00", "13000000002、13000000003"),
        ("甲一", "community_chief", "里A6301-01", "13000000001、0564-0000001"),
    ]


def test_the_chief_of_a_grid_is_that_of_its_level(ground: Conn, tmp_path: Path) -> None:
    rows = [
        ["网格名称", "网格长", "电话", "网格员", "电话"],
        ["里A6301-01", "甲一", "13000000001", "", ""],
        ["东岗小区", "乙二", "", "丙三、丁四", "13000000003、13000000004"],
    ]
    report = bring(ground, write_csv(tmp_path, rows))
    assert duties(ground) == [
        ("丁四", "grid_worker", "东岗小区", "13000000004"),
        ("丙三", "grid_worker", "东岗小区", "13000000003"),
        ("乙二", "grid_worker", "东岗小区", None),
        ("甲一", "community_chief", "里A6301-01", "13000000001"),
    ]
    taken = "网格长 was taken for the duty of its grid's level: 社区网格长 (1), 网格员 (1)."
    assert taken in map(str, report.notes)


def test_people_and_numbers_that_do_not_go_together(ground: Conn, tmp_path: Path) -> None:
    rows = [["网格", "网格员", "电话"], ["东岗小区", "丙三、丁四", "13000000003"]]
    report = bring(ground, write_csv(tmp_path, rows))
    assert [finding.kind for finding in report.findings] == ["several_people"]
    assert "row 2 网格员: 丙三、丁四" in report.to_text()
    assert duties(ground) == []


def test_faults_name_sheet_row_and_header(ground: Conn, tmp_path: Path) -> None:
    header = ["网格名称", "姓名", "职务", "任职时间"]
    sheets = {
        "衡山镇": [["名册"], header, ["东岗小区", "甲一", "网格员", "明天"]],
        "下符桥镇": [header, ["东岗小区", "甲一", "国王", None], ["西岗", "乙二", "网格员", None]],
    }
    text = bring(ground, write_book(tmp_path, sheets)).to_text()
    assert 'sheet 衡山镇, row 3: 任职时间 is "明天"' in text
    assert 'sheet 下符桥镇, row 2: 职务 is "国王"' in text
    assert 'sheet 下符桥镇, row 3: 网格名称 (compound) is "西岗"' in text


@pytest.mark.parametrize("row", [
    ["丁一", "網格員", "東崗小區", "2026/3/1"],
    ["丁一", "網格員", "Ａ６３０１－００２６－００", "２０２６年３月１日"],
    ["丁一", "网格员", " a6301-0026-00 ", "2026-03-01"],
])  # fmt: skip
def test_names_in_other_characters(ground: Conn, tmp_path: Path, row: list[str]) -> None:
    report = bring(ground, write_csv(tmp_path, [["姓名", "職務", "網格編碼", "任職日期"], row]))
    assert report.counts["new duties"] == 1
    term = ground.execute("SELECT lower(term)::text FROM duty").fetchone()
    assert term == ("2026-03-01",)


ISSUES = [
    ["编号", "问题类型", "上报时间", "状态", "结案时间", "经度", "纬度"],
    ["1", "垃圾", "2024-03-01 08:00", "已办结", "不详", 116.311, 31.411],
    ["2", "垃圾", "2024-03-01 08:00", "待受理", "2024-02-01 08:00", 116.311, 31.411],
    ["3", "垃圾", "2024-03-01 08:00", "已办结", "2024-03-02 08:00", 116.311, 31.411],
]


def test_one_wrong_closing_time_need_not_lose_the_issue(ground: Conn, tmp_path: Path) -> None:
    path = write_csv(tmp_path, ISSUES)
    strict = bring(ground, path, import_issues)
    assert strict.is_blocked
    assert {finding.data["column"] for finding in strict.findings} == {"结案时间"}
    report = bring(ground, path, import_issues, drop_bad=("closed_at",))
    assert report.counts["new issues"] == 3
    assert [(f.kind, f.rows[0].row) for f in report.findings] == [
        ("dropped_value", 2), ("dropped_value", 3)
    ]  # fmt: skip
    assert 'row 2: 结案时间 is "不详"' in report.to_text()
    found = ground.execute("SELECT state, closed_at::text FROM issue ORDER BY external_id")
    assert found.fetchall() == [
        ("closed", "2024-03-01 08:00:00+08"),
        ("reported", None),
        ("closed", "2024-03-02 08:00:00+08"),
    ]


def test_what_an_issue_needs_cannot_be_left_out(ground: Conn, tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="--drop-bad reported_at"):
        bring(ground, write_csv(tmp_path, ISSUES), import_issues, drop_bad=("reported_at",))


def test_households_that_are_merged_over_buildings(ground: Conn, tmp_path: Path) -> None:
    rows = [
        ["楼栋", "户数", "经度", "纬度"],
        ["1号楼", 36, 116.311, 31.411],
        ["2号楼", None, 116.312, 31.411],
    ]
    path = write_book(tmp_path, {"s": rows}, ["B2:B3"])
    for skip in (False, True):
        report = bring(ground, path, import_buildings, skip_bad_rows=skip)
        assert [(f.kind, f.rows[0].row) for f in report.findings] == [("amount_row", 2)]
        assert report.is_blocked


NOT_READ = "Not read: "


@pytest.mark.parametrize("is_dry_run", [True, False])
def test_columns_that_are_not_read_are_named(
    ground: Conn, tmp_path: Path, *, is_dry_run: bool
) -> None:
    rows = [
        ["姓名", "职务", "网格", "任期", "", "", "备注", ""],
        ["甲一", "网格员", "东岗小区", "2024-2027", "", "副职", "", ""],
        ["乙二", "网格员", "东岗小区", "三年", "", "", "", ""],
    ]
    report = bring(ground, write_csv(tmp_path, rows), is_dry_run=is_dry_run)
    said = [str(note) for note in report.notes if str(note).startswith(NOT_READ)]
    assert said == ["Not read: 任期, 备注, column F."]
    assert report.counts["new duties"] == 2


def test_a_role_that_is_not_known_is_no_silent_column(ground: Conn, tmp_path: Path) -> None:
    rows = [
        ["网格", "网格员", "网格员电话", "副网格员"],
        ["东岗小区", "甲一", "13900000001", "乙一"],
    ]
    report = bring(ground, write_book(tmp_path, {"表": rows}))
    assert "Not read: 副网格员." in map(str, report.notes)


def test_columns_of_all_sheets_that_are_not_read(ground: Conn, tmp_path: Path) -> None:
    one = [["姓名", "职务", "网格", "备注"], ["甲一", "网格员", "东岗小区", "x"]]
    two = [["姓名", "职务", "网格", "备注", "籍贯"], ["乙二", "网格员", "东岗小区", "x", "y"]]
    # A cell beside the header, in a column that has none.
    two.append(["丙三", "网格员", "东岗小区", "", "", "", "待补"])
    report = bring(ground, write_book(tmp_path, {"甲": one, "乙": two}))
    assert "Not read: 备注, 籍贯, column G." in map(str, report.notes)
    assert report.counts["new duties"] == 3


@pytest.mark.parametrize(("work", "header", "row", "unread"), [
    (import_facilities, ["名称", "类别", "经度", "纬度", "停业日期", "状态"],
     ["药店甲", "药店", 116.311, 31.411, "2021-12-31", "已关闭"], "停业日期, 状态"),
    (import_buildings, ["名称", "户数", "经度", "纬度", "备注"],
     ["1号楼", 3, 116.311, 31.411, "空置"], "备注"),
    (import_issues, ["类别", "上报时间", "经度", "纬度", "上报人"],
     ["路面", "2026-03-01", 116.311, 31.411, "甲一"], "上报人"),
])  # fmt: skip
def test_columns_of_other_lists_that_are_not_read(
    ground: Conn, tmp_path: Path, work: Work, header: list[str], row: list[Any], unread: str
) -> None:
    report = bring(ground, write_csv(tmp_path, [header, row]), work)
    assert f"Not read: {unread}." in map(str, report.notes)
    assert not report.is_blocked


def test_a_list_of_which_all_is_read_says_nothing(ground: Conn, tmp_path: Path) -> None:
    rows = [["姓名", "职务", "网格"], ["甲一", "网格员", "东岗小区"]]
    report = bring(ground, write_csv(tmp_path, rows))
    assert not [note for note in report.notes if str(note).startswith(NOT_READ)]


TWO_ENDS = ["姓名", "职务", "网格", "截止日期", "任期结束"]


def test_two_columns_for_one_field_are_refused_where_they_differ(
    ground: Conn, tmp_path: Path
) -> None:
    rows = [
        TWO_ENDS,
        ["甲一", "网格员", "东岗小区", "2027-12-31", "2027-12-31"],
        ["乙二", "网格员", "东岗小区", "2027-12-31", "2026-06-30"],
    ]
    path = write_csv(tmp_path, rows)
    with pytest.raises(InvalidInputError) as refused:
        bring(ground, path)
    said = str(refused.value)
    assert "until" in said
    assert "截止日期, 任期结束" in said
    assert "row 3" in said
    assert "--map" in refused.value.hint
    assert duties(ground) == []
    report = bring(ground, path, told={"until": "截止日期"})
    assert "Not read: 任期结束." in map(str, report.notes)
    ends = ground.execute("SELECT DISTINCT upper(term) FROM duty").fetchall()
    assert [str(end) for (end,) in ends] == ["2028-01-01"]


def test_a_column_that_says_nothing_contradicts_none(ground: Conn, tmp_path: Path) -> None:
    """What only one of two columns says is neither refused for nothing nor lost."""
    row, empty = ["甲一", "网格员", "东岗小区"], ""
    taken = [TWO_ENDS, [*row, empty, "2027-12-31"], [*row, empty, empty]]
    report = bring(ground, write_csv(tmp_path, taken[:2]))
    assert report.counts["new duties"] == 1
    lost = [TWO_ENDS, [*row, "2027-12-31", empty]]
    with pytest.raises(InvalidInputError, match="differ in row 2"):
        bring(ground, write_csv(tmp_path, lost))


def test_two_columns_that_say_the_same_are_one(ground: Conn, tmp_path: Path) -> None:
    rows = [TWO_ENDS, ["甲一", "网格员", "东岗小区", "2027-12-31", "2027-12-31"]]
    report = bring(ground, write_csv(tmp_path, rows))
    assert report.counts["new duties"] == 1
    assert "Not read: 截止日期." in map(str, report.notes)


def test_a_code_goes_before_a_name(ground: Conn, tmp_path: Path) -> None:
    (code,) = ground.execute("SELECT code FROM grid_version WHERE name = '东岗小区'").fetchall()[0]
    rows = [["姓名", "职务", "网格名称", "网格编码"], ["甲一", "网格员", "东岗", code]]
    report = bring(ground, write_csv(tmp_path, rows))
    assert duties(ground) == [("甲一", "grid_worker", "东岗小区", None)]
    assert "Not read: 网格名称." in map(str, report.notes)


@pytest.mark.parametrize(("header", "row", "phone"), [
    (["姓名", "职务", "网格", "电话", "手机"],
     ["甲一", "网格员", "东岗小区", "0564-1234567", "13900000001"], "0564-1234567、13900000001"),
    (["姓名", "职务", "网格", "电话(办公)", "电话(手机)"],
     ["甲一", "网格员", "东岗小区", "0564-1234567", "13900000001"], "0564-1234567、13900000001"),
    (["姓名", "职务", "网格", "电话", "手机"],
     ["甲一", "网格员", "东岗小区", "13900000001", "13900000001"], "13900000001"),
    (["姓名", "职务", "网格", "电话", "手机"],
     ["甲一", "网格员", "东岗小区", "", "13900000001"], "13900000001"),
    (["网格", "网格员", "电话", "手机"],
     ["东岗小区", "甲一", "0564-1234567", "13900000001"], "0564-1234567、13900000001"),
    (["网格", "网格员", "网格员电话", "网格员手机"],
     ["东岗小区", "甲一", "0564-1234567", "13900000001"], "0564-1234567、13900000001"),
])  # fmt: skip
def test_numbers_of_two_columns_are_both_kept(
    ground: Conn, tmp_path: Path, header: list[str], row: list[str], phone: str
) -> None:
    report = bring(ground, write_csv(tmp_path, [header, row]))
    assert duties(ground) == [("甲一", "grid_worker", "东岗小区", phone)]
    assert not [note for note in report.notes if str(note).startswith(NOT_READ)]


def test_the_numbers_of_a_column_that_was_told(ground: Conn, tmp_path: Path) -> None:
    rows = [["姓名", "职务", "网格", "电话", "手机"], ["甲一", "网格员", "东岗小区", "110", "120"]]
    report = bring(ground, write_csv(tmp_path, rows), told={"phone": "手机"})
    assert duties(ground) == [("甲一", "grid_worker", "东岗小区", "120")]
    assert "Not read: 电话." in map(str, report.notes)
