"""Accounts and the roles they hold: made, changed, given, taken by those who may."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, LiteralString

from psycopg import Connection, errors
from psycopg.rows import class_row

from geodata.accounts import passwords
from geodata.database.rights import ROLE_NAMES, RoleName
from geodata.errors import InvalidInputError, NotFoundError

# Separators and control characters have no place in it; letters of any script have.
_USERNAME = re.compile(r"[^\s\x00-\x1f\x7f/\\<>\"'`]{2,60}")


@dataclass(frozen=True, slots=True)
class Account:
    """An account as administrators see it; ``roles`` are the names of those held today."""

    account_id: int
    username: str
    name: str
    member_id: int | None
    is_disabled: bool
    created_at: datetime
    seen_at: datetime | None
    roles: Sequence[RoleName]
    places: Sequence[str]


def create(
    conn: Connection[Any],
    username: str,
    name: str,
    *,
    password: str | None = None,
    must_change: bool = False,
    member_id: int | None = None,
) -> int:
    """Make an account and return its number. Without a password only single sign-on leads in.

    Raises InvalidInputError if the user name is taken or cannot be one, or the password is weak.
    """
    username = read_username(username)
    name = read_name(name)
    if password is not None:
        passwords.check(password, passwords.read_rules(conn), known=(username, name))
    try:
        with conn.transaction():
            row = conn.execute(
                "INSERT INTO account (username, name, member_id) VALUES (%s, %s, %s)"
                " RETURNING account_id",
                [username, name, member_id],
            ).fetchone()
            assert row is not None
            conn.execute(
                "INSERT INTO account_secret (account_id, password_hash, must_change)"
                " VALUES (%s, %s, %s)",
                [row[0], passwords.hash_password(password) if password else None, must_change],
            )
    except errors.UniqueViolation:
        raise InvalidInputError("The user name “{username}” is taken.", username=username) from None
    except errors.ForeignKeyViolation:
        raise NotFoundError("There is no member {member_id}.", member_id=member_id) from None
    return int(row[0])


def read_username(text: str) -> str:
    """Return a user name as it is stored: lower case. Raises InvalidInputError if it is none."""
    username = text.strip().lower()
    if not _USERNAME.fullmatch(username):
        raise InvalidInputError(
            "“{username}” cannot be a user name.",
            hint="Two to sixty letters, digits or signs, without spaces, slashes and quotes.",
            username=text.strip()[:60],
        )
    return username


def read_name(text: str) -> str:
    """Return a person's name, trimmed. Raises InvalidInputError if it is empty or too long."""
    name = " ".join(text.split())
    if not name or len(name) > 80 or not name.isprintable():
        raise InvalidInputError(
            "“{name}” cannot be a name.", hint="One to eighty characters.", name=name[:80]
        )
    return name


def get(conn: Connection[Any], account_id: int) -> Account:
    """Return an account. Raises NotFoundError."""
    found = _select(conn, account_id=account_id)
    if not found:
        raise NotFoundError("There is no account {account_id}.", account_id=account_id)
    return found[0]


def get_by_username(conn: Connection[Any], username: str) -> Account:
    """Return the account of a user name. Raises NotFoundError."""
    found = _select(conn, username=username.strip().lower())
    if not found:
        raise NotFoundError("There is no account “{username}”.", username=username.strip()[:60])
    return found[0]


def list_accounts(
    conn: Connection[Any],
    *,
    text: str = "",
    role: str = "",
    limit: int = 50,
    offset: int = 0,
) -> list[Account]:
    """List accounts whose user name, name or place holds ``text``, by user name."""
    return _select(conn, text=text, role=role, limit=limit, offset=offset)


def count(conn: Connection[Any], *, text: str = "", role: str = "") -> int:
    """Count the accounts that ``list_accounts`` would list."""
    row = conn.execute(
        "SELECT count(*) FROM account a WHERE " + _MATCHING,
        {"text": _pattern(text), "role": role, "account_id": None, "username": ""},
    ).fetchone()
    return row[0] if row else 0


def change(
    conn: Connection[Any],
    account_id: int,
    *,
    name: str | None = None,
    is_disabled: bool | None = None,
) -> None:
    """Change what is given of an account; disabling it ends its sessions.

    Raises NotFoundError, InvalidInputError.
    """
    # Nothing else is written, so that a new name does not undo what somebody does at the same time.
    done = conn.execute(
        """
        UPDATE account SET name = coalesce(%(name)s, name),
               is_disabled = coalesce(%(is_disabled)s, is_disabled)
        WHERE account_id = %(account_id)s
        """,
        {
            "account_id": account_id,
            "name": None if name is None else read_name(name),
            "is_disabled": is_disabled,
        },
    )
    if not done.rowcount:
        raise NotFoundError("There is no account {account_id}.", account_id=account_id)


