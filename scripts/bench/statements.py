"""Whether statements tire: what pages ask, the first times and the twentieth on one connection.

A prepared statement is planned without its values from its sixth run on. In a large county the plan
for a middle value can cost a hundred times what the value at hand needs.

Run: .venv/bin/python -m scripts.bench.statements
"""

from __future__ import annotations

import statistics
import tempfile
import time
import urllib.request
from collections.abc import Generator, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any, LiteralString, cast

import click
import psycopg
from flask import Flask
from psycopg import Connection
from psycopg.rows import TupleRow

from geodata import demo
from geodata.accounts import sessions
from geodata.database import connecting as db
from geodata.grids.tiles import Tile
from geodata.installation.embedded import Cluster
from scripts import serve
from scripts.bench.policies import tile_at_home
from scripts.bench.table import Row, show
from webmap import create_app
from webmap.core import acting
from webmap.core import db as pool
from webmap.coverage import explaining

RUNS = 25
# The median of the runs 18 to 22 beside that of the first three.
FIRST, LATE = slice(0, 3), slice(17, 22)
# Less than this is noise, whatever the ratio.
LEAST_MS = 2.0
SLOWER = 1.5
ASKS, PAGE_MS = 50, 150
# What geodata.database.connecting allows a statement.
TIMEOUT_MS = 15_000.0
READERS = ("visitor", "official", "leader")
# What a transaction sets before it asks.
SETTINGS = ("gridmap.session", "gridmap.box", "gridmap.username", "gridmap.attempts")

_execute = psycopg.Cursor[Any].execute


@dataclass(frozen=True)
class Statement:
    """What the application ran, as whom: role and settings of its transaction."""

    query: bytes
    values: Any
    options: Mapping[str, Any]
    role: str
    settings: list[str]
    path: str


