"""What a repair may do, how wide a slip is, and what unfolding says it moved."""

from __future__ import annotations

import numpy as np
import pytest
import shapely
from shapely.geometry import Polygon, box

from geodata.partition import checks, repair, seaming, seams
from geodata.partition.measure import area_m2
from geodata.partition.noding import node
from geodata.partition.unions import unite

# Metres to the east and to the north at 31.40 N, in degrees.
LON_M = 1 / (111_320 * np.cos(np.radians(31.4)))
LAT_M = 1 / 111_320


def plot(west: float, south: float, east: float, north: float) -> Polygon:
    """Return a rectangle given in metres from 116.30 E, 31.40 N."""
    return box(
        116.3 + west * LON_M, 31.4 + south * LAT_M, 116.3 + east * LON_M, 31.4 + north * LAT_M
    )


def outline(*corners: tuple[float, float]) -> Polygon:
    return Polygon([(116.3 + x * LON_M, 31.4 + y * LAT_M) for x, y in corners])


def level(*shapes: shapely.Geometry) -> np.ndarray:
    return node(np.array(shapes, dtype=object)).geoms


def total(geom: shapely.Geometry) -> float:
    return float(area_m2(np.array([geom], dtype=object))[0])


@pytest.mark.parametrize(
    "corners",
    [
        [(0, 0), (800, 1000), (800, 0), (0, 1000)],
        # Runs twice around all of it, and twice around a part.
        [(0, 0), (900, 0), (900, 900), (0, 900), (0, 0), (900, 0), (900, 900), (0, 900)],
        [(0, 0), (400, 0), (400, 400), (200, 400), (200, -100), (300, -100), (300, 100), (0, 100)],
        # Loops outwards the right way round and inwards the wrong way.
        [(0, 0), (500, 0), (500, 500), (510, 490), (490, 490), (0, 500)],
    ],
)
def test_unfolding_never_moves_more_than_the_box(corners: list[tuple[float, float]]) -> None:
    drawn = outline(*corners)
    assert not drawn.is_valid
    for ring in (drawn, drawn.reverse()):
        deed = repair.unfolded(3, ring, repair.mend_invalid(ring))
        assert 0 < deed.m2 <= total(shapely.envelope(ring)) * (1 + 1e-9)
        assert deed.row == 3


def test_unfolding_a_bow_tie_turns_half_of_its_box() -> None:
    drawn = outline((0, 0), (800, 1000), (800, 0), (0, 1000))
    deed = repair.unfolded(0, drawn, repair.mend_invalid(drawn))
    assert deed.m2 == pytest.approx(total(shapely.envelope(drawn)) / 2, rel=0.001)


def test_a_small_fold_moves_no_more_than_itself() -> None:
    drawn = outline((0, 0), (500, 0), (500, 500), (0, 500), (0, 498), (2, 501), (0, 496))
    deed = repair.unfolded(0, drawn, repair.mend_invalid(drawn))
    assert 0 < deed.m2 < 10
    assert deed.share is not None
    assert deed.share < 1e-4


@pytest.mark.parametrize("metres", [0.05, 0.5, 0.95])
def test_what_is_narrower_than_a_metre_is_given_away(metres: float) -> None:
    for gap in (metres, -metres):
        frame = shapely.difference(plot(-100, -100, 900, 400), plot(0, 0, 800, 300))
        drawn = level(plot(0, 0, 400, 300), plot(400 + gap, 0, 800, 300), frame)
        found = seaming.mend_seams(drawn)
        assert not found.problems
        assert not checks.find_overlaps(found.geoms)
        assert not checks.find_narrow_gaps(found.geoms)
        assert sum(deed.m2 for deed in found.repairs) == pytest.approx(
            metres * 300, rel=0.02, abs=3
        )
        assert all(deed.place is not None for deed in found.repairs)


@pytest.mark.parametrize("metres", [1.2, 30.0, 350.0])
def test_what_is_wider_stays_and_is_named(metres: float) -> None:
    drawn = level(plot(0, 0, 400, 300), plot(400 - metres, 0, 800, 300))
    found = seaming.mend_seams(drawn)
    assert not found.repairs
    (overlap,) = checks.find_overlaps(found.geoms)
    assert not overlap.data["slip"]
    # The widest circle in it: as wide as the overlap, or as high.
    assert overlap.data["width"] == pytest.approx(min(metres, 300), rel=0.05)
    assert overlap.data["part"] == pytest.approx(metres / (400 + min(metres, 0)), rel=0.01)


