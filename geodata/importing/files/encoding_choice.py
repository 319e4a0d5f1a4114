"""Choosing the encoding of texts by all that speaks for one: what the file says, and how it reads.

Every candidate reads the texts; the one under which they are likeliest (``likelihood``) is taken if
it leads clearly. What the file says of itself counts as much as a few characters. What is not
settled so is refused, with a sample under each candidate: a person sees at once which is right.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import reduce
from itertools import islice
from typing import Final

from geodata.importing.files.encoding import OPTIONS, SHOWN, decode
from geodata.importing.files.likelihood import CHINESE, JAPANESE, KOREAN, UNICODE, WESTERN, of_text
from geodata.importing.files.refusals import FileRefusedError
from geodata.language.phrases import Phrase
from geodata.people.privacy import masked

# Natural logarithms of odds. What a .cpg file or the language byte of a table says, and what is
# usual: a county's file is Chinese; a table in Latin-1 often says nothing, or says so wrongly.
SAID_BY_FILE: Final = 12.0
SAID_BY_BYTE: Final = 9.0
SAID_BY_DEFAULT: Final = 2.0
_CANDIDATES: Final = {
    "utf-8": 3.0,
    "gb18030": 0.0,
    "big5": 0.0,
    "latin-1": -4.0,
    "cp932": -8.0,
    "cp949": -8.0,
}
_UNUSUAL: Final = -6.0
_MODELS: Final = {
    "utf-8": UNICODE,
    "gb18030": CHINESE,
    "cp950": CHINESE,
    "big5hkscs": CHINESE,
    "cp932": JAPANESE,
    "euc_jp": JAPANESE,
    "cp949": KOREAN,
    "utf-16": UNICODE,
}
# Odds of a thousand to one.
_LEAD: Final = math.log(1000)
# What bytes cost that cannot be read, and those of a character that was cut in half: by its column,
# or in a column that has room left.
_UNREADABLE: Final = 20.0
_CUT_BYTE: Final = 4.0
_CUT_EARLY: Final = 20.0
_MOST_UNREADABLE: Final = 0.02
# The mean cost of a character beyond ASCII in texts that are none.
_NO_LANGUAGE: Final = 9.5
_SAMPLE: Final = 5000
_SHOWN_LETTERS: Final = 60
_MOST_LINES: Final = 50_000


@dataclass(frozen=True, slots=True)
class Text:
    """The bytes of a text; ``is_full``: it fills its column, which may have cut it."""

    raw: bytes
    is_full: bool = False


@dataclass(frozen=True, slots=True)
class Reading:
    """What texts are under one encoding. ``score`` is a logarithm of odds, higher is likelier."""

    encoding: str
    score: float
    unreadable: float
    mean: float
    sample: str = field(compare=False)

    @property
    def is_language(self) -> bool:
        """Whether nearly all texts can be read, and read like texts."""
        if self.unreadable > _MOST_UNREADABLE:
            return False
        # Bytes of another encoding are not UTF-8 by chance, whatever language it is.
        return self.encoding == "utf-8" or self.mean <= _NO_LANGUAGE


def choose(texts: Sequence[Text], said: dict[str, float] | None = None) -> str:
    """Return the encoding of texts. ``said``: what the file says, with the odds that it is right.

    Names in ``said`` are ``plain``.

    Raises:
        FileRefusedError: it cannot be settled; the refusal shows a sample under each candidate
    """
    high = [text for text in dict.fromkeys(texts) if not text.raw.isascii()]
    if not high:
        return next(iter(said), "utf-8") if said else "utf-8"
    readings = _read(high, said or {})
    best, second = readings[0], readings[1]
    is_said = plain(best.encoding) in (said or {})
    is_sound = best.is_language or (is_said and best.unreadable <= _MOST_UNREADABLE)
    if is_sound and best.score - second.score >= _LEAD:
        return best.encoding
    raise _refusal(readings)


def plain(encoding: str) -> str:
    """Return an encoding without its variant: both kinds of Big5 are said as one."""
    return "big5" if encoding in {"cp950", "big5hkscs"} else encoding


def check(encoding: str, texts: Sequence[Text]) -> str:
    """Return an encoding that a person told, if the texts can be read in it.

    Raises:
        FileRefusedError: they cannot
    """
    high = [text for text in texts if not text.raw.isascii()]
    wrong = [text for text in high if decode(text.raw, encoding) is None]
    if len(wrong) > _MOST_UNREADABLE * len(high):
        raise FileRefusedError(
            "encoding_wrong",
            "The texts are not in {encoding}: {wrong:,} of {count:,} cannot be read, such as"
            " “{sample}”.",
            hint="Leave --encoding out, or give another.",
            encoding=SHOWN.get(encoding, encoding),
            wrong=len(wrong),
            count=len(high),
            sample=masked(wrong[0].raw.decode(encoding, "replace")[:_SHOWN_LETTERS]),
        )
    return encoding


def of_lines(raw: bytes) -> str:
    """Return the encoding of a text file, by all its lines.

    Raises:
        FileRefusedError: it cannot be settled
    """
    high = (line for line in raw.split(b"\n") if not line.isascii())
    return choose([Text(line) for line in islice(high, _MOST_LINES)])


def _read(high: list[Text], said: dict[str, float]) -> list[Reading]:
    """Return the readings of texts, likeliest first."""
    step = max(1, len(high) // _SAMPLE)
    spread = high[::step]
    readings: list[Reading] = []
    for name in dict.fromkeys((*said, *_CANDIDATES)):
        usual, told = _CANDIDATES.get(name, _UNUSUAL), said.get(name, 0.0)
        # What a file says is no rarer for being another country's.
        odds = max(usual, 0.0) + told if told >= SAID_BY_BYTE else usual + told
        readings.append(_reading(_variant(spread) if name == "big5" else name, spread, odds))
    return sorted(readings, key=lambda reading: -reading.score)


def _variant(texts: Sequence[Text]) -> str:
    """Return which Big5: that of Windows, or with Hong Kong's characters if one is there."""
    for text in texts:
        plain, more = decode(text.raw, "cp950"), decode(text.raw, "big5hkscs")
        if plain is None and more is not None:
            return "big5hkscs"
    return "cp950"


