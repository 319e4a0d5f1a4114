"""Fixtures: a real cluster, databases cloned from a migrated template, a real server, Chromium."""

from __future__ import annotations

import fcntl
import itertools
import os
import re
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import date
from pathlib import Path
from typing import Any
from weakref import WeakSet

import psycopg
import pytest
from hypothesis import settings
from playwright.sync_api import BrowserContext, expect
from psycopg import sql
from psycopg.conninfo import conninfo_to_dict
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

from geodata.database import connecting as db
from geodata.demo import DemoAccount
from geodata.installation.embedded import Cluster

# A cluster and its databases lie in memory where there is as much room for each process.
MEMORY = Path("/dev/shm")
MEMORY_BYTES = 2 * 2**30
PREFIX = "gridmap-tests-"
CHROMIUM = ("chromium", "chromium-browser", "google-chrome")

_numbers = itertools.count(1)
_demo_accounts: list[DemoAccount] = []

# What tests compare is English, whatever the terminal speaks.
os.environ["GRIDMAP_LANG"] = "en"
# Applications made by tests keep no key in the clone's own home.
os.environ["GRIDMAP_SECRET_KEY"] = "the tests sign their cookies with this"

# The same examples in every run, however slow the machine: what is red is red for everybody.
# Random ones are for scripts/bench.
settings.register_profile("suite", deadline=None, derandomize=True)
settings.load_profile("suite")

# Processes with a browser each load a small machine: what is waited for may take its time.
expect.set_options(timeout=30_000)

# Files that take longest, by the time they take. Where processes share the work (./scripts/test),
# one that is begun last would be waited for alone.
LONGEST = (
    "test_hostile_files.py",
    "test_leaks.py",
    "test_drawing.py",
    "test_injection.py",
    "test_map.py",
    "test_import_grids.py",
    "test_handed_cases_grids.py",
    "test_handed_cases_lists.py",
    "test_account_pages.py",
    "test_embedded.py",
    "test_import_faults.py",
    "test_sql_injection.py",
    "test_hostile_uploads.py",
    "test_demo.py",
    "test_import_lewisham.py",
    "test_mending_lewisham.py",
)

# The days besides today on which tests look at the demo county in a browser.
DAYS_IN_BROWSERS = (
    date(2021, 1, 1),
    date(2024, 3, 1),
    date(2025, 6, 1),
    date(2025, 7, 1),
    date(2025, 11, 25),
    date(2025, 12, 31),
    date(2026, 1, 1),
)

# Why a test is skipped that looks at real data: it is never committed.
MISSING = "shared/data is not there"


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Put the longest files first where processes share the work, in the same order in each."""
    if hasattr(config, "workerinput"):
        places = {name: place for place, name in enumerate(LONGEST)}
        items.sort(key=lambda item: places.get(item.path.name, len(places)))


def pytest_sessionfinish(session: pytest.Session) -> None:
    """Let a skipped test fail the whole in CI, unless it needs data that a clone does not have."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if not os.environ.get("CI") or reporter is None or session.exitstatus:
        return
    skipped = [
        each for each in reporter.stats.get("skipped", ()) if MISSING not in str(each.longrepr)
    ]
    for each in skipped:
        reporter.write_line(f"Skipped, which is a failure in CI: {each.nodeid}", red=True)
    if skipped:
        session.exitstatus = pytest.ExitCode.TESTS_FAILED


@pytest.fixture(scope="session")
def cluster() -> Iterator[Cluster]:
    """The session's PostgreSQL, started by the code that starts it for users."""
    # Not pytest's own directory: a socket's path is short, and mode 0700 would shut postgres out.
    _clear_memory()
    home = Path(tempfile.mkdtemp(prefix=PREFIX, dir=_memory_folder()))
    home.chmod(0o711)
    try:
        with Cluster(home, purpose="tests") as running:
            _spare_the_disk(running)
            yield running
    finally:
        link = home / "cluster"
        if link.is_symlink():
            shutil.rmtree(link.readlink())
        shutil.rmtree(home)


@pytest.fixture(scope="session")
def template(cluster: Cluster) -> str:
    """A migrated database that nobody connects to, so that it can be cloned."""
    db.migrate(cluster.url)
    return "gridmap"


