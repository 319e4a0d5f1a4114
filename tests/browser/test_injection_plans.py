"""No text of a plan becomes markup, in any view of the drawing mode: its list and the archive, each
plan with its steps, faults, consequences, events and people, and the canvas with its cards."""

from __future__ import annotations

from playwright.sync_api import Page, expect

from tests.browser.test_injection import (  # noqa: F401 - fixtures
    LANGUAGES,
    Site,
    Watch,
    arrived,
    hostile_url,
    page,
    show,
    site,
    state,
    watch,
)
from tests.payloads import SCRIPTS


def test_plans_in_the_panel(page: Page, site: Site, watch: Watch) -> None:  # noqa: F811
    """Every plan as a fragment, in turn in one of the languages: all fields of all payloads."""
    seen = ""
    for index, plan_id in enumerate(site.planted.plans):
        town = site.planted.towns[index]
        query = f"grid={town}&lang={LANGUAGES[index % 2]}"
        page.goto(f"{site.host}/panel/plans/{plan_id}?{query}")
        assert page.locator("article.drafting h1").inner_text()
        seen += page.locator("article").inner_html()
        watch.look(page)
    for lang in LANGUAGES:
        for query in ("", "archived=true&"):
            page.goto(f"{site.host}/panel/plans?{query}lang={lang}")
            assert page.locator(".plans li").count() > len(SCRIPTS) // 4
            watch.look(page)
    # Each kind of text was there: names as drawn, reasons, why a step failed, people to share with.
    for mark in ("Accepted:", "Could not be redone", 'class="choice"', "Returned"):
        assert mark in seen
    watch.check()


def test_plans_on_the_map(page: Page, site: Site, watch: Watch) -> None:  # noqa: F811
    """Open drafts on the page: title, chosen grid, legend, notices, the bar."""
    for index in range(0, len(SCRIPTS), 12):
        plan_id, town = site.planted.plans[index], site.planted.towns[index]
        lon = 116.20 + 0.002 * index + 0.001
        query = f"mode=draw&plan={plan_id}&grid={town}&z=16&lat=31.43&lon={lon}"
        show(page, f"{site.host}/?{query}&lang={LANGUAGES[index % 2]}")
        expect(page.locator("html[data-drawing]")).to_be_attached()
        page.locator(".map").focus()
        page.keyboard.press("Enter")
        expect(page.locator("[data-chosen-name]")).to_be_visible()
        watch.look(page)
        tool = page.locator("[data-tool=split]")
        if tool.count():
            tool.click()
            expect(page.locator(".draw-bar")).to_be_visible()
            watch.look(page)
    arrived(page)
    watch.check()
