"""Distances along roads: time and memory against the size of the network, and beside pgRouting.

Networks are streets in a grid with a third of the stretches missing, bent, uphill one way; 900
providers and 20,000 places stand along them, 1,000 m is the limit. The area grows with the network,
as a province does beside a county.

Run: .venv/bin/python -m scripts.bench.roads [--edges 10000 --edges 100000 --edges 1000000]
With --pgrouting the same pairs are asked of pgr_drivingDistance in a private cluster, which needs
the package postgresql-15-pgrouting.
"""

from __future__ import annotations

import multiprocessing
import resource
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

import click
import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.conninfo import make_conninfo

from geodata import frames
from geodata.database import connecting as db
from geodata.installation.embedded import Cluster
from geodata.roads import keeping, reaching
from geodata.roads.keeping import Facts
from geodata.roads.network import Network, find_parts, measure
from geodata.roads.snapping import Ground, Snapped
from scripts.bench.table import Row, show

PROVIDERS, PLACES, LIMIT_M, SNAP_M = 900, 20_000, 1_000.0, 300.0
BLOCK_M = 90.0
# Ten times the edges may take this many times the seconds.
NEAR_LINEAR = 15.0


@dataclass(frozen=True, slots=True)
class Figures:
    """Seconds of each step, pairs found, and megabytes at most."""

    edges: int
    graph_s: float
    snap_s: float
    nearest_s: float
    pairs_s: float
    pairs: int
    megabytes: float


@click.command()
@click.option("--edges", "sizes", multiple=True, default=(10_000, 100_000, 1_000_000), type=int)
@click.option("--pgrouting", is_flag=True, help="Measure pgRouting on the smallest networks, too.")
def main(sizes: tuple[int, ...], pgrouting: bool) -> None:
    """Measure and print the table."""
    rows: list[Row] = []
    before: Figures | None = None
    with multiprocessing.get_context("spawn").Pool(1, maxtasksperchild=1) as pool:
        for size in sizes:
            found: Figures = pool.apply(measured, (size,))
            rows += _rows(found, before)
            before = found
    if pgrouting:
        rows += _beside(min(sizes))
    show("Distances along roads: 900 providers, 20,000 places, within 1,000 m", rows)


def measured(size: int) -> Figures:
    """Measure one size of network; called in a process of its own, for its memory."""
    network, providers, places = made(size)
    begin = time.perf_counter()
    graph, ground = reaching.price(network, "m"), Ground(network)
    graphed = time.perf_counter()
    at, here = ground.snap(providers, SNAP_M), ground.snap(places, SNAP_M)
    snapped = time.perf_counter()
    reaching.find_nearest(graph, at, here, LIMIT_M)
    nearest = time.perf_counter()
    pairs = reaching.find_pairs(graph, at, here, LIMIT_M)
    done = time.perf_counter()
    return Figures(
        len(network.lines), graphed - begin, snapped - graphed, nearest - snapped, done - nearest,
        int(pairs.nnz), resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    )  # fmt: skip


def made(size: int) -> tuple[Network, NDArray[np.float64], NDArray[np.float64]]:
    """Return a network of about so many edges, providers and places (lon, lat) along it."""
    rng = np.random.default_rng(size)
    side = round(np.sqrt(size / (2 * 2 / 3)))
    step = BLOCK_M / 111_000
    col, row = np.meshgrid(np.arange(side), np.arange(side))
    nodes = np.column_stack([col.ravel(), row.ravel()]) * step
    nodes = frames.round_to_grid(nodes + rng.normal((116.0, 31.0), step / 8, nodes.shape))
    number = np.arange(side * side).reshape(side, side)
    source = np.concatenate([number[:, :-1].ravel(), number[:-1].ravel()])
    target = np.concatenate([number[:, 1:].ravel(), number[1:].ravel()])
    kept = rng.random(len(source)) < 2 / 3
    source, target = source[kept], target[kept]
    middle = (nodes[source] + nodes[target]) / 2 + rng.normal(0, step / 10, (len(source), 2))
    bent = np.stack([nodes[source], middle, nodes[target]], axis=1)
    lines = np.asarray(shapely.linestrings(bent), dtype=object)
    length_m = measure(lines)
    steep = rng.uniform(0.9, 1.5, (2, len(source)))
    up, down = steep * length_m
    network = Network(nodes, source, target, length_m, up, down, lines)
    near = nodes[rng.integers(0, len(nodes), PROVIDERS + PLACES)]
    near = near + rng.normal(0, step / 3, near.shape)
    return network, near[:PROVIDERS], near[PROVIDERS:]


