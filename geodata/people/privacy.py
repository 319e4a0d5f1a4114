"""What free text should not hold: numbers that lead to a person."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date
from typing import Literal

from geodata.database import clock

Kind = Literal["identity_number", "mobile_number", "landline_number"]


@dataclass(frozen=True, slots=True)
class Finding:
    """A number of a person in a text: ``text[start:end]``."""

    kind: Kind
    start: int
    end: int


# One character for one, so that places in the text stay: full-width forms, dashes, blanks.
_PLAIN = str.maketrans(
    "０１２３４５６７８９Ｘｘ＋－‐‑‒–—−（）．￥\u3000\u00a0\u2009\u200b\u2060\ufeff\t",
    "0123456789Xx+-------().¥       ",
)
# Provinces, and the three numbers under which people of Hong Kong, Macau and Taiwan have one.
_PROVINCE = r"(?:1[1-5]|2[1-3]|3[1-7]|4[1-6]|5[0-4]|6[1-5]|71|8[1-3])"
# Neither inside a longer number nor behind a decimal point.
# No number of a person has fewer digits, or more than two characters between two of them.
_ENOUGH = re.compile(r"(?:[0-9][^0-9]{0,2}){10}[0-9]")
_START = r"(?<![0-9])(?<![0-9]\.)"
# Looked for ahead, so that the number of a list ("1 3415…") does not hide the one behind it.
_IDENTITY = re.compile(_START + r"(?=((?:[0-9][ -]?){17}[0-9Xx])(?![0-9Xx]))")
_OLD_IDENTITY = re.compile(
    _START + rf"{_PROVINCE}[0-9]{{4}}(?P<gap>[ -]?)(?P<birth>[0-9]{{6}})(?P=gap)[0-9]{{3}}"
    r"(?![0-9])(?!\.[0-9])"
)
_ABROAD = r"(?:(?:\+|00)?86\)?[ -]?)?"
_MOBILE = re.compile(
    # A single letter before or behind is one of a hexadecimal number.
    rf"{_START}(?<![0-9][A-Fa-f])"
    rf"(?:{_ABROAD}1[3-9][0-9]{{9}}|(?<![0-9]-){_ABROAD}1[3-9][0-9][ -][0-9]{{4}}[ -][0-9]{{4}})"
    # Tables kept as decimals write 13800000000.0.
    r"(?![0-9])(?![A-Fa-f](?![A-Za-z]))(?!\.[0-9]*[1-9])"
)
_LANDLINE = re.compile(
    rf"{_START}(?<![0-9]-)"
    r"(?P<lead>(?:\+|00)86[ -]?\(?0?|\(?0)"
    r"(?:(?:10|2[0-57-9])(?P<gap3>\)[ -]?|[ -]?)(?P<local3>[2-8][0-9]{3}[ -]?[0-9]{4})"
    r"|[3-9][0-9]{2}(?P<gap4>\)[ -]?|[ -]?)(?P<local4>[2-8][0-9]{2,3}[ -]?[0-9]{4}))"
    r"(?![0-9])(?!\.[0-9])"
)
_DAY = re.compile(r"(?:19|20)[0-9]{2}(?:0[1-9]|1[0-2])(?:0[1-9]|[12][0-9]|3[01])")
_MONEY = re.compile(r"(?:[¥$€£]|RMB|CNY|人民币|金额)[:：为约 ]{0,2}$", re.IGNORECASE)
_UNIT = re.compile(
    r"(?:\.0+)? ?(?:[万亿]?[美港欧日]?元|吨|公斤|公里|平方|立方|千瓦|㎡)|(?:\.0+)? ?(?:RMB|CNY)",
    re.IGNORECASE,
)
# The last of these words before a number says what it is.
_NEARBY = 12
_SAYS_WHAT = re.compile(
    r"(?P<identity>身份|证件|证号|(?<![a-z])id(?![a-z])|identity|sfz)"
    r"|(?P<code>网格|代码|编码|编号|区划|grid|code)"
    r"|(?P<phone>电话|座机|固话|热线|传真|联系|tel|phone|fax)",
    re.IGNORECASE,
)
# Numbers of 15 digits hold a birthday of 1900 to 1999 where codes of grids have town and community.
# Towns are numbered up to 5xx (GB/T 10114), so a birthday from 1960 on is not one of those.
_FIRST_CLEAR_YEAR = 60


def findings(text: str) -> list[Finding]:
    """Return the identity and phone numbers in a text, in their order; none overlap."""
    plain = text.translate(_PLAIN)
    if _ENOUGH.search(plain) is None:
        return []
    taken: list[Finding] = []
    # What is surest comes first: the digits of an identity number may look like a phone's.
    for number in (
        *_identity_numbers(plain),
        *_old_identity_numbers(plain),
        *_mobile_numbers(plain),
        *_landline_numbers(plain),
    ):
        if all(number.end <= other.start or other.end <= number.start for other in taken):
            taken.append(number)
    return sorted(taken, key=lambda number: number.start)


def masked(text: str) -> str:
    """Return a text with asterisks in place of each number that ``findings`` names."""
    for number in reversed(findings(text)):
        text = f"{text[: number.start]}****{text[number.end :]}"
    return text


def _identity_numbers(plain: str) -> Iterator[Finding]:
    today = clock.today()
    for match in _IDENTITY.finditer(plain):
        digits = re.sub("[ -]", "", match[1]).upper()
        if re.match(_PROVINCE, digits) is None or _checksum(digits) != 1:
            continue
        born = _day(int(digits[6:10]), int(digits[10:12]), int(digits[12:14]))
        if born is not None and born.year >= 1900 and born <= today:
            yield Finding("identity_number", match.start(1), match.end(1))


def _checksum(digits: str) -> int:
    """Return what GB 11643 has to be 1: the digits by their weights, modulo 11."""
    values = [10 if digit == "X" else int(digit) for digit in digits]
    return sum(value << (17 - place) for place, value in enumerate(values)) % 11


def _old_identity_numbers(plain: str) -> Iterator[Finding]:
    for match in _OLD_IDENTITY.finditer(plain):
        birth = match["birth"]
        if _day(1900 + int(birth[:2]), int(birth[2:4]), int(birth[4:])) is None:
            continue
        said = _said_before(plain, match.start())
        if said == "identity" or (said != "code" and int(birth[:2]) >= _FIRST_CLEAR_YEAR):
            yield Finding("identity_number", match.start(), match.end())


def _mobile_numbers(plain: str) -> Iterator[Finding]:
    for match in _MOBILE.finditer(plain):
        is_amount = _MONEY.search(plain[: match.start()][-8:]) or _UNIT.match(plain, match.end())
        if not is_amount:
            yield Finding("mobile_number", match.start(), match.end())


def _landline_numbers(plain: str) -> Iterator[Finding]:
    for match in _LANDLINE.finditer(plain):
        gap = match["gap3"] or match["gap4"] or ""
        local = match["local3"] or match["local4"]
        # Digits in one piece may be any code that begins with 0, unless a word says otherwise.
        if not gap and "86" not in match["lead"] and _said_before(plain, match.start()) != "phone":
            continue
        if match["lead"] == "0" and gap == " " and _DAY.fullmatch(local):
            continue
        yield Finding("landline_number", match.start(), match.end())


def _said_before(plain: str, start: int) -> str | None:
    """Return which kind of word stands last before a place: identity, code, phone or none."""
    kind = None
    for match in _SAYS_WHAT.finditer(plain, max(0, start - _NEARBY), start):
        kind = match.lastgroup
    return kind


def _day(year: int, month: int, day: int) -> date | None:
    try:
        return date(year, month, day)
    except ValueError:
        return None
