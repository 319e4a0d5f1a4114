"""The base map over HTTP: the offline archive with ranges, and what the page must know of it."""

from __future__ import annotations

import hashlib
import logging
from functools import lru_cache
from pathlib import Path
from typing import Any

from flask import Blueprint, Flask, Response, abort, current_app, request, send_file
from flask_babel import gettext

from geodata.basemap import archive, settings
from geodata.errors import GridMapError

bp = Blueprint("basemap", __name__)
log = logging.getLogger(__name__)

MIME_TYPE = "application/vnd.pmtiles"
FOREVER = 365 * 86400


@bp.get("/basemap.pmtiles", defaults={"version": ""})
@bp.get("/basemap/<version>.pmtiles")
def file(version: str) -> Response:
    """Send the offline base map, whole or in ranges (RFC 9110: 206, If-Range, 416).

    Under its version's address it may be kept for good. A page from before the map was made again
    asks for the old version: it gets the new one with its ETag, upon which the reader starts over.
    """
    path = _archive_path(current_app)
    if not path.is_file():
        abort(404)
    current = _version(path)
    if request.if_none_match.contains(current):
        # Before the file is opened: Werkzeug would leave closing it to chance.
        response = Response(status=304)
        response.set_etag(current)
    else:
        response = send_file(
            path.resolve(), mimetype=MIME_TYPE, conditional=True, etag=current, max_age=0
        )
        response.headers["Accept-Ranges"] = "bytes"
    # Ranges count the bytes of the file: nothing on the way may compress it.
    response.headers["Cache-Control"] = (
        f"public, max-age={FOREVER}, immutable, no-transform"
        if version == current
        else "no-cache, no-transform"
    )
    return response


def basemap_config(app: Flask) -> dict[str, Any]:
    """Say what lies under the territory, for static/js/map/basemap.js.

    A choice that cannot be used is logged and becomes "none": the map works without.
    """
    try:
        base = settings.load(_home(app))
        if base.kind == "offline":
            return _offline(_archive_path(app), base)
    except GridMapError as error:
        log.warning("No base map: %s", error)
        return {"kind": "none"}
    if base.kind == "none":
        return {"kind": "none"}
    return {
        "kind": "xyz",
        "urls": list(base.templates()),
        "subdomains": base.subdomains,
        "minZoom": base.min_zoom,
        "maxZoom": base.max_zoom,
        "frame": base.frame,
        "muted": base.muted,
        "attribution": base.attribution,
        "attributionUrl": base.attribution_url,
        "note": _note(base),
    }


def csp_sources(app: Flask) -> tuple[str, ...]:
    """Return the foreign origins whose pictures the page may show; none by default."""
    try:
        return settings.load(_home(app)).hosts()
    except GridMapError as error:
        log.warning("No base map: %s", error)
        return ()


def _offline(path: Path, base: settings.BaseMap) -> dict[str, Any]:
    version = _version(path) if path.is_file() else ""
    about = _describe(path, version)
    bounds = about.bounds
    return {
        "kind": "offline",
        "url": f"/basemap/{version}.pmtiles",
        "minZoom": about.min_zoom,
        "maxZoom": about.max_zoom,
        "bounds": [bounds.west, bounds.south, bounds.east, bounds.north],
        "labels": base.labels,
        "attribution": base.attribution or about.attribution,
        "attributionUrl": base.attribution_url or str(about.metadata.get("attribution_url") or ""),
        "note": "",
    }


def _note(base: settings.BaseMap) -> str:
    if base.frame != "gcj02":
        return ""
    return gettext("Base map in GCJ-02, moved back to fit (about 1 m)")


def _home(app: Flask) -> Path:
    return Path(app.config["HOME"])


def _archive_path(app: Flask) -> Path:
    return _home(app) / settings.ARCHIVE_NAME


def _version(path: Path) -> str:
    stat = path.stat()
    return hashlib.sha256(f"{stat.st_mtime_ns}-{stat.st_size}".encode()).hexdigest()[:12]


@lru_cache(maxsize=4)
def _describe(path: Path, version: str) -> archive.Archive:
    """Read the archive's own description once per version of it."""
    del version
    return archive.read(path)
