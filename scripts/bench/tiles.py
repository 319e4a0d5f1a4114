"""Tiles: uncached z14 tiles a second over HTTP beside pgbench running the same prepared statement,
and the largest tile of every zoom.

Run: .venv/bin/python -m scripts.bench.tiles [--seconds 10] [--tipg]
Needs wrk; pgbench comes with PostgreSQL. tipg, martin and pg_tileserv are measured where they are
installed (tipg: pip install tipg uvicorn, into an environment named by TIPG_PYTHON).
"""

from __future__ import annotations

import gzip
import os
import random
import re
import shutil
import socket
import statistics
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from datetime import date
from pathlib import Path
from typing import Any

import click
from psycopg import Connection

import layers
from geodata import demo
from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures import reading
from geodata.database import connecting as db
from geodata.grids import reading as grids
from geodata.grids.tiles import Tile, render
from geodata.installation.embedded import Cluster
from layers.layer import MAX_ZOOM
from scripts import serve
from scripts.bench.table import Row, show

ZOOM = 14
CLIENTS = 8
PARAMETERS = (
    "west_m", "south_m", "east_m", "north_m", "side_m", "west", "south", "east", "north",
)  # fmt: skip
# The demo county's day, so that the statement has the same parameters everywhere.
ON = date.today()  # noqa: DTZ011


@click.command()
@click.option("--seconds", default=10, show_default=True, help="Length of each load.")
@click.option("--compounds", default=2000, show_default=True)
@click.option("--skip-sizes", is_flag=True, help="Leave out the largest tile of each zoom.")
def main(seconds: int, compounds: int, skip_sizes: bool) -> None:
    """Measure and print the table."""
    with tempfile.TemporaryDirectory(prefix="gridmap-bench-") as folder:
        home = Path(folder)
        home.chmod(0o711)
        with Cluster(home, purpose="bench") as cluster:
            db.migrate(cluster.url)
            with db.connect(cluster.url) as conn:
                demo.load(conn, compounds=compounds)
            with db.connect(cluster.url) as conn:
                conn.autocommit = True
                conn.execute("VACUUM ANALYZE")
                tiles = covering(conn, ZOOM)
                rows = throughput(cluster.url, conn, tiles, home, seconds)
                if not skip_sizes:
                    rows += sizes(conn)
            show(f"Tiles ({len(tiles)} tiles at z{ZOOM}, {CLIENTS} connections)", rows)


def covering(conn: Connection[Any], z: int) -> list[Tile]:
    """List the tiles of a zoom in which the county has anything to show."""
    county = grids.find_county(conn, ON)
    assert county is not None
    box = county.bounds
    found: list[Tile] = []
    for x, y in _range(z, box.west, box.south, box.east, box.north):
        tile = Tile(z, x, y)
        west, south, east, north = tile.bounds()
        row = conn.execute(
            "SELECT EXISTS (SELECT FROM grid_version v WHERE v.level = 'county'"
            " AND ST_Intersects(v.geom, ST_MakeEnvelope(%s, %s, %s, %s, 4326)))",
            (west, south, east, north),
        ).fetchone()
        if row and row[0]:
            found.append(tile)
    return found


def _range(
    z: int, west: float, south: float, east: float, north: float
) -> Iterator[tuple[int, int]]:
    columns = [x for x in range(1 << z) if _overlaps(Tile(z, x, 0).bounds()[::2], (west, east))]
    rows = [y for y in range(1 << z) if _overlaps(Tile(z, 0, y).bounds()[1::2], (south, north))]
    for x in columns:
        for y in rows:
            yield x, y


