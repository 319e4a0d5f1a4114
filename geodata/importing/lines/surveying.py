"""The child's work on a file of which only lines and points are wanted, to draw boundaries by.

Polygons count as their rings. Nothing else of a file is looked at: it may say who lives there.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata import frames
from geodata.importing.files import archive, coordinates, exchange, features
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import LineRequest, Progress
from geodata.importing.files.sniffing import SHAPE_DRIVERS
from geodata.importing.grids import placing
from geodata.language.phrases import Phrase
from geodata.partition.measure import DEGREE_M

# Corners of one piece of a long line: a place on the map is answered by a few pieces.
PIECE = 200
# What is looked at before it is known how much of it lies in the county.
_MOST_READ = 5_000_000
_AROUND_DEGREES = 0.02
# Farther from the origin than any map: readers give 1e308 for nothing.
_FARTHEST = 1e9
_FRAME_NAMES = {"gcj02": "GCJ-02", "bd09": "BD-09"}
_POINT, _LINE, _RING, _POLYGON = 0, 1, 2, 3
_COLLECTIONS = (4, 5, 6, 7)


def run(request: LineRequest, work: Path, progress: Progress) -> dict[str, object]:
    """Read a file, leave its lines and points in ``lines.wkb`` and return what is said of them.

    They are in WGS 84 on the storage grid, lines in pieces that meet corner on corner.

    Raises:
        FileRefusedError
    """
    progress("reading", 0.0)
    source = archive.open_source(
        Path(request.file.path), work, request.file.layer, drivers=SHAPE_DRIVERS
    )
    found = features.read_shapes(source, request.file)
    shapes, broken = _usable(_parts(found.geoms))
    progress("converting coordinates", 0.0)
    county_box = np.array(request.county_box) if request.county_box else None
    shapes, system = _placed(shapes, found, request, county_box)
    pieces = _pieces(_on_grid(shapes))
    kept = _near(pieces, county_box)
    corners = int(shapely.get_num_coordinates(kept).sum())
    if corners > request.most:
        raise FileRefusedError(
            "too_many_corners",
            "The layer has {count:,} corners in the county; at most {limit:,} are taken.",
            hint="Leave out what is not needed, or simplify the lines a little.",
            count=corners,
            limit=request.most,
        )
    if not len(kept):
        raise _nothing()
    exchange.save(work / "lines.wkb", kept)
    return {
        "crs": system,
        "corners": corners,
        "broken": broken,
        "is_cut": len(kept) < len(pieces),
    }


def _parts(geoms: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return the points, lines and rings of which shapes are made."""
    geoms = geoms[~(shapely.is_missing(geoms) | shapely.is_empty(geoms))]
    kinds = shapely.get_type_id(geoms)
    while np.isin(kinds, _COLLECTIONS).any():
        geoms = np.asarray(shapely.get_parts(geoms), dtype=object)
        kinds = shapely.get_type_id(geoms)
    rings = np.asarray(shapely.get_rings(geoms[kinds == _POLYGON]), dtype=object)
    plain = geoms[np.isin(kinds, (_POINT, _LINE, _RING))]
    parts = np.concatenate((plain, rings))
    count = int(shapely.get_num_coordinates(parts).sum())
    if count > _MOST_READ:
        raise FileRefusedError(
            "too_many_corners",
            "The file has {count:,} corners; at most {limit:,} are looked at.",
            hint="Leave out what is not needed, or simplify the lines a little.",
            count=count,
            limit=_MOST_READ,
        )
    return parts[~shapely.is_empty(parts)]


def _usable(shapes: NDArray[np.object_]) -> tuple[NDArray[np.object_], int]:
    """Return the shapes all of whose coordinates are numbers, and how many were left out."""
    xy, owner = shapely.get_coordinates(shapes, return_index=True)
    with np.errstate(invalid="ignore"):
        bad = ~(np.abs(xy) < _FARTHEST).all(axis=1)
    is_good = np.ones(len(shapes), dtype=bool)
    is_good[owner[bad]] = False
    if not is_good.any():
        raise _nothing()
    return shapes[is_good], int((~is_good).sum())


