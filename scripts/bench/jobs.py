"""Jobs under a worker that is killed, and figures after a change.

    python -m scripts.bench.jobs [JOBS] [KILLS]

JOBS jobs (1,000) are asked for, each of which writes one row; a worker does them and is killed with
kill -9 KILLS times (20), at any moment. Then a demo county: from the commit of one change to its
new figures with a worker that has nothing else to do; and a click on a grid just after a change
against one while nothing changes, with what the click writes.
"""

from __future__ import annotations

import os
import random
import statistics
import subprocess
import sys
import time
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import requests
from psycopg import Connection

from geodata.coverage.figures import keeping as figures
from geodata.database import clock
from geodata.database import connecting as db
from geodata.jobs import queue, running
from geodata.jobs.queue import Task, Work
from scripts.bench.serving import Served, served, sign_in

TIMES = 40


def _write_row(work: Work, number: int) -> None:
    # Long enough to be killed in.
    work.conn.execute("INSERT INTO written (number) VALUES (%s)", (number,))
    work.conn.execute("SELECT pg_sleep(0.02)")


WRITE_ROW = Task("write_row", _write_row, "upkeep")


def main() -> None:
    if sys.argv[1:2] == ["worker"]:
        running.run(sys.argv[2], [WRITE_ROW], begun=lambda: print("begun", flush=True))
        return
    jobs, kills = (int(each) for each in (*sys.argv[1:], *("1000", "20")[len(sys.argv) - 1 :]))
    print(f"{'':62} {'measured':>10} {'target':>8}")
    with served() as map_:
        _follow(map_)
        _kill(map_.cluster.url, jobs, kills)


def _kill(url: str, jobs: int, kills: int) -> None:
    """Let a worker do jobs, killed at any moment; count what is lost and what is there twice."""
    command = [sys.executable, "-m", "scripts.bench.jobs", "worker", url]
    with db.connect(url) as conn:
        conn.autocommit = True
        conn.execute("CREATE TABLE written (number integer)")
        for number in range(jobs):
            queue.ask(conn, WRITE_ROW, {"number": number})
        started, killed = time.monotonic(), 0
        while (done := _count(conn)) < jobs:
            with _process(command) as worker:
                # Once it is at work it may be anywhere in a job.
                while _count(conn) == done and worker.poll() is None:
                    time.sleep(0.02)
                pause = random.uniform(0, 0.5) if killed < kills else 1e9
                until = time.monotonic() + pause
                while time.monotonic() < until and _count(conn) < jobs:
                    time.sleep(0.02)
            killed += 1
        # What would come twice comes now.
        time.sleep(1)
        row = conn.execute(
            "SELECT %s - count(DISTINCT number), count(*) - count(DISTINCT number),"
            " (SELECT count(*) FROM procrastinate_jobs"
            "  WHERE task_name = 'write_row' AND status = 'failed') FROM written",
            (jobs,),
        ).fetchone()
    assert row is not None
    took = time.monotonic() - started
    _tell(f"{jobs:,} jobs, kill -9 {killed} times in {took:.0f} s: lost", f"{row[0]}", "0")
    _tell("  done twice", f"{row[1]}", "0")
    _tell("  given up", f"{row[2]}", "0")


def _count(conn: Connection[Any]) -> int:
    row = conn.execute("SELECT count(*) FROM written").fetchone()
    return row[0] if row else 0


def _follow(map_: Served) -> None:
    """Change a facility; see when its figures are there, and what a click meanwhile costs."""
    cookie = sign_in(map_, "county_official")
    with db.connect(map_.cluster.url) as conn:
        conn.autocommit = True
        grid = conn.execute(
            "SELECT v.grid_id FROM grid_version v JOIN facility f ON f.kind = 'clinic'"
            " AND ST_Covers(v.geom, f.geom) WHERE v.level = 'community' AND v.valid @> current_date"
            " ORDER BY f.facility_id LIMIT 1"
        ).fetchone()
        assert grid is not None
        address = f"{map_.url}panel/grid/{grid[0]}?mode=coverage&kind=clinic"
        with requests.Session() as reader:
            reader.headers["Cookie"] = cookie
            _click(reader, address)
            # With nobody at work: who writes takes the next number of a transaction.
            _change(conn)
            before = _next_transaction(conn)
            for _ in range(TIMES):
                _click(reader, address)
            _tell("writes in a GET just after a change", f"{_next_transaction(conn) - before}", "0")
            command = [sys.executable, "-m", "scripts.cli", "worker"]
            with _process(command, GRIDMAP_DATABASE_URL=map_.cluster.url):
                quiet, busy, until = list[float](), list[float](), list[float]()
                # The months that are missing are written down first.
                while conn.execute("SELECT FROM procrastinate_jobs LIMIT 1").rowcount:
                    time.sleep(0.5)
                for _ in range(TIMES):
                    quiet.append(_click(reader, address))
                    started = time.monotonic()
                    _change(conn)
                    busy.append(_click(reader, address))
                    while not _is_current(conn):
                        time.sleep(0.005)
                    until.append(time.monotonic() - started)
                    time.sleep(0.3)
        _tell("from the commit of a change to its figures, p50", f"{_ms(until, 50)}", "500 ms")
        _tell("  p95", f"{_ms(until, 95)}", "")
        ratio = _percentile(busy, 95) / _percentile(quiet, 95)
        _tell("a click just after a change, p95", f"{_ms(busy, 95)}", "")
        _tell("  beside one on a quiet map, p95", f"{_ms(quiet, 95)}", "")
        _tell("  ratio", f"{ratio:.2f}", "1.2")


def _change(conn: Connection[Any]) -> None:
    conn.execute(
        "UPDATE facility SET geom = ST_Translate(geom, %s, 0) WHERE facility_id = ("
        " SELECT min(facility_id) FROM facility WHERE kind = 'clinic')",
        (random.choice((-1e-4, 1e-4)),),
    )


def _is_current(conn: Connection[Any]) -> bool:
    found = figures.find(conn, clock.today())
    return found is not None and found.is_current


def _next_transaction(conn: Connection[Any]) -> int:
    row = conn.execute("SELECT pg_snapshot_xmax(pg_current_snapshot())::text::bigint").fetchone()
    assert row is not None
    return row[0]


def _click(reader: requests.Session, address: str) -> float:
    started = time.monotonic()
    reader.get(address, timeout=60).raise_for_status()
    return time.monotonic() - started


@contextmanager
def _process(command: list[str], **environment: str) -> Generator[subprocess.Popen[bytes]]:
    """Start a worker, wait until it works, and kill it at the end."""
    process = subprocess.Popen(command, stdout=subprocess.PIPE, env={**os.environ, **environment})
    assert process.stdout is not None
    process.stdout.readline()
    try:
        yield process
    finally:
        process.kill()
        process.wait()
        process.stdout.close()


def _percentile(values: list[float], percent: int) -> float:
    return statistics.quantiles(values, n=100, method="inclusive")[percent - 1]


def _ms(values: list[float], percent: int) -> str:
    return f"{_percentile(values, percent) * 1000:.0f} ms"


def _tell(what: str, measured: str, target: str) -> None:
    print(f"{what:62} {measured:>10} {target:>8}", flush=True)


if __name__ == "__main__":
    main()
