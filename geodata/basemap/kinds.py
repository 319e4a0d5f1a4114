"""What is drawn on the offline base map, and from which zoom on.

Tags are OpenStreetMap's; other sources are read by the names their makers give to layers and
classes. A zoom z is that of a tile of 512 CSS pixels; the map shows it as z + 1.
"""

from __future__ import annotations

import math
from typing import Literal, NamedTuple, get_args

import numpy as np
import pandas as pd
from numpy.typing import NDArray

Layer = Literal["landuse", "water", "buildings", "roads", "places"]
LAYERS: tuple[Layer, ...] = get_args(Layer)
DIMENSIONS: dict[Layer, tuple[int, ...]] = {
    "landuse": (2,),
    "water": (1, 2),
    "buildings": (2,),
    "roads": (1,),
    "places": (0,),
}
MAX_ZOOM = 14

# A polygon appears when it covers this many square pixels of the screen.
_POLYGON_PX2 = 24
# One CSS pixel of tile zoom 0 in Web Mercator metres, where a tile is 512 pixels wide.
_PIXEL_M = 40_075_016.686 / 512


class Class(NamedTuple):
    """What a thing is drawn as. Polygons appear by their size, but not before ``min_zoom``."""

    layer: Layer
    kind: str
    min_zoom: int


ANY = "*"
_GREEN, _FOREST = Class("landuse", "green", 9), Class("landuse", "forest", 6)
_FARM, _INDUSTRY = Class("landuse", "farmland", 9), Class("landuse", "industrial", 10)
_LIVING, _WATER = Class("landuse", "residential", 8), Class("water", "water", 4)
_MINOR, _PATH = Class("roads", "minor", 12), Class("roads", "path", 13)
_LINK, _HAMLET = Class("roads", "link", 11), Class("places", "hamlet", 13)

# Read in this order: the first tag that says something wins.
TAGS: dict[str, dict[str, Class]] = {
    "highway": {
        "motorway": Class("roads", "motorway", 5),
        "trunk": Class("roads", "trunk", 6),
        "primary": Class("roads", "primary", 7),
        "secondary": Class("roads", "secondary", 9),
        "tertiary": Class("roads", "tertiary", 10),
        "motorway_link": _LINK,
        "trunk_link": _LINK,
        "primary_link": _LINK,
        "secondary_link": _LINK,
        "tertiary_link": _LINK,
        "unclassified": Class("roads", "minor", 11),
        "residential": _MINOR,
        "living_street": _MINOR,
        "pedestrian": _MINOR,
        "road": _MINOR,
        "service": Class("roads", "service", 13),
        "track": Class("roads", "track", 13),
        "path": _PATH,
        "footway": _PATH,
        "cycleway": _PATH,
        "steps": _PATH,
        "bridleway": _PATH,
    },
    "railway": {
        "rail": Class("roads", "rail", 8),
        "light_rail": Class("roads", "rail", 10),
        "narrow_gauge": Class("roads", "rail", 10),
        "subway": Class("roads", "rail", 12),
    },
    "waterway": {
        "river": Class("water", "river", 7),
        "canal": Class("water", "canal", 9),
        "stream": Class("water", "stream", 12),
        "ditch": Class("water", "stream", 13),
        "drain": Class("water", "stream", 13),
        "riverbank": _WATER,
        "dock": _WATER,
    },
    "building": {"no": Class("buildings", "", MAX_ZOOM + 1), ANY: Class("buildings", "", 13)},
    "natural": {
        "water": _WATER,
        "bay": _WATER,
        "wood": _FOREST,
        "scrub": _GREEN,
        "grassland": _GREEN,
        "heath": _GREEN,
        "wetland": Class("landuse", "wetland", 9),
        "peak": Class("places", "peak", 11),
    },
    "landuse": {
        "reservoir": _WATER,
        "basin": _WATER,
        "forest": _FOREST,
        "grass": _GREEN,
        "meadow": _GREEN,
        "village_green": _GREEN,
        "recreation_ground": _GREEN,
        "cemetery": _GREEN,
        "farmland": _FARM,
        "orchard": _FARM,
        "vineyard": _FARM,
        "residential": _LIVING,
        "industrial": _INDUSTRY,
        "commercial": _INDUSTRY,
        "retail": _INDUSTRY,
    },
    "leisure": {
        "park": _GREEN,
        "garden": _GREEN,
        "golf_course": _GREEN,
        "nature_reserve": _FOREST,
        "pitch": _GREEN,
    },
    "place": {
        "city": Class("places", "city", 4),
        "county": Class("places", "county", 6),
        "district": Class("places", "county", 7),
        "town": Class("places", "town", 8),
        "suburb": Class("places", "suburb", 11),
        "quarter": Class("places", "suburb", 12),
        "village": Class("places", "village", 11),
        "hamlet": _HAMLET,
        "neighbourhood": _HAMLET,
        "isolated_dwelling": _HAMLET,
    },
}

