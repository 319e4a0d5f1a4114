"""Whatever the database ends on purpose is answered with 503 and when to try again, never 500.

Each is provoked at the server itself, in the middle of a request: inside a statement, between two,
and at the commit; for pages, panels, tiles and the API.
"""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable, Iterator
from typing import Any

import psycopg
import pytest
from county import build
from flask import Flask, request
from psycopg import Connection, sql

from geodata.database import connecting as db
from webmap import create_app
from webmap.core import db as pool

Conn = Connection[Any]
# Stand for any view of their kind: in the application under test they fail.
PLACES = {
    "/rights": "sign_in.rights",
    "/panel/home": "panel.county",
    "/tiles/grids.json": "tiles.tilejson",
    "/api/search": "api.search",
}


@pytest.fixture
def app(database_url: str, conn: Conn) -> Iterator[Flask]:
    build(conn)
    conn.commit()
    made = create_app({"DATABASE_URL": database_url, "POOL_SIZE": 2})
    made.logger.setLevel(logging.CRITICAL)
    for endpoint in PLACES.values():
        made.view_functions[endpoint] = fail
    yield made
    if opened := made.extensions["gridmap_pool"]:
        opened.close()


def as_superuser(conn: Conn) -> Conn:
    """Connect as one whom the server lets end and lock anything."""
    dsn = conn.info.dsn.replace("user=gridmap_app", "user=postgres").split(" options=")[0]
    return psycopg.connect(dsn, autocommit=True)


def cancelled(conn: Conn) -> None:
    conn.execute("SET LOCAL statement_timeout = '5ms'")
    conn.execute("SELECT pg_sleep(5)")


def cancelled_by_hand(conn: Conn) -> None:
    with as_superuser(conn) as other:
        pid = conn.info.backend_pid
        timer = threading.Timer(0.2, lambda: other.execute("SELECT pg_cancel_backend(%s)", [pid]))
        timer.start()
        try:
            conn.execute("SELECT pg_sleep(20)")
        finally:
            timer.join()


def killed_in_a_statement(conn: Conn) -> None:
    with as_superuser(conn) as other:
        pid = conn.info.backend_pid
        end = "SELECT pg_terminate_backend(%s)"
        timer = threading.Timer(0.2, lambda: other.execute(end, [pid]))
        timer.start()
        try:
            conn.execute("SELECT pg_sleep(20)")
        finally:
            timer.join()


def killed_between_statements(conn: Conn) -> None:
    conn.execute("SELECT 1")
    killed(conn)
    conn.execute("SELECT 1")


def killed_before_the_commit(conn: Conn) -> None:
    conn.execute("SELECT 1")
    killed(conn)


def killed(conn: Conn) -> None:
    with as_superuser(conn) as other:
        other.execute("SELECT pg_terminate_backend(%s, 10000)", [conn.info.backend_pid])


def idle_in_transaction(conn: Conn) -> None:
    idle_until_the_commit(conn)
    conn.execute("SELECT 1")


def idle_until_the_commit(conn: Conn) -> None:
    conn.execute("SET LOCAL idle_in_transaction_session_timeout = '20ms'")
    with as_superuser(conn) as other:
        gone = "SELECT FROM pg_stat_activity WHERE pid = %s"
        while other.execute(gone, [conn.info.backend_pid]).rowcount:
            threading.Event().wait(0.02)


def locked(conn: Conn) -> None:
    with as_superuser(conn) as other, other.transaction():
        other.execute("LOCK TABLE setting IN ACCESS EXCLUSIVE MODE")
        conn.execute("SET LOCAL lock_timeout = '20ms'")
        conn.execute("SELECT FROM setting")


def locked_by_somebody(conn: Conn) -> None:
    with as_superuser(conn) as other, other.transaction():
        other.execute("LOCK TABLE setting IN ACCESS EXCLUSIVE MODE")
        conn.execute("RESET ROLE")
        conn.execute("LOCK TABLE setting IN ACCESS SHARE MODE NOWAIT")


def raising(sqlstate: str) -> Callable[[Conn], None]:
    """Let the server itself report a state that would take two servers, or chance."""

    def fail(conn: Conn) -> None:
        conn.execute(
            sql.SQL("DO $$ BEGIN RAISE EXCEPTION USING ERRCODE = {}; END $$").format(
                sql.Literal(sqlstate)
            )
        )

    return fail


WAYS: dict[str, Callable[[Conn], None]] = {
    **{
        way.__name__: way
        for way in (
            cancelled,
            cancelled_by_hand,
            killed_in_a_statement,
            killed_between_statements,
            killed_before_the_commit,
            idle_in_transaction,
            idle_until_the_commit,
            locked,
            locked_by_somebody,
        )
    },
    # Serialization, deadlock; shut down, crashed, starting; idle; crowded; connections lost.
    **{
        state: raising(state)
        for state in (
            *("40001", "40P01", "57P01", "57P02", "57P03", "57P05", "25P03", "25P04", "25006"),
            *("53300", "55P03", "57014", "08000", "08003", "08006"),
        )
    },
}


def fail(**_: object) -> str:
    with pool.connection() as conn:
        WAYS[request.args["how"]](conn)
    return "not reached"


@pytest.mark.parametrize("how", WAYS)
def test_each_is_503_everywhere(app: Flask, how: str) -> None:
    for path in PLACES:
        answer = app.test_client().get(f"{path}?how={how}&lang=en")
        assert answer.status_code == 503, (path, answer.text)
        assert int(answer.headers["Retry-After"]) > 0
        said = answer.get_json()["detail"] if answer.is_json else answer.text
        # In our words: what the server says of itself is for the log.
        for word in ("terminating", "canceling", "server closed", "SSL", "socket", "psycopg"):
            assert word not in said, said
    # Anyone who comes next is served.
    assert app.test_client().get("/readyz").status_code == 200


def test_more_who_connect_than_may(app: Flask, database_url: str, conn: Conn) -> None:
    name = sql.Identifier(conn.info.dbname)
    with psycopg.connect(
        conn.info.dsn.replace("user=gridmap ", "user=postgres "), autocommit=True
    ) as admin:
        admin.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT 1").format(name))
        try:
            # Nobody is let in for as long as the pool waits.
            app.config["POOL_SIZE"] = 1
            with app.app_context():
                opened = db.open_pool(db.app_url(database_url), max_size=1, autocommit=True)
                opened.timeout = 0.5
                app.extensions["gridmap_pool"] = opened
            answer = app.test_client().get("/readyz")
            assert answer.status_code == 503
            assert int(answer.headers["Retry-After"]) > 0
        finally:
            admin.execute(sql.SQL("ALTER DATABASE {} CONNECTION LIMIT -1").format(name))
