"""Static files under an address that changes with their content, so they are cached for good."""

from __future__ import annotations

import hashlib
from pathlib import Path

from flask import Flask, Response, abort, send_from_directory

FOLDER = Path(__file__).parent / "static"
FOREVER = 365 * 86400


def init_app(app: Flask) -> None:
    """Serve /static/<build>/…, and give templates ``static_url``.

    Relative imports inside the JavaScript modules inherit <build>, so one change renews them all
    together and a page never mixes two versions.
    """
    build = _fingerprint()
    app.config["STATIC_BUILD"] = build

    @app.get("/static/<build>/<path:name>")
    def static_file(build: str, name: str) -> Response:  # pyright: ignore[reportUnusedFunction]
        if not name:
            abort(404)
        response = send_from_directory(FOLDER, name, max_age=FOREVER, conditional=True)
        if build == app.config["STATIC_BUILD"]:
            response.cache_control.immutable = True
            response.cache_control.public = True
        else:
            # A page from before an update asks for its old build: serve, but do not keep.
            response.cache_control.max_age = 0
            response.cache_control.no_cache = True
        return response

    def static_url(name: str) -> str:
        return f"/static/{build}/{name}"

    app.add_template_global(static_url)


def _fingerprint() -> str:
    digest = hashlib.sha256()
    for path in sorted(FOLDER.rglob("*")):
        if path.is_file():
            digest.update(path.relative_to(FOLDER).as_posix().encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()[:12]
