"""Anyone who is signed in cannot be made to act by another site, and nobody stays in or gets in.

Cookies, the forms' token, the life of a session, where one is sent after signing in, and the limits
on guessing.
"""

from __future__ import annotations

import hashlib
import re
import threading
from http.cookies import SimpleCookie
from typing import Any, LiteralString

import psycopg
import pytest
from county import build
from psycopg import sql

from geodata.accounts import attempts, passwords, sessions
from geodata.accounts import keeping as accounts
from geodata.database import connecting as db
from geodata.scenarios import keeping
from webmap import create_app
from webmap.sign_in import password as signing_in

PASSWORD = "correct horse battery staple"
OTHER = "four words nobody guesses"
NEW = "kettle harbour violet moss"
KEY = "k" * 32
ELSEWHERE = {"Origin": "https://evil.example", "Sec-Fetch-Site": "cross-site"}
WRITES = ("POST", "PUT", "PATCH", "DELETE")


@pytest.fixture(scope="module")
def url(module_url):
    with db.connect(module_url) as conn:
        county = build(conn)
        conn.execute("INSERT INTO member (name) VALUES ('王建国')")
        conn.execute("INSERT INTO member_contact VALUES (1, '00033312345', NULL)")
        for name in ("owner", "other"):
            account_id = accounts.create(conn, name, f"{name} name", member_id=1)
            # One hash for all: it takes a tenth of a second.
            conn.execute(
                "UPDATE account_secret SET password_hash = %s WHERE account_id = %s",
                (_hash(), account_id),
            )
            accounts.grant(
                conn, account_id, "town_official", grid_id=county.towns[0], since=_day(conn)
            )
    return module_url


@pytest.fixture(scope="module")
def served(url):
    return create_app({"DATABASE_URL": url, "SECRET_KEY": KEY, "POOL_SIZE": 4})


@pytest.fixture
def app(served, url):
    """The application; what earlier tests guessed is forgotten."""
    with db.connect(url) as conn:
        conn.execute("TRUNCATE attempt")
    return served


@pytest.fixture
def owner(app, url):
    """The browser of somebody who is signed in."""
    return enter(app.test_client(), url)


def enter(client, url, name="owner"):
    with db.connect(url) as conn:
        account_id = accounts.get_by_username(conn, name).account_id
        token, _ = sessions.open_session(conn, account_id, device="", device_token=None)
    with client.session_transaction() as session:
        session["token"] = token
    return client


def token_in(page):
    found = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert found
    return found[1]


def sign_in(client, password=PASSWORD, name="owner", address="192.0.2.1", **form):
    base = {"REMOTE_ADDR": address}
    token = token_in(client.get("/sign-in", environ_overrides=base).text)
    data = {"username": name, "password": password, "csrf_token": token, **form}
    return client.post("/sign-in", data=data, environ_overrides=base)


def is_in(client):
    return client.get("/account").status_code == 200


# Writing from elsewhere --------------------------------------------------------------------------


def writing(app, digest):
    """Every address that takes a write, with its methods, filled in with what is there."""
    values = {"member_id": 1, "issue_id": 1, "digest": digest}
    for rule in app.url_map.iter_rules():
        if methods := sorted(set(WRITES) & set(rule.methods or ())):
            with app.test_request_context():
                adapter = app.url_map.bind("localhost")
                known = {name: values.get(name, 1) for name in rule.arguments}
                path = adapter.build(rule.endpoint, known, methods[0])
                # Two endpoints may share an address, each with methods of its own.
                yield rule.endpoint, path, adapter.allowed_methods(path)


