"""The fewest places that serve everybody who can be reached, or as many as are wanted."""

from __future__ import annotations

import numpy as np
from scipy.sparse import block_array, csc_array, csr_array
from scipy.sparse.csgraph import connected_components

from geodata.scenarios.siting import program
from geodata.scenarios.siting.answering import Reckoned
from geodata.scenarios.siting.bounds import Bound, tighten
from geodata.scenarios.siting.deadline import Deadline
from geodata.scenarios.siting.dominance import hardest, undominated
from geodata.scenarios.siting.exchange import Exchange
from geodata.scenarios.siting.greed import grown, spared
from geodata.scenarios.siting.instance import Instance, trimmed
from geodata.scenarios.siting.model import Ints
from geodata.scenarios.siting.program import Solved
from geodata.scenarios.siting.tallies import SLACK, value

_NONE = np.arange(0)


def fewest_for_all(instance: Instance, deadline: Deadline) -> Reckoned:
    """Return the fewest columns that serve all groups, each of which needs one.

    Anyone who is served counts alike here. Parts of the county that share neither household nor
    candidate are solved one by one.
    """
    left = hardest(instance)
    left = Instance(left.reach, np.ones(len(left.weights)), left.needs, None, left.columns)
    # The small ones first, so that a large one takes the time that is left.
    parts = sorted(_parts(left), key=lambda part: part.reach.nnz)
    found = [_part_for_all(part, deadline) for part in parts]
    return Reckoned(
        np.concatenate([each.choice for each in found]), sum(each.bound for each in found)
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
    choice = _exchanged(instance, spared(instance, start, wanted), wanted, deadline)
    while len(choice) > 1:
        bound = tighten(instance, len(choice) - 1, _NONE, unit, deadline, wanted)
        if bound.value < wanted - SLACK * (1 + instance.total):
            return instance.columns[choice], bound
        met = np.flatnonzero(np.isin(instance.columns, bound.choice))
        choice = spared(instance, met.tolist(), wanted)
    return instance.columns[choice], None


def _exchanged(
    instance: Instance, choice: list[int], wanted: float, deadline: Deadline
) -> list[int]:
    """Return a smaller choice as long as exchanges make up for a place that is left out."""
    if instance.capacities is not None:
        return choice
    exchange = Exchange(instance, choice)
    slack = SLACK * (1 + instance.total)
    while len(choice) > 1 and not deadline.is_over:
        exchange.shrink()
        exchange.improve(deadline, wanted)
        if exchange.served < wanted - slack:
            break
        choice = exchange.columns
    return spared(instance, choice, wanted)


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
    order = np.argsort(label[: reach.shape[0]], kind="stable")
    columns = np.argsort(label[reach.shape[0] :], kind="stable")
    # Each part is a block on the diagonal.
    instance = instance.with_groups(order).with_columns(columns)
    reach = csr_array(instance.reach)
    numbers = np.arange(count + 1)
    tops = np.searchsorted(label[: reach.shape[0]][order], numbers).tolist()
    lefts = np.searchsorted(label[reach.shape[0] :][columns], numbers).tolist()
    return [
        Instance(
            csc_array(reach[top:bottom, left:right]),
            instance.weights[top:bottom],
            instance.needs[top:bottom],
            None,
            instance.columns[left:right],
        )
        for top, bottom, left, right in zip(tops, tops[1:], lefts, lefts[1:], strict=False)
    ]
