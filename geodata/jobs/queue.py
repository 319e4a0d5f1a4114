"""Asking for a job, and what a task is.

A job stands in the queue when the transaction that asks for it commits, and it is done once: its
work and the note that it is done are one transaction (``run_once``). A worker that is killed leaves
nothing half done; another does the job again, unless the note is there.
"""

from __future__ import annotations

import logging
import traceback
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from typing import Any, LiteralString

import psycopg
from psycopg import Connection
from psycopg.types.json import Jsonb

from geodata.errors import GridMapError, InvalidInputError, UnavailableError
from geodata.language.phrases import Phrase

# Why the last attempt of a job failed: job, message, data (JSON).
NOTE_FAILURE: LiteralString = """
    INSERT INTO job_failure (job_id, message, data)
    SELECT id, %(message)s, %(data)s FROM procrastinate_jobs WHERE id = %(job)s
    ON CONFLICT (job_id) DO UPDATE
    SET at = now(), message = excluded.message, data = excluded.data
"""

_log = logging.getLogger(__name__)

Lend = Callable[[], AbstractContextManager[Connection[Any]]]


@dataclass(frozen=True, slots=True)
class Work:
    """A job that is being done: its number, and the transaction in which it counts as done."""

    job_id: int
    conn: Connection[Any]


@dataclass(frozen=True, slots=True)
class Task:
    """What a kind of job does; ``cron`` says when it is asked for by itself.

    Jobs of the same ``lock`` are never done at the same time.
    """

    name: str
    run: Callable[..., None]
    queue: str
    lock: str | None = None
    cron: str | None = None


class AttemptFailedError(Exception):
    """An attempt failed; the reason is written down. ``is_final``: another would fail alike."""

    def __init__(self, reason: str, *, is_final: bool) -> None:
        super().__init__(reason)
        self.is_final = is_final


def ask(
    conn: Connection[Any],
    task: Task,
    args: Mapping[str, object] | None = None,
    *,
    priority: int = 0,
    is_once: str | None = None,
) -> int | None:
    """Ask for a job and return its number; those of higher priority are done first.

    With ``is_once`` it is not asked for while another of that name waits, and None is returned.
    Only where no other can be about to begin that does not see this transaction: among jobs of one
    lock.
    """
    row = conn.execute(
        """
        INSERT INTO procrastinate_jobs
            (queue_name, task_name, priority, lock, queueing_lock, args)
        VALUES (%s, %s, %s, %s, %s, %s) ON CONFLICT DO NOTHING RETURNING id
        """,
        (task.queue, task.name, priority, task.lock, is_once, Jsonb(dict(args or {}))),
    ).fetchone()
    return row[0] if row else None


def run_once(task: Task, job_id: int, args: Mapping[str, Any], lend: Lend) -> None:
    """Do a job, unless it has been done. Raises AttemptFailedError."""
    with _noted(job_id, lend), lend() as conn, conn.transaction():
        # Another who does the same is waited for here.
        done = conn.execute(
            "INSERT INTO job_done (job_id) VALUES (%s) ON CONFLICT DO NOTHING RETURNING job_id",
            (job_id,),
        ).fetchone()
        if done:
            task.run(Work(job_id, conn), **args)


@contextmanager
def _noted(job_id: int, lend: Lend) -> Generator[None]:
    """Write down why an attempt failed; what the database says of rows is told to nobody."""
    try:
        yield
    except Exception as error:
        message, data = _reason(error)
        frames = "".join(traceback.format_tb(error.__traceback__))
        is_final = isinstance(error, InvalidInputError)
        if not isinstance(error, (InvalidInputError, UnavailableError)):
            _log.error("job %s: %s\n%s", job_id, Phrase(message, data).said(), frames)
        with lend() as conn, conn.transaction():
            conn.execute(NOTE_FAILURE, {"job": job_id, "message": message, "data": Jsonb(data)})
        raise AttemptFailedError(message, is_final=is_final) from None


def _reason(error: Exception) -> tuple[str, dict[str, str]]:
    if isinstance(error, GridMapError):
        return error.message, {key: str(value) for key, value in error.data.items()}
    if isinstance(error, psycopg.Error):
        # The first line says what; the rest may hold what a row says of a person.
        return "{reason}", {"reason": str(error).partition("\n")[0] or type(error).__name__}
    return "{reason}", {"reason": repr(error)[:300]}
