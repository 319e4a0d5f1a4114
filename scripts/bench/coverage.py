"""Coverage of a county: computed whole, and brought up to date after one change; sizes compared.

What is brought up to date is compared with what is recomputed, row by row.

The ground grows with the county: as many buildings to a square kilometre as in the demo county. On
the same ground (--crowded) everybody has ten times the facilities in reach, and ten times the
buildings are a hundred times the pairs.

Run: .venv/bin/python -m scripts.bench.coverage [--compounds 2000 --compounds 100000] [--crowded]
A compound has ten buildings: 100,000 of them are the 1,000,000 buildings of the target.
"""

from __future__ import annotations

import itertools
import math
import resource
import statistics
import tempfile
import time
from multiprocessing import get_context
from pathlib import Path
from typing import Any, LiteralString

import click
import numpy as np
from psycopg import Connection

from geodata import demo
from geodata.coverage.figures import keeping as figures
from geodata.database import clock
from geodata.database import connecting as db
from geodata.demo.loading import DEFAULT_COMPOUNDS
from geodata.demo.territory import CENTRE_LAT, CENTRE_LON
from geodata.installation.embedded import Cluster
from scripts.bench.table import Row, show

ROUNDS = 8
FULL_S, CHANGE_MS = 5.0, 200.0
MILLION_S, MILLION_GB = 600.0, 8.0
# Near linear: ten times the buildings cost at most this many times as much.
GROWTH = 13.0


@click.command()
@click.option("--compounds", multiple=True, type=int, default=(2_000, 20_000), show_default=True)
@click.option("--crowded", is_flag=True, help="All on the ground of the demo county.")
def main(compounds: tuple[int, ...], *, crowded: bool) -> None:
    """Measure and print the table."""
    found = {count: _measured(count, crowded) for count in sorted(compounds)}
    rows: list[Row] = []
    for count, each in found.items():
        size = f"{count * 10:,} buildings"
        limit_s = FULL_S if count <= 2_000 else MILLION_S
        rows += [
            _row(f"all of it, {size}", each["full_s"], limit_s, "s"),
            _row(f"  memory of the process, {size}", each["gb"], MILLION_GB, "GB"),
            _row(f"after one facility changed, {size}", each["facility_ms"], CHANGE_MS, "ms"),
            _row(f"after one building changed, {size}", each["building_ms"], CHANGE_MS, "ms"),
            _row(f"  rows that differ from all recomputed, {size}", each["differing"], 0, ""),
        ]
    sizes = list(found)
    for small, large in itertools.pairwise(sizes):
        growth = found[large]["full_s"] / found[small]["full_s"] * 10 / (large / small)
        rows.append(_row(f"growth per ten times, to {large * 10:,}", growth, GROWTH, ""))
    show("Coverage of a county", rows)
    _plot({count * 10: each["full_s"] for count, each in found.items()})


def _plot(seconds: dict[int, float]) -> None:
    """Print seconds over buildings, both by powers of ten, beside what linear growth would be."""
    least = min(seconds)
    click.echo("\nSeconds over buildings, each column a tenth of a power of ten; | would be linear")
    for buildings, spent in seconds.items():
        at, linear = (
            round(10 * math.log10(max(each, 0.1)) + 10)
            for each in (spent, seconds[least] * buildings / least)
        )
        line = ["-"] * at + [" "] * (max(at, linear) + 1 - at)
        line[at], line[linear] = "*", "|" if linear != at else "*"
        click.echo(f"{buildings:>10,} {''.join(line)} {spent:,.1f} s")


def _row(what: str, figure: float, limit: float, unit: str) -> Row:
    return Row(
        what, f"{figure:,.2f} {unit}".rstrip(), f"<= {limit:g} {unit}".rstrip(), figure <= limit
    )


def _measured(count: int, is_crowded: bool) -> dict[str, float]:
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            # What loading takes is not what coverage takes.
            loader = get_context("spawn").Process(target=_load, args=(cluster.url, count))
            loader.start()
            loader.join()
            if not is_crowded and count > DEFAULT_COMPOUNDS:
                with db.connect(cluster.url) as conn:
                    _stretch(conn, math.sqrt(count / DEFAULT_COMPOUNDS))
            with db.connect(cluster.url) as conn:
                conn.autocommit = True
                conn.execute("VACUUM ANALYZE")
            with db.connect(cluster.url) as conn:
                return _rounds(conn)


def _load(url: str, count: int) -> None:
    with db.connect(url) as conn:
        demo.load(conn, compounds=count)


def _stretch(conn: Connection[Any], times: float) -> None:
    """Lay a county out on ground that is as many times as long and as wide.

    Its tables are the owner's: what watches over them is left out, for all move alike.
    """
    tables: dict[LiteralString, LiteralString] = {
        "grid_version": "", "building": "", "facility": "", "road_node": "",
        "road_edge": ", length_m = length_m * %(times)s, forward_m = forward_m * %(times)s,"
        " backward_m = backward_m * %(times)s",
    }  # fmt: skip
    for table, more in tables.items():
        conn.execute("ALTER TABLE " + table + " DISABLE TRIGGER USER")
        conn.execute(
            "UPDATE " + table + " SET geom = ST_Translate(ST_Scale(ST_Translate(geom,"
            " -%(lon)s::float8, -%(lat)s::float8), %(times)s::float8, %(times)s::float8),"
            " %(lon)s::float8, %(lat)s::float8)" + more,
            {"lon": CENTRE_LON, "lat": CENTRE_LAT, "times": times},
        )
        conn.execute("ALTER TABLE " + table + " ENABLE TRIGGER USER")


def _rounds(conn: Connection[Any]) -> dict[str, float]:
    day, rng = clock.today(), np.random.default_rng(1)
    start = time.perf_counter()
    figures.compute(conn, day)
    full_s = time.perf_counter() - start
    conn.commit()
    changes: dict[str, list[float]] = {"facility": [], "building": []}
    ids = {
        "facility": conn.execute(
            "SELECT facility_id FROM facility WHERE kind = 'clinic' ORDER BY 1"
        ).fetchall(),
        "building": conn.execute("SELECT building_id FROM building ORDER BY 1").fetchall(),
    }
    for _ in range(ROUNDS):
        for what, spent in changes.items():
            chosen = ids[what][int(rng.integers(len(ids[what])))][0]
            if what == "facility":
                conn.execute(
                    "UPDATE facility SET geom = ST_Translate(geom, 0.003, 0.002)"
                    " WHERE facility_id = %s",
                    [chosen],
                )
            else:
                conn.execute(
                    "UPDATE building SET households = households + 3 WHERE building_id = %s",
                    [chosen],
                )
            conn.commit()
            start = time.perf_counter()
            figures.ensure(conn, day)
            conn.commit()
            spent.append((time.perf_counter() - start) * 1000)
    refreshed = _read(conn)
    figures.compute(conn, day)
    differing = len(refreshed ^ _read(conn))
    conn.rollback()
    return {
        "full_s": full_s,
        "gb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6,
        "facility_ms": statistics.median(changes["facility"]),
        "building_ms": statistics.median(changes["building"]),
        "differing": float(differing),
    }


def _read(conn: Connection[Any]) -> set[tuple[Any, ...]]:
    return set(
        conn.execute(
            "SELECT grid_id, kind, households, estimated, reached, met, over_capacity, too_few,"
            " too_far, nobody, term_ended FROM coverage_grid"
        ).fetchall()
    )


if __name__ == "__main__":
    main()
