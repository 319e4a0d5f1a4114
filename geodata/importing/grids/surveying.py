"""The child's work on a file of grids: read, convert, check, mend if asked. No database here."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.importing.files import archive, exchange, features
from geodata.importing.files.requests import GridRequest, Progress
from geodata.importing.files.rings import OpenRing
from geodata.importing.findings import counts
from geodata.importing.grids import attributes, codes, differing, leaving_out, parents, placing
from geodata.importing.grids.accepting import accept
from geodata.importing.grids.survey import Survey
from geodata.language.phrases import Phrase
from geodata.partition import checks, nesting, noding, offset, repair, seaming
from geodata.partition.polygons import as_multipolygons
from geodata.partition.problems import Problem, Severity
from geodata.partition.progress import OnProgress

# A county that shares more than this with the known one, by the smaller of both, is that county.
_SAME_GROUND = 0.5


def run(request: GridRequest, work: Path, progress: Progress) -> Survey:
    """Survey a file. Results stay in memory; ``results`` turns them into plain data.

    Raises:
        FileRefusedError: the file cannot be read at all
    """
    survey = _read(request, work, progress)
    if request.level != "county":
        survey.parents = exchange.load(work / "parents.wkb")
    survey.existing = exchange.load(work / "existing.wkb")
    survey.childless = exchange.load(work / "childless.wkb")
    if request.compares:
        survey.buildings = exchange.load(work / "buildings.wkb")
    if not request.skip_bad_rows:
        return _look(survey, progress)
    return leaving_out.survey_without_bad_rows(survey, lambda each: _look(each, progress))


def _look(survey: Survey, progress: Progress) -> Survey:
    """Check a file that has been read and brought to WGS 84."""
    request = survey.request
    progress("converting coordinates", 0.0)
    good = placing.check_place(survey)
    _drop_open_rings_elsewhere(survey)
    progress("checking shapes", 0.0)
    good = _check_validity(survey, good)
    if not len(good):
        return survey
    _node(survey, good, progress)
    good = _check_level(survey, good, progress)
    survey.problems += codes.find(
        survey.rows, survey.geoms, good, request.existing, survey.existing
    )
    if request.level != "county":
        _check_nesting(survey, good, progress)
    else:
        _check_frame(survey, survey.geoms[good], survey.existing)
        survey.problems += _second_counties(survey, good)
    survey.problems += attributes.same_names(survey.rows, survey.parent_of.tolist())
    survey.problems, survey.exceptions = accept(
        survey.problems,
        request,
        level_share=_outside_share(survey, good),
        parent_of=survey.parent_of,
    )
    survey.problems = differing.left_to_plan(survey)
    return survey


def _second_counties(survey: Survey, good: NDArray[np.intp]) -> list[Problem]:
    """Find counties beside the one known; the known one with another code is left to a plan."""
    request = survey.request
    found = attributes.second_counties(survey.rows, good, request.counties)
    if not (len(found) == len(survey.rows) == len(request.existing) == 1):
        return found
    row, known = survey.geoms[found[0].rows[0]], survey.existing[0]
    common = shapely.area(shapely.intersection(row, known))
    if common <= _SAME_GROUND * min(shapely.area(row), shapely.area(known)):
        return found
    if request.as_plan:
        return []
    return [replace(found[0], data={**found[0].data, "recoded": "yes"})]


def _read(request: GridRequest, work: Path, progress: Progress) -> Survey:
    progress("reading", 0.0)
    source = archive.open_source(Path(request.file.path), work, request.file.layer)
    found = features.read(source, request.file)
    is_decoded = found.driver == "ESRI Shapefile"
    rows, problems = attributes.rows_of(found.columns, request, is_decoded=is_decoded)
    notes = [found.read_as(), *found.notes]
    survey = Survey(request, found.geoms, rows, notes, problems)
    survey.problems += checks.shape_problems(survey.geoms)
    placing.place(survey, found.crs, source.driver)
    survey.problems += _open_rings(survey, found.open_rings)
    return survey


def _open_rings(survey: Survey, found: Sequence[OpenRing]) -> list[Problem]:
    """Name rings that the file leaves open, by where they begin."""
    problems: list[Problem] = []
    severity: Severity = "warning" if survey.request.repair else "blocking"
    data = {"closed": "yes"} if survey.request.repair else {}
    for each in found:
        place = None
        shapes = shapely.get_rings(shapely.get_parts(survey.geoms[each.row]))
        if each.ring < len(shapes):
            lon, lat = shapely.get_coordinates(shapes[each.ring])[0]
            place = (float(lon), float(lat)) if np.isfinite((lon, lat)).all() else None
        problems.append(Problem("unclosed", severity, (each.row,), place=place, data=data))
    return problems


def _drop_open_rings_elsewhere(survey: Survey) -> None:
    """Say nothing of open rings where a corner lies nowhere on earth: that is why they are open."""
    nowhere = {
        row for problem in survey.problems if problem.kind == "out_of_range" for row in problem.rows
    }
    survey.problems = [
        problem
        for problem in survey.problems
        if problem.kind != "unclosed" or nowhere.isdisjoint(problem.rows)
    ]


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
                survey.geoms[row] = mended
                survey.repairs.append(repair.unfolded(row, geom, mended))
                continue
            problem = replace(problem, data={**problem.data, "unmendable": repair.crossings(geom)})
        survey.problems.append(problem)
    return survey.good()


def _node(survey: Survey, good: NDArray[np.intp], progress: Progress) -> None:
    """Bring the rows, and the grids of the level not in the file, onto the storage grid."""
    named = {row.code for at, row in enumerate(survey.rows) if at not in survey.left_out}
    known = survey.request.existing
    survey.others = [index for index, grid in enumerate(known) if grid.code not in named]
    if survey.request.compares:
        survey.succession = differing.find_succession(survey, good)
        if survey.request.as_plan:
            survey.others = list(survey.succession.staying)
    count = len(survey.geoms)
    level = np.concatenate((survey.geoms, survey.existing[survey.others]))
    used = np.concatenate((good, np.arange(count, len(level))))
    stage = Phrase("fitting shared boundaries").text
    progress(stage, 0.0)
    sources = np.asarray(level[used], dtype=object)
    noded = noding.node(sources, partial(progress, stage))
    shapes = noded.geoms
    survey.drawn_m2 = np.full(len(level), np.inf)
    survey.drawn_m2[used] = checks.area_m2(sources)
    if survey.request.repair:
        shapes = _mend(survey, sources, noded, used, progress)
    else:
        survey.suspects = used[noded.suspects]
    level[used] = shapes
    survey.geoms = level
    moved_cm = noded.largest_move_m * 100
    if noded.noded:
        survey.notes.append(counts.corners_added(len(noded.noded), moved_cm))
    elif len(good):
        survey.notes.append(
            Phrase(
                "Shared boundaries: neighbours meet corner on corner; coordinates were rounded to"
                " 1e-7 degrees (at most {cm:.1f} cm).",
                {"cm": moved_cm},
            )
        )


def _mend(
    survey: Survey,
    sources: NDArray[np.object_],
    noded: noding.Noded,
    used: NDArray[np.intp],
    progress: Progress,
) -> NDArray[np.object_]:
    """Mend what is a slip; what a repair would move beyond its limits becomes a problem."""
    shapes = repair.keep_vanished(noded.geoms, sources, noded.vanished)
    kept = checks.area_m2(shapes[list(noded.vanished)]) if noded.vanished else ()
    for position, m2 in zip(noded.vanished, kept, strict=True):
        survey.repairs.append(repair.Repair(int(used[position]), "vanishes", float(m2)))
    stage = Phrase("giving slips to neighbours").text
    progress(stage, 0.0)
    suspects = None if noded.vanished else noded.suspects
    seamed = seaming.mend_seams(shapes, suspects, partial(progress, stage))
    survey.suspects = used[seamed.suspects]
    survey.repairs += [replace(deed, row=int(used[deed.row])) for deed in seamed.repairs]
    survey.problems += [
        replace(problem, rows=(int(used[problem.rows[0]]),)) for problem in seamed.problems
    ]
    return seamed.geoms


def _check_level(survey: Survey, good: NDArray[np.intp], progress: Progress) -> NDArray[np.intp]:
    """Check the level within itself. Returns the rows that still have ground."""
    stage = Phrase("looking for overlaps").text
    progress(stage, 0.0)
    count = len(survey.rows)
    level = np.concatenate((good, np.arange(count, len(survey.geoms))))
    level = level[~shapely.is_empty(survey.geoms[level])]
    shapes = survey.geoms[level]
    suspects = None
    if survey.suspects is not None:
        suspects = np.flatnonzero(np.isin(level, survey.suspects))
    for problem in checks.find_overlaps(shapes, suspects, partial(progress, stage)):
        rows = tuple(int(level[row]) for row in problem.rows)
        if all(row >= count for row in rows):
            continue
        kind = "overlap" if all(row < count for row in rows) else "overlap_existing"
        survey.problems.append(replace(problem, kind=kind, rows=rows))
    stage = Phrase("looking for slivers").text
    progress(stage, 0.0)
    found = checks.find_slivers(survey.geoms[good], survey.drawn_m2[good])
    gaps = checks.find_narrow_gaps(shapes, suspects, partial(progress, stage))
    found += _within(gaps, level, good)
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


def _check_nesting(survey: Survey, good: NDArray[np.intp], progress: Progress) -> None:
    """Find each row's parent, what leaves it, and what of the parents nothing covers."""
    stage = Phrase("checking against the level above").text
    progress(stage, 0.0)
    request = survey.request
    wanted, problems = parents.named(survey.rows, request)
    survey.problems += problems
    shapes = as_multipolygons(survey.geoms[good])
    found, is_by_place = parents.find(survey, shapes, good, wanted)
    survey.parent_of = np.full(len(survey.rows), -1, dtype=np.intp)
    survey.parent_of[good] = found.parent
    unmet = good[(found.parent < 0) & (found.area_m2 > 0) & is_by_place]
    if len(unmet):
        survey.parent_of[unmet] = nesting.nearest(survey.geoms[unmet], survey.parents)
    named = {problem.rows[0] for problem in problems}
    for problem in nesting.nesting_problems(found, shapes, survey.parents):
        row = int(good[problem.rows[0]])
        if row in named:
            continue
        owner = int(survey.parent_of[row])
        data = {**problem.data, "parent": request.parents[owner].name if owner >= 0 else ""}
        survey.problems.append(replace(problem, rows=(row,), data=data))
    parents.explain(survey)
    _check_frame(survey, shapes, survey.parents)
    if request.level != "compound":
        _check_gaps(survey, good, partial(progress, stage))


