"""Reading the files an administrator has into things to draw: OSM extracts and common GIS files."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, cast

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyogrio.errors
import shapely
from pyproj import CRS, Transformer

from geodata import frames
from geodata.basemap import kinds, opening
from geodata.errors import InvalidInputError
from geodata.frames import Frame
from geodata.model import Bounds

OSM_ATTRIBUTION = "© OpenStreetMap contributors"
OSM_ATTRIBUTION_URL = "https://www.openstreetmap.org/copyright"
OSM_LICENCE = "ODbL 1.0"

# Rows read at a time, so that memory stays bounded whatever the file holds.
BATCH = 50_000
# An OSM extract cannot be read in pieces; a larger one needs a box to cut from it.
OSM_WHOLE_LIMIT = 300 * 1024 * 1024

_OSM_CONFIG = Path(__file__).with_name("osm.ini")
_OSM_QUERIES = (
    "SELECT * FROM points WHERE place IS NOT NULL OR \"natural\" = 'peak'",
    "SELECT * FROM lines WHERE highway IS NOT NULL OR waterway IS NOT NULL OR railway IS NOT NULL",
    'SELECT * FROM multipolygons WHERE "natural" IS NOT NULL OR landuse IS NOT NULL'
    " OR leisure IS NOT NULL OR waterway IS NOT NULL",
    "SELECT building FROM multipolygons WHERE building IS NOT NULL",
)
_NAME_COLUMNS = ("name_zh", "name:zh", "name", "名称", "name_cn", "mc", "pac_name")
_CLASS_COLUMNS = ("kind", "fclass", "class", "rteg", "type", "类型", "等级", "lx")
_BOX_MARGIN = 0.02


Classes = list[kinds.Class | None]


@dataclass(frozen=True, slots=True)
class Source:
    """One layer of a file and what to draw it as; ``layer`` None means: find out by tags or names.

    ``frame`` is the frame of its coordinates if they are degrees.
    """

    path: Path
    name: str | None = None
    layer: kinds.Layer | None = None
    frame: Frame = "wgs84"


def parse(text: str, frame: Frame = "wgs84") -> Source:
    """Read "FILE", "roads=FILE" or "roads=FILE:LAYER" as given on the command line.

    Raises:
        InvalidInputError: the layer is not one of the base map's, or the file of no known format.
        NotFoundError: there is no such file.
    """
    head, equals, rest = text.partition("=")
    if not equals or Path(text).exists():
        return _checked(Source(Path(text), frame=frame))
    layers: dict[str, kinds.Layer] = {layer: layer for layer in kinds.LAYERS}
    layer = layers.get(head)
    if layer is None:
        raise InvalidInputError(
            "The base map has no layer {layer}.",
            hint="Its layers are: {layers}.",
            layer=head,
            layers=", ".join(kinds.LAYERS),
        )
    file, colon, name = rest.rpartition(":")
    if colon and not Path(rest).exists():
        return _checked(Source(Path(file), name, layer, frame))
    return _checked(Source(Path(rest), None, layer, frame))


def read(source: Source, box: Bounds | None) -> Iterator[gpd.GeoDataFrame]:
    """Yield things to draw, in batches, in EPSG:3857.

    Columns: layer, kind, name, name_en, ref, rank, min_zoom, geometry. Geometry is 2D, not empty,
    of a dimension the layer draws. ``box`` leaves out what is far from it.

    Raises:
        InvalidInputError: the file cannot be read, or says nothing that could be drawn.
    """
    try:
        if opening.is_osm(source.path):
            yield from _read_osm(source, box)
        else:
            yield from _read_layers(source, box)
    except (pyogrio.errors.DataSourceError, pyogrio.errors.DataLayerError) as error:
        raise opening.unreadable(source.path, error) from error


def _checked(source: Source) -> Source:
    opening.check(source.path)
    return source


def _read_osm(source: Source, box: Bounds | None) -> Iterator[gpd.GeoDataFrame]:
    if box is None and source.path.stat().st_size > OSM_WHOLE_LIMIT:
        raise InvalidInputError(
            "{path} is too large to be read whole.",
            hint="Name the box to cut from it: --bbox WEST,SOUTH,EAST,NORTH.",
            path=source.path,
        )
    for query in _OSM_QUERIES:
        rows = pyogrio.read_dataframe(
            source.path, sql=query, bbox=_tuple(box), CONFIG_FILE=str(_OSM_CONFIG), use_arrow=False
        )
        yield from _drawable(rows, kinds.by_tags(pd.DataFrame(rows)), source)


def _read_layers(source: Source, box: Bounds | None) -> Iterator[gpd.GeoDataFrame]:
    path, names = opening.layers(source.path)
    if source.name is not None and source.name not in names:
        raise InvalidInputError(
            "{path} has no layer {layer}.",
            hint="It has: {layers}.",
            path=source.path,
            layer=source.name,
            layers=", ".join(names),
        )
    drawn = 0
    for name in [source.name] if source.name else names:
        info: dict[str, Any] = pyogrio.read_info(path, layer=name)
        columns = {str(column).lower(): str(column) for column in info["fields"]}
        has_tags = bool(columns.keys() & kinds.TAGS)
        layer = source.layer or (None if has_tags else kinds.layer_named(name))
        if layer is None and not has_tags:
            continue
        drawn += 1
        limits = _in_crs(box, info["crs"], source)
        for start in range(0, 1 << 40, BATCH):
            rows = pyogrio.read_dataframe(
                path, layer=name, bbox=limits, skip_features=start, max_features=BATCH,
                force_2d=True, on_invalid="ignore", use_arrow=False,
            )  # fmt: skip
            if rows.empty:
                break
            yield from _drawable(rows, _classes(rows, layer, columns), source)
    if not drawn:
        raise InvalidInputError(
            "Nothing says what {path} shows.",
            hint="Say it: --layer roads=FILE:LAYER. Its layers are: {layers}; ours: {ours}.",
            path=source.path,
            layers=", ".join(names),
            ours=", ".join(kinds.LAYERS),
        )


def _classes(rows: gpd.GeoDataFrame, layer: kinds.Layer | None, columns: dict[str, str]) -> Classes:
    if layer is None:
        return kinds.by_tags(pd.DataFrame(rows).rename(columns=str.lower))
    words = [columns[name] for name in (*_CLASS_COLUMNS, *kinds.TAGS) if name in columns]
    return kinds.by_word(layer, pd.DataFrame(rows)[words])


def _drawable(
    rows: gpd.GeoDataFrame, classes: Classes, source: Source
) -> Iterator[gpd.GeoDataFrame]:
    """Yield the rows that have a class and a fitting shape, with label points for named waters."""
    if rows.empty:
        return
    shapes = np.asarray(rows.geometry.values, dtype=object)
    shown = ~shapely.is_empty(shapes) & [
        what is not None
        and size in kinds.DIMENSIONS[what.layer]
        and what.min_zoom <= kinds.MAX_ZOOM
        for what, size in zip(classes, shapely.get_dimensions(shapes), strict=True)
    ]
    if not shown.any():
        return
    classes = [what for what, is_shown in zip(classes, shown, strict=True) if is_shown]
    rows = rows[shown]
    columns = {str(column).lower(): str(column) for column in rows.columns}
    drawn = gpd.GeoDataFrame(
        {
            "layer": [what.layer for what in classes if what],
            "kind": [what.kind for what in classes if what],
            "name": _text(rows, [columns[n] for n in _NAME_COLUMNS if n in columns]),
            "name_en": _text(rows, [columns[n] for n in ("name_en", "name:en") if n in columns]),
            "ref": _text(rows, [columns[n] for n in ("ref", "rn") if n in columns]),
            "min_zoom": [what.min_zoom for what in classes if what],
            "rank": _population(rows, columns),
        },
        geometry=_to_mercator(rows, source),
        crs=3857,
    )
    drawn = cast("gpd.GeoDataFrame", drawn[np.isfinite(drawn.geometry.bounds).all(axis=1)])
    area = np.asarray(drawn.area)
    by_size = np.clip(kinds.zoom_of_area(area), drawn["min_zoom"], kinds.MAX_ZOOM)
    drawn["min_zoom"] = np.where(area > 0, by_size, drawn["min_zoom"])
    drawn["rank"] = np.where(area > 0, area, drawn["rank"]).astype(np.int64)
    # Buildings and fields carry no names on a base map.
    drawn.loc[drawn["layer"].isin(["buildings", "landuse"]), ["name", "name_en", "ref"]] = None
    yield drawn
    yield from _water_labels(drawn[area > 0])


def _water_labels(areas: gpd.GeoDataFrame) -> Iterator[gpd.GeoDataFrame]:
    named = areas[(areas["layer"] == "water") & areas["name"].notna()]
    if not named.empty:
        # A name needs some ten times the room at which the shape itself appears.
        zoom = np.clip(named["min_zoom"] + 3, 8, kinds.MAX_ZOOM)
        yield named.assign(
            layer="places", kind="water", min_zoom=zoom, geometry=named.representative_point()
        )


def _to_mercator(rows: gpd.GeoDataFrame, source: Source) -> gpd.GeoSeries:
    shapes = rows.geometry.force_2d()
    crs = shapes.crs
    if crs is None:
        raise InvalidInputError(
            "{path} does not say its coordinate system.",
            hint="Save it with one (a .prj beside a Shapefile), CGCS2000 for example.",
            path=source.path,
        )
    if source.frame != "wgs84":
        if not crs.is_geographic:
            raise InvalidInputError("{path} is in metres: no frame applies.", path=source.path)
        moved = shapely.transform(
            np.asarray(shapes.values, dtype=object), lambda xy: frames.to_wgs84(xy, source.frame)
        )
        shapes = gpd.GeoSeries(moved, index=shapes.index, crs=4326)
    return shapes.to_crs(3857)


def _in_crs(
    box: Bounds | None, crs: str | None, source: Source
) -> tuple[float, float, float, float] | None:
    """Return the box in the file's own coordinates; wider for a frame whose offset is to come."""
    if box is None or crs is None:
        return None
    grow = _BOX_MARGIN if source.frame != "wgs84" else 0.0
    wide = Bounds(box.west - grow, box.south - grow, box.east + grow, box.north + grow)
    turn = Transformer.from_crs(CRS.from_epsg(4326), CRS.from_user_input(crs), always_xy=True)
    return turn.transform_bounds(wide.west, wide.south, wide.east, wide.north)


def _tuple(box: Bounds | None) -> tuple[float, float, float, float] | None:
    return None if box is None else (box.west, box.south, box.east, box.north)


def _text(rows: gpd.GeoDataFrame, columns: Sequence[str]) -> list[str | None]:
    """Return, for each row, the first of several columns that says something."""
    spoken = [pd.DataFrame(rows)[column].tolist() for column in columns]
    if not spoken:
        return [None] * len(rows)
    return [
        next((text.strip() for text in row if isinstance(text, str) and text.strip()), None)
        for row in zip(*spoken, strict=True)
    ]


def _population(rows: gpd.GeoDataFrame, columns: dict[str, str]) -> pd.Series[int]:
    if "population" not in columns:
        return pd.Series(0, index=rows.index)
    people = pd.to_numeric(pd.DataFrame(rows)[columns["population"]], errors="coerce")
    return people.fillna(0).clip(0, 1e9)
