"""Where things are: the shapes of grids on a day, and the facilities that serve them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from psycopg import Connection

from geodata.exporting.coverage import Extract
from geodata.model import Bounds, Facility, Point


@dataclass(frozen=True, slots=True)
class FacilityNearby:
    """A facility; one that is not inside the place may serve households at its edge."""

    facility: Facility
    is_inside: bool


def read_shapes(
    conn: Connection[Any], grid_ids: Sequence[int], day: date
) -> dict[int, tuple[Any, Point]]:
    """Return by grid its shape (multipolygon, EPSG:4326) and where its label stands."""
    rows = conn.execute(
        """
        SELECT grid_id, ST_AsBinary(geom), ST_X(label_point), ST_Y(label_point) FROM grid_version
        WHERE grid_id = ANY(%(ids)s) AND valid @> %(day)s::date
        """,
        {"ids": list(grid_ids), "day": day},
    ).fetchall()
    if not rows:
        return {}
    read = shapely.from_wkb(np.asarray([bytes(row[1]) for row in rows], dtype=object))
    return {row[0]: (shape, Point(row[2], row[3])) for row, shape in zip(rows, read, strict=True)}


def list_facilities(conn: Connection[Any], extract: Extract) -> list[FacilityNearby]:
    """List the facilities of the kinds in a place and within their reach around it, by kind."""
    reach_m = max((kind.farthest_m for kind in extract.kinds), default=0.0)
    rows = conn.execute(
        """
        WITH place AS (
            SELECT geom FROM grid_version WHERE grid_id = %(grid_id)s AND valid @> %(day)s::date)
        SELECT f.facility_id, k.kind, k.name_zh, k.name_en, f.name, f.address,
               ST_X(f.geom), ST_Y(f.geom), ST_Covers(place.geom, f.geom)
        FROM place, facility f JOIN service_kind k USING (kind)
        WHERE f.geom && ST_Expand(place.geom, %(reach_m)s / 111320.0
                  / cos(radians(%(lat)s)), %(reach_m)s / 111320.0)
          AND f.kind = ANY(%(kinds)s) AND f.valid @> %(day)s::date
          AND (ST_Covers(place.geom, f.geom)
               OR ST_DWithin(place.geom::geography, f.geom::geography, %(reach_m)s))
        ORDER BY k.rank, k.kind, f.name, f.facility_id
        """,
        {
            "grid_id": extract.place.grid_id,
            "day": extract.day,
            "kinds": [kind.kind for kind in extract.kinds],
            "reach_m": reach_m,
            "lat": _farthest_lat(extract.place.bounds),
        },
    ).fetchall()
    return [
        FacilityNearby(Facility(*row[:6], point=Point(row[6], row[7]), distance_m=None), row[8])
        for row in rows
    ]


def _farthest_lat(bounds: Bounds) -> float:
    """Return the latitude at which a degree of longitude is shortest."""
    return max(abs(bounds.south), abs(bounds.north))
