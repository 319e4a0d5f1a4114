"""PMTiles v3: one file that holds all tiles of the offline base map.

Format: https://github.com/protomaps/PMTiles/blob/main/spec/v3/spec.md. Tiles are gzipped MVT in the
order of the Hilbert curve, equal ones stored once.
"""

from __future__ import annotations

import gzip
import math
import os
import zlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from pmtiles.reader import MmapSource, Reader, all_tiles
from pmtiles.tile import (
    Compression,
    MagicNumberNotFound,
    SpecVersionUnsupported,
    TileType,
    zxy_to_tileid,
)
from pmtiles.writer import Writer

from geodata.errors import InvalidInputError, NotFoundError
from geodata.grids.tiles import Tile
from geodata.model import Bounds

Metadata = dict[str, Any]

# What the reader raises on a file that is something else, or cut short.
_BROKEN = (
    MagicNumberNotFound,
    SpecVersionUnsupported,
    ValueError,
    IndexError,
    OSError,
    EOFError,
    zlib.error,
)


@dataclass(frozen=True, slots=True)
class Archive:
    """What an archive says of itself. ``bounds`` are WGS 84 degrees, ``size`` is in bytes."""

    path: Path
    bounds: Bounds
    min_zoom: int
    max_zoom: int
    tile_count: int
    size: int
    metadata: Metadata

    @property
    def attribution(self) -> str:
        """Return whom the map must name."""
        return str(self.metadata.get("attribution") or "")


def in_order(zoom: int, bounds: Bounds) -> list[Tile]:
    """Return the tiles of one zoom that touch ``bounds``, along the Hilbert curve."""
    scale = 1 << zoom
    west, east = (_clamp((lon + 180) / 360, scale) for lon in (bounds.west, bounds.east))
    north, south = (_clamp(_mercator_y(lat), scale) for lat in (bounds.north, bounds.south))
    tiles = [Tile(zoom, x, y) for x in range(west, east + 1) for y in range(north, south + 1)]
    return sorted(tiles, key=lambda tile: zxy_to_tileid(tile.z, tile.x, tile.y))


def write(
    path: Path, tiles: Iterable[tuple[Tile, bytes]], bounds: Bounds, metadata: Metadata
) -> Archive:
    """Write an archive of MVT tiles, which come in the order of ``in_order``, zoom by zoom.

    The file appears whole or not at all; readers of an older one keep what they have open.

    Raises:
        InvalidInputError: there is no tile.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with fresh.open("wb") as stream:
            writer = Writer(stream)
            with writer.tile_f:
                for tile, data in tiles:
                    tile_id = zxy_to_tileid(tile.z, tile.x, tile.y)
                    writer.write_tile(tile_id, gzip.compress(data, 9, mtime=0))
                if not writer.tile_entries:
                    raise InvalidInputError("The source does not overlap the map.")
                writer.finalize(_header(bounds), metadata)
            stream.flush()
            os.fsync(stream.fileno())
        fresh.replace(path)
    finally:
        fresh.unlink(missing_ok=True)
    return read(path)


def read(path: Path) -> Archive:
    """Read what an archive says of itself.

    Raises:
        NotFoundError: there is no such file.
        InvalidInputError: the file is not a PMTiles v3 archive of vector tiles.
    """
    try:
        with path.open("rb") as stream:
            get_bytes = MmapSource(stream)
            reader = Reader(get_bytes)
            header, metadata = reader.header(), reader.metadata()
    except FileNotFoundError as error:
        raise NotFoundError("There is no base map at {path}.", path=path) from error
    except _BROKEN as error:
        raise InvalidInputError("{path} is not a PMTiles v3 archive.", path=path) from error
    if header["tile_type"] is not TileType.MVT:
        raise InvalidInputError("{path} holds no vector tiles.", path=path)
    return Archive(
        path=path,
        bounds=Bounds(
            header["min_lon_e7"] / 1e7,
            header["min_lat_e7"] / 1e7,
            header["max_lon_e7"] / 1e7,
            header["max_lat_e7"] / 1e7,
        ),
        min_zoom=header["min_zoom"],
        max_zoom=header["max_zoom"],
        tile_count=header["addressed_tiles_count"],
        size=path.stat().st_size,
        metadata=metadata,
    )


def tiles(path: Path) -> Iterator[tuple[Tile, bytes]]:
    """Yield every tile of an archive as it lies there: its place and its gzipped bytes."""
    with path.open("rb") as stream:
        for (z, x, y), data in all_tiles(MmapSource(stream)):
            yield Tile(z, x, y), data


def _header(bounds: Bounds) -> dict[str, Any]:
    """Fill what the writer cannot know; it adds zooms, offsets and counts."""
    return {
        "tile_type": TileType.MVT,
        "tile_compression": Compression.GZIP,
        "min_lon_e7": round(bounds.west * 1e7),
        "min_lat_e7": round(bounds.south * 1e7),
        "max_lon_e7": round(bounds.east * 1e7),
        "max_lat_e7": round(bounds.north * 1e7),
        "center_zoom": 9,
        "center_lon_e7": round((bounds.west + bounds.east) * 5e6),
        "center_lat_e7": round((bounds.south + bounds.north) * 5e6),
    }


def _clamp(share: float, scale: int) -> int:
    return min(max(math.floor(share * scale), 0), scale - 1)


def _mercator_y(lat: float) -> float:
    """Return the share of Web Mercator's height, from the north, at a latitude in degrees."""
    phi = math.radians(min(max(lat, -85.0511287), 85.0511287))
    return 0.5 - math.asinh(math.tan(phi)) / (2 * math.pi)
