"""Others' response times while hostile files are brought in, beside those of a quiet server.

Readers ask a real server on the demo county for panels and tiles; meanwhile every file and polygon
of tests/hostile_files.py is given to ``gridmap import … --dry-run``, one after the other.

Run: .venv/bin/python -m scripts.bench.hostile [--seconds 20] [--readers 2]
"""

from __future__ import annotations

import os
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from collections import Counter
from collections.abc import Generator, Sequence
from contextlib import contextmanager
from pathlib import Path

import click

from geodata import demo
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from geodata.installation.home import REPOSITORY
from scripts import serve
from scripts.bench.table import Row, show
from tests.hostile_files import CANARY, Hostile, Trap, corpus, polygons

ADDRESSES = (
    "panel/home?mode=responsibility", "panel/home?mode=coverage", "tiles/grids.json",
    "panel/search?q=hsz", "api/here?lon=116.33&lat=31.4", "tiles/grids/0/12/3372/1669.mvt",
)  # fmt: skip
# A reader thinks between two questions.
PAUSE_S = 0.1


@click.command()
@click.option("--seconds", default=20, show_default=True, help="Length of the quiet part.")
@click.option("--readers", default=2, show_default=True)
@click.option("--at-most", default=0, help="Only so many of the files.")
def main(seconds: int, readers: int, at_most: int) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                demo.load(conn)
                conn.commit()
                conn.autocommit = True
                conn.execute("VACUUM ANALYZE")
            trap = Trap(folder)
            files = _write(folder, trap)
            files = files[:: max(1, len(files) // at_most)] if at_most else files
            with (
                serve.listen("127.0.0.1", 0) as listener,
                serve.Server(cluster.url, listener) as server,
            ):
                server.wait_until_ready()
                with asking(server.url, readers):
                    time.sleep(3)
                with asking(server.url, readers) as quiet:
                    time.sleep(seconds)
                begin = time.perf_counter()
                with asking(server.url, readers) as busy:
                    answers = [bring(cluster.url, hostile) for hostile in files]
                taken = time.perf_counter() - begin
                with asking(server.url, readers) as after:
                    time.sleep(seconds)
            rows = _rows(quiet + after, busy, files, answers, taken, trap)
            trap.close()
    show(f"{len(files)} hostile files and polygons, {readers} readers meanwhile", rows)
    for hostile, (code, text) in zip(files, answers, strict=True):
        if _is_crash(code, text):
            click.echo(f"{hostile.name}: status {code}: {text[-500:]}")


def _write(folder: Path, trap: Trap) -> list[Hostile]:
    places = [folder / "files", folder / "polygons"]
    for place in places:
        place.mkdir()
    return corpus(places[0], trap.bait) + polygons(places[1])


@contextmanager
def asking(url: str, readers: int) -> Generator[list[float]]:
    """Ask as readers do while the block lasts; what is given fills with milliseconds an answer."""
    taken: list[float] = []
    is_over = threading.Event()

    def read(number: int) -> None:
        turn = number
        while not is_over.is_set():
            begin = time.perf_counter()
            with urllib.request.urlopen(url + ADDRESSES[turn % len(ADDRESSES)]) as answer:
                answer.read()
            taken.append((time.perf_counter() - begin) * 1000)
            turn += 1
            is_over.wait(PAUSE_S)

    threads = [threading.Thread(target=read, args=(number,)) for number in range(readers)]
    for thread in threads:
        thread.start()
    try:
        yield taken
    finally:
        is_over.set()
        for thread in threads:
            thread.join()


def bring(database_url: str, hostile: Hostile) -> tuple[int, str]:
    """Give a file to the command line; return its status and what it said."""
    command = [sys.executable, "-P", "-m", "scripts.cli", "import", hostile.subject]
    if hostile.subject == "grids":
        command += ["--level", "town", "--name", "name", "--code", "code"]
    if hostile.subject == "facilities":
        command += ["--kind", "pharmacy"]
    done = subprocess.run(
        [*command, "--dry-run", "--", str(hostile.path)],
        capture_output=True, text=True, check=False, errors="replace",
        env={**os.environ, "GRIDMAP_DATABASE_URL": database_url, "GRIDMAP_LANG": "en",
             "PYTHONPATH": str(REPOSITORY)},
    )  # fmt: skip
    return done.returncode, done.stdout + done.stderr


def _rows(
    quiet: Sequence[float],
    busy: Sequence[float],
    files: Sequence[Hostile],
    answers: Sequence[tuple[int, str]],
    taken: float,
    trap: Trap,
) -> list[Row]:
    crashed = sum(_is_crash(code, text) for code, text in answers)
    told = sum(CANARY in text for _, text in answers)
    codes = Counter(code for code, _ in answers)
    ratio = _p95(busy) / _p95(quiet)
    return [
        Row("files brought in", f"{len(files)} in {taken:.0f} s"),
        Row("exit statuses", ", ".join(f"{code}: {n}" for code, n in sorted(codes.items()))),
        Row("crashes", str(crashed), "0", not crashed),
        Row("secrets read or told", str(told + trap.was_read), "0", not told and not trap.was_read),
        Row("addresses asked", str(trap.visits), "0", not trap.visits),
        Row("p95 of others' answers, quiet", f"{_p95(quiet):.0f} ms ({len(quiet):,} answers)"),
        Row("p95 of others' answers, meanwhile", f"{_p95(busy):.0f} ms ({len(busy):,} answers)"),
        Row("meanwhile / quiet", f"{ratio:.2f}", "<= 2", ratio <= 2),
    ]


def _is_crash(code: int, text: str) -> bool:
    return code not in (0, 1) or "Traceback" in text or "Reading the file failed" in text


def _p95(taken: Sequence[float]) -> float:
    ordered = sorted(taken)
    return ordered[min(len(ordered) - 1, int(0.95 * len(ordered)))]


if __name__ == "__main__":
    main()
