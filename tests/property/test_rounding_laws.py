"""Rounded counts tell of no building, nor of any group of buildings, fewer values than promised.

The first test tries all counts there are: for each answer it lists every truth that gives it.
"""

from __future__ import annotations

import itertools
from collections import defaultdict
from datetime import date

import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from geodata import disclosure
from geodata.database import connecting as db
from geodata.database import settings as county_settings
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion
from geodata.model import Level
from scripts.bench.adversary import Block, possible


def rounded(conn, blocks: list[tuple[int, ...]]) -> list[tuple[int, ...]]:
    """Let the database round blocks of buildings, each a kilometre square of its own."""
    conn.execute("DELETE FROM building")
    with (
        conn.cursor() as cursor,
        cursor.copy("COPY building (external_key, name, households, geom) FROM STDIN") as copy,
    ):
        for number, block in enumerate(blocks):
            lon, lat = 100.005 + number % 300 * 0.01, 20.005 + number // 300 * 0.01
            for place, households in enumerate(block):
                at = f"SRID=4326;POINT({lon} {lat})"
                copy.write_row((f"{number:06}-{place:02}", "building", households, at))
    rows = conn.execute(
        """
        SELECT split_part(external_key, '-', 1)::int, r.households
        FROM building JOIN building_rounded r USING (building_id)
        ORDER BY external_key
        """
    ).fetchall()
    found: defaultdict[int, list[int]] = defaultdict(list)
    for number, households in rows:
        found[number].append(households)
    return [tuple(found[number]) for number in range(len(blocks))]


@pytest.mark.parametrize(
    ("least", "size", "most"), [(10, 1, 45), (10, 2, 25), (4, 3, 9), (3, 4, 6)]
)
def test_every_truth_that_gives_an_answer(conn, least: int, size: int, most: int) -> None:
    county_settings.write(conn, "least_count", least)
    truths = list(itertools.product(range(1, most + 1), repeat=size))
    behind: defaultdict[tuple[int, ...], list[tuple[int, ...]]] = defaultdict(list)
    for truth, answer in zip(truths, rounded(conn, truths), strict=True):
        behind[answer].append(truth)
    groups = [
        group
        for length in range(1, size + 1)
        for group in itertools.combinations(range(size), length)
    ]
    # Where a larger count than was tried could be behind it, there are more truths than are listed.
    whole = [some for some in behind.values() if max(map(max, some)) < most // least * least]
    assert whole
    for some in whole:
        for group in groups:
            sums = {sum(truth[at] for at in group) for truth in some}
            assert len(sums) >= least - 1
            # Without a hole among them: no remainder gives one away.
            assert max(sums) - min(sums) + 1 == len(sums)


@pytest.fixture(scope="module")
def module_conn(module_url):
    connection = db.connect(module_url)
    yield connection
    connection.close()


counts = st.lists(
    st.one_of(st.just(1), st.integers(1, 9), st.integers(1, 30), st.integers(1, 400)),
    min_size=1,
    max_size=12,
)


@settings(max_examples=40)
@given(st.lists(counts, min_size=1, max_size=4), st.data())
def test_the_solver_finds_as_many_values_as_promised(module_conn, blocks, data) -> None:
    """The strongest attacker knows every rounded building and how they are rounded."""
    answers = rounded(module_conn, [tuple(block) for block in blocks])
    module_conn.rollback()
    known = [Block.read(answer, 10) for answer in answers]
    chosen = [
        data.draw(st.lists(st.booleans(), min_size=len(block), max_size=len(block)))
        for block in blocks
    ]
    if not any(map(any, chosen)):
        return
    low, high = possible(known, chosen)
    truth = sum(
        households
        for block, which in zip(blocks, chosen, strict=True)
        for households, is_in in zip(block, which, strict=True)
        if is_in
    )
    assert low <= truth <= high
    assert high - low + 1 >= 9


@given(st.integers(-500, 500), st.sampled_from([0, 1, 2, 5, 10, 50]))
def test_a_count_is_told_by_its_class(count: int, least: int) -> None:
    told = disclosure.rounded_count(count, least)
    assert (told == 0) == (count == 0)
    assert told == -disclosure.rounded_count(-count, least)
    if least > 1 and count:
        alike = [n for n in range(-600, 600) if n and disclosure.rounded_count(n, least) == told]
        assert count in alike
        assert len(alike) >= least - 1
        assert alike == list(range(alike[0], alike[-1] + 1))
    else:
        assert told == count


def test_grids_are_rounded_from_the_lowest_upwards() -> None:
    rows: list[tuple[int, int | None, Level, int | None]] = [
        (1, None, "county", 137),
        (2, 1, "town", None),
        (3, 2, "community", 60),
        (4, 3, "compound", 7),
        (5, 3, "compound", 48),
        (6, 2, "community", 70),
        (7, 6, "compound", None),
    ]
    told = disclosure.add_up(rows, 10)
    assert told == {4: 5, 5: 44, 3: 5 + 44 + 5, 6: 74, 2: 54 + 74, 1: 54 + 74 + 5}


def test_the_two_roundings_agree(conn) -> None:
    tried = list(range(-45, 400))
    rows = conn.execute(
        "SELECT rounded_count(n, 10) FROM unnest(%s::int8[]) WITH ORDINALITY t (n, at) ORDER BY at",
        [tried],
    ).fetchall()
    assert [row[0] for row in rows] == [disclosure.rounded_count(n, 10) for n in tried]


def test_a_building_is_rounded_with_those_of_its_grid_and_stays_with_them(conn) -> None:
    """Two roundings of one count narrow each other, so a block does not follow boundaries."""
    west, whole = shapely.box(100, 20, 100.1, 21), shapely.box(100, 20, 101, 21)

    def draw(level, parent, name, shape, since: int, grid=None) -> int:
        version = NewVersion(grid, name, name, parent, None, None, shape)
        [grid_id] = boundaries.insert_versions(
            conn, level, [version], valid_from=date(since, 1, 1), source="test"
        )
        return grid_id

    def put(lon: float) -> int:
        [block] = conn.execute(
            """
            INSERT INTO building (name, households, geom)
            VALUES ('building', 4, ST_SetSRID(ST_MakePoint(%s, 20.5), 4326))
            RETURNING rounding_block
            """,
            [lon],
        ).fetchone()
        return block

    county = draw("county", None, "county", whole, 2020)
    town = draw("town", county, "town", west, 2020)
    assert [put(100.05), put(100.5)] == [town, county]
    nowhere = [put(120.001), put(120.002), put(120.02)]
    assert nowhere[0] == nowhere[1] != nowhere[2]
    assert max(nowhere) < 0
    draw("town", county, "town", whole, 2021, town)
    conn.execute("UPDATE building SET households = 5")
    blocks = conn.execute("SELECT rounding_block FROM building ORDER BY building_id").fetchall()
    assert [block for [block] in blocks] == [town, county, *nowhere]
    assert put(100.5) == town
