"""Households added up: of cells, and of grids of every level, by what a kind is to them."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any

import numpy as np
from numpy.typing import NDArray
from psycopg import Connection

from geodata.coverage import judging, providers
from geodata.coverage.altering import UNCHANGED, Changes
from geodata.coverage.judging import Homes, Judgement, Verdict
from geodata.coverage.people import Box, People
from geodata.coverage.standards import Kind
from geodata.coverage.ways import SNAP_M, Ways
from geodata.model import Bounds

# The columns of coverage_grid; the reasons from "met" on.
SUMS = (
    "households", "estimated", "reached", "met", "over_capacity", "too_few", "too_far", "nobody",
    "term_ended",
)  # fmt: skip
_REASONS = (
    Verdict.MET, Verdict.OVER_CAPACITY, Verdict.TOO_FEW, Verdict.TOO_FAR, Verdict.NOBODY,
    Verdict.TERM_ENDED,
)  # fmt: skip


def of_cells(
    conn: Connection[Any], kinds: Sequence[Kind], nearby: People, day: date, box: Box | None
) -> Iterator[tuple[str, int, list[int]]]:
    """Yield the sums of each kind and cell: compounds by number, a rest by the negative."""
    rows = nearby.rows
    cells, index = np.unique(
        np.where(rows["compound"] != 0, rows["compound"], -rows["community"]), return_inverse=True
    )
    for kind, judgement in judged(conn, kinds, nearby, day, box):
        sums = add(nearby, judgement, index, len(cells))
        for cell, figures in zip(cells.tolist(), sums.tolist(), strict=True):
            if cell:
                yield kind.kind, cell, figures


def judged(
    conn: Connection[Any],
    kinds: Sequence[Kind],
    nearby: People,
    day: date,
    box: Box | None,
    changes: Changes = UNCHANGED,
) -> Iterator[tuple[Kind, Judgement]]:
    """Yield each kind with what it is to ``nearby``: all of the county, or of a box (degrees).

    With ``changes``, what it would be; ``kinds`` are then those of the changed standards.
    """
    if not len(nearby):
        return
    homes = Homes(nearby.rows["households"], nearby.rows["is_village"])
    ways = Ways.load(conn, None if box is None else roads_around(box, kinds))
    for kind, given in providers.given(conn, kinds, nearby, day, ways, box, changes):
        yield kind, judging.judge(homes, kind, given)


def add(
    nearby: People, judgement: Judgement, index: NDArray[np.int64], count: int
) -> NDArray[np.int64]:
    """Add up households as ``SUMS`` names them, of shape (count, len(SUMS)).

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
        [np.bincount(index, weights=rows["households"] * part, minlength=count) for part in parts]
    ).astype(np.int64)


def roads_around(box: Box, kinds: Sequence[Kind]) -> Bounds:
    """Return the box of the roads on which anybody in a box may walk to a facility."""
    reach_m = max((kind.farthest_m for kind in kinds), default=0.0)
    return Bounds(*providers.grown(box, reach_m + SNAP_M))
