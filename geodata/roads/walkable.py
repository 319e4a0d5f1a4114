"""Which ways can be walked, by the keys of OpenStreetMap.

Keys and values: https://wiki.openstreetmap.org/wiki/Key:highway, Key:foot, Key:access,
Key:motorroad, Key:bridge, Key:tunnel and Key:layer; what holds where foot and access say nothing:
https://wiki.openstreetmap.org/wiki/OSM_tags_for_routing/Access_restrictions (worldwide).

| rule, the first that applies         | key = value                                              |
|--------------------------------------|----------------------------------------------------------|
| not a way to be used                 | highway = none of those below                            |
| may be walked                        | foot = yes, designated, permissive, official             |
| may not                              | foot = no, private, use_sidepath                         |
| may not                              | access = no, private                                     |
| may not                              | motorroad = yes                                          |
| may not                              | highway = motorway, motorway_link, trunk_link            |
| may                                  | highway = trunk, primary ... footway, path, steps        |

National roads (国道) are tagged trunk in China and run through the villages; those without
sidewalks are motorroad or foot=no. The ramps between such roads lead nowhere on foot.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import numpy as np

from geodata.roads.network import Flags, Ints

KEYS = ("highway", "foot", "access", "motorroad", "bridge", "tunnel", "layer")

WALKED = frozenset({
    "trunk", "primary", "primary_link", "secondary", "secondary_link", "tertiary",
    "tertiary_link", "unclassified", "residential", "living_street", "service", "road", "track",
    "pedestrian", "footway", "path", "steps", "cycleway", "bridleway",
})  # fmt: skip
DRIVEN = frozenset({"motorway", "motorway_link", "trunk_link"})
# Values of the key that are no road, or none yet.
NO_ROADS = frozenset({
    "construction", "proposed", "planned", "abandoned", "razed", "disused", "raceway",
    "bus_guideway", "escape", "busway", "platform", "elevator", "corridor", "via_ferrata",
    "rest_area", "services",
})  # fmt: skip
# What Chinese road files call those that nobody may walk on.
_DRIVEN_ZH = ("高速", "快速路", "匝道")
_NOT_ALLOWED = frozenset({"no", "private"})
_ALLOWED = frozenset({"yes", "designated", "permissive", "official"})
_UNSAID = frozenset({"", "no", "f", "false", "0", "n", "否", "none", "null", "nan"})

# Why a way is not walked.
NO_WAY, CLOSED, MOTORS = "no_way", "closed", "motors"

Texts = Sequence[object]


def reasons(tags: Mapping[str, Texts], count: int) -> list[str]:
    """Tell for each of so many ways with OpenStreetMap's tags why it is not walked.

    Empty where it is.
    """
    highway, foot, access, motorroad = (
        _texts(tags.get(key), count) for key in ("highway", "foot", "access", "motorroad")
    )
    is_told = _among(foot, _ALLOWED)
    is_closed = _among(foot, _NOT_ALLOWED | {"use_sidepath"}) | _among(access, _NOT_ALLOWED)
    is_for_motors = _among(motorroad, frozenset({"yes"})) | _among(highway, DRIVEN)
    cases = [~_among(highway, WALKED | DRIVEN), is_told, is_closed, is_for_motors]
    return np.select(cases, [NO_WAY, "", CLOSED, MOTORS], "").tolist()


def by_class(classes: Texts) -> Flags:
    """Tell which roads can be walked by their class, in OpenStreetMap's words or in Chinese.

    What is none of the classes known not to be walked is walked.
    """
    texts = _texts(classes, len(classes))
    driven = np.array([any(word in text for word in _DRIVEN_ZH) for text in texts], dtype=np.bool_)
    return ~(_among(texts, DRIVEN | NO_ROADS) | driven)


def layers(tags: Mapping[str, Texts], count: int) -> Ints:
    """Return the layer of each way: 0 on the ground, above 0 bridges, below 0 tunnels.

    Where a file has no column of bridges and tunnels, that of the layer alone says it.
    """
    numbers = [_number(text) for text in _texts(tags.get("layer"), count)]
    layer = np.array(numbers, dtype=np.int64)
    if tags.get("bridge") is None and tags.get("tunnel") is None:
        return layer
    bridge, tunnel = (
        ~_among(_texts(tags.get(key), count), _UNSAID) for key in ("bridge", "tunnel")
    )
    layer = np.where(bridge & (layer == 0), 1, layer)
    layer = np.where(tunnel & ~bridge & (layer == 0), -1, layer)
    return np.where(bridge | tunnel, layer, 0)


def _texts(values: Texts | None, count: int) -> list[str]:
    if values is None:
        return [""] * count
    return ["" if value is None else str(value).strip().lower() for value in values]


def _among(texts: list[str], words: frozenset[str]) -> Flags:
    return np.array([text in words for text in texts], dtype=np.bool_)


def _number(text: str) -> int:
    try:
        return int(float(text)) if abs(float(text)) <= 10 else 0
    except ValueError:
        return 0
