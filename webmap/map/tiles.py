"""Tiles and their TileJSON.

A tile's address carries the revision of what it shows, so it is cached for good; a tile asked for
under another revision than the present one is answered, but must not be kept.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import date
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, jsonify, request
from psycopg import Connection

import layers
from geodata.accounts.acting import look_at
from geodata.coverage.figures import keeping as figures
from geodata.database import revisions
from geodata.errors import InvalidInputError, NotFoundError
from geodata.grids import reading as grids
from geodata.grids.tiles import Tile, render
from layers.layer import MAX_ZOOM, Layer
from webmap.core import acting, asking, db
from webmap.core.asking import DayIn

bp = Blueprint("tiles", __name__, url_prefix="/tiles")

MIME = "application/vnd.mapbox-vector-tile"
FOREVER = "public, max-age=31536000, immutable"
ASK_AGAIN = "public, no-cache"
# What is one's own to see is kept by one's own browser alone, and never shown unasked.
OWN = "private, no-cache"

Lend = Callable[[], AbstractContextManager[Connection[Any]]]


@bp.get("/<name>.json")
def tilejson(name: str) -> Response:
    """Describe a layer by TileJSON 3.0; its tile address answers the same question for good."""
    return _tilejson(_layer(name, is_own=False), db.connection, ASK_AGAIN)


@bp.get("/issues.json", defaults={"name": "issues"})
def own_tilejson(name: str) -> Response:
    """Describe a layer whose tiles differ from reader to reader."""
    return _tilejson(_layer(name, is_own=True), acting.connection, OWN)


@bp.get("/<name>/<int:revision>/<z>/<x>/<y>.mvt")
def tile(name: str, revision: int, z: str, x: str, y: str) -> Response:
    """Render a tile: 204 if it is empty, 400 if it cannot exist."""
    layer = _layer(name, is_own=False)
    response, present = _tile(layer, _place(z, x, y), db.statements)
    # Without a day it is of today, and tomorrow of another.
    is_for_good = revision == present and "on" in asking.read(DayIn).model_fields_set
    return _cached(response, FOREVER if is_for_good else ASK_AGAIN)


@bp.get("/issues/<int:revision>/<z>/<x>/<y>.mvt", defaults={"name": "issues"})
def own_tile(name: str, revision: int, z: str, x: str, y: str) -> Response:
    """Render a tile of what the reader may see; the revision only makes addresses differ."""
    del revision
    layer, place = _layer(name, is_own=True), _place(z, x, y)

    @contextmanager
    def lend() -> Generator[Connection[Any]]:
        with acting.connection() as conn:
            # More than the tile shows: where the territory is cut, its edge is rounded.
            look_at(conn, place.bounds(2 * layer.source.margin))
            yield conn

    response, _ = _tile(layer, place, lend)
    return _cached(response, OWN)


def _tilejson(layer: Layer, lend: Lend, rule: str) -> Response:
    on = asking.day()
    with lend() as conn:
        path = address(conn, layer, request.args, on)
        if layer.needs_coverage and figures.find(conn, on) is None:
            # The map is drawn without them; who looks at it asks again.
            figures.ask(conn, on)
        county = grids.read_extent(conn, on)
        more = layer.describe(conn, request.args, on)
    body: dict[str, Any] = {
        "tilejson": "3.0.0",
        "name": layer.name,
        "scheme": "xyz",
        "tiles": [f"{request.host_url.rstrip('/')}{path}"],
        "minzoom": 0,
        "maxzoom": MAX_ZOOM,
        "vector_layers": [{"id": key, "fields": fields} for key, fields in layer.fields.items()],
        **more,
    }
    if county:
        _, box = county
        body["bounds"] = [box.west, box.south, box.east, box.north]
    return _cached(jsonify(body), rule)


def _tile(layer: Layer, place: Tile, lend: Lend) -> tuple[Response, int]:
    on = asking.day()
    values, _ = layer.read(request.args, on, asking.now())
    with lend() as conn:
        body, present = render(conn, layer.source, place, {**values, "on": on})
    return Response(body, mimetype=MIME) if body else Response(status=204), present


def address(conn: Connection[Any], layer: Layer, args: Mapping[str, str], on: date) -> str:
    """Return the path of a layer's tiles, {z}/{x}/{y} left open, as the layer stands now."""
    _, kept = layer.read(args, on, asking.now())
    revision = revisions.read_current(conn, layer.source.subjects)
    if layer.needs_coverage:
        revision += sum(figures.numbers(conn, [on]))
    query = urlencode({"on": on.isoformat(), **kept})
    return f"/tiles/{layer.name}/{revision}/{{z}}/{{x}}/{{y}}.mvt?{query}"


def _layer(name: str, *, is_own: bool) -> Layer:
    layer = layers.BY_NAME.get(name)
    if layer is None or layer.is_own != is_own:
        raise NotFoundError(
            "There is no layer “{name}”.",
            hint="Layers are: {names}.",
            name=name,
            names=", ".join(layers.BY_NAME),
        )
    return layer


def _place(z: str, x: str, y: str) -> Tile:
    # Read here and not by the router, so that -1 and 1.5 are told apart from a wrong address.
    try:
        return Tile(int(z), int(x), int(y))
    except ValueError:
        raise InvalidInputError(
            "“{value}” is not the address of a tile.",
            hint="Use whole numbers: zoom/x/y.",
            value=f"{z}/{x}/{y}"[:60],
        ) from None


def _cached(response: Response, rule: str) -> Response:
    response.headers["Cache-Control"] = rule
    if rule == OWN:
        response.vary.add("Cookie")
    if response.status_code == 200:
        digest = hashlib.blake2b(response.get_data(), digest_size=12).hexdigest()
        response.set_etag(digest)
        # Costly, and the present address of a tile is asked for once.
        if "If-None-Match" in request.headers:
            response.make_conditional(request)
    return response
