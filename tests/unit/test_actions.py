"""What each action does to the ground, on a county that one can draw by hand."""

from __future__ import annotations

from types import MappingProxyType
from typing import Any

import pytest
import shapely
from shapely.geometry import Polygon

from geodata.errors import InvalidInputError
from geodata.model import Level
from geodata.partition import actions
from geodata.partition.ground import Ground, LawError, Piece
from tests.county import box, noded

COUNTY, WEST, EAST = 1, 10, 11
# South and north of each town; a compound at the border of the towns, one inside.
WS, WN, ES, EN = 20, 21, 22, 23
AT_BORDER, INSIDE = 30, 31
NEW = 99
MIDDLE = (116.32, 31.42)


@pytest.fixture
def ground() -> Ground:
    at_border = box(116.316, 31.404, 116.32, 31.410)
    areas = {
        WS: box(116.30, 31.40, 116.32, 31.42),
        WN: box(116.30, 31.42, 116.32, 31.44),
        ES: box(116.32, 31.40, 116.34, 31.42),
        EN: box(116.32, 31.42, 116.34, 31.44),
    }
    others = (*areas.values(), at_border)
    west, east = box(116.30, 31.40, 116.32, 31.44), box(116.32, 31.40, 116.34, 31.44)
    return Ground(
        MappingProxyType({
            COUNTY: Piece("county", None, noded(box(116.30, 31.40, 116.34, 31.44), *others)),
            WEST: Piece("town", COUNTY, noded(west, *others)),
            EAST: Piece("town", COUNTY, noded(east, *others)),
            **{
                id_: Piece("community", WEST if id_ in (WS, WN) else EAST, noded(area, *others))
                for id_, area in areas.items()
            },
            AT_BORDER: Piece("compound", WS, at_border),
            INSIDE: Piece("compound", WS, box(116.304, 31.404, 116.308, 31.408)),
        })
    )  # fmt: skip


def corners(ground: Ground, id_: int) -> set[tuple[float, float]]:
    return {(x, y) for x, y in shapely.get_coordinates(ground[id_].shape)}


def test_a_corner_takes_all_levels_along(ground: Ground) -> None:
    to = (116.321, 31.421)
    after = actions.move(ground, MIDDLE, to)
    assert after.changed(ground) == {WEST, EAST, WS, WN, ES, EN}
    for id_ in after.changed(ground):
        assert to in corners(after, id_)
        assert MIDDLE not in corners(after, id_)
    # The ground before is as it was.
    assert MIDDLE in corners(ground, WS)
    assert actions.move(after, to, MIDDLE)[WS].shape.equals_exact(ground[WS].shape)


def test_an_edge_is_redrawn_in_every_ring(ground: Ground) -> None:
    old = [(116.32, 31.404), (116.32, 31.410)]
    new = [old[0], (116.3211, 31.4061), (116.3209, 31.4082), old[1]]
    after = actions.reshape(ground, old, new)
    # The compound at the border goes along, with both communities and both towns.
    assert after.changed(ground) == {WEST, EAST, WS, ES, AT_BORDER}
    for id_ in after.changed(ground):
        assert set(new) <= corners(after, id_)
    back = actions.reshape(after, new[::-1], old[::-1])
    for id_ in (WEST, EAST, WS, ES, AT_BORDER):
        assert back[id_].shape.equals(ground[id_].shape)


def test_corners_between_are_left_out_where_nothing_meets(ground: Ground) -> None:
    after = actions.reshape(
        ground, [(116.304, 31.404), (116.308, 31.404), (116.308, 31.408)],
        [(116.304, 31.404), (116.308, 31.408)],
    )  # fmt: skip
    assert len(corners(after, INSIDE)) == 3
    with pytest.raises(InvalidInputError, match="Another border meets"):
        # The border of the two communities in the west ends here.
        actions.reshape(
            ground, [(116.32, 31.410), MIDDLE, (116.32, 31.44)],
            [(116.32, 31.410), (116.32, 31.44)],
        )  # fmt: skip


def test_what_would_break_the_law_is_refused_with_its_place(ground: Ground) -> None:
    old = [(116.316, 31.404), (116.316, 31.410)]
    with pytest.raises(LawError) as found:
        actions.reshape(ground, old, [old[0], (116.306, 31.406), old[1]])
    assert found.value.data["kind"] == "overlap"
    ids: Any = found.value.data["ids"]
    assert set(ids) == {AT_BORDER, INSIDE}
    assert found.value.data["place"]


def test_a_grid_may_not_leave_the_one_in_which_it_lies(ground: Ground) -> None:
    with pytest.raises(LawError) as found:
        actions.move(ground, (116.304, 31.404), (116.29, 31.404))
    assert found.value.data["kind"] == "outside_parent"
    assert found.value.data["ids"] == [INSIDE]


