"""Follows what a benchmark takes while it runs: memory, and the time of each stage."""

from __future__ import annotations

import os
import threading
import time
from pathlib import Path
from typing import Self


class Watch:
    """Peak memory of this process with the Python processes it starts, and of its database.

    Call it with a stage and the share done, as a progress. The database's memory is the private
    memory of all its processes and the buffers that they share.
    """

    def __init__(self) -> None:
        self.peak_kb = 0
        self.database_peak_kb = 0
        self.stages: list[tuple[str, float]] = []
        self._done = threading.Event()
        self._thread = threading.Thread(target=self._follow, daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._done.set()
        self._thread.join()

    def __call__(self, stage: str, share: float) -> None:
        if not self.stages or self.stages[-1][0] != stage:
            self.stages.append((stage, time.monotonic()))

    def seconds(self) -> list[tuple[str, float]]:
        """Return how long each stage took; the last one lasts until now."""
        ends = [begin for _, begin in self.stages[1:]] + [time.monotonic()]
        return [(stage, end - begin) for (stage, begin), end in zip(self.stages, ends, strict=True)]

    def _follow(self) -> None:
        while not self._done.wait(0.1):
            own, started = os.getpid(), _children(os.getpid())
            ours = [own, *(pid for pid in started if _is_python(pid))]
            database = [pid for pid in started if not _is_python(pid)]
            database += [child for pid in database for child in _children(pid)]
            resident = [_memory_kb(pid) for pid in ours]
            self.peak_kb = max(self.peak_kb, sum(kb.get("VmRSS", 0) for kb in resident))
            shares = [_memory_kb(pid) for pid in database]
            private = sum(kb.get("RssAnon", 0) for kb in shares)
            shared = max((kb.get("RssShmem", 0) for kb in shares), default=0)
            self.database_peak_kb = max(self.database_peak_kb, private + shared)


def _children(pid: int) -> list[int]:
    try:
        listed = Path(f"/proc/{pid}/task/{pid}/children").read_text()
    except OSError:
        return []
    return [int(child) for child in listed.split()]


def _is_python(pid: int) -> bool:
    try:
        return b"python" in Path(f"/proc/{pid}/cmdline").read_bytes().lower()
    except OSError:
        return False


def _memory_kb(pid: int) -> dict[str, int]:
    """Return what the kernel says of a process's memory, nothing once it is gone."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return {}
    return {
        line.split(":")[0]: int(line.split()[1])
        for line in lines
        if line.startswith(("VmRSS", "RssAnon", "RssShmem"))
    }
