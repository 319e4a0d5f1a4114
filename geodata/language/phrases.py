"""What geodata says to people: English templates with their values.

geodata itself knows English alone; anyone who shows a phrase has it said in the reader's language.
scripts/translate collects the templates from the source.
"""

from __future__ import annotations

import string
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

Translate = Callable[[str], str]
"""Gives an English template in the reader's language."""


def english(text: str) -> str:
    """Return the text as it is: the translation for readers of English."""
    return text


@dataclass(frozen=True, slots=True)
class Phrase:
    """An English ``str.format`` template over ``data``.

    Values may be phrases themselves, or sequences, whose items are listed.
    """

    text: str
    data: Mapping[str, object] = field(default_factory=dict[str, object])

    def said(self, translate: Translate = english) -> str:
        """Return the phrase in the reader's language."""
        words = {key: in_words(value, translate) for key, value in self.data.items()}
        return _NamesOnly().vformat(translate(self.text), (), words)

    def __str__(self) -> str:
        """Return the phrase in English."""
        return self.said()


def to_plain(value: object) -> dict[str, object]:
    """Return a phrase as data for JSON: the ``default`` of ``json.dumps``."""
    if not isinstance(value, Phrase):
        raise TypeError(f"{type(value).__name__} is not JSON")
    return {"phrase": value.text, "data": dict(value.data)}


def from_plain(plain: dict[str, Any]) -> Any:
    """Return the phrase that ``to_plain`` wrote: the ``object_hook`` of ``json.loads``."""
    if plain.keys() == {"phrase", "data"}:
        return Phrase(plain["phrase"], plain["data"])
    return plain


def in_words(value: object, translate: Translate) -> object:
    """Return a phrase or a list of them in the reader's language, anything else as it is."""
    if isinstance(value, Phrase):
        return value.said(translate)
    if isinstance(value, (list, tuple)):
        items = cast("Sequence[object]", value)
        return translate(", ").join(str(in_words(item, translate)) for item in items)
    return value


class _NamesOnly(string.Formatter):
    """Knows values by name alone: templates come from the process that opens foreign files, too."""

    def get_field(self, field_name: str, args: Sequence[Any], kwargs: Mapping[str, Any]) -> Any:
        return kwargs[field_name], field_name
