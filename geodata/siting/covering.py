"""The fewest places that serve everybody who can be reached, or as many as are wanted."""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_array, csr_array
from scipy.sparse.csgraph import connected_components

from geodata.siting import program
from geodata.siting.answering import Reckoned
from geodata.siting.bounds import Bound, tighten
from geodata.siting.deadline import Deadline
from geodata.siting.dominance import hardest, undominated
from geodata.siting.greed import grown, spared
from geodata.siting.instance import Instance, trimmed
from geodata.siting.model import Ints
from geodata.siting.program import Solved
from geodata.siting.tallies import SLACK, value

_NONE = np.arange(0)


def fewest_for_all(instance: Instance, deadline: Deadline) -> Reckoned:
    """Return the fewest columns that serve all groups, each of which needs one.

    Whoever is served counts alike here. Parts of the county that share neither household nor
    candidate are solved one by one.
    """
    left = hardest(instance)
    left = Instance(left.reach, np.ones(len(left.weights)), left.needs, None, left.columns)
    parts = [_part_for_all(part, deadline) for part in _parts(left)]
    return Reckoned(
        np.concatenate([part.choice for part in parts]), sum(part.bound for part in parts)
    )


def fewest_for_some(
    instance: Instance, start: list[int], wanted: float, unit: float, deadline: Deadline
) -> Reckoned:
    """Return the fewest columns that serve ``wanted`` households, beginning with a choice."""
    choice, bound = _fewer(instance, start, wanted, unit, deadline)
    if bound is None or bound.least >= len(choice):
        return Reckoned(choice, float(len(choice)))
    left = undominated(trimmed(bound.instance))
    if left.total < wanted - unit / 2:
        # What is left of the candidates reaches too few: no smaller choice serves as many.
        return Reckoned(choice, float(len(choice)))
    solved = program.least(left, wanted - unit / 2, bound.least, deadline)
    return _better(instance, choice, bound.least, wanted, solved)


def _part_for_all(part: Instance, deadline: Deadline) -> Reckoned:
    everybody = part.total
    start = grown(part, len(part.columns))
    choice, bound = _fewer(part, start, everybody, 1.0, deadline)
    if bound is None or bound.least >= len(choice):
        return Reckoned(choice, float(len(choice)))
    left = bound.instance
    if (np.bincount(left.reach.indices, minlength=len(left.weights)) < left.needs).any():
        # What is left of the candidates leaves somebody out: no smaller choice serves all.
        return Reckoned(choice, float(len(choice)))
    solved = program.cover(hardest(left), bound.least, deadline)
    return _better(part, choice, bound.least, everybody, solved)


def _fewer(
    instance: Instance, start: list[int], wanted: float, unit: float, deadline: Deadline
) -> tuple[Ints, Bound | None]:
    """Return the smallest choice met, and the bound for one place less; None if it has but one."""
    choice = spared(instance, start, wanted)
    while len(choice) > 1:
        bound = tighten(instance, len(choice) - 1, _NONE, unit, deadline, wanted)
        if bound.value < wanted - SLACK * (1 + instance.total):
            return instance.columns[choice], bound
        met = np.flatnonzero(np.isin(instance.columns, bound.choice))
        choice = spared(instance, met.tolist(), wanted)
    return instance.columns[choice], None


def _better(
    instance: Instance, choice: Ints, least: int, wanted: float, solved: Solved
) -> Reckoned:
    """Return the smaller of two choices, with what the solver showed besides ``least``."""
    if solved.is_empty:
        return Reckoned(choice, float(len(choice)))
    bound = float(least)
    if solved.bound is not None:
        bound = max(bound, float(np.ceil(solved.bound - 1e-3)))
    if solved.choice is not None and len(solved.choice) < len(choice):
        met = value(instance, np.flatnonzero(np.isin(instance.columns, solved.choice)))
        if met >= wanted - SLACK * (1 + instance.total):
            choice = solved.choice
    return Reckoned(choice, min(bound, float(len(choice))))


def _parts(instance: Instance) -> list[Instance]:
    """Return the instances into which one falls apart."""
    reach = csr_array(instance.reach)
    links = block_array([[None, reach], [reach.T, None]])
    count, label = connected_components(links, directed=False)
    groups, columns = label[: reach.shape[0]], label[reach.shape[0] :]
    order_of_groups, order_of_columns = (
        np.argsort(groups, kind="stable"),
        np.argsort(columns, kind="stable"),
    )
    parts: list[Instance] = []
    for number in range(count):
        some = _slice(groups, order_of_groups, number)
        few = _slice(columns, order_of_columns, number)
        parts.append(instance.with_groups(some).with_columns(few))
    return parts


def _slice(labels: Ints, order: Ints, number: int) -> Ints:
    begin, end = np.searchsorted(labels[order], [number, number + 1])
    return order[begin:end]
