"""How lists are laid out by offices: titles, two header rows, a column for each role, notes."""

from __future__ import annotations

import csv
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import openpyxl
import pytest

from geodata.errors import InvalidInputError
from geodata.importing.files import tables
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import ROWS, FileRequest, TableRequest
from geodata.importing.lists.members import FIELDS

ROLES = ["网格长", "网格员", "专职网格员", "兼职网格员", "社区网格长"]
REQUIRED = [name for name, field in FIELDS.items() if field.is_required]
HEADER = ["序号", "网格名称", "姓名", "职务", "联系电话"]
ROW = [1, "东岗", "甲一", "网格员", "13000000001"]


@dataclass(frozen=True)
class Read:
    """What came of a file: its rows with the cells that it has, by field."""

    rows: list[dict[str, Any]]
    left: list[tuple[int, str]]
    notes: list[str]
    columns: dict[str, str]


def read(path: Path, **options: Any) -> Read:
    request = TableRequest(
        FileRequest(str(path), layer=options.pop("layer", None)),
        {name: field.words for name, field in FIELDS.items()},
        REQUIRED,
        roles=ROLES,
        **options,
    )
    found: Any = tables.read(request, path.parent)
    rows: list[dict[str, Any]] = []
    for line in (path.parent / ROWS).read_text("utf-8").splitlines():
        number, part, label, *cells = json.loads(line)
        row = {name: cell for name, cell in zip(FIELDS, cells, strict=True) if cell is not None}
        rows.append({"line": number, "part": part, "label": label, **row})
    left = [(each["line"], each["why"]) for each in found["left"]]
    return Read(rows, left, list(map(str, found["notes"])), found["columns"])


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


@pytest.mark.parametrize("titles", [
    [["六安市网格员汇总表", "", "", "", ""]],
    [["六安市网格员汇总表"], ["填报单位：民政局", "", "2026年3月"]],
    [[], ["六安市网格员汇总表"], []],
])  # fmt: skip
def test_titles_above_the_header(tmp_path: Path, titles: list[list[str]]) -> None:
    found = read(write_csv(tmp_path, [*titles, HEADER, ROW]))
    assert [row["line"] for row in found.rows] == [len(titles) + 2]
    assert found.rows[0]["name"] == "甲一"
    assert found.columns["phone"] == "联系电话"
    assert any("六安市网格员汇总表" in note for note in found.notes)
    assert f"The header is in row {len(titles) + 1}." in found.notes


def test_title_that_is_merged_over_the_header(tmp_path: Path) -> None:
    path = write_book(tmp_path, {"s": [["网格员名册"], HEADER, ROW]}, ["A1:E1"])
    found = read(path)
    assert found.columns["name"] == "姓名"
    assert found.rows[0]["line"] == 3


def test_header_in_two_rows_with_groups(tmp_path: Path) -> None:
    rows = [
        ["序号", "网格名称", "基本情况", None, "任职情况", None],
        [None, None, "姓名", "电话", "职务", "任职时间"],
        [1, "东岗", "甲一", "13000000001", "网格员", "2024-03-01"],
    ]
    found = read(write_book(tmp_path, {"s": rows}, ["A1:A2", "B1:B2", "C1:D1", "E1:F1"]))
    assert found.columns["name"] == "基本情况 姓名"
    (row,) = found.rows
    assert (row["grid"], row["phone"], row["from"]) == ("东岗", "13000000001", "2024-03-01")
    assert "The header is in rows 1 and 2." in found.notes


@pytest.mark.parametrize("header", [
    ["网格名称", "网格长", "电话", "网格员", "电话"],
    ["网格名称", "网格长", "网格长电话", "网格员", "网格员电话"],
    ["网格名称", "网格长姓名", "网格长联系方式", "网格员姓名", "网格员联系方式"],
    ["網格名稱", "網格長", "電話", "網格員", "電話"],
])  # fmt: skip
def test_a_column_for_each_role(tmp_path: Path, header: list[str]) -> None:
    rows = [
        header,
        ["东岗", "甲一", "1300001", "乙二", "1300002"],
        ["西岗", "丙三", "1300003", "", ""],
    ]
    found = read(write_csv(tmp_path, rows))
    assert [(r["line"], r["grid"], r["role"], r["name"], r["phone"]) for r in found.rows] == [
        (2, "东岗", "网格长", "甲一", "1300001"),
        (2, "东岗", "网格员", "乙二", "1300002"),
        (3, "西岗", "网格长", "丙三", "1300003"),
    ]
    assert any(note.startswith("Each role has columns of its own") for note in found.notes)


def test_role_columns_below_merged_roles(tmp_path: Path) -> None:
    rows = [
        ["序号", "网格名称", "网格长", None, "专职网格员", None, "任职时间"],
        [None, None, "姓名", "电话", "姓名", "电话", None],
        [1, "东岗", "甲一", "1300001", "乙二、丙三", "1300002、1300003", "2024-03-01"],
    ]
    merged = ["A1:A2", "B1:B2", "C1:D1", "E1:F1", "G1:G2"]
    found = read(write_book(tmp_path, {"s": rows}, merged))
    assert [(r["role"], r["name"], r["phone"], r["from"]) for r in found.rows] == [
        ("网格长", "甲一", "1300001", "2024-03-01"),
        ("专职网格员", "乙二", "1300002", "2024-03-01"),
        ("专职网格员", "丙三", "1300003", "2024-03-01"),
    ]


