"""A handful of things around the county seat of Huoshan, as the files an administrator may have."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import geopandas as gpd
import pandas as pd
import shapely
from shapely.geometry.base import BaseGeometry

from tests import osm_files as pbf

LAKE = shapely.Point(116.30, 31.42).buffer(0.01)
FOREST = shapely.box(116.34, 31.36, 116.40, 31.42)
ROAD = shapely.LineString([(116.26, 31.37), (116.33, 31.38), (116.36, 31.45)])
CENTRE = (116.33, 31.40)

THINGS: list[tuple[BaseGeometry, dict[str, str]]] = [
    (LAKE, {"natural": "water", "name": "Foziling Lake", "name:zh": "佛子岭水库"}),
    (FOREST, {"landuse": "forest", "name": "林"}),
    (ROAD, {"highway": "primary", "name": "迎驾大道", "ref": "S318"}),
    (shapely.LineString([(116.33, 31.38), (116.332, 31.39)]), {"highway": "residential"}),
    (
        shapely.LineString([(116.26, 31.45), (116.30, 31.43)]),
        {"waterway": "river", "name": "东淠河"},
    ),
    (shapely.box(116.3301, 31.3901, 116.3304, 31.3903), {"building": "yes", "name": "办公楼"}),
    (shapely.Point(CENTRE), {"place": "town", "name": "衡山镇", "name:en": "Hengshan"}),
    (shapely.Point(116.36, 31.40), {"natural": "peak", "name": "白马尖"}),
    (shapely.Point(116.31, 31.40), {"shop": "yes", "name": "小卖部"}),
]


def geopackage(path: Path) -> Path:
    """Write the things as ogr2ogr writes OSM: a layer per shape, a column per tag."""
    for dimension, name in enumerate(("points", "lines", "multipolygons")):
        rows = [
            {"geometry": shape, **{key.replace(":", "_"): value for key, value in tags.items()}}
            for shape, tags in THINGS
            if shapely.get_dimensions(shape) == dimension
        ]
        gpd.GeoDataFrame(pd.DataFrame(rows), geometry="geometry", crs=4326).to_file(
            path, layer=name
        )
    return path


def osm_extract(path: Path, *, share_nodes: bool = False) -> Path:
    """Write the things as an OSM extract in PBF, uncompressed.

    With ``share_nodes`` ways meet in one node where they have a corner in common.

    Format: https://wiki.openstreetmap.org/wiki/PBF_Format
    """
    strings = [b""]
    nodes, ways = b"", b""
    number = 0
    known: dict[tuple[float, float], int] = {}
    for shape, tags in THINGS:
        keys = b"".join(pbf.varint(_index(strings, key)) for key in tags)
        values = b"".join(pbf.varint(_index(strings, value)) for value in tags.values())
        named = pbf.field(2, keys) + pbf.field(3, values)
        refs = []
        for lon, lat in shapely.get_coordinates(shape):
            if share_nodes and shape.geom_type == "LineString" and (lon, lat) in known:
                refs.append(known[lon, lat])
                continue
            number += 1
            refs.append(number)
            if shape.geom_type == "LineString":
                known[lon, lat] = number
            place = pbf.number(8, pbf.zigzag(round(lat * 1e7))) + pbf.number(
                9, pbf.zigzag(round(lon * 1e7))
            )
            is_point = shape.geom_type == "Point"
            nodes += pbf.field(
                1, pbf.number(1, pbf.zigzag(number)) + (named if is_point else b"") + place
            )
        if shape.geom_type == "Polygon":
            refs[-1] = refs[0]
        if len(refs) > 1:
            steps = [refs[0], *(b - a for a, b in pairwise(refs))]
            line = b"".join(pbf.varint(pbf.zigzag(step)) for step in steps)
            ways += pbf.field(3, pbf.number(1, number) + named + pbf.field(8, line))
    table = b"".join(pbf.field(1, text) for text in strings)
    header = pbf.field(4, b"OsmSchema-V0.6")
    data = pbf.field(1, table) + pbf.field(2, nodes) + pbf.field(2, ways)
    path.write_bytes(pbf.blob(b"OSMHeader", header) + pbf.blob(b"OSMData", data))
    return path


def _index(strings: list[bytes], text: str) -> int:
    if text.encode() not in strings:
        strings.append(text.encode())
    return strings.index(text.encode())


def with_columns(rows: Iterable[dict[str, object]]) -> gpd.GeoDataFrame:
    """Make a frame of rows that each hold a geometry."""
    return gpd.GeoDataFrame(pd.DataFrame(list(rows)), geometry="geometry", crs=4326)
