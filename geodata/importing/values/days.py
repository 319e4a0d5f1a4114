"""Calendar days as lists write them: 2024.3.5, 2024年3月, 03/04/2026, 5 March 2024.

A text is read to its last character or not at all: what does not fit comes back as the reason.
"""

from __future__ import annotations

import re
from calendar import monthrange
from dataclasses import dataclass
from datetime import date
from typing import Literal

from geodata.language.phrases import Phrase

Order = Literal["dmy", "mdy"]
"""Which stands first in 03/04/2026: the day or the month."""

ORDERS: tuple[Order, ...] = ("dmy", "mdy")
NO_DATE = Phrase("no date")
# Doubts that other rows of the column can settle.
WHICH_FIRST = Phrase("the day or the month first: say which with --date-order dmy or mdy")
CUT_OCTOBER = Phrase(
    "January, or October without its 0, which spreadsheets cut: write it as 2024-10"
)
FROM_UNTIL = Phrase("from and until in one cell: give each a column of its own")
# Records of a county lie in these years; 0024 and 20224 are slips of the finger.
_YEARS = range(1900, 2200)

_MONTHS = (
    "jan(?:uary)?", "feb(?:ruary)?", "mar(?:ch)?", "apr(?:il)?", "may", "june?", "july?",
    "aug(?:ust)?", "sept?(?:ember)?", "oct(?:ober)?", "nov(?:ember)?", "dec(?:ember)?",
)  # fmt: skip
_MONTH_NUMBER = {name[:3]: number for number, name in enumerate(_MONTHS, 1)}
_NAME = "(" + "|".join(_MONTHS) + r")\b\.?"
_WEEKDAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_END = "(?![0-9])"

_YMD = re.compile(
    r"([0-9]{4})\s*(?:([-/.])\s*([0-9]{1,2})\s*\2\s*([0-9]{1,2})(?![0-9])"
    r"|年\s*([0-9]{1,2})\s*月\s*([0-9]{1,2})(?:\s*[日号]|(?![0-9])))"
)
_COMPACT = re.compile(r"([0-9]{4})([0-9]{2})([0-9]{2})" + _END)
_YEAR_LAST = re.compile(r"([0-9]{1,2})\s*([-/.])\s*([0-9]{1,2})\s*\2\s*([0-9]{4})" + _END)
_DAY_NAME_YEAR = re.compile(
    r"([0-9]{1,2})(?:st|nd|rd|th)?[-\s]+" + _NAME + r"[-\s,]+([0-9]{4})" + _END, re.IGNORECASE
)
_NAME_DAY_YEAR = re.compile(
    _NAME + r"\s+([0-9]{1,2})(?:st|nd|rd|th)?(?:,\s*|\s+)([0-9]{4})" + _END, re.IGNORECASE
)
_NAME_YEAR = re.compile(_NAME + r"[-\s,]+([0-9]{4})" + _END, re.IGNORECASE)
_YEAR_MONTH = re.compile(
    r"([0-9]{4})\s*(?:[-/.]\s*([0-9]{1,2})(?![0-9])|年\s*([0-9]{1,2})\s*月份?)"
)
_BEFORE = re.compile(r"(mon|tue|wed|thu|fri|sat|sun)[a-z]*\.?,?\s+", re.IGNORECASE)
_AFTER = re.compile(r"\s*(\()?(?:星期|礼拜|周)([一二三四五六日天])(?(1)\))")
_SHORT_YEAR = re.compile(
    r"[0-9]{1,2}([-/.])(?:[0-9]{1,2}|[a-z]{3})\1[0-9]{1,2}(?![0-9])|[0-9]{2}年", re.IGNORECASE
)
_TO = re.compile(
    r"[0-9日月号]\s*(?:(?:至|到|~|—+|–|--|to|until)\s*(?:[0-9今]|现)"
    r"|-\s*(?:19|20|21)[0-9]{2}(?![0-9]))",
    re.IGNORECASE,
)


@dataclass(frozen=True, slots=True)
class Span:
    """The days that a text means: one, or those of a month."""

    first: date
    last: date


def side(text: str) -> Order | Literal["either"] | None:
    """Tell how a date with its year last can be read; None if it is no such date."""
    match = _YEAR_LAST.match(text)
    if match is None:
        return None
    one, other = int(match[1]), int(match[3])
    if one > 12 >= other:
        return "dmy"
    if other > 12 >= one:
        return "mdy"
    return None if one == other or one > 12 else "either"


def take(text: str, order: Order | None) -> tuple[Span, str] | Phrase:
    """Read the days at the start of a text, and return them with what is left of it.

    ``order`` is that of dates with their year last, None where it is not known: one that can be
    read in two ways is then refused.
    """
    weekday = _BEFORE.match(text)
    if weekday:
        text = text[weekday.end() :]
    found = _day(text, order) or _month(text)
    if found is None:
        return why_not(text)
    if isinstance(found, Phrase):
        return found
    span, rest = found
    named = _WEEKDAYS.index(weekday[1].lower()) if weekday else None
    after = _AFTER.match(rest)
    if after:
        named, rest = min("一二三四五六日天".index(after[2]), 6), rest[after.end() :]
    if named is not None and (span.first != span.last or span.first.weekday() != named):
        return Phrase("the day of the week is another")
    return span, rest


def why_not(text: str) -> Phrase:
    """Return why a text is no date, as far as that can be told."""
    if _TO.search(text):
        return FROM_UNTIL
    if _SHORT_YEAR.match(text):
        return Phrase("the year needs four digits")
    return NO_DATE


def _day(text: str, order: Order | None) -> tuple[Span, str] | Phrase | None:
    if match := _YMD.match(text):
        return _span(match, match[1], match[3] or match[5], match[4] or match[6])
    if match := _COMPACT.match(text):
        return _span(match, match[1], match[2], match[3])
    if match := _YEAR_LAST.match(text):
        known = side(text)
        known = order if known == "either" else known or "dmy"
        if known is None:
            return WHICH_FIRST
        if order is not None and known != order and match[1] != match[3]:
            return Phrase("not in the order {order}", {"order": order})
        day, month = (match[1], match[3]) if known == "dmy" else (match[3], match[1])
        return _span(match, match[4], month, day)
    if match := _DAY_NAME_YEAR.match(text):
        return _span(match, match[3], _number(match[2]), match[1])
    if match := _NAME_DAY_YEAR.match(text):
        return _span(match, match[3], _number(match[1]), match[2])
    return None


def _month(text: str) -> tuple[Span, str] | Phrase | None:
    if match := _NAME_YEAR.match(text):
        return _span(match, match[2], _number(match[1]), None)
    if match := _YEAR_MONTH.match(text):
        return _span(match, match[1], match[2] or match[3], None)
    return None


def _number(name: str) -> str:
    return str(_MONTH_NUMBER[name[:3].lower()])


def _span(
    match: re.Match[str], year: str, month: str, day: str | None
) -> tuple[Span, str] | Phrase:
    """Return the days that three numbers name, and what follows them in the text."""
    y, m = int(year), int(month)
    if y not in _YEARS:
        return Phrase("the year is not between 1900 and 2199")
    if not 1 <= m <= 12:
        return Phrase("there is no month {month}", {"month": m})
    days = monthrange(y, m)[1]
    if day is not None and not 1 <= int(day) <= days:
        return Phrase("that month has no day {day}", {"day": int(day)})
    span = Span(date(y, m, int(day or 1)), date(y, m, int(day or days)))
    return span, match.string[match.end() :]
