"""The drawing mode in a real browser: the three stories of the staff guide, by mouse and by touch,
from a new plan to a published one, and what must not happen on the way."""

from __future__ import annotations

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Route, expect

from tests.browser.drawing import Sit, grid_of, opened, parents, publish

JUNCTION = (116.32, 31.42)
SOUTH = (116.3145, 31.4045)  # in the community 城南社区, outside its compounds
ESTATE = (116.305, 31.405)  # 城南社区甲小区
BANK = (116.317, 31.416)  # 河岸小区, on the border of the towns
EAST = (116.325, 31.416)  # 河东村, beyond that border


@pytest.mark.parametrize("by", ["mouse", "touch"])
class TestStories:
    def test_a_grown_estate_is_split(self, sit: Sit, by: str) -> None:
        staff = sit("staff", by)
        staff.new_plan("拆分城南社区甲小区")
        staff.open(SOUTH, "城南社区")
        staff.look_at(ESTATE, 15)
        staff.choose(ESTATE, "城南社区甲小区")
        expect(staff.page.locator("[data-chosen-households]")).to_have_text("100 households")
        staff.press("[data-tool=split]")
        expect(staff.page.locator(".draw-bar")).to_contain_text("城南社区甲小区")
        staff.sketch((116.3045, 31.4012), (116.3045, 31.405), (116.3045, 31.4088))
        expect(staff.page.locator(".changes")).to_contain_text("城南社区甲小区 2")
        expect(staff.page.locator("[data-chosen-households]")).not_to_have_text("100 households")
        publish(staff, sit)
        assert parents(staff, "城南社区甲小区 2")[-1] == "城南社区"

    def test_a_corner_that_communities_share_moves_for_all_of_them(self, sit: Sit, by: str) -> None:
        staff = sit("staff", by)
        plan = staff.new_plan("调整四村交界")
        staff.open(SOUTH, "城南社区")
        staff.look_at((116.319, 31.4195), 16)
        staff.choose((116.319, 31.4193), "城南社区")
        staff.drag(JUNCTION, 40, -30, aside=True)
        expect(staff.page.locator(".history")).to_contain_text("Move a corner")
        grid = staff.page.locator("[data-plan]").get_attribute("data-grid")
        ground = staff.ask(f"/api/plans/{plan}/ground?grid={grid}")["grids"]
        moved = {each["name"] for each in ground if each["is_changed"]}
        assert {"城南社区", "城北社区", "河东村", "山口村"} <= moved
        corners = [
            {tuple(corner) for polygon in each["polygons"] for ring in polygon for corner in ring}
            for each in ground
            if each["level"] == "community"
        ]
        assert JUNCTION not in set.union(*corners)
        # They still meet in one corner, to the last digit.
        assert len(corners) == 4
        assert len(set.intersection(*corners)) == 1
        publish(staff, sit)

    def test_a_compound_goes_to_the_other_town_and_comes_back(self, sit: Sit, by: str) -> None:
        staff = sit("staff", by)
        staff.new_plan("河岸小区划归河东村")
        staff.open(SOUTH, "城南社区")
        staff.look_at(BANK, 15)
        staff.choose(BANK, "河岸小区")
        staff.press("[data-tool=hand_over]")
        staff.pick(EAST)
        expect(staff.page.locator(".changes")).to_contain_text("handed over")
        expect(staff.page.locator("[data-chosen-levels]")).to_contain_text("河东村")
        publish(staff, sit)
        assert parents(staff, "河岸小区")[1:3] == ["佛子岭镇", "河东村"]
        # And back, by a plan that takes the publication back.
        staff.press(".drawer summary", "Revert this publication")
        staff.press("form[data-send=opposite] button[type=submit]")
        expect(staff.page.locator("#panel-body h1")).to_contain_text("Revert")
        staff.settle()
        publish(staff, sit)
        assert parents(staff, "河岸小区")[1:3] == ["衡山镇", "城南社区"]


def test_keys_move_a_corner_and_undo_it(sit: Sit) -> None:
    staff = opened(sit)
    staff.choose((116.319, 31.4193), "城南社区")
    handle = staff.page.locator(".handle-junction").first
    handle.focus()
    for key in ("ArrowLeft", "ArrowLeft", "Shift+ArrowDown"):
        staff.page.keyboard.press(key)
    staff.page.keyboard.press("Escape")
    assert staff.ask(f"/api/plans/{staff.plan}")["step"] == 0
    staff.page.keyboard.press("Shift+ArrowDown")
    staff.page.keyboard.press("Enter")
    expect(staff.page.locator(".undo")).to_contain_text("Undo: Move a corner")
    staff.page.locator(".map").focus()
    staff.page.keyboard.press("Control+z")
    expect(staff.page.locator(".undo")).to_contain_text("Redo: Move a corner")
    staff.page.keyboard.press("Control+Shift+z")
    expect(staff.page.locator(".undo")).to_contain_text("Undo: Move a corner")


def test_what_breaks_the_law_is_said_at_its_place_and_undone(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(ESTATE, 16)
    staff.choose(ESTATE, "城南社区甲小区")
    before = staff.ask(f"/api/plans/{staff.plan}/ground?grid=2")["revision"]
    # Over the opposite corner, and out of the community.
    staff.drag((116.302, 31.402), -250, 0, aside=True)
    expect(staff.page.locator(".notice-warn, .said").first).to_be_visible()
    assert staff.ask(f"/api/plans/{staff.plan}/ground?grid=2")["revision"] == before


def test_a_fault_is_found_let_stand_and_mended_by_one_click(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(ESTATE, 16)
    staff.choose(ESTATE, "城南社区甲小区")
    staff.press(".chosen .drawer summary")
    # Another compound's code, and more households than a grid worker can look after.
    staff.page.locator("[data-operation=count] [name=households]").fill("900")
    staff.press("[data-operation=count] button")
    expect(staff.page.locator(".fault-warning")).to_contain_text("900 households")
    staff.page.locator("[data-operation=recode] [name=code]").fill("341525100001002")
    staff.press("[data-operation=recode] button")
    expect(staff.page.locator(".fault-blocking")).to_contain_text("341525100001002")
    staff.press(".fault-blocking .fault-ways button")
    expect(staff.page.locator(".fault-blocking")).to_have_count(0)
    staff.press(".fault-warning .drawer summary")
    staff.page.locator(".fault-warning [name=reason]").fill("明年拆分")
    staff.press(".fault-warning form button")
    expect(staff.page.locator(".fault-warning")).to_contain_text("Accepted: 明年拆分")
    staff.press(".fault-go")
    expect(staff.page.locator(".fault-item.current")).to_be_visible()


def test_a_change_by_somebody_else_is_shown_and_mine_goes_on_top(sit: Sit) -> None:
    staff = opened(sit)
    other = sit("staff")
    other.go(f"?mode=draw&plan={staff.plan}&grid={grid_of(staff)}&z=16&lat=31.405&lon=116.305")
    staff.choose((116.319, 31.4193), "城南社区")
    staff.drag(JUNCTION, 40, -30, aside=True)
    expect(staff.page.locator(".history")).to_contain_text("Move a corner")
    other.choose(ESTATE, "城南社区甲小区")
    other.drag((116.302, 31.402), 20, -20, aside=True)
    expect(other.page.locator(".notice-warn")).to_contain_text("Somebody else")
    other.press(".notice-warn button", "Apply mine on top")
    expect(other.page.locator(".history .count")).to_have_text("2")


def test_without_a_network_nothing_is_lost(sit: Sit) -> None:
    staff = opened(sit)
    staff.choose((116.319, 31.4193), "城南社区")

    def fail(route: Route) -> None:
        route.abort()

    staff.page.route("**/steps", fail)
    staff.drag(JUNCTION, 40, -30, aside=True)
    expect(staff.page.locator(".notice-warn")).to_contain_text("Nothing is lost")
    staff.page.unroute("**/steps", fail)
    staff.press(".notice-warn button", "Try again")
    expect(staff.page.locator(".history")).to_contain_text("Move a corner")


def test_the_address_holds_plan_and_place(sit: Sit) -> None:
    staff = opened(sit)
    address = staff.page.url
    staff.press("[data-do=leave-grid]")
    expect(staff.page.locator(".place h2")).to_have_text("Where to draw")
    expect(staff.page.locator("html[data-drawing]")).to_have_count(0)
    staff.page.go_back()
    expect(staff.page.locator(".place h2")).to_contain_text("城南社区")
    expect(staff.page.locator("html[data-drawing]")).to_be_attached()
    assert staff.page.url.split("&z=")[0] == address.split("&z=")[0]
    staff.press(".mode[data-mode=territory]")
    expect(staff.page.locator("html[data-mode=territory]:not([data-drawing])")).to_be_attached()
    assert "plan=" not in staff.page.url


def test_markup_in_titles_and_names_is_text(sit: Sit) -> None:
    hostile = "<img src=x onerror=alert(1)>{{7*7}}"
    staff = opened(sit, hostile)
    staff.page.on("dialog", lambda dialog: pytest.fail(dialog.message))
    expect(staff.page.locator("#panel-body h1")).to_have_text(hostile)
    staff.choose((116.319, 31.4193), "城南社区")
    staff.press(".chosen .drawer summary")
    staff.page.locator("[data-operation=rename] [name=name]").fill(hostile)
    staff.press("[data-operation=rename] button")
    expect(staff.page.locator("[data-chosen-name]")).to_contain_text(hostile)
    expect(staff.page.locator(".changes")).to_contain_text(hostile)
    assert staff.page.locator("#panel-body img, .stage img").count() == 0


@pytest.mark.parametrize("lang", ["zh", "en"])
@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_axe_finds_nothing(sit: Sit, by: str, lang: str) -> None:
    staff = sit("staff", by)
    plan = staff.new_plan("试划")
    for query in ("?mode=draw", f"?mode=draw&plan={plan}", f"?mode=draw&plan={plan}&grid=4"):
        staff.go(f"{query}&lang={lang}")
        staff.unfold()
        if "grid" in query:
            staff.choose(SOUTH, "城南社区")
        found = Axe().run(staff.page)
        assert found.violations_count == 0, found.generate_report()
        assert staff.page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_tools_that_propose_and_tools_for_areas(sit: Sit) -> None:
    staff = sit("staff")
    plan = staff.new_plan("按户数均分")
    staff.go(f"?mode=draw&plan={plan}&grid=7&z=15&lat=31.43&lon=116.335&lang=en")
    staff.choose((116.335, 31.43), "山口村乙小区")
    staff.press("[data-tool=divide]")
    staff.page.locator(".draw-bar input").fill("3")
    staff.page.keyboard.press("Enter")
    expect(staff.page.locator(".changes")).to_contain_text("山口村乙小区 3")
    grids = staff.ask(f"/api/plans/{plan}/ground?grid=7")["grids"]
    made = [each for each in grids if each["name"].startswith("山口村乙小区")]
    assert [each["households"] for each in made if each["grid_id"] < 0] == [40, 40]
    # A neighbour is chosen on the map.
    staff.press("[data-tool=merge]")
    other = next(each for each in made if each["grid_id"] == -1)
    ring = other["polygons"][0][0]
    middle = (
        sum(x for x, _y in ring[1:]) / (len(ring) - 1),
        sum(y for _x, y in ring[1:]) / (len(ring) - 1),
    )
    staff.pick(middle)
    expect(staff.page.locator(".history .count")).to_have_text("2")
    # An area is cut out, and removed again: it becomes a territory gap.
    staff.choose((116.3265, 31.4275), "山口村甲小区")
    staff.press("[data-tool=cut_out]")
    staff.sketch((116.3255, 31.4245), (116.327, 31.4245), (116.327, 31.4265), (116.3255, 31.4265))
    expect(staff.page.locator(".history .count")).to_have_text("3")
    staff.choose((116.3263, 31.4255), "山口村甲小区 2")
    staff.press("[data-tool=remove]")
    expect(staff.page.locator(".history .count")).to_have_text("4")
    grids = staff.ask(f"/api/plans/{plan}/ground?grid=7")["grids"]
    assert "山口村甲小区 2" not in {each["name"] for each in grids}


def test_to_a_visitor_the_mode_is_not_there(browser: Browser, office: str) -> None:
    page = browser.new_page()
    page.goto(f"{office}/?lang=en")
    page.wait_for_selector("#panel-body:not([aria-busy]) .sheet")
    assert page.locator(".mode[data-mode=draw]").count() == 0
    for path, status in (
        ("/panel/plans", 401),
        ("/panel/plans/1", 401),
        ("/panel/home?mode=draw", 404),
    ):
        assert page.request.get(office + path).status == status
    page.goto(f"{office}/?mode=draw&plan=1&lang=en")
    expect(page.locator("#panel-body")).to_contain_text("Please sign in first")
    page.close()
