"""How long people wait for a database that has stopped answering, and after it is back.

Run: python3 -m scripts.bench.frozen
All processes of the database are stopped (SIGSTOP) for a minute, while people use the map.
"""

from __future__ import annotations

import os
import signal
import threading
import time
from collections import defaultdict
from pathlib import Path

import click

from scripts.bench.serving import Served, ask, served
from scripts.bench.table import Row, show

PATHS = (
    "/panel/home",
    "/?lang=zh",
    "/api/search?q=hsz",
    "/panel/home?mode=issues",
    "/tiles/grids.json",
    "/panel/ranked?kind=worst&level=town",
)


@click.command()
@click.option("--seconds", default=60, show_default=True)
@click.option("--people", default=20, show_default=True)
def main(seconds: int, people: int) -> None:
    """Measure and print the table."""
    with served() as map_:
        rows = measure(map_, seconds, people)
    show(f"Database frozen for {seconds} s, {people} people", rows)


def measure(map_: Served, seconds: int, people: int) -> list[Row]:
    """Freeze the database under use, and watch until the map is whole again."""
    ask(map_.address, PATHS, people=people, seconds=5, pause_s=0.2)
    longest: dict[str, float] = defaultdict(float)
    statuses: set[int] = set()
    lock = threading.Lock()

    def note(path: str, status: int, took: float) -> None:
        kind = path if path in ("/healthz", "/readyz") else "other"
        with lock:
            longest[kind] = max(longest[kind], took)
            if kind == "other":
                statuses.add(status)

    def use(paths: tuple[str, ...], number: int, pause_s: float) -> threading.Thread:
        def run() -> None:
            ask(
                map_.address, paths, people=number, seconds=seconds, pause_s=pause_s, on_answer=note
            )

        thread = threading.Thread(target=run)
        thread.start()
        return thread

    processes = _processes(map_)
    for pid in processes:
        os.kill(pid, signal.SIGSTOP)
    threads = [use(PATHS, people, 0.5), use(("/healthz",), 1, 0.1), use(("/readyz",), 1, 0.1)]
    for thread in threads:
        thread.join()
    for pid in processes:
        os.kill(pid, signal.SIGCONT)
    whole = _whole_after(map_)
    return [
        Row(
            "longest answer, statuses",
            f"{longest['other']:.1f} s, {sorted(statuses)}",
            "<= 5 s, 503",
            longest["other"] <= 5 and statuses == {503},
        ),
        Row(
            "/healthz, longest",
            f"{longest['/healthz'] * 1000:.0f} ms",
            "<= 100 ms",
            longest["/healthz"] <= 0.1,
        ),
        Row("/readyz, longest", f"{longest['/readyz']:.1f} s", "<= 2 s", longest["/readyz"] <= 2),
        Row("whole again after", f"{whole:.1f} s", "<= 5 s", whole <= 5),
    ]


def _processes(map_: Served) -> list[int]:
    main = map_.cluster.pid
    children = Path(f"/proc/{main}/task/{main}/children").read_text().split()
    return [int(pid) for pid in (*children, main or 0)]


def _whole_after(map_: Served) -> float:
    """Return when the last failure was, of a minute of use."""
    begin, last = time.monotonic(), 0.0

    def note(_path: str, status: int, _took: float) -> None:
        nonlocal last
        if status >= 500:
            last = time.monotonic() - begin

    ask(map_.address, PATHS, people=8, seconds=15, pause_s=0.1, on_answer=note)
    return last


if __name__ == "__main__":
    main()
