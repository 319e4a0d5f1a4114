"""The front: nobody is kept waiting by slow clients, nor by those who ask for what takes long."""

from __future__ import annotations

import http.client
import json
import re
import socket
import subprocess
import tempfile
import time
import uuid
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from pathlib import Path
from typing import LiteralString
from urllib.parse import urlsplit

import psycopg
import pytest
from psycopg import Connection
from psycopg.rows import TupleRow
from werkzeug.exceptions import NotFound
from werkzeug.routing import RequestRedirect

from scripts import front
from webmap import create_app
from webmap.core import access

Address = tuple[str, int]


@pytest.fixture
def address(live_server: str) -> Address:
    parts = urlsplit(live_server)
    return str(parts.hostname), int(parts.port or 0)


@pytest.fixture
def county(demo_conn: Connection[TupleRow]) -> int:
    [found] = demo_conn.execute("SELECT grid_id FROM grid WHERE level = 'county'").fetchone() or [0]
    return found


def ask(
    address: Address,
    path: str,
    headers: dict[str, str] | None = None,
    method: str = "GET",
    *,
    timeout_s: float = 30,
    source: str = "127.0.0.1",
) -> tuple[int, http.client.HTTPMessage, str]:
    connection = http.client.HTTPConnection(*address, timeout=timeout_s, source_address=(source, 0))
    try:
        connection.request(method, path, headers=headers or {})
        answer = connection.getresponse()
        return answer.status, answer.headers, answer.read().decode(errors="replace")
    finally:
        connection.close()


def fresh(county: int) -> str:
    """A question that takes long and that nobody has asked before: no answer to it is kept."""
    return f"/panel/grid/{county}/why?mode=coverage&kind=clinic&asked={uuid.uuid4()}"


@contextmanager
def held(
    address: Address, count: int, sent: bytes, source: str = "127.0.0.1"
) -> Iterator[list[socket.socket]]:
    """Connections that send so much and then nothing."""
    with ExitStack() as stack:
        clients = [
            stack.enter_context(
                socket.create_connection(address, timeout=30, source_address=(source, 0))
            )
            for _ in range(count)
        ]
        for client in clients:
            client.sendall(sent)
        yield clients


@contextmanager
def locked(demo_url: str, table: LiteralString = "building") -> Iterator[None]:
    """Keep anyone who reads buildings, or another table, waiting."""
    with psycopg.connect(demo_url) as conn:
        conn.execute("LOCK TABLE " + table + " IN ACCESS EXCLUSIVE MODE")
        yield


def waiting(conn: Connection[TupleRow]) -> int:
    """Return how many statements wait for a lock."""
    conn.rollback()
    [count] = conn.execute(
        "SELECT count(*) FROM pg_stat_activity"
        " WHERE datname = current_database() AND wait_event_type = 'Lock'"
    ).fetchone() or [0]
    return count


def wait_for(conn: Connection[TupleRow], count: int, within_s: float = 30) -> None:
    deadline = time.monotonic() + within_s
    while (found := waiting(conn)) != count:
        assert time.monotonic() < deadline, f"{found} statements wait"
        time.sleep(0.05)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /panel/home HTTP/1.1\r\nHost: 127.0.0.1\r\nX-Long: ",
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 999\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n\r\nusername=",
    ],
    ids=["nothing", "half a header", "half a body"],
)
def test_slow_clients_keep_nobody_waiting(address: Address, sent: bytes) -> None:
    """More of them than the application has threads, and before the front gives them up."""
    with held(address, 120, sent):
        assert ask(address, "/readyz", timeout_s=front.BODY_S - 2)[0] == 200


def test_made_up_headers_of_proxies_are_not_believed(address: Address) -> None:
    headers = {"X-Forwarded-Proto": "https", "X-Forwarded-Host": "evil.example"}
    status, kept, _ = ask(address, "/sign-in", headers)
    assert status == 200
    assert "Set-Cookie" in kept
    assert "secure" not in kept["Set-Cookie"].lower()
    tiles = json.loads(ask(address, "/tiles/grids.json", headers)[2])["tiles"]
    assert not any("evil" in each or each.startswith("https") for each in tiles)


def test_who_names_another_address_is_counted_as_the_same(address: Address) -> None:
    """Else one could guess passwords without an end."""
    _, headers, page = ask(address, "/sign-in")
    token = re.search(r'name="csrf_token"[^>]*value="([^"]+)"', page)
    assert token is not None
    cookie = headers["Set-Cookie"].partition(";")[0]
    answers: list[int] = []
    for number in range(12):
        connection = http.client.HTTPConnection(*address, timeout=30)
        connection.request(
            "POST",
            "/sign-in",
            f"username=nobody-at-all&password=x&csrf_token={token[1]}",
            {
                "Content-Type": "application/x-www-form-urlencoded",
                "Cookie": cookie,
                "X-Forwarded-For": f"203.0.113.{number}",
            },
        )
        answers.append(connection.getresponse().status)
        connection.close()
    assert answers[0] != 429
    assert answers[-1] == 429


