"""When did 青崖村 become smaller? The staff guide's story in a browser: mouse, keys and touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, expect

from tests.browser.watching import (
    SCREENS,
    TAKEN_BACK,
    faults,
    fits_across,
    listen,
    wait_for_animations,
)

Open = Callable[..., Page]


@pytest.fixture
def opened(browser: Browser, live_server: str) -> Iterator[Open]:
    """Open an address on a screen; fail at the end if a page complained."""
    heard: list[list[str]] = []
    contexts = []

    def open_(by: str, address: str) -> Page:
        context = browser.new_context(viewport=SCREENS[by], has_touch=by == "touch")
        context.set_default_timeout(20_000)
        heard.append(listen(context))
        contexts.append(context)
        page = context.new_page()
        page.goto(live_server + address)
        page.wait_for_selector("html[data-painted]")
        settled(page)
        return page

    yield open_
    for context in contexts:
        context.close()
    assert [fault for each in heard for fault in faults(each, *TAKEN_BACK)] == []


def settled(page: Page) -> None:
    expect(page.locator("#panel-body:not([aria-busy]) .sheet")).to_be_visible(timeout=15_000)


def press(page: Page, by: str, selector: str, text: str = "") -> None:
    found = page.locator(selector, has_text=text or None).first
    if by == "touch":
        found.tap()
    else:
        found.click()


def chosen(page: Page, text: str) -> None:
    """See which day the slider and the list stand on."""
    expect(page.locator(".timeline option:checked")).to_contain_text(text, timeout=15_000)
    expect(page.locator(".timeline [type=range]")).to_have_attribute(
        "aria-valuetext", re.compile(re.escape(text))
    )


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_when_did_the_village_become_smaller(opened: Open, by: str) -> None:
    page = opened(by, "/?lang=en")
    press(page, by, "#search")
    page.keyboard.type("qyc", delay=10)
    press(page, by, "#hits [role=option]", "青崖村")
    expect(page.locator("#panel-body h1")).to_have_text("青崖村")

    press(page, by, ".view [data-do=days]")
    expect(page.locator(".timeline header")).to_contain_text("青崖村")
    chosen(page, "unchanged since 1 Jan 2026")
    press(page, by, "[data-step='-1']")
    chosen(page, "1 Jan 2026 · 15 grids changed")
    assert "on=2026-01-01" in page.url
    press(page, by, "[data-step='-1']")
    chosen(page, "1 Jan 2021 · oldest boundaries")
    expect(page.locator("[data-step='-1']")).to_be_disabled()
    settled(page)
    expect(page.locator(".facts")).to_contain_text("30.7 km²")
    press(page, by, "[data-step='1']")
    chosen(page, "1 Jan 2026 · 15 grids changed")

    press(page, by, "[data-versus=eve]")
    expect(page.locator(".changes h2")).to_have_text("From 31 Dec 2025 to 1 Jan 2026")
    row = page.locator(".changes tbody tr")
    expect(row).to_contain_text("redrawn")
    # Households before and after are for those who may see exact counts.
    expect(row).to_contain_text("not shown")
    expect(page.locator(".changes .moved")).to_have_text("15 km² lost")
    assert "versus=2025-12-31" in page.url
    if by == "touch":
        press(page, by, ".legend summary")
    expect(page.locator(".legend")).to_contain_text("Ground lost")

    press(page, by, ".changes a", "All that differs")
    expect(page.locator("#panel-body h1")).to_have_text("What differs")
    page.locator(".pages a", has_text="Next").scroll_into_view_if_needed()
    press(page, by, ".pages a", "Next")
    village = page.locator("tr", has=page.get_by_role("link", name="田家坝村", exact=True))
    expect(village).to_contain_text("new")
    before = page.evaluate("map_grid.getCenter().toString() + map_grid.getZoom()")
    village.locator(".to-place").scroll_into_view_if_needed()
    press(page, by, "tr:has-text('田家坝村') .to-place")
    page.wait_for_function(
        "(before) => map_grid.getCenter().toString() + map_grid.getZoom() !== before", arg=before
    )
    link = village.get_by_role("link", name="田家坝村", exact=True)
    link.scroll_into_view_if_needed()
    link.tap() if by == "touch" else link.click()
    expect(page.locator("#panel-body h1")).to_have_text("田家坝村")

    # The address holds it all: back, and opened again.
    page.go_back()
    expect(page.locator("#panel-body h1")).to_have_text("What differs")
    page.wait_for_load_state("networkidle")
    page.reload()
    expect(page.locator("#panel-body h1")).to_have_text("What differs")
    expect(page.locator("#versus")).to_have_value("2025-12-31")
    press(page, by, ".timeline [data-versus='']")
    expect(page.locator("#panel-body h1")).to_have_text("Huoshan County")
    assert "versus" not in page.url


def test_the_slider_obeys_keys_and_the_list(opened: Open) -> None:
    page = opened("mouse", "/?lang=en")
    page.locator(".view [data-do=days]").focus()
    page.keyboard.press("Enter")
    slider = page.locator(".timeline [type=range]")
    slider.focus()
    page.keyboard.press("ArrowLeft")
    chosen(page, "1 Jan 2021 · oldest boundaries")
    expect(page.locator("#on")).to_have_value("2021-01-01")
    expect(slider).to_be_focused()
    page.keyboard.press("End")
    chosen(page, "1 Jan 2026 · 101 grids changed")
    # The map follows when the slider has come to rest.
    expect(page.locator("#on")).to_have_value("2026-01-01")
    page.locator(".timeline select").select_option("2021-01-01")
    expect(page.locator("#on")).to_have_value("2021-01-01")
    page.go_back()
    chosen(page, "1 Jan 2026 · 101 grids changed")


def test_days_that_are_alike_lead_to_the_change(opened: Open) -> None:
    page = opened("mouse", "/?on=2024-03-01&versus=2023-03-01&lang=en")
    expect(page.locator(".state h2")).to_have_text("Nothing differs between these days")
    page.get_by_role("link", name="1 Jan 2026").click()
    expect(page.locator(".asof").first).to_have_text("From 31 Dec 2025 to 1 Jan 2026")
    expect(page.locator(".counts")).to_contain_text("handed over")


@pytest.mark.parametrize("by", ["mouse", "touch"])
@pytest.mark.parametrize("language", ["zh", "en"])
def test_everybody_can_use_it(opened: Open, by: str, language: str) -> None:
    page = opened(by, f"/?on=2026-01-01&versus=2025-12-31&lang={language}")
    page.locator(".timeline select").wait_for()
    if by == "touch":
        press(page, by, ".grip")
    wait_for_animations(page)
    found = Axe().run(page)
    assert found.violations_count == 0, found.generate_report()
    least = 44 if by == "touch" else 24
    for target in page.locator(
        ".timeline :is(button, input, select):visible, .view > :is(a, button):visible, .to-place"
    ).all():
        box = target.bounding_box()
        assert box
        # A slider is as wide as it likes.
        assert min(box["width"], box["height"]) >= least - 0.5, target.evaluate("e => e.outerHTML")
    fits_across(page)
    bar = page.locator(".view").bounding_box()
    assert bar
    for part in page.locator(".view > *:visible").all():
        box = part.bounding_box()
        assert box
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= SCREENS[by]["width"]
