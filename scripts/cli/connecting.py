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
def address() -> Generator[str]:
    """Give the address of the database that a command works on.

    GRIDMAP_DATABASE_URL if it is set, else the home's running server, else the home's cluster,
    started for as long as the block lasts.
    """
    url = db.url_from_env()
    if url is not None:
        yield url
        return
    with attach(home_from_env(), purpose=click.get_current_context().command_path) as attached:
        yield attached


@contextmanager
def database(*, bulk: bool = False) -> Generator[Connection[TupleRow]]:
    """Give a connection to the migrated database; commit at the end, roll back on an error.

    ``bulk`` says that much is written: the planner is told of it.
    """
    with address() as url:
        db.migrate(url)
        with db.failures(url), db.connect(url) as conn:
            yield conn
            if bulk:
                db.analyze(conn)
