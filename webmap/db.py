"""One connection pool a process, opened at the first request."""

from __future__ import annotations

import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

from flask import Flask, current_app
from psycopg import Connection
from psycopg_pool import ConnectionPool

from geodata import db

_KEY = "gridmap_pool"
_lock = threading.Lock()


def init_app(app: Flask) -> None:
    """Leave the pool unopened: a forked worker must open its own."""
    app.extensions[_KEY] = None


@contextmanager
def statements() -> Generator[Connection[Any]]:
    """Lend a connection on which each statement stands for itself: no BEGIN, no COMMIT.

    For what one statement answers, such as a tile. Raises UnavailableError.
    """
    with db.failures(), _pool().connection() as conn:
        yield conn


@contextmanager
def connection() -> Generator[Connection[Any]]:
    """Lend a connection; commit when the block ends well, roll back when it does not.

    Raises UnavailableError when none is free in time, or the database is away.
    """
    with statements() as conn, conn.transaction():
        yield conn


def _pool() -> ConnectionPool[Any]:
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
