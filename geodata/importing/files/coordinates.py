"""From any coordinate system to WGS 84, saying which way was taken and how exact it is."""

from __future__ import annotations

import re
import warnings
from collections.abc import Sequence
from dataclasses import dataclass
from functools import reduce

import numpy as np
import shapely
from numpy.typing import NDArray
from pyproj import CRS
from pyproj.aoi import AreaOfInterest
from pyproj.exceptions import CRSError
from pyproj.transformer import Transformer, TransformerGroup

from geodata.frames import Frame, to_wgs84
from geodata.importing.files import datums
from geodata.importing.files.refusals import FileRefusedError
from geodata.language.phrases import Phrase
from geodata.people.privacy import masked

# Systems that county and open data come in; the first that puts the data where it belongs is named.
# The third is the middle longitude of a zone: a zone far from the county need not be tried.
_USUAL: tuple[tuple[int, Phrase, int | None], ...] = (
    (3857, Phrase("Web Mercator"), None),
    (27700, Phrase("British National Grid"), None),
    *((4534 + n, Phrase("CGCS2000 3-degree zone"), 75 + 3 * n) for n in range(21)),
    *((4513 + n, Phrase("CGCS2000 3-degree zone with number"), 75 + 3 * n) for n in range(21)),
    *((4502 + n, Phrase("CGCS2000 6-degree zone"), 75 + 6 * n) for n in range(11)),
    *((4491 + n, Phrase("CGCS2000 6-degree zone with number"), 75 + 6 * n) for n in range(11)),
    *((2370 + n, Phrase("Xian 1980 3-degree zone"), 75 + 3 * n) for n in range(21)),
    *((32643 + n, Phrase("UTM"), 75 + 6 * n) for n in range(11)),
)
_ZONE_REACH_DEGREES = 9
# How a file that is no sheet of WKT names a system: EPSG:4490, urn:ogc:def:crs:OGC:1.3:CRS84, ...
_BY_AUTHORITY = re.compile(
    r"(?:urn:(?:x-)?ogc:def:crs:|https?://www\.opengis\.net/def/crs/)?"
    r"(?P<authority>[A-Za-z]+)[:/](?:[0-9.]*[:/])?(?P<code>[A-Za-z0-9]+)",
    re.IGNORECASE,
)
_NUMBER = re.compile(r"\s*[0-9]+\s*")
_NEAR_DEGREES = 0.3


@dataclass(frozen=True, slots=True)
class Way:
    """How coordinates get to WGS 84: the source's name, the operation, its accuracy in metres.

    ``operation`` is None where they are in WGS 84 already.
    """

    source: str
    operation: Phrase | None
    accuracy_m: float | None
    better: str | None
    transformer: Transformer | None


def parse(text: str) -> CRS:
    """Read a coordinate system as people write it: "EPSG:4548", "4548", WKT.

    Raises:
        FileRefusedError
    """
    try:
        return CRS.from_user_input(f"EPSG:{text.strip()}" if _NUMBER.fullmatch(text) else text)
    except CRSError as failure:
        raise FileRefusedError(
            "unknown_crs",
            "{crs} is no coordinate system that is known.",
            hint="Give it as --crs EPSG:number, for example --crs EPSG:4548.",
            crs=text[:80],
        ) from failure


def named(text: str) -> str | None:
    """Return the system that a name of a file's own means, as "EPSG:4490"; None if none does."""
    match = _BY_AUTHORITY.fullmatch(text.strip())
    if match is None:
        return None
    short = f"{match['authority']}:{match['code']}".upper()
    try:
        CRS.from_user_input(short)
    except CRSError:
        return None
    return "EPSG:4326" if short == "OGC:CRS84" else short


def refused_name(text: str) -> FileRefusedError:
    """Return the refusal of a file that names a system which nobody knows."""
    frame = frame_named(text)
    return FileRefusedError(
        "unknown_crs",
        "The file names its coordinate system “{crs}”, which is not known here.",
        hint="If it is drawn in {system}, give --frame {frame}; else the right system with --crs."
        if frame
        else "Give the right one with --crs, for example --crs EPSG:4490.",
        crs=masked(text[:80]),
        frame=frame,
        system=(frame or "").upper(),
    )


def frame_named(text: str) -> Frame | None:
    """Return the shifted system of Chinese web maps that a name means, None for any other."""
    plain = re.sub(r"[^a-z0-9]", "", text.lower())
    if "gcj02" in plain:
        return "gcj02"
    return "bd09" if plain.startswith("bd09") and "mc" not in plain else None


