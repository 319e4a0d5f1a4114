"""Loading the demo county into an empty database: time by stage, and memory.

Timed is all that ``gridmap demo`` does once the database is there, up to and with the commit.

Run: .venv/bin/python -m scripts.bench.demo
"""

from __future__ import annotations

import tempfile
import time
from dataclasses import replace
from pathlib import Path

import click

from geodata import demo
from geodata.database import connecting as db
from geodata.demo.loading import DEFAULT_COMPOUNDS
from geodata.installation.embedded import Cluster
from scripts.bench.table import Row, show
from scripts.bench.watch import Watch

TARGET_S = 60.0


@click.command()
@click.option("--compounds", default=DEFAULT_COMPOUNDS, show_default=True)
def main(compounds: int) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            rows = measure(cluster.url, compounds)
    show(f"Loading the demo county, {compounds:,} compounds", rows)


def measure(url: str, compounds: int) -> list[Row]:
    """Load the county and return the rows of the table."""
    db.migrate(url)
    with db.connect(url) as conn, Watch() as watch:
        start = time.monotonic()
        demo.load(conn, compounds=compounds, progress=watch)
        watch("commit", 1.0)
        conn.commit()
        taken_s, stages = time.monotonic() - start, watch.seconds()
    everything = Row("everything, with the commit", f"{taken_s:.0f} s")
    if compounds == DEFAULT_COMPOUNDS:
        everything = replace(everything, target="<= 60 s", met=taken_s <= TARGET_S)
    return [
        everything,
        Row("peak memory, Python", f"{watch.peak_kb / 1e6:.2f} GB"),
        Row("peak memory, database", f"{watch.database_peak_kb / 1e6:.2f} GB"),
        *(Row(f"  {stage}", f"{seconds:.1f} s") for stage, seconds in stages if stage != "done"),
    ]


if __name__ == "__main__":
    main()
