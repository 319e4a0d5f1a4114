"""What a killed PostgreSQL leaves behind in its data directory, and how the next start gets past.

For callers that hold the home: nobody else may use the data then.
"""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from pathlib import Path

_PATIENCE_S = 60.0


def evict(data: Path) -> None:
    """End the processes of an earlier run.

    A postmaster whose starter was killed is on its way down already; it is given a minute. Server
    processes whose postmaster was killed may compute on for long, and block the next start till
    then; nothing that they still do counts, so they are killed.
    """
    deadline = time.monotonic() + _PATIENCE_S
    is_first = True
    while left := _processes_in(data):
        postmaster = _recorded_pid(data)
        if postmaster not in left or time.monotonic() > deadline:
            _signal(left, signal.SIGKILL)
        elif is_first:
            _signal({postmaster}, signal.SIGINT)
        is_first = False
        time.sleep(0.05)


def disown_stale_pid(data: Path) -> None:
    """Let PostgreSQL see that postmaster.pid is stale although its number is in use again.

    That happens after a reboot, and in containers. The file itself must stay: by its shared memory
    key PostgreSQL finds server processes that are still alive. Our own number, being that of the
    new postmaster's parent, is one that it knows not to be a postmaster.
    """
    recorded = _recorded_pid(data)
    if recorded is None or not Path(f"/proc/{recorded}").exists():
        return
    path = data / "postmaster.pid"
    _, rest = path.read_text().split("\n", 1)
    # We may be root, the directory is not root's: never through a link.
    descriptor = os.open(path, os.O_WRONLY | os.O_TRUNC | os.O_NOFOLLOW)
    with os.fdopen(descriptor, "w") as file:
        file.write(f"{os.getpid()}\n{rest}")


def _recorded_pid(data: Path) -> int | None:
    try:
        return int((data / "postmaster.pid").read_text().split("\n", 1)[0])
    except (FileNotFoundError, ValueError):
        return None


def _processes_in(data: Path) -> set[int]:
    """Return the processes that work in a directory: all of PostgreSQL do, in their data."""
    found: set[int] = set()
    for entry in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):
            if (entry / "cwd").readlink() == data:
                found.add(int(entry.name))
    return found


def _signal(pids: set[int], number: signal.Signals) -> None:
    for pid in pids:
        with suppress(ProcessLookupError):
            os.kill(pid, number)
