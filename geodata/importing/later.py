"""Whether grids of a file still lie in their parents on later days, for which others stand already.

What a file brings holds from its day on without an end; a plan may have been published for a later
day, on which a parent ends or gets another border. Shapes are EPSG:4326, areas square metres.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg
import shapely
from psycopg.rows import TupleRow
from shapely.geometry.base import BaseGeometry

from geodata.importing.finding import Finding, RowRef
from geodata.partition import nesting
from geodata.partition.measure import area_m2, place
from geodata.privacy import masked


@dataclass(frozen=True, slots=True)
class Child:
    """A grid that is to be written, with the parent in which it lies on the file's day."""

    ref: RowRef
    parent_id: int
    geom: BaseGeometry


def find(conn: psycopg.Connection[TupleRow], children: Sequence[Child], day: date) -> list[Finding]:
    """Find children whose parent ends after a day, or leaves them on one."""
    by_parent: dict[int, list[Child]] = defaultdict(list)
    for child in children:
        by_parent[child.parent_id].append(child)
    rows = conn.execute(
        """
        SELECT grid_id, name, lower(valid), upper(valid), ST_AsBinary(geom) FROM grid_version
        WHERE grid_id IN (SELECT grid_id FROM grid_version
                          WHERE grid_id = ANY(%(ids)s) AND valid @> %(day)s::date
                            AND NOT upper_inf(valid))
          AND (upper_inf(valid) OR upper(valid) > %(day)s)
        ORDER BY grid_id, lower(valid)
        """,
        {"ids": list(by_parent), "day": day},
    ).fetchall()
    first: dict[int, BaseGeometry] = {}
    last: dict[int, date | None] = {}
    found: list[Finding] = []
    for grid_id, name, since, until, wkb in rows:
        shape = shapely.from_wkb(bytes(wkb))
        if grid_id in first:
            found += _leaving(by_parent[grid_id], name, first[grid_id], shape, since)
        first.setdefault(grid_id, shape)
        last[grid_id] = until
    names = {row[0]: row[1] for row in rows}
    for grid_id, until in last.items():
        if until is not None:
            data = {"parent": masked(names[grid_id]), "day": until.isoformat()}
            found += [
                Finding("parent_ends", "blocking", (child.ref,), data=data)
                for child in by_parent[grid_id]
            ]
    return found


def _leaving(
    children: Sequence[Child], name: str, before: BaseGeometry, after: BaseGeometry, since: date
) -> Iterator[Finding]:
    """Yield the children that leave a parent on the day on which it becomes another."""
    shapes = np.asarray([child.geom for child in children], dtype=object)
    shapely.prepare(after)
    for at in np.flatnonzero(~shapely.covers(after, shapes)):
        outside = nesting.beyond(children[int(at)].geom, after)
        fresh = nesting.beyond(outside, nesting.beyond(children[int(at)].geom, before))
        if shapely.is_empty(fresh):
            continue
        m2 = float(area_m2(np.asarray([fresh], dtype=object))[0])
        data = {"parent": masked(name), "day": since.isoformat()}
        ref = children[int(at)].ref
        yield Finding("parent_moves", "blocking", (ref,), m2, place(fresh), data)
