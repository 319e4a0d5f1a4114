"""One spelling for words that are looked up: full width, traditional characters, case, spaces.

What is stored keeps its spelling. ``traditional.txt`` holds a line for each traditional character
of Big5 whose simplified form is in GB 2312, as ICU's transform Traditional-Simplified has them
(Unicode licence).
"""

from __future__ import annotations

import unicodedata
from functools import cache, lru_cache
from pathlib import Path

_WIDE = {code: code - 0xFEE0 for code in range(0xFF01, 0xFF5F)} | {0x3000: " "}


@lru_cache(maxsize=65536)
def fold(text: str) -> str:
    """Return a word as it is compared: "網格 編碼" -> "网格编码", "ＡＢ１" -> "ab1"."""
    plain = unicodedata.normalize("NFKC", text).translate(_simplified())
    return "".join(plain.lower().split())


def narrow(text: str) -> str:
    """Return a text with the letters, digits and signs of an input method in full width narrow.

    Nothing else changes: ² stays what it is, where ``fold`` takes it for 2.
    """
    return text.translate(_WIDE)


@cache
def _simplified() -> dict[int, str]:
    lines = Path(__file__).with_name("traditional.txt").read_text("utf-8").split()
    return {ord(line[0]): line[1] for line in lines}
