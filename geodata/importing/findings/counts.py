"""Numbers of things in words: one of them is not said as several are."""

from __future__ import annotations

from dataclasses import replace

from geodata.importing.findings.wording import COUNTS
from geodata.language.phrases import Phrase
from geodata.model import Level

# What an import wrote, if it is one, by the name under which reports count it.
ONES: dict[str, Phrase] = {
    "new counties": Phrase("1 new county"),
    "new towns": Phrase("1 new town"),
    "new communities": Phrase("1 new community"),
    "new compounds": Phrase("1 new compound"),
    "new versions of known grids": Phrase("1 new version of a known grid"),
    "neighbours that got shared corners": Phrase("1 neighbour that got shared corners"),
    "new members": Phrase("1 new member"),
    "new duties": Phrase("1 new duty"),
    "known duties": Phrase("1 known duty"),
    "new issues": Phrase("1 new issue"),
    "updated issues": Phrase("1 updated issue"),
    "issues that changed state": Phrase("1 issue that changed state"),
    "new facilities": Phrase("1 new facility"),
    "updated facilities": Phrase("1 updated facility"),
    "new road edges": Phrase("1 new road edge"),
    "removed road edges": Phrase("1 earlier road edge replaced"),
    "new buildings": Phrase("1 new building"),
    "updated buildings": Phrase("1 updated building"),
}

_GRID: dict[Level, Phrase] = {
    "county": Phrase("1 county"),
    "town": Phrase("1 town"),
    "community": Phrase("1 community"),
    "compound": Phrase("1 compound"),
}
_GRIDS: dict[Level, Phrase] = {
    "county": Phrase("{number:,} counties"),
    "town": Phrase("{number:,} towns"),
    "community": Phrase("{number:,} communities"),
    "compound": Phrase("{number:,} compounds"),
}


def written(name: str, number: int) -> Phrase:
    """Return how many of what a report counts under a name."""
    if number == 1 and name in ONES:
        return ONES[name]
    return replace(COUNTS[name], data={"number": number})


def grids(level: Level, number: int) -> Phrase:
    """Return how many grids of a level."""
    return _GRID[level] if number == 1 else replace(_GRIDS[level], data={"number": number})


def all_grids(level: Level, number: int) -> Phrase:
    """Return the sentence that says how many grids of a level there are."""
    return Phrase("{grids}.", {"grids": grids(level, number)})


def unchanged(level: Level, number: int) -> Phrase:
    """Return the sentence about grids of a file in which nothing differs from what is known."""
    if number == 1:
        return Phrase("{grids} is unchanged and was not touched.", {"grids": _GRID[level]})
    data = {"grids": grids(level, number)}
    return Phrase("{grids} are unchanged and were not touched.", data)


def left_out(number: int) -> Phrase:
    """Return the sentence about rows that are left out because of what is wrong with them."""
    if number == 1:
        return Phrase("1 row with problems is left out.")
    return Phrase("{rows:,} rows with problems are left out.", {"rows": number})


def rows(number: int) -> Phrase:
    """Return how many rows."""
    return Phrase("1 row") if number == 1 else Phrase("{number:,} rows", {"number": number})


def corners_added(number: int, cm: float) -> Phrase:
    """Return the note about neighbours that were given each other's corners."""
    if number == 1:
        return Phrase(
            "Shared boundaries: corners of neighbours were added to 1 grid;"
            " no boundary moved by more than {cm:.1f} cm.",
            {"cm": cm},
        )
    return Phrase(
        "Shared boundaries: corners of neighbours were added to {grids:,} grids;"
        " no boundary moved by more than {cm:.1f} cm.",
        {"grids": number, "cm": cm},
    )


def repaired(number: int, m2: str) -> Phrase:
    """Return the head of what was repaired."""
    if number == 1:
        return Phrase("Repaired: 1 grid, {m2} m² changed hands or form", {"m2": m2})
    data = {"rows": number, "m2": m2}
    return Phrase("Repaired: {rows:,} grids, {m2} m² changed hands or form", data)
