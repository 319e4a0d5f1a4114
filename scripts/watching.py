"""Processes that are watched: whatever ends by itself is started again, with growing pauses."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from typing import Protocol

from geodata.errors import GridMapError
from geodata.language.phrases import Phrase
from scripts.cli import language
from scripts.cli.language import translate as _

_EVERY_S = 0.2
# The first time at once; then longer and longer, as what ends again and again has a fault that
# starting does not mend. It may be mended meanwhile, so nothing is given up.
_FIRST_PAUSE_S = 0.5
_LONGEST_PAUSE_S = 30.0
# What has run for so long has started well.
_STEADY_S = 60.0


class Watched(Protocol):
    """What runs beside this process and can be started again."""

    @property
    def name(self) -> Phrase:
        """What it is called at the beginning of a sentence."""
        ...

    @property
    def status(self) -> int | None:
        """The status with which it ended by itself, None while it runs."""
        ...

    def start_again(self) -> None:
        """Start it after it ended; raises ``GridMapError`` if that fails."""
        ...


class Child:
    """A child process; what it has started in its turn ends with it.

    ``descriptors`` stay open in it; ``output`` is where its standard output goes, as in Popen. It
    is told to end (``SIGTERM``) when this process does, however that ends.
    """

    def __init__(
        self,
        name: Phrase,
        command: Sequence[str],
        *,
        environment: dict[str, str],
        directory: str,
        descriptors: Sequence[int],
        output: int | None = None,
    ) -> None:
        self.name = name
        self._output = output
        self._command = ["setpriv", "--pdeathsig", "TERM", *command]
        self._environment = environment
        self._directory = directory
        self._descriptors = tuple(descriptors)
        self._process: subprocess.Popen[bytes] | None = None

    @property
    def status(self) -> int | None:
        """The status with which it ended, None while it runs."""
        return self._process.poll() if self._process else None

    @property
    def pid(self) -> int | None:
        """The number of its process, None before the start."""
        return self._process.pid if self._process else None

    def start(self) -> None:
        """Start it; whether it can do its work shows later."""
        self._process = subprocess.Popen(
            self._command,
            cwd=self._directory,
            env=self._environment,
            stdin=subprocess.DEVNULL,
            stdout=self._output,
            pass_fds=self._descriptors,
            # Ctrl-C in the terminal is for us; we pass it on.
            start_new_session=True,
        )

    def start_again(self) -> None:
        """Start it after it ended, without the processes that it may have left."""
        self._signal_all(signal.SIGKILL)
        self.start()

    def ask_to_end(self, request: signal.Signals) -> None:
        """Send it a signal, if it runs."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(request)

    def stop(self, patience_s: float) -> None:
        """Wait until it has ended, then make it end; its own processes end with it."""
        if self._process is None:
            return
        for request in (signal.SIGTERM, signal.SIGKILL):
            with suppress(subprocess.TimeoutExpired):
                self._process.wait(patience_s)
            self.ask_to_end(request)
        self._process.wait()
        self._signal_all(signal.SIGKILL)

    def _signal_all(self, number: signal.Signals) -> None:
        # It leads a group of processes, which bears its number as long as one of them is there.
        if self._process is not None:
            with suppress(ProcessLookupError):
                os.killpg(self._process.pid, number)


class Keeper:
    """Starts one watched process again whenever it ended."""

    def __init__(self, watched: Watched) -> None:
        self._watched = watched
        self._since = time.monotonic()
        self._failures = 0
        self._due: float | None = None

    def look(self) -> None:
        """Do what is due now."""
        now = time.monotonic()
        name = self._watched.name.said(_)
        if self._due is None:
            status = self._watched.status
            if status is None:
                return
            self._failures = 1 if now - self._since > _STEADY_S else self._failures + 1
            self._due = now + pause_s(self._failures)
            _say(
                _("{name} stopped unexpectedly (status {status}); starting it again …").format(
                    name=name, status=status
                )
            )
        if now < self._due:
            return
        self._due, self._since = None, now
        try:
            self._watched.start_again()
        except GridMapError as error:
            # It counts as ended again at the next look.
            _say(language.said(error))
        else:
            _say(_("{name} is back.").format(name=name))


def pause_s(failures: int) -> float:
    """Return how long to wait before the next start, after so many ends one soon after another."""
    if failures <= 1:
        return 0.0
    return min(_FIRST_PAUSE_S * 2.0 ** (failures - 2), _LONGEST_PAUSE_S)


def keep(*watched: Watched) -> None:
    """Start again whatever ends, until this process is told to stop."""
    keepers = [Keeper(each) for each in watched]
    while True:
        for keeper in keepers:
            keeper.look()
        time.sleep(_EVERY_S)


def _say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)
