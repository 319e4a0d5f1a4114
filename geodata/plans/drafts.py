"""What a plan has drawn: compared with what is published, and saved. Coordinates are EPSG:4326."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from psycopg.types.range import Range

from geodata.model import Bounds
from geodata.partition.differing import differing
from geodata.partition.ground import Piece
from geodata.partition.polygons import as_multipolygons, to_ewkb
from geodata.plans.loading import load, plain, published
from geodata.plans.model import Draft, Facts, Plan, PlanStateError

# More places than this are looked at as fewer larger ones: each is asked for by itself.
_MOST_BOXES = 50


def compare(conn: Connection[Any], plan: Plan) -> tuple[Draft, Draft]:
    """Return what lies where a plan changes something, as published and as the plan has it."""
    ids = touched(conn, plan)
    boxes = changing(published(conn, plan, ids), load(conn, plan, ids))
    after = load(conn, plan, ids, boxes)
    return published_beside(conn, plan, after), after


def published_beside(conn: Connection[Any], plan: Plan, after: Draft) -> Draft:
    """Return what is published of what is loaded, with all that the plan changes.

    What the plan leaves alone is the same thing on both sides, not a second one like it.
    """
    ids = set(touched(conn, plan))
    before = published(conn, plan, ids)
    same = {id_: piece for id_, piece in after.ground.pieces.items() if id_ not in ids}
    names = {id_: facts for id_, facts in after.facts.items() if id_ not in ids}
    return replace(
        before,
        ground=before.ground.with_pieces(same),
        facts=MappingProxyType({**before.facts, **names}),
    )


def within(draft: Draft, grid_id: int) -> list[int]:
    """Return a grid and all that lies in it, by the parents that they have."""
    found = [grid_id]
    for id_ in found:
        found += draft.ground.children(id_)
    return found


def changing(before: Draft, after: Draft) -> list[Bounds]:
    """Return the boxes of ground that changes hands, in degrees.

    The rest of a town whose border moves concerns nobody.
    """
    boxes: dict[Bounds, None] = {}
    for id_ in sorted(after.changed(before)):
        one, other = before.ground.pieces.get(id_), after.ground.pieces.get(id_)
        if one is not None and other is not None:
            if box := differing(one.shape, other.shape):
                boxes[Bounds(*box)] = None
            continue
        boxes |= {as_box(each.shape): None for each in (one, other) if each is not None}
    return joined(list(boxes)) if len(boxes) > _MOST_BOXES else list(boxes)


def joined(boxes: Sequence[Bounds]) -> list[Bounds]:
    """Return boxes that hold the same ground, and more, of which no two meet."""
    found = list(boxes)
    while found:
        whole = shapely.union_all([shapely.box(*box) for box in found])
        fewer = [as_box(part) for part in shapely.get_parts(whole)]
        if len(fewer) == len(found):
            break
        found = fewer
    return found


def bounds(conn: Connection[Any], plan: Plan, ids: Sequence[int]) -> list[Bounds]:
    """Return the boxes of grids in a plan, in degrees; those that are not there have none."""
    rows = conn.execute(
        """
        SELECT ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box) FROM (
            SELECT g.grid_id, g.geom::box2d AS box FROM plan_grid g
            WHERE g.plan_id = %(plan)s AND g.steps @> %(step)s::int4 AND g.grid_id = ANY(%(ids)s)
            UNION ALL
            SELECT v.grid_id, v.geom::box2d FROM grid_version v
            WHERE v.grid_id = ANY(%(ids)s) AND v.valid @> %(on)s::date AND NOT EXISTS (
                SELECT FROM plan_grid g WHERE g.plan_id = %(plan)s AND g.grid_id = v.grid_id
                AND g.steps @> %(step)s::int4)) found
        WHERE box IS NOT NULL ORDER BY array_position(%(ids)s::bigint[], grid_id)
        """,
        {
            "plan": plan.plan_id,
            "step": plan.step,
            "on": plan.basis_on,
            "ids": list(ids),
        },
    ).fetchall()
    return [Bounds(*row) for row in rows]


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
                "The previous version was replaced on the same day and cannot be restored."
            )
        piece = Piece(level, parent, plain(shapely.from_wkb(geom)))
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


def as_box(shape: Any) -> Bounds:
    """Return the box of a shape, in its coordinates."""
    return Bounds(*shapely.bounds(shape).tolist())


__all__ = [
    "as_box", "before_publication", "bounds", "changing", "compare", "joined", "least_id",
    "load", "moved_on", "published", "published_beside", "save", "touched", "within",
]  # fmt: skip