def test_a_write_from_another_site_is_refused_and_changes_nothing(app, owner, url):
    visitor, other = app.test_client(), enter(app.test_client(), url, "other")
    own = token_in(owner.get("/account/password").text)
    foreign = {
        "none": "",
        "made up": "IjAwIg.aaaaaa.bbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbbb",
        "a visitor's": token_in(visitor.get("/sign-in").text),
        "another session's": token_in(other.get("/account/password").text),
    }
    with owner.session_transaction() as session:
        digest = sessions.digest(session["token"]).hex()
    before = contents(url)
    form = {"username": "owner", "password": PASSWORD, "present": PASSWORD}
    form |= {"new": OTHER, "again": OTHER}
    listed, tried = set(), 0
    for endpoint, path, methods in writing(app, digest):
        listed.add(endpoint)
        for method in WRITES:
            for name, token in foreign.items():
                for kind in (
                    {"data": {**form, "csrf_token": token}},
                    {"data": {**form, "csrf_token": token}, "content_type": "multipart/form-data"},
                    {"json": {**form, "csrf_token": token}},
                    {"data": f"csrf_token={token}&new={OTHER}", "content_type": "text/plain"},
                    {"data": form, "headers": {**ELSEWHERE, "X-CSRFToken": token}},
                    {"data": form, "query_string": {"csrf_token": token}},
                ):
                    sent: dict[str, Any] = {"headers": ELSEWHERE, **kind}
                    response = owner.open(path, method=method, **sent)
                    expected = 400 if method in methods else 405
                    assert response.status_code == expected, (endpoint, method, name, kind)
                    tried += 1
    assert {
        "sign_in.sign_in",
        "sign_in.sign_out",
        "panel.contact",
        "account.change_password",
    } <= listed
    assert tried >= len(listed) * 4 * 4 * 6
    # A link or a picture on another site cannot do it either.
    for path in ("/sign-out", "/account/sessions/end", "/panel/member/1/contact"):
        assert owner.get(path, headers=ELSEWHERE).status_code == 405
    assert contents(url) == before
    # And with the own token it is done: nothing above was refused for another reason.
    answer = owner.post("/panel/member/1/contact", headers={"X-CSRFToken": own})
    assert "00033312345" in answer.text
    assert owner.post("/sign-out", data={"csrf_token": own}).status_code == 303
    changed = {name for name, now in contents(url).items() if before[name] != now}
    assert changed == {"session", "audit_event"}


def contents(url):
    """A checksum of every table."""
    with psycopg.connect(url) as conn:
        names = conn.execute(
            "SELECT tablename FROM pg_tables WHERE schemaname = 'public'"
            " AND tableowner = 'gridmap' AND tablename !~ '^_?yoyo'"
        ).fetchall()
        found = {}
        for [name] in names:
            rows = conn.execute(sql.SQL("SELECT t::text FROM {} t").format(sql.Identifier(name)))
            text = "\n".join(sorted(row[0] for row in rows))
            found[name] = (rows.rowcount, hashlib.sha256(text.encode()).hexdigest())
    assert len(found) > 20
    return found


# Cookies -----------------------------------------------------------------------------------------


def cookies(response):
    found = SimpleCookie()
    for header in response.headers.getlist("Set-Cookie"):
        found.load(header)
    return found


@pytest.mark.parametrize("is_https", [False, True])
def test_cookies_are_for_the_server_alone(url, app, is_https):
    app = create_app({"DATABASE_URL": url, "SECRET_KEY": KEY, "POOL_SIZE": 1, "PROXIES": 1})
    client = app.test_client()
    headers = {"X-Forwarded-For": "192.0.2.7", "X-Forwarded-Proto": "https" if is_https else "http"}
    base = "https://localhost" if is_https else "http://localhost"
    # The proxy speaks HTTP with us; the cookies must be Secure all the same.
    environ = {"base_url": "http://localhost", "headers": headers}
    first = client.get("/sign-in", **environ)
    token = token_in(first.text)
    environ["headers"] = {**headers, "Referer": f"{base}/sign-in"}
    sent = cookies(first)
    name = app.config["SESSION_COOKIE_NAME"]
    environ["headers"]["Cookie"] = f"{name}={sent[name].value}"
    data = {"username": "owner", "password": PASSWORD, "csrf_token": token, "keep": "1"}
    sent = cookies(app.test_client(use_cookies=False).post("/sign-in", data=data, **environ))
    assert set(sent) == {name, f"{name}_device"}
    for cookie in sent.values():
        assert cookie["httponly"]
        assert cookie["samesite"] == "Lax"
        assert bool(cookie["secure"]) == is_https
        assert not cookie["domain"]
    assert sent[f"{name}_device"]["path"] == "/sign-in"
    assert sent[name]["path"] == "/"
    assert sent[f"{name}_device"].value not in sent[name].value


