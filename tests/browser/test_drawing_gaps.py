"""Drawing where no grid is yet, in a real browser: compounds in territory gaps, communities in gaps
of a town, and grids inside others."""

from __future__ import annotations

from playwright.sync_api import expect

from geodata.database import connecting as db
from tests.browser.drawing import Desk, Sit, opened

GAP = (116.31, 31.4115)  # in 城南社区, outside its compounds
NORTH_EAST = (116.325, 31.435)  # 山口村, beside the mark of the gap


def history(desk: Desk, count: int) -> None:
    expect(desk.page.locator(".history .count")).to_have_text(str(count))


def name_it(desk: Desk, name: str) -> None:
    desk.page.locator(".draw-bar-form input").fill(name)
    desk.page.keyboard.press("Enter")


def test_a_compound_is_drawn_in_a_territory_gap(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(GAP, 16)
    staff.choose(GAP, "城南社区")
    staff.press("[data-tool=draw]")
    # Over the neighbour's edge: what it has stays its own, and the edge is shared.
    staff.sketch((116.308, 31.4095), (116.3127, 31.4095), (116.3127, 31.412), (116.308, 31.412))
    name_it(staff, "新苑小区")
    history(staff, 1)
    expect(staff.page.locator(".changes")).to_contain_text("新苑小区")
    grids = staff.ask(f"/api/plans/{staff.plan}/ground?grid=4")["grids"]
    [made] = [each for each in grids if each["name"] == "新苑小区"]
    assert (made["level"], made["parent_id"]) == ("compound", 4)
    assert made["code"].startswith("341525100001")


def test_an_enclave_is_cut_out_of_a_community(sit: Sit) -> None:
    staff = opened(sit)
    staff.look_at(GAP, 16)
    staff.choose(GAP, "城南社区")
    staff.press("[data-tool=cut_out]")
    staff.sketch((116.309, 31.41), (116.3115, 31.41), (116.3115, 31.413), (116.309, 31.413))
    history(staff, 1)
    grids = staff.ask(f"/api/plans/{staff.plan}/ground?grid=4")["grids"]
    [made] = [each for each in grids if each["name"] == "城南社区 2"]
    assert made["level"] == "community"
    [around] = [each for each in grids if each["grid_id"] == 4]
    [[_outer, hole]] = around["polygons"]
    assert {tuple(xy) for xy in hole} == {tuple(xy) for xy in made["polygons"][0][0]}


class TestGaps:
    def test_a_community_is_drawn_in_the_gap_of_a_town(self, sit: Sit, database_url: str) -> None:
        with db.connect(database_url) as conn:
            conn.execute(
                "UPDATE grid_version SET valid = daterange(lower(valid), '2024-02-01')"
                " WHERE name LIKE '山口村%'"
            )
        staff = sit("staff")
        plan = staff.new_plan("新设社区")
        staff.go(f"?mode=draw&plan={plan}&grid=3&z=14&lat=31.42&lon=116.33&lang=en")
        expect(staff.page.locator("html[data-drawing]")).to_be_attached()
        staff.choose(NORTH_EAST, "佛子岭镇")
        assert staff.page.locator("[data-tool=draw_town]").count() == 0
        staff.press("[data-tool=draw_community]")
        # Roughly: over the town's border in the north and east, along the neighbours' edges.
        staff.sketch((116.32, 31.42), (116.341, 31.42), (116.341, 31.441), (116.32, 31.441))
        name_it(staff, "新村")
        history(staff, 1)
        expect(staff.page.locator("[data-tool=draw_community]")).to_have_count(0)
        grids = staff.ask(f"/api/plans/{plan}/ground?grid=3")["grids"]
        [made] = [each for each in grids if each["name"] == "新村"]
        [[ring]] = made["polygons"]
        corners = {(116.32, 31.42), (116.34, 31.42), (116.34, 31.44), (116.32, 31.44)}
        assert {tuple(xy) for xy in ring} == corners
        assert (made["level"], made["parent_id"]) == ("community", 3)
        # Nothing is left that would have to be mended.
        expect(staff.page.locator(".fault-blocking, .fault-warning")).to_have_count(0)
