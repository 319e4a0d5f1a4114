"""Reference layers of a plan: lines and points of other offices, to draw boundaries by.

Coordinates are (lon, lat), EPSG:4326, on the storage grid.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import shapely
from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from geodata.errors import InvalidInputError, NotFoundError
from geodata.importing.lines.reading import ReadLines
from geodata.model import Bounds
from geodata.plans import keeping
from geodata.plans.model import Actor, Plan

MOST_LAYERS = 20
NAME_LENGTH = 80
# More at once is more than a screen shows and a browser holds on to: it is simplified instead.
MOST_SENT = 60_000


@dataclass(frozen=True, slots=True)
class Reference:
    """A layer: where it came from, in which coordinates it was, and its box."""

    number: int
    name: str
    source: str
    crs: str
    corners: int
    actor: str
    added_at: datetime
    bounds: tuple[float, float, float, float]


@dataclass(frozen=True, slots=True)
class Around:
    """What of the layers meets a box: lines and points by number. ``is_exact``: every corner."""

    shapes: Mapping[int, list[Any]]
    is_exact: bool


def listed(conn: Connection[Any], plan_id: int) -> list[Reference]:
    """List the reference layers of a plan, the oldest first."""
    with conn.cursor(row_factory=class_row(Reference)) as cursor:
        return cursor.execute(
            """
            SELECT r.number, r.name, r.source, r.crs, r.corners, r.actor, r.added_at,
                   ARRAY[ST_XMin(l.box), ST_YMin(l.box), ST_XMax(l.box), ST_YMax(l.box)] AS bounds
            FROM plan_reference r
            CROSS JOIN LATERAL (SELECT ST_Extent(geom) AS box FROM plan_reference_line l
                                WHERE l.plan_id = r.plan_id AND l.number = r.number) AS l
            WHERE r.plan_id = %s ORDER BY r.number
            """,
            [plan_id],
        ).fetchall()


def check_room(conn: Connection[Any], plan: Plan, actor: Actor) -> None:
    """Raise PlanStateError unless somebody may draw in a plan, InvalidInputError if it is full."""
    keeping.check_drawn_by(plan, actor)
    row = conn.execute(
        "SELECT count(*) FROM plan_reference WHERE plan_id = %s", [plan.plan_id]
    ).fetchone()
    if row and row[0] >= MOST_LAYERS:
        raise InvalidInputError(
            "A plan has up to {n} reference layers.", hint="Remove one first.", n=MOST_LAYERS
        )


def add(
    conn: Connection[Any], plan_id: int, actor: Actor, name: str, source: str, lines: ReadLines
) -> Reference:
    """Add a layer to a plan. Raises NotFoundError, PlanStateError, InvalidInputError."""
    plan = keeping.take(conn, plan_id, None)
    check_room(conn, plan, actor)
    name = _name(name)
    row = conn.execute(
        """
        INSERT INTO plan_reference (plan_id, number, name, source, crs, corners, actor)
        SELECT %(plan)s, coalesce(max(number), 0) + 1, %(name)s, %(source)s, %(crs)s, %(corners)s,
               %(actor)s
        FROM plan_reference WHERE plan_id = %(plan)s
        RETURNING number
        """,
        {
            "plan": plan_id,
            "name": name,
            "source": source[:120],
            "crs": lines.crs,
            "corners": lines.corners,
            "actor": actor.username,
        },
    ).fetchone()
    assert row
    number: int = row[0]
    # Not by COPY, which knows no row policies.
    conn.execute(
        "INSERT INTO plan_reference_line (plan_id, number, part, geom)"
        " SELECT %s, %s, part, ST_GeomFromWKB(shape, 4326)"
        " FROM unnest(%s::bytea[]) WITH ORDINALITY AS read (shape, part)",
        [plan_id, number, shapely.to_wkb(lines.shapes).tolist()],
    )
    _note(conn, plan_id, "plan.reference_added", name)
    return get(conn, plan_id, number)


def get(conn: Connection[Any], plan_id: int, number: int) -> Reference:
    """Return a layer of a plan. Raises NotFoundError."""
    for each in listed(conn, plan_id):
        if each.number == number:
            return each
    raise NotFoundError("The plan has no reference layer {number}.", number=number)


def rename(conn: Connection[Any], plan_id: int, actor: Actor, number: int, name: str) -> Reference:
    """Give a layer another name. Raises NotFoundError, PlanStateError, InvalidInputError."""
    keeping.check_drawn_by(keeping.take(conn, plan_id, None), actor)
    get(conn, plan_id, number)
    conn.execute(
        "UPDATE plan_reference SET name = %s WHERE plan_id = %s AND number = %s",
        [_name(name), plan_id, number],
    )
    return get(conn, plan_id, number)


def remove(conn: Connection[Any], plan_id: int, actor: Actor, number: int) -> None:
    """Take a layer out of a plan, for good. Raises NotFoundError, PlanStateError."""
    keeping.check_drawn_by(keeping.take(conn, plan_id, None), actor)
    found = get(conn, plan_id, number)
    conn.execute("DELETE FROM plan_reference WHERE plan_id = %s AND number = %s", [plan_id, number])
    _note(conn, plan_id, "plan.reference_removed", found.name)


def within(conn: Connection[Any], plan_id: int, box: Bounds, tolerance: float = 0) -> Around:
    """Return what of a plan's layers meets a box of degrees.

    With every corner, unless there are too many: then simplified by ``tolerance`` in degrees.
    """
    values = {"plan": plan_id, "tolerance": tolerance}
    values |= box.params()
    row = conn.execute(
        """
        SELECT coalesce(sum(ST_NPoints(geom)), 0) FROM plan_reference_line
        WHERE plan_id = %(plan)s
          AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        """,
        values,
    ).fetchone()
    is_exact = tolerance <= 0 or (row is not None and row[0] <= MOST_SENT)
    values["tolerance"] = 0 if is_exact else tolerance
    rows = conn.execute(
        """
        SELECT number, ST_AsBinary(CASE WHEN %(tolerance)s > 0
                                        THEN ST_Simplify(geom, %(tolerance)s, true) ELSE geom END)
        FROM plan_reference_line
        WHERE plan_id = %(plan)s
          AND geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
        ORDER BY number, part
        """,
        values,
    ).fetchall()
    shapes = shapely.from_wkb([bytes(wkb) for _number, wkb in rows])
    found: dict[int, list[Any]] = {}
    for (number, _wkb), shape in zip(rows, shapes, strict=True):
        found.setdefault(number, []).append(shape)
    return Around(found, is_exact)


def _name(text: str) -> str:
    """Return a name as it is kept. Raises InvalidInputError if it is missing or too long."""
    text = " ".join(text.split())
    if not text:
        raise InvalidInputError("A reference layer needs a name.")
    if len(text) > NAME_LENGTH:
        raise InvalidInputError("A name has up to {n} characters.", n=NAME_LENGTH)
    return text


def _note(conn: Connection[Any], plan_id: int, action: str, name: str) -> None:
    conn.execute("SELECT audit(%s, 'plan', %s, %s)", [action, plan_id, Jsonb({"name": name})])
