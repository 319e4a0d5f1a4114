"""Rows of a table turned into values, each fault noted with its row."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import date, datetime
from typing import Any, Literal

from geodata.clock import zone
from geodata.importing.finding import Finding, RowRef, of_numbers
from geodata.phrases import Phrase

_DATE = re.compile(r"(\d{4})\s*[-/.年]\s*(\d{1,2})\s*[-/.月]\s*(\d{1,2})\s*日?")
_COMPACT = re.compile(r"(\d{4})(\d{2})(\d{2})")
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
    else tells rows of one line apart; without ``lines`` they are counted from ``first``.
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
        # PostgreSQL has no place for a null character.
        return "" if value is None else str(value).replace("\x00", "").strip()

    def required(self, row: int, name: str) -> str:
        """Return a cell's text; note a fault where it is empty."""
        text = self.text(row, name)
        if not text:
            self.fault(row, "missing_value", column=self.column(name))
        return text

    def number(self, row: int, name: str) -> float | None:
        """Return a cell as a finite number; note a fault where it is none."""
        text = self.text(row, name)
        if not text:
            return None
        try:
            value = float(text.replace(",", "") if text.count(",") and "." in text else text)
        except ValueError:
            value = math.nan
        if not math.isfinite(value):
            reason = Phrase("no number")
            self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
            return None
        return value

    def count(self, row: int, name: str, *, least: int = 0) -> int | None:
        """Return a cell as a whole number not below ``least``."""
        value = self.number(row, name)
        if value is None:
            return None
        if value != int(value) or value < least:
            text = self.text(row, name)
            reason = Phrase("no whole number from {least} on", {"least": least})
            self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
            return None
        return int(value)

    def day(self, row: int, name: str) -> date | None:
        """Return a cell as a day: 2024-3-1, 2024/03/01, 2024年3月1日, 20240301."""
        text = self.text(row, name)
        if not text:
            return None
        match = _DATE.match(text) or _COMPACT.fullmatch(text)
        try:
            if match:
                return date(int(match[1]), int(match[2]), int(match[3]))
        except ValueError:
            pass
        reason = Phrase("no date")
        self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
        return None

    def instant(self, row: int, name: str) -> datetime | None:
        """Return a cell as an instant; local time where it names no zone."""
        text = self.text(row, name)
        if not text:
            return None
        try:
            found = datetime.fromisoformat(text.replace("/", "-"))
        except ValueError:
            match = _DATE.match(text)
            if match is None:
                self._no_instant(row, name, text)
                return None
            rest = text[match.end() :].strip() or "00:00"
            clock = [*(int(part) for part in re.findall(r"\d+", rest)[:3]), 0, 0]
            try:
                found = datetime(  # noqa: DTZ001 - the zone follows below
                    int(match[1]), int(match[2]), int(match[3]), clock[0], clock[1], clock[2]
                )
            except ValueError:
                self._no_instant(row, name, text)
                return None
        return found if found.tzinfo else found.replace(tzinfo=zone())

    def flag(self, row: int, name: str) -> bool:
        """Return a cell as yes or no."""
        text = self.text(row, name).lower()
        if text in _TRUE:
            return True
        if text not in _FALSE:
            reason = Phrase("yes or no")
            self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)
        return False

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

    def _no_instant(self, row: int, name: str, text: str) -> None:
        reason = Phrase("no date and time")
        self.fault(row, "bad_value", column=self.column(name), text=text, reason=reason)

    def column(self, name: str) -> str:
        """Return the header of a field as the file has it, the field's name if it has none."""
        position = self.chosen.get(name)
        return self.columns[position] if position is not None else name
