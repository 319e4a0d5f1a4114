"""Telling what a file is from its content, never from its name alone.

Only five formats are read: GeoPackage, GeoJSON, FlatGeobuf, KML and zipped Shapefile; for shapes
alone a sixth, DXF, which knows neither names nor coordinate systems. Everything else is named and
refused before any library that could follow it is asked.
"""

from __future__ import annotations

import re
import sqlite3
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from geodata.importing.files.refusals import FileRefusedError
from geodata.language.phrases import Phrase

DRIVERS = ("GPKG", "GeoJSON", "FlatGeobuf", "KML", "ESRI Shapefile")
# Where only shapes are wanted.
SHAPE_DRIVERS = (*DRIVERS, "DXF")

MAX_DEPTH = 100
_SHP_MAGIC = b"\x00\x00\x27\x0a"
_NOT_A_NUMBER = re.compile(rb"NaN|Infinity")
# A drawing begins with the code 0 and its value SECTION, perhaps after comments of code 999.
_DXF = re.compile(rb"\A(?:\s*999\r?\n[^\n]*\n)*\s*0+\r?\n\s*SECTION\s")
_XML_ROOT = re.compile(rb"<\s*(?:[A-Za-z_][\w.-]*:)?([A-Za-z_][\w.-]*)")
_OTHERS = (
    (b"\x1f\x8b", Phrase("a gzip archive")),
    (b"Rar!", Phrase("a RAR archive")),
    (b"7z\xbc\xaf", Phrase("a 7-Zip archive")),
    (b"%PDF", Phrase("a PDF document")),
    (b"\xd0\xcf\x11\xe0", Phrase("an old Office document")),
    (b"II*\x00", Phrase("a TIFF image")),
    (b"MM\x00*", Phrase("a TIFF image")),
    (b"\x89PNG", Phrase("a PNG image")),
    (b"AC10", Phrase("an AutoCAD drawing (DWG)")),
    (b"AutoCAD Binary DXF", Phrase("a drawing in binary DXF")),
)


@dataclass(frozen=True, slots=True)
class Source:
    """A file that may be opened, by this driver and no other."""

    driver: str
    path: Path
    notes: tuple[Phrase, ...] = ()
    # Text of a shapefile's attribute table is decoded by us, see features.
    table: Path | None = None
    declared_encoding: str | None = None
    # What the layer is called where the library knows only our copy of it.
    title: str | None = None


