"""The map over HTTP: pages, fragments, tiles, JSON."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask


def create_app(overrides: Mapping[str, object] | None = None) -> Flask:
    """Make the application, see ``webmap.application``."""
    # Slow to import, and needed by those who serve only.
    from webmap import application

    return application.create(overrides)