def test_a_strip_that_bulges_is_no_slip() -> None:
    east = outline(
        (399.5, 0), (800, 0), (800, 900), (399.5, 900), (399.5, 460), (394, 455), (394, 450),
        (399.5, 445),
    )  # fmt: skip
    drawn = level(plot(0, 0, 400, 900), east)
    (overlap,) = checks.find_overlaps(drawn)
    assert not overlap.data["slip"]
    assert not seaming.mend_seams(drawn).repairs


def test_a_seam_over_much_ground_is_no_slip() -> None:
    assert seams.SEAM_M2 == 10_000
    drawn = level(plot(0, 0, 3000, 12_000), plot(2999.1, 0, 6000, 12_000))
    (overlap,) = checks.find_overlaps(drawn)
    assert overlap.m2 == pytest.approx(10_800, rel=0.02)
    assert not overlap.data["slip"]
    assert not seaming.mend_seams(drawn).repairs


def test_a_grid_that_would_move_by_more_than_its_share_is_named() -> None:
    strips = [plot(10 * n - 0.4, 0, 10 * n + 10.4, 80) for n in range(6)]
    found = seaming.mend_seams(level(*strips))
    assert not checks.find_overlaps(found.geoms)
    assert found.problems
    for problem in found.problems:
        moved = problem.data["moved"]
        assert isinstance(moved, float)
        assert moved > seaming.MOVED_SHARE


def test_a_gap_with_a_bulge_at_a_third_neighbour_is_closed() -> None:
    """It was left: the third grid's edges are too far from the others' to look suspicious."""
    west = outline((0, 0), (400, 0), (400, 298), (399, 300), (0, 300))
    east = outline((400.3, 0), (800, 0), (800, 300), (401.3, 300), (400.3, 298))
    drawn = level(west, east, plot(0, 300, 800, 500), plot(0, -200, 800, 0))
    assert checks.find_narrow_gaps(drawn)
    found = seaming.mend_seams(drawn)
    assert not checks.find_narrow_gaps(found.geoms)
    assert not shapely.get_num_interior_rings(shapely.union_all(found.geoms))


def test_a_gap_all_around_an_enclave_is_closed() -> None:
    around = shapely.difference(plot(0, 0, 800, 800), plot(300, 300, 500, 500))
    drawn = level(around, plot(300.4, 300.4, 499.6, 499.6))
    assert checks.find_narrow_gaps(drawn)
    found = seaming.mend_seams(drawn)
    assert not checks.find_narrow_gaps(found.geoms)
    assert sum(deed.m2 for deed in found.repairs) == pytest.approx(4 * 200 * 0.4, rel=0.02)


def test_nobody_is_given_away_whole() -> None:
    """A strip with a code of its own lies within a slip of its neighbour."""
    drawn = level(plot(0, 0, 400, 300), plot(399.6, 100, 400, 200), plot(400, 0, 800, 300))
    found = seaming.mend_seams(drawn)
    assert not shapely.is_empty(found.geoms).any()
    assert not checks.find_overlaps(found.geoms)
    assert total(found.geoms[1]) == pytest.approx(40, rel=0.05)


def test_a_union_in_halves_is_the_union() -> None:
    rng = np.random.default_rng(5)
    centres = rng.uniform(0, 900, (120, 2))
    shapes = [
        plot(x, y, x + s, y + s)
        for (x, y), s in zip(centres, rng.uniform(20, 160, 120), strict=True)
    ]
    ring = shapely.difference(plot(-50, -50, 1200, 1200), plot(-40, -40, 1190, 1190))
    geoms = np.array([*shapes, ring], dtype=object)
    together = unite(geoms)
    whole = shapely.union_all(geoms)
    assert len(shapely.get_parts(whole)) > 1
    rest = shapely.difference(together.ground, shapely.union_all(together.holes))
    assert shapely.area(shapely.symmetric_difference(rest, whole)) < 1e-12
    gaps = shapely.difference(plot(-50, -50, 1200, 1200), whole)
    assert len(together.holes) == len(shapely.get_parts(gaps))
    # One that is no member keeps its hole open.
    part = unite(geoms, np.array([120]))
    assert not len(part.holes)
    assert shapely.equals(part.ground, ring)
