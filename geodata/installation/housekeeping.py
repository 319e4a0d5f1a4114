"""What has served its time goes: sessions, attempts, reporters, old entries of the audit trail."""

from __future__ import annotations

from datetime import datetime
from typing import Any

from psycopg import Connection

from geodata.accounts import attempts, audit, sessions
from geodata.database import settings
from geodata.people import reporters

AUDIT_SETTING = "audit_kept_days"
# A hundred years: beyond it, there is no such date for the database.
_MOST_DAYS = 36_500


def tidy(conn: Connection[Any], now: datetime) -> dict[str, int]:
    """Remove it and return how many of each; for the tables' owner, who commits.

    Raises InvalidInputError if the setting for reporters makes no sense.
    """
    ended, devices = sessions.forget(conn)
    return {
        "sessions": ended,
        "devices": devices,
        "attempts": attempts.forget(conn),
        "reporters": reporters.forget(conn),
        "audit_entries": audit.forget(conn, now, kept_days=audit_kept_days(conn)),
    }


def audit_kept_days(conn: Connection[Any]) -> int:
    """Return for how long the trail is kept: the setting, never less than the law asks for.

    A setting that makes no sense is read as the default: nothing may be lost by a slip of the pen.
    """
    days: object = settings.read(conn).get(AUDIT_SETTING)
    if not isinstance(days, int) or isinstance(days, bool):
        return audit.KEPT_DAYS
    return min(max(days, audit.MIN_KEPT_DAYS), _MOST_DAYS)
