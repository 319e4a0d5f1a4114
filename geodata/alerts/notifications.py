"""What people should know of: a queue from which pages read, and senders could.

Who may see one is decided by the database: those who plan services in its territory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from datetime import date, datetime
from typing import Any, Literal, LiteralString, get_args

from psycopg import Connection
from psycopg.rows import class_row

from geodata.errors import HiddenError

State = Literal["new", "seen", "done"]
STATES: tuple[State, ...] = get_args(State)
# Open is what nobody has marked as done and what is not over; ended, what was over by itself.
Show = Literal["open", "new", "done", "ended", "all"]
SHOWS: tuple[Show, ...] = get_args(Show)


@dataclass(frozen=True, slots=True)
class Notification:
    """One entry; ``grid`` and ``town`` are what the places are called today.

    ``state_by`` is the user name, as it was then, of the person who marked it last. ``payload``
    holds what it is about, as it was when it was raised.
    """

    notification_id: int
    subject: str
    grid_id: int
    grid: str
    town: str | None
    rule_id: int | None
    kind: str | None
    day: date
    payload: Mapping[str, Any]
    created_at: datetime
    state: State
    state_by: str
    state_at: datetime | None
    ended_at: datetime | None
    ended: str | None


@dataclass(frozen=True, slots=True)
class NotificationFilter:
    """Which entries: by state, by service kind, by rule, and those in a grid."""

    show: Show = "open"
    kind: str | None = None
    rule_id: int | None = None
    grid_id: int | None = None


def count_new(conn: Connection[Any]) -> int:
    """Count the entries that nobody has seen and that are not over."""
    row = conn.execute(
        "SELECT count(*) FROM notification WHERE state = 'new' AND ended_at IS NULL"
    ).fetchone()
    assert row is not None
    return row[0]


def count(conn: Connection[Any], chosen: NotificationFilter) -> int:
    """Count the entries that a filter lets through."""
    row = conn.execute("SELECT count(*) FROM notification n" + _CHOSEN, asdict(chosen)).fetchone()
    assert row is not None
    return row[0]


def listed(
    conn: Connection[Any], chosen: NotificationFilter, *, limit: int, offset: int = 0
) -> list[Notification]:
    """List the entries that a filter lets through, the newest first.

    Those that were raised at once stand as they were raised: most households unserved first.
    """
    with conn.cursor(row_factory=class_row(Notification)) as cursor:
        return cursor.execute(
            _COLUMNS + _CHOSEN + " ORDER BY n.created_at DESC, n.notification_id"
            " LIMIT %(limit)s OFFSET %(offset)s",
            {**asdict(chosen), "limit": limit, "offset": offset},
        ).fetchall()


def find(conn: Connection[Any], notification_id: int) -> Notification | None:
    """Return one entry, None where there is none that is the reader's to see."""
    with conn.cursor(row_factory=class_row(Notification)) as cursor:
        return cursor.execute(
            _COLUMNS + " WHERE n.notification_id = %s", [notification_id]
        ).fetchone()


def kinds(conn: Connection[Any]) -> list[tuple[str, str, str]]:
    """List the service kinds of which there are entries: kind, Chinese name, English name."""
    return conn.execute(
        """
        SELECT kind, name_zh, name_en FROM service_kind k
        WHERE EXISTS (SELECT FROM notification n WHERE n.kind = k.kind) ORDER BY rank, kind
        """
    ).fetchall()


def mark(conn: Connection[Any], notification_id: int, state: State, actor: str) -> State:
    """Mark an entry and return what it was before.

    Raises HiddenError where there is none, and alike where it is not the reader's to see.
    """
    row = conn.execute(
        "SELECT state FROM notification WHERE notification_id = %s FOR UPDATE", [notification_id]
    ).fetchone()
    if row is None:
        raise HiddenError("There is no such notification that can be shown to you.")
    conn.execute(
        "UPDATE notification SET state = %s, state_by = %s, state_at = now()"
        " WHERE notification_id = %s",
        (state, actor, notification_id),
    )
    return row[0]


def mark_seen(conn: Connection[Any], chosen: NotificationFilter, actor: str) -> int:
    """Mark all new entries that a filter lets through as seen; return how many."""
    return conn.execute(
        "UPDATE notification n SET state = 'seen', state_by = %(actor)s, state_at = now()"
        + _CHOSEN
        + " AND n.state = 'new'",
        {**asdict(chosen), "actor": actor},
    ).rowcount


_COLUMNS: LiteralString = """
    SELECT n.notification_id, n.subject, n.grid_id,
           coalesce(g.name, n.payload ->> 'grid', '') AS grid, t.name AS town,
           n.rule_id, n.kind, n.day, n.payload, n.created_at, n.state, n.state_by, n.state_at,
           n.ended_at, n.ended
    FROM notification n
    LEFT JOIN LATERAL (
        SELECT name FROM grid_version v WHERE v.grid_id = n.grid_id
        ORDER BY lower(v.valid) DESC LIMIT 1) g ON true
    LEFT JOIN LATERAL (
        SELECT name FROM grid_version v
        WHERE v.grid_id = ANY (n.place) AND v.grid_id <> n.grid_id AND v.level = 'town'
        ORDER BY lower(v.valid) DESC LIMIT 1) t ON true
"""
_CHOSEN: LiteralString = """
    WHERE CASE %(show)s
          WHEN 'open' THEN n.state <> 'done' AND n.ended_at IS NULL
          WHEN 'new' THEN n.state = 'new' AND n.ended_at IS NULL
          WHEN 'done' THEN n.state = 'done'
          WHEN 'ended' THEN n.ended_at IS NOT NULL
          ELSE true END
      AND (%(kind)s::text IS NULL OR n.kind = %(kind)s)
      AND (%(rule_id)s::bigint IS NULL OR n.rule_id = %(rule_id)s)
      AND (%(grid_id)s::bigint IS NULL OR n.place @> ARRAY[%(grid_id)s::bigint])
"""
