"""Cutting things to draw into vector tiles, inside PostGIS.

Everything goes through temporary tables of one transaction, in EPSG:3857: memory holds one batch
and one tile, and nothing stays behind, whatever happens.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from typing import Any

import geopandas as gpd
import shapely
from psycopg import Connection

from geodata.basemap import archive, kinds
from geodata.grids.tiles import Tile
from geodata.language.phrases import Phrase
from geodata.model import Bounds

MIN_ZOOM = 0
Progress = Callable[[str | Phrase, float], None]

_COLUMNS = ("layer", "kind", "name", "name_en", "ref", "rank", "min_zoom")


def load(conn: Connection[Any], batches: Iterable[gpd.GeoDataFrame]) -> int:
    """Take things to draw into a temporary table; return how many there were."""
    conn.execute(
        """
        CREATE TEMPORARY TABLE basemap_thing (
            layer text, kind text, name text, name_en text, ref text, rank bigint,
            min_zoom smallint, geom geometry(Geometry, 3857)
        ) ON COMMIT DROP
        """
    )
    conn.execute(
        """
        CREATE TEMPORARY TABLE basemap_cut (
            layer text, kind text, name text, name_en text, ref text, rank bigint,
            geom geometry(Geometry, 3857)
        ) ON COMMIT DROP
        """
    )
    conn.execute("CREATE INDEX ON basemap_cut USING gist (geom)")
    count = 0
    copy_sql = "COPY basemap_thing FROM STDIN"
    with conn.cursor() as cursor, cursor.copy(copy_sql) as copy:
        for batch in batches:
            shapes = shapely.to_wkb(batch.geometry.values, hex=True, include_srid=False)
            for row, shape in zip(batch[[*_COLUMNS]].itertuples(index=False), shapes, strict=True):
                copy.write_row((*(None if value != value else value for value in row), shape))
            count += len(batch)
    conn.execute("ANALYZE basemap_thing")
    return count


def extent(conn: Connection[Any]) -> Bounds:
    """Return the box around everything loaded, in WGS 84 degrees."""
    row = conn.execute(
        """
        SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)
        FROM (SELECT ST_Transform(ST_SetSRID(ST_Extent(geom)::geometry, 3857), 4326) AS box
              FROM basemap_thing) AS whole
        """
    ).fetchone()
    assert row is not None
    return Bounds(*row)


def cut(
    conn: Connection[Any], bounds: Bounds, *, max_zoom: int = kinds.MAX_ZOOM, progress: Progress
) -> Iterator[tuple[Tile, bytes]]:
    """Yield the tiles over ``bounds`` that are not empty, zoom by zoom along the Hilbert curve.

    ``progress`` is told the step and the share of the places that has been looked at.
    """
    places = [archive.in_order(zoom, bounds) for zoom in range(MIN_ZOOM, max_zoom + 1)]
    total, done = sum(map(len, places)), 0
    for zoom, row in enumerate(places):
        _generalise(conn, zoom, is_last=zoom == max_zoom)
        for tile in row:
            data = _render(conn, tile)
            if data:
                yield tile, data
            done += 1
            progress(Phrase("zoom {zoom}", {"zoom": zoom}), done / total)


def _generalise(conn: Connection[Any], zoom: int, *, is_last: bool) -> None:
    """Fill basemap_cut with what a zoom shows, simplified to half a pixel.

    The last zoom is drawn at all closer ones too and keeps a quarter of a pixel. Pieces of one road
    or river are joined, so that its name finds room.
    """
    conn.execute("TRUNCATE basemap_cut")
    tolerance = kinds.pixel_m(zoom) / (4 if is_last else 2)
    values = {"zoom": zoom, "tolerance": tolerance, "length": kinds.pixel_m(zoom) * 2}
    conn.execute(
        """
        INSERT INTO basemap_cut
        SELECT layer, kind, name, name_en, ref, rank, ST_Simplify(geom, %(tolerance)s, false)
        FROM basemap_thing
        WHERE min_zoom <= %(zoom)s
          AND (ST_Dimension(geom) <> 1 OR (name IS NULL AND ref IS NULL))
        """,
        values,
    )
    conn.execute(
        """
        INSERT INTO basemap_cut
        SELECT layer, kind, name, name_en, ref, 0, ST_Simplify(line, %(tolerance)s, false)
        FROM (
            SELECT layer, kind, name, name_en, ref,
                   (ST_Dump(ST_LineMerge(ST_Collect(geom)))).geom AS line
            FROM basemap_thing
            WHERE min_zoom <= %(zoom)s
              AND ST_Dimension(geom) = 1 AND NOT (name IS NULL AND ref IS NULL)
            GROUP BY layer, kind, name, name_en, ref
        ) AS merged
        WHERE ST_Length(line) > %(length)s
        """,
        values,
    )
    conn.execute("ANALYZE basemap_cut")


def _render(conn: Connection[Any], tile: Tile) -> bytes:
    """Return one tile as MVT, empty where nothing lies.

    Shapes reach 64 units (8 pixels) over the edge, so that strokes meet; points do not, so that no
    name comes twice. Large shapes come first and lie below small ones.
    """
    row = conn.execute(
        """
        WITH place AS MATERIALIZED (
            SELECT ST_TileEnvelope(%(z)s, %(x)s, %(y)s) AS box,
                   ST_TileEnvelope(%(z)s, %(x)s, %(y)s, margin => 0.015625) AS reach
        ), drawn AS MATERIALIZED (
            SELECT layer, kind, name, name_en, ref, rank,
                   ST_AsMVTGeom(geom, box, 4096,
                                CASE ST_Dimension(geom) WHEN 0 THEN 0 ELSE 64 END, true) AS geom
            FROM basemap_cut, place
            WHERE geom && reach
        )
        SELECT coalesce((SELECT ST_AsMVT(l, 'landuse', 4096, 'geom') FROM (
                   SELECT kind, geom FROM drawn
                   WHERE layer = 'landuse' AND geom IS NOT NULL ORDER BY rank DESC) l), '')
            || coalesce((SELECT ST_AsMVT(w, 'water', 4096, 'geom') FROM (
                   SELECT kind, name, name_en, geom FROM drawn
                   WHERE layer = 'water' AND geom IS NOT NULL ORDER BY rank DESC) w), '')
            || coalesce((SELECT ST_AsMVT(b, 'buildings', 4096, 'geom') FROM (
                   SELECT geom FROM drawn
                   WHERE layer = 'buildings' AND geom IS NOT NULL) b), '')
            || coalesce((SELECT ST_AsMVT(r, 'roads', 4096, 'geom') FROM (
                   SELECT kind, name, name_en, ref, geom FROM drawn
                   WHERE layer = 'roads' AND geom IS NOT NULL) r), '')
            || coalesce((SELECT ST_AsMVT(p, 'places', 4096, 'geom') FROM (
                   SELECT kind, name, name_en, geom FROM drawn
                   WHERE layer = 'places' AND geom IS NOT NULL ORDER BY rank DESC, name) p), '')
        """,
        {"z": tile.z, "x": tile.x, "y": tile.y},
    ).fetchone()
    assert row is not None
    return bytes(row[0])
