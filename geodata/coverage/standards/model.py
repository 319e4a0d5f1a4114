"""Standards of services: how far, how many households to a provider, how many providers."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any, Literal

from psycopg import Connection

from geodata.roads import keeping

Place = Literal["town", "village"]


@dataclass(frozen=True, slots=True)
class Standard:
    """What counts as served in one kind of place; ``unit`` is that of ``reach``.

    ``m_per_min`` is how fast people walk on level ground.
    """

    reach: int
    unit: Literal["m", "min"]
    detour: float
    capacity: int | None
    minimum: int
    m_per_min: float = 75.0

    @property
    def way_m(self) -> float:
        """The longest way on foot, in metres."""
        return self.reach * (self.m_per_min if self.unit == "min" else 1.0)

    @property
    def straight_m(self) -> float:
        """The longest straight line, in metres: the way without its detours."""
        return self.way_m / self.detour


@dataclass(frozen=True, slots=True)
class Providers:
    """Who gives a service: facilities of the kind, organisations of kinds in their areas, roles."""

    by_facility: bool
    areas: tuple[str, ...] = ()
    duties: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Kind:
    """A service kind on a day: its standards and who gives it.

    ``areas`` are kinds of organisations that serve in their service areas, ``duties`` roles.
    """

    kind: str
    name_zh: str
    name_en: str
    town: Standard
    village: Standard
    by_facility: bool
    areas: tuple[str, ...]
    duties: tuple[str, ...]

    @property
    def farthest_m(self) -> float:
        """The longest way within any standard, in metres: no straight line is longer."""
        return max(self.town.way_m, self.village.way_m)

    @property
    def is_limited(self) -> bool:
        """Whether a provider has a capacity, so that neighbours compete for it."""
        return self.town.capacity is not None or self.village.capacity is not None


def list_provided(conn: Connection[Any], day: date) -> list[Kind]:
    """List the kinds of which the county has any record of a provider, with the day's standards.

    Kinds without any are missing data. So are those that have no standard on the day.
    """
    return filter_provided(conn, list_all(conn, day))


def list_all(conn: Connection[Any], day: date) -> list[Kind]:
    """List the kinds that have a standard on a day, in the county's order."""
    rows = conn.execute(
        """
        SELECT k.kind, k.name_zh, k.name_en,
               t.reach, t.unit, t.detour, t.capacity, t.minimum,
               v.reach, v.unit, v.detour, v.capacity, v.minimum,
               coalesce(bool_or(p.via = 'facility'), false),
               coalesce(array_agg(p.what ORDER BY p.what) FILTER (WHERE p.via = 'area'), '{}'),
               coalesce(array_agg(p.what ORDER BY p.what) FILTER (WHERE p.via = 'duty'), '{}')
        FROM service_kind k
        JOIN service_standard t ON t.kind = k.kind AND t.place = 'town' AND t.valid @> %(day)s
        JOIN service_standard v ON v.kind = k.kind AND v.place = 'village' AND v.valid @> %(day)s
        LEFT JOIN service_provider p ON p.kind = k.kind AND p.valid @> %(day)s
        GROUP BY k.kind, t.standard_id, v.standard_id
        ORDER BY k.rank, k.kind
        """,
        {"day": day},
    ).fetchall()
    m_per_min = keeping.walking_km_h(conn) * 1000 / 60
    return [
        Kind(
            kind,
            zh,
            en,
            Standard(*town, m_per_min=m_per_min),
            Standard(*village, m_per_min=m_per_min),
            by_facility,
            tuple(areas),
            tuple(duties),
        )
        for kind, zh, en, town, village, by_facility, areas, duties in (
            (*row[:3], row[3:8], row[8:13], *row[13:]) for row in rows
        )
    ]


def filter_provided(
    conn: Connection[Any], kinds: Sequence[Kind], placed: Collection[str] = ()
) -> list[Kind]:
    """Keep the kinds of which the county has any record of a provider, be it of another day.

    ``placed`` are kinds of which it would have a facility as well.
    """
    found = set(
        conn.execute(
            """
            SELECT 'facility', kind FROM service_kind k
            WHERE EXISTS (SELECT FROM facility f WHERE f.kind = k.kind)
            UNION ALL
            SELECT 'duty', role FROM duty_role r
            WHERE EXISTS (SELECT FROM duty d WHERE d.role = r.role)
            UNION ALL
            SELECT DISTINCT 'area', o.kind FROM organisation o JOIN service_area USING
                (organisation_id)
            """
        ).fetchall()
    ) | {("facility", kind) for kind in placed}
    return [
        kind
        for kind in kinds
        if (kind.by_facility and ("facility", kind.kind) in found)
        or any(("area", what) in found for what in kind.areas)
        or any(("duty", role) in found for role in kind.duties)
    ]
