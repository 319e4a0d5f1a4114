"""Coordinates in degrees, minutes and seconds: 116°24′11.4″, E116°24.19′, 东经116度24分11秒."""

from __future__ import annotations

import re

from geodata.importing.values.rows import Sheet
from geodata.language.phrases import Phrase

_NUMBER = r"(\d+(?:\.\d+)?)"
_SEXAGESIMAL = re.compile(
    r"(?P<before>东经|西经|北纬|南纬|[NSEW])?\s*"
    rf"{_NUMBER}\s*[°度º]\s*"
    rf"(?:{_NUMBER}\s*['′’分]\s*)?"
    rf"(?:{_NUMBER}\s*(?:[\"″”秒]|''|′′)\s*)?"
    r"(?P<after>[NSEW])?",
    re.IGNORECASE,
)
_MARKS = re.compile("[°度º]")
# Which column each direction belongs to, and its sign.
_DIRECTIONS = {
    "东经": ("lon", 1),
    "西经": ("lon", -1),
    "北纬": ("lat", 1),
    "南纬": ("lat", -1),
    "E": ("lon", 1),
    "W": ("lon", -1),
    "N": ("lat", 1),
    "S": ("lat", -1),
}


def degrees(sheet: Sheet, row: int, name: str) -> float | None:
    """Return a coordinate's cell as a number; note a fault where it is none.

    A direction that belongs to the other column is a fault: the columns are the other way round.
    """
    text = sheet.text(row, name)
    if not _MARKS.search(text):
        return sheet.number(row, name)
    value = parse(text, name)
    if value is None:
        reason = Phrase("no coordinate in degrees, minutes and seconds")
        sheet.fault(row, "bad_value", column=name, text=text, reason=reason)
    return value


def parse(text: str, name: str) -> float | None:
    """Return degrees of a text for "lon" or "lat", None where it is not wholly understood."""
    match = _SEXAGESIMAL.fullmatch(text.strip())
    if match is None:
        return None
    whole, minutes, seconds = (match[at] for at in (2, 3, 4))
    # Only the last part may have decimals, and minutes and seconds stay below 60.
    if ((minutes or seconds) and "." in whole) or (seconds and minutes and "." in minutes):
        return None
    parts = float(whole), float(minutes or 0), float(seconds or 0)
    if parts[1] >= 60 or parts[2] >= 60:
        return None
    sign = 1
    said = [part.upper() for part in (match["before"], match["after"]) if part]
    if len(said) > 1:
        return None
    if said:
        column, sign = _DIRECTIONS[said[0]]
        if column != name:
            return None
    return sign * (parts[0] + parts[1] / 60 + parts[2] / 3600)
