"""Corners under fingers and keys, in a real browser: how large their targets are and which one a
touch means; removing a corner, moving it by keys."""

from __future__ import annotations

import math

from playwright.sync_api import expect

from tests.browser.drawing import Desk, Sit, opened

ESTATE = (116.305, 31.405)  # 城南社区甲小区, from 116.302, 31.402 to 116.308, 31.408
SOUTH_WEST, SOUTH_EAST = (116.302, 31.402), (116.308, 31.402)
REACH_PX = 22  # half of what a finger needs
CENTRES = """() => [...document.querySelectorAll(".handle")].map((handle) => {
  const box = handle.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
})"""
HIT = """([x, y]) => document.elementFromPoint(x, y)?.closest(".handle")
  ? true : document.elementFromPoint(x, y)?.outerHTML.slice(0, 80) ?? "nothing" """
FOCUSED = """() => {
  const box = document.activeElement.getBoundingClientRect();
  return [box.x + box.width / 2, box.y + box.height / 2];
}"""


def bend(desk: Desk, *, n: int) -> None:
    """Let the southern edge of the estate run in a zigzag of n corners more."""
    step = (SOUTH_EAST[0] - SOUTH_WEST[0]) / (n + 1)
    teeth = [
        [round(SOUTH_WEST[0] + step * at, 7), round(31.402 - 0.0003 * (at % 2), 7)]
        for at in range(1, n + 1)
    ]
    path = [list(SOUTH_WEST), *teeth, list(SOUTH_EAST)]
    desk.page.evaluate(
        """async ([plan, operation]) => {
          const token = JSON.parse(document.getElementById("panel").getAttribute("hx-headers"));
          const revision = (await (await fetch(`/api/plans/${plan}`)).json()).revision;
          const answer = await fetch(`/api/plans/${plan}/steps`, {
            method: "POST",
            headers: { ...token, "Content-Type": "application/json", "If-Match": `"${revision}"` },
            body: JSON.stringify(operation),
          });
          if (!answer.ok) throw new Error(await answer.text());
        }""",
        [desk.plan, {"do": "reshape", "old": [list(SOUTH_WEST), list(SOUTH_EAST)], "new": path}],
    )


def test_every_corner_has_room_for_a_finger_and_the_nearest_is_meant(sit: Sit) -> None:
    staff = sit("staff", "touch")
    plan = staff.new_plan("手指")
    bend(staff, n=60)
    staff.go(f"?mode=draw&plan={plan}&grid=4&lang=en")
    staff.look_at((116.305, 31.402), 16)
    staff.choose((116.305, 31.4035), "城南社区甲小区")
    centres = [tuple(each) for each in staff.page.evaluate(CENTRES)]
    whole = staff.page.viewport_size
    assert whole
    sheet = staff.page.locator("#panel").bounding_box()
    assert sheet
    seen = [
        (x, y) for x, y in centres if 30 < x < whole["width"] - 30 and 120 < y < sheet["y"] - 80
    ]
    assert 5 <= len(seen) < 40
    for x, y in seen:
        for turn in range(8):
            angle = math.tau * turn / 8
            point = (x + (REACH_PX - 1) * math.cos(angle), y + (REACH_PX - 1) * math.sin(angle))
            assert staff.page.evaluate(HIT, list(point)) is True
            if turn % 2:
                continue
            # By mouse: the events of a finger that are made up come in no sure order.
            staff.page.mouse.move(*point)
            staff.page.mouse.down()
            meant = min(centres, key=lambda each: math.dist(each, point))
            assert math.dist(staff.page.evaluate(FOCUSED), meant) < 1
            staff.page.mouse.up()
    assert staff.ask(f"/api/plans/{plan}")["step"] == 1


def test_a_corner_is_removed_by_key_and_by_a_long_press(sit: Sit) -> None:
    staff = opened(sit)
    bend(staff, n=2)
    staff.page.reload()
    staff.settle()
    staff.look_at(ESTATE, 16)
    staff.choose(ESTATE, "城南社区甲小区")
    corners = staff.page.locator(".handle-corner")
    expect(corners).to_have_count(6)
    staff.page.locator(".handle-corner:not(.handle-junction)").nth(1).focus()
    staff.page.keyboard.press("Delete")
    expect(staff.page.locator(".history .count")).to_have_text("2")
    expect(corners).to_have_count(5)
    finger = sit("staff", "touch")
    finger.go(f"?mode=draw&plan={staff.plan}&grid=4&lang=en")
    finger.look_at(ESTATE, 16)
    finger.choose(ESTATE, "城南社区甲小区")
    expect(finger.page.locator(".handle-corner")).to_have_count(5)
    tooth = next(
        xy
        for each in finger.ask(f"/api/plans/{staff.plan}/ground?grid=4")["grids"]
        if each["name"] == "城南社区甲小区"
        for xy in each["polygons"][0][0]
        if 116.3021 < xy[0] < 116.3079
    )
    count = finger.page.locator(".history .count")
    finger.hold(tuple(tooth), until=lambda: expect(count).to_have_text("3"))
    expect(finger.page.locator(".handle-corner")).to_have_count(4)


def test_a_corner_goes_by_arrow_keys(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(ESTATE, 16)
    staff.choose(ESTATE, "城南社区甲小区")
    staff.page.locator(".handle-corner").first.focus()
    before = staff.page.evaluate(FOCUSED)
    for key in ("Shift+ArrowLeft", "Shift+ArrowLeft", "ArrowUp", "Enter"):
        staff.page.keyboard.press(key)
    expect(staff.page.locator(".history")).to_contain_text("Move a corner")
    # It keeps the keyboard, where it is now.
    after = staff.page.evaluate(FOCUSED)
    assert math.dist(after, (before[0] - 20, before[1] - 1)) < 1.5
