"""Buildings in which people live, as the child that surveys a file of grids needs them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from typing import Any

import psycopg


def households(conn: psycopg.Connection[Any], day: date) -> tuple[int, ...]:
    """Return the households of the buildings of a day in the order of ``points``."""
    rows = conn.execute(
        "SELECT households FROM building WHERE households > 0 AND valid @> %s::date"
        " ORDER BY building_id",
        [day],
    )
    return tuple(row[0] for row in rows)


def points(conn: psycopg.Connection[Any], day: date) -> Iterator[bytes]:
    """Yield the places of the buildings of a day that have households, as well-known binary."""
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            "SELECT ST_AsBinary(geom) FROM building WHERE households > 0 AND valid @> %s::date"
            " ORDER BY building_id",
            [day],
        )
        for row in cursor:
            yield row[0]
