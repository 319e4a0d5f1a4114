"""The queue: a job is asked for with what needs it, and done once, whoever is killed meanwhile."""

from __future__ import annotations

import hashlib
import os
import signal
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import procrastinate
import psycopg
import pytest
from county import County, build
from psycopg import Connection
from psycopg.rows import TupleRow
from waiting import eventually

from geodata.database import connecting as db
from geodata.database import locks
from geodata.database.locks import Lock
from geodata.errors import InvalidInputError, NotFoundError, UnavailableError
from geodata.jobs import listing, queue, running
from geodata.jobs.queue import Task, Work

SCHEMA_SHA256 = "c70ec4b400a60ad9592787653aae5ae77ae41bf801d56b5bd2712751a07f2009"


def _append(work: Work, text: str) -> None:
    work.conn.execute("INSERT INTO told (job_id, text) VALUES (%s, %s)", (work.job_id, text))


def _refuse(work: Work) -> None:
    work.conn.execute("INSERT INTO told (job_id, text) VALUES (%s, 'half')", (work.job_id,))
    raise InvalidInputError("“{value}” is no day.", value="soon")


def _collide(work: Work) -> None:
    work.conn.execute("INSERT INTO told (job_id, text) VALUES (1, 'a ' || 'secret')")
    work.conn.execute("INSERT INTO unequal SELECT 'a ' || 'secret' FROM (VALUES (1), (2)) n")


def _wait(work: Work) -> None:
    del work
    raise UnavailableError("The database is busy or does not answer.")


APPEND = Task("append", _append, "coverage")
REFUSE = Task("refuse", _refuse, "upkeep")
COLLIDE = Task("collide", _collide, "upkeep")
WAIT = Task("wait", _wait, "upkeep")
MINE = (APPEND, REFUSE, COLLIDE, WAIT)


@pytest.fixture
def county(conn: Connection[TupleRow]) -> County:
    made = build(conn)
    conn.commit()
    return made


@pytest.fixture
def queue_conn(conn: Connection[TupleRow]) -> Connection[TupleRow]:
    """A connection to a database with nothing in its queue, and a table that jobs write into."""
    conn.execute("DELETE FROM procrastinate_jobs")
    conn.execute("CREATE TABLE told (job_id bigint, text text)")
    conn.execute("CREATE TABLE unequal (text text UNIQUE)")
    conn.commit()
    return conn


def told(conn: Connection[Any]) -> list[str]:
    conn.rollback()
    return [row[0] for row in conn.execute("SELECT text FROM told ORDER BY text").fetchall()]


def states(conn: Connection[Any]) -> list[tuple[str, str]]:
    conn.rollback()
    return [(each.task, each.state) for each in listing.listed(conn)]


def test_the_schema_is_that_of_the_package() -> None:
    """With another one of theirs, a migration of ours has to follow."""
    file = Path(procrastinate.__file__).parent / "sql" / "schema.sql"
    assert hashlib.sha256(file.read_bytes()).hexdigest() == SCHEMA_SHA256
    ours = (db.MIGRATIONS / "0028.job_queue.sql").read_text()
    theirs = file.read_text()
    assert ours.endswith(theirs[theirs.index("-- Enums") :])
    assert SCHEMA_SHA256 in ours


def test_what_is_undone_asks_for_nothing(queue_conn, database_url):
    queue.ask(queue_conn, APPEND, {"text": "undone"})
    queue_conn.rollback()
    queue.ask(queue_conn, APPEND, {"text": "kept"})
    queue_conn.commit()
    running.run_all(database_url, MINE)
    assert told(queue_conn) == ["kept"]
    assert states(queue_conn) == []


def test_higher_priority_is_done_first_and_a_name_waits_once(queue_conn, database_url):
    assert queue.ask(queue_conn, APPEND, {"text": "b"}, is_once="one") is not None
    assert queue.ask(queue_conn, APPEND, {"text": "c"}, is_once="one") is None
    queue.ask(queue_conn, APPEND, {"text": "a"}, priority=5)
    queue_conn.commit()
    running.run_all(database_url, MINE)
    rows = queue_conn.execute("SELECT text FROM told ORDER BY ctid").fetchall()
    assert [row[0] for row in rows] == ["a", "b"]


def test_a_job_given_out_again_after_its_work_was_done_does_nothing(queue_conn, database_url):
    """As when a worker is killed between its commit and its word that the job is done."""
    number = queue.ask(queue_conn, APPEND, {"text": "once"})
    assert number is not None
    queue_conn.commit()
    with db.open_work_pool(database_url) as pool:
        queue.run_once(APPEND, number, {"text": "once"}, pool.connection)
    assert told(queue_conn) == ["once"]
    running.run_all(database_url, MINE)
    assert told(queue_conn) == ["once"]
    assert states(queue_conn) == []


def test_what_fails_is_undone_and_says_why(queue_conn, database_url):
    queue.ask(queue_conn, REFUSE)
    queue_conn.commit()
    running.run_all(database_url, MINE)
    assert told(queue_conn) == []
    [job] = listing.listed(queue_conn)
    assert (job.task, job.state, job.attempts) == ("refuse", "failed", 1)
    assert job.reason is not None
    assert job.reason.said() == "“soon” is no day."
    assert listing.count(queue_conn) == {"todo": 0, "doing": 0, "failed": 1}


