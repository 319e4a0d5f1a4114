"""Sessions: opened at sign-in, looked up at every request, ended by anyone who has the right.

A session is a random token of which the database keeps the SHA-256. It lives as long as its row, so
it ends at once when it is revoked, wherever the next request goes.
"""

from __future__ import annotations

import hashlib
import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from psycopg import Connection
from psycopg.rows import class_row

from geodata.accounts import audit
from geodata.accounts.acting import Acting, HeldRole

# A working day without use; with "keep me signed in" a month, for the phone in one's own pocket.
IDLE = timedelta(hours=12)
LONGEST = timedelta(days=7)
KEPT = timedelta(days=30)
# How exactly "last seen" is known: each request need not write.
_SEEN_STEP = timedelta(minutes=5)
_DEVICE_KEPT = timedelta(days=400)


@dataclass(frozen=True, slots=True)
class Candidate:
    """What signing in reads of an account before the password is compared."""

    account_id: int
    username: str
    password_hash: str | None
    changed_at: datetime
    must_change: bool
    is_known_device: bool


@dataclass(frozen=True, slots=True)
class Session:
    """A session as its owner sees it."""

    token_hash: bytes
    created_at: datetime
    seen_at: datetime
    device: str
    is_kept: bool


def digest(token: str) -> bytes:
    """Return what the database keeps of a token."""
    return hashlib.sha256(token.encode()).digest()


def find(conn: Connection[Any], username: str, device_token: str | None) -> Candidate | None:
    """Return the account of a user name, None if there is none or it is disabled.

    At sign-in the name has been named (``acting.name_username``).
    """
    with conn.cursor(row_factory=class_row(Candidate)) as cursor:
        return cursor.execute(
            """
            SELECT a.account_id, a.username, s.password_hash,
                   coalesce(s.changed_at, a.created_at) AS changed_at,
                   coalesce(s.must_change, false) AS must_change,
                   EXISTS (SELECT FROM account_device d
                           WHERE d.account_id = a.account_id
                             AND d.device_hash = %(device)s) AS is_known_device
            FROM account a LEFT JOIN account_secret s USING (account_id)
            WHERE a.username = %(username)s AND NOT a.is_disabled
            """,
            {
                "username": username.strip().lower()[:60],
                "device": digest(device_token) if device_token else None,
            },
        ).fetchone()


def open_session(
    conn: Connection[Any],
    account_id: int,
    *,
    device: str,
    device_token: str | None,
    is_kept: bool = False,
    by: str = "password",
) -> tuple[str, str]:
    """Open a session and return its token and that of the device, both new.

    The device's token is remembered: its next attempts are counted apart.
    """
    token, new_device = secrets.token_urlsafe(32), secrets.token_urlsafe(32)
    conn.execute(
        """
        INSERT INTO session (token_hash, account_id, expires_at, device, is_kept)
        VALUES (%(hash)s, %(account_id)s, now() + %(life)s, %(device)s, %(kept)s)
        """,
        {
            "hash": digest(token),
            "account_id": account_id,
            "life": KEPT if is_kept else IDLE,
            "device": device[:80],
            "kept": is_kept,
        },
    )
    if device_token:
        conn.execute(
            "DELETE FROM account_device WHERE account_id = %s AND device_hash = %s",
            [account_id, digest(device_token)],
        )
    conn.execute(
        "INSERT INTO account_device (account_id, device_hash) VALUES (%s, %s)",
        [account_id, digest(new_device)],
    )
    conn.execute("SELECT set_config('gridmap.session', %s, true)", [digest(token).hex()])
    audit.record(
        conn, "session.opened", subject="account", subject_id=account_id, detail={"by": by}
    )
    return token, new_device