def test_the_token_is_in_no_address_and_no_page(owner):
    with owner.session_transaction() as session:
        token = session["token"]
    for path in ("/", "/account", "/account/password", "/panel/home", "/rights"):
        response = owner.get(path)
        assert token not in response.text, path
        assert token not in str(response.headers), path


def test_public_addresses_neither_read_nor_write_cookies(owner):
    for path in ("/tiles/grids.json", "/api/search?q=x", "/healthz", "/static/x/js/gridmap.js"):
        for query in ("", "&lang=en" if "?" in path else "?lang=en"):
            response = owner.get(path + query)
            assert "Set-Cookie" not in response.headers, path + query
            assert "Cookie" not in response.headers.get("Vary", ""), path + query


# The life of a session ---------------------------------------------------------------------------


def test_signing_in_leaves_nothing_of_the_session_before(app):
    client = app.test_client()
    client.get("/sign-in")
    with client.session_transaction() as session:
        session["planted"] = "by somebody else"
        before = dict(session)
    assert sign_in(client).status_code == 303
    with client.session_transaction() as session:
        first = session["token"]
        assert "planted" not in session
        assert session.get("csrf_token") != before["csrf_token"]
    # A second time, as the form allows: another token again.
    form = app.test_client()
    form.set_cookie(app.config["SESSION_COOKIE_NAME"], _cookie(client, app))
    token = token_in(form.get("/account/password").text)
    data = {"username": "owner", "password": PASSWORD, "csrf_token": token}
    assert form.post("/sign-in", data=data).status_code == 303
    with form.session_transaction() as session:
        assert session["token"] != first


def test_a_token_of_ones_own_making_opens_nothing(app, url):
    client = app.test_client()
    with client.session_transaction() as session:
        session["token"] = "made-up"
    assert not is_in(client)
    # Signed with another key: not even looked at.
    foreign = create_app({"DATABASE_URL": url, "SECRET_KEY": "x" * 32, "POOL_SIZE": 1})
    other = enter(foreign.test_client(), url)
    client.set_cookie(app.config["SESSION_COOKIE_NAME"], _cookie(other, other.application))
    assert not is_in(client)


def _cookie(client, app):
    return client.get_cookie(app.config["SESSION_COOKIE_NAME"]).value


ENDINGS: dict[str, LiteralString] = {
    "disabled": "UPDATE account SET is_disabled = true WHERE username = 'owner'",
    "another password": "UPDATE account_secret SET changed_at = clock_timestamp(),"
    " password_hash = password_hash || ' ' WHERE account_id = 1",
    "a role given": "INSERT INTO account_role (account_id, role, grid_id, term)"
    " VALUES (1, 'county_staff', 1, '[2026-01-01,)')",
    "a role ended": "UPDATE account_role SET term = '[2024-01-01,2024-02-01)' WHERE account_id = 1",
    "a role taken": "DELETE FROM account_role WHERE account_id = 1",
    "run out": "UPDATE session SET expires_at = now() WHERE account_id = 1",
}


@pytest.mark.parametrize("how", [*ENDINGS, "signed out", "ended elsewhere", "ended everywhere"])
def test_an_ended_session_opens_nothing_at_the_next_request(url, app, owner, how):
    assert is_in(owner)
    kept = _cookie(owner, app)
    token = token_in(owner.get("/account/password").text)
    rights: list[Any] = []
    if how in ENDINGS:
        with psycopg.connect(url, autocommit=True) as conn:
            rights = conn.execute("SELECT * FROM account_role ORDER BY 1").fetchall()
            conn.execute(ENDINGS[how])
    elif how == "signed out":
        owner.post("/sign-out", data={"csrf_token": token})
    elif how == "ended everywhere":
        owner.post("/account/sessions/end", data={"csrf_token": token})
    else:
        with owner.session_transaction() as session:
            digest = sessions.digest(session["token"]).hex()
        second = enter(app.test_client(), url)
        form = {"csrf_token": token_in(second.get("/account/password").text)}
        assert second.post(f"/account/sessions/{digest}/end", data=form).status_code == 303
        assert is_in(second)
    # The browser may have been told to forget its cookie: anyone who kept a copy has nothing of it.
    copy = app.test_client()
    copy.set_cookie(app.config["SESSION_COOKIE_NAME"], kept)
    assert not is_in(copy)
    answer = copy.post("/panel/member/1/contact", headers={"X-CSRFToken": token})
    assert answer.status_code in (400, 401)
    assert "00033312345" not in answer.text
    if how in ENDINGS:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("UPDATE account SET is_disabled = false")
            conn.execute("UPDATE account_secret SET password_hash = %s", [_hash()])
            conn.execute("DELETE FROM account_role")
            for row in rights:
                conn.execute(
                    "INSERT INTO account_role (account_id, role, grid_id, term)"
                    " VALUES (%s, %s, %s, %s)",
                    (row[1], row[2], row[3], row[5]),
                )


