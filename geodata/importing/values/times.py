"""Days and instants in the cells of lists: texts, and the numbers that spreadsheets keep for them.

A cell is read to its last character or not at all: what does not fit comes back as the reason.
"""

from __future__ import annotations

import re
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, time, timedelta, tzinfo

from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.importing.values import days, hours
from geodata.importing.values.days import Order, Span
from geodata.importing.values.folding import narrow
from geodata.language.phrases import Phrase

_NUMERALS = re.compile("[〇○零一二三四五六七八九十]+(?=[年月日号时時点點分秒])")
_DIGIT = {
    **{letter: str(value) for value, letter in enumerate("〇一二三四五六七八九")},
    "○": "0",
    "零": "0",
}
_SERIAL = re.compile(r"[0-9]{5}(?:\.[0-9]+)?")
# What a spreadsheet counts in days. Before 1970 it is more likely another number: 20241 is 2024-1.
_COUNTED = range(1970, 2100)
_EPOCH, _EPOCH_1904 = date(1899, 12, 30), date(1904, 1, 1)
DAYS_TO_1904 = (_EPOCH_1904 - _EPOCH).days
_PACKED = re.compile(r"([0-9]{8})[T ]?([0-9]{2})([0-9]{2})([0-9]{2})?(?![0-9])")
_CUT_OCTOBER = re.compile(r"[0-9]{4}\.1")
_SEPARATOR = re.compile(r"\s*,?\s+|T|", re.IGNORECASE)
_CHINA_FIRST = re.compile(r"(北京时间)\s*[:,]?\s*")
_MACHINE = re.compile(
    r"(?:19|20|21)[0-9]{2}-[0-9]{2}-[0-9]{2}[ T][0-9]{2}:[0-9]{2}:[0-9]{2}"
    r"(?:\.(?:[0-9]{3}|[0-9]{6}))?(?:Z|[+-]0[0-9]:00)?"
)
_UNTIL = re.compile(r"-[0-9]{1,2}:")
_OPEN = {"至今", "今", "现任", "在任", "在职", "长期", "present", "9999-12-31", "9999/12/31"}


@dataclass(frozen=True, slots=True)
class Conventions:
    """How the times of a list are to be read where they do not say it themselves.

    ``zone`` is that of times which name none: the county's, or what was ``told`` for this list.
    ``is_1904`` is how old Macs count days. ``keeps_zeros``: 2024.10 has not become 2024.1.
    """

    told: tzinfo | None = None
    order: Order | None = None
    is_1904: bool = False
    keeps_zeros: bool = False
    zone: tzinfo = field(init=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "zone", self.told or clock.zone())


@dataclass(frozen=True, slots=True)
class Moment:
    """A day, or a time of a day; ``at`` is without a zone where the text names none."""

    day: date
    at: datetime | None = None
    is_end: bool = False


def told_zone(text: str | None) -> tzinfo | None:
    """Read --zone. Raises InvalidInputError if it is no zone."""
    if not text:
        return None
    zone = hours.read_zone(text, datetime.combine(date(2000, 1, 1), time()), None)
    if isinstance(zone, Phrase):
        raise InvalidInputError(
            "--zone: “{zone}” is no time zone.",
            hint="Write Asia/Shanghai, +08:00 or UTC.",
            zone=text,
        )
    return zone


def is_open(text: str) -> bool:
    """Whether a text says that a term has no end yet."""
    return text.lower() in _OPEN


def read_days(value: object, ways: Conventions) -> Span | Phrase:
    """Read the days that a cell names: one, or all of a month."""
    text = plain(str(value))
    found = _serial(text, ways.is_1904)
    if isinstance(found, datetime):
        return Span(found.date(), found.date())
    if isinstance(found, Phrase):
        return found
    if _CUT_OCTOBER.fullmatch(text) and (isinstance(value, float) or not ways.keeps_zeros):
        return days.CUT_OCTOBER
    taken = days.take(text, ways.order)
    if isinstance(taken, Phrase):
        # 20260302150500 is a day with its time.
        packed = _moment(text, ways) if _PACKED.match(text) else taken
        return packed if isinstance(packed, Phrase) else _day_of(packed, ways)
    if not taken[1]:
        return taken[0]
    moment = _moment(text, ways)
    if isinstance(moment, Phrase):
        return days.why_not(text)
    return _day_of(moment, ways)


def read_instant(value: object, ways: Conventions, *, day_ends: bool = False) -> datetime | Phrase:
    """Read a cell as an instant with a zone.

    A day alone is its first second; with ``day_ends`` its last, as a deadline means it.
    """
    text = plain(str(value))
    if _MACHINE.fullmatch(text):
        # The plainest form, of long lists, in a sixth of the time. What it refuses gets its reason.
        with suppress(ValueError):
            at = datetime.fromisoformat(text)
            return at if at.tzinfo else _placed(at, ways.zone)
    found = _serial(text, ways.is_1904)
    if isinstance(found, Phrase):
        return found
    if isinstance(found, datetime):
        is_day = "." not in text
        moment = Moment(found.date()) if is_day else Moment(found.date(), found)
    else:
        read = _moment(text, ways)
        if isinstance(read, Phrase):
            return read
        moment = read
    if moment.at is None:
        at = datetime.combine(moment.day, time(23, 59, 59) if day_ends else time())
        return at.replace(tzinfo=ways.zone)
    return moment.at if moment.at.tzinfo else _placed(moment.at, ways.zone)


