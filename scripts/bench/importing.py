"""Importing compounds from a file, checked: time and memory.

The file holds the demo county's compounds in the county's Gauss-Kruger zone; county, towns and
communities are in the database already. Timed is all that ``gridmap import grids`` does, up to and
with the commit.

Run: .venv/bin/python -m scripts.bench.importing
"""

from __future__ import annotations

import multiprocessing
import tempfile
import time
import warnings
from concurrent.futures import ProcessPoolExecutor
from datetime import date
from pathlib import Path
from typing import Any

import click
import psycopg
import shapely

from geodata.database import connecting as db
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.installation.embedded import Cluster
from geodata.model import Level
from scripts.bench.table import Row, show
from scripts.bench.watch import Watch

DAY = date(2024, 1, 1)
# Code, name, parent's code, shape (WKB) of the grids of the levels above.
Upper = dict[Level, list[tuple[str, str, str | None, bytes]]]


@click.command()
@click.option("--compounds", default=100_000, show_default=True)
@click.option("--by-place", is_flag=True, help="Find parents by overlap instead of by column.")
@click.option("--crs", default=4548, show_default=True, help="System of the file (EPSG).")
def main(compounds: int, by_place: bool, crs: int) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        path = folder / "compounds.gpkg"
        # Another process, so that its memory does not count.
        with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
            upper, corners = pool.submit(write_file, path, compounds, crs).result()
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                write_upper_levels(conn, upper)
            with db.connect(cluster.url) as conn:
                rows = measure(conn, path, by_place)
        size = f"{compounds:,} compounds of {corners:.0f} corners"
        size += f", {path.stat().st_size / 1e6:.0f} MB, EPSG:{crs}"
    show(f"Importing {size}", rows)


def write_file(path: Path, compounds: int, crs: int) -> tuple[Upper, float]:
    """Write the demo county's compounds to a GeoPackage and return the levels above."""
    from geodata.demo import compound_frame
    from geodata.demo.county import COUNTY_CODE, COUNTY_NAME, build
    from geodata.demo.loading import DEFAULT_SEED
    from geodata.demo.territory import TOWNS

    frame = compound_frame(compounds, DEFAULT_SEED)
    corners = float(shapely.get_num_coordinates(frame.geometry.values).mean())
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        frame.to_crs(crs).to_file(path, driver="GPKG", layer="compounds")
    county = build(compounds, DEFAULT_SEED)
    now = county.now
    upper: Upper = {
        "county": [(COUNTY_CODE, COUNTY_NAME, None, shapely.to_wkb(now.county[0]))],
        "town": [
            (town.code, town.name, COUNTY_CODE, shapely.to_wkb(shape))
            for town, shape in zip(TOWNS, now.towns, strict=True)
        ],
        "community": [
            (code, name, code[:9], shapely.to_wkb(shape))
            for code, name, shape in zip(
                now.community_codes, county.community_names, now.communities, strict=True
            )
            if code
        ],
    }
    return upper, corners


def write_upper_levels(conn: psycopg.Connection[Any], upper: Upper) -> None:
    """Write county, towns and communities."""
    ids: dict[str | None, int | None] = {None: None}
    for level, grids in upper.items():
        versions = [
            NewVersion(None, name, code, ids[parent], None, None, shapely.from_wkb(shape))  # type: ignore[arg-type]
            for code, name, parent, shape in grids
        ]
        written = boundaries.insert_versions(conn, level, versions, valid_from=DAY, source="bench")
        ids |= {grid[0]: grid_id for grid, grid_id in zip(grids, written, strict=True)}
        boundaries.refresh_shapes(conn, level)


def measure(conn: psycopg.Connection[Any], path: Path, by_place: bool) -> list[Row]:
    """Import the file and return the rows of the table."""
    columns = Columns("name", "code", None if by_place else "parent_code", "households")
    order = GridImport(FileRequest(str(path)), "compound", columns, DAY)
    with Watch() as watch:
        start = time.monotonic()
        report = import_grids(conn, order, progress=watch)
        watch("commit", 0)
        conn.commit()
        taken_s, stages = time.monotonic() - start, watch.seconds()
    print(report.to_text(3))
    peak_gb = watch.peak_kb / 1e6
    rows = [
        Row("everything, with the commit", f"{taken_s:.0f} s", "<= 180 s", taken_s <= 180),
        Row("peak memory, both processes", f"{peak_gb:.2f} GB", "<= 3 GB", peak_gb <= 3),
    ]
    return rows + [Row(f"  {stage}", f"{seconds:.1f} s") for stage, seconds in stages]


if __name__ == "__main__":
    main()
