"""The difference between a file of grids and what holds, grid by grid; runs in the child process.

Positions count the known grids (old) and the rows of the file (new) from 0, -1 is none.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.importing.files.requests import KnownGrid
from geodata.importing.grids.common_ground import Level
from geodata.importing.grids.succession import Succession, find
from geodata.importing.grids.survey import Survey
from geodata.partition.differing import has_same_ground
from geodata.partition.measure import area_m2
from geodata.partition.polygons import as_multipolygons
from geodata.partition.problems import Problem

# What is left to the checks of a plan, where each can be put right, or accepted with a reason; and
# what a plan settles, since it knows grids by their ground and not by their codes alone.
_LEFT_TO_PLAN = ("gap", "does_not_nest", "code_elsewhere", "moved_away", "names_exchanged")
_HALF = 0.5


@dataclass(frozen=True, slots=True)
class Difference:
    """What becomes of a grid: ``old`` is the known one, ``new`` the row that it is, or takes it.

    ``whats`` say it; ``others`` are known grids that a row is made of or takes in, or the rows
    among which a known grid is divided. Areas in square metres.
    """

    old: int
    new: int
    whats: tuple[str, ...]
    gained_m2: float = 0.0
    lost_m2: float = 0.0
    others: tuple[int, ...] = ()


def find_succession(survey: Survey, good: NDArray[np.intp]) -> Succession:
    """Say which known grid becomes which row. Raises InvalidInputError on a table at fault."""
    request = survey.request
    level = Level(
        known=request.existing,
        old_shapes=survey.existing,
        rows=survey.rows,
        new_shapes=survey.geoms,
        good=good,
        places=survey.buildings,
        households=np.asarray(request.households, dtype=np.int64),
        has_to_be_filled=request.level != "compound",
    )
    return find(level, request.table)


def left_to_plan(survey: Survey) -> list[Problem]:
    """Return the problems, without those that the checks of a plan find again."""
    if not survey.request.as_plan:
        return survey.problems
    return [
        each
        for each in survey.problems
        if each.kind not in _LEFT_TO_PLAN or _is_homeless(survey, each)
    ]


def _is_homeless(survey: Survey, problem: Problem) -> bool:
    """Tell whether a row lies so that nobody can say in which grid of the level above."""
    if problem.kind != "does_not_nest":
        return False
    share = problem.data.get("share")
    is_mostly_in = isinstance(share, float) and share >= _HALF
    return not is_mostly_in or survey.parent_of[problem.rows[0]] < 0


def differences(survey: Survey, succession: Succession) -> list[Difference]:
    """Return what becomes of each grid in which the file differs: rows first, then what ends."""
    continued = succession.continued
    givers, takers = defaultdict[int, list[int]](list), defaultdict[int, list[int]](list)
    for each in sorted(succession.relations, key=lambda each: -each.m2):
        givers[each.new].append(each.old)
        takers[each.old].append(each.new)
    ended = set(succession.ended)
    gone = [_ended(old, takers[old]) for old in succession.ended]
    by_new = defaultdict[int, list[int]](list)
    for each in gone:
        if each.whats == ("merged",):
            by_new[each.new].append(each.old)
    usable = survey.good()
    shapes: dict[int, shapely.MultiPolygon] = dict(
        zip(usable.tolist(), as_multipolygons(survey.geoms[usable]), strict=True)
    )
    found: list[Difference] = []
    for new in range(len(survey.rows)):
        old = continued.get(new, -1)
        if old < 0:
            found.append(_begun(new, givers[new], ended))
        else:
            found += _changed(survey, shapes.get(new), old, new, by_new[new])
    return found + gone


def _begun(new: int, givers: Sequence[int], ended: set[int]) -> Difference:
    """Say where a grid comes from that continues none."""
    if not givers:
        return Difference(-1, new, ("new",))
    what = "formed" if len(givers) > 1 or givers[0] in ended else "split"
    return Difference(-1, new, (what,), others=tuple(givers))


def _ended(old: int, takers: Sequence[int]) -> Difference:
    if not takers:
        return Difference(old, -1, ("gone",))
    if len(takers) == 1:
        return Difference(old, takers[0], ("merged",))
    return Difference(old, -1, ("divided",), others=tuple(takers))


def _changed(
    survey: Survey,
    shape: shapely.MultiPolygon | None,
    old: int,
    new: int,
    taken: Sequence[int],
) -> list[Difference]:
    known, row = survey.request.existing[old], survey.rows[new]
    whats: list[str] = []
    if known.name != row.name:
        whats.append("renamed")
    if known.code != row.code:
        whats.append("recoded")
    gained = lost = 0.0
    if shape is not None and moves(survey.existing[old], shape):
        gained = _beyond_m2(shape, survey.existing[old])
        lost = _beyond_m2(survey.existing[old], shape)
        whats.append("moved")
    if _parent(survey, new) not in (None, known.parent_id):
        whats.append("handed_over")
    if _is_counted_anew(survey, known, new):
        whats.append("counted")
    if taken:
        whats.append("takes_in")
    if not whats:
        return []
    return [Difference(old, new, tuple(whats), gained, lost, tuple(taken))]


def moves(old: shapely.MultiPolygon, new: shapely.MultiPolygon) -> bool:
    """Tell whether a grid has other ground; a corner more on an edge is the same ground."""
    return bool(shapely.is_empty(new)) or not has_same_ground(old, new)


def _beyond_m2(one: shapely.MultiPolygon, other: shapely.MultiPolygon) -> float:
    return float(area_m2(np.asarray([shapely.difference(one, other)], dtype=object))[0])


def _parent(survey: Survey, new: int) -> int | None:
    at = int(survey.parent_of[new]) if len(survey.parent_of) else -1
    return survey.request.parents[at].grid_id if at >= 0 else None


def _is_counted_anew(survey: Survey, known: KnownGrid, new: int) -> bool:
    columns, row = survey.request.columns, survey.rows[new]
    households = columns.households is not None and known.households != row.households
    return households or (columns.population is not None and known.population != row.population)
