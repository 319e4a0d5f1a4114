"""Rows of a table turned into values, each fault noted with its row."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal, TypeVar

from geodata.importing.findings.finding import Finding, RowRef, of_numbers
from geodata.importing.values.cut_numbers import are_cut, is_cut, shown
from geodata.importing.values.days import WHICH_FIRST, Span
from geodata.importing.values.time_columns import TimeColumn
from geodata.importing.values.times import Conventions, is_open, plain
from geodata.language.phrases import Phrase

T = TypeVar("T")

_NUMBER = re.compile(
    r"[+-]?(?:[0-9]+\.?[0-9]*|\.[0-9]+|[0-9]{1,3}(?:,[0-9]{3})+\.[0-9]+)(?:[eE][+-]?[0-9]{1,3})?"
)
_SAID = {
    "dmy": Phrase("{column}: the day stands first, as {text} shows."),
    "mdy": Phrase("{column}: the month stands first, as {text} shows."),
}
# What stands in a cell for a value that there is not.
NO_RESULT = "#NO RESULT"
_ERRORS = {
    "#N/A", "#VALUE!", "#REF!", "#DIV/0!", "#NUM!", "#NAME?", "#NULL!", "#SPILL!", "#CALC!",
    "#GETTING_DATA", NO_RESULT,
}  # fmt: skip
# Texts shorter than this are likely to come again.
_REPEATED = 40
_TRUE = {"1", "true", "yes", "y", "是", "副", "副职", "deputy"}
_FALSE = {"", "0", "false", "no", "n", "否", "正", "正职"}


@dataclass(slots=True)
class Sheet:
    """A table with its columns chosen. ``findings`` grow as values are read.

    ``bad`` are rows with a blocking fault; they are left out where that was asked for. ``dropped``
    are fields of which a value that cannot be used is left out instead of its row. ``lines`` are
    the rows' numbers in the file, ``parts`` their sheets where there are several, ``labels`` what
    else tells rows of one line apart; without ``lines`` they are counted from ``first``. ``ways``
    is how days and times are read; ``crs`` is the system of a layer's points, where the file says
    one. ``unread`` names the columns of the file that no field was read from.
    """

    columns: list[str]
    rows: list[list[object]]
    first: int
    chosen: Mapping[str, int]
    notes: list[Phrase] = field(default_factory=list[Phrase])
    findings: list[Finding] = field(default_factory=list[Finding])
    bad: set[int] = field(default_factory=set[int])
    dropped: frozenset[str] = frozenset()
    lines: Sequence[int] = ()
    parts: Sequence[str] = ()
    labels: Sequence[str] = ()
    ways: Conventions = field(default_factory=Conventions)
    crs: str | None = None
    unread: Sequence[str | Phrase] = ()
    _of_times: dict[str, TimeColumn] = field(default_factory=dict[str, TimeColumn])
    _asked: set[str] = field(default_factory=set[str])
    _cut: dict[str, bool] = field(default_factory=dict[str, bool])
    _failed: set[tuple[int, str]] = field(default_factory=set[tuple[int, str]])

    def ref(self, row: int, label: str = "") -> RowRef:
        """Return how a person finds a row."""
        label = label or (self.labels[row] if self.labels else "")
        part = self.parts[row] if self.parts else ""
        return RowRef(self.line(row), name=label, code=label, sheet=part)

    def line(self, row: int) -> int:
        """Return the number that the file's program shows for a row."""
        return self.lines[row] if self.lines else row + self.first

    def place(self, row: int) -> int | Phrase:
        """Return a row's number for a text; with its sheet where there are several."""
        if not self.parts:
            return self.line(row)
        return Phrase("{row} ({sheet})", {"row": self.line(row), "sheet": self.parts[row]})

    def has(self, name: str) -> bool:
        """Whether a column was chosen for a field."""
        return name in self.chosen

    def text(self, row: int, name: str) -> str:
        """Return a cell as trimmed text, "" where there is none. Line breaks stay."""
        position = self.chosen.get(name)
        value = self.rows[row][position] if position is not None else None
        if isinstance(value, float):
            return shown(value)
        # PostgreSQL has no place for a null character.
        text = "" if value is None else str(value).replace("\x00", "").strip()
        # ="202603020915301234" is how programs keep a spreadsheet off the long numbers of a CSV.
        return text[2:-1] if text.startswith('="') and text.endswith('"') else text

    def required(self, row: int, name: str) -> str:
        """Return a cell's text; note a fault where it is empty."""
        text = self.text(row, name)
        if not text and (row, name) not in self._failed:
            self.fault(row, "missing_value", column=self.column(name))
        return text

    def number(self, row: int, name: str) -> float | None:
        """Return a cell as a finite number; note a fault where it is none."""
        text = self.text(row, name)
        if not text:
            return None
        digits = text if text.isascii() else plain(text)
        # Commas group digits where a point ends them: 31,411 alone may be 31.411.
        value = float(digits.replace(",", "")) if _NUMBER.fullmatch(digits) else math.nan
        if not math.isfinite(value):
            reason = Phrase("no number")
            self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
            return None
        return value

    def count(self, row: int, name: str, *, least: int = 0, most: int = 2**31 - 1) -> int | None:
        """Return a cell as a whole number from ``least`` to ``most``, the largest that is kept."""
        value = self.number(row, name)
        if value is None:
            return None
        if value != int(value) or not least <= value <= most:
            text = self.text(row, name)
            reason = (
                Phrase("more than {most:,}", {"most": most})
                if value > most
                else Phrase("no whole number from {least} on", {"least": least})
            )
            self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
            return None
        return int(value)

    def key(self, row: int, name: str) -> str:
        """Return a cell by which a row is known again; note one that a spreadsheet has cut."""
        text = self.reference(row, name)
        if not text:
            return ""
        if name not in self._cut:
            position = self.chosen[name]
            values = [each[position] for each in self.rows]
            self._cut[name] = are_cut(value for value in values if isinstance(value, str))
        if self._cut[name] and are_cut([text]):
            self.fault(row, "cut_number", column=self.column(name), text=text)
            return ""
        return text

    def reference(self, row: int, name: str) -> str:
        """Return a code or number that others use, too; note one that a spreadsheet has cut."""
        text = self.text(row, name)
        if text and is_cut(self._value(row, name)):
            self.fault(row, "cut_number", column=self.column(name), text=text)
            return ""
        return text

    def day(self, row: int, name: str) -> date | None:
        """Return a cell as a day (see times.py), the first of a month; note a fault."""
        span = self._noted(row, name, self.days(row, name))
        return span.first if span else None

    def last_day(self, row: int, name: str) -> date | None:
        """Return a cell as the last day of a term, the last of a month; None while it is open."""
        span = self._noted(row, name, self.days(row, name, may_be_open=True))
        return span.last if span else None

    def days(self, row: int, name: str, *, may_be_open: bool = False) -> Span | Phrase | None:
        """Return the days that a cell names, the reason where it is no date; notes nothing."""
        text = self.text(row, name)
        if not text or (may_be_open and is_open(text)):
            return None
        return self._times(name).days(self._value(row, name))

    def instant(self, row: int, name: str, *, day_ends: bool = False) -> datetime | None:
        """Return a cell as an instant (see times.py); ``day_ends``: a day alone is its end."""
        text = self.text(row, name)
        if not text:
            return None
        found = self._times(name).instant(self._value(row, name), day_ends=day_ends)
        return self._noted(row, name, found)

    def flag(self, row: int, name: str) -> bool:
        """Return a cell as yes or no."""
        text = self.text(row, name).lower()
        if text in _TRUE:
            return True
        if text not in _FALSE:
            reason = Phrase("yes or no")
            self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
        return False

    def say_orders(self) -> None:
        """Note in which order day and month were read where the rows themselves settled it."""
        for name, column in self._of_times.items():
            if column.witness:
                data = {"column": self.column(name), "text": column.witness}
                said = _SAID[column.ways.order or "dmy"]
                self.notes.append(Phrase(said.text, data))

    def seek_errors(self) -> None:
        """Note cells in which a formula has failed or has no result: they are not empty."""
        for row, cells in enumerate(self.rows):
            for name, at in self.chosen.items():
                text = cells[at]
                if isinstance(text, str) and text in _ERRORS:
                    reason = (
                        Phrase("a formula of which the file holds no result: save it once more")
                        if text == NO_RESULT
                        else Phrase("a formula that has failed")
                    )
                    self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
                    cells[at] = None
                    self._failed.add((row, name))

    def seek_numbers(self, names: Sequence[str]) -> None:
        """Warn where free texts hold numbers of persons; rows that are ``bad`` are left out."""
        chosen = [name for name in names if self.has(name)]
        # Titles and categories repeat.
        clean: set[str] = set()
        for row in self.usable():
            for name in chosen:
                text = self.text(row, name)
                if text in clean:
                    continue
                found = of_numbers(self.ref(row), self.column(name), text)
                if found is not None:
                    self.findings.append(found)
                elif len(text) < _REPEATED:
                    clean.add(text)

    def fault(
        self,
        row: int,
        kind: str,
        severity: Literal["blocking", "warning"] = "blocking",
        **data: Any,
    ) -> bool:
        """Note what is wrong with a row; tell whether only the value is to be left out."""
        is_dropped = any(data.get("column") == self.column(name) for name in self.dropped)
        if is_dropped and severity == "blocking":
            severity = "warning"
            if kind in {"bad_value", "unknown_value"}:
                kind = "dropped_value"
        self.findings.append(Finding(kind, severity, (self.ref(row),), data=data))
        if severity == "blocking":
            self.bad.add(row)
        return is_dropped

    def usable(self) -> list[int]:
        """Return the rows without a blocking fault."""
        return [row for row in range(len(self.rows)) if row not in self.bad]

    def _value(self, row: int, name: str) -> object:
        """Return a number as it is, anything else as its text."""
        value = self.rows[row][self.chosen[name]]
        return value if isinstance(value, (int, float)) else self.text(row, name)

    def _times(self, name: str) -> TimeColumn:
        if name not in self._of_times:
            position = self.chosen[name]
            self._of_times[name] = TimeColumn([row[position] for row in self.rows], self.ways)
        return self._of_times[name]

    def _noted(self, row: int, name: str, found: T | Phrase | None) -> T | None:
        """Note why a time was not read, if so. A doubt about a whole column is asked once."""
        if not isinstance(found, Phrase):
            return found
        column = self.column(name)
        if found != WHICH_FIRST:
            self.fault(row, "bad_value", column=column, text=self.text(row, name), reason=found)
        elif name not in self._asked:
            self._asked.add(name)
            count, samples = self._of_times[name].doubtful()
            data = {"column": column, "count": count, "samples": samples}
            self.findings.append(Finding("unknown_order", "blocking", (self.ref(row),), data=data))
        return None

    def column(self, name: str) -> str:
        """Return the header of a field as the file has it, the field's name if it has none."""
        position = self.chosen.get(name)
        return self.columns[position] if position is not None else name