@click.command()
@click.option("--compounds", default=20_000, show_default=True)
def main(compounds: int) -> None:
    """Load a county, measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as name:
        home = Path(name)
        home.chmod(0o711)
        with Cluster(home, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                demo.load(conn, compounds=compounds)
                demo.write_accounts(conn)
            with db.connect(cluster.url) as conn:
                conn.autocommit = True
                conn.execute("VACUUM ANALYZE")
            measure(cluster.url, compounds)


def measure(url: str, compounds: int) -> None:
    """Print the tables for a county that is there."""
    with db.connect(url) as conn:
        tokens = _sign_in(conn)
        paths = addresses(conn)
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": "statements" * 4, "POOL_SIZE": 1})
    statements = recorded(app, tokens, paths)
    tired: list[str] = []
    with app.app_context(), pool.statements() as conn:
        for statement in statements:
            found = _tired(conn, statement)
            if found:
                first, late = found
                text = " ".join(statement.query.decode().split())[:100]
                tired.append(f"{first:.1f} to {late:.1f} ms: {statement.path}: {text}")
    target = f"<= {SLOWER} times, or {LEAST_MS:.0f} ms more"
    rows = [
        Row("statements of pages, panels, tiles and the API", f"{len(statements)}"),
        Row("slower in runs 18 to 22 than in the first three", f"{len(tired)}", target, not tired),
    ]
    for path, figure in _over_http(url, paths, tokens["official"]):
        rows.append(Row(f"{path}, p50 of {ASKS}", f"{figure:.0f} ms", f"<= {PAGE_MS} ms",
                        figure <= PAGE_MS))  # fmt: skip
    show(f"Statements of a county of {compounds:,} compounds, on one connection", rows)
    for line in tired:
        print(line)


def addresses(conn: Connection[TupleRow]) -> dict[str, str]:
    """Return what is asked, by a name: of the county and of the leader's own ground."""
    row = conn.execute(
        """
        WITH RECURSIVE up AS (
            SELECT v.* FROM account a JOIN account_role r USING (account_id)
            JOIN grid_version v ON v.grid_id = r.grid_id AND v.valid @> current_date
            WHERE a.username = 'leader'
            UNION ALL
            SELECT v.* FROM up
            JOIN grid_version v ON v.grid_id = up.parent_id AND v.valid @> current_date)
        SELECT array_agg(grid_id ORDER BY level), (SELECT min(issue_id) FROM issue),
               (array_agg(ST_X(label_point) ORDER BY level DESC))[1],
               (array_agg(ST_Y(label_point) ORDER BY level DESC))[1],
               (SELECT min(facility_id) FROM facility) FROM up
        """
    ).fetchone()
    assert row is not None
    grids, issue, lon, lat, facility = row
    found = {
        "home panel": "/panel/home",
        "county panel": f"/panel/grid/{grids[0]}",
        "figures": "/figures",
    }
    paths = [
        *(f"/panel/home?mode={mode}" for mode in ("responsibility", "issues", "coverage")),
        *(f"/panel/home?mode=coverage&kind={kind}" for kind in ("clinic", "worst")),
        *(f"/panel/grid/{grid}?mode={mode}" for grid in grids[1:]
          for mode in ("territory", "responsibility")),
        *(f"/panel/grid/{grid}/issues?state=all" for grid in grids),
        # Of a county or a town it reads every building: slow each time, and not tired.
        *(f"/panel/grid/{grid}/why?kind=clinic" for grid in grids[2:]),
        *(f"/api/grids/{grid}{what}" for grid in grids for what in ("", "/shape")),
        *(f"/api/coverage/gaps?kind=clinic&grid={grid}" for grid in grids),
        *(f"/api/coverage/buildings?kind=clinic&grid={grid}" for grid in grids[1:]),
        *(f"/api/coverage?kind=clinic&level={level}" for level in ("town", "community")),
        *(f"/panel/ranked?kind=clinic&level={level}" for level in ("town", "compound")),
        *(f"/figures?grid={grid}" for grid in grids),
        f"/panel/here?lon={lon}&lat={lat}", f"/api/here?lon={lon}&lat={lat}",
        f"/panel/issue/{issue}", f"/panel/facility/{facility}",
        f"/api/coverage/facilities/{facility}/area",
        "/panel/search?q=村", "/api/search?q=wang", "/figures/export.csv",
        "/", "/account", "/rights", "/standards", "/standards/clinic", "/alerts", "/notifications",
        "/api/standards", "/api/changes/days", "/api/changes?versus=2020-01-01",
        "/panel/changes?versus=2020-01-01", "/panel/days", "/panel/plans", "/panel/scenarios",
        "/api/plans", "/api/scenarios",
    ]  # fmt: skip
    for name in ("grids", "members", "coverage", "issues"):
        paths.append(f"/tiles/{name}.json")
        for zoom in (8, 11, 14):
            tile: Tile = tile_at_home(conn, "leader", zoom)
            paths.append(f"/tiles/{name}/1/{zoom}/{tile.x}/{tile.y}.mvt")
    return {**found, **{path: path for path in paths}}


def recorded(app: Flask, tokens: Mapping[str, str], paths: Mapping[str, str]) -> list[Statement]:
    """Ask for every address as every reader; return each statement once for its role and text."""
    found: dict[tuple[str, bytes, str], Statement] = {}
    for reader in READERS:
        # What was computed for one is not asked for by the next.
        explaining.init_app(app)
        client = app.test_client()
        if reader in tokens:
            with client.session_transaction() as session:
                session[acting.TOKEN] = tokens[reader]
        for path in paths.values():
            with _recording(path) as statements:
                status = client.get(path).status_code
            if status >= 500:
                print(f"{reader} is answered {status} at {path}")
            for each in statements:
                # The parameters of the widest place come first, those of others have other plans.
                found.setdefault((each.role, each.query, path.split("?")[0]), each)
    return list(found.values())


