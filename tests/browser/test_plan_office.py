"""Plans in the panel, in a real browser: shared with others, put away and fetched back."""

from __future__ import annotations

import pytest
from playwright.sync_api import expect

from tests.browser.drawing import Desk, Sit

BANK = (116.317, 31.416)


def share(desk: Desk, *names: str) -> None:
    """Tick who draws in the plan, and nobody else."""
    if desk.page.locator("[data-key=people]:not([open])").count():
        desk.press("[data-key=people] summary")
    for box in desk.page.locator(".choice").all():
        wanted = any(name in box.inner_text() for name in names)
        box.locator("input").set_checked(wanted)
    desk.press("[data-key=people] button")


def test_a_plan_is_shared_and_taken_away_again(sit: Sit) -> None:
    staff, colleague = sit("staff"), sit("colleague")
    plan = staff.new_plan("一起划")
    address = f"?mode=draw&plan={plan}&lang=en"
    colleague.go(address)
    expect(colleague.page.locator(".deeds")).to_contain_text("This plan is 张三's")
    assert colleague.page.locator("[data-key=people]").count() == 0
    share(staff, "李四")
    expect(staff.page.locator("article .kicker")).to_contain_text("with 李四")
    colleague.go(address)
    expect(colleague.page.locator(".place h2")).to_have_text("Where to draw")
    # Taken away, by mistake, and brought back by one press.
    share(staff)
    expect(staff.page.locator("article .kicker")).not_to_contain_text("李四")
    expect(staff.page.locator(".notice")).to_contain_text("shared with those who are ticked")
    staff.press(".notice button", "Undo")
    expect(staff.page.locator("article .kicker")).to_contain_text("with 李四")
    # Somebody it is shared with may let others in, too; nobody else decides on it.
    official = sit("official")
    official.go(address)
    assert official.page.locator("[data-key=people], [data-key=copy]").count() == 0


def test_a_plan_is_put_away_and_brought_back(sit: Sit) -> None:
    staff = sit("staff", "touch")
    staff.new_plan("放到一边")
    staff.press("summary", "Withdraw")
    staff.press("[data-key^='Withdraw'] button")
    expect(staff.page.locator("article .kicker .level")).to_contain_text("Withdrawn")
    staff.settle()
    staff.press(".deeds button", "Archive")
    expect(staff.page.locator(".put-away")).to_be_visible()
    staff.press(".notice button", "Undo")
    expect(staff.page.locator(".put-away")).to_have_count(0)
    staff.settle()
    staff.press(".deeds button", "Archive")
    expect(staff.page.locator(".put-away")).to_be_visible()
    staff.press(".back a")
    expect(staff.page.locator("article h1 .count")).to_have_text("1")
    assert "list=archived" in staff.page.url
    staff.press(".plans a", "放到一边")
    expect(staff.page.locator(".put-away")).to_be_visible()
    staff.settle()
    staff.press(".put-away button")
    expect(staff.page.locator(".put-away")).to_have_count(0)
    staff.press(".back a")
    expect(staff.page.locator("article h1")).to_have_text("Plans")
    expect(staff.page.locator(".plans a", has_text="放到一边")).to_be_visible()
    assert staff.page.locator(".more").count() == 0


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_who_decides_on_a_plan_sees_first_what_changes(sit: Sit, by: str) -> None:
    staff = sit("staff")
    plan = staff.new_plan("河岸小区划归河东村")
    staff.open((116.31, 31.405), "城南社区")
    staff.look_at(BANK, 15)
    staff.choose(BANK, "河岸小区")
    staff.press("[data-tool=hand_over]")
    staff.pick((116.325, 31.416))
    expect(staff.page.locator(".changes")).to_contain_text("handed over")
    staff.deed("Submit for approval", "Submitted")
    official = sit("official", by)
    official.go(f"?mode=draw&plan={plan}&lang=en")
    expect(official.page.locator(".place h2")).to_contain_text("Looking at 衡山镇")
    expect(official.page.locator(".phases")).to_be_visible()
    # The compound that changes hands fills the map, not its town.
    official.page.wait_for_function(
        """([lon, lat]) => {
          const { x, y } = map_grid.latLngToContainerPoint([lat, lon]);
          const { x: w, y: h } = map_grid.getSize();
          return map_grid.getZoom() >= 14 && x > 0 && x < w && y > 0 && y < h;
        }""",
        arg=BANK,
    )
    # Leaving it is not undone.
    official.settle()
    official.press("[data-do=leave-grid]")
    expect(official.page.locator(".place h2")).to_have_text("Where to look")
    official.settle()
    expect(official.page.locator(".place h2")).to_have_text("Where to look")
