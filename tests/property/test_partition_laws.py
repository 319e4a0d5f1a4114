"""Laws of noding and the checks, on random partitions."""

from __future__ import annotations

import numpy as np
import pyproj
import shapely
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from shapely.geometry import Polygon, box

from geodata.frames import round_to_grid
from geodata.partition import checks, nesting, seaming
from geodata.partition.corners import unique_rows
from geodata.partition.measure import area_m2
from geodata.partition.noding import join_corners, node
from geodata.partition.polygons import as_multipolygons, label_points
from geodata.partition.simplify import ZOOM_STEPS, simplify_level

QUICK = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
TO_DEGREES = pyproj.Transformer.from_crs(4548, 4326, always_xy=True)
CENTRE = np.array([440_000.0, 3_480_000.0])


def cut(
    rng: np.random.Generator, whole: tuple[float, float, float, float], depth: int
) -> list[Polygon]:
    """Cut a box in two again and again: a partition full of T junctions."""
    west, south, east, north = whole
    if depth == 0:
        return [box(*whole)]
    share = rng.uniform(0.2, 0.8)
    if east - west > north - south:
        middle = west + (east - west) * share
        halves = (west, south, middle, north), (middle, south, east, north)
    else:
        middle = south + (north - south) * share
        halves = (west, south, east, middle), (west, middle, east, north)
    return [piece for half in halves for piece in cut(rng, half, depth - 1)]