def grant(
    conn: Connection[Any],
    account_id: int,
    role: str,
    *,
    grid_id: int | None = None,
    organisation_id: int | None = None,
    since: date,
    until: date | None = None,
    granted_by: int | None = None,
) -> int:
    """Give an account a role in a grid or an organisation, for a term; ``until`` is exclusive.

    Raises InvalidInputError if the role cannot be held there or is held already.
    """
    if role not in ROLE_NAMES:
        raise InvalidInputError("“{role}” is not a role.", role=role[:40])
    if until is not None and until <= since:
        raise InvalidInputError("The term ends before it begins.")
    if (grid_id is None) == (organisation_id is None):
        raise InvalidInputError("A role is held in a territory or in an organisation.")
    try:
        with conn.transaction():
            row = conn.execute(
                """
                INSERT INTO account_role
                    (account_id, role, grid_id, organisation_id, term, granted_by)
                VALUES (%(account_id)s, %(role)s, %(grid_id)s, %(organisation_id)s,
                        daterange(%(since)s, %(until)s), %(granted_by)s)
                RETURNING account_role_id
                """,
                {
                    "account_id": account_id,
                    "role": role,
                    "grid_id": grid_id,
                    "organisation_id": organisation_id,
                    "since": since,
                    "until": until,
                    "granted_by": granted_by,
                },
            ).fetchone()
    except errors.CheckViolation:
        raise InvalidInputError(
            "The role cannot be held in this place.",
            hint="Roles and where they are held are listed under “What each role may do”.",
        ) from None
    except errors.ExclusionViolation:
        raise InvalidInputError("The account holds this role here already in that time.") from None
    except errors.ForeignKeyViolation:
        raise NotFoundError("The account or the place does not exist.") from None
    assert row is not None
    return int(row[0])


def end_role(conn: Connection[Any], account_id: int, account_role_id: int, today: date) -> None:
    """End a role as of today; one that has not begun goes. Raises NotFoundError."""
    ended = conn.execute(
        """
        UPDATE account_role SET term = daterange(lower(term), %(today)s)
        WHERE account_role_id = %(id)s AND account_id = %(account_id)s
          AND lower(term) < %(today)s AND (upper(term) IS NULL OR upper(term) > %(today)s)
        """,
        {"id": account_role_id, "account_id": account_id, "today": today},
    ).rowcount
    ended += conn.execute(
        """
        DELETE FROM account_role
        WHERE account_role_id = %(id)s AND account_id = %(account_id)s AND lower(term) >= %(today)s
        """,
        {"id": account_role_id, "account_id": account_id, "today": today},
    ).rowcount
    if not ended:
        raise NotFoundError("There is no such role to end.")


_MATCHING: LiteralString = """
    (%(account_id)s::bigint IS NULL OR a.account_id = %(account_id)s)
    AND (%(username)s = '' OR a.username = %(username)s)
    AND (%(role)s = '' OR EXISTS (
        SELECT FROM account_role r WHERE r.account_id = a.account_id AND r.role = %(role)s
          AND r.term @> current_date))
    AND (%(text)s = '%%' OR a.username ILIKE %(text)s OR a.name ILIKE %(text)s OR EXISTS (
        SELECT FROM account_role r
        LEFT JOIN grid_version v ON v.grid_id = r.grid_id AND v.valid @> current_date
        LEFT JOIN organisation o USING (organisation_id)
        WHERE r.account_id = a.account_id AND (v.name ILIKE %(text)s OR o.name ILIKE %(text)s)))
"""


def _select(
    conn: Connection[Any],
    *,
    account_id: int | None = None,
    username: str = "",
    text: str = "",
    role: str = "",
    limit: int = 1,
    offset: int = 0,
) -> list[Account]:
    with conn.cursor(row_factory=class_row(Account)) as cursor:
        return cursor.execute(
            """
            SELECT a.account_id, a.username, a.name, a.member_id, a.is_disabled, a.created_at,
                   -- Sessions go when they end; what is known of devices stays.
                   greatest(
                       (SELECT max(s.seen_at) FROM session s WHERE s.account_id = a.account_id),
                       (SELECT max(d.seen_at) FROM account_device d
                        WHERE d.account_id = a.account_id)) AS seen_at,
                   coalesce(held.roles, '{}') AS roles, coalesce(held.places, '{}') AS places
            FROM account a, LATERAL (
                SELECT array_agg(r.role ORDER BY r.account_role_id) AS roles,
                       array_agg(coalesce(v.name, o.name, '') ORDER BY r.account_role_id) AS places
                FROM account_role r
                LEFT JOIN grid_version v ON v.grid_id = r.grid_id AND v.valid @> current_date
                LEFT JOIN organisation o USING (organisation_id)
                WHERE r.account_id = a.account_id AND r.term @> current_date) held
            WHERE """
            + _MATCHING
            + " ORDER BY a.username LIMIT %(limit)s OFFSET %(offset)s",
            {
                "account_id": account_id,
                "username": username,
                "text": _pattern(text),
                "role": role,
                "limit": limit,
                "offset": offset,
            },
        ).fetchall()


def _pattern(text: str) -> str:
    plain = text.strip().replace("\\", r"\\").replace("%", r"\%").replace("_", r"\_")
    return f"%{plain}%" if plain else "%"
