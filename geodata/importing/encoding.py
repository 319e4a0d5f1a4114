"""Telling encodings apart, and telling text that was read in the wrong one."""

from __future__ import annotations

import codecs
import re
from collections.abc import Sequence

from geodata.errors import InvalidInputError

_HIGH_RUN = re.compile(rb"[\x80-\xff]+")
# Names under which county data says what it is, and what Python calls them. GB18030 contains
# GB2312 and GBK, so it reads all three.
_GBK_NAMES = {"gbk", "gb2312", "cp936", "936", "gb18030", "oem 936", "ansi 936", "54936", "x-gbk"}


def canonical(name: str) -> str:
    """Return Python's name of an encoding as people write it: "65001", "GBK", "ANSI 1252".

    Raises:
        InvalidInputError: no such encoding
    """
    wanted = name.strip().lower()
    if wanted in _GBK_NAMES:
        return "gb18030"
    if wanted in {"65001", "utf8", "utf-8-sig"}:
        return "utf-8"
    if match := re.fullmatch(r"(?:ansi|oem|cp|windows-?)?\s*(\d{3,5})", wanted):
        wanted = f"cp{match[1]}"
    try:
        return codecs.lookup(wanted).name
    except LookupError:
        raise InvalidInputError(
            "There is no encoding called {name}.", hint="Try utf-8, gbk or latin-1.", name=name
        ) from None


def detect(samples: Sequence[bytes]) -> str | None:
    """Return the encoding of texts: utf-8, gb18030, latin-1, or None where nothing fits well.

    GBK is recognised by its pairs: characters of common use (GB2312) have both bytes above 0xA0,
    so runs of high bytes have even length, which accents in western text seldom do.
    """
    high = [sample for sample in samples if not sample.isascii()]
    if not high:
        return "utf-8"
    if all(_decodes(sample, "utf-8", is_cut=True) for sample in high):
        return "utf-8"
    runs = [run for sample in high for run in _HIGH_RUN.findall(sample)]
    even = sum(len(run) % 2 == 0 for run in runs)
    decoded = [sample for sample in high if _decodes(sample, "gb18030", is_cut=True)]
    if even >= 0.7 * len(runs) and len(decoded) >= 0.98 * len(high):
        return "gb18030"
    if even < 0.5 * len(runs):
        return "latin-1"
    return None


def broken(text: str) -> str | None:
    """Return the encoding in which a text was meant, "?" if it is lost, None if it looks right.

    Recognises UTF-8 read as Latin-1 or as GBK, GBK read as Latin-1, and replacement characters.
    """
    if "�" in text or "??" in text:
        return "?"
    if text.isascii():
        return None
    for wrong in ("cp1252", "latin-1"):
        raw = _encoded(text, wrong)
        if raw is None:
            continue
        if _decodes(raw, "utf-8"):
            return "utf-8"
        runs = _HIGH_RUN.findall(raw)
        is_paired = all(len(run) % 2 == 0 and len(run) >= 2 for run in runs)
        if is_paired and _decodes(raw, "gb2312"):
            return "gbk"
    raw = _encoded(text, "gb18030")
    # Three-byte UTF-8 read in pairs gives rare characters; common ones never decode as UTF-8.
    if raw is not None and _encoded(text, "gb2312") is None and _decodes(raw, "utf-8", is_cut=True):
        return "utf-8"
    # Characters for private use stand in no name.
    return "?" if any(0xE000 <= ord(letter) <= 0xF8FF for letter in text) else None


def _encoded(text: str, encoding: str) -> bytes | None:
    try:
        return text.encode(encoding)
    except UnicodeEncodeError:
        return None


def _decodes(raw: bytes, encoding: str, *, is_cut: bool = False) -> bool:
    """Whether bytes are text of an encoding; the last character may be cut off by the column."""
    try:
        codecs.getincrementaldecoder(encoding)("strict").decode(raw, final=not is_cut)
    except UnicodeDecodeError:
        return False
    return True
