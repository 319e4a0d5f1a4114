"""Connections, the pool and migrations: the one place that knows how to reach the database.

Every transaction runs under READ COMMITTED: the partition law relies on it (see 0001.ground.sql).
"""

from __future__ import annotations

import os
import select
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlencode
from weakref import WeakKeyDictionary

import psycopg
import psycopg_pool
from psycopg import Connection, IsolationLevel, errors
from psycopg.conninfo import conninfo_to_dict, make_conninfo
from psycopg.rows import TupleRow

from geodata.database import clock, locks, rights, waiting
from geodata.database import roles as dbroles
from geodata.database.locks import Lock
from geodata.errors import GridMapError, SetupError, StorageFullError, UnavailableError

MIGRATIONS = Path(__file__).with_name("migrations")

# Oldest versions with what the schema uses: NULLS NOT DISTINCT, and PostGIS as of Debian 12.
MIN_SERVER = 15
MIN_POSTGIS = (3, 3)

# How often a statement runs before psycopg prepares it by itself: never (None would forbid it even
# where it is asked for). PostgreSQL plans a prepared statement without its values from the sixth
# time on, and what is right for a compound then reads the whole county for its middle value.
_NEVER = 2**31

# What a URL may override.
_DEFAULTS: dict[str, str] = {
    "application_name": "gridmap",
    "client_encoding": "utf8",
    "connect_timeout": "10",
    "keepalives_idle": "30",
    "keepalives_interval": "10",
    "keepalives_count": "3",
}

# PostGIS and PROJ load what they need at the first projection: not in somebody's first tile.
_FIRST_PROJECTION: LiteralString = "SELECT ST_Transform(ST_SetSRID(ST_MakePoint(0, 0), 4326), 3857)"

# An idle connection is asked whether it still lives, a busy one is not: the round trip would
# cost as much as a small tile. One that the server has ended is known without asking.
_CHECK_AFTER_S = 1.0
_checked_at: WeakKeyDictionary[Connection[TupleRow], float] = WeakKeyDictionary()


def url_from_env() -> str | None:
    """Return the database that GRIDMAP_DATABASE_URL names, None where it is unset or empty."""
    return os.environ.get("GRIDMAP_DATABASE_URL") or None


def app_url_from_env() -> str | None:
    """Return the application's own address in GRIDMAP_APP_DATABASE_URL, None where there is none.

    Without it the application steps down from the owner's address, see ``app_url``.
    """
    return os.environ.get("GRIDMAP_APP_DATABASE_URL") or None


def app_url(url: str, *, timezone: str = "UTC") -> str:
    """Return the address under which the application connects to a database: never its owner.

    An owner's address is kept, and steps down to the application's role as the connection opens.
    ``timezone`` decides which day it is when a role's term is looked at.
    """
    conninfo = _conninfo(url)
    if conninfo_to_dict(conninfo).get("user") != dbroles.APP:
        conninfo = _with_option(conninfo, f"-c role={dbroles.APP}")
    return _with_option(conninfo, f"-c timezone={timezone}")


def connect(url: str) -> Connection[TupleRow]:
    """Open a connection of its own, autocommit off, whose day is the county's.

    Raises ``UnavailableError`` when nobody answers, ``SetupError`` when the answer is no.
    """
    with failures(url):
        conn = psycopg.connect(_with_option(_conninfo(url), f"-c timezone={clock.zone().key}"))
        conn.isolation_level = IsolationLevel.READ_COMMITTED
        return conn


def open_pool(
    url: str, *, min_size: int = 1, max_size: int = 4, autocommit: bool = False
) -> waiting.Pool:
    """Open a pool for a process that serves; call it after the fork.

    It does not wait for the database: the first request does, for four seconds at the most, and no
    statement waits for one that has fallen silent. Wrap requests into ``failures()`` to get our
    errors instead of psycopg's.
    """

    def check(conn: waiting.Connection) -> None:
        conn.answer_by = pool.answer_by()
        try:
            _check(conn)
            conn.answer_by = None
        except psycopg.Error:
            # What broke this one broke its siblings, and the pool would try them one by one, with
            # growing pauses: replace them all.
            pool.drain()
            raise

    pool = waiting.Pool(
        _conninfo(url, connect_timeout="3"),
        kwargs={"autocommit": autocommit},
        min_size=min_size,
        max_size=max_size,
        open=False,
        configure=_configure,
        check=check,
        name="gridmap",
        timeout=4,
        # A queue longer than this cannot be served in time: refuse at once instead.
        max_waiting=max_size * 16,
        max_lifetime=3600,
        # Short, so that a restarted database is found again at once.
        reconnect_timeout=5,
    )
    pool.open()
    return pool


def open_work_pool(url: str) -> psycopg_pool.ConnectionPool[Connection[TupleRow]]:
    """Return a pool, opened by ``with``, for what works as the owner and may take its time."""

    def configure(conn: Connection[TupleRow]) -> None:
        conn.isolation_level = IsolationLevel.READ_COMMITTED
        conn.prepare_threshold = _NEVER
        conn.execute(_FIRST_PROJECTION)
        conn.commit()

    return psycopg_pool.ConnectionPool(
        _with_option(_conninfo(url), f"-c timezone={clock.zone().key}"),
        min_size=1,
        max_size=4,
        open=False,
        configure=configure,
        check=psycopg_pool.ConnectionPool.check_connection,
        name="gridmap-work",
    )


