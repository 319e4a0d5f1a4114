"""Tables for spreadsheet programs, in which no cell can be taken for a formula."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

Cell = str | int | datetime | None

CSV = "text/csv"
EXCEL = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# What a file of Excel cannot hold.
_UNWRITABLE = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f]")
# How long a cell's text may be in Excel.
_LONGEST = 32_767


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
    title: str, head: Sequence[str], rows: Iterable[Sequence[Cell]], *, widths: Sequence[int]
) -> bytes:
    """Return a table as an Excel workbook of one sheet; ``widths`` are in characters."""
    # Slow to import, and needed by those who ask for Excel only.
    from openpyxl import Workbook
    from openpyxl.utils import get_column_letter

    book = Workbook(write_only=True)
    sheet = book.create_sheet(title[:31])
    sheet.freeze_panes = "A2"
    for column, width in enumerate(widths, 1):
        sheet.column_dimensions[get_column_letter(column)].width = width
    sheet.append([_text_cell(sheet, text, is_head=True) for text in head])
    for row in rows:
        sheet.append([_cell(sheet, value) for value in row])
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _plain(value: Cell) -> str | int | None:
    if isinstance(value, datetime):
        return value.strftime("%Y-%m-%d %H:%M:%S")
    return as_text(value) if isinstance(value, str) else value


def _cell(sheet: Any, value: Cell) -> object:
    if isinstance(value, datetime):
        # Excel knows no time zones; which one it is stands in the head.
        return value.replace(tzinfo=None)
    if not isinstance(value, str):
        return value
    text = _UNWRITABLE.sub("", value)[:_LONGEST]
    return _text_cell(sheet, text) if text.startswith("=") else text


def _text_cell(sheet: Any, text: str, *, is_head: bool = False) -> object:
    """Return a cell that is text whatever it begins with; it costs more than a bare value."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    cell = WriteOnlyCell(sheet, text)
    cell.data_type = "s"
    if is_head:
        cell.font = Font(bold=True)
    return cell