def test_number_of_which_role_is_asked(tmp_path: Path) -> None:
    rows = [["网格名称", "网格长", "网格员", "电话"], ["东岗", "甲一", "乙二", "1300001"]]
    with pytest.raises(InvalidInputError, match="of which role 电话 is"):
        read(write_csv(tmp_path, rows))


def test_number_of_the_first_role_alone(tmp_path: Path) -> None:
    rows = [["网格名称", "网格长", "电话", "网格员"], ["东岗", "甲一", "1300001", "乙二"]]
    found = read(write_csv(tmp_path, rows))
    assert [row.get("phone") for row in found.rows] == ["1300001", None]


def test_people_with_fewer_numbers_stay_together(tmp_path: Path) -> None:
    """The import refuses them: nobody knows whose the number is."""
    found = read(write_csv(tmp_path, [HEADER, [1, "东岗", "甲一、乙二", "网格员", "1300001"]]))
    assert [row["name"] for row in found.rows] == ["甲一、乙二"]


def test_names_that_only_look_like_two(tmp_path: Path) -> None:
    names = ["Smith, John", "张  三", "买买提·艾力", "张\n三"]
    found = read(write_csv(tmp_path, [HEADER, *([1, "东岗", n, "网格员", "1"] for n in names)]))
    assert [row["name"] for row in found.rows] == names


@pytest.mark.parametrize("nobody", ["无", "空缺", "/", "—"])
def test_a_duty_that_nobody_holds(tmp_path: Path, nobody: str) -> None:
    rows = [["网格名称", "网格长", "网格员"], ["东岗", "甲一", nobody]]
    found = read(write_csv(tmp_path, rows))
    assert [row["name"] for row in found.rows] == ["甲一"]
    assert found.left == [(2, "vacant")]


def test_cells_merged_downwards(tmp_path: Path) -> None:
    rows = [
        ["乡镇", *HEADER],
        ["衡山镇", *ROW],
        [None, 2, None, "乙二", "网格员", "13000000002"],
        [None, 3, None, None, None, None],
        [None, None, None, None, None, None],
        ["下符桥镇", 4, "西岗", "丙三", "网格员", "13000000003"],
    ]
    found = read(write_book(tmp_path, {"s": rows}, ["A2:A5", "C2:C5"]))
    assert [(row["line"], row["grid"]) for row in found.rows] == [
        (2, "东岗"), (3, "东岗"), (6, "西岗")
    ]  # fmt: skip
    merged = "Cells merged over several rows count for each of them: 乡镇, 网格名称."
    assert merged in found.notes
    assert "1 rows hold nothing but their number: left out." in found.notes
    assert "Empty rows were passed over: 1." in found.notes


@pytest.mark.parametrize(("row", "why"), [
    (["合计", "", "5人", "", ""], "total"),
    (["", "小计", "12", "", ""], "total"),
    (["总计：3人", "", "", "", ""], "total"),
    (["合  计", "", 7, "", ""], "total"),
    (["注：名单以组织部门审定为准", "", "", "", ""], "note"),
    (["填表人：丁四", "", "", "", "审核人：戊五"], "note"),
    (["填報日期：2026年3月1日", "", "", "", ""], "note"),
    (["备注1：含兼职", "", "", "", ""], "note"),
    (["单位负责人（签字）：", "", "填表日期：", "", ""], "note"),
    (["Note: as of March", "", "", "", ""], "note"),
])  # fmt: skip
def test_totals_and_notes(tmp_path: Path, row: list[Any], why: str) -> None:
    found = read(write_csv(tmp_path, [HEADER, ROW, row]))
    assert len(found.rows) == 1
    assert found.left == [(3, why)]


@pytest.mark.parametrize("row", [
    [2, "合计", "乙二", "网格员", ""],
    [2, "东岗", "乙二", "", "13000000002"],
    [2, "", "合计", "网格员", ""],
    ["", "东岗", "", "", ""],
    ["说明", "东岗", "乙二", "网格员", ""],
])  # fmt: skip
def test_rows_of_the_list_are_never_left_out(tmp_path: Path, row: list[Any]) -> None:
    found = read(write_csv(tmp_path, [HEADER, ROW, row]))
    assert [each["line"] for each in found.rows] == [2, 3]
    assert found.left == []


def test_lines_after_a_note_belong_to_it(tmp_path: Path) -> None:
    rows = [HEADER, ROW, ["注：1.一式两份。"], ["2.请勿改动。"], [], ["2026年3月1日"]]
    assert read(write_csv(tmp_path, rows)).left == [(3, "note"), (4, "note"), (6, "note")]


