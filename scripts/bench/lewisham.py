"""A real borough: pharmacies and clinics within 500 m and 1,000 m, those outside counted as well.

The compounds are census areas without buildings, so households are spread over their area; the
census counts about 118 to each. Beside it, all pairs by geodesic distances from the same places
(pyproj), which has to give the same households, and the figures without the facilities outside
the borough: the edge effect that counting them avoids.

Run: .venv/bin/python -m scripts.bench.lewisham ../shared/data/lewisham
"""

from __future__ import annotations

import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
from click.testing import CliRunner
from numpy.typing import NDArray
from psycopg import Connection
from pyproj import Geod

from geodata.coverage.figures import keeping as figures
from geodata.coverage.judging import people
from geodata.database import clock
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from scripts.bench.table import Row, show
from scripts.cli.importing import commands

HOUSEHOLDS = 118
KINDS = ("pharmacy", "clinic")
REACHES_M = (500, 1000)
LEVELS = (
    ("county", "council_epsg27700_shp.zip", "LAD22NM", "LAD22CD"),
    ("town", "msoas_epsg27700_in_geojson.geojson", "MSOA21NM", "MSOA21CD"),
    ("community", "lsoa_epsg27700_shp.zip", "LSOA21NM", "LSOA21CD"),
    ("compound", "oa_epsg27700_shp.zip", "OA21CD", "OA21CD"),
)
_GEOD = Geod(ellps="WGS84")


@click.command()
@click.argument("folder", type=click.Path(path_type=Path, exists=True, file_okay=False))
def main(folder: Path) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        with Cluster(home, purpose="bench") as cluster:
            db.migrate(cluster.url)
            load(cluster.url, folder)
            with db.connect(cluster.url) as conn:
                rows = [row for reach_m in REACHES_M for row in _rows(conn, reach_m)]
    show("Lewisham: households with a facility in reach, straight line", rows)


def load(url: str, folder: Path) -> None:
    """Import the borough and its facilities by the documented commands, and give it households."""
    for level, file, title, code in LEVELS:
        _import(
            url, "grids", str(folder / file), "--level", level, "--name", title, "--code", code,
            "--valid-from", "2016-01-01", "--repair",
        )  # fmt: skip
    _import(url, "facilities", str(folder / "nhs_facilities.geojson"), "--source", "NHS")
    with db.connect(url) as conn:
        conn.execute(
            "UPDATE grid_version SET households = %s WHERE level = 'compound'", [HOUSEHOLDS]
        )


def _import(url: str, *arguments: str) -> None:
    done = CliRunner(env={"GRIDMAP_DATABASE_URL": url}).invoke(commands[0], list(arguments))
    if done.exit_code:
        raise click.ClickException(done.output)


def _rows(conn: Connection[Any], reach_m: int) -> list[Row]:
    set_reach(conn, reach_m)
    start = time.perf_counter()
    figures.compute(conn, clock.today())
    seconds = time.perf_counter() - start
    found = [Row(f"within {reach_m:,} m: all kinds computed", f"{seconds:.2f} s")]
    everybody = people.read_all(conn, clock.today())
    for kind in KINDS:
        met, all_, unserved = served(conn, kind)
        plain = plainly(conn, kind, reach_m, everybody, with_outside=True)
        without = plainly(conn, kind, reach_m, everybody, with_outside=False)
        told = f"{met:,} of {all_:,} ({met / all_:.1%}), {unserved} compounds with nobody in reach"
        found += [
            Row(f"within {reach_m:,} m: {kind}", told, f"{plain:,} by all pairs", met == plain),
            Row("  without the facilities outside", f"{without:,}, {met - without:,} fewer"),
        ]
    return found


def set_reach(conn: Connection[Any], reach_m: int) -> None:
    """Let a straight line be the standard everywhere."""
    conn.execute(
        "UPDATE service_standard SET reach = %s, unit = 'm', detour = 1 WHERE kind = ANY(%s)",
        [reach_m, list(KINDS)],
    )


def served(conn: Connection[Any], kind: str) -> tuple[int, int, int]:
    """Return households served, all of them, and compounds in which nobody is."""
    row = conn.execute(
        """
        SELECT max(c.met) FILTER (WHERE g.level = 'county'),
               max(c.households) FILTER (WHERE g.level = 'county'),
               count(*) FILTER (WHERE g.level = 'compound' AND c.met = 0)
        FROM coverage_grid c JOIN grid g USING (grid_id) WHERE c.kind = %s
        """,
        [kind],
    ).fetchone()
    assert row
    return row


def plainly(
    conn: Connection[Any], kind: str, reach_m: int, everybody: people.People, *, with_outside: bool
) -> int:
    """Return the households with a facility in reach, by all pairs of geodesic distances."""
    rows = conn.execute(
        """
        SELECT ST_X(f.geom), ST_Y(f.geom) FROM facility f
        WHERE f.kind = %s AND f.valid @> %s::date AND (%s OR EXISTS (
            SELECT FROM grid_version c WHERE c.level = 'county' AND ST_Covers(c.geom, f.geom)))
        """,
        [kind, clock.today(), with_outside],
    ).fetchall()
    homes: NDArray[np.float64] = everybody.lon_lat
    is_served = np.zeros(len(homes), dtype=np.bool_)
    for lon, lat in rows:
        count = len(homes)
        _, _, away_m = _GEOD.inv(homes[:, 0], homes[:, 1], np.full(count, lon), np.full(count, lat))
        is_served |= np.asarray(away_m) <= reach_m
    return int(everybody.rows["households"][is_served].sum())


if __name__ == "__main__":
    main()
