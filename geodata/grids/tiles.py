"""Vector tiles: which place a tile shows, and one query that renders it inside PostGIS.

A tile (z, x, y) is a square of Web Mercator (EPSG:3857) in the XYZ scheme, y growing southwards.
It is searched for in WGS 84 (EPSG:4326), the system in which the ground is stored: the constant is
transformed, not the column, so that the spatial index serves.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, LiteralString

from psycopg import Connection

from geodata.database.revisions import Subject
from geodata.errors import InvalidInputError

MAX_ZOOM = 22
EXTENT = 4096
# Half the length of the equator on the sphere of Web Mercator, in metres.
HALF_WORLD_M = 20037508.342789244


@dataclass(frozen=True, slots=True)
class Tile:
    """A place in the XYZ scheme. Raises InvalidInputError if it cannot exist."""

    z: int
    x: int
    y: int

    def __post_init__(self) -> None:
        if not (
            0 <= self.z <= MAX_ZOOM and 0 <= self.x < 1 << self.z and 0 <= self.y < 1 << self.z
        ):
            raise InvalidInputError(
                "There is no tile {z}/{x}/{y}.",
                hint="Zoom runs from 0 to {max_zoom}, x and y from 0 to 2^zoom - 1.",
                z=self.z,
                x=self.x,
                y=self.y,
                max_zoom=MAX_ZOOM,
            )

    def envelope(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """Return (west, south, east, north) in EPSG:3857 metres, grown by a share of its side."""
        side = 2 * HALF_WORLD_M / (1 << self.z)
        west = -HALF_WORLD_M + self.x * side
        north = HALF_WORLD_M - self.y * side
        grow = margin * side
        return west - grow, north - side - grow, west + side + grow, north + grow

    def bounds(self, margin: float = 0.0) -> tuple[float, float, float, float]:
        """Return (west, south, east, north) in WGS 84 degrees, grown by a share of its side."""
        west, south, east, north = self.envelope(margin)
        return _lon(west), _lat(south), _lon(east), _lat(north)


@dataclass(frozen=True, slots=True)
class Source:
    """What a layer's tiles are made of.

    ``query(z)`` gives SQL that yields one bytea of concatenated ST_AsMVT layers and the revision.
    It may use the parameters of ``render``: west_m, south_m, east_m, north_m, the tile in
    EPSG:3857; west, south, east, north, the tile and its margin in EPSG:4326; side_m, the tile's
    side in Mercator metres; subjects; and those of the layer. ``margin`` is how far features reach
    beyond the tile, as a share of its side; ``subjects`` are what it depends on. ``is_prepared``
    says that one plan serves every tile: planning each would cost a quarter of a small one. Not
    where a tile of the whole county needs another plan than a tile of a village.
    """

    queries: Mapping[int, LiteralString]
    subjects: tuple[Subject, ...]
    margin: float = 64 / EXTENT
    is_prepared: bool = False

    def query(self, z: int) -> LiteralString:
        """Return the SQL for a zoom."""
        return self.queries[min(z, max(self.queries))]


def render(
    conn: Connection[Any], source: Source, tile: Tile, values: Mapping[str, object]
) -> tuple[bytes, int]:
    """Render a tile and say of which revision it is, in one statement and so in one snapshot.

    -1 says that it is of none: something is missing that will be there later.
    """
    west_m, south_m, east_m, north_m = tile.envelope()
    west, south, east, north = tile.bounds(source.margin)
    row = conn.execute(
        source.query(tile.z),
        {
            **values,
            "west_m": west_m,
            "south_m": south_m,
            "east_m": east_m,
            "north_m": north_m,
            "side_m": east_m - west_m,
            "west": west,
            "south": south,
            "east": east,
            "north": north,
            "subjects": list(source.subjects),
        },
        binary=True,
        prepare=source.is_prepared,
    ).fetchone()
    assert row is not None
    return bytes(row[0]), row[1]


def _lon(x: float) -> float:
    return x / HALF_WORLD_M * 180.0


def _lat(y: float) -> float:
    return math.degrees(2 * math.atan(math.exp(y / HALF_WORLD_M * math.pi)) - math.pi / 2)
