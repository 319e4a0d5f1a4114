"""Who serves, by name: facilities of a kind, organisations in their areas, duty holders."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

import numpy as np
from psycopg import Connection

from geodata.coverage.judging.people import People
from geodata.coverage.judging.verdicts import Floats, Ints
from geodata.coverage.standards.model import Kind

LEVELS = ("compound", "community", "town", "county")


@dataclass(frozen=True, slots=True)
class FacilityProvider:
    """A facility: its number, name and place (lon, lat)."""

    facility_id: int
    name: str
    lon: float
    lat: float


@dataclass(frozen=True, slots=True)
class NamedProvider:
    """Who serves a grid or a building wherever they are; ``until`` is None while in office.

    An organisation has its kind as ``role``, a member the role in two languages.
    """

    who: str
    via: Literal["area", "duty"]
    name: str
    role: str
    role_zh: str
    role_en: str
    grid_id: int | None
    building_id: int | None
    until: date | None


def list_facilities(conn: Connection[Any], kind: str, day: date) -> list[FacilityProvider]:
    """List all facilities of a kind on a day, in the order in which they are judged."""
    rows = conn.execute(
        """
        SELECT facility_id, name, ST_X(geom), ST_Y(geom) FROM facility
        WHERE kind = %s AND valid @> %s ORDER BY facility_id
        """,
        (kind, day),
    ).fetchall()
    return [FacilityProvider(*row) for row in rows]


def read_points(found: Sequence[FacilityProvider]) -> Floats:
    """Return the places (lon, lat) of facilities, shape (n, 2)."""
    return np.array([(facility.lon, facility.lat) for facility in found], dtype=np.float64).reshape(
        -1, 2
    )


def list_named(conn: Connection[Any], kind: Kind, people: People, day: date) -> list[NamedProvider]:
    """List who serves the households of ``people`` by name on a day, and who did before."""
    if not kind.areas and not kind.duties:
        return []
    grids = np.unique(np.concatenate([people.rows[level] for level in LEVELS]))
    rows = conn.execute(
        """
        SELECT 'o' || o.organisation_id, 'area', o.name, o.kind, '', '', a.grid_id, NULL::int8,
               CASE WHEN a.valid @> %(day)s::date THEN NULL ELSE upper(a.valid) END
        FROM organisation o JOIN service_area a USING (organisation_id)
        WHERE o.kind = ANY(%(areas)s) AND lower(a.valid) <= %(day)s::date
          AND a.grid_id = ANY(%(grids)s)
        UNION ALL
        SELECT 'm' || m.member_id, 'duty', m.name, d.role, r.name_zh, r.name_en, d.grid_id,
               d.building_id, CASE WHEN d.term @> %(day)s::date THEN NULL ELSE upper(d.term) END
        FROM duty d JOIN duty_role r USING (role) JOIN member m USING (member_id)
        WHERE d.role = ANY(%(duties)s) AND NOT d.is_deputy AND lower(d.term) <= %(day)s::date
          AND (d.grid_id = ANY(%(grids)s) OR d.building_id = ANY(%(buildings)s))
        ORDER BY 3, 1
        """,
        {
            "day": day,
            "areas": list(kind.areas),
            "duties": list(kind.duties),
            "grids": grids[grids != 0].tolist(),
            "buildings": np.unique(people.rows["building"]).tolist(),
        },
        prepare=False,
    ).fetchall()
    return [NamedProvider(*row) for row in rows]


def group_rows(keys: Ints) -> dict[int, Ints]:
    """Return where each key but 0 stands."""
    order = np.argsort(keys, kind="stable")
    ids, first = np.unique(keys[order], return_index=True)
    parts = np.split(order, first[1:]) if len(ids) else []
    return {int(key): some for key, some in zip(ids, parts, strict=True) if key}


class Served:
    """Which buildings are served by whom, looked up many times."""

    def __init__(self, people: People) -> None:
        self._grids: dict[int, Ints] = {}
        for level in LEVELS:
            self._grids |= group_rows(people.rows[level])
        self._buildings = group_rows(people.rows["building"])

    def by(self, provider: NamedProvider) -> Ints:
        """Return the buildings that somebody serves by one area or duty."""
        nobody = np.empty(0, dtype=np.int64)
        if provider.building_id is not None:
            return self._buildings.get(provider.building_id, nobody)
        return self._grids.get(provider.grid_id or 0, nobody)