def test_splitting_gives_each_part_what_lies_in_it(ground: Ground) -> None:
    after = actions.split(ground, WS, [(116.312, 31.39), (116.313, 31.43)], NEW)
    assert after[NEW].level == "community"
    assert after[NEW].parent == WEST
    assert after[AT_BORDER].parent == NEW
    assert after[INSIDE].parent == WS
    whole = shapely.union(after[WS].shape, after[NEW].shape)
    assert shapely.area(whole) == pytest.approx(shapely.area(ground[WS].shape), abs=1e-10)
    # The neighbour in the north and the towns have the corner where the line meets them.
    met = corners(after, WS) & corners(after, NEW)
    assert len(met & corners(after, WN)) == 1
    assert len(met & corners(after, WEST)) == 1
    again = actions.merge(after, WS, NEW)
    assert again.children(WS) == [AT_BORDER, INSIDE]
    assert NEW not in again.pieces


def test_splitting_names_what_the_line_runs_through(ground: Ground) -> None:
    with pytest.raises(LawError, match="runs through 1 grids") as found:
        actions.split(ground, WS, [(116.306, 31.39), (116.306, 31.43)], NEW)
    assert found.value.data["ids"] == [INSIDE]
    with pytest.raises(InvalidInputError, match="from border to border"):
        actions.split(ground, WS, [(116.31, 31.405), (116.312, 31.407)], NEW)


def test_merging_needs_a_common_border_and_a_common_parent(ground: Ground) -> None:
    with pytest.raises(InvalidInputError, match="share no border"):
        actions.merge(ground, AT_BORDER, INSIDE)
    with pytest.raises(InvalidInputError, match="the same one"):
        actions.merge(ground, WS, ES)


def test_handing_over_moves_the_borders_of_all_above(ground: Ground) -> None:
    after = actions.hand_over(ground, AT_BORDER, ES)
    assert after.changed(ground) == {WEST, EAST, WS, ES, AT_BORDER}
    assert after[AT_BORDER].parent == ES
    assert after[AT_BORDER].shape is ground[AT_BORDER].shape
    for id_ in (ES, EAST):
        assert shapely.covers(after[id_].shape, ground[AT_BORDER].shape)
    back = actions.hand_over(after, AT_BORDER, WS)
    for id_ in ground.pieces:
        assert shapely.equals(back[id_].shape, ground[id_].shape)
        assert corners(back, id_) == corners(ground, id_)


def test_what_borders_nothing_of_the_taker_becomes_its_enclave(ground: Ground) -> None:
    after = actions.hand_over(ground, INSIDE, WN)
    assert after[INSIDE].parent == WN
    assert len(shapely.get_parts(after[WN].shape)) == 2
    assert shapely.get_num_interior_rings(after[WS].shape) == 1
    back = actions.hand_over(after, INSIDE, WS)
    for id_ in ground.pieces:
        assert shapely.equals(back[id_].shape, ground[id_].shape)


def test_drawing_keeps_to_the_free_ground(ground: Ground) -> None:
    wide = [(116.31, 31.403), (116.318, 31.403), (116.318, 31.412), (116.31, 31.412)]
    after = actions.draw(ground, "compound", WS, wide, NEW)
    assert after[AT_BORDER].shape.equals(ground[AT_BORDER].shape)
    assert not shapely.relate_pattern(after[NEW].shape, after[AT_BORDER].shape, "T********")
    # They share an edge, corner by corner.
    assert len(corners(after, NEW) & corners(after, AT_BORDER)) >= 4
    with pytest.raises(InvalidInputError, match="belongs to other grids"):
        actions.draw(ground, "compound", WS, list(shapely.get_coordinates(
            box(116.305, 31.405, 116.307, 31.407))), NEW)  # fmt: skip


def test_an_area_cut_out_takes_along_what_lies_in_it(ground: Ground) -> None:
    area = box(116.302, 31.402, 116.310, 31.412)
    after = actions.cut_out(ground, WS, list(shapely.get_coordinates(area)), NEW)
    assert (after[NEW].level, after[NEW].parent) == ("community", WEST)
    assert after[NEW].shape.equals(area)
    # The area lies wholly inside: the grid around it has a hole of the same corners.
    around = after[WS].shape
    assert isinstance(around, Polygon)
    [hole] = around.interiors
    assert set(hole.coords) == corners(after, NEW)
    assert after[INSIDE].parent == NEW
    assert after[AT_BORDER].parent == WS
    assert after.changed(ground) == {WS, NEW, INSIDE}


