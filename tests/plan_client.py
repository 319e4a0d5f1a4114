"""A program that draws plans over HTTP."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from flask.testing import FlaskClient
from psycopg import Connection
from signing import enter, sign_in, token
from werkzeug.test import TestResponse


class Client:
    """A program that is signed in and sends JSON."""

    def __init__(self, app: Flask, conn: Connection[Any], role: str) -> None:
        self.client: FlaskClient = sign_in(app.test_client(), conn, role)
        row = conn.execute("SELECT max(account_id) FROM account").fetchone()
        assert row
        self.account_id: int = row[0]
        self._read_token()

    def again(self, conn: Connection[Any]) -> Client:
        """Sign in again as the same person."""
        enter(self.client, token(conn, self.account_id))
        conn.commit()
        self._read_token()
        return self

    def _read_token(self) -> None:
        page = self.client.get("/account/password").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        self.token = found[1]

    def ask(
        self, method: str, path: str, body: object = None, revision: int | None = None, **more: Any
    ) -> TestResponse:
        headers = {"X-CSRFToken": self.token}
        if revision is not None:
            headers["If-Match"] = f'"{revision}"'
        if body is not None:
            more["json"] = body
        return self.client.open(f"/api/plans{path}", method=method, headers=headers, **more)

    def begin(self, title: str = "河东扩界") -> dict[str, Any]:
        response = self.ask("POST", "", {"title": title})
        assert response.status_code == 201
        return response.get_json()
