"""The questions: the best k places, the fewest for a share; where one is not enough, a second.

Each is answered to proven optimality, or when the time is up with the best choice met and the
bound shown so far. The same demand gives the same answer, unless the time limit ended the search:
how far it came depends on the machine. Of equally good choices any one is returned.
"""

from __future__ import annotations

import numpy as np
from numpy.typing import ArrayLike

from geodata.errors import InvalidInputError
from geodata.scenarios.siting import answering, program
from geodata.scenarios.siting.answering import Reckoned
from geodata.scenarios.siting.bounds import tighten
from geodata.scenarios.siting.covering import fewest_for_all, fewest_for_some
from geodata.scenarios.siting.deadline import Deadline
from geodata.scenarios.siting.dominance import undominated
from geodata.scenarios.siting.exchange import Exchange
from geodata.scenarios.siting.greed import grown, paired
from geodata.scenarios.siting.instance import Instance, question, trimmed
from geodata.scenarios.siting.model import Choice, Demand, Floats, Ints, ShortfallError
from geodata.scenarios.siting.tallies import SLACK, value

TIME_LIMIT_S = 60.0
# Where households are fractions, answers that differ by less than this share of all are equal.
_FRACTION = 1e-7


def best(
    demand: Demand,
    k: int,
    capacity: ArrayLike | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    *,
    minimum: int = 1,
) -> Choice:
    """Choose the k candidates that serve most households not served yet.

    Objective: the households of buildings with a provider now or a chosen candidate in reach, or
    with ``minimum`` of them, one candidate being one provider.
    ``capacity``, one number or one per candidate, is how many of those not served yet a place can
    take; then the objective counts households that are assigned to a place in their reach, as many
    as can be at the same time. A household is not split, the households of a building may be.

    Raises:
        InvalidInputError: k is less than 1 or more than there are candidates, a capacity is less
            than 1 or given where several providers are needed.
        ShortfallError: no choice serves anybody more.
    """
    capacities = _capacities(demand, capacity, minimum)
    return _most(demand, k, minimum, capacities, Deadline(time_limit_s))


def fewest(
    demand: Demand,
    percent: float,
    capacity: ArrayLike | None = None,
    time_limit_s: float | None = TIME_LIMIT_S,
    *,
    minimum: int = 1,
) -> Choice:
    """Choose the fewest candidates with which ``percent`` % of all households are served.

    Those served already count; served means the same as for ``best``.

    Raises:
        InvalidInputError: the share is not within 0 to 100 %, or a capacity is as ``best`` does
            not allow it.
        ShortfallError: all candidates together cannot reach the share.
    """
    if not 0 <= percent <= 100:
        raise InvalidInputError("A share has to lie between 0 and 100 percent.")
    deadline, capacities = Deadline(time_limit_s), _capacities(demand, capacity, minimum)
    everybody = float(demand.households.sum())
    before = float(demand.households[demand.providers >= minimum].sum())
    slack = SLACK * (1 + everybody)
    lacking = percent / 100 * everybody - before
    instance = question(demand, minimum, capacities)
    wanted = float(np.ceil(lacking - slack)) if instance.is_whole else lacking
    if wanted <= slack:
        return answering.of_fewest(demand, minimum, capacities, Reckoned(np.arange(0), 0.0))
    if not len(instance.columns):
        raise _nobody(demand, minimum)
    # Who has one of two that are needed counts by halves there: it would stop too soon.
    start = grown(instance, len(instance.columns), wanted if minimum == 1 else np.inf)
    reached = value(instance, start)
    if reached < wanted - slack:
        raise ShortfallError(
            "It is not possible to serve {percent} of all households: all candidates together"
            " bring it to {most}, and {households} households are still not served.",
            hint="Ask for less, set a greater reach or capacity, or add candidates.",
            left=everybody - before - reached,
            everybody=everybody,
            percent=f"{percent:g}%",
            most=f"{np.floor(10_000 * (before + reached) / everybody) / 100:g}%",
        )
    if capacities is None and minimum == 1 and wanted > instance.total - slack:
        found = fewest_for_all(instance, deadline)
    else:
        found = fewest_for_some(instance, start, wanted, _unit(instance), deadline)
    return answering.of_fewest(demand, minimum, capacities, found)


