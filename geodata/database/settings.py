"""Facts about the installation: the county's name, whether its data is a demonstration."""

from __future__ import annotations

from typing import Any

from psycopg import Connection
from psycopg.types.json import Jsonb


def read(conn: Connection[Any]) -> dict[str, Any]:
    """Return all settings by key."""
    return dict(conn.execute("SELECT key, value FROM setting").fetchall())


def write(conn: Connection[Any], key: str, value: object) -> None:
    """Set one setting, replacing what stood there."""
    conn.execute(
        """
        INSERT INTO setting (key, value) VALUES (%(key)s, %(value)s)
        ON CONFLICT (key) DO UPDATE SET value = excluded.value
        """,
        {"key": key, "value": Jsonb(value)},
    )
