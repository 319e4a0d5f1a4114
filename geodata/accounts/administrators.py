"""The last administrator: somebody can always manage the accounts of an installation."""

from __future__ import annotations

from typing import Any

from psycopg import Connection

from geodata.database import locks
from geodata.database.locks import Lock
from geodata.errors import InvalidInputError


def keep_one(
    conn: Connection[Any],
    *,
    without_account: int | None = None,
    without_role: int | None = None,
) -> None:
    """Raise InvalidInputError if nobody could manage accounts without this account or this role.

    A role or an account that does not manage accounts today may always go.
    """
    locks.take(conn, Lock.ADMINISTRATORS)
    row = conn.execute(
        """
        SELECT coalesce(bool_or(goes), false), coalesce(bool_or(NOT goes), false)
        FROM (
            SELECT coalesce(r.account_id = %(account)s, false)
                   OR coalesce(r.account_role_id = %(role)s, false) AS goes
            FROM account_role r
            JOIN account a USING (account_id)
            JOIN role_right m ON m.role = r.role AND m.may = 'manage_accounts'
            WHERE r.term @> current_date AND NOT a.is_disabled) administrator
        """,
        {"account": without_account, "role": without_role},
    ).fetchone()
    assert row is not None
    some_go, some_stay = row
    if some_go and not some_stay:
        raise InvalidInputError(
            "This is the last administrator: nobody could manage accounts any more.",
            hint="Give somebody else the role of administrator first.",
        )