def migrate(url: str) -> int:
    """Bring the schema up to date and return how many migrations that took.

    Each migration and its mark in yoyo's table commit together, so it may be killed at any point.
    Starters that come at the same time wait for each other.
    """
    # Slow to import, and needed by those who start things only.
    from yoyo import read_migrations
    from yoyo.backends.core.postgresql import PostgresqlPsycopgBackend
    from yoyo.connections import parse_uri
    from yoyo.migrations import default_migration_table

    with failures(url), psycopg.connect(_conninfo(url), autocommit=True) as guard:
        locks.take_for_session(guard, Lock.MIGRATIONS)
        _check_server(guard)
        dbroles.ensure(guard)
        # All parameters go into the query: yoyo's own reading of hosts knows no Unix sockets.
        parameters = urlencode(conninfo_to_dict(_conninfo(url)))
        with PostgresqlPsycopgBackend(
            parse_uri(f"postgresql+psycopg:///?{parameters}"), default_migration_table
        ) as backend:
            # We hold a lock that dies with its holder. Yoyo's is a row that outlives it.
            if backend.lock_table in backend.list_tables():
                backend.break_lock()
            else:
                backend.execute(backend.format_sql(backend.create_lock_table_sql))
            migrations = read_migrations(str(MIGRATIONS))
            unknown = set(backend.get_applied_migration_hashes()) - {m.hash for m in migrations}
            if unknown:
                raise SetupError(
                    "The database was created by a newer GridMap ({count} unknown migrations).",
                    hint="Update this installation, or restore an older backup.",
                    count=len(unknown),
                )
            pending = list(backend.to_apply(migrations))
            for migration in pending:
                with backend.transaction():
                    migration.process_steps(backend, "apply")
                    backend.mark_one(migration)
        with guard.transaction():
            rights.write(guard)
        return len(pending)


def analyze(conn: Connection[TupleRow]) -> None:
    """Let the planner know what a bulk write has brought; call it before the commit.

    Without it, the first questions after an import are planned for the table as it was.
    """
    conn.execute(
        "ANALYZE grid, grid_version, grid_shape, grid_border, organisation, service_area, member,"
        " duty, building, issue_category, issue, issue_event, service_kind, facility"
    )


@contextmanager
def failures(url: str = "") -> Generator[None]:
    """Turn what psycopg raises inside into ``SetupError`` or ``UnavailableError`` where it fits.

    Errors of the query itself (constraints, syntax) pass unchanged. The URL serves only to name
    the place in the message, without its password.
    """
    try:
        yield
    except psycopg.Error as error:
        ours = explain(error, url)
        if ours is None:
            raise
        raise ours from error


def explain(error: psycopg.Error, url: str = "") -> GridMapError | None:
    """Return the failure that a person can act on, None for errors of the query itself."""
    place = _place(url)
    match error:
        case errors.DiskFull():
            return StorageFullError(
                "The disk of the database is full.",
                hint="Nothing was saved. Once there is space again, the same will succeed.",
            )
        case errors.InsufficientPrivilege() if "extension" in str(error):
            return SetupError(
                "The database user may not create extensions in {place}.",
                hint="Have a superuser run there: CREATE EXTENSION postgis; "
                "CREATE EXTENSION btree_gist; CREATE EXTENSION pg_trgm;",
                place=place,
            )
        case errors.InsufficientPrivilege() if "schema" in str(error):
            return SetupError(
                "The database user may not create tables in {place}.",
                hint="Make it the owner of the database: ALTER DATABASE … OWNER TO …;",
                place=place,
            )
        case errors.QueryCanceled() | errors.LockNotAvailable():
            return UnavailableError("The database took too long to answer.")
        case errors.DeadlockDetected() | errors.SerializationFailure():
            return UnavailableError(
                "Somebody else changed the same things at the same time; nothing was saved.",
                hint="Try again.",
            )
        case errors.ReadOnlySqlTransaction():
            return UnavailableError("The database {place} is read-only now.", place=place)
        case (
            psycopg_pool.PoolTimeout()
            | psycopg_pool.TooManyRequests()
            | waiting.SilentDatabaseError()
        ):
            return UnavailableError("The database is busy or does not answer.")
        case waiting.AbandonedError():
            return UnavailableError("Nobody waits for the answer any more.")
        case (
            errors.AdminShutdown()
            | errors.CrashShutdown()
            | errors.CannotConnectNow()
            | errors.IdleSessionTimeout()
            # Psycopg takes these for faults of its own doing.
            | errors.IdleInTransactionSessionTimeout()
            | errors.TransactionTimeout()
        ):
            return UnavailableError(
                "The database ended the connection.", hint="Try again in a moment."
            )
        case psycopg.OperationalError() | psycopg.InterfaceError():
            return _explain_connection(error, url)
        case _:
            return None


