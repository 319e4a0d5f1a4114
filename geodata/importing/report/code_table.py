"""The table of old and new codes: proposed, written for a spreadsheet, and read back edited."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from geodata.errors import InvalidInputError
from geodata.importing.files import process
from geodata.importing.files.process import Limits
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import (
    ROWS,
    FileRequest,
    GridRequest,
    KnownGrid,
    TableRequest,
    TableRow,
    to_plain,
)
from geodata.language.phrases import Phrase, Translate, english
from geodata.spreadsheets import Cell, as_text, to_csv

# As the columns are called in a table that was written here, in either language.
_OLD, _NEW, _CONTINUES = "code_old", "code_new", "continues"
_HEADS: Mapping[str, tuple[str, ...]] = {
    _OLD: ("原编码", "旧编码", "原代码", "旧代码"),
    _NEW: ("新编码", "新代码"),
    _CONTINUES: ("沿用",),
}
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
    headers = {name: (name, *words) for name, words in _HEADS.items()}
    request = TableRequest(FileRequest(str(path.resolve())), headers, (_OLD, _NEW))
    try:
        with process.opened("table", to_plain(request), {}, _quiet, Limits()) as done:
            left: list[dict[str, Any]] = done.result["left"]
            names = [name for name in _HEADS if name in done.result["columns"]]
            texts = (done.work / ROWS).read_text("utf-8")
    except FileRefusedError as refused:
        if refused.fault != InvalidInputError.code:
            raise
        data = {key: value for key, value in refused.data.items() if key != "fault"}
        raise InvalidInputError(
            refused.message,
            hint="--write-table FILE.csv writes a table to begin with.",
            **data,
        ) from refused
    for each in left:
        raise InvalidInputError(
            "Row {row} of the table names no code.", hint="Delete the row.", row=each["line"]
        )
    rows = (json.loads(line) for line in texts.splitlines())
    places = [place for place, name in enumerate(_HEADS, 3) if name in names]
    found = [
        _row(row[0], dict(zip(names, (row[place] for place in places), strict=True)))
        for row in rows
    ]
    return tuple(each for each in found if each is not None)


def _quiet(_stage: str, _share: float) -> None:
    pass


def _row(number: int, cells: Mapping[str, object]) -> TableRow | None:
    texts = {name: _text(cell) for name, cell in cells.items()}
    old, new = texts[_OLD], texts[_NEW]
    if not old and not new:
        if any(texts.values()):
            raise InvalidInputError(
                "Row {row} of the table names no code.", hint="Delete the row.", row=number
            )
        return None
    continues = None
    if _CONTINUES in texts:
        said = texts[_CONTINUES].lower()
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
