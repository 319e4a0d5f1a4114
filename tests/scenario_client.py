"""Somebody who tries services over HTTP."""

from __future__ import annotations

import re
from typing import Any

from flask import Flask
from psycopg import Connection
from signing import sign_in
from werkzeug.test import TestResponse

Conn = Connection[Any]


class Client:
    """Somebody who is signed in."""

    def __init__(self, app: Flask, conn: Conn, role: str, **place: Any) -> None:
        self.client = sign_in(app.test_client(), conn, role, **place)
        page = self.client.get("/account/password").text
        found = re.search(r'name="csrf_token" value="([^"]+)"', page)
        assert found
        self.token = found[1]
        self.conn = conn

    def ask(
        self, method: str, path: str, body: object = None, revision: int | None = None
    ) -> TestResponse:
        """Send something of a scenario; as it is now, unless told which state was seen."""
        headers = {"X-CSRFToken": self.token}
        if method != "GET" and (number := re.match(r"/(\d+)", path)):
            seen = self.revision(int(number[1])) if revision is None else revision
            headers["If-Match"] = f'"{seen}"'
        return self.client.open(
            f"/api/scenarios{path}",
            method=method,
            headers=headers,
            json=body if body is not None or method != "GET" else None,
        )

    def revision(self, scenario_id: int) -> int:
        row = self.conn.execute(
            "SELECT revision FROM scenario WHERE scenario_id = %s", [scenario_id]
        ).fetchone()
        return row[0] if row else 1

    def begin(self, name: str = "再办两处卫生室") -> int:
        response = self.ask("POST", "", {"name": name})
        assert response.status_code == 201, response.text
        return response.get_json()["scenario_id"]

    def change(self, scenario_id: int, **body: Any) -> TestResponse:
        return self.ask("POST", f"/{scenario_id}/changes", body)

    def sums(self, scenario_id: int) -> dict[str, tuple[int, int]]:
        found = self.ask("GET", f"/{scenario_id}").get_json()["sums"]
        return {each["kind"]: (each["met_before"], each["met_after"]) for each in found}
