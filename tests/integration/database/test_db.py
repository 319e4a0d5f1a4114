"""Connections, the pool and migrations, against a real PostgreSQL."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from datetime import date

import psycopg
import pytest
from psycopg import sql
from psycopg.rows import TupleRow
from yoyo import get_backend, read_migrations

from geodata.coverage.standards import defining
from geodata.coverage.standards.model import Providers
from geodata.database import clock
from geodata.database import connecting as db
from geodata.errors import SetupError, StorageFullError, UnavailableError
from geodata.installation.embedded import Cluster

MIGRATION_COUNT = len([p for p in db.MIGRATIONS.glob("*.sql") if ".rollback." not in p.name])


@pytest.fixture
def admin(cluster: Cluster) -> Iterator[psycopg.Connection[TupleRow]]:
    """The cluster's superuser, in the database postgres, autocommit on."""
    url = cluster.url.replace("gridmap@/gridmap", "postgres@/postgres")
    with psycopg.connect(url, autocommit=True) as conn:
        yield conn


@pytest.fixture
def empty_url(cluster: Cluster, admin: psycopg.Connection[TupleRow]) -> Iterator[str]:
    """The address of a database with PostGIS in it and nothing else."""
    admin.execute("CREATE DATABASE bare OWNER gridmap")
    url = cluster.url.replace("/gridmap?", "/bare?")
    with psycopg.connect(url.replace("gridmap@", "postgres@"), autocommit=True) as conn:
        conn.execute("CREATE EXTENSION postgis")
    yield url
    admin.execute("DROP DATABASE bare WITH (FORCE)")


@pytest.fixture
def odd_database(cluster: Cluster, admin: psycopg.Connection[TupleRow]) -> Iterator[str]:
    """The address of a database "odd", which the test creates as it needs it."""
    yield cluster.url.replace("/gridmap?", "/odd?")
    admin.execute("DROP DATABASE IF EXISTS odd WITH (FORCE)")


def relations(url: str) -> set[str]:
    with psycopg.connect(url) as conn:
        rows = conn.execute(
            "SELECT relname FROM pg_class c WHERE relnamespace = 'public'::regnamespace"
            " AND relkind = 'r' AND NOT EXISTS (SELECT FROM pg_depend d"
            " WHERE d.objid = c.oid AND d.deptype = 'e')"
        ).fetchall()
    return {row[0] for row in rows if "yoyo" not in row[0]}


def test_migrations_apply_once(empty_url: str) -> None:
    assert db.migrate(empty_url) == MIGRATION_COUNT
    assert {"grid", "grid_version", "member", "issue", "facility"} <= relations(empty_url)
    assert db.migrate(empty_url) == 0


def test_starters_at_the_same_time_do_not_collide(empty_url: str) -> None:
    with ThreadPoolExecutor(4) as starters:
        applied = list(starters.map(db.migrate, [empty_url] * 4))
    assert sorted(applied) == [0, 0, 0, MIGRATION_COUNT]


def test_every_migration_can_be_rolled_back_and_applied_again(empty_url: str) -> None:
    db.migrate(empty_url)
    uri = empty_url.replace("postgresql://", "postgresql+psycopg://")
    with get_backend(uri) as backend:
        backend.rollback_migrations(backend.to_rollback(read_migrations(str(db.MIGRATIONS))))
    assert relations(empty_url) == set()
    with psycopg.connect(empty_url) as conn:
        left = conn.execute(
            "SELECT proname FROM pg_proc p WHERE pronamespace = 'public'::regnamespace"
            " AND NOT EXISTS (SELECT FROM pg_depend d WHERE d.objid = p.oid AND d.deptype = 'e')"
        ).fetchall()
        assert left == []
    assert db.migrate(empty_url) == MIGRATION_COUNT


