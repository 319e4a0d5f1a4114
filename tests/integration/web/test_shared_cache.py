"""A shared cache in front of the map, as a county's own nginx may be, hands nobody somebody else's.

It keeps what it may and for as long as it is told, and a minute where it is told nothing. So what
is somebody's own has to say so, and what is everybody's is served from it although cookies come.
"""

from __future__ import annotations

import http.client
import itertools
import os
import re
import shutil
import signal
import socket
import subprocess
import tempfile
import time
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import quote

import pytest
from asking import ROUTES, Reader, tile_of
from marks import all_marks, seen_by
from watched import watch

from geodata.database import connecting as db
from scripts import serve
from webmap import create_app
from webmap.core import access

KEY = "k" * 32
NGINX = shutil.which("nginx", path=f"{os.environ.get('PATH', '')}:/usr/sbin")

CONFIG = """
daemon off;
worker_processes 1;
pid {home}/nginx.pid;
error_log {home}/error.log;
events {{ worker_connections 64; }}
http {{
    access_log off;
    client_body_temp_path {home}/body;
    proxy_temp_path {home}/temp;
    fastcgi_temp_path {home}/fastcgi;
    uwsgi_temp_path {home}/uwsgi;
    scgi_temp_path {home}/scgi;
    proxy_cache_path {home}/cache keys_zone=map:1m;
    server {{
        listen 127.0.0.1:{port};
        location / {{
            proxy_pass http://127.0.0.1:{behind};
            proxy_set_header Host $http_host;
            proxy_cache map;
            proxy_cache_valid any 1m;
            add_header X-Cache $upstream_cache_status always;
        }}
    }}
}}
"""


@pytest.fixture(scope="module")
def watched(module_url):
    with db.connect(module_url) as conn:
        return watch(conn)


@contextmanager
def cache_before(port):
    """nginx with nothing but a cache of its own, in front of a port; yields its port."""
    home = Path(tempfile.mkdtemp(prefix="gridmap-nginx-"))
    # Its worker is another user where the tests run as root.
    home.chmod(0o755)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        own = free.getsockname()[1]
    (home / "nginx.conf").write_text(CONFIG.format(home=home, port=own, behind=port))
    assert NGINX
    command = [
        NGINX,
        "-p",
        str(home),
        "-e",
        str(home / "error.log"),
        "-c",
        str(home / "nginx.conf"),
    ]
    process = subprocess.Popen(["setpriv", "--pdeathsig", "TERM", *command])
    try:
        deadline = time.monotonic() + 60
        while True:
            assert process.poll() is None, (home / "error.log").read_text()
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", own)) == 0:
                    break
            assert time.monotonic() < deadline
            time.sleep(0.05)
        yield own
    finally:
        process.send_signal(signal.SIGTERM)
        process.wait(20)
        shutil.rmtree(home)


@pytest.fixture(scope="module")
def cached(module_url, watched):
    """The port of a real server behind a real cache."""
    if NGINX is None:
        pytest.fail("nginx is missing: ./scripts/test installs it (nginx-light)")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GRIDMAP_SECRET_KEY", KEY)
        patch.setenv("GRIDMAP_WORKERS", "1")
        patch.setenv("GRIDMAP_POOL_SIZE", "4")
        with (
            serve.listen("127.0.0.1", 0) as listener,
            serve.Server(module_url, listener) as server,
            cache_before(listener.getsockname()[1]) as port,
        ):
            server.wait_until_ready()
            yield port


@pytest.fixture(scope="module")
def browsers(module_url, watched):
    """The cookies of a visitor and of three people who see different things."""
    app = create_app({"DATABASE_URL": module_url, "SECRET_KEY": KEY, "POOL_SIZE": 2})
    name = app.config["SESSION_COOKIE_NAME"]
    found = {}
    for person in watched.people:
        if person.name in ("visitor", "official", "several", "unit"):
            cookie = Reader(app, person).client.get_cookie(name)
            assert cookie is not None
            found[person.name] = (person, f"lang=zh; {name}={cookie.value}")
    return found


