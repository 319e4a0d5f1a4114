"""What is too large is refused in words: anyone who sends all of it before reading sees them.

Over a real server and raw sockets, since libraries read early or hide that a connection was reset.
"""

from __future__ import annotations

import re
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any
from urllib.parse import urlsplit

import pytest
import requests
from flask import Flask
from gunicorn.http.body import Body, LengthReader
from gunicorn.http.unreader import SocketUnreader

from webmap.core import draining

MB = 2**20
FILE = "application/octet-stream"
FORM = "application/x-www-form-urlencoded"
MULTIPART = "multipart/form-data; boundary=b"
HEAD = b'--b\r\nContent-Disposition: form-data; name="file"; filename="a.csv"\r\n\r\n'
ENGLISH = "Cookie: lang=en\r\n"


@pytest.fixture(scope="module")
def cookie(live_server: str, demo_passwords: dict[str, str]) -> tuple[str, str]:
    """The cookies and the token of somebody who may draw, signed in on the page."""
    with requests.Session() as session:
        page = session.get(f"{live_server}/sign-in").text
        [token] = re.findall(r'name="csrf_token" value="([^"]+)"', page)[:1]
        name = "staff"
        session.post(
            f"{live_server}/sign-in",
            data={"csrf_token": token, "username": name, "password": demo_passwords[name]},
        )
        page = session.get(f"{live_server}/").text
        [token] = re.findall(r'"X-CSRFToken": "([^"]+)"', page)
        return "; ".join(
            f"{each.name}={each.value}" for each in session.cookies if each.name != "lang"
        ), token


def pieces(size: int, kind: str) -> Iterator[bytes]:
    head = HEAD if kind == MULTIPART else b"a=" if kind == FORM else b'"' if "json" in kind else b""
    yield head
    for _ in range(size // MB):
        yield b"x" * MB


def send(
    address: str,
    method: str,
    path: str,
    kind: str,
    size: int,
    *,
    chunked: bool,
    headers: str = ENGLISH,
) -> tuple[int, str]:
    """Send all of it, then read all of the answer; return status and body."""
    parts = urlsplit(address)
    length = sum(map(len, pieces(size, kind)))
    framing = "Transfer-Encoding: chunked" if chunked else f"Content-Length: {length}"
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=90) as line:
        line.sendall(
            f"{method} {path} HTTP/1.1\r\nHost: {parts.netloc}\r\nContent-Type: {kind}\r\n"
            f"{framing}\r\n{headers}\r\n".encode()
        )
        for piece in pieces(size, kind):
            if not chunked:
                line.sendall(piece)
            elif piece:
                line.sendall(b"%x\r\n%s\r\n" % (len(piece), piece))
        if chunked:
            line.sendall(b"0\r\n\r\n")
        received = b""
        while b"\r\n\r\n" not in received:
            received += _more(line)
        head, _, body = received.partition(b"\r\n\r\n")
        found = re.search(rb"content-length: (\d+)", head, re.IGNORECASE)
        assert found, head
        while len(body) < int(found[1]):
            body += _more(line)
        return int(head.split()[1]), body.decode()


def _more(line: socket.socket) -> bytes:
    data = line.recv(2**16)
    assert data, "the server closed the connection without an answer"
    return data


CASES = [
    ("POST", "/sign-in", FORM, {413}),
    ("POST", "/accounts/import", MULTIPART, {413}),
    ("POST", "/api/plans", "application/json", {413, 400}),
    ("POST", "/api/plans/1/steps", "application/json", {413, 400}),
    ("POST", "/api/plans/1/references?name=a.dxf", FILE, {413, 400, 404}),
    ("POST", "/nowhere", FORM, {413, 404}),
    ("PUT", "/nowhere", FILE, {413, 404}),
    ("DELETE", "/rights", FILE, {413, 405}),
    ("GET", "/rights", FILE, {200, 413}),
]


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
@pytest.mark.parametrize("is_signed_in", [False, True], ids=["visitor", "account"])
@pytest.mark.parametrize(("method", "path", "kind", "statuses"), CASES)
def test_whoever_sends_everything_first_reads_the_answer(
    live_server, cookie, method, path, kind, statuses, is_signed_in, chunked
):
    headers = (
        f"Cookie: lang=en; {cookie[0]}\r\nX-CSRFToken: {cookie[1]}\r\n" if is_signed_in else ENGLISH
    )
    for size in (2 * MB, 30 * MB):
        status, said = send(live_server, method, path, kind, size, chunked=chunked, headers=headers)
        assert status in statuses, (size, said[:300])
        if status == 400:
            # Refused for the token that a visitor does not have, never for half a body.
            assert "no longer valid" in said
        if status == 413:
            assert "too large" in said
            assert "MB can be sent at once" in said


@pytest.mark.parametrize("chunked", [False, True], ids=["length", "chunked"])
def test_100_mb_are_answered_too(live_server, chunked):
    status, said = send(live_server, "POST", "/sign-in", FORM, 100 * MB, chunked=chunked)
    assert status == 413
    assert "too large" in said


def test_the_connection_serves_on_after_it(live_server):
    parts = urlsplit(live_server)
    with socket.create_connection((str(parts.hostname), parts.port or 80), timeout=60) as line:
        for _ in range(2):
            body = b"a=" + b"x" * (2 * MB)
            line.sendall(
                b"POST /sign-in HTTP/1.1\r\nHost: localhost\r\nContent-Type: %s\r\n"
                b"Content-Length: %d\r\n\r\n%s" % (FORM.encode(), len(body), body)
            )
            received = b""
            while not received.endswith(b"</html>\n") and b"</html>" not in received:
                received += _more(line)
            assert received.startswith(b"HTTP/1.1 413")


def answer(ours: socket.socket) -> None:
    """Answer a request of a million megabytes on a connection before its body is read."""
    environ = {
        "CONTENT_LENGTH": str(2**40),
        "wsgi.input": Body(LengthReader(SocketUnreader(ours), 2**40)),
        "gunicorn.socket": ours,
    }
    app: Any = Flask("answers")
    app.wsgi_app = lambda _environ, _start: [b"too large"]
    draining.init_app(app)
    reply: Any = app.wsgi_app(environ, lambda *_: None)
    reply.close()


def test_whoever_never_ends_is_cut_off():
    ours, theirs = socket.socketpair()
    with ours, theirs, ThreadPoolExecutor(1) as pool:
        sent = pool.submit(theirs.sendall, b"x" * (400 * MB))
        answer(ours)
        with pytest.raises(BrokenPipeError):
            sent.result()


def test_bytes_that_trickle_in_hold_nobody(monkeypatch):
    monkeypatch.setattr(draining, "_MOST_S", 1.0)
    ours, theirs = socket.socketpair()
    ended = threading.Event()

    def trickle() -> None:
        while not ended.wait(0.05):
            theirs.send(b"x")

    sender = threading.Thread(target=trickle)
    with ours, theirs:
        sender.start()
        try:
            # Without an end to it this would go on until the runner gives up.
            answer(ours)
        finally:
            ended.set()
            sender.join()
        # The client stays where it was: it is we who no longer listen.
        ours.setblocking(False)
        while ours.recv(2**16):
            pass
