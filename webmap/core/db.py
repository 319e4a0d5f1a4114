"""One connection pool a process, opened at the first request."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app, request
from psycopg import Connection

from geodata.database import connecting as db
from geodata.database import waiting

_KEY = "gridmap_pool"
_lock = threading.Lock()


def init_app(app: Flask) -> None:
    """Leave the pool unopened: a forked worker must open its own."""
    app.extensions[_KEY] = None


@contextmanager
def statements(*, within_s: float | None = None) -> Generator[Connection[Any]]:
    """Lend a connection on which each statement stands for itself: no BEGIN, no COMMIT.

    For what one statement answers, such as a tile. Raises UnavailableError, after ``within_s`` at
    the latest.
    """
    answer_by = None if within_s is None else time.monotonic() + within_s
    is_abandoned = _asker_has_gone()
    with db.failures():
        if is_abandoned is not None and is_abandoned():
            # While the request stood in line. A short statement ends before anybody looks.
            raise waiting.AbandonedError
    with db.failures(), _pool().connection(within_s) as conn:
        conn.answer_by, conn.is_abandoned = answer_by, is_abandoned
        try:
            yield conn
        finally:
            conn.answer_by = conn.is_abandoned = None


@contextmanager
def connection() -> Generator[Connection[Any]]:
    """Lend a connection; commit when the block ends well, roll back when it does not.

    Raises UnavailableError when none is free in time, or the database is away.
    """
    with statements() as conn, conn.transaction():
        yield conn


def _asker_has_gone() -> Callable[[], bool] | None:
    """Return what tells whether this request's reader has closed the connection.

    None for what changes something: who sent it may go, and it is carried out.
    """
    client: socket.socket | None = request.environ.get("gunicorn.socket") if request else None
    if client is None or request.method not in ("GET", "HEAD"):
        return None

    def is_gone() -> bool:
        try:
            return client.recv(1, socket.MSG_PEEK | socket.MSG_DONTWAIT) == b""
        except BlockingIOError:
            return False
        except OSError:
            return True

    return is_gone


def _pool() -> waiting.Pool:
    app = current_app
    pool = app.extensions[_KEY]
    if pool is None:
        with _lock:
            pool = app.extensions[_KEY]
            if pool is None:
                size = app.config["POOL_SIZE"]
                # A page asks for six things at once: that many wait for no connection.
                pool = db.open_pool(
                    db.app_url(app.config["DATABASE_URL"], timezone=app.config["TIMEZONE"].key),
                    min_size=min(size, 6),
                    max_size=size,
                    autocommit=True,
                )
                app.extensions[_KEY] = pool
    return pool