def _rows(found: Figures, before: Figures | None) -> list[Row]:
    name = f"{found.edges:,} edges: "
    total_s = found.graph_s + found.snap_s + found.nearest_s + found.pairs_s
    rows = [
        Row(name + "graph", f"{found.graph_s:.2f} s"),
        Row(name + "20,900 places brought to it", f"{found.snap_s:.2f} s"),
        Row(name + "the nearest provider", f"{found.nearest_s:.2f} s"),
        Row(name + f"all {found.pairs:,} pairs", f"{found.pairs_s:.2f} s"),
        Row(name + "all of it, most memory", f"{total_s:.2f} s, {found.megabytes:,.0f} MB"),
    ]
    if before is not None:
        was_s = before.graph_s + before.snap_s + before.nearest_s + before.pairs_s
        times, more = total_s / was_s, found.edges / before.edges
        target = NEAR_LINEAR * more / 10
        rows.append(
            Row(
                name + f"times the seconds for {more:.1f} times the edges",
                f"{times:.1f}",
                f"<= {target:.0f}",
                met=times <= target,
            )
        )
    return rows


def _beside(size: int) -> list[Row]:
    """Ask pgRouting for the distances from the providers to all junctions in reach."""
    network, providers, _ = made(size)
    graph = reaching.price(network, "min")
    at = Ground(network).snap(providers, SNAP_M)
    starts = np.unique(graph.source[at.edge])
    with tempfile.TemporaryDirectory() as folder:
        home = Path(folder)
        home.chmod(0o711)
        with Cluster(home, purpose="bench") as cluster, db.connect(cluster.url) as conn:
            db.migrate(cluster.url)
            with psycopg.connect(make_conninfo(cluster.url, user="postgres")) as root:
                root.execute("CREATE EXTENSION pgrouting")
            number = keeping.add_source(
                conn, name="bench", file="", licence="", by_node=False, ways=0, heights="",
                digest="",
            )  # fmt: skip
            parts = find_parts(network)
            unknown = np.full(len(network.lines), np.nan)
            keeping.write(conn, network, Facts(
                np.full(len(unknown), number), np.zeros(len(unknown), dtype=np.int64), unknown,
                unknown, parts.of_edge, parts.is_island[parts.of_edge],
            ))  # fmt: skip
            conn.execute("ANALYZE road_edge")
            begin = time.perf_counter()
            found = conn.execute(
                """
                SELECT count(*), sum(agg_cost) FROM pgr_drivingDistance(
                    'SELECT edge_id AS id, target AS source, source AS target,
                            forward_m AS cost, backward_m AS reverse_cost FROM road_edge',
                    %s::bigint[], %s, true)
                """,
                [(starts + 1).tolist(), LIMIT_M],
            ).fetchone()
            theirs_s = time.perf_counter() - begin
            begin = time.perf_counter()
            loaded, _ = keeping.load(conn)
            load_s = time.perf_counter() - begin
    ours_s, count, total = _ours(loaded, network, starts)
    assert found is not None
    assert (count, round(total)) == (found[0], round(found[1])), (count, total, found)
    name = f"{len(network.lines):,} edges, from 900 junctions to all within 1,000 m: "
    return [
        Row(name + "pgRouting", f"{theirs_s:.2f} s"),
        Row(name + "scipy, the network in memory", f"{ours_s:.2f} s"),
        Row(name + "reading it from the database first", f"{load_s:.2f} s"),
        Row(name + "the same junctions and the same sum", f"{count:,}", met=True),
    ]


def _ours(loaded: Network, network: Network, starts: NDArray[np.int64]) -> tuple[float, int, float]:
    """Return the seconds for the same question, how many junctions are reached, and the sum."""
    graph = reaching.price(loaded, "min", walking_km_h=0.06)
    spots = network.nodes[starts]
    _, number = np.unique(np.vstack([loaded.nodes, spots]), axis=0, return_inverse=True)
    number = number.ravel()
    node_of = {spot: node for node, spot in enumerate(number[: len(loaded.nodes)].tolist())}
    nodes = np.array([node_of[spot] for spot in number[len(loaded.nodes) :].tolist()])
    at, here = _on(loaded, nodes), _on(loaded, np.arange(len(loaded.nodes)))
    begin = time.perf_counter()
    pairs = reaching.find_pairs(graph, at, here, LIMIT_M)
    return time.perf_counter() - begin, int(pairs.nnz), float(pairs.data.sum())


def _on(network: Network, nodes: NDArray[np.int64]) -> Snapped:
    """Return junctions as places brought to the network."""
    edge = np.zeros(len(network.nodes), dtype=np.int64)
    share = np.zeros(len(network.nodes))
    edge[network.target], share[network.target] = np.arange(len(network.target)), 1.0
    edge[network.source], share[network.source] = np.arange(len(network.source)), 0.0
    foot = frames.to_cartesian(network.nodes[nodes])
    return Snapped(edge[nodes], share[nodes], np.zeros(len(nodes)), foot)


if __name__ == "__main__":
    main()
