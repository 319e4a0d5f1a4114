"""The staff guide's story of the planning office's red line in a real browser, by mouse and touch:
a file becomes a reference layer of a plan, and a boundary is drawn along its line."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import expect

from geodata.frames import round_to_grid
from tests import reference_files as files
from tests.browser.drawing import Desk, Sit
from tests.browser.test_drawing import ESTATE, SOUTH

# Through 城南社区甲小区, from outside its southern edge to outside its northern one.
RED_LINE = [
    (116.3046, 31.4012),
    (116.3051, 31.4024),
    (116.3043, 31.4036),
    (116.3049, 31.4047),
    (116.3044, 31.4061),
    (116.3052, 31.4073),
    (116.3047, 31.4088),
]
RING = [
    (116.304, 31.403),
    (116.3045, 31.4035),
    (116.3055, 31.4031),
    (116.306, 31.404),
    (116.3056, 31.405),
    (116.306, 31.406),
    (116.305, 31.4064),
    (116.3041, 31.406),
    (116.3045, 31.4045),
    (116.304, 31.403),
]


def open_estate(staff: Desk, title: str) -> int:
    plan = staff.new_plan(title)
    staff.look_at(SOUTH, 15)
    staff.pick(SOUTH)
    expect(staff.page.locator(".place h2")).to_contain_text("城南社区")
    staff.settle()
    return plan


def unfold(staff: Desk) -> None:
    staff.unfold()
    if staff.page.locator(".references > details:not([open])").count():
        staff.press(".references > details > summary")


def compounds(staff: Desk, plan: int) -> list[dict[str, Any]]:
    grid = staff.page.locator("[data-plan]").get_attribute("data-grid")
    ground = staff.ask(f"/api/plans/{plan}/ground?grid={grid}")["grids"]
    return [each for each in ground if each["level"] == "compound" and each["is_changed"]]


def corners(grid: dict[str, Any]) -> set[tuple[float, float]]:
    return {tuple(corner) for polygon in grid["polygons"] for ring in polygon for corner in ring}


@pytest.mark.parametrize("by", ["mouse", "touch"])
def test_an_estate_is_split_along_the_red_line(sit: Sit, tmp_path: Path, by: str) -> None:
    staff = sit("staff", by)
    plan = open_estate(staff, f"沿红线拆分甲小区 {by}")
    unfold(staff)
    expect(staff.page.locator(".references")).to_contain_text("Only lines and points are kept")
    drawing = files.dxf(tmp_path / "用地红线.dxf", [RED_LINE], label=(116.305, 31.405))
    staff.page.set_input_files("[data-reference-file]", str(drawing))
    # A drawing does not say its coordinate system; the likely one is chosen already.
    expect(staff.page.locator("[data-adding-fault]")).to_contain_text("EPSG:4548")
    expect(staff.page.locator("[data-adding-choice=crs]")).to_have_value("EPSG:4548")
    staff.press("[data-adding-again]")
    expect(staff.page.locator(".reference-name")).to_have_text("用地红线")
    staff.settle()
    staff.look_at(ESTATE, 15)
    staff.choose((116.3065, 31.405), "城南社区甲小区")
    staff.press("[data-tool=split]")
    staff.page.locator(".cursor-marker").wait_for(state="attached")
    staff.press(".draw-bar button", "Follow lines")
    expect(staff.page.locator(".draw-bar")).to_contain_text("All corners between two points")
    staff.sketch(RED_LINE[0], RED_LINE[-1])
    expect(staff.page.locator(".changes")).to_contain_text("城南社区甲小区 2")
    # The line's corners within the estate are the new boundary's, to the last digit, on both sides.
    one, two = (corners(each) for each in compounds(staff, plan))
    assert set(RED_LINE[1:-1]) <= one & two
    assert len(one & two) == len(RED_LINE)


def test_the_way_is_seen_before_it_is_taken_and_taken_back_at_once(
    sit: Sit, tmp_path: Path
) -> None:
    staff = sit("staff")
    open_estate(staff, "沿线预览")
    unfold(staff)
    path = files.geojson(tmp_path / "ring.geojson", files.line(RING))
    staff.page.set_input_files("[data-reference-file]", str(path))
    expect(staff.page.locator(".reference-name")).to_have_text("ring")
    staff.settle()
    staff.look_at(ESTATE, 15)
    staff.choose((116.303, 31.405), "城南社区甲小区")
    staff.press("[data-tool=cut_out]")
    staff.page.locator(".cursor-marker").wait_for(state="attached")
    staff.page.keyboard.press("t")
    expect(staff.page.locator(".draw-bar button", has_text="Follow")).to_have_attribute(
        "aria-pressed", "true"
    )
    staff.pick(RING[0])
    staff.page.mouse.move(*staff.at(RING[2]))
    staff.page.mouse.move(*staff.at(RING[3]))
    staff.wait_until(
        """() => Object.values(map_grid._layers)
          .find((each) => each.options.weight === 5)?.getLatLngs().length === 4"""
    )
    # Three places of a ring, and it is closed along itself.
    staff.pick(RING[3])
    staff.press(".draw-bar button", "Remove the last corner")
    markers = staff.page.locator(".leaflet-marker-pane .marker-icon:not(.cursor-marker)")
    expect(markers).to_have_count(1)
    for place in (RING[3], RING[6]):
        staff.pick(place)
    staff.press(".draw-bar .primary")
    expect(staff.page.locator(".changes")).to_contain_text("城南社区甲小区 2")
    found = compounds(staff, staff.plan)
    cut = next(each for each in found if each["name"].endswith("2"))
    assert corners(cut) == set(RING)


def test_layers_are_dropped_hidden_renamed_and_removed(sit: Sit, tmp_path: Path) -> None:
    staff = sit("staff")
    open_estate(staff, "图层管理")
    unfold(staff)
    staff.page.evaluate(
        """([name, text]) => {
          const data = new DataTransfer();
          data.items.add(new File([text], name));
          for (const kind of ["dragover", "drop"]) {
            map_grid.getContainer().dispatchEvent(
              new DragEvent(kind, { dataTransfer: data, bubbles: true, cancelable: true }));
          }
        }""",
        ["<b>axis.geojson", files.geojson(tmp_path / "a", files.line(RED_LINE)).read_text()],
    )
    expect(staff.page.locator(".reference-name")).to_have_text("<b>axis")
    staff.settle()
    page = staff.page
    page.locator("[data-of=visible]").uncheck()
    page.reload()
    staff.settle()
    expect(page.locator("[data-of=visible]")).not_to_be_checked()
    staff.press("[data-reference] summary")
    page.locator("[data-reference-name] input").fill("道路中线")
    staff.press("[data-reference-name] button")
    expect(page.locator(".reference-name")).to_have_text("道路中线")
    staff.settle()
    staff.press("[data-do=reference-remove]")
    staff.press("[data-do=reference-keep]")
    expect(page.locator("[data-sure]")).to_be_hidden()
    staff.press("[data-do=reference-remove]")
    staff.press("[data-do=reference-gone]")
    expect(page.locator(".references")).to_contain_text("Only lines and points are kept")


def test_what_goes_wrong_is_said_beside_it_and_nothing_is_lost(sit: Sit, tmp_path: Path) -> None:
    staff = sit("staff")
    plan = open_estate(staff, "出错")
    unfold(staff)
    path = files.dxf(tmp_path / "a.dxf", [RED_LINE])
    staff.page.locator("[data-adding-choice=crs]").select_option("other")
    staff.page.locator("[data-adding-choice=epsg]").fill("4549")
    staff.page.locator("[data-adding-choice=epsg]").blur()
    staff.page.set_input_files("[data-reference-file]", str(path))
    expect(staff.page.locator("[data-adding-fault]")).to_contain_text("km away")
    # The panel comes again after a step, and still has the file.
    staff.look_at(ESTATE, 15)
    staff.choose(ESTATE, "城南社区甲小区")
    expect(staff.page.locator("[data-adding-fault]")).to_contain_text("km away")
    staff.page.context.set_offline(True)
    staff.press("[data-adding-again]")
    expect(staff.page.locator("[data-adding-fault]")).to_contain_text("no connection")
    staff.page.context.set_offline(False)
    staff.press("[data-adding-again]")
    expect(staff.page.locator(".reference-name")).to_have_text("a")
    [made] = staff.ask(f"/api/plans/{plan}/references")["references"]
    assert made["crs"].startswith("EPSG:4548")
    assert round_to_grid(made["bounds"][:2]).tolist() == [116.3043, 31.4012]


def test_a_corner_holds_on_to_a_layer_on_show(sit: Sit, tmp_path: Path) -> None:
    staff = sit("staff")
    plan = open_estate(staff, "吸附参考图层")
    unfold(staff)
    axis = [(116.3088, 31.4009), (116.3091, 31.4014), (116.3097, 31.4016)]
    path = files.geojson(tmp_path / "axis.geojson", files.line(axis))
    staff.page.set_input_files("[data-reference-file]", str(path))
    expect(staff.page.locator(".reference-name")).to_have_text("axis")
    staff.settle()
    staff.look_at(ESTATE, 15)
    staff.choose(ESTATE, "城南社区甲小区")
    corner = (116.308, 31.402)
    (x, y), (to_x, to_y) = staff.at(corner), staff.at(axis[1])
    staff.drag(corner, to_x - x + 4, to_y - y + 3)
    expect(staff.page.locator(".history")).to_contain_text("Move a corner")
    staff.settle()
    [moved] = compounds(staff, plan)
    assert axis[1] in corners(moved)
    # With Alt held it goes where the hand goes.
    staff.drag(axis[1], 6, 5, aside=True)
    expect(staff.page.locator(".history .count")).to_have_text("2")
    staff.settle()
    [moved] = compounds(staff, plan)
    assert not corners(moved) & {*axis, corner}
