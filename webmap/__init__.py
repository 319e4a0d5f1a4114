"""The map over HTTP: pages, fragments, tiles, JSON."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING

from geodata.errors import SetupError

if TYPE_CHECKING:
    from flask import Flask


def create_app(overrides: Mapping[str, object] | None = None) -> Flask:
    """Make the application from GRIDMAP_* environment variables, then ``overrides``.

    Raises SetupError if a setting makes no sense; under gunicorn what it says in one line.
    """
    # Slow to import, and not needed by those who read the settings alone.
    from webmap.app import make

    try:
        return make(overrides or {})
    except SetupError as error:
        if not os.environ.get("SERVER_SOFTWARE", "").startswith("gunicorn"):
            raise
        raise _unstartable(str(error)) from None


def _unstartable(text: str) -> Exception:
    """Return what gunicorn prints without a traceback, whether it loads the map before it forks."""
    from gunicorn.errors import AppImportError

    class UnstartableError(AppImportError, RuntimeError):
        """Read by a worker as the one, by the master as the other."""

    return UnstartableError(text)
