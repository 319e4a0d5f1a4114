"""Keeps house beside the running server: at the start, then every hour, and never in its way.

What has served its time goes; coverage is written down month by month, and the alert rules report.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import psycopg

from geodata.database import connecting as db
from geodata.errors import GridMapError
from geodata.grids import reading as grids
from geodata.installation import housekeeping
from geodata.installation.home import REPOSITORY
from scripts.cli.language import translate as _

EVERY_S = 3600.0
# How long the end waits for a tidying that is under way: its transaction is undone otherwise.
_STOP_TIMEOUT_S = 2.0
# Commands that reckon for a while, and give their memory back when they end.
_COMMANDS = ("coverage-history", "alerts")
_ASIDE = re.compile(r"\s|$|[A-Z]+( \d+)?: ")


class Housekeeper:
    """Keeps house in a database in a thread of its own for as long as the ``with`` block lasts.

    The thread is a daemon: anyone who supervises may end whatever it waits for.
    """

    def __init__(self, database_url: str, *, every_s: float = EVERY_S) -> None:
        self._database_url = database_url
        self._every_s = every_s
        self._is_over = threading.Event()
        self._child: subprocess.Popen[str] | None = None
        self._thread = threading.Thread(target=self._run, name="housekeeper", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._is_over.set()
        if child := self._child:
            child.terminate()
        self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            try:
                if self._tidy():
                    self._reckon()
            except GridMapError as error:
                self._report(error.said(_))
            except psycopg.Error as error:
                # The first line says what; the rest may hold what a row says of a person.
                self._report(str(error).partition("\n")[0] or type(error).__name__)
            except Exception as error:
                # Whatever it is: the server goes on, and the next hour may be a better one.
                self._report(repr(error))
            if self._is_over.wait(self._every_s):
                return

    def _tidy(self) -> bool:
        """Remove what has served its time; tell whether there is a county to reckon with."""
        with db.failures(self._database_url), db.connect(self._database_url) as conn:
            housekeeping.tidy(conn, datetime.now(UTC))
            return grids.find_first_day(conn) is not None

    def _reckon(self) -> None:
        """Run the commands one after the other, behind everything else that the machine does."""
        for name in _COMMANDS:
            if self._is_over.is_set():
                return
            self._child = subprocess.Popen(
                [
                    *("setpriv", "--pdeathsig", "TERM", "nice", "-n", "10"),
                    *(sys.executable, "-m", "scripts.cli", name),
                ],
                cwd=REPOSITORY,
                env={**os.environ, "GRIDMAP_DATABASE_URL": self._database_url},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                text=True,
                # Ctrl-C in the terminal is for us, who end it.
                start_new_session=True,
            )
            said = self._child.communicate()[1].strip()
            if self._child.returncode:
                self._report(_reason(said) or name)

    def _report(self, reason: str) -> None:
        # While everything ends, a database that is gone is no news.
        if not self._is_over.is_set():
            line = _("Tidying up failed and will be tried again: {reason}").format(reason=reason)
            print(line, file=sys.stderr, flush=True)


def _reason(said: str) -> str:
    """Return the line in which a command says why it failed; not the database's DETAIL of it.

    That may hold what a row says of a person.
    """
    lines = [line for line in said.splitlines() if not _ASIDE.match(line)]
    return lines[-1] if lines else ""
