"""Settings of the web application, read once from the environment."""

from __future__ import annotations

import os
import secrets
from collections.abc import Mapping
from pathlib import Path
from zoneinfo import ZoneInfo

from flask import Flask

from geodata.errors import SetupError

DEFAULT_HOME = Path(__file__).resolve().parent.parent / "var"


def load(app: Flask, overrides: Mapping[str, object]) -> None:
    """Fill ``app.config``. Raises SetupError if no database is named."""
    home = Path(os.environ.get("GRIDMAP_HOME") or DEFAULT_HOME)
    app.config.from_mapping(
        HOME=home,
        DATABASE_URL=os.environ.get("GRIDMAP_DATABASE_URL"),
        POOL_SIZE=int(os.environ.get("GRIDMAP_POOL_SIZE", "8")),
        TIMEZONE=ZoneInfo(os.environ.get("GRIDMAP_TIMEZONE", "Asia/Shanghai")),
        MAX_CONTENT_LENGTH=1024 * 1024,
        COMPRESS_MIMETYPES=[
            "text/html",
            "text/css",
            "text/javascript",
            "application/json",
            "application/geo+json",
            "application/problem+json",
            "application/vnd.mapbox-vector-tile",
            "image/svg+xml",
        ],
        COMPRESS_BR_LEVEL=5,
        COMPRESS_LEVEL=5,
        COMPRESS_MIN_SIZE=500,
        COMPRESS_STREAMS=False,
    )
    app.config.from_mapping(dict(overrides))
    if not app.config["DATABASE_URL"]:
        raise SetupError(
            "No database is named.",
            hint="Start the map with ./scripts/run, or set GRIDMAP_DATABASE_URL.",
        )
    app.config.setdefault("SECRET_KEY", None)
    app.config["SECRET_KEY"] = app.config["SECRET_KEY"] or secrets.token_hex()
