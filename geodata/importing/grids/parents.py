"""In which grid of the level above each row lies: as a column says, or by place."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from dataclasses import replace

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.importing.files.requests import GridRequest
from geodata.importing.grids.attributes import Row
from geodata.importing.grids.survey import Survey
from geodata.language.phrases import Phrase
from geodata.model import LEVELS, Level
from geodata.partition import nesting
from geodata.partition.nesting import Nesting
from geodata.partition.problems import Problem

# No parent is named: it is found by place.
BY_PLACE = -2


def named(rows: Sequence[Row], request: GridRequest) -> tuple[NDArray[np.intp], list[Problem]]:
    """Return the positions of the parents that the column of parents names.

    -1 where it names none that is known, ``BY_PLACE`` where it is empty or there is no column.
    """
    found = np.full(len(rows), BY_PLACE, dtype=np.intp)
    problems: list[Problem] = []
    by_code = {grid.code: index for index, grid in enumerate(request.parents)}
    names = Counter(grid.name for grid in request.parents)
    by_name = {grid.name: index for index, grid in enumerate(request.parents)}
    bare = {text: grid.name for grid in request.childless for text in (grid.name, grid.code)}
    for index, row in enumerate(rows):
        if row.parent is None:
            continue
        text = row.parent
        found[index] = by_code.get(text, by_name.get(text, -1) if names[text] == 1 else -1)
        if found[index] >= 0:
            continue
        data: dict[str, str | int | float | Phrase] = {"parent": text}
        if names[text] > 1:
            data["count"] = names[text]
            problems.append(Problem("ambiguous_parent", "blocking", (index,), data=data))
        elif text in bare:
            data = {"holder": bare[text], **_between(request.level)}
            problems.append(Problem("no_level_between", "blocking", (index,), data=data))
        else:
            problems.append(Problem("no_parent", "blocking", (index,), data=data))
    return found, problems


def find(
    survey: Survey, shapes: NDArray[np.object_], good: NDArray[np.intp], wanted: NDArray[np.intp]
) -> tuple[Nesting, NDArray[np.bool_]]:
    """Return where the shapes of the usable rows lie, and which of them were found by place."""
    chosen = wanted[good].copy()
    is_by_place = chosen == BY_PLACE
    if is_by_place.all():
        return nesting.nest(shapes, survey.parents), is_by_place
    chosen[is_by_place] = nesting.nest(shapes[is_by_place], survey.parents).parent
    return nesting.nest(shapes, survey.parents, chosen), is_by_place


def explain(survey: Survey) -> None:
    """Say of rows that lie in no grid of the level above if there is none of it at their place."""
    if not len(survey.childless):
        return
    tree = shapely.STRtree(survey.childless)
    for at, problem in enumerate(survey.problems):
        if problem.kind != "does_not_nest":
            continue
        shape = survey.geoms[problem.rows[0]]
        for index in tree.query(shape, predicate="intersects"):
            common = shapely.intersection(shape, survey.childless[index])
            if shapely.area(common) > shapely.area(shape) / 2:
                holder = survey.request.childless[int(index)].name
                data = {"holder": holder, **_between(survey.request.level)}
                survey.problems[at] = replace(problem, kind="no_level_between", data=data)


def _between(level: Level) -> dict[str, str | int | float | Phrase]:
    """Return the level above, as people call it and as --level does."""
    above = LEVELS[LEVELS.index(level) - 1]
    return {"between": Phrase(above), "option": above}
