"""Random series of actions on random partitions: does the law hold after each?

Run: .venv/bin/python -m scripts.bench.drawing [--series 2000]
"""

from __future__ import annotations

import click
import numpy as np

from geodata.partition.ground import Ground
from scripts.bench.table import Row, show
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


def _holds(ground: Ground) -> bool:
    try:
        check_law(ground)
    except AssertionError:
        return False
    return True


if __name__ == "__main__":
    main()
