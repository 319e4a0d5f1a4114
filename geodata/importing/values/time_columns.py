"""A column of days or instants: what one row leaves open, another may settle."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from geodata.importing.values import days, times
from geodata.importing.values.days import Order, Span
from geodata.importing.values.times import Conventions
from geodata.language.phrases import Phrase
from geodata.people.privacy import masked

_KEPT_ZERO = re.compile(r"[0-9]{4}\.(?:0[1-9]|10)")
_SAMPLES = 3


class TimeColumn:
    """The values of a column, and the conventions that they share.

    ``witness`` is the text that settled the order of day and month, "" where none had to. What is
    shown of the texts repeats no number of a person.
    """

    def __init__(self, values: Sequence[object], ways: Conventions) -> None:
        self._values = values
        self._is_settled = False
        self.ways = ways
        self.witness = ""

    def days(self, value: object) -> Span | Phrase:
        """Read one of its cells as a day or a month."""
        found = times.read_days(value, self.ways)
        if isinstance(found, Phrase) and self._settles(found):
            return times.read_days(value, self.ways)
        return found

    def instant(self, value: object, *, day_ends: bool) -> datetime | Phrase:
        """Read one of its cells as an instant."""
        found = times.read_instant(value, self.ways, day_ends=day_ends)
        if isinstance(found, Phrase) and self._settles(found):
            return times.read_instant(value, self.ways, day_ends=day_ends)
        return found

    def doubtful(self) -> tuple[int, list[str]]:
        """Return how many of its dates can be read in two ways, and some of them."""
        texts = [text for text in self._texts() if days.side(text) == "either"]
        return len(texts), [masked(text) for text in dict.fromkeys(texts)][:_SAMPLES]

    def _settles(self, doubt: Phrase) -> bool:
        """Look at the whole column, once; tell whether that may have settled a doubt."""
        if doubt not in (days.WHICH_FIRST, days.CUT_OCTOBER):
            return False
        if not self._is_settled:
            self._is_settled = True
            order = self.ways.order or self._order()
            kept = any(_KEPT_ZERO.fullmatch(text) for text in self._texts())
            self.ways = replace(self.ways, order=order, keeps_zeros=kept)
        return True

    def _order(self) -> Order | None:
        """Return the order that rows with one reading alone show, None if they contradict."""
        shown: dict[Order, str] = {}
        for text in self._texts():
            order = days.side(text)
            if order == "dmy" or order == "mdy":
                shown.setdefault(order, text)
        if len(shown) != 1:
            return None
        ((order, text),) = shown.items()
        self.witness = masked(text)
        return order

    def _texts(self) -> list[str]:
        return [times.plain(value) for value in self._values if isinstance(value, str)]
