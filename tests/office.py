"""What tests of accounts share: a county with an administrator, and a browser that sends forms."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import date
from functools import cache
from html import unescape
from typing import Any

import psycopg
from flask import Flask
from flask.testing import FlaskClient
from werkzeug.test import TestResponse

from geodata.accounts import keeping as accounts
from geodata.accounts import passwords, sessions
from tests.county import County, build
from webmap.core import acting

Conn = psycopg.Connection[Any]
PASSWORD = "fox-lamp-river-nine"


@dataclass
class Browser:
    """A test client that sends forms as a browser does: with the token of the page it is on."""

    client: FlaskClient
    page: str = field(default="")

    def get(self, path: str) -> TestResponse:
        answer = self.client.get(path)
        if answer.mimetype == "text/html" and "csrf_token" in answer.text:
            self.page = answer.text
        return answer

    def post(self, path: str, **fields: Any) -> TestResponse:
        found = re.search(r'name="csrf_token" value="([^"]+)"', self.page)
        assert found, "the page has no form"
        answer = self.client.post(path, data={"csrf_token": found[1], **fields})
        if answer.mimetype == "text/html" and "csrf_token" in answer.text:
            self.page = answer.text
        return answer

    def sign_in(self, username: str, password: str = PASSWORD) -> TestResponse:
        self.get("/sign-in?lang=en")
        return self.post("/sign-in", username=username, password=password)


def words(page: TestResponse | str) -> str:
    """What a page says, without its marks and styles."""
    text = page if isinstance(page, str) else page.text
    return " ".join(unescape(re.sub(r"<style>.*?</style>|<[^>]*>", " ", text, flags=re.S)).split())


def fault(answer: TestResponse, name: str) -> str:
    found = re.search(rf'class="fault"\s+id="d-{name}"[^>]*>([^<]*)<', answer.text)
    return unescape(found[1]).strip() if found else ""


def furnish(conn: Conn) -> County:
    """Build a county with a unit, and the account "chief" of its administrator."""
    made = build(conn)
    conn.execute(
        "INSERT INTO organisation (kind, name, grid_id) VALUES"
        " ('county_department', '县城市管理局', %s)",
        [made.county],
    )
    add(conn, "chief", "张三")
    give(conn, "chief", "administrator", made.county)
    conn.commit()
    return made


def enter(app: Flask, conn: Conn, username: str = "chief") -> Browser:
    """Return a browser in which an account is signed in."""
    browser = Browser(app.test_client())
    account_id = accounts.get_by_username(conn, username).account_id
    token, _ = sessions.open_session(conn, account_id, device="", device_token=None)
    conn.commit()
    with browser.client.session_transaction() as session:
        session[acting.TOKEN] = token
    browser.get("/account?lang=en")
    return browser


def give(conn: Conn, username: str, role: str, grid_id: int, since: date = date(2024, 1, 1)) -> int:
    account_id = accounts.get_by_username(conn, username).account_id
    return accounts.grant(conn, account_id, role, grid_id=grid_id, since=since)


def add(conn: Conn, username: str, name: str = "李四") -> int:
    account_id = accounts.create(conn, username, name)
    # Hashed once: it takes a tenth of a second.
    conn.execute(
        "UPDATE account_secret SET password_hash = %s WHERE account_id = %s",
        [password_hash(), account_id],
    )
    conn.commit()
    return account_id


@cache
def password_hash() -> str:
    return passwords.hash_password(PASSWORD)
