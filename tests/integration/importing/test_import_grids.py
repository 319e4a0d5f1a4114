"""Importing grids: versions, parents, neighbours, repair, exceptions, formats."""

from __future__ import annotations

from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from shapely.geometry import box

from geodata.grids.writing import DateOrderError
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.checking import check
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.report.report import Report
from geodata.partition.measure import area_m2
from tests import faults
from tests.faults import CODES, COUNTY, HALVES, NAMES

DAY = date(2024, 1, 1)
LATER = date(2025, 1, 1)
Conn = psycopg.Connection[Any]


def run(
    conn: Conn,
    path: Path,
    level: str = "town",
    *,
    day: date = DAY,
    columns: Columns | None = None,
    **options: Any,
) -> Report:
    order = GridImport(
        FileRequest(str(path), layer=options.pop("layer", None)),
        level,  # type: ignore[arg-type]
        columns or Columns("name", "code"),
        day,
        **options,
    )
    return import_grids(conn, order, progress=lambda _stage, _share: None)


@pytest.fixture
def county(conn: Conn, tmp_path: Path) -> Conn:
    path = tmp_path / "county.geojson"
    faults.write_json(path, faults.features([COUNTY], ["341525"], ["霍山县"]))
    assert run(conn, path, "county").is_written
    return conn


@pytest.fixture
def towns(county: Conn, tmp_path: Path) -> Conn:
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(HALVES))
    assert run(county, path).is_written
    return county


def versions(conn: Conn, level: str = "town") -> list[tuple[Any, ...]]:
    return conn.execute(
        "SELECT code, name, lower(valid), upper(valid) FROM grid_version"
        " WHERE level = %s::grid_level ORDER BY code, valid",
        [level],
    ).fetchall()


def test_county_names_the_installation(county: Conn) -> None:
    assert county.execute("SELECT value FROM setting WHERE key = 'county_name'").fetchone() == (
        "霍山县",
    )


def test_versions_labels_pinyin_and_shapes_are_written(towns: Conn) -> None:
    assert versions(towns) == [
        (code, name, DAY, None) for code, name in zip(CODES, NAMES, strict=True)
    ]
    rows = towns.execute(
        "SELECT pinyin, ST_Contains(geom, label_point), source FROM grid_version"
        " WHERE level = 'town' ORDER BY code"
    ).fetchall()
    assert rows[0] == ("hengshanzhen hsz", True, "towns.geojson")
    zooms = towns.execute(
        "SELECT DISTINCT max_zoom FROM grid_shape WHERE level = 'town' ORDER BY 1"
    ).fetchall()
    assert [zoom for (zoom,) in zooms] == [9, 10, 11, 12, 13]


def test_same_file_again_changes_nothing(towns: Conn, tmp_path: Path) -> None:
    towns.commit()
    before = faults.digest(towns)
    report = run(towns, tmp_path / "towns.geojson", day=LATER)
    assert "Nothing to do" in report.verdict()
    assert faults.digest(towns) == before


def test_changed_grids_get_versions_and_others_stay(towns: Conn, tmp_path: Path) -> None:
    path = tmp_path / "again.geojson"
    faults.write_json(path, faults.features(HALVES, CODES, ["衡山镇", "新佛子岭镇"]))
    report = run(towns, path, day=LATER)
    assert report.counts == {
        "new towns": 0,
        "new versions of known grids": 1,
        "neighbours that got shared corners": 0,
    }
    assert versions(towns) == [
        (CODES[0], "衡山镇", DAY, None),
        (CODES[1], "佛子岭镇", DAY, LATER),
        (CODES[1], "新佛子岭镇", LATER, None),
    ]
    assert towns.execute("SELECT count(*) FROM grid WHERE level = 'town'").fetchone() == (2,)


def test_new_version_before_the_last_one_is_refused(towns: Conn, tmp_path: Path) -> None:
    path = tmp_path / "again.geojson"
    faults.write_json(path, faults.features(HALVES, CODES, ["a", "b"]))
    assert run(towns, path, day=LATER).is_written
    faults.write_json(path, faults.features(HALVES, CODES, ["c", "d"]))
    with pytest.raises(DateOrderError, match="already has a version from 2025-01-01"):
        run(towns, path, day=date(2024, 6, 1))


def test_neighbour_in_the_database_gets_the_corner(county: Conn, tmp_path: Path) -> None:
    path = faults.write_json(
        tmp_path / "west.geojson", faults.features(HALVES[:1], CODES[:1], NAMES[:1])
    )
    assert run(county, path, accept=("gap",), reason="the east follows").is_written
    halves = [box(116.32, 31.40, 116.34, 31.4123457), box(116.32, 31.4123457, 116.34, 31.44)]
    path = faults.write_json(
        tmp_path / "east.geojson", faults.features(halves, ["341525101", "341525102"], ["b", "c"])
    )
    report = run(county, path, day=LATER)
    assert report.counts["neighbours that got shared corners"] == 1
    west = county.execute(
        "SELECT ST_NPoints(geom) FROM grid_version WHERE code = %s ORDER BY valid", [CODES[0]]
    ).fetchall()
    assert west == [(5,), (6,)]
    assert [finding.kind for finding in report.findings] == ["not_in_file"]


