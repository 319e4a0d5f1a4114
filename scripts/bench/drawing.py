"""Random series of actions on random partitions: does the law hold after each?

Run: .venv/bin/python -m scripts.bench.drawing [--series 2000]
"""

from __future__ import annotations

import time
from collections.abc import Callable

import click
import numpy as np
import shapely

from geodata.partition import actions
from geodata.partition.ground import Ground
from geodata.partition.rings import corners
from scripts.bench.table import Row, show
from scripts.bench.town import COLUMNS, COMPOUND, ROWS, town
from tests.property.test_drawing_laws import (
    NEW,
    attempt,
    build,
    check_law,
    filled,
    is_conserved,
    same,
)
from tests.property.test_partition_laws import random_partition

ACTIONS = 12
ACTION_MS = 30


@click.command()
@click.option("--series", default=2000, show_default=True)
def main(series: int) -> None:
    """Measure and print the table."""
    done = refused = broken = lost = other = 0
    bent_m2 = 0.0
    for seed in range(series):
        rng = np.random.default_rng(seed)
        ground = first = build(random_partition(rng), rng)
        seeds = rng.integers(0, 2**32, ACTIONS)
        for number in range(ACTIONS):
            before = ground
            ground = attempt(ground, np.random.default_rng(seeds[number]), NEW + number)
            done, refused = done + (ground is not before), refused + (ground is before)
            broken += not _holds(ground)
            lost += not is_conserved(before, ground)
        still = build(random_partition(rng), rng)
        for number in range(ACTIONS):
            before, still = still, attempt(still, rng, NEW + number, first=2)
            change_m2 = filled(still, "county") - filled(before, "county")
            bent_m2 = max(bent_m2, abs(change_m2))
        for number in range(ACTIONS):
            first = attempt(first, np.random.default_rng(seeds[number]), NEW + number)
        other += not same(first, ground)
    rows = [
        Row("series of actions", f"{series:,}", ">= 2,000", met=series >= 2000),
        Row("actions done, refused", f"{done:,}, {refused:,}"),
        Row("law broken", str(broken), "0", met=not broken),
        Row("ground won or lost, more than 1 m2", str(lost), "0", met=not lost),
        Row(
            "the county bent by the corners of what is split in it, at most",
            f"{bent_m2:.2f} m2",
            "<= 1 m2",
            met=bent_m2 <= 1,
        ),
        Row("series that come out otherwise when done again", str(other), "0", met=not other),
    ]
    show("Random series of actions on random partitions", rows)
    show(f"One action in a town of {COLUMNS * ROWS} compounds with 90 corners each", _timed())


def _timed() -> list[Row]:
    """Measure single actions on compounds all over a town."""
    ground = town()
    times: dict[str, list[float]] = {"move": [], "reshape": [], "split": []}
    for number in range(0, COLUMNS * ROWS, 7):
        id_ = COMPOUND + number
        for name, action in _actions_on(ground, id_).items():
            begin = time.perf_counter()
            action()
            times[name].append((time.perf_counter() - begin) * 1000)
    rows: list[Row] = []
    for name, each in times.items():
        middle, most = float(np.median(each)), max(each)
        figure = f"{middle:.0f} ms, {most:.0f} ms at most"
        rows.append(Row(name, figure, f"<= {ACTION_MS} ms", met=middle <= ACTION_MS))
    return rows


def _actions_on(ground: Ground, id_: int) -> dict[str, Callable[[], Ground]]:
    ring = corners(ground[id_].shape)
    path, (x, y) = ring[2:20], shapely.get_coordinates(ground[id_].shape.centroid)[0]
    beside = [path[0], *[(east + 1e-6, north + 1e-6) for east, north in path[1:-1]], path[-1]]
    across = [(x - 2e-3, y), (x + 2e-3, y + 1e-5)]
    return {
        "move": lambda: actions.move(ground, ring[0], (ring[0][0] + 3e-6, ring[0][1] + 2e-6)),
        "reshape": lambda: actions.reshape(ground, path, beside),
        "split": lambda: actions.split(ground, id_, across, NEW),
    }


def _holds(ground: Ground) -> bool:
    try:
        check_law(ground)
    except AssertionError:
        return False
    return True


if __name__ == "__main__":
    main()