def kind_of(path: Path) -> str:
    """Return the driver for a file, or "zip" for an archive to be looked into.

    Raises:
        FileRefusedError: what the file is instead, and what to do
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if not head.strip(b"\x00\r\n\t "):
        raise FileRefusedError("empty_file", "The file is empty ({size} bytes).", size=len(head))
    if head.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return "zip"
    if head.startswith(b"SQLite format 3\x00"):
        return _geopackage(path, head)
    if head.startswith(b"fgb"):
        return "FlatGeobuf"
    if head.startswith(_SHP_MAGIC):
        return "ESRI Shapefile"
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip()
    if text.startswith(b"<"):
        return _xml(path)
    if text.startswith((b"{", b"[")):
        return check_json(path)
    if _DXF.match(text):
        return "DXF"
    return _stranger(path, head)


def _stranger(path: Path, head: bytes) -> str:
    for magic, name in _OTHERS:
        if head.startswith(magic):
            raise FileRefusedError(
                "wrong_format",
                "The file is {name}.",
                hint="Export the layer as GeoPackage, GeoJSON or zipped Shapefile.",
                name=name,
            )
    if path.suffix.lower() == ".zip":
        raise FileRefusedError(
            "not_a_zip",
            "The file is named .zip but is not a zip archive.",
            hint="It may have been cut off or changed on the way: copy it again.",
        )
    raise FileRefusedError(
        "wrong_format",
        "The file is in none of the formats that are read.",
        hint="Use GeoPackage, GeoJSON, FlatGeobuf, KML or zipped Shapefile.",
    )


def _geopackage(path: Path, head: bytes) -> str:
    if head[68:72] not in {b"GPKG", b"GP10", b"GP11"}:
        raise FileRefusedError(
            "wrong_format",
            "The file is an SQLite database, but no GeoPackage.",
            hint="Export the layer as GeoPackage.",
        )
    try:
        with sqlite3.connect(f"{path.resolve().as_uri()}?mode=ro&immutable=1", uri=True) as base:
            rows = base.execute(
                "SELECT type, name, coalesce(sql, '') FROM sqlite_master"
            ).fetchall()
            layers = {row[0] for row in base.execute("SELECT table_name FROM gpkg_contents")}
    except sqlite3.DatabaseError as failure:
        raise FileRefusedError(
            "truncated",
            "The GeoPackage is damaged: {reason}.",
            hint="Copy or export it again.",
            reason=str(failure),
        ) from failure
    for kind, name, sql in rows:
        is_code = kind == "view" or re.match(
            r"create\s+virtual\s+table(?!.*using\s+rtree)", sql, re.I | re.S
        )
        if is_code and (name in layers or kind != "view"):
            raise FileRefusedError(
                "computed_layer",
                "The layer {name} is computed by SQL inside the file (a view), which is not run.",
                hint="Export it as a table of its own.",
                name=name,
            )
    return "GPKG"


def _xml(path: Path) -> str:
    with path.open("rb") as file:
        head = file.read(65536)
    if re.search(rb"<!(?:DOCTYPE|ENTITY)", head, re.I):
        raise FileRefusedError(
            "entities",
            "The XML file declares entities (DOCTYPE), through which it could pull in other files.",
            hint="Remove the declaration, or export the layer again.",
        )
    body = re.sub(rb"<\?.*?\?>|<!--.*?-->", b"", head, flags=re.S)
    match = _XML_ROOT.search(body)
    root = match[1].decode("ascii", "replace") if match else "?"
    if root == "kml":
        return "KML"
    if root in {"OGRVRTDataSource", "VRTDataset", "GDALTileIndexDataset", "OGRVRTLayer"}:
        raise FileRefusedError(
            "pointing_format",
            "The file is a VRT: it holds no shapes but points to other files or addresses, which"
            " are not opened.",
            hint="Send the file that it points to.",
        )
    raise FileRefusedError(
        "wrong_format", "The file is XML with the root <{root}>, not KML.", root=root
    )


def check_json(path: Path) -> str:
    """Accept JSON that is whole and not nested deeper than any map is.

    Raises:
        FileRefusedError
    """
    depth = 0
    quotes = 0
    rows = 0
    seen = b""
    with path.open("rb") as file:
        while chunk := file.read(1 << 22):
            while chunk.endswith(b"\\") and (more := file.read(1)):
                chunk += more
            seen = seen or chunk[:200_000]
            steps, inside = _depths(chunk, quotes)
            rows += _refuse_nan(chunk, inside, rows)
            quotes = int(inside[-1])
            if depth + int(steps.max(initial=0)) > MAX_DEPTH:
                raise FileRefusedError(
                    "too_deep",
                    "The JSON is nested more than {limit} deep; no map is.",
                    limit=MAX_DEPTH,
                )
            depth += int(steps[-1])
    if depth > 0 or quotes:
        raise FileRefusedError(
            "truncated",
            "The JSON file ends in the middle: {depth} brackets are never closed.",
            hint="Copy or export it again.",
            depth=depth,
        )
    if b'"Topology"' in seen or b'"esriGeometry' in seen:
        raise FileRefusedError(
            "wrong_format",
            "The file is TopoJSON or Esri JSON, not GeoJSON.",
            hint="Export the layer as GeoJSON.",
        )
    return "GeoJSON"


def _refuse_nan(chunk: bytes, inside: NDArray[np.bool_], rows: int) -> int:
    """Refuse numbers that are none, which JSON does not know; return the features of a chunk.

    Readers differ about them: some drop the shape, some the number.
    """
    for match in _NOT_A_NUMBER.finditer(chunk):
        if not inside[match.start()]:
            raise FileRefusedError(
                "not_finite",
                "The JSON holds {word}, which is no number, in row {row}.",
                hint="Draw that shape again.",
                word=match[0].decode(),
                row=rows + chunk[: match.start()].count(b'"coordinates"'),
            )
    return chunk.count(b'"coordinates"')


def _depths(chunk: bytes, quotes: int) -> tuple[NDArray[np.int32], NDArray[np.bool_]]:
    """Return how deep each byte is nested, from 0 at the start, and which bytes are in texts.

    ``quotes`` is 1 where the chunk begins inside a text. Brackets inside texts do not count.
    """
    letters = np.frombuffer(chunk, dtype=np.uint8)
    is_quote = letters == 0x22
    at = np.flatnonzero(is_quote)
    # A quote after an odd number of backslashes belongs to the text.
    for place in at[(at > 0) & (letters[at - 1] == 0x5C)]:
        before = chunk[max(0, place - 64) : place]
        if (len(before) - len(before.rstrip(b"\\"))) % 2:
            is_quote[place] = False
    inside = (np.cumsum(is_quote) + quotes) % 2 == 1
    up = ((letters == 0x5B) | (letters == 0x7B)) & ~inside
    down = ((letters == 0x5D) | (letters == 0x7D)) & ~inside
    steps = np.cumsum(up.astype(np.int32) - down.astype(np.int32), dtype=np.int32)
    return steps, inside
