"""Counts that cannot be told to everybody: small ones, and those that would give them away.

Whoever knows a sum and all of its parts but one knows that one. So where one is small and left out,
a second one has to be (complementary suppression; Cox 1980).
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Hashable, Iterable, Mapping, Sequence
from typing import TypeVar

from geodata import privacy

Cell = TypeVar("Cell", bound=Hashable)


def withhold(
    counts: Mapping[Cell, int],
    sums: Iterable[tuple[Cell, Sequence[Cell]]],
    least: int,
    kept: Collection[Cell] = (),
) -> set[Cell]:
    """Return the cells that are left out, so that no count below ``least`` can be worked out.

    ``sums`` are (whole, parts). Zero speaks of nobody and is told, unless nothing else protects
    its neighbour. ``kept`` are wholes that are not left out for the sake of their parts.
    """
    hidden = {cell for cell, count in counts.items() if privacy.is_small(count, least)}
    if not hidden:
        return hidden
    relations = [(whole, *parts) for whole, parts in sums]
    of_cell: defaultdict[Cell, list[int]] = defaultdict(list)
    for number, cells in enumerate(relations):
        for cell in cells:
            of_cell[cell].append(number)
    waiting = [number for cell in hidden for number in of_cell[cell]]
    while waiting:
        cells = relations[waiting.pop()]
        if sum(cell in hidden for cell in cells) != 1:
            continue
        partner = _partner(counts, [cell for cell in cells if cell not in hidden], cells[0], kept)
        hidden.add(partner)
        waiting += of_cell[partner]
    return hidden


def _partner(
    counts: Mapping[Cell, int], told: Sequence[Cell], whole: Cell, kept: Collection[Cell]
) -> Cell:
    """Choose what is missed least: the smallest part that is not zero, the whole, a zero."""

    def cost(cell: Cell) -> tuple[int, int]:
        if cell == whole:
            return (3 if cell in kept else 1), 0
        return (0 if counts[cell] else 2), counts[cell]

    return min(told, key=cost)
