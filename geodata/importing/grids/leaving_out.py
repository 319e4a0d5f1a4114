"""Leaving out the rows of a file that cannot be used, with the law held among what remains.

A grid that the database knows and whose row is left out stays as it is. Others of the file may
then overlap with what it is, and are left out in their turn, until what remains fits.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
from shapely.geometry import Polygon

from geodata.importing.grids.survey import Survey
from geodata.partition.problems import Problem


def survey_without_bad_rows(survey: Survey, look: Callable[[Survey], Survey]) -> Survey:
    """Look at a file that has been read until none of its rows stands in the way.

    What is wrong with a row that is left out becomes a warning. While no row would remain, or
    something is wrong that is no row's, that stays blocking.
    """
    noted: list[Problem] = []
    out: set[int] = set()
    while True:
        attempt = look(_without(survey, out))
        attempt.problems = [each for each in attempt.problems if not out & set(each.rows)]
        bad = _bad_rows(attempt)
        if not bad or len(out | bad) == len(survey.rows):
            attempt.problems = noted + attempt.problems
            return attempt
        noted += [_noted(each) for each in attempt.problems if each.is_blocking and each.rows]
        out |= bad


def _without(survey: Survey, out: set[int]) -> Survey:
    """Return a survey of its own to look at, without some of the rows."""
    geoms = survey.geoms.copy()
    geoms[np.array(sorted(out), dtype=np.intp)] = Polygon()
    return replace(
        survey,
        geoms=geoms,
        left_out=frozenset(out),
        notes=list(survey.notes),
        problems=[each for each in survey.problems if not out & set(each.rows)],
        repairs=list(survey.repairs),
    )


def _bad_rows(survey: Survey) -> set[int]:
    """Return the rows of the file with which something blocking is wrong."""
    count = len(survey.rows)
    return {
        row
        for problem in survey.problems
        if problem.is_blocking
        for row in problem.rows
        if row < count
    }


def _noted(problem: Problem) -> Problem:
    return replace(problem, severity="warning", data={**problem.data, "left_out": 1})
