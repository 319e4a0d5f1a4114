"""A problem of an import in the words of the file: which rows, what ground, what to do."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import reduce
from typing import Literal, cast

from geodata.importing.findings.options import named
from geodata.importing.findings.wording import PERSONAL_NUMBERS, WORDS
from geodata.language.phrases import Phrase, Translate, english
from geodata.partition.seams import BULGE_M, NARROW_M, SEAM_M2
from geodata.people import privacy

# Findings that hold from a later day on, if one is given.
_FROM_A_DAY = ("below_outside", "further_outside", "below_gap")


@dataclass(frozen=True, slots=True)
class RowRef:
    """A row of the file (counted as people do), or a grid that is not in the file (row None).

    ``sheet`` says of which sheet, where the file has several.
    """

    row: int | None
    code: str = ""
    name: str = ""
    sheet: str = ""

    def said(self, translate: Translate = english) -> str:
        """Return "row 361 E00003241" or the code and name of a grid in the database."""
        label = f"{self.code} {self.name}" if self.name and self.name != self.code else self.code
        if self.row is None:
            return label
        where = Phrase("row {row}", {"row": self.row}).said(translate)
        if self.sheet:
            data = {"sheet": self.sheet, "row": self.row}
            where = Phrase("sheet {sheet}, row {row}", data).said(translate)
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
        if self.kind in _FROM_A_DAY and self.data.get("day"):
            text = Phrase("{text} (from {day} on)", {"text": text, "day": self.data["day"]})
        if self.data.get("vanishes"):
            text = Phrase("{text}, too small to be stored", {"text": text})
        if self.data.get("left_out"):
            text = Phrase("{text} (left out)", {"text": text})
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
        if self.kind == "below_outside" and values.get("holder"):
            return Phrase(
                "{row} leaves {parent} by {m2} m²; most of it would lie in {holder}", values
            )
        if self.kind == "code_elsewhere" and values.get("holder"):
            return Phrase(
                "{row}: the code has been that of {known}, which lies elsewhere; this is the ground"
                " of {holder_code} {holder}",
                values,
            )
        if self.kind == "second_county" and values.get("known"):
            return Phrase("{row}, beside {code} {known}", values)
        if self.kind == "does_not_nest" and not share:
            return Phrase("{row} ({m2} m²) lies in none; the nearest is {parent}", values)
        text = Phrase(WORDS[self.kind].case, values)
        return self._with_width(text) if "width" in self.data else text

    def _with_width(self, text: Phrase) -> Phrase:
        """Add to an overlap how wide it is and how much it is of the smaller grid."""
        width = float(str(self.data["width"]))
        smaller = self.rows[int(str(self.data["smaller"]))]
        values = {
            "text": text,
            "width": f"{width:,.0f}" if width >= 10 else f"{width:.2g}",
            "part": self.data["part"],
            "grid": smaller.name or smaller.code,
        }
        return Phrase("{text}, {width} m wide, {part:.1%} of {grid}", values)


def advice(
    kind: str, group: Sequence[Finding], options: frozenset[str] = frozenset()
) -> Phrase | None:
    """Return what to do about findings of a kind, None where there is nothing to say.

    Sentences that name an option which is not among ``options`` are left out.
    """
    said = [sentence for sentence in _sentences(kind, group) if named(sentence.text) <= options]
    if not said:
        return None
    whole = said[0]
    for sentence in said[1:]:
        whole = Phrase("{first} {second}", {"first": whole, "second": sentence})
    return whole


def _sentences(kind: str, group: Sequence[Finding]) -> list[Phrase]:
    """Return all that could be advised, a sentence or two each."""
    words = WORDS[kind]
    data = group[0].data
    if any(finding.data.get("recorded") for finding in group):
        return [Phrase("Recorded as exceptions from the partition law.")]
    if all(finding.data.get("left_out") for finding in group):
        return [Phrase("Left out of the import.")]
    if kind == "lie_elsewhere" and data.get("readings"):
        return [
            Phrase("Give {readings}.", {"readings": _either(data["readings"])}),
            Phrase("If they are right as they are, add --outside."),
        ]
    if kind == "second_county" and data.get("recoded"):
        return [
            Phrase("It lies where the known county lies: give it the known code, {code}.", data),
            Phrase(
                "If the county has another code now, bring the file as a plan (--as-plan NAME), in"
                " which it gets that code."
            ),
        ]
    if kind == "unclosed" and data.get("closed"):
        return [Phrase("They were closed by a straight line: look whether corners are missing.")]
    if kind == "broken_text" and data.get("encoding") and data.get("stored"):
        return [
            Phrase(
                "The file was made from texts in {encoding} that were read wrongly: export it"
                " again, or bring the file that it was made from.",
                {"encoding": str(data["encoding"]).upper()},
            )
        ]
    if kind == "broken_text" and data.get("encoding"):
        return [Phrase("Read the file with --encoding {encoding}.", data)]
    if kind == "broken_text":
        return [
            Phrase("The characters were lost when the file was saved: export it again, as UTF-8.")
        ]
    found = [Phrase(text, data) for text in (words.advice, words.offer) if text]
    if kind == "out_of_range" and data.get("guess"):
        found.append(Phrase("The coordinates look like {guess}.", {"guess": data["guess"]}))
    if kind == "overlap_existing" and not data.get("as_plan"):
        found.append(
            Phrase(
                "A complete new division becomes a plan with --as-plan NAME; --dry-run shows what"
                " becomes of each grid."
            )
        )
    if kind == "overlap":
        found = _sentences_of_overlaps(group, found)
    return found


def _sentences_of_overlaps(group: Sequence[Finding], found: list[Phrase]) -> list[Phrase]:
    """Offer the repair for slips only, and say where it ends."""
    slips = [bool(finding.data.get("slip")) for finding in group]
    if not any(slips):
        found = found[:1]
    if not all(slips):
        limits = {"mean": NARROW_M, "most": BULGE_M, "m2": square_metres(SEAM_M2)}
        found.append(
            Phrase(
                "A slip of the pen is up to {mean:g} m wide on average, {most:g} m at the widest,"
                " and up to {m2} m².",
                limits,
            )
        )
    return found


def _either(choices: object) -> Phrase:
    """Return choices as one text, with "or" between them."""
    each = [Phrase("{one}", {"one": one}) for one in cast("Sequence[object]", choices)]
    return reduce(lambda one, two: Phrase("{one} or {two}", {"one": one, "two": two}), each)


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
    if data.get("stored"):
        return Phrase("They seem to be drawn in {system}, about {metres} m off ({fit}).", values)
    if data["frame"] == "wgs84":
        return Phrase("The file seems to be in WGS 84 already: leave --frame out ({fit}).", values)
    return Phrase(
        "The file seems to be drawn in {system}, about {metres} m off ({fit})."
        " Import it with --frame {frame}, or say --frame wgs84 if it is right as it is.",
        values,
    )
