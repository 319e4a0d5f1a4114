"""The audit trail in a real browser, at a desk and on a phone."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from pathlib import Path

import pytest
from county import build
from playwright.sync_api import Page, expect

from geodata.accounts import keeping as accounts
from geodata.database import connecting as db
from scripts import serve
from tests.browser.watching import SIZES, fits, sign_in
from tests.office import PASSWORD


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


@pytest.mark.usefixtures("complaints")
def test_an_auditor_finds_and_takes_what_happened(page: Page, server: str) -> None:
    sign_in(page, server, "auditor", "/audit")
    expect(page.get_by_role("heading", name="Audit trail")).to_be_visible()
    for size in SIZES.values():
        page.set_viewport_size(size)
        fits(page)
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
