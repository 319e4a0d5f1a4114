"""Numbers that a spreadsheet has cut. They are no keys: two different ones have become the same.

A spreadsheet keeps 15 digits of a number, and shows long ones as 2.02603E+17.
"""

from __future__ import annotations

import re
from collections.abc import Iterable

DIGITS = 15
# From here on a float from a spreadsheet is not the number that was typed.
EXACT = 10.0**DIGITS

_POWER = re.compile(r"-?[0-9](?:\.[0-9]+)?[eE]\+[0-9]{1,3}|-?[0-9]\.[0-9]+[eE][0-9]{1,3}")
_LONG = re.compile(r"[0-9]{16,30}")
# That so many digits are 0 by chance is one case in a thousand.
_ZEROS = 3


def is_cut(value: object) -> bool:
    """Tell whether a value is a number that has lost digits."""
    if isinstance(value, float):
        return abs(value) >= EXACT
    return isinstance(value, str) and _POWER.fullmatch(value.strip()) is not None


def shown(value: float) -> str:
    """Return a number that may have lost digits as text, never with digits that it has not."""
    return f"{value:.{DIGITS}g}" if abs(value) >= EXACT else str(value)


def are_cut(texts: Iterable[str]) -> bool:
    """Tell whether all long numbers of a column of texts end in zeros from their 16th digit on.

    So does a table look that was saved as CSV after the spreadsheet had cut it. One number that
    goes on with other digits shows that the column was kept whole.
    """
    tails = {text: text[DIGITS:] for text in texts if _LONG.fullmatch(text)}
    if any(tail.strip("0") for tail in tails.values()):
        return False
    return sum(len(tail) for tail in tails.values()) >= _ZEROS