def test_a_session_that_ends_in_the_middle_of_a_request_is_answered_so(
    url, app, owner, monkeypatch
):
    """What asks long may well be at work when somebody's role is taken."""
    create = keeping.create

    def ended(*arguments):
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("DELETE FROM session")
        return create(*arguments)

    monkeypatch.setattr(keeping, "create", ended)
    token = token_in(owner.get("/account/password").text)
    answer = owner.post("/api/scenarios", json={"name": "x"}, headers={"X-CSRFToken": token})
    assert answer.status_code == 401
    with psycopg.connect(url) as conn:
        assert conn.execute("SELECT count(*) FROM scenario").fetchone() == (0,)


def test_a_changed_password_keeps_whoever_asked_to_be_kept(url, app):
    client = app.test_client()
    assert sign_in(client, keep="1").status_code == 303
    form = {"present": PASSWORD, "new": OTHER, "again": OTHER}
    token = token_in(client.get("/account/password").text)
    assert client.post("/account/password", data={**form, "csrf_token": token}).status_code == 303
    with psycopg.connect(url, autocommit=True) as conn:
        [(kept, days)] = conn.execute(
            "SELECT is_kept, extract(day FROM expires_at - now()) FROM session"
            " ORDER BY created_at DESC LIMIT 1"
        ).fetchall()
        conn.execute("UPDATE account_secret SET password_hash = %s", [_hash()])
    assert kept
    assert days > 20


def test_a_changed_password_ends_the_other_sessions_and_keeps_this_one(url, app, owner):
    second = enter(app.test_client(), url)
    form = {"present": PASSWORD, "new": OTHER, "again": OTHER}
    token = token_in(owner.get("/account/password").text)
    before = _cookie(owner, app)
    assert owner.post("/account/password", data={**form, "csrf_token": token}).status_code == 303
    assert is_in(owner)
    assert not is_in(second)
    copy = app.test_client()
    copy.set_cookie(app.config["SESSION_COOKIE_NAME"], before)
    assert not is_in(copy)
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("UPDATE account_secret SET password_hash = %s", [_hash()])


def test_a_password_that_is_taken_back_meanwhile_opens_nothing(url, app, monkeypatch):
    """Who knows the old one and tries without a pause is always in the middle of an attempt."""
    taken_back = passwords.hash_password(OTHER)

    def take_back():
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute(
                "UPDATE account_secret SET password_hash = %s, changed_at = clock_timestamp()",
                [taken_back],
            )

    def stored():
        with psycopg.connect(url, autocommit=True) as conn:
            return conn.execute(
                "SELECT DISTINCT password_hash, (SELECT count(*) FROM session) FROM account_secret"
            ).fetchall()

    def compare(password_hash, password):
        found = is_right(password_hash, password)
        take_back()
        return found

    def attempt(*arguments, **options):
        outcome = attempted(*arguments, **options)
        take_back()
        return outcome

    is_right, attempted = passwords.is_right, signing_in.sign_in
    try:
        with psycopg.connect(url, autocommit=True) as conn:
            # As a list's first passwords are: it would be hashed again.
            quick = passwords.hash_password(PASSWORD, is_generated=True)
            conn.execute("UPDATE account_secret SET password_hash = %s", [quick])
        with monkeypatch.context() as patch:
            patch.setattr(passwords, "is_right", compare)
            assert sign_in(app.test_client()).status_code == 422
        assert stored() == [(taken_back, 0)]
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("UPDATE account_secret SET password_hash = %s", [_hash()])
        owner = enter(app.test_client(), url)
        token = token_in(owner.get("/account/password").text)
        form = {"present": PASSWORD, "new": NEW, "again": NEW, "csrf_token": token}
        with monkeypatch.context() as patch:
            patch.setattr(signing_in, "sign_in", attempt)
            assert owner.post("/account/password", data=form).status_code == 422
        assert stored() == [(taken_back, 0)]
    finally:
        with psycopg.connect(url, autocommit=True) as conn:
            conn.execute("UPDATE account_secret SET password_hash = %s", [_hash()])


