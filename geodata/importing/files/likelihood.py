"""How likely a text is as it was read: the sum of what each of its characters costs.

Costs are negative natural logarithms of rough frequencies: a character of Chinese place names
costs 7, another common one 10, one that hardly anybody uses 15. Bytes that were read in the wrong
encoding give texts of rare characters, which are dearer by some 4 for each character; so two or
three names tell encodings apart with odds of a thousand to one.
"""

from __future__ import annotations

import unicodedata
from functools import cache
from itertools import pairwise
from typing import Final

from geodata.importing.files.place_characters import PLACE_CHARACTERS

_ASCII: Final = 4.0
_PLACE: Final = 7.0
_COMMON: Final = 10.0
_RARE: Final = 15.0
_IMPOSSIBLE: Final = 30.0
_PUNCTUATION: Final = frozenset("，。、；：？！（）《》“”‘’【】〔〕—…·•‧～－／　々")
# Letters of western languages that come up in names at all.
_ACCENTS: Final = frozenset("éèêëàâäáãåæçîïíóôöòõøùûüúñßÉÈÀÂÄÅÆÇÍÎÓÔÖØÜÚÑœŒšžŠŽ")
# Two accents in a row in a western word, and a small letter beside a Chinese character.
_ADJACENT: Final = 3.0
_MIXED: Final = 4.0

CHINESE = "chinese"
UNICODE = "unicode"
JAPANESE = "japanese"
KOREAN = "korean"
WESTERN = "western"


def of_text(text: str, model: str) -> float:
    """Return what a text costs under a model of what its encoding is used for."""
    cost = sum(_of_letter(letter, model) for letter in text)
    if model == WESTERN:
        high = (one > "\x7f" and two > "\x7f" for one, two in pairwise(text) if _is_latin(one))
        return cost + _ADJACENT * sum(high)
    mixed = (
        (_is_small(one) and _is_han(two)) or (_is_han(one) and _is_small(two))
        for one, two in pairwise(text)
    )
    return cost + _MIXED * sum(mixed)


@cache
def _of_letter(letter: str, model: str) -> float:
    """Return what one character costs."""
    if letter < "\x7f":
        return _ASCII if letter >= " " or letter in "\t\r\n" else _IMPOSSIBLE
    if model == WESTERN:
        return _of_single_byte(letter)
    if model == KOREAN:
        return _of_korean(letter)
    point = ord(letter)
    if 0x4E00 <= point <= 0x9FFF:
        if letter in PLACE_CHARACTERS:
            return _PLACE
        return _COMMON if letter in common() else _RARE
    if letter in _PUNCTUATION:
        return _PLACE + 1
    if model == JAPANESE and 0x3041 <= point <= 0x30FE:
        return _PLACE - 1
    # Full-width letters and digits.
    if 0xFF01 <= point <= 0xFF5E:
        return _COMMON
    if model == UNICODE and unicodedata.category(letter) in {"Ll", "Lu", "Lo", "Lm", "Mn", "Mc"}:
        return _PLACE - 1 if letter in _ACCENTS else _COMMON - 1
    return _IMPOSSIBLE if _is_no_character(letter) else _RARE


def _of_single_byte(letter: str) -> float:
    """Return the cost of a character of an encoding that has a byte for each."""
    if letter in _ACCENTS:
        return 5.5
    if letter.isalpha():
        return 7.5 if _is_latin(letter) else 5.0
    return _IMPOSSIBLE if _is_no_character(letter) else 9.0


def _of_korean(letter: str) -> float:
    point = ord(letter)
    if 0xAC00 <= point <= 0xD7A3:
        return 7.5 if letter in _hangul() else _RARE
    if 0x4E00 <= point <= 0x9FFF:
        return 12.0
    return _IMPOSSIBLE if _is_no_character(letter) else _RARE


def _is_small(letter: str) -> bool:
    return "a" <= letter <= "z"


def _is_han(letter: str) -> bool:
    return "\u3400" <= letter <= "\u9fff"


def _is_latin(letter: str) -> bool:
    return ord(letter) < 0x250


def _is_no_character(letter: str) -> bool:
    """Whether a letter is for private use, a control, or none at all."""
    return unicodedata.category(letter) in {"Co", "Cc", "Cn"} or letter == "\ufffd"


@cache
def common() -> frozenset[str]:
    """Return the common characters: the first levels of GB 2312 (3,755) and of Big5 (5,401)."""
    mainland = (bytes([a, b]) for a in range(0xB0, 0xD8) for b in range(0xA1, 0xFF))
    trails = (*range(0x40, 0x7F), *range(0xA1, 0xFF))
    taiwan = (bytes([a, b]) for a in range(0xA4, 0xC6) for b in trails)
    first = "".join(pair.decode("gb2312", "ignore") for pair in mainland)
    second = "".join(pair.decode("big5", "ignore") for pair in taiwan)
    return frozenset(first + second)


@cache
def _hangul() -> frozenset[str]:
    """Return the 2,350 syllables of KS X 1001, which are nearly all that are written."""
    pairs = (bytes([a, b]) for a in range(0xB0, 0xC9) for b in range(0xA1, 0xFF))
    return frozenset("".join(pair.decode("euc_kr", "ignore") for pair in pairs))
