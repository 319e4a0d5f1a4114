"""Whom a provider of single sign-on vouches for: accounts known by its issuer and their subject.

A subject never changes and is never given to another person (OpenID Connect Core, section 2); user
names are. So a name serves for the first time alone, and for an account that nobody at this issuer
has yet: anyone who takes on somebody's name later gets in nowhere.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row


@dataclass(frozen=True, slots=True)
class Holder:
    """The account behind an identity, or behind a user name that asks to be linked."""

    account_id: int
    username: str
    is_disabled: bool


def find(conn: Connection[Any], issuer: str, subject: str) -> Holder | None:
    """Return whose identity it is, None if it is linked to no account yet.

    At sign-in it has been named (``acting.name_identity``).
    """
    with conn.cursor(row_factory=class_row(Holder)) as cursor:
        return cursor.execute(
            """
            SELECT a.account_id, a.username, a.is_disabled
            FROM account_identity i JOIN account a USING (account_id)
            WHERE i.issuer = %s AND i.subject = %s
            """,
            [issuer, subject],
        ).fetchone()


def find_account(conn: Connection[Any], username: str) -> Holder | None:
    """Return the account of a user name as it is stored, None if there is none.

    At sign-in the name has been named (``acting.name_username``).
    """
    with conn.cursor(row_factory=class_row(Holder)) as cursor:
        return cursor.execute(
            "SELECT account_id, username, is_disabled FROM account WHERE username = %s", [username]
        ).fetchone()


def link(conn: Connection[Any], issuer: str, subject: str, account_id: int) -> bool:
    """Link an identity to an account; tell whether it could be.

    It cannot if either is linked already, be it at this moment: the index decides.
    """
    return bool(
        conn.execute(
            """
            INSERT INTO account_identity (issuer, subject, account_id) VALUES (%s, %s, %s)
            ON CONFLICT DO NOTHING
            """,
            [issuer, subject, account_id],
        ).rowcount
    )


def drop_first_password(conn: Connection[Any], account_id: int) -> bool:
    """Remove a password that somebody else chose and was to be replaced; tell if there was one.

    Anyone who comes in by single sign-on does not know it, and would be asked for it. Sessions that
    began with it end: there is nothing left that they would have to do before they see something.
    """
    return bool(
        conn.execute(
            """
            UPDATE account_secret
            SET password_hash = NULL, must_change = false, changed_at = clock_timestamp()
            WHERE account_id = %s AND must_change
            """,
            [account_id],
        ).rowcount
    )


def list_issuers(conn: Connection[Any], account_id: int) -> list[str]:
    """List the providers of single sign-on that the account is known to."""
    rows = conn.execute(
        "SELECT issuer FROM account_identity WHERE account_id = %s ORDER BY issuer", [account_id]
    ).fetchall()
    return [row[0] for row in rows]
