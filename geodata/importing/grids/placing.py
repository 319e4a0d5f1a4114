"""Bringing a surveyed file to WGS 84, and asking whether it lies where it should."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.importing.files import coordinates
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.grids.survey import Survey
from geodata.language.phrases import Phrase
from geodata.partition import noding
from geodata.partition.measure import DEGREE_M
from geodata.partition.problems import Problem

_FAR_DEGREES = 0.5
# In metres, or feet: edges this long bend by a millimetre when the system changes.
_LONG_EDGE = 300.0
_REACH = 0.01


def place(survey: Survey, crs: str | None, driver: str) -> None:
    """Bring the shapes to WGS 84, or say why that cannot be."""
    request = survey.request
    good = survey.good()
    if not len(good):
        return
    bounds = _total_bounds(survey.geoms[good])
    county_box = np.array(request.county_box) if request.county_box else None
    wanted = request.file.crs or crs
    if wanted is None:
        raise no_system(bounds, county_box, driver)
    if request.file.crs and crs and coordinates.parse(crs) != coordinates.parse(request.file.crs):
        survey.notes.append(
            Phrase(
                "--crs {told} was taken instead of the file's own {own}.",
                {"told": request.file.crs, "own": crs},
            )
        )
    system = coordinates.parse(wanted)
    if system.is_geographic:
        _check_degrees(survey, good, county_box)
        good = survey.good()
        if not len(good):
            return
        bounds = _total_bounds(survey.geoms[good])
    way = coordinates.find_way(system, bounds)
    survey.notes.append(coordinates.said_of(way))
    if way.better:
        survey.notes.append(
            Phrase("(With the grid file {file} it would be more exact.)", {"file": way.better})
        )
    frame = request.file.frame or "wgs84"
    if frame != "wgs84":
        survey.notes.append(coordinates.said_of_frame(frame))
    if system.is_projected and noding.longest_edge(survey.geoms[good]) > _LONG_EDGE:
        survey.geoms[good] = noding.join_corners(survey.geoms[good], _REACH)
    survey.geoms[good] = coordinates.to_lonlat(survey.geoms[good], way, frame)


def no_system(
    bounds: NDArray[np.float64], county_box: NDArray[np.float64] | None, driver: str
) -> FileRefusedError:
    """Return the refusal of a file that does not say its system; ``systems`` are likely codes."""
    is_known = bool(np.isfinite(bounds).all())
    codes = coordinates.candidates(bounds, county_box) if is_known else []
    guess = coordinates.guess(bounds, county_box, codes) if is_known else None
    return FileRefusedError(
        "no_prj" if driver == "ESRI Shapefile" else "no_crs",
        "The shapefile has no .prj file, so its coordinate system is unknown."
        if driver == "ESRI Shapefile"
        else "The file does not say its coordinate system.",
        hint="Give it with --crs. The coordinates look like {guess}."
        if guess
        else "Give it with --crs, for example --crs EPSG:4548.",
        guess=guess,
        systems=",".join(f"EPSG:{code}" for code in codes),
    )


def _check_degrees(
    survey: Survey, good: NDArray[np.intp], county_box: NDArray[np.float64] | None
) -> None:
    """Find rows whose coordinates cannot be degrees."""
    boxes = shapely.bounds(survey.geoms[good])
    wrong = good[~coordinates.is_on_earth(boxes)]
    if not len(wrong):
        return
    bounds = _total_bounds(survey.geoms[wrong])
    guess = coordinates.guess(bounds, county_box) or ""
    for row in wrong:
        x, y = shapely.bounds(survey.geoms[row])[:2]
        data = {"x": float(x), "y": float(y), "guess": guess}
        survey.problems.append(Problem("out_of_range", "blocking", (int(row),), data=data))


def check_place(survey: Survey) -> NDArray[np.intp]:
    """Check where the converted shapes lie, and drop what leads nowhere from further checks."""
    good = survey.good()
    if not len(good):
        return good
    boxes = shapely.bounds(survey.geoms[good])
    lost = ~np.isfinite(boxes).all(axis=1)
    for row in good[lost]:
        survey.problems.append(Problem("out_of_range", "blocking", (int(row),), data={"guess": ""}))
    if survey.request.county_box is not None and survey.request.level != "county":
        west, south, east, north = survey.request.county_box
        far_x = np.maximum(boxes[:, 0] - east, west - boxes[:, 2])
        far_y = np.maximum(boxes[:, 1] - north, south - boxes[:, 3])
        far = np.maximum(far_x, far_y)
        for row in good[~lost & (far > _FAR_DEGREES)]:
            km = float(far[np.flatnonzero(good == row)[0]] * DEGREE_M / 1000)
            box = shapely.bounds(survey.geoms[row])
            spot = (float(box[0]), float(box[1]))
            data = {"km": round(km)}
            survey.problems.append(Problem("far_away", "blocking", (int(row),), None, spot, data))
    return survey.good()


def _total_bounds(geoms: NDArray[np.object_]) -> NDArray[np.float64]:
    return np.asarray(shapely.total_bounds(geoms), dtype=np.float64)
