"""Single sign-on with a real provider: who gets in, who does not, and what is left behind."""

from __future__ import annotations

import base64
import hashlib
import re
import time
from datetime import date
from urllib.parse import parse_qs, urlsplit

import provider as providers
import pytest
from county import build

from geodata.accounts import identities, sessions
from geodata.accounts import keeping as accounts
from geodata.errors import SetupError
from webmap import create_app

# What the provider of the tests does in the old way.
pytestmark = [
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]

PASSWORD = "violet-harbour-kettle-moss"
NAME = "县统一认证"


@pytest.fixture
def provider():
    with providers.running() as running:
        yield running


@pytest.fixture
def county(conn):
    county = build(conn)
    for username, role, grid_id in (
        ("wang", "town_official", county.towns[0]),
        ("admin", "administrator", county.county),
    ):
        account_id = accounts.create(conn, username, username.title(), password=PASSWORD)
        accounts.grant(conn, account_id, role, grid_id=grid_id, since=date(2024, 1, 1))
    conn.commit()
    return county


@pytest.fixture
def configure(monkeypatch, database_url, county):
    def make(issuer: str, **settings: str):
        given = {"ISSUER": issuer, "CLIENT_ID": "gridmap", "CLIENT_SECRET": "secret", "NAME": NAME}
        for key, value in {**given, **settings}.items():
            monkeypatch.setenv(f"GRIDMAP_OIDC_{key}", value)
        return create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 40})

    return make


@pytest.fixture
def app(configure, provider):
    return configure(provider.issuer)


def browser(app):
    """A browser of its own, that reads English."""
    client = app.test_client()
    client.set_cookie("lang", "en")
    return client


def begun(client, target: str = "/account") -> str:
    """Begin to sign in; return the address at the provider."""
    answer = client.get(f"/sign-in/sso?next={target}")
    assert answer.status_code == 302
    return answer.headers["Location"]


def local(address: str) -> str:
    parts = urlsplit(address)
    return f"{parts.path}?{parts.query}"


def sign_in(app, provider, subject: str, **claims: object):
    """Let a person sign in; return the browser and the answer that ends it."""
    client = browser(app)
    if claims:
        provider.know(subject, **claims)
    return client, client.get(local(provider.consent(begun(client), subject)))


def linked(conn) -> list[tuple[str, str]]:
    conn.rollback()
    return conn.execute(
        "SELECT subject, username FROM account_identity JOIN account USING (account_id) ORDER BY 1"
    ).fetchall()


def sessions_open(conn) -> int:
    conn.rollback()
    return conn.execute("SELECT FROM session").rowcount


def refused(client, answer, said: str) -> None:
    """Nobody is signed in, and the sign-in page says why, once."""
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/sign-in?next=/account"
    page = client.get("/sign-in?next=/account").text
    found = re.search(r'role="alert">.*?<span>(.*?)</span>', page, re.DOTALL)
    assert found, page
    assert said in found[1]
    assert 'role="alert"' not in client.get("/sign-in").text
    assert client.get("/account").status_code == 302


def test_first_time_links_by_user_name_and_opens_a_session(app, provider, conn):
    client, answer = sign_in(app, provider, "s-1", preferred_username="Wang")
    assert answer.status_code == 303
    assert answer.headers["Location"] == "/account"
    assert linked(conn) == [("s-1", "wang")]
    page = client.get("/account").text
    assert f"Single sign-on: {NAME}" in page
    events = conn.execute(
        "SELECT action, actor, detail FROM audit_event ORDER BY event_id DESC LIMIT 2"
    ).fetchall()
    assert [event[:2] for event in events] == [
        ("identity.linked", "wang"),
        ("session.opened", "wang"),
    ]
    assert events[0][2] == {"issuer": provider.issuer, "first_password": None}
    assert events[1][2] == {"by": "oidc"}


def test_flow_has_pkce_state_and_nonce(app, provider):
    client = browser(app)
    address = begun(client)
    asked = {key: value[0] for key, value in parse_qs(urlsplit(address).query).items()}
    assert address.startswith(f"{provider.issuer}/oauth2/authorize?")
    assert asked["response_type"] == "code"
    assert asked["code_challenge_method"] == "S256"
    assert asked["redirect_uri"] == "http://localhost/sign-in/sso/callback"
    assert len(asked["state"]) >= 20
    assert len(asked["nonce"]) >= 20
    provider.know("s-1", preferred_username="wang")
    client.get(local(provider.consent(address, "s-1")))
    [sent] = provider.token_requests
    digest = hashlib.sha256(sent["code_verifier"].encode()).digest()
    assert base64.urlsafe_b64encode(digest).decode().rstrip("=") == asked["code_challenge"]
    again = begun(browser(app))
    for key in ("state", "nonce", "code_challenge"):
        assert asked[key] not in again