# Where one is sent -------------------------------------------------------------------------------

ELSEWHERES = [
    "https://evil.example", "http:evil.example", "//evil.example", "///evil.example",
    "/\\evil.example", "\\\\evil.example", "/\t/evil.example", "/\n/evil.example",
    "\t//evil.example", " //evil.example", "javascript:alert(1)", "data:text/html,x",
    "/\r\nLocation: https://evil.example", "/\r\nSet-Cookie: a=b", "evil.example", "@evil.example",
    "/\u2028/evil.example", "", "?x", "%2f%2fevil.example",
]  # fmt: skip


@pytest.mark.parametrize("target", ELSEWHERES)
def test_nobody_is_sent_to_another_site(app, owner, target):
    """For those who are in, who sign out, and on the page itself."""
    token = token_in(owner.get("/account/password").text)
    visitor = app.test_client()
    page = visitor.get("/sign-in", query_string={"next": target}).text
    # Only the link to the other language repeats what was asked for, behind its question mark.
    assert not re.search(r'="(?!\?)[^"]*(evil|javascript:|data:)', page)
    for response in (
        owner.get("/sign-in", query_string={"next": target}),
        owner.post("/sign-out", data={"next": target, "csrf_token": token}),
    ):
        assert response.status_code == 303
        assert response.headers["Location"] == "/"
        assert "a" not in cookies(response)


def test_a_target_with_a_nul_is_refused_whole(app, owner):
    token = token_in(owner.get("/account/password").text)
    target = "/\0/evil.example"
    for response in (
        owner.get("/sign-in", query_string={"next": target}),
        owner.post("/sign-out", data={"next": target, "csrf_token": token}),
    ):
        assert response.status_code == 400
        assert "Location" not in response.headers


def test_after_signing_in_one_is_where_one_wanted_to_be_and_not_elsewhere(app):
    client = app.test_client()
    led = client.get("/account/password?lang=en")
    assert led.headers["Location"] == "/sign-in?next=%2Faccount%2Fpassword%3Flang%3Den"
    # Nowhere in particular is one's own territory.
    home = sign_in(client, next="//evil.example").headers["Location"]
    assert re.fullmatch(r"/\?grid=\d+", home)
    client = app.test_client()
    wanted = sign_in(client, next="/?grid=1&mode=issues").headers["Location"]
    assert wanted == "/?grid=1&mode=issues"


# Limits on guessing ------------------------------------------------------------------------------


def test_the_limits_hold_across_workers(url, app):
    """Two applications on one database are two workers; in another process they share no more."""
    second = create_app({"DATABASE_URL": url, "SECRET_KEY": KEY, "POOL_SIZE": 1})
    workers = [app.test_client(), second.test_client()]
    statuses = [sign_in(workers[n % 2], "wrong").status_code for n in range(12)]
    assert statuses == [422] * attempts.LIMITS["pair"] + [429] * 2
    # The right password does not help now, and the answer says how long to wait.
    for worker in workers:
        late = sign_in(worker)
        assert late.status_code == 429
        assert 0 < int(late.headers["Retry-After"]) <= attempts.WINDOW.total_seconds() + 1


