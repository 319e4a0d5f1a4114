"""Reading files: encodings, columns, values, coordinate systems, limits."""

from __future__ import annotations

import json
import subprocess
import sys
from datetime import date
from pathlib import Path

import numpy as np
import pytest

from geodata.errors import InvalidInputError
from geodata.importing import columns, coordinates, encoding, tables
from geodata.importing.columns import Field
from geodata.importing.refusals import FileRefusedError
from geodata.importing.requests import ROWS, FileRequest, TableRequest
from geodata.importing.rows import Sheet
from geodata.pinyin import search_key


@pytest.mark.parametrize(
    ("name", "key"),
    [
        ("衡山镇", "hengshanzhen hsz"),
        ("Lewisham  001", "lewisham 001"),
        ("迎驾3号小区", "yingjia3haoxiaoqu yj3hxq"),
        ("", ""),
    ],
)
def test_search_key(name: str, key: str) -> None:
    assert search_key(name) == key


@pytest.mark.parametrize(
    ("texts", "found"),
    [
        (["Lewisham"], "utf-8"),
        (["衡山镇".encode()], "utf-8"),
        (["衡山镇".encode()[:8]], "utf-8"),
        (["衡山镇".encode("gbk"), "小区".encode("gbk")], "gb18030"),
        (["Café".encode("latin-1"), "São".encode("latin-1"), "école".encode("latin-1")], "latin-1"),
    ],
)
def test_detected_encodings(texts: list[str | bytes], found: str) -> None:
    raw = [text.encode() if isinstance(text, str) else text for text in texts]
    assert encoding.detect(raw) == found


@pytest.mark.parametrize("name", ["衡山镇", "Café São", "Lewisham 001", "㙟山小区", "Ävrå", "é"])
def test_right_names_look_right(name: str) -> None:
    assert encoding.broken(name) is None


@pytest.mark.parametrize(
    ("name", "python"), [("GBK", "gb18030"), ("65001", "utf-8"), ("ANSI 1252", "cp1252")]
)
def test_names_of_encodings(name: str, python: str) -> None:
    assert encoding.canonical(name) == python


def test_unknown_encoding() -> None:
    with pytest.raises(InvalidInputError, match="no encoding called klingon"):
        encoding.canonical("klingon")


FIELDS = {"name": Field(("姓名", "name"), is_required=True), "lon": Field(("经度", "lon"))}


def test_columns_by_header_and_by_map() -> None:
    assert columns.choose(["经度", "姓 名（全称）"], FIELDS, {}) == {"name": 1, "lon": 0}
    assert columns.choose(["a", "b"], FIELDS, {"name": "B"}) == {"name": 1}


@pytest.mark.parametrize(
    ("told", "text"),
    [({}, "recognised for: name"), ({"name": "c"}, "no column c"), ({"x": "a"}, "x")],
)
def test_columns_that_are_not_there(told: dict[str, str], text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        columns.choose(["a", "b"], FIELDS, told)


@pytest.mark.parametrize(
    "text", ["2024-3-1", "2024/03/01", "2024年3月1日", "20240301", "2024-03-01 10:00"]
)
def test_days(text: str) -> None:
    sheet = Sheet(["d"], [[text]], 2, {"day": 0})
    assert sheet.day(0, "day") == date(2024, 3, 1)
    assert not sheet.findings


@pytest.mark.parametrize("text", ["2024-13-01", "yesterday", "1"])
def test_days_that_are_none(text: str) -> None:
    sheet = Sheet(["任期"], [[text]], 2, {"day": 0})
    assert sheet.day(0, "day") is None
    assert sheet.findings[0].line() == f'row 2: 任期 is "{text}" (no date)'


def read_rows(work: Path) -> list[list[object]]:
    return [json.loads(line) for line in (work / ROWS).read_text("utf-8").splitlines()]


def test_csv_with_an_odd_separator(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes("name¬address\r\nBoots¬Caf\xe9 Road\r\n".encode("latin-1"))
    file = FileRequest(str(path), encoding="latin-1", delimiter="¬")
    tables.read(TableRequest(file, {"name": ["name"], "address": ["address"]}), tmp_path)
    assert read_rows(tmp_path) == [[2, 0, "", "Boots", "Café Road"]]


def test_csv_with_many_lines_and_emoji(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text('id,title\n1,"two\nlines 🎉"\n', "utf-8")
    headers = {"id": ["id"], "title": ["title"]}
    tables.read(TableRequest(FileRequest(str(path)), headers), tmp_path)
    assert read_rows(tmp_path) == [[2, 0, "", "1", "two\nlines 🎉"]]


def test_json_with_nan(tmp_path: Path) -> None:
    path = tmp_path / "list.json"
    path.write_text('[{"lon": NaN}]')
    with pytest.raises(FileRefusedError, match="NaN"):
        tables.read(TableRequest(FileRequest(str(path)), {"lon": ["lon"]}), tmp_path)


def test_cgcs2000_is_taken_for_wgs84() -> None:
    way = coordinates.find_way(coordinates.parse("4548"), np.array([4e5, 3.4e6, 4.1e5, 3.5e6]))
    assert "CGCS2000 for WGS 84" in str(way.operation)


def test_old_chinese_systems_are_refused() -> None:
    with pytest.raises(FileRefusedError, match="no exact way from EPSG:2384"):
        coordinates.find_way(coordinates.parse("2384"), np.array([4e5, 3.4e6, 4.1e5, 3.5e6]))


def test_swapped_degrees_are_recognised() -> None:
    home = np.array([116.0, 31.0, 116.7, 31.8])
    swapped = np.array([31.2, 116.1, 31.3, 116.2])
    assert str(coordinates.guess(swapped, home)) == "latitude and longitude swapped"


CUT_OFF = """
import socket, sys, subprocess
from geodata.importing import limits
limits.limit(memory_bytes=1 << 30, cpu_s=5, file_bytes=1 << 20)
limits.cut_off()
tried = []
for family in (socket.AF_INET, socket.AF_INET6, socket.AF_UNIX):
    try:
        socket.socket(family)
        tried.append("socket")
    except PermissionError:
        pass
try:
    subprocess.run(["/bin/true"])
    tried.append("program")
except (PermissionError, OSError):
    pass
try:
    bytearray(2 << 30)
    tried.append("memory")
except MemoryError:
    pass
print(tried)
"""


def test_cut_off_process_reaches_nothing() -> None:
    done = subprocess.run(
        [sys.executable, "-c", CUT_OFF], capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def test_reader_knows_five_formats_only(tmp_path: Path) -> None:
    """The child's environment leaves the library no format that points elsewhere."""
    from geodata.importing import process

    code = "import pyogrio, json; print(json.dumps(sorted(pyogrio.list_drivers())))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=process.environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ["ESRI Shapefile", "FlatGeobuf", "GPKG", "GeoJSON", "KML"]