def test_afterwards_the_subject_alone_decides(app, provider, conn):
    sign_in(app, provider, "s-1", preferred_username="wang")
    # Renamed at the provider: the same account, and not the administrator's.
    client, answer = sign_in(app, provider, "s-1", preferred_username="admin")
    assert answer.headers["Location"] == "/account"
    assert ">wang<" in client.get("/account").text
    # Without any name too.
    client, _ = sign_in(app, provider, "s-1", email="x@example.cn")
    assert ">wang<" in client.get("/account").text
    # Who takes over the name gets in nowhere.
    client, answer = sign_in(app, provider, "s-2", preferred_username="wang")
    refused(client, answer, f"The account “wang” belongs to somebody else at “{NAME}”.")
    assert linked(conn) == [("s-1", "wang")]
    event = conn.execute(
        "SELECT action, actor, detail FROM audit_event ORDER BY event_id DESC LIMIT 1"
    ).fetchone()
    assert event == ("session.refused", "", {"by": "oidc"})


def test_one_account_has_one_identity_at_an_issuer(conn, county):
    account_id = accounts.get_by_username(conn, "wang").account_id
    other = accounts.get_by_username(conn, "admin").account_id
    assert identities.link(conn, "https://a", "s-1", account_id)
    assert not identities.link(conn, "https://a", "s-2", account_id)
    assert not identities.link(conn, "https://a", "s-1", other)
    assert identities.link(conn, "https://b", "s-1", account_id)


@pytest.mark.parametrize(
    ("claims", "said"),
    [
        ({"preferred_username": "nobody"}, "There is no account “nobody” here."),
        # The Kelvin sign is a k in lower case.
        ({"preferred_username": "wan\u212a"}, "There is no account"),
        ({"preferred_username": ""}, "does not tell your user name (preferred_username)"),
        ({"preferred_username": 7}, "does not tell your user name"),
        ({"preferred_username": "wang\0"}, "does not tell your user name"),
        ({"email": "wang"}, "does not tell your user name"),
    ],
)
def test_who_has_no_account_is_told(app, provider, conn, claims, said):
    accounts.create(conn, "wank", "K")
    conn.commit()
    client, answer = sign_in(app, provider, "s-1", **claims)
    refused(client, answer, said)
    assert linked(conn) == []
    assert sessions_open(conn) == 0


def test_disabled_accounts_stay_closed_linked_or_not(app, provider, conn):
    conn.execute("UPDATE account SET is_disabled = true WHERE username = 'wang'")
    conn.commit()
    client, answer = sign_in(app, provider, "s-1", preferred_username="wang")
    refused(client, answer, "The account “wang” is disabled.")
    assert linked(conn) == []
    conn.execute("UPDATE account SET is_disabled = false WHERE username = 'wang'")
    conn.commit()
    client, answer = sign_in(app, provider, "s-1")
    assert client.get("/account").status_code == 200
    conn.execute("UPDATE account SET is_disabled = true WHERE username = 'wang'")
    conn.commit()
    # At once, for the session that is open; and for the next.
    assert client.get("/account").status_code == 302
    client, answer = sign_in(app, provider, "s-1")
    refused(client, answer, "The account “wang” is disabled.")


def test_whoever_cancels_is_told_that_nothing_happened(app, provider, conn):
    client = browser(app)
    answer = client.get(local(provider.deny(begun(client))))
    refused(client, answer, f"You cancelled the sign-in at “{NAME}”.")
    assert sessions_open(conn) == 0


def test_an_answer_serves_once_and_only_who_asked(app, provider, conn):
    provider.know("s-1", preferred_username="wang")
    client = browser(app)
    answer = local(provider.consent(begun(client), "s-1"))
    # In another browser: a stranger's answer signs nobody in.
    stranger = browser(app)
    assert stranger.get(answer).headers["Location"].startswith("/sign-in?")
    assert "started" not in stranger.get("/sign-in").text
    assert stranger.get("/account").status_code == 302
    assert client.get(answer).headers["Location"] == "/account"
    client.post("/sign-out", data={"csrf_token": csrf(client)})
    replayed = client.get(answer)
    assert replayed.headers["Location"] == "/sign-in?next=/"
    assert "has already ended" in client.get("/sign-in").text
    assert client.get("/account").status_code == 302
    for path in ("", "?code=x", "?state=x", "?code=x&state=y"):
        assert client.get(f"/sign-in/sso/callback{path}").status_code == 303
    assert sessions_open(conn) == 0


