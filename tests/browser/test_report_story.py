"""Coverage taken along from the panel: a report, a picture, a table, by the buttons alone."""

from __future__ import annotations

import io
from pathlib import Path

from openpyxl import load_workbook
from PIL import Image
from playwright.sync_api import Page, Route, expect

from tests.browser.test_map import PHONE, Watch, heading, show, watched

__all__ = ["watched"]


def taken(page: Page, title: str) -> tuple[str, bytes]:
    """Press a button of the section and wait for its file."""
    with page.expect_download() as waited:
        page.locator(".take").get_by_text(title, exact=True).click()
    path = waited.value.path()
    return waited.value.suggested_filename, Path(path).read_bytes()


def test_an_official_takes_a_town_to_the_meeting(
    page: Page, live_server: str, watched: Watch
) -> None:
    show(page, live_server, "/?mode=coverage&kind=clinic&rank=community&lang=en")
    community = page.locator("#ranked strong").first.inner_text()
    page.locator("#ranked a").first.click()
    heading(page, community)
    section = page.locator(".take")
    expect(section.locator("h2")).to_have_text("Take it to the meeting")
    name, body = taken(page, "Report for the meeting (PDF)")
    assert name.startswith("coverage-341525")
    assert name.endswith(".pdf")
    assert "-clinic-" in name
    assert body.startswith(b"%PDF-")
    section.locator("summary").click()
    name, body = taken(page, "Map as picture (PNG)")
    assert name.endswith(".png")
    picture = Image.open(io.BytesIO(body)).convert("L")
    assert picture.width == 2400
    # Something is drawn, and not all of it is ink.
    dark = sum(picture.histogram()[:128]) / (picture.width * picture.height)
    assert 0.005 < dark < 0.6
    name, body = taken(page, "All figures (Excel)")
    assert name.endswith(".xlsx")
    assert load_workbook(io.BytesIO(body)).sheetnames[0] == "Coverage"
    expect(page.locator(".notice")).to_have_count(0)


def test_on_a_phone_the_buttons_are_large_and_a_failure_is_told(
    page: Page, live_server: str
) -> None:
    show(page, live_server, "/?mode=coverage&kind=clinic&lang=zh", PHONE)
    button = page.get_by_text("汇报材料（PDF）", exact=True)
    button.scroll_into_view_if_needed()
    box = button.bounding_box()
    assert box is not None
    assert box["height"] >= 44

    def busy(route: Route) -> None:
        route.fulfill(
            status=503,
            content_type="text/html",
            body="<main><h1>x</h1><p>当前生成文件的请求过多。</p><p>请一分钟后重试。</p></main>",
        )

    page.route("**/reports/**", busy)
    button.dispatch_event("click")
    notice = page.locator('.notice[data-name="take"]')
    expect(notice).to_contain_text("当前生成文件的请求过多。 请一分钟后重试。")
    page.unroute("**/reports/**")
    with page.expect_download() as waited:
        notice.get_by_role("button").dispatch_event("click")
    assert waited.value.suggested_filename.endswith(".pdf")
