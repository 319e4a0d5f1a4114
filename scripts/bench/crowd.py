"""Two hundred people at once, who read for five minutes and pause between two presses.

Run: python3 -m scripts.bench.crowd [--compounds N]
Half of them are visitors; the others are signed in as the demo county's accounts.
"""

from __future__ import annotations

import re
import threading
import time
from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from statistics import quantiles

import click
import requests

from geodata.database import connecting as db
from scripts.bench.serving import Meanwhile, Served, ask, served, sign_in
from scripts.bench.table import Row, show

# Who signs in: each has a session of the own.
ROLES = ("grid_leader", "community_staff", "town_official", "unit_user", "county_official")


@click.command()
@click.option("--compounds", default=2_000, show_default=True)
@click.option("--people", default=200, show_default=True)
@click.option("--seconds", default=300, show_default=True)
@click.option("--pause", default=2.0, show_default=True, help="Seconds between two presses.")
def main(compounds: int, people: int, seconds: int, pause: float) -> None:
    """Measure and print the table."""
    with served(compounds) as map_:
        rows = measure(map_, people, seconds, pause)
    show(f"{people} people, {pause:g} s between presses, {compounds:,} compounds", rows)


def measure(map_: Served, people: int, seconds: int, pause_s: float) -> list[Row]:
    """Let people read, and watch memory meanwhile."""
    cookies = [""] * len(ROLES) + [sign_in(map_, role) for role in ROLES]
    paths = _paths(map_)
    ask(map_.address, paths, people=20, seconds=20, pause_s=0.2, cookies=cookies)
    kinds: dict[str, list[float]] = defaultdict(list)
    lock = threading.Lock()
    memory: list[int] = []

    def note(path: str, _status: int, took: float) -> None:
        with lock:
            kinds[re.sub(r"\d+", "N", path.partition("?")[0])].append(took)

    def watch() -> None:
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            memory.append(_memory_kb(map_))
            time.sleep(min(5.0, seconds / 20))

    with Meanwhile(watch):
        answers = ask(
            map_.address,
            paths,
            people=people,
            seconds=seconds,
            pause_s=pause_s,
            cookies=cookies,
            on_answer=note,
        )
    third = max(1, len(memory) // 3)
    first, last = max(memory[third : 2 * third]), max(memory[-third:])
    p95 = answers.percentile(95)
    rows = [
        Row("p95", f"{p95 * 1000:.0f} ms", "<= 1 s", p95 <= 1),
        Row("p50", f"{answers.percentile(50) * 1000:.0f} ms"),
        Row(
            "answers, errors",
            f"{len(answers.seconds):,}, {answers.errors}",
            "0 errors",
            not answers.errors,
        ),
        Row(
            "memory of the web server, last third / middle third",
            f"{last / 1024:.0f} / {first / 1024:.0f} MB",
            "flat: <= 1.05",
            last <= 1.05 * first,
        ),
    ]
    slowest = sorted(kinds.items(), key=lambda item: -_p95(item[1]))[:8]
    return rows + [Row(f"p95 of {kind}", f"{_p95(took) * 1000:.0f} ms") for kind, took in slowest]


def _p95(took: Sequence[float]) -> float:
    return quantiles(took, n=20, method="inclusive")[-1] if len(took) > 1 else took[0]


def _paths(map_: Served) -> list[str]:
    """Return what people press: mostly panels, with the tiles and the search that come with it."""
    with db.connect(map_.cluster.url) as conn:
        grids = [
            row[0]
            for row in conn.execute(
                "SELECT grid_id FROM grid ORDER BY level = 'compound', md5(grid_id::text) LIMIT 60"
            ).fetchall()
        ]
        issues = [
            row[0] for row in conn.execute("SELECT issue_id FROM issue ORDER BY issue_id LIMIT 20")
        ]
    [template] = requests.get(f"{map_.url}tiles/grids.json", timeout=60).json()["tiles"]
    tiles = template.removeprefix(map_.url.rstrip("/")).replace("{z}", "11")
    paths = ["/?lang=zh", "/panel/home", "/panel/home?mode=issues", "/panel/home?mode=coverage"]
    paths += [f"/panel/home?mode={mode}" for mode in ("responsibility", "territory")]
    for turn, grid in enumerate(grids):
        mode = ("territory", "responsibility", "issues", "coverage")[turn % 4]
        paths.append(f"/panel/grid/{grid}?mode={mode}")
        if turn % 4 == 2:
            paths.append(f"/panel/grid/{grid}/issues?state=open")
        if turn % 6 == 3:
            paths.append(f"/panel/grid/{grid}/why?mode=coverage&kind=pharmacy")
        if turn % 3 == 0:
            x, y = 1684 + turn % 5, 831 + turn % 4
            paths.append(tiles.replace("{x}", str(x)).replace("{y}", str(y)))
            paths.append("/tiles/grids.json")
    paths += [f"/panel/issue/{issue}" for issue in issues[::4]]
    paths += ["/api/search?q=hsz", "/panel/search?q=xfq", "/figures"]
    return paths


def _memory_kb(map_: Served) -> int:
    """Return what the application's and nginx's processes hold for themselves."""
    total = 0
    for child in map_.server.children:
        masters = [child.pid or 0]
        listed = Path(f"/proc/{child.pid}/task/{child.pid}/children")
        masters += [int(pid) for pid in listed.read_text().split()] if listed.exists() else []
        for pid in masters:
            try:
                status = Path(f"/proc/{pid}/status").read_text()
            except OSError:
                continue
            total += sum(
                int(line.split()[1]) for line in status.splitlines() if line.startswith("RssAnon")
            )
    return total


if __name__ == "__main__":
    main()
