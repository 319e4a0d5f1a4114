"""Maps on paper: shapes laid into a frame of millimetres, with scale, names and what is hatched.

A drawing is data: paths and places in millimetres from the frame's upper left corner, from which a
template makes an SVG. The plane is that of the county's official maps (``frames.metric_epsg``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import Transformer

from geodata import frames
from geodata.model import LEVELS, Level

# Scales that a ruler is made for, and lengths that are read at a glance.
SCALES = tuple(
    step * 10**power for power in range(2, 6) for step in (1, 1.5, 2, 2.5, 3, 4, 5, 6, 8)
)
_ROUND = (1, 2, 5)
# Finer than a printer draws.
_FINEST_MM = 0.06
# No places, no lines and areas.
NOWHERE = np.empty((0, 2))
NOTHING = shapely.GeometryCollection()
# How far a pin reaches from its place.
PIN_MM = 1.9
# How much longer than its area is wide a name may be that has a short form.
_NAME_OVER = 2.5
_NAME_MM: Mapping[Level, float] = {"county": 4.2, "town": 3.6, "community": 2.9, "compound": 2.3}


@dataclass(frozen=True, slots=True)
class Area:
    """A grid to be drawn; the name of one ``is_marked`` stands out.

    ``fill`` names the pattern that it is filled with, ``short`` is written where the name does not
    fit.
    """

    level: Level
    name: str
    shape: Any
    is_marked: bool
    fill: str = ""
    short: str = ""


@dataclass(frozen=True, slots=True)
class Fill:
    """What is filled with one pattern, as an SVG path in millimetres."""

    fill: str
    d: str


@dataclass(frozen=True, slots=True)
class Pin:
    """A place with a letter or a number, in degrees or, laid on paper, in millimetres."""

    text: str
    x: float
    y: float


@dataclass(frozen=True, slots=True)
class Outline:
    """An SVG path in millimetres."""

    level: Level
    d: str


@dataclass(frozen=True, slots=True)
class Name:
    """A name, centred on x, y; ``size`` is the height of its letters; all in millimetres."""

    text: str
    x: float
    y: float
    size: float
    is_marked: bool


@dataclass(frozen=True, slots=True)
class Drawing:
    """A map: ``bar_mm`` on it are ``bar_m`` on the ground, ``scale`` is N of 1:N."""

    width: float
    height: float
    scale: int
    epsg: int
    bar_mm: float
    bar_m: int
    outlines: tuple[Outline, ...]
    moved: str
    hatched: str
    dots: tuple[tuple[float, float], ...]
    names: tuple[Name, ...]
    fills: tuple[Fill, ...] = ()
    marks: tuple[tuple[float, float], ...] = ()
    pins: tuple[Pin, ...] = ()


def draw(
    box: tuple[float, float, float, float],
    areas: Sequence[Area],
    *,
    moved: Any,
    hatched: Any,
    dots: NDArray[np.float64],
    width_mm: float,
    most_mm: float,
    marks: NDArray[np.float64] = NOWHERE,
    pins: Sequence[Pin] = (),
) -> Drawing:
    """Lay a box (west, south, east, north in degrees) into a frame, at a round scale.

    ``moved`` are lines, ``hatched`` areas, ``dots`` (buildings) and ``marks`` (facilities) have
    shape (n, 2); all in EPSG:4326. The frame is as high as the box needs, ``most_mm`` at most.
    """
    west, south, east, north = box
    epsg = frames.metric_epsg((west + east) / 2, (south + north) / 2)
    plane = shapely.transform(shapely.segmentize(shapely.box(*box), (north - south) / 8), _to(epsg))
    left, bottom, right, top = shapely.bounds(plane).tolist()
    needed = max((right - left) / width_mm, (top - bottom) / most_mm) * 1000
    scale = next((round(each) for each in SCALES if each >= needed), round(needed))
    mm_per_m = 1000 / scale
    height = min(most_mm, (top - bottom) * mm_per_m)
    # What is asked for lies in the middle; the rest of the frame shows its surroundings.
    x0 = (left + right) / 2 - width_mm / mm_per_m / 2
    y0 = (bottom + top) / 2 + height / mm_per_m / 2
    frame = shapely.box(0, 0, width_mm, height)

    def lay(points: NDArray[np.float64]) -> NDArray[np.float64]:
        flat = _to(epsg)(points)
        return np.column_stack(((flat[:, 0] - x0) * mm_per_m, (y0 - flat[:, 1]) * mm_per_m))

    def lay_inside(places: NDArray[np.float64]) -> NDArray[np.float64]:
        laid = lay(places) if len(places) else places
        is_inside = (laid > 0).all(axis=1) & (laid[:, 0] < width_mm) & (laid[:, 1] < height)
        return np.round(laid[is_inside], 2)

    shapes = [shapely.simplify(shapely.transform(area.shape, lay), _FINEST_MM) for area in areas]
    drawn = sorted(
        zip(areas, shapes, strict=True),
        key=lambda each: -LEVELS.index(each[0].level),
    )
    bar_m = _round_below(width_mm / 3 / mm_per_m)
    pinned = [
        Pin(pin.text, *laid[0].tolist())
        for pin in pins
        if len(laid := lay_inside(np.asarray([[pin.x, pin.y]])))
    ]
    return Drawing(
        width_mm,
        round(height, 2),
        scale,
        epsg,
        bar_m * mm_per_m,
        bar_m,
        tuple(
            Outline(area.level, d)
            for area, shape in drawn
            if (d := _path(shapely.intersection(shapely.boundary(shape), frame)))
        ),
        _path(shapely.intersection(shapely.transform(moved, lay), frame)),
        _path(shapely.intersection(shapely.transform(hatched, lay), frame)),
        _pairs(lay_inside(dots)),
        tuple(_names(drawn, frame, pinned)),
        tuple(
            Fill(fill, d)
            for fill in dict.fromkeys(area.fill for area in areas if area.fill)
            if (
                d := "".join(
                    _path(shapely.intersection(shape, frame))
                    for area, shape in drawn
                    if area.fill == fill
                )
            )
        ),
        _pairs(lay_inside(marks)),
        tuple(pinned),
    )


def _pairs(places: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
    return tuple((x, y) for x, y in places.tolist())


@cache
def _to(epsg: int) -> Callable[[NDArray[np.float64]], NDArray[np.float64]]:
    transformer = Transformer.from_crs(4326, epsg, always_xy=True)

    def flatten(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.column_stack(transformer.transform(points[:, 0], points[:, 1]))

    return flatten


def _round_below(length_m: float) -> int:
    power = 10 ** int(np.floor(np.log10(max(length_m, 1.0))))
    return int(max(step * power for step in _ROUND if step * power <= max(length_m, 1.0)))


def _path(shape: Any) -> str:
    """Write lines and rings as an SVG path, to a hundredth of a millimetre."""
    lines: list[str] = []
    for part in shapely.get_parts(shape):
        rings = shapely.get_rings(part) if shapely.get_type_id(part) == 3 else [part]
        for ring in rings:
            if shapely.is_empty(ring) or shapely.get_type_id(ring) not in (1, 2):
                continue
            points = shapely.get_coordinates(ring)
            text = "L".join(f"{x:.2f} {y:.2f}" for x, y in points.tolist())
            lines.append(f"M{text}" + ("Z" if shapely.is_closed(ring) else ""))
    return "".join(lines)


def _names(drawn: Iterable[tuple[Area, Any]], frame: Any, pinned: Iterable[Pin]) -> Iterable[Name]:
    """Place names where they fit: those that stand out first, then the larger ones."""
    taken = [(p.x - PIN_MM, p.y - PIN_MM, p.x + PIN_MM, p.y + PIN_MM) for p in pinned]
    wanted: list[tuple[bool, float, Area, Any]] = []
    for area, shape in drawn:
        seen = shapely.intersection(shape, frame)
        # What is finer than a line is nothing any more.
        parts = [part for part in shapely.get_parts(seen) if shapely.area(part) > 0]
        if area.name and area.level != "county" and parts:
            largest = max(parts, key=shapely.area)
            wanted.append((area.is_marked, float(shapely.area(largest)), area, largest))
    for is_marked, _, area, part in sorted(wanted, key=lambda each: (not each[0], -each[1])):
        circle = shapely.maximum_inscribed_circle(part, 0.5)
        x, y = shapely.get_coordinates(circle)[0].tolist()
        size = _NAME_MM[area.level]
        for text in filter(None, (area.name, area.short)):
            wide = sum(size * (1.0 if ord(letter) > 0x2E7F else 0.55) for letter in text)
            box = x - wide / 2, y - size / 2, x + wide / 2, y + size / 2
            fits = frame.covers(shapely.box(*box)) and not any(
                box[0] < b[2] and b[0] < box[2] and box[1] < b[3] and b[1] < box[3] for b in taken
            )
            across = 2 * float(shapely.length(circle))
            # A name that runs far over its neighbours would seem to be theirs.
            if text == area.name and area.short and wide > _NAME_OVER * across:
                continue
            if fits and (is_marked or across > size):
                taken.append(box)
                yield Name(text, round(x, 2), round(y + size * 0.35, 2), size, is_marked)
                break