def _reading(encoding: str, texts: Sequence[Text], odds: float) -> Reading:
    """Read texts in one encoding."""
    model = _MODELS.get(encoding, WESTERN)
    cost, beyond, letters, unreadable = 0.0, 0.0, 0, 0
    sample = ""
    for text in texts:
        found = decode(text.raw, encoding)
        if found is None:
            unreadable += 1
            cost += _UNREADABLE * len(text.raw)
            sample = sample or text.raw.decode(encoding, "replace")
            continue
        words, rest = found
        of_words = of_text(words, model)
        cost += of_words + rest * (_CUT_BYTE if text.is_full else _CUT_EARLY)
        count = sum(letter > "\x7f" for letter in words)
        letters += count
        beyond += of_words - of_text("".join(each for each in words if each <= "\x7f"), model)
        if count > sum(letter > "\x7f" for letter in sample):
            sample = words
    mean = beyond / letters if letters else math.inf
    return Reading(encoding, odds - cost, unreadable / len(texts), mean, sample)


def _refusal(readings: Sequence[Reading]) -> FileRefusedError:
    """Return the refusal of texts whose encoding is not settled."""
    best = readings[0]
    near = [each for each in readings if best.score - each.score < _LEAD]
    shown = near if len(near) > 1 else list(readings[:3])
    samples = [
        Phrase(
            "{encoding}: “{sample}”",
            {
                "encoding": SHOWN.get(each.encoding, each.encoding),
                "sample": masked(" ".join(each.sample.split())[:_SHOWN_LETTERS]),
            },
        )
        for each in shown[:3]
    ]
    options: list[str | Phrase] = [
        f"--encoding {OPTIONS.get(each.encoding, each.encoding)}" for each in shown[:3]
    ]
    return FileRefusedError(
        "encoding_unknown",
        "The encoding of the texts cannot be settled. They would read: {samples}.",
        hint="Give the one that reads right: {options}.",
        samples=reduce(_both, samples),
        options=reduce(_either, options),
    )


def _both(one: Phrase, two: Phrase) -> Phrase:
    return Phrase("{one}; {two}", {"one": one, "two": two})


def _either(one: str | Phrase, two: str | Phrase) -> str | Phrase:
    return Phrase("{one} or {two}", {"one": one, "two": two})
