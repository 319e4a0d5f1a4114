"""Organisations: those that serve in areas of their own."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import Any

from psycopg import Connection


@dataclass(frozen=True, slots=True)
class Team:
    """An organisation, the grids in which it serves, and the services that count it."""

    organisation_id: int
    name: str
    grids: tuple[str, ...]
    kinds_zh: str
    kinds_en: str


def list_serving_around(conn: Connection[Any], grid_id: int, on: date) -> list[Team]:
    """List those that a service counts in their areas and that serve in a grid's town, by name."""
    rows = conn.execute(
        """
        WITH RECURSIVE up AS (
            SELECT grid_id, parent_id, level FROM grid_version
            WHERE grid_id = %(grid)s AND valid @> %(on)s::date
            UNION
            SELECT v.grid_id, v.parent_id, v.level FROM up
            JOIN grid_version v ON v.grid_id = up.parent_id AND v.valid @> %(on)s::date
            WHERE up.level > 'town'),
        around AS (
            SELECT grid_id FROM up
            UNION
            SELECT v.grid_id FROM around
            JOIN grid_version v ON v.parent_id = around.grid_id AND v.valid @> %(on)s::date)
        SELECT o.organisation_id, o.name,
               ARRAY(SELECT v.name FROM service_area a
                     JOIN grid_version v ON v.grid_id = a.grid_id AND v.valid @> %(on)s::date
                     WHERE a.organisation_id = o.organisation_id AND a.valid @> %(on)s::date
                     ORDER BY v.level, v.code),
               string_agg(k.name_zh, '、' ORDER BY k.rank),
               string_agg(k.name_en, ', ' ORDER BY k.rank)
        FROM organisation o
        JOIN service_provider p ON p.via = 'area' AND p.what = o.kind AND p.valid @> %(on)s::date
        JOIN service_kind k ON k.kind = p.kind
        WHERE EXISTS (SELECT FROM service_area a WHERE a.organisation_id = o.organisation_id
                        AND a.valid @> %(on)s::date
                        AND a.grid_id IN (SELECT grid_id FROM around))
        GROUP BY o.organisation_id ORDER BY o.name, o.organisation_id
        """,
        {"grid": grid_id, "on": on},
    ).fetchall()
    return [Team(row[0], row[1], tuple(row[2]), *row[3:]) for row in rows]
