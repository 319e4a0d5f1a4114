"""One step of a plan, with its checks, and publishing it: in counties of two sizes.

What a step costs is to follow the neighbourhood, not the county, so both sizes are measured in one
run. Steps move a corner where two communities meet, somewhere else each time.

Run: .venv/bin/python -m scripts.bench.plans [--compounds 2000 100000]
"""

from __future__ import annotations

import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np
import shapely
from psycopg import Connection

from geodata import demo
from geodata.database import clock
from geodata.database import connecting as db
from geodata.errors import InvalidInputError
from geodata.installation.embedded import Cluster
from geodata.plans import advancing, checking, consequences, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE, Plan
from scripts.bench.table import Row, show

ROUNDS = 12
STEP_MS, PUBLISH_MS = 150.0, 500.0
# Equal but for noise: a county fifty times as large may cost this much more.
ALIKE = 1.5


@click.command()
@click.option("--compounds", multiple=True, type=int, default=(2_000, 100_000), show_default=True)
def main(compounds: tuple[int, ...]) -> None:
    """Measure and print the table."""
    found: dict[int, dict[str, float]] = {}
    for count in compounds:
        with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
            folder = Path(name)
            folder.chmod(0o711)
            with Cluster(folder, purpose="bench") as cluster:
                db.migrate(cluster.url)
                with db.connect(cluster.url) as conn:
                    demo.load(conn, compounds=count)
                with db.connect(cluster.url) as conn:
                    conn.autocommit = True
                    conn.execute("VACUUM ANALYZE")
                with db.connect(cluster.url) as conn:
                    found[count] = measure(conn)
    rows: list[Row] = []
    small = found[min(found)]
    for what, limit_ms in (
        ("a step, drawn and saved", None),
        ("its checks", None),
        ("a step with its checks", STEP_MS),
        ("its consequences", None),
        ("publishing it", PUBLISH_MS),
    ):
        for count, times in found.items():
            target = f"<= {limit_ms:.0f} ms" if limit_ms else ""
            met = times[what] <= limit_ms if limit_ms else None
            rows.append(Row(f"{what}, {count:,}", f"{times[what]:.0f} ms", target, met))
        if len(found) > 1:
            ratio = found[max(found)][what] / small[what]
            rows.append(
                Row("  largest / smallest county", f"{ratio:.2f}", f"<= {ALIKE}", ratio <= ALIKE)
            )
    show("A plan's step and its publication, median of rounds", rows)


def measure(conn: Connection[Any]) -> dict[str, float]:
    """Return the median of each part in milliseconds."""
    times: list[dict[str, float]] = []
    for corner in _corners(conn):
        plan = keeping.create(conn, COMMAND_LINE, "bench", "", clock.today())
        to = [corner[0] + 2e-5, corner[1] + 2e-5]
        begin = time.perf_counter()
        try:
            plan = _do(conn, plan, {"do": "move", "corner": list(corner), "to": to})
        except InvalidInputError:
            # A compound stands in the way.
            conn.rollback()
            continue
        drawn = time.perf_counter()
        checking.find(conn, plan)
        checked = time.perf_counter()
        consequences.find(conn, plan)
        known = time.perf_counter()
        plan = advancing.advance(conn, plan, COMMAND_LINE, "submit")
        plan = advancing.advance(conn, plan, COMMAND_LINE, "approve")
        conn.commit()
        approved = time.perf_counter()
        publishing.publish(conn, plan.plan_id, COMMAND_LINE, clock.today(), revision=None)
        conn.commit()
        published = time.perf_counter()
        times.append(
            {
                "a step, drawn and saved": drawn - begin,
                "its checks": checked - drawn,
                "a step with its checks": checked - begin,
                "its consequences": known - checked,
                "publishing it": published - approved,
            }
        )
        if len(times) == ROUNDS:
            break
    return {what: statistics.median(each[what] for each in times) * 1000 for what in times[0]}


def _do(conn: Connection[Any], plan: Plan, operation: dict[str, Any]) -> Plan:
    return drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None).plan


def _corners(conn: Connection[Any]) -> list[tuple[float, float]]:
    """Return corners at which communities of one town meet, in a fixed order."""
    rows = conn.execute(
        """
        SELECT ST_AsBinary(v.geom), ST_AsBinary(t.geom) FROM grid_version v
        JOIN grid_version t ON t.grid_id = v.parent_id AND t.valid @> current_date
        WHERE v.level = 'community' AND v.valid @> current_date
        ORDER BY md5(v.grid_id::text) LIMIT 60
        """
    ).fetchall()
    rng = np.random.default_rng(1)
    found: list[tuple[float, float]] = []
    for community, town in rows:
        corners = shapely.get_coordinates(shapely.from_wkb(community))[:-1]
        edge = shapely.boundary(shapely.from_wkb(town))
        inner = corners[shapely.distance(edge, shapely.points(corners)) > 1e-4]
        if len(inner):
            lon, lat = inner[int(rng.integers(len(inner)))]
            found.append((float(lon), float(lat)))
    return found


if __name__ == "__main__":
    main()