def test_an_area_over_the_border_is_cut_at_the_border(ground: Ground) -> None:
    area = box(116.306, 31.412, 116.312, 31.43)
    after = actions.cut_out(ground, WS, list(shapely.get_coordinates(area)), NEW)
    assert after[NEW].shape.equals(box(116.306, 31.412, 116.312, 31.42))
    # The neighbour in the north gets the corners, nothing else.
    assert corners(after, WN) == corners(ground, WN) | {(116.306, 31.42), (116.312, 31.42)}
    assert after[WN].shape.equals(ground[WN].shape)


def test_cutting_out_names_what_the_border_runs_through(ground: Ground) -> None:
    through = list(shapely.get_coordinates(box(116.302, 31.402, 116.306, 31.412)))
    with pytest.raises(LawError) as found:
        actions.cut_out(ground, WS, through, NEW)
    assert (found.value.data["kind"], found.value.data["ids"]) == ("crossed", [INSIDE])
    with pytest.raises(InvalidInputError, match="Nothing of the grid"):
        actions.cut_out(ground, WS, [(116.35, 31.4), (116.36, 31.4), (116.36, 31.41)], NEW)
    whole = list(shapely.get_coordinates(box(116.29, 31.39, 116.33, 31.425)))
    with pytest.raises(LawError, match="Nothing would be left"):
        actions.cut_out(ground, WS, whole, NEW)


def test_annexing_moves_the_borders_of_all_above(ground: Ground) -> None:
    area = box(116.315, 31.403, 116.325, 31.411)
    after = actions.annex(ground, ES, list(shapely.get_coordinates(area)))
    # The compound in the area goes along with its ground.
    assert after[AT_BORDER].parent == ES
    assert after[AT_BORDER].shape is ground[AT_BORDER].shape
    gained = box(116.315, 31.403, 116.32, 31.411)
    for id_, other in ((WS, ES), (WEST, EAST)):
        assert after[id_].shape.equals(shapely.difference(ground[id_].shape, gained))
        assert after[other].shape.equals(shapely.union(ground[other].shape, gained))
    assert after[COUNTY].shape.equals(ground[COUNTY].shape)


def test_a_compound_annexes_free_ground_of_its_community_alone(ground: Ground) -> None:
    area = list(shapely.get_coordinates(box(116.318, 31.408, 116.322, 31.415)))
    after = actions.annex(ground, AT_BORDER, area)
    assert after.changed(ground) == {AT_BORDER, WS, ES, WEST, EAST}
    assert after[AT_BORDER].shape.equals(
        shapely.union(ground[AT_BORDER].shape, box(116.318, 31.408, 116.32, 31.415))
    )
    for id_ in (WS, ES, WEST, EAST):
        # They got the new corner on their common border, and are where they were.
        assert after[id_].shape.equals(ground[id_].shape)


def test_annexing_leaves_something_of_everyone(ground: Ground) -> None:
    over = list(shapely.get_coordinates(box(116.303, 31.402, 116.317, 31.411)))
    with pytest.raises(LawError, match="covers a whole grid") as found:
        actions.annex(ground, AT_BORDER, over)
    assert found.value.data["ids"] == [INSIDE]
    apart = list(shapely.get_coordinates(box(116.31, 31.411, 116.312, 31.413)))
    with pytest.raises(LawError) as found:
        actions.annex(ground, AT_BORDER, apart)
    assert found.value.data["kind"] == "multipart"
    with pytest.raises(InvalidInputError, match="adds nothing"):
        actions.annex(ground, WS, [(116.305, 31.405), (116.307, 31.405), (116.307, 31.407)])


def test_a_compound_removed_leaves_a_gap(ground: Ground) -> None:
    after = actions.remove(ground, INSIDE)
    assert after.changed(ground) == {INSIDE}
    assert INSIDE not in after.pieces
    with pytest.raises(InvalidInputError, match="Only a compound"):
        actions.remove(ground, WS)


@pytest.mark.parametrize(
    "bad", [[(116.3, 31.4)], [(float("nan"), 31.4), (116, 31)], [(400, 31), (0, 0)]]
)
def test_lines_that_are_none_are_refused(ground: Ground, bad: list[tuple[float, float]]) -> None:
    with pytest.raises(InvalidInputError):
        actions.split(ground, WS, bad, NEW)
    with pytest.raises(InvalidInputError):
        actions.reshape(ground, bad, bad)
    with pytest.raises(InvalidInputError):
        actions.draw(ground, "compound", WS, bad, NEW)
    with pytest.raises(InvalidInputError):
        actions.cut_out(ground, WS, bad, NEW)
    with pytest.raises(InvalidInputError):
        actions.annex(ground, AT_BORDER, bad)


