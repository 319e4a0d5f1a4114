"""The audit trail: who saw a phone number, who changed what. Only ever appended to.

An entry's account is that of the acting session, looked up by the database itself. Entries hold no
phone number, no password and nothing about reporters, so that nothing has to be removed from them.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, LiteralString

from psycopg import Connection
from psycopg.rows import class_row
from psycopg.types.json import Jsonb

from geodata.errors import InvalidInputError

# The Cybersecurity Law (article 21) asks for six months.
MIN_KEPT_DAYS = 183
KEPT_DAYS = 365


@dataclass(frozen=True, slots=True)
class AuditEvent:
    """One entry. ``actor`` is the user name at that time, '' for the command line."""

    event_id: int
    at: datetime
    account_id: int | None
    actor: str
    action: str
    subject: str
    subject_id: int | None
    detail: Mapping[str, Any]
    request_id: str


@dataclass(frozen=True, slots=True)
class AuditFilter:
    """Which entries: by instant (until is exclusive), user name and the beginning of the action."""

    since: datetime | None = None
    until: datetime | None = None
    actor: str = ""
    action: str = ""


_MATCHING: LiteralString = """
    FROM audit_event
    WHERE (%(since)s::timestamptz IS NULL OR at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
      AND (%(actor)s = '' OR actor = %(actor)s)
      AND (%(action)s = '' OR starts_with(action, %(action)s))
"""


def record(
    conn: Connection[Any],
    action: str,
    *,
    subject: str = "",
    subject_id: int | None = None,
    detail: Mapping[str, object] | None = None,
) -> None:
    """Add an entry in the caller's transaction: what is undone leaves none."""
    conn.execute(
        "SELECT audit(%s, %s, %s, %s)", (action, subject, subject_id, Jsonb(dict(detail or {})))
    )


def count(conn: Connection[Any], chosen: AuditFilter) -> int:
    """Count the entries that a filter lets through."""
    row = conn.execute("SELECT count(*)" + _MATCHING, _values(chosen)).fetchone()
    return row[0] if row else 0


def listed(
    conn: Connection[Any], chosen: AuditFilter, *, limit: int = 50, offset: int = 0
) -> list[AuditEvent]:
    """List entries, the newest first."""
    with conn.cursor(row_factory=class_row(AuditEvent)) as cursor:
        return cursor.execute(
            "SELECT event_id, at, account_id, actor, action, subject, subject_id, detail,"
            " request_id"
            + _MATCHING
            + "ORDER BY at DESC, event_id DESC LIMIT %(limit)s OFFSET %(offset)s",
            {**_values(chosen), "limit": limit, "offset": offset},
        ).fetchall()


def actors(conn: Connection[Any]) -> list[str]:
    """List the user names that the trail knows."""
    rows = conn.execute("SELECT DISTINCT actor FROM audit_event WHERE actor <> '' ORDER BY 1")
    return [row[0] for row in rows.fetchall()]


def actions(conn: Connection[Any]) -> list[str]:
    """List the actions that the trail knows."""
    rows = conn.execute("SELECT DISTINCT action FROM audit_event ORDER BY 1")
    return [row[0] for row in rows.fetchall()]


def forget(conn: Connection[Any], now: datetime, *, kept_days: int = KEPT_DAYS) -> int:
    """Remove the entries that are older than they have to be kept; return how many.

    For the tables' owner. Raises InvalidInputError below six months.
    """
    if kept_days < MIN_KEPT_DAYS:
        raise InvalidInputError(
            "The audit trail must be kept for {min_days} days at least, not {days}.",
            min_days=MIN_KEPT_DAYS,
            days=kept_days,
        )
    return conn.execute(
        "DELETE FROM audit_event WHERE at < %s", [now - timedelta(days=kept_days)]
    ).rowcount


def _values(chosen: AuditFilter) -> dict[str, object]:
    return {
        "since": chosen.since,
        "until": chosen.until,
        "actor": chosen.actor,
        "action": chosen.action,
    }