def find_way(crs: CRS, bounds: NDArray[np.float64]) -> Way:
    """Choose the most exact operation from a system to WGS 84 for data within bounds.

    Raises:
        FileRefusedError: the system is local, or the only way is a guess (a ballpark one)
    """
    name = _name(crs)
    if crs.is_geographic and crs.to_epsg() in {4326, 4979}:
        return Way(name, None, None, None, None)
    if not (crs.is_geographic or crs.is_projected or crs.is_bound or crs.is_compound):
        raise FileRefusedError(
            "unknown_crs",
            "The coordinate system {name} is not tied to the earth.",
            hint="Ask who drew the file, then give it with --crs.",
            name=name,
        )
    if _is_cgcs2000(crs):
        return _cgcs2000_way(crs, name)
    area = _area(crs, bounds)
    with warnings.catch_warnings():
        # That a grid file would make it more exact is what ``better`` says.
        warnings.filterwarnings("ignore", "Best transformation is not available", UserWarning)
        group = TransformerGroup(
            crs,
            4326,
            always_xy=True,
            # pyproj's two modules name the same class differently.
            area_of_interest=area,  # pyright: ignore[reportArgumentType]
            allow_ballpark=False,
        )
    if not group.transformers:
        raise datums.refusal(crs, area) if datums.is_unnamed(crs) else _no_way(crs, name)
    best = group.transformers[0]
    missing = [
        grid.short_name
        for operation in group.unavailable_operations[:1]
        for grid in operation.grids
        if not grid.available
    ]
    accuracy = best.accuracy if best.accuracy >= 0 else None
    operation = _operation(best.description)
    return Way(name, operation, accuracy, missing[0] if missing else None, best)


def _no_way(crs: CRS, name: str) -> FileRefusedError:
    """Return the refusal of a system from which nothing exact leads to WGS 84."""
    datum = crs.geodetic_crs.datum if crs.geodetic_crs is not None else None
    is_old_chinese = datum is not None and datum.name.startswith(("Xian", "Beijing"))
    return FileRefusedError(
        "no_way",
        "There is no exact way from {name} to WGS 84.",
        hint="Xian 1980 and Beijing 1954 are about 100 m off, differently in every place: have"
        " the file exported in CGCS2000 or WGS 84."
        if is_old_chinese
        else "Have the file exported in CGCS2000 or WGS 84.",
        name=name,
    )


def _operation(description: str) -> Phrase | None:
    """Return PROJ's description of an operation, a step after the other."""
    steps = [step for step in description.split(" + ") if not step.startswith("axis order")]
    inverse = "Inverse of "
    said = [
        Phrase("Inverse of {step}", {"step": step.removeprefix(inverse)})
        if step.startswith(inverse)
        else Phrase("{step}", {"step": step})
        for step in steps
    ]
    if not said:
        return None
    return reduce(lambda one, two: Phrase("{one} + {two}", {"one": one, "two": two}), said)


def _is_cgcs2000(crs: CRS) -> bool:
    datum = crs.geodetic_crs.datum if crs.geodetic_crs is not None else None
    name = datum.name.lower().replace("_", " ") if datum is not None else ""
    return "china 2000" in name or "china geodetic coordinate system 2000" in name


def _cgcs2000_way(crs: CRS, name: str) -> Way:
    """Take CGCS2000 for WGS 84, as they agree within decimetres: only the projection is undone."""
    operation = Phrase("taking CGCS2000 for WGS 84, which agree within decimetres")
    if crs.is_geographic:
        return Way(name, operation, None, None, None)
    transformer = Transformer.from_crs(crs, crs.geodetic_crs, always_xy=True)
    both = Phrase("the inverse projection and {operation}", {"operation": operation})
    return Way(name, both, None, None, transformer)


def to_lonlat(geoms: NDArray[np.object_], way: Way, frame: Frame) -> NDArray[np.object_]:
    """Return shapes in WGS 84 degrees, unrounded; what cannot be projected becomes infinite."""

    def convert(xy: NDArray[np.float64]) -> NDArray[np.float64]:
        if way.transformer is not None:
            lon, lat = way.transformer.transform(xy[:, 0], xy[:, 1])
            xy = np.column_stack((lon, lat))
        return to_wgs84(xy, frame) if frame != "wgs84" else xy

    if way.transformer is None and frame == "wgs84":
        return geoms
    return np.asarray(shapely.transform(geoms, convert), dtype=object)


def is_on_earth(bounds: NDArray[np.float64]) -> NDArray[np.bool_]:
    """Tell which boxes (west, south, east, north) lie within 180 and 90 degrees."""
    west, south, east, north = bounds.T
    return (west >= -180) & (east <= 180) & (south >= -90) & (north <= 90)


def guess(
    bounds: NDArray[np.float64],
    county_box: NDArray[np.float64] | None,
    codes: Sequence[int] | None = None,
) -> Phrase | None:
    """Return up to three systems in which raw coordinates would make sense, best first.

    ``county_box`` is the box of the county, if known: then only systems that lead there count.
    ``codes`` are the ``candidates`` where they have been looked for already.
    """
    centre = (bounds[:2] + bounds[2:]) / 2
    if county_box is not None and _is_near(centre[::-1], county_box):
        return Phrase("latitude and longitude swapped")
    names = {epsg: name for epsg, name, _middle in _USUAL}
    found = [
        Phrase("EPSG:{epsg} ({name})", {"epsg": epsg, "name": names[epsg]})
        for epsg in (candidates(bounds, county_box) if codes is None else codes)
    ]
    if not found:
        return None
    return reduce(lambda one, two: Phrase("{one} or {two}", {"one": one, "two": two}), found)


def candidates(bounds: NDArray[np.float64], county_box: NDArray[np.float64] | None) -> list[int]:
    """Return up to three usual systems (EPSG) that put raw coordinates where they belong."""
    centre = (bounds[:2] + bounds[2:]) / 2
    found: list[int] = []
    for epsg, _said, middle in _USUAL:
        if county_box is not None and middle is not None and _is_far(middle, county_box):
            continue
        lon, lat = Transformer.from_crs(epsg, 4326, always_xy=True).transform(*centre)
        spot = np.array([lon, lat])
        if not np.isfinite(spot).all():
            continue
        if _is_near(spot, county_box) if county_box is not None else _is_within_use(epsg, lon, lat):
            found.append(epsg)
        if len(found) == 3:
            break
    return found


def usual(county_box: NDArray[np.float64]) -> list[tuple[int, Phrase]]:
    """Return the usual systems (EPSG, name) in which a map of the county may be drawn."""
    lon, lat = float(county_box[0] + county_box[2]) / 2, float(county_box[1] + county_box[3]) / 2
    return [
        (epsg, name)
        for epsg, name, middle in _USUAL
        if (
            not _is_far(middle, county_box)
            if middle is not None
            else _is_within_use(epsg, lon, lat)
        )
    ]


def said_of(way: Way) -> Phrase:
    """Return the note that says how coordinates got to WGS 84."""
    note = Phrase("Coordinates: {source}", {"source": way.source})
    if way.operation is not None:
        note = Phrase(
            "{note}, brought to WGS 84 by {operation}", {"note": note, "operation": way.operation}
        )
    if way.accuracy_m:
        note = Phrase("{note}, exact to {metres:g} m", {"note": note, "metres": way.accuracy_m})
    elif way.accuracy_m is not None:
        note = Phrase("{note}, exact", {"note": note})
    return Phrase("{note}.", {"note": note})


def said_of_frame(frame: Frame) -> Phrase:
    """Return the note that says which map's shift was taken away."""
    return Phrase(
        "The shift of {system} was taken away (--frame {frame}).",
        {"system": frame.upper(), "frame": frame},
    )


def _is_far(middle: int, county_box: NDArray[np.float64]) -> bool:
    """Tell whether a zone around a longitude is none that a county's maps are drawn in."""
    return bool(abs((county_box[0] + county_box[2]) / 2 - middle) > _ZONE_REACH_DEGREES)


def _is_near(spot: NDArray[np.float64], county_box: NDArray[np.float64]) -> bool:
    west, south, east, north = county_box
    grow = _NEAR_DEGREES
    is_beside = west - grow <= spot[0] <= east + grow
    return bool(is_beside and south - grow <= spot[1] <= north + grow)


def _is_within_use(epsg: int, lon: float, lat: float) -> bool:
    use = CRS.from_epsg(epsg).area_of_use
    return use is not None and use.west <= lon <= use.east and use.south <= lat <= use.north


def _name(crs: CRS) -> str:
    epsg = crs.to_epsg()
    return f"EPSG:{epsg} ({crs.name})" if epsg else crs.name


def _area(crs: CRS, bounds: NDArray[np.float64]) -> AreaOfInterest | None:
    """Return where the data lies, roughly, so that the operation made for the place is taken."""
    try:
        rough = Transformer.from_crs(crs, 4326, always_xy=True)
        west, south, east, north = rough.transform_bounds(*bounds)
    except (CRSError, ValueError):
        return None
    box = np.array([[west, south, east, north]])
    if not np.isfinite(box).all() or not is_on_earth(box)[0]:
        return None
    return AreaOfInterest(west, south, east, north)
