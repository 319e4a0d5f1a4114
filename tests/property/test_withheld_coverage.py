"""Small counts of coverage are told to nobody, nor can they be found from what is told."""

from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from geodata.coverage import tables
from geodata.model import Coverage

LEAST = 10
# met, and households with each reason.
counts = st.lists(
    st.one_of(st.just(0), st.integers(1, 15), st.integers(1, 900)), min_size=6, max_size=6
)


def made(parts: list[int], estimated: int = 0) -> Coverage:
    met, over, few, far, nobody, ended = parts
    reached = met + over + few
    return Coverage(
        "clinic", "卫生室", "Clinic", sum(parts), estimated, reached,
        met, over, few, far, nobody, ended,
    )  # fmt: skip


@given(counts, st.integers(0, 30))
def test_what_is_small_cannot_be_found(parts: list[int], estimated: int) -> None:
    it = made(parts, min(estimated, sum(parts)))
    told = tables.plain(it, LEAST)
    of_each = {"met": told["met"], **told["reasons"]}
    true = dict(zip(("met", "over_capacity", "too_few", "too_far", "nobody", "term_ended"), parts,
                    strict=True))  # fmt: skip
    for key, value in of_each.items():
        assert value in (None, true[key])
        assert value is None or value == 0 or value >= LEAST
    hidden = {key: true[key] for key, value in of_each.items() if value is None}
    if hidden:
        # By subtraction only a sum of several is found, and it is not small; or all are hidden.
        rest = [value for key, value in true.items() if key not in hidden and value]
        assert (len(hidden) > 1 and sum(hidden.values()) >= LEAST) or not rest
        assert told["reached"] is None
    if told["met"] is None:
        assert told["share"] is None
    if 0 < it.households < LEAST:
        assert told["households"] is None
        assert not any(of_each.values())
    shown = told["estimated"]
    assert (
        shown is None
        or shown == 0
        or (shown >= LEAST and (it.households == shown or it.households - shown >= LEAST))
    )


@given(counts)
def test_whoever_owns_the_database_is_told_all(parts: list[int]) -> None:
    told = tables.plain(made(parts))
    assert [told["met"], *told["reasons"].values()] == parts
    assert told["households"] == sum(parts)
    assert told["is_missing"] == (sum(parts) == 0)
