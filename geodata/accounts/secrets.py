"""The password of an account: given, hashed again, asked to be replaced; nobody reads it back."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from geodata.accounts import passwords


@dataclass(frozen=True, slots=True)
class PasswordState:
    """What administrators see of a password."""

    changed_at: datetime
    must_change: bool


def set_password(
    conn: Connection[Any],
    account_id: int,
    password: str,
    *,
    known: tuple[str, ...] = (),
    must_change: bool = False,
) -> None:
    """Give an account a new password; it ends all its sessions. Raises InvalidInputError."""
    passwords.check(password, passwords.read_rules(conn), known=known)
    conn.execute(
        """
        UPDATE account_secret
        SET password_hash = %(hash)s, changed_at = clock_timestamp(), must_change = %(must)s
        WHERE account_id = %(account_id)s
        """,
        {
            "account_id": account_id,
            "hash": passwords.hash_password(password),
            "must": must_change,
        },
    )


def take(conn: Connection[Any], account_id: int, password_hash: str) -> bool:
    """Keep a password from changing until the transaction ends; tell if it is still this one.

    While one is compared, no transaction is open: meanwhile it may have been taken back.
    """
    row = conn.execute(
        "SELECT password_hash = %s FROM account_secret WHERE account_id = %s FOR UPDATE",
        [password_hash, account_id],
    ).fetchone()
    return bool(row and row[0])


def rehash(conn: Connection[Any], account_id: int, password: str) -> None:
    """Hash the same password with today's effort."""
    conn.execute(
        "UPDATE account_secret SET password_hash = %s WHERE account_id = %s",
        [passwords.hash_password(password), account_id],
    )


def ask_for_new_password(conn: Connection[Any], account_id: int) -> None:
    """Let the account choose a new password before anything else."""
    conn.execute("UPDATE account_secret SET must_change = true WHERE account_id = %s", [account_id])


def password_state(conn: Connection[Any], account_id: int) -> PasswordState | None:
    """Say since when an account has its password, and whether it was given by somebody else."""
    with conn.cursor(row_factory=class_row(PasswordState)) as cursor:
        return cursor.execute(
            "SELECT changed_at, must_change FROM account_secret WHERE account_id = %s",
            [account_id],
        ).fetchone()


def has_password(conn: Connection[Any], account_id: int) -> bool:
    """Tell whether the account can be signed in to with a password."""
    row = conn.execute(
        "SELECT password_hash IS NOT NULL FROM account_secret WHERE account_id = %s", [account_id]
    ).fetchone()
    return bool(row and row[0])
