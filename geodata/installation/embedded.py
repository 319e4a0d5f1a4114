"""A private PostgreSQL cluster under GRIDMAP_HOME, alive while its starter lives.

It listens on a Unix socket alone, in a directory that only its account (and root) may enter. On
top of that the server asks the kernel who is calling ("peer") and lets in two system users, its
own account and root. So there is no password to keep, leak or rotate.

Two locks order the users of a home. ``lock`` is held by the one process that runs the cluster.
``users`` is shared by all who are connected; a command that started the cluster for itself waits
for it before stopping, so that another command beside it is not cut off.
"""

from __future__ import annotations

import os
import re
import shutil
import signal
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import quote

import psycopg

from geodata.database import roles as dbroles
from geodata.database.connecting import failures
from geodata.errors import SetupError
from geodata.installation import configuration
from geodata.installation.home import Home, HomeInUseError, make_private, open_private
from geodata.installation.leftovers import disown_stale_pid, evict
from geodata.installation.machine import Account, account_for, find_postgres
from geodata.language.phrases import Phrase

# Less than this and PostgreSQL may stop in the middle of its work.
MIN_FREE_BYTES = 300 * 2**20

_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 60.0
# In a log line: what stopped PostgreSQL, or led to it.
_FAULT = re.compile(r"FATAL|PANIC|ERROR|error:|invalid|unrecognized|could not")


class Cluster:
    """The cluster of one home. ``with Cluster(home) as cluster`` starts and stops it."""

    def __init__(
        self, home: Path, *, purpose: str = "gridmap", min_free_bytes: int = MIN_FREE_BYTES
    ) -> None:
        self.home = Home(home)
        self.purpose = purpose
        self.min_free_bytes = min_free_bytes
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the database ``gridmap``, as its owner, who is no superuser."""
        return self._url("gridmap", "gridmap")

    @property
    def app_url(self) -> str:
        """The address of the same database for the application, which owns nothing in it."""
        return self._url(dbroles.APP, "gridmap")

    @property
    def log(self) -> Path:
        """What PostgreSQL has to say."""
        return self.home.cluster / "postgres.log"

    @property
    def name(self) -> Phrase:
        """What it is called at the beginning of a sentence."""
        return Phrase("The database")

    @property
    def pid(self) -> int | None:
        """The process that runs the cluster, None while it does not run."""
        return self._process.pid if self._process and self.status is None else None

    @property
    def status(self) -> int | None:
        """The status with which PostgreSQL ended by itself, None while it runs."""
        return self._process.poll() if self._process else None

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Take the home, create the cluster if there is none, and wait until it answers.

        Whatever was killed before is cleaned up. Raises ``HomeInUseError`` naming the process that
        has the home, ``SetupError`` for all that the machine lacks.
        """
        try:
            with self.home.usable():
                self.home.take(self.purpose)
                self.home.check_space(self.min_free_bytes)
                account = account_for(self.home.data)
                self.home.prepare(account)
                evict(self.home.data)
                self._create_data(account)
                self._run(account)
                self._ensure_database()
        except BaseException:
            self.stop()
            raise

    def start_again(self) -> None:
        """Start PostgreSQL after it died; the home stays ours.

        Raises ``SetupError`` if it does not come up.
        """
        if self._process is not None:
            self._process.wait()
        account = account_for(self.home.data)
        evict(self.home.data)
        self._run(account)

    def stop(self) -> None:
        """Shut down (clients are disconnected, everything is flushed) and give the home back."""
        process, self._process = self._process, None
        if process is not None:
            for request, patience_s in (
                (signal.SIGINT, _STOP_TIMEOUT_S),
                (signal.SIGQUIT, 10),
                (signal.SIGKILL, 10),
            ):
                if process.poll() is not None:
                    break
                process.send_signal(request)
                with suppress(subprocess.TimeoutExpired):
                    process.wait(patience_s)
        self.home.release()

    def _create_data(self, account: Account) -> None:
        """Run initdb beside the data directory and move it there when it is whole."""
        if self.home.data.exists():
            return
        for unfinished in self.home.cluster.glob("data.new-*"):
            shutil.rmtree(unfinished, ignore_errors=True)
        # A new name each time: a killed start's initdb may still be cleaning up behind itself.
        unfinished = self.home.cluster / f"data.new-{time.time_ns()}"
        make_private(unfinished, account)
        initdb = find_postgres().programs / "initdb"
        done = subprocess.run(
            account.command(
                str(initdb),
                f"--pgdata={unfinished}",
                "--username=postgres",
                "--encoding=UTF8",
                "--locale=C.UTF-8",
                "--lc-messages=C",
                "--auth=peer",
                "--data-checksums",
            ),
            cwd="/",
            env=_environment(),
            capture_output=True,
            text=True,
            start_new_session=True,
        )
        if done.returncode:
            raise _failure(
                SetupError("The database cannot be created: {reason}", reason=_tail(done.stderr)),
                done.stderr,
            )
        unfinished.rename(self.home.data)
        _sync_directory(self.home.cluster)

    def _run(self, account: Account) -> None:
        """Start the postmaster as our child and wait until it answers."""
        major = int((self.home.data / "PG_VERSION").read_text())
        postgres = find_postgres(major).programs / "postgres"
        config = configuration.write(self.home, account)
        disown_stale_pid(self.home.data)
        # With the home ours these are stale, even if the number in the lock is in use again.
        for left in self.home.sockets.glob(".s.PGSQL.*"):
            left.unlink()
        if self.log.exists() and self.log.stat().st_size > 10 * 2**20:
            self.log.replace(self.log.with_suffix(".log.1"))
        with open_private(self.log) as log:
            start = log.tell()
            self._process = subprocess.Popen(
                account.command(
                    str(postgres), "-D", str(self.home.data), "-c", f"config_file={config}"
                ),
                cwd="/",
                env=_environment(),
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=log,
                # Ctrl-C in the terminal is for us; we stop the cluster last.
                start_new_session=True,
            )
        deadline = time.monotonic() + _START_TIMEOUT_S
        while not _answers(self._url("postgres", "postgres")):
            if self._process.poll() is not None or time.monotonic() > deadline:
                with self.log.open("rb") as log:
                    log.seek(start)
                    output = log.read().decode(errors="replace") or "no answer in time"
                failure = SetupError(
                    "The database does not start: {reason} (see {log})",
                    reason=_tail(output),
                    log=self.log,
                )
                raise _failure(failure, output)
            time.sleep(0.03)

    def _ensure_database(self) -> None:
        """Create the role and the database, and what only a superuser may; at every start."""
        with (
            failures(self.url),
            psycopg.connect(self._url("postgres", "postgres"), autocommit=True) as conn,
        ):
            if not conn.execute("SELECT FROM pg_roles WHERE rolname = 'gridmap'").rowcount:
                conn.execute("CREATE ROLE gridmap LOGIN CREATEDB")
            dbroles.ensure(conn, "gridmap")
            if not conn.execute("SELECT FROM pg_database WHERE datname = 'gridmap'").rowcount:
                conn.execute("CREATE DATABASE gridmap OWNER gridmap")
        with (
            failures(self.url),
            psycopg.connect(self._url("postgres", "gridmap"), autocommit=True) as conn,
        ):
            conn.execute("SET client_min_messages = warning")
            conn.execute("CREATE EXTENSION IF NOT EXISTS postgis")
            conn.execute("CREATE EXTENSION IF NOT EXISTS btree_gist")
            conn.execute("CREATE EXTENSION IF NOT EXISTS pg_trgm")
            # The system's package was updated since.
            if conn.execute(
                "SELECT FROM pg_available_extensions"
                " WHERE name = 'postgis' AND installed_version <> default_version"
            ).rowcount:
                conn.execute("SELECT postgis_extensions_upgrade()")

    def _url(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self.home.sockets))}"


