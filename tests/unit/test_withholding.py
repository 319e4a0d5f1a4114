"""Small counts are left out, and so is what would give them away."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geodata.exporting.withholding import withhold

LEAST = 10


def solved(counts, sums, hidden):
    """What a reader works out who knows the sums and all that is told."""
    known = set(counts) - hidden
    while True:
        new = {
            missing[0]
            for whole, parts in sums
            if len(missing := [cell for cell in (whole, *parts) if cell not in known]) == 1
        }
        if not new:
            return known
        known |= new


def test_a_small_count_hides_its_neighbour_and_nothing_else():
    counts = {"all": 100, "met": 93, "unmet": 7}
    assert withhold(counts, [("all", ["met", "unmet"])], LEAST) == {"met", "unmet"}


def test_zero_and_ten_are_told():
    counts = {"all": 10, "met": 10, "unmet": 0}
    assert withhold(counts, [("all", ["met", "unmet"])], LEAST) == set()


def test_the_only_reason_of_a_gap_is_left_out_with_the_gap():
    counts = {"unmet": 141, "far": 141, "nobody": 0, "town": 147, "a": 6}
    sums = [("unmet", ["far", "nobody"]), ("town", ["far", "a"])]
    assert withhold(counts, sums, LEAST) == {"a", "far", "unmet"}


def test_a_whole_that_is_kept_is_told_where_a_zero_can_stand_in():
    counts = {"all": 50, "met": 50, "unmet": 0, "town": 53, "other": 3}
    sums = [("all", ["met", "unmet"]), ("town", ["met", "other"])]
    assert withhold(counts, sums, LEAST, kept={"all"}) == {"other", "met", "unmet"}


@st.composite
def tables(draw):
    """A town with communities and compounds: households served and not, by two reasons."""
    counts: dict[tuple[str, str], int] = {}
    sums: list[tuple[tuple[str, str], list[tuple[str, str]]]] = []
    names = ("all", "met", "unmet", "far", "nobody")
    size = st.one_of(st.just(0), st.integers(1, 9), st.integers(10, 60))

    def add_up(place: str, inside: list[str]) -> None:
        for name in names:
            counts[place, name] = sum(counts[each, name] for each in inside)
            sums.append(((place, name), [(each, name) for each in inside]))

    communities = [f"c{n}" for n in range(draw(st.integers(1, 3)))]
    compounds: list[str] = []
    for community in communities:
        inside = [f"{community}-{n}" for n in range(draw(st.integers(1, 3)))]
        for compound in inside:
            met, far, nobody = draw(size), draw(size), draw(size)
            values = (met + far + nobody, met, far + nobody, far, nobody)
            counts |= {(compound, name): v for name, v in zip(names, values, strict=True)}
        add_up(community, inside)
        compounds += inside
    add_up("town", communities)
    for place in ("town", *communities, *compounds):
        sums.append(((place, "all"), [(place, "met"), (place, "unmet")]))
        sums.append(((place, "unmet"), [(place, "far"), (place, "nobody")]))
    return counts, sums


@given(tables())
def test_no_small_count_can_be_worked_out(table):
    counts, sums = table
    kept = {cell for cell in counts if cell[1] == "all"}
    hidden = withhold(counts, sums, LEAST, kept)
    small = {cell for cell, count in counts.items() if 0 < count < LEAST}
    assert small <= hidden
    assert small.isdisjoint(solved(counts, sums, hidden))
