"""Files an administrator may have, cut into tiles by a real PostGIS and decoded again."""

import gzip
import json
import zipfile
from collections import Counter
from datetime import date
from itertools import pairwise
from pathlib import Path
from typing import Any

import geopandas as gpd
import mapbox_vector_tile
import numpy as np
import psycopg
import pytest
import regions
import shapely
from shapely.geometry import shape

from geodata import frames
from geodata.basemap import archive, making, sources
from geodata.errors import InvalidInputError, NotFoundError
from geodata.grids import writing as boundaries
from geodata.grids.tiles import Tile
from geodata.model import Bounds

DAY = date(2026, 1, 1)
CREDIT = making.Credit("© 演示", "https://a.example/", "CC0")
Features = dict[str, list[dict[str, Any]]]


def made(
    conn: psycopg.Connection[Any],
    out: Path,
    *texts: str,
    box: Bounds | None = None,
    frame: Any = "wgs84",
) -> archive.Archive:
    return making.make(
        conn, [sources.parse(text, frame) for text in texts], out,
        box=box, credit=CREDIT, today=DAY, progress=lambda step, share: None,
    )  # fmt: skip


def features(made: archive.Archive, zoom: int) -> Features:
    """Return all features of a zoom by layer, their geometry in WGS 84 degrees."""
    found: Features = {}
    for tile, data in archive.tiles(made.path):
        if tile.z == zoom:
            decoded = mapbox_vector_tile.decode(gzip.decompress(data))
            for layer, content in decoded.items():
                for feature in content["features"]:
                    feature["geometry"] = _in_degrees(shape(feature["geometry"]), tile)
                    found.setdefault(layer, []).append(feature)
    return found


def _in_degrees(geometry: shapely.Geometry, tile: Tile) -> shapely.Geometry:
    def place(xy: np.ndarray) -> np.ndarray:
        # The decoder turns y northwards, from the tile's lower left corner.
        x = (tile.x + xy[:, 0] / 4096) / 2**tile.z
        y = (tile.y + 1 - xy[:, 1] / 4096) / 2**tile.z
        lat = np.degrees(np.arctan(np.sinh(np.pi * (1 - 2 * y))))
        return np.column_stack([x * 360 - 180, lat])

    return shapely.transform(geometry, place)


def kinds_of(found: Features) -> set[tuple[str, str]]:
    return {
        (layer, feature["properties"].get("kind", ""))
        for layer, rows in found.items()
        for feature in rows
    }


EVERYTHING = {
    ("water", "water"), ("water", "river"), ("landuse", "forest"), ("roads", "primary"),
    ("roads", "minor"), ("buildings", ""), ("places", "town"), ("places", "peak"),
    ("places", "water"),
}  # fmt: skip


