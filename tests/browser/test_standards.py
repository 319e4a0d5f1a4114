"""Standards in a real browser: the county raises that for clinics, sees the effect, undoes it."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date

import pytest
from county import compute_figures
from playwright.sync_api import BrowserContext, Page, ViewportSize, expect

from geodata.database import clock
from geodata.database import connecting as db
from scripts import serve
from tests.browser.watching import SIZES, fits, sign_in
from tests.office import add, furnish, give

# Answers that say what is wrong with a form, or that somebody was faster.
EXPECTED = ("422", "409")


@pytest.fixture
def office(database_url: str) -> Iterator[str]:
    """The base URL of a server on a county with a clinic, and the official "wang"."""
    with db.connect(database_url) as conn:
        made = furnish(conn)
        add(conn, "wang", "王芳")
        give(conn, "wang", "county_official", made.county)
        conn.execute("UPDATE grid_version SET households = NULL")
        for lon in (116.305, 116.313):
            conn.execute(
                "INSERT INTO building (name, households, geom)"
                " VALUES ('一', 30, ST_SetSRID(ST_MakePoint(%s, 31.405), 4326))",
                [lon],
            )
        conn.execute(
            "INSERT INTO facility (kind, name, geom)"
            " VALUES ('clinic', '一', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
        )
        compute_figures(conn, clock.today(), date(2027, 1, 1))
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(database_url, listener) as server:
        server.wait_until_ready()
        yield server.url.rstrip("/")


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_the_county_raises_the_standard_for_clinics(
    page: Page, office: str, complaints: list[str], size: ViewportSize
) -> None:
    page.set_viewport_size(size)
    sign_in(page, office, "wang", "/?mode=coverage%26kind=clinic")
    page.get_by_role("link", name="All standards").click()
    expect(page.get_by_role("heading", name="Service standards", level=1)).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Clinic").click()
    page.get_by_role("link", name="Change the standard").click()
    expect(page.get_by_role("heading", name="Change the standard: Clinic")).to_be_visible()
    fits(page)
    towns = page.get_by_role("group", name="In towns")
    towns.get_by_label("No farther than").fill("far")
    page.get_by_label("In force from").fill("2027-01-01")
    page.get_by_role("button", name="Show what would change").click()
    expect(page.get_by_text("Write a whole number from 1 to 100,000.")).to_be_visible()
    fits(page)
    towns.get_by_label("No farther than").fill("300")
    page.evaluate(
        "addEventListener('submit', () => queueMicrotask(() => {"
        " sessionStorage.said = document.querySelector('form [role=status]').textContent }))"
    )
    page.get_by_role("button", name="Show what would change").click()
    effects = page.locator("#effects")
    expect(effects).to_contain_text("1,000 m on foot → 300 m on foot")
    assert page.evaluate("sessionStorage.said") == "Calculating for every grid."
    expect(effects.locator(".total")).to_contain_text("60 → 30")
    expect(effects.get_by_role("listitem").filter(has_text="城南社区")).to_contain_text("−30")
    fits(page)
    effects.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved. It applies from 1 Jan 2027.")).to_be_visible()
    expect(page.get_by_role("row", name=re.compile("1 Jan 2027"))).to_contain_text("300 m on foot")
    fits(page)
    page.get_by_role("button", name="Undo").click()
    expect(page.get_by_text("Undone.", exact=True)).to_be_visible()
    expect(page.get_by_text("300 m on foot")).to_have_count(0)
    page.get_by_role("button", name="Redo").click()
    expect(page.get_by_text("Redone.", exact=True)).to_be_visible()
    expect(page.get_by_role("button", name="Undo")).to_be_visible()
    page.get_by_role("button", name="Withdraw").click()
    expect(page.get_by_text("The change of 1 Jan 2027 has been withdrawn.")).to_be_visible()


def test_two_at_once(
    page: Page, context: BrowserContext, office: str, complaints: list[str]
) -> None:
    sign_in(page, office, "wang", "/standards/clinic/change")
    other = context.new_page()
    other.goto(f"{office}/standards/clinic/change")
    for each, reach in ((page, "300"), (other, "500")):
        each.get_by_role("group", name="In towns").get_by_label("No farther than").fill(reach)
    page.get_by_role("button", name="Show what would change").click()
    other.get_by_role("button", name="Show what would change").click()
    page.get_by_role("button", name="Save").click()
    expect(page.get_by_text("Saved.")).to_be_visible()
    other.get_by_role("button", name="Save").click()
    expect(other.get_by_role("alert")).to_contain_text("Somebody else has saved")
    expect(
        other.get_by_role("group", name="In towns").get_by_label("No farther than")
    ).to_have_value("500")
    fits(other)
