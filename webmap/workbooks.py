"""Excel workbooks to download: texts in every cell, never a formula or a number."""

from __future__ import annotations

import io
from collections.abc import Mapping, Sequence

from flask import Response

MIMETYPE = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
# As far down as a list of choices is offered.
_LAST_ROW = 5001


def write(
    title: str,
    rows: Sequence[Sequence[str]],
    *,
    choices: Mapping[int, Sequence[str]] | None = None,
    widths: int = 20,
) -> bytes:
    """Return a workbook of one sheet; the first row is its header.

    Cells are texts, so that "007" keeps its zeros and "=1+1" is nothing that a spreadsheet
    computes. ``choices`` are the values that a column (counted from 0) offers; they stand on a
    second sheet.
    """
    # Slow to import, and rarely needed.
    import openpyxl
    from openpyxl.styles import Font
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    book = openpyxl.Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.title = title
    sheet.freeze_panes = "A2"
    for number, values in enumerate(rows, 1):
        for column, value in enumerate(values, 1):
            cell = sheet.cell(number, column, value)
            # openpyxl takes what begins with "=" for a formula.
            cell.data_type = "s"
            cell.number_format = "@"
            # Stays a text when somebody edits the cell.
            cell.quotePrefix = True
            if number == 1:
                cell.font = Font(bold=True)
    for column in range(1, len(rows[0]) + 1):
        letter = get_column_letter(column)
        sheet.column_dimensions[letter].width = widths
        sheet.column_dimensions[letter].number_format = "@"
    for at, values in (choices or {}).items():
        offered = book.create_sheet(rows[0][at])
        for number, value in enumerate(values, 1):
            offered.cell(number, 1, value)
        offered.column_dimensions["A"].width = widths
        letter = get_column_letter(at + 1)
        rule = DataValidation(
            type="list", formula1=f"'{rows[0][at]}'!$A$1:$A${len(values)}", allow_blank=True
        )
        rule.add(f"{letter}2:{letter}{_LAST_ROW}")
        sheet.add_data_validation(rule)
    body = io.BytesIO()
    book.save(body)
    return body.getvalue()


def response(body: bytes, name: str) -> Response:
    """Return a workbook as a download that nobody keeps on the way."""
    answer = Response(body, mimetype=MIMETYPE)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