def test_what_the_database_says_of_rows_is_told_to_nobody(queue_conn, database_url, capfd, caplog):
    queue.ask(queue_conn, COLLIDE)
    queue_conn.commit()
    running.run_all(database_url, MINE)
    [job] = listing.listed(queue_conn)
    assert job.reason is not None
    assert "unequal_text_key" in job.reason.said()
    printed = capfd.readouterr()
    assert "a secret" not in job.reason.said() + printed.out + printed.err + caplog.text
    assert "_collide" in caplog.text


def test_what_may_go_better_is_tried_again_with_growing_pauses_then_given_up(
    queue_conn, database_url
):
    queue.ask(queue_conn, WAIT)
    queue_conn.commit()
    pauses: list[float] = []
    attempt, state = 0, ""
    while state != "failed":
        running.run_all(database_url, MINE)
        queue_conn.rollback()
        [job] = listing.listed(queue_conn)
        attempt, state = attempt + 1, job.state
        assert job.attempts == attempt
        if state == "todo":
            assert job.next_at is not None
            assert job.since is not None
            pauses.append((job.next_at - job.since).total_seconds())
            queue_conn.execute("UPDATE procrastinate_jobs SET scheduled_at = now()")
            queue_conn.commit()
    assert attempt == running.MOST_ATTEMPTS
    assert [round(pause) for pause in pauses] == [4, 16, 64, 256]


def test_a_job_under_which_workers_end_is_given_up_and_says_so(queue_conn, database_url):
    """Nobody is left who could say why: no worker of this number was ever heard of."""
    number = queue.ask(queue_conn, APPEND, {"text": "never"})
    queue_conn.execute(
        "UPDATE procrastinate_jobs SET status = 'doing', attempts = %s WHERE id = %s",
        (running.MOST_ATTEMPTS - 1, number),
    )
    queue_conn.commit()
    running.run_all(database_url, MINE)
    assert told(queue_conn) == []
    [job] = listing.listed(queue_conn)
    assert job.state == "failed"
    assert job.reason is not None
    assert f"ended, {running.MOST_ATTEMPTS} times" in job.reason.said()


def test_a_job_given_up_is_tried_again_when_somebody_says_so(queue_conn, database_url):
    queue.ask(queue_conn, REFUSE)
    queue_conn.commit()
    running.run_all(database_url, MINE)
    [job] = listing.listed(queue_conn)
    listing.retry(queue_conn, job.job_id)
    queue_conn.commit()
    assert states(queue_conn) == [("refuse", "todo")]
    with pytest.raises(NotFoundError):
        listing.retry(queue_conn, job.job_id)
    # By now it can be done.
    running.run_all(database_url, [Task("refuse", lambda work: _append(work, "at last"), "upkeep")])
    assert told(queue_conn) == ["at last"]


def test_what_is_over_is_forgotten(queue_conn, database_url):
    queue.ask(queue_conn, APPEND, {"text": "done"})
    queue.ask(queue_conn, REFUSE)
    queue_conn.commit()
    running.run_all(database_url, MINE)
    listing.forget(queue_conn)
    assert queue_conn.execute("SELECT count(*) FROM job_done").fetchone() == (0,)
    assert listing.count(queue_conn)["failed"] == 1
    queue_conn.execute("UPDATE procrastinate_events SET at = at - interval '31 days'")
    listing.forget(queue_conn)
    assert listing.count(queue_conn)["failed"] == 0


@contextmanager
def worker(url: str) -> Generator[subprocess.Popen[str]]:
    """A worker as ./scripts/run starts it, ready."""
    process = subprocess.Popen(
        [sys.executable, "-m", "scripts.cli", "worker"],
        env={**os.environ, "GRIDMAP_DATABASE_URL": url},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    try:
        assert "Doing jobs" in process.stdout.readline()
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def test_a_worker_hears_of_a_change_and_brings_the_figures_up_to_date(county, conn, database_url):
    del county
    with worker(database_url) as process:
        eventually(lambda: _is_current(conn))
        conn.execute(
            "INSERT INTO facility (kind, name, geom, valid) VALUES"
            " ('clinic', 'x', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326), '[2026-01-01,)')"
        )
        conn.commit()
        eventually(lambda: _is_current(conn))
        process.send_signal(signal.SIGTERM)
        assert process.wait(20) == 0


def test_what_a_killed_worker_left_is_done_by_another(county, conn, database_url):
    """Killed while it holds a job: once its heartbeat has been missed, the next one takes over."""
    conn.commit()
    with psycopg.connect(database_url) as blocking:
        # Nobody computes figures while somebody else does.
        locks.take(blocking, Lock.COVERAGE)
        with worker(database_url):
            eventually(lambda: _doing(conn) == 1)
        assert _doing(conn) == 1
    with worker(database_url):
        started = time.monotonic()
        eventually(lambda: _is_current(conn), within_s=60)
        assert time.monotonic() - started < running.GONE_AFTER_S + 30


def _is_current(conn: Connection[Any]) -> bool:
    from geodata.coverage.figures import keeping as figures
    from geodata.database import clock

    conn.rollback()
    found = figures.find(conn, clock.today())
    return found is not None and found.is_current


def _doing(conn: Connection[Any]) -> int:
    conn.rollback()
    return listing.count(conn)["doing"]
