"""What changed on the day of the change: a few splits, moved borders, new and renamed compounds."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt
import shapely

from geodata.demo.lattice import Ints
from geodata.demo.settlements import Settlements
from geodata.demo.shapes import find_borders
from geodata.demo.territory import Territory

_SPLITS, _MOVES, _BUILT = 3, 3, 5
_FORMER_NAMES = ("红旗生产队", "向阳大队", "东风小区", "解放村民组", "跃进塘", "胜利湾")
# Sides of cells along which a compound must touch the community that it came from.
_LEAST_CONTACT = 4
_MOST_TOGETHER = 990


@dataclass(frozen=True, slots=True)
class Change:
    """How the grids were before the change.

    ``split_off`` communities did not exist, their land belonged to ``split_from``; ``moved``
    compounds belonged to ``moved_from``; ``built`` compounds did not exist; ``renamed`` compounds
    had ``former_names``.
    """

    split_off: Ints
    split_from: Ints
    moved: Ints
    moved_from: Ints
    built: Ints
    renamed: Ints
    former_names: tuple[str, ...]

    def table_before(self, community_of_zone: Ints) -> Ints:
        """Return each zone's community before the change."""
        table = community_of_zone.copy()
        for new, old in zip(self.split_off, self.split_from, strict=True):
            table[community_of_zone == new] = old
        table[self.moved] = self.moved_from
        return table

    def without_torn(
        self, join: Callable[[Ints], npt.NDArray[np.object_]], settlements: Settlements
    ) -> Change:
        """Leave out moves that would have torn a community apart."""
        kept = replace(self, moved=self.moved[:0], moved_from=self.moved_from[:0])
        communities = int(settlements.zone.max()) + 1 - settlements.compounds
        today = settlements.community_of_zone(communities)
        parts = shapely.get_num_geometries(join(kept.table_before(today)))
        for compound, origin in zip(self.moved, self.moved_from, strict=True):
            if len(kept.moved) == _MOVES:
                break
            tried = replace(
                kept,
                moved=np.append(kept.moved, compound),
                moved_from=np.append(kept.moved_from, origin),
            )
            shapes = join(tried.table_before(today))
            if np.array_equal(shapely.get_num_geometries(shapes), parts):
                kept = tried
        return kept


def plan_changes(territory: Territory, settlements: Settlements) -> Change:
    """Choose what changes, spread over the county's towns."""
    communities = len(territory.town_of)
    community_of = settlements.community_of_zone(communities)
    sizes = np.bincount(settlements.community_of, minlength=communities)
    splits: list[tuple[int, int]] = []
    moves: list[tuple[int, int]] = []
    touched: set[int] = set()
    for town, (row, col, rows, cols) in enumerate(settlements.windows):
        if len(splits) >= _SPLITS and len(moves) >= 3 * _MOVES:
            break
        borders = find_borders(settlements.zone[row : row + rows, col : col + cols])
        left, right = community_of[borders.left], community_of[borders.right]
        both = (left >= 0) & (right >= 0) & (left != right)
        both &= (territory.town_of[left] == town) & (territory.town_of[right] == town)
        pairs, contact = np.unique(
            np.sort(np.column_stack([left, right])[both], axis=1), axis=0, return_counts=True
        )
        # Together they must have had codes of three digits for their compounds.
        small = sizes[pairs].sum(axis=1) < _MOST_TOGETHER
        longest = np.flatnonzero(small)[np.argsort(-contact[small], kind="stable")]
        if town % 2 == 0 and len(splits) < _SPLITS and len(longest):
            old, new = (int(index) for index in pairs[longest[0]])
            splits.append((new, old))
            touched |= {new, old}
            continue
        inner, outer = borders.left[both], right[both]
        candidates, contact = np.unique(
            np.column_stack([inner, outer])[inner < settlements.compounds],
            axis=0,
            return_counts=True,
        )
        good = candidates[contact >= _LEAST_CONTACT]
        moves += [(int(compound), int(origin)) for compound, origin in good[:3]]
    moves = [
        (compound, origin)
        for compound, origin in moves
        if origin not in touched and int(community_of[compound]) not in touched
    ]
    busy = {compound for compound, _ in moves}
    estates = [
        index for index in np.flatnonzero(settlements.is_estate).tolist() if index not in busy
    ]
    villages = [
        index for index in np.flatnonzero(~settlements.is_estate).tolist() if index not in busy
    ]
    return Change(
        np.array([new for new, _ in splits], dtype=np.int64),
        np.array([old for _, old in splits], dtype=np.int64),
        np.array([compound for compound, _ in moves], dtype=np.int64),
        np.array([origin for _, origin in moves], dtype=np.int64),
        np.array(_spread(estates, _BUILT), dtype=np.int64),
        np.array(_spread(villages, len(_FORMER_NAMES)), dtype=np.int64),
        _FORMER_NAMES[: len(_spread(villages, len(_FORMER_NAMES)))],
    )


def _spread(items: list[int], count: int) -> list[int]:
    """Take so many items, evenly spread."""
    return items[:: max(1, len(items) // count)][:count]