def _check_frame(survey: Survey, shapes: NDArray[np.object_], around: NDArray[np.object_]) -> None:
    """Find a shift of a Chinese web map against grids that are there already."""
    request = survey.request
    shift = offset.find_offset(shapes, around)
    if shift is not None and request.file.frame is None:
        data = {"frame": shift.frame, "metres": round(shift.shift_m)}
        data |= {"misfit": round(shift.misfit, 4), "then": round(shift.misfit_then, 4)}
        survey.problems.append(Problem("frame_offset", "blocking", (), data=data))
    elif shift is not None and shift.frame == "wgs84":
        data = {"frame": "wgs84", "metres": round(shift.shift_m), "misfit": round(shift.misfit, 4)}
        survey.problems.append(
            Problem("frame_offset", "blocking", (), data={**data, "then": shift.misfit_then})
        )


def _check_gaps(survey: Survey, good: NDArray[np.intp], tell: OnProgress) -> None:
    """Look for ground of the parents that nothing covers, unless rows are missing anyway."""
    if len(good) < len(survey.rows) - len(survey.left_out):
        survey.notes.append(Phrase("Gaps were not looked for, because some rows cannot be used."))
        return
    request = survey.request
    index = {grid.grid_id: position for position, grid in enumerate(request.parents)}
    others = [index.get(request.existing[i].parent_id or -1, -1) for i in survey.others]
    owner = np.concatenate((survey.parent_of, np.asarray(others, dtype=np.intp)))
    for problem in nesting.find_gaps(survey.geoms, survey.parents, owner, tell):
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
    if not outside:
        return 0.0
    total = float(checks.area_m2(survey.geoms[good]).sum())
    return outside / total if total else 0.0