def _placed(
    shapes: NDArray[np.object_],
    found: features.Features,
    request: LineRequest,
    county_box: NDArray[np.float64] | None,
) -> tuple[NDArray[np.object_], str]:
    """Return the shapes in WGS 84 and the name of the system in which they were."""
    bounds = np.asarray(shapely.total_bounds(shapes), dtype=np.float64)
    wanted = request.file.crs or found.crs
    if wanted is None:
        raise placing.no_system(bounds, county_box, found.driver)
    system = coordinates.parse(wanted)
    if system.is_geographic and not coordinates.is_on_earth(bounds[None, :])[0]:
        x, y = float(bounds[0]), float(bounds[1])
        said = Phrase("The coordinates ({x:.6g}, {y:.6g}) are no degrees.", {"x": x, "y": y})
        raise _misplaced(said, bounds, county_box)
    way = coordinates.find_way(system, bounds)
    frame = request.file.frame or "wgs84"
    placed = coordinates.to_lonlat(shapes, way, frame)
    boxes = shapely.bounds(placed)
    placed = placed[np.isfinite(boxes).all(axis=1)]
    name = _FRAME_NAMES.get(frame, way.source)
    away = _distance_degrees(placed, county_box)
    if away is None:
        said = Phrase(
            "The coordinate system, {system}, leads nowhere: it is probably wrong.",
            {"system": name},
        )
        raise _misplaced(said, bounds, county_box)
    if away > _AROUND_DEGREES:
        said = Phrase(
            "Nothing in the file lies in the county: the nearest is {km:,} km away. The coordinate"
            " system, {system}, is probably wrong.",
            {"km": round(away * DEGREE_M / 1000), "system": name},
        )
        raise _misplaced(said, bounds, county_box)
    return placed, name


def _distance_degrees(
    shapes: NDArray[np.object_], county_box: NDArray[np.float64] | None
) -> float | None:
    """Return how far the nearest shape lies from the county's box; None where there is no shape."""
    if not len(shapes):
        return None
    if county_box is None:
        return 0.0
    boxes = shapely.bounds(shapes)
    far = np.maximum.reduce(
        (
            boxes[:, 0] - county_box[2],
            county_box[0] - boxes[:, 2],
            boxes[:, 1] - county_box[3],
            county_box[1] - boxes[:, 3],
        )
    )
    return max(float(far.min()), 0.0)


def _misplaced(
    said: Phrase, bounds: NDArray[np.float64], county_box: NDArray[np.float64] | None
) -> FileRefusedError:
    codes = coordinates.candidates(bounds, county_box)
    guess = coordinates.guess(bounds, county_box, codes)
    return FileRefusedError(
        "far_away",
        said.text,
        hint="The coordinates look like {guess}." if guess else "Ask who drew the file.",
        guess=guess,
        systems=",".join(f"EPSG:{code}" for code in codes),
        **said.data,
    )


def _on_grid(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes on the storage grid, without corners that fall together there."""
    lines = shapes.copy()
    rings = np.flatnonzero(shapely.get_type_id(shapes) == _RING)
    if len(rings):
        xy, owner = shapely.get_coordinates(shapes[rings], return_index=True)
        lines[rings] = shapely.linestrings(xy, indices=owner)
    rounded = np.asarray(shapely.transform(lines, frames.round_to_grid), dtype=object)
    rounded = np.asarray(shapely.remove_repeated_points(rounded), dtype=object)
    is_point = shapely.get_type_id(rounded) == _POINT
    return rounded[is_point | (shapely.length(rounded) > 0)]


def _pieces(shapes: NDArray[np.object_]) -> NDArray[np.object_]:
    """Return shapes with long lines in pieces, each beginning where the last one ends."""

    def cut(shape: Any) -> Iterator[Any]:
        if shapely.get_num_coordinates(shape) <= PIECE:
            yield shape
            return
        xy = shapely.get_coordinates(shape)
        for start in range(0, len(xy) - 1, PIECE - 1):
            yield shapely.linestrings(xy[start : start + PIECE])

    return np.array([piece for shape in shapes for piece in cut(shape)], dtype=object)


def _near(
    pieces: NDArray[np.object_], county_box: NDArray[np.float64] | None
) -> NDArray[np.object_]:
    """Return what meets the county's box, or lies close to it."""
    if county_box is None or not len(pieces):
        return pieces
    west, south, east, north = county_box
    grow = _AROUND_DEGREES
    around = shapely.box(west - grow, south - grow, east + grow, north + grow)
    return pieces[shapely.intersects(around, pieces)]


def _nothing() -> FileRefusedError:
    return FileRefusedError(
        "no_features", "The file holds no line and no point that could be drawn by."
    )