def csrf(client) -> str:
    found = re.search(r'name="csrf_token" value="([^"]+)"', client.get("/account").text)
    assert found
    return found[1]


def drop(key: str):
    return lambda claims: claims.pop(key)


LIES = {
    "another audience": lambda claims: claims.update(aud=["somebody-else"]),
    "another audience, for us": lambda claims: claims.update(aud="other", azp="gridmap"),
    "another party": lambda claims: claims.update(azp="somebody-else"),
    "another issuer": lambda claims: claims.update(iss="https://evil.example"),
    "another nonce": lambda claims: claims.update(nonce="x" * 20),
    "no nonce": drop("nonce"),
    "expired": lambda claims: claims.update(exp=int(time.time()) - 600),
    "no expiry": drop("exp"),
    "no subject": drop("sub"),
    "subject of another kind": lambda claims: claims.update(sub=7),
    "subject that is none": lambda claims: claims.update(sub="a\0b"),
}


def test_tokens_that_lie_open_nothing(app, provider, conn):
    for what, lie in LIES.items():
        provider.lie = lie
        client, answer = sign_in(app, provider, "s-1", preferred_username="wang")
        try:
            refused(client, answer, f"The answer of “{NAME}” could not be verified.")
        except AssertionError as error:
            raise AssertionError(what) from error
    provider.lie = None
    for sign in ("stranger", "none", "secret", "nothing"):
        provider.sign = sign
        client, answer = sign_in(app, provider, "s-1")
        refused(client, answer, "could not be verified")
    assert linked(conn) == []
    assert sessions_open(conn) == 0
    provider.sign = "right"
    _, answer = sign_in(app, provider, "s-1")
    assert answer.headers["Location"] == "/account"


def test_provider_that_is_away_or_another_is_said_to_be(configure, conn):
    app = configure("http://localhost:1")
    client = browser(app)
    answer = client.get("/sign-in/sso?next=/account")
    refused(client, answer, f"The service “{NAME}” cannot be reached at the moment.")
    with providers.running() as provider:
        app = configure(provider.issuer)
        provider.discovery = {"issuer": "https://other.example"}
        client = browser(app)
        refused(client, client.get("/sign-in/sso?next=/account"), "could not be verified")
        # Put right there, it works here without a restart.
        provider.discovery = {}
        address = begun(client)
    # Gone between there and back.
    state = parse_qs(urlsplit(address).query)["state"][0]
    answer = client.get(f"/sign-in/sso/callback?code=x&state={state}")
    refused(client, answer, "cannot be reached")
    assert sessions_open(conn) == 0


def test_claim_may_come_from_the_userinfo_of_the_same_person(configure, provider, conn):
    app = configure(provider.issuer)
    provider.lie = drop("preferred_username")
    client, answer = sign_in(app, provider, "s-1", preferred_username="wang")
    assert answer.headers["Location"] == "/account"

    def swap(claims):
        claims.pop("preferred_username")
        claims["sub"] = "s-9"

    provider.lie = swap
    client, answer = sign_in(app, provider, "s-2", preferred_username="admin")
    refused(client, answer, "does not tell your user name")
    assert linked(conn) == [("s-1", "wang")]


def test_address_that_nobody_checked_links_nothing(configure, provider, conn):
    accounts.create(conn, "wang@example.cn", "Wang")
    conn.commit()
    app = configure(provider.issuer, CLAIM="email", NAME="")
    client, answer = sign_in(app, provider, "s-1", email="wang@example.cn", email_verified=False)
    refused(client, answer, "The service “single sign-on” does not tell your user name (email).")
    client, answer = sign_in(app, provider, "s-1", email="wang@example.cn", email_verified=True)
    assert answer.headers["Location"] == "/account"
    assert linked(conn) == [("s-1", "wang@example.cn")]


