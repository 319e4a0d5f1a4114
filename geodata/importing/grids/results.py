"""Turning a survey into plain data for the parent process."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.importing.files import exchange
from geodata.importing.files.requests import KnownGrid, Progress
from geodata.importing.grids import differing
from geodata.importing.grids.survey import Survey
from geodata.partition.polygons import as_multipolygons
from geodata.partition.problems import Problem


def of_survey(survey: Survey, work: Path, progress: Progress) -> dict[str, object]:
    """Write the shapes that are to be stored and return everything else.

    ``write`` lists positions whose version is new or changed, ``untouched`` counts the rest.
    """
    progress("handing over", 0.0)
    request = survey.request
    plain: dict[str, object] = {
        "notes": survey.notes,
        "problems": [_problem(problem) for problem in survey.problems],
        "repairs": [asdict(deed) for deed in survey.repairs],
        "exceptions": [asdict(record) for record in survey.exceptions],
        "rows": [asdict(row) for row in survey.rows],
        "others": survey.others,
        "left_out": sorted(survey.left_out),
        "parent_of": survey.parent_of.tolist(),
        "write": [],
        "relations": [],
        "differences": [],
    }
    if survey.succession is not None and len(survey.geoms):
        found = differing.differences(survey, survey.succession)
        plain["relations"] = [asdict(each) for each in survey.succession.relations]
        plain["differences"] = [asdict(each) for each in found]
    if survey.is_blocked:
        return plain
    geoms = as_multipolygons(survey.geoms)
    by_code = {grid.code: index for index, grid in enumerate(request.existing)}
    before = np.array(
        [by_code.get(row.code, -1) for row in survey.rows] + survey.others, dtype=np.intp
    )
    same = _same_shape(geoms, survey.existing, before)
    for position, row in enumerate(survey.rows):
        if same[position]:
            known = request.existing[before[position]]
            parent = survey.parent_of[position] if len(survey.parent_of) else -1
            parent_id = request.parents[parent].grid_id if parent >= 0 else None
            same[position] = _facts(known) == (row.name, parent_id, row.households, row.population)
    same[sorted(survey.left_out)] = True
    write = np.flatnonzero(~same)
    if request.as_plan:
        write = np.flatnonzero(_is_redrawn(survey, geoms))
    exchange.save(work / "shapes.wkb", geoms[write])
    plain["write"] = write.tolist()
    return plain


def _problem(problem: Problem) -> dict[str, object]:
    return {
        "kind": problem.kind,
        "severity": problem.severity,
        "rows": problem.rows,
        "m2": problem.m2,
        "place": problem.place,
        "data": dict(problem.data),
    }


def _same_shape(
    geoms: NDArray[np.object_], existing: NDArray[np.object_], before: NDArray[np.intp]
) -> NDArray[np.bool_]:
    """Tell which shapes are those that the database has, to the bit."""
    same = np.zeros(len(geoms), dtype=bool)
    known = np.flatnonzero(before >= 0)
    if len(known):
        new, old = shapely.normalize(geoms[known]), shapely.normalize(existing[before[known]])
        same[known] = shapely.equals_identical(new, old)
    return same


def _is_redrawn(survey: Survey, geoms: NDArray[np.object_]) -> NDArray[np.bool_]:
    """Tell which rows have ground that the grid that they continue does not have already."""
    assert survey.succession is not None
    continued = survey.succession.continued
    redrawn = np.ones(len(survey.rows), dtype=bool)
    for new, old in continued.items():
        redrawn[new] = differing.moves(survey.existing[old], geoms[new])
    return redrawn


def _facts(grid: KnownGrid) -> tuple[str, int | None, int | None, int | None]:
    return grid.name, grid.parent_id, grid.households, grid.population
