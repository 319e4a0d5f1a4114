"""Processes that are watched."""

from __future__ import annotations

import signal
import sys
import time
from pathlib import Path

from geodata.errors import SetupError
from geodata.language.phrases import Phrase
from scripts.watching import Child, Keeper, pause_s


def child(script: str, tmp_path: Path) -> Child:
    command = [sys.executable, "-c", script]
    return Child(
        Phrase("The clock"), command, environment={}, directory=str(tmp_path), descriptors=[]
    )


def wait_until_ended(watched: Child) -> None:
    deadline = time.monotonic() + 30
    while watched.status is None:
        assert time.monotonic() < deadline
        time.sleep(0.01)


def test_pauses_grow_and_never_end() -> None:
    pauses = [pause_s(failures) for failures in range(1, 100)]
    assert pauses[0] == 0
    assert pauses == sorted(pauses)
    assert pauses[1] > 0
    assert pauses[-1] == pauses[-2] == 30


def test_what_ended_is_started_again(tmp_path: Path) -> None:
    watched = child("raise SystemExit(7)", tmp_path)
    watched.start()
    wait_until_ended(watched)
    first = watched.pid
    keeper = Keeper(watched)
    keeper.look()
    assert watched.pid != first
    wait_until_ended(watched)
    second = watched.pid
    # It ended again at once: now there is a pause.
    keeper.look()
    assert watched.pid == second
    deadline = time.monotonic() + 30
    while watched.pid == second:
        assert time.monotonic() < deadline
        keeper.look()
    watched.stop(5)


def test_what_cannot_be_started_is_tried_again() -> None:
    """The reason may go away by itself, as a full disk does."""
    watched = _Unwilling()
    keeper = Keeper(watched)
    deadline = time.monotonic() + 30
    while watched.attempts < 2:
        assert time.monotonic() < deadline
        keeper.look()


def test_its_own_processes_end_with_it(tmp_path: Path) -> None:
    script = "import subprocess, time; subprocess.Popen(['sleep', '600']); time.sleep(600)"
    watched = child(script, tmp_path)
    watched.start()
    assert watched.pid is not None
    children = Path(f"/proc/{watched.pid}/task/{watched.pid}/children")
    deadline = time.monotonic() + 30
    while not (listed := children.read_text().split()):
        assert time.monotonic() < deadline
    watched.ask_to_end(signal.SIGKILL)
    watched.stop(5)
    while Path(f"/proc/{listed[0]}").exists():
        assert time.monotonic() < deadline
        time.sleep(0.01)


class _Unwilling:
    """Something that ended and cannot be started."""

    name = Phrase("The clock")
    status = 1

    def __init__(self) -> None:
        self.attempts = 0

    def start_again(self) -> None:
        self.attempts += 1
        raise SetupError("The disk of the database is full.")
