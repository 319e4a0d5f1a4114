"""A private PostgreSQL cluster under GRIDMAP_HOME, alive while its starter lives.

It listens on a Unix socket alone, in a directory that only its account (and root) may enter. On
top of that the server asks the kernel who is calling ("peer") and lets in two system users, its
own account and root. So there is no password to keep, leak or rotate.

Two locks order the users of a home. ``lock`` is held by the one process that runs the cluster.
``users`` is shared by all who are connected; a command that started the cluster for itself waits
for it before stopping, so that another command beside it is not cut off.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from types import TracebackType
from typing import IO, Self
from urllib.parse import quote

import psycopg

from geodata.errors import SetupError
from geodata.installation import Account, account_for, find_postgres, memory_settings

REPOSITORY = Path(__file__).resolve().parent.parent

# Less than this and PostgreSQL may stop in the middle of its work.
MIN_FREE_BYTES = 300 * 2**20

_START_TIMEOUT_S = 120.0
_STOP_TIMEOUT_S = 60.0
# sockaddr_un holds 107 bytes and an end mark; the name is .s.PGSQL.5432.lock at its longest.
_MAX_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432.lock")
# Characters that need no quoting in any of the places where the directory is named.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class HomeInUseError(SetupError):
    """Another process runs the cluster of this home."""

    code = "home_in_use"


def home_from_env() -> Path:
    """Return GRIDMAP_HOME, or ``var`` in the repository."""
    return Path(os.environ.get("GRIDMAP_HOME") or REPOSITORY / "var").resolve()


class Cluster:
    """The cluster of one home. ``with Cluster(home) as cluster`` starts and stops it."""

    def __init__(
        self, home: Path, *, purpose: str = "gridmap", min_free_bytes: int = MIN_FREE_BYTES
    ) -> None:
        self.home = home.resolve()
        self.purpose = purpose
        self.min_free_bytes = min_free_bytes
        self._lock: IO[str] | None = None
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def url(self) -> str:
        """The address of the database ``gridmap``, as its owner, who is no superuser."""
        return self._url("gridmap", "gridmap")

    @property
    def log(self) -> Path:
        """What PostgreSQL has to say."""
        return self._directory / "postgres.log"

    @property
    def pid(self) -> int | None:
        """The process that runs the cluster, None while it does not run."""
        running = self._process is not None and self._process.poll() is None
        return self._process.pid if self._process and running else None

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
            self._take_home()
            self._check_space()
            account = account_for(self._data)
            self._prepare_directory(account)
            self._evict()
            self._create_data(account)
            self._run(account)
            self._ensure_database()
        except OSError as error:
            self.stop()
            raise SetupError(
                "The home {home} cannot be used: {reason}.",
                hint="Run as the user that it belongs to, or choose another GRIDMAP_HOME.",
                home=self.home,
                reason=f"{error.strerror}: {error.filename}",
            ) from error
        except BaseException:
            self.stop()
            raise

    def restart(self) -> None:
        """Start again after PostgreSQL died; the home stays ours."""
        account = account_for(self._data)
        self._evict()
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
        if self._lock is not None:
            # Emptied, not removed: another may be waiting on this very file.
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    def _take_home(self) -> None:
        # As root the cluster belongs to another account, which must be able to pass through.
        self.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
        lock = (self.home / "lock").open("a+", encoding="utf-8")
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            lock.seek(0)
            holder = lock.read().strip() or "unknown"
            lock.close()
            raise HomeInUseError(
                "The home {home} is in use by process {holder}.",
                hint="Stop it, or give this instance a home and a port of its own: "
                "GRIDMAP_HOME=… ./scripts/run --port …",
                home=self.home,
                holder=holder,
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()} ({self.purpose})\n")
        lock.flush()
        self._lock = lock

    def _check_space(self) -> None:
        free = shutil.disk_usage(self._directory if self._data.exists() else self.home).free
        if free < self.min_free_bytes:
            raise SetupError(
                "The disk that holds {home} is nearly full: {free} MB free, {needed} MB needed.",
                hint="Free some space, or choose another GRIDMAP_HOME.",
                home=self.home,
                free=free // 2**20,
                needed=self.min_free_bytes // 2**20,
            )

    @property
    def _directory(self) -> Path:
        """The cluster's own directory: in the home, or where the link in it leads."""
        link = self.home / "cluster"
        return link.readlink() if link.is_symlink() else link

    @property
    def _data(self) -> Path:
        return self._directory / "data"

    def _prepare_directory(self, account: Account) -> None:
        """Make the directory, outside the home where the account cannot reach into it."""
        link = self.home / "cluster"
        if not link.is_symlink() and not link.exists() and not _is_reachable(self.home, account):
            outside = Path("/var/lib/gridmap") / _digest(self.home)
            outside.parent.mkdir(mode=0o711, parents=True, exist_ok=True)
            if outside.exists():
                # Of an earlier home at this path that has been removed: never adopted unasked.
                aside = outside.with_name(f"{outside.name}.{time.time_ns()}")
                outside.rename(aside)
                print(f"The database of an earlier {self.home} is kept in {aside}", file=sys.stderr)
            # The link first: a directory that no link names would be set aside above.
            link.symlink_to(outside)
        _make_private(self._directory, account)
        _make_private(self._socket_directory, account)

    @property
    def _socket_directory(self) -> Path:
        inside = self._directory / "run"
        is_short = len(os.fsencode(inside)) <= _MAX_SOCKET_DIRECTORY
        if is_short and _PLAIN_PATH.fullmatch(str(inside)):
            return inside
        # Not TMPDIR: the command line must find it from another session.
        return Path("/tmp") / f"gridmap-{_digest(self._directory)}"  # noqa: S108 - checked on use

    def _create_data(self, account: Account) -> None:
        """Run initdb beside the data directory and move it there when it is whole."""
        if self._data.exists():
            return
        unfinished = self._directory / "data.new"
        if unfinished.exists():
            shutil.rmtree(unfinished)
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
            raise SetupError("initdb failed: {reason}", reason=_tail(done.stderr))
        unfinished.rename(self._data)
        _sync_directory(self._directory)

    def _configure(self, account: Account) -> Path:
        """Write the configuration, anew at every start: it follows the machine."""
        settings = {
            "listen_addresses": "",
            "unix_socket_directories": str(self._socket_directory),
            "unix_socket_permissions": "0700" if os.geteuid() == account.uid else "0777",
            "port": "5432",
            "max_connections": "60",
            "fsync": "on",
            "synchronous_commit": "on",
            "full_page_writes": "on",
            "max_wal_size": "2GB",
            "wal_compression": "on",
            "random_page_cost": "1.1",
            # Our queries take milliseconds; compiling them would take longer.
            "jit": "off",
            "log_line_prefix": "%m [%p] %u ",
            **memory_settings(),
        }
        lines = ["# Written at every start. Your own settings go into local.conf beside it."]
        lines += ["include 'postgresql.conf'"]
        lines += [f"{name} = '{value}'" for name, value in settings.items()]
        lines += ["include_if_exists 'local.conf'"]
        system_users = {account.name, "root"}
        texts = {
            "gridmap.conf": "\n".join(lines),
            "pg_hba.conf": "local all all peer map=gridmap",
            "pg_ident.conf": "\n".join(
                f'gridmap "{user}" {role}' for user in system_users for role in _ROLES
            ),
        }
        for name, text in texts.items():
            path = self._data / name
            path.write_text(text + "\n", encoding="utf-8")
            os.chown(path, account.uid, account.gid)
        return self._data / "gridmap.conf"

    def _run(self, account: Account) -> None:
        """Start the postmaster as our child and wait until it answers."""
        major = int((self._data / "PG_VERSION").read_text())
        postgres = find_postgres(major).programs / "postgres"
        config = self._configure(account)
        self._disown_stale_pid()
        if self.log.exists() and self.log.stat().st_size > 10 * 2**20:
            self.log.replace(self.log.with_suffix(".log.1"))
        with self.log.open("ab") as log:
            start = log.tell()
            self._process = subprocess.Popen(
                account.command(
                    str(postgres), "-D", str(self._data), "-c", f"config_file={config}"
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
                    raise _failed_start(log.read().decode(errors="replace"), self.log)
            time.sleep(0.03)

    def _ensure_database(self) -> None:
        """Create the role and the database, and what only a superuser may; at every start anew."""
        with psycopg.connect(self._url("postgres", "postgres"), autocommit=True) as conn:
            if not conn.execute("SELECT FROM pg_roles WHERE rolname = 'gridmap'").rowcount:
                conn.execute("CREATE ROLE gridmap LOGIN CREATEDB")
            if not conn.execute("SELECT FROM pg_database WHERE datname = 'gridmap'").rowcount:
                conn.execute("CREATE DATABASE gridmap OWNER gridmap")
        with psycopg.connect(self._url("postgres", "gridmap"), autocommit=True) as conn:
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

    def _evict(self) -> None:
        """End what is left of an earlier run: we have the home, so nobody may use the data.

        A postmaster whose starter was killed is on its way down already. Server processes whose
        postmaster was killed may compute on for minutes, and block the next start till then.
        """
        if not self._data.exists():
            return
        deadline = time.monotonic() + _STOP_TIMEOUT_S
        first = True
        while left := _processes_in(self._data):
            postmaster = self._recorded_pid()
            if postmaster not in left or time.monotonic() > deadline:
                request, targets = signal.SIGKILL, left
            else:
                request, targets = signal.SIGINT, {postmaster} if first else set[int]()
            for pid in targets:
                with suppress(ProcessLookupError):
                    os.kill(pid, request)
            first = False
            time.sleep(0.05)

    def _recorded_pid(self) -> int | None:
        try:
            return int((self._data / "postmaster.pid").read_text().split("\n", 1)[0])
        except (FileNotFoundError, ValueError):
            return None

    def _disown_stale_pid(self) -> None:
        """Let PostgreSQL see that postmaster.pid is stale although its number is in use again.

        That happens after a reboot, and in containers. The file itself must stay: by its shared
        memory key PostgreSQL finds server processes that are still alive. Our own number, being
        the parent's, is one that it knows not to be a postmaster.
        """
        recorded = self._recorded_pid()
        if recorded is None or not Path(f"/proc/{recorded}").exists():
            return
        path = self._data / "postmaster.pid"
        _, rest = path.read_text().split("\n", 1)
        path.write_text(f"{os.getpid()}\n{rest}")

    def _url(self, user: str, database: str) -> str:
        return f"postgresql://{user}@/{database}?host={quote(str(self._socket_directory))}"


_ROLES = ("gridmap", "postgres")


@contextmanager
def attach(home: Path, *, purpose: str = "gridmap command") -> Generator[str]:
    """Give the URL of a home's database: that of the running server, else of a cluster of our own.

    A cluster of our own ends with the block, once others who joined meanwhile are done too.
    """
    cluster = Cluster(home, purpose=purpose)
    deadline = time.monotonic() + _START_TIMEOUT_S
    cluster.home.mkdir(mode=0o711 if os.geteuid() == 0 else 0o700, parents=True, exist_ok=True)
    with (cluster.home / "users").open("a") as users:
        fcntl.flock(users, fcntl.LOCK_SH)
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
                fcntl.flock(users, fcntl.LOCK_EX)
            finally:
                cluster.stop()
            return


def _answers(url: str) -> bool:
    try:
        with psycopg.connect(url, connect_timeout=5):
            return True
    except psycopg.OperationalError:
        return False


def _failed_start(output: str, log: Path) -> SetupError:
    if "No space left on device" in output:
        return SetupError("The database does not start: the disk is full.", hint="Free some space.")
    return SetupError(
        "The database does not start: {reason}",
        hint="The whole story is in {log}",
        reason=_tail(output) or "no answer in time",
        log=log,
    )


def _tail(text: str) -> str:
    """Return the lines that name the fault, else the last ones."""
    lines = text.strip().splitlines()
    faults = [line for line in lines if re.search(r"FATAL|PANIC|error:|ERROR", line)]
    return " / ".join((faults or lines)[-3:])


def _environment() -> dict[str, str]:
    """Return what PostgreSQL's programs need of ours: nothing of PGDATA and its like."""
    return {"PATH": "/usr/bin:/bin", "LC_ALL": "C.UTF-8"} | {
        name: os.environ[name] for name in ("TZ",) if name in os.environ
    }


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _is_reachable(directory: Path, account: Account) -> bool:
    """Tell whether the account may pass through to the directory."""
    if os.geteuid() == account.uid:
        return True
    return not subprocess.run(account.command("test", "-x", str(directory)), cwd="/").returncode


def _make_private(directory: Path, account: Account) -> None:
    """Make a directory that only the account may enter, or check that it is one."""
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    found = directory.lstat()
    # In /tmp anyone could have made it before us.
    if directory.is_symlink() or found.st_uid not in (os.geteuid(), account.uid):
        raise SetupError(
            "The directory {directory} belongs to another user.",
            hint="Remove it, or run as the user that it belongs to.",
            directory=directory,
        )
    if found.st_uid != account.uid:
        os.chown(directory, account.uid, account.gid)
    directory.chmod(0o700)


def _sync_directory(directory: Path) -> None:
    descriptor = os.open(directory, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _processes_in(directory: Path) -> set[int]:
    """Return the processes that work in a directory: all of PostgreSQL do, in their data."""
    found: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == directory:
                found.add(int(entry.name))
    return found
