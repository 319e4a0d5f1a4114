"""Shapes of single grids for the browser, to outline what is selected."""

from __future__ import annotations

import json
from datetime import date
from typing import Any

from psycopg import Connection

from geodata.errors import NotFoundError


def shape(conn: Connection[Any], grid_id: int, on: date) -> dict[str, Any]:
    """Return a grid as a GeoJSON feature (RFC 7946: WGS 84, degrees, seven places).

    Raises NotFoundError if there was no such grid on that day.
    """
    row = conn.execute(
        """
        SELECT v.grid_id, v.level::text, v.name, v.code, ST_AsGeoJSON(v.geom, 7, 1)
        FROM grid_version v WHERE v.grid_id = %(grid_id)s AND v.valid @> %(on)s
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
