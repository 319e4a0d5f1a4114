"""Households that go with the ground on which they live."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.model import LEVELS, Bounds, Level
from geodata.partition.differing import differing
from geodata.partition.measure import area_m2
from geodata.plans.model import Draft, Facts


@dataclass(frozen=True, slots=True)
class Buildings:
    """Buildings at a place: ``points`` of shape (n,), their ``households`` of shape (n,)."""

    points: NDArray[np.object_]
    households: NDArray[np.int64]


def counted(
    before: Draft,
    after: Draft,
    origin: int | None,
    buildings: Callable[[Bounds], Buildings],
) -> Draft:
    """Move the households of the buildings that lie in another grid now.

    A grid that a merge ended leaves its own to the one that took it; a new grid without buildings
    gets its share of the ground of the one from which it was taken, its ``origin``.
    """
    changed = [
        id_
        for id_ in after.ground.changed(before.ground)
        if _shape(before, id_) is not _shape(after, id_)
    ]
    boxes = _boxes(before, after, changed)
    if not boxes:
        return after
    west, south, east, north = np.asarray(boxes).T
    around = buildings(
        Bounds(float(west.min()), float(south.min()), float(east.max()), float(north.max()))
    )
    facts = dict(after.facts)
    was = {id_: _households(around, _shape(before, id_)) for id_ in changed}
    now = {id_: _households(around, _shape(after, id_)) for id_ in changed}
    for level in LEVELS[1:]:
        alike = [id_ for id_ in changed if _level(before, after, id_) == level]
        gone = [id_ for id_ in alike if id_ not in after.ground.pieces]
        new = [id_ for id_ in alike if id_ not in before.ground.pieces]
        for id_ in alike:
            known = facts.get(id_)
            if known is None or id_ in new or known.households is None:
                continue
            facts[id_] = replace(known, households=max(0, known.households + now[id_] - was[id_]))
        for id_ in gone:
            _leave(before, facts, alike, gone, id_, was)
        for id_ in new:
            _begin(before, after, facts, origin, id_, now)
    return replace(after, facts=MappingProxyType(facts))


def _leave(
    before: Draft,
    facts: dict[int, Facts],
    alike: Sequence[int],
    gone: Sequence[int],
    id_: int,
    was: Mapping[int, int],
) -> None:
    """Leave what a grid that ends has counted beyond its buildings to the one that took it."""
    takers = [each for each in alike if each not in gone and facts[each].households is not None]
    left = before.facts[id_].households
    if len(takers) == 1 and left is not None:
        taker = facts[takers[0]]
        assert taker.households is not None
        facts[takers[0]] = replace(taker, households=max(0, taker.households + left - was[id_]))
        if taker.population is not None and (people := before.facts[id_].population) is not None:
            facts[takers[0]] = replace(facts[takers[0]], population=taker.population + people)


def _begin(
    before: Draft,
    after: Draft,
    facts: dict[int, Facts],
    origin: int | None,
    id_: int,
    now: Mapping[int, int],
) -> None:
    """Count the households of a new grid, and take from its origin what no building explains.

    One that was drawn where nobody is known to live has an unknown count.
    """
    if now[id_] or origin is None:
        facts[id_] = replace(facts[id_], households=now[id_] or None)
        return
    count, left = before.facts[origin].households, facts[origin].households
    if count is None or left is None:
        return
    areas = area_m2(
        np.asarray([after.ground[id_].shape, before.ground[origin].shape], dtype=object)
    )
    # Buildings say how the rest is divided; without any, the ground does.
    share = min(left, round(count * float(areas[0] / areas[1]))) if not now.get(origin) else 0
    facts[id_] = replace(facts[id_], households=share)
    facts[origin] = replace(facts[origin], households=left - share)


def _boxes(before: Draft, after: Draft, changed: Sequence[int]) -> list[tuple[float, ...]]:
    """Return where buildings decide: all of the grids where one begins or ends, else what moves.

    Households of a town whose edge moves a little are not counted again.
    """
    pairs = [(_shape(before, id_), _shape(after, id_)) for id_ in changed]
    if any(one is None or other is None for one, other in pairs):
        shapes = [shape for pair in pairs for shape in pair if shape is not None]
        return [tuple(row) for row in shapely.bounds(shapes).tolist()]
    return [box for pair in pairs if (box := differing(*pair))]


def _shape(draft: Draft, id_: int) -> Any:
    piece = draft.ground.pieces.get(id_)
    return None if piece is None else piece.shape


def _level(before: Draft, after: Draft, id_: int) -> Level:
    return (after if id_ in after.ground.pieces else before).ground[id_].level


def _households(around: Buildings, shape: Any) -> int:
    if shape is None or not len(around.points):
        return 0
    shapely.prepare(shape)
    return int(around.households[shapely.covers(shape, around.points)].sum())
