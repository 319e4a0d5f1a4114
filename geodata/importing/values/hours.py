"""Times of day and time zones as lists write them: 下午3:05, 3:05 PM, 9时10分, 15:05:00+08:00, UTC.

A text is read to its last character or not at all: what does not fit comes back as the reason.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone, tzinfo
from functools import cache
from zoneinfo import ZoneInfo, available_timezones

from geodata.language.phrases import Phrase

NO_TIME = Phrase("no date and time")

_AM = {12: 0, **{hour: hour for hour in range(12)}}
_PM = {12: 12, **{hour: hour + 12 for hour in range(1, 12)}, **{h: h for h in range(13, 24)}}
_MORNING = {hour: hour for hour in range(4, 12)}
_EVENING = {**{hour: hour + 12 for hour in range(5, 12)}, **{h: h for h in range(17, 24)}}
# The hour of the day by the word beside it and the hour as it is written. What is not here can be
# meant in two ways (晚上12:30 is of this day or the next) or is a slip (AM 15:05): it is refused.
_HOURS: dict[str, Mapping[int, int]] = {
    "am": _AM,
    "pm": _PM,
    "上午": _AM,
    "下午": _PM,
    "午后": _PM,
    "凌晨": {12: 0, **{hour: hour for hour in range(7)}},
    "清晨": _MORNING,
    "早晨": _MORNING,
    "早上": _MORNING,
    "中午": {11: 11, 12: 12, 1: 13, 2: 14, 13: 13, 14: 14},
    "傍晚": {**{hour: hour + 12 for hour in range(4, 9)}, **{h: h for h in range(16, 21)}},
    "晚上": _EVENING,
    "晚间": _EVENING,
}
_CHINESE = "|".join(word for word in _HOURS if not word.isascii())
_CLOCK = re.compile(
    rf"(?:({_CHINESE}|[ap]m\b)\s*)?(?:"
    r"([0-9]{1,2}):([0-9]{2})(?::([0-9]{2})(?:[.,]([0-9]{1,9}))?)?"
    r"|([0-9]{1,2})[时時点點](?:整|(半)|([0-9]{1,2})(?:分(?:([0-9]{1,2})秒)?)?)?"
    r"|([0-9]{1,2})(?=\s*[ap]\.?m))"
    r"(?:\s*([ap])(?:m\b|\.m\.))?",
    re.IGNORECASE,
)
_OFFSET = re.compile(r"(UTC|GMT)?\s?([+-])([0-9]{1,2})(?::?([0-9]{2}))?", re.IGNORECASE)
_REMARK = re.compile(r"(.*?)\s*(?:\(([^()]+)\)|\[([^\[\]]+)\])")
_ZULU = {"z", "utc", "gmt", "ut", "世界时", "协调世界时", "格林尼治时间", "格林威治时间"}
_CHINA = {
    "北京时间", "中国时间", "中国标准时间", "china standard time", "beijing time", "china time",
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Clock:
    """A time of day; ``is_end`` is 24:00, the end of its day."""

    hour: int
    minute: int
    second: int = 0
    microsecond: int = 0
    is_end: bool = False
    has_seconds: bool = False


def take_clock(text: str) -> tuple[Clock, str] | Phrase:
    """Read the time at the start of a text, and return it with what is left of it."""
    match = _CLOCK.match(text)
    if match is None:
        return NO_TIME
    word, h, m, s, fraction, spoken, half, sm, ss, bare, letter = match.groups()
    if word and letter:
        return Phrase("two words for the half of the day")
    half_of_day = word.lower() if word else f"{letter.lower()}m" if letter else None
    hour, minute = int(h or spoken or bare), 30 if half else int(m or sm or 0)
    second = int(s or ss or 0)
    if minute > 59 or second > 59:
        return NO_TIME
    if half_of_day is not None:
        # 上午12点 is noon to one and midnight to another; programs write 上午12:20 for 0:20.
        doubtful = half_of_day == "上午" and hour == 12 and spoken is not None
        known = None if doubtful else _HOURS[half_of_day].get(hour)
        if known is None:
            shown = match[0].strip()
            return Phrase("{time} can be meant in two ways, or in none", {"time": shown})
        hour = known
    if hour == 24 and minute == second == 0 and not int(fraction or 0):
        return Clock(0, 0, is_end=True), text[match.end() :]
    if hour > 23:
        return NO_TIME
    # More digits than six are finer than what is stored.
    micro = int(fraction[:6].ljust(6, "0")) if fraction else 0
    return Clock(hour, minute, second, micro, has_seconds=bool(s or ss)), text[match.end() :]


def read_zone(text: str, moment: datetime, told: tzinfo | None) -> tzinfo | Phrase:
    """Return the zone that a text names. ``moment`` is the local time that it stands beside.

    Letters such as CST name several zones: they are taken for the zone that was ``told`` where that
    goes by them at the moment, and refused otherwise.
    """
    remark = _REMARK.fullmatch(text)
    if remark is None:
        return _zone(text.strip(), moment, told)
    inside = _zone((remark[2] or remark[3]).strip(), moment, told)
    if not remark[1]:
        return inside
    outside = _zone(remark[1], moment, told)
    # JavaScript writes GMT+0800 (CST), Java +08:00[Asia/Shanghai]: the two must agree.
    if isinstance(outside, Phrase):
        return outside
    if isinstance(inside, Phrase):
        return inside if remark[2].upper() != "CST" or _hours(outside, moment) != 8 else outside
    if _hours(inside, moment) != _hours(outside, moment):
        return Phrase("two zones that do not agree")
    return outside


def _hours(zone: tzinfo, moment: datetime) -> float:
    return (moment.replace(tzinfo=zone).utcoffset() or timedelta()) / timedelta(hours=1)


def _zone(text: str, moment: datetime, told: tzinfo | None) -> tzinfo | Phrase:
    plain = text.lower()
    if plain in _ZULU:
        return UTC
    if plain in _CHINA:
        return ZoneInfo("Asia/Shanghai")
    if plain in {"东八区", "东8区"}:
        return timezone(timedelta(hours=8))
    if match := _OFFSET.fullmatch(text):
        return _offset(match)
    if text in _names():
        return ZoneInfo(text)
    if re.fullmatch("[A-Za-z]{3,5}", text):
        if told is not None and text.upper() in _letters(told, moment):
            return told
        return Phrase("{zone} names several zones: say which with --zone", {"zone": text})
    return NO_TIME


def _letters(zone: tzinfo, moment: datetime) -> set[str]:
    return {moment.replace(tzinfo=zone, fold=fold).tzname() or "" for fold in (0, 1)}


def _offset(match: re.Match[str]) -> tzinfo | Phrase:
    name, sign, hours, minutes = match.groups()
    if not name and len(hours) < 2:
        return NO_TIME
    east = timedelta(hours=int(hours), minutes=int(minutes or 0))
    east = -east if sign == "-" else east
    if not timedelta(hours=-12) <= east <= timedelta(hours=14) or int(minutes or 0) % 15:
        return Phrase("no zone lies {offset} from UTC", {"offset": match[0]})
    return timezone(east)


@cache
def _names() -> frozenset[str]:
    return frozenset(name for name in available_timezones() if "/" in name)