def test_a_geopackage_with_osm_tags_becomes_a_map(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    about = made(conn, tmp_path / "out.pmtiles", str(regions.geopackage(tmp_path / "a.gpkg")))
    found = features(about, 14)
    assert kinds_of(found) == EVERYTHING
    names = {f["properties"]["name"] for f in found["places"] if "name" in f["properties"]}
    assert names == {"衡山镇", "白马尖", "佛子岭水库"}
    assert about.attribution == "© 演示"
    assert about.metadata["licence"] == "CC0"
    assert about.metadata["sources"] == ["a.gpkg"]
    assert about.max_zoom == 14


def test_an_osm_extract_becomes_the_same_map(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    about = made(conn, tmp_path / "out.pmtiles", str(regions.osm_extract(tmp_path / "a.osm.pbf")))
    assert kinds_of(features(about, 14)) == EVERYTHING


def test_things_lie_where_they_are(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    about = made(conn, tmp_path / "out.pmtiles", str(regions.geopackage(tmp_path / "a.gpkg")))
    found = features(about, 14)
    lake = shapely.union_all(
        [f["geometry"].buffer(0) for f in found["water"] if f["properties"]["kind"] == "water"]
    )
    assert lake.symmetric_difference(regions.LAKE).area < 0.005 * regions.LAKE.area
    (town,) = [f["geometry"] for f in found["places"] if f["properties"]["kind"] == "town"]
    assert town.distance(shapely.Point(regions.CENTRE)) < 1e-5
    (label,) = [f["geometry"] for f in found["places"] if f["properties"]["kind"] == "water"]
    assert regions.LAKE.contains(label)


def test_small_things_wait_for_their_zoom(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    about = made(conn, tmp_path / "out.pmtiles", str(regions.geopackage(tmp_path / "a.gpkg")))
    seen = {zoom: kinds_of(features(about, zoom)) for zoom in range(15)}
    first = {
        kind: min(zoom for zoom, kinds in seen.items() if kind in kinds) for kind in EVERYTHING
    }
    assert first["roads", "primary"] == 7
    assert first["places", "town"] == 8
    assert first["roads", "minor"] == 12
    assert first["buildings", ""] == 14
    assert first["water", "water"] < first["places", "water"] <= 12
    assert all(seen[zoom] >= seen[zoom - 1] for zoom in range(1, 15))


def test_data_in_gcj02_comes_home(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    drawn = shapely.transform(regions.LAKE, frames.wgs84_to_gcj02)
    source = tmp_path / "水系.geojson"
    regions.with_columns([{"geometry": drawn, "name": "佛子岭水库"}]).to_file(source)
    about = made(conn, tmp_path / "out.pmtiles", f"water={source}", frame="gcj02")
    lake = shapely.union_all([f["geometry"].buffer(0) for f in features(about, 14)["water"]])
    assert lake.symmetric_difference(regions.LAKE).area < 0.005 * regions.LAKE.area


def test_a_zipped_shapefile_in_gauss_kruger_metres(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    rows = regions.with_columns([{"geometry": regions.ROAD, "RTEG": "高速", "NAME": "济广高速"}])
    rows.to_crs(4548).to_file(tmp_path / "LRDL.shp", encoding="utf-8")
    with zipfile.ZipFile(tmp_path / "roads.zip", "w") as bundle:
        for part in tmp_path.glob("LRDL.*"):
            bundle.write(part, part.name)
    about = made(conn, tmp_path / "out.pmtiles", str(tmp_path / "roads.zip"))
    (road, *_) = features(about, 14)["roads"]
    assert road["properties"] == {"kind": "motorway", "name": "济广高速"}
    assert road["geometry"].hausdorff_distance(regions.ROAD) < 0.2
    assert road["geometry"].distance(regions.ROAD) < 1e-5


def test_pieces_of_a_road_are_joined_for_its_name(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    steps = np.linspace(116.300, 116.318, 40)
    rows: list[dict[str, object]] = [
        {"geometry": shapely.LineString([(a, 31.4), (b, 31.4)]), "highway": "primary", "name": "路"}
        for a, b in pairwise(steps)
    ]
    regions.with_columns(rows).to_file(tmp_path / "a.gpkg", layer="lines")
    about = made(conn, tmp_path / "out.pmtiles", str(tmp_path / "a.gpkg"))
    per_tile = Counter(
        (tile.z, tile.x, tile.y)
        for tile, data in archive.tiles(about.path)
        for _ in mapbox_vector_tile.decode(gzip.decompress(data))["roads"]["features"]
    )
    assert set(per_tile.values()) == {1}


def test_the_box_limits_what_is_drawn(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    source = str(regions.osm_extract(tmp_path / "a.osm.pbf"))
    box = Bounds(116.34, 31.36, 116.40, 31.42)
    about = made(conn, tmp_path / "out.pmtiles", source, box=box)
    assert about.bounds == box
    assert ("water", "water") not in kinds_of(features(about, 14))
    assert ("landuse", "forest") in kinds_of(features(about, 14))


def test_the_territory_is_the_county_and_some_of_its_neighbours(
    conn: psycopg.Connection[Any],
) -> None:
    assert making.territory(conn, DAY) is None
    county = shapely.box(116.0, 31.0, 117.0, 32.0)
    new = boundaries.NewVersion(None, "霍山县", "341525", None, None, None, county)
    boundaries.insert_versions(conn, "county", [new], valid_from=DAY, source="test")
    assert making.territory(conn, DAY) == Bounds(115.85, 30.85, 117.15, 32.15)
    assert making.territory(conn, date(2025, 1, 1)) is None


def test_nothing_stays_behind(conn: psycopg.Connection[Any], tmp_path: Path) -> None:
    source = str(regions.geopackage(tmp_path / "a.gpkg"))
    made(conn, tmp_path / "one.pmtiles", source)
    conn.commit()
    made(conn, tmp_path / "two.pmtiles", source)
    conn.commit()
    assert (tmp_path / "one.pmtiles").read_bytes() == (tmp_path / "two.pmtiles").read_bytes()
    left = conn.execute("SELECT count(*) FROM pg_class WHERE relname LIKE 'basemap%'").fetchone()
    assert left == (0,)


def test_odd_rows_are_left_out_and_do_no_harm(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    bow_tie = shapely.Polygon([(116.30, 31.40), (116.32, 31.42), (116.32, 31.40), (116.30, 31.42)])
    rows: list[dict[str, object]] = [
        {"geometry": None, "natural": "water"},
        {"geometry": shapely.Polygon(), "natural": "water"},
        {"geometry": bow_tie, "natural": "water"},
        {"geometry": shapely.box(116.1, 31.1, 116.2, 31.2).boundary, "natural": "water"},
        {
            "geometry": shapely.force_3d(shapely.box(116.2, 31.2, 116.22, 31.22), 9),
            "natural": "water",
        },
        {"geometry": shapely.box(116.3, 89.99, 116.4, 90), "natural": "water"},
    ]
    regions.with_columns(rows).to_file(tmp_path / "a.gpkg", layer="areas")
    about = made(
        conn, tmp_path / "out.pmtiles", str(tmp_path / "a.gpkg"), box=Bounds(116, 31, 116.5, 31.5)
    )
    assert kinds_of(features(about, 10)) == {("water", "water")}


def test_credit_is_known_for_osm_and_asked_for_else(tmp_path: Path) -> None:
    osm = sources.parse(str(regions.osm_extract(tmp_path / "a.osm.pbf")))
    own = sources.parse(str(regions.geopackage(tmp_path / "a.gpkg")))
    assert making.credit_for([osm], "", "", "").attribution == "© OpenStreetMap contributors"
    assert making.credit_for([osm], "", "", "").licence == "ODbL 1.0"
    assert making.credit_for([osm, own], "县自然资源局", "", "").attribution == "县自然资源局"
    with pytest.raises(InvalidInputError, match="Whose data"):
        making.credit_for([osm, own], "", "", "")


def _file(path: Path, content: bytes) -> str:
    path.write_bytes(content)
    return str(path)


def _zip(path: Path, members: dict[str, bytes]) -> str:
    with zipfile.ZipFile(path, "w") as bundle:
        for name, content in members.items():
            bundle.writestr(name, content)
    return str(path)


def test_files_that_say_nothing_are_refused_with_the_reason(
    conn: psycopg.Connection[Any], tmp_path: Path
) -> None:
    out = tmp_path / "out.pmtiles"
    unknown = tmp_path / "unknown.gpkg"
    gpd.GeoDataFrame({"a": [1]}, geometry=[shapely.Point(1, 1)], crs=4326).to_file(
        unknown, layer="x"
    )
    regions.with_columns([{"geometry": regions.ROAD}]).to_file(tmp_path / "roads.shp")
    (tmp_path / "roads.prj").unlink()
    pointing = b"<OGRVRTDataSource><OGRVRTLayer name='x'/></OGRVRTDataSource>"
    for text, complaint in (
        (_file(tmp_path / "a.geojson", pointing), "is none of"),
        (_file(tmp_path / "b.geojson", b"{ " + pointing), "is none of"),
        (_zip(tmp_path / "g.zip", {"a.shp": pointing, "a.dbf": b""}), "is none of"),
        (_zip(tmp_path / "h.zip", {"a.geojson": pointing}), "is none of"),
        (
            _zip(tmp_path / "i.zip", {"a.shp": b"\x00\x00\x27\x0a", "a.dbf": b""}),
            "no layer with shapes",
        ),
        (_file(tmp_path / "c.gpkg", unknown.read_bytes()[:5000]), "cannot be read"),
        (_file(tmp_path / "d.osm.pbf", b"not an extract"), "is none of"),
        (_file(tmp_path / "j.osm.pbf", b"\0\0\0\x0dOSMHeader"), "cannot be read"),
        (_file(tmp_path / "e.zip", b"PK\x03\x04"), "is none of"),
        (_file(tmp_path / "f.txt", b""), "is none of"),
        (str(unknown), "--layer roads=FILE:LAYER"),
        (f"roads={unknown}:y", "It has: x"),
        (f"rails={unknown}", "no layer rails"),
        (f"roads={tmp_path / 'roads.shp'}", "coordinate system"),
    ):
        with pytest.raises(InvalidInputError) as refusal:
            made(conn, out, text)
        assert complaint in str(refusal.value), text
        conn.rollback()
    with pytest.raises(NotFoundError):
        sources.parse(str(tmp_path / "none.gpkg"))
    empty = _file(
        tmp_path / "roads.geojson",
        json.dumps({"type": "FeatureCollection", "features": []}).encode(),
    )
    with pytest.raises(InvalidInputError, match="Nothing to draw"):
        made(conn, out, f"roads={empty}")
    assert not out.exists()


def test_memory_holds_one_batch(
    conn: psycopg.Connection[Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sources, "BATCH", 7)
    rows: list[dict[str, object]] = [
        {"geometry": shapely.Point(116.3 + n / 1000, 31.4), "place": "village", "name": f"{n}村"}
        for n in range(50)
    ]
    regions.with_columns(rows).to_file(tmp_path / "a.gpkg", layer="points")
    batches = list(sources.read(sources.parse(str(tmp_path / "a.gpkg")), None))
    assert [len(batch) for batch in batches] == [7] * 7 + [1]
    assert {name for batch in batches for name in batch["name"]} == {f"{n}村" for n in range(50)}


def test_a_large_extract_needs_a_box(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sources, "OSM_WHOLE_LIMIT", 10)
    source = sources.parse(str(regions.osm_extract(tmp_path / "a.osm.pbf")))
    with pytest.raises(InvalidInputError, match="--bbox"):
        list(sources.read(source, None))
    assert list(sources.read(source, Bounds(116, 31, 117, 32)))
