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
from geodata.importing.files import columns, coordinates, tables
from geodata.importing.files.columns import Field
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import ROWS, FileRequest, TableRequest
from geodata.importing.values.counting import read_count
from geodata.importing.values.rows import Sheet
from geodata.language.pinyin import search_key


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


@pytest.mark.parametrize(
    ("text", "reason"),
    [("2024-13-01", "there is no month 13"), ("yesterday", "no date"), ("1", "no date")],
)
def test_days_that_are_none(text: str, reason: str) -> None:
    sheet = Sheet(["任期"], [[text]], 2, {"day": 0})
    assert sheet.day(0, "day") is None
    assert sheet.findings[0].line() == f'row 2: 任期 is "{text}" ({reason})'


@pytest.mark.parametrize(
    ("value", "number"),
    [
        ("31.411", 31.411), ("-1", -1.0), ("1.16311E2", 116.311), ("1,234.5", 1234.5), ("5.", 5.0),
        ("３１．４１１", 31.411), (7, 7.0), (31.411, 31.411), ('="24"', 24.0), (".5", 0.5),
    ],
)  # fmt: skip
def test_numbers(value: object, number: float) -> None:
    sheet = Sheet(["n"], [[value]], 2, {"n": 0})
    assert sheet.number(0, "n") == number


@pytest.mark.parametrize(
    "text", ["1.234,5", "31,411", "1_000", "12²", "nan", "inf", "24户", "0x10", "1 000", "٣١"]
)
def test_numbers_that_are_none(text: str) -> None:
    sheet = Sheet(["n"], [[text]], 2, {"n": 0})
    assert sheet.number(0, "n") is None
    assert [finding.kind for finding in sheet.findings] == ["bad_value"]


def test_a_long_number_that_is_kept_from_the_spreadsheet() -> None:
    sheet = Sheet(["id"], [['="202603020915301234"']], 2, {"id": 0})
    assert sheet.key(0, "id") == "202603020915301234"


@pytest.mark.parametrize(
    ("value", "count"),
    [
        (12, 12), ("12", 12), (" 12 ", 12), ("12.0", 12), (12.0, 12), ("1,234", 1234), ("８", 8),
        ("１，２３４", 1234), ("0", 0), ("12²", None), ("²", None), ("①", None), ("१२", None),
        ("12.5", None), ("-3", None), ("1,23", None), ("1,234,5", None), ("12户", None),
        ("1e3", None), ("inf", None), (True, None), ("2147483647", 2147483647),
        ("2147483648", None), ("9" * 5000, None), ("", None),
    ],
)  # fmt: skip
def test_whole_numbers(value: object, count: int | None) -> None:
    assert read_count(value) == count


@pytest.mark.parametrize("text", ["4548²", "９９９９９", "9" * 5000, "EPSG:", "EPSG:0", "x\x00"])
def test_what_is_no_system(text: str) -> None:
    with pytest.raises(FileRefusedError, match="no coordinate system"):
        coordinates.parse(text)


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


_PROJECTED = (
    'PROJCS["{name}",GEOGCS["GCS_unknown",DATUM["{datum}",SPHEROID["GRS80",6378137,298.257222101]],'
    'PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]],PROJECTION["Transverse_Mercator"],'
    'PARAMETER["latitude_of_origin",0],PARAMETER["central_meridian",{middle}],'
    'PARAMETER["scale_factor",{scale}],PARAMETER["false_easting",{east}],'
    'PARAMETER["false_northing",0],UNIT["Meter",1]]'
)
TAIWAN = np.array([160000.0, 2540000.0, 170000.0, 2550000.0])
HUOSHAN = np.array([430000.0, 3440000.0, 450000.0, 3480000.0])


@pytest.mark.parametrize("datum", ["D_unknown", "unknown", "Unknown based on GRS80 ellipsoid"])
def test_system_without_a_datum_names_those_that_it_may_be(datum: str) -> None:
    taiwan = _PROJECTED.format(name="TWD97", datum=datum, middle=121, scale=0.9999, east=250000)
    with pytest.raises(FileRefusedError, match="does not name its datum") as refused:
        coordinates.find_way(coordinates.parse(taiwan), TAIWAN)
    assert "--crs EPSG:3826." in str(refused.value)
    assert "Xian" not in str(refused.value)
    china = _PROJECTED.format(name="GK 39", datum=datum, middle=117, scale=1, east=500000)
    with pytest.raises(FileRefusedError, match=r"--crs EPSG:4548\."):
        coordinates.find_way(coordinates.parse(china), HUOSHAN)


def test_degrees_without_a_datum() -> None:
    text = (
        'GEOGCS["x",DATUM["D_unknown",SPHEROID["GRS_1980",6378137,298.257222101]],'
        'PRIMEM["Greenwich",0],UNIT["Degree",0.017453292519943295]]'
    )
    with pytest.raises(FileRefusedError, match="--crs EPSG:4490"):
        coordinates.find_way(coordinates.parse(text), np.array([116.0, 31.0, 117.0, 32.0]))


def test_parameters_of_no_known_system() -> None:
    text = _PROJECTED.format(name="local", datum="D_unknown", middle=116.3, scale=1, east=50000)
    with pytest.raises(FileRefusedError, match="Ask who made the file"):
        coordinates.find_way(coordinates.parse(text), HUOSHAN)


def test_swapped_degrees_are_recognised() -> None:
    home = np.array([116.0, 31.0, 116.7, 31.8])
    swapped = np.array([31.2, 116.1, 31.3, 116.2])
    assert str(coordinates.guess(swapped, home)) == "latitude and longitude swapped"


CUT_OFF = """
import socket, sys, subprocess
from geodata.importing.files import limits
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
    from geodata.importing.files import process

    code = "import pyogrio, json; print(json.dumps(sorted(pyogrio.list_drivers())))"
    done = subprocess.run(
        [sys.executable, "-c", code],
        env=process.environment(tmp_path),
        capture_output=True,
        text=True,
        check=True,
    )
    assert json.loads(done.stdout) == ["ESRI Shapefile", "FlatGeobuf", "GPKG", "GeoJSON", "KML"]
