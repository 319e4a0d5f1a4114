"""The child's work on a file of roads: read, node, weigh slopes, look for islands. No database."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import shapely

from geodata.importing.files import exchange
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import Progress
from geodata.importing.roads import heights, reading
from geodata.importing.roads.requests import Kept, RoadRequest
from geodata.language.phrases import Phrase
from geodata.roads import floors, noding, slope
from geodata.roads.network import Floats, Ints, Lines, Network, Parts, find_parts, measure
from geodata.roads.noding import Noded, Ways
from geodata.roads.slope import Efforts

# Cases listed one by one; the numbers in the notes are of all.
_MOST = 2000

Result = dict[str, object]


def run(request: RoadRequest, work: Path, progress: Progress) -> Result:
    """Survey a file of roads together with the edges that stay, and leave the network in ``work``.

    Raises:
        FileRefusedError: the file cannot be used at all
    """
    progress("reading", 0.0)
    found = reading.read(request, work)
    result: Result = {
        "notes": found.notes,
        "odd": found.odd[:_MOST],
        "bad": found.bad[:_MOST],
        "ways": len(found.lines),
    }
    if found.bad or not len(found.lines):
        return result
    stay = exchange.load(work / "kept.wkb")
    count = len(found.lines)
    ways = Ways(
        np.concatenate([found.lines, stay]),
        np.concatenate([found.layer, np.asarray(request.kept.layer, dtype=np.int64)]),
        np.concatenate([
            np.full(count, request.is_osm), np.asarray(request.kept.by_node, dtype=np.bool_)
        ]),
        np.concatenate([np.full(count, -1), np.zeros(len(stay), dtype=np.int64)]),
        np.concatenate([_nodes(found), _kept_nodes(request.kept, stay)]),
    )  # fmt: skip
    progress("joining roads", 0.0)
    noded = noding.node(ways, request.tolerance_m, join_crossings=request.join_crossings)
    if not (noded.way < count).any():
        raise FileRefusedError("no_ways", "The file holds no road that can be walked.")
    length_m = measure(noded.lines)
    progress("weighing slopes", 0.0)
    efforts = _weigh(request, noded, ways.layer[noded.way], length_m, count)
    if request.heights is not None:
        new = noded.way < count
        known = float(np.mean(np.isfinite(efforts.climb_m[new]))) if new.any() else 0.0
        found.notes.append(
            Phrase("Slopes are known for {share:.1%} of the edges.", {"share": known})
        )
    network = Network(
        noded.nodes, noded.source, noded.target, length_m, efforts.forward_m,
        efforts.backward_m, noded.lines,
    )  # fmt: skip
    parts = find_parts(network)
    found.notes += _notes(noded, network, parts, request)
    result["islands"] = _islands(network, parts)
    result["crossings"] = noded.crossings[:_MOST].tolist()
    owner = np.concatenate([np.zeros(count, dtype=np.int64),
                            np.asarray(request.kept.source_id, dtype=np.int64)])  # fmt: skip
    _hand_over(work, network, parts, efforts, ways.layer[noded.way], owner[noded.way])
    return result


def _nodes(found: reading.Found) -> Ints:
    """Return the numbers of the nodes at all corners of what was read."""
    if found.nodes is not None:
        return found.nodes
    return np.full(int(shapely.get_num_coordinates(found.lines).sum()), floors.NO_NODE)


def _kept_nodes(kept: Kept, stay: Lines) -> Ints:
    """Return numbers for the corners of edges that stay: they meet at their ends and nowhere else.

    The numbers are larger than those of any file.
    """
    sizes = np.asarray(shapely.get_num_coordinates(stay), dtype=np.int64)
    ends = np.concatenate([kept.source, kept.target]).astype(np.int64)
    nodes = np.arange(sizes.sum()) + int(ends.max(initial=0)) + 1
    last = np.cumsum(sizes) - 1
    nodes[last - sizes + 1], nodes[last] = kept.source, kept.target
    return nodes + (1 << 62)


def _weigh(
    request: RoadRequest, noded: Noded, layer: Ints, length_m: Floats, count: int
) -> Efforts:
    """Return the efforts of all edges; what stays keeps its own, by its share of the length."""
    unknown = np.full(len(length_m), np.nan)
    efforts = Efforts(length_m.copy(), length_m.copy(), unknown, unknown.copy())
    new = noded.way < count
    if request.heights is not None and new.any():
        height = heights.read(Path(request.heights), request.heights_crs)
        found = slope.weigh(noded.lines[new], length_m[new], layer[new] != 0, height)
        efforts.forward_m[new], efforts.backward_m[new] = found.forward_m, found.backward_m
        efforts.climb_m[new], efforts.descent_m[new] = found.climb_m, found.descent_m
    before, kept = noded.way[~new] - count, request.kept
    share = length_m[~new] / np.asarray(kept.length_m, dtype=np.float64)[before]
    for values, told in (
        (efforts.forward_m, kept.forward_m),
        (efforts.backward_m, kept.backward_m),
        (efforts.climb_m, kept.climb_m),
        (efforts.descent_m, kept.descent_m),
    ):
        values[~new] = np.array(told, dtype=np.float64)[before] * share
    return efforts


def _notes(noded: Noded, network: Network, parts: Parts, request: RoadRequest) -> list[Phrase]:
    notes: list[Phrase] = []
    if not request.is_osm:
        joined = {
            "count": noded.joined,
            "metres": noded.farthest_m,
            "tolerance": request.tolerance_m,
        }
        notes.append(
            Phrase(
                "Ends put onto the road that they meet: {count:,}, the farthest {metres:.2f} m away"
                " (--tolerance {tolerance:g}).",
                joined,
            )
        )
    if noded.collapsed:
        notes.append(
            Phrase(
                "Shorter than the tolerance and left out: {count:,} lines.",
                {"count": noded.collapsed},
            )
        )
    if len(noded.crossings):
        notes.append(
            Phrase("Roads that cross without meeting: {count:,}.", {"count": len(noded.crossings)})
        )
    islands = parts.is_island
    notes.append(
        Phrase(
            "The network: {edges:,} edges, {km:,.1f} km. Islands in it: {count:,}, with"
            " {lost_km:,.1f} km.",
            {
                "edges": len(network.lines),
                "km": float(parts.length_m.sum()) / 1000,
                "count": int(islands.sum()),
                "lost_km": float(parts.length_m[islands].sum()) / 1000,
            },
        )
    )
    return notes


def _islands(network: Network, parts: Parts) -> list[tuple[int, float, float, float]]:
    """Return edges, metres and a place (lon, lat) of each island, the longest first."""
    some = np.flatnonzero(parts.is_island)[:_MOST]
    _, first = np.unique(parts.of_edge, return_index=True)
    spots = shapely.get_coordinates(shapely.get_point(network.lines[first[some]], 0))
    return [
        (int(parts.edges[part]), float(parts.length_m[part]), float(lon), float(lat))
        for part, (lon, lat) in zip(some.tolist(), spots, strict=True)
    ]


def _hand_over(
    work: Path, network: Network, parts: Parts, efforts: Efforts, layer: Ints, owner: Ints
) -> None:
    exchange.save(work / "edges.wkb", network.lines)
    np.savez(
        work / "network.npz",
        nodes=network.nodes,
        source=network.source,
        target=network.target,
        length_m=network.length_m,
        forward_m=network.forward_m,
        backward_m=network.backward_m,
        climb_m=efforts.climb_m,
        descent_m=efforts.descent_m,
        layer=layer,
        owner=owner,
        part=parts.of_edge,
        is_island=parts.is_island[parts.of_edge],
    )
