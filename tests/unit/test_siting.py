"""Best places on counties where one sees the answer, and on those that leave nothing to choose."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp
from scipy.sparse import csr_array

from geodata.errors import InvalidInputError
from geodata.frames import to_cartesian
from geodata.scenarios.siting import choosing
from geodata.scenarios.siting.dominance import undominated
from geodata.scenarios.siting.instance import question
from geodata.scenarios.siting.model import Choice, Demand
from geodata.scenarios.siting.tallies import Load

# Three hamlets along a road, 1 km apart (0.0105 degrees of longitude); candidates in each and
# between them.
PLACES = [(116.3000, 31.4), (116.3105, 31.4), (116.3210, 31.4)]
BETWEEN = [(116.30525, 31.4), (116.31575, 31.4)]
HOUSEHOLDS = [30, 50, 40]


def hamlets(
    reach_m: float = 600,
    providers: list[int] | None = None,
    sites: list[tuple[float, float]] = BETWEEN,
) -> Demand:
    return Demand.within(PLACES, sites, reach_m, HOUSEHOLDS, providers)


def test_the_place_between_the_larger_hamlets_serves_most() -> None:
    choice = choosing.best(hamlets(), 1)
    assert choice.candidates == (1,)
    assert choice.gains == choice.loads == (90,)
    assert (choice.households, choice.before, choice.after, choice.bound) == (120, 0, 90, 90)
    assert choice.served.tolist() == [0, 50, 40]
    assert choice.proven


def test_who_is_served_already_is_not_served_again() -> None:
    choice = choosing.best(hamlets(providers=[0, 0, 2]), 1)
    assert choice.candidates == (0,)
    assert (choice.before, choice.after, choice.gains) == (40, 120, (80,))


def test_a_reach_includes_its_end() -> None:
    one, other = to_cartesian([PLACES[0], BETWEEN[0]])
    exactly = float(np.linalg.norm(one - other)) + 1e-6
    assert choosing.best(hamlets(exactly, sites=BETWEEN[:1]), 1).served[0] == 30
    with pytest.raises(InvalidInputError):
        choosing.best(hamlets(exactly - 1e-3, [0, 1, 1], sites=BETWEEN[:1]), 1)


def test_road_distances_are_given_as_a_matrix() -> None:
    roads_m = np.array([[200.0, 900.0], [800.0, 100.0], [9_000.0, 450.0]])
    choice = choosing.best(Demand.of(csr_array(roads_m <= 500), HOUSEHOLDS), 1)
    assert choice.candidates == (1,)
    assert choice.after == 90


def test_places_come_in_order_of_what_they_add() -> None:
    choice = choosing.best(hamlets(100, sites=PLACES), 3)
    assert choice.candidates == (1, 2, 0)
    assert choice.gains == (50, 40, 30)


def test_a_place_that_adds_nothing_is_left_out() -> None:
    choice = choosing.best(hamlets(sites=[*BETWEEN, *BETWEEN, PLACES[0]]), 5)
    assert choice.after == 120
    assert len(choice.candidates) == 2


def test_a_full_place_leaves_households_to_the_next() -> None:
    choice = choosing.best(hamlets(), 2, capacity=45)
    assert (choice.after, choice.bound, choice.proven) == (90, 90, True)
    assert choice.loads == (45, 45)
    assert choice.served.sum() == 90


def test_two_places_side_by_side_serve_twice_as_many() -> None:
    sites = [PLACES[1], PLACES[1], PLACES[0]]
    choice = choosing.best(hamlets(100, sites=sites), 2, capacity=[25, 25, 20])
    assert choice.candidates == (0, 1)
    assert choice.after == 50


def test_a_full_place_hands_over_to_one_that_comes_later() -> None:
    # The first place reaches both buildings, the second only the one that the first took first.
    reach = np.array([[1, 1], [1, 0]])
    instance = question(Demand.of(csr_array(reach), [10, 10]), 1, np.array([10.0, 10.0]))
    load = Load(instance)
    load.add(0)
    assert load.gain(1) == 10
    assert load.served.sum() == 10, "asking for a gain changes nothing"
    load.add(1)
    assert load.served.tolist() == [10, 10]
    assert load.loads.tolist() == [10, 10]


def test_a_single_provider_gets_a_second_one_before_two_are_built() -> None:
    # One more for the 30, or two for the 50.
    reach = np.array([[1, 0, 0], [0, 1, 1], [0, 0, 0]])
    demand = Demand.of(csr_array(reach), HOUSEHOLDS, [1, 0, 1])
    one, two = (choosing.best(demand, k, minimum=2) for k in (1, 2))
    assert (one.candidates, one.before, one.after) == ((0,), 0, 30)
    assert set(two.candidates) == {1, 2}
    assert (two.after, two.gains, two.out_of_reach) == (50, (0, 50), 40)


def test_one_place_is_not_its_own_backup() -> None:
    with pytest.raises(InvalidInputError, match="Households with too few providers: 120"):
        choosing.best(hamlets(sites=[BETWEEN[0]]), 1, minimum=2)


def test_fewest_places_for_a_share() -> None:
    demand = hamlets()
    some, all_ = choosing.fewest(demand, 75), choosing.fewest(demand, 75.1)
    assert (some.candidates, some.bound, some.proven) == ((1,), 1, True)
    assert (len(all_.candidates), all_.bound, all_.after) == (2, 2, 120)


def test_who_is_served_counts_for_the_share() -> None:
    choice = choosing.fewest(hamlets(providers=[0, 1, 1]), 75)
    assert choice.candidates == ()
    assert (choice.after, choice.bound, choice.gap, choice.proven) == (90, 0, 0, True)


def test_fewest_places_with_capacity() -> None:
    choice = choosing.fewest(hamlets(sites=BETWEEN * 3), 100, capacity=30)
    assert (len(choice.candidates), choice.bound) == (4, 4)


def test_a_share_out_of_reach_says_what_is_possible() -> None:
    with pytest.raises(InvalidInputError) as failure:
        choosing.fewest(hamlets(sites=BETWEEN[:1]), 70)
    assert failure.value.data == {"percent": "70%", "most": "66.66%", "households": "40"}
    with pytest.raises(InvalidInputError) as failure:
        choosing.fewest(hamlets(), 70, capacity=20)
    assert failure.value.data == {"percent": "70%", "most": "33.33%", "households": "80"}


def test_what_nobody_reaches_is_counted() -> None:
    demand = hamlets(100, [0, 0, 1])
    for ask in (lambda: choosing.best(demand, 1), lambda: choosing.fewest(demand, 50)):
        with pytest.raises(InvalidInputError, match="Households that are not served: 80"):
            ask()


@pytest.mark.parametrize(
    ("ask", "text"),
    [
        (lambda demand: choosing.best(demand, 0), "at least 1 place"),
        (lambda demand: choosing.best(demand, -1, minimum=2), "at least 1 place"),
        (lambda demand: choosing.best(demand, 3), "the number of candidates is 2"),
        (lambda demand: choosing.fewest(demand, -0.1), "between 0 and 100 percent"),
        (lambda demand: choosing.fewest(demand, 100.1), "between 0 and 100 percent"),
        (lambda demand: choosing.fewest(demand, float("nan")), "between 0 and 100 percent"),
        (lambda demand: choosing.best(demand, 1, 0), "at least 1 household"),
        (lambda demand: choosing.fewest(demand, 50, [5, 0]), "at least 1 household"),
        (lambda demand: hamlets(0), "more than 0 m"),
        (lambda demand: hamlets(float("nan")), "more than 0 m"),
    ],
)
def test_what_cannot_be_asked(ask: object, text: str) -> None:
    with pytest.raises(InvalidInputError, match=text):
        ask(hamlets())  # type: ignore[operator]


def test_no_candidates() -> None:
    demand = hamlets(sites=[])
    with pytest.raises(InvalidInputError, match="number of candidates is 0"):
        choosing.best(demand, 1)
    with pytest.raises(InvalidInputError, match="candidates: 0"):
        choosing.fewest(demand, 10)
    assert choosing.fewest(demand, 0).candidates == ()


def test_nobody_lives_there_or_all_are_served() -> None:
    empty = Demand.of(csr_array(np.ones((3, 2))), [0, 0, 0])
    served = hamlets(providers=[1, 1, 1])
    nothing = Demand.within([], BETWEEN, 500, [])
    for demand in (empty, served, nothing):
        for choice in (choosing.best(demand, 2), choosing.fewest(demand, 100)):
            assert choice.candidates == choice.gains == ()
            assert choice.before == choice.after == choice.households
            assert (choice.gap, choice.proven) == (0, True)


def test_equal_households_and_equal_candidates() -> None:
    sites = [PLACES[0], PLACES[0], PLACES[1], PLACES[1], PLACES[2]]
    demand = Demand.within(PLACES, sites, 100, [7, 7, 7])
    assert choosing.best(demand, 2).after == 14
    assert choosing.best(demand, 5).candidates == (0, 2, 4)
    assert choosing.fewest(demand, 100).bound == 3
    assert len(undominated(question(demand, 1, None)).columns) == 3
    # Of three alike, two are needed for a backup, and the third is left out.
    thrice = Demand.within(PLACES, [*sites, PLACES[0]], 100, [7, 7, 7])
    assert len(undominated(question(thrice, 2, None)).columns) == 4
    assert choosing.best(thrice, 4, minimum=2).after == 14


def town(side: int, seed: int) -> Demand:
    rng = np.random.default_rng(seed)
    places = rng.uniform((116.30, 31.40), (116.36, 31.45), (side, 2))
    return Demand.within(places, places, 400, rng.integers(1, 40, side))


def test_the_time_is_up_and_the_gap_is_stated() -> None:
    demand = town(800, 1)
    answers: list[Choice] = [
        choosing.best(demand, 12, time_limit_s=0),
        choosing.best(demand, 12, capacity=700, time_limit_s=0),
        choosing.best(demand, 12, None, 0, minimum=2),
    ]
    for choice in answers:
        assert len(choice.candidates) == 12
        assert choice.after < choice.bound < np.inf
        assert choice.gap == (choice.bound - choice.after) / choice.after
        assert not choice.proven
    choice = choosing.fewest(demand, 90, time_limit_s=0)
    assert choice.after >= 0.9 * choice.households
    assert 1 <= choice.bound < len(choice.candidates)
    assert not choice.proven


def test_with_time_the_same_is_proven() -> None:
    demand = town(800, 1)
    hasty, patient = (choosing.best(demand, 12, time_limit_s=limit) for limit in (0, None))
    assert patient.proven
    assert hasty.after <= patient.after <= hasty.bound


def test_sizes_that_differ_are_a_fault_of_the_program() -> None:
    for households, providers in (([1, 2], None), ([1, 2, 3], [0]), ([1, 2, -3], None)):
        with pytest.raises(ValueError, match="households"):
            Demand.of(csr_array(np.ones((3, 2))), households, providers)


def plainly(demand: Demand, minimum: int, k: int) -> float:
    """Return the most households that the whole program gives, of which nothing was dropped."""
    reach = demand.reach.toarray()
    buildings, candidates = reach.shape
    served = np.hstack([reach, -minimum * np.eye(buildings)])
    count = np.concatenate([np.ones(candidates), np.zeros(buildings)])
    found = milp(
        np.concatenate([np.zeros(candidates), -demand.households]),
        integrality=np.ones(candidates + buildings, dtype=np.int64),
        bounds=Bounds(0, 1),
        constraints=[
            LinearConstraint(served, -demand.providers, np.inf),
            LinearConstraint(count[None, :], 0, k),
        ],
        options={"mip_rel_gap": 0},
    )
    assert found.status == 0
    return -float(found.fun)


@pytest.mark.parametrize("k", [3, 9])
@pytest.mark.parametrize("minimum", [1, 2])
def test_a_town_is_served_as_by_the_whole_program(k: int, minimum: int) -> None:
    everyone = town(160, 7)
    providers = np.random.default_rng(7).choice(3, 160, p=[0.6, 0.3, 0.1])
    demand = Demand.of(everyone.reach, everyone.households, providers)
    choice = choosing.best(demand, k, None, None, minimum=minimum)
    assert choice.proven
    assert choice.after == pytest.approx(plainly(demand, minimum, k))
