"""Ways to read the two columns of a point, and which of them lead into the county."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj.exceptions import CRSError

from geodata.frames import FRAMES, Frame
from geodata.importing.files import coordinates
from geodata.importing.files.refusals import FileRefusedError
from geodata.language.phrases import Phrase

WGS84 = "EPSG:4326"
# Rows by which readings are compared; the share of the best is then counted over all.
_SAMPLE = 500
_MOST = 3
# Two systems whose points differ by less are one to anyone who reads the report.
_SAME_DEGREES = 1e-5


@dataclass(frozen=True, slots=True)
class Reading:
    """What two numbers mean: their system, whether the first is the northing, the map's frame."""

    crs: str
    is_swapped: bool = False
    frame: Frame = "wgs84"


@dataclass(frozen=True, slots=True)
class Proposal:
    """Another reading, the ``share`` of the points that it puts inside, and how to ask for it."""

    reading: Reading
    share: float
    options: tuple[str | Phrase, ...]
    what: tuple[Phrase, ...]

    def said(self) -> Phrase:
        """Return the options with what they mean."""
        options = Phrase("{first}", {"first": self.options[0]})
        for more in self.options[1:]:
            options = Phrase("{options} {more}", {"options": options, "more": more})
        return Phrase(
            "{options} ({what}: {share:.0%} inside)",
            {"options": options, "what": self.what, "share": self.share},
        )


def convert(
    raw: NDArray[np.float64], reading: Reading
) -> tuple[NDArray[np.float64], coordinates.Way | None]:
    """Return (lon, lat) in WGS 84 of pairs (n, 2), and the way there; NaN stays NaN.

    What the system does not cover becomes infinite.

    Raises:
        FileRefusedError: there is no such system, or no exact way from it
    """
    out = raw[:, ::-1].copy() if reading.is_swapped else raw.copy()
    known = np.flatnonzero(np.isfinite(out).all(axis=1))
    if not len(known):
        return out, None
    dots = np.asarray(shapely.points(out[known]), dtype=object)
    bounds = np.asarray(shapely.total_bounds(dots), dtype=np.float64)
    way = coordinates.find_way(coordinates.parse(reading.crs), bounds)
    out[known] = shapely.get_coordinates(coordinates.to_lonlat(dots, way, reading.frame))
    return out, way


def is_inside(xy: NDArray[np.float64], ground: shapely.Geometry) -> NDArray[np.bool_]:
    """Tell which points (lon, lat) lie in a ground; what is nowhere lies outside."""
    known = np.isfinite(xy).all(axis=1)
    inside = np.zeros(len(xy), dtype=bool)
    inside[known] = shapely.contains_xy(ground, xy[known, 0], xy[known, 1])
    return inside


def propose(
    raw: NDArray[np.float64], taken: Reading, ground: shapely.Geometry, *, is_county: bool
) -> list[Proposal]:
    """Return the readings that put most points into a ground, and twice as many as they do now.

    Only those that change least are returned, the best first. ``raw`` (n, 2) are finite. Other
    systems are tried where the ground is the county's: whatever else it is says too little.
    """
    sample = raw[np.linspace(0, len(raw) - 1, min(len(raw), _SAMPLE)).astype(int)]
    systems = _systems(ground) if is_county else []
    now = float(is_inside(convert(sample, taken)[0], ground).mean())
    least = max(0.5, 2 * now)
    for changed in _changed(taken, systems):
        found: list[Proposal] = []
        spots: list[NDArray[np.float64]] = []
        for reading in changed:
            xy = _tried(sample, reading)
            if xy is None or is_inside(xy, ground).mean() <= least or _is_among(xy, spots):
                continue
            spots.append(xy)
            share = float(is_inside(convert(raw, reading)[0], ground).mean())
            found.append(_proposal(reading, taken, share, dict(systems)))
        if found:
            return sorted(found, key=lambda each: -round(each.share, 2))[:_MOST]
    return []


def _systems(ground: shapely.Geometry) -> list[tuple[str, Phrase]]:
    """Return the usual systems around a ground, degrees first."""
    degrees = (WGS84, Phrase("longitude and latitude in degrees"))
    county_box = np.asarray(shapely.bounds(ground), dtype=np.float64)
    return [degrees, *((f"EPSG:{epsg}", name) for epsg, name in coordinates.usual(county_box))]


def _changed(
    taken: Reading, systems: Sequence[tuple[str, Phrase]]
) -> tuple[list[Reading], list[Reading]]:
    """Return the readings that differ in one thing, then those in two."""
    swapped = replace(taken, is_swapped=not taken.is_swapped)
    frames = [replace(taken, frame=frame) for frame in FRAMES if frame != taken.frame]
    others = [
        replace(taken, crs=crs)
        for crs, _name in systems
        if coordinates.parse(crs) != coordinates.parse(taken.crs)
    ]
    both = [replace(other, is_swapped=swapped.is_swapped) for other in others]
    return [swapped, *frames, *others], both


def _tried(sample: NDArray[np.float64], reading: Reading) -> NDArray[np.float64] | None:
    """Return the points of a reading, None where there is no exact way to have them."""
    try:
        return convert(sample, reading)[0]
    except (FileRefusedError, CRSError):
        return None


def _is_among(xy: NDArray[np.float64], spots: Sequence[NDArray[np.float64]]) -> bool:
    with np.errstate(invalid="ignore"):
        return any(bool((np.abs(xy - other) < _SAME_DEGREES).all()) for other in spots)


def _proposal(reading: Reading, taken: Reading, share: float, names: dict[str, Phrase]) -> Proposal:
    options: list[str | Phrase] = []
    what: list[Phrase] = []
    if reading.crs != taken.crs:
        options.append(f"--crs {reading.crs}")
        what.append(names[reading.crs])
    if reading.is_swapped != taken.is_swapped:
        options.append("--swap" if reading.is_swapped else Phrase("without --swap"))
        what.append(_order(reading))
    if reading.frame != taken.frame:
        is_plain = reading.frame == "wgs84"
        options.append(Phrase("without --frame") if is_plain else f"--frame {reading.frame}")
        system = "WGS 84" if is_plain else {"gcj02": "GCJ-02", "bd09": "BD-09"}[reading.frame]
        what.append(Phrase("drawn in {system}", {"system": system}))
    return Proposal(reading, share, tuple(options), tuple(what))


def _order(reading: Reading) -> Phrase:
    """Say which of the two columns is which."""
    if coordinates.parse(reading.crs).is_geographic:
        if reading.is_swapped:
            return Phrase("latitude and longitude swapped")
        return Phrase("longitude and latitude as their columns say")
    if reading.is_swapped:
        return Phrase("X is north and Y is east, as surveyors have it")
    return Phrase("X is east and Y is north")