def resume(conn: Connection[Any], token: str) -> Acting | None:
    """Return who a token belongs to, None if the session has ended; note that it was seen.

    At sign-in the session has been named (``acting.take_role``).
    Anyone who has yet to choose a password holds no role: somebody else knows the present one.
    """
    hashed = digest(token)
    row = conn.execute(
        """
        SELECT a.account_id, a.username, a.name, a.member_id, coalesce(p.must_change, false),
               s.seen_at < now() - %(step)s
        FROM session s
        JOIN account a USING (account_id)
        LEFT JOIN account_secret p USING (account_id)
        WHERE s.token_hash = %(hash)s AND s.expires_at > now() AND NOT a.is_disabled
        """,
        {"hash": hashed, "step": _SEEN_STEP},
    ).fetchone()
    if row is None:
        return None
    if row[5]:
        conn.execute(
            """
            UPDATE session SET seen_at = now(), expires_at = CASE
                WHEN is_kept THEN now() + %(kept)s
                ELSE least(now() + %(idle)s, created_at + %(longest)s) END
            WHERE token_hash = %(hash)s
            """,
            {"hash": hashed, "idle": IDLE, "longest": LONGEST, "kept": KEPT},
        )
    return Acting(
        account_id=row[0],
        username=row[1],
        name=row[2],
        member_id=row[3],
        roles=() if row[4] else tuple(list_roles(conn, row[0], current_only=True)),
        must_change_password=row[4],
        token_hash=hashed,
    )


def list_roles(
    conn: Connection[Any], account_id: int, *, current_only: bool = False
) -> list[HeldRole]:
    """List the roles of an account with the names of their places, the widest territory first."""
    with conn.cursor(row_factory=class_row(HeldRole)) as cursor:
        return cursor.execute(
            """
            SELECT r.account_role_id, r.role, r.grid_id, g.level::text AS level, r.organisation_id,
                   coalesce(v.name, o.name, '') AS place,
                   lower(r.term) AS since, upper(r.term) AS until
            FROM account_role r
            LEFT JOIN grid g USING (grid_id)
            -- The name of today, else the last one that it had.
            LEFT JOIN LATERAL (
                SELECT w.name FROM grid_version w
                WHERE w.grid_id = r.grid_id AND lower(w.valid) <= current_date
                ORDER BY lower(w.valid) DESC LIMIT 1) v ON true
            LEFT JOIN organisation o ON o.organisation_id = r.organisation_id
            WHERE r.account_id = %(account_id)s
              AND (NOT %(current_only)s OR r.term @> current_date)
            ORDER BY NOT r.term @> current_date, g.level NULLS LAST, place, r.role,
                     lower(r.term) DESC
            """,
            {"account_id": account_id, "current_only": current_only},
        ).fetchall()


def list_sessions(conn: Connection[Any], account_id: int) -> list[Session]:
    """List the sessions that are open, the one seen last first."""
    with conn.cursor(row_factory=class_row(Session)) as cursor:
        return cursor.execute(
            """
            SELECT token_hash, created_at, seen_at, device, is_kept FROM session
            WHERE account_id = %s AND expires_at > now() ORDER BY seen_at DESC, created_at DESC
            """,
            [account_id],
        ).fetchall()


def end(conn: Connection[Any], token_hash: bytes) -> None:
    """End one session."""
    audit.record(conn, "session.ended")
    conn.execute("DELETE FROM session WHERE token_hash = %s", [token_hash])


def end_all(conn: Connection[Any], account_id: int) -> int:
    """End all sessions of an account, forget its devices; return how many sessions there were."""
    audit.record(conn, "session.ended_everywhere", subject="account", subject_id=account_id)
    conn.execute("DELETE FROM account_device WHERE account_id = %s", [account_id])
    return conn.execute("DELETE FROM session WHERE account_id = %s", [account_id]).rowcount


def forget(conn: Connection[Any]) -> tuple[int, int]:
    """Remove sessions that have run out, and devices that were not seen for a year; count both."""
    ended = conn.execute("DELETE FROM session WHERE expires_at < now()").rowcount
    devices = conn.execute(
        "DELETE FROM account_device WHERE seen_at < now() - %s", [_DEVICE_KEPT]
    ).rowcount
    return ended, devices
