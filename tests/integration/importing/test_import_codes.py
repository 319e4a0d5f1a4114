"""Known codes on other ground, and names that were mixed up: said before anybody's office moves."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from shapely.affinity import translate
from shapely.geometry import box

from geodata.database import connecting as db
from geodata.importing.findings.finding import Finding
from geodata.importing.report.report import Report
from geodata.model import LEVELS
from tests import faults
from tests.integration.importing.test_import_levels import (
    COMMUNITIES,
    COUNTY,
    DAY,
    TOWNS,
    Row,
    bring,
    refused,
)

Conn = psycopg.Connection[Any]
CODES = [code for code, _, _ in COMMUNITIES]
NAMES = [name for _, name, _ in COMMUNITIES]
SHAPES = [shape for _, _, shape in COMMUNITIES]


@pytest.fixture(scope="module")
def ground_url(module_url: str, tmp_path_factory: pytest.TempPathFactory) -> str:
    """The address of a county of two towns and four communities."""
    folder = tmp_path_factory.mktemp("ground")
    with db.connect(module_url) as conn:
        for level, rows in zip(LEVELS, (COUNTY, TOWNS, COMMUNITIES), strict=False):
            assert bring(conn, folder, level, rows, DAY).is_written
    return module_url


@pytest.fixture
def ground(ground_url: str) -> Iterator[Conn]:
    """A connection to that county; what a test writes is undone."""
    connection = db.connect(ground_url)
    yield connection
    connection.rollback()
    connection.close()


def rows(codes: list[int], names: list[int]) -> list[Row]:
    """Return the communities in their places, with the codes and names of these ones."""
    return [
        (CODES[code], NAMES[name], shape)
        for code, name, shape in zip(codes, names, SHAPES, strict=True)
    ]


def stopped(conn: Conn, path: Path, content: list[Row]) -> list[Finding]:
    before = faults.digest(conn)
    return refused(conn, bring(conn, path, "community", content), before)["code_elsewhere"]


def warned(report: Report) -> dict[str, list[str]]:
    assert report.is_written
    found: dict[str, list[str]] = {}
    for finding in report.findings:
        found.setdefault(finding.kind, []).append(finding.rows[0].code)
    return found


def test_two_codes_swapped_are_named_with_both_grids(ground: Conn, tmp_path: Path) -> None:
    found = stopped(ground, tmp_path, rows([1, 0, 2, 3], [0, 1, 2, 3]))
    assert [finding.rows[0].code for finding in found] == [CODES[1], CODES[0]]
    assert (
        found[0]
        .line()
        .startswith(
            f"row 1 {CODES[1]} 一村: the code has been that of 二村, which lies elsewhere;"
            f" this is the ground of {CODES[0]} 一村"
        )
    )


@pytest.mark.parametrize(
    ("codes", "names", "away"),
    [
        # Three in a ring.
        ([1, 2, 0, 3], [0, 1, 2, 3], 3),
        # Shapes of another row: code and name together on other ground.
        ([1, 0, 2, 3], [1, 0, 2, 3], 2),
        # Two pairs.
        ([1, 0, 3, 2], [0, 1, 2, 3], 4),
    ],
)
def test_codes_that_went_round_are_all_named(
    ground: Conn, tmp_path: Path, codes: list[int], names: list[int], away: int
) -> None:
    assert len(stopped(ground, tmp_path, rows(codes, names))) == away


def test_a_chain_of_codes_is_named_to_its_end(ground: Conn, tmp_path: Path) -> None:
    """A village is put in at the front, and each behind it gets the code of the next."""
    content = rows([1, 2, 3, 3], [0, 1, 2, 3])
    content[3] = ("990101002003", NAMES[3], SHAPES[3])
    assert len(stopped(ground, tmp_path, content)) == 3


def test_a_code_given_to_another_grid_is_named(ground: Conn, tmp_path: Path) -> None:
    """The grid that had the code is gone from the file."""
    halves = [box(116.43, 31.40, 116.44, 31.41), box(116.43, 31.41, 116.44, 31.42)]
    content: list[Row] = [
        (CODES[1], "新村", halves[0]),
        (CODES[3], NAMES[3], halves[1]),
        (CODES[2], NAMES[2], SHAPES[2]),
        (CODES[0], NAMES[0], SHAPES[0].union(SHAPES[1])),
    ]
    (finding,) = stopped(ground, tmp_path, content)
    assert finding.rows[0].code == CODES[1]


def test_a_rename_a_moved_border_and_a_division_are_no_swap(ground: Conn, tmp_path: Path) -> None:
    content = [
        (CODES[0], "新一村", box(116.40, 31.40, 116.4125, 31.42)),
        (CODES[1], "新二村", box(116.4125, 31.40, 116.42, 31.42)),
        (CODES[2], "新三村", box(116.42, 31.40, 116.4225, 31.42)),
        ("990101002009", NAMES[2], box(116.4225, 31.40, 116.43, 31.42)),
        (CODES[3], NAMES[3], SHAPES[3]),
    ]
    assert warned(bring(ground, tmp_path, "community", content)) == {}


def test_shapes_of_the_next_row_are_named(ground: Conn, tmp_path: Path) -> None:
    """Code and name stayed together, and each pair got the shape of the row behind it."""
    content = [(CODES[at], NAMES[at], SHAPES[at + 1]) for at in range(3)]
    content.append(("990101001009", "新村", SHAPES[0]))
    found = stopped(ground, tmp_path, content)
    assert {finding.rows[0].code for finding in found} >= set(CODES[:2])


def test_a_level_that_is_shifted_as_a_whole_is_no_ring(ground: Conn, tmp_path: Path) -> None:
    """The frame of an earlier survey is corrected: each lies on what its neighbour was."""
    first = [
        (f"99010100100100{at}", name, box(west, 31.401, west + 0.0015, 31.403))
        for at, name, west in [(1, "甲", 116.401), (2, "乙", 116.4026), (3, "丙", 116.4042)]
    ]
    assert bring(ground, tmp_path, "compound", first, DAY).is_written
    shifted = [(code, name, translate(shape, 0.0013, 0.0002)) for code, name, shape in first]
    report = bring(ground, tmp_path, "compound", shifted)
    assert warned(report) == {"moved_away": [code for code, _, _ in first]}


def test_names_exchanged_by_neighbours_are_worth_a_look(ground: Conn, tmp_path: Path) -> None:
    report = bring(ground, tmp_path, "community", rows([0, 1, 2, 3], [1, 0, 2, 3]))
    assert warned(report) == {"names_exchanged": CODES[:2]}


def test_a_grid_that_moves_to_ground_of_nobody_is_worth_a_look(
    ground: Conn, tmp_path: Path
) -> None:
    first = [("990101001001001", "环湖小区", box(116.401, 31.401, 116.404, 31.404))]
    assert bring(ground, tmp_path, "compound", first, DAY).is_written
    moved = [("990101001001001", "环湖小区", box(116.405, 31.405, 116.408, 31.408))]
    assert warned(bring(ground, tmp_path, "compound", moved)) == {"moved_away": [moved[0][0]]}
    renamed = [("990101001001001", "上坪", moved[0][2])]
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "compound", renamed, DAY.replace(year=2026))
    assert warned(report) == {}
    elsewhere = [("990101001001001", "下坪", first[0][2])]
    before = faults.digest(ground)
    report = bring(ground, tmp_path, "compound", elsewhere, DAY.replace(year=2027))
    assert refused(ground, report, before)["code_elsewhere"]
