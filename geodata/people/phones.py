"""Several people and several numbers in one text, as lists and cards have them."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

from geodata.language.phrases import Phrase

# What stands in a cell where there is no number, or nobody.
_NONE = frozenset((
    "无", "暂无", "没有", "空缺", "暂缺", "缺", "待定", "無", "暫無", "沒有", "暫缺",
    "/", "\\", "-", "--", "—", "——", "none", "n/a",
))  # fmt: skip
# What stands for that of the row above.
SAME = frozenset(("同上", "同左", "同前", "〃", "″", '"', "”", "ditto"))
# What stands between two numbers or two names. A blank between names pads short ones: 张  三.
_APART = re.compile(r"[、，,;；/／|｜\n\r]+|(?<=[0-9)）])\s*(?:或者?|和|及)\s*(?=[0-9+(（])")
_BLANK = re.compile(r"\s+")
_IDEOGRAPH = r"[\u3400-\u9fff\U00020000-\U0003ffff]"
_HAN = re.compile(_IDEOGRAPH)
_EXTENSION = re.compile(r"(?:转|轉|分机|ext\.?|x)\s*([0-9]{1,6})", re.IGNORECASE)
_ADDED = re.compile(r"^['’‘`]+|(?<=[0-9])\.0+$")
_HIDDEN = re.compile(r"[*＊●•○×✕?？xX]{2,}|(?<=[0-9])[*＊●○×✕](?=[0-9])")
_PADDING = re.compile(rf"(?<={_IDEOGRAPH}) (?={_IDEOGRAPH})")
_FULL_WIDTH = str.maketrans("０１２３４５６７８９＋－（）　", "0123456789+-() ")
# From 110 to the longest of ITU-T E.164; and the shortest that can stand alone behind a blank.
_FEWEST, _MOST, _ALONE = 3, 15, 7


@dataclass(frozen=True, slots=True)
class Number:
    """One number as it is written; ``dial`` is what a ``tel:`` link holds, "" if none can be."""

    text: str
    dial: str


def numbers(text: str) -> list[Number]:
    """Return the numbers of a text, each with what is dialled (RFC 3966)."""
    return [Number(piece, _dial(piece)) for piece in pieces(text)]


def pieces(text: str) -> list[str]:
    """Return the numbers that a text holds, as they are written.

    A blank parts numbers only where each stands alone: "0564 5022345" is one.
    """
    found: list[str] = []
    for part in _APART.split(text):
        words = _BLANK.split(part.strip())
        stand_alone = all(len(_digits(word)) >= _ALONE for word in words)
        found += words if stand_alone else [part.strip()]
    return [piece for piece in found if piece]


def kept(text: str) -> list[str]:
    """Return the numbers of a cell as they are kept.

    Without words that say there is none, and without what a spreadsheet adds: '139… and 139….0.
    """
    if is_none(text):
        return []
    bare = (_ADDED.sub("", piece) for piece in pieces(text))
    return [piece for piece in bare if piece and not is_none(piece)]


def is_none(text: str) -> bool:
    """Whether a text says that there is no number, or nobody."""
    return _folded(text) in _NONE


def fault(text: str) -> Phrase | None:
    """Return why a cell holds no number that could be dialled, None if it does or is empty."""
    if _folded(text) in SAME:
        return Phrase("each row needs its own")
    numbers = "".join(kept(text))
    if numbers and not _digits(numbers):
        return Phrase("no phone number")
    return Phrase("digits of it are hidden") if _HIDDEN.search(numbers) else None


def tidy_name(text: str) -> str:
    """Return a name on one line: blanks go between Chinese characters, and are one elsewhere."""
    return _PADDING.sub("", " ".join(text.split()))


def name_fault(text: str) -> Phrase | None:
    """Return why a text is nobody's name, None if it can be one."""
    if _folded(text) in SAME:
        return Phrase("each row needs its own")
    if any(letter.isalpha() for letter in text):
        return None
    if len(_digits(text)) >= _ALONE:
        return Phrase("a phone number: the columns may be swapped")
    return Phrase("no name")


def several_names(text: str) -> list[str]:
    """Return the names in a text: those of several people only where all are Chinese names."""
    names = [name for part in _APART.split(text) if (name := part.strip())]
    if len(names) < 2 or not all(_HAN.search(name) and len(name) > 1 for name in names):
        return [text.strip()]
    return names


def _folded(text: str) -> str:
    return "".join(unicodedata.normalize("NFKC", text).lower().split())


def _digits(text: str) -> str:
    return re.sub(r"[^0-9]", "", text.translate(_FULL_WIDTH))


def _dial(text: str) -> str:
    plain = text.translate(_FULL_WIDTH)
    extension = _EXTENSION.search(plain)
    body = plain[: extension.start()] if extension else plain
    # Words beside a number are not dialled; with a second group of digits it is unclear which is.
    groups = re.findall(r"\+?[0-9][0-9 ()\-.]*", body.replace("(+", "+"))
    if len(groups) != 1:
        return ""
    if not _FEWEST <= len(_digits(groups[0])) <= _MOST:
        return ""
    number = re.sub(r"[^0-9+-]", "", groups[0]).strip("-")
    return number + (f";ext={extension[1]}" if extension else "")
