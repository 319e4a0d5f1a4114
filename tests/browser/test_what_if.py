"""What if the town had two more clinics? The official's scenario in a browser: mouse and touch."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, BrowserContext, Page, expect

from tests.browser.watching import SCREENS, TAKEN_BACK, faults, listen

Open = Callable[..., Page]


@pytest.fixture
def opened(
    browser: Browser, live_server: str, enter: Callable[[BrowserContext, str], None]
) -> Iterator[Open]:
    """Open an address as somebody; fail at the end if a page complained."""
    heard: list[list[str]] = []
    contexts: list[BrowserContext] = []

    def open_(by: str, who: str, address: str) -> Page:
        context = browser.new_context(viewport=SCREENS[by], has_touch=by == "touch", locale="zh-CN")
        context.set_default_timeout(20_000)
        enter(context, who)
        heard.append(listen(context))
        contexts.append(context)
        page = context.new_page()
        page.goto(live_server + address)
        page.wait_for_selector("html[data-painted]")
        return page

    yield open_
    for context in contexts:
        context.close()
    # What the browser itself puts down where another window was faster.
    expected = (*TAKEN_BACK, "status of 412")
    assert [fault for each in heard for fault in faults(each, *expected)] == []


def press(page: Page, by: str, selector: str, text: str = "") -> None:
    found = page.locator(selector, has_text=text or None).first
    if by == "touch":
        found.tap()
    else:
        found.click()


def begin(page: Page, by: str, name: str) -> None:
    page.wait_for_selector(".scenarios")
    if not page.locator(".scenarios [name=name]").is_visible():
        press(page, by, ".scenarios summary")
    page.locator(".scenarios [name=name]").fill(name)
    press(page, by, ".scenarios form button.primary")
    expect(page.locator(".scenario h1")).to_have_text(name)


def on_map(page: Page, by: str, lon: float, lat: float) -> None:
    """Click a place on the map."""
    x, y = page.evaluate(
        "([lat, lon]) => { const p = map_grid.latLngToContainerPoint([lat, lon]);"
        " const b = map_grid.getContainer().getBoundingClientRect();"
        " return [p.x + b.left, p.y + b.top]; }",
        [lat, lon],
    )
    if by == "touch":
        page.touchscreen.tap(x, y)
    else:
        page.mouse.click(x, y)


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_where_two_more_clinics_would_serve_most(opened: Open, by: str) -> None:
    page = opened(by, "official", "/?mode=coverage&kind=clinic&list=scenarios")
    begin(page, by, f"但家庙镇再办两处卫生室 {by}")
    expect(page.locator(".scenario")).to_contain_text("还没有改动")
    press(page, by, "[data-key=best] summary")
    page.locator(".best-places [name=grid]").select_option(label="但家庙镇")
    press(page, by, ".best-places button[type=submit]")
    expect(page.locator(".scenario-changes li")).to_have_count(2, timeout=30_000)
    expect(page.locator(".scenario-pin")).to_have_count(2)
    expect(page.locator(".scenario")).to_contain_text("已证明")
    told = page.locator(".sums tbody .gain").first.inner_text()
    assert int(told.strip("+").replace(",", "")) > 0

    # The map before and after.
    press(page, by, ".scenario .phase", "现状")
    expect(page).to_have_url(re.compile("phase=before"))
    expect(page.locator(".phase[aria-current]")).to_have_text("现状")
    press(page, by, ".scenario .phase", "试算后")
    expect(page).not_to_have_url(re.compile("phase="))

    # One of them is taken out, and had back.
    press(page, by, ".scenario-changes .quiet")
    expect(page.locator(".scenario-changes li")).to_have_count(1)
    expect(page.locator(".scenario-pin")).to_have_count(1)
    press(page, by, ".notice button", "撤销")
    expect(page.locator(".scenario-changes li")).to_have_count(2)
    expect(page.locator(".sums tbody .gain").first).to_have_text(told)

    # The link shows the same to an official of a town, who may not change it.
    address = page.url.split("/", 3)[3]
    other = opened(by, "town", f"/{address}")
    expect(other.locator(".scenario h1")).to_contain_text("但家庙镇再办两处卫生室")
    # Who answers for one town is told about how many.
    expect(other.locator(".sums tbody .gain").first).to_have_text(re.compile(r"^\+约 [\d,]+$"))
    expect(other.locator("[data-placing], .scenario-changes .quiet")).to_have_count(0)
    if by == "mouse":
        found = Axe().run(page)
        assert found.violations_count == 0, found.generate_report()


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_a_facility_comes_moves_and_closes_on_the_map(opened: Open, by: str) -> None:
    page = opened(
        by, "official", "/?mode=coverage&kind=clinic&list=scenarios&z=13&lat=31.40&lon=116.33"
    )
    begin(page, by, f"增撤 {by}")
    page.locator("[name=placed]").select_option("clinic")
    press(page, by, "[data-place=add]")
    expect(page.locator(".notice")).to_contain_text("新设施的位置")
    on_map(page, by, 116.331, 31.402)
    expect(page.locator(".pin-add")).to_have_count(1)
    expect(page.locator(".scenario-changes li")).to_have_count(1)
    # Outside the county nothing stands; the map is too near to show any of it, so by its service.
    press(page, by, "[data-place=close]")
    on_map(page, by, 116.331, 31.4025)
    # What the scenario itself adds is taken out, not closed.
    expect(page.locator(".notice", has_text="这里没有")).to_be_visible()
    page.keyboard.press("Escape")
    expect(page.locator(".notice", has_text="要停办的设施")).to_have_count(0)
    expect(page.locator(".scenario h1")).to_be_visible()


def test_another_standard_is_tried_before_it_is_set(opened: Open) -> None:
    page = opened("mouse", "official", "/?mode=coverage&kind=clinic&list=scenarios")
    begin(page, "mouse", "放宽到两公里")
    page.locator("[data-key=standard] summary").click()
    form = page.locator(".scenario-standard").first
    form.locator("[name=reach]").fill("2000")
    form.locator("button[type=submit]").click()
    expect(page.locator(".scenario-changes li")).to_contain_text("城镇标准")
    expect(page.locator(".sums tbody .gain").first).to_be_visible()
    form = page.locator(".scenario-standard").first
    if not form.is_visible():
        page.locator("[data-key=standard] summary").click()
    expect(form.locator("[name=reach]")).to_have_value("2000")


def test_the_keyboard_goes_on_where_it_was(opened: Open) -> None:
    page = opened("mouse", "official", "/?mode=coverage&kind=clinic&list=scenarios")
    page.wait_for_selector(".scenarios")
    if not page.locator(".scenarios [name=name]").is_visible():
        page.locator(".scenarios summary").focus()
        page.keyboard.press("Enter")
    page.locator(".scenarios [name=name]").fill("用键盘")
    page.keyboard.press("Enter")
    # What was pressed is gone: the scenario's heading has the keyboard.
    expect(page.locator(".scenario h1")).to_have_text("用键盘")
    expect(page.locator(".scenario h1")).to_be_focused()
    page.locator("[data-key=standard] summary").focus()
    page.keyboard.press("Enter")
    page.locator("[data-key=standard] [name=reach]").first.fill("800")
    page.locator("[data-key=standard] button").first.focus()
    page.keyboard.press("Enter")
    expect(page.locator(".scenario-changes li")).to_have_count(1)
    # The fold is open as it was, and so the next standard is at hand.
    expect(page.locator("[data-key=standard] button").first).to_be_focused()
    page.locator("[data-place=add]").focus()
    page.keyboard.press("Enter")
    expect(page.get_by_role("application")).to_be_focused()
    page.keyboard.press("Enter")
    expect(page.locator(".scenario-changes li")).to_have_count(2)
    expect(page.locator(".scenario-pin")).to_have_count(1)


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_two_windows_on_one_scenario(opened: Open, by: str) -> None:
    """The second one that saves is told, shown what is there, and asked; nothing gets lost."""
    page = opened(
        by, "official", "/?mode=coverage&kind=clinic&list=scenarios&z=13&lat=31.40&lon=116.33"
    )
    begin(page, by, f"两个窗口 {by}")
    with page.context.expect_page() as second:
        page.evaluate("open(location.href)")
    other = second.value
    other.wait_for_selector("html[data-painted]")
    expect(other.locator(".scenario h1")).to_have_text(f"两个窗口 {by}")

    def rename(window: Page, name: str) -> None:
        press(window, by, ".scenario details summary", "改名或丢弃")
        window.locator(".scenario form[data-method=PATCH] [name=name]").fill(name)
        press(window, by, ".scenario form[data-method=PATCH] button[type=submit]")

    rename(page, f"先改的 {by}")
    expect(page.locator(".scenario h1")).to_have_text(f"先改的 {by}")
    rename(other, f"后改的 {by}")
    notice = other.locator(".notice[data-name=scenario]")
    expect(notice).to_contain_text("已在另一窗口中被修改")
    # What is there now, which is what the first window said.
    expect(other.locator(".scenario h1")).to_have_text(f"先改的 {by}")
    press(other, by, ".notice[data-name=scenario] button", "在其上重做我的")
    expect(other.locator(".scenario h1")).to_have_text(f"后改的 {by}")
    expect(notice).to_have_count(0)

    # The same by the tools of the map; this time the other's stands.
    press(page, by, "[data-place=add]")
    on_map(page, by, 116.331, 31.402)
    told = page.locator(".notice[data-name=scenario]")
    expect(told).to_contain_text("已在另一窗口中被修改")
    expect(page.locator(".scenario h1")).to_have_text(f"后改的 {by}")
    press(page, by, ".notice[data-name=scenario] button", "保持现状")
    expect(told).to_have_count(0)
    expect(page.locator(".scenario-changes li")).to_have_count(0)
