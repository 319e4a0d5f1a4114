"""Files that are broken or mean harm, made on the spot, and a digest of the whole database."""

from __future__ import annotations

import hashlib
import json
import math
import sqlite3
import struct
import zipfile
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Any

import geopandas as gpd
import numpy as np
import psycopg
from psycopg import sql
from shapely.geometry import Polygon, box, mapping
from shapely.geometry.base import BaseGeometry

# The square county of the tests: 116.30 to 116.34 E, 31.40 to 31.44 N.
COUNTY = box(116.30, 31.40, 116.34, 31.44)
HALVES = (box(116.30, 31.40, 116.32, 31.44), box(116.32, 31.40, 116.34, 31.44))
CODES = ("341525100", "341525101")
NAMES = ("衡山镇", "佛子岭镇")


def digest(conn: psycopg.Connection[Any]) -> str:
    """Return a digest of every row of every table of the product."""
    tables = conn.execute(
        "SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY 1"
    ).fetchall()
    whole = hashlib.sha256()
    for (table,) in tables:
        rows = conn.execute(
            sql.SQL("SELECT md5(t::text) FROM {} t ORDER BY 1").format(sql.Identifier(table))
        ).fetchall()
        whole.update(repr((table, rows)).encode())
    return whole.hexdigest()


def features(
    shapes: Iterable[BaseGeometry | dict[str, Any] | None],
    codes: Iterable[str] = CODES,
    names: Iterable[str] = NAMES,
    **members: Any,
) -> dict[str, Any]:
    """Return a GeoJSON collection of shapes with code and name."""
    return {
        "type": "FeatureCollection",
        **members,
        "features": [
            {
                "type": "Feature",
                "properties": {"code": code, "name": name},
                "geometry": mapping(shape) if isinstance(shape, BaseGeometry) else shape,
            }
            for shape, code, name in zip(shapes, codes, names, strict=False)
        ],
    }


def write_json(path: Path, content: Any) -> Path:
    path.write_text(json.dumps(content, ensure_ascii=False), "utf-8")
    return path


def frame(
    shapes: Iterable[BaseGeometry] = HALVES,
    codes: Iterable[str] = CODES,
    names: Iterable[str] = NAMES,
    crs: int = 4326,
) -> gpd.GeoDataFrame:
    table = gpd.GeoDataFrame(
        {"code": list(codes), "name": list(names)}, geometry=list(shapes), crs=4326
    )
    return table if crs == 4326 else table.to_crs(crs)


def shapefile(
    path: Path,
    table: gpd.GeoDataFrame,
    *,
    encoding: str = "UTF-8",
    leave_out: Iterable[str] = (),
    folder: str = "",
) -> Path:
    """Write a zipped shapefile, leaving out some of its parts."""
    bare = path.parent / f"{path.stem}-parts"
    bare.mkdir()
    table.to_file(bare / "grids.shp", encoding=encoding)
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for part in sorted(bare.iterdir()):
            if part.suffix not in leave_out:
                archive.write(part, folder + part.name)
    return path


def star(points: int = 201, radius: float = 0.004) -> Polygon:
    """Return a star whose every edge crosses half of the others."""
    turns = np.arange(points) * (points // 2) * 2 * math.pi / points
    return Polygon(
        np.column_stack((116.31 + radius * np.cos(turns), 31.42 + radius * np.sin(turns)))
    )


def huge_ring(corners: int = 10_000_000) -> bytes:
    """Return the bytes of a shapefile's .shp with one ring of so many corners."""
    turns = np.linspace(0, -2 * math.pi, corners)
    ring = np.column_stack((116.31 + 0.005 * np.cos(turns), 31.42 + 0.005 * np.sin(turns)))
    ring[-1] = ring[0]
    box_ = struct.pack("<4d", *ring.min(axis=0), *ring.max(axis=0))
    body = struct.pack("<i", 5) + box_ + struct.pack("<iii", 1, corners, 0) + ring.tobytes()
    record = struct.pack(">ii", 1, len(body) // 2) + body
    head = struct.pack(">7i", 9994, 0, 0, 0, 0, 0, (100 + len(record)) // 2)
    return head + struct.pack("<ii", 1000, 5) + box_ + bytes(32) + record


def vrt(path: Path, other: str) -> Path:
    """Write a VRT that points at another file or address."""
    path.write_text(
        f'<OGRVRTDataSource><OGRVRTLayer name="grids"><SrcDataSource>{other}</SrcDataSource>'
        "<SrcLayer>grids</SrcLayer></OGRVRTLayer></OGRVRTDataSource>",
        "utf-8",
    )
    return path


def bomb(path: Path) -> Path:
    """Write a zip archive that unpacks to a thousand times its size."""
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        with archive.open("grids.shp", "w", force_zip64=True) as entry:
            for _ in range(300):
                entry.write(bytes(1 << 20))
        archive.writestr("grids.dbf", b"\x03" + bytes(64))
    return path


def geopackage(path: Path, statements: Iterable[str] = ()) -> Path:
    """Write a GeoPackage and run statements in it."""
    frame().to_file(path, layer="grids", driver="GPKG")
    base = sqlite3.connect(path)
    for statement in statements:
        base.execute(statement)
    base.commit()
    base.close()
    return path


def cut(path: Path, share: float = 0.6) -> Path:
    """Cut a file off."""
    raw = path.read_bytes()
    path.write_bytes(raw[: int(len(raw) * share)])
    return path


Maker = Callable[[Path], Path]
