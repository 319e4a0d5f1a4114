"""A problem of an import in the words of the file: which rows, what ground, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal

from geodata import privacy
from geodata.importing.wording import PERSONAL_NUMBERS, WORDS
from geodata.phrases import Phrase, Translate, english


@dataclass(frozen=True, slots=True)
class RowRef:
    """A row of the file (counted as people do), or a grid that is not in the file (row None)."""

    row: int | None
    code: str = ""
    name: str = ""

    def said(self, translate: Translate = english) -> str:
        """Return "row 361 E00003241" or the code and name of a grid in the database."""
        label = f"{self.code} {self.name}" if self.name and self.name != self.code else self.code
        if self.row is None:
            return label
        where = Phrase("row {row}", {"row": self.row}).said(translate)
        return f"{where} {label}".strip()


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem in the words of the file: its rows, ground in m2, place (lon, lat) and values."""

    kind: str
    severity: Literal["blocking", "warning"]
    rows: tuple[RowRef, ...] = ()
    m2: float | None = None
    place: tuple[float, float] | None = None
    data: Mapping[str, object] = field(default_factory=dict[str, object])

    def line(self, translate: Translate = english) -> str:
        """Return the one-line text of this finding."""
        if self.kind == "frame_offset":
            return _frame_phrase(self.data).said(translate)
        text = self._case(translate)
        if self.data.get("vanishes"):
            text = Phrase("{text}, too small to be stored", {"text": text})
        if self.place is not None:
            lon, lat = self.place
            text = Phrase("{text} at {lon:.5f}, {lat:.5f}", {"text": text, "lon": lon, "lat": lat})
        if times := self.data.get("unmendable"):
            text = Phrase(
                "{text} (crosses itself {times:,} times: not repaired)",
                {"text": text, "times": times},
            )
        return text.said(translate)

    def _case(self, translate: Translate) -> Phrase:
        """Return what is the case, without where."""
        values: dict[str, object] = dict(self.data)
        values["row"] = self.rows[0].said(translate) if self.rows else ""
        values["other"] = self.rows[1].said(translate) if len(self.rows) > 1 else ""
        values["m2"] = square_metres(self.m2 or 0.0)
        share = values.get("share")
        values["out"] = 1 - share if isinstance(share, float) else 0.0
        if self.kind == "out_of_range" and "x" not in values:
            return Phrase("{row} lies outside what the coordinate system covers", values)
        if self.kind == "does_not_nest" and not share:
            return Phrase("{row} ({m2} m²) lies in none; the nearest is {parent}", values)
        return Phrase(WORDS[self.kind].case, values)


def advice(kind: str, group: Sequence[Finding]) -> Phrase | None:
    """Return what to do about findings of a kind, None where there is nothing to say."""
    words = WORDS[kind].advice
    data = group[0].data
    if any(finding.data.get("recorded") for finding in group):
        return Phrase("Recorded as exceptions from the partition law.")
    if kind == "overlap_existing" and not data.get("as_plan"):
        return Phrase(
            "{advice} A complete new division becomes a plan with --as-plan NAME; --dry-run shows"
            " what becomes of each grid.",
            {"advice": Phrase(words)},
        )
    if kind == "out_of_range" and data.get("guess"):
        return Phrase(
            "{advice} The coordinates look like {guess}.",
            {"advice": Phrase(words), "guess": data["guess"]},
        )
    if kind == "broken_text" and data.get("encoding"):
        return Phrase("Read the file with --encoding {encoding}.", data)
    if kind == "broken_text":
        return Phrase(
            "The characters were lost when the file was saved: export it again, as UTF-8."
        )
    return Phrase(words, data) if words else None


def of_numbers(row: RowRef, column: str | Phrase, text: str) -> Finding | None:
    """Return a warning if a text holds numbers of persons; it says of what kinds, not which."""
    kinds = dict.fromkeys(number.kind for number in privacy.findings(text))
    if not kinds:
        return None
    what = [PERSONAL_NUMBERS[kind] for kind in kinds]
    return Finding("personal_number", "warning", (row,), data={"column": column, "what": what})


def without_numbers(finding: Finding) -> Finding:
    """Return a finding whose values repeat no number of a person."""
    data = {
        key: privacy.masked(value) if isinstance(value, str) else value
        for key, value in finding.data.items()
    }
    return replace(finding, data=data)


def square_metres(m2: float) -> str:
    """Return an area as people read it: 6,211 or 0.26 or 0.0002."""
    if m2 >= 100:
        return f"{m2:,.0f}"
    return f"{m2:.2g}" if m2 < 1 else f"{m2:.1f}"


def _frame_phrase(data: Mapping[str, object]) -> Phrase:
    fit = Phrase(
        "{misfit:.1%} of the ground does not fit what is there, {then:.1%} would then", data
    )
    values = {**data, "fit": fit, "system": str(data["frame"]).upper()}
    if data["frame"] == "wgs84":
        return Phrase("The file seems to be in WGS 84 already: leave --frame out ({fit}).", values)
    return Phrase(
        "The file seems to be drawn in {system}, about {metres} m off ({fit})."
        " Import it with --frame {frame}, or say --frame wgs84 if it is right as it is.",
        values,
    )
