"""The audit trail: who saw a phone number, who changed what. Only ever appended to.

An entry's account is that of the acting session, looked up by the database itself. Entries hold no
phone number, no password and nothing about reporters, so that nothing has to be removed from them.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
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
    """Which entries: by instant (until is exclusive), user name and action.

    A user name finds what the account did and what was done to it, failed sign-ins among it.
    """

    since: datetime | None = None
    until: datetime | None = None
    username: str = ""
    action: str = ""


@dataclass(frozen=True, slots=True)
class Names:
    """What the things that entries speak of are called today, by number; gone ones are missing.

    Accounts by user name and name.
    """

    accounts: Mapping[int, tuple[str, str]]
    members: Mapping[int, str]
    grids: Mapping[int, str]
    organisations: Mapping[int, str]


_MATCHING: LiteralString = """
    FROM audit_event
    WHERE (%(since)s::timestamptz IS NULL OR at >= %(since)s)
      AND (%(until)s::timestamptz IS NULL OR at < %(until)s)
      AND (%(username)s = '' OR actor = %(username)s
           OR (subject = 'account' AND subject_id = (
               SELECT a.account_id FROM account a WHERE a.username = %(username)s)))
      AND (%(action)s = '' OR action = %(action)s)
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


def list_events(
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


def list_actions(conn: Connection[Any]) -> list[str]:
    """List the actions that the trail knows."""
    # From one to the next by the index: a year's trail has a million entries of a dozen kinds.
    rows = conn.execute(
        """
        WITH RECURSIVE known AS (
            (SELECT action FROM audit_event ORDER BY action LIMIT 1)
            UNION ALL
            SELECT (SELECT e.action FROM audit_event e WHERE e.action > known.action
                    ORDER BY e.action LIMIT 1)
            FROM known WHERE known.action IS NOT NULL)
        SELECT action FROM known WHERE action IS NOT NULL
        """
    )
    return [row[0] for row in rows.fetchall()]


def look_up_names(conn: Connection[Any], events: Iterable[AuditEvent]) -> Names:
    """Look up what the entries speak of: accounts, members, grids and organisations."""
    kinds = ("account", "member", "grid", "organisation")
    asked: dict[str, set[int]] = {kind: set() for kind in kinds}
    for event in events:
        if event.account_id is not None:
            asked["account"].add(event.account_id)
        if event.subject in asked and event.subject_id is not None:
            asked[event.subject].add(event.subject_id)
        for kind in kinds:
            if isinstance(number := event.detail.get(f"{kind}_id"), int):
                asked[kind].add(number)
    accounts = conn.execute(
        "SELECT account_id, username, name FROM account WHERE account_id = ANY(%s)",
        [list(asked["account"])],
    ).fetchall()
    members = conn.execute(
        "SELECT member_id, name FROM member WHERE member_id = ANY(%s)", [list(asked["member"])]
    ).fetchall()
    grids = conn.execute(
        """
        SELECT DISTINCT ON (grid_id) grid_id, name FROM grid_version
        WHERE grid_id = ANY(%s) ORDER BY grid_id, lower(valid) DESC
        """,
        [list(asked["grid"])],
    ).fetchall()
    organisations = conn.execute(
        "SELECT organisation_id, name FROM organisation WHERE organisation_id = ANY(%s)",
        [list(asked["organisation"])],
    ).fetchall()
    return Names(
        {row[0]: (row[1], row[2]) for row in accounts},
        dict(members),
        dict(grids),
        dict(organisations),
    )


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
        "username": chosen.username,
        "action": chosen.action,
    }
