"""What the law refuses stays as a sketch, in a real browser: changed and finished again, by mouse
and by touch; nothing has to be drawn again."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.drawing import Desk, Sit, opened

ESTATE = (116.305, 31.405)  # 城南社区甲小区, from 116.302, 31.402 to 116.308, 31.408
CORNERS = ".leaflet-marker-pane .marker-icon:not(.marker-icon-middle)"


def begin(sit: Sit, by: str) -> Desk:
    staff = sit("staff", by)
    plan = staff.new_plan("改了再画")
    staff.go(f"?mode=draw&plan={plan}&grid=4&lang=en")
    staff.look_at(ESTATE, 15)
    staff.choose(ESTATE, "城南社区甲小区")
    return staff


def refused(desk: Desk, reason: str, corners: int) -> None:
    """See the reason in the bar and beside the sketch, and the sketch with its corners."""
    expect(desk.page.locator(".draw-bar")).to_contain_text(reason)
    expect(desk.page.locator(".said")).to_contain_text(reason)
    expect(desk.page.locator(CORNERS)).to_have_count(corners)


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_a_line_that_stops_short_is_dragged_on_and_finished(sit: Sit, by: str) -> None:
    staff = begin(sit, by)
    staff.press("[data-tool=split]")
    # It ends inside the estate.
    staff.sketch((116.3045, 31.4005), (116.3045, 31.405))
    refused(staff, "must cross the grid once", 2)
    _x, y = staff.at((116.3045, 31.405))
    _x, beyond = staff.at((116.3045, 31.4095))
    if by == "mouse":
        staff.drag((116.3045, 31.405), 0, beyond - y)
    else:
        # One corner more, by a tap.
        staff.pick((116.3045, 31.4095))
        expect(staff.page.locator(CORNERS)).to_have_count(3)
    staff.press(".draw-bar .primary")
    expect(staff.page.locator(".changes")).to_contain_text("城南社区甲小区 2")
    expect(staff.page.locator(CORNERS)).to_have_count(0)
    expect(staff.page.locator(".draw-bar, .said")).to_be_hidden()


def test_an_area_is_refused_twice_and_keeps_its_name(sit: Sit) -> None:
    staff = begin(sit, "mouse")
    staff.press("[data-tool=draw]")
    # Its corners cross, so it is no area.
    staff.sketch((116.3085, 31.4095), (116.311, 31.413), (116.311, 31.4095), (116.3085, 31.413))
    staff.page.locator(".draw-bar-form input").fill("新苑小区")
    staff.page.keyboard.press("Enter")
    refused(staff, "does not cross itself", 4)
    staff.press(".draw-bar .primary")
    refused(staff, "does not cross itself", 4)
    # The last corner is taken back by key, and set where it was meant.
    staff.page.keyboard.press("Backspace")
    expect(staff.page.locator(CORNERS)).to_have_count(3)
    staff.press(".draw-bar .primary")
    expect(staff.page.locator(".changes")).to_contain_text("新苑小区")
    assert staff.ask(f"/api/plans/{staff.plan}")["step"] == 1


def test_backspace_takes_a_corner_back_while_drawing(sit: Sit) -> None:
    staff = opened(sit)
    staff.choose((116.319, 31.4193), "城南社区")
    staff.press("[data-tool=split]")
    staff.page.locator(".cursor-marker").wait_for(state="attached")
    corners = staff.page.locator(f"{CORNERS}:not(.cursor-marker)")
    for number, place in enumerate([(116.317, 31.418), (116.318, 31.4185)], start=1):
        staff.pick(place)
        expect(corners).to_have_count(number)
    staff.page.keyboard.press("Backspace")
    expect(corners).to_have_count(1)
    staff.page.keyboard.press("Control+z")
    expect(corners).to_have_count(0)
    # Nothing of the plan was undone, and Escape gives up.
    staff.page.keyboard.press("Escape")
    expect(staff.page.locator(".draw-bar")).to_be_hidden()
