"""Is it alive, can it serve."""

from __future__ import annotations

from flask import Blueprint, Response, jsonify

from webmap.core import db

bp = Blueprint("health", __name__)


@bp.get("/healthz")
def alive() -> Response:
    """Answer as long as the process runs."""
    return _uncached(jsonify(status="ok"))


@bp.get("/readyz")
def ready() -> Response:
    """Answer when the database does; 503 otherwise, within two seconds."""
    with db.statements(within_s=1.5) as conn:
        conn.execute("SELECT 1 FROM revision LIMIT 1")
    return _uncached(jsonify(status="ready"))


def _uncached(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response
