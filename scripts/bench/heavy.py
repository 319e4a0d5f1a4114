"""What visitors in a loop on an address that takes long do to everybody else.

Run: python3 -m scripts.bench.heavy
Twenty visitors ask for one such address after another without a pause, each from an address of the
network of its own; others use the map meanwhile: visitors, for whom panels are kept, and officials,
for whom each is made.
"""

from __future__ import annotations

import time
from datetime import timedelta

import click

from geodata.database import clock
from geodata.database import connecting as db
from scripts.bench.serving import Answers, Meanwhile, Served, ask, served, sign_in
from scripts.bench.table import Row, show

OTHERS = ("/panel/home", "/healthz", "/api/search?q=hsz", "/?lang=zh", "/panel/home?mode=coverage")


@click.command()
@click.option("--compounds", default=2_000, show_default=True)
@click.option("--visitors", default=20, show_default=True)
@click.option("--seconds", default=20, show_default=True, help="For each address.")
def main(compounds: int, visitors: int, seconds: int) -> None:
    """Measure and print the table."""
    with served(compounds) as map_:
        rows = measure(map_, visitors, seconds)
    show(f"{visitors} visitors in a loop, county of {compounds:,} compounds", rows)


def measure(map_: Served, visitors: int, seconds: int) -> list[Row]:
    """Measure others on a quiet server, then beside each address."""
    cookie = sign_in(map_, "county_official")
    _others(map_, 5, cookie)
    quiet = _others(map_, 20, cookie)
    rows = [Row(f"p95 on a quiet server, {who}", _ms(found)) for who, found in quiet.items()]
    sources = [f"127.0.1.{number + 1}" for number in range(visitors)]
    for path in _addresses(map_):
        loop = Answers()

        def visit(path: str = path, loop: Answers = loop) -> None:
            found = ask(map_.address, [path], people=visitors, seconds=seconds, sources=sources)
            loop.seconds += found.seconds
            loop.statuses += found.statuses
            loop.failures += found.failures

        with Meanwhile(visit):
            time.sleep(2)
            beside = _others(map_, seconds - 2, cookie)
        ratios = {
            who: found.percentile(95) / quiet[who].percentile(95) for who, found in beside.items()
        }
        figures = ", ".join(
            f"{ratios[who]:.2f} ({who}, {_ms(found)})" for who, found in beside.items()
        )
        answers = ", ".join(f"{status}: {n:,}" for status, n in sorted(loop.statuses.items()))
        # Refused in time (503, with Retry-After) is what is wanted; 500 is not.
        faults = sum(found.errors for found in beside.values())
        faults += loop.failures.total() + loop.statuses[500]
        rows.append(
            Row(
                f"{path}: others' p95 / quiet; faults",
                f"{figures}; {faults} ({answers})",
                "<= 2; 0",
                max(ratios.values()) <= 2 and not faults,
            )
        )
    return rows


def _others(map_: Served, seconds: float, cookie: str) -> dict[str, Answers]:
    """Let visitors and officials use the map for a while, two of each."""
    found: dict[str, Answers] = {}

    def use(who: str, cookies: list[str]) -> None:
        found[who] = ask(
            map_.address, OTHERS, people=2, seconds=seconds, pause_s=0.2, cookies=cookies
        )

    with Meanwhile(lambda: use("visitors", [""])):
        use("officials", [cookie])
    return dict(sorted(found.items()))


def _ms(answers: Answers) -> str:
    return f"{answers.percentile(95) * 1000:.0f} ms"


def _addresses(map_: Served) -> list[str]:
    with db.connect(map_.cluster.url) as conn:
        [county, town, facility] = conn.execute(
            "SELECT (SELECT min(grid_id) FROM grid WHERE level = 'county'),"
            " (SELECT min(grid_id) FROM grid WHERE level = 'town'),"
            " (SELECT min(facility_id) FROM facility WHERE kind = 'pharmacy')"
        ).fetchone() or [0, 0, 0]
    today = clock.today()
    ago = today - timedelta(days=300)
    return [
        f"/api/coverage/gaps?kind=pharmacy&grid={town}",
        f"/api/coverage/buildings?kind=pharmacy&grid={town}",
        f"/api/coverage/facilities/{facility}/area",
        f"/panel/grid/{county}/why?mode=coverage&kind=pharmacy",
        f"/panel/grid/{town}/why?mode=coverage&kind=clinic",
        f"/panel/facility/{facility}?mode=coverage",
        "/panel/ranked?kind=worst&level=compound&box=116,31,117,32",
        f"/panel/changes?versus={ago}",
        f"/api/changes?versus={ago}&on={today}",
        f"/figures?grid={county}",
        "/figures/export.csv",
        f"/reports/coverage.xlsx?grid={county}",
        f"/reports/coverage.pdf?grid={town}",
        f"/reports/coverage.gpkg?grid={town}",
    ]


if __name__ == "__main__":
    main()
