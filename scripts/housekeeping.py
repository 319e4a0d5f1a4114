"""Tidies up beside the running server: at the start, then every hour, and never in its way."""

from __future__ import annotations

import sys
import threading
from datetime import UTC, datetime
from types import TracebackType
from typing import Self

import psycopg

from geodata import db, housekeeping
from geodata.errors import GridMapError
from scripts.cli.language import translate as _

EVERY_S = 3600.0
# How long the end waits for a tidying that is under way: its transaction is undone otherwise.
_STOP_TIMEOUT_S = 2.0


class Housekeeper:
    """Tidies a database in a thread of its own for as long as the ``with`` block lasts.

    The thread is a daemon: whoever supervises may end whatever it waits for.
    """

    def __init__(self, database_url: str, *, every_s: float = EVERY_S) -> None:
        self._database_url = database_url
        self._every_s = every_s
        self._is_over = threading.Event()
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
        self._thread.join(_STOP_TIMEOUT_S)

    def _run(self) -> None:
        while True:
            try:
                self._tidy()
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

    def _tidy(self) -> None:
        with db.failures(self._database_url), db.connect(self._database_url) as conn:
            housekeeping.tidy(conn, datetime.now(UTC))

    def _report(self, reason: str) -> None:
        # While everything ends, a database that is gone is no news.
        if not self._is_over.is_set():
            line = _("Tidying up failed and will be tried again: {reason}").format(reason=reason)
            print(line, file=sys.stderr, flush=True)
