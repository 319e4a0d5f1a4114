"""Rings that are not closed, and GeoJSON as it is handed around: bare lists, named systems."""

from __future__ import annotations

import json
import struct
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psycopg
import pytest
from shapely.geometry import Polygon, mapping

from geodata.importing.files import geojson, process, rings, tables
from geodata.importing.files.process import Limits
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import ROWS, Columns, FileRequest, TableRequest, to_plain
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.report.report import Report
from tests import faults
from tests.faults import COUNTY
from tests.integration.importing.test_import_faults import DAY

Conn = psycopg.Connection[Any]
HOLE = [[116.31, 31.41], [116.32, 31.41], [116.32, 31.42], [116.31, 31.42], [116.31, 31.41]]
AROUND = [[116.30, 31.40], [116.34, 31.40], [116.34, 31.44], [116.30, 31.44], [116.30, 31.40]]
# What the county looks like where its last corner is lost.
CUT = AROUND[:-1]


def run(conn: Conn, path: Path, **options: Any) -> Report:
    order = GridImport(
        file=FileRequest(str(path), crs=options.pop("crs", None), frame=options.pop("frame", None)),
        level="county",
        columns=Columns("name", "code"),
        valid_from=DAY,
        **options,
    )
    return import_grids(conn, order, progress=lambda _stage, _share: None)


def write_json(path: Path, *shapes: dict[str, Any], **members: Any) -> Path:
    return faults.write_json(path, faults.features(shapes, ["341525"], ["霍山县"], **members))


def polygon(*parts: list[list[float]]) -> dict[str, Any]:
    return {"type": "Polygon", "coordinates": parts}


@pytest.mark.parametrize(
    ("shape", "at"),
    [
        (polygon(CUT), "116.30000, 31.40000"),
        (polygon(AROUND, HOLE[:-1]), "116.31000, 31.41000"),
        ({"type": "MultiPolygon", "coordinates": [[CUT]]}, "116.30000, 31.40000"),
        # The end lies elsewhere: a corner was added after the ring was closed.
        (polygon([*AROUND, [116.305, 31.405]]), "116.30000, 31.40000"),
    ],
)
def test_open_ring_of_geojson_is_named(
    conn: Conn, tmp_path: Path, shape: dict[str, Any], at: str
) -> None:
    path = write_json(tmp_path / "county.geojson", shape)
    report = run(conn, path)
    found = [each for each in report.findings if each.kind == "unclosed"]
    assert [each.line() for each in found] == [f"row 1 341525 霍山县 at {at}"]
    assert report.is_blocked
    assert not report.is_written


def test_open_ring_is_closed_where_that_is_asked_for(conn: Conn, tmp_path: Path) -> None:
    report = run(conn, write_json(tmp_path / "county.geojson", polygon(CUT)), repair=True)
    assert report.is_written
    assert "closed by a straight line: look whether corners are missing" in report.to_text()
    assert "--repair" not in report.to_text()


@pytest.mark.parametrize(
    "shape", [polygon(AROUND, HOLE), polygon([*CUT, [116.30, 31.40 + 1e-9]]), mapping(COUNTY)]
)
def test_closed_rings_are_closed(conn: Conn, tmp_path: Path, shape: dict[str, Any]) -> None:
    report = run(conn, write_json(tmp_path / "county.geojson", shape))
    assert report.is_written, report.to_text()


def shapefile(folder: Path) -> Path:
    """Write a shapefile and overwrite the last corner of its ring."""
    path = faults.shapefile(folder / "county.zip", faults.frame([COUNTY], ["341525"], ["霍山县"]))
    parts = {}
    with zipfile.ZipFile(path) as archive:
        for name in archive.namelist():
            parts[name] = bytearray(archive.read(name))
    shape = parts["grids.shp"]
    shape[-16:] = struct.pack("<2d", 116.305, 31.405)
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in parts.items():
            archive.writestr(name, bytes(content))
    return path


def _binary(driver: str, ending: str) -> Callable[[Path], Path]:
    def write(folder: Path) -> Path:
        path = folder / f"county.{ending}"
        faults.frame([COUNTY], ["341525"], ["霍山县"]).to_file(path, driver=driver)
        content = bytearray(path.read_bytes())
        ring = np.array(COUNTY.exterior.coords).tobytes()
        at = content.index(ring)
        content[at + 64 : at + 80] = struct.pack("<2d", 116.305, 31.405)
        path.write_bytes(content)
        return path

    return write


