"""Service kinds and the facilities that give them."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from geodata.model import Facility, Point


@dataclass(frozen=True, slots=True)
class ServiceKind:
    """A kind of service and its standard: the straight-line reach in metres."""

    kind: str
    name_zh: str
    name_en: str
    reach_m: int


def kinds(conn: Connection[Any]) -> list[ServiceKind]:
    """List the service kinds of which the county has any facility; all while it has none."""
    rows = conn.execute(
        """
        SELECT k.kind, k.name_zh, k.name_en, k.reach_m FROM service_kind k
        WHERE EXISTS (SELECT FROM facility f WHERE f.kind = k.kind)
           OR NOT EXISTS (SELECT FROM facility)
        ORDER BY k.rank, k.kind
        """
    ).fetchall()
    return [ServiceKind(*row) for row in rows]


def nearest(conn: Connection[Any], point: Point, on: date) -> list[Facility]:
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


def near(
    conn: Connection[Any],
    kind: str,
    box: tuple[float, float, float, float],
    reach_m: float,
    on: date,
) -> NDArray[np.float64]:
    """Return the places (lon, lat), shape (n, 2), of facilities that may reach into a box.

    ``box`` is west, south, east, north in degrees. None in reach is missing; some are farther.
    """
    west, south, east, north = box
    # A degree of latitude has at least 110.57 km, one of longitude cos(latitude) of 111.32 km.
    high = reach_m / 110_570
    wide = reach_m / (111_320 * math.cos(math.radians(min(max(-south, north) + high, 89.0))))
    rows = conn.execute(
        """
        SELECT ST_X(geom), ST_Y(geom) FROM facility
        WHERE kind = %s AND geom && ST_MakeEnvelope(%s, %s, %s, %s, 4326) AND valid @> %s::date
        """,
        [kind, west - wide, south - high, east + wide, north + high, on],
    ).fetchall()
    return np.asarray(rows, dtype=np.float64).reshape(-1, 2)
