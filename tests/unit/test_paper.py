"""Maps on paper, measured."""

import re

import numpy as np
import pytest
import shapely
from pyproj import Geod

from geodata.model import Level
from layers import paper

BOX = (116.30, 31.40, 116.31, 31.41)
GEOD = Geod(ellps="WGS84")


def draw(*areas, box=BOX, **more):
    return paper.draw(box, areas, paper.Size(87.0, 105.0), paper.Overlay(**more))


def area(west, south, east, north, *, name="甲", level: Level = "compound", is_marked=False):
    return paper.Area(level, name, shapely.box(west, south, east, north), is_marked)


def points(d):
    return np.array(
        [[float(n) for n in pair.split()] for pair in re.findall(r"[\d. -]+", d) if pair]
    )


def test_a_length_on_paper_is_the_one_on_the_ground_at_the_scale():
    line = shapely.LineString([(116.302, 31.402), (116.308, 31.407)])
    drawing = draw(moved=line)
    one, other = points(drawing.moved)
    on_paper_mm = float(np.linalg.norm(one - other))
    assert on_paper_mm * drawing.scale / 1000 == pytest.approx(GEOD.geometry_length(line), rel=2e-3)
    assert drawing.scale in paper.SCALES
    assert drawing.bar_mm * drawing.scale / 1000 == pytest.approx(drawing.bar_m)


@pytest.mark.parametrize("size", [0.0005, 0.003, 0.05, 0.6])
def test_everything_asked_for_lies_in_the_frame(size):
    box = (116.3, 31.4, 116.3 + size, 31.4 + size * 0.7)
    drawing = draw(moved=shapely.box(*box).exterior, box=box)
    found = points(drawing.moved)
    assert found.min() >= 0
    assert (found[:, 0] <= drawing.width).all()
    assert (found[:, 1] <= drawing.height).all()
    # Not lost in it either.
    assert np.ptp(found, axis=0).max() > 0.6 * drawing.width
    assert drawing.height <= 105


def test_names_do_not_cover_each_other_and_those_that_stand_out_come_first():
    few = [
        area(116.300, 31.40, 116.305, 31.41, name="东"),
        area(116.305, 31.40, 116.310, 31.41, name="西", is_marked=True),
    ]
    tiny = [
        area(116.305 + n / 5e5, 31.405, 116.305 + (n + 1) / 5e5, 31.405001, name="很长的名字")
        for n in range(30)
    ]
    names = draw(*few, *tiny).names
    assert [name.text for name in names] == ["西", "东"]
    assert names[0].is_marked


def test_what_lies_outside_the_frame_is_cut_off():
    drawing = draw(area(110, 25, 120, 35, level="town"), hatched=shapely.box(110, 25, 120, 35))
    assert drawing.outlines == ()
    assert points(drawing.hatched).min() >= 0


def test_what_is_too_small_to_be_drawn_is_left_out_and_disturbs_nobody():
    drawing = draw(
        area(116.3, 31.4, 116.31, 31.41),
        area(116.305, 31.405, 116.305000001, 31.405000001, name="无", level="compound"),
    )
    assert [name.text for name in drawing.names] == ["甲"]


def test_areas_are_filled_by_class_each_as_one_path():
    drawing = draw(
        paper.Area("compound", "东", shapely.box(116.300, 31.40, 116.304, 31.41), False, "dots"),
        paper.Area("compound", "中", shapely.box(116.304, 31.40, 116.307, 31.41), False, "cross"),
        paper.Area("compound", "西", shapely.box(116.307, 31.40, 116.310, 31.41), False, "dots"),
    )
    assert [(fill.fill, fill.d.count("M")) for fill in drawing.fills] == [("dots", 2), ("cross", 1)]


def test_where_a_name_does_not_fit_its_short_form_stands():
    narrow = [
        paper.Area(
            "compound", "一个很长很长很长的名字" * 3,
            shapely.box(116.3 + n / 400, 31.4, 116.3025 + n / 400, 31.41), False, short=str(n),
        )
        for n in range(4)
    ]  # fmt: skip
    assert sorted(name.text for name in draw(*narrow).names) == ["0", "1", "2", "3"]


def test_pins_keep_their_place_and_names_give_way():
    free = draw(area(116.3047, 31.4047, 116.3053, 31.4053)).names
    pinned = draw(
        area(116.3047, 31.4047, 116.3053, 31.4053),
        pins=[paper.Pin("A", 116.305, 31.405), paper.Pin("B", 117.0, 31.405)],
    )
    assert [pin.text for pin in pinned.pins] == ["A"]
    assert len(free) == 1
    assert pinned.names == ()


def test_facilities_are_marked_where_they_are():
    drawing = draw(marks=np.array([[116.305, 31.405], [116.5, 31.405]]))
    [(x, y)] = drawing.marks
    assert x == pytest.approx(drawing.width / 2, abs=0.1)
    assert y == pytest.approx(drawing.height / 2, abs=0.1)
