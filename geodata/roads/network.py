"""A walking network as arrays: junctions, and the edges between them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from geodata import frames

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]
Lines = NDArray[np.object_]

# A part of the network this much shorter than the longest is an island: a gap in the data and not
# a second network, which a county divided by a lake may well have.
ISLAND_SHARE = 0.1


@dataclass(frozen=True, slots=True)
class Network:
    """Edges run from junction ``source`` to junction ``target``, numbered as ``nodes`` stand.

    ``nodes`` (n, 2) and ``lines`` (m,) are WGS 84, (lon, lat). ``length_m`` is the length on the
    ground; ``forward_m`` and ``backward_m`` are the lengths of level way that take as long to walk
    as the edge, from source to target and back (see slope.py); both are ``length_m`` where no
    heights are known. No edge has length 0.
    """

    nodes: Floats
    source: Ints
    target: Ints
    length_m: Floats
    forward_m: Floats
    backward_m: Floats
    lines: Lines

    def pick(self, edges: Flags | Ints) -> Network:
        """Return the network of these edges; junctions keep their numbers."""
        return Network(
            self.nodes,
            self.source[edges],
            self.target[edges],
            self.length_m[edges],
            self.forward_m[edges],
            self.backward_m[edges],
            self.lines[edges],
        )


@dataclass(frozen=True, slots=True)
class Parts:
    """The connected parts of a network, the longest first.

    ``of_edge`` is the part of each edge; ``length_m`` and ``edges`` are per part, and
    ``is_island`` tells the parts much shorter than the longest.
    """

    of_edge: Ints
    length_m: Floats
    edges: Ints
    is_island: Flags


def find_parts(network: Network) -> Parts:
    """Return the connected parts of a network."""
    count = len(network.nodes)
    links = coo_array(
        (np.ones(len(network.source)), (network.source, network.target)), shape=(count, count)
    )
    _, label = connected_components(links, directed=False)
    _, of_edge = np.unique(label[network.source], return_inverse=True)
    length_m = np.bincount(of_edge, weights=network.length_m).astype(np.float64)
    order = np.argsort(-length_m, kind="stable")
    place = np.empty_like(order)
    place[order] = np.arange(len(order))
    of_edge, length_m = place[of_edge].astype(np.int64), length_m[order]
    edges = np.bincount(of_edge, minlength=len(order)).astype(np.int64)
    longest = length_m[0] if len(length_m) else 0.0
    return Parts(of_edge, length_m, edges, length_m < ISLAND_SHARE * longest)


def measure(lines: Lines) -> Floats:
    """Return the length of each line (lon, lat) on the WGS 84 ellipsoid, in metres.

    The sum of its straight lines in space, which is geodesic to 0.03 mm for each 3 km of them (see
    ``frames.to_cartesian``), so that no way is shorter than the straight line of its ends.
    """
    xy, line = shapely.get_coordinates(lines, return_index=True)
    steps_m = np.linalg.norm(np.diff(frames.to_cartesian(xy), axis=0), axis=1)
    within = line[1:] == line[:-1]
    found = np.bincount(line[1:][within], weights=steps_m[within], minlength=len(lines))
    return found.astype(np.float64)
