"""The audit trail in a real browser, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from county import build
from playwright.sync_api import Page, expect

from geodata import accounts, db
from scripts import serve

PASSWORD = "violet-harbour-kettle-moss"


@pytest.fixture
def server(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    with db.connect(database_url) as conn:
        county = build(conn)
        account_id = accounts.create(conn, "auditor", "审计员", password=PASSWORD)
        accounts.grant(conn, account_id, "auditor", grid_id=county.county, since=date(2024, 1, 1))
        conn.execute(
            "INSERT INTO audit_event (action, subject, subject_id, request_id)"
            " SELECT 'contact.shown', 'member', i, 'abcdef012345' FROM generate_series(1, 60) i"
        )
    monkeypatch.setenv("GRIDMAP_WORKERS", "1")
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(database_url, listener) as running:
        running.wait_until_ready()
        yield running.url.rstrip("/")


def test_an_auditor_finds_and_takes_what_happened(page: Page, server: str) -> None:
    complaints: list[str] = []
    page.on("console", lambda m: complaints.append(m.text) if m.type == "error" else None)
    page.goto(f"{server}/audit?lang=en")
    page.get_by_label("User name").fill("auditor")
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    for width, height in ((1440, 900), (390, 844)):
        page.set_viewport_size({"width": width, "height": height})
        assert page.evaluate("document.documentElement.scrollWidth") == width
        assert Axe().run(page).violations_count == 0
    page.get_by_label("Action").select_option("contact.shown")
    page.get_by_role("button", name="Show", exact=True).click()
    expect(page.get_by_role("heading", name="60 entries")).to_be_visible()
    page.get_by_role("link", name="Next").click()
    expect(page.get_by_text("Page 2 of 2")).to_be_visible()
    expect(page.locator(".trail tbody tr")).to_have_count(10)
    with page.expect_download() as taken:
        page.get_by_role("button", name="Save as CSV").click()
    # All that the filter lets through, not the page alone.
    saved = Path(taken.value.path()).read_text(encoding="utf-8-sig")
    assert len(saved.splitlines()) == 61
    assert complaints == []
