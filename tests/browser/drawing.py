"""What tests of drawing share: a county of their own, and hands that draw by mouse or by touch."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from playwright.sync_api import Browser, BrowserContext, CDPSession, Page, expect

from geodata.database import clock
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from tests import county
from tests.browser.watching import SCREENS, wait_for_frame
from tests.office import PASSWORD, Conn, add, give

LonLat = tuple[float, float]

# On a busy machine a page takes its time.
expect.set_options(timeout=20_000)

_PLACE = """([lon, lat]) => {
  const { x, y } = map_grid.latLngToContainerPoint([lat, lon]);
  const box = map_grid.getContainer().getBoundingClientRect();
  return [x + box.x, y + box.y];
}"""
# Two at once would be a double one.
_MAY_CLICK = "() => performance.now() - (globalThis.clickedAt) > 350"
# Whether every tile in sight has come.
_RESTS = """() => {
  let rests = true;
  map_grid.eachLayer((layer) => (rests &&= !layer.isLoading?.()));
  return rests;
}"""


def furnish(conn: Conn) -> county.County:
    """Build a county with a compound on the border of its towns, and those who plan in it."""
    made = county.build(conn)
    border = county.box(116.314, 31.414, 116.32, 31.418)
    new = NewVersion(None, "河岸小区", "341525100001003", made.communities[0], 60, None, border)
    boundaries.insert_versions(conn, "compound", [new], valid_from=county.BEGIN, source="tests")
    boundaries.refresh_shapes(conn, "compound")
    # Twelve buildings in 山口村乙小区, for what goes by households.
    for at in range(12):
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES (%s, 10, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [f"{at + 1}栋", 116.3328 + at % 4 * 0.0015, 31.428 + at // 4 * 0.002],
        )
    for username, name, role in (
        ("staff", "张三", "county_staff"),
        ("colleague", "李四", "county_staff"),
        ("official", "王五", "county_official"),
    ):
        add(conn, username, name)
        give(conn, username, role, made.county)
    # No worker runs beside the server.
    county.compute_figures(conn, clock.today())
    return made


@dataclass
class Desk:
    """A person at a browser, who draws by mouse or by touch."""

    office: str
    page: Page
    by: str
    session: CDPSession | None = None

    def go(self, query: str) -> None:
        self.page.goto(f"{self.office}/{query}")
        self.settle()

    def settle(self) -> None:
        """Wait until the panel stands still and nothing is on its way to it."""
        still = "#panel-body:not([aria-busy]):not(.htmx-request) .sheet"
        expect(self.page.locator(still)).to_be_visible()
        self.page.wait_for_load_state("networkidle")

    def wait_until(self, holds: str) -> None:
        """Wait until a function in the page returns true."""
        self.page.wait_for_function(holds)

    def press(self, selector: str, text: str | None = None) -> None:
        """Click or tap something of the page."""
        found = self.page.locator(selector, has_text=text) if text else self.page.locator(selector)
        if self.by == "touch":
            found.first.tap()
        else:
            found.first.click()

    def at(self, place: LonLat) -> tuple[float, float]:
        """Return the pixel of a place."""
        x, y = self.page.evaluate(_PLACE, list(place))
        return x, y

    def pick(self, place: LonLat) -> None:
        """Click or tap a place on the map."""
        x, y = self.at(place)
        if self.by == "touch":
            self.page.touchscreen.tap(x, y)
        else:
            self.page.mouse.click(x, y)
        self.page.evaluate("() => void (globalThis.clickedAt = performance.now())")
        # The next one, wherever it is, comes as soon as a hand could.
        self.wait_until(_MAY_CLICK)

    def sketch(self, *places: LonLat) -> None:
        """Draw a line or an area with the tool at work, and finish it."""
        self.page.locator(".draw-bar .primary").wait_for()
        # The corner that follows the pointer is there once drawing has begun.
        corners = self.page.locator(".leaflet-marker-pane .marker-icon:not(.cursor-marker)")
        self.page.locator(".cursor-marker").wait_for(state="attached")
        for number, place in enumerate(places, start=1):
            self.pick(place)
            expect(corners).to_have_count(number)
        self.press(".draw-bar .primary")

    def look_at(self, place: LonLat, zoom: float) -> None:
        """Move the map there; as a hand would, only quicker."""
        self.page.evaluate(
            "([lon, lat, zoom]) => map_grid.setView([lat, lon], zoom, { animate: false })",
            [*place, zoom],
        )
        if self.by == "touch":
            # The sheet covers the lower half.
            self.page.evaluate("map_grid.panBy([0, 200], { animate: false })")
        # What is not there yet cannot be picked.
        self.wait_until(_RESTS)

    def open(self, place: LonLat, name: str) -> None:
        """Open the ground of a grid, to draw on it."""
        self.look_at(place, 15)
        self.pick(place)
        expect(self.page.locator(".place h2")).to_contain_text(name)
        expect(self.page.locator("html[data-drawing]")).to_be_attached()
        # Without it nobody knows which corners neighbours share.
        self.wait_until("() => Boolean(globalThis.topojson)")
        self.settle()

    def drag(self, place: LonLat, dx: float, dy: float, *, aside: bool = False) -> None:
        """Drag what lies at a place over so many pixels. ``aside`` holds Alt: nothing snaps."""
        self.page.locator(".handle, .marker-icon").first.wait_for(state="attached")
        x, y = self.at(place)
        steps = [(x + dx * n / 8, y + dy * n / 8) for n in range(1, 9)]
        if self.by == "touch":
            self.session = self.session or self.page.context.new_cdp_session(self.page)
            self._touch("touchStart", x, y)
            # The first step is a long one: a finger that rests takes a corner away.
            for step in steps[1:]:
                self._touch("touchMove", *step)
                wait_for_frame(self.page)
            self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
            return
        self.page.mouse.move(x, y)
        self.page.mouse.down()
        if aside:
            self.page.keyboard.down("Alt")
        for step in steps:
            self.page.mouse.move(*step)
            wait_for_frame(self.page)
        self.page.mouse.up()
        if aside:
            self.page.keyboard.up("Alt")

    def hold(self, place: LonLat, until: Callable[[], None]) -> None:
        """Rest a finger on a place until something has come of it."""
        self.session = self.session or self.page.context.new_cdp_session(self.page)
        self._touch("touchStart", *self.at(place))
        until()
        self.session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})

    def _touch(self, kind: str, x: float, y: float) -> None:
        assert self.session
        points = [{"x": x, "y": y}]
        self.session.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": points})

    def unfold(self) -> None:
        """On a phone, open the sheet halfway if it is folded."""
        folded = self.page.locator("#panel").get_attribute("data-height") == "peek"
        if self.by == "touch" and folded:
            self.press(".grip")

    def new_plan(self, title: str) -> int:
        """Make a plan through the form; return its number."""
        self.go("?mode=draw&lang=en")
        self.unfold()
        if self.page.locator(".new-plan:not([open])").count():
            self.press(".new-plan summary")
        self.page.locator(".new-plan [name=title]").fill(title)
        self.press(".new-plan button[type=submit]")
        expect(self.page.locator("#panel-body h1")).to_have_text(title)
        return self.plan

    @property
    def plan(self) -> int:
        found = re.search(r"plan=(\d+)", self.page.url)
        assert found
        return int(found[1])

    def choose(self, place: LonLat, name: str) -> None:
        """Choose a grid of the opened ground."""
        self.pick(place)
        expect(self.page.locator("[data-chosen-name]")).to_contain_text(name)

    def deed(self, text: str, state: str) -> None:
        """Take the plan a step on, and see it there."""
        self.press(".deeds button", text)
        expect(self.page.locator("article .kicker .level")).to_contain_text(state)
        self.settle()

    def ask(self, path: str) -> Any:
        """Return what the server says, as this person."""
        answer = self.page.request.get(f"{self.office}{path}")
        assert answer.ok, answer.text()
        return json.loads(answer.text())


def sit_down(browser: Browser, office: str, username: str, by: str) -> tuple[Desk, BrowserContext]:
    """Sign somebody in at a browser of their own."""
    context = browser.new_context(viewport=SCREENS[by], has_touch=by == "touch")
    page = context.new_page()
    page.goto(f"{office}/sign-in?lang=en")
    page.get_by_label("User name").fill(username)
    page.get_by_label("Password").fill(PASSWORD)
    page.get_by_role("button", name="Sign in").click()
    page.wait_for_selector("html[data-mode]")
    return Desk(office, page, by), context


Sit = Callable[..., Desk]


def publish(desk: Desk, sit: Sit) -> None:
    """Send a plan through the office: submitted, approved by the official, published."""
    desk.deed("Submit for approval", "Submitted")
    official = sit("official", desk.by)
    official.go(f"?mode=draw&plan={desk.plan}&lang=en")
    official.unfold()
    assert official.page.locator("[data-tool], .handle").count() == 0
    official.deed("Approve", "Approved")
    desk.page.reload()
    desk.settle()
    desk.unfold()
    desk.deed("Publish", "Published")


def parents(desk: Desk, name: str) -> list[str]:
    """Return the names of the grids that a published one lies in, and its own."""
    hits = desk.ask(f"/api/search?q={name}")["hits"]
    [found] = [hit["grid"] for hit in hits if hit["grid"]["name"] == name]
    return [each["name"] for each in desk.ask(f"/api/grids/{found['grid_id']}")["path"]]


def opened(sit: Sit, title: str = "试划") -> Desk:
    """Open a plan in the community 城南社区, with the mouse."""
    staff = sit("staff")
    plan = staff.new_plan(title)
    [grid] = {
        hit["grid"]["grid_id"]
        for hit in staff.ask("/api/search?q=城南社区")["hits"]
        if hit["grid"]["name"] == "城南社区"
    }
    staff.go(f"?mode=draw&plan={plan}&grid={grid}&lang=en&z=16&lat=31.4195&lon=116.319")
    expect(staff.page.locator("html[data-drawing]")).to_be_attached()
    return staff


def grid_of(desk: Desk) -> str:
    found = desk.page.locator("[data-plan]").get_attribute("data-grid")
    assert found
    return found
