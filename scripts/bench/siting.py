"""Best places in the demo county: how long until proven, and beside spopt (PySAL) on the same data.

Nobody is served before, which is harder than any real question: no building drops out. spopt builds
its models from a full matrix, entry by entry, so the two meet on every 5th building with every 25th
as a candidate. Both are timed in seconds of processor time, which other work on the machine does
not change, both by HiGHS on one thread without a gap; ours with the search for who reaches whom.

Run: .venv/bin/python -m scripts.bench.siting [--limit 60] [--spopt PYTHON]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
import numpy as np
from scipy.spatial.distance import cdist

from geodata.demo import county
from geodata.demo.buildings import raise_buildings
from geodata.demo.loading import DEFAULT_COMPOUNDS, DEFAULT_SEED
from geodata.frames import to_cartesian
from geodata.scenarios.siting import choosing
from geodata.scenarios.siting.model import Choice, Demand, Floats
from scripts.bench.table import Row, show

REACH_M = 500.0
PLACES = (2, 5, 10)
CAPACITY = 300
SHARES = (50, 90)
TARGET_S = 5.0
# Every so many buildings, and every so many of all as candidates.
BESIDE = (5, 25)
OTHER = Path(__file__).with_name("siting_spopt.py")


@click.command()
@click.option("--limit", default=60.0, show_default=True, help="Seconds for each question.")
@click.option("--spopt", default=sys.executable, help="The Python that has spopt.")
def main(limit: float, spopt: str) -> None:
    """Measure and print the tables."""
    buildings = raise_buildings(county.build(DEFAULT_COMPOUNDS, DEFAULT_SEED), DEFAULT_SEED)
    places, households = buildings.places, buildings.households.astype(np.float64)
    rows: list[Row] = []
    for every in (1, 5):
        rows += _alone(places, households, every, limit)
    show(f"Best places, {len(places):,} buildings, within {REACH_M:.0f} m, wall clock", rows)
    title = f"Beside spopt, every {BESIDE[0]}th building, every {BESIDE[1]}th a candidate"
    show(f"{title}, processor time", _beside(places, households, spopt))


def _alone(places: Floats, households: Floats, every: int, limit_s: float) -> list[Row]:
    sites = places[::every]
    begin = time.perf_counter()
    demand = Demand.within(places, sites, REACH_M, households)
    seconds = time.perf_counter() - begin
    start = f"{len(sites):,} candidates"
    rows = [Row(f"{start}: who reaches whom", f"{demand.reach.nnz:,} pairs, {seconds:.2f} s")]
    for k in PLACES:
        choice, seconds = _timed(lambda k=k: choosing.best(demand, k, time_limit_s=limit_s))
        is_met = choice.proven and seconds <= TARGET_S
        figure = f"{choice.after:,.0f} households, {_said(choice, seconds)}"
        rows.append(Row(f"{start}: best {k}", figure, f"proven, <= {TARGET_S:.0f} s", is_met))
    for what, ask in (
        (
            f"best 10, at most {CAPACITY} households each",
            lambda: choosing.best(demand, 10, CAPACITY, time_limit_s=limit_s),
        ),
        ("backup by 2", lambda: choosing.best(demand, 2, None, limit_s, minimum=2)),
        ("backup by 10", lambda: choosing.best(demand, 10, None, limit_s, minimum=2)),
    ):
        choice, seconds = _timed(ask)
        figure = f"{choice.after:,.0f} households, {_said(choice, seconds)}"
        rows.append(Row(f"{start}: {what}", figure, "proven or gap"))
    most = np.floor(100 * (1 - choice.out_of_reach / choice.households)) if every > 1 else 100.0
    for share in (*SHARES, most):
        choice, seconds = _timed(
            lambda share=share: choosing.fewest(demand, share, time_limit_s=limit_s)
        )
        figure = f"{len(choice.candidates)} places, {_said(choice, seconds)}"
        rows.append(Row(f"{start}: fewest for {share:g} %", figure, "proven or gap"))
    return rows


def _timed(
    ask: Callable[[], Choice], clock: Callable[[], float] = time.perf_counter
) -> tuple[Choice, float]:
    begin = clock()
    choice = ask()
    return choice, clock() - begin


def _said(choice: Choice, seconds: float) -> str:
    state = "proven" if choice.proven else f"gap {100 * choice.gap:.1f} %"
    return f"{state}, {seconds:.1f} s"


def _beside(places: Floats, households: Floats, python: str) -> list[Row]:
    """Return the rows that compare values and times."""
    points, weights, sites = places[:: BESIDE[0]], households[:: BESIDE[0]], places[:: BESIDE[1]]
    theirs = _theirs(points, weights, sites, python)
    if theirs is None:
        return [
            Row(
                "spopt is not there",
                "python3 -m venv DIR && DIR/bin/pip install spopt pulp highspy,"
                " then --spopt DIR/bin/python",
            )
        ]
    rows: list[Row] = []
    for number, other in enumerate(theirs["answers"]):
        if number < len(PLACES):
            what, k = f"best {PLACES[number]} (MCLP)", PLACES[number]
            choice, seconds = _timed(
                lambda k=k: choosing.best(_demand(points, sites, weights), k, time_limit_s=None),
                time.process_time,
            )
            value, unit = choice.after, "households"
        else:
            what, unit = "fewest for all in reach (LSCP)", "places"
            choice, seconds = _timed(
                lambda: choosing.fewest(_in_reach(points, sites), 100, time_limit_s=None),
                time.process_time,
            )
            value = float(len(choice.candidates))
        is_same = choice.proven and abs(value - other["value"]) < 1e-6
        rows.append(
            Row(
                f"{what}: ours / spopt {theirs['version']}",
                f"{value:,.0f} / {other['value']:,.0f} {unit}",
                "the same",
                is_same,
            )
        )
        rows.append(
            Row(
                f"{what}: time",
                f"{seconds:.2f} s / {other['build_s']:.1f} s for the model"
                f" and {other['solve_s']:.2f} s to solve it",
                "as fast",
                seconds <= other["build_s"] + other["solve_s"],
            )
        )
    return rows


def _demand(points: Floats, sites: Floats, weights: Floats) -> Demand:
    return Demand.within(points, sites, REACH_M, weights)


def _in_reach(points: Floats, sites: Floats) -> Demand:
    """Return one household for each building that a candidate reaches, as the LSCP counts."""
    everyone = _demand(points, sites, np.ones(len(points)))
    is_reached = np.diff(everyone.reach.indptr) > 0
    return Demand.of(everyone.reach[is_reached], np.ones(int(is_reached.sum())))


def _theirs(points: Floats, weights: Floats, sites: Floats, python: str) -> dict[str, Any] | None:
    """Return what spopt answers; None where it is not installed."""
    needed = "import spopt.locate, pulp, highspy"
    if subprocess.run([python, "-c", needed], capture_output=True, check=False).returncode:
        return None
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as folder:
        path = Path(folder) / "questions.npz"
        distances = cdist(to_cartesian(points), to_cartesian(sites))
        np.savez(path, distances=distances, households=weights, reach_m=REACH_M, ks=PLACES)
        run = subprocess.run([python, OTHER, path], capture_output=True, check=True, text=True)
    # HiGHS greets on the lines before.
    return json.loads(run.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
