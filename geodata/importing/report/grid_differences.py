"""What becomes of each grid, in the words of a report: one line a grid."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from geodata.importing.files.requests import GridRequest
from geodata.importing.findings.finding import RowRef, square_metres
from geodata.language.phrases import Phrase, Translate, english

# In the order in which they are counted. What a grid is made of or goes to is {others}.
WHATS: Mapping[str, Phrase] = {
    "new": Phrase("new"),
    "formed": Phrase("new, formed from {others}"),
    "split": Phrase("new, split from {others}"),
    "renamed": Phrase("renamed from {name}"),
    "recoded": Phrase("recoded from {code}"),
    "moved": Phrase("border moved: {gained} m² gained, {lost} m² lost"),
    "handed_over": Phrase("lies in another grid of the level above"),
    "counted": Phrase("other counts"),
    "takes_in": Phrase("takes in {others}"),
    "merged": Phrase("ends, merged into {others}"),
    "divided": Phrase("ends, divided among {others}"),
    "gone": Phrase("ends, nobody takes its ground"),
}
# By the same names, how many there are.
COUNTED: Mapping[str, Phrase] = {
    "new": Phrase("{number:,} new"),
    "formed": Phrase("{number:,} formed of others"),
    "split": Phrase("{number:,} split off"),
    "renamed": Phrase("{number:,} renamed"),
    "recoded": Phrase("{number:,} recoded"),
    "moved": Phrase("{number:,} with a moved border"),
    "handed_over": Phrase("{number:,} in another grid of the level above"),
    "counted": Phrase("{number:,} with other counts"),
    "takes_in": Phrase("{number:,} that take others in"),
    "merged": Phrase("{number:,} merged into others"),
    "divided": Phrase("{number:,} divided among others"),
    "gone": Phrase("{number:,} that end with nobody on their ground"),
}
_ONLY_BY_PLAN = frozenset({"formed", "recoded", "takes_in", "merged", "divided", "gone"})


@dataclass(frozen=True, slots=True)
class GridDifference:
    """A grid in which a file differs from what holds; ``before`` is what it was called.

    ``others`` are the grids that it is made of, takes in or goes to; areas in square metres.
    """

    grid: RowRef
    before: RowRef | None
    whats: tuple[str, ...]
    gained_m2: float = 0.0
    lost_m2: float = 0.0
    others: tuple[RowRef, ...] = ()

    @property
    def needs_plan(self) -> bool:
        """Whether an import, which knows grids by their codes alone, cannot bring it."""
        return not _ONLY_BY_PLAN.isdisjoint(self.whats)

    def what(self, translate: Translate = english) -> str:
        """Return what becomes of it, in words."""
        values = {
            "name": self.before.name if self.before else "",
            "code": self.before.code if self.before else "",
            "gained": square_metres(self.gained_m2),
            "lost": square_metres(self.lost_m2),
            "others": [each.said(translate) for each in self.others],
        }
        parts = [Phrase(WHATS[each].text, values) for each in self.whats]
        return translate("; ").join(part.said(translate) for part in parts)

    def line(self, translate: Translate = english) -> str:
        """Return the grid and what becomes of it."""
        values = {"row": self.grid.said(translate), "what": self.what(translate)}
        return Phrase("{row}: {what}", values).said(translate)


def listed(
    result: Mapping[str, Any], request: GridRequest, refs: Sequence[RowRef]
) -> list[GridDifference]:
    """Put what the child found into the words of the file; ``refs`` are the file's rows."""
    known = [RowRef(None, grid.code, grid.name) for grid in request.existing]
    found: list[GridDifference] = []
    for each in result["differences"]:
        old, new = each["old"], each["new"]
        whats = tuple(each["whats"])
        ends = old >= 0 and whats[0] in {"merged", "divided", "gone"}
        others = tuple((refs if ends else known)[at] for at in each["others"])
        if whats == ("merged",):
            others = (refs[new],)
        found.append(
            GridDifference(
                known[old] if ends else refs[new],
                known[old] if old >= 0 else None,
                whats,
                each["gained_m2"],
                each["lost_m2"],
                others,
            )
        )
    return found


def counted(differences: Sequence[GridDifference]) -> list[Phrase]:
    """Return how many grids there are of each thing that becomes of one."""
    counts = Counter(what for each in differences for what in each.whats)
    return [
        Phrase(words.text, {"number": counts[what]})
        for what, words in COUNTED.items()
        if counts[what]
    ]
