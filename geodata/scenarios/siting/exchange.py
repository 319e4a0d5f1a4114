"""A choice made better by exchange: one place for another while that serves more households.

Vertex substitution (Teitz and Bart 1968). What each candidate would add is kept up to date, so that
an exchange costs what the two places reach and not what all candidates do.
"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
from scipy.sparse import csr_array

from geodata.scenarios.siting.deadline import Deadline
from geodata.scenarios.siting.instance import Instance, ranges
from geodata.scenarios.siting.model import Ints
from geodata.scenarios.siting.tallies import SLACK


class Exchange:
    """A choice of columns, without capacities, that changes place by place."""

    def __init__(self, instance: Instance, columns: Iterable[int]):
        self._instance = instance
        self._rows = csr_array(instance.reach)
        self._slack = SLACK * (1 + instance.total)
        self._lacking = instance.needs.astype(np.int64)
        self._gains = np.zeros(len(instance.columns))
        self._count(np.flatnonzero(self._lacking == 1), 1.0)
        self._is_chosen = np.zeros(len(instance.columns), dtype=bool)
        self.served = 0.0
        for column in columns:
            self._add(column)

    @property
    def columns(self) -> list[int]:
        """Return the columns chosen now."""
        return np.flatnonzero(self._is_chosen).tolist()

    def improve(self, deadline: Deadline, wanted: float = np.inf) -> None:
        """Exchange places until no exchange serves more, or ``wanted`` households are served."""
        missed = 0
        waiting = self.columns
        while waiting and missed < len(waiting) and not deadline.is_over:
            if self.served >= wanted - self._slack:
                return
            column = waiting.pop(0)
            before = self.served
            self._remove(column)
            other = self._best()
            if self.served + self._gains[other] <= before + self._slack:
                other, missed = column, missed + 1
            else:
                missed = 0
            self._add(other)
            waiting.append(other)

    def shrink(self) -> None:
        """Leave out the place that is missed least."""
        chosen = self.columns
        critical = np.where(self._lacking == 0, self._instance.weights, 0.0)
        missed = [critical[self._instance.groups_of(column)].sum() for column in chosen]
        self._remove(chosen[int(np.argmin(missed))])

    def _best(self) -> int:
        return int(np.argmax(np.where(self._is_chosen, -1.0, self._gains)))

    def _add(self, column: int) -> None:
        self._is_chosen[column] = True
        groups = self._instance.groups_of(column)
        lacking = self._lacking[groups]
        self._lacking[groups] -= 1
        self.served += float(self._instance.weights[groups[lacking == 1]].sum())
        self._count(groups[lacking == 1], -1.0)
        self._count(groups[lacking == 2], 1.0)

    def _remove(self, column: int) -> None:
        self._is_chosen[column] = False
        groups = self._instance.groups_of(column)
        lacking = self._lacking[groups]
        self._lacking[groups] += 1
        self.served -= float(self._instance.weights[groups[lacking == 0]].sum())
        self._count(groups[lacking == 0], 1.0)
        self._count(groups[lacking == 1], -1.0)

    def _count(self, groups: Ints, sign: float) -> None:
        """Add what groups weigh to the gains of the columns that reach them, or take it away."""
        starts = self._rows.indptr[groups]
        lengths = self._rows.indptr[groups + 1] - starts
        columns = self._rows.indices[ranges(starts, lengths)]
        weights = np.repeat(sign * self._instance.weights[groups], lengths)
        np.add.at(self._gains, columns, weights)
