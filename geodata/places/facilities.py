"""Facilities: where a service is given."""

from __future__ import annotations

from datetime import date
from typing import Any

from psycopg import Connection

from geodata.model import Facility, Point


def find_nearest(conn: Connection[Any], point: Point, on: date) -> list[Facility]:
    """Return the nearest facility of every kind, with its distance, nearest first."""
    rows = conn.execute(
        """
        WITH here AS (SELECT ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326) AS geom)
        SELECT f.facility_id, k.kind, k.name_zh, k.name_en, f.name, f.address,
               ST_X(f.geom), ST_Y(f.geom),
               ST_Distance(f.geom::geography, here.geom::geography) AS distance_m
        FROM service_kind k, here, LATERAL (
            -- The index orders by degrees, which favours no direction by more than a few per cent
            -- among twenty candidates; the exact distance then decides.
            SELECT c.* FROM (
                SELECT f.* FROM facility f
                WHERE f.kind = k.kind AND f.valid @> %(on)s
                ORDER BY f.geom <-> here.geom LIMIT 20) c
            ORDER BY ST_Distance(c.geom::geography, here.geom::geography) LIMIT 1) f
        ORDER BY distance_m
        """,
        {"lon": point.lon, "lat": point.lat, "on": on},
    ).fetchall()
    return [Facility(*row[:6], point=Point(row[6], row[7]), distance_m=row[8]) for row in rows]


def has_any_outside(conn: Connection[Any], kind: str, on: date) -> bool:
    """Tell whether a kind has facilities outside the county, near enough to be seen with it."""
    row = conn.execute(
        """
        SELECT EXISTS (
            SELECT FROM facility f JOIN grid_version c ON c.level = 'county'
            WHERE f.kind = %(kind)s AND f.valid @> %(on)s::date AND c.valid @> %(on)s::date
              AND f.geom && ST_Expand(c.geom, 0.05) AND NOT ST_Covers(c.geom, f.geom))
        """,
        {"kind": kind, "on": on},
    ).fetchone()
    return bool(row and row[0])
