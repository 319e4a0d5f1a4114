"""A choice made place by place, each the one that adds most: a start, and an answer in need.

Where a place never adds more later than it would now, k places so chosen serve at least 63 % of
what the best k serve (Nemhauser, Wolsey and Fisher 1978), and what was reckoned once is an upper
limit later on: only the first in the queue is recomputed (Minoux 1978).
"""

from __future__ import annotations

import heapq

import numpy as np

from geodata.scenarios.siting.instance import Instance
from geodata.scenarios.siting.tallies import SLACK, tally


def grown(instance: Instance, most: int, wanted: float = np.inf) -> list[int]:
    """Return columns in order of what each adds, until ``wanted`` households are served.

    At most ``most``, fewer where no other adds any. Of equal ones the first comes first.
    """
    reckoned = tally(instance)
    slack = SLACK * (1 + instance.total)
    limits = instance.reach.T @ (instance.weights / instance.needs)
    if instance.capacities is not None:
        limits = np.minimum(limits, instance.capacities)
    queue = [(-float(limit), column) for column, limit in enumerate(limits)]
    heapq.heapify(queue)
    chosen: list[int] = []
    served = 0.0
    while queue and len(chosen) < most and served < wanted - slack:
        _, column = heapq.heappop(queue)
        entry = -reckoned.gain(column), column
        if entry[0] >= -slack:
            continue
        if queue and entry > queue[0]:
            heapq.heappush(queue, entry)
            continue
        reckoned.add(column)
        chosen.append(column)
        served -= entry[0]
    return chosen


def paired(instance: Instance, most: int) -> list[int]:
    """Return columns chosen two by two: the one that begins most, and the one that completes most.

    For groups that need two places: a single one serves nobody yet.
    """
    left = instance.needs.copy()
    free = np.ones(len(instance.columns), dtype=bool)
    chosen: list[int] = []
    for number in range(min(most, len(free))):
        is_wanted = left > 0 if number % 2 == 0 and number + 1 < most else left == 1
        gains = instance.reach.T @ np.where(is_wanted, instance.weights, 0.0)
        column = int(np.argmax(np.where(free, gains, -1.0)))
        free[column] = False
        left[instance.groups_of(column)] -= 1
        chosen.append(column)
    return chosen


def spared(instance: Instance, columns: list[int], wanted: float) -> list[int]:
    """Return the columns without those that are not needed to serve ``wanted`` households.

    The one that is missed least goes first. With capacities all stay.
    """
    if instance.capacities is not None:
        return columns
    kept = sorted(columns)
    cover = np.zeros(len(instance.weights), dtype=np.int64)
    for column in kept:
        cover[instance.groups_of(column)] += 1
    spare = float(instance.weights[cover >= instance.needs].sum()) - wanted
    spare += SLACK * (1 + instance.total)
    while kept:
        critical = np.where(cover == instance.needs, instance.weights, 0.0)
        missed = [float(critical[instance.groups_of(column)].sum()) for column in kept]
        least = int(np.argmin(missed))
        if missed[least] > spare:
            break
        spare -= missed[least]
        cover[instance.groups_of(kept.pop(least))] -= 1
    return kept
