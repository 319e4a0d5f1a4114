"""The child's work on a file of grids: read, convert, check, mend if asked. No database here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.importing import archive, attributes, coordinates, exchange, features
from geodata.importing.refusals import FileRefusedError
from geodata.importing.requests import GridRequest, Progress
from geodata.importing.settling import ExceptionRecord, settle
from geodata.partition import checks, nesting, noding, offset, repair
from geodata.partition.measure import DEGREE_M
from geodata.partition.polygons import as_multipolygons
from geodata.partition.problems import Problem

_FAR_DEGREES = 0.5
# In metres, or feet: edges this long bend by a millimetre when the system changes.
_LONG_EDGE = 300.0
_REACH = 0.01


@dataclass(slots=True)
class Survey:
    """What is known of the file so far. Positions count the rows of the file from 0.

    After ``node`` the arrays are longer: behind the file's rows stand the grids of the level that
    the file does not name (``others``).
    """

    request: GridRequest
    geoms: NDArray[np.object_]
    rows: list[attributes.Row]
    notes: list[str]
    problems: list[Problem] = field(default_factory=list)
    repairs: list[repair.Repair] = field(default_factory=list)
    exceptions: list[ExceptionRecord] = field(default_factory=list)
    parents: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    existing: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    others: list[int] = field(default_factory=list)
    suspects: NDArray[np.intp] | None = None
    drawn_m2: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    parent_of: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))

    @property
    def is_blocked(self) -> bool:
        """Whether anything found so far forbids writing."""
        return any(problem.is_blocking for problem in self.problems)


def run(request: GridRequest, work: Path, progress: Progress) -> Survey:
    """Survey a file. Results stay in memory; ``results`` turns them into plain data.

    Raises:
        FileRefusedError: the file cannot be read at all
    """
    survey = _read(request, work, progress)
    if request.level != "county":
        survey.parents = exchange.load(work / "parents.wkb")
    survey.existing = exchange.load(work / "existing.wkb")
    good = _convert(survey, progress)
    progress("checking shapes", 0.0)
    good = _check_validity(survey, good)
    if not len(good):
        return survey
    _node(survey, good, progress)
    good = _check_level(survey, good, progress)
    if request.level != "county":
        progress("checking against the level above", 0.0)
        _check_nesting(survey, good)
    survey.problems += attributes.same_names(survey.rows, survey.parent_of.tolist())
    survey.problems, survey.exceptions = settle(
        survey.problems,
        request,
        level_share=_outside_share(survey, good),
        parent_of=survey.parent_of,
    )
    return survey


def _read(request: GridRequest, work: Path, progress: Progress) -> Survey:
    progress("reading", 0.0)
    source = archive.open_source(Path(request.file.path), work, request.file.layer)
    found = features.read(source, layer=request.file.layer, encoding=request.file.encoding)
    rows, problems = attributes.rows_of(found.columns, request)
    notes = [f"{found.driver}, layer {found.layer}, {len(found.geoms):,} rows.", *found.notes]
    survey = Survey(request, found.geoms, rows, notes, problems)
    survey.problems += checks.shape_problems(survey.geoms)
    _place(survey, found.crs, source.driver)
    return survey


def _place(survey: Survey, crs: str | None, driver: str) -> None:
    """Bring the shapes to WGS 84, or say why that cannot be."""
    request = survey.request
    good = _good(survey)
    if not len(good):
        return
    bounds = _total_bounds(survey.geoms[good])
    home = np.array(request.home) if request.home else None
    wanted = request.file.crs or crs
    if wanted is None:
        raise FileRefusedError(
            "no_prj" if driver == "ESRI Shapefile" else "no_crs",
            "The shapefile has no .prj file, so its coordinate system is unknown."
            if driver == "ESRI Shapefile"
            else "The file does not say its coordinate system.",
            hint=_crs_hint(bounds, home),
        )
    if request.file.crs and crs and coordinates.parse(crs) != coordinates.parse(request.file.crs):
        survey.notes.append(f"--crs {request.file.crs} was taken instead of the file's own {crs}.")
    system = coordinates.parse(wanted)
    if system.is_geographic:
        _check_degrees(survey, good, home)
        good = _good(survey)
        if not len(good):
            return
        bounds = _total_bounds(survey.geoms[good])
    way = coordinates.find_way(system, bounds)
    note = f"Coordinates: {way.source}"
    if way.operation != coordinates.NOTHING:
        note += f", brought to WGS 84 by {way.operation}"
    if way.accuracy_m is not None:
        note += f", exact to {way.accuracy_m:g} m" if way.accuracy_m else ", exact"
    survey.notes.append(note + ".")
    if way.better:
        survey.notes.append(f"(With the grid file {way.better} it would be more exact.)")
    frame = request.file.frame or "wgs84"
    if frame != "wgs84":
        survey.notes.append(f"The shift of {frame.upper()} was taken away (--frame {frame}).")
    if system.is_projected and noding.longest_edge(survey.geoms[good]) > _LONG_EDGE:
        survey.geoms[good] = noding.join_corners(survey.geoms[good], _REACH)
    survey.geoms[good] = coordinates.to_lonlat(survey.geoms[good], way, frame)


def _crs_hint(bounds: NDArray[np.float64], home: NDArray[np.float64] | None) -> str:
    guesses = coordinates.guess(bounds, home) if np.isfinite(bounds).all() else []
    if guesses:
        return f"Give it with --crs. The coordinates look like {' or '.join(guesses)}."
    return "Give it with --crs, for example --crs EPSG:4548."


def _check_degrees(
    survey: Survey, good: NDArray[np.intp], home: NDArray[np.float64] | None
) -> None:
    """Find rows whose coordinates cannot be degrees."""
    boxes = shapely.bounds(survey.geoms[good])
    wrong = good[~coordinates.is_on_earth(boxes)]
    if not len(wrong):
        return
    bounds = _total_bounds(survey.geoms[wrong])
    guesses = coordinates.guess(bounds, home)
    for row in wrong:
        x, y = shapely.bounds(survey.geoms[row])[:2]
        data: dict[str, str | int | float] = {"x": float(x), "y": float(y)}
        data["guess"] = " or ".join(guesses)
        survey.problems.append(Problem("out_of_range", "blocking", (int(row),), data=data))


def _convert(survey: Survey, progress: Progress) -> NDArray[np.intp]:
    """Check where the converted shapes lie, and drop what leads nowhere from further checks."""
    progress("converting coordinates", 1.0)
    good = _good(survey)
    if not len(good):
        return good
    boxes = shapely.bounds(survey.geoms[good])
    lost = ~np.isfinite(boxes).all(axis=1)
    for row in good[lost]:
        survey.problems.append(Problem("out_of_range", "blocking", (int(row),), data={"guess": ""}))
    if survey.request.home is not None and survey.request.level != "county":
        west, south, east, north = survey.request.home
        far_x = np.maximum(boxes[:, 0] - east, west - boxes[:, 2])
        far_y = np.maximum(boxes[:, 1] - north, south - boxes[:, 3])
        far = np.maximum(far_x, far_y)
        for row in good[~lost & (far > _FAR_DEGREES)]:
            km = float(far[np.flatnonzero(good == row)[0]] * DEGREE_M / 1000)
            box = shapely.bounds(survey.geoms[row])
            spot = (float(box[0]), float(box[1]))
            data = {"km": round(km)}
            survey.problems.append(Problem("far_away", "blocking", (int(row),), None, spot, data))
    return _good(survey)


def _check_validity(survey: Survey, good: NDArray[np.intp]) -> NDArray[np.intp]:
    """Find invalid shapes; mend those that can be, where that was asked for."""
    found = checks.validity_problems(survey.geoms[good])
    for problem in found:
        row = int(good[problem.rows[0]])
        problem = replace(problem, rows=(row,))
        if survey.request.repair:
            geom = survey.geoms[row]
            if repair.is_mendable(geom):
                mended = repair.mend_invalid(geom)
                before = float(shapely.area(geom))
                moved = abs(float(shapely.area(mended)) - before) / max(before, 1e-30)
                m2 = moved * float(checks.area_m2(np.array([mended], dtype=object))[0])
                survey.geoms[row] = mended
                survey.repairs.append(repair.Repair(row, "invalid", m2))
                continue
            problem = replace(problem, data={**problem.data, "unmendable": repair.crossings(geom)})
        survey.problems.append(problem)
    return _good(survey)


def _node(survey: Survey, good: NDArray[np.intp], progress: Progress) -> None:
    """Bring the rows, and the grids of the level not in the file, onto the storage grid."""
    codes = {row.code for row in survey.rows}
    known = survey.request.existing
    survey.others = [index for index, grid in enumerate(known) if grid.code not in codes]
    count = len(survey.geoms)
    level = np.concatenate((survey.geoms, survey.existing[survey.others]))
    used = np.concatenate((good, np.arange(count, len(level))))
    progress("fitting shared boundaries", 0.0)
    sources = np.asarray(level[used], dtype=object)
    noded = noding.node(sources)
    shapes = noded.geoms
    survey.drawn_m2 = np.full(len(level), np.inf)
    survey.drawn_m2[used] = checks.area_m2(sources)
    if survey.request.repair:
        shapes = _mend(survey, sources, noded, used)
    else:
        survey.suspects = used[noded.suspects]
    level[used] = shapes
    survey.geoms = level
    if noded.noded:
        survey.notes.append(
            f"Shared boundaries: corners of neighbours were added to {len(noded.noded):,} grids;"
            f" no boundary moved by more than {noded.largest_move_m * 100:.1f} cm."
        )
    elif len(good):
        survey.notes.append(
            "Shared boundaries: neighbours meet corner on corner; coordinates were rounded to"
            f" 1e-7 degrees (at most {noded.largest_move_m * 100:.1f} cm)."
        )


def _mend(
    survey: Survey, sources: NDArray[np.object_], noded: noding.Noded, used: NDArray[np.intp]
) -> NDArray[np.object_]:
    shapes = repair.keep_vanished(noded.geoms, sources, noded.vanished)
    kept = checks.area_m2(shapes[list(noded.vanished)]) if noded.vanished else ()
    for position, m2 in zip(noded.vanished, kept, strict=True):
        survey.repairs.append(repair.Repair(int(used[position]), "vanishes", float(m2)))
    shapes, deeds = repair.mend_coverage(shapes)
    survey.repairs += [replace(deed, row=int(used[deed.row])) for deed in deeds]
    return shapes


def _check_level(survey: Survey, good: NDArray[np.intp], progress: Progress) -> NDArray[np.intp]:
    """Check the level within itself. Returns the rows that still have ground."""
    progress("looking for overlaps", 0.0)
    count = len(survey.rows)
    level = np.concatenate((good, np.arange(count, len(survey.geoms))))
    level = level[~shapely.is_empty(survey.geoms[level])]
    shapes = survey.geoms[level]
    suspects = None
    if survey.suspects is not None:
        suspects = np.flatnonzero(np.isin(level, survey.suspects))
    for problem in checks.find_overlaps(shapes, suspects):
        rows = tuple(int(level[row]) for row in problem.rows)
        if all(row >= count for row in rows):
            continue
        kind = "overlap" if all(row < count for row in rows) else "overlap_existing"
        survey.problems.append(replace(problem, kind=kind, rows=rows))
    progress("looking for slivers", 0.0)
    found = checks.find_slivers(survey.geoms[good], survey.drawn_m2[good])
    found += _within(checks.find_narrow_gaps(shapes, suspects), level, good)
    for problem in found:
        survey.problems.append(replace(problem, rows=tuple(int(good[row]) for row in problem.rows)))
    return good[~shapely.is_empty(survey.geoms[good])]


def _within(
    problems: Sequence[Problem], level: NDArray[np.intp], good: NDArray[np.intp]
) -> list[Problem]:
    """Return problems of level positions in terms of positions in ``good``, dropping others."""
    index = {int(row): position for position, row in enumerate(good)}
    kept: list[Problem] = []
    for problem in problems:
        rows = tuple(index[int(level[row])] for row in problem.rows if int(level[row]) in index)
        if rows:
            kept.append(replace(problem, rows=rows))
    return kept


def _check_nesting(survey: Survey, good: NDArray[np.intp]) -> None:
    """Find each row's parent, what leaves it, and what of the parents nothing covers."""
    request = survey.request
    wanted, problems = attributes.parents_of(survey.rows, request)
    survey.problems += problems
    shapes = as_multipolygons(survey.geoms[good])
    chosen = wanted[good] if wanted is not None else None
    found = nesting.nest(shapes, survey.parents, chosen)
    survey.parent_of = np.full(len(survey.rows), -1, dtype=np.intp)
    survey.parent_of[good] = found.parent
    unmet = good[(found.parent < 0) & (found.area_m2 > 0)]
    if len(unmet) and wanted is None:
        survey.parent_of[unmet] = nesting.nearest(survey.geoms[unmet], survey.parents)
    named = {problem.rows[0] for problem in problems}
    for problem in nesting.nesting_problems(found, shapes, survey.parents):
        row = int(good[problem.rows[0]])
        if row in named:
            continue
        owner = int(survey.parent_of[row])
        data = {**problem.data, "parent": request.parents[owner].name if owner >= 0 else ""}
        survey.problems.append(replace(problem, rows=(row,), data=data))
    shift = offset.find_offset(shapes, survey.parents)
    if shift is not None and request.file.frame is None:
        data = {"frame": shift.frame, "metres": round(shift.shift_m)}
        data |= {"misfit": round(shift.misfit, 4), "then": round(shift.misfit_then, 4)}
        survey.problems.append(Problem("frame_offset", "blocking", (), data=data))
    elif shift is not None and shift.frame == "wgs84":
        data = {"frame": "wgs84", "metres": round(shift.shift_m), "misfit": round(shift.misfit, 4)}
        survey.problems.append(
            Problem("frame_offset", "blocking", (), data={**data, "then": shift.misfit_then})
        )
    if request.level != "compound":
        _check_gaps(survey, good)


