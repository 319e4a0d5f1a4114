"""Tools of the drawing mode, in a real browser: an edge redrawn, two grids merged, a plan drawn
again after another one was published, before and after on the map."""

from __future__ import annotations

from typing import Any

from playwright.sync_api import expect

from tests.browser.drawing import Desk, LonLat, Sit, opened, publish

ESTATE = (116.305, 31.405)  # 城南社区甲小区, from 116.302, 31.402 to 116.308, 31.408
NORTH_WEST, NORTH_EAST = (116.302, 31.408), (116.308, 31.408)
JUNCTION = (116.32, 31.42)


def shape(desk: Desk, name: str) -> Any:
    """Return the outer ring of a grid as the plan has it."""
    grids = desk.ask(f"/api/plans/{desk.plan}/ground?grid=4")["grids"]
    [found] = [each for each in grids if each["name"] == name]
    return found["polygons"][0][0]


def steps(desk: Desk, count: int) -> None:
    expect(desk.page.locator(".history .count")).to_have_text(str(count))
    desk.settle()


def split(desk: Desk, *line: LonLat) -> None:
    desk.press("[data-tool=split]")
    desk.sketch(*line)


def test_an_edge_is_drawn_anew_from_corner_to_corner(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(ESTATE, 16)
    staff.choose(ESTATE, "城南社区甲小区")
    staff.press("[data-tool=redraw]")
    # Both ends hold on to corners of the edge.
    staff.sketch(NORTH_WEST, (116.305, 31.4085), NORTH_EAST)
    steps(staff, 1)
    expect(staff.page.locator(".undo")).to_contain_text("Redraw an edge")
    ring = shape(staff, "城南社区甲小区")
    assert len(ring) == 6
    [made] = [xy for xy in ring if 116.3045 < xy[0] < 116.3055]
    assert abs(made[1] - 31.4085) < 1e-4
    assert list(NORTH_WEST) in ring
    assert list(NORTH_EAST) in ring


def test_two_parts_are_merged_again(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(ESTATE, 16)
    staff.choose(ESTATE, "城南社区甲小区")
    split(staff, (116.3045, 31.4012), (116.3045, 31.4088))
    steps(staff, 1)
    staff.press("[data-tool=merge]")
    # What is no neighbour is not taken.
    staff.pick((116.301, 31.401))
    expect(staff.page.locator(".notice-warn")).to_contain_text("highlighted")
    staff.pick((116.303, 31.405))
    steps(staff, 2)
    expect(staff.page.locator(".undo")).to_contain_text("Undo: Merge")
    names = {each["name"] for each in staff.ask(f"/api/plans/{staff.plan}/ground?grid=4")["grids"]}
    assert "城南社区甲小区 2" not in names


def test_the_map_shows_before_both_or_after(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(ESTATE, 16)
    switch = staff.page.locator(".phases")
    expect(switch).to_be_hidden()
    staff.choose(ESTATE, "城南社区甲小区")
    legend = staff.page.locator(".legend-body")
    expect(legend).not_to_contain_text("As the plan draws it")
    split(staff, (116.3045, 31.4012), (116.3045, 31.4088))
    steps(staff, 1)
    expect(switch).to_be_visible()
    expect(legend).to_contain_text("Goes from 城南社区甲小区")
    expect(legend).not_to_contain_text("Comes to")
    # The line that splits it is new, none is gone.
    expect(legend).to_contain_text("As the plan draws it")
    expect(legend).not_to_contain_text("As published")
    staff.press("[data-phase=before]")
    expect(legend).to_contain_text("Boundaries as published")
    expect(legend).not_to_contain_text("Goes from")
    expect(staff.page.locator(".handle")).to_have_count(0)
    staff.press("[data-phase=after]")
    expect(legend).to_contain_text("Boundaries as planned")
    assert staff.page.locator(".handle").count() > 0
    # Anyone who draws on sees the plan.
    staff.press("[data-phase=before]")
    staff.press("[data-tool=split]")
    expect(staff.page.locator("[data-phase=both]")).to_have_attribute("aria-pressed", "true")
    staff.page.keyboard.press("Escape")
    staff.press("[data-send=undo]")
    expect(switch).to_be_hidden()


class TestRebase:
    def test_a_plan_is_drawn_again_after_another_was_published(self, sit: Sit) -> None:
        mine = opened(sit, "我的方案")
        mine.choose((116.319, 31.4193), "城南社区")
        mine.drag(JUNCTION, 30, -30, aside=True)
        steps(mine, 1)
        mine.look_at(ESTATE, 16)
        mine.choose(ESTATE, "城南社区甲小区")
        mine.drag(NORTH_EAST, 20, -20, aside=True)
        steps(mine, 2)
        # Another plan moves the corner of the estate first, and is published.
        theirs = opened(sit, "别人的方案")
        theirs.look_at(ESTATE, 16)
        theirs.choose(ESTATE, "城南社区甲小区")
        theirs.drag(NORTH_EAST, -20, 20, aside=True)
        steps(theirs, 1)
        expect(theirs.page.locator("article")).to_contain_text("我的方案")
        publish(theirs, sit)
        mine.page.reload()
        mine.settle()
        expect(mine.page.locator(".refused")).to_contain_text("Newer versions")
        expect(mine.page.locator(".refused")).to_contain_text("城南社区甲小区")
        mine.press("section button", "Redraw on today's boundaries")
        expect(mine.page.locator(".refused")).to_have_count(0)
        mine.press("[data-key=steps] summary")
        rows = mine.page.locator("[data-key=steps] li")
        expect(rows).to_have_count(2)
        expect(rows.first).not_to_contain_text("Could not")
        # The corner is no longer where this step looked for it.
        expect(rows.last).to_contain_text("Could not be redone")
        expect(rows.last).to_contain_text("no corner")
        assert list(JUNCTION) not in shape(mine, "城南社区")
        assert list(NORTH_EAST) not in shape(mine, "城南社区甲小区")
