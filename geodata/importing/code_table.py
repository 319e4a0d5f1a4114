"""The table of old and new codes: proposed, written for a spreadsheet, and read back edited."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geodata.errors import InvalidInputError
from geodata.importing import process
from geodata.importing.process import Limits
from geodata.importing.requests import FileRequest, GridRequest, KnownGrid, TableRow, to_plain
from geodata.phrases import Phrase, Translate, english
from geodata.spreadsheets import Cell, as_text, to_csv

# As the columns are called in a table that was written here, in either language.
_OLD, _NEW, _CONTINUES = "code_old", "code_new", "continues"
_HEADS: Mapping[str, str] = {
    "原编码": _OLD, "旧编码": _OLD, "新编码": _NEW, "沿用": _CONTINUES,
}  # fmt: skip
_MARK = "√"
_YES = {_MARK, "yes", "y", "1", "true", "是", "有", "✓"}
_NO = {"", "no", "n", "0", "false", "否", "无"}


@dataclass(frozen=True, slots=True)
class TableLine:
    """A known grid beside a grid of the file that takes ground of it; '' where there is none.

    ``old`` and ``new`` are their positions, None where there is none; ``old_share`` the part of the
    known grid that passes, 0 to 1; ``households`` those on it, None where no building tells.
    """

    old: int | None
    old_code: str
    old_name: str
    new: int | None
    new_code: str
    new_name: str
    m2: float = 0.0
    old_share: float = 0.0
    households: int | None = None
    continues: bool = False


def lines(result: Mapping[str, Any], request: GridRequest) -> list[TableLine]:
    """Return the table of what the child found, with what begins and ends beside nothing."""

    def line(old: int | None, new: int | None, *measures: Any) -> TableLine:
        known = request.existing[old] if old is not None else KnownGrid(0, "", "")
        row = result["rows"][new] if new is not None else {"code": "", "name": ""}
        return TableLine(old, known.code, known.name, new, row["code"], row["name"], *measures)

    found = [
        line(
            each["old"],
            each["new"],
            each["m2"],
            each["old_share"],
            each["households"],
            each["continues"],
        )
        for each in result["relations"]
    ]
    met = {each["new"] for each in result["relations"]}
    for each in result["differences"]:
        if each["whats"] == ["gone"]:
            found.append(line(each["old"], None))
        elif each["old"] < 0 and each["new"] not in met:
            found.append(line(None, each["new"]))
    return found


def to_table(table: Sequence[TableLine], translate: Translate = english) -> bytes:
    """Return the table as CSV for a spreadsheet, to be edited and read back."""
    head = [
        Phrase("code_old"), Phrase("name_old"), Phrase("code_new"), Phrase("name_new"),
        Phrase("continues"), Phrase("m2"), Phrase("share of the old"), Phrase("households"),
    ]  # fmt: skip
    body: list[list[Cell]] = [
        [
            as_text(each.old_code), as_text(each.old_name), as_text(each.new_code),
            as_text(each.new_name), _MARK if each.continues else "", round(each.m2, 1),
            round(each.old_share, 4), each.households,
        ]
        for each in table
    ]  # fmt: skip
    return to_csv([each.said(translate) for each in head], body)


def read(path: Path) -> tuple[TableRow, ...]:
    """Read an edited table: the columns code_old and code_new, and continues if it has one.

    Raises FileRefusedError if the file cannot be read, InvalidInputError if a column is missing or
    a row says nothing.
    """
    request = to_plain(FileRequest(str(path.resolve())))
    with process.opened("table", request, {}, lambda _stage, _share: None, Limits()) as done:
        columns: list[str] = done.result["columns"]
        rows: list[list[object]] = done.result["rows"]
        first: int = done.result["first"]
    at = {_head(column): position for position, column in enumerate(columns)}
    for name in (_OLD, _NEW):
        if name not in at:
            raise InvalidInputError(
                "The table has no column {name}. It has: {columns}.",
                hint="--write-table FILE.csv writes a table to begin with.",
                name=name,
                columns=", ".join(columns),
            )
    found = [_row(row, number, at) for number, row in enumerate(rows, first)]
    return tuple(each for each in found if each is not None)


def _head(column: str) -> str:
    name = column.strip().lower()
    return _HEADS.get(name, name)


def _row(row: Sequence[object], number: int, at: Mapping[str, int]) -> TableRow | None:
    texts = {name: _text(row[position]) for name, position in at.items() if position < len(row)}
    old, new = texts.get(_OLD, ""), texts.get(_NEW, "")
    if not old and not new:
        if any(texts.values()):
            raise InvalidInputError(
                "Row {row} of the table names no code.", hint="Delete the row.", row=number
            )
        return None
    continues = None
    if _CONTINUES in at:
        said = texts.get(_CONTINUES, "").lower()
        if said not in _YES | _NO:
            raise InvalidInputError(
                'Row {row} of the table: {column} is "{text}", and takes yes or nothing.',
                row=number,
                column=_CONTINUES,
                text=said,
            )
        continues = said in _YES
    return TableRow(number, old, new, continues)


def _text(value: object) -> str:
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    text = "" if value is None else str(value).strip()
    # As ``as_text`` writes what a spreadsheet would take for a formula.
    return text[1:] if text.startswith("'") else text
