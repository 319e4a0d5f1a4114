"""Importing a city's list of issues: time, memory, and how soon an unknown header is said.

The file is made: as many issues as Boston's 311 list of 2025 has, with its columns and its way of
writing, at places in the demo county. Timed is all that ``gridmap import issues`` does, up to and
with the commit.

Run: .venv/bin/python -m scripts.bench.lists
"""

from __future__ import annotations

import csv
import multiprocessing
import tempfile
import time
from concurrent.futures import ProcessPoolExecutor
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import click
import numpy as np
import psycopg
import shapely

from geodata import demo
from geodata.database import connecting as db
from geodata.errors import GridMapError
from geodata.importing.files.requests import FileRequest
from geodata.importing.lists.issues import import_issues
from geodata.importing.lists.reading import ListImport
from geodata.installation.embedded import Cluster
from scripts.bench.table import Row, show
from scripts.bench.watch import Watch

ISSUES = 121_145
TOLD = {
    "id": "case_enquiry_id",
    "category": "type",
    "title": "case_title",
    "detail": "closure_reason",
    "reported_at": "open_dt",
    "due_at": "sla_target_dt",
    "closed_at": "closed_dt",
    "state": "case_status",
}
HEADER = (
    "case_enquiry_id", "open_dt", "sla_target_dt", "closed_dt", "on_time", "case_status",
    "closure_reason", "case_title", "subject", "reason", "type", "queue", "department",
    "submitted_photo", "closed_photo", "location", "fire_district", "pwd_district",
    "city_council_district", "police_district", "neighborhood", "neighborhood_services_district",
    "ward", "precinct", "location_street_name", "location_zipcode", "latitude", "longitude",
    "geom_4326", "source",
)  # fmt: skip
TYPES = (
    "Parking Enforcement", "Requests for Street Cleaning", "Request for Snow Plowing",
    "Improper Storage of Trash (Barrels)", "Missed Trash/Recycling/Yard Waste/Bulk Item",
    "Street Light Outages", "Abandoned Vehicles", "Sidewalk Repair (Make Safe)", "Tree Maintenance",
    "Graffiti Removal", "Needle Pickup", "Rodent Activity", "Sign Repair", "Unsatisfactory Living",
)  # fmt: skip
BEGIN = datetime(2025, 1, 1)  # noqa: DTZ001 - such lists name no zone


@click.command()
@click.option("--issues", default=ISSUES, show_default=True)
@click.option("--again", is_flag=True, help="Import the same list a second time, too.")
def main(issues: int, again: bool) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        path = folder / "requests.csv"
        with Cluster(folder, purpose="bench") as cluster:
            # Other processes, so that their memory does not count.
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                ground = pool.submit(load_county, cluster.url).result()
            with ProcessPoolExecutor(1, multiprocessing.get_context("spawn")) as pool:
                pool.submit(write_file, path, issues, ground).result()
            with db.connect(cluster.url) as conn:
                rows = [refuse(conn, path), *bring(conn, path, issues, "")]
                if again:
                    rows += bring(conn, path, issues, "again: ")
        size = f"{issues:,} issues of {len(HEADER)} columns, {path.stat().st_size / 1e6:.0f} MB"
    show(f"Importing {size}", rows)


def load_county(url: str) -> bytes:
    """Load the demo county and return its ground as well-known binary, EPSG:4326."""
    db.migrate(url)
    with db.connect(url) as conn:
        demo.load(conn, progress=lambda _stage, _share: None)
        row = conn.execute(
            "SELECT ST_AsBinary(geom) FROM grid_version WHERE level = 'county' AND upper_inf(valid)"
        ).fetchone()
        conn.commit()
    assert row is not None
    return bytes(row[0])


def write_file(path: Path, issues: int, ground: bytes) -> None:
    """Write the list: texts of several sentences, streets, links to photos, places at random."""
    rng = np.random.default_rng(311)
    county = shapely.from_wkb(ground)
    west, south, east, north = county.bounds
    xy = rng.uniform((west, south), (east, north), (3 * issues, 2))
    xy = xy[shapely.contains_xy(county, xy[:, 0], xy[:, 1])][:issues]
    assert len(xy) == issues
    minutes = np.sort(rng.integers(0, 365 * 24 * 60, issues))
    took = rng.exponential(4 * 24 * 60, issues)
    with path.open("w", encoding="utf-8-sig", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        for number, (lon, lat) in enumerate(xy.tolist()):
            writer.writerow(_row(number, lon, lat, float(minutes[number]), float(took[number])))


def _row(number: int, lon: float, lat: float, minute: float, took: float) -> list[object]:
    opened = BEGIN + timedelta(minutes=minute)
    closed = opened + timedelta(minutes=took)
    is_open = number % 9 == 0
    kind = TYPES[number * 7 % len(TYPES)]
    street = f"{number % 900 + 1} Harrison Street, Ward {number % 22 + 1}, {2108 + number % 90:05d}"
    photo = f"https://311.example/media/report/photos/{number:024x}/photo_{opened:%Y%m%d}.jpg"
    reason = "" if is_open else (
        f"Case Closed. Closed date : {closed:%a %b %d %H:%M:%S} Case Resolved. A crew was sent to "
        f"{street} and the request was completed on its round {number % 31}; thank you."
    )  # fmt: skip
    return [
        101_005_800_000 + number, opened, opened + timedelta(days=3), "" if is_open else closed,
        "ONTIME", "Open" if is_open else "Closed", reason, kind, "Public Works Department",
        "Street Cleaning", kind, "PWDx_District 1C: Downtown", "PWDx", photo, "", street,
        number % 12, "1C", number % 9, f"A{number % 15}", "Harrison Heights", number % 20,
        f"Ward {number % 22 + 1}", f"{number % 260:04d}", street.split(",")[0],
        f"{2108 + number % 90:05d}", lat, lon, f"0101000020E6100000{number:032X}",
        "Citizens Connect App",
    ]  # fmt: skip


def refuse(conn: psycopg.Connection[Any], path: Path) -> Row:
    """Bring the list without a word on its columns, which no field knows."""
    start = time.monotonic()
    try:
        import_issues(conn, ListImport(FileRequest(str(path)), "bench"), progress=_quiet)
    except GridMapError as refused:
        taken_s = time.monotonic() - start
        print(refused)
        return Row("until it says that no header is known", f"{taken_s:.1f} s", "<= 3 s",
                   taken_s <= 3)  # fmt: skip
    raise AssertionError("the list was taken")


def bring(conn: psycopg.Connection[Any], path: Path, issues: int, prefix: str) -> list[Row]:
    """Import the list and return the rows of the table."""
    order = ListImport(FileRequest(str(path)), "bench", told=TOLD)
    with Watch() as watch:
        start = time.monotonic()
        report = import_issues(conn, order, progress=watch)
        watch("commit", 0)
        conn.commit()
        taken_s, stages = time.monotonic() - start, watch.seconds()
    print(report.to_text(3))
    peak_mb = watch.peak_kb / 1e3
    is_full = issues == ISSUES
    rows = [
        Row(f"{prefix}everything, with the commit", f"{taken_s:.0f} s", "<= 60 s",
            taken_s <= 60 if is_full else None),
        Row(f"{prefix}peak memory, both processes", f"{peak_mb:.0f} MB", "<= 500 MB",
            peak_mb <= 500 if is_full else None),
    ]  # fmt: skip
    return rows + [Row(f"  {stage}", f"{seconds:.1f} s") for stage, seconds in stages]


def _quiet(_stage: str, _share: float) -> None:
    """Tell nobody."""


if __name__ == "__main__":
    main()
