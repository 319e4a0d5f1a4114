"""Files that are made for one reader, and that nobody keeps on the way."""

from __future__ import annotations

from flask import Response


def send(body: bytes, mimetype: str, name: str) -> Response:
    """Return a file to be saved under a name of letters, digits, dots and dashes."""
    answer = Response(body, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer
