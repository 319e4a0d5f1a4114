"""The map of services in a real browser: the worst of all, its twin the list, classes, two maps."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page, Request, ViewportSize, expect

from tests.browser.test_map import DESK, PHONE, Watch, filled, show, watched
from tests.browser.watching import wait_for_frame

__all__ = ["watched"]

# The demo county as a whole, with its towns drawn.
TOWNS = "z=10.8&lat=31.424&lon=116.319"
# The number of pixels of each of the ramp's colours, and of all others, on a map's tiles.
COLOURS = """(map) => {
  const counts = {};
  for (const canvas of map.querySelectorAll(".leaflet-tile-container canvas")) {
    if (!canvas.width) continue;
    const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
    for (let i = 0; i < data.length; i += 4 * 7) {
      const key = "#" + [0, 1, 2].map((n) => data[i + n].toString(16).padStart(2, "0")).join("");
      if (data[i + 3] === 255) counts[key] = (counts[key] ?? 0) + 1;
    }
  }
  return counts;
}"""
RAMP = ("#ffffcc", "#a1dab4", "#41b6c4", "#2c7fb8", "#253494")


def colours(page: Page, which: str = "#map_grid") -> set[str]:
    """Return the colours of the ramp in which grids are filled."""
    counts: dict[str, int] = page.locator(which).evaluate(COLOURS)
    return {colour for colour in RAMP if counts.get(colour, 0) > 200}


def classes(page: Page) -> list[str]:
    """Return the classes that the legend names."""
    texts = page.locator(".legend-row").all_inner_texts()
    return [text for text in texts if "%" in text]


def rows(page: Page) -> Any:
    return page.locator("#ranked [data-grid]")


def rested(page: Page) -> None:
    filled(page)
    expect(page.locator("#ranked .count")).to_be_visible()


def until(page: Page, read: Callable[[], object], wanted: object) -> None:
    """Wait until something that is read from the page is as wanted."""
    latest = time.monotonic() + 30
    while read() != wanted and time.monotonic() < latest:
        wait_for_frame(page)
    assert read() == wanted


def test_the_worst_of_all_is_named_on_map_list_and_legend(
    page: Page, live_server: str, watched: Watch
) -> None:
    show(page, live_server, f"/?mode=coverage&lang=en&{TOWNS}")
    page.locator(".kind-worst").click()
    expect(page).to_have_url(re.compile("kind=worst"))
    expect(page.locator("#panel-body h2", has_text="Worst of all:")).to_be_visible()
    expect(page.locator(".legend h3").first).to_have_text("Households served: Worst of all")
    kinds = page.locator(".kinds label:not(.kind-worst) .kind-name").all_inner_texts()
    first = rows(page).first.locator(".row-more").inner_text()
    assert any(first.startswith(kind) for kind in kinds), first
    # The grid under the pointer says its share and of which kind it is.
    rested(page)
    box = page.locator("#map_grid").bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    said = re.compile(rf".+ · ({'|'.join(map(re.escape, kinds))}) \d+%")
    expect(page.locator("#map_grid")).to_have_attribute("title", said)


class TestTheListIsTheMapsTwin:
    def test_a_row_outlines_its_grid_and_a_grid_marks_its_row(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, f"/?mode=coverage&kind=clinic&{TOWNS}")
        rested(page)
        outlines = page.locator("#map_grid .leaflet-outline-pane path")
        expect(outlines).to_have_count(0)
        rows(page).nth(1).scroll_into_view_if_needed()
        rows(page).nth(1).hover()
        expect(outlines).to_have_count(2)
        page.mouse.move(5, 5)
        expect(outlines).to_have_count(0)
        # By keyboard: from row to row.
        rows(page).first.locator("a").focus()
        expect(outlines).to_have_count(2)
        page.keyboard.press("ArrowDown")
        expect(rows(page).nth(1).locator("a")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page).to_have_url(re.compile("grid="))
        # The map has come to rest.
        expect(page).not_to_have_url(re.compile("z=10.8"))
        page.go_back()
        rested(page)
        expect(page).to_have_url(re.compile("z=10.8"))
        # The other way round: the row of the town under the pointer is marked, and in sight.
        box = page.locator("#map_grid").bounding_box()
        assert box
        scrolled = page.locator("#panel-body").evaluate("body => body.scrollTop")
        page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
        lit = page.locator("#ranked .lit")
        expect(lit).to_have_count(1)
        name = lit.locator("strong").inner_text()
        expect(page.locator("#map_grid")).to_have_attribute("title", re.compile(f"^{name} · "))
        assert lit.evaluate(
            "row => { const list = row.parentElement.getBoundingClientRect();"
            " const { top, bottom } = row.getBoundingClientRect();"
            " return top >= list.top - 1 && bottom <= list.bottom + 1; }"
        )
        assert page.locator("#panel-body").evaluate("body => body.scrollTop") == scrolled
        page.mouse.move(5, 5)
        expect(lit).to_have_count(0)

    def test_it_follows_the_level_and_the_part_in_view_and_is_paged(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, f"/?mode=coverage&kind=clinic&lang=en&{TOWNS}")
        rested(page)
        expect(page.locator("#ranked .count")).to_contain_text("Town")
        page.locator("#rank").select_option("compound")
        expect(page).to_have_url(re.compile("rank=compound"))
        expect(page.locator("#ranked .count")).to_contain_text("1 to 50 of 2,000")
        first = rows(page).first.inner_text()
        page.locator("#ranked-next").click()
        expect(page).to_have_url(re.compile("page=2"))
        expect(page.locator("#ranked .count")).to_contain_text("51 to 100 of 2,000")
        assert rows(page).first.inner_text() != first
        # A link to this page shows this page.
        page.reload()
        expect(page.locator("#ranked .count")).to_contain_text("51 to 100 of 2,000")
        page.locator("#within").select_option("view")
        expect(page.locator("#ranked .count")).to_contain_text("in view")
        page.locator("#rank").select_option("")
        rested(page)
        for zoom in ("11.8", "12.8"):
            page.locator('[data-do="zoom-in"]').click()
            expect(page).to_have_url(re.compile(f"z={zoom}|z={round(float(zoom))}"))
        expect(page.locator("#ranked .count")).to_contain_text("Community · in view")
        assert 0 < rows(page).count() < 150


class TestClasses:
    def test_other_classes_are_painted_and_no_tile_is_asked_for(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, f"/?mode=coverage&kind=clinic&lang=en&{TOWNS}")
        rested(page)
        assert classes(page) == ["0–20%", "20–40%", "40–60%", "60–80%", "80–100%"]
        assert not {"#2c7fb8", "#253494"} & colours(page)
        asked: list[str] = []

        def note(request: Request) -> None:
            asked.append(request.url)

        page.on("request", note)
        page.locator("#classes").select_option("quantile")
        expect(page).to_have_url(re.compile("classes=quantile"))
        expect(page.locator(".legend-note")).to_be_visible()
        # Every class holds towns, so every colour is on the map.
        until(page, lambda: colours(page), set(RAMP))
        page.locator("#classes").select_option("own")
        expect(page).to_have_url(re.compile("classes=own"))
        # From the last one on, as each must leave room for the one before.
        for n, limit in ((4, 99), (3, 98), (2, 97), (1, 96)):
            page.locator(f"#limit-{n}").fill(str(limit))
            page.locator(f"#limit-{n}").press("Tab")
        expect(page).to_have_url(re.compile(r"classes=own%3A96%2C97%2C98%2C99"))
        named = ["0–96%", "96–97%", "97–98%", "98–99%", "99–100%"]
        until(page, lambda: classes(page), named)
        until(page, lambda: colours(page), {"#ffffcc"})
        assert not [url for url in asked if ".mvt" in url]
        # A link shares them.
        page.goto(page.url)
        page.wait_for_selector("html[data-painted]")
        rested(page)
        until(page, lambda: classes(page), named)
        assert page.locator("#limit-1").input_value() == "96"
        # And the panel's links carry them on.
        rows(page).first.locator("a").click()
        expect(page).to_have_url(re.compile(r"grid=\d+.*classes=own|classes=own.*grid=\d+"))

    def test_limits_that_cannot_be_are_named_by_their_place(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, f"/?mode=coverage&kind=clinic&classes=own:30,50,80,95&{TOWNS}")
        page.locator("#limit-2").fill("20")
        page.locator("#limit-2").press("Tab")
        expect(page.get_by_role("alert")).to_contain_text("第 2 个界限应为 31 至 100 的整数")
        expect(page.locator("#limit-2")).to_have_attribute("aria-invalid", "true")
        # What is drawn stays, and so does the address.
        assert "own%3A30%2C50%2C80%2C95" in page.url or "own:30,50,80,95" in page.url
        until(page, lambda: classes(page)[1], "30–50%")
        page.locator("#limit-2").fill("40")
        page.locator("#limit-2").press("Tab")
        expect(page.get_by_role("alert")).to_be_empty()
        expect(page).to_have_url(re.compile("own%3A30%2C40%2C80%2C95"))


class TestSideBySide:
    def test_two_kinds_move_together_and_are_easy_to_leave(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, "/?mode=coverage&kind=clinic&lang=en")
        rested(page)
        page.locator("#beside").select_option("grid_worker")
        expect(page).to_have_url(re.compile("beside=grid_worker"))
        first, second = page.locator(".side-first"), page.locator(".side-second")
        expect(first).to_have_text("Clinic")
        expect(second.locator("span").first).to_have_text("Grid worker")
        rested(page)
        until(page, lambda: "#253494" in colours(page, "#map_beside"), wanted=True)
        assert "#253494" not in colours(page)
        until(page, lambda: apart(page) < 2, wanted=True)
        # Dragging the second moves the first; so does a zoom.
        box = page.locator("#map_beside").bounding_box()
        assert box
        x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
        page.mouse.move(x, y)
        page.mouse.down()
        page.mouse.move(x - 80, y + 40, steps=5)
        page.mouse.up()
        before = page.url
        page.mouse.wheel(0, -120)
        expect(page).not_to_have_url(before)
        until(page, lambda: apart(page) < 2, wanted=True)
        # The list has both shares and their difference.
        expect(page.locator(".ranked-head")).to_contain_text("Difference")
        assert re.search(r"\d+%\s+\d+%\s+[−+]?\d+", rows(page).first.inner_text())
        second.get_by_role("button", name="End side by side").click()
        expect(page).not_to_have_url(re.compile("beside"))
        expect(second).to_be_hidden()
        width = page.locator("#map_grid").evaluate("map => map.offsetWidth")
        assert width == page.locator(".stage").evaluate("stage => stage.offsetWidth")

    def test_two_days_by_a_link(self, page: Page, live_server: str, watched: Watch) -> None:
        show(page, live_server, "/?mode=coverage&kind=clinic&beside=2025-06-01&lang=en")
        expect(page.locator(".side-second span").first).to_have_text("Clinic · 1 Jun 2025")
        expect(page.locator(".side-first")).to_contain_text("Clinic · ")
        expect(page.locator("#beside")).to_have_value("day")
        page.locator("#beside-day").fill("2025-07-01")
        expect(page).to_have_url(re.compile("beside=2025-07-01"))
        expect(page.locator(".side-second span").first).to_have_text("Clinic · 1 Jul 2025")

    def test_on_a_phone_one_is_above_the_other(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, "/?mode=coverage&kind=clinic&beside=pharmacy&lang=en", PHONE)
        rested(page)
        one, other = (page.locator(name).bounding_box() for name in ("#map_grid", "#map_beside"))
        assert one
        assert other
        assert one["x"] == other["x"] == 0
        assert one["width"] == other["width"] == PHONE["width"]
        assert abs(one["y"] + one["height"] - other["y"]) <= 1
        assert abs(one["height"] - other["height"]) <= 1
        # In one colour the county would say nothing.
        until(page, lambda: len(colours(page)) > 1, wanted=True)


def apart(page: Page) -> float:
    """Return by how many pixels the middles of the two maps differ, whole zooms counted in full."""
    return page.evaluate(
        """() => {
          const [one, other] = ["#map_grid", "#map_beside"].map((id) => {
            const { transform } = document.querySelector(`${id} .leaflet-proxy`).style;
            const [x, y, , scale] = transform.match(/-?[\\d.]+(?=px|\\))/g).map(Number);
            return { x, y, scale };
          });
          const zoom = one.scale === other.scale ? 0 : 256;
          return zoom + Math.max(Math.abs(one.x - other.x), Math.abs(one.y - other.y));
        }"""
    )


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
def test_axe_finds_nothing(
    page: Page, live_server: str, watched: Watch, size: ViewportSize
) -> None:
    address = "/?mode=coverage&kind=worst&classes=own:30,50,80,95&beside=clinic&lang=en"
    show(page, live_server, address, size)
    rested(page)
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()
