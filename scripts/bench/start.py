"""How long ./scripts/run takes until the map answers: in a fresh clone, then again.

Run: python3 -m scripts.bench.start
The first start makes the environment and loads the demo county; system packages that the machine
has already are not counted.
"""

from __future__ import annotations

import os
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import click

from scripts.bench.table import Row, show

REPOSITORY = Path(__file__).resolve().parents[2]
FIRST_TARGET_S = 300.0
SECOND_TARGET_S = 5.0


@click.command()
@click.option("--again", default=3, show_default=True, help="Second starts; the best counts.")
def main(again: int) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        clone = folder / "clone"
        subprocess.run(["git", "clone", "-q", str(REPOSITORY), str(clone)], check=True)
        home = folder / "home"
        first = start(clone, home)
        second = min(start(clone, home) for _ in range(again))
    show(
        "Starting",
        [
            Row("first ./scripts/run", f"{first:.0f} s", "a few minutes", first <= FIRST_TARGET_S),
            Row("second start", f"{second:.1f} s", "<= 5 s", second <= SECOND_TARGET_S),
        ],
    )


def start(clone: Path, home: Path) -> float:
    """Start, wait for the ready line, stop; return the seconds to the ready line."""
    begin = time.perf_counter()
    process = subprocess.Popen(
        [str(clone / "scripts/run"), "--port", "0"],
        env={**os.environ, "GRIDMAP_HOME": str(home)},
        stdout=subprocess.PIPE,
        text=True,
    )
    assert process.stdout is not None
    took = 0.0
    for line in process.stdout:
        if line.startswith("GridMap is ready"):
            took = time.perf_counter() - begin
            break
    process.send_signal(signal.SIGINT)
    process.wait(60)
    if not took:
        raise click.ClickException("It did not start; its message is above.")
    return took


if __name__ == "__main__":
    main()
