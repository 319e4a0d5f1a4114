"""Coordinate frames against points published with other implementations."""

from typing import Any

import numpy as np
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import CRS, Geod, Transformer

from geodata import frames

# googollee/eviltransform, test suite: WGS 84 and GCJ-02 as (lon, lat).
EVILTRANSFORM = [
    ((121.5272106, 31.1774276), (121.531541859215, 31.17530398364597)),  # Shanghai
    ((113.912316, 22.543847), (113.9171764808363, 22.540796131694766)),  # Shenzhen
    ((116.377817, 39.911954), (116.38404722455657, 39.91334545536069)),  # Beijing
]
# wandergis/coordtransform, test suite: what one point becomes.
COORDTRANSFORM = (116.404, 39.915)
COORDTRANSFORM_WGS84_TO_GCJ02 = (116.41024449916938, 39.91640428150164)
COORDTRANSFORM_GCJ02_TO_BD09 = (116.41036949371029, 39.92133699351021)
COORDTRANSFORM_WGS84_TO_BD09 = (116.41662724378733, 39.922699552216216)

ROUND_TRIPS = [
    (frames.wgs84_to_gcj02, frames.gcj02_to_wgs84),
    (frames.gcj02_to_bd09, frames.bd09_to_gcj02),
    (frames.wgs84_to_bd09, frames.bd09_to_wgs84),
]


@pytest.mark.parametrize(("wgs84", "gcj02"), EVILTRANSFORM)
def test_gcj02_agrees_with_eviltransform(
    wgs84: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    assert frames.wgs84_to_gcj02(wgs84) == pytest.approx(gcj02, abs=1e-12)
    assert frames.gcj02_to_wgs84(gcj02) == pytest.approx(wgs84, abs=1e-9)


def test_all_frames_agree_with_coordtransform() -> None:
    point = COORDTRANSFORM
    assert frames.wgs84_to_gcj02(point) == pytest.approx(COORDTRANSFORM_WGS84_TO_GCJ02, abs=1e-12)
    assert frames.gcj02_to_bd09(point) == pytest.approx(COORDTRANSFORM_GCJ02_TO_BD09, abs=1e-12)
    assert frames.wgs84_to_bd09(point) == pytest.approx(COORDTRANSFORM_WGS84_TO_BD09, abs=1e-12)


def test_the_offset_in_huoshan_is_of_the_known_size() -> None:
    wgs84 = np.array([116.35, 31.41])
    gcj02, bd09 = frames.wgs84_to_gcj02(wgs84), frames.wgs84_to_bd09(wgs84)
    geod = Geod(ellps="WGS84")
    assert 100 < geod.inv(*wgs84, *gcj02)[2] < 700
    assert 500 < geod.inv(*gcj02, *bd09)[2] < 1300


@pytest.mark.parametrize(("there", "back"), ROUND_TRIPS)
def test_abroad_nothing_moves(there, back) -> None:
    abroad = np.array([[-0.02, 51.46], [139.767, 35.681], [2.35, 48.85], [np.nan, np.nan]])
    np.testing.assert_array_equal(there(abroad), abroad)
    np.testing.assert_array_equal(back(abroad), abroad)


@pytest.mark.parametrize(("there", "back"), ROUND_TRIPS)
def test_input_is_left_alone_and_shape_is_kept(there, back) -> None:
    for shape in [(0, 2), (2,), (3, 2), (2, 3, 2)]:
        points = np.full(shape, (116.35, 31.41))
        before = points.copy()
        assert there(points).shape == shape
        assert back(points).shape == shape
        np.testing.assert_array_equal(points, before)


def test_a_geometry_is_shifted_by_shapely() -> None:
    square = shapely.box(116.3, 31.3, 116.4, 31.4)
    home = shapely.transform(shapely.transform(square, frames.wgs84_to_bd09), frames.bd09_to_wgs84)
    assert shapely.equals_exact(square, home, 1e-9)


def test_to_wgs84_knows_every_frame() -> None:
    point = np.array([116.35, 31.41])
    np.testing.assert_array_equal(frames.to_wgs84(point, "wgs84"), point)
    np.testing.assert_array_equal(frames.to_wgs84(point, "gcj02"), frames.gcj02_to_wgs84(point))
    np.testing.assert_array_equal(frames.to_wgs84(point, "bd09"), frames.bd09_to_wgs84(point))


@pytest.mark.parametrize(
    ("lon", "central"),
    [(73.5, 75), (76.4999, 75), (76.5, 78), (116.35, 117), (115.5, 117), (135.0, 135)],
)
def test_gauss_kruger_zone_has_the_nearest_meridian(lon: float, central: int) -> None:
    crs = CRS.from_epsg(frames.gauss_kruger_epsg(lon))
    assert crs.name == f"CGCS2000 / 3-degree Gauss-Kruger CM {central}E"


@pytest.mark.parametrize("lon", [73.49, 136.5, -0.02, float("nan")])
def test_gauss_kruger_zones_end_with_china(lon: float) -> None:
    with pytest.raises(ValueError, match="Gauss-Kruger"):
        frames.gauss_kruger_epsg(lon)


@pytest.mark.parametrize(
    ("lon", "lat", "name"),
    [
        (116.35, 31.41, "CGCS2000 / 3-degree Gauss-Kruger CM 117E"),
        (-0.02, 51.46, "WGS 84 / UTM zone 30N"),
        (151.2, -33.9, "WGS 84 / UTM zone 56S"),
        (180.0, 10.0, "WGS 84 / UTM zone 1N"),
    ],
)
def test_metric_plane_fits_the_place(lon: float, lat: float, name: str) -> None:
    assert CRS.from_epsg(frames.metric_epsg(lon, lat)).name == name


@given(st.floats(-179, 179), st.floats(-80, 80), st.floats(0, 360), st.floats(0, 3000))
def test_straight_lines_are_as_long_as_the_way_along_the_ground(lon, lat, azimuth, way_m):
    end_lon, end_lat, _ = Geod(ellps="WGS84").fwd(lon, lat, azimuth, way_m)
    one, other = frames.to_cartesian([[lon, lat], [end_lon, end_lat]])
    assert np.linalg.norm(one - other) == pytest.approx(way_m, abs=1e-4)


def test_cartesian_places_are_those_of_the_projection_library():
    places = np.array([[116.35, 31.41], [-70.0, -33.4], [0.0, 0.0], [10.0, 90.0]])
    to: Any = Transformer.from_crs(4979, 4978, always_xy=True)
    xyz = to.transform(*places.T, np.zeros(4))
    assert frames.to_cartesian(places) == pytest.approx(np.column_stack(xyz), abs=1e-6)
