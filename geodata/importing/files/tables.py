"""Reading tables - CSV, Excel, lists in JSON, map layers of points - into rows of plain values.

Runs in the limited child process only.
"""

from __future__ import annotations

import csv
import gzip
import json
import re
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import suppress
from dataclasses import asdict
from datetime import date, datetime, time, timedelta
from functools import partial
from itertools import islice
from pathlib import Path

import numpy as np
import shapely

from geodata.errors import GridMapError
from geodata.importing.files import archive, encoding_choice, layouts, listing, sniffing, workbooks
from geodata.importing.files.encoding import SHOWN, canonical
from geodata.importing.files.layouts import Numbered, Part
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import ROWS, FileRequest, TableRequest
from geodata.importing.values.cut_numbers import EXACT
from geodata.language.phrases import Phrase

_MAX_UNPACKED = 1 << 30
_DELIMITERS = ",;\t|¬"
_HEAD_LINES = 200
# As much of a text as tells its encoding.
_SAMPLE = 4_000_000
# Columns that a layer of points brings along with its attributes.
POINT_COLUMNS = ("@lon", "@lat")


def read(request: TableRequest, work: Path) -> dict[str, object]:
    """Write the rows of a list to ``ROWS`` in the work folder, and return how it was understood.

    Cells stand in the order of the request's fields; of other columns nothing is handed on. Rows
    have the number that the program shows in which people see the file; those of layers and of
    JSON are counted from 1.

    Returns {"columns": header of each field that has one, "count", "parts", "left", "notes",
    "is_1904": how a workbook counts days, "crs": the system of a layer's points, else None}.

    Raises:
        FileRefusedError, InvalidInputError
    """
    path = Path(request.file.path)
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip():
        raise FileRefusedError("empty_file", "The file is empty.")
    if head.startswith(b"\x1f\x8b"):
        path = _gunzip(path, work)
        with path.open("rb") as file:
            head = file.read(4096)
    notes: list[Phrase] = []
    is_1904 = False
    crs: str | None = None
    if head.startswith(b"\xd0\xcf\x11\xe0") or _is_workbook(path, head):
        parts = workbooks.parts(path, request.file.layer, notes, _value)
        is_1904 = workbooks.counts_from_1904(path)
        found = listing.write(request, parts, work / ROWS, notes, is_titled=True)
    elif head.startswith((b"PK", b"SQLite format 3", b"fgb", b"<")) or _is_geojson(path, head):
        table, crs = _layer(path, request.file, work, notes)
        found = listing.write(request, [_as_part(table)], work / ROWS, notes)
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"[", b"{"}:
        found = listing.write(request, [_as_part(_json(path))], work / ROWS, notes)
    else:
        part = _csv(path, request, notes)
        found = listing.write(request, [part], work / ROWS, notes, is_titled=True)
    return {**asdict(found), "notes": notes, "is_1904": is_1904, "crs": crs}


Table = tuple[list[str], list[list[object]]]


def _as_part(table: Table) -> Part:
    """Return a table that says its columns itself, with them as row 0."""
    columns, rows = table
    return Part("", [(0, list(columns))], lambda: enumerate(rows, 1))


def _gunzip(path: Path, work: Path) -> Path:
    target = work / "unpacked"
    left = _MAX_UNPACKED
    try:
        with gzip.open(path) as packed, target.open("wb") as out:
            while chunk := packed.read(1 << 20):
                left -= len(chunk)
                if left < 0 or target.stat().st_size > 200 * path.stat().st_size + (64 << 20):
                    raise FileRefusedError("zip_bomb", "The gzip file unpacks to far too much.")
                out.write(chunk)
    except (EOFError, gzip.BadGzipFile, OSError) as failure:
        raise FileRefusedError(
            "truncated", "The gzip file is damaged or cut off.", hint="Copy it again."
        ) from failure
    return target


def _is_workbook(path: Path, head: bytes) -> bool:
    if not head.startswith(b"PK"):
        return False
    try:
        with zipfile.ZipFile(path) as packed:
            names = set(packed.namelist())
            if names & {"xl/workbook.xml", "xl/workbook.bin", "content.xml"}:
                archive.check_entries(packed.infolist())
                return True
    except zipfile.BadZipFile:
        pass
    return False


def _is_geojson(path: Path, head: bytes) -> bool:
    """Whether a file is GeoJSON rather than a list of objects; checks the depth of any JSON."""
    if head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] not in {b"{", b"["}:
        return False
    sniffing.check_json(path)
    return re.search(rb'"FeatureCollection"|"features"|"type"\s*:\s*"Feature"', head) is not None


