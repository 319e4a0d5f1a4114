"""Writing many rows at once: ids reserved ahead, then COPY."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import date
from typing import LiteralString

import numpy as np
import psycopg
import shapely
from psycopg.rows import TupleRow

from geodata.demo.lattice import Floats
from geodata.partition.polygons import to_ewkb

# Points written down at once: bounds the memory that they take meanwhile.
_CHUNK = 10_000


def reserve_ids(
    conn: psycopg.Connection[TupleRow], table: str, column: str, count: int
) -> list[int]:
    """Take so many ids from a table's sequence."""
    row = conn.execute(
        "SELECT array_agg(nextval(pg_get_serial_sequence(%s, %s))) FROM generate_series(1, %s)",
        [table, column, count],
        binary=True,
    ).fetchone()
    return row[0] or [] if row else []


def copy_rows(
    conn: psycopg.Connection[TupleRow],
    statement: LiteralString,
    rows: Iterable[tuple[object, ...]],
) -> None:
    """Run a ``COPY ... FROM STDIN`` with these rows."""
    with conn.cursor().copy(statement) as copy:
        for row in rows:
            copy.write_row(row)


def points(lon_lat: Floats) -> Iterator[str]:
    """Yield points (n, 2), WGS 84, in the form that PostGIS reads."""
    for start in range(0, len(lon_lat), _CHUNK):
        geoms = shapely.points(lon_lat[start : start + _CHUNK])
        yield from to_ewkb(np.asarray(geoms, dtype=object), 4326)


def term(begin: date, end: date | None = None) -> str:
    """Return the range of days from ``begin`` until before ``end``."""
    return f"[{begin.isoformat()},{end.isoformat() if end else ''})"
