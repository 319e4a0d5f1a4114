"""The table that every benchmark prints: what, figure, target."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Row:
    """One measured figure beside its target; ``met`` is None where there is none to meet."""

    what: str
    figure: str
    target: str = ""
    met: bool | None = None


def show(title: str, rows: Sequence[Row]) -> None:
    """Print the rows as a table."""
    marks = {True: "met", False: "MISSED", None: ""}
    cells = [("what", "figure", "target", "")]
    cells += [(row.what, row.figure, row.target, marks[row.met]) for row in rows]
    widths = [max(len(line[column]) for line in cells) for column in range(4)]
    print(f"\n{title}")
    for number, line in enumerate(cells):
        print(
            "  ".join(text.ljust(width) for text, width in zip(line, widths, strict=True)).rstrip()
        )
        if number == 0:
            print("  ".join("-" * width for width in widths[:3]))