def plain(text: str) -> str:
    """Return a text with narrow digits, and Chinese numerals as digits."""
    text = text.strip()
    if text.isascii():
        return text
    text = narrow(text).strip()
    return _NUMERALS.sub(lambda match: _digits(match[0]), text)


def _digits(numerals: str) -> str:
    """Return 二〇二四 as 2024 and 二十三 as 23; what is neither stays."""
    if "十" not in numerals:
        return "".join(_DIGIT[letter] for letter in numerals)
    tens, _, ones = numerals.partition("十")
    if len(tens) > 1 or len(ones) > 1 or ones == "十":
        return numerals
    return f"{_DIGIT.get(tens, '1')}{_DIGIT.get(ones, '0')}"


def _serial(text: str, is_1904: bool) -> datetime | Phrase | None:
    """Return the local time that a spreadsheet counts in days, None if it is no such number."""
    if not _SERIAL.fullmatch(text):
        return None
    whole, _, fraction = text.partition(".")
    seconds = float(f"0.{fraction or 0}") * 86400
    if fraction and len(fraction) < 5 and seconds % 60:
        return Phrase("a number of days that was cut: its time is not exact")
    start = datetime.combine(_EPOCH_1904 if is_1904 else _EPOCH, time())
    found = start + timedelta(days=int(whole), seconds=round(seconds))
    return found if found.year in _COUNTED else days.NO_DATE


def _moment(text: str, ways: Conventions) -> Moment | Phrase:
    """Read a day with or without a time and a zone."""
    china = _CHINA_FIRST.match(text)
    if china:
        text = text[china.end() :]
    packed = _PACKED.match(text)
    if packed:
        rest = text[packed.end() :]
        seconds = f":{packed[4]}" if packed[4] else ""
        text = f"{packed[1]} {packed[2]}:{packed[3]}{seconds}{rest}"
    taken = days.take(text, ways.order)
    if isinstance(taken, Phrase):
        return taken if taken != days.NO_DATE else hours.NO_TIME
    span, rest = taken
    if span.first != span.last:
        return Phrase("a month, without its day")
    separator = _SEPARATOR.match(rest)
    between = separator[0] if separator else ""
    rest = rest[len(between) :]
    if not rest:
        return Moment(span.first) if not between and not china else hours.NO_TIME
    read = hours.take_clock(rest)
    if isinstance(read, Phrase):
        return days.why_not(text) if days.why_not(text) != days.NO_DATE else read
    time_of_day, left = read
    zone = china[1] if china else left.strip()
    if china and left:
        return hours.NO_TIME
    # 09:00-11:00 is from when until when; as a zone it stands behind seconds or in ISO 8601.
    is_iso = time_of_day.has_seconds or between.upper() == "T"
    if _UNTIL.match(zone) and not is_iso:
        return days.FROM_UNTIL
    return _zoned(span.first, time_of_day, zone, ways)


def _zoned(day: date, read: hours.Clock, zone: str, ways: Conventions) -> Moment | Phrase:
    """Put day, time and the text of a zone together."""
    local = datetime.combine(day, time(read.hour, read.minute, read.second, read.microsecond))
    if read.is_end:
        local += timedelta(days=1)
    if not zone:
        return Moment(day, local, read.is_end)
    found = hours.read_zone(zone, local, ways.told)
    if isinstance(found, Phrase):
        return found
    at = _placed(local, found, zone.upper())
    return at if isinstance(at, Phrase) else Moment(day, at, read.is_end)


def _placed(local: datetime, zone: tzinfo, letters: str = "") -> datetime | Phrase:
    """Return a local time in its zone; a change of the clocks may skip or repeat it.

    Of a repeated one the ``letters`` of the zone (CDT, CST) tell which is meant.
    """
    first, second = local.replace(tzinfo=zone), local.replace(tzinfo=zone, fold=1)
    before, after = first.utcoffset(), second.utcoffset()
    if before is None or after is None or before == after:
        return first
    if before < after:
        return Phrase("the clocks were put forward over this time")
    for each in (first, second):
        if each.tzname() == letters:
            # Times of one zone are compared by the clock, which cannot tell these two apart.
            return each.astimezone(UTC)
    return Phrase("the clocks were put back: this time came twice; add its zone, as +09:00")


def _day_of(moment: Moment, ways: Conventions) -> Span | Phrase:
    """Return the day of a moment, in the list's zone where it names another."""
    if moment.is_end:
        return Phrase("24:00 is of two days")
    at = moment.at
    day = at.astimezone(ways.zone).date() if at is not None and at.tzinfo else moment.day
    return Span(day, day)
