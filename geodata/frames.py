"""Coordinate frames of maps made in China, the storage grid and the plane for metric work.

The functions that shift take and return ``xy``: a float array of shape (..., 2), (lon, lat) in
degrees, so that they can be handed to ``shapely.transform``. Nothing is changed in place.

* **WGS 84 / CGCS2000** (EPSG:4326 / EPSG:4490): where we store. The two agree within decimetres
  and are not told apart here.
* **GCJ-02**: WGS 84 with an offset of 100 to 700 m; Amap, Tencent, Google's map of China.
* **BD-09**: GCJ-02 with a further offset of about 1 km; Baidu.

The formulas of GCJ-02 and BD-09 were never published by their makers. Used here are those that
every open implementation shares: GCJ-02 as in "Datum shift of WGS 84 to GCJ-02" of the
EvilTransform project (googollee/eviltransform) on Krasovsky's ellipsoid, BD-09 as in
wandergis/coordtransform. The inverses are exact to 1e-9 degrees (0.1 mm) with respect to them.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray

Coordinates = NDArray[np.float64]
Frame = Literal["wgs84", "gcj02", "bd09"]
FRAMES: tuple[Frame, ...] = ("wgs84", "gcj02", "bd09")

COORDINATE_SCALE = 10_000_000
"""Stored coordinates are whole multiples of 1 / COORDINATE_SCALE degrees (about 1 cm)."""

# The box in which GCJ-02 applies, as all implementations have it: west, south, east, north.
CHINA = (72.004, 0.8293, 137.8347, 55.8271)

# Krasovsky 1940: semi-major axis in metres, first eccentricity squared.
_KRASOVSKY_A = 6_378_245.0
_KRASOVSKY_EE = 0.006_693_421_622_965_943

# WGS 84: semi-major axis in metres, first eccentricity squared.
_WGS84_A = 6_378_137.0
_WGS84_EE = 0.006_694_379_990_141_317

_BD09_WAVE = math.pi * 3000.0 / 180.0
_BD09_SHIFT = (0.0065, 0.006)

_INVERSE_TOLERANCE = 1e-12
_INVERSE_ROUNDS = 20


def is_in_china(xy: ArrayLike) -> NDArray[np.bool_]:
    """Tell which points lie in the box where GCJ-02 applies; shape (...,), False for NaN."""
    points = np.asarray(xy, dtype=np.float64)
    west, south, east, north = CHINA
    lon, lat = points[..., 0], points[..., 1]
    return (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)


def wgs84_to_gcj02(xy: ArrayLike) -> Coordinates:
    """Shift WGS 84 to GCJ-02. Points outside China are returned as they are."""
    return _inside_china(xy, lambda points: points + _gcj02_offset(points))


def gcj02_to_wgs84(xy: ArrayLike) -> Coordinates:
    """Shift GCJ-02 back to WGS 84, to 1e-9 degrees. Points outside China stay as they are."""
    return _inside_china(xy, lambda points: _inverse(points, _gcj02_offset))


def gcj02_to_bd09(xy: ArrayLike) -> Coordinates:
    """Shift GCJ-02 to BD-09. Points outside China are returned as they are."""
    return _inside_china(xy, lambda points: points + _bd09_offset(points))


def bd09_to_gcj02(xy: ArrayLike) -> Coordinates:
    """Shift BD-09 back to GCJ-02, to 1e-9 degrees. Points outside China stay as they are.

    The closed formula that is often used as inverse is off by up to 0.2 m; this one is not.
    """
    return _inside_china(xy, lambda points: _inverse(points, _bd09_offset))


def wgs84_to_bd09(xy: ArrayLike) -> Coordinates:
    """Shift WGS 84 to BD-09. Points outside China are returned as they are."""
    return gcj02_to_bd09(wgs84_to_gcj02(xy))


def bd09_to_wgs84(xy: ArrayLike) -> Coordinates:
    """Shift BD-09 back to WGS 84, to 1e-9 degrees. Points outside China stay as they are."""
    return gcj02_to_wgs84(bd09_to_gcj02(xy))


def to_wgs84(xy: ArrayLike, frame: Frame) -> Coordinates:
    """Shift points of any frame to WGS 84; those already in it are copied."""
    if frame == "gcj02":
        return gcj02_to_wgs84(xy)
    if frame == "bd09":
        return bd09_to_wgs84(xy)
    return np.array(xy, dtype=np.float64)


def round_to_grid(xy: ArrayLike) -> Coordinates:
    """Move points to the nearest node of the storage grid of 1e-7 degrees.

    Equal input gives output equal to the bit, so that shared edges stay shared. Rounding twice
    changes nothing.
    """
    return np.round(np.asarray(xy, dtype=np.float64) * COORDINATE_SCALE) / COORDINATE_SCALE


def to_cartesian(xy: ArrayLike) -> Coordinates:
    """Return points of shape (..., 2), WGS 84, as (X, Y, Z) in metres, shape (..., 3), EPSG:4978.

    Closed form for height 0 (EPSG guidance note 7-2, 4.1.1). The straight line between two points
    d metres apart is shorter than the way along the ground by d^3 / (24 R^2): 0.03 mm at 3 km. So
    distances within a county are true in every place without a plane to be chosen for it.
    """
    lon, lat = np.moveaxis(np.radians(np.asarray(xy, dtype=np.float64)), -1, 0)
    prime_vertical_m = _WGS84_A / np.sqrt(1 - _WGS84_EE * np.sin(lat) ** 2)
    flat_m = prime_vertical_m * np.cos(lat)
    return np.stack(
        [
            flat_m * np.cos(lon),
            flat_m * np.sin(lon),
            prime_vertical_m * (1 - _WGS84_EE) * np.sin(lat),
        ],
        axis=-1,
    )


def gauss_kruger_epsg(lon: float) -> int:
    """Return the EPSG code of the CGCS2000 3-degree Gauss-Kruger zone around a longitude.

    The codes 4534 to 4554 stand for central meridians of 75, 78 ... 135 degrees east, easting
    without zone number. A longitude on the edge of two zones belongs to the eastern one.

    Raises:
        ValueError: the longitude is outside 73.5 <= lon < 136.5.
    """
    if not 73.5 <= lon < 136.5:
        raise ValueError(f"no CGCS2000 3-degree Gauss-Kruger zone has longitude {lon}")
    return 4534 + math.floor((lon - 73.5) / 3)


def metric_epsg(lon: float, lat: float) -> int:
    """Return the EPSG code of a plane for lengths and areas near a WGS 84 point, in metres.

    China: the CGCS2000 3-degree Gauss-Kruger zone. Elsewhere: the WGS 84 UTM zone of 6 degrees
    (326xx north, 327xx south of the equator).
    """
    if is_in_china((lon, lat)) and 73.5 <= lon < 136.5:
        return gauss_kruger_epsg(lon)
    zone = int((lon + 180) // 6) % 60 + 1
    return (32600 if lat >= 0 else 32700) + zone


def _inside_china(xy: ArrayLike, shift: Callable[[Coordinates], Coordinates]) -> Coordinates:
    points = np.array(xy, dtype=np.float64)
    inside = is_in_china(points)
    points[inside] = shift(points[inside])
    return points


def _inverse(target: Coordinates, offset: Callable[[Coordinates], Coordinates]) -> Coordinates:
    """Solve p + offset(p) = target by fixed-point iteration.

    The offsets change by less than 2 % of the way moved, so each round wins almost two digits.
    """
    points = target - offset(target)
    for _ in range(_INVERSE_ROUNDS):
        better = target - offset(points)
        step = float(np.max(np.abs(better - points), initial=0.0))
        points = better
        if step < _INVERSE_TOLERANCE:
            break
    return points


def _gcj02_offset(points: Coordinates) -> Coordinates:
    """GCJ-02 minus WGS 84 in degrees, at WGS 84 points of shape (n, 2)."""
    x, y = points[..., 0] - 105.0, points[..., 1] - 35.0
    root = np.sqrt(np.abs(x))
    shared = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    east_m = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east_m += 2 / 3 * (shared + _wave(x, ((20, 1), (40, 3), (150, 12), (300, 30))))
    north_m = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north_m += 2 / 3 * (shared + _wave(y, ((20, 1), (40, 3), (160, 12), (320, 30))))

    latitude = np.radians(points[..., 1])
    bend = 1 - _KRASOVSKY_EE * np.sin(latitude) ** 2
    prime_vertical_m = _KRASOVSKY_A / np.sqrt(bend)
    meridian_m = prime_vertical_m * (1 - _KRASOVSKY_EE) / bend
    lon = np.degrees(east_m / (prime_vertical_m * np.cos(latitude)))
    return np.stack([lon, np.degrees(north_m / meridian_m)], axis=-1)


def _wave(
    t: NDArray[np.float64], parts: tuple[tuple[int, int], ...]
) -> NDArray[np.float64] | float:
    """Sum sines over (amplitude in metres, half wavelength in degrees)."""
    return sum(amplitude * np.sin(np.pi * t / half) for amplitude, half in parts)


def _bd09_offset(points: Coordinates) -> Coordinates:
    """BD-09 minus GCJ-02 in degrees, at GCJ-02 points of shape (n, 2)."""
    lon, lat = points[..., 0], points[..., 1]
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(lat * _BD09_WAVE)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(lon * _BD09_WAVE)
    shifted = np.stack([radius * np.cos(angle), radius * np.sin(angle)], axis=-1)
    return shifted + _BD09_SHIFT - points