def test_what_is_no_longer_there_is_said_to_be(ground: Ground) -> None:
    with pytest.raises(InvalidInputError, match="no corner"):
        actions.move(ground, (116.3333, 31.4333), MIDDLE)
    with pytest.raises(InvalidInputError, match="not there any more"):
        actions.reshape(ground, [MIDDLE, (116.30, 31.40)], [MIDDLE, (116.30, 31.40)])
    with pytest.raises(InvalidInputError, match="not part"):
        actions.merge(ground, WS, 12345)


def test_old_faults_do_not_stand_in_the_way(ground: Ground) -> None:
    """Two compounds overlap already: what is done beside them is done."""
    faulty = ground.with_pieces({
        NEW: Piece("compound", WS, Polygon([
            (116.303, 31.403), (116.305, 31.403), (116.305, 31.405), (116.303, 31.405)])),
    })  # fmt: skip
    after = actions.move(faulty, (116.308, 31.408), (116.309, 31.409))
    assert (116.309, 31.409) in corners(after, INSIDE)
    with pytest.raises(LawError):
        actions.move(faulty, (116.305, 31.405), (116.306, 31.406))


def without(ground: Ground, *ids: int) -> Ground:
    """Return the ground with gaps where grids were, as a county may begin with."""
    gone = {id_ for id_ in ground.pieces if id_ in ids or ground[id_].parent in ids}
    return ground.with_pieces(dict.fromkeys(gone))


@pytest.mark.parametrize(
    ("level", "parent", "gap", "neighbours"),
    [("community", WEST, WN, (WS, EN)), ("town", COUNTY, EAST, (WEST,))],
)
def test_a_gap_of_a_town_or_the_county_is_filled_to_the_corner(
    ground: Ground, level: Level, parent: int, gap: int, neighbours: tuple[int, ...]
) -> None:
    # The border of the gap is crooked, and drawn past by two metres.
    [west, south, east, north] = shapely.bounds(ground[gap].shape)
    lon = (west + east) / 2
    bent = ground
    if gap == WN:
        bent = actions.reshape(
            ground,
            [(west, south), (east, south)],
            [(west, south), (lon, south - 2e-5), (east, south)],
        )
    rough = [(west, south), (east, south), (east + 1e-3, north + 1e-3), (west, north + 1e-3)]
    after = actions.draw(without(bent, gap), level, parent, rough, NEW)
    assert after[NEW].parent == parent
    assert after[NEW].shape.equals(bent[gap].shape)
    for id_ in neighbours:
        assert after[id_].shape.equals(bent[id_].shape)
    assert (
        shapely.union_all([after[id_].shape for id_ in (NEW, *neighbours)]).geom_type == "Polygon"
    )


def test_what_is_wider_than_a_slip_of_the_hand_stays_free(ground: Ground) -> None:
    area = box(116.3082, 31.4042, 116.312, 31.408)  # 19 m beside the compound, 22 m above its edge
    after = actions.draw(ground, "compound", WS, list(shapely.get_coordinates(area)), NEW)
    assert after[NEW].shape.equals(area)
    # Shut in between two borders, and as wide as a street.
    around = [
        *((116.308, 31.404), (116.312, 31.404), (116.312, 31.408), (116.308, 31.408)),
        *((116.308, 31.4078), (116.3082, 31.4078), (116.3082, 31.4042), (116.308, 31.4042)),
    ]
    after = actions.draw(ground, "compound", WS, around, NEW)
    assert shapely.area(after[NEW].shape) < shapely.area(box(116.308, 31.404, 116.312, 31.408))


def test_a_strip_along_the_border_goes_with_what_is_cut_out(ground: Ground) -> None:
    bent = actions.reshape(
        ground,
        [(116.30, 31.42), (116.32, 31.42)],
        [
            (116.30, 31.42),
            (116.305, 31.42),
            (116.3065, 31.42002),
            (116.308, 31.42),
            (116.32, 31.42),
        ],
    )
    ring = [(116.305, 31.42), (116.308, 31.42), (116.308, 31.41), (116.305, 31.41)]
    after = actions.cut_out(bent, WS, ring, NEW)
    assert (116.3065, 31.42002) in corners(after, NEW)
    assert after[WS].shape.geom_type == "Polygon"
    assert after[WN].shape.equals(bent[WN].shape)


def test_a_grid_is_drawn_in_one_of_the_level_above(ground: Ground) -> None:
    ring = list(shapely.get_coordinates(box(116.31, 31.412, 116.312, 31.414)))
    with pytest.raises(InvalidInputError, match="level above"):
        actions.draw(ground, "compound", WEST, ring, NEW)
