"""Tables for spreadsheet programs, in which no cell can be taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

Cell = str | int | float | datetime | None

CSV = "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a file of Excel cannot hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# How long a cell's text may be in Excel.
_LONGEST = 32_767
# Excel's formats of text, and of a share that is written in percent.
_TEXT = "@"
PERCENT = "0.0%"
# As far down as a column offers its choices.
_LAST_ROW = 5001


@dataclass(frozen=True, slots=True)
class Sheet:
    """A sheet of a workbook; ``widths`` are in characters, ``formats`` those of columns.

    Columns are counted from 0. ``is_filtered``: each column offers its values to choose from.
    """

    title: str
    head: Sequence[str]
    rows: Iterable[Sequence[Cell]]
    widths: Sequence[int]
    formats: Mapping[int, str] = field(default_factory=dict[int, str])
    is_filtered: bool = False


def as_text(value: str) -> str:
    """Return a text from others so that no spreadsheet takes it for a formula."""
    return f"'{value}" if value.startswith(("=", "+", "-", "@", "\t", "\r")) else value


def to_csv(head: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    """Return a table as CSV; with a byte order mark, without which Excel garbles Chinese."""
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(head)
    for row in rows:
        writer.writerow([_plain(cell) for cell in row])
    return out.getvalue().encode("utf-8-sig")


def to_excel(
    title: str,
    head: Sequence[str],
    rows: Iterable[Sequence[Cell]],
    *,
    widths: Sequence[int],
    is_form: bool = False,
    choices: Mapping[int, Sequence[str]] | None = None,
) -> bytes:
    """Return a table as an Excel workbook; ``widths`` are in characters.

    A form is there to be filled in or copied from: every cell is text and stays so when somebody
    edits it, so that "007" keeps its zeros. ``choices`` are the values that a column (counted from
    0) offers; they stand on a sheet of their own.
    """
    # Slow to import, and needed by those who ask for Excel only.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for column, width in enumerate(widths, 1):
        dimension = sheet.column_dimensions[get_column_letter(column)]
        dimension.width = width
        if is_form:
            dimension.number_format = _TEXT
    sheet.append([_text_cell(sheet, text, is_head=True, is_form=is_form) for text in head])
    for row in rows:
        sheet.append([_cell(sheet, value, is_form=is_form) for value in row])
    for column, values in (choices or {}).items():
        offered = book.create_sheet(head[column][:31])
        offered.column_dimensions["A"].width = widths[column]
        for value in values:
            offered.append([_text_cell(offered, value)])
        rule = DataValidation(
            type="list",
            formula1=f"'{head[column][:31]}'!$A$1:$A${len(values)}",
            allow_blank=True,
        )
        letter = get_column_letter(column + 1)
        rule.add(f"{letter}2:{letter}{_LAST_ROW}")
        sheet.data_validations.append(rule)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def to_workbook(sheets: Iterable[Sheet]) -> bytes:
    """Return several tables as one Excel workbook: numbers are numbers, the head stays in sight."""
    from openpyxl import Workbook
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    for each in sheets:
        sheet = book.create_sheet(each.title[:31])
        sheet.freeze_panes = "A2"
        for column, width in enumerate(each.widths, 1):
            sheet.column_dimensions[get_column_letter(column)].width = width
        head = [_text_cell(sheet, text, is_head=True) for text in each.head]
        for cell in head:
            cell.alignment = Alignment(wrap_text=True, vertical="top")
        sheet.append(head)
        last = 1
        for row in each.rows:
            last += 1
            cells = [_cell(sheet, value, is_form=False) for value in row]
            for column, number_format in each.formats.items():
                if isinstance(row[column], (int, float)):
                    cells[column] = WriteOnlyCell(sheet, row[column])
                    cells[column].number_format = number_format
            sheet.append(cells)
        if each.is_filtered:
            sheet.auto_filter.ref = f"A1:{get_column_letter(len(each.head))}{last}"
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(value: Cell) -> str | float | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return as_text(value) if isinstance(value, str) else value


def _cell(sheet: Any, value: Cell, *, is_form: bool) -> Any:
    if isinstance(value, datetime):
        # Excel knows no time zones; which one it is stands in the head.
        return value.replace(tzinfo=None)
    if not isinstance(value, str):
        return value
    text = _UNWRITABLE.sub("", value)[:_LONGEST]
    if is_form or text.startswith("="):
        return _text_cell(sheet, text, is_form=is_form)
    return text


def _text_cell(sheet: Any, text: str, *, is_head: bool = False, is_form: bool = False) -> Any:
    """Return a cell that is text whatever it begins with; it costs more than a bare value."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    if is_form:
        cell.number_format = _TEXT
        cell.quotePrefix = True
    if is_head:
        cell.font = Font(bold=True)
    return cell
