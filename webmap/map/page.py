"""The map page: the frame, the words and the addresses; never any data.

The page carries one JSON island, read by static/js/main.js:

``layers``   list of {name, tilejson, tiles, style}: where a layer's TileJSON is, the address of
             its tiles today without a filter (or null), and how it is drawn. The styles are the
             constants of layers/style.py; the drawing rules (static/js/map/rules.js) and the legend
             both read them.
``base``     what lies under the territory (webmap/core/basemap.py): {kind: "none"} if nothing does.
``county``   {id, name, bounds: [west, south, east, north]} in WGS 84, or null before an import.
``strings``  every word that JavaScript itself puts on the screen, in the reader's language.
``drawing``  for those who see plans: the addresses of the libraries that draw boundaries.
``today``    the county's present day; the address leaves a date out while it is this one.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, make_response, render_template, request

from geodata.database import settings
from geodata.errors import InvalidInputError
from geodata.grids import reading as grids
from geodata.grids.changes import TITLES
from geodata.model import Bounds, GridRef
from layers import LAYERS
from layers import basemap as frames
from layers.style import STYLE
from webmap.core import acting, asking, assets, basemap, db, i18n, security
from webmap.core.views import DRAW, MODES
from webmap.map import tiles
from webmap.map.words import drawing_words, words

bp = Blueprint("page", __name__)

# What an address may carry besides the view; kept by links from one panel to the next.
_KEPT = (
    "mode", "plan", "scenario", "phase", "on", "versus", "kind", "classes", "beside", "rank",
    "within", "state", "category", "age", "closed",
    "lang",
)  # fmt: skip
DEFAULTS = {"mode": "territory", "state": "open", "page": "1"}


@bp.get("/")
def index() -> Response:
    """Show the map. Everything else in the address is read by the browser."""
    try:
        on = asking.day()
    except InvalidInputError:
        # The panel says what is wrong with the date; the map shows today.
        on = asking.today()
    reader = acting.current()
    with db.connection() as conn:
        found = grids.read_extent(conn, on)
        demo = bool(settings.read(conn).get("demo"))
        # Saves the browser a question before its first tile. Of coverage there may be none yet.
        addresses = {
            layer.name: tiles.address(conn, layer, {}, asking.today())
            for layer in LAYERS
            if not layer.needs_coverage and (reader or not layer.is_own)
        }
    page = render_template(
        "map/page.html",
        frame=frames.frame(assets.static_url, found[1] if found else None),
        config=_config(found, addresses),
        county=found[0] if found else None,
        demo=demo,
        on=on,
        today=asking.today(),
        mode=_mode(),
    )
    response = make_response(page)
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.app_context_processor
def tools() -> dict[str, object]:
    """Give every template its tools.

    ``view_url`` makes addresses that keep mode, date and filters; ``moment`` is the instant that is
    looked at, ``instant`` the present.
    """
    return {
        "view_url": view_url,
        "language_query": language_query,
        "instant": asking.now,
        "moment": asking.moment,
        "what_titles": TITLES,
    }


def view_url(**changes: object) -> str:
    """Return the map's address with ``changes``; None and defaults are left out."""
    view: dict[str, object] = {key: request.args[key] for key in _KEPT if key in request.args}
    view.update(changes)
    query = {
        key: str(value)
        for key, value in view.items()
        if value not in (None, "") and DEFAULTS.get(key) != str(value)
    }
    return f"/?{urlencode(query)}" if query else "/"


def language_query() -> str:
    """Return the present page's query with the other language."""
    other = "zh" if i18n.language() == "en" else "en"
    return urlencode({**request.args.to_dict(), "lang": other})


def _mode() -> str:
    asked = request.args.get("mode", "")
    reader = acting.current()
    known = (*MODES, DRAW) if reader and reader.may("see_plans") else MODES
    return asked if asked in known else DEFAULTS["mode"]


def _config(found: tuple[GridRef, Bounds] | None, addresses: dict[str, str]) -> dict[str, Any]:
    reader = acting.current()
    return {
        "lang": i18n.language(),
        "today": asking.today().isoformat(),
        "county": _county(*found) if found else None,
        "layers": [
            {
                "name": layer.name,
                # Without an account there is nothing of one's own to ask for.
                "tilejson": f"/tiles/{layer.name}.json" if reader or not layer.is_own else None,
                "tiles": addresses.get(layer.name),
                "style": STYLE[layer.name],
            }
            for layer in LAYERS
        ],
        "base": basemap.basemap_config(current_app),
        **_drawing(reader is not None and reader.may("see_plans")),
        "build": current_app.config["STATIC_BUILD"],
        "nonce": security.nonce(),
    }


def _drawing(is_seen: bool) -> dict[str, Any]:
    """Return the words of the page, and what those need who see plans."""
    if not is_seen:
        return {"strings": words()}
    return {
        "strings": {**words(), **drawing_words()},
        "drawing": {name: assets.static_url(file) for name, file in assets.DRAWING_LIBRARIES},
    }


def _county(ref: GridRef, bounds: Bounds) -> dict[str, object]:
    return {"id": ref.grid_id, "name": i18n.local(ref.name), "bounds": _box(bounds)}


def _box(bounds: Bounds) -> list[float]:
    return [bounds.west, bounds.south, bounds.east, bounds.north]
