"""The part of the county around something that is drawn: as published, with what a plan changes.

Loaded by place through the spatial indexes, so the cost follows the neighbourhood and not the
county. Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from psycopg.types.range import Range

from geodata.model import Level
from geodata.partition.ground import Ground, Piece
from geodata.partition.polygons import as_multipolygons, to_ewkb
from geodata.plans.model import Draft, Facts, Plan, PlanStateError

Box = tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class _Row:
    grid_id: int
    level: Level
    parent_id: int | None
    facts: Facts
    version_id: int | None
    geom: bytes | None


def load(conn: Connection[Any], plan: Plan, ids: Iterable[int], boxes: Sequence[Box] = ()) -> Draft:
    """Return the grids of a plan with these ids, all above them, and all that meet the boxes.

    A box is west, south, east, north in degrees. Grids that the plan has ended are left out.
    """
    found = {row.grid_id: row for box in boxes for row in _published_in(conn, plan, box)}
    found |= {row.grid_id: row for box in boxes for row in _drawn_in(conn, plan, box)}
    wanted = set(ids) - found.keys()
    while True:
        # What a plan changes may lie elsewhere than before, so both are asked by number as well.
        published = _published(conn, plan, wanted)
        drawn = _drawn(conn, plan, wanted | found.keys())
        found |= {row.grid_id: row for row in published} | {row.grid_id: row for row in drawn}
        parents = {row.parent_id for row in found.values() if row.parent_id is not None}
        wanted = parents - found.keys()
        if not wanted:
            return _draft(found.values())


def published(conn: Connection[Any], plan: Plan, ids: Iterable[int]) -> Draft:
    """Return grids as they stand on the plan's day without the plan, and all above them."""
    found: dict[int, _Row] = {}
    wanted = set(ids)
    while wanted:
        found |= {row.grid_id: row for row in _published(conn, plan, wanted)}
        parents = {row.parent_id for row in found.values() if row.parent_id is not None}
        wanted = (parents - found.keys()) - wanted
    return _draft(found.values())


def compare(conn: Connection[Any], plan: Plan) -> tuple[Draft, Draft]:
    """Return what lies where a plan changes something, as published and as the plan has it."""
    ids = touched(conn, plan)
    boxes = changing(published(conn, plan, ids), load(conn, plan, ids))
    after = load(conn, plan, ids, boxes)
    before = published(conn, plan, {*ids, *after.facts})
    # What the plan leaves alone is the same thing on both sides, not a second one like it.
    same = {id_: piece for id_, piece in after.ground.pieces.items() if id_ not in set(ids)}
    return replace(before, ground=before.ground.with_pieces(same)), after


def changing(before: Draft, after: Draft) -> list[Box]:
    """Return the boxes of ground that changes hands, in degrees.

    The rest of a town whose border moves concerns nobody.
    """
    boxes: dict[Box, None] = {}
    for id_ in sorted(after.changed(before)):
        one, other = before.ground.pieces.get(id_), after.ground.pieces.get(id_)
        shapes = [each.shape for each in (one, other) if each is not None]
        if one is not None and other is not None:
            shapes = [shapely.symmetric_difference(one.shape, other.shape)]
        boxes |= {as_box(shape): None for shape in shapes if not shapely.is_empty(shape)}
    return list(boxes)


def bounds(conn: Connection[Any], plan: Plan, ids: Sequence[int]) -> list[Box]:
    """Return the boxes of grids in a plan, in degrees; those that are not there have none."""
    pieces = load(conn, plan, ids).ground.pieces
    return [as_box(pieces[id_].shape) for id_ in ids if id_ in pieces]


def touched(conn: Connection[Any], plan: Plan) -> list[int]:
    """Return the ids of all grids that a plan has changed, made or ended."""
    rows = conn.execute(
        "SELECT grid_id FROM plan_grid WHERE plan_id = %s AND steps @> %s::int4 ORDER BY grid_id",
        [plan.plan_id, plan.step],
    ).fetchall()
    return [row[0] for row in rows]