def test_heavy_questions_are_bounded_and_keep_nobody_else_waiting(
    address: Address, county: int, demo_url: str, demo_conn: Connection[TupleRow]
) -> None:
    path = fresh(county)
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    with locked(demo_url), held(address, front.HEAVY_FROM_ONE, request):
        # As many as there are threads for what takes long; the others stand in line.
        wait_for(demo_conn, 4)
        status, headers, text = ask(address, path)
        assert (status, headers["Retry-After"]) == (429, "5")
        assert headers["Content-Type"].startswith("text/html")
        assert 'data-mode="error"' in text
        assert "请过几秒再试" in text
        assert "Try again in a few seconds" in ask(address, f"{path}&lang=en")[2]
        status, headers, text = ask(address, f"/api/coverage/gaps?kind=clinic&grid={county}")
        assert (status, headers["Content-Type"]) == (429, "application/problem+json; charset=utf-8")
        assert json.loads(text)["status"] == 429
        # Another one is not refused, and what is light is answered.
        assert ask(address, "/readyz")[0] == 200
    wait_for(demo_conn, 0)


def test_who_asks_on_and_on_waits_for_the_turn(
    address: Address, county: int, demo_url: str, demo_conn: Connection[TupleRow]
) -> None:
    """Else a loop over what is kept, or over refusals, keeps the machine busier than answers do."""
    # An address of its own: its turns are used up for some seconds.
    path, source = fresh(county), "127.0.0.7"
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    with locked(demo_url), held(address, front.HEAVY_FROM_ONE, request, source):
        wait_for(demo_conn, 4)
        with held(address, front.HEAVY_WAITING - front.HEAVY_FROM_ONE, request, source) as more:
            assert more[0].recv(12) == b"HTTP/1.1 429"
            more[-1].setblocking(False)
            with pytest.raises(BlockingIOError):
                more[-1].recv(1)
        assert ask(address, "/readyz")[0] == 200
    wait_for(demo_conn, 0)


@pytest.mark.parametrize("path", ["/reports/coverage.pdf", "/panel/days"])
def test_who_sends_slowly_has_no_place_among_those_who_ask(address: Address, path: str) -> None:
    """Else three connections would keep reports from everybody, for as long as they like."""
    sent = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 9\r\n\r\na".encode()
    with held(address, front.HEAVY_FROM_ONE, sent):
        # Who came before has been heard of.
        assert ask(address, "/healthz")[0] == 200
        # Not there by this method: nothing is computed.
        assert ask(address, path, method="DELETE")[0] == 405


def test_nobody_alone_has_all_places_of_what_takes_many_seconds(
    address: Address, county: int, demo_url: str, demo_conn: Connection[TupleRow]
) -> None:
    path = f"/reports/coverage.xlsx?grid={county}"
    request = f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n".encode()
    with locked(demo_url, "grid_version"), held(address, front.LONG_FROM_ONE, request):
        # Of reports one is made at a time.
        wait_for(demo_conn, 1)
        status, _, text = ask(address, path)
        assert (status, "请过几秒再试" in text) == (429, True)
        assert ask(address, path, method="DELETE", source="127.0.0.2")[0] == 405
    wait_for(demo_conn, 0)


@pytest.mark.parametrize("length", ["Content-Length: 2000000", "Transfer-Encoding: chunked"])
def test_only_so_many_large_bodies_are_kept_on_the_disk(address: Address, length: str) -> None:
    """Each may weigh 33 MB, no matter who sends it and wherever to."""
    sent = f"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\n{length}\r\n\r\n".encode()
    more = {"Content-Length": "2000000"}
    with held(address, front.SENDING_FROM_ONE, sent):
        # Who came before has been heard of.
        assert ask(address, "/healthz")[0] == 200
        assert ask(address, "/rights", more, "DELETE")[0] == 429
        # Anyone who sends little does so, and others send much.
        assert ask(address, "/rights", {"Content-Length": "0"}, "DELETE")[0] == 405
        with pytest.raises(TimeoutError):
            ask(address, "/rights", more, "DELETE", source="127.0.0.2", timeout_s=1)


