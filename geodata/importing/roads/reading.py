"""Reading the ways of a file in WGS 84, those that can be walked. In the limited child only."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import shapely

from geodata.importing.files import archive, coordinates, features
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.roads import osm
from geodata.importing.roads.requests import RoadRequest
from geodata.language.phrases import Phrase
from geodata.roads import walkable
from geodata.roads.network import Flags, Floats, Ints, Lines

MAX_WAYS = features.MAX_FEATURES
# Roads this far beyond the county count: the way to the neighbours' clinic, or round a mountain.
MARGIN_DEGREES = 0.05
_LINE, _RING, _MULTILINE = 1, 2, 5


@dataclass(slots=True)
class Found:
    """The ways of a file: lines (lon, lat), their layer (0: the ground), and what was noticed.

    ``odd`` are the rows (from 0) that hold no line, ``bad`` those with coordinates that are none.
    ``nodes`` are the numbers of the nodes at the corners of all lines, if the file has numbers.
    """

    lines: Lines
    layer: Ints
    notes: list[Phrase]
    odd: list[int] = field(default_factory=list[int])
    bad: list[int] = field(default_factory=list[int])
    nodes: Ints | None = None


def is_osm(path: Path) -> bool:
    """Tell an extract of OpenStreetMap in PBF by its first bytes."""
    with path.open("rb") as file:
        return b"OSMHeader" in file.read(64)


def read(request: RoadRequest, work: Path) -> Found:
    """Return the ways of a file that can be walked, in or near the county.

    Raises:
        FileRefusedError: it cannot be read, or there is no such way in it
    """
    found = _read_osm(request) if request.is_osm else _read_layer(request, work)
    if not len(found.lines):
        if found.odd or found.bad:
            return found
        raise FileRefusedError("no_ways", "The file holds no road that can be walked.")
    return found


def _read_osm(request: RoadRequest) -> Found:
    found = osm.read(Path(request.file.path), _grown(request.county_box))
    _check_count(len(found.lines))
    return Found(found.lines, found.layer, found.notes, nodes=found.nodes)


def _read_layer(request: RoadRequest, work: Path) -> Found:
    source = archive.open_source(Path(request.file.path), work, request.file.layer)
    rows = features.read(source, request.file)
    found = Found(
        rows.geoms,
        np.zeros(len(rows.geoms), dtype=np.int64),
        [rows.read_as(), *rows.notes],
    )
    kind = shapely.get_type_id(rows.geoms)
    is_line = np.isin(kind, (_LINE, _RING, _MULTILINE)) & ~shapely.is_empty(rows.geoms)
    bounds = shapely.bounds(rows.geoms)
    is_finite = np.isfinite(bounds).all(axis=1)
    found.odd = np.flatnonzero(~is_line).tolist()
    found.bad = np.flatnonzero(is_line & ~is_finite).tolist()
    good = is_line & is_finite
    by_name = {name.strip().lower(): values for name, values in rows.columns.items()}
    layer = walkable.layers(by_name, len(rows.geoms))
    walked = _walked(request, rows, found)
    keep = good & walked
    owner, found.lines, found.layer = np.flatnonzero(keep), rows.geoms[keep], layer[keep]
    if not len(owner):
        return found
    found.lines, part_of = shapely.get_parts(found.lines, return_index=True)
    found.layer = found.layer[part_of]
    _place(request, found, rows.crs, source.driver)
    return found


def _walked(request: RoadRequest, rows: features.Features, found: Found) -> Flags:
    """Tell which rows can be walked by the column with their class, all of them without one."""
    if request.class_column is None:
        return np.ones(len(rows.geoms), dtype=np.bool_)
    if request.class_column not in rows.columns:
        raise FileRefusedError(
            "no_column",
            "There is no column {column}.",
            hint="The file has: {columns}.",
            column=request.class_column,
            columns=", ".join(rows.columns),
        )
    walked = walkable.by_class(rows.columns[request.class_column])
    if (~walked).any():
        found.notes.append(_left_out(int((~walked).sum())))
    return walked


def _place(request: RoadRequest, found: Found, crs: str | None, driver: str) -> None:
    """Bring the ways to WGS 84 and drop those that are far from the county."""
    bounds = np.asarray(shapely.total_bounds(found.lines), dtype=np.float64)
    county_box = np.array(request.county_box) if request.county_box else None
    told = request.file.crs or crs
    if told is None:
        guess = coordinates.guess(bounds, county_box)
        raise FileRefusedError(
            "no_prj" if driver == "ESRI Shapefile" else "no_crs",
            "The shapefile has no .prj file, so its coordinate system is unknown."
            if driver == "ESRI Shapefile"
            else "The file does not say its coordinate system.",
            hint="Give it with --crs. The coordinates look like {guess}."
            if guess
            else "Give it with --crs, for example --crs EPSG:4548.",
            guess=guess,
        )
    system = coordinates.parse(told)
    if system.is_geographic and not coordinates.is_on_earth(bounds[None, :])[0]:
        raise _nowhere(coordinates.guess(bounds, county_box))
    way = coordinates.find_way(system, bounds)
    frame = request.file.frame or "wgs84"
    lines = coordinates.to_lonlat(found.lines, way, frame)
    found.notes.append(Phrase("Coordinates: {source}.", {"source": way.source}))
    if frame != "wgs84":
        found.notes.append(
            Phrase(
                "The shift of {system} was taken away (--frame {frame}).",
                {"system": frame.upper(), "frame": frame},
            )
        )
    near = _near(lines, _grown(request.county_box))
    if not near.any():
        raise _nowhere(coordinates.guess(bounds, county_box))
    if not near.all():
        found.notes.append(
            Phrase(
                "Far from the county and left out: {count:,} lines.",
                {"count": int((~near).sum())},
            )
        )
    found.lines, found.layer = lines[near], found.layer[near]


def _nowhere(guess: Phrase | None) -> FileRefusedError:
    return FileRefusedError(
        "far_away",
        "No road of the file lies in or near the county.",
        hint="Give the right system with --crs. The coordinates look like {guess}."
        if guess
        else "Check the coordinate system (--crs) and the order of longitude and latitude.",
        guess=guess,
    )


def _near(lines: Lines, box: tuple[float, float, float, float] | None) -> Flags:
    bounds: Floats = shapely.bounds(lines)
    good = np.isfinite(bounds).all(axis=1) & coordinates.is_on_earth(bounds)
    if box is None:
        return good
    west, south, east, north = box
    beside = (bounds[:, 0] <= east) & (bounds[:, 2] >= west)
    return good & beside & (bounds[:, 1] <= north) & (bounds[:, 3] >= south)


def _grown(
    county_box: tuple[float, float, float, float] | None,
) -> tuple[float, float, float, float] | None:
    if county_box is None:
        return None
    west, south, east, north = county_box
    grow = MARGIN_DEGREES
    return west - grow, south - grow, east + grow, north + grow


def _left_out(count: int) -> Phrase:
    return Phrase(
        "Left out because nobody may walk there (motorways, private ways): {count:,}.",
        {"count": count},
    )


def _check_count(count: int) -> None:
    if count > MAX_WAYS:
        raise FileRefusedError(
            "too_many", "The layer has more than {limit} features.", limit=MAX_WAYS
        )
