"""Ground in reach: what lies beside the ways from which somebody is reached, and nearest to them.

People who live on a piece of ground go to the nearest point of the nearest way and from there along
the network. So the ground is divided among points of all ways, close together, each with what is
nearest to it; of its part as much is in reach as what is left of the limit there pays for.
"""

from __future__ import annotations

import numpy as np
import shapely
from shapely.geometry.base import BaseGeometry

from geodata.frames import COORDINATE_SCALE, round_to_grid, to_cartesian
from geodata.roads.network import Flags, Floats, Network
from geodata.roads.reaching import Graph, find_nearest
from geodata.roads.snapping import Snapped

# Points of a way lie this close together; the outline is true to half of it.
STEP_M = 24.0
# Bends smaller than this are not seen on a map.
_SMOOTH_M = 1.0


class Beads:
    """Points along the edges of a network, close together.

    ``lon_lat`` are their places, ``snapped`` the same as places that stand on their edges.
    """

    def __init__(self, network: Network, is_open: Flags) -> None:
        edges = np.flatnonzero(is_open)
        lines = network.lines[edges]
        xy = shapely.get_coordinates(lines)
        scale = metres_of_degree(float(xy[:, 1].mean()) if len(xy) else 0.0)
        dense = shapely.segmentize(shapely.transform(lines, lambda each: each * scale), STEP_M)
        flat, line = shapely.get_coordinates(dense, return_index=True)
        self.lon_lat = flat / scale
        foot = to_cartesian(self.lon_lat).reshape(-1, 3)
        steps_m = np.linalg.norm(np.diff(foot, axis=0), axis=1)
        steps_m = np.where(line[1:] == line[:-1], steps_m, 0.0)
        along_m = np.concatenate([[0.0], np.cumsum(steps_m)])[: len(flat)]
        first = np.searchsorted(line, np.arange(len(edges)))
        last = np.searchsorted(line, np.arange(len(edges)), side="right") - 1
        share = (along_m - along_m[first[line]]) / (along_m[last] - along_m[first])[line]
        self.snapped = Snapped(edges[line], share.clip(0, 1), np.zeros(len(flat)), foot)

    def left(self, graph: Graph, providers: Snapped, limit: float) -> Floats:
        """Return how far beside each point one may live, in metres, to reach the nearest provider.

        0 where nobody is reached within the limit, which is in the unit of the graph.
        """
        _, distance = find_nearest(graph, providers, self.snapped, limit)
        return np.where(np.isfinite(distance), limit - distance, 0.0) / graph.access


def find_reached(beads: Floats, wide_m: Floats, shape: BaseGeometry, most_m: float) -> BaseGeometry:
    """Return the part of a shape from which somebody is reached. Pure.

    ``beads`` (n, 2) are points along all ways, (lon, lat), and ``wide_m`` how far beside each one
    may live (0: nowhere); nobody goes farther than ``most_m`` to a way. WGS 84.
    """
    west, south, east, north = shapely.bounds(shape).tolist()
    scale = metres_of_degree((south + north) / 2)
    wide, high = most_m / scale
    lon, lat = beads.T
    near = (lon >= west - wide) & (lon <= east + wide) & (lat >= south - high)
    some = np.flatnonzero(near & (lat <= north + high))
    # Ends of edges meet in one place; the one from which more is left speaks for it.
    some = some[np.argsort(-wide_m[some], kind="stable")]
    flat, first = np.unique(np.round(beads[some] * scale, 2), axis=0, return_index=True)
    wide_m = wide_m[some[first]].clip(0.0, most_m)
    if not (wide_m > 0).any():
        return shapely.Polygon()
    parts = np.asarray(shapely.points(flat), dtype=object)
    if len(flat) > 1:
        frame = shapely.box(*(np.array([west, south, east, north]) * np.tile(scale, 2)))
        divided = shapely.voronoi_polygons(
            shapely.multipoints(flat), extend_to=shapely.buffer(frame, most_m), ordered=True
        )
        cells = shapely.get_parts(divided)
    else:
        cells = np.array([shapely.buffer(parts[0], most_m)])
    own = shapely.transform(shape, lambda xy: xy * scale)
    kept = np.flatnonzero((wide_m > 0) & shapely.intersects(cells, own))
    discs = shapely.buffer(parts[kept], wide_m[kept], quad_segs=16)
    ground = shapely.union_all(shapely.intersection(cells[kept], discs))
    # The border has teeth as long as two points of a way are apart: it is closed, then opened.
    for grow_m in (STEP_M / 2, -STEP_M, STEP_M / 2):
        ground = shapely.buffer(ground, grow_m, quad_segs=4)
    found = shapely.intersection(shapely.simplify(ground, _SMOOTH_M), own)
    return shapely.transform(found, lambda xy: xy / scale)


def circle(lon_lat: Floats, radius_m: float) -> BaseGeometry:
    """Return the ground around a place (lon, lat), to half a metre for each kilometre."""
    scale = metres_of_degree(float(lon_lat[1]))
    disc = shapely.buffer(shapely.Point(lon_lat * scale), radius_m, quad_segs=32)
    return shapely.transform(disc, lambda xy: xy / scale)


def on_grid(ground: BaseGeometry) -> BaseGeometry:
    """Return ground on the storage grid, valid still."""
    return shapely.transform(
        shapely.set_precision(ground, 1 / COORDINATE_SCALE, mode="valid_output"), round_to_grid
    )


def metres_of_degree(lat: float) -> Floats:
    """Return the length of a degree of longitude and of latitude on the WGS 84 ellipsoid.

    The series of the American Practical Navigator (2002, table 7), true to a centimetre.
    """
    cos = np.cos(np.radians(lat) * np.arange(7))
    return np.array(
        [
            111_412.84 * cos[1] - 93.5 * cos[3] + 0.118 * cos[5],
            111_132.92 - 559.82 * cos[2] + 1.175 * cos[4] - 0.0023 * cos[6],
        ]
    )