def moved_on(conn: Connection[Any], plan: Plan) -> list[int]:
    """Return the ids of grids whose published version is no longer the one that was drawn on."""
    rows = conn.execute(
        """
        SELECT g.grid_id
        FROM plan_grid g
        JOIN plan_base b USING (plan_id, grid_id)
        LEFT JOIN grid_version v ON v.grid_id = g.grid_id AND v.valid @> %(on)s
        WHERE g.plan_id = %(plan)s AND g.steps @> %(step)s::int4
          AND b.version_id IS DISTINCT FROM v.version_id
        ORDER BY g.grid_id
        """,
        {"plan": plan.plan_id, "step": plan.step, "on": plan.effective_on},
    ).fetchall()
    return [row[0] for row in rows]


def before_publication(
    conn: Connection[Any], plan_id: int
) -> dict[int, tuple[Piece, Facts] | None]:
    """Return what the grids of a published plan were before it, None for those that it made.

    Raises PlanStateError if that is no longer known.
    """
    found: dict[int, tuple[Piece, Facts] | None] = {}
    for grid_id, before_id, *row in conn.execute(
        """
        SELECT p.grid_id, p.before_id, v.version_id, v.level::text, v.parent_id, v.name, v.code,
               v.households, v.population, ST_AsBinary(v.geom)
        FROM plan_publication p LEFT JOIN grid_version v ON v.version_id = p.before_id
        WHERE p.plan_id = %s ORDER BY p.grid_id
        """,
        [plan_id],
    ):
        if before_id is None:
            found[grid_id] = None
            continue
        version_id, level, parent, name, code, households, population, geom = row
        if version_id is None:
            raise PlanStateError(
                "What held before has been replaced on the same day, and cannot be brought back."
            )
        piece = Piece(level, parent, _plain(shapely.from_wkb(geom)))
        found[grid_id] = piece, Facts(name, code, households, population)
    return found


def least_id(conn: Connection[Any], plan: Plan) -> int:
    """Return the lowest number that a plan has given to a grid, 0 if it has made none."""
    row = conn.execute(
        "SELECT least(min(grid_id), 0) FROM plan_grid WHERE plan_id = %s", [plan.plan_id]
    ).fetchone()
    return row[0] if row and row[0] is not None else 0


def save(conn: Connection[Any], plan: Plan, before: Draft, after: Draft) -> set[int]:
    """Write what a step changed, as step ``plan.step`` + 1; return the ids.

    Steps that were undone before must be gone.
    """
    changed = after.changed(before)
    number = plan.step + 1
    conn.execute(
        "UPDATE plan_grid SET steps = int4range(lower(steps), %s)"
        " WHERE plan_id = %s AND grid_id = ANY(%s) AND steps @> %s::int4",
        [number, plan.plan_id, list(changed), plan.step],
    )
    rows = [_values(plan, id_, number, before, after) for id_ in sorted(changed)]
    with conn.cursor() as cursor:
        cursor.executemany(
            """
            INSERT INTO plan_grid (plan_id, grid_id, steps, level, parent_id, name, code,
                                   households, population, geom)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s::geometry)
            """,
            rows,
        )
        cursor.executemany(
            "INSERT INTO plan_base (plan_id, grid_id, version_id) VALUES (%s, %s, %s)"
            " ON CONFLICT DO NOTHING",
            [
                (plan.plan_id, id_, before.versions[id_])
                for id_ in sorted(changed)
                if id_ in before.versions
            ],
        )
    return changed


def _values(plan: Plan, id_: int, number: int, before: Draft, after: Draft) -> tuple[object, ...]:
    is_there = id_ in after.ground.pieces
    source = after if is_there else before
    piece, facts = source.ground[id_], source.facts[id_]
    shape = None
    if is_there:
        shape = to_ewkb(as_multipolygons(np.asarray([piece.shape], dtype=object)), 4326)[0]
    return (
        plan.plan_id, id_, Range(number, None), piece.level, piece.parent, facts.name, facts.code,
        facts.households, facts.population, shape,
    )  # fmt: skip


