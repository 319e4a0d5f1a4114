"""What is known of a file of grids while it is surveyed."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from geodata.importing.files.requests import GridRequest
from geodata.importing.grids import attributes
from geodata.importing.grids.accepting import ExceptionRecord
from geodata.importing.grids.succession import Succession
from geodata.language.phrases import Phrase
from geodata.partition import repair
from geodata.partition.problems import Problem

# A row with one of these has no shape that further checks could use.
_UNUSABLE = {
    "empty",
    "wrong_type",
    "not_finite",
    "too_many_points",
    "out_of_range",
    "far_away",
    "invalid",
}


@dataclass(slots=True)
class Survey:
    """What is known of the file so far. Positions count the rows of the file from 0.

    After ``node`` the arrays are longer: behind the file's rows stand the grids of the level that
    the file does not name (``others``). Rows that are ``left_out`` are as if they were not there.
    """

    request: GridRequest
    geoms: NDArray[np.object_]
    rows: list[attributes.Row]
    notes: list[Phrase]
    problems: list[Problem] = field(default_factory=list)
    repairs: list[repair.Repair] = field(default_factory=list)
    exceptions: list[ExceptionRecord] = field(default_factory=list)
    parents: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    existing: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    childless: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    others: list[int] = field(default_factory=list)
    left_out: frozenset[int] = frozenset()
    suspects: NDArray[np.intp] | None = None
    drawn_m2: NDArray[np.float64] = field(default_factory=lambda: np.empty(0))
    parent_of: NDArray[np.intp] = field(default_factory=lambda: np.empty(0, dtype=np.intp))
    buildings: NDArray[np.object_] = field(default_factory=lambda: np.empty(0, dtype=object))
    # Which known grid becomes which row, where that is asked for.
    succession: Succession | None = None

    @property
    def is_blocked(self) -> bool:
        """Whether anything found so far forbids writing."""
        return any(problem.is_blocking for problem in self.problems)

    def good(self) -> NDArray[np.intp]:
        """Return the rows of the file whose shapes can be worked with."""
        bad = {problem.rows[0] for problem in self.problems if problem.kind in _UNUSABLE}
        bad |= self.left_out
        rows = [row for row in range(len(self.rows)) if row not in bad]
        return np.array(rows, dtype=np.intp)