def _value(value: object) -> object:
    """Return a cell of a workbook as JSON knows it."""
    if isinstance(value, (datetime, date, time)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return str(value)
    # Beyond that a spreadsheet has lost digits: it stays a float, which no one takes for a code.
    if isinstance(value, float) and value.is_integer() and abs(value) < EXACT:
        return int(value)
    return value


def _json(path: Path) -> Table:
    def refuse(name: str) -> float:
        raise FileRefusedError(
            "not_finite", "The JSON holds {name}, which is no number.", name=name
        )

    try:
        found: object = json.loads(path.read_bytes().decode("utf-8-sig"), parse_constant=refuse)
    # Also a number of more digits than Python reads is a ValueError.
    except (ValueError, RecursionError) as failure:
        raise FileRefusedError(
            "unreadable", "The JSON cannot be read: {reason}.", reason=str(failure)[:200]
        ) from failure
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else [found]
    if not isinstance(found, list) or not all(isinstance(item, dict) for item in found):
        raise FileRefusedError("wrong_format", "The JSON is not a list of objects.")
    columns: dict[str, None] = {}
    for item in found:
        columns.update(dict.fromkeys(item))
    names = list(columns)
    return names, [[_flat(item.get(name)) for name in names] for item in found]


def _flat(value: object) -> object:
    if isinstance(value, (dict, list)):
        return json.dumps(value, ensure_ascii=False)
    return value


def _csv(path: Path, request: TableRequest, notes: list[Phrase]) -> Part:
    with path.open("rb") as file:
        encoding = _csv_encoding(file.read(_SAMPLE), request.file.encoding, notes)
    csv.field_size_limit(1 << 24)
    try:
        lines = list(islice(_lines(path, encoding), _HEAD_LINES))
    except UnicodeDecodeError as failure:
        raise _misfit(path, encoding, request.file.encoding) from failure
    delimiter = _delimiter(lines, request)
    head = list(islice(_records(path, encoding, delimiter, request), _HEAD_LINES))
    if all(len(cells) < 2 for _, cells in head):
        raise FileRefusedError(
            "wrong_delimiter",
            "The first line has no separator {delimiter}: {line}",
            hint="Give the separator with --delimiter.",
            delimiter=delimiter,
            line=lines[0].strip()[:120],
        )
    rows = partial(_records, path, encoding, delimiter, request)
    return Part("", head, rows, is_text=True)


def _lines(path: Path, encoding: str) -> Iterator[str]:
    """Return the lines of a text with their ends, without a mark at its start."""
    with path.open(encoding=encoding, newline="") as file:
        for number, line in enumerate(file):
            if "\x00" in line:
                raise FileRefusedError("wrong_format", "The file is not a text file.")
            yield line.removeprefix("\ufeff") if number == 0 else line


def _records(
    path: Path, encoding: str, delimiter: str, request: TableRequest
) -> Iterator[Numbered]:
    """Return the rows of a CSV as a spreadsheet numbers them: empty lines count, and a row may go
    over several lines.
    """
    try:
        reader = csv.reader(_lines(path, encoding), delimiter=delimiter)
        for number, cells in enumerate(reader, 1):
            yield number, list[object](cells)
    except csv.Error as failure:
        raise FileRefusedError(
            "unreadable", "The table cannot be read: {reason}.", reason=str(failure)
        ) from failure
    except UnicodeDecodeError as failure:
        raise _misfit(path, encoding, request.file.encoding) from failure


def _misfit(path: Path, encoding: str, told: str | None) -> FileRefusedError:
    """Say at which byte a text is not in its encoding: the decoder of a stream counts from where
    it last stopped.
    """
    place = 0
    try:
        path.read_bytes().decode(encoding)
    except UnicodeDecodeError as failure:
        place = failure.start
    return FileRefusedError(
        "encoding_unknown",
        "The file is not in {encoding}: byte {place} does not fit.",
        hint="Try --encoding gbk, utf-8 or latin-1.",
        encoding=told or encoding,
        place=place,
    )


def _delimiter(lines: Sequence[str], request: TableRequest) -> str:
    """Return the separator that was told, else the one with which a header is found."""
    told = request.file.delimiter
    if told is not None:
        told = "\t" if told == "\\t" else told
        if len(told) != 1:
            raise FileRefusedError("wrong_delimiter", "--delimiter takes one character.")
        return told
    for likely in sorted(_DELIMITERS, key=lines[0].count, reverse=True):
        with suppress(GridMapError, csv.Error):
            rows = enumerate(csv.reader(lines, delimiter=likely), 1)
            layouts.find(request, [(number, list[object](cells)) for number, cells in rows])
            return likely
    return max(_DELIMITERS, key=lambda each: sum(line.count(each) for line in lines))


def _csv_encoding(raw: bytes, wanted: str | None, notes: list[Phrase]) -> str:
    if wanted is not None:
        return canonical(wanted)
    if raw.startswith((b"\xff\xfe", b"\xfe\xff")):
        return "utf-16"
    found = encoding_choice.of_lines(raw)
    if found != "utf-8":
        notes.append(
            Phrase(
                "The text was taken for {encoding}; --encoding says otherwise.",
                {"encoding": SHOWN.get(found, found)},
            )
        )
    return found


def _layer(
    path: Path, request: FileRequest, work: Path, notes: list[Phrase]
) -> tuple[Table, str | None]:
    """Read a layer of points as a table with two more columns, x and y as the file has them.

    Also returns the system of the points.
    """
    # Most lists are no layers: they do not wait for the libraries of those.
    from geodata.importing.files import features

    features.allowed_drivers_only()
    source = archive.open_source(path, work, request.layer)
    found = features.read(source, request)
    notes.extend(found.notes)
    geoms = found.geoms
    usable = (
        ~shapely.is_missing(geoms) & (shapely.get_type_id(geoms) == 0) & ~shapely.is_empty(geoms)
    )
    if request.crs is None and found.crs is None:
        raise FileRefusedError(
            "no_crs", "The file does not say its coordinate system.", hint="Give it with --crs."
        )
    places: list[list[object]] = []
    for geom, is_usable in zip(geoms, usable, strict=True):
        xy = [float(geom.x), float(geom.y)] if is_usable else [np.nan, np.nan]
        places.append([value if np.isfinite(value) else None for value in xy])
    names = [*found.columns, *POINT_COLUMNS]
    columns = list(found.columns.values())
    rows = [[column[i] for column in columns] + places[i] for i in range(len(geoms))]
    return (names, rows), found.crs
