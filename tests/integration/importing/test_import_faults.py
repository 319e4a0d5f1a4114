"""Broken and hostile files: each fault is named, and the database stays as it was."""

from __future__ import annotations

import json
import socket
import threading
import zipfile
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import psycopg
import pytest
import shapely
from shapely.geometry import Point, box

from geodata.database import connecting as db
from geodata.frames import wgs84_to_bd09, wgs84_to_gcj02
from geodata.importing.files.process import Limits
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.report.report import Report
from tests import faults
from tests.faults import CODES, COUNTY, HALVES, NAMES

DAY = date(2024, 1, 1)
Conn = psycopg.Connection[Any]


def run(conn: Conn, path: Path, level: str = "town", **options: Any) -> Report:
    file = FileRequest(
        str(path),
        **{
            key: options.pop(key) for key in ("layer", "encoding", "crs", "frame") if key in options
        },
    )
    order = GridImport(file, level, Columns("name", "code"), DAY, **options)  # type: ignore[arg-type]
    return import_grids(conn, order, progress=lambda _stage, _share: None)


@pytest.fixture(scope="module")
def county_url(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a database with the county only."""
    path = faults.write_json(
        tmp_path_factory.mktemp("county") / "county.geojson",
        faults.features([COUNTY], ["341525"], ["霍山县"]),
    )
    with db.connect(module_url) as conn:
        assert run(conn, path, "county").is_written
    return module_url


@pytest.fixture
def county(county_url: str) -> Iterator[Conn]:
    """A connection to that database, which must be as it was at the end of each test."""
    conn = db.connect(county_url)
    before = faults.digest(conn)
    conn.rollback()
    yield conn
    conn.rollback()
    assert faults.digest(conn) == before
    conn.close()


def refusal(conn: Conn, path: Path, **options: Any) -> FileRefusedError:
    with pytest.raises(FileRefusedError) as caught:
        run(conn, path, **options)
    return caught.value


def kinds(report: Report) -> set[str]:
    assert report.is_blocked
    assert not report.is_written
    assert report.to_text()
    assert report.to_csv()
    assert json.loads(report.to_json())
    return {finding.kind for finding in report.findings if finding.severity == "blocking"}


def test_not_a_zip(county: Conn, tmp_path: Path) -> None:
    path = tmp_path / "towns.zip"
    path.write_bytes(b"this is no archive at all, whatever its name says")
    assert refusal(county, path).fault == "not_a_zip"


def test_cut_off_zip(county: Conn, tmp_path: Path) -> None:
    path = faults.cut(faults.shapefile(tmp_path / "towns.zip", faults.frame()))
    assert refusal(county, path).fault == "not_a_zip"


@pytest.mark.parametrize(
    ("part", "fault"), [(".shp", "no_shp"), (".dbf", "no_dbf"), (".prj", "no_prj")]
)
def test_missing_part_of_a_shapefile(county: Conn, tmp_path: Path, part: str, fault: str) -> None:
    path = faults.shapefile(tmp_path / "towns.zip", faults.frame(), leave_out=[part])
    assert refusal(county, path).fault == fault


def test_missing_prj_names_the_likely_system(county: Conn, tmp_path: Path) -> None:
    path = faults.shapefile(tmp_path / "towns.zip", faults.frame(crs=4548), leave_out=[".prj"])
    assert "EPSG:4548" in str(refusal(county, path))
    assert run(county, path, crs="EPSG:4548", is_dry_run=True).counts["new towns"] == 2


@pytest.mark.parametrize("content", [b"", b"\n\n  \n"])
def test_empty_file(county: Conn, tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "towns.geojson"
    path.write_bytes(content)
    assert refusal(county, path).fault == "empty_file"


def test_no_features(county: Conn, tmp_path: Path) -> None:
    path = faults.write_json(tmp_path / "towns.geojson", faults.features([]))
    assert refusal(county, path).fault in {"no_features", "no_layer"}


def test_mixed_geometry(county: Conn, tmp_path: Path) -> None:
    shapes = [HALVES[0], Point(116.33, 31.42)]
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    report = run(county, path)
    assert "wrong_type" in kinds(report)
    assert "row 2" in report.to_text()


def test_missing_shape(county: Conn, tmp_path: Path) -> None:
    path = faults.write_json(tmp_path / "towns.geojson", faults.features([HALVES[0], None]))
    assert "empty" in kinds(run(county, path))


@pytest.mark.parametrize("number", ["NaN", "Infinity", "1e308"])
def test_coordinates_that_are_no_numbers(county: Conn, tmp_path: Path, number: str) -> None:
    path = tmp_path / "towns.geojson"
    text = json.dumps(faults.features(HALVES)).replace("116.34", number, 1)
    path.write_text(text)
    if number == "1e308":
        assert kinds(run(county, path)) == {"out_of_range"}
    else:
        refused = refusal(county, path)
        assert refused.fault == "not_finite"
        assert "row 2" in str(refused)


@pytest.mark.parametrize("repair", [False, True])
def test_star_is_never_unfolded(county: Conn, tmp_path: Path, repair: bool) -> None:
    path = faults.write_json(
        tmp_path / "towns.geojson", faults.features([faults.star(), HALVES[1]])
    )
    assert "invalid" in kinds(run(county, path, repair=repair))


def test_ring_of_ten_million_corners(county: Conn, tmp_path: Path) -> None:
    path = tmp_path / "towns.zip"
    faults.shapefile(tmp_path / "small.zip", faults.frame(HALVES[:1], CODES[:1], NAMES[:1]))
    with zipfile.ZipFile(path, "w") as archive, zipfile.ZipFile(tmp_path / "small.zip") as small:
        archive.writestr("grids.shp", faults.huge_ring())
        for part in ("grids.dbf", "grids.prj", "grids.cpg"):
            archive.writestr(part, small.read(part))
    assert "too_many_points" in kinds(run(county, path))


def test_zip_bomb(county: Conn, tmp_path: Path) -> None:
    assert refusal(county, faults.bomb(tmp_path / "towns.zip")).fault == "zip_bomb"


def test_names_that_leave_the_archive(county: Conn, tmp_path: Path) -> None:
    path = faults.shapefile(tmp_path / "towns.zip", faults.frame(), folder="../../")
    assert refusal(county, path).fault == "unsafe_path"


def test_folder_in_the_archive_is_no_fault(county: Conn, tmp_path: Path) -> None:
    path = faults.shapefile(tmp_path / "towns.zip", faults.frame(), folder="乡镇/边界/")
    assert run(county, path, is_dry_run=True).counts["new towns"] == 2


def test_several_layers_ask_which(county: Conn, tmp_path: Path) -> None:
    path = tmp_path / "towns.gpkg"
    faults.frame().to_file(path, layer="2023", driver="GPKG")
    faults.frame().to_file(path, layer="2024", driver="GPKG")
    refused = refusal(county, path)
    assert refused.fault == "several_layers"
    assert "2023, 2024" in str(refused)
    assert run(county, path, layer="2024", is_dry_run=True).counts["new towns"] == 2


class _Listener:
    """A server that only counts who comes."""

    def __init__(self) -> None:
        self.socket = socket.create_server(("127.0.0.1", 0))
        self.port = self.socket.getsockname()[1]
        self.visits = 0
        self._thread = threading.Thread(target=self._serve, daemon=True)
        self._thread.start()

    def _serve(self) -> None:
        while True:
            try:
                guest, _ = self.socket.accept()
            except OSError:
                return
            self.visits += 1
            guest.close()


@pytest.fixture
def listener() -> Iterator[_Listener]:
    server = _Listener()
    yield server
    server.socket.shutdown(socket.SHUT_RDWR)
    server.socket.close()
    assert server.visits == 0


@pytest.mark.parametrize("name", ["towns.geojson", "towns.kml", "towns.gpkg", "towns.zip"])
def test_vrt_in_disguise(county: Conn, tmp_path: Path, listener: _Listener, name: str) -> None:
    secret = faults.write_json(tmp_path / "secret.geojson", faults.features(HALVES))
    for other in (str(secret), f"/vsicurl/http://127.0.0.1:{listener.port}/towns.geojson"):
        refused = refusal(county, faults.vrt(tmp_path / name, other))
        assert refused.fault == "pointing_format"


def test_crs_that_is_an_address(county: Conn, tmp_path: Path, listener: _Listener) -> None:
    link = {"type": "link", "properties": {"href": f"http://127.0.0.1:{listener.port}/crs"}}
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(HALVES, crs=link))
    # It is not followed, and not taken for WGS 84 either.
    assert refusal(county, path, is_dry_run=True).fault == "unknown_crs"


def test_kml_with_an_external_entity(county: Conn, tmp_path: Path) -> None:
    path = tmp_path / "towns.kml"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE kml [<!ENTITY x SYSTEM "file:///etc/passwd">]>'
        "<kml><Document><name>&x;</name></Document></kml>"
    )
    assert refusal(county, path).fault == "entities"


def test_kml_with_a_network_link(county: Conn, tmp_path: Path, listener: _Listener) -> None:
    path = tmp_path / "towns.kml"
    path.write_text(
        '<?xml version="1.0"?><kml xmlns="http://www.opengis.net/kml/2.2"><Document><NetworkLink>'
        f"<Link><href>http://127.0.0.1:{listener.port}/x.kml</href></Link></NetworkLink>"
        "</Document></kml>"
    )
    assert refusal(county, path).fault in {"no_layer", "no_features", "unreadable"}


def test_geopackage_layer_that_is_a_view(county: Conn, tmp_path: Path) -> None:
    path = faults.geopackage(
        tmp_path / "towns.gpkg",
        [
            "ALTER TABLE grids RENAME TO hidden",
            "CREATE VIEW grids AS SELECT * FROM hidden, (SELECT randomblob(1000000000))",
        ],
    )
    assert refusal(county, path).fault in {"computed_layer", "truncated"}


def test_geopackage_trigger_never_runs(county: Conn, tmp_path: Path) -> None:
    path = faults.geopackage(
        tmp_path / "towns.gpkg",
        ["CREATE TRIGGER harm AFTER UPDATE ON grids BEGIN DELETE FROM grids; END"],
    )
    before = path.read_bytes()
    assert run(county, path, is_dry_run=True).counts["new towns"] == 2
    assert path.read_bytes() == before


def test_cut_off_flatgeobuf(county: Conn, tmp_path: Path) -> None:
    path = tmp_path / "towns.fgb"
    faults.frame().to_file(path, driver="FlatGeobuf")
    assert refusal(county, faults.cut(path)).fault in {"unreadable", "no_features"}


def test_cut_off_geojson(county: Conn, tmp_path: Path) -> None:
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(HALVES))
    assert refusal(county, faults.cut(path)).fault == "truncated"


def test_deeply_nested_json(county: Conn, tmp_path: Path) -> None:
    path = tmp_path / "towns.geojson"
    path.write_text('{"type":"FeatureCollection","features":' + "[" * 100_000 + "]" * 100_000 + "}")
    assert refusal(county, path).fault == "too_deep"


@pytest.mark.parametrize(("raw", "name"), [
    (b"%PDF-1.7 ....", "PDF"), (b"Rar!\x1a\x07", "RAR"), (b"\x1f\x8b\x08\x00rest", "gzip"),
])  # fmt: skip
def test_other_formats_are_named(county: Conn, tmp_path: Path, raw: bytes, name: str) -> None:
    path = tmp_path / "towns.shp"
    path.write_bytes(raw)
    assert name in str(refusal(county, path))


def test_projected_coordinates_without_a_system(county: Conn, tmp_path: Path) -> None:
    shapes = list(faults.frame(crs=4548).geometry)
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    report = run(county, path)
    assert kinds(report) == {"out_of_range"}
    assert "EPSG:4548" in report.to_text()


def test_swapped_degrees(county: Conn, tmp_path: Path) -> None:
    shapes = [shapely.transform(half, lambda xy: xy[:, ::-1]) for half in HALVES]
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    report = run(county, path)
    assert kinds(report) == {"out_of_range"}
    assert "swapped" in report.to_text()


@pytest.mark.parametrize(("frame", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_shift_of_a_web_map_is_noticed(
    county: Conn, tmp_path: Path, frame: str, shift: Any
) -> None:
    shapes = [shapely.transform(half, shift) for half in HALVES]
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    report = run(county, path)
    assert "frame_offset" in kinds(report)
    assert f"--frame {frame}" in report.to_text()
    fixed = run(county, path, frame=frame, is_dry_run=True)
    assert not fixed.is_blocked
    assert fixed.counts["new towns"] == 2


def test_shift_of_the_county_against_its_earlier_version(county: Conn, tmp_path: Path) -> None:
    shifted = shapely.transform(COUNTY, wgs84_to_gcj02)
    path = faults.write_json(
        tmp_path / "again.geojson", faults.features([shifted], ["341525"], ["霍山县"])
    )
    assert kinds(run(county, path, "county")) == {"frame_offset"}


def test_shift_taken_away_wrongly_is_noticed(county: Conn, tmp_path: Path) -> None:
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(HALVES))
    report = run(county, path, frame="gcj02")
    assert "frame_offset" in kinds(report)
    assert "leave --frame out" in report.to_text()


def test_overlap_gap_and_repetition(county: Conn, tmp_path: Path) -> None:
    shapes = [box(116.30, 31.40, 116.325, 31.44), box(116.32, 31.40, 116.335, 31.44)]
    path = faults.write_json(
        tmp_path / "towns.geojson", faults.features(shapes, [CODES[0]] * 2, ["", "a"])
    )
    report = run(county, path)
    assert kinds(report) == {"overlap", "gap", "duplicate_code", "no_name"}
    overlap = next(finding for finding in report.findings if finding.kind == "overlap")
    # 0.005 degrees by 0.04 degrees at 31.42 N, in m2.
    assert overlap.m2 == pytest.approx(475.5 * 4435, rel=0.01)
    assert overlap.place is not None
    assert box(116.32, 31.40, 116.325, 31.44).contains(Point(overlap.place))


@pytest.mark.parametrize(
    ("name", "encoding"),
    [
        ("衡山镇".encode().decode("latin-1"), "UTF-8"),
        ("衡山镇".encode("gbk").decode("latin-1"), "GBK"),
        ("臺北市中正區".encode("big5").decode("gb18030"), "BIG5"),
        ("涓嬬\ue0c1妗ラ晣", "UTF-8"),
        ("衡\ufffd镇", ""),
    ],
)
def test_broken_encoding(county: Conn, tmp_path: Path, name: str, encoding: str) -> None:
    """The advice is none that GeoJSON cannot follow: it is UTF-8, whatever --encoding says."""
    path = faults.write_json(
        tmp_path / "towns.geojson", faults.features(HALVES, CODES, [name, "佛子岭镇"])
    )
    report = run(county, path)
    assert kinds(report) == {"broken_text"}
    assert "--encoding" not in report.to_text()
    assert (f"texts in {encoding} that were read wrongly" if encoding else "lost") in (
        report.to_text()
    )


@pytest.mark.parametrize("encoding", ["GBK", "GB18030", "UTF-8"])
def test_encodings_without_cpg(county: Conn, tmp_path: Path, encoding: str) -> None:
    path = faults.shapefile(
        tmp_path / "towns.zip", faults.frame(crs=4548), encoding=encoding, leave_out=[".cpg"]
    )
    report = run(county, path)
    assert report.is_written
    names = county.execute("SELECT name FROM grid_version WHERE level = 'town' ORDER BY code")
    assert [row[0] for row in names] == list(NAMES)


@pytest.mark.parametrize(("encoding", "byte"), [("big5", 0x4F), ("gbk", 0x4D)])
def test_language_byte_of_a_table_is_read(
    county: Conn, tmp_path: Path, encoding: str, byte: int
) -> None:
    """Names of three characters that either encoding could read; and no .cpg file."""
    names = ("竹橋里", "臺南市")
    path = faults.shapefile(
        tmp_path / "towns.zip", faults.frame(names=["12345678", "87654321"]), leave_out=[".cpg"]
    )
    with zipfile.ZipFile(path) as archive:
        parts = {name: archive.read(name) for name in archive.namelist()}
    table = bytearray(parts["grids.dbf"])
    table[29] = byte
    for place, name in zip((b"12345678", b"87654321"), names, strict=True):
        table = table.replace(place, name.encode(encoding).ljust(8))
    parts["grids.dbf"] = bytes(table)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, content)
    report = run(county, path)
    assert report.is_written, report.to_text()
    assert f"as the language byte of the table (0x{byte:02X}) says" in report.to_text()
    found = county.execute("SELECT name FROM grid_version WHERE level = 'town' ORDER BY code")
    assert tuple(row[0] for row in found) == names


def test_count_that_is_none_is_named_with_its_row(county: Conn, tmp_path: Path) -> None:
    content = faults.features(HALVES)
    for feature, count in zip(content["features"], ("1,234", "12²"), strict=True):
        feature["properties"]["homes"] = count
    path = faults.write_json(tmp_path / "towns.geojson", content)
    order = GridImport(
        file=FileRequest(str(path)),
        level="town",
        columns=Columns("name", "code", households="homes"),
        valid_from=DAY,
    )
    report = import_grids(county, order, progress=lambda _stage, _share: None)
    lines = [each.line() for each in report.findings if each.kind == "bad_number"]
    assert lines == ['row 2 341525101 佛子岭镇: homes is "12²"']
    assert not report.is_written


def test_three_dimensions_are_left_out(county: Conn, tmp_path: Path) -> None:
    shapes = [shapely.force_3d(half, 120.0) for half in HALVES]
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    report = run(county, path, is_dry_run=True)
    assert not report.is_blocked
    assert any("3D" in str(note) for note in report.notes)


def test_column_that_is_not_there(county: Conn, tmp_path: Path) -> None:
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(HALVES))
    file = FileRequest(str(path))
    order = GridImport(file, "town", Columns("名称", "code"), DAY)
    with pytest.raises(FileRefusedError, match=r"名称.*code, name"):
        import_grids(county, order, progress=lambda _stage, _share: None)


def test_level_above_first(county: Conn, tmp_path: Path) -> None:
    path = faults.write_json(tmp_path / "communities.geojson", faults.features(HALVES))
    with pytest.raises(Exception, match="Import the level town first"):
        run(county, path, "community")


@pytest.mark.parametrize(
    ("limits", "fault"),
    [
        (Limits(wall_s=0), "time"),
        # The libraries find room in it, the file does not.
        (Limits(memory_bytes=240 << 20), "memory"),
    ],
)
def test_limits(county: Conn, tmp_path: Path, limits: Limits, fault: str) -> None:
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(HALVES))
    order = GridImport(FileRequest(str(path)), "town", Columns("name", "code"), DAY)
    with pytest.raises(FileRefusedError) as caught:
        import_grids(county, order, progress=lambda _stage, _share: None, limits=limits)
    assert caught.value.fault in {fault, "crashed"}