@pytest.mark.parametrize(
    ("proxied", "told", "asker"),
    [
        (0, "203.0.113.9", "127.0.0.1"),
        (1, "203.0.113.9, 198.51.100.7", "198.51.100.7"),
        (2, "203.0.113.9, 198.51.100.7,192.0.2.1", "198.51.100.7"),
        (1, "2001:db8:1:2:3:4:5:6", "2001:db8:1:2:"),
        (1, "2001:DB8:1:2::9", "2001:DB8:1:2:"),
        (1, "2001:db8::9", "2001:db8:"),
        # An IPv4 address that is written as IPv6 is that address.
        (1, "::ffff:203.0.113.9", "::ffff:203.0.113.9"),
        (1, "", "127.0.0.1"),
    ],
)
def test_who_asks_is_an_address_or_an_ipv6_network(
    tmp_path: Path, proxied: int, told: str, asker: str
) -> None:
    with nginx(tmp_path, proxied) as (address, application):
        headers = {"X-Forwarded-For": told, "X-Asker": "made-up"}
        with ThreadPoolExecutor(1) as pool:
            answer = pool.submit(ask, address, "/panel/home", headers)
            asked, _ = application.accept()
            with asked:
                head = asked.recv(2**16).decode()
                asked.sendall(b"HTTP/1.1 204 No Content\r\n\r\n")
            assert answer.result()[0] == 204
    assert f"\r\nX-Asker: {asker}\r\n" in head


@contextmanager
def nginx(folder: Path, proxied: int) -> Iterator[tuple[Address, socket.socket]]:
    """nginx as it stands in front, and in the place of the application a socket."""
    with ExitStack() as stack:
        # A path of a Unix socket is short, and nginx's workers may be another account.
        short = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        short.chmod(0o711)
        sockets = front.Sockets(short / "light", short / "heavy", short / "gate")
        application = stack.enter_context(socket.socket(socket.AF_UNIX))
        application.bind(str(sockets.light))
        sockets.light.chmod(0o666)
        application.listen()
        application.settimeout(30)
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            address = free.getsockname()
        file = front.write(short, f"127.0.0.1:{address[1]}", sockets, proxied)
        log = folder / "error.log"
        process = subprocess.Popen(
            [front.find_nginx(), "-c", str(file), "-p", str(short), "-e", str(log)]
        )
        stack.callback(process.wait)
        stack.callback(process.terminate)
        deadline = time.monotonic() + 30
        while True:
            try:
                socket.create_connection(address, timeout=5).close()
                break
            except OSError:
                assert process.poll() is None, log.read_text()
                assert time.monotonic() < deadline
                time.sleep(0.02)
        yield address, application


def test_work_ends_when_the_asker_has_gone(
    address: Address, county: int, demo_url: str, demo_conn: Connection[TupleRow]
) -> None:
    path = fresh(county)
    with locked(demo_url):
        with held(address, 1, f"GET {path} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n".encode()):
            wait_for(demo_conn, 1)
        # Long before the lock's own time is over.
        wait_for(demo_conn, 0, within_s=5)