def test_overlap_with_a_grid_outside_the_file(towns: Conn, tmp_path: Path) -> None:
    path = faults.write_json(
        tmp_path / "rival.geojson",
        faults.features([box(116.31, 31.40, 116.32, 31.41)], ["341525199"], ["rival"]),
    )
    report = run(towns, path)
    assert report.is_blocked
    (overlap,) = [f for f in report.findings if f.kind == "overlap_existing"]
    assert "341525100 衡山镇" in overlap.line()


QUARTERS = [
    box(116.30 + 0.02 * east, 31.40 + 0.02 * north, 116.32 + 0.02 * east, 31.42 + 0.02 * north)
    for east in (0, 1)
    for north in (0, 1)
]
QUARTER_CODES = [f"34152510{east}00{north}" for east in (0, 1) for north in (0, 1)]


@pytest.mark.parametrize("column", [None, "parent", "parent_name"])
def test_parents_by_place_by_code_and_by_name(
    towns: Conn, tmp_path: Path, column: str | None
) -> None:
    content = faults.features(QUARTERS, QUARTER_CODES, ["一", "二", "三", "四"])
    for feature, parent in zip(content["features"], [0, 0, 1, 1], strict=True):
        feature["properties"] |= {
            "parent": CODES[parent], "parent_name": NAMES[parent], "households": 300
        }  # fmt: skip
    path = faults.write_json(tmp_path / "communities.geojson", content)
    columns = Columns("name", "code", column, "households")
    assert run(towns, path, "community", columns=columns).is_written
    rows = towns.execute(
        "SELECT c.code, t.code, c.households FROM grid_version c"
        " JOIN grid_version t ON t.grid_id = c.parent_id WHERE c.level = 'community' ORDER BY 1"
    ).fetchall()
    assert rows == [(c, c[:9], 300) for c in QUARTER_CODES]


def test_unknown_parent_is_named(towns: Conn, tmp_path: Path) -> None:
    content = faults.features(QUARTERS, QUARTER_CODES, "一二三四")
    for feature in content["features"]:
        feature["properties"]["parent"] = "没有镇"
    path = faults.write_json(tmp_path / "communities.geojson", content)
    report = run(towns, path, "community", columns=Columns("name", "code", "parent"))
    assert {f.kind for f in report.findings if f.severity == "blocking"} == {
        "no_parent",
        "gap",
    } or {f.kind for f in report.findings if f.severity == "blocking"} == {"no_parent"}
    assert '"没有镇"' in report.to_text()


def test_rival_division_does_not_nest(towns: Conn, tmp_path: Path) -> None:
    across = [box(116.30, 31.40, 116.34, 31.42), box(116.30, 31.42, 116.34, 31.44)]
    path = faults.write_json(
        tmp_path / "communities.geojson", faults.features(across, ["a", "b"], ["a", "b"])
    )
    report = run(towns, path, "community")
    found = [finding for finding in report.findings if finding.kind == "does_not_nest"]
    assert report.is_blocked
    assert len(found) == 2
    assert "50.0% in" in found[0].line()
    accepted = run(towns, path, "community", accept=("outside_parent", "gap"), reason="old survey")
    assert accepted.is_written
    rows = towns.execute(
        "SELECT kind, reason, recorded_by <> '' FROM partition_exception WHERE kind <> 'gap'"
    ).fetchall()
    assert rows == [("outside_parent", "old survey", True)] * 2


def test_repair_gives_overlaps_away_and_says_how_much(county: Conn, tmp_path: Path) -> None:
    shapes = [box(116.30, 31.40, 116.3200030, 31.44), HALVES[1]]
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    assert {f.kind for f in run(county, path).findings} == {"overlap"}
    report = run(county, path, repair=True)
    assert report.is_written
    # 3e-6 degrees by 0.04 degrees.
    assert sum(deed.m2 for deed in report.repairs) == pytest.approx(0.285 * 4435, rel=0.05)
    (ground,) = check(county, ("town",), on=DAY)
    assert not ground.findings


def test_repair_stops_at_an_overlap_that_is_no_slip(county: Conn, tmp_path: Path) -> None:
    """Towns that both claim a strip of 950 m: it was given away, with exit status 0."""
    shapes = [box(116.30, 31.40, 116.325, 31.44), box(116.315, 31.40, 116.34, 31.44)]
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    report = run(county, path, repair=True)
    assert report.is_blocked
    assert not report.repairs
    (overlap,) = report.findings
    assert "949 m wide, 40.0% of" in overlap.line() or "950 m wide, 40.0% of" in overlap.line()
    assert any(name in overlap.line().split("% of ")[1] for name in NAMES)
    assert "--repair" not in report.to_text()


