"""Pinyin for the search box: how a name is typed on a keyboard without Chinese characters."""

from __future__ import annotations

from functools import lru_cache

_HAN_FIRST, _HAN_LAST = "一", "鿿"


@lru_cache(maxsize=65536)
def search_key(name: str) -> str:
    """Return the full pinyin and the initials of a name: 衡山镇 -> "hengshanzhen hsz".

    A name without Chinese characters is its own key, in lower case: "Lewisham 001" ->
    "lewisham 001". In a mixed name, digits and Latin letters stay as they are in both halves.
    """
    text = " ".join(name.split()).lower()
    if not any(_HAN_FIRST <= letter <= _HAN_LAST for letter in text):
        return text
    # Its dictionary takes a quarter of a second to load: only where a name is written.
    from pypinyin import lazy_pinyin

    full: list[str] = []
    initials: list[str] = []
    for run, is_han in _runs(text):
        if is_han:
            syllables = lazy_pinyin(run)
            full.extend(syllables)
            initials.extend(syllable[:1] for syllable in syllables)
        else:
            letters = "".join(letter for letter in run if letter.isalnum())
            full.append(letters)
            initials.append(letters)
    return f"{''.join(full)} {''.join(initials)}"


def _runs(text: str) -> list[tuple[str, bool]]:
    """Cut a text into runs that are Chinese characters throughout, or not at all."""
    runs: list[tuple[str, bool]] = []
    for letter in text:
        is_han = _HAN_FIRST <= letter <= _HAN_LAST
        if runs and runs[-1][1] == is_han:
            runs[-1] = (runs[-1][0] + letter, is_han)
        else:
            runs.append((letter, is_han))
    return runs