def test_changes_of_standards_from_before_providers_had_a_day_can_be_undone(
    empty_url: str,
) -> None:
    db.migrate(empty_url)
    day = date(2027, 1, 1)
    with db.connect(empty_url) as conn:
        before = defining.get(conn, "clinic")
        town, village = before.on(day, "town"), before.on(day, "village")
        assert town
        assert village
        by = Providers(by_facility=True, areas=("volunteer_team",))
        # As it could be said then: who gives it for all days at once.
        wanted = before.changed(day, replace(town, reach=300), village, before.providers_on(day))
        wanted = replace(wanted, providers=(replace(wanted.providers[0], value=by),))
        defining.save(conn, "wang", before.digest, wanted)
    uri = empty_url.replace("postgresql://", "postgresql+psycopg://")
    with get_backend(uri) as backend:
        late = [
            each
            for each in backend.to_rollback(read_migrations(str(db.MIGRATIONS)))
            if each.id >= "0019"
        ]
        backend.rollback_migrations(late)
    with db.connect(empty_url) as conn:
        old = conn.execute("SELECT before, after FROM standard_change").fetchall()
        assert [each["providers"]["areas"] for each in old[0]] == [[], ["volunteer_team"]]
        assert old[0][1]["town"][-1]["standard"]["reach"] == 300
    assert db.migrate(empty_url) == len(late)
    with db.connect(empty_url) as conn:
        assert defining.get(conn, "clinic") == wanted
        change = defining.last_change(conn, "clinic")
        assert change
        assert defining.undo(conn, "wang", "clinic", change.change_id) == before


def test_failing_migration_leaves_nothing_behind(empty_url: str) -> None:
    with psycopg.connect(empty_url) as conn:
        # In the way of the last statements of 0002.
        conn.execute("CREATE TABLE duty ()")
    with pytest.raises(psycopg.errors.DuplicateTable):
        db.migrate(empty_url)
    assert "grid" in relations(empty_url)
    assert "member" not in relations(empty_url)
    with psycopg.connect(empty_url) as conn:
        conn.execute("DROP TABLE duty")
    assert db.migrate(empty_url) == MIGRATION_COUNT - 1


def test_lock_row_of_a_killed_migration_does_not_block(empty_url: str) -> None:
    db.migrate(empty_url)
    with psycopg.connect(empty_url) as conn:
        conn.execute("INSERT INTO yoyo_lock (locked, ctime, pid) VALUES (1, now(), 1)")
    assert db.migrate(empty_url) == 0


def test_database_of_a_newer_gridmap_is_refused(database_url: str) -> None:
    with psycopg.connect(database_url) as conn:
        conn.execute(
            "INSERT INTO _yoyo_migration (migration_hash, migration_id, applied_at_utc)"
            " VALUES ('f00', '9999.future', now())"
        )
    with pytest.raises(SetupError, match="newer GridMap"):
        db.migrate(database_url)


def test_user_who_may_not_create_extensions_is_told_what_to_do(
    odd_database: str, admin: psycopg.Connection[TupleRow]
) -> None:
    admin.execute("CREATE DATABASE odd OWNER gridmap")
    with pytest.raises(SetupError, match=r"CREATE EXTENSION postgis;"):
        db.migrate(odd_database)


def test_user_who_may_not_create_tables_is_told_what_to_do(
    odd_database: str, admin: psycopg.Connection[TupleRow]
) -> None:
    admin.execute("CREATE DATABASE odd")
    with pytest.raises(SetupError, match=r"ALTER DATABASE … OWNER TO"):
        db.migrate(odd_database)


