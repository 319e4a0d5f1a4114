"""Nothing that a request carries becomes SQL: every parameter of every address, with every payload.

Addresses come from the application's own map, and the names of parameters from the application
itself: what it looks up in a query or a form is noted and then attacked. A function of the database
counts who calls it, in a sequence, which no rollback undoes.
"""

from __future__ import annotations

import hashlib
import itertools
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any
from urllib.parse import quote

import psycopg
import pytest
from flask import Flask
from flask.testing import FlaskClient
from psycopg import sql
from werkzeug.datastructures import ImmutableMultiDict
from werkzeug.test import TestResponse

from geodata.accounts import keeping as accounts
from geodata.accounts import sessions
from geodata.database import clock
from geodata.database import connecting as db
from geodata.grids import searching
from tests import county
from tests.conftest import _database
from tests.payloads import IS_THOROUGH, SQL
from webmap import create_app
from webmap.core import access
from webmap.core.acting import TOKEN

# Written whenever somebody looks or knocks; what may be in them is checked by itself.
KEPT_BY_THE_WAY = (
    "attempt", "audit_event", "session", "account_device",
)  # fmt: skip
# What an administrator's forms are there to change, by the beginning of the endpoint.
WRITTEN = dict.fromkeys(
    ("accounts.", "account_roles.", "account_lists."), ("account", "account_role", "account_secret")
)
# What a database says of itself, and no payload says.
DATABASE_WORDS = (
    "psycopg", "SQLSTATE", "syntax error at", "LINE 1:", "unterminated", "invalid input syntax",
    "out of range for type", "UndefinedFunction", "Traceback (most recent", "character varying",
)  # fmt: skip
HEADERS = (
    "Accept-Language", "Accept-Encoding", "X-Forwarded-For", "X-Forwarded-Host", "Forwarded",
    "X-Request-Id", "X-CSRFToken", "If-None-Match", "If-Modified-Since", "If-Range", "Range",
    "User-Agent", "Referer", "Origin", "HX-Request", "HX-Current-URL", "Authorization",
)  # fmt: skip
# Addresses with a query that leads as deep as the endpoint goes; others are asked without one.
GOOD: Mapping[str, tuple[dict[str, str], ...]] = {
    "panel.county": (
        {"mode": "territory"}, {"mode": "responsibility"}, {"mode": "issues", "state": "all"},
        {"mode": "coverage"},
    ),
    "gaps.ranked": (
        {"kind": "worst", "rank": "compound", "box": "116,31,117,32", "beside": "clinic"},
        {"kind": "clinic", "beside": "2025-06-01"},
    ),
    "panel.here": ({"lon": "116.305", "lat": "31.405", "mode": "coverage"},),
    "panel.grid": ({"mode": "responsibility"}, {"mode": "issues"}),
    "panel.grid_issues": ({"state": "all"},),
    "panel.search": ({"q": "城南"},),
    "api.here": ({"lon": "116.305", "lat": "31.405"},),
    "api.search": ({"q": "城南"},),
    "changes.find": ({"on": "2026-06-15", "versus": "2023-06-15", "grid": "2"},),
    "figures.show": ({"grid": "2", "kind": "grid_worker", "versus": "2025-06-15"},),
    "notifications.listing": ({"show": "all", "grid": "2", "kind": "grid_worker", "rule": "1"},),
    "comparing.listing": ({"on": "2026-06-15", "versus": "2023-06-15", "grid": "2"},),
}  # fmt: skip
# The days besides today of which figures are asked for.
DAYS = (date(2025, 6, 1), date(2025, 6, 15), date(2026, 6, 15))
LAYERS = ("grids", "members", "coverage", "issues", "changes")
# The slowest payload sleeps for five seconds.
SLEEP_S = 5.0
# Each value gets these and every so manieth payload, the next value those after them.
# GRIDMAP_ATTACKS=all sends every payload to every value.
ALWAYS = ("\0", "9223372036854775808", "'; SELECT trap_called(); --")
STEP = 1 if IS_THOROUGH else 8

_read: set[str] = set()


class _Noted(ImmutableMultiDict[str, str]):
    """Values of a query or a form that note which names are looked up."""

    def __getitem__(self, key: str) -> str:
        _read.add(key)
        return super().__getitem__(key)

    def get(self, key: Any, *more: Any, **named: Any) -> Any:
        _read.add(key)
        return super().get(key, *more, **named)

    def getlist(self, key: Any, type: Any = None) -> list[Any]:
        _read.add(key)
        return super().getlist(key, type)

    def __contains__(self, key: object) -> bool:
        _read.add(str(key))
        return super().__contains__(key)


