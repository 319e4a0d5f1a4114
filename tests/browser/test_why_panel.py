"""The official's Wednesday in a real browser: who lives far from a clinic, and why."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, expect

from tests.browser.watching import wait_for_map


@pytest.fixture
def official(context: BrowserContext, enter: Callable[[BrowserContext, str], None]) -> None:
    """Somebody who sees the whole county's counts is signed in."""
    enter(context, "official")


def community(conn: psycopg.Connection[tuple[int]]) -> int:
    """The first community that has both: households in reach of a clinic, and others."""
    row = conn.execute(
        """
        SELECT v.grid_id FROM grid_version v
        WHERE v.level = 'community' AND upper_inf(v.valid) AND EXISTS (
            SELECT FROM facility f WHERE f.kind = 'clinic' AND ST_Covers(v.geom, f.geom))
        ORDER BY v.code LIMIT 1
        """
    ).fetchone()
    assert row
    return row[0]


def show(page: Page, address: str, width: int = 1440, height: int = 900) -> None:
    page.set_viewport_size({"width": width, "height": height})
    page.goto(address)
    page.wait_for_selector("html[data-painted]")
    expect(page.locator("#panel-body:not([aria-busy]) .sheet")).to_be_visible()


@pytest.mark.usefixtures("official")
def test_from_the_gap_to_its_buildings_their_nearest_and_back(
    page: Page, live_server: str, complaints: list[str], tmp_path: Path
) -> None:
    show(page, f"{live_server}/?mode=coverage&kind=clinic&rank=community")
    page.locator("#ranked a").first.click()
    page.get_by_role("link", name="查原因：楼栋、服务主体与距离").click()
    expect(page.locator("#panel-body h1")).to_have_text("查原因：卫生室")
    expect(page).to_have_url(re.compile("list=why"))
    expect(page.locator(".legend")).to_contain_text("距离过远")
    expect(page.locator(".legend")).to_contain_text("服务盲区（有人居住）")

    row = page.locator(".homes > li").first
    name = row.locator("strong").inner_text()
    expect(row).to_contain_text("户")
    expect(row).to_contain_text(re.compile("沿道路|直线"))
    row.hover()
    expect(page.locator(".home-tip")).to_contain_text(name)

    # The other way round: the dot on the map finds its row.
    row.locator("button").click()
    page.mouse.move(900, 10)
    expect(page.locator(".home-tip")).to_have_count(0)
    lon, lat = (row.locator("button").get_attribute("data-point") or "").split(",")
    wait_for_map(page)
    at = page.evaluate(
        f"(() => {{ const box = map_grid.getContainer().getBoundingClientRect();"
        f" const p = map_grid.latLngToContainerPoint([{lat}, {lon}]);"
        " return [p.x + box.x, p.y + box.y]; })()"
    )
    page.mouse.move(*at, steps=3)
    expect(page.locator(".homes > li.lit strong").first).to_have_text(name)

    page.get_by_role("checkbox", name="显示服务盲区（有人居住）").uncheck()
    expect(page.locator(".legend")).not_to_contain_text("服务盲区（有人居住）")
    with page.expect_download() as download:
        page.get_by_role("link", name="下载 GeoJSON").click()
    file = tmp_path / "gaps.geojson"
    download.value.save_as(file)
    features = json.loads(file.read_text(encoding="utf-8"))["features"]
    assert {each["geometry"]["type"] for each in features} == {"Polygon"}

    nearest = row.locator("p a")
    facility = nearest.inner_text()
    nearest.click()
    expect(page.locator("#panel-body h1")).to_have_text(facility)
    expect(page).to_have_url(re.compile(r"facility=\d+"))
    expect(page.locator(".legend")).to_contain_text("所选设施的服务范围")
    # Shared as it is.
    page.reload()
    expect(page.locator("#panel-body h1")).to_have_text(facility)
    expect(page.locator(".legend")).to_contain_text("所选设施的服务范围")
    page.keyboard.press("Escape")
    expect(page.locator("#panel-body h1")).to_have_text("查原因：卫生室")
    expect(page.locator(".legend")).not_to_contain_text("所选设施的服务范围")
    page.keyboard.press("Escape")
    expect(page.locator("#panel-body h1")).not_to_have_text("查原因：卫生室")


def test_a_facility_is_clicked_on_the_map(
    page: Page,
    live_server: str,
    complaints: list[str],
    demo_conn: psycopg.Connection[tuple[str, float, float]],
) -> None:
    row = demo_conn.execute(
        "SELECT name, ST_X(geom), ST_Y(geom) FROM facility WHERE kind = 'clinic'"
        " AND upper_inf(valid) ORDER BY facility_id LIMIT 1"
    ).fetchone()
    assert row
    name, lon, lat = row
    with page.expect_response(re.compile("/tiles/coverage/")):
        show(page, f"{live_server}/?mode=coverage&kind=clinic&z=15&lat={lat}&lon={lon}")
    page.wait_for_load_state("networkidle")
    box = page.locator("#map, .leaflet-container").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    expect(page.locator("#panel-body h1")).to_have_text(name)
    expect(page.locator(".sheet")).to_contain_text("可及户数")
    expect(page.locator(".legend")).to_contain_text("所选设施的服务范围")


def test_a_visitor_is_told_why_but_not_who_lives_where(
    page: Page,
    live_server: str,
    complaints: list[str],
    demo_conn: psycopg.Connection[tuple[int]],
) -> None:
    grid = community(demo_conn)
    show(page, f"{live_server}/?mode=coverage&kind=clinic&grid={grid}&list=why&lang=en")
    expect(page.locator(".homes > li").first).not_to_contain_text("household")
    expect(page.locator("#panel")).to_contain_text("shown to those who are signed in")
    expect(page.locator(".providers > li").first).to_contain_text("along roads")
    found = Axe().run(page).response["violations"]
    assert [each["id"] for each in found] == []


@pytest.mark.usefixtures("official")
def test_on_a_phone_a_tapped_row_is_shown_above_the_sheet(
    page: Page,
    live_server: str,
    complaints: list[str],
    demo_conn: psycopg.Connection[tuple[int]],
) -> None:
    grid = community(demo_conn)
    address = f"{live_server}/?mode=coverage&kind=clinic&grid={grid}&list=why"
    show(page, address, 390, 844)
    expect(page.locator(".legend")).to_contain_text("距离过远")
    row = page.locator(".homes > li button").first
    row.click()
    expect(page.locator(".home-tip")).to_be_visible()
    assert page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth") == 0
    boxes = [each.bounding_box() for each in page.locator(".homes button").all()[:5]]
    assert all(box and box["height"] >= 44 for box in boxes)


def test_a_click_beside_every_symbol_leads_from_the_list_to_the_grid(
    page: Page,
    live_server: str,
    complaints: list[str],
    demo_conn: psycopg.Connection[tuple[int]],
) -> None:
    grid = community(demo_conn)
    show(page, f"{live_server}/?mode=coverage&kind=clinic&grid={grid}&list=why")
    expect(page.locator(".legend")).to_contain_text("距离过远")
    at = page.evaluate(
        "(() => { const box = map_grid.getContainer().getBoundingClientRect();"
        " return [box.x + box.width / 2, box.y + box.height / 2]; })()"
    )
    page.mouse.click(*at)
    expect(page.locator("#panel-body h1")).not_to_have_text("查原因：卫生室")
    expect(page).not_to_have_url(re.compile("list=why"))
    expect(page.locator(".legend")).not_to_contain_text("服务盲区")
