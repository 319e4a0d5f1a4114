"""Households added up: of cells, and of grids of every level, by what a kind is to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any, Literal, get_args

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from geodata.coverage.judging import providers
from geodata.coverage.judging import verdicts as judging
from geodata.coverage.judging.altering import UNCHANGED, Changes
from geodata.coverage.judging.people import People
from geodata.coverage.judging.verdicts import Buildings, Judgement, ProviderLinks, Verdict
from geodata.coverage.judging.ways import SNAP_M, Ways
from geodata.coverage.standards.model import Kind
from geodata.model import Bounds

# What is added up: households as they are, or rounded for everybody (geodata/disclosure.py).
Count = Literal["households", "rounded"]
COUNTS: tuple[Count, ...] = get_args(Count)
# The columns of coverage_grid; the reasons from "met" on.
SUMS = (
    "households", "estimated", "reached", "met", "over_capacity", "too_few", "too_far", "nobody",
    "term_ended",
)  # fmt: skip
_REASONS = (
    Verdict.MET, Verdict.OVER_CAPACITY, Verdict.TOO_FEW, Verdict.TOO_FAR, Verdict.NOBODY,
    Verdict.TERM_ENDED,
)  # fmt: skip


def sum_cells(
    conn: Connection[Any], kinds: Sequence[Kind], nearby: People, day: date, box: Bounds | None
) -> Iterator[tuple[str, int, list[int], bool]]:
    """Yield the sums of each kind and cell: compounds by number, a rest by the negative.

    Each comes twice: of the households as they are, and (True) of those that everybody is told.
    """
    cells, index = np.unique(nearby.cells, return_inverse=True)
    for kind, links in _find_links(conn, kinds, nearby, day, box, UNCHANGED):
        for count in COUNTS:
            judgement = judging.judge(buildings_of(nearby, count), kind, links)
            sums = add(nearby, judgement, index, len(cells), count)
            for cell, figures in zip(cells.tolist(), sums.tolist(), strict=True):
                if cell:
                    yield kind.kind, cell, figures, count == "rounded"


def judge_kinds(
    conn: Connection[Any],
    kinds: Sequence[Kind],
    nearby: People,
    day: date,
    box: Bounds | None,
    changes: Changes = UNCHANGED,
    count: Count = "households",
) -> Iterator[tuple[Kind, Judgement]]:
    """Yield each kind with what it is to ``nearby``: all of the county, or of a box (degrees).

    With ``changes``, what it would be; ``kinds`` are then those of the changed standards. Loads of
    providers are those of ``count``.
    """
    for kind, links in _find_links(conn, kinds, nearby, day, box, changes):
        yield kind, judging.judge(buildings_of(nearby, count), kind, links)


def buildings_of(nearby: People, count: Count) -> Buildings:
    """Return buildings as they are judged.

    Whether a provider is over its capacity, which everybody sees, follows from the households that
    everybody is told.
    """
    return Buildings(nearby.rows[count], nearby.rows["is_village"])


def add(
    nearby: People, judgement: Judgement, index: NDArray[np.int64], size: int, count: Count
) -> NDArray[np.int64]:
    """Add up households as ``SUMS`` names them, of shape (size, len(SUMS)).

    ``index`` says into which row each building goes.
    """
    rows = nearby.rows
    parts = [
        np.ones(len(rows), bool),
        rows["is_estimated"],
        judgement.providers > 0,
        *(judgement.verdict == reason for reason in _REASONS),
    ]
    return np.column_stack(
        [np.bincount(index, weights=rows[count] * part, minlength=size) for part in parts]
    ).astype(np.int64)


def _find_links(
    conn: Connection[Any],
    kinds: Sequence[Kind],
    nearby: People,
    day: date,
    box: Bounds | None,
    changes: Changes,
) -> Iterator[tuple[Kind, ProviderLinks]]:
    if not len(nearby):
        return
    ways = Ways.load(conn, None if box is None else find_road_box(box, kinds))
    yield from providers.find(conn, kinds, nearby, day, ways, box, changes)


def find_road_box(box: Bounds, kinds: Sequence[Kind]) -> Bounds:
    """Return the box of the roads on which anybody in a box may walk to a facility."""
    reach_m = max((kind.farthest_m for kind in kinds), default=0.0)
    return box.grown(reach_m + SNAP_M)
