"""What row-level security costs: tiles of 200,000 issues for every scope, beside the owner's.

Each scope is compared in one run with the tables' owner, who is subject to no policy. A scope that
reads the whole table at a close zoom has lost its index.

Run: .venv/bin/python -m scripts.bench.policies
"""

from __future__ import annotations

import tempfile
import time
from datetime import date, datetime
from pathlib import Path

import psycopg
from psycopg import Connection
from psycopg.rows import TupleRow

import layers
from geodata import demo
from geodata.accounts import sessions
from geodata.accounts.acting import act, look_at
from geodata.database import connecting as db
from geodata.grids.tiles import HALF_WORLD_M, Tile, render
from geodata.installation.embedded import Cluster
from scripts.bench.table import Row, show

ISSUES = 200_000
ROUNDS = 7
# In the middle of the town official's town and of the leader's compound: close up, and from afar.
PLACES = ("town", "leader")
ZOOMS = (14, 11)
READERS = ("official", "town", "leader", "unit", "")
# What the policies may add: to the time of the owner's tile, and to a tile that shows nothing.
SLOWER, AT_LEAST_MS = 1.5, 10.0


def main() -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        folder = Path(name)
        folder.chmod(0o711)
        with Cluster(folder, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                tokens = fill(conn)
                tiles = {
                    f"z{zoom} at the {place}'s": tile_at_home(conn, place, zoom)
                    for place in PLACES
                    for zoom in ZOOMS
                }
            rows = measure(cluster, tokens, tiles)
    show(f"Tiles of {ISSUES:,} issues under row-level security", rows)


def fill(conn: Connection[TupleRow]) -> dict[str, str]:
    """Load the demo county with many issues more; return a session for each of its accounts."""
    demo.load(conn)
    conn.execute(
        """
        INSERT INTO issue (source, category_id, title, geom, reported_at, state, due_at)
        SELECT 'bench', (SELECT min(category_id) FROM issue_category WHERE parent_id IS NOT NULL),
               'x', ST_SetSRID(ST_MakePoint(115.9 + random() * 0.8, 31.1 + random() * 0.5), 4326),
               now() - random() * interval '300 days', 'filed',
               now() + (random() - 0.3) * interval '30 days'
        FROM generate_series(1, %s)
        """,
        [ISSUES],
    )
    demo.write_accounts(conn)
    db.analyze(conn)
    rows = conn.execute("SELECT username, account_id FROM account").fetchall()
    return {
        username: sessions.open_session(conn, account_id, device="", device_token=None)[0]
        for username, account_id in rows
    }


def tile_at_home(conn: Connection[TupleRow], username: str, zoom: int) -> Tile:
    """Return the tile of a zoom in which the middle of an account's territory lies."""
    row = conn.execute(
        """
        SELECT ST_X(label), ST_Y(label) FROM (
            SELECT ST_Transform(v.label_point, 3857) AS label
            FROM account a JOIN account_role r USING (account_id)
            JOIN grid_version v ON v.grid_id = r.grid_id AND v.valid @> current_date
            WHERE a.username = %s) l
        """,
        [username],
    ).fetchone()
    assert row
    x, y = row
    side = 2 * HALF_WORLD_M / (1 << zoom)
    return Tile(zoom, int((x + HALF_WORLD_M) / side), int((HALF_WORLD_M - y) / side))


def measure(cluster: Cluster, tokens: dict[str, str], tiles: dict[str, Tile]) -> list[Row]:
    """Return the rows: for each tile the owner, then every scope with its target."""
    rows: list[Row] = []
    with (
        db.connect(cluster.url) as owner,
        psycopg.connect(db.app_url(cluster.app_url, timezone="Asia/Shanghai")) as app,
    ):
        for name, tile in tiles.items():
            size, plain_ms = _best(owner, tile)
            rows.append(Row(f"{name}, owner", f"{plain_ms:.1f} ms, {size} bytes"))
            limit_ms = max(plain_ms * SLOWER, AT_LEAST_MS)
            for username in READERS:
                with app.transaction():
                    token = tokens.get(username)
                    act(app, sessions.digest(token) if token else None, "")
                    look_at(app, tile.bounds(0.25))
                    size, taken_ms = _best(app, tile)
                rows.append(
                    Row(
                        f"{name}, {username or 'visitor'}",
                        f"{taken_ms:.1f} ms, {size} bytes",
                        f"<= {limit_ms:.1f} ms",
                        met=taken_ms <= limit_ms,
                    )
                )
    return rows


def _best(conn: Connection[TupleRow], tile: Tile) -> tuple[int, float]:
    """Return a tile's bytes and the shortest time of several rounds."""
    layer = layers.BY_NAME["issues"]
    values, _ = layer.read({}, date.today(), datetime.now().astimezone())  # noqa: DTZ011
    size, times = 0, list[float]()
    for _ in range(ROUNDS):
        start = time.perf_counter()
        body, _ = render(conn, layer.source, tile, {**values, "on": date.today()})  # noqa: DTZ011
        times.append((time.perf_counter() - start) * 1000)
        size = len(body)
    return size, min(times)


if __name__ == "__main__":
    main()
