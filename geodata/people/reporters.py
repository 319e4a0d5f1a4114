"""Who reported an issue: kept for a time after it was closed, then deleted."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from geodata.database import settings
from geodata.errors import InvalidInputError

KEPT_DAYS = 90
_SETTING = "reporters_kept_days"
# A hundred years: beyond it, there is no such date for the database.
_MOST_DAYS = 36_500


def forget(conn: Connection[Any], after_days: int | None = None) -> int:
    """Delete who reported the issues that were closed longer ago than that; return how many.

    Without ``after_days`` the setting ``reporters_kept_days`` says it, and 90 where it is not set.
    An issue that was opened again keeps its reporter until it is closed again.

    Raises:
        InvalidInputError: not a number of days
    """
    days: object = after_days
    if days is None:
        days = settings.read(conn).get(_SETTING, KEPT_DAYS)
    if not isinstance(days, int) or isinstance(days, bool) or not 0 <= days <= _MOST_DAYS:
        raise InvalidInputError(
            "“{value}” is not a number of days for which reporters can be kept.",
            hint="Set {setting} to a whole number from 0 to {most}.",
            value=str(days)[:40],
            setting=_SETTING,
            most=_MOST_DAYS,
        )
    return conn.execute(
        """
        DELETE FROM issue_reporter r USING issue i
        WHERE i.issue_id = r.issue_id AND i.closed_at < now() - make_interval(days => %s)
        """,
        [days],
    ).rowcount
