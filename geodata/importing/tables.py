"""Reading tables - CSV, Excel, lists in JSON, map layers of points - into rows of plain values.

Runs in the limited child process only.
"""

from __future__ import annotations

import csv
import gzip
import io
import json
import re
import zipfile
from datetime import date, datetime, time, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import shapely

from geodata.importing import archive, encoding_choice, features, sniffing, workbooks
from geodata.importing.cut_numbers import EXACT
from geodata.importing.encoding import SHOWN, canonical
from geodata.importing.refusals import FileRefusedError
from geodata.importing.requests import FileRequest
from geodata.phrases import Phrase

MAX_ROWS = 2_000_000
_MAX_UNPACKED = 1 << 30
_DELIMITERS = ",;\t|¬"
# Columns that a layer of points brings along with its attributes.
POINT_COLUMNS = ("@lon", "@lat")


def read(request: FileRequest, work: Path) -> dict[str, object]:
    """Return {"columns", "rows", "first", "notes", "is_1904", "crs"}.

    ``first`` is the number of the first row; ``is_1904`` how a workbook counts days; ``crs`` is the
    system of a layer's points, None where there is no layer.

    Rows are counted as the program does in which people see the file: with a header, the first
    row of data is row 2.

    Raises:
        FileRefusedError
    """
    path = Path(request.path)
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
        columns, rows = _excel(path, request.layer, notes)
        is_1904 = workbooks.counts_from_1904(path)
        first = 2
    elif head.startswith((b"PK", b"SQLite format 3", b"fgb", b"<")) or _is_geojson(path, head):
        (columns, rows), crs = _layer(path, request, work, notes)
        first = 1
    elif head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"[", b"{"}:
        columns, rows = _json(path)
        first = 1
    else:
        columns, rows = _csv(path, request, notes)
        first = 2
    if not rows:
        raise FileRefusedError("no_features", "The file holds no rows.")
    if len(rows) > MAX_ROWS:
        raise FileRefusedError("too_many", "The file has more than {limit} rows.", limit=MAX_ROWS)
    return {
        "columns": columns,
        "rows": rows,
        "first": first,
        "notes": notes,
        "is_1904": is_1904,
        "crs": crs,
    }


Table = tuple[list[str], list[list[object]]]


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


def _excel(path: Path, sheet: str | None, notes: list[Phrase]) -> Table:
    from python_calamine import CalamineError, CalamineWorkbook

    try:
        book = CalamineWorkbook.from_path(str(path))
        names = book.sheet_names
        if sheet is not None and sheet not in names:
            raise FileRefusedError(
                "several_layers",
                "The workbook has no sheet {name}. It has: {names}.",
                name=sheet,
                names=", ".join(names),
            )
        chosen = sheet or names[0]
        if sheet is None and len(names) > 1:
            notes.append(
                Phrase(
                    "The first sheet, {sheet}, was read; --layer chooses another ({others}).",
                    {"sheet": chosen, "others": names[1:]},
                )
            )
        rows = book.get_sheet_by_name(chosen).to_python(skip_empty_area=False)
    except CalamineError as failure:
        raise FileRefusedError(
            "unreadable",
            "The workbook is damaged or protected by a password: {reason}.",
            reason=str(failure),
        ) from failure
    header, body = _header(rows)
    return header, [[_value(value) for value in row] for row in body]


def _header(rows: list[list[Any]]) -> tuple[list[str], list[list[Any]]]:
    if not rows:
        raise FileRefusedError("no_features", "The sheet is empty.")
    header = ["" if cell is None else " ".join(str(cell).split()) for cell in rows[0]]
    if sum(bool(name) for name in header) < 2:
        raise FileRefusedError(
            "no_header",
            "The first row does not hold the names of the columns.",
            hint="Delete titles above it and unmerge its cells.",
        )
    return header, rows[1:]


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


def _csv(path: Path, request: FileRequest, notes: list[Phrase]) -> Table:
    raw = path.read_bytes()
    encoding = _csv_encoding(raw, request.encoding, notes)
    try:
        text = raw.decode(encoding)
    except UnicodeDecodeError as failure:
        raise FileRefusedError(
            "encoding_unknown",
            "The file is not in {encoding}: byte {place} does not fit.",
            hint="Try --encoding gbk, utf-8 or latin-1.",
            encoding=request.encoding or encoding,
            place=failure.start,
        ) from failure
    text = text.removeprefix("\ufeff")
    if "\x00" in text:
        raise FileRefusedError("wrong_format", "The file is not a text file.")
    line = text.split("\n", 1)[0]
    delimiter = request.delimiter or max(_DELIMITERS, key=line.count)
    if delimiter == "\\t":
        delimiter = "\t"
    if len(delimiter) != 1:
        raise FileRefusedError("wrong_delimiter", "--delimiter takes one character.")
    csv.field_size_limit(1 << 24)
    try:
        rows = list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))
    except csv.Error as failure:
        raise FileRefusedError(
            "unreadable", "The table cannot be read: {reason}.", reason=str(failure)
        ) from failure
    if rows and len(rows[0]) < 2:
        raise FileRefusedError(
            "wrong_delimiter",
            "The first line has no separator {delimiter}: {line}",
            hint="Give the separator with --delimiter.",
            delimiter=delimiter,
            line=line.strip()[:120],
        )
    header, body = _header([list(row) for row in rows])
    width = len(header)
    return header, [[*row[:width], *[None] * (width - len(row))] for row in body if any(row)]


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
    features.allowed_drivers_only()
    source = archive.open_source(path, work, request.layer)
    found = features.read(source, layer=request.layer, encoding=request.encoding)
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
