"""Reading the part of the county around a place: as published, with what a plan changes.

Found through the spatial indexes, so the cost follows the neighbourhood and not the county.
Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import shapely
from psycopg import Connection

from geodata.errors import InvalidInputError
from geodata.model import Bounds, Level
from geodata.partition.ground import Ground, Piece
from geodata.plans.model import Draft, Facts, Plan

# Grids that are worked on at once: a large town with all that lies in it.
MOST = 20_000
# West, south, east, north in degrees.


@dataclass(frozen=True, slots=True)
class _Row:
    grid_id: int
    level: Level
    parent_id: int | None
    facts: Facts
    version_id: int | None
    # None: the grid is not there, or far away and known by name alone.
    geom: bytes | None
    is_far: bool = False


def load(
    conn: Connection[Any],
    plan: Plan,
    ids: Iterable[int],
    boxes: Sequence[Bounds] = (),
    *,
    with_parents: bool = False,
) -> Draft:
    """Return the grids of a plan with these ids, and all that meet the boxes.

    A box is west, south, east, north in degrees. Grids that the plan has ended are left out. Those
    above are known by name; counties and towns whose border does not run through a box have no
    shape either, since it has thousands of corners, unless ``with_parents``.
    """
    ids = set(ids)
    found = {row.grid_id: row for box in boxes for row in _published_in(conn, plan, box)}
    found |= {row.grid_id: row for box in boxes for row in _drawn_in(conn, plan, box)}
    wanted = {id_ for id_ in ids if id_ not in found or found[id_].is_far}
    near = True
    while True:
        # What a plan changes may lie elsewhere than before, so both are asked by number as well.
        found |= {row.grid_id: row for row in _published(conn, plan, wanted, near=near)}
        found |= {row.grid_id: row for row in _drawn(conn, plan, wanted | found.keys())}
        near = with_parents
        parents = {row.parent_id for row in found.values() if row.parent_id is not None}
        wanted = {
            id_ for id_ in parents if id_ not in found or (with_parents and found[id_].is_far)
        }
        if not wanted:
            return _draft(found.values())


def published(conn: Connection[Any], plan: Plan, ids: Iterable[int]) -> Draft:
    """Return grids as they stand without the plan (``Plan.basis_on``); those above by name."""
    found = {row.grid_id: row for row in _published(conn, plan, ids, near=True)}
    wanted = {row.parent_id for row in found.values() if row.parent_id is not None}
    while wanted := wanted - found.keys():
        rows = _published(conn, plan, wanted, near=False)
        found |= {row.grid_id: row for row in rows}
        wanted = {row.parent_id for row in rows if row.parent_id is not None}
    return _draft(found.values())


def _draft(rows: Iterable[_Row]) -> Draft:
    ordered = sorted(rows, key=lambda row: row.grid_id)
    there = [row for row in ordered if row.geom is not None]
    shapes = shapely.from_wkb([row.geom for row in there])
    pieces = {
        row.grid_id: Piece(row.level, row.parent_id, plain(shape))
        for row, shape in zip(there, shapes, strict=True)
    }
    known = [row for row in ordered if row.geom is not None or row.is_far]
    return Draft(
        Ground(MappingProxyType(pieces)),
        MappingProxyType({row.grid_id: row.facts for row in known}),
        MappingProxyType({row.grid_id: row.version_id for row in known if row.version_id}),
    )


def plain(shape: Any) -> Any:
    """Return the only part of a shape that has one: rings are compared as the actions make them."""
    return shape.geoms[0] if len(shape.geoms) == 1 else shape


def _rows(cursor: Any) -> list[_Row]:
    return [
        _Row(row[0], row[1], row[2], Facts(*row[3:7]), row[7], row[8], row[9]) for row in cursor
    ]


def _published_in(conn: Connection[Any], plan: Plan, box: Bounds) -> list[_Row]:
    # One level a branch: each has a spatial index of its own. Whether the border of a county or a
    # town is near is asked of its pieces.
    rows = _rows(
        conn.execute(
            """
            WITH box AS (
                SELECT ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AS geom,
                       -- Mercator ends there.
                       ST_Transform(ST_MakeEnvelope(
                           %(west)s, least(greatest(%(south)s, -85), 85),
                           %(east)s, least(greatest(%(north)s, -85), 85), 4326), 3857) AS flat),
            found AS (
                SELECT v.version_id FROM grid_version v, box
                WHERE v.level = 'county' AND v.geom && box.geom AND v.valid @> %(on)s
                UNION ALL
                SELECT v.version_id FROM grid_version v, box
                WHERE v.level = 'town' AND v.geom && box.geom AND v.valid @> %(on)s
                UNION ALL
                SELECT v.version_id FROM grid_version v, box
                WHERE v.level = 'community' AND v.geom && box.geom AND v.valid @> %(on)s
                UNION ALL
                SELECT v.version_id FROM grid_version v, box
                WHERE v.level = 'compound' AND v.geom && box.geom AND v.valid @> %(on)s),
            near AS (
                SELECT f.version_id,
                       v.level IN ('community', 'compound') OR EXISTS (
                           SELECT FROM grid_border b, box
                           WHERE b.version_id = f.version_id
                             AND b.geom && box.flat) AS is_near
                FROM found f JOIN grid_version v USING (version_id))
            SELECT v.grid_id, v.level::text, v.parent_id, v.name, v.code, v.households,
                   v.population, v.version_id, CASE WHEN is_near THEN ST_AsBinary(v.geom) END,
                   NOT is_near
            FROM near JOIN grid_version v USING (version_id)
            LIMIT %(limit)s
            """,
            {"on": plan.basis_on, "limit": MOST + 1, **box.params()},
        )
    )
    if len(rows) > MOST:
        raise InvalidInputError(
            "This area is too large to draw in at once.", hint="Choose a town or a community."
        )
    return rows


def _published(conn: Connection[Any], plan: Plan, ids: Iterable[int], *, near: bool) -> list[_Row]:
    return _rows(
        conn.execute(
            """
            SELECT v.grid_id, v.level::text, v.parent_id, v.name, v.code, v.households,
                   v.population, v.version_id, CASE WHEN %(near)s THEN ST_AsBinary(v.geom) END,
                   NOT %(near)s
            FROM grid_version v WHERE v.grid_id = ANY(%(ids)s) AND v.valid @> %(on)s
            """,
            {"ids": [id_ for id_ in ids if id_ > 0], "on": plan.basis_on, "near": near},
        )
    )


def _drawn_in(conn: Connection[Any], plan: Plan, box: Bounds) -> list[_Row]:
    return _rows(
        conn.execute(
            """
            SELECT g.grid_id, g.level::text, g.parent_id, g.name, g.code, g.households,
                   g.population, b.version_id, ST_AsBinary(g.geom), false
            FROM plan_grid g LEFT JOIN plan_base b USING (plan_id, grid_id)
            WHERE g.plan_id = %(plan)s AND g.steps @> %(step)s::int4
              AND g.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
            """,
            {"plan": plan.plan_id, "step": plan.step, **box.params()},
        )
    )


def _drawn(conn: Connection[Any], plan: Plan, ids: Iterable[int]) -> list[_Row]:
    return _rows(
        conn.execute(
            """
            SELECT g.grid_id, g.level::text, g.parent_id, g.name, g.code, g.households,
                   g.population, b.version_id, ST_AsBinary(g.geom), false
            FROM plan_grid g LEFT JOIN plan_base b USING (plan_id, grid_id)
            WHERE g.plan_id = %(plan)s AND g.steps @> %(step)s::int4 AND g.grid_id = ANY(%(ids)s)
            """,
            {"plan": plan.plan_id, "step": plan.step, "ids": list(ids)},
        )
    )