@contextmanager
def _recording(path: str) -> Generator[list[Statement]]:
    statements: list[Statement] = []

    def execute(cursor: Any, query: Any, params: Any = None, **options: Any) -> Any:
        text = query if isinstance(query, str) else ""
        if text.lstrip().upper().startswith(("SELECT", "WITH")) and "set_config" not in text:
            row = _execute(
                psycopg.Cursor(cursor.connection),
                "SELECT current_user, ARRAY(SELECT coalesce(current_setting(name, true), '')"
                " FROM unnest(%s::text[]) name)",
                [list(SETTINGS)],
            ).fetchone()
            assert row is not None
            statements.append(Statement(text.encode(), params, options, row[0], row[1], path))
        return _execute(cursor, cast(LiteralString, query), params, **options)

    psycopg.Cursor.execute = execute  # type: ignore[method-assign]
    try:
        yield statements
    finally:
        psycopg.Cursor.execute = _execute  # type: ignore[method-assign]


def _tired(conn: Connection[Any], statement: Statement) -> tuple[float, float] | None:
    """Return the milliseconds first and late of a statement that is slower each of three times.

    Other work on the machine makes one a little slower once; three times as slow needs no second
    look.
    """
    first = late = 0.0
    for _ in range(3):
        times = _times(conn, statement)
        first, late = statistics.median(times[FIRST]), statistics.median(times[LATE])
        if late <= SLOWER * first or late - first <= LEAST_MS:
            return None
        if late > 2 * SLOWER * first:
            break
        # After a rollback psycopg forgets what it has prepared: the next look begins afresh.
        with conn.transaction(force_rollback=True):
            conn.execute("SELECT 1")
    return first, late


def _times(conn: Connection[Any], statement: Statement) -> list[float]:
    """Run a statement as the application did; return the milliseconds of each run."""
    times: list[float] = []
    for _ in range(RUNS):
        # One that is cut off by the application's own limit of time has taken that long. Committed,
        # as the application does.
        with suppress(psycopg.errors.QueryCanceled), conn.transaction():
            times.append(TIMEOUT_MS)
            conn.execute("SELECT set_config('role', %s, true)", [statement.role])
            for name, value in zip(SETTINGS, statement.settings, strict=True):
                conn.execute("SELECT set_config(%s, %s, true)", [name, value])
            start = time.perf_counter()
            conn.cursor().execute(statement.query, statement.values, **statement.options).fetchall()
            times[-1] = (time.perf_counter() - start) * 1000
    return times


def _over_http(url: str, paths: Mapping[str, str], token: str) -> Iterator[tuple[str, float]]:
    """Yield the median of many answers of the three first panels, in milliseconds.

    To an official for whom each is made, and to a visitor for whom it is kept.
    """
    # Its cookies are those of the server: both have the home's key.
    client = create_app({"DATABASE_URL": url}).test_client()
    with client.session_transaction() as session:
        session[acting.TOKEN] = token
    name = client.application.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie is not None
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(url, listener) as server:
        server.wait_until_ready()
        for reader, kept in (("official", f"{name}={cookie.value}"), ("visitor", "")):
            for path in ("home panel", "county panel", "figures"):
                request = urllib.request.Request(server.url.rstrip("/") + paths[path])
                if kept:
                    request.add_header("Cookie", kept)
                times: list[float] = []
                for _ in range(ASKS):
                    start = time.perf_counter()
                    with urllib.request.urlopen(request) as answer:
                        answer.read()
                    times.append((time.perf_counter() - start) * 1000)
                yield f"{path}, {reader}", statistics.median(times)


def _sign_in(conn: Connection[TupleRow]) -> dict[str, str]:
    rows = conn.execute(
        "SELECT username, account_id FROM account WHERE username = ANY(%s)", [list(READERS)]
    ).fetchall()
    return {
        username: sessions.open_session(conn, account_id, device="", device_token=None)[0]
        for username, account_id in rows
    }


if __name__ == "__main__":
    main()