def _check_gaps(survey: Survey, good: NDArray[np.intp]) -> None:
    """Look for ground of the parents that nothing covers, unless rows are missing anyway."""
    if len(good) < len(survey.rows):
        survey.notes.append("Gaps were not looked for, because some rows cannot be used.")
        return
    request = survey.request
    index = {grid.grid_id: position for position, grid in enumerate(request.parents)}
    others = [index.get(request.existing[i].parent_id or -1, -1) for i in survey.others]
    owner = np.concatenate((survey.parent_of, np.asarray(others, dtype=np.intp)))
    for problem in nesting.find_gaps(survey.geoms, survey.parents, owner):
        position = problem.rows[0]
        parent = request.parents[position]
        data = {**problem.data, "parent": parent.name, "parent_index": position}
        survey.problems.append(replace(problem, rows=(), data=data))


def _outside_share(survey: Survey, good: NDArray[np.intp]) -> float:
    """Return the part of the level's ground that lies outside its parents."""
    outside = sum(
        problem.m2 or 0.0
        for problem in survey.problems
        if problem.kind in {"does_not_nest", "outside_parent"}
    )
    total = float(checks.area_m2(survey.geoms[good]).sum())
    return outside / total if total else 0.0


def _good(survey: Survey) -> NDArray[np.intp]:
    """Return the rows whose shapes can be worked with."""
    kinds = {"empty", "wrong_type", "not_finite", "too_many_points", "out_of_range", "far_away"}
    bad = {p.rows[0] for p in survey.problems if p.kind in kinds or p.kind == "invalid"}
    return np.array([row for row in range(len(survey.rows)) if row not in bad], dtype=np.intp)


def _total_bounds(geoms: NDArray[np.object_]) -> NDArray[np.float64]:
    return np.asarray(shapely.total_bounds(geoms), dtype=np.float64)
