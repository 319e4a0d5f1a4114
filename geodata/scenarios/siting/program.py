"""The question as a mixed-integer linear program, solved by HiGHS through scipy.

Best k places: maximal covering (Church and ReVelle 1974), with backup (Hogan and ReVelle 1986) or
with capacities (Current and Storbeck 1988). Fewest places: covering with a total (Daskin and Owen
1999), where that total is everybody the set covering problem (Toregas et al. 1971).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import block_array, coo_array, csr_array, diags_array, eye_array

from geodata.scenarios.siting.deadline import Deadline
from geodata.scenarios.siting.instance import Instance
from geodata.scenarios.siting.model import Floats, Ints

# Beyond as many entries the program would need more memory than its answer is worth.
_MOST_ENTRIES = 1_000_000
_PRESOLVED_ENTRIES = 50_000


@dataclass(frozen=True, slots=True, eq=False)
class Solved:
    """Chosen candidates, None if none were found in time; a proven bound, None if there is none.

    ``is_empty`` says that no choice does what was asked.
    """

    choice: Ints | None
    bound: float | None
    is_empty: bool = False


@dataclass(frozen=True, slots=True, eq=False)
class _Rows:
    """Variables are columns, then households; ``rows`` of them lie between limits."""

    rows: csr_array[Any]
    low: Floats
    high: Floats
    upper: Floats
    is_integral: Ints
    households: Floats
    """What each variable counts for in households served."""


def most(instance: Instance, k: int, deadline: Deadline) -> Solved:
    """Find the k columns that serve most households."""
    rows = _rows(instance)
    chosen = _chosen(instance, rows)
    return _solve(instance, rows, -rows.households, (chosen, -np.inf, k), deadline)


def least(instance: Instance, wanted: float, at_least: int, deadline: Deadline) -> Solved:
    """Find the fewest columns that serve ``wanted`` households, knowing that so many are needed."""
    rows = _rows(instance)
    chosen = _chosen(instance, rows)
    if at_least > 1:
        rows = _with_row(rows, chosen, at_least, np.inf)
    return _solve(instance, rows, chosen, (rows.households, wanted, np.inf), deadline)


def cover(instance: Instance, at_least: int, deadline: Deadline) -> Solved:
    """Find the fewest columns that serve all groups, knowing that so many are needed."""
    columns, groups = len(instance.columns), len(instance.weights)
    ones = np.ones(columns)
    rows = _Rows(
        csr_array(instance.reach),
        instance.needs.astype(np.float64),
        np.full(groups, np.inf),
        ones,
        ones.astype(int),
        np.zeros(columns),
    )
    return _solve(instance, rows, ones, (ones, at_least, np.inf), deadline)


def _chosen(instance: Instance, rows: _Rows) -> Floats:
    chosen = np.zeros(len(rows.upper))
    chosen[: len(instance.columns)] = 1.0
    return chosen


def _rows(instance: Instance) -> _Rows:
    return _counted(instance) if instance.capacities is None else _loaded(instance)


def _counted(instance: Instance) -> _Rows:
    """A group is served (0 to 1) no more than by the share of places that it needs.

    A group that needs one place is served in full in every best solution; others are forced to.
    """
    columns, groups = len(instance.columns), len(instance.weights)
    rows = block_array([[csr_array(instance.reach), -diags_array(instance.needs.astype(float))]])
    return _Rows(
        csr_array(rows),
        np.zeros(groups),
        np.full(groups, np.inf),
        np.ones(columns + groups),
        np.concatenate([np.ones(columns, dtype=int), np.where(instance.needs > 1, 1, 0)]),
        np.concatenate([np.zeros(columns), instance.weights]),
    )


def _loaded(instance: Instance) -> _Rows:
    """Households go from groups to places that are open, within their capacity.

    That none go to a closed place follows from the capacity, but said for each group on its own it
    leaves fewer fractions to decide.
    """
    assert instance.capacities is not None
    pairs = coo_array(instance.reach)
    group, column = pairs.coords
    count, groups, columns = len(group), len(instance.weights), len(instance.columns)
    number = np.arange(count)
    of_group = coo_array((np.ones(count), (group, number)), shape=(groups, count))
    of_column = coo_array((-np.ones(count), (column, number)), shape=(columns, count))
    weights = instance.weights[group]
    tight = np.flatnonzero(weights < instance.capacities[column])
    open_ = coo_array(
        (weights[tight], (np.arange(len(tight)), column[tight])), shape=(len(tight), columns)
    )
    rows = block_array([
        [diags_array(instance.capacities), of_column],
        [open_, -csr_array(eye_array(count))[tight]],
        [None, -of_group],
    ])  # fmt: skip
    return _Rows(
        csr_array(rows),
        np.concatenate([np.zeros(columns + len(tight)), -instance.weights]),
        np.full(rows.shape[0], np.inf),
        np.concatenate([np.ones(columns), weights]),
        np.repeat([1, 0], [columns, count]),
        np.concatenate([np.zeros(columns), np.ones(count)]),
    )


def _with_row(rows: _Rows, row: Floats, low: float, high: float) -> _Rows:
    return _Rows(
        csr_array(block_array([[rows.rows], [csr_array(row[None, :])]])),
        np.append(rows.low, low),
        np.append(rows.high, high),
        rows.upper,
        rows.is_integral,
        rows.households,
    )


def _solve(
    instance: Instance,
    rows: _Rows,
    costs: Floats,
    side: tuple[Floats, float, float],
    deadline: Deadline,
) -> Solved:
    """Minimise the costs; the side row holds what the question limits."""
    rows = _with_row(rows, *side)
    if rows.rows.nnz > _MOST_ENTRIES or deadline.is_over:
        return Solved(None, None)
    # Without a gap of its own HiGHS is content with 0.01 %.
    # With many entries the reductions of HiGHS take minutes and do not heed the limit.
    options: Any = {"mip_rel_gap": 0.0, "presolve": rows.rows.nnz <= _PRESOLVED_ENTRIES}
    if deadline.left_s is not None:
        options["time_limit"] = deadline.left_s
    found = milp(
        costs,
        integrality=rows.is_integral,
        bounds=Bounds(np.zeros(len(costs)), rows.upper),
        constraints=LinearConstraint(rows.rows, rows.low, rows.high),
        options=options,
    )
    if found.status == 2:
        return Solved(None, None, is_empty=True)
    choice = None
    if found.x is not None:
        choice = instance.columns[found.x[: len(instance.columns)] > 0.5]
    bound = found.mip_dual_bound
    if bound is None or not np.isfinite(bound):
        return Solved(choice, None)
    return Solved(choice, float(bound))