@pytest.fixture
def database_url(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a fresh, migrated, empty database."""
    with _database(cluster, template, "test") as url:
        yield url


@pytest.fixture(scope="module")
def module_url(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a migrated, empty database that the tests of a module share."""
    with _database(cluster, template, "module") as url:
        yield url


@pytest.fixture
def conn(database_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection to a fresh, migrated, empty database; autocommit off."""
    connection = db.connect(database_url)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def demo_url(cluster: Cluster, template: str) -> Iterator[str]:
    """The address of a database with the demo county, for reading only."""
    from geodata import demo

    with _database(cluster, template, "demo") as url:
        with db.connect(url) as connection:
            demo.load(connection)
            _demo_accounts.extend(demo.write_accounts(connection))
        with db.connect(url) as connection:
            connection.autocommit = True
            connection.execute("VACUUM ANALYZE")
        yield url


@pytest.fixture(scope="session")
def demo_passwords(demo_url: str) -> dict[str, str]:
    """The passwords of the demo county's accounts by user name."""
    return {account.username: account.password for account in _demo_accounts}


@pytest.fixture(scope="session")
def enter(
    live_server: str, demo_passwords: dict[str, str]
) -> Callable[[BrowserContext, str], None]:
    """Sign a browser in as one of the demo county's accounts, on the sign-in page."""
    kept: dict[str, list[Any]] = {}

    def sign_in(context: BrowserContext, username: str) -> None:
        # Signed in once for each account: hashing takes its time, and is meant to.
        if username not in kept:
            page = context.new_page()
            page.goto(f"{live_server}/sign-in?lang=zh")
            page.locator("[name=username]").fill(username)
            page.locator("[name=password]").fill(demo_passwords[username])
            page.locator("main button[type=submit]").click()
            page.wait_for_url(re.compile(r"/(\?|$)"))
            page.close()
            kept[username] = [c for c in context.cookies() if c.get("name") != "lang"]
            context.clear_cookies()
        context.add_cookies(kept[username])

    return sign_in


@pytest.fixture
def demo_conn(demo_url: str) -> Iterator[psycopg.Connection[TupleRow]]:
    """A connection to the demo county, for reading only: what it writes is rolled back."""
    connection = db.connect(demo_url)
    yield connection
    connection.close()


@pytest.fixture(scope="session")
def live_server(demo_url: str) -> Iterator[str]:
    """The base URL, without a slash at its end, of a real server on the demo county."""
    from county import compute_figures

    from scripts import serve

    # No worker runs beside it, which would load the machine.
    with db.connect(demo_url) as connection:
        compute_figures(connection, *DAYS_IN_BROWSERS)
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(demo_url, listener) as server:
        server.wait_until_ready()
        yield server.url.rstrip("/")


@pytest.fixture(scope="session")
def browser_type_launch_args(browser_type_launch_args: dict[str, Any]) -> dict[str, Any]:
    """Chromium that leaves the network alone: the system's, else the one Playwright installed."""
    found = [path for path in map(shutil.which, CHROMIUM) if path and not _is_snap(Path(path))]
    return {
        **browser_type_launch_args,
        **({"executable_path": found[0]} if found else {}),
        "args": [
            "--no-sandbox",
            "--disable-gpu",
            "--disable-quic",
            "--no-first-run",
            "--disable-background-networking",
            "--disable-component-update",
            "--disable-sync",
        ],
    }


def _is_snap(program: Path) -> bool:
    """Tell whether this is Ubuntu's stub, which cannot run in a container."""
    return b"snap" in program.read_bytes()[:4096]


def _memory_folder() -> Path | None:
    """Return where files stay in memory, None where there is too little room for each process.

    Each test has a database of its own: a copy in memory takes a fifth of the processor time.
    """
    processes = int(os.environ.get("PYTEST_XDIST_WORKER_COUNT", "1"))
    try:
        free = shutil.disk_usage(MEMORY).free
    except OSError:
        return None
    return MEMORY if free >= processes * MEMORY_BYTES else None


def _clear_memory() -> None:
    """Delete the homes that killed runs left in memory: nobody holds their lock any longer."""
    for home in MEMORY.glob(f"{PREFIX}*"):
        # One without a lock is only just being made.
        with suppress(OSError), (home / "lock").open("rb") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
            shutil.rmtree(home)


def _spare_the_disk(cluster: Cluster) -> None:
    """Do without fsync and a long log; test_embedded.py and test_run.py have them."""
    with psycopg.connect(_as_superuser(cluster), autocommit=True) as admin:
        admin.execute("ALTER SYSTEM SET fsync = off")
        admin.execute("ALTER SYSTEM SET max_wal_size = '256MB'")
        admin.execute("SELECT pg_reload_conf()")


def _as_superuser(cluster: Cluster) -> str:
    return cluster.url.replace("gridmap@", "postgres@")


# A pool left open behind a database that is gone has a thread that tries for it again and again,
# with pauses by chance: and chance is what hypothesis watches over.
_pools: WeakSet[ConnectionPool[Any]] = WeakSet()
_open_pool = db.open_pool


def _noted(url: str, **more: Any) -> ConnectionPool[Any]:
    pool = _open_pool(url, **more)
    _pools.add(pool)
    return pool


db.open_pool = _noted


# Databases that nobody uses any longer. Dropped later, with the next one that is made: PostgreSQL
# waits a tenth of a second for a connection that is only just ending.
_unused: list[str] = []


class _database:  # noqa: N801 - reads as the context manager that it is
    """A database cloned from another, left to be dropped at the end."""

    def __init__(self, cluster: Cluster, template: str, prefix: str) -> None:
        # A superuser, who may end a vacuum that happens to be at work in a database to be dropped.
        self.admin = _as_superuser(cluster).replace("/gridmap?", "/postgres?")
        self.template = template
        self.name = f"{prefix}_{next(_numbers)}"
        self.url = cluster.url.replace("/gridmap?", f"/{self.name}?")

    def __enter__(self) -> str:
        clone = sql.SQL("CREATE DATABASE {} OWNER gridmap TEMPLATE {} STRATEGY file_copy")
        drop = sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)")
        with psycopg.connect(self.admin, autocommit=True) as connection:
            while _unused:
                connection.execute(drop.format(sql.Identifier(_unused.pop())))
            connection.execute(
                clone.format(sql.Identifier(self.name), sql.Identifier(self.template))
            )
        return self.url

    def __exit__(self, *_: object) -> None:
        for pool in list(_pools):
            if conninfo_to_dict(str(pool.conninfo))["dbname"] == self.name:
                pool.close()
        with psycopg.connect(self.admin, autocommit=True) as connection:
            connection.execute(
                "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = %s",
                [self.name],
            )
        _unused.append(self.name)
