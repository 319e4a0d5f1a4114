"""Figures, alert rules and notifications in a real browser, at a desk and on a phone."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from county import add_duty, compute_figures
from playwright.sync_api import Browser, Page, ViewportSize, expect

from geodata.coverage.figures import history, recording
from geodata.database import clock
from geodata.database import connecting as db
from scripts import serve
from tests.browser.watching import SIZES, fits, sign_in
from tests.office import add, furnish, give

TODAY = clock.today()

# An answer that says what is wrong with a form is one of 422.
EXPECTED = ("422",)


@pytest.fixture
def office(database_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """A server on a county with grid workers in the west, for 18 months, and none in the east."""
    with db.connect(database_url) as conn:
        made = furnish(conn)
        for number in (0, 2):
            since = history.first_of_month(TODAY, 18)
            add_duty(conn, made.compounds[number], "甲", "grid_worker", f"[{since},)")
        for username, role, place in (
            ("planner", "county_official", made.county),
            ("east", "town_official", made.towns[1]),
        ):
            add(conn, username, f"{username}干部")
            give(conn, username, role, place)
        for day, kinds in recording.due(conn, TODAY):
            recording.record(conn, day, kinds)
        compute_figures(conn, TODAY)
    monkeypatch.setenv("GRIDMAP_WORKERS", "1")
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(database_url, listener) as server:
        server.wait_until_ready()
        yield server.url.rstrip("/")


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_an_official_looks_at_the_figures_of_a_town(
    page: Page, office: str, complaints: list[str], size: ViewportSize
) -> None:
    page.set_viewport_size(size)
    page.goto(f"{office}/?lang=en")
    page.get_by_role("link", name="Figures").click()
    expect(page.get_by_role("heading", name="Figures: Huoshan County")).to_be_visible()
    fits(page)
    page.get_by_role("link", name="Grid worker").click()
    expect(page.get_by_role("heading", name="Grid worker", exact=True)).to_be_visible()
    # The worst town first; turned round by its heading.
    places = page.locator("#places .kinds tbody th")
    expect(places).to_have_text(["佛子岭镇", "衡山镇"])
    page.get_by_role("link", name="Households unserved").click()
    expect(places).to_have_text(["衡山镇", "佛子岭镇"])
    # The line says in words what it shows, and its figures stand below it.
    expect(places.locator("..").first.get_by_role("img")).to_have_attribute(
        "aria-label", re.compile("^from 0% on .* to 50%$")
    )
    page.locator("#kind summary").click()
    expect(page.locator("#kind tbody tr").first).to_contain_text("25%")
    fits(page)
    page.get_by_role("link", name="衡山镇").click()
    expect(page.get_by_role("heading", name="Figures: 衡山镇")).to_be_visible()
    expect(page.locator(".chart:visible")).to_have_count(1)
    with page.expect_download() as taken:
        page.get_by_role("link", name="Save as CSV").click()
    # Two compounds of a hundred, each told as of 100 to 109.
    saved = Path(taken.value.path()).read_text(encoding="utf-8-sig")
    assert f"城南社区,Grid worker,{TODAY},208,50,104" in saved
    # A choice is all that it takes.
    page.get_by_label("County, town or community").select_option(label="河东村")
    expect(page.get_by_role("heading", name="Figures: 河东村")).to_be_visible()
    page.get_by_role("link", name="On the map").click()
    expect(page.get_by_role("heading", name="河东村")).to_be_visible()


@pytest.mark.parametrize("size", SIZES.values(), ids=SIZES)
def test_a_rule_is_set_and_what_it_reports_is_dealt_with(
    page: Page, browser: Browser, office: str, complaints: list[str], size: ViewportSize
) -> None:
    page.set_viewport_size(size)
    sign_in(page, office, "planner", "/alerts")
    expect(page.get_by_text("There is no rule yet.")).to_be_visible()
    page.get_by_role("link", name="New rule").click()
    fits(page)
    page.get_by_label("Service").select_option(label="Grid worker")
    page.get_by_label("Watches every").select_option("community")
    page.get_by_label("Limit").fill("0")
    page.get_by_role("button", name="Show what it would report").click()
    expect(page.get_by_text("Write a whole number from 1 to 100.")).to_be_visible()
    page.get_by_label("Limit").fill("50")
    page.get_by_role("button", name="Show what it would report").click()
    expect(page.get_by_role("heading", name="Today it would report 2 grids")).to_be_visible()
    expect(page.get_by_text("河东村 · Grid worker · 0% served")).to_be_visible()
    fits(page)
    page.get_by_role("button", name="Save the rule").click()
    expect(page.get_by_text("2 new notifications.")).to_be_visible()
    fits(page)

    other = browser.new_context(viewport=size)
    theirs = other.new_page()
    sign_in(theirs, office, "east", "/figures")
    theirs.get_by_role("link", name="Notifications 2 unread").click()
    expect(theirs.get_by_role("heading", name="2 notifications")).to_be_visible()
    fits(theirs)
    theirs.get_by_role("button", name="Done · 河东村").click()
    expect(theirs.get_by_text("河东村 is marked as done.")).to_be_visible()
    expect(theirs.get_by_role("heading", name="1 notification")).to_be_visible()
    fits(theirs)
    theirs.get_by_role("button", name="Undo").click()
    expect(theirs.get_by_role("heading", name="2 notifications")).to_be_visible()
    theirs.get_by_role("link", name="On the map · 河东村").click()
    expect(theirs.get_by_role("heading", name="河东村")).to_be_visible()
    expect(theirs).to_have_url(re.compile("mode=coverage.*kind=grid_worker"))
    other.close()
