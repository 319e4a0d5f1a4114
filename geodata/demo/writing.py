"""Writing many rows at once: ids reserved ahead, then COPY."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import date
from typing import LiteralString

import numpy as np
import psycopg
import shapely
from psycopg.rows import TupleRow

from geodata.demo.lattice import Floats


def reserve_ids(
    conn: psycopg.Connection[TupleRow], table: str, column: str, count: int
) -> list[int]:
    """Take so many ids from a table's sequence."""
    rows = conn.execute(
        "SELECT nextval(pg_get_serial_sequence(%s, %s)) FROM generate_series(1, %s)",
        [table, column, count],
    ).fetchall()
    return [int(row[0]) for row in rows]


def copy_rows(
    conn: psycopg.Connection[TupleRow],
    statement: LiteralString,
    rows: Iterable[tuple[object, ...]],
) -> None:
    """Run a ``COPY ... FROM STDIN`` with these rows."""
    with conn.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def points(lon_lat: Floats) -> list[str]:
    """Return points (n, 2), WGS 84, in the form that PostGIS reads."""
    geoms = np.asarray(shapely.set_srid(shapely.points(lon_lat), 4326), dtype=object)
    return [str(text) for text in shapely.to_wkb(geoms, hex=True, include_srid=True)]


def term(begin: date, end: date | None = None) -> str:
    """Return the range of days from ``begin`` until before ``end``."""
    return f"[{begin.isoformat()},{end.isoformat() if end else ''})"
