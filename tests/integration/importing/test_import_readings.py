"""Points that lie elsewhere: the import stops and says which reading leads into the county."""

from __future__ import annotations

import csv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
from pyproj import Transformer

from geodata.frames import wgs84_to_bd09, wgs84_to_gcj02
from geodata.importing.files.requests import FileRequest
from geodata.importing.lists.buildings import import_buildings
from geodata.importing.lists.facilities import import_facilities
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.reading import ListImport
from geodata.importing.report.report import Report
from tests import county as square
from tests import faults

Conn = psycopg.Connection[Any]
Import = Callable[..., Report]
# Four points of the square county, longitude and latitude.
SPOTS = [(116.311, 31.411), (116.315, 31.415), (116.325, 31.431), (116.331, 31.435)]
AWAY = [(117.28, 31.86), (117.29, 31.87)]


@pytest.fixture
def ground(conn: Conn) -> Conn:
    """The square county of tests/county.py, written and committed."""
    square.build(conn)
    conn.commit()
    return conn


def metres(epsg: int, spots: list[tuple[float, float]] = SPOTS) -> list[tuple[float, float]]:
    """Return spots in a system of metres, easting first."""
    way = Transformer.from_crs(4326, epsg, always_xy=True)
    return [way.transform(*spot) for spot in spots]


def northing_first(pairs: list[tuple[float, float]]) -> list[tuple[float, float]]:
    return [(y, x) for x, y in pairs]


