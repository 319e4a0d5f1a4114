"""Importing roads: every format, what meets, islands, slopes, adding, hostile files."""

from __future__ import annotations

import json
import shutil
import zipfile
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psycopg
import pytest
import shapely
from psycopg import errors

from geodata.database import connecting as db
from geodata.database import settings
from geodata.database.roles import APP
from geodata.errors import GridMapError, InvalidInputError
from geodata.frames import wgs84_to_gcj02
from geodata.importing.files.process import Limits
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import FileRequest
from geodata.importing.report.report import Report
from geodata.importing.roads.requests import RoadImport
from geodata.importing.roads.writing import import_roads
from geodata.model import Bounds
from geodata.roads import keeping
from tests import county as square
from tests import osm_files, regions

Conn = psycopg.Connection[Any]
TIGHT = Limits(memory_bytes=3 << 30, cpu_s=25, wall_s=90, file_bytes=1 << 30)

LEFT, MIDDLE, RIGHT = (116.31, 31.40), (116.32, 31.40), (116.33, 31.40)
STREET = shapely.LineString([LEFT, MIDDLE, RIGHT])
LANE = shapely.LineString([MIDDLE, (116.32, 31.41)])
FAR = shapely.LineString([(116.331, 31.409), (116.3315, 31.409)])
OVER = shapely.LineString([(116.315, 31.395), (116.315, 31.405)])


def run(conn: Conn, path: Path, **options: Any) -> Report:
    file = FileRequest(
        str(path),
        layer=options.pop("layer", None),
        crs=options.pop("crs", None),
        frame=options.pop("frame", None),
    )
    order = RoadImport(file, options.pop("source", "测试"), **options)
    return import_roads(conn, order, progress=lambda _stage, _share: None, limits=TIGHT)


def kinds(report: Report) -> list[str]:
    return [finding.kind for finding in report.findings]


def lengths(conn: Conn) -> list[int]:
    return [row[0] for row in conn.execute("SELECT round(length_m)::int FROM road_edge ORDER BY 1")]


@pytest.fixture
def ground(conn: Conn) -> Conn:
    """The square county of tests/county.py, written and committed."""
    square.build(conn)
    conn.commit()
    return conn


def frame(*lines: shapely.Geometry, **columns: list[Any]) -> gpd.GeoDataFrame:
    return gpd.GeoDataFrame(columns, geometry=list(lines), crs=4326)


def written(path: Path, *lines: shapely.Geometry, **columns: list[Any]) -> Path:
    columns = columns or {"name": [f"路{n}" for n in range(len(lines))]}
    frame(*lines, **columns).to_file(path)
    return path


def zipped(path: Path, *lines: shapely.Geometry) -> Path:
    written(path.with_suffix(".shp"), *lines)
    with zipfile.ZipFile(path, "w") as bundle:
        for side in (".shp", ".shx", ".dbf", ".prj", ".cpg"):
            bundle.write(path.with_suffix(side), f"roads{side}")
    return path


def test_every_format_makes_the_same_network(ground: Conn, tmp_path: Path) -> None:
    for name in ("a.gpkg", "b.geojson", "c.fgb", "d.shp", "e.zip"):
        path = tmp_path / name
        zipped(path, STREET, LANE) if name == "e.zip" else written(path, STREET, LANE)
        report = run(ground, path, source=name)
        assert report.counts == {"new road edges": 3, "removed road edges": 0}, name
        assert lengths(ground) == [951, 951, 1109]
        network, is_island = keeping.load(ground)
        assert (len(network.nodes), len(network.lines)) == (4, 3)
        assert not is_island.any()
        assert (network.forward_m == network.length_m).all()
        row = ground.execute(
            "SELECT max(abs(length_m - ST_Length(geom::geography))) FROM road_edge"
        ).fetchone()
        assert row is not None
        assert row[0] < 0.001
        ground.rollback()


THINGS: list[tuple[shapely.Geometry, dict[str, str]]] = [
    (STREET, {"highway": "residential"}),
    (LANE, {"highway": "path"}),
    (OVER, {"highway": "primary", "bridge": "yes", "layer": "1"}),
    (shapely.LineString([LEFT, (116.31, 31.41)]), {"highway": "motorway"}),
    (shapely.LineString([RIGHT, (116.33, 31.41)]), {"highway": "service", "access": "private"}),
    (shapely.LineString([RIGHT, (116.33, 31.39)]),
     {"highway": "track", "access": "no", "foot": "yes"}),
    (shapely.Point(MIDDLE), {"place": "village", "name": "村"}),
    (shapely.LineString([MIDDLE, (116.325, 31.405)]), {"waterway": "river"}),
]  # fmt: skip


