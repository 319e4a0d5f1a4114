"""The map in a real browser, on the demo county: what the three users come for."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any

import psycopg
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import BrowserContext, Page, Request, ViewportSize, expect

from layers.style import STYLE

DESK: ViewportSize = {"width": 1440, "height": 900}
PHONE: ViewportSize = {"width": 390, "height": 844}
SIDEWAYS: ViewportSize = {"width": 844, "height": 390}
MODES = ("territory", "responsibility", "issues", "coverage")


@dataclass
class Watch:
    """What must not happen while a page is open."""

    host: str
    complaints: list[str] = field(default_factory=list)
    foreign: list[str] = field(default_factory=list)

    def request(self, request: Request) -> None:
        if not request.url.startswith((self.host, "data:", "blob:")):
            self.foreign.append(request.url)


@pytest.fixture
def watched(page: Page, live_server: str) -> Iterator[Watch]:
    """Fail at the end if the page complained or asked another host."""
    watch = Watch(live_server)
    page.on("console", lambda m: watch.complaints.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: watch.complaints.append(str(error)))
    page.on("request", watch.request)
    yield watch
    assert watch.foreign == []
    assert watch.complaints == []


@pytest.fixture
def official(context: BrowserContext, enter: Callable[[BrowserContext, str], None]) -> None:
    """Somebody who sees the issues of the whole county is signed in."""
    enter(context, "official")


# From half a zoom below on, the tiles of this one are drawn.
COMPOUNDS_FROM = STYLE["grids"]["from_zoom"]["compound"] - 0.5


def show(page: Page, live_server: str, address: str = "/", size: ViewportSize = DESK) -> None:
    """Open an address and wait until the map is painted and the panel filled."""
    page.set_viewport_size({"width": size["width"], "height": size["height"]})
    page.goto(live_server + address)
    page.wait_for_selector("html[data-painted]")
    filled(page)


def filled(page: Page) -> None:
    expect(page.locator("#panel-body:not([aria-busy]) .sheet")).to_be_visible()


def heading(page: Page, text: str | re.Pattern[str]) -> None:
    expect(page.locator("#panel-body h1")).to_have_text(text)


def town(conn: psycopg.Connection[tuple[int, str, str]], name: str = "衡山镇") -> tuple[int, str]:
    row = conn.execute(
        "SELECT grid_id, code FROM grid_version WHERE name = %s AND upper_inf(valid)", [name]
    ).fetchone()
    assert row
    return row[0], row[1]


def search_for(page: Page, text: str) -> None:
    page.get_by_role("combobox").click()
    page.keyboard.type(text, delay=10)
    expect(page.locator("#hits [role=option]").first).to_be_visible()


class TestGridLeader:
    """On a phone, in the mountains."""

    def test_finds_the_territory_by_initials_and_sees_who_answers_for_it(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, size=PHONE)
        search_for(page, "hsz")
        page.locator("#hits [role=option]", has_text="衡山镇").first.click()
        heading(page, "衡山镇")
        expect(page.locator(".path")).to_contain_text("霍山县")
        expect(page.get_by_role("heading", name="责任人")).to_be_visible()
        expect(page.locator("#panel")).to_have_attribute("data-height", "half")
        assert "grid=" in page.url

    def test_taps_the_map_and_gets_the_grid_there(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, size=PHONE)
        page.mouse.click(195, 300)
        expect(page.locator("#panel-body .sheet[data-grid]")).to_be_visible()
        expect(page.locator(".leaflet-outline-pane path")).to_have_count(2)

    def test_drags_the_sheet_between_its_heights(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, size=PHONE)
        panel = page.locator("#panel")
        expect(panel).to_have_attribute("data-height", "peek")
        grip = page.locator(".grip").bounding_box()
        assert grip
        page.mouse.move(195, grip["y"] + 10)
        page.mouse.down()
        page.mouse.move(195, 450, steps=8)
        page.mouse.up()
        expect(panel).to_have_attribute("data-height", "half")
        page.locator(".grip").click()
        expect(panel).to_have_attribute("data-height", "full")

    def test_every_target_is_large_enough_and_nothing_scrolls_sideways(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, size=PHONE)
        boxes = [
            item.bounding_box()
            for item in page.locator(".mode, .corner-right button, .view > *, .demo summary").all()
            if item.is_visible()
        ]
        assert len(boxes) >= 10
        assert [box for box in boxes if box and min(box["width"], box["height"]) < 44] == []
        scroll = page.locator("html").evaluate("e => e.scrollWidth - e.clientWidth")
        assert scroll == 0

    def test_works_on_with_what_is_loaded_when_the_network_goes(
        self, page: Page, context: BrowserContext, live_server: str, official: None
    ) -> None:
        show(page, live_server, size=PHONE)
        context.set_offline(True)
        expect(page.locator(".notice")).to_contain_text("网络已断开")
        page.locator(".mode[data-mode=issues]").click()
        expect(page.locator("#panel-body")).to_contain_text("未能加载")
        context.set_offline(False)
        expect(page.locator("#panel-body .states")).to_be_visible()
        expect(page.locator(".notice", has_text="网络已断开")).to_have_count(0)


@pytest.mark.usefixtures("official")
class TestOfficial:
    """At a desk: where is nobody, what is overdue, where is no service."""

    def test_sees_vacancies_by_town_and_follows_one(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, "/?mode=responsibility")
        expect(page.locator(".table tbody tr")).to_have_count(16)
        expect(page.locator(".legend")).to_contain_text("乡镇责任落实")
        link = page.locator(".table tbody tr a").first
        name = link.inner_text()
        link.click()
        heading(page, name)
        expect(page.locator(".leaflet-outline-pane path")).to_have_count(2)

    def test_filters_issues_and_the_map_follows(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server, "/?mode=issues")
        with page.expect_response(lambda r: "/tiles/issues/" in r.url and "state=overdue" in r.url):
            page.get_by_role("radio", name="逾期").check()
        expect(page).to_have_url(re.compile("state=overdue"))
        expect(page.locator(".items .issue-overdue").first).to_be_visible()
        expect(page.locator(".items .issue-open")).to_have_count(0)
        expect(page.locator(".legend")).not_to_contain_text("挂账")

    def test_opens_an_issue_and_returns(self, page: Page, live_server: str, watched: Watch) -> None:
        show(page, live_server, "/?mode=issues")
        first = page.locator(".items a").first
        title = first.locator("strong").inner_text()
        first.click()
        heading(page, title)
        expect(page.get_by_role("heading", name="办理过程")).to_be_visible()
        page.go_back()
        expect(page.locator(".items a").first).to_be_visible()

    def test_compares_service_kinds(self, page: Page, live_server: str, watched: Watch) -> None:
        show(page, live_server, "/?mode=coverage")
        kinds = page.locator(".kinds label")
        expect(kinds).to_have_count(13)
        name = kinds.nth(2).locator(".kind-name").inner_text()
        kinds.nth(2).click()
        expect(page).to_have_url(re.compile("kind="))
        expect(page.locator("#panel-body h2", has_text=name)).to_be_visible()
        expect(page.locator(".legend")).to_contain_text(name)
        expect(page.locator(".legend")).to_contain_text("户数不详")

    def test_asks_as_of_an_earlier_day(self, page: Page, live_server: str, watched: Watch) -> None:
        show(page, live_server, "/?mode=responsibility")
        page.locator("#on").fill("2025-06-01")
        expect(page).to_have_url(re.compile("on=2025-06-01"))
        expect(page.locator(".asof")).to_contain_text("2025年6月1日")
        page.get_by_role("button", name="回到今天").click()
        expect(page).not_to_have_url(re.compile("[?&]on="))

    def test_shares_a_link_that_reproduces_the_view(
        self, page: Page, live_server: str, demo_conn: psycopg.Connection, watched: Watch
    ) -> None:
        grid_id, _ = town(demo_conn)
        show(
            page,
            live_server,
            f"/?mode=coverage&grid={grid_id}&kind=clinic&z=13&lat=31.4&lon=116.33",
        )
        address = page.url
        page.reload()
        page.wait_for_selector("html[data-painted]")
        filled(page)
        heading(page, "衡山镇")
        assert page.url == address
        expect(page.locator(".mode[aria-current]")).to_have_attribute("data-mode", "coverage")

    def test_goes_back_and_forward(self, page: Page, live_server: str, watched: Watch) -> None:
        show(page, live_server)
        page.locator(".mode[data-mode=issues]").click()
        expect(page.locator("#panel-body .states")).to_be_visible()
        page.locator(".mode[data-mode=coverage]").click()
        expect(page.locator("#panel-body .kinds")).to_be_visible()
        page.go_back()
        expect(page.locator("#panel-body .states")).to_be_visible()
        expect(page.locator(".mode[aria-current]")).to_have_attribute("data-mode", "issues")
        page.go_forward()
        expect(page.locator("#panel-body .kinds")).to_be_visible()


class TestKeyboard:
    def test_searches_without_a_pointer(self, page: Page, live_server: str, watched: Watch) -> None:
        show(page, live_server)
        box = page.get_by_role("combobox")
        box.focus()
        page.keyboard.type("hsz")
        expect(page.locator("#hits [role=option]").first).to_be_visible()
        page.keyboard.press("ArrowDown")
        expect(box).to_have_attribute("aria-activedescendant", "hit-0")
        page.keyboard.press("Enter")
        expect(page.locator("#panel-body .sheet[data-grid]")).to_be_visible()

    def test_selects_on_the_map_and_goes_up_by_escape(
        self, page: Page, live_server: str, watched: Watch
    ) -> None:
        show(page, live_server)
        page.locator("#map_grid").focus()
        page.keyboard.press("Enter")
        expect(page.locator("#panel-body .sheet[data-grid]")).to_be_visible()
        for _ in range(4):
            if "grid=" not in page.url:
                break
            page.keyboard.press("Escape")
            filled(page)
        expect(page).not_to_have_url(re.compile("grid="))
        heading(page, "霍山县")

    def test_skips_to_the_panel(self, page: Page, live_server: str, watched: Watch) -> None:
        show(page, live_server)
        page.keyboard.press("Tab")
        expect(page.locator(".skip")).to_be_focused()
        page.keyboard.press("Enter")
        expect(page.locator("#panel")).to_be_focused()


class TestWords:
    @pytest.mark.parametrize("mode", MODES)
    def test_no_english_is_left_in_the_chinese_page(
        self, page: Page, live_server: str, watched: Watch, mode: str
    ) -> None:
        show(page, live_server, f"/?mode={mode}")
        text = page.locator("body").inner_text()
        # What has no other name in Chinese.
        left = set(re.findall(r"[A-Za-z]{2,}", text)) - {"EN", "English", "km", "PDF"}
        assert left == set()

    def test_changes_the_language_and_keeps_the_view(
        self, page: Page, live_server: str, watched: Watch, official: None
    ) -> None:
        show(page, live_server, "/?mode=issues&state=overdue")
        page.locator(".tool[data-lang]").click()
        page.wait_for_selector("html[lang=en][data-painted]")
        filled(page)
        expect(page.get_by_role("radio", name="Overdue")).to_be_checked()
        # Remembered without the address.
        page.goto(live_server + "/")
        expect(page.locator("html")).to_have_attribute("lang", "en")


class TestFaults:
    def test_a_grid_that_does_not_exist_is_explained_with_a_way_out(
        self, page: Page, live_server: str
    ) -> None:
        page.goto(live_server + "/?grid=999999999")
        expect(page.locator("#panel-body [role=alert]")).to_contain_text("未找到")
        expect(page.locator("#panel-body [role=alert]")).to_contain_text("请求编号")
        page.get_by_role("link", name="查看全县").click()
        heading(page, "霍山县")

    def test_tiles_that_fail_are_told_and_can_be_asked_for_again(
        self, page: Page, live_server: str
    ) -> None:
        page.route("**/tiles/grids/*/**", lambda route: route.abort())
        page.goto(live_server + "/")
        notice = page.locator(".notice", has_text="部分地图未能加载")
        expect(notice).to_be_visible()
        page.unroute_all()
        with page.expect_response(lambda r: "/tiles/grids/" in r.url and r.ok):
            notice.get_by_role("button").click()

    def test_an_address_that_does_not_exist_is_a_page_for_people(
        self, page: Page, live_server: str
    ) -> None:
        page.goto(live_server + "/nowhere")
        expect(page.get_by_role("heading", level=1)).to_have_text("未找到")


@pytest.mark.parametrize("size", [DESK, PHONE], ids=["desk", "phone"])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("mode", MODES)
@pytest.mark.usefixtures("official")
def test_axe_finds_nothing(
    page: Page, live_server: str, watched: Watch, mode: str, lang: str, size: ViewportSize
) -> None:
    show(page, live_server, f"/?mode={mode}&lang={lang}", size)
    found = Axe().run(page)
    assert found.response["violations"] == [], found.generate_report()


@pytest.mark.parametrize("by", ["link", "search"])
def test_a_village_chosen_on_a_phone_shows_its_compounds(
    page: Page,
    live_server: str,
    watched: Watch,
    demo_conn: psycopg.Connection[tuple[int, str, str]],
    by: str,
) -> None:
    # The largest: what it takes to see all of it is farthest from what shows its compounds.
    row = demo_conn.execute(
        "SELECT grid_id, name, name FROM grid_version WHERE level = 'community'"
        " AND upper_inf(valid) ORDER BY area_m2 DESC LIMIT 1"
    ).fetchone()
    assert row
    grid_id, name, _ = row
    page.set_viewport_size(PHONE)
    if by == "link":
        show(page, live_server, f"/?grid={grid_id}", PHONE)
    else:
        show(page, live_server, "/", PHONE)
        page.locator("#search").fill(name)
        page.locator(f"#hits [data-grid='{grid_id}']").click()
    heading(page, name)
    page.wait_for_function(f"map_grid.getZoom() >= {COMPOUNDS_FROM}")
    # Its middle is in what the sheet leaves free.
    middle = page.evaluate(
        """async (id) => {
          const { west, south, east, north } = await fetch(`/api/grids/${id}`)
            .then((answer) => answer.json()).then((grid) => grid.bounds);
          const place = [(south + north) / 2, (west + east) / 2];
          const { x, y } = map_grid.latLngToContainerPoint(place);
          const sheet = document.querySelector("#panel").getBoundingClientRect().top;
          return [x, y, innerWidth, sheet];
        }""",
        grid_id,
    )
    assert 0 < middle[0] < middle[2]
    assert 0 < middle[1] < middle[3]


def test_another_service_is_chosen_without_losing_the_town(
    page: Page,
    live_server: str,
    watched: Watch,
    demo_conn: psycopg.Connection[tuple[int, str, str]],
) -> None:
    grid_id, _ = town(demo_conn)
    show(page, live_server, f"/?mode=coverage&grid={grid_id}")
    page.locator(".services a", has_text="药店").click()
    expect(page.locator(".legend")).to_contain_text("药店")
    expect(page.locator(".services a[aria-current]")).to_contain_text("药店")
    heading(page, "衡山镇")
    assert f"grid={grid_id}" in page.url


def test_escape_empties_the_filter_before_it_leaves_the_grid(
    page: Page,
    live_server: str,
    watched: Watch,
    demo_conn: psycopg.Connection[tuple[int, str, str]],
) -> None:
    grid_id, _ = town(demo_conn)
    show(page, live_server, f"/?grid={grid_id}")
    box = page.locator("input[data-filters]")
    rows = page.locator("#children > :visible")
    before = rows.count()
    box.fill("bhsq")
    expect(rows).to_have_count(1)
    expect(rows).to_contain_text("滨河社区")
    box.fill("没有这样的名字")
    expect(rows).to_have_count(0)
    box.press("Escape")
    expect(box).to_have_value("")
    expect(rows).to_have_count(before)
    heading(page, "衡山镇")
    box.press("Escape")
    heading(page, "霍山县")


@pytest.mark.usefixtures("official")
def test_escape_leaves_the_grid_from_a_filter_that_was_just_chosen(
    page: Page,
    live_server: str,
    watched: Watch,
    demo_conn: psycopg.Connection[tuple[int, str, str]],
) -> None:
    grid_id, _ = town(demo_conn)
    show(page, live_server, f"/?mode=issues&grid={grid_id}&list=issues")
    page.locator(".tile-overdue").click()
    expect(page.locator(".tile-overdue input")).to_be_checked()
    filled(page)
    page.keyboard.press("Escape")
    heading(page, "衡山镇")


@pytest.mark.parametrize("width", [320, 360, 390])
@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("on", ["", "2025-11-25"], ids=["today", "earlier"])
def test_everything_at_the_top_is_within_reach(
    page: Page, live_server: str, watched: Watch, width: int, lang: str, on: str
) -> None:
    show(page, live_server, f"/?on={on}&lang={lang}", {"width": width, "height": 700})
    for control in page.locator(".stage-top :is(button, a, input, summary):visible").all():
        box = control.bounding_box()
        assert box is not None
        assert box["x"] >= 0
        assert box["x"] + box["width"] <= width


def test_a_folded_sheet_opens_by_its_title_and_shows_it_from_the_top(
    page: Page, live_server: str, watched: Watch
) -> None:
    show(page, live_server, size=PHONE)
    panel = page.locator("#panel")
    expect(panel).to_have_attribute("data-height", "peek")
    page.locator("#panel-body h1").click()
    expect(panel).to_have_attribute("data-height", "half")
    page.locator("#panel-body").evaluate("body => body.scrollTo(0, 200)")
    page.locator(".grip").click()
    page.locator(".grip").click()
    expect(panel).to_have_attribute("data-height", "peek")
    assert page.locator("#panel-body").evaluate("body => body.scrollTop") == 0


def test_the_grid_under_a_resting_pointer_stays_named(
    page: Page, live_server: str, watched: Watch
) -> None:
    show(page, live_server)
    named = re.compile(r"\S")
    stage = page.locator("#map_grid")
    page.mouse.move(900, 450)
    expect(stage).to_have_attribute("title", named)
    # Neither the map's moving nor its other tiles need the pointer to move.
    stage.evaluate("(stage) => { stage.title = ''; stage.focus({ preventScroll: true }); }")
    page.keyboard.press("+")
    expect(stage).to_have_attribute("title", named)
    stage.evaluate("(stage) => (stage.title = '')")
    page.locator("[data-mode=responsibility]").first.dispatch_event("click")
    expect(stage).to_have_attribute("title", named)


@pytest.mark.parametrize("size", [DESK, PHONE, SIDEWAYS], ids=["desk", "phone", "sideways"])
def test_the_whole_county_is_in_sight_at_first(
    page: Page, live_server: str, watched: Watch, size: ViewportSize
) -> None:
    show(page, live_server, size=size)
    free = page.evaluate(
        """() => {
          const { bounds } = JSON.parse(document.querySelector("#config").textContent).county;
          const corners = [[bounds[3], bounds[0]], [bounds[1], bounds[2]]];
          const [a, b] = corners.map((corner) => map_grid.latLngToContainerPoint(corner));
          const { x, y } = map_grid.getSize();
          return { left: a.x, top: a.y, right: x - b.x, bottom: y - b.y, share: (b.x - a.x) / x };
        }"""
    )
    assert min(free["left"], free["top"], free["right"], free["bottom"]) >= 8
    # And not lost in it.
    assert free["share"] > 0.55


def test_a_phone_held_sideways_has_the_panel_beside_the_map(
    page: Page, live_server: str, watched: Watch
) -> None:
    show(page, live_server, "/?mode=responsibility", SIDEWAYS)
    panel, stage = (page.locator(name).bounding_box() for name in (".panel", ".stage"))
    assert panel is not None
    assert stage is not None
    assert panel["x"] + panel["width"] <= stage["x"] + 1
    assert stage["width"] > 400
    assert page.evaluate("document.documentElement.scrollWidth") <= SIDEWAYS["width"]
    for link in page.locator(".mode").all():
        box = link.bounding_box()
        assert box is not None
        assert box["height"] >= 44
        assert box["y"] + box["height"] <= SIDEWAYS["height"]


@pytest.mark.parametrize("by", ["button", "Control+p", "Meta+p"])
def test_prints_the_map_the_legend_and_the_panel(
    page: Page,
    live_server: str,
    watched: Watch,
    demo_conn: psycopg.Connection[tuple[int, str, str]],
    by: str,
) -> None:
    page.add_init_script(
        "window.printed = 0;"
        "window.print = () => { printed += 1;"
        " document.documentElement.classList.add('printed') }"
    )
    grid_id, _ = town(demo_conn)
    show(page, live_server, f"/?mode=responsibility&grid={grid_id}")
    before = page.url
    if by == "button":
        page.locator("[data-do=print]").click()
    else:
        page.keyboard.press(by)
        page.keyboard.press(by)
    page.wait_for_selector("html.paper.printed")
    assert page.evaluate("printed") == 1
    sheet, legend, panel = (
        page.locator(part).bounding_box() for part in (".map", ".legend-body", ".panel-body")
    )
    assert sheet is not None
    assert legend is not None
    assert panel is not None
    assert sheet["y"] + sheet["height"] <= legend["y"]
    assert legend["y"] + legend["height"] <= panel["y"]
    expect(page.locator(".panel-body h1")).to_have_text("衡山镇")
    expect(page.locator(".panel-body button:visible")).to_have_count(0)
    page.evaluate("dispatchEvent(new Event('afterprint'))")
    page.wait_for_selector("html:not(.paper)", state="attached")
    assert page.url == before


def test_transfers_little_until_painted(page: Page, live_server: str, watched: Watch) -> None:
    sizes: dict[str, int] = {}
    client = page.context.new_cdp_session(page)
    client.send("Network.enable")

    def arrived(event: dict[str, Any]) -> None:
        sizes[event["requestId"]] = event["encodedDataLength"]

    client.on("Network.loadingFinished", arrived)
    show(page, live_server)
    assert 0 < sum(sizes.values()) <= 700_000