def test_an_enclave_that_was_not_cut_out_is_no_work_for_a_repair(
    county: Conn, tmp_path: Path
) -> None:
    shapes = [COUNTY, box(116.31, 31.41, 116.32, 31.42)]
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(shapes))
    for repair in (False, True):
        report = run(county, path, repair=repair)
        assert report.is_blocked
        assert "100.0% of 佛子岭镇" in report.to_text()
        assert "--repair" not in report.to_text()


def test_a_bow_tie_moves_no_more_than_its_box(county: Conn, tmp_path: Path) -> None:
    west, south, east, north = 116.31, 31.41, 116.32, 31.42
    bow = shapely.Polygon([(west, south), (east, north), (east, south), (west, north)])
    path = faults.write_json(tmp_path / "towns.geojson", faults.features([bow, HALVES[1]]))
    report = run(county, path, repair=True, is_dry_run=True)
    (deed,) = report.repairs
    half = area_m2(np.array([box(west, south, east, north)], dtype=object))[0] / 2
    assert deed.m2 == pytest.approx(half, rel=0.01)
    assert f"unfolded, {deed.m2:,.0f} m² (100.00% of it) at 116.3" in report.to_text()


def test_repair_unfolds_a_bow_tie_only_when_asked(county: Conn, tmp_path: Path) -> None:
    # The west half with a fold of its border at the north-west corner.
    fold = shapely.Polygon(
        [(116.30, 31.40), (116.32, 31.40), (116.32, 31.44), (116.30, 31.44), (116.30, 31.4399),
         (116.3001, 31.4400), (116.30, 31.4398)]
    )  # fmt: skip
    assert not fold.is_valid
    path = faults.write_json(tmp_path / "towns.geojson", faults.features([fold, HALVES[1]]))
    report = run(county, path)
    (invalid,) = [finding for finding in report.findings if finding.kind == "invalid"]
    assert "Self-intersection" in invalid.line() or "Ring" in invalid.line()
    assert run(county, path, repair=True).is_written


@pytest.mark.parametrize("suffix", ["gpkg", "fgb", "geojson", "kml", "zip"])
def test_every_format_gives_the_same_grids(county: Conn, tmp_path: Path, suffix: str) -> None:
    path = tmp_path / f"towns.{suffix}"
    columns = Columns("name", "code")
    if suffix == "zip":
        faults.shapefile(path, faults.frame())
    elif suffix == "kml":
        marks = "".join(
            f"<Placemark><name>{name}</name><description>{code}</description><Polygon>"
            "<outerBoundaryIs><LinearRing><coordinates>"
            + " ".join(f"{x:.7f},{y:.7f},0" for x, y in half.exterior.coords)
            + "</coordinates></LinearRing></outerBoundaryIs></Polygon></Placemark>"
            for half, code, name in zip(HALVES, CODES, NAMES, strict=True)
        )
        path.write_text(
            '<?xml version="1.0" encoding="UTF-8"?><kml xmlns="http://www.opengis.net/kml/2.2">'
            f"<Document><Folder><name>towns</name>{marks}</Folder></Document></kml>",
            "utf-8",
        )
        columns = Columns("Name", "Description")
    else:
        driver = {"gpkg": "GPKG", "fgb": "FlatGeobuf", "geojson": "GeoJSON"}[suffix]
        faults.frame().to_file(path, driver=driver)
    assert run(county, path, columns=columns).is_written
    stored = county.execute(
        "SELECT ST_AsBinary(geom) FROM grid_version WHERE level = 'town' ORDER BY code"
    ).fetchall()
    for (wkb,), half in zip(stored, HALVES, strict=True):
        assert shapely.equals(shapely.from_wkb(bytes(wkb)), half)


def test_dry_run_writes_nothing(county: Conn, tmp_path: Path) -> None:
    county.commit()
    before = faults.digest(county)
    path = faults.write_json(tmp_path / "towns.geojson", faults.features(HALVES))
    report = run(county, path, is_dry_run=True)
    assert report.verdict() == "Dry run, nothing was written. The import would bring 2 new towns."
    assert faults.digest(county) == before


def test_projected_towns_meet_to_the_bit(county: Conn, tmp_path: Path) -> None:
    """Four pieces with T junctions on edges of kilometres, through Gauss-Kruger."""
    shapes = [
        box(116.30, 31.40, 116.34, 31.41),
        box(116.30, 31.41, 116.3131, 31.44),
        box(116.3131, 31.41, 116.34, 31.427),
        box(116.3131, 31.427, 116.34, 31.44),
    ]
    codes = [f"34152510{index}" for index in range(4)]
    path = faults.shapefile(
        tmp_path / "towns.zip", faults.frame(shapes, codes, list("abcd"), crs=4548)
    )
    assert run(county, path).is_written
    rows = county.execute("SELECT ST_AsBinary(geom) FROM grid_version WHERE level = 'town'")
    stored = np.array([shapely.from_wkb(bytes(row[0])) for row in rows])
    assert shapely.coverage_is_valid(stored)
    county.commit()