@dataclass
class Site:
    """The application on a small county, and what an attack on it must not change."""

    app: Flask
    url: str
    admin: psycopg.Connection[Any]
    account_id: int
    places: dict[str, object]
    requests: int = 0
    slowest_s: float = 0.0
    faults: list[str] = field(default_factory=list)

    def client(self, reader: str) -> FlaskClient:
        """Return a browser, signed in again if it is the official's."""
        client = self.app.test_client()
        if reader == "official":
            with db.connect(self.url) as conn:
                token, _ = sessions.open_session(
                    conn, self.account_id, device="tests", device_token=None
                )
            with client.session_transaction() as kept:
                kept[TOKEN] = token
        return client

    def state(self, but: Sequence[str] = ()) -> str:
        """Return a digest of all that nobody may change by asking, ``but`` for some tables."""
        tables = self.admin.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tablename <> ALL(%s) ORDER BY 1",
            [[*KEPT_BY_THE_WAY, *but]],
        ).fetchall()
        whole = hashlib.sha256()
        for (table,) in tables:
            rows = self.admin.execute(
                sql.SQL("SELECT md5(t::text) FROM {} t ORDER BY 1").format(sql.Identifier(table))
            ).fetchall()
            whole.update(repr((table, rows)).encode())
        return whole.hexdigest()

    def trapped(self) -> int:
        """Return how often a payload was executed."""
        row = self.admin.execute("SELECT last_value, is_called FROM trap").fetchone()
        assert row is not None
        return row[0] if row[1] else 0

    def ask(self, what: str, send: Callable[[], TestResponse]) -> None:
        """Send one attack and look at the answer."""
        begin = time.perf_counter()
        response = send()
        self.slowest_s = max(self.slowest_s, time.perf_counter() - begin)
        self.requests += 1
        body = response.get_data().decode("utf-8", "replace")
        if response.status_code >= 500:
            self.faults.append(f"{what}: {response.status}")
        self.faults += [f"{what}: says {word}" for word in DATABASE_WORDS if word in body]
        response.close()


@pytest.fixture
def site(cluster: Any, template: str) -> Iterator[Site]:
    with _database(cluster, template, "sql") as url:
        with db.connect(url) as conn:
            built = county.build(conn)
            account_id = accounts.create(conn, "official", "官员", password="brass-lantern-orchard")
            for role in ("county_official", "administrator", "auditor"):
                accounts.grant(conn, account_id, role, grid_id=built.county, since=county.BEGIN)
            # Who reported is for those near to it alone.
            accounts.grant(
                conn, account_id, "town_official", grid_id=built.towns[0], since=county.BEGIN
            )
            # Somebody else, on whom an administrator's forms may work.
            other_id = accounts.create(conn, "other", "别人")
            county.add_duty(conn, built.towns[0], "张伟", "town_chief", "[2024-01-01,)")
            issue_id = county.add_issue(conn, 116.305, 31.405, "2026-01-05 08:00+08", None)
            conn.execute("INSERT INTO issue_reporter VALUES (%s, '李', '1')", [issue_id])
            conn.execute("INSERT INTO member_contact SELECT member_id, '1', '2' FROM member")
            conn.execute("CREATE SEQUENCE trap")
            conn.execute(
                "CREATE FUNCTION trap_called() RETURNS bigint LANGUAGE sql SECURITY DEFINER"
                " SET search_path FROM CURRENT AS $$ SELECT nextval('public.trap') $$"
            )
            member_id = conn.execute("SELECT member_id FROM member").fetchone()
            county.compute_figures(conn, clock.today(), *DAYS)
        app = create_app(
            {"DATABASE_URL": url, "SECRET_KEY": "k" * 40, "WTF_CSRF_ENABLED": False, "POOL_SIZE": 2}
        )
        app.request_class = type(
            "Request", (app.request_class,), {"parameter_storage_class": _Noted}
        )
        with psycopg.connect(url.replace("gridmap@", "postgres@"), autocommit=True) as admin:
            places: dict[str, object] = {
                "grid_id": built.towns[0],
                "issue_id": issue_id,
                "member_id": member_id[0] if member_id else 0,
                "account_id": other_id,
                "name": "grids",
                "revision": 1,
                "z": 10,
                "x": 842,
                "y": 416,
                "digest": "00",
                "version": "x",
                "asked": "x",
            }
            yield Site(app, url, admin, account_id, places)
        if pool := app.extensions["gridmap_pool"]:
            pool.close()


def addresses(site: Site) -> list[tuple[str, str, dict[str, object], dict[str, str]]]:
    """List (endpoint, method, values in the path, good query) for every address there is."""
    found: list[tuple[str, str, dict[str, object], dict[str, str]]] = []
    for rule in site.app.url_map.iter_rules():
        known = {name: site.places.get(name, 1) for name in rule.arguments}
        layers = LAYERS if rule.endpoint.startswith("tiles.") and "name" in known else ("",)
        for layer in layers:
            values = {**known, "name": layer} if layer else dict(known)
            if rule.endpoint.startswith("tiles.own_"):
                values.pop("name", None)
            for query in GOOD.get(rule.endpoint, ({},)):
                found += [
                    (rule.endpoint, method, values, query)
                    for method in sorted((rule.methods or set()) & {"GET", "POST"})
                ]
    return found