def issues(path: Path, pairs: list[Any]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(["编号", "问题类型", "上报时间", "X坐标", "Y坐标"])
        writer.writerows([n, "路面", "2026-03-02 09:15", *pair] for n, pair in enumerate(pairs, 1))
    return path


def run(conn: Conn, path: Path, import_: Import = import_issues, **options: Any) -> Report:
    file = FileRequest(str(path), crs=options.pop("crs", None), frame=options.pop("frame", None))
    order = ListImport(file, "测试", **options)
    return import_(conn, order, progress=_no_progress)


def _no_progress(_stage: str, _share: float) -> None:
    """Show nothing."""


def stopped(report: Report) -> str:
    """Return the text of a report that stopped for this and wrote nothing."""
    assert [f.kind for f in report.findings if f.severity == "blocking"] == ["lie_elsewhere"]
    assert not report.is_written
    return report.to_text()


def kept(conn: Conn) -> list[tuple[float, float]]:
    rows = conn.execute("SELECT ST_X(geom), ST_Y(geom) FROM issue ORDER BY external_id")
    return [(row[0], row[1]) for row in rows.fetchall()]


def is_home(conn: Conn) -> bool:
    return bool(np.allclose(kept(conn), SPOTS, atol=2e-6))


@pytest.mark.parametrize(
    ("pairs", "told", "advice", "mended"),
    [
        pytest.param(
            northing_first(metres(4548)), {"crs": "EPSG:4548"},
            "Give --swap (X is north and Y is east, as surveyors have it: 100% inside).",
            {"crs": "EPSG:4548", "is_swapped": True}, id="X is north",
        ),
        pytest.param(
            northing_first(metres(4527)), {"crs": "EPSG:4527"},
            "Give --swap (X is north and Y is east, as surveyors have it: 100% inside).",
            {"crs": "EPSG:4527", "is_swapped": True}, id="X is north, zone number",
        ),
        pytest.param(
            metres(4527), {"crs": "EPSG:4548"},
            "Give --crs EPSG:4527 (CGCS2000 3-degree zone with number: 100% inside).",
            {"crs": "EPSG:4527"}, id="zone number not expected",
        ),
        pytest.param(
            northing_first(metres(4527)), {"crs": "EPSG:4548"},
            "Give --crs EPSG:4527 --swap (CGCS2000 3-degree zone with number,"
            " X is north and Y is east, as surveyors have it: 100% inside).",
            {"crs": "EPSG:4527", "is_swapped": True}, id="zone number and X is north",
        ),
        pytest.param(
            metres(4498), {"crs": "EPSG:4548"}, "Give --crs EPSG:4498 (CGCS2000 6-degree zone",
            {"crs": "EPSG:4498"}, id="zone of 6 degrees with number",
        ),
        pytest.param(
            metres(4548), {"crs": "EPSG:4547"}, "Give --crs EPSG:4548 ",
            {"crs": "EPSG:4548"}, id="neighbouring zone",
        ),
        pytest.param(
            metres(4548), {}, "Give --crs EPSG:4548 ", {"crs": "EPSG:4548"}, id="no system",
        ),
        pytest.param(
            metres(3857), {"crs": "EPSG:4548"}, "Give --crs EPSG:3857 (Web Mercator: 100% inside).",
            {"crs": "EPSG:3857"}, id="Web Mercator taken for Gauss-Kruger",
        ),
        pytest.param(
            SPOTS, {"crs": "EPSG:4548"},
            "Give --crs EPSG:4326 (longitude and latitude in degrees: 100% inside).",
            {"crs": "EPSG:4326"}, id="degrees taken for metres",
        ),
        pytest.param(
            northing_first(SPOTS), {},
            "Give --swap (latitude and longitude swapped: 100% inside).",
            {"is_swapped": True}, id="latitude first",
        ),
        pytest.param(
            SPOTS, {"is_swapped": True}, "Give without --swap (longitude and latitude as their"
            " columns say: 100% inside).", {}, id="swapped without need",
        ),
    ],
)  # fmt: skip
def test_the_reading_that_leads_home_is_named(
    ground: Conn, tmp_path: Path, pairs: list[Any], told: Any, advice: str, mended: Any
) -> None:
    path = issues(tmp_path / "issues.csv", pairs)
    text = stopped(run(ground, path, **told))
    assert "4 of 4 rows lie outside the county: row 2," in text
    assert advice in text
    assert kept(ground) == []
    report = run(ground, path, **mended)
    assert report.counts["new issues"] == 4
    assert not report.findings
    assert is_home(ground)


@pytest.mark.parametrize(("frame", "shift"), [("gcj02", wgs84_to_gcj02), ("bd09", wgs84_to_bd09)])
def test_the_frame_of_a_web_map(ground: Conn, tmp_path: Path, frame: str, shift: Any) -> None:
    # Along the eastern border, so that the shift of 0.5 km leads out of the county.
    spots = [(116.3385, 31.41 + 0.005 * n) for n in range(4)]
    path = issues(tmp_path / "issues.csv", shift(spots).tolist())
    assert f"Give --frame {frame} (drawn in" in stopped(run(ground, path))
    report = run(ground, path, frame=frame)
    assert np.allclose(kept(ground), spots, atol=1e-6)
    assert any(f"(--frame {frame})" in str(note) for note in report.notes)


def test_rows_that_truly_lie_elsewhere(ground: Conn, tmp_path: Path) -> None:
    path = issues(tmp_path / "issues.csv", AWAY)
    text = stopped(run(ground, path))
    assert "2 of 2 rows lie outside the county: row 2, 117.28, 31.86, would lie at" in text
    assert "No usual reading puts them inside" in text
    # Leaving rows out does not help: it is the file that lies elsewhere.
    stopped(run(ground, path, skip_bad_rows=True))
    report = run(ground, path, may_lie_outside=True)
    assert [f.kind for f in report.findings] == ["outside_county"] * 2
    assert kept(ground) == AWAY


def test_rows_around_the_county_are_brought(ground: Conn, tmp_path: Path) -> None:
    """What is just over the border serves its households: most of such a list may lie outside."""
    around = [(116.36, 31.41 + 0.01 * n) for n in range(3)]
    report = run(ground, issues(tmp_path / "issues.csv", [*SPOTS[:2], *around]))
    assert [f.kind for f in report.findings] == ["outside_county"] * 3
    assert report.is_written


def test_few_outside_are_told_row_by_row(ground: Conn, tmp_path: Path) -> None:
    report = run(ground, issues(tmp_path / "issues.csv", [*SPOTS, *AWAY]))
    assert [(f.kind, f.rows[0].row) for f in report.findings] == [
        ("outside_county", 6),
        ("outside_county", 7),
    ]
    assert report.is_written


def test_rows_without_coordinates_do_not_count_as_outside(ground: Conn, tmp_path: Path) -> None:
    rows = [*SPOTS[:2], ("0", "0"), ("nan", "31.4"), ("", "")]
    report = run(ground, issues(tmp_path / "issues.csv", rows), skip_bad_rows=True)
    assert {(f.kind, f.rows[0].row) for f in report.findings} == {
        ("bad_point", 4),
        ("bad_value", 5),
        ("bad_point", 6),
    }
    assert report.counts["new issues"] == 2


def test_decimal_commas_are_refused(ground: Conn, tmp_path: Path) -> None:
    report = run(ground, issues(tmp_path / "issues.csv", [("116,311", "31,411")]))
    assert {f.kind for f in report.findings} == {"bad_value"}
    assert report.is_blocked


def test_degrees_minutes_and_seconds(ground: Conn, tmp_path: Path) -> None:
    path = issues(tmp_path / "issues.csv", [("116°18′39.6″", "北纬31度24分39.6秒")])
    assert run(ground, path).is_written
    assert np.allclose(kept(ground), SPOTS[:1], atol=1e-9)
    other = run(ground, issues(tmp_path / "b.csv", [("N31°24′", "E116°18′")]))
    assert {f.kind for f in other.findings} == {"bad_value"}


def test_before_there_is_a_county_the_ground_of_the_system_decides(
    conn: Conn, tmp_path: Path
) -> None:
    path = issues(tmp_path / "issues.csv", northing_first(metres(4548)))
    text = stopped(run(conn, path, crs="EPSG:4548"))
    assert "outside the ground of its system" in text
    assert "--swap" in text
    report = run(conn, path, crs="EPSG:4548", is_swapped=True)
    assert is_home(conn)
    assert any("There is no county yet" in str(note) for note in report.notes)


@pytest.mark.parametrize("import_", [import_facilities, import_buildings])
@pytest.mark.parametrize("is_layer", [False, True])
def test_facilities_and_buildings_from_columns_and_layers(
    ground: Conn, tmp_path: Path, import_: Import, is_layer: bool
) -> None:
    pairs = northing_first(metres(4548))
    if is_layer:
        path = faults.write_json(
            tmp_path / "points.geojson",
            {
                "type": "FeatureCollection",
                "crs": {"type": "name", "properties": {"name": "urn:ogc:def:crs:EPSG::4548"}},
                "features": [
                    {
                        "type": "Feature",
                        "properties": {"name": f"n{n}", "kind": "clinic"},
                        "geometry": {"type": "Point", "coordinates": pair},
                    }
                    for n, pair in enumerate(pairs)
                ],
            },
        )
        told: dict[str, Any] = {}
    else:
        path = tmp_path / "points.csv"
        lines = [f"n{n},clinic,{x},{y}" for n, (x, y) in enumerate(pairs)]
        path.write_text("\n".join(["name,kind,x,y", *lines]))
        told = {"crs": "EPSG:4548"}
    assert "Give --swap (X is north" in stopped(run(ground, path, import_, **told))
    report = run(ground, path, import_, is_swapped=True, **told)
    assert report.is_written
    assert not report.findings
    if import_ is import_facilities:
        rows = ground.execute("SELECT ST_X(geom), ST_Y(geom) FROM facility ORDER BY name")
    else:
        rows = ground.execute("SELECT ST_X(geom), ST_Y(geom) FROM building ORDER BY name")
    assert np.allclose(rows.fetchall(), SPOTS, atol=2e-6)
    assert any("EPSG:4548" in str(note) for note in report.notes)


def test_what_was_taken_is_said_where_nothing_tells(ground: Conn, tmp_path: Path) -> None:
    report = run(ground, issues(tmp_path / "issues.csv", SPOTS))
    assert any("taken for degrees in WGS 84 or CGCS2000" in str(note) for note in report.notes)
