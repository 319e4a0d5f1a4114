"""Shapes of single grids for the browser, to outline what is selected."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.errors import NotFoundError


def shape(conn: Connection[Any], grid_id: int, on: date) -> dict[str, Any]:
    """Return a grid as a GeoJSON feature (RFC 7946: WGS 84, degrees, seven places).

    A county or a town comes as it is drawn at zoom 13, true to half a pixel there: whole, it would
    be ten times as long, for an outline that is looked at from afar.

    Raises NotFoundError if there was no such grid on that day.
    """
    row = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code,
               ST_AsGeoJSON(coalesce(ST_Transform(s.geom, 4326), v.geom), 7, 1)
        FROM grid_version v
        LEFT JOIN grid_shape s ON s.version_id = v.version_id AND s.valid @> %(on)s
             AND s.max_zoom = 13 AND v.level IN ('county', 'town')
        WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s
        """,
        {"grid_id": grid_id, "on": on},
    ).fetchone()
    if row is None:
        raise NotFoundError("There is no grid {grid_id} on {on}.", grid_id=grid_id, on=on)
    geometry = json.loads(row[4])
    return {
        "type": "Feature",
        "id": row[0],
        "bbox": geometry.pop("bbox"),
        "properties": {"level": row[1], "name": row[2], "code": row[3]},
        "geometry": geometry,
    }