def extract(path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setattr(regions, "THINGS", THINGS)
    return regions.osm_extract(path, share_nodes=True)


def test_an_extract_of_openstreetmap(
    ground: Conn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    report = run(ground, extract(tmp_path / "a.osm.pbf", monkeypatch), source="osm")
    assert report.is_written, report.to_text()
    # Street in two, lane, track; the bridge meets nothing and is an island no longer than 10 %.
    assert report.counts["new road edges"] == 5
    text = report.to_text()
    assert "OpenStreetMap, 6 ways in and near the county." in text
    assert "Left out, motorways, ramps and roads for motors only: 1." in text
    assert "Left out, closed to people on foot (foot, access): 1." in text
    (source,) = keeping.sources(ground)
    assert (source.name, source.by_node, source.ways) == ("osm", True, 4)
    assert source.licence.startswith("ODbL")
    assert (source.edges, source.length_m) == (5, pytest.approx(sum(lengths(ground)), abs=3))
    layers = ground.execute("SELECT layer, count(*) FROM road_edge GROUP BY 1 ORDER BY 1")
    assert layers.fetchall() == [(0, 4), (1, 1)]
    parts = ground.execute("SELECT count(DISTINCT part) FROM road_edge").fetchone()
    assert parts == (2,)


NODES = {
    1: LEFT, 2: MIDDLE, 3: RIGHT, 4: (116.32, 31.395), 5: MIDDLE, 6: (116.32, 31.405),
    7: (116.325, 31.405), 8: (116.325, 31.41), 9: (116.32, 31.41),
}  # fmt: skip


def test_a_square_is_crossed_and_a_bridge_stays_above(ground: Conn, tmp_path: Path) -> None:
    """Also when other roads come, and when the extract comes once more."""
    bridge = {"highway": "footway", "bridge": "yes", "layer": "1"}
    path = osm_files.write(
        tmp_path / "a.osm.pbf",
        NODES,
        {
            1: ([1, 2, 3], {"highway": "residential"}),
            2: ([4, 5, 6], bridge),
            3: ([6, 7, 8, 9, 6], {"highway": "pedestrian", "area": "yes"}),
        },
    )
    report = run(ground, path, source="osm")
    assert "Outlines of squares and other areas, brought as ways: 1." in report.to_text()
    assert report.counts["new road edges"] == 3

    def parts() -> list[tuple[int, int]]:
        return ground.execute(
            "SELECT part, count(*) FROM road_edge GROUP BY part ORDER BY part"
        ).fetchall()

    assert parts() == [(0, 2), (1, 1)]
    other = written(tmp_path / "b.gpkg", shapely.LineString([(116.30, 31.40), LEFT]))
    run(ground, other, source="other")
    assert parts() == [(0, 2), (1, 2)]
    # A lane that ends at both nodes meets the road below; the bridge passes as before.
    run(ground, written(tmp_path / "c.gpkg", shapely.LineString([MIDDLE, (116.325, 31.395)])),
        source="lane")  # fmt: skip
    assert parts() == [(0, 4), (1, 2)]
    run(ground, other, source="other", licence="again")
    run(ground, path, source="osm", licence="again")
    assert parts() == [(0, 4), (1, 2)]


def test_ends_are_snapped_and_islands_and_crossings_reported(ground: Conn, tmp_path: Path) -> None:
    near = shapely.LineString([(116.32, 31.400005), (116.32, 31.41)])
    path = written(tmp_path / "a.gpkg", shapely.LineString([LEFT, RIGHT]), near, FAR, OVER)
    report = run(ground, path)
    assert report.is_written
    assert sorted(kinds(report)) == ["crossing", "island"]
    island = next(finding for finding in report.findings if finding.kind == "island")
    assert island.data["edges"] == 1
    assert island.place == pytest.approx((116.331, 31.409))
    text = report.to_text()
    assert "Ends put onto the road that they meet: 1, the farthest 0.56 m away" in text
    assert "Islands in it: 1, with 0.0 km" in text
    assert ground.execute("SELECT count(*) FROM road_edge WHERE is_island").fetchone() == (1,)
    # OVER is long enough to be a network of its own.
    again = run(ground, path, join_crossings=True)
    assert "crossing" not in kinds(again)
    assert again.counts == {"new road edges": 7, "removed road edges": 5}


def test_bridges_of_other_files_cross_in_peace(ground: Conn, tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", STREET, OVER, bridge=["F", "T"], layer=[0, 1])
    report = run(ground, path, join_crossings=True)
    assert report.counts["new road edges"] == 2
    assert "crossing" not in kinds(report)


def test_a_column_says_what_is_walked(ground: Conn, tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", STREET, LANE, OVER, 等级=["县道", "高速公路", "motorway"])
    assert run(ground, path, is_dry_run=True).counts["new road edges"] == 4
    report = run(ground, path, class_column="等级")
    assert report.counts["new road edges"] == 1
    with pytest.raises(FileRefusedError, match="no column"):
        run(ground, path, class_column="级别")


def test_systems_and_frames(ground: Conn, tmp_path: Path) -> None:
    frame(STREET, n=[1]).to_crs(4548).to_file(tmp_path / "plane.gpkg")
    run(ground, tmp_path / "plane.gpkg")
    plane = ground.execute("SELECT ST_X(ST_StartPoint(geom)) FROM road_edge").fetchone()
    assert plane == (pytest.approx(LEFT[0], abs=3e-7),)
    shifted = shapely.transform(STREET, wgs84_to_gcj02)
    report = run(ground, written(tmp_path / "gcj.geojson", shifted), frame="gcj02")
    assert "GCJ02 was taken away" in report.to_text()
    shape = ground.execute("SELECT ST_X(ST_StartPoint(geom)) FROM road_edge").fetchone()
    assert shape == (pytest.approx(LEFT[0], abs=3e-7),)


def grid(path: Path) -> Path:
    """100 m up from west to east over the county."""
    rows = "\n".join(" ".join(str(10 * n) for n in range(11)) for _ in range(11))
    path.write_text(
        "ncols 11\nnrows 11\nxllcenter 116.31\nyllcenter 31.39\ncellsize 0.002\n" + rows
    )
    return path


def test_heights_make_ways_up_longer_than_down(ground: Conn, tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", STREET, FAR)
    report = run(ground, path, heights=str(grid(tmp_path / "h.asc")))
    assert "Slopes are known for 50.0% of the edges" in report.to_text()
    rows = ground.execute(
        "SELECT climb_m, descent_m, forward_m / length_m, backward_m / length_m FROM road_edge"
        " ORDER BY length_m DESC"
    ).fetchall()
    assert rows[0][:2] == (pytest.approx(100, abs=0.1), pytest.approx(0, abs=0.1))
    assert rows[0][2] == pytest.approx(1.202, abs=0.003)
    assert rows[0][3] == pytest.approx(0.847, abs=0.003)
    assert rows[1] == (None, None, 1, 1)
    # Cut by another file later, the pieces share the climb.
    run(ground, written(tmp_path / "b.gpkg", LANE), source="lane")
    pieces = ground.execute("SELECT climb_m FROM road_edge WHERE climb_m > 0").fetchall()
    assert [row[0] for row in pieces] == pytest.approx([50, 50], abs=0.1)


def test_again_add_and_replace(ground: Conn, tmp_path: Path) -> None:
    street, lane = written(tmp_path / "a.gpkg", STREET), written(tmp_path / "b.gpkg", LANE)
    dry = run(ground, street, source="one", is_dry_run=True)
    assert "would bring 1 new road edge" in dry.to_text()
    assert (keeping.sources(ground), lengths(ground)) == ([], [])
    assert run(ground, street, source="one").counts["new road edges"] == 1
    before = keeping.sources(ground)
    again = run(ground, street, source="one")
    assert not again.is_written
    assert "all of it is there already" in again.to_text()
    assert keeping.sources(ground) == before
    added = run(ground, lane, source="two", licence="测绘局")
    assert added.counts == {"new road edges": 1, "removed road edges": 0}
    assert lengths(ground) == [951, 951, 1109]
    assert [(s.name, s.edges, s.licence) for s in keeping.sources(ground)] == [
        ("one", 2, ""), ("two", 1, "测绘局"),
    ]  # fmt: skip
    other = run(ground, written(tmp_path / "c.gpkg", OVER), source="two")
    assert other.counts == {"new road edges": 1, "removed road edges": 1}
    # What was cut stays cut: the way along it is as long as before.
    assert lengths(ground) == [951, 951, 1109]
    alone = run(ground, lane, source="three", is_replacing=True)
    assert alone.counts == {"new road edges": 1, "removed road edges": 3}
    assert [source.name for source in keeping.sources(ground)] == ["three"]
    assert lengths(ground) == [1109]


def test_changes_make_coverage_stale_and_everybody_may_read(
    ground: Conn, database_url: str, tmp_path: Path
) -> None:
    count = "SELECT number FROM revision WHERE subject = 'services'"
    before = ground.execute(count).fetchone()
    ground.commit()
    run(ground, written(tmp_path / "a.gpkg", STREET))
    ground.commit()
    assert ground.execute(count).fetchone() != before
    with psycopg.connect(db.app_url(database_url, timezone="Asia/Shanghai")) as app:
        assert app.execute("SELECT current_user").fetchone() == (APP,)
        assert len(keeping.load(app, Bounds(116.3, 31.3, 116.4, 31.5))[0].lines) == 1
        assert len(keeping.load(app, Bounds(117.3, 31.3, 117.4, 31.5))[0].lines) == 0
        with pytest.raises(errors.InsufficientPrivilege):
            keeping.clear(app)


def test_the_speed_is_a_setting(conn: Conn) -> None:
    assert keeping.walking_km_h(conn) == 4.5
    settings.write(conn, "walking_km_h", 4)
    assert keeping.walking_km_h(conn) == 4.0
    for wrong in ("fast", 0, 40, True):
        settings.write(conn, "walking_km_h", wrong)
        with pytest.raises(InvalidInputError, match="walking_km_h"):
            keeping.walking_km_h(conn)


def test_what_is_no_line_is_told(ground: Conn, tmp_path: Path) -> None:
    mixed = written(tmp_path / "a.geojson", STREET, shapely.Point(MIDDLE), LANE)
    report = run(ground, mixed)
    assert (kinds(report), report.counts["new road edges"]) == (["not_a_line"], 3)
    points = run(ground, written(tmp_path / "b.geojson", shapely.Point(MIDDLE)))
    assert points.is_blocked
    far = shapely.transform(STREET, lambda xy: xy + np.array((30, 0)))
    with pytest.raises(FileRefusedError, match="in or near the county"):
        run(ground, written(tmp_path / "c.gpkg", far))
    some = run(ground, written(tmp_path / "d.gpkg", far, LANE), source="d")
    assert "left out: 1 lines" in some.to_text()


def test_options_that_make_no_sense(ground: Conn, tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", STREET)
    for options in ({"tolerance_m": -1.0}, {"tolerance_m": 1e9}, {"source": " "}):
        with pytest.raises(InvalidInputError):
            run(ground, path, **options)


def _raw(coordinates: object) -> bytes:
    shape = {"type": "LineString", "coordinates": coordinates}
    rows = [{"type": "Feature", "properties": {}, "geometry": shape}]
    return json.dumps({"type": "FeatureCollection", "features": rows}).encode()


VRT = b"<OGRVRTDataSource><OGRVRTLayer name='x'><SrcDataSource>/etc/passwd</SrcDataSource>"
HOSTILE = [
    ("empty.gpkg", b""),
    ("pointing.geojson", VRT),
    ("pointing.osm.pbf", VRT),
    ("head.osm.pbf", b"\0\0\0\x0dOSMHeader"),
    ("huge.osm.pbf", b"\x7f\xff\xff\xff\x0a\x09OSMHeader" + b"\xff" * 5000),
    ("garbage.osm.pbf", b"\0\0\0\x0d\x0a\x09OSMHeader\x18\x7c" + bytes(range(256)) * 20),
    ("infinite.geojson", _raw([[1e308, 1e308], [1e309, 2]])),
    ("nan.geojson", _raw([[float("nan"), 31.4], [116.3, 31.4]])),
    ("speck.geojson", _raw([[116.3, 31.4], [116.3, 31.4]])),
    ("one.geojson", _raw([[116.3, 31.4]])),
    ("none.geojson", _raw([])),
    ("zip.zip", b"PK\x03\x04" + b"\0" * 100),
    ("osm.xml.osm", b"<?xml version='1.0'?><osm><node id='1'/></osm>"),
]


def _answer(conn: Conn, path: Path) -> tuple[str, str]:
    """What a file was refused for, and in what words."""
    try:
        report = run(conn, path)
    except GridMapError as refusal:
        return str(refusal.data.get("fault", refusal.code)), str(refusal)
    return "blocked" if report.is_blocked else "accepted", report.to_text()


def test_hostile_files_are_refused_and_change_nothing(
    ground: Conn, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = extract(tmp_path / "whole.osm.pbf", monkeypatch).read_bytes()
    for name, content in (*HOSTILE, ("cut.osm.pbf", whole[: len(whole) * 2 // 3])):
        path = tmp_path / name
        path.write_bytes(content)
        fault, text = _answer(ground, path)
        assert fault not in {"crashed", "accepted"}, f"{name}: {text}"
        assert text.strip(), name
        assert "Traceback" not in text, name
        ground.rollback()
    assert lengths(ground) == []


def test_hostile_heights_are_refused(ground: Conn, tmp_path: Path) -> None:
    path = written(tmp_path / "a.gpkg", STREET)
    heights = tmp_path / "h.asc"
    heights.write_text("ncols 99999\nnrows 1400\nxllcorner 0\nyllcorner 0\ncellsize 1\n5")
    with pytest.raises(FileRefusedError, match="should have"):
        run(ground, path, heights=str(heights))
    shutil.copy(path, heights)
    with pytest.raises(FileRefusedError, match="neither"):
        run(ground, path, heights=str(heights))
    assert lengths(ground) == []
