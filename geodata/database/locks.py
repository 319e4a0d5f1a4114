"""Advisory locks: what one transaction at a time may do, by the number that stands for it.

PostgreSQL knows these locks by number alone, so each has its name here and nowhere another number.
``PARTITION`` is written into applied migrations as well, and can never be another one.
"""

from __future__ import annotations

from enum import IntEnum, unique
from typing import Any

from psycopg import Connection


@unique
class Lock(IntEnum):
    """What is locked."""

    # Boundaries are written. The triggers of migrations 0001 and 0011 take it, too.
    PARTITION = 341525
    # Figures of coverage are computed. With a place: who computes or waits for another day's.
    COVERAGE = 341526
    ROADS = 341527
    # Figures of a month are written down.
    COVERAGE_HISTORY = 341531
    STANDARDS = 341571
    MIGRATIONS = 341525001
    # The demo county is loaded, so that only one of several starters does.
    DEMO = 341525002
    # Two administrators do not remove each other at once.
    ADMINISTRATORS = 341525006


def take(conn: Connection[Any], lock: Lock) -> None:
    """Wait until nobody else has a lock, and keep it until the transaction ends."""
    conn.execute("SELECT pg_advisory_xact_lock(%s)", [int(lock)])


def take_for_session(conn: Connection[Any], lock: Lock) -> None:
    """Wait until nobody else has a lock, and keep it until the connection ends."""
    conn.execute("SELECT pg_advisory_lock(%s)", [int(lock)])


def try_take(conn: Connection[Any], lock: Lock, place: int) -> bool:
    """Take one of the places of a lock until the transaction ends, if nobody else has it."""
    row = conn.execute("SELECT pg_try_advisory_xact_lock(%s, %s)", [int(lock), place]).fetchone()
    return row is not None and row[0]