def kml(folder: Path) -> Path:
    path = folder / "county.kml"
    corners = " ".join(f"{lon},{lat}" for lon, lat in CUT)
    path.write_text(
        '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
        "<Document><Placemark><name>霍山县</name><description>341525</description>"
        "<Polygon><outerBoundaryIs><LinearRing><coordinates>"
        f"{corners}</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark></Document>"
        "</kml>",
        "utf-8",
    )
    return path


@pytest.mark.parametrize(
    "write", [shapefile, _binary("GPKG", "gpkg"), _binary("FlatGeobuf", "fgb"), kml]
)
def test_open_ring_of_other_formats(
    conn: Conn, tmp_path: Path, write: Callable[[Path], Path]
) -> None:
    path = write(tmp_path)
    order = GridImport(
        file=FileRequest(str(path)),
        level="county",
        columns=Columns("Name", "Description") if write is kml else Columns("name", "code"),
        valid_from=DAY,
    )
    report = import_grids(conn, order, progress=lambda _stage, _share: None)
    assert "unclosed" in {each.kind for each in report.findings}, report.to_text()
    assert not report.is_written


def test_three_dimensions_and_collections_in_binary() -> None:
    solid = Polygon([(0, 0, 1), (1, 0, 1), (1, 1, 1), (0, 0, 1)])
    assert list(rings.in_binary(solid.wkb)) == []
    open_one = bytearray(solid.wkb)
    open_one[-24:] = struct.pack("<3d", 0.5, 0.5, 1)
    ((number, gap),) = rings.in_binary(bytes(open_one))
    assert (number, round(gap, 3)) == (0, 0.707)


def test_bare_list_of_features_is_read(conn: Conn, tmp_path: Path) -> None:
    """As DataV hands districts out."""
    features = faults.features([COUNTY], ["341525"], ["霍山县"])["features"]
    path = tmp_path / "county.json"
    path.write_text("\ufeff" + json.dumps(features, ensure_ascii=False), "utf-8")
    report = run(conn, path)
    assert report.is_written, report.to_text()
    assert "bare list of features" in report.to_text()
    assert "layer county" in report.to_text()
    row = conn.execute("SELECT name, code FROM grid_version").fetchone()
    assert row == ("霍山县", "341525")


def test_file_in_an_archive_goes_by_its_own_name(conn: Conn, tmp_path: Path) -> None:
    path = write_json(tmp_path / "霍山.geojson", polygon(AROUND))
    with zipfile.ZipFile(tmp_path / "county.zip", "w") as archive:
        archive.write(path, path.name)
    report = run(conn, tmp_path / "county.zip", is_dry_run=True)
    assert "GeoJSON, layer 霍山, 1 row." in report.to_text()
    path = write_json(tmp_path / "layer.geojson", polygon(AROUND))
    assert "GeoJSON, 1 row." in run(conn, path, is_dry_run=True).to_text()


def test_list_of_collections_is_read(conn: Conn, tmp_path: Path) -> None:
    collection = faults.features([COUNTY], ["341525"], ["霍山县"], name="[a, {b}")
    assert run(conn, faults.write_json(tmp_path / "county.json", [collection])).is_written


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ([{"name": "a"}], "its entry 1 is no feature"),
        ([faults.features([COUNTY])["features"][0], 7], "its entry 2 is no feature"),
        ([], "is empty"),
        ([mapping(COUNTY)], "its entry 1 is no feature"),
    ],
)
def test_list_of_something_else(conn: Conn, tmp_path: Path, content: Any, said: str) -> None:
    with pytest.raises(FileRefusedError, match=said):
        run(conn, faults.write_json(tmp_path / "county.json", content))


@pytest.mark.parametrize(
    "shape", [{"coordinates": 7}, {"coordinates": [7]}, {"coordinates": [[7, "x"]]}, {}]
)
@pytest.mark.parametrize("kind", ["Polygon", "MultiPolygon", "GeometryCollection"])
def test_shapes_that_are_none_have_no_open_rings(
    tmp_path: Path, kind: str, shape: dict[str, Any]
) -> None:
    shape = {"type": kind, "geometries": 7} | shape
    assert geojson.open_rings(write_json(tmp_path / "x.geojson", shape)) == []


def test_list_of_points_as_facilities(tmp_path: Path) -> None:
    point = {"type": "Point", "coordinates": [116.31, 31.41]}
    feature = {"type": "Feature", "properties": {"name": "药店"}, "geometry": point}
    path = faults.write_json(tmp_path / "list.json", [feature])
    assert geojson.is_list(path)
    lon, lat = tables.POINT_COLUMNS
    headers = {"name": ["name"], "lon": [lon], "lat": [lat]}
    request = to_plain(TableRequest(FileRequest(str(path)), headers))
    with process.opened("table", request, {}, lambda _stage, _share: None, Limits()) as done:
        (line,) = (done.work / ROWS).read_text("utf-8").splitlines()
        assert json.loads(line)[3:] == ["药店", 116.31, 31.41]


