"""Cells of a workbook without a value: errors such as #N/A, and formulas that nobody has computed.

The reader of workbooks hands both on as empty cells, and a last day that is empty is none.
Runs in the limited child process only.
"""

from __future__ import annotations

import re
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from html import unescape
from pathlib import Path, PurePosixPath

from geodata.importing.values.rows import NO_RESULT

# By row and column, from 0: the text that stands for the value.
Lost = Mapping[int, Mapping[int, str]]

_CHUNK = 1 << 20
_SHEET = re.compile(rb"<(?:\w+:)?sheet\b([^>]*)>")
_TARGET = re.compile(rb"<(?:\w+:)?Relationship\b([^>]*)>")
_ATTRIBUTE = re.compile(rb"([\w:]+)\s*=\s*(?:\"([^\"]*)\"|'([^']*)')")
_CELL = re.compile(rb"<(?:\w+:)?c\s([^>]*?)(?:/>|>(.*?)</(?:\w+:)?c>)", re.DOTALL)
_VALUE = re.compile(rb"<(?:\w+:)?v[^>/]*>([^<]+)</")
_FORMULA = re.compile(rb"<(?:\w+:)?f\b")
_SUSPECT = re.compile(rb"\bt=[\"']e[\"']|<(?:\w+:)?f\b")
_PLACE = re.compile(rb"([A-Z]{1,3})([0-9]{1,7})")


def lost(path: Path) -> Mapping[str, Lost]:
    """Return the cells without a value of each sheet of an .xlsx file; of others nothing."""
    found: dict[str, Lost] = {}
    if not zipfile.is_zipfile(path):
        return found
    with zipfile.ZipFile(path) as packed:
        names = set(packed.namelist())
        for sheet, part in _parts(packed, names):
            if part in names:
                rows: defaultdict[int, dict[int, str]] = defaultdict(dict)
                for row, column, text in _cells(packed, part):
                    rows[row][column] = text
                if rows:
                    found[sheet] = rows
    return found


def _parts(packed: zipfile.ZipFile, names: set[str]) -> Iterator[tuple[str, str]]:
    """Yield the sheets with the files that hold them."""
    book, links = "xl/workbook.xml", "xl/_rels/workbook.xml.rels"
    if book not in names or links not in names:
        return
    targets: dict[str, str] = {}
    for match in _TARGET.finditer(packed.read(links)):
        told = _attributes(match[1])
        target = told.get("Target", "")
        full = target.lstrip("/") if target.startswith("/") else f"xl/{target}"
        targets[told.get("Id", "")] = str(PurePosixPath(full))
    for match in _SHEET.finditer(packed.read(book)):
        told = _attributes(match[1])
        link = next((told[name] for name in told if name.endswith(":id")), "")
        yield told.get("name", ""), targets.get(link, "")


def _attributes(text: bytes) -> dict[str, str]:
    return {
        match[1].decode(): unescape((match[2] or match[3] or b"").decode("utf-8", "replace"))
        for match in _ATTRIBUTE.finditer(text)
    }


def _cells(packed: zipfile.ZipFile, part: str) -> Iterator[tuple[int, int, str]]:
    with packed.open(part) as file:
        kept = b""
        while chunk := file.read(_CHUNK):
            kept += chunk
            # Up to the last row that is whole.
            end = max(kept.rfind(b"</row>"), kept.rfind(b":row>")) + 1
            whole, kept = kept[:end], kept[end:]
            if _SUSPECT.search(whole):
                yield from _among(whole)
        if _SUSPECT.search(kept):
            yield from _among(kept)


def _among(rows: bytes) -> Iterator[tuple[int, int, str]]:
    for match in _CELL.finditer(rows):
        told = _attributes(match[1])
        place = _PLACE.fullmatch(told.get("r", "").encode())
        if place is None:
            continue
        value = _VALUE.search(match[2] or b"")
        kind = told.get("t", "n")
        if kind == "e":
            text = value[1].decode("utf-8", "replace") if value else NO_RESULT
        elif kind != "str" and value is None and _FORMULA.search(match[2] or b""):
            # A formula whose result is an empty text says so (t="str").
            text = NO_RESULT
        else:
            continue
        column = 0
        for letter in place[1]:
            column = column * 26 + letter - 64
        yield int(place[2]) - 1, column - 1, text