def _draft(rows: Iterable[_Row]) -> Draft:
    there = sorted((row for row in rows if row.geom is not None), key=lambda row: row.grid_id)
    shapes = shapely.from_wkb([row.geom for row in there])
    pieces = {
        row.grid_id: Piece(row.level, row.parent_id, _plain(shape))
        for row, shape in zip(there, shapes, strict=True)
    }
    return Draft(
        Ground(MappingProxyType(pieces)),
        MappingProxyType({row.grid_id: row.facts for row in there}),
        MappingProxyType({row.grid_id: row.version_id for row in there if row.version_id}),
    )


def _plain(shape: Any) -> Any:
    """Return the only part of a shape that has one: rings are compared as the actions make them."""
    return shape.geoms[0] if len(shape.geoms) == 1 else shape


def _rows(cursor: Any) -> list[_Row]:
    return [_Row(row[0], row[1], row[2], Facts(*row[3:7]), row[7], row[8]) for row in cursor]


def _published_in(conn: Connection[Any], plan: Plan, box: Box) -> list[_Row]:
    # One level a branch: each has a spatial index of its own.
    return _rows(
        conn.execute(
            """
            WITH box AS (
                SELECT ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326) AS geom),
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
                WHERE v.level = 'compound' AND v.geom && box.geom AND v.valid @> %(on)s)
            SELECT v.grid_id, v.level::text, v.parent_id, v.name, v.code, v.households,
                   v.population, v.version_id, ST_AsBinary(v.geom)
            FROM found JOIN grid_version v USING (version_id)
            """,
            {"on": plan.effective_on, **_box(box)},
        )
    )


def _published(conn: Connection[Any], plan: Plan, ids: Iterable[int]) -> list[_Row]:
    return _rows(
        conn.execute(
            """
            SELECT v.grid_id, v.level::text, v.parent_id, v.name, v.code, v.households,
                   v.population, v.version_id, ST_AsBinary(v.geom)
            FROM grid_version v WHERE v.grid_id = ANY(%(ids)s) AND v.valid @> %(on)s
            """,
            {"ids": [id_ for id_ in ids if id_ > 0], "on": plan.effective_on},
        )
    )


def _drawn_in(conn: Connection[Any], plan: Plan, box: Box) -> list[_Row]:
    return _rows(
        conn.execute(
            """
            SELECT g.grid_id, g.level::text, g.parent_id, g.name, g.code, g.households,
                   g.population, b.version_id, ST_AsBinary(g.geom)
            FROM plan_grid g LEFT JOIN plan_base b USING (plan_id, grid_id)
            WHERE g.plan_id = %(plan)s AND g.steps @> %(step)s::int4
              AND g.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
            """,
            {"plan": plan.plan_id, "step": plan.step, **_box(box)},
        )
    )


def _drawn(conn: Connection[Any], plan: Plan, ids: Iterable[int]) -> list[_Row]:
    return _rows(
        conn.execute(
            """
            SELECT g.grid_id, g.level::text, g.parent_id, g.name, g.code, g.households,
                   g.population, b.version_id, ST_AsBinary(g.geom)
            FROM plan_grid g LEFT JOIN plan_base b USING (plan_id, grid_id)
            WHERE g.plan_id = %(plan)s AND g.steps @> %(step)s::int4 AND g.grid_id = ANY(%(ids)s)
            """,
            {"plan": plan.plan_id, "step": plan.step, "ids": list(ids)},
        )
    )


def as_box(shape: Any) -> Box:
    """Return the box of a shape, in its coordinates."""
    west, south, east, north = shapely.bounds(shape).tolist()
    return west, south, east, north


def _box(box: Box) -> dict[str, float]:
    return dict(zip(("west", "south", "east", "north"), box, strict=True))
