"""Roads in the database: written as a whole, read as arrays."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from geodata.database import locks, settings
from geodata.database.locks import Lock
from geodata.errors import InvalidInputError
from geodata.model import ANYWHERE, Bounds
from geodata.partition.polygons import to_ewkb
from geodata.roads.network import Flags, Floats, Ints, Network
from geodata.roads.reaching import WALKING_KM_H

# Rows whose shapes are written down at once.
_CHUNK = 20_000
_SETTING = "walking_km_h"


@dataclass(frozen=True, slots=True)
class Source:
    """A file that roads came from; ``edges`` and ``length_m`` as they lie in the network now."""

    source_id: int
    name: str
    file: str
    imported_at: datetime
    licence: str
    by_node: bool
    ways: int
    heights: str
    digest: str
    edges: int
    length_m: float


@dataclass(frozen=True, slots=True)
class Facts:
    """What the database keeps of each edge besides the network: all of the same length.

    ``climb_m`` and ``descent_m`` are NaN where unknown; ``source_id`` is the file's.
    """

    source_id: Ints
    layer: Ints
    climb_m: Floats
    descent_m: Floats
    part: Ints
    is_island: Flags


def lock(conn: Connection[Any]) -> None:
    """Let nobody else change the roads until the transaction ends."""
    locks.take(conn, Lock.ROADS)


def sources(conn: Connection[Any]) -> list[Source]:
    """List the files that the roads came from, the oldest first; empty where there are no roads."""
    rows = conn.execute(
        """
        SELECT s.source_id, s.name, s.file, s.imported_at, s.licence, s.by_node, s.ways, s.heights,
               s.digest, count(e.edge_id), coalesce(sum(e.length_m), 0)
        FROM road_source s LEFT JOIN road_edge e USING (source_id)
        GROUP BY s.source_id ORDER BY s.imported_at, s.source_id
        """
    ).fetchall()
    return [Source(*row) for row in rows]


def walking_km_h(conn: Connection[Any]) -> float:
    """Return how fast people walk on level ground: the setting ``walking_km_h``, 4.5 without it.

    Raises:
        InvalidInputError: the setting is no such speed
    """
    value: object = settings.read(conn).get(_SETTING, WALKING_KM_H)
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not 0.5 <= value <= 10:
        raise InvalidInputError(
            "“{value}” is not a speed at which people walk.",
            hint="Set {setting} to kilometres per hour from 0.5 to 10.",
            value=str(value)[:40],
            setting=_SETTING,
        )
    return float(value)


def add_source(
    conn: Connection[Any],
    *,
    name: str,
    file: str,
    licence: str,
    by_node: bool,
    ways: int,
    heights: str,
    digest: str,
) -> int:
    """Record where roads come from, or that they came again; return the source's number."""
    row = conn.execute(
        """
        INSERT INTO road_source AS s (name, file, licence, by_node, ways, heights, digest)
        VALUES (%(name)s, %(file)s, %(licence)s, %(by_node)s, %(ways)s, %(heights)s, %(digest)s)
        ON CONFLICT (name) DO UPDATE SET file = EXCLUDED.file, imported_at = now(),
            licence = EXCLUDED.licence, by_node = EXCLUDED.by_node, ways = EXCLUDED.ways,
            heights = EXCLUDED.heights, digest = EXCLUDED.digest
        RETURNING source_id
        """,
        {
            "name": name, "file": file, "licence": licence, "by_node": by_node, "ways": ways,
            "heights": heights, "digest": digest,
        },
    ).fetchone()  # fmt: skip
    assert row
    return row[0]


def clear(conn: Connection[Any]) -> None:
    """Take all junctions and edges out; the files that they came from stay recorded."""
    conn.execute("TRUNCATE road_edge, road_node")


def write(conn: Connection[Any], network: Network, facts: Facts) -> None:
    """Write a network where there is none."""
    with conn.cursor().copy("COPY road_node (node_id, geom) FROM STDIN") as copy:
        dots = np.asarray(shapely.points(network.nodes), dtype=object)
        for number, geom in enumerate(_written(dots), 1):
            copy.write_row((number, geom))
    columns = (
        facts.source_id.tolist(), (network.source + 1).tolist(), (network.target + 1).tolist(),
        network.length_m.tolist(), network.forward_m.tolist(), network.backward_m.tolist(),
        _or_none(facts.climb_m), _or_none(facts.descent_m), facts.layer.tolist(),
        facts.part.tolist(), facts.is_island.tolist(),
    )  # fmt: skip
    with conn.cursor().copy(
        """
        COPY road_edge (edge_id, source_id, source, target, length_m, forward_m, backward_m,
            climb_m, descent_m, layer, part, is_island, geom) FROM STDIN
        """
    ) as copy:
        rows = zip(*columns, _written(network.lines), strict=True)
        for number, row in enumerate(rows, 1):
            copy.write_row((number, *row))


def has_any(conn: Connection[Any]) -> bool:
    """Tell whether any road is known."""
    row = conn.execute("SELECT EXISTS (SELECT FROM road_edge)").fetchone()
    return bool(row and row[0])


def load(conn: Connection[Any], box: Bounds | None = None) -> tuple[Network, Flags]:
    """Return the network, and which of its edges are islands; only edges that touch a box if given.

    Junctions are numbered again, in the order of the database.
    """
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            """
            SELECT source, target, length_m, forward_m, backward_m, is_island, ST_AsBinary(geom)
            FROM road_edge
            WHERE %(west)s::float8 IS NULL
               OR geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
            ORDER BY edge_id
            """,
            box.params() if box else ANYWHERE,
        ).fetchall()
    ends = np.array([row[:2] for row in rows], dtype=np.int64).reshape(-1, 2)
    measures = np.array([row[2:5] for row in rows], dtype=np.float64).reshape(-1, 3)
    lines = np.asarray(shapely.from_wkb([row[6] for row in rows]), dtype=object)
    _, first, number = np.unique(ends.ravel(), return_index=True, return_inverse=True)
    corners = _ends(lines)
    number = number.reshape(-1, 2)
    network = Network(corners[first], number[:, 0], number[:, 1], *measures.T.copy(), lines=lines)
    return network, np.array([row[5] for row in rows], dtype=np.bool_)


def digest(parts: Iterator[bytes]) -> str:
    """Return one number for bytes in their order."""
    found = hashlib.sha256()
    for part in parts:
        found.update(part)
    return found.hexdigest()


def _ends(lines: np.ndarray[Any, np.dtype[np.object_]]) -> Floats:
    """Return the first and last corner of each line, one pair after another."""
    corners = shapely.get_coordinates(lines)
    last = np.cumsum(shapely.get_num_points(lines)) - 1
    first = np.concatenate([[0], last[:-1] + 1])[: len(last)]
    return corners[np.column_stack([first, last]).ravel()]


def _written(geoms: np.ndarray[Any, np.dtype[np.object_]]) -> Iterator[str]:
    for start in range(0, len(geoms), _CHUNK):
        yield from to_ewkb(geoms[start : start + _CHUNK], 4326)


def _or_none(values: Floats) -> list[float | None]:
    return [None if value != value else value for value in values.tolist()]
