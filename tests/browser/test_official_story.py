"""Which communities of this town have no clinic in reach, why, and where would two more serve most?

The official's story of the guide, from the county's map to the paper for the meeting.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.watching import DESK, TAKEN_BACK, faults, listen

TOWN = "但家庙镇"


@pytest.fixture
def page(context: BrowserContext, enter: Callable[[BrowserContext, str], None]) -> Iterator[Page]:
    """A page of the county's official; fails at the end if it complained."""
    heard = listen(context)
    enter(context, "official")
    context.set_default_timeout(20_000)
    page = context.new_page()
    page.set_viewport_size(DESK)
    yield page
    assert faults(heard, *TAKEN_BACK) == []


def taken(page: Page, folder: Path) -> str:
    """Take the paper along that the panel offers; return its name."""
    with page.expect_download(timeout=60_000) as coming:
        page.locator(".take a.primary").click()
    path = folder / "paper.pdf"
    coming.value.save_as(path)
    assert path.read_bytes().startswith(b"%PDF")
    assert path.stat().st_size > 20_000
    return coming.value.suggested_filename


def test_from_the_gap_to_the_paper_for_the_meeting(
    page: Page, live_server: str, tmp_path: Path
) -> None:
    page.goto(f"{live_server}/?lang=zh")
    page.wait_for_selector("html[data-painted]")
    page.locator(".mode[data-mode=coverage]").click()
    page.locator(".kinds label", has_text="卫生室").click()
    expect(page).to_have_url(re.compile("kind=clinic"))

    # Which communities of the town: it lies open on the map, the list has what is in view.
    page.locator("#ranked a", has_text=TOWN).click()
    expect(page.locator(".sheet h1")).to_have_text(TOWN)
    expect(page.locator(".services .now")).to_contain_text("距离过远")
    short = page.locator(".services .now .kind-share").first.inner_text()

    # Why: its buildings, the nearest clinic and how far.
    page.locator("a", has_text="查原因").click()
    expect(page).to_have_url(re.compile("list=why"))
    expect(page.locator(".homes > li").first).to_contain_text("公里")
    expect(page.locator(".homes > li").first).to_contain_text("沿道路")
    page.locator(".back a").click()
    expect(page.locator(".sheet h1")).to_have_text(TOWN)

    # Where two more would serve most.
    page.locator("a", has_text="情景试算").click()
    expect(page.locator(".scenarios h1")).to_be_visible()
    if not page.locator(".scenarios [name=name]").is_visible():
        page.locator(".scenarios summary").click()
    page.locator(".scenarios [name=name]").fill("给会议：再办两处卫生室")
    page.locator(".scenarios form button.primary").click()
    page.locator("[data-key=best] summary").click()
    # The town was chosen on the map.
    expect(page.locator(".best-places [name=grid] option:checked")).to_have_text(TOWN)
    page.locator(".best-places button[type=submit]").click()
    expect(page.locator(".scenario-pin")).to_have_count(2, timeout=30_000)
    expect(page.locator(".scenario")).to_contain_text("已证明")
    told = page.locator(".chosen-grid").inner_text()
    before, after = re.findall(r"(\d+)%", told)
    assert f"{before}%" == short
    assert int(after) > int(before)
    expect(page.locator(".legend")).to_contain_text("试算后")

    # What is taken to the meeting: the proposal, and the figures as they are.
    assert taken(page, tmp_path).startswith("scenario-")
    page.locator(".back a").click()
    page.locator(".back a").click()
    expect(page.locator(".sheet h1")).to_have_text(TOWN)
    assert taken(page, tmp_path).startswith("coverage-")