def test_many_at_once_do_not_slip_through(app):
    clients = [app.test_client() for _ in range(16)]
    tokens = [token_in(client.get("/sign-in").text) for client in clients]
    statuses = []

    def guess(client, token):
        data = {"username": "owner", "password": "wrong", "csrf_token": token}
        statuses.append(client.post("/sign-in", data=data).status_code)

    threads = [
        threading.Thread(target=guess, args=each) for each in zip(clients, tokens, strict=True)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(statuses) == [422] * 10 + [429] * 6


def test_who_guesses_elsewhere_locks_out_nobody_here(url, app):
    known = app.test_client()
    assert sign_in(known).status_code == 303
    assert known.get_cookie(f"{app.config['SESSION_COOKIE_NAME']}_device", path="/sign-in")
    # As many as an account may have from everywhere together, without the cost of each.
    with db.connect(url) as conn:
        keys = [
            attempts.make_key(KEY, "account", "owner"),
            attempts.make_key(KEY, "pair", "owner", "198.51.100.1"),
        ]
        for key in keys:
            conn.execute(
                "INSERT INTO attempt VALUES (%s, now(), 1000)",
                [key.digest],
            )
    assert sign_in(app.test_client(), address="198.51.100.1").status_code == 429
    # An unknown browser waits, wherever it is; the known one is let in, and counted by itself.
    assert sign_in(app.test_client(), address="203.0.113.1").status_code == 429
    with known.session_transaction() as session:
        session.clear()
    assert sign_in(known, "wrong", address="203.0.113.1").status_code == 422
    assert sign_in(known, address="203.0.113.1").status_code == 303


def test_who_has_an_ipv6_address_has_a_whole_network_of_them(app):
    """One connection has a /64: an address for every guess is one source all the same."""
    statuses = [
        sign_in(app.test_client(), "wrong", address=f"2001:db8:0:1:{n:x}::{n:x}").status_code
        for n in range(11)
    ]
    assert statuses == [422] * 10 + [429]
    assert sign_in(app.test_client(), "wrong", address="2001:db8:0:2::1").status_code == 422


def test_an_ipv4_address_written_as_ipv6_is_that_one_address(app):
    for n in range(10):
        address = ("198.51.100.7", "::ffff:198.51.100.7")[n % 2]
        assert sign_in(app.test_client(), "wrong", address=address).status_code == 422
    assert sign_in(app.test_client(), "wrong", address="198.51.100.7").status_code == 429
    # Not the whole of IPv4 as one network.
    address = "::ffff:198.51.100.8"
    assert sign_in(app.test_client(), "wrong", address=address).status_code == 422


def test_a_devices_own_guesses_are_limited_too(app):
    known = app.test_client()
    sign_in(known)
    with known.session_transaction() as session:
        session.clear()
    statuses = [sign_in(known, "wrong").status_code for _ in range(11)]
    assert statuses == [422] * 10 + [429]


def test_a_device_of_somebody_else_is_no_device(url, app):
    """The cookie of one's own account does not open a way around the limits of another's."""
    mine = app.test_client()
    assert sign_in(mine, name="other").status_code == 303
    with mine.session_transaction() as session:
        session.clear()
    statuses = [sign_in(mine, "wrong").status_code for _ in range(11)]
    assert statuses[-1] == 429
    assert sign_in(app.test_client(), "wrong").status_code == 429


def test_an_unknown_name_is_answered_like_a_wrong_password(app, url):
    def said(name, password):
        response = sign_in(app.test_client(), password, name, address=f"192.0.2.{len(name)}")
        text = re.sub(r'(csrf_token" value=|value=)"[^"]*"', "", response.text)
        found = re.search(r"nonce-([^']+)'", response.headers["Content-Security-Policy"])
        assert found
        nonce = found[1]
        names = set(response.headers.keys())
        return response.status_code, text.replace(nonce, ""), names

    known = said("owner", "wrong")
    assert known[0] == 422
    assert said("nobody-here", PASSWORD) == known
    assert said("", "") == known
    with psycopg.connect(url, autocommit=True) as conn:
        conn.execute("UPDATE account SET is_disabled = true WHERE username = 'other'")
        try:
            assert said("other", PASSWORD) == known
        finally:
            conn.execute("UPDATE account SET is_disabled = false WHERE username = 'other'")
    # The limit is told alike too.
    for name in ("owner", "nobody-here"):
        tries = [sign_in(app.test_client(), "wrong", name).status_code for _ in range(11)]
        assert tries == [422] * 10 + [429], name


_made: list[str] = []


def _hash():
    if not _made:
        _made.append(passwords.hash_password(PASSWORD))
    return _made[0]


def _day(conn):
    return conn.execute("SELECT current_date - 30").fetchone()[0]