def _explain_connection(error: psycopg.Error, url: str) -> GridMapError:
    """Read the reason for a lost or refused connection from its text: libpq gives no code."""
    text, place = " ".join(str(error).split()), _place(url)
    is_crowded = "too many" in text or "connection slots" in text
    if isinstance(error, errors.TooManyConnections) or is_crowded:
        return UnavailableError(
            "All connections of the database {place} are in use.",
            hint="Try again in a moment; if it stays so, raise its max_connections.",
            place=place,
        )
    if not url:
        # A request's: its reader knows neither the place nor what libpq says of it.
        return UnavailableError("The database does not answer.", hint="Try again in a moment.")
    if "does not exist" in text and "database" in text:
        return SetupError(
            "The database {place} does not exist.",
            hint="Create it (createdb), or correct GRIDMAP_DATABASE_URL.",
            place=place,
        )
    if "authentication failed" in text or "no pg_hba.conf entry" in text or "role" in text:
        return SetupError(
            "The database {place} does not let this user in: {reason}",
            hint="Check user and password in GRIDMAP_DATABASE_URL.",
            place=place,
            reason=text,
        )
    return UnavailableError(
        "The database {place} does not answer: {reason}",
        hint="Is it running?",
        place=place,
        reason=text,
    )


def _conninfo(url: str, **defaults: str) -> str:
    """Return the URL as a connection string with our defaults under what it says."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError as error:
        # Its text can quote the URL, and with it the password.
        raise SetupError(
            "GRIDMAP_DATABASE_URL is not a PostgreSQL address.",
            hint="It looks like postgresql://user:password@host:5432/database",
        ) from error
    return make_conninfo("", **{**_DEFAULTS, **defaults, **given})


def _with_option(conninfo: str, option: str) -> str:
    given = conninfo_to_dict(conninfo)
    options = [str(given["options"])] if given.get("options") else []
    return make_conninfo("", **{**given, "options": " ".join([*options, option])})


def _place(url: str) -> str:
    """Name a database without its password: host:port/name."""
    try:
        given = conninfo_to_dict(url)
    except psycopg.ProgrammingError:
        given = {}
    host = str(given.get("host") or "")
    port = f":{given['port']}" if given.get("port") else ""
    return f"{host}{port}/{given.get('dbname') or ''}"


def _check_server(conn: Connection[TupleRow]) -> None:
    """Refuse a server that the schema cannot live on, naming what to install."""
    major = conn.info.server_version // 10000
    if major < MIN_SERVER:
        raise SetupError(
            "PostgreSQL {found} is too old: GridMap needs {needed} or newer.",
            found=major,
            needed=MIN_SERVER,
        )
    encoding = conn.info.parameter_status("server_encoding")
    if encoding != "UTF8":
        raise SetupError(
            "The database stores text as {encoding}: GridMap needs UTF8.",
            hint="Create it with: createdb --encoding=UTF8 --template=template0 …",
            encoding=encoding,
        )
    row = conn.execute(
        "SELECT coalesce(installed_version, default_version)"
        " FROM pg_available_extensions WHERE name = 'postgis'"
    ).fetchone()
    if row is None:
        raise SetupError(
            "PostGIS is missing on the database server.",
            hint="Install it there: apt-get install postgresql-{major}-postgis-3",
            major=major,
        )
    version = tuple(int(part) for part in str(row[0]).split(".")[:2])
    if version < MIN_POSTGIS:
        raise SetupError(
            "PostGIS {found} is too old: GridMap needs {needed} or newer.",
            hint="After updating the package run: SELECT postgis_extensions_upgrade();",
            found=row[0],
            needed=".".join(map(str, MIN_POSTGIS)),
        )


def _configure(conn: Connection[TupleRow]) -> None:
    """Set what holds for every request; it survives the return to the pool, and is meant to."""
    conn.isolation_level = IsolationLevel.READ_COMMITTED
    conn.prepare_threshold = _NEVER
    conn.execute("SET statement_timeout = '15s'")
    conn.execute("SET lock_timeout = '10s'")
    conn.execute("SET idle_in_transaction_session_timeout = '60s'")
    conn.execute(_FIRST_PROJECTION)
    if not conn.autocommit:
        conn.commit()


def _has_news(conn: Connection[TupleRow]) -> bool:
    """Tell whether the server said something unasked: its last word, as a rule."""
    poll = select.poll()
    poll.register(conn.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def _check(conn: Connection[TupleRow]) -> None:
    """Raise if the connection is dead, or leads to a server that has become read-only."""
    now = time.monotonic()
    if now - _checked_at.get(conn, 0.0) < _CHECK_AFTER_S and not _has_news(conn):
        return
    autocommit = conn.autocommit
    # Outside a transaction: one round trip, and nothing to end.
    conn.autocommit = True
    try:
        row = conn.execute("SHOW transaction_read_only").fetchone()
    finally:
        if not conn.closed:
            conn.autocommit = autocommit
    if row != ("off",):
        raise errors.ReadOnlySqlTransaction("the server has become read-only")
    _checked_at[conn] = now
