"""The area that a provider serves: the ways from which it is reached within a limit."""

from __future__ import annotations

import numpy as np
import shapely
from scipy.sparse.csgraph import dijkstra
from shapely.geometry.base import BaseGeometry

from geodata.frames import round_to_grid, to_cartesian
from geodata.partition.measure import DEGREE_M
from geodata.roads.network import Floats, Lines, Network
from geodata.roads.reaching import Graph, with_starts
from geodata.roads.snapping import Snapped

# What lies beside a way within reach is in reach, too: a row of houses and its yards.
BESIDE_M = 40.0
# Bends smaller than this are not seen on a map.
_SMOOTH_M = 3.0


def reached_lines(network: Network, graph: Graph, provider: Snapped, limit: float) -> Lines:
    """Return the pieces of edges (lon, lat) from which a provider is reached within a limit.

    ``provider`` is one place brought to the network, ``limit`` in the unit of the graph. Empty
    where it does not reach the network.
    """
    if not provider.is_reached.any():
        return np.empty(0, dtype=object)
    count = len(graph.spots)
    reached = dijkstra(with_starts(graph, provider), indices=[count], limit=limit)[0]
    from_source = _share(limit - reached[graph.source], graph.backward)
    from_target = _share(limit - reached[graph.target], graph.forward)
    low, high = np.zeros(len(from_source)), from_source
    pieces = [(low, high), (1 - from_target, np.ones(len(from_target)))]
    # On its own edge the provider is reached from both sides as well.
    edge, share = int(provider.edge[0]), float(provider.share[0])
    left = max(limit - float(provider.access_m[0]) * graph.access, 0.0)
    own_low, own_high = low.copy(), low.copy()
    own_low[edge] = max(0.0, share - left / graph.forward[edge])
    own_high[edge] = min(1.0, share + left / graph.backward[edge])
    pieces.append((own_low, own_high))
    found = [_cut(network.lines, one, two) for one, two in pieces]
    return np.concatenate(found)


def service_area(
    network: Network,
    graph: Graph,
    provider: Snapped,
    limit: float,
    *,
    beside_m: float = BESIDE_M,
) -> BaseGeometry:
    """Return the ground within ``beside_m`` of the ways from which a provider is reached.

    A polygon or several, WGS 84 (lon, lat) on the storage grid; empty where nothing is reached. It
    is a picture of the reach, for the map: whether a place is served, the distances say.
    """
    lines = reached_lines(network, graph, provider, limit)
    if not len(lines):
        return shapely.Polygon()
    shrink = float(np.cos(np.radians(shapely.get_coordinates(lines)[:, 1].mean())))
    scale = np.array((shrink * DEGREE_M, DEGREE_M))
    flat = shapely.transform(lines, lambda xy: xy * scale)
    wide = shapely.union_all(shapely.buffer(flat, beside_m, quad_segs=4))
    smooth = shapely.simplify(wide, _SMOOTH_M)
    return shapely.transform(smooth, lambda xy: round_to_grid(xy / scale))


def _share(left: Floats, price: Floats) -> Floats:
    """Return how far along an edge what is left reaches, 0 to 1."""
    return np.clip(np.where(np.isfinite(left), left, 0.0) / price, 0.0, 1.0)


def _cut(lines: Lines, low: Floats, high: Floats) -> Lines:
    """Return the pieces of lines between two shares of their length; whole lines as they are."""
    some = np.flatnonzero(high - low > 1e-9)
    whole = some[(low[some] <= 0) & (high[some] >= 1)]
    cut = some[(low[some] > 0) | (high[some] < 1)]
    shares = zip(cut.tolist(), low[cut].tolist(), high[cut].tolist(), strict=True)
    pieces = np.array([_piece(lines, *share) for share in shares], dtype=object)
    return np.concatenate([lines[whole], pieces])


def _piece(lines: Lines, number: int, low: float, high: float) -> BaseGeometry:
    """Return a line between two shares of its length on the ground."""
    xy = shapely.get_coordinates(lines[number])
    steps_m = np.linalg.norm(np.diff(to_cartesian(xy), axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps_m)]) / steps_m.sum()
    at = np.concatenate([[low], along[(along > low) & (along < high)], [high]])
    return shapely.LineString(
        np.column_stack([np.interp(at, along, xy[:, 0]), np.interp(at, along, xy[:, 1])])
    )
