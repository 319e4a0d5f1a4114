"""Whether grids of a file still fit on later days, for which other boundaries stand already.

What a file brings holds from its day on without an end; a plan may have been published for a later
day, on which a parent ends or gets another border, or a neighbour takes the ground or the code.
Shapes are EPSG:4326, areas square metres.
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

from geodata.importing.findings.finding import Finding, RowRef
from geodata.model import Level
from geodata.partition import nesting
from geodata.partition.measure import area_m2, place
from geodata.people.privacy import masked


@dataclass(frozen=True, slots=True)
class Written:
    """A grid that is to be written, with the parent in which it lies on the file's day.

    ``grid_id`` is None for a grid that does not exist yet, ``parent_id`` for a county.
    """

    ref: RowRef
    grid_id: int | None
    code: str
    parent_id: int | None
    geom: BaseGeometry


def find(
    conn: psycopg.Connection[TupleRow], level: Level, written: Sequence[Written], day: date
) -> list[Finding]:
    """Find what does not fit on a day after the one from which grids of a level are to hold."""
    return [*_left_by_parents(conn, written, day), *_met_by_others(conn, level, written, day)]


def _left_by_parents(
    conn: psycopg.Connection[TupleRow], written: Sequence[Written], day: date
) -> list[Finding]:
    """Find grids whose parent ends after a day, or leaves them on one."""
    by_parent: dict[int, list[Written]] = defaultdict(list)
    for each in written:
        if each.parent_id is not None:
            by_parent[each.parent_id].append(each)
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
    children: Sequence[Written], name: str, before: BaseGeometry, after: BaseGeometry, since: date
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


def _met_by_others(
    conn: psycopg.Connection[TupleRow], level: Level, written: Sequence[Written], day: date
) -> Iterator[Finding]:
    """Yield grids whose ground or code another grid of the level has from a later day on."""
    rows = conn.execute(
        """
        SELECT code, name, lower(valid), ST_AsBinary(geom) FROM grid_version
        WHERE level = %s::grid_level AND lower(valid) > %s AND NOT grid_id = ANY(%s)
        ORDER BY lower(valid), code
        """,
        [level, day, [each.grid_id for each in written if each.grid_id is not None]],
    ).fetchall()
    if not rows:
        return
    by_code = {each.code: each for each in written}
    tree = shapely.STRtree([each.geom for each in written])
    for code, name, since, wkb in rows:
        other = RowRef(None, masked(code), masked(name))
        data = {"day": since.isoformat()}
        if code in by_code:
            yield Finding("code_later", "blocking", (by_code[code].ref, other), data=data)
        shape = shapely.from_wkb(bytes(wkb))
        for at in tree.query(shape, predicate="intersects"):
            mine = written[int(at)]
            if not shapely.relate_pattern(shape, mine.geom, "T********"):
                continue
            common = np.asarray([shapely.intersection(shape, mine.geom)], dtype=object)
            m2 = float(area_m2(common)[0])
            where = place(common[0])
            yield Finding("overlap_later", "blocking", (mine.ref, other), m2, where, data)
