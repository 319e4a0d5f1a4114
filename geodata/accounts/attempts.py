"""Limits on guessing that hold across workers: failed attempts are counted in the database.

An attempt is counted before it is made and taken back when it succeeds, so that many at once do
not slip through together. Keys are keyed hashes: neither names nor addresses can be read from the
table.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, Literal

from psycopg import Connection

Kind = Literal["source", "pair", "account", "device"]
WINDOW = timedelta(minutes=15)
# ``source``: one network address, at any account; a whole office may sign in from behind one.
# ``pair``: one account from one address. Anyone who guesses locks out only the own address.
# ``account``: one account from anywhere, against guessing that is spread (NIST SP 800-63B asks for
# 100 at most). ``device``: a browser that was signed in before, which the other three leave alone,
# so that its owner gets in while others guess.
LIMITS: dict[Kind, int] = {"source": 60, "pair": 10, "account": 100, "device": 10}


@dataclass(frozen=True, slots=True)
class Key:
    """What attempts are counted for."""

    kind: Kind
    digest: bytes


def make_key(secret: str, kind: Kind, *values: str) -> Key:
    """Name what attempts are counted for, so that only this installation knows it again."""
    message = "\0".join((kind, *values)).encode()
    return Key(kind, hmac.new(secret.encode(), message, hashlib.sha256).digest())


def begin(conn: Connection[Any], keys: Iterable[Key]) -> timedelta | None:
    """Count an attempt for each key; return how long to wait if one of them has had too many."""
    longest: timedelta | None = None
    keys = _named(conn, keys)
    for each in keys:
        row = conn.execute(
            """
            INSERT INTO attempt AS a (key, failures) VALUES (%(key)s, 1)
            ON CONFLICT (key) DO UPDATE SET
                failures = CASE WHEN a.since < now() - %(window)s THEN 1
                                ELSE least(a.failures + 1, 100000) END,
                since = CASE WHEN a.since < now() - %(window)s THEN now() ELSE a.since END
            RETURNING failures, since + %(window)s - now()
            """,
            {"key": each.digest, "window": WINDOW},
        ).fetchone()
        if row and row[0] > LIMITS[each.kind]:
            longest = max(longest or timedelta(), row[1])
    return longest


def forgive(conn: Connection[Any], keys: Iterable[Key]) -> None:
    """Take back what ``begin`` counted: for account and device all of it, for a source this one."""
    for each in _named(conn, keys):
        if each.kind == "source":
            conn.execute(
                "UPDATE attempt SET failures = greatest(failures - 1, 0) WHERE key = %s",
                [each.digest],
            )
        else:
            conn.execute("DELETE FROM attempt WHERE key = %s", [each.digest])


def forget(conn: Connection[Any]) -> int:
    """Remove what no longer counts; return how many."""
    return conn.execute("DELETE FROM attempt WHERE since < now() - %s", [WINDOW]).rowcount


def _named(conn: Connection[Any], keys: Iterable[Key]) -> list[Key]:
    """Name the keys for the rest of the transaction: only their rows are there.

    Returns them in one order, no matter who comes: two at once would else wait for each other.
    """
    ordered = sorted(keys, key=lambda k: k.digest)
    conn.execute(
        "SELECT set_config('gridmap.attempts', %s, true)",
        [",".join(each.digest.hex() for each in ordered)],
    )
    return ordered
