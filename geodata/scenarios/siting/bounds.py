"""How many households k places could serve at most, and which candidates cannot be among the best.

Lagrangian relaxation of the covering rows (Galvao and ReVelle 1996): let a share v of a group's
households be free for whichever place takes them and the rest 1 - v be served anyway, then each
place is worth a sum of its own, and the k dearest give a bound for any v between 0 and 1. Shares
are moved against the subgradient with Polyak's step. A candidate goes if the bound with it forced
in stays below what is wanted (reduced-cost fixing).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.sparse import csc_array, csr_array

from geodata.scenarios.siting.deadline import Deadline
from geodata.scenarios.siting.instance import Instance
from geodata.scenarios.siting.model import Floats, Ints
from geodata.scenarios.siting.tallies import value

_ROUNDS = 400
# With capacities a round sorts, and finds less.
_LOADED_ROUNDS = 150
_PATIENCE = 15
_SMALLEST_STEP = 1e-3
_NARROW_EVERY = 20
_PROGRESS = 1e-4


@dataclass(frozen=True, slots=True, eq=False)
class Bound:
    """What is left of an instance: every choice of k columns that serves ``wanted`` is in it.

    ``choice`` are the candidates of the best choice seen, which serve ``value``. ``most`` are the
    households that k places serve at most, unless it is less than ``wanted``: then none serve that.
    ``least`` is the number of places needed for ``wanted``, at least; k + 1 if k do not suffice.
    """

    instance: Instance
    choice: Ints
    value: float
    wanted: float
    most: float
    least: int


def tighten(
    instance: Instance,
    k: int,
    choice: Ints,
    unit: float,
    deadline: Deadline,
    enough: float = np.inf,
) -> Bound:
    """Lower the bound for k places while that can show that none serve what is wanted.

    Wanted is ``enough`` households, or if that is infinite, more than ``choice`` serves, the
    candidates chosen so far, by at least ``unit``, the least by which two answers differ. A better
    choice that is met takes its place.
    """
    descent = _Descent(instance, k, choice, unit, enough)
    rounds = _ROUNDS if instance.capacities is None else _LOADED_ROUNDS
    for number in range(1, rounds + 1):
        if not descent.step() or descent.is_settled or deadline.is_over:
            break
        if number % _NARROW_EVERY == 0:
            descent.narrow()
    descent.narrow()
    return descent.bound()


class _Descent:
    """Shares on their way down, with the best bound and the best choice on it."""

    def __init__(self, instance: Instance, k: int, choice: Ints, unit: float, enough: float):
        self._instance, self._k, self._unit, self._enough = instance, k, unit, enough
        self._choice = choice
        self._value = value(instance, np.flatnonzero(np.isin(instance.columns, choice)))
        self._wanted = enough if np.isfinite(enough) else self._value + unit
        self._shares = np.ones(len(instance.weights))
        self._pace, self._waited = 1.0, 0
        self._most, self._best = np.inf, self._shares
        self._worth = np.zeros(len(instance.columns))

    @property
    def is_settled(self) -> bool:
        """Tell whether no choice serves what is wanted, or the best that was met does."""
        return self._most < self._wanted - self._unit / 2 or self._value >= self._enough

    def step(self) -> bool:
        """Reckon the bound, then move the shares; False where no way leads further down."""
        instance, shares = self._instance, self._shares
        prices = _Prices(instance, shares)
        worth = prices.worth
        top = _dearest(worth, self._k)
        most = float((instance.weights * (1 - shares)).sum() + worth[top].sum())
        if instance.capacities is None:
            self._meet(top)
        if most < self._most - _PROGRESS * self._unit:
            self._most, self._best, self._worth, self._waited = most, shares, worth, 0
        else:
            self._waited += 1
            if self._waited >= _PATIENCE:
                self._pace, self._waited = self._pace / 2, 0
                self._shares = self._best
                return self._pace > _SMALLEST_STEP
        lacking = 1 - prices.served(top)
        lacking[(shares >= 1) & (lacking > 0) | (shares <= 0) & (lacking < 0)] = 0
        length = float((instance.weights * lacking**2).sum())
        if length <= 0:
            return False
        step = self._pace * max(most - self._wanted + self._unit, self._unit) / length
        self._shares = np.clip(shares + step * lacking, 0.0, 1.0)
        return True

    def narrow(self) -> None:
        """Drop the columns with which the bound is below what is wanted."""
        if self._instance.capacities is not None:
            # Reckoning who goes where takes longer than a round.
            self._meet(_dearest(self._worth, self._k))
        if len(self._worth) <= self._k or not np.isfinite(self._most):
            return
        last = np.sort(self._worth)[-self._k]
        keep = self._most - last + self._worth >= self._wanted - self._unit / 2
        keep[_dearest(self._worth, self._k)] = True
        if not keep.all():
            self._instance = self._instance.with_columns(keep)
            self._worth = self._worth[keep]

    def bound(self) -> Bound:
        """Return what was found."""
        free = float((self._instance.weights * (1 - self._best)).sum())
        sums = free + np.cumsum(np.sort(self._worth)[::-1])
        enough = sums >= self._wanted - self._unit / 2
        least = int(np.argmax(enough)) + 1 if enough.any() else len(sums) + 1
        return Bound(
            self._instance,
            self._choice,
            self._value,
            self._wanted,
            self._most,
            min(least, self._k + 1),
        )

    def _meet(self, top: Ints) -> None:
        """Keep a choice if it is better."""
        met = value(self._instance, top)
        if met > self._value + self._unit / 2:
            self._value, self._choice = met, self._instance.columns[top]
            if not np.isfinite(self._enough):
                self._wanted = met + self._unit


class _Prices:
    """What each place is worth if it takes the dearest households first."""

    def __init__(self, instance: Instance, shares: Floats):
        self._instance = instance
        if instance.capacities is None:
            self.worth: Floats = instance.reach.T @ (instance.weights * shares / instance.needs)
            return
        order = np.argsort(-shares, kind="stable")
        sorted_reach = csc_array(csr_array(instance.reach)[order])
        sorted_reach.sort_indices()
        self._groups = order[sorted_reach.indices]
        self._starts = sorted_reach.indptr
        households = instance.weights[self._groups]
        sums = np.concatenate([[0.0], np.cumsum(households)])
        before = sums[:-1] - np.repeat(sums[self._starts[:-1]], np.diff(self._starts))
        room = np.repeat(instance.capacities, np.diff(self._starts)) - before
        self._taken = np.clip(room, 0.0, households)
        values: csc_array[Any] = csc_array(
            (self._taken * shares[self._groups], self._groups, self._starts),
            shape=instance.reach.shape,
        )
        self.worth = np.asarray(values.sum(axis=0), dtype=np.float64)

    def served(self, columns: Ints) -> Floats:
        """Return how often each group is served by places, in shares of its need."""
        instance = self._instance
        sums = np.zeros(len(instance.weights))
        for column in columns:
            if instance.capacities is None:
                sums[instance.groups_of(column)] += 1
            else:
                part = slice(self._starts[column], self._starts[column + 1])
                groups = self._groups[part]
                sums[groups] += self._taken[part] / instance.weights[groups]
        return sums / instance.needs


def _dearest(worth: Floats, k: int) -> Ints:
    """Return the k columns that are worth most, the first of equal ones."""
    return np.argsort(-worth, kind="stable")[:k]
