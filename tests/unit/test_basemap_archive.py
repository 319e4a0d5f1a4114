"""PMTiles archives, read by GDAL's reader, which shares no code with the writer."""

import gzip
import random
from pathlib import Path

import mapbox_vector_tile
import pyogrio
import pytest
from pmtiles.tile import zxy_to_tileid

from geodata.basemap import archive
from geodata.errors import InvalidInputError, NotFoundError
from geodata.grids.tiles import Tile
from geodata.model import Bounds

HUOSHAN = Bounds(116.0, 31.1, 116.7, 31.7)
METADATA = {
    "attribution": "© 演示",
    "vector_layers": [{"id": "places", "fields": {"name": "String"}, "minzoom": 0, "maxzoom": 9}],
}


def point(name: str) -> bytes:
    feature = {"geometry": "POINT(2048 2048)", "properties": {"name": name}}
    return mapbox_vector_tile.encode([{"name": "places", "features": [feature]}])


def written(path: Path, zooms: range = range(10)) -> dict[Tile, bytes]:
    tiles = {
        tile: point("same" if tile.z == 9 else f"{tile.z}")
        for zoom in zooms
        for tile in archive.in_order(zoom, HUOSHAN)
    }
    archive.write(path, tiles.items(), HUOSHAN, METADATA)
    return tiles


def test_what_is_written_is_read_again(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    tiles = written(path)
    about = archive.read(path)
    assert about.bounds == HUOSHAN
    assert (about.min_zoom, about.max_zoom, about.tile_count) == (0, 9, len(tiles))
    assert about.attribution == "© 演示"
    assert {tile: gzip.decompress(data) for tile, data in archive.tiles(path)} == tiles


def test_gdal_reads_the_same(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    tiles = written(path)
    rows = pyogrio.read_dataframe(path, layer="places", ZOOM_LEVEL="9")
    last = [tile for tile in tiles if tile.z == 9]
    assert len(rows) == len(last)
    assert set(rows["name"]) == {"same"}
    for tile in last:
        west, south, east, north = tile.envelope()
        inside = rows.cx[west:east, south:north]
        assert len(inside) == 1


def test_equal_tiles_are_stored_once_and_in_the_order_of_the_curve(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    written(path, range(9, 10))
    with path.open("rb") as stream:
        header = archive.Reader(archive.MmapSource(stream)).header()
    assert header["tile_contents_count"] == 1
    assert header["addressed_tiles_count"] > 1
    assert header["clustered"]
    ids = [zxy_to_tileid(tile.z, tile.x, tile.y) for tile, _ in archive.tiles(path)]
    assert ids == sorted(ids)


def test_the_same_tiles_make_the_same_file(tmp_path: Path) -> None:
    written(tmp_path / "a.pmtiles")
    written(tmp_path / "b.pmtiles")
    assert (tmp_path / "a.pmtiles").read_bytes() == (tmp_path / "b.pmtiles").read_bytes()


def test_many_tiles_go_into_leaf_directories(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    chance = random.Random(7)
    many = archive.in_order(13, Bounds(114.0, 29.0, 121.0, 35.0))
    many = [tile for tile in many if chance.random() < 0.5]
    tiles = {tile: chance.randbytes(chance.randrange(1, 300)) for tile in many}
    archive.write(path, tiles.items(), HUOSHAN, METADATA)
    with path.open("rb") as stream:
        reader = archive.Reader(archive.MmapSource(stream))
        assert reader.header()["leaf_directory_length"] > 0
        for tile in many[:: len(many) // 20]:
            kept = reader.get(tile.z, tile.x, tile.y)
            assert kept
            assert gzip.decompress(kept) == tiles[tile]


def test_tiles_cover_the_bounds_even_at_the_rim_of_the_world() -> None:
    assert archive.in_order(0, HUOSHAN) == [Tile(0, 0, 0)]
    assert len(archive.in_order(2, Bounds(-180, -90, 180, 90))) == 16
    for tile in archive.in_order(11, HUOSHAN):
        box = tile.bounds()
        assert box[0] < HUOSHAN.east
        assert box[2] > HUOSHAN.west
        assert box[1] < HUOSHAN.north
        assert box[3] > HUOSHAN.south


def test_a_failure_leaves_the_old_archive(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    written(path)
    before = path.read_bytes()

    def failing():
        yield Tile(0, 0, 0), point("new")
        raise RuntimeError("the database went away")

    with pytest.raises(RuntimeError, match="went away"):
        archive.write(path, failing(), HUOSHAN, METADATA)
    with pytest.raises(InvalidInputError, match="does not overlap"):
        archive.write(path, iter(()), HUOSHAN, METADATA)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize(
    "data",
    [b"", b"PMTiles", b"PMTiles\x02" + bytes(200), b"PMTiles\x03" + b"\xff" * 200, b"x" * 500],
)
def test_what_is_no_archive_is_refused(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "a.pmtiles"
    path.write_bytes(data)
    with pytest.raises(InvalidInputError, match="not a PMTiles"):
        archive.read(path)
    with pytest.raises(NotFoundError):
        archive.read(tmp_path / "none.pmtiles")


def test_a_truncated_archive_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.pmtiles"
    written(path)
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(InvalidInputError, match="not a PMTiles"):
        archive.read(path)
