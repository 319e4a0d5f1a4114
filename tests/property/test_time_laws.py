"""Every instant that is written in an accepted style is read back exactly, and nothing more is."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, time, timedelta, timezone

import pytest
from hypothesis import given
from hypothesis import strategies as st

from geodata.importing.values.times import Conventions, read_days, read_instant
from geodata.language.phrases import Phrase

MONTHS = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")
NUMERALS = "〇一二三四五六七八九"
HALVES = {"下午": range(12, 24), "上午": range(12), "晚上": range(17, 24), "凌晨": range(7)}


def chinese(number: int) -> str:
    """Return a number below 100 as it is spoken: 二十三."""
    tens, ones = divmod(number, 10)
    if not tens:
        return NUMERALS[ones]
    return f"{NUMERALS[tens] if tens > 1 else ''}十{NUMERALS[ones] if ones else ''}"


DAYS: dict[str, Callable[[date], str]] = {
    "iso": lambda d: d.isoformat(),
    "slashes": lambda d: f"{d.year}/{d.month}/{d.day}",
    "dots": lambda d: f"{d.year}.{d.month}.{d.day}",
    "packed": lambda d: f"{d:%Y%m%d}",
    "chinese": lambda d: f"{d.year}年{d.month}月{d.day}日",
    "wide": lambda d: "".join(chr(ord(c) + 0xFEE0) for c in d.isoformat()),
    "numerals": lambda d: (
        "".join(NUMERALS[int(c)] for c in str(d.year)) + f"年{chinese(d.month)}月{chinese(d.day)}日"
    ),
    "english": lambda d: f"{d.day} {MONTHS[d.month - 1]} {d.year}",
    "american": lambda d: f"{MONTHS[d.month - 1]} {d.day}, {d.year}",
    "day first": lambda d: f"{d.day:02}/{d.month:02}/{d.year}",
    "weekday": lambda d: f"{d.year}年{d.month}月{d.day}日 星期{'一二三四五六日'[d.weekday()]}",
    "serial": lambda d: str((d - date(1899, 12, 30)).days),
}
CLOCKS: dict[str, Callable[[time], str]] = {
    "24 hours": lambda t: f"{t:%H:%M:%S}",
    "short": lambda t: f"{t.hour}:{t:%M:%S}",
    "AM/PM": lambda t: f"{t.hour % 12 or 12}:{t:%M:%S} {'PM' if t.hour >= 12 else 'AM'}",
    "上午/下午": lambda t: f"{'下午' if t.hour >= 12 else '上午'}{t.hour % 12 or 12}:{t:%M:%S}",
    "spoken": lambda t: f"{t.hour}时{t.minute}分{t.second}秒",
    "wide": lambda t: f"{t:%H：%M：%S}",
}
ZONES: dict[str, tuple[timezone, str]] = {
    "none": (timezone(timedelta(hours=8)), ""),
    "Z": (UTC, "Z"),
    "UTC": (UTC, " UTC"),
    "+0000": (UTC, " +0000"),
    "GMT+1": (timezone(timedelta(hours=1)), " GMT+1"),
    "-03:30": (timezone(-timedelta(hours=3, minutes=30)), "-03:30"),
    "+08:00": (timezone(timedelta(hours=8)), "+08:00"),
    "北京时间": (timezone(timedelta(hours=8)), " 北京时间"),
}
# Years without summer time in China, so that every local time is one instant.
days = st.dates(date(1992, 1, 1), date(2099, 12, 30))
moments = st.builds(datetime.combine, days, st.times().map(lambda at: at.replace(microsecond=0)))
# What can stand at either end of a text without being part of it. Digits are tried apart.
strangers = st.sampled_from(
    "xX左右至~!?#%&*=_|/\\;:'\"<>()[]{}@$^`—…，。、；：“”约前后\u200b\ufeff"
)


def written(day: str, clock: str, zone: str, at: datetime) -> str:
    """Write an instant in a style of each; letters keep a space between them, as people do."""
    text, letters = f"{DAYS[day](at.date())} {CLOCKS[clock](at.time())}", ZONES[zone][1]
    return f"{text} {letters}" if text[-1] == "M" and letters == "Z" else f"{text}{letters}"


@pytest.mark.parametrize("style", DAYS)
@given(day=days)
def test_a_day_is_read_back(style: str, day: date) -> None:
    found = read_days(DAYS[style](day), Conventions(order="dmy"))
    assert not isinstance(found, Phrase), (DAYS[style](day), str(found))
    assert (found.first, found.last) == (day, day)


@pytest.mark.parametrize("style", DAYS)
@given(day=days, stranger=strangers, in_front=st.booleans())
def test_a_day_with_anything_more_is_refused(
    style: str, day: date, stranger: str, in_front: bool
) -> None:
    text = DAYS[style](day)
    text = f"{stranger}{text}" if in_front else f"{text}{stranger}"
    assert isinstance(read_days(text, Conventions(order="dmy")), Phrase), text


@pytest.mark.parametrize("style", [name for name in DAYS if name != "serial"])
@given(day=days, digit=st.integers(0, 9))
def test_a_digit_behind_a_day_is_never_dropped(style: str, day: date, digit: int) -> None:
    text = f"{DAYS[style](day)}{digit}"
    found = read_days(text, Conventions(order="dmy"))
    # 2024-3-1 and a digit are another day, 2024-3-15, if there is one.
    if not isinstance(found, Phrase):
        assert style in {"slashes", "dots"}
        assert text == DAYS[style](found.first)


@pytest.mark.parametrize("zone", ZONES)
@pytest.mark.parametrize("clock", CLOCKS)
@given(day=st.sampled_from([name for name in DAYS if name != "serial"]), at=moments)
def test_an_instant_is_read_back(day: str, clock: str, zone: str, at: datetime) -> None:
    offset, _ = ZONES[zone]
    text = written(day, clock, zone, at)
    found = read_instant(text, Conventions(order="dmy"))
    assert found == at.replace(tzinfo=offset), (text, str(found))


@pytest.mark.parametrize("clock", CLOCKS)
@given(
    day=st.sampled_from([name for name in DAYS if name != "serial"]),
    zone=st.sampled_from(list(ZONES)),
    at=moments,
    stranger=strangers | st.sampled_from("0123456789"),
)
def test_an_instant_with_anything_more_is_refused(
    day: str, clock: str, zone: str, at: datetime, stranger: str
) -> None:
    text = f"{written(day, clock, zone, at)}{stranger}"
    found = read_instant(text, Conventions(order="dmy"))
    # GMT+1 and a digit are another zone, GMT+10.
    if zone == "GMT+1" and stranger in "01234":
        assert found == at.replace(tzinfo=timezone(timedelta(hours=10 + int(stranger))))
    else:
        assert isinstance(found, Phrase), (text, str(found))


@given(at=moments, digits=st.integers(9, 14))
def test_a_number_of_days_is_read_back(at: datetime, digits: int) -> None:
    number = (at - datetime.combine(date(1899, 12, 30), time())) / timedelta(days=1)
    found = read_instant(f"{number:.{digits}f}", Conventions())
    assert found == at.replace(tzinfo=timezone(timedelta(hours=8)))


# China had summer time from 1986 to 1991, and in the fall of each year an hour twice.
@given(
    at=st.builds(
        datetime.combine,
        st.dates(date(1949, 10, 1), date(1991, 12, 31))
        | st.sampled_from(
            [date(1986, 5, 4), date(1986, 9, 14), date(1991, 4, 14), date(1991, 9, 15)]
        ),
        st.times(time(0), time(3, 30)).map(lambda at: at.replace(microsecond=0)),
    )
)
def test_a_local_time_is_one_instant_or_refused(at: datetime) -> None:
    found = read_instant(at.isoformat(" "), Conventions())
    folds = {at.replace(tzinfo=Conventions().zone, fold=fold).astimezone(UTC) for fold in (0, 1)}
    assert (len(folds) == 2) == isinstance(found, Phrase)
    if isinstance(found, datetime):
        assert {found.astimezone(UTC)} == folds


@given(word=st.sampled_from(list(HALVES)), hour=st.integers(1, 12), minute=st.integers(0, 59))
def test_a_word_for_a_part_of_the_day_puts_the_hour_there(
    word: str, hour: int, minute: int
) -> None:
    found = read_instant(f"2026-03-02 {word}{hour}:{minute:02}", Conventions())
    if isinstance(found, datetime):
        assert found.hour in HALVES[word]
        assert (found.hour % 12, found.minute) == (hour % 12, minute)
        assert found.date() == date(2026, 3, 2)
