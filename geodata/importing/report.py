"""What an import found and did, for a person and for a machine."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Literal

from geodata.importing.wording import WORDS


@dataclass(frozen=True, slots=True)
class RowRef:
    """A row of the file (counted as people do), or a grid that is not in the file (row None)."""

    row: int | None
    code: str = ""
    name: str = ""

    def __str__(self) -> str:
        """Return "row 361 E00003241" or the code and name of a grid in the database."""
        label = f"{self.code} {self.name}" if self.name and self.name != self.code else self.code
        return f"row {self.row} {label}".strip() if self.row is not None else label


@dataclass(frozen=True, slots=True)
class Finding:
    """A problem in the words of the file: its rows, ground in m2, place (lon, lat) and values."""

    kind: str
    severity: Literal["blocking", "warning"]
    rows: tuple[RowRef, ...] = ()
    m2: float | None = None
    place: tuple[float, float] | None = None
    data: Mapping[str, object] = field(default_factory=dict[str, object])

    def line(self) -> str:
        """Return the one-line text of this finding."""
        if self.kind == "frame_offset":
            return _frame_line(self.data)
        values: dict[str, object] = dict(self.data)
        values["row"] = str(self.rows[0]) if self.rows else ""
        values["other"] = str(self.rows[1]) if len(self.rows) > 1 else ""
        values["m2"] = square_metres(self.m2 or 0.0)
        share = values.get("share")
        values["out"] = 1 - share if isinstance(share, float) else 0.0
        if self.kind == "out_of_range" and "x" not in values:
            return f"{values['row']} lies outside what the coordinate system covers"
        if self.kind == "does_not_nest" and not share:
            text = "{row} ({m2} m²) lies in none; the nearest is {parent}".format(**values)
        else:
            text = WORDS[self.kind].case.format(**values)
        if values.get("vanishes"):
            text += ", too small to be stored"
        if self.place is not None:
            text += f" at {self.place[0]:.5f}, {self.place[1]:.5f}"
        if values.get("unmendable"):
            text += f" (crosses itself {values['unmendable']:,} times: not repaired)"
        return text


@dataclass(slots=True)
class Report:
    """The whole of one import. ``counts`` are numbers by name, in the order they are shown."""

    subject: str
    file: str
    notes: list[str] = field(default_factory=list[str])
    findings: list[Finding] = field(default_factory=list[Finding])
    repairs: list[tuple[RowRef, str, float]] = field(
        default_factory=list[tuple[RowRef, str, float]]
    )
    counts: dict[str, int] = field(default_factory=dict[str, int])
    is_written: bool = False
    is_dry_run: bool = False

    @property
    def is_blocked(self) -> bool:
        """Whether a finding forbade writing."""
        return any(finding.severity == "blocking" for finding in self.findings)

    def to_text(self, limit: int | None = 10, *, verdict: bool = True) -> str:
        """Return the report for a person; of each group ``limit`` lines, all of them if None."""
        lines = [f"{self.subject} from {self.file}", ""]
        lines += [f"  {note}" for note in self.notes]
        for severity, head in (("blocking", "Must be put right"), ("warning", "Worth a look")):
            groups = self._groups(severity)
            if groups:
                lines += ["", f"{head}:"]
            for kind, group in groups.items():
                lines += _group_lines(kind, group, limit)
        lines += self._repair_lines(limit)
        if verdict:
            lines += ["", self.verdict()]
        return "\n".join(lines)

    def verdict(self) -> str:
        """Return the last line: what was written, or that nothing was."""
        blocking = sum(finding.severity == "blocking" for finding in self.findings)
        if blocking:
            things = "1 problem" if blocking == 1 else f"{blocking:,} problems"
            return f"Nothing was imported: {things} to put right. The database is as it was."
        what = ", ".join(f"{number:,} {name}" for name, number in self.counts.items() if number)
        if self.is_dry_run:
            return f"Dry run, nothing was written. The import would bring {what or 'nothing new'}."
        return f"Imported: {what}." if what else "Nothing to do: all of it is there already."

    def to_json(self) -> str:
        """Return everything as JSON."""
        plain = asdict(self)
        plain["verdict"] = self.verdict()
        for finding, full in zip(plain["findings"], self.findings, strict=True):
            finding["text"] = full.line()
        return json.dumps(plain, ensure_ascii=False, indent=2)

    def to_csv(self) -> str:
        """Return one line per finding and repair, for a spreadsheet."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow(
            ["severity", "kind", "row", "code", "name", "other", "m2", "lon", "lat", "text"]
        )
        for finding in self.findings:
            first = finding.rows[0] if finding.rows else RowRef(None)
            other = str(finding.rows[1]) if len(finding.rows) > 1 else ""
            lon, lat = finding.place or ("", "")
            writer.writerow([
                finding.severity, finding.kind, first.row or "", first.code, first.name, other,
                "" if finding.m2 is None else round(finding.m2, 4), lon, lat, finding.line(),
            ])  # fmt: skip
        for row, deed, m2 in self.repairs:
            writer.writerow(
                ["repaired", deed, row.row or "", row.code, row.name, "", round(m2, 4), "", "", ""]
            )
        return out.getvalue()

    def _groups(self, severity: str) -> dict[str, list[Finding]]:
        groups: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if finding.severity == severity:
                groups.setdefault(finding.kind, []).append(finding)
        return groups

    def _repair_lines(self, limit: int | None) -> list[str]:
        if not self.repairs:
            return []
        total = sum(m2 for _, _, m2 in self.repairs)
        rows = len({row for row, _, _ in self.repairs})
        lines = ["", f"Repaired: {rows:,} grids, {square_metres(total)} m² changed hands or form"]
        ordered = sorted(self.repairs, key=lambda deed: -deed[2])
        words = {
            "invalid": "unfolded",
            "vanishes": "kept as the smallest shape that can be stored",
            "coverage": "boundary fitted to its neighbours",
        }
        shown = ordered if limit is None else ordered[:limit]
        lines += [f"  {row}: {words[deed]}, {square_metres(m2)} m²" for row, deed, m2 in shown]
        return lines + _more(len(ordered), len(shown))


