"""Which findings block an import, and which are recorded as exceptions from the partition law.

An exception needs a decision: ``--accept`` names kinds that a person takes on with a reason;
``--repair`` takes on what a machine cannot mend but what is plainly a difference of drawing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from geodata.importing.files.requests import GridRequest
from geodata.partition.problems import Problem

# Two sources that draw the same outer border differently part by about 0.1 % of the ground; two
# rival divisions by several per cent.
BORDER_SHARE = 0.005

_EXCEPTION_OF: dict[str, Literal["sliver", "outside_parent", "gap"]] = {
    "sliver": "sliver",
    "does_not_nest": "outside_parent",
    "gap": "gap",
}


@dataclass(frozen=True, slots=True)
class ExceptionRecord:
    """A departure from the partition law to be recorded.

    ``row`` is the position in the file; for gaps ``parent`` is the position of the parent instead.
    """

    kind: Literal["sliver", "outside_parent", "gap"]
    row: int | None
    parent: int | None


def accept(
    problems: Sequence[Problem],
    request: GridRequest,
    *,
    level_share: float,
    parent_of: NDArray[np.intp],
) -> tuple[list[Problem], list[ExceptionRecord]]:
    """Turn what may stand into warnings with an exception; everything else is returned as it is.

    ``level_share`` is the part of the level's ground outside its parents.
    """
    kept: list[Problem] = []
    records: list[ExceptionRecord] = []
    for problem in problems:
        kind = _EXCEPTION_OF.get(problem.kind)
        if kind is None or not problem.is_blocking or not _may_stand(kind, request, level_share):
            kept.append(problem)
            continue
        if kind == "gap":
            records.append(ExceptionRecord(kind, None, int(str(problem.data["parent_index"]))))
        else:
            row = problem.rows[0]
            if kind == "outside_parent" and parent_of[row] < 0:
                kept.append(problem)
                continue
            records.append(ExceptionRecord(kind, row, None))
        data = {**problem.data, "recorded": 1}
        kept.append(replace(problem, severity="warning", data=data))
    return kept, records


def _may_stand(
    kind: Literal["sliver", "outside_parent", "gap"], request: GridRequest, level_share: float
) -> bool:
    if kind in request.accept:
        return True
    if not request.repair:
        return False
    return kind == "sliver" or (kind == "outside_parent" and level_share < BORDER_SHARE)
