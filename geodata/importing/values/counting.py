"""Whole numbers as tables hold them: households, people."""

from __future__ import annotations

import re
from typing import Final

# The largest that the database keeps.
MOST: Final = 2**31 - 1
# With commas between thousands, all of them or none, and with a zero after the point, as a
# spreadsheet writes a number that was measured.
_COUNT: Final = re.compile(r"\+?(?:[0-9]{1,3}(?:,[0-9]{3})+|[0-9]{1,12})(?:\.0*)?")
# Only these: other digits of Unicode, such as the one of m², say something else.
_FULL_WIDTH: Final = str.maketrans("０１２３４５６７８９，．＋　", "0123456789,.+ ")


def read_count(value: object) -> int | None:
    """Return a whole number from 0 on: 12, "12.0", "1,234", " ８ "; None if it is none."""
    if isinstance(value, bool):
        return None
    text = str(value).translate(_FULL_WIDTH).strip()
    if not _COUNT.fullmatch(text):
        return None
    number = int(text.replace(",", "").split(".")[0])
    return number if number <= MOST else None
