"""What a scenario changes: facilities, service areas and standards, one by one."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from psycopg import Connection, errors

from geodata.coverage.standards.model import Place, Standard
from geodata.errors import InvalidInputError, NotFoundError
from geodata.model import Point
from geodata.plans import keeping as plans
from geodata.scenarios.keeping import NAME_LENGTH, lock_own
from geodata.scenarios.model import Change

# More would not be looked through by anybody, and each is judged.
MOST_CHANGES = 200


def add_facility(
    conn: Connection[Any], scenario_id: int, kind: str, point: Point, name: str = ""
) -> int:
    """Let a facility stand at a point as well; return the number of the change.

    Raises InvalidInputError if there is no such kind of facility, or the point lies outside the
    county.
    """
    lock_own(conn, scenario_id)
    _check_kind(conn, kind)
    _check_point(conn, point)
    _check_room(conn, scenario_id)
    row = conn.execute(
        """
        INSERT INTO scenario_change (scenario_id, what, kind, geom, name)
        VALUES (%s, 'add', %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s) RETURNING change_id
        """,
        [scenario_id, kind, point.lon, point.lat, name[:NAME_LENGTH]],
    ).fetchone()
    assert row
    return row[0]


def add_places(conn: Connection[Any], scenario_id: int, kind: str, points: Sequence[Point]) -> None:
    """Let facilities stand at places that were found. Raises as ``add_facility``."""
    _check_room(conn, scenario_id, len(points))
    conn.execute(
        """
        INSERT INTO scenario_change (scenario_id, what, kind, geom)
        SELECT %s, 'add', %s, ST_SetSRID(ST_MakePoint(lon, lat), 4326)
        FROM unnest(%s::float8[], %s::float8[]) p (lon, lat)
        """,
        [
            scenario_id,
            kind,
            [point.lon for point in points],
            [point.lat for point in points],
        ],
    )


def move_facility(conn: Connection[Any], scenario_id: int, facility_id: int, to: Point) -> None:
    """Let a facility stand elsewhere. Raises as ``add_facility``, and NotFoundError."""
    lock_own(conn, scenario_id)
    _check_point(conn, to)
    _check_room(conn, scenario_id)
    conn.execute(
        """
        INSERT INTO scenario_change (scenario_id, what, kind, facility_id, geom)
        SELECT %(id)s, 'move', kind, facility_id, ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)
        FROM facility WHERE facility_id = %(facility)s
        ON CONFLICT (scenario_id, facility_id)
            DO UPDATE SET what = 'move', geom = EXCLUDED.geom, is_out = false
        """,
        {"id": scenario_id, "facility": _facility(conn, facility_id), "lon": to.lon, "lat": to.lat},
    )


def close_facility(conn: Connection[Any], scenario_id: int, facility_id: int) -> None:
    """Let a facility be closed. Raises NotFoundError if there is none."""
    lock_own(conn, scenario_id)
    _check_room(conn, scenario_id)
    conn.execute(
        """
        INSERT INTO scenario_change (scenario_id, what, kind, facility_id)
        SELECT %s, 'close', kind, facility_id FROM facility WHERE facility_id = %s
        ON CONFLICT (scenario_id, facility_id)
            DO UPDATE SET what = 'close', geom = NULL, is_out = false
        """,
        [scenario_id, _facility(conn, facility_id)],
    )


def change_area(
    conn: Connection[Any], scenario_id: int, organisation_id: int, grid_id: int, *, serves: bool
) -> None:
    """Let an organisation serve in a grid, or no longer.

    Raises InvalidInputError if no service kind counts organisations of its kind, or nothing would
    change by it.
    """
    lock_own(conn, scenario_id)
    row = conn.execute(
        """
        SELECT o.name, EXISTS (SELECT FROM service_provider p WHERE p.via = 'area'
                                 AND p.what = o.kind AND p.valid @> current_date),
               EXISTS (SELECT FROM service_area a WHERE a.organisation_id = o.organisation_id
                         AND a.grid_id = %(grid)s AND a.valid @> current_date),
               (SELECT v.name FROM grid_version v WHERE v.grid_id = %(grid)s
                  AND v.valid @> current_date)
        FROM organisation o WHERE o.organisation_id = %(organisation)s
        """,
        {"organisation": organisation_id, "grid": grid_id},
    ).fetchone()
    if row is None or not row[1] or row[3] is None:
        raise InvalidInputError(
            "This organisation or this grid is not there, or no service is given by it.",
            hint="Choose an organisation from the list and a grid on the map.",
        )
    # What was said before of the same area is taken back first.
    conn.execute(
        "DELETE FROM scenario_change WHERE scenario_id = %s AND organisation_id = %s"
        " AND grid_id = %s",
        [scenario_id, organisation_id, grid_id],
    )
    if row[2] == serves:
        raise InvalidInputError(
            "{organisation} serves in {grid} already."
            if serves
            else "{organisation} does not serve in {grid}.",
            organisation=row[0],
            grid=row[3],
        )
    _check_room(conn, scenario_id)
    conn.execute(
        "INSERT INTO scenario_change (scenario_id, what, organisation_id, grid_id)"
        " VALUES (%s, %s, %s, %s)",
        [scenario_id, "give" if serves else "take", organisation_id, grid_id],
    )


def change_standard(
    conn: Connection[Any], scenario_id: int, kind: str, place: Place, standard: Standard
) -> None:
    """Let another standard hold for a kind in a kind of place.

    Raises InvalidInputError on a kind that is not there and on numbers that no standard has.
    """
    lock_own(conn, scenario_id)
    _check_kind(conn, kind, is_placed=False)
    _check_room(conn, scenario_id)
    if _holds(conn, scenario_id, kind, place, standard):
        raise InvalidInputError("This standard already applies.")
    try:
        with conn.transaction():
            conn.execute(
                """
                INSERT INTO scenario_change (scenario_id, what, kind, place, reach, unit, detour,
                                             capacity, minimum)
                VALUES (%s, 'standard', %s, %s, %s, %s, %s, %s, %s)
                ON CONFLICT (scenario_id, kind, place) WHERE what = 'standard'
                DO UPDATE SET reach = EXCLUDED.reach, unit = EXCLUDED.unit,
                    detour = EXCLUDED.detour, capacity = EXCLUDED.capacity,
                    minimum = EXCLUDED.minimum, is_out = false
                """,
                [
                    scenario_id, kind, place, standard.reach, standard.unit, standard.detour,
                    standard.capacity, standard.minimum,
                ],
            )  # fmt: skip
    except (errors.CheckViolation, errors.NumericValueOutOfRange):
        raise InvalidInputError(
            "A standard has a reach of 1 to 100,000 m or minutes, a detour of 1 to 5, a capacity of"
            " 1 or more households or none, and 1 to 99 providers."
        ) from None


def _holds(
    conn: Connection[Any], scenario_id: int, kind: str, place: Place, standard: Standard
) -> bool:
    """Tell whether a standard is the scenario's own, or where it has none the county's."""
    values = [standard.reach, standard.unit, standard.detour, standard.capacity, standard.minimum]
    row = conn.execute(
        """
        SELECT ROW(reach, unit, detour, capacity, minimum) IS NOT DISTINCT FROM
               ROW(%s::int, %s::text, %s::float8, %s::int, %s::int)
        FROM (SELECT 1 AS turn, reach, unit, detour, capacity, minimum FROM scenario_change
              WHERE scenario_id = %s AND kind = %s AND place = %s AND what = 'standard'
                AND NOT is_out
              UNION ALL
              SELECT 2, reach, unit, detour, capacity, minimum FROM service_standard
              WHERE kind = %s AND place = %s AND valid @> current_date) s
        ORDER BY turn LIMIT 1
        """,
        [*values, scenario_id, kind, place, kind, place],
    ).fetchone()
    return bool(row and row[0])


def take_plan(conn: Connection[Any], scenario_id: int, plan_id: int) -> None:
    """Let a boundary plan be in force, instead of any other. Raises NotFoundError.

    Raises InvalidInputError on a plan that is published or withdrawn.
    """
    lock_own(conn, scenario_id)
    plan = plans.get(conn, plan_id)
    if plan.state in ("published", "withdrawn"):
        raise InvalidInputError("This plan is no longer a draft: it is published or withdrawn.")
    _check_room(conn, scenario_id)
    conn.execute(
        """
        INSERT INTO scenario_change (scenario_id, what, plan_id) VALUES (%s, 'plan', %s)
        ON CONFLICT (scenario_id) WHERE what = 'plan'
        DO UPDATE SET plan_id = EXCLUDED.plan_id, is_out = false
        """,
        [scenario_id, plan_id],
    )


def take_out(conn: Connection[Any], scenario_id: int, change_id: int, *, is_out: bool) -> None:
    """Take a change out of a scenario, or have it back. Raises NotFoundError if there is none."""
    lock_own(conn, scenario_id)
    if not conn.execute(
        "UPDATE scenario_change SET is_out = %s WHERE scenario_id = %s AND change_id = %s",
        [is_out, scenario_id, change_id],
    ).rowcount:
        raise NotFoundError("There is no such change in this scenario.")


def facility_at(
    conn: Connection[Any], kind: str, point: Point, within_m: float, changes: Sequence[Change]
) -> int | None:
    """Return the nearest facility of a kind around a point, None if there is none.

    One that the scenario moves is looked for where it would stand; one that it closes, nowhere.
    """
    row = conn.execute(
        """
        WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326)::geography AS geog)
        SELECT facility_id FROM (
            SELECT facility_id, geom FROM facility
            WHERE kind = %(kind)s AND valid @> current_date AND facility_id <> ALL(%(changed)s)
              AND geom && ST_Expand(ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326), 0.2)
            UNION ALL
            SELECT id, ST_SetSRID(ST_MakePoint(x, y), 4326)
            FROM unnest(%(moved)s::int8[], %(x)s::float8[], %(y)s::float8[]) m (id, x, y)) f, here
        WHERE ST_DWithin(f.geom::geography, here.geog, %(within)s)
        ORDER BY f.geom::geography <-> here.geog LIMIT 1
        """,
        {
            "lon": point.lon,
            "lat": point.lat,
            "kind": kind,
            "within": within_m,
            "changed": [each.facility_id for each in changes if each.facility_id],
            **_moved(kind, changes),
        },
        prepare=False,
    ).fetchone()
    return row[0] if row else None


def _moved(kind: str, changes: Sequence[Change]) -> dict[str, list[Any]]:
    moved = [
        (each.facility_id, each.point)
        for each in changes
        if each.what == "move" and each.kind == kind and each.point
    ]
    return {
        "moved": [facility_id for facility_id, _ in moved],
        "x": [point.lon for _, point in moved],
        "y": [point.lat for _, point in moved],
    }


def _check_room(conn: Connection[Any], scenario_id: int, wanted: int = 1) -> None:
    row = conn.execute(
        "SELECT count(*) FROM scenario_change WHERE scenario_id = %s AND NOT is_out", [scenario_id]
    ).fetchone()
    if row and row[0] + wanted > MOST_CHANGES:
        raise InvalidInputError(
            "A scenario has at most {most} changes.",
            hint="Take some out, or start another.",
            most=MOST_CHANGES,
        )


def _check_kind(conn: Connection[Any], kind: str, *, is_placed: bool = True) -> None:
    if not conn.execute(
        "SELECT FROM service_provider"
        " WHERE kind = %s AND valid @> current_date AND (via = 'facility' OR NOT %s)",
        [kind, is_placed],
    ).rowcount:
        raise InvalidInputError(
            "“{value}” is not a service that facilities give."
            if is_placed
            else "“{value}” is not a service kind.",
            value=kind[:40],
        )


def _check_point(conn: Connection[Any], point: Point) -> None:
    if not conn.execute(
        """
        SELECT FROM grid_version WHERE level = 'county' AND valid @> current_date
          AND ST_Covers(geom, ST_SetSRID(ST_MakePoint(%s, %s), 4326))
        """,
        [point.lon, point.lat],
    ).rowcount:
        raise InvalidInputError(
            "This place is outside the county.", hint="Click a place inside its boundary."
        )


def _facility(conn: Connection[Any], facility_id: int) -> int:
    if not conn.execute("SELECT FROM facility WHERE facility_id = %s", [facility_id]).rowcount:
        raise NotFoundError("There is no such facility.")
    return facility_id
