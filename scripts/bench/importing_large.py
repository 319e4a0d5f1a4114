"""A national file: thousands of polygons with a million corners, refused and repaired.

Each polygon was drawn on its own (every corner up to 0.3 m off: a hundred thousand overlaps and
gaps, all of them slips), or simplified on its own to 100 m (overlaps that no repair may give
away). Processor time is that of the importing processes, without the database.

Run: .venv/bin/python -m scripts.bench.importing_large [--polygons 2853] [--corners 1400000]
"""

from __future__ import annotations

import resource
import tempfile
import time
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Any

import click
import geopandas
import numpy as np
import psycopg
import shapely

from geodata.database import connecting as db
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.installation.embedded import Cluster
from scripts.bench import detailed
from scripts.bench.table import Row, show

DAY = date(2024, 1, 1)
TARGET_S = 120
SILENCE_S = 10


@dataclass(slots=True)
class Silence:
    """Called as a progress: how long the longest wait for a new share was, and after which."""

    longest_s: float = 0.0
    after: str = ""
    last: tuple[str, float] = ("", -1.0)
    since: float = field(default_factory=time.monotonic)

    def __call__(self, stage: str, share: float) -> None:
        if (stage, share) == self.last:
            return
        waited = time.monotonic() - self.since
        if waited > self.longest_s:
            self.longest_s, self.after = waited, f"{self.last[0]} {self.last[1]:.0%}"
        self.last, self.since = (stage, share), time.monotonic()


@click.command()
@click.option("--polygons", default=2_853, show_default=True)
@click.option("--corners", default=1_400_000, show_default=True)
def main(polygons: int, corners: int) -> None:
    """Measure and print the table."""
    sound = detailed.coverage(polygons, corners, seed=7)
    files = {
        "drawn twice": detailed.with_faults(sound, detailed.Faults(twice_m=0.3), seed=3),
        "simplified apart": detailed.with_faults(sound, detailed.Faults(apart_m=100), seed=3),
    }
    rows: list[Row] = []
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                whole = shapely.MultiPolygon([shapely.box(*detailed.GROUND)])
                county = NewVersion(None, "county", "1", None, None, None, whole)
                boundaries.insert_versions(conn, "county", [county], valid_from=DAY, source="bench")
                conn.commit()
                for title, shapes in files.items():
                    path = _write(folder / f"{title}.gpkg", shapes)
                    rows += _measure(conn, path, title, is_repairing=False)
                    rows += _measure(conn, path, title, is_repairing=True)
    size = f"{len(sound):,} polygons, {int(shapely.get_num_coordinates(sound).sum()):,} corners"
    show(f"Importing {size}", rows)


def _write(path: Path, shapes: detailed.Polygons) -> Path:
    numbers = [f"{number:06}" for number in range(len(shapes))]
    frame = geopandas.GeoDataFrame(
        {"code": numbers, "name": numbers}, geometry=np.asarray(shapes), crs=4326
    )
    frame.to_file(path, driver="GPKG", layer="grids")
    return path


def _measure(
    conn: psycopg.Connection[Any], path: Path, title: str, *, is_repairing: bool
) -> list[Row]:
    """Survey a file without writing, and return the rows of the table."""
    columns = Columns("name", "code")
    order = GridImport(
        FileRequest(str(path)), "town", columns, DAY, is_dry_run=True, repair=is_repairing
    )
    silence = Silence()
    start, used = time.monotonic(), _processor_s()
    report = import_grids(conn, order, progress=silence)
    taken_s, used_s = time.monotonic() - start, _processor_s() - used
    silence("done", 1.0)
    conn.rollback()
    print(report.to_text(2))
    what = f"{title}, {'--repair' if is_repairing else 'checked'}"
    what += ": refused" if report.is_blocked else ": would be imported"
    figure = f"{used_s:.0f} s of processor ({taken_s:.0f} s by the clock)"
    is_moving = silence.longest_s <= SILENCE_S
    return [
        Row(what, figure, f"<= {TARGET_S} s", used_s <= TARGET_S),
        Row(
            f"  longest without progress, after {silence.after}",
            f"{silence.longest_s:.1f} s",
            f"<= {SILENCE_S} s",
            is_moving,
        ),
    ]


def _processor_s() -> float:
    """Return the processor time of this process and of those it waited for."""
    both = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(usage.ru_utime + usage.ru_stime for usage in both)


if __name__ == "__main__":
    main()