@contextmanager
def attach(home: Path, *, purpose: str = "gridmap command") -> Generator[str]:
    """Give the URL of a home's database: that of the running server, else of a cluster of our own.

    A cluster of our own ends with the block, once others who joined meanwhile are done too.
    """
    cluster = Cluster(home, purpose=purpose)
    deadline = time.monotonic() + _START_TIMEOUT_S
    with cluster.home.share() as users:
        while True:
            try:
                cluster.start()
            except HomeInUseError:
                if _answers(cluster.url):
                    yield cluster.url
                    return
                if time.monotonic() > deadline:
                    raise
                time.sleep(0.2)
                continue
            try:
                yield cluster.url
                # Wait for those who joined; on an error or Ctrl-C we do not.
                cluster.home.wait_for_others(users)
            finally:
                cluster.stop()
            return


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _failure(failure: SetupError, output: str) -> SetupError:
    """Return the failure, or a full disk where the output names that."""
    if "No space left on device" in output:
        return SetupError("The disk of the database is full.", hint="Free some space on it.")
    return failure


def _tail(text: str) -> str:
    """Return the lines that name the fault, else the last ones, without their time stamps."""
    lines = [re.sub(r"^.*?\[\d+\]\s+", "", line) for line in text.strip().splitlines()]
    faults = [line for line in lines if _FAULT.search(line)]
    return " / ".join((faults or lines)[-3:])


def _environment() -> dict[str, str]:
    """Return what PostgreSQL's programs need of ours: nothing of PGDATA and its like."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"} | {
        name: os.environ[name] for name in ("TZ",) if name in os.environ
    }


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