def test_passwords_are_tried_one_after_the_other(address: Address) -> None:
    """Comparing one is dear: in a loop they would take both cores from everybody."""
    body = b"username=nobody&password=x"
    request = (
        b"POST /sign-in HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\n"
        b"Content-Length: " + str(len(body)).encode() + b"\r\n\r\n" + body
    )
    with held(address, front.SIGNING_FROM_ONE_WAITING, request, "127.0.0.8") as tries:
        # Without the form's token.
        assert tries[0].recv(12) == b"HTTP/1.1 400"
        tries[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            tries[-1].recv(1)
        assert ask(address, "/sign-in")[0] == 200
        # Anyone who comes from elsewhere does not wait for them.
        assert ask(address, "/sign-in", method="POST", source="127.0.0.9")[0] == 400
        tries[-1].setblocking(False)
        with pytest.raises(BlockingIOError):
            tries[-1].recv(1)


def test_too_large_a_body_is_refused_in_words(address: Address) -> None:
    length = {"Content-Length": str(2**30)}
    for path, kind in (("/sign-in", "text/html"), ("/api/scenarios", "application/problem+json")):
        status, headers, text = ask(address, path, length, "POST")
        assert (status, headers["Content-Type"]) == (413, f"{kind}; charset=utf-8")
        assert "过大" in text


def test_what_is_the_same_for_all_is_kept_with_its_tag(
    address: Address, county: int, demo_url: str, demo_conn: Connection[TupleRow]
) -> None:
    """Asked for again it is not computed again, no matter who asks and however it is compressed."""
    [town] = demo_conn.execute("SELECT max(grid_id) FROM grid WHERE level = 'town'").fetchone() or [
        0
    ]
    path = f"/api/coverage/gaps?kind=clinic&grid={town}"
    compressed = {"Accept-Encoding": "br"}
    status, headers, _ = ask(address, path, compressed)
    assert (status, headers["Content-Encoding"]) == (200, "br")
    with locked(demo_url):
        assert ask(address, path, compressed)[0] == 200
        tag = {"If-None-Match": headers["ETag"]}
        assert ask(address, path, {**compressed, **tag})[0] == 304


def test_scripts_are_sent_as_they_were_compressed_before(address: Address) -> None:
    """By most browsers something else is taken as well, which would be made again and larger."""
    sheets = re.findall(r'"(/static/[^"]+\.css)"', ask(address, "/")[2])
    for accepted, used in (
        ("gzip, deflate, br, zstd", "br"),
        ("gzip, zstd, br;q=0", "zstd"),
        ("gzip", "gzip"),
        ("identity", None),
    ):
        headers = ask(address, sheets[0], {"Accept-Encoding": accepted})[1]
        assert headers["Content-Encoding"] == used
    # Where no such file is, the choice is the application's.
    assert ask(address, "/", {"Accept-Encoding": "gzip, br, zstd"})[1]["Content-Encoding"] == "zstd"


def test_panels_of_visitors_are_kept_until_something_changes(
    address: Address, demo_url: str, demo_conn: Connection[TupleRow]
) -> None:
    [town] = demo_conn.execute("SELECT max(grid_id) FROM grid WHERE level = 'town'").fetchone() or [
        0
    ]
    path, own = f"/panel/grid/{town}?mode=coverage", {"Cookie": "gridmap_any=1"}
    compressed = {"Accept-Encoding": "gzip, br"}

    def asked(more: dict[str, str] | None = None) -> str:
        status, headers, text = ask(address, path, {**compressed, **(more or {})})
        assert (status, headers["Content-Encoding"]) == (200, "br")
        assert headers["Cache-Control"] == "private, no-cache"
        return text

    # The clock's minute is in the tag; at its end everything is asked again.
    while time.time() % 60 > 50:
        time.sleep(1)
    first, english = asked(), asked({"Cookie": "lang=en"})
    assert first != english
    with psycopg.connect(demo_url) as conn:
        conn.execute("LOCK TABLE building, duty, facility IN ACCESS EXCLUSIVE MODE")
        assert (asked(), asked({"Cookie": "lang=en"})) == (first, english)
        # Anyone who comes with a session is answered by the application, which waits.
        with pytest.raises(TimeoutError):
            ask(address, path, own, timeout_s=2)
        conn.execute("UPDATE facility SET name = name WHERE false")
        conn.commit()
    # Of no row; yet something was written.
    status, headers, _ = ask(address, path, compressed)
    assert status == 200
    with psycopg.connect(demo_url) as conn:
        conn.execute("UPDATE facility SET name = name WHERE false")
    assert ask(address, path, {**compressed, "If-None-Match": headers["ETag"]})[0] == 200


def test_numbers_in_addresses_are_of_these_digits() -> None:
    """Python reads those of all scripts, the front does not: nobody goes round its bounds so."""
    app = create_app({"DATABASE_URL": "postgresql://nowhere/none", "SECRET_KEY": "k" * 32})
    addresses = app.url_map.bind("")
    numbered = [rule.rule for rule in app.url_map.iter_rules() if "<int:" in rule.rule]
    assert len(numbered) > 20
    for rule in numbered:
        for digits in ("١", "７"):
            with pytest.raises((NotFound, RequestRedirect)):
                addresses.match(re.sub(r"<int:\w+>", digits, rule))


def test_tables_of_what_takes_long_name_addresses_that_are_there() -> None:
    app = create_app({"DATABASE_URL": "postgresql://nowhere/none", "SECRET_KEY": "k" * 32})
    paths = [re.sub(r"<int:\w+>", "7", rule.rule) for rule in app.url_map.iter_rules()]
    kept = (access.KEPT_PATHS, access.HEAVY_KEPT_PATHS)
    for table in (access.HEAVY_PUBLIC_PATHS, *kept, access.HEAVY_PATHS, access.LONG_PATHS):
        for pattern in table:
            found = [path for path in paths if re.fullmatch(pattern, path)]
            assert found, pattern
            if table is access.HEAVY_PUBLIC_PATHS:
                # Kept for everybody: nothing of somebody's own.
                assert all(access.is_public(path) for path in found)
            if table in kept:
                # Shown to visitors, and nothing that only accounts are told.
                ends = {app.url_map.bind("").match(path)[0] for path in found}
                assert {access.ACCESS[str(each)] for each in ends} == {"open"}
