"""The database that a command works on."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

import click
from psycopg import Connection
from psycopg.rows import TupleRow

from geodata.database import connecting as db
from geodata.installation.embedded import attach
from geodata.installation.home import home_from_env


@contextmanager
def database(*, bulk: bool = False) -> Generator[Connection[TupleRow]]:
    """Give a connection to the migrated database; commit at the end, roll back on an error.

    ``bulk`` says that much is written: the planner is told of it.

    GRIDMAP_DATABASE_URL if it is set, else the home's running server, else the home's cluster,
    started for as long as the block lasts.
    """
    url = db.url_from_env()
    if url is not None:
        with _migrated(url, bulk) as conn:
            yield conn
    else:
        purpose = click.get_current_context().command_path
        with (
            attach(home_from_env(), purpose=purpose) as attached,
            _migrated(attached, bulk) as conn,
        ):
            yield conn


@contextmanager
def _migrated(url: str, bulk: bool) -> Generator[Connection[TupleRow]]:
    db.migrate(url)
    with db.failures(url), db.connect(url) as conn:
        yield conn
        if bulk:
            db.analyze(conn)
