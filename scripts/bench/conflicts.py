"""Many clients that publish plans about the same few grids at the same time.

Each round every client draws a plan of its own on what is published then, and all publish at once:
in a county of eight compounds nearly all of them conflict. Afterwards the ground is looked at by
other means than the product's: shapes read back and compared pair by pair.

Run: .venv/bin/python -m scripts.bench.conflicts [--clients 20] [--rounds 50]
"""

from __future__ import annotations

import tempfile
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from itertools import combinations
from pathlib import Path
from typing import Any

import click
import numpy as np
import psycopg
import shapely
from psycopg import Connection

from geodata.database import clock
from geodata.database import connecting as db
from geodata.errors import GridMapError
from geodata.installation.embedded import Cluster
from geodata.plans import advancing, checking, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE
from scripts.bench.table import Row, show
from tests.county import County, build


@dataclass
class Found:
    """What came of it: how plans ended, and what is wrong with the ground."""

    ended: Counter[str] = field(default_factory=Counter[str])
    overlaps: int = 0
    gaps: int = 0
    lost: int = 0
    crashed: list[str] = field(default_factory=list[str])


@click.command()
@click.option("--clients", default=20, show_default=True)
@click.option("--rounds", default=50, show_default=True)
def main(clients: int, rounds: int) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                county = build(conn)
            found = compete(cluster.url, county, clients, rounds)
            past = _written_past(cluster.url, county)
    published = found.ended["published"]
    refused = {why: n for why, n in found.ended.most_common() if why != "published"}
    reasons = ", ".join(f"{why} {n:,}" for why, n in refused.items())
    rows = [
        Row("plans that wanted to be published", f"{clients * rounds:,}"),
        Row("published", f"{published:,}", "> 0", published > 0),
        Row("refused", f"{sum(refused.values()):,} ({reasons})"),
        Row("other failures", str(len(found.crashed)), "0", not found.crashed),
        Row("overlaps", str(found.overlaps), "0", not found.overlaps),
        Row("gaps opened", str(found.gaps), "0", not found.gaps),
        Row("lost updates", str(found.lost), "0", not found.lost),
        Row("an overlap written past the application", past, "refused", past == "refused"),
    ]  # fmt: skip
    show(f"{clients} clients publish plans that conflict, {rounds} rounds", rows)
    for line in found.crashed[:5]:
        click.echo(f"\n{line}")


def compete(url: str, county: County, clients: int, rounds: int) -> Found:
    """Let clients publish against each other, and look at the ground after each round."""
    found = Found()
    with db.connect(url) as watcher, ThreadPoolExecutor(clients) as crowd:
        conns = [db.connect(url) for _ in range(clients)]
        try:
            for number in range(rounds):
                barrier = threading.Barrier(clients)
                jobs = [
                    crowd.submit(_client, conn, county, number * clients + at, barrier)
                    for at, conn in enumerate(conns)
                ]
                for job in jobs:
                    ended, crash = job.result()
                    found.ended[ended] += 1
                    if crash:
                        found.crashed.append(crash)
                _look(watcher, found)
                watcher.rollback()
        finally:
            for conn in conns:
                conn.close()
    return found


def _client(
    conn: Connection[Any], county: County, number: int, barrier: threading.Barrier
) -> tuple[str, str]:
    """Draw a plan, wait for the others, publish; return how it ended."""
    rng = np.random.default_rng(number)
    try:
        plan_id = _draw(conn, county, rng, number)
    except GridMapError:
        conn.rollback()
        plan_id = None
    except psycopg.Error as error:
        conn.rollback()
        barrier.wait()
        return "crashed", repr(error)
    barrier.wait()
    if plan_id is None:
        return "not drawn", ""
    try:
        publishing.publish(conn, plan_id, COMMAND_LINE, clock.today(), revision=None)
        conn.commit()
    except GridMapError as error:
        conn.rollback()
        return error.code, ""
    except psycopg.Error as error:
        conn.rollback()
        return "crashed", repr(error)
    return "published", ""


