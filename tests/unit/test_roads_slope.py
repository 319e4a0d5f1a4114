"""Slopes, and the heights that they come from."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from numpy.typing import NDArray

from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.roads import heights
from geodata.roads import slope
from geodata.roads.network import measure


def test_pace_is_toblers():
    # Speeds of the hiking function in km/h at some slopes, against level ground.
    for rise, km_h in ((0.0, 5.037), (-0.05, 6.0), (0.1, 3.549), (0.5, 0.875), (-0.5, 1.242)):
        assert slope.pace(np.array([rise]))[0] == pytest.approx(5.037 / km_h, rel=2e-3)


LINE = np.array([shapely.LineString([(116.3, 31.4), (116.31, 31.4)])], dtype=object)


def rising(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    """100 m up in 0.01 degrees."""
    return (xy[:, 0] - 116.3) * 10_000


def hill(xy: NDArray[np.float64]) -> NDArray[np.float64]:
    return 50 - np.abs(xy[:, 0] - 116.305) * 10_000


NO = np.array([False])


def test_up_takes_longer_than_down():
    length_m = measure(LINE)
    found = slope.weigh(LINE, length_m, NO, rising)
    rise = 100 / length_m[0]
    assert found.climb_m == pytest.approx([100.0])
    assert found.descent_m == pytest.approx([0.0])
    assert found.forward_m == pytest.approx(length_m * slope.pace(np.array([rise])))
    assert found.backward_m == pytest.approx(length_m * slope.pace(np.array([-rise])))


def test_a_hill_between_counts_unless_a_tunnel_runs_through_it():
    length_m = measure(LINE)
    over = slope.weigh(LINE, length_m, NO, hill)
    assert (over.climb_m[0], over.descent_m[0]) == pytest.approx((50.0, 50.0), abs=2.5)
    assert over.forward_m[0] > length_m[0] * 1.1
    through = slope.weigh(LINE, length_m, ~NO, hill)
    assert through.forward_m == pytest.approx(length_m)
    assert through.climb_m == pytest.approx([0.0], abs=1e-6)


def test_unknown_heights_leave_the_way_level():
    length_m = measure(LINE)
    found = slope.weigh(LINE, length_m, NO, lambda xy: np.where(xy[:, 0] > 116.305, np.nan, 0.0))
    assert found.forward_m.tolist() == length_m.tolist()
    assert np.isnan(found.climb_m).all()
    assert len(slope.weigh(LINE[:0], length_m[:0], NO[:0], rising).forward_m) == 0


GRID = "ncols 3\nnrows 2\nxllcorner 116.0\nyllcorner 31.0\ncellsize 0.5\nNODATA_value -9999\n"


def test_a_grid_is_read_from_the_north(tmp_path: Path):
    path = tmp_path / "a.asc"
    path.write_text(GRID + "1 2 3\n4 5 -9999\n")
    at = heights.read(path, None)
    spots = np.array([(116.25, 31.75), (116.25, 31.25), (116.5, 31.5), (116.0, 31.0),
                      (117.2, 31.25), (115.9, 31.2), (116.75, 31.5)])  # fmt: skip
    np.testing.assert_allclose(at(spots), [1, 4, 3, 4, np.nan, np.nan, 3.5])


def test_a_grid_in_metres_needs_its_system(tmp_path: Path):
    path = tmp_path / "a.asc"
    path.write_text(
        "ncols 2\nnrows 2\nxllcenter 438000\nyllcenter 3475000\ncellsize 2000\n1 1\n3 3\n"
    )
    with pytest.raises(FileRefusedError, match="does not say"):
        heights.read(path, None)
    at = heights.read(path, "EPSG:4548")
    assert at(np.array([(116.358, 31.41)])) == pytest.approx([1.39], abs=0.02)


@pytest.mark.parametrize("mark", [" ", ",", "\t", ";"])
def test_points_are_read_with_any_separator(tmp_path: Path, mark: str):
    path = tmp_path / "a.xyz"
    rows = [(116, 31, 0), (117, 31, 100), (116, 32, 0), (117, 32, 100)]
    text = "\n".join(mark.join(map(str, row)) for row in rows)
    for head in ("", mark.join(("x", "y", "z")) + "\n"):
        path.write_text(head + text)
        at = heights.read(path, None)
        np.testing.assert_allclose(at(np.array([(116.5, 31.5), (118, 31)])), [50, np.nan])


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("", "neither|fewer"),
        ("\0\1\2\xff", "neither"),
        ("II*\0 a tiff", "neither"),
        (GRID, "should have"),
        (GRID + "1 2 3\n4 5", "should have"),
        (GRID + "1 2 3\n4 five 6", "no number"),
        (GRID.replace("ncols 3", "ncols 9999999"), "should have"),
        (GRID.replace("ncols 3", "ncols 1e30"), "damaged"),
        (GRID.replace("ncols 3", "ncols nan"), "damaged"),
        (GRID.replace("cellsize 0.5", "cellsize -1"), "damaged"),
        (GRID.replace("xllcorner 116.0", ""), "damaged"),
        (GRID.replace("ncols 3", "ncols 140000000"), "more than"),
        ("1 2 3\n4 5 6", "fewer"),
        ("1 1 1\n2 2 2\n3 3 3", "one line"),
        ("nan nan nan\n1 2 3\n2 3 4", "fewer"),
    ],
)
def test_other_files_are_refused(tmp_path: Path, text: str, complaint: str):
    path = tmp_path / "a.asc"
    path.write_bytes(text.encode("latin-1"))
    with pytest.raises(FileRefusedError, match=complaint):
        heights.read(path, None)
