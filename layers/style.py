"""How the layers look: plain constants that travel to the browser as JSON.

Colours are sRGB, lengths CSS pixels, zooms the map's (a tile's zoom plus one). Every drawing rule
and every legend entry reads these numbers, so the legend is true for what is drawn.

Fills of states differ in lightness and carry a pattern as well, so that they can be told apart
without seeing hue; each has a contrast of at least 3:1 on ``PAPER``. Sequential data runs through
one ColorBrewer ramp (YlGnBu, five classes); missing data is hatched grey, never the lowest class.
"""

from __future__ import annotations

from typing import Any

PAPER = "#f7f7f3"
OUTSIDE = "#e6e8e6"
INK = "#1f2a37"
HALO = "#ffffff"
ACCENT = "#1d56b8"

GRIDS: dict[str, Any] = {
    "paper": PAPER,
    "ink": INK,
    "halo": HALO,
    "accent": ACCENT,
    "compound_fill": "#dfe9dc",
    # The finest level drawn at a map zoom; coarser ones are drawn above it.
    "from_zoom": {"county": 0, "town": 10, "community": 12, "compound": 14},
    "levels": {
        "county": {"line": "#26303d", "width": 3.5, "label_size": 17, "label_weight": 700},
        "town": {"line": "#3f4c5e", "width": 2.25, "label_size": 15, "label_weight": 600},
        "community": {"line": "#5d6b80", "width": 1.25, "label_size": 13, "label_weight": 600},
        "compound": {"line": "#7c8a9c", "width": 0.75, "label_size": 12, "label_weight": 400},
    },
}

MEMBERS: dict[str, Any] = {
    "states": {
        "held": {"fill": "#58938c", "ink": "#58938c", "pattern": "plain"},
        "deputy": {"fill": "#4a78ac", "ink": "#c9dcf2", "pattern": "stripes"},
        "ended": {"fill": "#8a4e0a", "ink": "#f7dfb6", "pattern": "dots"},
        "vacant": {"fill": "#741235", "ink": "#f6c9d3", "pattern": "cross"},
    },
    "building_zoom": 16,
    # How many compounds have nobody in office, on the grids above them.
    "unheld": {"fill": INK, "ink": HALO},
}

ISSUES: dict[str, Any] = {
    "states": {
        "overdue": {"fill": "#8e1230", "ink": "#ffffff", "pattern": "plain", "shape": "diamond"},
        "open": {"fill": "#c8691c", "ink": "#ffffff", "pattern": "plain", "shape": "circle"},
        "suspended": {"fill": "#5d55a3", "ink": "#dcd9f5", "pattern": "stripes", "shape": "square"},
        "closed": {"fill": "#7b8794", "ink": "#ffffff", "pattern": "hollow", "shape": "ring"},
    },
}

# Buildings by whether a standard is met to them: colour and shape, "line" and "sign" drawn over it.
# Paths in SVG, around the origin.
HOMES: dict[str, dict[str, str]] = {
    "met": {
        "fill": "#ffffff",
        "line": "#2c5a55",
        "body": "M-3.6 0a3.6 3.6 0 1 0 7.2 0a3.6 3.6 0 1 0-7.2 0z",
        "sign": "",
    },
    "too_few": {
        "fill": "#1d56b8",
        "line": "",
        "body": "M-5 0a5 5 0 1 0 10 0a5 5 0 1 0-10 0z",
        "sign": "M0-2.6v5.2",
    },
    "over_capacity": {
        "fill": "#6d28d9",
        "line": "",
        "body": "M0-6.4 6.4 0 0 6.4-6.4 0z",
        "sign": "M-2.6 0h5.2M0-2.6v5.2",
    },
    "term_ended": {
        "fill": "#7c5410",
        "line": "",
        "body": "M0 6-6-4.6H6z",
        "sign": "M-2.4-1.8h4.8",
    },
    "too_far": {
        "fill": "#b4430c",
        "line": "",
        "body": "M0-6 6 4.6H-6z",
        "sign": "M0-1.6v3.4",
    },
    "nobody": {
        "fill": "#8e1338",
        "line": "",
        "body": "M-4.8-4.8h9.6v9.6h-9.6z",
        "sign": "m-2.2-2.2 4.4 4.4m0-4.4-4.4 4.4",
    },
}

COVERAGE: dict[str, Any] = {
    # "to" is the upper bound of the class in percent of households; the last one includes it.
    "classes": [
        {"to": 20, "fill": "#ffffcc"},
        {"to": 40, "fill": "#a1dab4"},
        {"to": 60, "fill": "#41b6c4"},
        {"to": 80, "fill": "#2c7fb8"},
        {"to": 100, "fill": "#253494"},
    ],
    "missing": {"fill": "#e4e6e8", "ink": "#8d959f", "pattern": "stripes"},
    "facility": {"fill": "#9b1c6b", "ink": "#ffffff"},
    "facility_zoom": 12,
    "homes": HOMES,
    # Ground from which the chosen facility is in reach, and ground where people have nobody.
    "area": {"fill": "#f6d5e8", "ink": "#9b1c6b", "pattern": "plain", "dash": [], "alpha": 0.75},
    "gap": {
        "fill": "#ffffff",
        "ink": "#b4430c",
        "pattern": "stripes",
        "dash": [5, 3],
        "alpha": 0.9,
    },
}

# The ends of ColorBrewer's BrBG; what one grid lost another has gained, so that is striped in both.
CHANGES: dict[str, Any] = {
    "halo": HALO,
    "edges": {
        "ended": {"line": "#8c510a", "width": 2.5, "dash": [6, 4]},
        "new": {"line": "#01665e", "width": 3, "dash": []},
    },
    "ground": {
        "gained": {"fill": "#80cdc1", "ink": "#01665e", "pattern": "dots"},
        "lost": {"fill": "#dfc27d", "ink": "#8c510a", "pattern": "stripes"},
        "passed": {"fill": "#f6e8c3", "ink": "#5ab4ac", "pattern": "stripes"},
    },
    "spot": {"fill": "#8c510a", "halo": HALO, "radius": 4},
}

STYLE: dict[str, dict[str, Any]] = {
    "grids": GRIDS,
    "members": MEMBERS,
    "issues": ISSUES,
    "coverage": COVERAGE,
    "changes": CHANGES,
}