def get(port, path, cookie, form=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        method = "GET" if form is None else "POST"
        connection.request(
            method, quote(path, safe="/?&=,.-"), headers={"Cookie": cookie, **headers}
        )
        response = connection.getresponse()
        return response.status, dict(response.getheaders()), response.read()
    finally:
        connection.close()


def own_addresses(watched):
    """What is answered to everybody with what is theirs."""
    for endpoint in ROUTES:
        if access.ACCESS[endpoint] != "public":
            asks = [ask for ask in ROUTES[endpoint](watched) if ask.form is None]
            # Of a long list the first, the last and what is in the middle.
            for ask in {ask.path: ask for ask in asks[:: max(1, len(asks) // 3)]}.values():
                yield ask.path


def test_nobody_gets_what_was_kept_for_another(cached, browsers, watched):
    """Each address is asked by all in every order, so that each is the first one once."""
    marks, asked = all_marks(watched), 0
    orders = list(itertools.permutations(browsers))
    for number, path in enumerate(own_addresses(watched)):
        for name in [*orders[number * 7 % 24], *orders[number * 11 % 24]]:
            person, cookie = browsers[name]
            status, headers, body = get(cached, path, cookie)
            text = body.decode("latin-1") + str(headers)
            leaked = {m for m in marks - seen_by(person, watched) - person.marks if m in text}
            number_asked = re.findall(r"(?:issue[/=]|rule=|alerts/)(\d+)", path)
            assert not leaked - set(number_asked if status != 200 or "?issue" in path else ()), (
                name,
                path,
            )
            assert headers["X-Cache"] != "HIT", path
            asked += 1
    assert asked > 200


def test_what_is_ones_own_is_asked_anew_each_time(cached, browsers, watched):
    """The same address, in turns: each time the own answer, for those who have one."""
    issue = next(issue for issue in watched.issues if issue.at == (0, 0, 0))
    address = f"/panel/issue/{issue.issue_id}"
    for order in itertools.permutations(browsers):
        statuses = {name: get(cached, address, browsers[name][1])[0] for name in order}
        assert statuses == {"visitor": 404, "official": 200, "several": 404, "unit": 404}


def test_answers_say_that_they_are_ones_own(cached, browsers, watched):
    """To any cache: private or not to be stored, and another one for another cookie."""
    for path in own_addresses(watched):
        for name in ("visitor", "official"):
            _, headers, _ = get(cached, path, browsers[name][1])
            rule = headers["Cache-Control"]
            assert "public" not in rule, path
            assert "private" in rule or "no-store" in rule, path
            if "no-store" not in rule:
                assert "Cookie" in headers["Vary"], path


def test_what_is_everybodys_comes_from_the_cache_in_spite_of_cookies(cached, browsers):
    _, visitor = browsers["visitor"]
    page = get(cached, "/", visitor)[2].decode()
    script = re.search(r'"(/static/[^"]+/js/gridmap\.js)"', page)
    tile = re.search(r'"(/tiles/grids/\d+/\{z\}/\{x\}/\{y\}\.mvt\?on=[\d-]+)"', page)
    assert script is not None
    assert tile is not None
    x, y = tile_of(116.305, 31.405, 11)
    for address in (script[1], tile[1].format(z=11, x=x, y=y)):
        bodies, states = set(), []
        for name in ("official", "unit", "visitor", "several"):
            # As after a choice of language and of a filter, which only the page knows.
            status, headers, body = get(cached, address, browsers[name][1])
            assert status == 200, address
            assert "Set-Cookie" not in headers
            bodies.add(body)
            states.append(headers["X-Cache"])
        assert states == ["MISS", "HIT", "HIT", "HIT"], address
        assert len(bodies) == 1


def test_nothing_personal_lies_in_the_cache(cached, browsers, watched):
    """A contact is on the screen once."""
    person, cookie = browsers["official"]
    _, headers, page = get(cached, "/account/password", cookie)
    token = re.search(r'name="csrf_token" value="([^"]+)"', page.decode())
    assert token is not None
    path = f"/panel/member/{person.member_id}/contact"
    for _ in range(2):
        _, headers, body = get(cached, path, cookie, {}, **{"X-CSRFToken": token[1]})
        assert str(person.member_id) in body.decode()
        assert (headers["Cache-Control"], headers.get("X-Cache")) in (
            ("no-store", None),
            ("no-store", ""),
        )
