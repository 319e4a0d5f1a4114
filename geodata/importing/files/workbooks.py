"""Reading workbooks: their sheets, row by row as they are numbered, merged cells filled downwards.

Runs in the limited child process only.
"""

from __future__ import annotations

import re
import zipfile
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

from geodata.importing.files import formulas
from geodata.importing.files.formulas import Lost
from geodata.importing.files.layouts import Numbered, Part, is_blank, said
from geodata.importing.files.refusals import FileRefusedError
from geodata.language.phrases import Phrase

_PART = "xl/workbook.xml"
_DATE_1904 = re.compile(rb"<(?:\w+:)?workbookPr\b[^>]*\bdate1904\s*=\s*[\"'](?:1|true)[\"']")
# Corners of merged cells, rows and columns from 0: ((top, left), (bottom, right)).
Merged = tuple[tuple[int, int], tuple[int, int]]


def parts(
    path: Path, wanted: str | None, notes: list[Phrase], value: Callable[[object], object]
) -> list[Part]:
    """Return the sheets of a workbook that people see, or the one that is wanted.

    ``value`` brings a cell to what JSON knows.

    Raises:
        FileRefusedError
    """
    from python_calamine import CalamineError, CalamineWorkbook, SheetVisibleEnum

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        if wanted is not None and wanted not in names:
            raise FileRefusedError(
                "several_layers",
                "The workbook has no sheet {name}. It has: {names}.",
                name=wanted,
                names=", ".join(names),
            )
        seen = [
            sheet.name for sheet in book.sheets_metadata
            if sheet.visible == SheetVisibleEnum.Visible
        ] or names  # fmt: skip
        hidden = [name for name in names if name not in seen]
        if hidden and wanted is None:
            notes.append(Phrase("Hidden sheets were not read: {sheets}.", {"sheets": hidden}))
        chosen = [wanted] if wanted is not None else seen
        without = formulas.lost(path)
        return [
            _part(book.get_sheet_by_name(name), value, without.get(name, {})) for name in chosen
        ]
    except CalamineError as failure:
        raise FileRefusedError(
            "unreadable",
            "The workbook is damaged or protected by a password: {reason}.",
            reason=str(failure),
        ) from failure


def counts_from_1904(path: Path) -> bool:
    """Whether numbers of days in a workbook begin in 1904, as Excel on old Macs did.

    It matters where a cell is not formatted as a date: there the reader leaves the number. Only
    .xlsx says it where it can be read cheaply.
    """
    if not zipfile.is_zipfile(path):
        return False
    with zipfile.ZipFile(path) as packed:
        if _PART not in packed.namelist():
            return False
        with packed.open(_PART) as part:
            return _DATE_1904.search(part.read(1 << 20)) is not None


def _part(sheet: Any, value: Callable[[object], object], lost: Lost) -> Part:
    merged: list[Merged] = sheet.merged_cell_ranges or []
    width = sheet.total_width
    wide = frozenset(
        row + 1
        for (top, left), (bottom, right) in merged
        if right - left + 1 >= max(3, width / 2)
        for row in range(top, bottom + 1)
    )
    down = [area for area in merged if area[1][0] > area[0][0]]
    # The first rows alone are cheap: a header that is not known is said before the rest is read.
    head = sheet.to_python(skip_empty_area=False, nrows=_HEAD)
    first = _numbered(_filled(head, lost), down, value)
    return Part(
        sheet.name,
        list(first),
        lambda: _numbered(_filled(_rows(sheet), lost), down, value),
        wide,
        down=[(top + 1, left) for (top, left), _ in down],
    )


_HEAD = 200
# A running number has no more digits.
_SERIAL = 4


def _rows(sheet: Any) -> Iterator[list[object]]:
    if sheet.height:
        yield from sheet.to_python(skip_empty_area=False)


def _filled(
    rows: Sequence[list[object]] | Iterator[list[object]], lost: Lost
) -> Iterator[list[object]]:
    """Put the texts of cells without a value where the reader has empty ones."""
    for at, cells in enumerate(rows):
        for column, text in lost.get(at, {}).items():
            if column < len(cells):
                cells[column] = text
        yield cells


def _numbered(
    rows: Sequence[list[object]] | Iterator[list[object]],
    down: Sequence[Merged],
    value: Callable[[object], object],
) -> Iterator[Numbered]:
    """Number rows from 1, and let a cell that is merged downwards count for each of its rows.

    A row that holds nothing else, or a running number, stays so: it was made for later.
    """
    starts: dict[int, list[tuple[int, int]]] = {}
    for (top, left), (bottom, _) in down:
        starts.setdefault(top, []).append((left, bottom))
    carried: dict[int, tuple[int, object]] = {}
    for at, raw in enumerate(rows):
        cells = [value(cell) for cell in raw]
        own = [text for cell in cells if (text := said(cell))] if carried else []
        is_used = len(own) > 1 or any(not text.isdecimal() or len(text) > _SERIAL for text in own)
        for column, (bottom, above) in list(carried.items()):
            if at > bottom:
                del carried[column]
            elif is_used and is_blank([cells[column]]):
                cells[column] = above
        for column, bottom in starts.get(at, ()):
            carried[column] = bottom, cells[column]
        yield at + 1, cells