def test_database_in_another_encoding_is_refused(
    odd_database: str, admin: psycopg.Connection[TupleRow]
) -> None:
    admin.execute("CREATE DATABASE odd ENCODING 'LATIN1' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(SetupError, match="as LATIN1: GridMap needs UTF8"):
        db.migrate(odd_database)


def test_missing_database(cluster: Cluster) -> None:
    with pytest.raises(SetupError, match=r"/nowhere does not exist"):
        db.connect(cluster.url.replace("/gridmap?", "/nowhere?"))


def test_nobody_answers() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
    with pytest.raises(UnavailableError, match=rf"127.0.0.1:{port}/map does not answer") as raised:
        db.connect(f"postgresql://user:secret@127.0.0.1:{port}/map")
    assert "secret" not in str(raised.value)


def test_address_that_is_none() -> None:
    with pytest.raises(SetupError, match="not a PostgreSQL address") as raised:
        db.connect("mysql://user:secret@host/map")
    assert "secret" not in str(raised.value)


def test_too_many_connections(
    cluster: Cluster, odd_database: str, admin: psycopg.Connection[TupleRow]
) -> None:
    admin.execute("CREATE DATABASE odd OWNER gridmap CONNECTION LIMIT 1")
    with psycopg.connect(odd_database), pytest.raises(UnavailableError, match="are in use"):
        db.connect(odd_database)


def test_transactions_are_read_committed_whatever_the_server_says(database_url: str) -> None:
    with psycopg.connect(database_url, autocommit=True) as conn:
        name = conn.info.dbname
        conn.execute(
            sql.SQL("ALTER DATABASE {} SET default_transaction_isolation = 'serializable'").format(
                sql.Identifier(name)
            )
        )
    with db.connect(database_url) as conn:
        assert conn.execute("SHOW transaction_isolation").fetchone() == ("read committed",)
    with db.open_pool(database_url) as pool, pool.connection() as conn:
        assert conn.execute("SHOW transaction_isolation").fetchone() == ("read committed",)


def test_pool_finds_the_database_again(
    database_url: str, admin: psycopg.Connection[TupleRow]
) -> None:
    with db.open_pool(database_url, min_size=2) as pool:
        pool.wait()
        admin.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
            [database_url.split("@/")[1].split("?")[0]],
        )
        # Longer than a connection is trusted without asking.
        time.sleep(1.1)
        with pool.connection() as conn:
            assert conn.execute("SELECT 1").fetchone() == (1,)


def test_pool_lends_no_connection_that_was_ended_just_now(
    database_url: str, admin: psycopg.Connection[TupleRow]
) -> None:
    with db.open_pool(database_url, max_size=1) as pool:
        with pool.connection() as conn:
            pid = conn.info.backend_pid
        admin.execute("SELECT pg_terminate_backend(%s, 30000)", [pid])
        with pool.connection() as conn:
            assert conn.info.backend_pid != pid
            assert conn.execute("SELECT 1").fetchone() == (1,)


def test_pool_refuses_a_server_that_became_read_only(
    database_url: str, admin: psycopg.Connection[TupleRow]
) -> None:
    name = sql.Identifier(database_url.split("@/")[1].split("?")[0])
    admin.execute(sql.SQL("ALTER DATABASE {} SET default_transaction_read_only = on").format(name))
    with (
        db.open_pool(database_url) as pool,
        pytest.raises(UnavailableError),
        db.failures(database_url),
        pool.connection(timeout=1),
    ):
        pytest.fail("it lent a connection that cannot write")


def test_slow_query_is_ended_and_reported(database_url: str) -> None:
    with db.open_pool(database_url) as pool, pool.connection() as conn:
        assert conn.execute("SHOW statement_timeout").fetchone() == ("15s",)
        conn.execute("SET LOCAL statement_timeout = '10ms'")
        with pytest.raises(UnavailableError, match="too long"), db.failures():
            conn.execute("SELECT pg_sleep(5)")


def test_full_disk_is_reported() -> None:
    error = db.explain(psycopg.errors.DiskFull("could not extend file: No space left on device"))
    assert isinstance(error, StorageFullError)
    assert "disk" in str(error)


def test_errors_of_the_query_pass_unchanged(conn: psycopg.Connection[TupleRow]) -> None:
    with pytest.raises(psycopg.errors.UniqueViolation), db.failures():
        conn.execute("INSERT INTO revision (subject) VALUES ('grids')")


def test_the_day_is_the_county_s(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """Late in Greenwich's evening it is tomorrow in Anhui: commands and the map agree on that."""
    for name, day in (("Pacific/Kiritimati", 14), ("Pacific/Pago_Pago", -11)):
        monkeypatch.setenv("GRIDMAP_TIMEZONE", name)
        with db.connect(database_url) as conn:
            row = conn.execute(
                "SELECT current_date, extract(timezone FROM now()) / 3600"
            ).fetchone()
        assert row == (clock.today(), day)
    monkeypatch.setenv("GRIDMAP_TIMEZONE", "Moon/Tycho")
    with pytest.raises(SetupError, match="Moon/Tycho"):
        db.connect(database_url)