def test_first_password_of_somebody_else_goes_with_the_link(app, provider, conn):
    accounts.create(conn, "new", "New", password=PASSWORD, must_change=True)
    conn.commit()
    client, answer = sign_in(app, provider, "s-1", preferred_username="new")
    assert answer.headers["Location"] == "/account"
    page = client.get("/account")
    # Nobody is asked to replace a password that they never had.
    assert page.status_code == 200
    assert "This account has no password" in page.text
    assert "Change the password" not in page.text
    [secret] = conn.execute(
        "SELECT password_hash, must_change FROM account_secret JOIN account USING (account_id)"
        " WHERE username = 'new'"
    ).fetchall()
    assert secret == (None, False)
    client, _ = sign_in(app, provider, "s-2", preferred_username="wang")
    assert "Change the password" in client.get("/account").text


def test_whoever_knew_the_first_password_is_out_once_it_is_gone(app, provider, conn):
    """The session would no longer have to choose a password, and see what the account may see."""
    account_id = accounts.create(conn, "new", "New", password=PASSWORD, must_change=True)
    token, _ = sessions.open_session(conn, account_id, device="", device_token=None)
    conn.commit()
    other = browser(app)
    with other.session_transaction() as session:
        session["token"] = token
    assert other.get("/account").headers["Location"] == "/account/password"
    sign_in(app, provider, "s-1", preferred_username="new")
    assert other.get("/account").headers["Location"].startswith("/sign-in")


def test_reader_comes_to_where_they_wanted_and_to_no_other_site(app, provider):
    provider.know("s-1", preferred_username="wang")
    for target, reached in (
        ("/%3Fgrid%3D1%26on%3D2026-01-01", "/?grid=1&on=2026-01-01"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/%5Cevil.example", "/"),
    ):
        client = browser(app)
        answer = client.get(local(provider.consent(begun(client, target), "s-1")))
        # Nowhere in particular is one's own territory, if there is one.
        assert re.sub(r"^/\?grid=\d+$", "/", answer.headers["Location"]) == reached
    # Who is in already is not sent away.
    answer = client.get("/sign-in/sso?next=/account")
    assert answer.headers["Location"] == "/account"


def test_many_beginnings_leave_a_small_cookie(app):
    client = browser(app)
    for _ in range(5):
        begun(client)
    cookie = client.get_cookie(app.config["SESSION_COOKIE_NAME"])
    assert cookie
    assert len(cookie.value) < 1000


def test_button_is_there_only_when_configured(app, database_url, monkeypatch):
    page = browser(app).get("/sign-in?next=/account")
    assert f">Sign in with {NAME}</a>" in page.text
    assert 'href="/sign-in/sso?next=/account"' in page.text
    assert "form-action 'self'" in page.headers["Content-Security-Policy"]
    for key in ("ISSUER", "CLIENT_ID", "CLIENT_SECRET", "NAME"):
        monkeypatch.delenv(f"GRIDMAP_OIDC_{key}")
    client = browser(create_app({"DATABASE_URL": database_url}))
    assert "/sign-in/sso" not in client.get("/sign-in").text
    for path in ("/sign-in/sso", "/sign-in/sso/callback?code=x&state=y"):
        assert client.get(path).status_code == 404


@pytest.mark.parametrize(
    ("changes", "named"),
    [
        ({"CLIENT_SECRET": ""}, "GRIDMAP_OIDC_CLIENT_SECRET is missing"),
        ({"ISSUER": ""}, "GRIDMAP_OIDC_ISSUER is missing"),
        ({"ISSUER": "http://sso.example.gov.cn"}, "GRIDMAP_OIDC_ISSUER is “http://sso"),
        ({"ISSUER": "sso.example.gov.cn"}, "GRIDMAP_OIDC_ISSUER"),
        ({"ISSUER": "ftp://localhost"}, "GRIDMAP_OIDC_ISSUER"),
        ({"ISSUER": "https://u:p@sso.example"}, "GRIDMAP_OIDC_ISSUER"),
        ({"ISSUER": "https://sso.example?x=1"}, "GRIDMAP_OIDC_ISSUER"),
        ({"ISSUER": "https://[sso"}, "GRIDMAP_OIDC_ISSUER"),
        ({"CLAIM": "user name"}, "GRIDMAP_OIDC_CLAIM"),
    ],
)
def test_settings_that_make_no_sense_are_named(monkeypatch, changes, named):
    given = {"ISSUER": "https://sso.example", "CLIENT_ID": "g", "CLIENT_SECRET": "hush-hush"}
    for key, value in {**given, **changes}.items():
        monkeypatch.setenv(f"GRIDMAP_OIDC_{key}", value)
    with pytest.raises(SetupError, match=named) as caught:
        create_app({"DATABASE_URL": "postgresql://127.0.0.1:1/none"})
    assert "hush-hush" not in str(caught.value)
