"""How long a statement is waited for: as long as the database lives and somebody wants the answer.

A server that is frozen, or behind a network that swallows packets, keeps its connections open and
says nothing: no limit of the server's own (``statement_timeout``) ends a statement there. So a
thread asks it once a second on a connection of its own. As long as that is answered, a statement
may take its time; once it is not, whatever waits is given up.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from typing import Any, Self, TypeVar
from weakref import ReferenceType, ref

import psycopg
from psycopg.abc import PQGen
from psycopg.rows import TupleRow
from psycopg_pool import ConnectionPool

_EVERY_S = 1.0
# A question that is not answered for so long: the database is silent. It is a question that takes
# a busy server milliseconds.
_SILENCE_S = 2.5
# No statement is given up before it has waited for so long itself.
_LEAST_WAIT_S = 1.0

T = TypeVar("T")


class SilentDatabaseError(psycopg.OperationalError):
    """The database does not answer; the connection is closed, and what was asked may be done."""

    def __init__(self) -> None:
        super().__init__("the database has stopped answering")


class AbandonedError(psycopg.OperationalError):
    """Nobody waits for the answer any more; the statement was stopped."""

    def __init__(self) -> None:
        super().__init__("the asker has gone")


class Connection(psycopg.Connection[TupleRow]):
    """A connection whose statements are given up when waiting for them has no sense.

    ``answer_by`` is the time (``time.monotonic``) at which a statement is given up in any case;
    ``is_abandoned`` tells whether the asker has gone. Both are for one borrower of a pool.
    """

    heartbeat: Heartbeat | None = None
    answer_by: float | None = None
    is_abandoned: Callable[[], bool] | None = None

    @classmethod
    def connect(cls, *arguments: Any, **options: Any) -> Self:
        """Connect; raises ``SilentDatabaseError`` at once while the database is silent.

        Each attempt would stand in the server's line, and take a place from those who come after
        it when it answers again.
        """
        if cls.heartbeat is not None and cls.heartbeat.is_silent:
            raise SilentDatabaseError
        return super().connect(*arguments, **options)

    def wait(self, gen: PQGen[T], *arguments: Any, **options: Any) -> T:
        """Wait for what the server says.

        Raises ``SilentDatabaseError`` or ``AbandonedError``, and closes the connection: what the
        server says later would be taken for the answer to another question.
        """
        begin = time.monotonic()

        def check() -> None:
            now = time.monotonic()
            is_late = self.answer_by is not None and now > self.answer_by
            is_silent = self.heartbeat is not None and self.heartbeat.is_silent
            if is_late or (is_silent and now - begin > _LEAST_WAIT_S):
                raise SilentDatabaseError
            if self.is_abandoned is not None and self.is_abandoned():
                raise AbandonedError

        try:
            return super().wait(_checked(gen, check), *arguments, **options)
        except SilentDatabaseError:
            self.close()
            raise
        except AbandonedError:
            self.is_abandoned = None
            self._try_cancel(timeout=_SILENCE_S)
            self.close()
            raise


class Pool(ConnectionPool[Connection]):
    """A pool that lends nothing while the database is silent."""

    def __init__(self, conninfo: str, **options: Any) -> None:
        self.heartbeat = Heartbeat(conninfo)
        watched = type("WatchedConnection", (Connection,), {"heartbeat": self.heartbeat})
        super().__init__(conninfo, connection_class=watched, **options)
        self._borrowing = threading.local()

    def open(self, wait: bool = False, timeout: float = 30.0) -> None:
        """Open it, and begin to ask whether the database answers."""
        super().open(wait, timeout)
        self.heartbeat.begin(self)

    def close(self, timeout: float = 5.0) -> None:
        """Close it; nobody asks any more."""
        super().close(timeout)
        self.heartbeat.end()

    def getconn(self, timeout: float | None = None) -> Connection:
        """Lend a connection; raises ``SilentDatabaseError`` while the database is silent."""
        if self.heartbeat.is_silent:
            raise SilentDatabaseError
        self._borrowing.until = time.monotonic() + (self.timeout if timeout is None else timeout)
        return super().getconn(timeout)

    def answer_by(self) -> float:
        """Return until when the connection that this thread borrows may be looked at."""
        return self._borrowing.until


class Heartbeat:
    """Asks a database whether it answers."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._connection: Connection | None = None
        self._unanswered_since: float | None = None
        self._is_over = threading.Event()
        self._thread: threading.Thread | None = None

    def begin(self, pool: Pool) -> None:
        """Ask again and again, as long as there is the pool."""
        if self._thread is not None:
            return
        self._thread = threading.Thread(
            target=self._run, args=[ref(pool)], name="heartbeat", daemon=True
        )
        self._thread.start()

    def end(self) -> None:
        """Ask no more."""
        self._is_over.set()
        if self._thread is not None and self._thread is not threading.current_thread():
            self._thread.join(_SILENCE_S)

    @property
    def is_silent(self) -> bool:
        """Whether the last question has waited too long for its answer."""
        since = self._unanswered_since
        return since is not None and time.monotonic() - since > _SILENCE_S

    def ask(self) -> None:
        """Ask, and remember since when there has been no answer."""
        if self._unanswered_since is None:
            self._unanswered_since = time.monotonic()
        try:
            if self._connection is None:
                # Patiently: it is answered as soon as the server goes on.
                self._connection = Connection.connect(
                    self._conninfo, autocommit=True, connect_timeout=30
                )
            self._connection.answer_by = time.monotonic() + _SILENCE_S
            self._connection.execute("SELECT 1")
        except (SilentDatabaseError, psycopg.errors.ConnectionTimeout):
            self._close()
            return
        except psycopg.Error:
            # Whatever it says, it answers: each statement is told its own reason.
            self._close()
        self._unanswered_since = None

    def _close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    def _run(self, pool: ReferenceType[Pool]) -> None:
        while pool() is not None:
            self.ask()
            if self._is_over.wait(_EVERY_S):
                break
        self._close()


def _checked(gen: PQGen[T], check: Callable[[], None]) -> PQGen[T]:
    """Pass on what ``gen`` waits for; ``check`` is called whenever nothing came for a while."""
    try:
        wanted = next(gen)
        while True:
            ready = yield wanted
            if not ready:
                check()
            wanted = gen.send(ready)
    except StopIteration as end:
        return end.value
