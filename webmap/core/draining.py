"""What a client still sends after it was answered is read and dropped, so that it sees the answer.

A request may be refused before its body was read: too large, signed out, no such address. A server
that then closes the connection while bytes are on their way has it reset, and the client loses the
answer with it. nginx calls the remedy a lingering close; its bounds are ours.
"""

from __future__ import annotations

import socket
import threading
from collections.abc import Iterable
from contextlib import suppress
from typing import TYPE_CHECKING

from flask import Flask
from werkzeug.wsgi import ClosingIterator

if TYPE_CHECKING:
    from _typeshed.wsgi import StartResponse, WSGIApplication, WSGIEnvironment

# Anyone who sends more, or more slowly, is cut off: a thread waits for it.
MOST_BYTES = 110 * 2**20
_SILENCE_S = 5.0
_MOST_S = 30.0
_PIECE = 2**20


def init_app(app: Flask) -> None:
    """Put it around the whole application; a server other than gunicorn looks after itself."""
    inner: WSGIApplication = app.wsgi_app

    def answer(environ: WSGIEnvironment, start_response: StartResponse) -> Iterable[bytes]:
        body = inner(environ, start_response)
        connection = environ.get("gunicorn.socket")
        if connection is None or not _has_body(environ):
            return body
        # Called once the answer has been sent.
        return ClosingIterator(body, lambda: _drain(environ, connection))

    app.wsgi_app = answer


def _has_body(environ: WSGIEnvironment) -> bool:
    length = environ.get("CONTENT_LENGTH") or "0"
    return length != "0" or "HTTP_TRANSFER_ENCODING" in environ


def _drain(environ: WSGIEnvironment, connection: socket.socket) -> None:
    """Read what is left of a body; if that is too much or takes too long, end the connection."""
    source, left, is_read = environ["wsgi.input"], MOST_BYTES, False
    # A read returns when all that it asked for is there: bytes that trickle in would hold it on.
    timer = threading.Timer(_MOST_S, _stop_reading, [connection])
    timer.daemon = True
    before = connection.gettimeout()
    try:
        timer.start()
        connection.settimeout(_SILENCE_S)
        while left > 0 and not is_read:
            piece = len(source.read(min(left, _PIECE)))
            left, is_read = left - piece, piece == 0
    # Whatever is wrong with the rest of the body: it has been answered.
    except Exception:
        is_read = False
    finally:
        timer.cancel()
        with suppress(OSError):
            connection.settimeout(before)
    if not is_read:
        _stop_reading(connection)


def _stop_reading(connection: socket.socket) -> None:
    """Let every further read say that the client has gone."""
    with suppress(OSError):
        connection.shutdown(socket.SHUT_RD)