# What a thing of a layer is when its source does not say.
UNKNOWN: dict[Layer, Class] = {
    "landuse": _GREEN,
    "water": Class("water", "river", 9),
    "buildings": Class("buildings", "", 13),
    "roads": Class("roads", "tertiary", 10),
    "places": Class("places", "village", 11),
}

# Words for classes beside the OSM tags: technical grades of Chinese roads (JTG B01), settlements.
WORDS: dict[str, Class] = {
    "高速": TAGS["highway"]["motorway"],
    "高速公路": TAGS["highway"]["motorway"],
    "国道": TAGS["highway"]["trunk"],
    "一级": TAGS["highway"]["primary"],
    "省道": TAGS["highway"]["primary"],
    "二级": TAGS["highway"]["secondary"],
    "县道": TAGS["highway"]["secondary"],
    "三级": TAGS["highway"]["tertiary"],
    "乡道": TAGS["highway"]["tertiary"],
    "四级": TAGS["highway"]["unclassified"],
    "村道": TAGS["highway"]["unclassified"],
    "等外": _MINOR,
    "铁路": TAGS["railway"]["rail"],
    "河流": TAGS["waterway"]["river"],
    "沟渠": TAGS["waterway"]["canal"],
    "湖泊": _WATER,
    "水库": _WATER,
    "林地": _FOREST,
    "耕地": _FARM,
    "草地": _GREEN,
    "national_capital": TAGS["place"]["city"],
    "park": _GREEN,
}

# How makers name their layers: Geofabrik, the national 1:250 000 and 1:1 000 000 data, Chinese.
LAYER_NAMES: dict[Layer, tuple[str, ...]] = {
    "roads": ("road", "railway", "highway", "street", "lrdl", "lrrl", "道路", "公路", "铁路", "街"),
    "water": ("water", "river", "lake", "hyda", "hydl", "水", "河", "湖"),
    "buildings": ("building", "建筑", "房屋", "楼"),
    "places": ("place", "resp", "agnp", "地名", "居民点", "村庄"),
    "landuse": (
        "landuse",
        "land_use",
        "green",
        "forest",
        "vega",
        "resa",
        "绿",
        "林",
        "土地",
        "植被",
    ),
}


def layer_named(name: str) -> Layer | None:
    """Guess the layer of the base map from the name of a source's layer, None if it says nothing.

    >>> layer_named("gis_osm_roads_free_1")
    'roads'
    """
    lowered = name.lower()
    for layer, words in LAYER_NAMES.items():
        if any(word in lowered for word in words):
            return layer
    return None


def by_tags(tags: pd.DataFrame) -> list[Class | None]:
    """Classify rows by OSM tags, one column per key; None for what is not drawn."""
    found: list[Class | None] = [None] * len(tags)
    for key, table in TAGS.items():
        if key in tags:
            for row, value in enumerate(tags[key].tolist()):
                if found[row] is None and isinstance(value, str) and value:
                    found[row] = table.get(value) or table.get(ANY)
    return found


def by_word(layer: Layer, words: pd.DataFrame) -> list[Class | None]:
    """Classify rows of a known layer by the first word that means something in it.

    Words are OSM values or Chinese terms; without one a thing is what most of its layer are.
    """
    known = dict(WORDS)
    for table in reversed(TAGS.values()):
        known.update({value: what for value, what in table.items() if value != ANY})
    known = {word: what for word, what in known.items() if what.layer == layer}
    columns = [words[name].tolist() for name in words]
    rows = zip(*columns, strict=True) if columns else ((),) * len(words)
    return [
        next((known[key] for key in map(_key, row) if key in known), UNKNOWN[layer]) for row in rows
    ]


def zoom_of_area(area_m2: NDArray[np.float64]) -> NDArray[np.int64]:
    """Return the first zoom at which polygons are worth drawing.

    ``area_m2`` is measured in Web Mercator (EPSG:3857).
    """
    side_m = np.sqrt(np.maximum(area_m2, 1e-6) / _POLYGON_PX2)
    return np.ceil(np.log2(_PIXEL_M / side_m)).astype(np.int64)


def pixel_m(zoom: int) -> float:
    """Return the width of a CSS pixel in Web Mercator metres at a tile zoom."""
    return math.ldexp(_PIXEL_M, -zoom)


def _key(value: object) -> str:
    return str(value).strip().lower()
