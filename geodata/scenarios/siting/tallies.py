"""Who is served by a growing choice of places: by counting, or by assigning where places fill up.

With capacities a household goes to one place as a whole; a building's households may go to several.
So the most that places serve is a greatest flow from places to buildings, which with whole numbers
is one of whole households (Dantzig and Fulkerson 1956).
"""

from __future__ import annotations

import numpy as np

from geodata.scenarios.siting.instance import Instance
from geodata.scenarios.siting.model import Floats, Ints

# Sums of households that differ by less are equal.
SLACK = 1e-9


class Count:
    """Groups that have as many places in reach as they need.

    A gain counts a group that needs two and gets one as half: so a greedy choice sees where it
    leads, and the gain of a place never grows as others are chosen.
    """

    def __init__(self, instance: Instance):
        self._instance = instance
        self._left = instance.needs.copy()
        self._worth = instance.weights / instance.needs

    def gain(self, column: int) -> float:
        """Return what a place would add to those before it."""
        return float(self._worth[self._instance.groups_of(column)].sum())

    def add(self, column: int) -> None:
        """Choose a place."""
        groups = self._instance.groups_of(column)
        self._left[groups] -= 1
        self._worth[groups[self._left[groups] <= 0]] = 0.0

    @property
    def served(self) -> Floats:
        """Return the households of each group that are served."""
        return np.where(self._left <= 0, self._instance.weights, 0.0)


class Load:
    """Households of groups that are assigned to places, each place within its capacity.

    Households that are served stay so as places are added; a place that fills up hands some over to
    another in their reach, and takes others instead (augmenting paths, the shortest first: Edmonds
    and Karp 1972; edges between two places are taken together).
    """

    def __init__(self, instance: Instance):
        assert instance.capacities is not None
        self._instance, self._capacities = instance, instance.capacities
        self._left = instance.weights.copy()
        # Groups x chosen places.
        self._taken = np.zeros((len(self._left), 8))
        self._chosen: list[int] = []

    def gain(self, column: int) -> float:
        """Return how many households more would be served with a place."""
        free = float(self._left[self._instance.groups_of(column)].sum())
        if not self._chosen or free >= self._capacities[column]:
            return min(free, float(self._capacities[column]))
        left, taken = self._left.copy(), self._taken[:, : len(self._chosen) + 1].copy()
        gain = self._grow(column)
        self._left, self._taken[:, : taken.shape[1]] = left, taken
        self._chosen.pop()
        return gain

    def add(self, column: int) -> None:
        """Choose a place."""
        self._grow(column)

    @property
    def served(self) -> Floats:
        """Return the households of each group that are served."""
        return self._instance.weights - self._left

    @property
    def loads(self) -> Floats:
        """Return the households of each place, in the order in which they were chosen."""
        return self._taken[:, : len(self._chosen)].sum(axis=0)

    def _grow(self, column: int) -> float:
        """Add a place and let it serve as many more as it can; return how many."""
        if len(self._chosen) + 1 >= self._taken.shape[1]:
            self._taken = np.hstack([self._taken, np.zeros_like(self._taken)])
        self._chosen.append(column)
        room = float(self._capacities[column])
        slack, gain = SLACK * (1 + self._instance.total), 0.0
        while room - gain > slack and (path := self._path(slack)):
            gain += self._push(path, room - gain)
        return gain

    def _path(self, slack: float) -> list[int]:
        """Return the shortest way from the newest place to one with unserved households in reach.

        Each place on it can take households of the next.
        """
        newest = len(self._chosen) - 1
        came_from = {newest: newest}
        waiting = [newest]
        for place in waiting:
            groups = self._instance.groups_of(self._chosen[place])
            if self._left[groups].sum() > slack:
                path = [place]
                while path[-1] != newest:
                    path.append(came_from[path[-1]])
                return path[::-1]
            takeable = self._taken[groups, : len(self._chosen)].sum(axis=0)
            for other in np.flatnonzero(takeable > slack).tolist():
                if other not in came_from:
                    came_from[other] = place
                    waiting.append(other)
        return []

    def _push(self, path: list[int], room: float) -> float:
        """Move households along a way, as many as there is room for; return how many."""
        reached = [self._instance.groups_of(self._chosen[place]) for place in path]
        amount = min(room, float(self._left[reached[-1]].sum()))
        for groups, other in zip(reached, path[1:], strict=False):
            amount = min(amount, float(self._taken[groups, other].sum()))
        for place, groups, other in zip(path, reached, path[1:], strict=False):
            moved = _first(self._taken[groups, other], amount)
            self._taken[groups, other] -= moved
            self._taken[groups, place] += moved
        moved = _first(self._left[reached[-1]], amount)
        self._left[reached[-1]] -= moved
        self._taken[reached[-1], path[-1]] += moved
        return amount


def _first(households: Floats, amount: float) -> Floats:
    """Return as many of the households as wanted, group by group."""
    before = np.cumsum(households) - households
    return np.clip(amount - before, 0.0, households)


def tally(instance: Instance) -> Count | Load:
    """Return the tally of an instance before anything is chosen."""
    return Count(instance) if instance.capacities is None else Load(instance)


def value(instance: Instance, columns: Ints | list[int]) -> float:
    """Return the households that a choice of columns serves."""
    reckoned = tally(instance)
    for column in columns:
        reckoned.add(int(column))
    return float(reckoned.served.sum())
