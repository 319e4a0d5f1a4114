"""Contacts of duty holders and reporters: one at a time, to those who may, and every time noted."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any

from psycopg import Connection

from geodata.accounts import audit
from geodata.errors import HiddenError


@dataclass(frozen=True, slots=True)
class Contact:
    """How to reach a duty holder on duty."""

    member_id: int
    name: str
    phone: str | None
    email: str | None


def filter_reachable(conn: Connection[Any], member_ids: Iterable[int]) -> frozenset[int]:
    """Return those of the members whose contact the acting account may see; shows none of it."""
    rows = conn.execute(
        "SELECT member_id FROM member_contact WHERE member_id = ANY(%s)", [list(member_ids)]
    ).fetchall()
    return frozenset(row[0] for row in rows)


@dataclass(frozen=True, slots=True)
class Reporter:
    """Who reported an issue and left a contact."""

    issue_id: int
    name: str | None
    phone: str | None


def show(conn: Connection[Any], member_id: int) -> Contact:
    """Return a member's contact and note in the audit trail that it was seen.

    Raises HiddenError where there is none, and alike where it is not the acting account's to see.
    """
    row = conn.execute(
        """
        SELECT m.member_id, m.name, c.phone, c.email
        FROM member_contact c JOIN member m USING (member_id) WHERE c.member_id = %s
        """,
        [member_id],
    ).fetchone()
    if row is None:
        raise HiddenError("No contact is shown to you here.")
    audit.record(conn, "contact.shown", subject="member", subject_id=member_id)
    return Contact(*row)


def has_reporter(conn: Connection[Any], issue_id: int) -> bool:
    """Tell whether there is a reporter's contact that the acting account may see; shows none."""
    row = conn.execute(
        "SELECT EXISTS (SELECT FROM issue_reporter WHERE issue_id = %s)", [issue_id]
    ).fetchone()
    return bool(row and row[0])


def show_reporter(conn: Connection[Any], issue_id: int) -> Reporter:
    """Return who reported an issue and note in the audit trail that it was seen.

    Raises HiddenError where nobody is known, and alike where it is not the acting account's to
    see.
    """
    row = conn.execute(
        "SELECT issue_id, name, phone FROM issue_reporter WHERE issue_id = %s", [issue_id]
    ).fetchone()
    if row is None:
        raise HiddenError("No contact is shown to you here.")
    audit.record(conn, "reporter.shown", subject="issue", subject_id=issue_id)
    return Reporter(*row)
