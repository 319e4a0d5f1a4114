"""Files that mean harm, sent through the one form that takes files: refused in words, each.

The list of accounts is read by the limited process. The same files come by the command line in
test_hostile_files.py; see tests/hostile_files.py.
"""

from __future__ import annotations

import re
import tempfile
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask
from werkzeug.datastructures import FileStorage
from werkzeug.test import TestResponse, encode_multipart

from tests import faults
from tests.hostile_files import CANARY, MEMBERS, Hostile, Trap, corpus, untouched
from tests.office import Browser, enter, fault, furnish
from tests.payloads import IS_THOROUGH
from webmap import create_app

THIN = 1 if IS_THOROUGH else 3
Conn = psycopg.Connection[Any]
# What a file may weigh to be sent at all: the form around it takes the rest.
LARGEST = (1 << 20) - 2000


@pytest.fixture
def app(database_url: str, conn: Conn) -> Flask:
    furnish(conn)
    return create_app({"DATABASE_URL": database_url})


@pytest.fixture
def trap(tmp_path: Path) -> Iterator[Trap]:
    with untouched(tmp_path) as trap:
        yield trap


@pytest.fixture
def nothing_changes(
    app: Flask, conn: Conn, trap: Trap, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[list[Browser]]:
    """Two administrators with the form before them; at the end all is as it was."""
    spool = tmp_path / "spool"
    spool.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(spool))
    browsers = [enter(app, conn), enter(app, conn)]
    for browser in browsers:
        browser.get("/accounts/import?lang=en")
    before = faults.digest(conn)
    conn.rollback()
    yield browsers
    assert list(spool.iterdir()) == []
    assert faults.digest(conn) == before


def wrong(hostile: Hostile, answer: TestResponse) -> str:
    """Say what is wrong with an answer, "" if nothing is."""
    if hostile.path.stat().st_size > LARGEST:
        is_said = answer.status_code == 413 and "Up to 1 MB" in answer.text
        is_said = is_said and 'href="/accounts/import"' in answer.text
        return "" if is_said else f"{hostile.name}: {answer.status_code}, too large"
    said = fault(answer, "file")
    if answer.status_code != 422 or not said:
        return f"{hostile.name}: {answer.status_code}, {said}"
    if CANARY in answer.text or "Traceback" in answer.text or "gridmap-list-" in said:
        return f"{hostile.name}: tells {said}"
    return ""


def send_all(browsers: list[Browser], files: list[Hostile]) -> list[TestResponse]:
    """Send every file; each browser keeps to a thread of its own, as two people would."""

    def send_half(half: int) -> list[TestResponse]:
        return [send(browsers[half], file) for file in files[half::2]]

    with ThreadPoolExecutor(2) as pool:
        halves = list(pool.map(send_half, (0, 1)))
    return [halves[at % 2][at // 2] for at in range(len(files))]


def send(browser: Browser, hostile: Hostile) -> TestResponse:
    found = re.search(r'name="csrf_token" value="([^"]+)"', browser.page)
    assert found
    # Encoded here: the client leaves the files open that it makes of large bodies.
    with hostile.path.open("rb") as body:
        fields = {"csrf_token": found[1], "file": FileStorage(body, hostile.path.name)}
        boundary, sent = encode_multipart(fields)
    return browser.client.post(
        "/accounts/import", data=sent, content_type=f"multipart/form-data; boundary={boundary}"
    )


def test_every_hostile_file_is_refused(
    nothing_changes: list[Browser], trap: Trap, tmp_path: Path
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    files = [
        hostile
        for number, hostile in enumerate(corpus(folder, trap.bait))
        # Maps are turned away by their first bytes, whichever they are: some will do.
        if hostile.subject != "grids" or number % THIN == 0
    ]
    assert len(files) >= 60
    answers = send_all(nothing_changes, files)
    assert [line for pair in zip(files, answers, strict=True) if (line := wrong(*pair))] == []


def test_hostile_rows_under_the_right_header_change_nothing(
    nothing_changes: list[Browser], trap: Trap, tmp_path: Path
) -> None:
    """Tables get past the look at the columns, and what is in their rows is read."""
    folder = tmp_path / "files"
    folder.mkdir()
    files = []
    for hostile in corpus(folder, trap.bait):
        head, header = MEMBERS.encode(), "用户名,姓名,角色\n".encode()
        size = hostile.path.stat().st_size
        if size < LARGEST and (body := hostile.path.read_bytes()).startswith(head):
            hostile.path.write_bytes(header + body.removeprefix(head))
            files.append(hostile)
    assert len(files) >= 5
    for hostile, answer in zip(files, send_all(nothing_changes, files), strict=True):
        assert answer.status_code in (200, 422), hostile.name
        assert "Traceback" not in answer.text
        assert CANARY not in answer.text