def path_of(site: Site, endpoint: str, values: Mapping[str, object], method: str) -> str:
    """Build an address with any text in its path, which Flask's own builder would refuse."""
    for rule in site.app.url_map.iter_rules(endpoint):
        if method in (rule.methods or set()) and set(rule.arguments) - set(
            rule.defaults or {}
        ) <= set(values):
            path = rule.rule
            for name, value in values.items():
                for form in (f"<int:{name}>", f"<path:{name}>", f"<{name}>"):
                    path = path.replace(form, quote(str(value).encode("utf-8", "replace"), safe=""))
            return path
    raise LookupError(endpoint)


def attack(site: Site, reader: str) -> None:
    """Attack the path, the query and the form of every address, one value at a time."""
    turn = itertools.count()
    for endpoint, method, values, query in addresses(site):
        if access.ACCESS[endpoint] == "public" and reader == "official":
            continue  # these never look at who asks
        client = site.client(reader)
        but = next((names for start, names in WRITTEN.items() if endpoint.startswith(start)), ())
        before = site.state(but)

        def send(
            path: str, asked: Mapping[str, str], client: FlaskClient = client, method: str = method
        ) -> TestResponse:
            data = dict(asked) if method == "POST" else None
            return client.open(path, method=method, query_string=dict(asked), data=data)

        path = path_of(site, endpoint, values, method)
        _read.clear()
        site.ask(path, lambda: send(path, query))  # noqa: B023 - called at once
        for name in sorted(values):
            for text in (*ALWAYS, *SQL[next(turn) % STEP :: STEP]):
                other = path_of(site, endpoint, {**values, name: text}, method)
                site.ask(f"{method} {other}", lambda: send(other, query))  # noqa: B023
        for name in sorted(_read | set(query)):
            for text in (*ALWAYS, *SQL[next(turn) % STEP :: STEP]):
                asked = {**query, name: text}
                what = f"{method} {path} {name}={text[:60]!r}"
                site.ask(what, lambda: send(path, asked))  # noqa: B023
        assert site.faults == [], endpoint
        assert site.trapped() == 0, endpoint
        assert site.state(but) == before, endpoint


def test_a_visitor_changes_and_learns_nothing(site: Site) -> None:
    attack(site, "visitor")
    assert site.slowest_s < SLEEP_S
    assert site.requests > 1000


def test_an_official_changes_and_learns_nothing(site: Site) -> None:
    attack(site, "official")
    assert site.slowest_s < SLEEP_S
    actions = site.admin.execute("SELECT DISTINCT action FROM audit_event").fetchall()
    assert {action for (action,) in actions} <= {
        "account.created", "role.granted", "session.opened", "session.refused", "session.ended",
        "session.ended_everywhere", "contact.shown", "reporter.shown",
        # What an administrator's forms are there for.
        "account.changed", "account.disabled", "account.enabled", "password.changed",
    }  # fmt: skip


@pytest.mark.parametrize("reader", ["visitor", "official"])
def test_headers_and_cookies(site: Site, reader: str) -> None:
    before = site.state()
    tile = f"/tiles/{'grids'}/1/10/842/416.mvt"
    client = site.client(reader)
    turn = itertools.count()
    session_cookie = site.app.config["SESSION_COOKIE_NAME"]
    for path in ("/", "/panel/home?mode=issues", tile, "/tiles/grids.json", "/sign-in", "/account"):
        for text in SQL[next(turn) % STEP :: STEP]:
            carried = text.encode("utf-8", "replace").decode("latin-1")[:2000]
            headers = [(name, carried) for name in HEADERS]
            site.ask(f"{path} headers {text!r}", lambda: client.get(path, headers=headers))  # noqa: B023
            cookie = f"lang={quote(text)}; {session_cookie}_device={quote(text)}"
            site.ask(
                f"{path} cookies {text!r}",
                lambda: site.app.test_client(use_cookies=False).get(
                    path,  # noqa: B023
                    headers=[("Cookie", f"{cookie}; {session_cookie}={quote(text)}")],  # noqa: B023
                ),
            )
    for text in SQL[::2]:
        cookie = f"{session_cookie}_device={quote(text)}"
        site.ask(
            f"/sign-in device {text!r}",
            lambda: site.app.test_client(use_cookies=False).post(
                "/sign-in",
                data={"username": text, "password": "x"},  # noqa: B023
                headers=[("Cookie", cookie), ("User-Agent", "Chrome/ " + quote(text))],  # noqa: B023
            ),
        )
    assert site.faults == []
    assert site.trapped() == 0
    assert site.state() == before
    assert site.slowest_s < SLEEP_S


def test_the_attack_turns_red_where_text_becomes_sql(
    site: Site, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The search as it must not be written: the count, the answer and the digest all tell."""

    def search(conn: Any, text: str, *_: object, **__: object) -> list[object]:
        conn.execute(f"SELECT grid_id FROM grid_version WHERE name = '{text}'")
        return []

    monkeypatch.setattr(searching, "find", search)
    client = site.client("visitor")
    before = site.state()
    for text in SQL:
        site.ask(text, lambda: client.get("/panel/search", query_string={"q": text}))  # noqa: B023
    assert site.trapped() > 0
    assert any("500" in fault for fault in site.faults)
    # The application's own role can change nothing: only the sequence shows that it ran.
    assert site.state() == before
