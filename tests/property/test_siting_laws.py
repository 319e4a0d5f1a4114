"""Laws of best places: on small counties every choice can be tried, and none is better."""

from __future__ import annotations

from itertools import combinations
from random import Random

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog
from scipy.sparse import csr_array

from geodata.errors import InvalidInputError
from geodata.scenarios.siting import choosing, program
from geodata.scenarios.siting.bounds import tighten
from geodata.scenarios.siting.deadline import Deadline
from geodata.scenarios.siting.dominance import hardest, undominated
from geodata.scenarios.siting.exchange import Exchange
from geodata.scenarios.siting.greed import grown
from geodata.scenarios.siting.instance import Instance, question
from geodata.scenarios.siting.model import Demand
from geodata.scenarios.siting.tallies import value

NEVER = Deadline(None)
QUICK = settings(max_examples=80, deadline=None)


@st.composite
def demands(draw: st.DrawFn, most: int = 7) -> tuple[Demand, np.ndarray]:
    """Return a demand with up to ``most`` candidates, and a capacity of each."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32 - 1)))
    buildings, candidates = draw(st.integers(1, 12)), draw(st.integers(1, most))
    reach = rng.random((buildings, candidates)) < draw(st.sampled_from([0.1, 0.3, 0.6, 0.95]))
    if draw(st.booleans()):
        reach[:, -1] = reach[:, 0]
    households = rng.integers(0, draw(st.sampled_from([2, 5, 60])), buildings).astype(float)
    if draw(st.booleans()):
        households *= 0.37
    providers = rng.choice(3, buildings, p=draw(st.sampled_from([[1, 0, 0], [0.5, 0.3, 0.2]])))
    capacities = rng.integers(1, draw(st.sampled_from([4, 40])), candidates).astype(float)
    return Demand.of(csr_array(reach), households, providers), capacities


def reached(demand: Demand, choice: tuple[int, ...], minimum: int = 1) -> float:
    cover = demand.providers + demand.reach.toarray()[:, list(choice)].sum(axis=1)
    return float(demand.households[cover >= minimum].sum())


def assigned(demand: Demand, choice: tuple[int, ...], capacities: np.ndarray) -> float:
    """Return the most households that a linear program assigns, with those served before."""
    before = float(demand.households[demand.providers > 0].sum())
    rows, places = np.nonzero(demand.reach.toarray()[:, list(choice)])
    is_open = demand.providers[rows] == 0
    rows, places = rows[is_open], places[is_open]
    if not len(rows):
        return before
    limits = np.concatenate([demand.households, capacities[list(choice)]])
    number = np.arange(len(rows))
    sums = np.zeros((len(limits), len(rows)))
    sums[rows, number] = 1
    sums[len(demand.households) + places, number] = 1
    found = linprog(-np.ones(len(rows)), A_ub=sums, b_ub=limits)
    assert found.fun is not None
    return before - float(found.fun)


def choices(demand: Demand, k: int) -> list[tuple[int, ...]]:
    return list(combinations(range(demand.reach.shape[1]), k))


def check(demand: Demand, choice: choosing.Choice, k: int) -> None:
    """See that what a choice says of itself agrees."""
    assert len(set(choice.candidates)) == len(choice.candidates) <= k
    assert choice.before + sum(choice.gains) == pytest.approx(choice.after)
    assert choice.served.sum() == pytest.approx(choice.after)
    assert (choice.served <= demand.households + 1e-9).all()
    assert choice.bound >= choice.after
    assert choice.proven
    assert choice.gap == 0


@QUICK
@given(demands(), st.integers(1, 7))
def test_no_k_places_serve_more(drawn: tuple[Demand, np.ndarray], k: int) -> None:
    demand, _ = drawn
    k = min(k, demand.reach.shape[1])
    most = max(reached(demand, each) for each in choices(demand, k))
    try:
        choice = choosing.best(demand, k)
    except InvalidInputError:
        assert most == pytest.approx(reached(demand, ()))
        return
    check(demand, choice, k)
    assert choice.after == pytest.approx(most)
    assert choice.after == pytest.approx(reached(demand, choice.candidates))
    assert list(choice.gains) == sorted(choice.gains, reverse=True)


@QUICK
@given(demands(5), st.integers(1, 5))
def test_no_k_places_with_capacities_serve_more(drawn: tuple[Demand, np.ndarray], k: int) -> None:
    demand, capacities = drawn
    k = min(k, demand.reach.shape[1])
    most = max(assigned(demand, each, capacities) for each in choices(demand, k))
    try:
        choice = choosing.best(demand, k, capacities)
    except InvalidInputError:
        assert most == pytest.approx(reached(demand, ()))
        return
    check(demand, choice, k)
    assert choice.after == pytest.approx(most)
    assert choice.after == pytest.approx(assigned(demand, choice.candidates, capacities))
    assert (np.array(choice.loads) <= capacities[list(choice.candidates)] + 1e-9).all()
    if (demand.households == np.floor(demand.households)).all():
        assert (choice.served == np.floor(choice.served)).all(), "no household is split"


@QUICK
@given(demands(), st.integers(1, 7), st.sampled_from([2, 3]))
def test_no_k_places_serve_more_where_several_are_needed(
    drawn: tuple[Demand, np.ndarray], k: int, minimum: int
) -> None:
    demand, _ = drawn
    k = min(k, demand.reach.shape[1])
    most = max(reached(demand, each, minimum) for each in choices(demand, k))
    try:
        choice = choosing.best(demand, k, minimum=minimum)
    except InvalidInputError:
        assert most == pytest.approx(reached(demand, (), minimum))
        return
    check(demand, choice, k)
    assert choice.after == pytest.approx(most)
    assert choice.after == pytest.approx(reached(demand, choice.candidates, minimum))


@QUICK
@given(demands(5), st.floats(0, 100) | st.just(100), st.booleans(), st.sampled_from([1, 2, 3]))
def test_no_fewer_places_serve_the_share(
    drawn: tuple[Demand, np.ndarray], percent: float, has_capacity: bool, minimum: int
) -> None:
    demand, capacities = drawn
    has_capacity = has_capacity and minimum == 1
    total = float(demand.households.sum())
    wanted = percent / 100 * total - 1e-7

    def served(each: tuple[int, ...]) -> float:
        if has_capacity:
            return assigned(demand, each, capacities)
        return reached(demand, each, minimum)

    sizes = range(demand.reach.shape[1] + 1)
    least = next((k for k in sizes if max(map(served, choices(demand, k))) >= wanted), None)
    try:
        choice = choosing.fewest(
            demand, percent, capacities if has_capacity else None, minimum=minimum
        )
    except InvalidInputError:
        assert least is None
        return
    assert len(choice.candidates) == least == choice.bound
    assert choice.proven
    assert choice.after == pytest.approx(served(choice.candidates))
    assert choice.after >= wanted


def best_value(instance: Instance, k: int) -> float:
    columns = range(len(instance.columns))
    return max(
        (value(instance, list(each)) for each in combinations(columns, min(k, len(columns)))),
        default=0.0,
    )


@QUICK
@given(demands(), st.integers(1, 4), st.sampled_from([1, 2]), st.booleans())
def test_reductions_and_bounds_keep_the_optimum(
    drawn: tuple[Demand, np.ndarray], k: int, minimum: int, has_capacity: bool
) -> None:
    demand, capacities = drawn
    k = min(k, demand.reach.shape[1])
    limits = capacities if has_capacity and minimum == 1 else None
    instance = question(demand, minimum, limits)
    before = reached(demand, (), minimum)
    if limits is None:
        most = max(reached(demand, each, minimum) for each in choices(demand, k)) - before
    else:
        most = max(assigned(demand, each, limits) for each in choices(demand, k)) - before
    assert best_value(instance, k) == pytest.approx(most)
    assert best_value(undominated(instance), k) == pytest.approx(most)
    if not len(instance.columns):
        return
    unit = 1.0 if instance.is_whole else 1e-7 * instance.total
    # From a poor choice there is a way to go on which nothing that is needed may be dropped.
    for start in (np.arange(k), np.array([-1])):
        bound = tighten(instance, k, instance.columns[start % len(instance.columns)], unit, NEVER)
        assert max(bound.most, bound.value) >= most - 1e-9
        assert max(best_value(bound.instance, k), bound.value) == pytest.approx(most)
        solved = program.most(bound.instance, k, NEVER)
        assert solved.bound is not None
        assert max(-solved.bound, bound.value) == pytest.approx(most)


@QUICK
@given(demands(), st.integers(1, 4), st.booleans(), st.sampled_from([1, 2, 3]))
def test_no_candidate_of_a_wanted_choice_is_dropped(
    drawn: tuple[Demand, np.ndarray], k: int, has_capacity: bool, minimum: int
) -> None:
    demand, capacities = drawn
    instance = question(demand, minimum, capacities if has_capacity and minimum == 1 else None)
    if not len(instance.columns):
        return
    k = min(k, len(instance.columns))
    unit = 1.0 if instance.is_whole else 1e-7 * instance.total
    most = best_value(instance, k)
    bound = tighten(instance, k, np.arange(0), unit, NEVER, most)
    for each in combinations(range(len(instance.columns)), k):
        if value(instance, list(each)) >= most - 1e-9:
            assert np.isin(instance.columns[list(each)], bound.instance.columns).all()


@QUICK
@given(demands(5), st.floats(0.01, 1) | st.just(1.0), st.booleans())
def test_the_program_finds_the_fewest(
    drawn: tuple[Demand, np.ndarray], share: float, has_capacity: bool
) -> None:
    demand, capacities = drawn
    instance = question(demand, 1, capacities if has_capacity else None)
    if not len(instance.columns):
        return
    columns = range(len(instance.columns))
    wanted = share * value(instance, list(columns))
    sizes = [best_value(instance, k) for k in range(len(columns) + 1)]
    least = next(k for k, most in enumerate(sizes) if most >= wanted - 1e-7)
    solved = program.least(instance, wanted - 1e-7, 1, NEVER)
    assert solved.choice is not None
    assert len(solved.choice) == least
    unit = 1.0 if instance.is_whole else 1e-7 * instance.total
    for k in range(1, len(columns) + 1):
        bound = tighten(instance, k, np.arange(0), unit, NEVER, wanted)
        assert bound.least <= least
        if bound.value >= wanted - 1e-7:
            assert least <= k
        elif least <= k:
            assert best_value(bound.instance, k) >= wanted - 1e-7
    if instance.capacities is None:
        solved = program.cover(hardest(instance), 1, NEVER)
        assert solved.choice is not None
        everybody = instance.total - 1e-7
        assert len(solved.choice) == next(k for k, most in enumerate(sizes) if most >= everybody)


@QUICK
@given(demands(), st.randoms(use_true_random=False))
def test_places_take_on_as_many_as_can_be_assigned(
    drawn: tuple[Demand, np.ndarray], random: Random
) -> None:
    demand, _ = drawn
    places = demand.reach.shape[1]
    capacities = np.array([float(random.randint(1, 60)) for _ in range(places)])
    order = random.sample(range(places), places)
    instance = question(demand, 1, capacities)
    for count in range(places + 1):
        columns = [each for each in order[:count] if each in instance.columns]
        local = [int(np.flatnonzero(instance.columns == each)[0]) for each in columns]
        expected = assigned(demand, tuple(columns), capacities) - reached(demand, ())
        assert value(instance, local) == pytest.approx(expected)


@QUICK
@given(demands())
def test_who_serves_the_hardest_serves_all(drawn: tuple[Demand, np.ndarray]) -> None:
    instance = question(drawn[0], 1, None)
    if not len(instance.columns):
        return
    left = hardest(instance)
    for k in range(1, len(left.columns) + 1):
        for each in combinations(range(len(left.columns)), k):
            if value(left, list(each)) == pytest.approx(left.total):
                columns = np.flatnonzero(np.isin(instance.columns, left.columns[list(each)]))
                assert value(instance, columns) == pytest.approx(instance.total)


@QUICK
@given(demands(), st.integers(1, 4), st.sampled_from([1, 2]))
def test_an_exchange_never_serves_less(
    drawn: tuple[Demand, np.ndarray], k: int, minimum: int
) -> None:
    instance = question(drawn[0], minimum, None)
    if not len(instance.columns):
        return
    start = grown(instance, k)
    exchange = Exchange(instance, start)
    assert exchange.served == pytest.approx(value(instance, start))
    exchange.improve(Deadline(None))
    assert len(exchange.columns) == len(start)
    assert exchange.served == pytest.approx(value(instance, exchange.columns))
    assert exchange.served >= value(instance, start) - 1e-9


@settings(max_examples=20, deadline=None)
@given(demands(), st.sampled_from([1, 3]))
def test_the_same_demand_gives_the_same_choice(drawn: tuple[Demand, np.ndarray], k: int) -> None:
    demand, capacities = drawn
    k = min(k, demand.reach.shape[1])
    for limits in (None, capacities):
        try:
            one, other = choosing.best(demand, k, limits), choosing.best(demand, k, limits)
        except InvalidInputError:
            continue
        assert (one.candidates, one.gains, one.bound) == (
            other.candidates,
            other.gains,
            other.bound,
        )
        assert (one.served == other.served).all()
