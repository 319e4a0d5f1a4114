"""Days and instants in the cells of lists: read as they are meant, or refused with the reason."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import openpyxl
import pytest
from openpyxl.utils.datetime import CALENDAR_MAC_1904

from geodata.errors import InvalidInputError
from geodata.importing.files import tables
from geodata.importing.files.requests import ROWS, FileRequest, TableRequest
from geodata.importing.values.rows import Sheet
from geodata.importing.values.times import Conventions, read_days, read_instant, told_zone
from geodata.language.phrases import Phrase

SHANGHAI = ZoneInfo("Asia/Shanghai")


def of_column(values: list[object], ways: Conventions | None = None) -> Sheet:
    return Sheet(["日期"], [[value] for value in values], 2, {"at": 0}, ways=ways or Conventions())


def local(
    year: int, month: int, day: int, hour: int = 0, minute: int = 0, second: int = 0
) -> datetime:
    return datetime(year, month, day, hour, minute, second, tzinfo=SHANGHAI)


@pytest.mark.parametrize(
    "value",
    [
        "2024-3-5", "2024/03/05", "2024.3.5", "2024.03.05", "20240305", 20240305, 45356, "45356",
        "2024年3月5日", "2024年3月5号", "2024年3月5", "2024 年 3 月 5 日", "２０２４／３／５",
        "２０２４年３月５日", "二〇二四年三月五日", "二零二四年三月五日", "2024年三月五日",
        "2024年3月5日 星期二", "2024-03-05（周二）", "Tue, 5 Mar 2024", "5 March 2024",
        "05-Mar-2024", "Mar 5, 2024", "March 5th, 2024", "2024-03-05 00:00:00", "20240305120000",
        "2024-03-05T00:00:00", "2024-03-04T16:00:00Z", " 2024-03-05 ", "2024-03-05\u3000", 45356.0,
        "5 Mar 2024",
    ],
)  # fmt: skip
def test_a_day_in_every_style(value: object) -> None:
    sheet = of_column([value])
    assert sheet.day(0, "at") == sheet.last_day(0, "at") == date(2024, 3, 5)
    assert not sheet.findings


@pytest.mark.parametrize(
    "value",
    [
        "2024.2",
        2024.2,
        "2024-2",
        "2024/02",
        "2024年2月",
        "2024年2月份",
        "二〇二四年二月",
        "Feb 2024",
    ],
)
def test_a_month_is_its_first_day_as_a_start_and_its_last_as_an_end(value: object) -> None:
    sheet = of_column([value])
    assert sheet.day(0, "at") == date(2024, 2, 1)
    assert sheet.last_day(0, "at") == date(2024, 2, 29)


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("2026-03-123", "no date"),
        ("2026-03-12x", "no date"),
        ("2024.3.5.", "no date"),
        ("2024年3月1日至2026年2月28日", "one cell"),
        ("2024-03-01~2026-02-28", "one cell"),
        ("2024.3-2026.2", "one cell"),
        ("2024/3/5-2025/3/4", "one cell"),
        ("2024年3月至今", "one cell"),
        ("2024-02-30", "no day 30"),
        ("2024-13-01", "no month 13"),
        ("0024-03-01", "1900 and 2199"),
        ("24/3/5", "four digits"),
        ("5-Mar-24", "four digits"),
        ("2024年3月5日 星期三", "day of the week"),
        ("2024-03-05 左右", "no date"),
        ("2024-03-05 24:00", "two days"),
        ("2024", "no date"),
        ("20241", "no date"),
        ("202403", "no date"),
        ("12345", "no date"),
        ("341525102001", "1900 and 2199"),
        ("²⁰²⁴-03-05", "no date"),
        ("٢٠٢٤-٠٣-٠٥", "no date"),
        ("2024.1", "October"),
        (2024.1, "October"),
        (True, "no date"),
    ],
)
def test_no_day_is_taken_out_of_a_text(value: object, reason: str) -> None:
    sheet = of_column([value])
    assert sheet.day(0, "at") is None
    assert reason in sheet.findings[0].line()
    assert sheet.bad == {0}


def test_a_term_without_an_end() -> None:
    sheet = of_column(["至今", "长期", "9999-12-31", "Present", ""])
    assert [sheet.last_day(row, "at") for row in range(5)] == [None] * 5
    assert not sheet.findings
    assert sheet.day(0, "at") is None
    assert sheet.findings


def test_the_zero_of_october_is_seen_in_the_column() -> None:
    kept = of_column(["2024.1", "2024.10"])
    assert [kept.day(row, "at") for row in range(2)] == [date(2024, 1, 1), date(2024, 10, 1)]
    # A number has no zero to keep, whatever texts stand beside it.
    cut = of_column([2024.1, "2024.10"])
    assert cut.day(0, "at") is None
    assert cut.day(1, "at") == date(2024, 10, 1)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2026/3/2 下午 3:05", (15, 5)),
        ("2026/3/2 下午3：05", (15, 5)),
        ("2026/3/2 下午三点零五分", (15, 5)),
        ("2026/3/2 3:05:00 PM", (15, 5)),
        ("2026-3-2 3:05 p.m.", (15, 5)),
        ("2026-03-02 PM 3:05", (15, 5)),
        ("March 2, 2026 3:05 PM", (15, 5)),
        ("2026/3/2 15:05", (15, 5)),
        ("2026年3月2日15时05分", (15, 5)),
        ("2026-03-02 15:05 PM", (15, 5)),
        ("2026-03-02 下午15:05", (15, 5)),
        ("202603021505", (15, 5)),
        ("20260302150500", (15, 5)),
        (20260302150500, (15, 5)),
        ("20260302T150500", (15, 5)),
        ("2026-03-02 15:05 北京时间", (15, 5)),
        ("2026年3月2日 15:05（北京时间）", (15, 5)),
        ("北京时间2026年3月2日15时05分", (15, 5)),
        ("2026-03-02 15:05 东八区", (15, 5)),
        ("2026-03-02T15:05:00+08:00", (15, 5)),
        ("2026-03-02 15:05:00+08", (15, 5)),
        ("2026-03-02 15:05 UTC+8", (15, 5)),
        ("2026-03-02 15:05 GMT+08:00", (15, 5)),
        ("2026-03-02T15:05+08:00[Asia/Shanghai]", (15, 5)),
        ("2026-03-02 16:05 Asia/Tokyo", (15, 5)),
        ("Mon Mar 02 2026 15:05:00 GMT+0800 (中国标准时间)", (15, 5)),
        ("Mon Mar 02 2026 15:05:00 GMT+0800 (CST)", (15, 5)),
        ("Mon, 02 Mar 2026 15:05:00 +0800", (15, 5)),
        ("2026-03-02 07:05:00 UTC", (15, 5)),
        ("2026-03-02T07:05:00Z", (15, 5)),
        ("2026-03-02T07:05:00.000Z", (15, 5)),
        ("2026/3/2 7:05:00 +0000", (15, 5)),
        ("2026-03-02 08:05 GMT+1", (15, 5)),
        ("2026-03-02 02:05:00-05", (15, 5)),
        ("2026-03-02 02:05 -0500", (15, 5)),
        (46083.6284722222, (15, 5)),
        ("46083.62847", (15, 5)),
        ("2026-03-02 12:20 AM", (0, 20)),
        ("2026-03-02 上午12:20", (0, 20)),
        ("2026-03-02 凌晨12:20", (0, 20)),
        ("2026-03-02 12:20 PM", (12, 20)),
        ("2026-03-02 中午12:20", (12, 20)),
        ("2026-03-02 中午1点", (13, 0)),
        ("2026年3月2日 上午9时10分", (9, 10)),
        ("2026年3月2日 早上7点半", (7, 30)),
        ("2026年3月2日 傍晚6点", (18, 0)),
        ("2026年3月2日 晚上9:30", (21, 30)),
        ("2026-03-02 3 PM", (15, 0)),
        ("2026-03-02", (0, 0)),
        (46083, (0, 0)),
    ],
)
def test_an_instant_in_every_style(text: object, expected: tuple[int, int]) -> None:
    found = read_instant(text, Conventions())
    assert found == local(2026, 3, 2, *expected)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2026-03-02 晚上12:30", "two ways"),
        ("2026-03-02 上午12点", "two ways"),
        ("2026-03-02 15:05 AM", "two ways"),
        ("2026-03-02 夜里2点", "no date and time"),
        ("2026-03-02 下午 3:05 PM", "two words"),
        ("2026-03-02 15:05 CST", "--zone"),
        ("2026-03-02 15:05 EST", "--zone"),
        ("2026-03-02T15:05+09:00[Asia/Shanghai]", "do not agree"),
        ("2026-03-02 15:05 +23:00", "no zone lies"),
        ("2026-03-02 15:05 ../../etc/passwd", "no date and time"),
        ("2026-03-02 09:00-11:00", "one cell"),
        ("2026-03-02 09:00 - 11:00", "no date and time"),
        ("2026-03-02 15", "no date and time"),
        ("2026-03-02 15:5", "no date and time"),
        ("2026-03-02 15:60", "no date and time"),
        ("2026-03-02 25:00", "no date and time"),
        ("2026-03-02 15:05 左右", "no date and time"),
        ("2026-03-02 下午", "no date and time"),
        ("2026-W10-1", "no date and time"),
        ("15:05", "no date and time"),
        ("2026年3月", "without its day"),
        ("46083.63", "not exact"),
        ("1986-05-04 02:30", "put forward"),
        ("1986-09-14 01:30", "put back"),
        ("1986-05-04 02:30:00", "put forward"),
        ("2026-02-30 15:05:00", "no day 30"),
    ],
)
def test_no_instant_is_taken_out_of_a_text(text: str, reason: str) -> None:
    found = read_instant(text, Conventions())
    assert isinstance(found, Phrase)
    assert reason in str(found)


def test_times_that_came_twice_are_read_with_their_zone() -> None:
    summer = read_instant("1986-09-14 01:30 +09:00", Conventions())
    winter = read_instant("1986-09-14 01:30 +08:00", Conventions())
    assert summer == datetime(1986, 9, 13, 16, 30, tzinfo=UTC)
    assert winter == datetime(1986, 9, 13, 17, 30, tzinfo=UTC)
    # Outside of the hour that came twice the county's own summer time holds.
    assert read_instant("1986-07-01 12:00", Conventions()) == datetime(1986, 7, 1, 3, tzinfo=UTC)


def test_letters_of_a_zone_are_those_of_the_zone_that_was_told() -> None:
    chicago = Conventions(told_zone("America/Chicago"))
    found = [
        read_instant(f"2026-11-01 01:30 {letters}", chicago) for letters in ("CDT", "CST", "EST")
    ]
    assert found[:2] == [datetime(2026, 11, 1, hour, 30, tzinfo=UTC) for hour in (6, 7)]
    assert isinstance(found[2], Phrase)
    assert read_instant("2026-03-02 15:05 CST", Conventions(told_zone("Asia/Shanghai"))) == local(
        2026, 3, 2, 15, 5
    )


@pytest.mark.parametrize("text", ["America/Chicago", "-06:00", "UTC-6", "GMT-0600"])
def test_a_zone_can_be_told(text: str) -> None:
    found = read_instant("2026-03-02 15:05", Conventions(told_zone(text)))
    assert found == datetime(2026, 3, 2, 21, 5, tzinfo=UTC)


@pytest.mark.parametrize("text", ["Mars/Phobos", "CST", "8", "../x"])
def test_a_zone_that_is_none(text: str) -> None:
    with pytest.raises(InvalidInputError, match="is no time zone"):
        told_zone(text)


def test_a_day_alone_is_its_end_where_a_deadline_is_meant() -> None:
    assert read_instant("2026-03-02", Conventions(), day_ends=True) == local(2026, 3, 2, 23, 59, 59)
    assert read_instant("2026-03-02 24:00", Conventions()) == local(2026, 3, 3)


def test_one_row_settles_the_order_of_day_and_month() -> None:
    days = of_column(["03/04/2026", "25/04/2026", "05.06.2026"])
    assert [days.day(row, "at") for row in range(3)] == [
        date(2026, 4, 3), date(2026, 4, 25), date(2026, 6, 5)
    ]  # fmt: skip
    days.say_orders()
    assert "日期: the day stands first, as 25/04/2026 shows." in map(str, days.notes)
    months = of_column(["03/04/2026 3:05 PM", "4/25/2026 3:05 PM"])
    assert months.instant(0, "at") == local(2026, 3, 4, 15, 5)


@pytest.mark.parametrize(
    "values",
    [["03/04/2026", "05/06/2026"], ["03/04/2026", "05/06/2026", "25/04/2026", "04/25/2026"]],
)
def test_an_order_that_no_row_settles_is_asked_for_once(values: list[object]) -> None:
    sheet = of_column(values)
    assert [sheet.day(row, "at") for row in range(2)] == [None, None]
    assert [finding.kind for finding in sheet.findings] == ["unknown_order"]
    assert "in 2 rows, for example 03/04/2026, 05/06/2026" in sheet.findings[0].line()
    # The order is wanted for all rows: leaving these out is no answer.
    assert not sheet.bad


def test_what_is_shown_of_a_column_repeats_no_number_of_a_person() -> None:
    asked = of_column(["03/04/2026 13800000001"])
    asked.day(0, "at")
    assert "for example 03/04/2026 ****" in asked.findings[0].line()
    settled = of_column(["03/04/2026", "25/04/2026 13800000001"])
    settled.day(0, "at")
    settled.say_orders()
    assert [str(note) for note in settled.notes] == [
        "日期: the day stands first, as 25/04/2026 **** shows."
    ]


def test_an_order_that_is_told() -> None:
    sheet = of_column(["03/04/2026", "04/25/2026"], Conventions(order="mdy"))
    assert sheet.day(0, "at") == date(2026, 3, 4)
    assert sheet.day(1, "at") == date(2026, 4, 25)
    other = of_column(["04/25/2026", "03/03/2026"], Conventions(order="dmy"))
    assert other.day(0, "at") is None
    assert other.day(1, "at") == date(2026, 3, 3)


def test_days_counted_from_1904(tmp_path: Path) -> None:
    book = openpyxl.Workbook()
    book.epoch = CALENDAR_MAC_1904
    sheet = book.active
    assert sheet is not None
    sheet.append(["姓名", "日期", "数字"])
    sheet.append(["甲", date(2024, 3, 5), 43894])
    book.save(tmp_path / "mac.xlsx")
    headers = {"name": ["姓名"], "day": ["日期"], "number": ["数字"]}
    found = tables.read(TableRequest(FileRequest(str(tmp_path / "mac.xlsx")), headers), tmp_path)
    assert found["is_1904"] is True
    (line,) = (tmp_path / ROWS).read_text("utf-8").splitlines()
    _name, *values = json.loads(line)[3:]
    for value in values:
        read = read_days(value, Conventions(is_1904=True))
        assert not isinstance(read, Phrase)
        assert read.first == date(2024, 3, 5)
