"""Signing in with a password: one answer for every failure, limits that lock out nobody else."""

from __future__ import annotations

import ipaddress
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Literal

from flask import current_app, g, request

from geodata.accounts import attempts, audit, passwords, sessions
from geodata.accounts import secrets as account_secrets
from geodata.accounts.acting import name_username, take_role
from geodata.accounts.attempts import Key
from webmap.core import db

# Said in the list of one's own sessions; enough to know one's phone from the office's computer.
_BROWSERS = (
    ("Edg/", "Edge"),
    ("Firefox/", "Firefox"),
    ("Chrome/", "Chrome"),
    ("Safari/", "Safari"),
)
_SYSTEMS = (
    ("HarmonyOS", "HarmonyOS"),
    ("Android", "Android"),
    ("iPhone", "iPhone"),
    ("iPad", "iPad"),
    ("Windows", "Windows"),
    ("Mac OS", "Mac"),
    ("Linux", "Linux"),
)


@dataclass(frozen=True, slots=True)
class Outcome:
    """What came of an attempt; tokens are there if it succeeded, ``wait`` if it came too often.

    ``password_hash`` is that of the password that was right, where no session was wanted.
    """

    result: Literal["in", "wrong", "too_often"]
    token: str = ""
    device_token: str = ""
    must_change: bool = False
    wait: timedelta = timedelta()
    password_hash: str = ""


def sign_in(
    username: str,
    password: str,
    device_token: str | None,
    *,
    is_kept: bool = False,
    opens: bool = True,
) -> Outcome:
    """Try a user name and a password, and open a session unless only the answer is wanted.

    No connection is held while the password is hashed, and an unknown name takes as long.
    """
    username = username.strip().lower()[:60]
    with db.connection() as conn:
        take_role(conn, "gridmap_door", None, g.request_id)
        name_username(conn, username)
        found = sessions.find(conn, username, device_token)
        is_known = bool(found and found.is_known_device)
        keys = _keys(username, device_token if is_known else None)
        wait = attempts.begin(conn, keys)
        rules = passwords.read_rules(conn)
    if wait is not None:
        return Outcome("too_often", wait=wait)
    right = passwords.is_right(found.password_hash if found else None, password)
    with db.connection() as conn:
        take_role(conn, "gridmap_door", None, g.request_id)
        name_username(conn, username)
        if not (
            right
            and found
            and found.password_hash
            and account_secrets.take(conn, found.account_id, found.password_hash)
        ):
            subject_id = found.account_id if found else None
            audit.record(conn, "session.refused", subject="account", subject_id=subject_id)
            return Outcome("wrong")
        attempts.forgive(conn, keys)
        if not opens:
            return Outcome("in", password_hash=found.password_hash)
        token, new_device = sessions.open_session(
            conn, found.account_id, device=device(), device_token=device_token, is_kept=is_kept
        )
        if passwords.is_weakly_hashed(found.password_hash):
            account_secrets.rehash(conn, found.account_id, password)
        now = datetime.now(current_app.config["TIMEZONE"])
        expired = passwords.is_expired(rules, found.changed_at, now)
        if expired and not found.must_change:
            account_secrets.ask_for_new_password(conn, found.account_id)
        return Outcome("in", token, new_device, must_change=found.must_change or expired)


def device() -> str:
    """Return a few words for the reader's browser, such as "Chrome, Android"."""
    agent = request.user_agent.string
    browser = next((name for mark, name in _BROWSERS if mark in agent), "")
    system = next((name for mark, name in _SYSTEMS if mark in agent), "")
    return ", ".join(filter(None, (browser, system)))


def network(address: str) -> str:
    """Return what counts as one source: an IPv4 address, the /64 of an IPv6 address.

    Anyone who has one address of a /64 has all 2^64 of them (RFC 6177); an IPv4 address that is
    written as IPv6 (RFC 4291, section 2.5.5.2) stays one address.
    """
    try:
        read = ipaddress.ip_address(address)
    except ValueError:
        # A Unix socket has none.
        return address
    if isinstance(read, ipaddress.IPv6Address):
        if read.ipv4_mapped is None:
            return str(ipaddress.IPv6Network((int(read), 64), strict=False))
        read = read.ipv4_mapped
    return str(read)


def _keys(username: str, device_token: str | None) -> tuple[Key, ...]:
    secret = current_app.config["SECRET_KEY"]
    if device_token:
        return (attempts.make_key(secret, "device", username, device_token),)
    source = network(request.remote_addr or "")
    return (
        attempts.make_key(secret, "source", source),
        attempts.make_key(secret, "pair", username, source),
        attempts.make_key(secret, "account", username),
    )
