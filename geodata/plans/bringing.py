"""A file's division of the county, done to a draft: the grids of its level, and what lies in them.

Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely

from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Bounds
from geodata.partition.ground import Ground, LawError, Piece, noded
from geodata.plans import succeeding
from geodata.plans.counting import Buildings
from geodata.plans.files import PlanFile
from geodata.plans.model import Draft, Facts


def brought(draft: Draft, file: PlanFile, buildings: Callable[[Bounds], Buildings]) -> Draft:
    """Return a draft with the grids of a file's level as the file has them.

    What lay in a grid that ends lies in the one that has most of it now. What else leaves its
    parent is left to be handed over, or to the checks. Raises InvalidInputError where a grid of
    which the file speaks is no longer there, LawError where a shape cannot be used.
    """
    _check_there(draft, file)
    pieces: dict[int, Piece | None] = {}
    for id_, grid in file.grids.items():
        known = draft.ground.pieces.get(id_)
        if grid is None:
            pieces[id_] = None
        elif known is None or grid.shape is not None or known.parent != grid.parent:
            shape = grid.shape if grid.shape is not None else draft.ground[id_].shape
            pieces[id_] = Piece(file.level, grid.parent, shape)
    ground = _homed(draft.ground, draft.ground.with_pieces(pieces), file)
    for grid in file.grids.values():
        if grid is not None and grid.shape is not None:
            ground = noded(ground, grid.shape)
    _check_shapes(draft.ground, ground)
    return replace(draft, ground=ground, facts=_facts(draft, ground, file, buildings))


def _check_there(draft: Draft, file: PlanFile) -> None:
    parents = {grid.parent for grid in file.grids.values() if grid is not None}
    wanted = {id_ for id_ in file.grids if id_ > 0} | {each for each in parents if each is not None}
    for id_ in sorted(wanted):
        if id_ not in draft.ground.pieces:
            raise InvalidInputError(
                "Grid {id}, of which the file speaks, is no longer there.",
                hint="Bring the file again, as a plan of its own.",
                id=id_,
            )


def _check_shapes(before: Ground, after: Ground) -> None:
    for id_ in sorted(after.changed(before) & after.pieces.keys()):
        if not shapely.is_valid(after[id_].shape) or shapely.is_empty(after[id_].shape):
            raise LawError(
                "The border would cross or touch itself.",
                hint="Correct it in the file, and bring the file again.",
                kind="invalid",
                ids=[id_],
            )


def _homed(before: Ground, ground: Ground, file: PlanFile) -> Ground:
    """Let what lay in grids that end lie in those that have most of it now."""
    if file.level == LEVELS[-1]:
        return ground
    ended = {id_ for id_, grid in file.grids.items() if grid is None}
    moved: dict[int, Piece | None] = {}
    for id_, piece in before.pieces.items():
        if piece.parent not in ended:
            continue
        holders = [
            (float(shapely.area(shapely.intersection(ground[each].shape, piece.shape))), -each)
            for each in ground.near(piece.shape)
            if ground[each].level == file.level
        ]
        if not holders or max(holders)[0] == 0:
            raise LawError(
                "Nothing of the file covers grid {id}, which lies in one that ends.",
                hint="Leave its grid in the file, or move it first.",
                kind="outside_parent",
                ids=[id_],
                id=id_,
            )
        moved[id_] = replace(piece, parent=-max(holders)[1])
    return ground.with_pieces(moved)


def _facts(
    draft: Draft, ground: Ground, file: PlanFile, buildings: Callable[[Bounds], Buildings]
) -> MappingProxyType[int, Facts]:
    facts = {id_: each for id_, each in draft.facts.items() if file.grids.get(id_, True)}
    shapes: dict[int, Any] = {
        id_: ground[id_].shape for id_, grid in file.grids.items() if grid is not None
    }
    counted = succeeding.counts(draft, shapes, file, buildings(_around(draft, shapes, file)))
    for id_, grid in file.grids.items():
        if grid is None:
            continue
        households, population = counted[id_]
        facts[id_] = replace(
            grid.facts,
            households=grid.facts.households if file.has_households else households,
            population=grid.facts.population if file.has_population else population,
        )
    return MappingProxyType(facts)


def _around(draft: Draft, shapes: dict[int, Any], file: PlanFile) -> Bounds:
    olds = [draft.ground[id_].shape for id_ in file.grids if id_ > 0]
    every = np.asarray([*olds, *shapes.values()], dtype=object)
    return Bounds(*shapely.total_bounds(every).tolist())