def _most(
    demand: Demand, k: int, minimum: int, capacities: Floats | None, deadline: Deadline
) -> Choice:
    """Choose the k candidates with which most households have ``minimum`` providers in reach."""
    if k < 1:
        raise InvalidInputError("Ask for at least 1 place.")
    candidates = demand.reach.shape[1]
    if k > candidates:
        raise InvalidInputError(
            "{k} places are asked for, but the number of candidates is {candidates}.",
            k=k,
            candidates=candidates,
        )
    instance = question(demand, minimum, capacities)
    if not len(instance.columns):
        if (demand.households[demand.providers < minimum] > 0).any():
            raise _nobody(demand, minimum)
        return answering.of_most(demand, minimum, capacities, Reckoned(np.arange(0), 0.0))
    found = _most_of(instance, k, deadline)
    return answering.of_most(demand, minimum, capacities, found)


def _most_of(instance: Instance, k: int, deadline: Deadline) -> Reckoned:
    """Return the best k columns, and the most that any choice serves."""
    unit = _unit(instance)
    bound = tighten(instance, k, _start(instance, k, deadline), unit, deadline)
    choice, served = bound.choice, bound.value
    left = undominated(trimmed(bound.instance))
    # Whatever serves more than the choice lies in what is left.
    most = max(served, min(bound.most, left.total))
    if most - served > unit / 2:
        solved = program.most(left, k, deadline)
        if solved.choice is not None:
            met = value(instance, np.flatnonzero(np.isin(instance.columns, solved.choice)))
            if met > served:
                choice, served = solved.choice, met
        if solved.bound is not None:
            most = min(most, -solved.bound)
    return Reckoned(choice, _settled(served, most, unit, instance.is_whole))


def _start(instance: Instance, k: int, deadline: Deadline) -> Ints:
    """Return the better of two choices: place by place, or two by two where two are needed."""
    columns = grown(instance, k)
    if instance.capacities is not None:
        return instance.columns[columns]
    best = Exchange(instance, columns)
    best.improve(deadline)
    if instance.needs.max() > 1:
        other = Exchange(instance, paired(instance, k))
        other.improve(deadline)
        best = max(best, other, key=lambda each: each.served)
    return instance.columns[best.columns]


def _settled(served: float, most: float, unit: float, is_whole: bool) -> float:
    """Return the bound, which is what is served if no answer lies between."""
    if is_whole:
        # A bound of 1,999.9999 is one of 2,000 that the solver rounded.
        most = float(np.floor(most + 1e-3))
    return served if most - served < unit else most


def _unit(instance: Instance) -> float:
    return 1.0 if instance.is_whole else _FRACTION * instance.total


def _capacities(demand: Demand, capacity: ArrayLike | None, minimum: int) -> Floats | None:
    """Return the capacity of each candidate."""
    if capacity is None:
        return None
    if minimum > 1:
        raise InvalidInputError(
            "Where the standard requires several providers, a limit per place cannot be set.",
            hint="Leave “Households per place” empty.",
        )
    given = np.asarray(capacity, dtype=np.float64)
    if not (given >= 1).all():
        raise InvalidInputError("A place has to be able to serve at least 1 household.")
    return np.broadcast_to(given, demand.reach.shape[1:]).copy()


def _nobody(demand: Demand, minimum: int) -> ShortfallError:
    left = float(demand.households[demand.providers < minimum].sum())
    everybody, candidates = float(demand.households.sum()), demand.reach.shape[1]
    if minimum == 1:
        return ShortfallError(
            "Households that are not served: {households}. None of them is in reach of a candidate"
            " (candidates: {candidates}).",
            hint="Set a greater reach, or take other candidates.",
            left=left,
            everybody=everybody,
            candidates=candidates,
        )
    return ShortfallError(
        "Households with too few providers: {households}. No choice of candidates"
        " (there are {candidates}) gives enough to any of them.",
        hint="Set a greater reach, or take other candidates.",
        left=left,
        everybody=everybody,
        candidates=candidates,
    )
