"""Taking jobs from the queue and doing them, until told to stop.

One process does two jobs at a time: figures, for which readers wait, and whatever else there is. As
many processes as are wanted, on as many machines: each job is one's alone, and what a killed one
left is done by another once its heartbeat has been missed.
"""

from __future__ import annotations

import asyncio
import signal
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import procrastinate.exceptions
from procrastinate import App, JobContext, PsycopgConnector, RetryStrategy
from procrastinate.jobs import Job, Status
from procrastinate.retry import RetryDecision

from geodata.database import connecting as db
from geodata.errors import UnavailableError
from geodata.jobs import queue
from geodata.jobs.queue import Lend, Task
from geodata.language.phrases import Phrase

# A worker that was not heard of for so long is gone, and what it did is done by another.
HEARTBEAT_S = 2.0
GONE_AFTER_S = 10.0
# A job that has failed so often, or under which so many workers ended, is given up: somebody has to
# look (``gridmap jobs``).
MOST_ATTEMPTS = 5
_WORKERS_ENDED = Phrase(
    "The workers that were at it ended, {count} times: killed, or out of memory.",
    {"count": str(MOST_ATTEMPTS)},
)
# Seconds before the next attempt: 4, 16, 64, …
_PAUSE_BASE_S = 4
# How long the end waits for what is under way: it is undone otherwise, and done the next time.
_STOP_TIMEOUT_S = 5.0
# What was to be asked for within this time before the start is asked for at the start.
_MISSED_S = 3600
# Jobs are heard of when they come; this is for a notification that was missed.
_POLL_S = 5.0
# Figures have a place of their own: nothing that takes long is in front of them.
_FIRST_QUEUE = "coverage"


class _Patience(RetryStrategy):
    """Another attempt after growing pauses, but not at what would fail alike."""

    def get_retry_decision(self, *, exception: BaseException, job: Job) -> RetryDecision | None:
        """Say when to try again, None for never."""
        if isinstance(exception, queue.AttemptFailedError) and exception.is_final:
            return None
        return super().get_retry_decision(exception=exception, job=job)


def run(url: str, tasks: Sequence[Task], *, begun: Callable[[], None] = lambda: None) -> None:
    """Do jobs until SIGTERM or SIGINT, as the owner of the tables.

    Raises UnavailableError when the database is lost.
    """
    with db.failures(url), db.open_work_pool(url) as pool:
        asyncio.run(_run(_app(url, tasks, pool.connection), tasks, begun))


def run_all(url: str, tasks: Sequence[Task]) -> None:
    """Do the jobs that are due, one after the other, and return."""
    with db.failures(url), db.open_work_pool(url) as pool, ThreadPoolExecutor(1) as thread:
        # The caller's thread may have a loop of its own.
        app = _app(url, tasks, pool.connection, is_periodic=False)
        thread.submit(asyncio.run, _run_all(app)).result()


def _app(url: str, tasks: Sequence[Task], lend: Lend, *, is_periodic: bool = True) -> App:
    app = App(
        connector=PsycopgConnector(conninfo=url, min_size=1, max_size=4),
        periodic_defaults={"max_delay": _MISSED_S},
    )
    for task in tasks:
        registered = app.task(
            name=task.name,
            queue=task.queue,
            lock=task.lock,
            retry=_Patience(max_attempts=MOST_ATTEMPTS - 1, exponential_wait=_PAUSE_BASE_S),
            pass_context=True,
        )(_runner(task, lend))
        if task.cron and is_periodic:
            # Not again while the last one waits.
            app.periodic(cron=task.cron, queueing_lock=f"{task.name} by itself")(registered)
    return app


def _runner(task: Task, lend: Lend) -> Callable[..., None]:
    def run(context: JobContext, **args: Any) -> None:
        # When it was asked for, if by itself.
        args.pop("timestamp", None)
        assert context.job.id is not None
        queue.run_once(task, context.job.id, args, lend)

    return run


async def _run(app: App, tasks: Sequence[Task], begun: Callable[[], None]) -> None:
    others = sorted({task.queue for task in tasks} - {_FIRST_QUEUE})
    async with app.open_async():
        await _take_over(app)
        working = [
            asyncio.create_task(_work(app, [_FIRST_QUEUE])),
            asyncio.create_task(_work(app, others)),
            asyncio.create_task(_keep_taking_over(app)),
        ]
        loop = asyncio.get_running_loop()
        stop = asyncio.create_task(asyncio.Event().wait())
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            loop.add_signal_handler(number, stop.cancel)
        begun()
        await asyncio.wait([stop, *working], return_when=asyncio.FIRST_COMPLETED)
        is_lost = not stop.done()
        for each in (stop, *working):
            each.cancel()
        await asyncio.gather(stop, *working, return_exceptions=True)
        if is_lost:
            raise UnavailableError("The database does not answer.")


async def _run_all(app: App) -> None:
    async with app.open_async():
        await _take_over(app)
        await app.run_worker_async(wait=False, delete_jobs="successful", listen_notify=False)


async def _work(app: App, queues: Sequence[str]) -> None:
    await app.run_worker_async(
        queues=queues,
        concurrency=1,
        delete_jobs="successful",
        install_signal_handlers=False,
        shutdown_graceful_timeout=_STOP_TIMEOUT_S,
        fetch_job_polling_interval=_POLL_S,
        update_heartbeat_interval=HEARTBEAT_S,
        stalled_worker_timeout=GONE_AFTER_S,
    )


async def _keep_taking_over(app: App) -> None:
    while True:
        await asyncio.sleep(HEARTBEAT_S)
        await _take_over(app)


async def _take_over(app: App) -> None:
    """Put back into the queue what was being done by workers that are gone."""
    for job in await app.job_manager.get_stalled_jobs(seconds_since_heartbeat=GONE_AFTER_S):
        try:
            if job.attempts + 1 < MOST_ATTEMPTS:
                await app.job_manager.retry_job(job)
            else:
                await app.job_manager.finish_job(job, Status.FAILED, delete_job=False)
                await app.connector.execute_query_async(
                    queue.NOTE_FAILURE,
                    job=job.id,
                    message=_WORKERS_ENDED.text,
                    data=_WORKERS_ENDED.data,
                )
        except procrastinate.exceptions.ConnectorException:
            # Another was quicker.
            continue