def test_heading_within_and_header_again(tmp_path: Path) -> None:
    rows = [HEADER, ["一、衡山镇"], ROW, HEADER, ["二、下符桥镇"], [*ROW[:2], "乙二", *ROW[3:]]]
    found = read(write_book(tmp_path, {"s": rows}, ["A2:E2", "A5:E5"]))
    assert [row["line"] for row in found.rows] == [3, 6]
    assert found.left == [(2, "heading"), (5, "heading")]
    assert "The header stands again in row 4: left out." in found.notes


def test_numbered_columns(tmp_path: Path) -> None:
    found = read(write_csv(tmp_path, [HEADER, [1, 2, 3, 4, 5], ROW]))
    assert [row["line"] for row in found.rows] == [3]
    assert "The columns are numbered in row 2: left out." in found.notes


def test_rows_as_the_spreadsheet_numbers_them(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text(
        '\n姓名,职务,网格,承诺\n甲一,网格员,东岗,"一\n二"\n\n,,,\n乙二,网格员,东岗,\n', "utf-8"
    )
    assert [row["line"] for row in read(path).rows] == [3, 6]


def test_sheets_of_several_towns(tmp_path: Path) -> None:
    other = ["姓名", "职务", "网格编码", "手机"]
    sheets = {
        "填表说明": [["请按表填写"]],
        "衡山镇": [["衡山镇名册"], HEADER, ROW],
        "下符桥镇": [other, ["乙二", "网格员", "001", "13000000002"]],
        "空": [],
    }
    found = read(write_book(tmp_path, sheets))
    assert [(row["part"], row["line"], row["name"], row["phone"]) for row in found.rows] == [
        (0, 3, "甲一", "13000000001"),
        (1, 2, "乙二", "13000000002"),
    ]
    assert found.columns["phone"] == "联系电话 / 手机"
    assert (
        "Sheets: 衡山镇 (1 rows), 下符桥镇 (1 rows). --layer reads one of them alone."
        in found.notes
    )
    assert "Sheets without the columns needed were not read: 填表说明." in found.notes
    alone = read(tmp_path / "list.xlsx", layer="下符桥镇")
    assert [row["name"] for row in alone.rows] == ["乙二"]


def test_hidden_sheets_are_not_read(tmp_path: Path) -> None:
    path = write_book(tmp_path, {"a": [HEADER, ROW], "旧名单": [HEADER, ROW]})
    book = openpyxl.load_workbook(path)
    book["旧名单"].sheet_state = "hidden"
    book.save(path)
    found = read(path)
    assert len(found.rows) == 1
    assert "Hidden sheets were not read: 旧名单." in found.notes


def test_empty_columns_before_the_list(tmp_path: Path) -> None:
    rows = [[None, None, *HEADER], [None, None, *ROW]]
    assert read(write_book(tmp_path, {"s": [[], *rows]})).rows[0]["line"] == 3


def test_a_separator_within_a_text_moves_no_cells(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("网格,姓名,职务,电话\n东岗,甲一,网格员,1,2\n西岗,乙二,网格员,3,\n", "utf-8")
    found = read(path)
    assert [row["line"] for row in found.rows] == [3]
    assert found.left == [(2, "extra")]


def test_two_columns_that_could_be_meant(tmp_path: Path) -> None:
    rows = [["网格", "姓名（现任）", "姓名（前任）", "职务"], ["东岗", "甲一", "乙二", "网格员"]]
    with pytest.raises(InvalidInputError, match="Several columns could be meant for name"):
        read(write_csv(tmp_path, rows))
    told = read(tmp_path / "list.csv", told={"name": "姓名（前任）"})
    assert told.rows[0]["name"] == "乙二"


def test_a_table_without_header_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InvalidInputError, match="No column was recognised"):
        read(write_csv(tmp_path, [ROW, ROW]))
    with pytest.raises(FileRefusedError, match="None of the first rows"):
        read(write_book(tmp_path, {"s": [["甲一"], ["乙二"]]}))


def test_an_unknown_header_is_said_before_the_rows_are_read(tmp_path: Path) -> None:
    """Below the header stands what no reader gets through: nobody has looked."""
    path = tmp_path / "list.csv"
    lines = ["foo,bar\n", *["1,2\n"] * 5000]
    path.write_bytes("".join(lines).encode() + b'"\x00')
    with pytest.raises(InvalidInputError, match="The file has: foo, bar"):
        read(path)


def test_a_text_that_ends_in_another_encoding(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    row = ",".join(map(str, ROW)) + "\n"
    start = (",".join(HEADER) + "\n" + row * 120_000).encode()
    path.write_bytes(start + "2,东".encode("gbk"))
    with pytest.raises(FileRefusedError, match=f"byte {len(start) + 2} does not fit"):
        read(path)


def test_more_columns_than_a_sheet_has(tmp_path: Path) -> None:
    with pytest.raises(FileRefusedError, match="more than 16384 columns"):
        read(write_csv(tmp_path, [[*HEADER, *map(str, range(500_000))], ROW]))
