"""The home of an instance, GRIDMAP_HOME: who has it, and where its cluster lies.

The cluster is in ``home/cluster``. A root-owned home that the database's account cannot enter (a
clone under /root) has a link there instead, to a directory under /var/lib/gridmap.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import shutil
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import IO

from geodata.errors import SetupError
from geodata.installation.machine import Account

REPOSITORY = Path(__file__).resolve().parents[2]

_OUTSIDE = Path("/var/lib/gridmap")
# sockaddr_un holds 107 bytes and an end mark; the longest name in it is that of the lock.
_MAX_SOCKET_DIRECTORY = 107 - len("/.s.PGSQL.5432.lock")
# What needs no quoting in any of the places where the directory is named.
_PLAIN_PATH = re.compile(r"[A-Za-z0-9/._-]+")


class HomeInUseError(SetupError):
    """Another process runs the cluster of this home."""

    code = "home_in_use"


class Home:
    """A home on disk. Nothing is made before ``take`` or ``share``."""

    def __init__(self, path: Path) -> None:
        self.path = path.resolve()
        self._lock: IO[str] | None = None

    @property
    def cluster(self) -> Path:
        """The cluster's own directory: in the home, or where the link in it leads."""
        link = self.path / "cluster"
        return link.readlink() if link.is_symlink() else link

    @property
    def data(self) -> Path:
        """PostgreSQL's data directory."""
        return self.cluster / "data"

    @property
    def sockets(self) -> Path:
        """The directory of the Unix socket, short enough for one."""
        inside = self.cluster / "run"
        is_short = len(os.fsencode(inside)) <= _MAX_SOCKET_DIRECTORY
        if is_short and _PLAIN_PATH.fullmatch(str(inside)):
            return inside
        # Not TMPDIR: the command line must find it from another session.
        return Path("/tmp") / f"gridmap-{_digest(self.cluster)}"  # noqa: S108 - checked on use

    def take(self, purpose: str) -> None:
        """Make the home ours, until ``release`` or the end of this process, however it ends.

        Raises ``HomeInUseError`` naming the process that has it.
        """
        make_home(self.path)
        lock = (self.path / "lock").open("a+", encoding="utf-8")
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
                home=self.path,
                holder=holder,
            ) from None
        lock.truncate(0)
        lock.write(f"{os.getpid()} ({purpose})\n")
        lock.flush()
        self._lock = lock

    def release(self) -> None:
        """Give the home back."""
        if self._lock is not None:
            # Emptied, not removed: another may be waiting on this very file.
            self._lock.truncate(0)
            self._lock.close()
            self._lock = None

    @contextmanager
    def share(self) -> Generator[IO[str]]:
        """Count among those who use the cluster; ``wait_for_others`` takes what this gives."""
        with self.usable():
            make_home(self.path)
            users = (self.path / "users").open("a", encoding="utf-8")
        with users:
            fcntl.flock(users, fcntl.LOCK_SH)
            yield users

    @staticmethod
    def wait_for_others(users: IO[str]) -> None:
        """Return when nobody else uses the cluster."""
        fcntl.flock(users, fcntl.LOCK_EX)

    def check_space(self, needed_bytes: int) -> None:
        """Raise ``SetupError`` if the cluster's disk has less than this free."""
        free = shutil.disk_usage(self.cluster if self.data.exists() else self.path).free
        if free < needed_bytes:
            raise SetupError(
                "The disk that holds {home} is nearly full: {free} MB free, {needed} MB needed.",
                hint="Free some space, or choose another GRIDMAP_HOME.",
                home=self.path,
                free=free // 2**20,
                needed=needed_bytes // 2**20,
            )

    def prepare(self, account: Account) -> None:
        """Make the directories of the cluster."""
        link = self.path / "cluster"
        if not link.is_symlink() and not link.exists() and not _is_reachable(self.path, account):
            outside = _OUTSIDE / _digest(self.path)
            if not outside.parent.exists():
                outside.parent.mkdir(parents=True)
                outside.parent.chmod(0o711)
            if outside.exists():
                # Of an earlier home at this path that has been removed: never adopted unasked.
                aside = outside.with_name(f"{outside.name}.{time.time_ns()}")
                outside.rename(aside)
                print(f"The database of an earlier {self.path} is now {aside}", file=sys.stderr)
            # The link first: a directory that no link names would be set aside above.
            link.symlink_to(outside)
        # Of ours is what we write; what PostgreSQL writes is in directories of its account's own.
        if not self.cluster.exists():
            self.cluster.mkdir()
            self.cluster.chmod(0o711)
        if self.cluster.stat().st_uid not in (os.geteuid(), account.uid):
            raise _foreign(self.cluster)
        make_private(self.sockets, account)
        self._tighten()

    @contextmanager
    def usable(self) -> Generator[None]:
        """Turn an ``OSError`` inside into a ``SetupError`` that names the home."""
        try:
            yield
        except OSError as error:
            raise SetupError(
                "The home {home} cannot be used: {reason}.",
                hint="Run as the user that it belongs to, or choose another GRIDMAP_HOME.",
                home=self.path,
                reason=f"{error.strerror}: {error.filename}",
            ) from error

    def _tighten(self) -> None:
        """Close what earlier versions, or a copy of the home, left for others to read."""
        within = [self.path / name for name in ("secret-key", "demo-accounts.json")]
        for path in (*within, *self.cluster.glob("postgres.log*")):
            if path.exists() and path.stat().st_mode & 0o077:
                path.chmod(0o600)


def make_home(path: Path) -> None:
    """Make the directory of a home if it is missing; nobody else may list what is in it."""
    # As root the cluster belongs to another account, which must be able to pass through.
    mode = 0o711 if os.geteuid() == 0 else 0o700
    path.mkdir(mode=mode, parents=True, exist_ok=True)


def open_private(path: Path) -> IO[bytes]:
    """Open a file to append to that nobody else may read, whatever the umask."""
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o600)
    os.fchmod(descriptor, 0o600)
    return os.fdopen(descriptor, "ab")


def home_from_env() -> Path:
    """Return GRIDMAP_HOME, or ``var`` in the repository."""
    return Path(os.environ.get("GRIDMAP_HOME") or REPOSITORY / "var").resolve()


def _digest(path: Path) -> str:
    return hashlib.sha256(os.fsencode(path)).hexdigest()[:16]


def _is_reachable(directory: Path, account: Account) -> bool:
    """Tell whether the account may pass through to the directory."""
    if os.geteuid() == account.uid:
        return True
    return not subprocess.run(account.command("test", "-x", str(directory)), cwd="/").returncode


def make_private(directory: Path, account: Account) -> None:
    """Make a directory that only the account may enter, or check that it is one.

    Raises ``SetupError`` if it belongs to another user: in /tmp anyone could have made it before.
    """
    with suppress(FileExistsError):
        directory.mkdir(mode=0o700)
    try:
        descriptor = os.open(directory, os.O_DIRECTORY | os.O_NOFOLLOW)
    except (PermissionError, NotADirectoryError) as error:
        raise _foreign(directory) from error
    try:
        owner = os.fstat(descriptor).st_uid
        if owner not in (os.geteuid(), account.uid):
            raise _foreign(directory)
        if owner != account.uid:
            os.fchown(descriptor, account.uid, account.gid)
        os.fchmod(descriptor, 0o700)
    finally:
        os.close(descriptor)


def _foreign(directory: Path) -> SetupError:
    return SetupError(
        "The directory {directory} belongs to another user.",
        hint="Run as the user that it belongs to, or choose another GRIDMAP_HOME.",
        directory=directory,
    )