def square_metres(m2: float) -> str:
    """Return an area as people read it: 6,211 or 0.26 or 0.0002."""
    if m2 >= 100:
        return f"{m2:,.0f}"
    return f"{m2:.2g}" if m2 < 1 else f"{m2:.1f}"


def _group_lines(kind: str, group: list[Finding], limit: int | None) -> list[str]:
    words = WORDS[kind]
    ground = sum(finding.m2 or 0.0 for finding in group)
    head = f"  {words.title}: {len(group):,}"
    if ground and len(group) > 1:
        head += f" ({square_metres(ground)} m² in all)"
    shown = group if limit is None else group[:limit]
    lines = [head, *(f"    {finding.line()}".rstrip() for finding in shown)]
    lines += _more(len(group), len(shown), indent=4)
    advice = _advice(kind, group)
    return [*lines, f"    > {advice}"] if advice else lines


def _advice(kind: str, group: list[Finding]) -> str:
    advice = WORDS[kind].advice
    data = group[0].data
    if any(finding.data.get("recorded") for finding in group):
        return "Recorded as exceptions from the partition law."
    if kind == "out_of_range" and data.get("guess"):
        return f"{advice} The coordinates look like {data['guess']}."
    if kind == "broken_text" and data.get("encoding"):
        return f"Read the file with --encoding {data['encoding']}."
    if kind == "broken_text":
        return "The characters were lost when the file was saved: export it again, as UTF-8."
    return advice.format(**data) if "{" in advice else advice


def _frame_line(data: Mapping[str, object]) -> str:
    frame, metres = data["frame"], data["metres"]
    misfit, then = data["misfit"], data["then"]
    assert isinstance(misfit, float)
    assert isinstance(then, (float, int))
    fit = f"{misfit:.1%} of the ground does not fit what is there, {then:.1%} would then"
    if frame == "wgs84":
        return f"The file seems to be in WGS 84 already: leave --frame out ({fit})."
    return (
        f"The file seems to be drawn in {str(frame).upper()}, about {metres} m off ({fit})."
        f" Import it with --frame {frame}, or say --frame wgs84 if it is right as it is."
    )


def _more(total: int, shown: int, indent: int = 2) -> list[str]:
    return [f"{' ' * indent}and {total - shown:,} more"] if total > shown else []


def describe(rows: Iterable[Mapping[str, object]]) -> list[RowRef]:
    """Return references to the rows of a file, counted from 1."""
    return [RowRef(index, str(row["code"]), str(row["name"])) for index, row in enumerate(rows, 1)]