def _draw(conn: Connection[Any], county: County, rng: np.random.Generator, number: int) -> int:
    plan = keeping.create(conn, COMMAND_LINE, f"plan {number}", "", clock.today())
    for _ in range(3):
        operation = _operation(conn, county, rng, number)
        try:
            with conn.transaction():
                plan = drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None).plan
        except GridMapError:
            continue
    for fault in checking.find(conn, plan):
        if fault.is_blocking and fault.can_be_accepted:
            checking.accept(conn, plan, COMMAND_LINE, fault.key, "bench")
    plan = advancing.advance(conn, keeping.get(conn, plan.plan_id), COMMAND_LINE, "submit")
    plan = advancing.advance(conn, plan, COMMAND_LINE, "approve")
    conn.commit()
    return plan.plan_id


def _operation(
    conn: Connection[Any], county: County, rng: np.random.Generator, number: int
) -> dict[str, Any]:
    rows = conn.execute(
        "SELECT grid_id, level::text, ST_AsBinary(geom) FROM grid_version"
        " WHERE level IN ('community', 'compound') AND valid @> %s::date ORDER BY grid_id",
        [clock.today()],
    ).fetchall()
    grid_id, level, wkb = rows[int(rng.integers(len(rows)))]
    shape = shapely.from_wkb(wkb)
    corners = shapely.get_coordinates(shape)
    corner = corners[int(rng.integers(len(corners)))]
    match int(rng.integers(4)):
        case 0:
            to = corner + rng.normal(0, 3e-4, 2)
            return {"do": "move", "corner": corner.tolist(), "to": to.tolist()}
        case 1 if level == "compound":
            x = float(shape.centroid.x)
            line = [[x, shape.bounds[1] - 1], [x + 1e-4, shape.bounds[3] + 1]]
            return {"do": "split", "grid": grid_id, "line": line}
        case 2 if level == "compound":
            parent = county.communities[int(rng.integers(4))]
            return {"do": "hand_over", "grid": grid_id, "parent": parent}
        case _:
            return {"do": "count", "grid": grid_id, "households": number}


def _look(conn: Connection[Any], found: Found) -> None:
    """Compare shapes pair by pair, fill parents with their children, follow every chain."""
    rows = conn.execute(
        "SELECT level::text, parent_id, grid_id, ST_AsBinary(geom) FROM grid_version"
        " WHERE valid @> %s::date",
        [clock.today()],
    ).fetchall()
    shapes = {row[2]: shapely.from_wkb(row[3]) for row in rows}
    for level in ("town", "community", "compound"):
        ids = [row[2] for row in rows if row[0] == level]
        for one, other in combinations(ids, 2):
            if shapes[one].intersection(shapes[other]).area > 0:
                found.overlaps += 1
    for level, above in (("town", "county"), ("community", "town")):
        for parent in [row[2] for row in rows if row[0] == above]:
            children = [shapes[row[2]] for row in rows if row[0] == level and row[1] == parent]
            rest = shapes[parent].difference(shapely.union_all(children))
            found.gaps += not rest.is_empty
    # All who published a grid had drawn on what was published just before, and on nothing older.
    chains: dict[int, int | None] = {}
    for grid_id, drawn_on, after in conn.execute(
        "SELECT p.grid_id, b.version_id, p.after_id FROM plan_publication p"
        " JOIN plan_event e ON e.plan_id = p.plan_id AND e.action = 'published'"
        " LEFT JOIN plan_base b ON b.plan_id = p.plan_id AND b.grid_id = p.draft_id"
        " ORDER BY e.event_id"
    ).fetchall():
        if grid_id in chains and chains[grid_id] != drawn_on:
            found.lost += 1
        chains[grid_id] = after


def _written_past(url: str, county: County) -> str:
    """Try to write an overlap with plain SQL, as the owner of the tables."""
    with db.connect(url) as conn:
        try:
            conn.execute(
                """
                WITH g AS (INSERT INTO grid (level) VALUES ('community') RETURNING grid_id)
                INSERT INTO grid_version
                    (grid_id, level, valid, name, code, parent_id, geom, label_point)
                SELECT g.grid_id, 'community', '[2020-01-01,)', 'x', 'x', %s,
                       ST_Multi(ST_MakeEnvelope(116.31, 31.41, 116.33, 31.43, 4326)),
                       ST_SetSRID(ST_MakePoint(116.32, 31.42), 4326) FROM g
                """,
                [county.towns[0]],
            )
            conn.commit()
        except psycopg.errors.ExclusionViolation:
            conn.rollback()
            return "refused"
    return "written"


if __name__ == "__main__":
    main()
