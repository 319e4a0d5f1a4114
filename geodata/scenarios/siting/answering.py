"""A choice told in households: recomputed on the whole demand, not on what it was reduced to."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.sparse import csc_array

from geodata.scenarios.siting.greed import grown, spared
from geodata.scenarios.siting.instance import Instance
from geodata.scenarios.siting.model import Choice, Demand, Floats, Ints
from geodata.scenarios.siting.tallies import SLACK, Load, tally, value


@dataclass(frozen=True, slots=True, eq=False)
class Reckoned:
    """Chosen candidates, and the bound: further households served at most, or places at least."""

    choice: Ints
    bound: float


@dataclass(frozen=True, slots=True, eq=False)
class _Told:
    """Candidates in order, with what each adds and takes on, and who is served of each building."""

    candidates: tuple[int, ...]
    gains: tuple[float, ...]
    loads: tuple[float, ...]
    served: Floats


def of_most(demand: Demand, minimum: int, capacities: Floats | None, found: Reckoned) -> Choice:
    """Answer the question for most households."""
    told = _told(demand, minimum, capacities, found.choice)
    before = float(demand.households[demand.providers >= minimum].sum())
    after = float(told.served.sum())
    bound, gained = before + found.bound, after - before
    if bound - after <= SLACK * (1 + float(demand.households.sum())):
        bound = after
    missed = bound - after
    gap = 0.0 if not missed else missed / gained if gained else float("inf")
    return _choice(demand, minimum, told, bound, gap)


def of_fewest(demand: Demand, minimum: int, capacities: Floats | None, found: Reckoned) -> Choice:
    """Answer the question for the fewest places."""
    told = _told(demand, minimum, capacities, found.choice)
    places = len(told.candidates)
    gap = (places - found.bound) / places if places else 0.0
    return _choice(demand, minimum, told, found.bound, gap)


def _choice(demand: Demand, minimum: int, told: _Told, bound: float, gap: float) -> Choice:
    needs = minimum - demand.providers
    few = np.diff(demand.reach.indptr) < needs
    return Choice(
        candidates=told.candidates,
        gains=told.gains,
        loads=told.loads,
        households=float(demand.households.sum()),
        before=float(demand.households[needs <= 0].sum()),
        after=float(told.served.sum()),
        out_of_reach=float(demand.households[few].sum()),
        served=told.served,
        bound=bound,
        gap=gap,
        proven=gap == 0.0,
    )


def _told(demand: Demand, minimum: int, capacities: Floats | None, choice: Ints) -> _Told:
    """Return the choice in order of what each adds, without those that add nothing."""
    needs = minimum - demand.providers
    rows = np.flatnonzero((needs > 0) & (demand.households > 0))
    chosen = Instance(
        csc_array(demand.reach[rows][:, np.sort(choice)]),
        demand.households[rows],
        needs[rows],
        None if capacities is None else capacities[np.sort(choice)],
        np.sort(choice),
    )
    everyone = list(range(len(choice)))
    kept = spared(chosen, everyone, value(chosen, everyone))
    chosen = chosen.with_columns(np.asarray(kept, dtype=np.int64))
    order = grown(chosen, len(kept))
    reckoned, gains, before = tally(chosen), list[float](), 0.0
    for column in order:
        reckoned.add(column)
        after = float(reckoned.served.sum())
        gains.append(after - before)
        before = after
    loads = (
        reckoned.loads if isinstance(reckoned, Load) else (chosen.reach.T @ chosen.weights)[order]
    )
    served = np.where(needs <= 0, demand.households, 0.0)
    served[rows] = reckoned.served
    return _Told(
        tuple(int(each) for each in chosen.columns[order]),
        tuple(gains),
        tuple(float(each) for each in loads),
        served,
    )