def test_geojson_that_is_no_utf8(conn: Conn, tmp_path: Path) -> None:
    path = tmp_path / "county.geojson"
    content = faults.features([COUNTY], ["341525"], ["霍山县"])
    path.write_bytes(json.dumps(content, ensure_ascii=False).encode("gbk"))
    with pytest.raises(FileRefusedError, match="not in UTF-8"):
        run(conn, path)


def test_projected_ring_is_named_in_degrees(conn: Conn, tmp_path: Path) -> None:
    table = gpd.GeoSeries([COUNTY], crs=4326).to_crs(4548)
    corners = table.get_coordinates().to_numpy().tolist()[:-1]
    crs = {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4548"}}
    report = run(conn, write_json(tmp_path / "county.geojson", polygon(corners), crs=crs))
    (found,) = [each for each in report.findings if each.kind == "unclosed"]
    assert found.place is not None
    assert 116.2999 < found.place[0] < 116.3401
    assert 31.3999 < found.place[1] < 31.4401


def of(name: object, kind: str = "name") -> dict[str, Any]:
    return {"type": kind, "properties": {"name" if kind == "name" else "href": name}}


@pytest.mark.parametrize(
    ("crs", "said"),
    [
        (of("EPSG:999999"), "“EPSG:999999”"),
        (of("CGCS2000"), "“CGCS2000”"),
        (of("国家2000"), "“国家2000”"),
        (of("https://epsg.example/4326", "link"), "“https://epsg.example/4326”"),
        (of(4490), "properties"),
        ("EPSG:4490", "EPSG:4490"),
    ],
)
def test_a_system_that_geojson_names_and_nobody_knows(
    conn: Conn, tmp_path: Path, crs: object, said: str
) -> None:
    path = write_json(tmp_path / "county.geojson", polygon(AROUND), crs=crs)
    with pytest.raises(FileRefusedError, match="names its coordinate system") as refused:
        run(conn, path)
    assert said in str(refused.value)
    assert "--crs EPSG:4490" in refused.value.hint
    report = run(conn, path, crs="EPSG:4326", is_dry_run=True)
    assert "--crs EPSG:4326 was taken instead of the file's own" in report.to_text()
    assert not report.is_blocked


def test_geojson_that_says_it_is_drawn_in_gcj_02(conn: Conn, tmp_path: Path) -> None:
    path = write_json(tmp_path / "county.geojson", polygon(AROUND), crs=of("urn:GCJ-02"))
    with pytest.raises(FileRefusedError) as refused:
        run(conn, path)
    assert refused.value.data["frame"] == "gcj02"
    assert "--frame {frame}" in refused.value.hint
    with pytest.raises(FileRefusedError):
        run(conn, path, frame="bd09")
    report = run(conn, path, frame="gcj02", is_dry_run=True)
    assert not report.is_blocked
    assert "The shift of GCJ02 was taken away" in report.to_text()


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("urn:ogc:def:crs:OGC:1.3:CRS84", "WGS 84"),
        ("EPSG:4326", "WGS 84"),
        ("urn:ogc:def:crs:EPSG::4490", "CGCS2000"),
        ("http://www.opengis.net/def/crs/EPSG/0/4490", "CGCS2000"),
    ],
)
def test_systems_that_geojson_names(conn: Conn, tmp_path: Path, name: str, said: str) -> None:
    path = write_json(tmp_path / "county.geojson", polygon(AROUND), crs=of(name))
    report = run(conn, path, is_dry_run=True)
    assert not report.is_blocked
    assert said in report.to_text()


def test_the_system_may_stand_behind_the_features(tmp_path: Path) -> None:
    path = tmp_path / "county.geojson"
    member = json.dumps(of("BD-09"))
    path.write_text(f'{{"features": [{{"a": "]"}}, {{"b": []}}], "crs": {member}}}', "utf-8")
    assert geojson.named_system(path) == "BD-09"
    path.write_text(f'{{"features": [], "crs": {member}, "x": 1}}', "utf-8")
    assert geojson.named_system(path) == "BD-09"
    path.write_text('{"features": [{"properties": {"crs": 1}}], "crs": null}', "utf-8")
    assert geojson.named_system(path) is None
