"""A question stripped of what cannot matter: groups of buildings, and candidates that reach them.

No step changes the best value: households without need of a further provider are dropped, and
those for whom there are too few candidates; candidates that reach nobody left go, too; buildings
with equal candidates and needs become one group.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from geodata.scenarios.siting.model import Demand, Flags, Floats, Ints

_SEED = 1974


@dataclass(frozen=True, slots=True, eq=False)
class Instance:
    """Groups of households, and the candidates of which each needs ``needs`` in reach.

    ``reach`` (groups x columns) has ones; ``columns`` tells which candidate each column is.
    ``capacities`` are None where a place serves anyone who reaches it.
    """

    reach: csc_array[Any]
    weights: Floats
    needs: Ints
    capacities: Floats | None
    columns: Ints

    @property
    def total(self) -> float:
        """Return the households that all columns together could serve, capacities aside."""
        return float(self.weights.sum())

    @property
    def is_whole(self) -> bool:
        """Tell whether households and capacities are whole numbers, so that any answer is."""
        counts = [self.weights]
        if self.capacities is not None:
            counts.append(self.capacities)
        return all(bool((each == np.floor(each)).all()) for each in counts)

    def groups_of(self, column: int) -> Ints:
        """Return the groups that a column reaches."""
        return self.reach.indices[self.reach.indptr[column] : self.reach.indptr[column + 1]]

    def with_columns(self, columns: Ints | Flags) -> Instance:
        """Return the same groups with some of the columns."""
        capacities = None if self.capacities is None else self.capacities[columns]
        return replace(
            self,
            reach=csc_array(self.reach[:, columns]),
            capacities=capacities,
            columns=self.columns[columns],
        )

    def with_groups(self, groups: Ints | Flags) -> Instance:
        """Return some of the groups with all columns."""
        return replace(
            self,
            reach=csc_array(csr_array(self.reach)[groups]),
            weights=self.weights[groups],
            needs=self.needs[groups],
        )


def question(demand: Demand, minimum: int, capacities: Floats | None) -> Instance:
    """Return the instance in which every household is to have ``minimum`` providers."""
    whole = Instance(
        csc_array(demand.reach),
        demand.households,
        np.maximum(minimum - demand.providers, 0),
        capacities,
        np.arange(demand.reach.shape[1]),
    )
    return trimmed(whole)


def trimmed(instance: Instance) -> Instance:
    """Drop groups and columns that cannot matter, and merge equal groups."""
    while True:
        degrees = np.bincount(instance.reach.indices, minlength=len(instance.weights))
        groups = (instance.weights > 0) & (instance.needs > 0) & (degrees >= instance.needs)
        if not groups.all():
            instance = instance.with_groups(groups)
        columns = np.diff(instance.reach.indptr) > 0
        if columns.all():
            break
        instance = instance.with_columns(columns)
    instance = _without_idle_capacities(_merged(instance))
    # Places further on expect sorted groups.
    instance.reach.sort_indices()
    return instance


def ranges(starts: Ints, lengths: Ints) -> Ints:
    """Return start, start + 1 ... of each range, one range after the other."""
    ends = np.cumsum(lengths)
    return np.arange(ends[-1] if len(ends) else 0) + np.repeat(starts - (ends - lengths), lengths)


def _without_idle_capacities(instance: Instance) -> Instance:
    """Drop capacities that bind nowhere, and cut the others to what the place could use."""
    if instance.capacities is None:
        return instance
    wanted = instance.reach.T @ instance.weights
    if (instance.capacities >= wanted).all():
        return replace(instance, capacities=None)
    return replace(instance, capacities=np.minimum(instance.capacities, wanted))


def _merged(instance: Instance) -> Instance:
    """Make one group of those with equal columns and needs.

    Sets are compared by two sums of 64 random bits for each column (Zobrist, A New Hashing Method
    with Application for Game Playing, 1970): unequal ones agree once in 2^128.
    """
    rows = csr_array(instance.reach)
    if rows.shape[0] < 2:
        return instance
    bits = np.random.default_rng(_SEED).integers(0, 2**63, (2, rows.shape[1]), dtype=np.uint64)
    starts = rows.indptr[:-1]
    keys = [np.add.reduceat(each[rows.indices], starts) for each in bits]
    keys.append(instance.needs.astype(np.uint64))
    _, first, group = np.unique(
        np.column_stack(keys), axis=0, return_index=True, return_inverse=True
    )
    if len(first) == rows.shape[0]:
        return instance
    weights = np.bincount(group.ravel(), instance.weights, minlength=len(first))
    order = np.argsort(first)
    return replace(instance.with_groups(first[order]), weights=weights[order])
