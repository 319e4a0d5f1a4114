"""Accounts for tests: made and signed in through the product's own functions."""

from __future__ import annotations

import itertools
from datetime import date
from typing import Any

from flask.testing import FlaskClient
from psycopg import Connection

from geodata.accounts import keeping as accounts
from geodata.accounts import sessions

_numbers = itertools.count(1)


def account(
    conn: Connection[Any],
    role: str | None = None,
    *,
    grid_id: int | None = None,
    organisation_id: int | None = None,
    since: date = date(2020, 1, 1),
    until: date | None = None,
    username: str | None = None,
    member_id: int | None = None,
) -> int:
    """Make an account, with a role in a place if one is named; return its number."""
    username = username or f"user{next(_numbers)}"
    account_id = accounts.create(conn, username, f"用户 {username}", member_id=member_id)
    if role:
        accounts.grant(
            conn,
            account_id,
            role,
            grid_id=grid_id,
            organisation_id=organisation_id,
            since=since,
            until=until,
        )
    return account_id


def token(conn: Connection[Any], account_id: int) -> str:
    """Open a session for an account; the caller commits."""
    return sessions.open_session(conn, account_id, device="test", device_token=None)[0]


def enter(client: FlaskClient, session_token: str) -> FlaskClient:
    """Make a session the test client's."""
    with client.session_transaction() as session:
        session["token"] = session_token
    return client


def sign_in(
    client: FlaskClient, conn: Connection[Any], role: str = "county_official", **place: Any
) -> FlaskClient:
    """Sign a test client in as somebody new, a county official unless said otherwise; commits."""
    if not place:
        row = conn.execute("SELECT grid_id FROM grid WHERE level = 'county'").fetchone()
        place = {"grid_id": row[0]} if row else {}
    session_token = token(conn, account(conn, role if place else None, **place))
    conn.commit()
    return enter(client, session_token)
