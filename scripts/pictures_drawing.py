"""What is done before a picture of the drawing mode is taken: a plan is begun, and drawn in."""

from __future__ import annotations

import json
import math
import re
from typing import Any

from playwright.sync_api import Page

LonLat = tuple[float, float]

_PLACE = """([lon, lat]) => {
  const { x, y } = map_grid.latLngToContainerPoint([lat, lon]);
  const box = map_grid.getContainer().getBoundingClientRect();
  return [x + box.x, y + box.y];
}"""
_JUNCTION = ("滨河社区", "文峰社区", "衡山社区")


def split(page: Page) -> None:
    """Draw a line through the largest estate of the county seat."""
    _begin(page, "拆分紫金府邸", "滨河社区")
    estate = _grid(page, "compound", "紫金府邸")
    west, south, east, north = _box(estate)
    middle = ((west + east) / 2, (south + north) / 2)
    _look(page, middle, 17)
    page.mouse.click(*_at(page, middle))
    page.locator("[data-tool=split]").click()
    page.locator(".draw-bar .primary").wait_for()
    for place in ((middle[0] + 0.0001, north + 0.0002), middle):
        page.mouse.click(*_at(page, place))
        page.wait_for_timeout(350)
    page.mouse.move(*_at(page, (middle[0] - 0.0001, south - 0.0001)), steps=4)


def follow(page: Page) -> None:
    """Add a red line to a plan, and show the way along it through the estate."""
    _begin(page, "沿红线拆分紫金府邸", "滨河社区")
    west, south, east, north = _box(_grid(page, "compound", "紫金府邸"))
    middle, height = (west + east) / 2, north - south
    line = [
        (middle + 0.0002 * math.sin(n * 0.45) + 0.00003 * (n % 3), south + height * (n / 12 - 0.1))
        for n in range(15)
    ]
    road = [(west - 0.002 + 0.0006 * n, south - 0.0003 + 0.0001 * (n % 2)) for n in range(16)]
    body = {"type": "MultiLineString", "coordinates": [line, road]}
    page.locator(".references summary").first.click()
    page.locator("[data-reference-file]").set_input_files(
        {
            "name": "紫金府邸用地红线.geojson",
            "mimeType": "application/geo+json",
            "buffer": json.dumps(body).encode(),
        }
    )
    page.locator("[data-reference]").wait_for()
    page.wait_for_load_state("networkidle")
    _look(page, (middle, (south + north) / 2), 17)
    page.mouse.click(*_at(page, (middle + 0.0004, (south + north) / 2)))
    page.locator("[data-tool=split]").click()
    page.locator(".cursor-marker").wait_for(state="attached")
    page.locator(".draw-bar-buttons button").nth(3).click()
    page.mouse.click(*_at(page, line[0]))
    page.wait_for_timeout(350)
    page.mouse.move(*_at(page, line[-1]), steps=4)


def corner(page: Page) -> None:
    """Drag the corner in which three communities meet, and hold it there."""
    _begin(page, "调整三社区交界", "滨河社区")
    found = [_corners(_grid(page, "community", name)) for name in _JUNCTION]
    place = min(set.intersection(*found))
    _look(page, place, 17)
    x, y = _at(page, place)
    page.mouse.click(*_at(page, _inside(page, "滨河社区", place)))
    page.locator(".handle-junction").first.wait_for()
    page.mouse.move(x, y)
    page.mouse.down()
    page.mouse.move(x + 70, y - 60, steps=8)


def hand_over(page: Page) -> None:
    """Hand a compound on the border of two towns to the other one."""
    _begin(page, "樟草坪划归秦家坝村", "冯家岗村")
    compound, taker = _grid(page, "compound", "樟草坪"), _grid(page, "community", "秦家坝村")
    west, south, east, north = _box(compound)
    middle = ((west + east) / 2, (south + north) / 2)
    _look(page, middle, 15)
    page.mouse.click(*_at(page, middle))
    page.locator("[data-tool=hand_over]").click()
    shared = min(_corners(compound) & _corners(taker))
    page.mouse.click(*_at(page, (shared[0] + 0.003, shared[1] + 0.004)))
    page.locator(".changes").wait_for()
    # What has changed is seen best with nothing chosen.
    page.keyboard.press("Escape")
    page.wait_for_load_state("networkidle")


def _begin(page: Page, title: str, community: str) -> None:
    if page.locator(".new-plan:not([open])").count():
        page.locator(".new-plan summary").click()
    page.locator(".new-plan [name=title]").fill(title)
    page.locator(".new-plan button[type=submit]").click()
    page.wait_for_url(re.compile("plan="))
    page.locator("[data-plan] .place").wait_for()
    page.locator("#search").fill(community)
    page.locator("#hits [role=option]", has_text=community).first.click()
    page.wait_for_selector("html[data-drawing]", state="attached")
    page.wait_for_load_state("networkidle")


def _grid(page: Page, level: str, name: str) -> Any:
    address = page.evaluate(
        "(() => { const q = new URLSearchParams(location.search);"
        " return `/api/plans/${q.get('plan')}/ground?grid=${q.get('grid')}`; })()"
    )
    ground = page.evaluate("(address) => fetch(address).then((answer) => answer.json())", address)
    return next(each for each in ground["grids"] if each["level"] == level and each["name"] == name)


def _corners(grid: Any) -> set[LonLat]:
    return {(lon, lat) for part in grid["polygons"] for ring in part for lon, lat in ring}


def _box(grid: Any) -> tuple[float, float, float, float]:
    lons, lats = zip(*_corners(grid), strict=True)
    return min(lons), min(lats), max(lons), max(lats)


def _inside(page: Page, name: str, near: LonLat) -> LonLat:
    """Return a place in a community, outside its compounds, near a corner of it."""
    west, south, east, north = _box(_grid(page, "community", name))
    lon, lat = near
    middle = ((west + east) / 2 - lon, (south + north) / 2 - lat)
    return lon + middle[0] * 0.02, lat + middle[1] * 0.02


def _look(page: Page, place: LonLat, zoom: int) -> None:
    page.evaluate(
        "([lon, lat, zoom]) => map_grid.setView([lat, lon], zoom, { animate: false })",
        [*place, zoom],
    )
    page.wait_for_timeout(300)


def _at(page: Page, place: LonLat) -> tuple[float, float]:
    x, y = page.evaluate(_PLACE, list(place))
    return x, y
