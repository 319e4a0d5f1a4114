"""Capacity shared by two-step floating catchment, beside PySAL access on the same data.

Both get the same pairs of a building and a facility with the way between them; ours also from the
bare points, with the search for who reaches whom. Seconds of processor time, which other work on
the machine does not change.

Run: .venv/bin/python -m scripts.bench.catchment [--access PYTHON]
"""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from geodata.coverage.judging import verdicts as judging
from geodata.coverage.judging.verdicts import Buildings, Floats, Pairs, ProviderLinks
from geodata.coverage.judging.ways import Ways
from geodata.coverage.standards.model import Kind, Standard
from geodata.demo import county
from geodata.demo.buildings import raise_buildings
from geodata.demo.loading import DEFAULT_COMPOUNDS, DEFAULT_SEED
from scripts.bench.table import Row, show

REACH_M, CAPACITY, FACILITIES = 1000, 400, 900
OTHER = Path(__file__).with_name("catchment_pysal.py")


@click.command()
@click.option("--access", "python", default=sys.executable, help="The Python that has access.")
def main(python: str) -> None:
    """Measure and print the table."""
    buildings = raise_buildings(county.build(DEFAULT_COMPOUNDS, DEFAULT_SEED), DEFAULT_SEED)
    rng = np.random.default_rng(1)
    places, households = buildings.places, buildings.households.astype(np.int64)
    sites = places[rng.choice(len(places), FACILITIES, replace=False)]
    standard = Standard(REACH_M, "m", 1.0, CAPACITY, 1)
    kind = Kind("clinic", "clinic", "clinic", standard, standard, True, (), ())
    title = f"Floating catchment, {len(places):,} buildings, {FACILITIES} facilities, {REACH_M} m"

    begin = time.process_time()
    pairs = _pairs(places, sites, kind)
    searched_s = time.process_time() - begin
    begin = time.process_time()
    ours = _judged(households, kind, pairs)
    judged_s = time.process_time() - begin
    rows = [
        Row("ours: who reaches whom", f"{len(pairs[0]):,} pairs, {searched_s:.2f} s"),
        Row("ours: places a household, and reasons", f"{judged_s:.3f} s"),
    ]
    theirs = _theirs(households, pairs, python)
    if theirs is None:
        rows.append(
            Row(
                "access is not there",
                "python3 -m venv DIR && DIR/bin/pip install access, then --access DIR/bin/python",
            )
        )
    else:
        away = float(np.abs(ours - np.asarray(theirs["values"])).max())
        other_s: float = theirs["seconds"]
        rows += [
            Row("largest difference of a building", f"{away:.1e}", "<= 1e-6", away <= 1e-6),
            Row(
                f"access {theirs['version']} from the same pairs / ours",
                f"{other_s:.3f} s / {judged_s:.3f} s",
                "as fast",
                judged_s <= other_s,
            ),
        ]
    show(title, rows)


def _pairs(places: Floats, sites: Floats, kind: Kind) -> Pairs:
    ways = Ways()
    is_village = np.zeros(len(places), dtype=np.bool_)
    return ways.in_reach(ways.find(places), is_village, kind, ways.find(sites))


def _judged(households: np.ndarray[Any, np.dtype[np.int64]], kind: Kind, pairs: Pairs) -> Floats:
    nobody = np.zeros(len(households), dtype=np.bool_)
    held = np.empty(0, dtype=np.int64), np.empty(0, dtype=np.int64)
    given = ProviderLinks(pairs, held, nobody, nobody)
    return judging.judge(Buildings(households, nobody), kind, given).access


def _theirs(
    households: np.ndarray[Any, np.dtype[np.int64]], pairs: Pairs, python: str
) -> dict[str, Any] | None:
    """Return what access answers; None where it is not installed."""
    if subprocess.run([python, "-c", "import access"], capture_output=True, check=False).returncode:
        return None
    at, by, way_m = pairs
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as folder:
        path = Path(folder) / "question.npz"
        np.savez(
            path, households=households, capacities=np.full(FACILITIES, CAPACITY), at=at, by=by,
            way_m=way_m, reach_m=REACH_M,
        )  # fmt: skip
        run = subprocess.run([python, OTHER, path], capture_output=True, check=True, text=True)
    return json.loads(run.stdout.splitlines()[-1])


if __name__ == "__main__":
    main()
