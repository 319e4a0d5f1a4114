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
# Along a way, what is left of a limit is looked at this often.
_STEP_M = 40.0


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


def reached_ground(
    network: Network, graph: Graph, provider: Snapped, limit: float, most_m: float
) -> BaseGeometry:
    """Return the ground from which a provider is reached within a limit.

    From every point of a way one may live as far beside it as what is left of the limit there pays
    for, ``most_m`` at most. So whoever reaches the provider lives on this ground; who lives on it
    and does not is nearer to another way, which is longer. WGS 84 (lon, lat), empty where nothing
    is reached; ``provider`` is one place.
    """
    if not provider.is_reached.any():
        return shapely.Polygon()
    count = len(graph.spots)
    reached = dijkstra(with_starts(graph, provider), indices=[count], limit=limit)[0]
    left_source, left_target = limit - reached[graph.source], limit - reached[graph.target]
    own, share = int(provider.edge[0]), float(provider.share[0])
    left_own = limit - float(provider.access_m[0]) * graph.access
    ends: list[Floats] = []
    for edge in np.flatnonzero((left_source > 0) | (left_target > 0)).tolist() or [own]:
        back, on = float(graph.backward[edge]), float(graph.forward[edge])
        one, other = float(left_source[edge]), float(left_target[edge])
        kinks = [one / back, 1 - other / on, (one - other + on) / (back + on)]
        if edge == own:
            kinks += [share, share - left_own / on, share + left_own / back]
        at, xy = _stops(network.lines, edge, float(network.length_m[edge]), kinks)
        left = np.maximum(one - at * back, other - (1 - at) * on)
        if edge == own:
            left = np.maximum(left, left_own - np.where(at < share, on, back) * np.abs(at - share))
        wide_m = np.clip(left / graph.access, 0.0, most_m)
        ends.append(np.column_stack([xy[:-1], wide_m[:-1], xy[1:], wide_m[1:]]))
    pieces = np.concatenate(ends)
    pieces = pieces[(pieces[:, 2] > 0) | (pieces[:, 5] > 0)]
    if not len(pieces):
        return shapely.Polygon()
    scale = metres_of_degree(float(pieces[:, 1].mean()))
    discs = [
        shapely.buffer(shapely.points(part[:, :2] * scale), part[:, 2].clip(0.01), quad_segs=8)
        for part in (pieces[:, :3], pieces[:, 3:])
    ]
    wide = shapely.union_all(
        shapely.convex_hull(np.asarray(shapely.geometrycollections(np.column_stack(discs))))
    )
    return shapely.transform(shapely.simplify(wide, 1.0), lambda xy: round_to_grid(xy / scale))


def circle(lon_lat: Floats, radius_m: float) -> BaseGeometry:
    """Return the ground around a place (lon, lat), to half a metre for each kilometre."""
    scale = metres_of_degree(float(lon_lat[1]))
    disc = shapely.buffer(shapely.Point(lon_lat * scale), radius_m, quad_segs=32)
    return shapely.transform(disc, lambda xy: round_to_grid(xy / scale))


def metres_of_degree(lat: float) -> Floats:
    """Return the length of a degree of longitude and of latitude on the WGS 84 ellipsoid.

    The series of the American Practical Navigator (2002, table 7), true to a centimetre.
    """
    phi = np.radians(lat) * np.arange(7)
    cos = np.cos(phi)
    return np.array(
        [
            111_412.84 * cos[1] - 93.5 * cos[3] + 0.118 * cos[5],
            111_132.92 - 559.82 * cos[2] + 1.175 * cos[4] - 0.0023 * cos[6],
        ]
    )


def _stops(lines: Lines, edge: int, length_m: float, kinks: list[float]) -> tuple[Floats, Floats]:
    """Return shares of an edge at which to look, its bends among them, and their places."""
    xy = shapely.get_coordinates(lines[edge])
    steps_m = np.linalg.norm(np.diff(to_cartesian(xy), axis=0), axis=1)
    along = np.concatenate([[0.0], np.cumsum(steps_m)]) / steps_m.sum()
    even = np.linspace(0.0, 1.0, int(length_m // _STEP_M) + 2)
    at = np.unique(np.concatenate([along, even, np.nan_to_num(np.clip(kinks, 0.0, 1.0))]))
    return at, np.column_stack([np.interp(at, along, xy[:, 0]), np.interp(at, along, xy[:, 1])])


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
