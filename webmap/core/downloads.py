"""Files that are made for one reader, and that nobody keeps on the way."""

from __future__ import annotations

from typing import BinaryIO

from flask import Response, request
from werkzeug.wsgi import wrap_file


def send(body: bytes, mimetype: str, name: str) -> Response:
    """Return a file to be saved under a name of letters, digits, dots and dashes."""
    answer = Response(body, mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    return answer


def stream(file: BinaryIO, mimetype: str, name: str) -> Response:
    """Return an open file piece by piece, and close it when it is through or the reader is gone."""
    answer = Response(wrap_file(request.environ, file), mimetype=mimetype)
    answer.headers["Content-Disposition"] = f'attachment; filename="{name}"'
    answer.headers["Cache-Control"] = "no-store"
    answer.direct_passthrough = True
    return answer
