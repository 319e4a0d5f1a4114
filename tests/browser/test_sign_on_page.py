"""Single sign-on in a real browser, between two real servers: policies, cookies, redirects."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date

import provider as providers
import pytest
from axe_playwright_python.sync_playwright import Axe
from county import build
from playwright.sync_api import ConsoleMessage, Page, expect

from geodata.accounts import keeping as accounts
from geodata.database import connecting as db
from scripts import serve

pytestmark = [
    pytest.mark.filterwarnings("ignore::authlib.deprecate.AuthlibDeprecationWarning"),
    pytest.mark.filterwarnings("ignore:get_jwt_config:DeprecationWarning"),
]


@pytest.fixture
def provider() -> Iterator[providers.Provider]:
    with providers.running() as running:
        yield running


@pytest.fixture
def server(
    provider: providers.Provider, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> Iterator[str]:
    with db.connect(database_url) as conn:
        county = build(conn)
        account_id = accounts.create(conn, "wang", "王镇长")
        accounts.grant(
            conn, account_id, "town_official", grid_id=county.towns[0], since=date(2024, 1, 1)
        )
    for key, value in {
        "ISSUER": provider.issuer,
        "CLIENT_ID": "gridmap",
        "CLIENT_SECRET": "secret",
        "NAME": "county sign-on",
    }.items():
        monkeypatch.setenv(f"GRIDMAP_OIDC_{key}", value)
    monkeypatch.setenv("GRIDMAP_WORKERS", "1")
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(database_url, listener) as running:
        running.wait_until_ready()
        yield running.url.rstrip("/")


def test_in_and_out_by_single_sign_on(
    page: Page, server: str, provider: providers.Provider
) -> None:
    complaints: list[str] = []

    def note(message: ConsoleMessage) -> None:
        # The provider's own pages ask for sheets that are not there.
        if message.type == "error" and message.location["url"].startswith(server):
            complaints.append(message.text)

    page.on("console", note)
    provider.know("s-1", preferred_username="wang")
    # Anyone who asks for a page of their own comes back to it.
    page.goto(f"{server}/account?lang=en")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert Axe().run(page).violations_count == 0
    page.get_by_role("link", name="Sign in with county sign-on").click()
    page.wait_for_url(f"{provider.issuer}/**")
    page.get_by_role("button", name="Deny").click()
    expect(page.get_by_role("alert")).to_contain_text("You cancelled the sign-in")
    page.get_by_role("link", name="Sign in with county sign-on").click()
    page.locator("input[name=sub]").fill("s-1")
    page.get_by_role("button", name="Authorize").click()
    page.wait_for_url(f"{server}/account?lang=en")
    expect(page.get_by_role("heading", name="王镇长")).to_be_visible()
    expect(page.get_by_text("Single sign-on: county sign-on")).to_be_visible()
    page.get_by_role("button", name="Sign out", exact=True).click()
    page.goto(f"{server}/account")
    expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    assert complaints == []
