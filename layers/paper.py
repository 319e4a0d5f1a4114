"""Maps on paper: shapes laid into a frame of millimetres, with scale, names and what is hatched.

A drawing is data: paths and places in millimetres from the frame's upper left corner, from which a
template makes an SVG. The plane is that of the county's official maps (``frames.metric_epsg``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
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
class Size:
    """The room for a map: as high as its box needs, ``most_mm`` at most.

    Lines and names of one with many small grids are ``fineness`` times as large as usual.
    """

    width_mm: float
    most_mm: float
    fineness: float = 1.0


@dataclass(frozen=True, slots=True)
class Overlay:
    """What is drawn over the areas, in EPSG:4326.

    ``moved`` are lines, ``hatched`` areas, ``dots`` (buildings) and ``marks`` (facilities) have
    shape (n, 2).
    """

    moved: Any = NOTHING
    hatched: Any = NOTHING
    dots: NDArray[np.float64] = field(default_factory=lambda: NOWHERE)
    marks: NDArray[np.float64] = field(default_factory=lambda: NOWHERE)
    pins: Sequence[Pin] = ()


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
    fills: tuple[Fill, ...]
    marks: tuple[tuple[float, float], ...]
    pins: tuple[Pin, ...]
    fineness: float


class _Frame:
    """A box laid on paper at a round scale; lengths in millimetres from its upper left."""

    def __init__(self, box: tuple[float, float, float, float], size: Size) -> None:
        west, south, east, north = box
        self.epsg = frames.metric_epsg((west + east) / 2, (south + north) / 2)
        self._flatten = _to(self.epsg)
        ring = shapely.segmentize(shapely.box(*box), (north - south) / 8)
        left, bottom, right, top = shapely.bounds(shapely.transform(ring, self._flatten)).tolist()
        needed = max((right - left) / size.width_mm, (top - bottom) / size.most_mm) * 1000
        self.scale = next((round(each) for each in SCALES if each >= needed), round(needed))
        self._mm_per_m = 1000 / self.scale
        self.width = size.width_mm
        self.height = min(size.most_mm, (top - bottom) * self._mm_per_m)
        self.shape = shapely.box(0, 0, self.width, self.height)
        self.bar_m = _round_below(self.width / 3 / self._mm_per_m)
        self.bar_mm = self.bar_m * self._mm_per_m
        # What is asked for lies in the middle; the rest of the frame shows its surroundings.
        self._left = (left + right) / 2 - self.width / self._mm_per_m / 2
        self._top = (bottom + top) / 2 + self.height / self._mm_per_m / 2

    def lay(self, points: NDArray[np.float64]) -> NDArray[np.float64]:
        """Return where points in degrees (n, 2) lie."""
        flat = self._flatten(points)
        return np.column_stack(
            ((flat[:, 0] - self._left) * self._mm_per_m, (self._top - flat[:, 1]) * self._mm_per_m)
        )

    def lay_inside(self, places: NDArray[np.float64]) -> tuple[tuple[float, float], ...]:
        """Return those of some places that lie within the frame, to a hundredth."""
        laid = self.lay(places) if len(places) else places
        is_inside = (laid > 0).all(axis=1) & (laid[:, 0] < self.width) & (laid[:, 1] < self.height)
        return tuple((x, y) for x, y in np.round(laid[is_inside], 2).tolist())

    def pinned(self, pins: Iterable[Pin]) -> tuple[Pin, ...]:
        """Return the pins within the frame."""
        return tuple(
            Pin(pin.text, *laid[0])
            for pin in pins
            if (laid := self.lay_inside(np.asarray([[pin.x, pin.y]])))
        )

    def path(self, shape: Any) -> str:
        """Write what is seen of a shape in degrees."""
        return self.cut(shapely.transform(shape, self.lay))

    def cut(self, shape: Any) -> str:
        """Write what is seen of a shape that is laid already."""
        return _path(shapely.intersection(shape, self.shape))


def draw(
    box: tuple[float, float, float, float],
    areas: Sequence[Area],
    size: Size,
    overlay: Overlay | None = None,
) -> Drawing:
    """Lay a box (west, south, east, north in degrees) on paper of a size, at a round scale."""
    over = overlay or Overlay()
    frame = _Frame(box, size)
    shapes = [
        shapely.simplify(shapely.transform(area.shape, frame.lay), _FINEST_MM) for area in areas
    ]
    drawn = sorted(
        zip(areas, shapes, strict=True),
        key=lambda each: -LEVELS.index(each[0].level),
    )
    pins = frame.pinned(over.pins)
    return Drawing(
        frame.width,
        round(frame.height, 2),
        frame.scale,
        frame.epsg,
        frame.bar_mm,
        frame.bar_m,
        tuple(
            Outline(area.level, d)
            for area, shape in drawn
            if (d := frame.cut(shapely.boundary(shape)))
        ),
        frame.path(over.moved),
        frame.path(over.hatched),
        frame.lay_inside(over.dots),
        tuple(_names(drawn, frame.shape, pins, size.fineness)),
        tuple(_fills(drawn, frame)),
        frame.lay_inside(over.marks),
        pins,
        size.fineness,
    )


def _fills(drawn: Sequence[tuple[Area, Any]], frame: _Frame) -> Iterator[Fill]:
    """Yield what is filled, each pattern once."""
    for fill in dict.fromkeys(area.fill for area, _ in drawn if area.fill):
        if d := "".join(frame.cut(shape) for area, shape in drawn if area.fill == fill):
            yield Fill(fill, d)


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


def _names(
    drawn: Iterable[tuple[Area, Any]], frame: Any, pinned: Iterable[Pin], fineness: float
) -> Iterator[Name]:
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
        size = round(_NAME_MM[area.level] * fineness, 2)
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
