"""Static files under an address that changes with their content, so they are cached for good.

They are few and small: read and compressed once, when the server starts, and shared by its workers.
"""

from __future__ import annotations

import hashlib
import mimetypes
import zlib
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import brotli
from apiflask import APIFlask
from flask import Response, abort, current_app, request

from webmap.core import modules

FOLDER = Path(__file__).parents[1] / "static"
# The page's own sheets in their order, and its modules, each sent as one: on a slow line a request
# costs more than its bytes.
SHEET = "css/gridmap.css"
SCRIPT = "js/gridmap.js"
# What only those load who draw, when they do.
DRAWING = "js/drawing.js"
# And those who try services.
SCENARIOS = "js/scenarios.js"
DRAWING_LIBRARIES = (
    ("geoman", "vendor/@geoman-io/leaflet-geoman-free@2.20.2/dist/leaflet-geoman.min.js"),
    ("geomanSheet", "vendor/@geoman-io/leaflet-geoman-free@2.20.2/dist/leaflet-geoman.css"),
    ("topojson", "vendor/topojson-server@3.0.1/dist/topojson-server.min.js"),
)
_SHEETS = (
    "base", "layout", "panel", "why", "map", "services", "plans", "findings", "drawing", "days",
    "scenarios", "print",
)  # fmt: skip
FOREVER = "public, max-age=31536000, immutable"
# Text types; pictures are compressed already.
_COMPRESSIBLE = {"text/css", "text/javascript", "image/svg+xml", "application/json", "text/plain"}


@dataclass(frozen=True, slots=True)
class _Asset:
    mimetype: str
    # By content coding; "" is the file as it is.
    bodies: dict[str, bytes]


def init_app(app: APIFlask) -> None:
    """Serve /static/<build>/…, and give templates ``static_url``.

    Relative imports inside the JavaScript modules inherit <build>, so one change renews them all
    together and a page never mixes two versions.
    """
    build, files = _read()
    app.config["STATIC_BUILD"] = build

    @app.get("/static/<asked>/<path:name>")
    @app.doc(hide=True)
    def static_file(asked: str, name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        asset = files.get(name)
        if asset is None:
            abort(404)
        coding = request.accept_encodings.best_match(["br", "gzip"]) or ""
        coding = coding if coding in asset.bodies else ""
        response = Response(asset.bodies[coding], mimetype=asset.mimetype)
        if coding:
            response.headers["Content-Encoding"] = coding
        if len(asset.bodies) > 1:
            response.vary.add("Accept-Encoding")
        # A page from before an update asks for its old build: serve, but do not keep.
        response.headers["Cache-Control"] = FOREVER if asked == build else "no-cache"
        response.set_etag(f"{build}{coding}")
        response.make_conditional(request)
        return response

    app.add_template_global(static_url)


def static_url(name: str) -> str:
    """Return the address of a static file of this build."""
    return f"/static/{current_app.config['STATIC_BUILD']}/{name}"


def _read() -> tuple[str, dict[str, _Asset]]:
    digest = hashlib.sha256()
    files: dict[str, _Asset] = {}
    for path in sorted(FOLDER.rglob("*")):
        if not path.is_file():
            continue
        name = path.relative_to(FOLDER).as_posix()
        body = path.read_bytes()
        digest.update(f"{name}\0{len(body)}\0".encode() + body)
        files[name] = _asset(name, body)
    sheet = b"".join(files[f"css/{name}.css"].bodies[""] for name in _SHEETS)
    files[SHEET] = _asset(SHEET, sheet)
    for name, entry in (
        (SCRIPT, "main.js"),
        (DRAWING, "drawing/editor.js"),
        (SCENARIOS, "scenarios/editor.js"),
    ):
        script = modules.join(entry, lambda file: files[f"js/{file}"].bodies[""].decode())
        files[name] = _asset(name, script.encode())
    return digest.hexdigest()[:12], files


# Compressing is nearly all that making an application takes; the same bytes are worth it once.
@cache
def _asset(name: str, body: bytes) -> _Asset:
    # The standard's name for JavaScript, whatever the machine's table says.
    guessed = "text/javascript" if name.endswith(".js") else mimetypes.guess_type(name)[0]
    mimetype = guessed or "application/octet-stream"
    bodies = {"": body}
    if mimetype in _COMPRESSIBLE and len(body) > 500:
        # Quality 9: a tenth of a second for all of them; 11 would take ten times that for 4 %.
        bodies["br"] = brotli.compress(body, quality=9)
        packer = zlib.compressobj(9, zlib.DEFLATED, 31)
        bodies["gzip"] = packer.compress(body) + packer.flush()
    return _Asset(mimetype, bodies)
