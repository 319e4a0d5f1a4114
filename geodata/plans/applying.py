"""Operations done to a part of the county: ground, names, codes and households.

Coordinates are (lon, lat), EPSG:4326.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Bounds, Level
from geodata.partition import actions
from geodata.partition.ground import Ground, Piece, keep_law, noded
from geodata.plans import bringing, counting
from geodata.plans.counting import Buildings
from geodata.plans.files import PlanFile
from geodata.plans.model import Draft, Facts
from geodata.plans.operations import (
    Annex,
    Balance,
    Bring,
    CloseSlivers,
    Count,
    CutOut,
    Divide,
    Draw,
    HandOver,
    KeepLargest,
    Merge,
    Move,
    Operation,
    Recode,
    Remove,
    Rename,
    Reshape,
    Restore,
    Split,
    Trim,
    named,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Sources:
    """What an operation has to look up besides the grids.

    ``next_code`` gives the next free code below a code that the given codes leave, for a level;
    ``buildings`` those within west, south, east, north in degrees; ``published`` what the grids of
    a publication were before it, None for those that it made; ``file`` a file of the plan.
    """

    next_code: Callable[[Level, str, Sequence[str]], str]
    buildings: Callable[[Bounds], Buildings]
    published: Callable[[int], Mapping[int, tuple[Piece, Facts] | None]]
    file: Callable[[int], PlanFile]


def apply(draft: Draft, operation: Operation, new_id: int, sources: Sources) -> Draft:
    """Return what an operation makes of a part of the county.

    Raises LawError where the partition law would be broken, InvalidInputError where there is
    nothing to do it to.
    """
    for grid_id in named(operation):
        if grid_id not in draft.ground.pieces:
            raise InvalidInputError(
                "There is no grid with the number {grid_id} in this plan.", grid_id=grid_id
            )
    match operation:
        case Rename() | Recode() | Count():
            return _renamed(draft, operation, sources)
        case Restore():
            return _restored(draft, sources.published(operation.plan))
        case Bring():
            file = sources.file(operation.file)
            after = bringing.brought(draft, file, sources.buildings)
            return _recoded(draft, after, sources, fixed=file.grids.keys())
        case _:
            pass
    ground = _drawn(draft.ground, operation, new_id, sources)
    gone = draft.ground.pieces.keys() - ground.pieces.keys()
    facts = {id_: each for id_, each in draft.facts.items() if id_ not in gone}
    after = replace(draft, ground=ground, facts=MappingProxyType(facts))
    after = _named(draft, after, operation)
    after = _recoded(draft, after, sources)
    origin = operation.grid if isinstance(operation, (Split, CutOut, Divide)) else None
    return counting.counted(draft, after, origin, sources.buildings)


def _drawn(ground: Ground, operation: Operation, new_id: int, sources: Sources) -> Ground:
    match operation:
        case Move():
            return actions.move(ground, operation.corner, operation.to)
        case Reshape():
            return actions.reshape(ground, operation.old, operation.new)
        case Split():
            return actions.split(ground, operation.grid, operation.line, new_id)
        case Merge():
            return actions.merge(ground, operation.grid, operation.other)
        case HandOver():
            return actions.hand_over(ground, operation.grid, operation.parent)
        case Draw():
            return actions.draw(ground, operation.level, operation.parent, operation.ring, new_id)
        case CutOut():
            return actions.cut_out(ground, operation.grid, operation.ring, new_id)
        case Annex():
            return actions.annex(ground, operation.grid, operation.ring)
        case Remove():
            return actions.remove(ground, operation.grid)
        case Divide():
            points, weights = _within(ground, [operation.grid], sources)
            new_ids = range(new_id, new_id - operation.parts + 1, -1)
            return actions.divide(ground, operation.grid, points, weights, new_ids)
        case Balance():
            one, other = operation.grid, operation.other
            points, weights = _within(ground, [one, other], sources)
            return actions.balance(ground, one, other, points, weights)
        case Trim():
            return actions.trim(ground, operation.grid)
        case KeepLargest():
            return actions.keep_largest(ground, operation.grid)
        case CloseSlivers():
            return actions.close_slivers(ground, operation.grid)
        case _:
            raise AssertionError(operation)


def _within(
    ground: Ground, ids: Sequence[int], sources: Sources
) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
    """Return places of shape (n, 2) and households of the buildings in grids."""
    shape = shapely.union_all([ground[id_].shape for id_ in ids])
    found = sources.buildings(Bounds(*shapely.bounds(shape).tolist()))
    shapely.prepare(shape)
    inside = shapely.covers(shape, found.points) & (found.households > 0)
    return shapely.get_coordinates(found.points[inside]), found.households[inside]


def _renamed(draft: Draft, operation: Rename | Recode | Count, sources: Sources) -> Draft:
    facts = draft.facts[operation.grid]
    match operation:
        case Rename():
            facts = replace(facts, name=" ".join(operation.name.split()))
        case Recode():
            facts = replace(facts, code=operation.code or _code(draft, operation.grid, sources))
        case Count():
            facts = replace(facts, households=operation.households, population=operation.population)
    return replace(draft, facts=MappingProxyType({**draft.facts, operation.grid: facts}))


def _restored(draft: Draft, earlier: Mapping[int, tuple[Piece, Facts] | None]) -> Draft:
    pieces = {id_: each[0] if each else None for id_, each in earlier.items()}
    facts = {id_: each for id_, each in draft.facts.items() if earlier.get(id_, True)}
    facts |= {id_: each[1] for id_, each in earlier.items() if each}
    ground = draft.ground.with_pieces(pieces)
    for id_ in ground.changed(draft.ground) & ground.pieces.keys():
        ground = noded(ground, ground[id_].shape)
    keep_law(draft.ground, ground, may_part=earlier.keys())
    return replace(draft, ground=ground, facts=MappingProxyType(facts))


def _named(before: Draft, after: Draft, operation: Operation) -> Draft:
    """Give the grids that an operation has made names; their codes and counts come later."""
    new = sorted(after.ground.pieces.keys() - before.ground.pieces.keys(), reverse=True)
    facts = dict(after.facts)
    given: str | None = getattr(operation, "name", None)
    origin: int | None = getattr(operation, "grid", None)
    taken = {each.name for each in before.facts.values()}
    for id_ in new:
        # As people would: 蔡家岭 becomes 蔡家岭 and 蔡家岭 2.
        stem = before.facts[origin].name if origin is not None else ""
        name = given or next(each for n in range(2, 1000) if (each := f"{stem} {n}") not in taken)
        taken.add(name)
        facts[id_] = Facts(" ".join(name.split()), "", None, None)
    return replace(after, facts=MappingProxyType(facts))


def _recoded(
    before: Draft, after: Draft, sources: Sources, *, fixed: Collection[int] = ()
) -> Draft:
    """Give new grids, and those that lie in another grid now, the next free code there.

    A code that did not begin with its parent's is the county's own and stays, and so do those of
    grids that are ``fixed``.
    """
    facts = dict(after.facts)
    for level in LEVELS[1:]:
        # Last, so that none gets a code that another keeps behind its parent's new one.
        wanting: list[tuple[int, str]] = []
        for id_, piece in sorted(after.ground.pieces.items()):
            if piece.level != level or piece.parent is None or piece.parent not in facts:
                continue
            if id_ in fixed:
                continue
            known = before.ground.pieces.get(id_)
            prefix = facts[piece.parent].code
            if known is None or facts[id_].code == "":
                wanted = True
            elif known.parent == piece.parent:
                old = before.facts.get(piece.parent)
                # Its parent has another code now.
                wanted = (
                    old is not None and old.code != prefix and facts[id_].code.startswith(old.code)
                )
                if wanted and old is not None:
                    facts[id_] = replace(facts[id_], code=prefix + facts[id_].code[len(old.code) :])
                continue
            else:
                old = before.facts.get(known.parent) if known.parent is not None else None
                wanted = old is not None and facts[id_].code.startswith(old.code)
            if wanted:
                wanting.append((id_, prefix))
        for id_, prefix in wanting:
            codes = [each.code for each in facts.values()]
            facts[id_] = replace(facts[id_], code=sources.next_code(level, prefix, codes))
    return replace(after, facts=MappingProxyType(facts))


def _code(draft: Draft, id_: int, sources: Sources) -> str:
    piece = draft.ground[id_]
    if piece.parent is None or piece.parent not in draft.facts:
        raise InvalidInputError("A county's code is not assigned automatically; enter one.")
    codes = [each.code for each in draft.facts.values()]
    return sources.next_code(piece.level, draft.facts[piece.parent].code, codes)
