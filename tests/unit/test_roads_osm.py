"""What is read of an extract of OpenStreetMap: ways, areas, what is left out, where ways meet."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np
import pyogrio.raw
import pytest
import shapely

from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.roads import osm
from geodata.importing.roads.osm import Extract
from geodata.roads import noding
from geodata.roads.network import Network, find_parts, measure
from geodata.roads.noding import Noded
from tests import osm_files

STEP = 0.001
Way = tuple[Sequence[int], Mapping[str, str]]
FOOTWAY = {"highway": "footway"}
SQUARE = {"highway": "pedestrian", "area": "yes"}


def place(x: float, y: float) -> tuple[float, float]:
    return round(116.3 + x * STEP, 7), round(31.4 + y * STEP, 7)


# A square of 1 to 4, a court in it of 5 to 8; 11 and 12 lie outside, west and east.
NODES = {
    1: place(0, 0), 2: place(4, 0), 3: place(4, 4), 4: place(0, 4),
    5: place(1, 1), 6: place(3, 1), 7: place(3, 3), 8: place(1, 3),
    11: place(-2, 0), 12: place(6, 4), 13: place(2, 2),
}  # fmt: skip


def noded(found: Extract) -> Noded:
    count = len(found.lines)
    ways = noding.Ways(
        found.lines, found.layer, np.full(count, True), np.full(count, -1), found.nodes
    )
    return noding.node(ways, 1.0)


def network(found: Extract) -> Network:
    cut = noded(found)
    length_m = measure(cut.lines)
    return Network(cut.nodes, cut.source, cut.target, length_m, length_m, length_m, cut.lines)


def parts(found: Extract) -> int:
    return len(find_parts(network(found)).length_m)


def read(path: Path, ways: Mapping[int, Way], *relations: osm_files.Relation) -> Extract:
    return osm.read(osm_files.write(path / "a.osm.pbf", NODES, ways, relations), None)


def said(found: Extract) -> list[str]:
    return [str(note) for note in found.notes]


def metres(found: Extract) -> float:
    return float(measure(found.lines).sum())


def side(x: float, y: float) -> float:
    line = shapely.LineString([place(0, 0), place(x, y)])
    return float(measure(np.array([line], dtype=object)).sum())


WEST: Way = ([11, 1], FOOTWAY)
EAST: Way = ([3, 12], FOOTWAY)


@pytest.mark.parametrize("tags", [
    SQUARE, {"highway": "footway", "area": "yes", "place": "square"}, {"highway": "pedestrian"},
])  # fmt: skip
def test_a_square_is_crossed_along_its_outline(tmp_path: Path, tags: dict[str, str]) -> None:
    found = read(tmp_path, {1: WEST, 2: EAST, 3: ([1, 2, 3, 4, 1], tags)})
    assert parts(found) == 1
    # Two ways in, and the ring in two halves.
    assert len(network(found).lines) == 4
    outlines = [text for text in said(found) if "Outlines" in text]
    assert bool(outlines) is (tags.get("area") == "yes")


def test_the_outlines_of_a_relation_are_walked_inner_ones_too(tmp_path: Path) -> None:
    ways: dict[int, Way] = {
        1: WEST, 2: EAST, 3: ([1, 2, 3], {}), 4: ([3, 4, 1], {}), 5: ([5, 6, 7, 8, 5], {}),
        6: ([5, 13], FOOTWAY),
    }  # fmt: skip
    members = [("way", 3, "outer"), ("way", 4, "outer"), ("way", 5, "inner"), ("node", 13, "label")]
    found = read(tmp_path, ways, (members, {"type": "multipolygon", "highway": "pedestrian"}))
    # What stands in the court is a part of its own: nothing joins its outline to the square's.
    assert (len(found.lines), parts(found)) == (6, 2)
    assert said(found)[1:] == ["Outlines of squares and other areas, brought as ways: 3."]
    # Without the relation they are no ways at all.
    assert parts(read(tmp_path, ways)) == 3


def test_an_outline_that_is_a_way_itself_is_brought_once(tmp_path: Path) -> None:
    ways: dict[int, Way] = {1: ([1, 2, 3], FOOTWAY), 2: ([3, 4, 1], {"highway": "secondary",
                                                                     "foot": "no"})}  # fmt: skip
    members = [("way", 1, "outer"), ("way", 2, "outer")]
    found = read(tmp_path, ways, (members, {"type": "multipolygon", **SQUARE}))
    assert len(found.lines) == 2
    assert said(found)[1:] == ["Outlines of squares and other areas, brought as ways: 2."]
    # In two relations, too.
    tags = {"type": "multipolygon", **SQUARE}
    assert len(read(tmp_path, ways, (members, tags), (members, tags)).lines) == 2


def test_all_that_is_left_out_is_counted_by_its_reason(tmp_path: Path) -> None:
    line = [1, 2]
    ways: dict[int, Way] = {
        1: (line, FOOTWAY),
        2: (line, {"highway": "motorway"}),
        3: (line, {"highway": "primary", "motorroad": "yes"}),
        4: (line, {"highway": "trunk_link"}),
        5: (line, {"highway": "service", "access": "private"}),
        6: (line, {"highway": "path", "foot": "no"}),
        7: (line, {"highway": "construction"}),
        8: (line, {"highway": "construction"}),
        9: (line, {"highway": "platform"}),
        10: (line, {"highway": "张三 13812345678"}),
        11: ([1], FOOTWAY),
        12: ([98, 99], FOOTWAY),
        13: ([1, 99, 2, 3], FOOTWAY),
        14: ([1, 2, 3, 4, 1], {"building": "yes"}),
        15: ([1, 2, 3, 4, 1], {**SQUARE, "access": "private"}),
        16: ([1, 2, 3, 4, 1], {"highway": "motorway", "foot": "yes"}),
        17: ([3, 4], {}),
    }
    area = {"type": "multipolygon", "highway": "pedestrian"}
    found = read(
        tmp_path,
        ways,
        ([("way", 14, "outer")], {**area, "access": "no"}),
        ([("way", 14, "outer")], {**area, "highway": "rest_area"}),
        ([("way", 77, "outer")], area),
        ([("way", 17, "outer"), ("way", 78, "outer")], area),
        ([("way", 14, "outer"), ("relation", 1, "outer")], area),
        ([("way", 1, "")], {"type": "route", "highway": "residential"}),
        ([("way", 14, "outer")], {"type": "multipolygon", "building": "yes"}),
    )
    assert said(found) == [
        "OpenStreetMap, 15 ways in and near the county.",
        "Outlines of squares and other areas, brought as ways: 2.",
        "Left out, motorways, ramps and roads for motors only: 3.",
        "Left out, closed to people on foot (foot, access): 4.",
        "Left out, no way or not yet one: 5 (construction 2, platform 1, ? 1, rest_area 1).",
        "Left out, fewer than two nodes in the file: 2.",
        "Left out, areas without an outline in the file: 1.",
        "Left out, relations that are no areas: 1.",
        "Areas of which the file lacks part of the outline: 2.",
        "Ways that end where the file lacks their nodes: 1.",
    ]
    # 1, 13 from where its nodes are there, 14 and 17 as outlines, 16.
    assert len(found.lines) == 5


def test_no_line_is_drawn_over_nodes_that_are_lacking(tmp_path: Path) -> None:
    found = read(tmp_path, {1: ([1, 5, 99, 7, 3], FOOTWAY)})
    assert [shapely.get_coordinates(line).tolist() for line in found.lines] == [
        [list(NODES[1]), list(NODES[5])],
        [list(NODES[7]), list(NODES[3])],
    ]
    assert found.nodes.tolist() == [1, 5, 7, 3]


BRIDGE = {"highway": "footway", "bridge": "yes", "layer": "1"}


@pytest.mark.parametrize("over", [BRIDGE, FOOTWAY])
def test_nodes_at_one_place_meet_only_if_they_are_one(tmp_path: Path, over: Mapping[str, str]):
    nodes = {1: place(0, 0), 2: place(1, 0), 3: place(2, 0), 4: place(1, -1), 5: place(1, 0),
             6: place(1, 1)}  # fmt: skip
    road: Way = ([1, 2, 3], {"highway": "residential"})

    def with_middle(ways: dict[int, Way]) -> Extract:
        return osm.read(osm_files.write(tmp_path / "b.osm.pbf", nodes, ways), None)

    apart = with_middle({1: road, 2: ([4, 5, 6], over)})
    assert (len(network(apart).lines), parts(apart)) == (2, 2)
    joined = with_middle({1: road, 2: ([4, 2, 6], over)})
    assert (len(network(joined).lines), parts(joined)) == (4, 1)
    # Ends at one place, each with a node of its own, are no junction either.
    ends = with_middle({1: ([1, 2], FOOTWAY), 2: ([5, 6], over)})
    assert parts(ends) == 2
    # Several ways through the upper node meet there, and only there.
    cross = with_middle({1: road, 2: ([4, 5], over), 3: ([5, 6], over)})
    assert (len(network(cross).lines), parts(cross)) == (3, 2)
    # A way that goes through both joins them.
    lift = with_middle({1: road, 2: ([4, 5, 6], over), 3: ([1, 2, 5, 4], {"highway": "steps"})})
    assert parts(lift) == 1


def test_a_way_that_winds_over_itself_does_not_meet_itself(tmp_path: Path) -> None:
    nodes = {1: place(0, 0), 2: place(1, 0), 3: place(2, 1), 4: place(1, 1), 5: place(1, 0),
             6: place(1, -1)}  # fmt: skip
    path = osm_files.write(tmp_path / "a.osm.pbf", nodes, {1: ([1, 2, 3, 4, 5, 6], BRIDGE)})
    assert len(network(osm.read(path, None)).lines) == 1


def test_a_box_takes_what_comes_into_it_whole(tmp_path: Path) -> None:
    ways: dict[int, Way] = {1: WEST, 2: EAST, 3: ([1, 2, 3, 4, 1], SQUARE)}
    path = osm_files.write(tmp_path / "a.osm.pbf", NODES, ways)
    west, south = place(-3, -1)
    found = osm.read(path, (west, south, *place(-1, 1)))
    assert (len(found.lines), metres(found)) == (1, pytest.approx(side(2, 0)))
    found = osm.read(path, (*place(-0.5, -0.5), *place(0.5, 0.5)))
    assert (len(found.lines), parts(found)) == (2, 1)
    assert said(found)[0] == "OpenStreetMap, 2 ways in and near the county."
    assert len(osm.read(path, (*place(1.5, 1.5), *place(2.5, 2.5))).lines) == 0


@pytest.mark.parametrize("packed", ["raw", "zlib", "lzma"])
@pytest.mark.parametrize("places_with_ways", [False, True])
def test_files_are_read_however_they_are_packed(
    tmp_path: Path, packed: str, places_with_ways: bool
) -> None:
    nodes = {10**11 - number: where for number, where in NODES.items()}
    nodes |= {-5: (-116.3, -31.4), -6: (-116.4, -31.5)}
    refs = [10**11 - 1, 10**11 - 2, 10**11 - 12, 10**11 - 3]
    path = osm_files.write(
        tmp_path / "a.osm.pbf",
        nodes,
        {7: (refs, FOOTWAY), -8: ([-5, -6], FOOTWAY)},
        packed=packed,
        places_with_ways=places_with_ways,
    )
    found = osm.read(path, None)
    assert found.nodes.tolist() == [*refs, -5, -6]
    assert shapely.get_coordinates(found.lines).tolist() == [
        list(nodes[number]) for number in (*refs, -5, -6)
    ]


def test_what_is_not_read_is_refused(tmp_path: Path) -> None:
    way: dict[int, Way] = {1: WEST}
    path = osm_files.write(tmp_path / "a.osm.pbf", NODES, way, packed="zstd")
    with pytest.raises(FileRefusedError, match="packed in a way that is not read"):
        osm.read(path, None)
    path = osm_files.write(
        tmp_path / "b.osm.pbf", NODES, way, features=[b"OsmSchema-V0.6", b"HistoricalInformation"]
    )
    with pytest.raises(FileRefusedError, match="HistoricalInformation"):
        osm.read(path, None)


def fault(path: Path, content: bytes) -> str:
    """Return what a file is refused for, nothing if it is read."""
    path.write_bytes(content)
    try:
        osm.read(path, None)
    except FileRefusedError as refused:
        return refused.fault
    return ""


def test_every_byte_that_is_lacking_or_wrong_is_refused_or_read(tmp_path: Path) -> None:
    """A damaged file is refused in words; no other error comes out, whichever byte is hit."""
    path = osm_files.write(tmp_path / "a.osm.pbf", NODES, {1: WEST}, packed="raw")
    whole = path.read_bytes()
    faults = [fault(path, whole[:cut]) for cut in range(len(whole))]
    # Between its four blocks it can end, and it may be empty.
    assert (faults.count(""), faults.count("unreadable")) == (4, len(whole) - 4)
    for at in range(len(whole)):
        for value in (0x00, 0x80, 0xFF):
            wrong = whole[:at] + bytes([value]) + whole[at + 1 :]
            assert fault(path, wrong) in {"", "unreadable", "packed", "features"}


def test_a_block_that_unpacks_to_more_than_the_format_allows_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "a.osm.pbf"
    path.write_bytes(osm_files.blob(b"OSMData", bytes(33 << 20), "zlib"))
    with pytest.raises(FileRefusedError, match="larger than 32 MB"):
        osm.read(path, None)


def test_lines_are_those_that_gdal_draws(tmp_path: Path) -> None:
    rng = np.random.default_rng(3)
    nodes = {n: place(*rng.integers(0, 10**6, 2) / 10**4) for n in range(1, 3001, 3)}
    keys = list(nodes)
    ways: dict[int, Way] = {
        n: ([keys[k] for k in rng.choice(len(keys), rng.integers(2, 9), replace=False)], FOOTWAY)
        for n in range(1, 400)
    }
    path = osm_files.write(tmp_path / "a.osm.pbf", nodes, ways)
    _, _, wkb, _ = pyogrio.raw.read(path, layer="lines", columns=["highway"])
    lines = osm.read(path, None).lines
    assert shapely.equals_exact(shapely.from_wkb(wkb), lines, tolerance=1e-9).all()
    assert len(lines) == len(wkb) == 399