@st.composite
def partitions(draw: st.DrawFn, depths: tuple[int, int] = (1, 6)) -> np.ndarray:
    """Return a turned partition, brought to degrees from a Gauss-Kruger zone as imports do."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    size = draw(st.floats(20, 4000))
    return turned(rng, size, draw(st.integers(*depths)), draw(st.floats(0, 1.5)))


def random_partition(rng: np.random.Generator) -> np.ndarray:
    """Return one of ``partitions`` without hypothesis, for those that need thousands."""
    return turned(rng, rng.uniform(20, 4000), int(rng.integers(2, 6)), rng.uniform(0, 1.5))


def turned(rng: np.random.Generator, size: float, depth: int, turn: float) -> np.ndarray:
    pieces = np.array(cut(rng, (-size, -size, size, size), depth))
    wheel = np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])

    def convert(xy: np.ndarray) -> np.ndarray:
        return np.column_stack(TO_DEGREES.transform(*xy.T))

    plane = np.asarray(shapely.transform(pieces, lambda xy: xy @ wheel + CENTRE))
    return np.asarray(shapely.transform(join_corners(plane, 0.01), convert))


def overlapping(geoms: np.ndarray) -> int:
    """Count overlapping pairs the slow way, as the database would."""
    first, second = shapely.STRtree(geoms).query(geoms, predicate="intersects")
    keep = first < second
    return int(shapely.relate_pattern(geoms[first[keep]], geoms[second[keep]], "T********").sum())


@given(partitions())
@QUICK
def test_noded_partition_has_no_overlap_and_no_gap(geoms: np.ndarray) -> None:
    noded = node(geoms)
    assert shapely.is_valid(noded.geoms).all()
    assert not noded.vanished
    assert overlapping(noded.geoms) == 0
    assert not checks.find_overlaps(noded.geoms)
    whole = shapely.union_all(noded.geoms)
    assert isinstance(whole, Polygon)
    assert not whole.interiors


@given(partitions())
@QUICK
def test_noded_corners_lie_on_the_grid_and_hardly_moved(geoms: np.ndarray) -> None:
    noded = node(geoms)
    xy = shapely.get_coordinates(noded.geoms)
    assert (xy == round_to_grid(xy)).all()
    assert noded.largest_move_m < 0.04
    for before, after in zip(geoms, noded.geoms, strict=True):
        assert shapely.hausdorff_distance(before, after) < 4e-7


@given(partitions())
@QUICK
def test_noding_twice_changes_nothing(geoms: np.ndarray) -> None:
    once = node(geoms)
    twice = node(once.geoms)
    assert not twice.noded
    assert shapely.equals_identical(once.geoms, twice.geoms).all()


@given(partitions(), st.floats(3, 40))
@QUICK
def test_overlaps_are_found_with_their_size(geoms: np.ndarray, grow_m: float) -> None:
    grown = geoms.copy()
    grown[0] = shapely.buffer(geoms[0], grow_m / 111_320, join_style="mitre")
    noded = node(grown).geoms
    found = checks.find_overlaps(noded)
    assert len(found) == overlapping(noded)
    assert found
    ground = sum(problem.m2 or 0 for problem in found)
    others = shapely.union_all(noded[1:])
    expected = area_m2(np.array([shapely.intersection(noded[0], others)]))[0]
    assert abs(ground - expected) <= 0.01 * expected + 0.1


@given(partitions((3, 6)))
@QUICK
def test_missing_piece_is_a_gap_of_its_size(geoms: np.ndarray) -> None:
    noded = node(geoms).geoms
    parent = np.array([shapely.union_all(noded)])
    assert not nesting.find_gaps(noded, parent, np.zeros(len(noded), dtype=np.intp))
    rest = noded[1:]
    (gap,) = nesting.find_gaps(rest, parent, np.zeros(len(rest), dtype=np.intp))
    assert gap.m2 is not None
    # The strip of corners rounded off the edge of the whole counts as well.
    assert abs(gap.m2 - area_m2(noded[:1])[0]) < 1e-4 * gap.m2 + 0.1
    assert gap.place is not None
    assert shapely.Point(gap.place).within(noded[0])


@given(partitions((3, 6)))
@QUICK
def test_parts_nest_in_the_whole_that_they_make(geoms: np.ndarray) -> None:
    noded = node(geoms).geoms
    middle = len(noded) // 2
    parents = np.array([shapely.union_all(noded[:middle]), shapely.union_all(noded[middle:])])
    found = nesting.nest(noded, parents)
    assert (found.outside_m2 == 0).all()
    assert (found.parent == (np.arange(len(noded)) >= middle)).all()


@given(partitions((3, 5)), st.floats(0.02, 0.6))
@QUICK
def test_repair_leaves_no_overlap_and_keeps_every_grid(geoms: np.ndarray, gap_m: float) -> None:
    drawn = geoms.copy()
    drawn[0] = shapely.buffer(geoms[0], gap_m / 111_320, join_style="mitre")
    drawn[-1] = shapely.buffer(geoms[-1], -gap_m / 111_320, join_style="mitre")
    if shapely.is_empty(drawn[-1]):
        return
    before = node(drawn).geoms
    found = seaming.mend_seams(before)
    assert overlapping(found.geoms) == 0
    assert not checks.find_narrow_gaps(found.geoms)
    assert not shapely.is_empty(found.geoms).any()
    assert shapely.is_valid(found.geoms).all()
    # What it says moved is what moved, and who lost much is named.
    moved = area_m2(np.asarray(shapely.symmetric_difference(before, found.geoms)))
    told = np.zeros(len(before))
    for deed in found.repairs:
        told[deed.row] = deed.m2
    assert np.allclose(told, moved, atol=0.01)
    much = np.flatnonzero(
        (moved > seaming.MOVED_SHARE * area_m2(before)) & (moved > seaming.MOVED_M2)
    )
    assert {problem.rows[0] for problem in found.problems} == set(much.tolist())


@given(partitions())
@QUICK
def test_labels_stand_inside(geoms: np.ndarray) -> None:
    shapes = as_multipolygons(node(geoms).geoms)
    assert shapely.contains_properly(shapes, label_points(shapes)).all()


@given(partitions((4, 6)))
@QUICK
def test_simplified_levels_stay_coverages(geoms: np.ndarray) -> None:
    for level, steps in ZOOM_STEPS.items():
        drawn = list(simplify_level(level, node(geoms).geoms))
        assert [zoom for zoom, _ in drawn] == sorted(steps, reverse=True)
        for _, shapes in drawn:
            assert shapely.coverage_is_valid(shapes)


@given(partitions((4, 6)))
@QUICK
def test_a_level_simplified_in_pieces_is_the_level_simplified_whole(geoms: np.ndarray) -> None:
    nodes = node(geoms).geoms
    whole = simplify_level("compound", nodes)
    pieces = simplify_level("compound", nodes, at_once=5)
    for (_, one), (_, other) in zip(whole, pieces, strict=True):
        assert shapely.to_wkb(one).tolist() == shapely.to_wkb(other).tolist()


@given(
    st.integers(0, 30).flatmap(
        lambda n: arrays(np.float64, (n, 4), elements=st.sampled_from((-1.5, -0.0, 0.0, 1.0, 2.0)))
    )
)
def test_rows_that_differ_are_those_that_numpy_finds(rows: np.ndarray) -> None:
    assert np.array_equal(unique_rows(rows), np.unique(rows, axis=0))