def _overlaps(one: Any, other: tuple[float, float]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def throughput(
    url: str, conn: Connection[Any], tiles: list[Tile], folder: Path, seconds: int
) -> list[Row]:
    """Load the same tiles through pgbench and through HTTP, alternating, and compare medians."""
    sample = random.Random(1).sample(tiles, min(100, len(tiles)))
    script = _pgbench_script(sample, folder)
    ours: list[float] = []
    limit: list[float] = []
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(url, listener) as server:
        server.wait_until_ready()
        template = _template(server.url)
        for _ in range(3):
            limit.append(_pgbench(url, script, seconds))
            ours.append(_wrk(server.url, template, sample, folder, seconds))
    peak, got = statistics.median(limit), statistics.median(ours)
    ratio = got / peak
    rows = [
        Row("pgbench, same prepared statement", f"{peak:,.0f} tiles/s"),
        Row("GridMap over HTTP, uncached", f"{got:,.0f} tiles/s"),
        Row("GridMap / pgbench", f"{ratio:.2f}", ">= 0.45", ratio >= 0.45),
    ]
    for name, other in _peers(url, sample, folder, seconds):
        rows.append(Row(f"{name} / pgbench", f"{other / peak:.2f} ({other:,.0f} tiles/s)"))
    absent = [name for name in ("martin", "pg_tileserv") if not shutil.which(name)]
    if not os.environ.get("TIPG_PYTHON"):
        absent.append("tipg")
    rows += [Row(name, "not installed") for name in absent]
    return rows


def _pgbench_script(tiles: list[Tile], folder: Path) -> Path:
    """Write a script that draws one of the tiles and runs the product's own statement for it."""
    source = layers.BY_NAME["grids"].source
    statement = re.sub(r"%\((\w+)\)s", r":\1", source.query(ZOOM))
    columns: dict[str, list[float]] = {name: [] for name in PARAMETERS}
    for tile in tiles:
        west_m, south_m, east_m, north_m = tile.envelope()
        values = (west_m, south_m, east_m, north_m, east_m - west_m, *tile.bounds(source.margin))
        for name, value in zip(PARAMETERS, values, strict=True):
            columns[name].append(value)
    lines = [f"\\set i random(0, {len(tiles) - 1})"]
    for name, values in columns.items():
        cases = " ".join(f"WHEN :i = {i} THEN {value!r}" for i, value in enumerate(values))
        lines.append(f"\\set {name} CASE {cases} END")
    path = folder / "tile.sql"
    path.write_text("\n".join([*lines, f"{' '.join(statement.split())};", ""]))
    return path


def _pgbench(url: str, script: Path, seconds: int) -> float:
    command = [_pgbench_program(), "-n", "-M", "prepared", "-c", str(CLIENTS), "-j", "1"]
    command += ["-T", str(seconds), "-D", f"on={ON}", "-D", "subjects={grids}", "-f", str(script)]
    done = subprocess.run([*command, url], capture_output=True, text=True, check=False)
    found = re.search(r"tps = ([\d.]+) \(without initial", done.stdout)
    if done.returncode or not found:
        raise click.ClickException(f"pgbench failed:\n{done.stderr[-2000:]}")
    return float(found[1])


def _pgbench_program() -> str:
    found = shutil.which("pgbench") or next(
        (str(p) for p in sorted(Path("/usr/lib/postgresql").glob("*/bin/pgbench"), reverse=True)),
        "",
    )
    if not found:
        raise click.ClickException("pgbench is missing; it comes with the postgresql package.")
    return found


def _template(base: str) -> str:
    import json

    with urllib.request.urlopen(f"{base}tiles/grids.json") as answer:
        present = json.load(answer)["tiles"][0]
    # Under a revision that is past a tile is made again each time: nobody keeps it.
    return re.sub(r"/grids/\d+/", "/grids/0/", present)


def _wrk(base: str, template: str, tiles: list[Tile], folder: Path, seconds: int) -> float:
    if not shutil.which("wrk"):
        raise click.ClickException("wrk is missing: apt-get install wrk")
    addresses = [template.format(z=t.z, x=t.x, y=t.y).replace(base.rstrip("/"), "") for t in tiles]
    lua = folder / "tiles.lua"
    listed = ",".join(f'"{address}"' for address in addresses)
    lua.write_text(
        f"local paths = {{{listed}}}\n"
        "math.randomseed(7)\n"
        "request = function() return wrk.format('GET', paths[math.random(#paths)]) end\n"
    )
    done = subprocess.run(
        ["wrk", "-t1", f"-c{CLIENTS}", f"-d{seconds}s", "-s", str(lua), base],
        capture_output=True, text=True, check=True,
    )  # fmt: skip
    if "Non-2xx" in done.stdout:
        raise click.ClickException(f"Some answers were not tiles:\n{done.stdout}")
    found = re.search(r"Requests/sec:\s+([\d.]+)", done.stdout)
    assert found, done.stdout
    return float(found[1])


def _peers(url: str, tiles: list[Tile], folder: Path, seconds: int) -> Iterator[tuple[str, float]]:
    python = os.environ.get("TIPG_PYTHON")
    if python:
        port = _free_port()
        command = [python, "-m", "uvicorn", "tipg.main:app", "--port", str(port)]
        command += ["--workers", "2", "--log-level", "error"]
        # asyncpg wants the socket's folder as the host; libpq reads it so too.
        user, _, database, sockets = re.split(r"@|/|\?host=", url[13:], maxsplit=3)
        address = f"postgresql://{user}@{sockets.replace('/', '%2F')}/{database}"
        environment = {"DATABASE_URL": address, "TIPG_DB_SPATIAL_EXTENT": "false"}
        base = f"http://127.0.0.1:{port}/"
        path = "collections/public.grid_version/tiles/WebMercatorQuad/{z}/{x}/{y}"
        with _running(command, environment, f"{base}healthz"):
            yield "tipg", _wrk(base, base + path, tiles, folder, seconds)
    if program := shutil.which("martin"):
        port = _free_port()
        base = f"http://127.0.0.1:{port}/"
        with _running(
            [program, "--listen-addresses", f"127.0.0.1:{port}", url], {}, f"{base}health"
        ):
            yield "martin", _wrk(base, base + "grid_version/{z}/{x}/{y}", tiles, folder, seconds)
    if program := shutil.which("pg_tileserv"):
        port = _free_port()
        base = f"http://127.0.0.1:{port}/"
        environment = {"DATABASE_URL": url, "TS_HTTPPORT": str(port)}
        with _running([program], environment, f"{base}health"):
            path = "public.grid_version/{z}/{x}/{y}.pbf"
            yield "pg_tileserv", _wrk(base, base + path, tiles, folder, seconds)


@contextmanager
def _running(command: list[str], environment: dict[str, str], ready: str) -> Generator[None]:
    process = subprocess.Popen(command, env={**os.environ, **environment})
    try:
        for _ in range(300):
            try:
                urllib.request.urlopen(ready, timeout=2).close()
                break
            except OSError:
                time.sleep(0.1)
        else:
            raise click.ClickException(f"{command[0]} does not answer at {ready}")
        yield
    finally:
        process.terminate()
        process.wait(20)


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def sizes(conn: Connection[Any]) -> list[Row]:
    """Find the largest and the slowest tile of every layer over all zooms."""
    figures.ensure(conn, ON)
    values = {
        "on": ON, "kind": reading.DEFAULT_KIND, "at": f"{ON}T23:59:59Z", "past": False,
        "state": "open", "category": "", "age": 36500, "closed": 30,
    }  # fmt: skip
    rows: list[Row] = []
    for layer in layers.LAYERS:
        largest, slowest = (0, ""), (0.0, "")
        for z in range(6, MAX_ZOOM + 1):
            tiles = covering(conn, min(z, ZOOM))
            if z > ZOOM:
                # Deeper tiles hold a part of these: those under the heaviest are tried.
                heavy = max(tiles, key=lambda t: len(render(conn, layer.source, t, values)[0]))
                step = z - ZOOM
                tiles = [
                    Tile(z, (heavy.x << step) + i, (heavy.y << step) + j)
                    for i in range(1 << step)
                    for j in range(1 << step)
                ]
            for tile in tiles:
                begin = time.perf_counter()
                body, _ = render(conn, layer.source, tile, values)
                took_ms = (time.perf_counter() - begin) * 1000
                name = f"{tile.z}/{tile.x}/{tile.y}"
                largest = max(largest, (len(gzip.compress(body, 6)), name))
                if took_ms > slowest[0]:
                    # Again, so that a cold cache or a first plan is not counted as the tile's.
                    begin = time.perf_counter()
                    render(conn, layer.source, tile, values)
                    slowest = max(slowest, ((time.perf_counter() - begin) * 1000, name))
        rows.append(
            Row(
                f"{layer.name}: largest tile, compressed ({largest[1]})",
                f"{largest[0] / 1000:.1f} KB",
                "<= 150 KB",
                largest[0] <= 150_000,
            )
        )
        rows.append(
            Row(
                f"{layer.name}: slowest tile in the database ({slowest[1]})",
                f"{slowest[0]:.1f} ms",
                "<= 60 ms",
                slowest[0] <= 60,
            )
        )
    return rows


if __name__ == "__main__":
    main()
