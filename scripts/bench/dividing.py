"""Dividing a grid by households: how even, how fast, in how many pieces, beside two other ways.

The others give each building a part and nothing more: k-means (scipy's kmeans2, each building as
often as it has households), and straight cuts at the median of the longer side of the buildings'
box, again and again. Their pieces are counted on the same cells.

Run: .venv/bin/python -m scripts.bench.dividing [--towns 3]
"""

from __future__ import annotations

import time
import warnings
from dataclasses import dataclass

import click
import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.cluster.vq import kmeans2
from scipy.sparse.csgraph import connected_components
from scipy.spatial import cKDTree
from shapely.geometry import Polygon

from geodata.frames import round_to_grid
from geodata.partition.cells import Cells, Floats, Plane, cells
from geodata.partition.dividing import divide
from geodata.partition.noding import Polygons
from scripts.bench.table import Row, show

SIZES = (300, 3_000, 20_000)
PARTS = range(2, 13)
SIX = 6
EVEN, SECONDS = 1.05, 0.5
# The reference for the time: some hundreds to thousands of buildings.
TIMED = 3_000


@dataclass(frozen=True, slots=True)
class Found:
    """One division: the heaviest part against the mean, the pieces of all parts, the seconds."""

    heaviest: float
    pieces: int
    seconds: float = 0.0


@click.command()
@click.option("--towns", default=3, show_default=True)
def main(towns: int) -> None:
    """Measure and print the table."""
    rows: list[Row] = []
    for size in SIZES:
        found = {parts: list[Found]() for parts in PARTS}
        means: list[Found] = []
        lines: list[Found] = []
        for seed in range(towns):
            shape, points, weights = settlement(size, seed)
            for parts in PARTS:
                found[parts].append(_measured(shape, points, weights, parts))
            means.append(_beside(shape, points, weights, by_means(points, weights, seed)))
            lines.append(_beside(shape, points, weights, by_lines(points, weights, SIX)))
        rows += _rows(size, found, means, lines)
    show("Dividing a grid by households; in brackets k-means, straight cuts", rows)


def _rows(
    size: int, found: dict[int, list[Found]], means: list[Found], lines: list[Found]
) -> list[Row]:
    six = found[SIX]
    even, beside = max(each.heaviest for each in six), f"{size:,} buildings, {SIX} parts: "
    pieces = max(each.pieces for each in six)
    worst = max(each.heaviest for each in _all(found))
    stray = max(each.pieces - parts for parts, some in found.items() for each in some)
    seconds = float(np.median([each.seconds for each in six]))
    others = [max(each.heaviest for each in way) for way in (means, lines)]
    other_pieces = [max(each.pieces for each in way) for way in (means, lines)]
    is_timed = size <= TIMED
    return [
        Row(
            beside + "the heaviest against the mean",
            f"{even:.3f} ({others[0]:.2f}, {others[1]:.3f})",
            f"<= {EVEN}",
            met=even <= EVEN,
        ),
        Row(
            beside + "pieces",
            f"{pieces} ({other_pieces[0]}, {other_pieces[1]})",
            f"{SIX}",
            met=pieces == SIX,
        ),
        Row(
            beside + "time",
            f"{seconds:.2f} s",
            f"<= {SECONDS} s" if is_timed else "",
            met=seconds <= SECONDS if is_timed else None,
        ),
        Row(
            f"{size:,} buildings, 2 to 12 parts: the heaviest against the mean, at worst",
            f"{worst:.3f}",
        ),
        Row(
            f"{size:,} buildings, 2 to 12 parts: pieces beyond one for each part",
            str(stray),
            "0",
            met=stray == 0,
        ),
        Row(
            f"{size:,} buildings, 12 parts: time",
            f"{np.median([each.seconds for each in found[12]]):.2f} s",
        ),
    ]


def _all(found: dict[int, list[Found]]) -> list[Found]:
    return [each for some in found.values() for each in some]


