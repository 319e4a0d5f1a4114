"""Making the offline base map: files in, one PMTiles archive out."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from itertools import chain
from pathlib import Path
from typing import Any

import geopandas as gpd
from psycopg import Connection

from geodata.basemap import archive, kinds, opening, sources, tiling
from geodata.errors import InvalidInputError
from geodata.model import Bounds

# The county's own box grown by this share of itself: neighbours are seen, the province is not.
MARGIN = 0.15

_FIELDS: dict[kinds.Layer, tuple[str, ...]] = {
    "landuse": ("kind",),
    "water": ("kind", "name", "name_en"),
    "buildings": (),
    "roads": ("kind", "name", "name_en", "ref"),
    "places": ("kind", "name", "name_en"),
}


@dataclass(frozen=True, slots=True)
class Credit:
    """Whom the map must name for its data, and under which licence it came."""

    attribution: str
    url: str = ""
    licence: str = ""


def territory(conn: Connection[Any], on: date) -> Bounds | None:
    """Return the box around the counties of a day, grown by MARGIN; None without one."""
    row = conn.execute(
        """
        SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
        FROM (SELECT ST_Extent(geom) AS box FROM grid_version
              WHERE level = 'county' AND valid @> %(on)s::date) AS whole
        WHERE box IS NOT NULL
        """,
        {"on": on},
    ).fetchone()
    if row is None:
        return None
    west, south, east, north = row
    wide, high = MARGIN * (east - west), MARGIN * (north - south)
    return Bounds(west - wide, south - high, east + wide, north + high)


def credit_for(files: Sequence[sources.Source], attribution: str, url: str, licence: str) -> Credit:
    """Return the credit to show. OSM's own is known; any other source must be named.

    Raises:
        InvalidInputError: no attribution was given for a file that is not from OSM.
    """
    if attribution:
        return Credit(attribution, url, licence)
    if all(opening.is_osm(source.path) for source in files):
        return Credit(
            sources.OSM_ATTRIBUTION, sources.OSM_ATTRIBUTION_URL, licence or sources.OSM_LICENCE
        )
    raise InvalidInputError(
        "Whose data is this?",
        hint="Say whom the map must name, with the map approval number if it has one:"
        " --attribution TEXT.",
    )


def make(
    conn: Connection[Any],
    files: Sequence[sources.Source],
    out: Path,
    *,
    box: Bounds | None,
    credit: Credit,
    today: date,
    progress: tiling.Progress,
) -> archive.Archive:
    """Cut ``files`` into the archive ``out``, replacing one that lies there only when all is well.

    ``box`` (WGS 84) limits what is read and drawn; without it everything is. Works in temporary
    tables: the caller may roll back.

    Raises:
        InvalidInputError: a file cannot be read, or nothing in it can be drawn.
    """
    batches = chain.from_iterable(sources.read(source, box) for source in files)
    count = tiling.load(conn, _told(batches, progress))
    if not count:
        raise InvalidInputError(
            "Nothing to draw was found.",
            hint="Does the file cover the territory? --bbox chooses another box.",
        )
    bounds = box or tiling.extent(conn)
    metadata = {
        "name": "GridMap base map",
        "type": "baselayer",
        "format": "pbf",
        "attribution": credit.attribution,
        "attribution_url": credit.url,
        "licence": credit.licence,
        "made": today.isoformat(),
        "sources": [source.path.name for source in files],
        "things": count,
        "vector_layers": [
            {
                "id": layer,
                "fields": dict.fromkeys(_FIELDS[layer], "String"),
                "minzoom": tiling.MIN_ZOOM,
                "maxzoom": kinds.MAX_ZOOM,
            }
            for layer in kinds.LAYERS
        ],
    }
    return archive.write(out, tiling.cut(conn, bounds, progress=progress), bounds, metadata)


def _told(
    batches: Iterator[gpd.GeoDataFrame], progress: tiling.Progress
) -> Iterator[gpd.GeoDataFrame]:
    """Pass the batches on, telling that the files are being read: how far, nobody knows."""
    progress("reading", 0.0)
    yield from batches
