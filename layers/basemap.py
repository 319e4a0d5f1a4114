"""The map's frame: a folium map that links only our own files and holds no data.

Layers come by URL, never in the page. The only user of folium.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import folium
from branca.element import CssLink, Figure, JavascriptLink
from folium.template import Template

from geodata.model import Bounds

# The JavaScript variable and the element's id; folium calls it "map_" + _id.
NAME = "map_grid"
MIN_ZOOM = 4
MAX_ZOOM = 19
# Shown before any grid has been imported: China, (lat, lon) in WGS 84.
_NOWHERE = (34.5, 104.0)

_LEAFLET = "vendor/leaflet@1.9.4/dist/leaflet"
_PROTOMAPS = "vendor/protomaps-leaflet@5.1.0/dist/protomaps-leaflet"


@dataclass(frozen=True, slots=True)
class Frame:
    """The parts of the map page that folium renders.

    ``styles`` and ``libraries`` are addresses, ``body`` is trusted HTML, ``script`` JavaScript.
    """

    styles: tuple[str, ...]
    body: str
    libraries: tuple[str, ...]
    script: str


class GridMap(folium.Map):
    """A folium map without foreign files, inline styles or inline handlers.

    folium's own template links ten files of other hosts and forbids the reader to zoom the page.
    """

    zooms = (MIN_ZOOM, MAX_ZOOM)
    _template = Template(
        """
        {% macro header(this, kwargs) %}{% endmacro %}
        {% macro html(this, kwargs) %}
        <div class="map" id="{{ this.get_name() }}" tabindex="0"></div>
        {% endmacro %}
        {% macro script(this, kwargs) %}
        var {{ this.get_name() }} = L.map({{ this.get_name()|tojson }}, {
          center: {{ this.location|tojson }},
          minZoom: {{ this.zooms[0] }},
          maxZoom: {{ this.zooms[1] }},
          ...{{ this.options|tojavascript }},
          ...(matchMedia("(prefers-reduced-motion: reduce)").matches
            ? { zoomAnimation: false, inertia: false }
            : {}),
        });
        {% endmacro %}
        """
    )


def frame(static_url: Callable[[str], str], bounds: Bounds | None) -> Frame:
    """Render the empty map, centred on ``bounds`` in WGS 84; on the whole country without them."""
    center, zoom = _NOWHERE, MIN_ZOOM
    if bounds:
        center, zoom = ((bounds.south + bounds.north) / 2, (bounds.west + bounds.east) / 2), 10
    grid_map = GridMap(
        location=center,
        zoom_start=zoom,
        tiles=None,
        zoom_control=False,
        attribution_control=False,
        bounce_at_zoom_limits=False,
        tap_hold=False,
        # Tiles come together, beneath the eye (static/js/map/source.js): nothing is left to soften,
        # and each fading frame would draw them all again.
        fade_animation=False,
        # One notch of a wheel is one zoom; on Linux it would be two.
        wheel_px_per_zoom_level=120,
    )
    grid_map._id = "grid"  # pyright: ignore[reportPrivateUsage]
    # On the instance: the class-level lists are shared by every map of the process.
    grid_map.default_js = [
        ("leaflet", static_url(f"{_LEAFLET}.js")),
        ("protomaps", static_url(f"{_PROTOMAPS}.js")),
    ]
    grid_map.default_css = [("leaflet_css", static_url(f"{_LEAFLET}.css"))]
    figure = grid_map.get_root()
    assert isinstance(figure, Figure)
    grid_map.render()
    links = figure.header._children.values()  # pyright: ignore[reportPrivateUsage]
    return Frame(
        styles=tuple(str(link.url) for link in links if isinstance(link, CssLink)),
        body=figure.html.render(),
        libraries=tuple(str(link.url) for link in links if isinstance(link, JavascriptLink)),
        script=figure.script.render(),
    )