def settlement(size: int, seed: int) -> tuple[Polygon, Floats, Floats]:
    """Return a town with a dented border, its buildings, four in five of them in hamlets.

    Half the buildings are houses of one or two households, one in seven is a block of 24 or 48.
    """
    rng = np.random.default_rng(seed)
    angles = np.linspace(0, 2 * np.pi, 90, endpoint=False)
    dents = 1 + 0.3 * np.sin(3 * angles + rng.uniform(0, 6)) + 0.06 * rng.normal(size=90)
    reach = 0.03 * dents
    ring = np.column_stack((116.3 + reach * np.cos(angles), 31.4 + reach * np.sin(angles)))
    shape = Polygon(round_to_grid(ring))
    hamlets = rng.uniform((116.27, 31.37), (116.33, 31.43), (max(5, size // 150), 2))
    many = 4 * size
    near = hamlets[rng.integers(0, len(hamlets), many)] + rng.normal(0, 0.002, (many, 2))
    lone = rng.uniform((116.26, 31.36), (116.34, 31.44), (many, 2))
    points = np.where(rng.random((many, 1)) < 0.8, near, lone)
    points = points[shapely.contains_xy(shape, points)][:size]
    weights = rng.choice([1.0, 2.0, 4.0, 24.0, 48.0], len(points), p=[0.4, 0.25, 0.2, 0.1, 0.05])
    return shape, points, weights


def _measured(shape: Polygon, points: Floats, weights: Floats, parts: int) -> Found:
    begin = time.perf_counter()
    divided: Polygons = np.asarray(divide(shape, points, weights, parts), dtype=object)
    seconds = time.perf_counter() - begin
    at, part = shapely.STRtree(divided).query(_places(points), predicate="intersects")
    at, first = np.unique(at, return_index=True)
    sums = np.bincount(part[first], weights[at], minlength=parts)
    pieces = int(shapely.get_num_geometries(divided).sum())
    return Found(float(sums.max() / sums.mean()), pieces, seconds)


def _beside(shape: Polygon, points: Floats, weights: Floats, labels: NDArray[np.intp]) -> Found:
    """Return how even parts of buildings are, and in how many pieces their cells lie."""
    plane = Plane.around(shape)
    flat: Polygon = shapely.transform(shape, plane.flat)
    ground: Cells = cells(flat, plane.flat(points), weights)
    part = labels[cKDTree(plane.flat(points)).query(ground.xy)[1]]
    pieces = 0
    for each in np.unique(part):
        rows = np.flatnonzero(part == each)
        pieces += int(connected_components(ground.links[rows][:, rows], directed=False)[0])
    sums = np.bincount(labels, weights, minlength=SIX)
    return Found(float(sums.max() / sums.mean()), pieces)


def by_means(points: Floats, weights: Floats, seed: int) -> NDArray[np.intp]:
    """Return six parts by k-means over the households."""
    plane = (points - points.mean(axis=0)) * (np.cos(np.radians(31.4)), 1.0)
    repeated = np.repeat(plane, weights.astype(int), axis=0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        centres, _ = kmeans2(repeated, SIX, minit="++", rng=np.random.default_rng(seed))
    return np.asarray(cKDTree(centres).query(plane)[1], dtype=np.intp)


def by_lines(points: Floats, weights: Floats, parts: int) -> NDArray[np.intp]:
    """Return parts by straight cuts across the longer side of the buildings' box."""
    labels = np.zeros(len(points), dtype=np.intp)
    if parts == 1:
        return labels
    half = parts // 2
    along = points[:, int(np.argmax(np.ptp(points * (np.cos(np.radians(31.4)), 1.0), axis=0)))]
    order = np.argsort(along, kind="stable")
    sums = np.cumsum(weights[order])
    size = int(np.argmin(np.abs(sums - sums[-1] * half / parts))) + 1
    one, other = order[:size], order[size:]
    labels[one] = by_lines(points[one], weights[one], half)
    labels[other] = half + by_lines(points[other], weights[other], parts - half)
    return labels


def _places(points: Floats) -> NDArray[np.object_]:
    return np.asarray(shapely.points(round_to_grid(points)), dtype=object)


if __name__ == "__main__":
    main()
