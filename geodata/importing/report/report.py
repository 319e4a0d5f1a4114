"""What an import found and did, for a person and for a machine."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field

from geodata.importing.findings import counts
from geodata.importing.findings.finding import Finding, RowRef, advice, square_metres
from geodata.importing.findings.wording import COLUMNS, DEEDS, SEVERITIES, WORDS
from geodata.importing.report.code_table import TableLine
from geodata.importing.report.grid_differences import GridDifference, counted
from geodata.language.phrases import Phrase, Translate, english
from geodata.people.privacy import masked
from geodata.spreadsheets import as_text


@dataclass(frozen=True, slots=True)
class Repaired:
    """What a repair did to a row: m2 and share of its ground that moved, a place (lon, lat)."""

    row: RowRef
    deed: str
    m2: float
    share: float | None = None
    place: tuple[float, float] | None = None

    def line(self, translate: Translate = english) -> str:
        """Return the one-line text of this deed."""
        values = {"deed": DEEDS[self.deed], "m2": square_metres(self.m2)}
        text = Phrase("{row}: {deed}, {m2} m²", {**values, "row": self.row.said(translate)})
        if self.share is not None:
            text = Phrase("{text} ({share:.2%} of it)", {"text": text, "share": self.share})
        if self.place is not None:
            lon, lat = self.place
            text = Phrase("{text} at {lon:.5f}, {lat:.5f}", {"text": text, "lon": lon, "lat": lat})
        return text.said(translate)


@dataclass(slots=True)
class Report:
    """The whole of one import. ``counts`` are numbers by name, in the order they are shown.

    ``options`` are those that its advice may name (``options.offered``). ``differences`` say what
    becomes of each grid; ``plan`` is the number of the plan that was made of the file, if
    ``is_plan``. ``left_out`` are rows that were left out for what is wrong with them.
    Anyone who writes it out gives ``translate``; without, it is English.
    """

    subject: Phrase
    file: str | Phrase
    notes: list[Phrase] = field(default_factory=list[Phrase])
    findings: list[Finding] = field(default_factory=list[Finding])
    repairs: list[Repaired] = field(default_factory=list[Repaired])
    differences: list[GridDifference] = field(default_factory=list[GridDifference])
    left_out: int = 0
    counts: dict[str, int] = field(default_factory=dict[str, int])
    # Old beside new codes, as far as they are compared.
    table: list[TableLine] = field(default_factory=list[TableLine])
    is_plan: bool = False
    plan: int | None = None
    is_written: bool = False
    is_dry_run: bool = False
    options: frozenset[str] = frozenset()

    @property
    def is_blocked(self) -> bool:
        """Whether a finding forbade writing."""
        return any(finding.severity == "blocking" for finding in self.findings)

    def to_text(
        self, limit: int | None = 10, *, verdict: bool = True, translate: Translate = english
    ) -> str:
        """Return the report for a person; of each group ``limit`` lines, all of them if None."""
        title = Phrase("{subject} from {file}", {"subject": self.subject, "file": self.file})
        lines = [title.said(translate), ""]
        lines += [f"  {note.said(translate)}" for note in self.notes]
        for severity, head in (
            ("blocking", Phrase("Must be put right:")),
            ("warning", Phrase("Worth a look:")),
        ):
            groups = self._groups(severity)
            if groups:
                lines += ["", head.said(translate)]
            for kind, group in groups.items():
                lines += _group_lines(kind, group, limit, translate, self.options)
        lines += self._repair_lines(limit, translate)
        lines += self._difference_lines(limit, translate)
        if verdict:
            lines += ["", self.verdict(translate)]
        return "\n".join(lines)

    def verdict(self, translate: Translate = english) -> str:
        """Return the last line: what was written, or that nothing was."""
        return self._verdict().said(translate)

    def to_json(self, translate: Translate = english) -> str:
        """Return everything as JSON: codes and data in English, texts in the reader's language."""
        plain = asdict(self)
        plain["subject"] = self.subject.said(translate)
        plain["file"] = self.file if isinstance(self.file, str) else self.file.said(translate)
        plain["notes"] = [note.said(translate) for note in self.notes]
        plain["verdict"] = self.verdict(translate)
        del plain["options"]
        for entry, deed in zip(plain["repairs"], self.repairs, strict=True):
            entry["text"] = deed.line(translate)
        for entry, finding in zip(plain["findings"], self.findings, strict=True):
            entry["data"] = dict(finding.data)
            entry["text"] = finding.line(translate)
            entry["title"], entry["advice"] = _title_and_advice(finding, translate, self.options)
        for entry, difference in zip(plain["differences"], self.differences, strict=True):
            entry["text"] = difference.line(translate)
        return json.dumps(plain, ensure_ascii=False, indent=2, default=str)

    def to_csv(self, translate: Translate = english) -> str:
        """Return one line per finding and repair, for a spreadsheet."""
        out = io.StringIO()
        writer = csv.writer(out)
        writer.writerow([column.said(translate) for column in COLUMNS])
        for finding in self.findings:
            first = finding.rows[0] if finding.rows else RowRef(None)
            other = finding.rows[1].said(translate) if len(finding.rows) > 1 else ""
            lon, lat = finding.place or ("", "")
            writer.writerow([
                SEVERITIES[finding.severity].said(translate), finding.kind, first.row or "",
                as_text(first.code), as_text(first.name), as_text(other),
                "" if finding.m2 is None else round(finding.m2, 4), lon, lat,
                as_text(finding.line(translate)),
                *_title_and_advice(finding, translate, self.options),
            ])  # fmt: skip
        differs = SEVERITIES["difference"].said(translate)
        for each in self.differences:
            grid = each.grid
            others = " ".join(other.code for other in each.others)
            writer.writerow([
                differs, "+".join(each.whats), grid.row or "", as_text(grid.code),
                as_text(grid.name), as_text(others or (each.before.code if each.before else "")),
                round(each.gained_m2 + each.lost_m2, 1), "", "",
                as_text(each.line(translate)), "", "",
            ])  # fmt: skip
        repaired = SEVERITIES["repaired"].said(translate)
        for deed in self.repairs:
            row, (lon, lat) = deed.row, deed.place or ("", "")
            writer.writerow([
                repaired, deed.deed, row.row or "", as_text(row.code), as_text(row.name), "",
                round(deed.m2, 4), lon, lat, as_text(deed.line(translate)), "", "",
            ])  # fmt: skip
        return out.getvalue()

    def _groups(self, severity: str) -> dict[str, list[Finding]]:
        groups: dict[str, list[Finding]] = {}
        for finding in self.findings:
            if finding.severity == severity:
                groups.setdefault(finding.kind, []).append(finding)
        return groups

    def _repair_lines(self, limit: int | None, translate: Translate) -> list[str]:
        if not self.repairs:
            return []
        total = sum(deed.m2 for deed in self.repairs)
        rows = len({deed.row for deed in self.repairs})
        head = counts.repaired(rows, square_metres(total))
        ordered = sorted(self.repairs, key=lambda deed: -deed.m2)
        shown = ordered if limit is None else ordered[:limit]
        lines = ["", head.said(translate)]
        lines += [f"  {deed.line(translate)}" for deed in shown]
        return lines + _more(len(ordered), len(shown), translate)

    def _difference_lines(self, limit: int | None, translate: Translate) -> list[str]:
        if not self.differences:
            return []
        shown = self.differences if limit is None else self.differences[:limit]
        values = {"count": len(self.differences), "what": counted(self.differences)}
        head = Phrase("What becomes of grids: {count:,} ({what})", values)
        lines = ["", head.said(translate)]
        lines += [f"  {each.line(translate)}" for each in shown]
        lines += _more(len(self.differences), len(shown), translate)
        if not self.is_plan and any(each.needs_plan for each in self.differences):
            told = Phrase("An import neither ends nor recodes grids: --as-plan NAME makes a plan.")
            lines.append(f"  > {told.said(translate)}")
        return lines

    def _verdict(self) -> Phrase:
        blocking = sum(finding.severity == "blocking" for finding in self.findings)
        if blocking:
            things = Phrase("1 problem")
            if blocking > 1:
                things = Phrase("{number:,} problems", {"number": blocking})
            return Phrase(
                "Nothing was imported: {things} to put right. The database is as it was.",
                {"things": things},
            )
        if self.plan is not None:
            return Phrase(
                "Plan {number} was made; nothing holds yet. Look at it with gridmap plan check"
                " {number}, or on the map.",
                {"number": self.plan},
            )
        if self.is_dry_run and self.is_plan:
            return Phrase(
                "Dry run, nothing was written. The plan would change {what}.",
                {"what": counted(self.differences) or Phrase("nothing")},
            )
        what = [counts.written(name, number) for name, number in self.counts.items() if number]
        if self.is_dry_run:
            return Phrase(
                "Dry run, nothing was written. The import would bring {what}.",
                {"what": what or Phrase("nothing new")},
            )
        if not what and self.left_out:
            return Phrase(
                "Nothing was written: what was not left out is there already, if anything."
            )
        if not what:
            return Phrase("Nothing to do: all of it is there already.")
        return Phrase("Imported: {what}.", {"what": what})


def _group_lines(
    kind: str,
    group: list[Finding],
    limit: int | None,
    translate: Translate,
    options: frozenset[str],
) -> list[str]:
    ground = sum(finding.m2 or 0.0 for finding in group)
    values: dict[str, object] = {
        "title": Phrase(WORDS[kind].title),
        "count": len(group),
        "m2": square_metres(ground),
    }
    head = Phrase("{title}: {count:,}", values)
    if ground and len(group) > 1:
        head = Phrase("{title}: {count:,} ({m2} m² in all)", values)
    shown = group if limit is None else group[:limit]
    lines = [f"  {head.said(translate)}"]
    lines += [f"    {finding.line(translate)}".rstrip() for finding in shown]
    lines += _more(len(group), len(shown), translate, indent=4)
    told = advice(kind, group, options)
    return [*lines, f"    > {told.said(translate)}"] if told else lines


def _title_and_advice(
    finding: Finding, translate: Translate, options: frozenset[str]
) -> tuple[str, str]:
    told = advice(finding.kind, [finding], options)
    return translate(WORDS[finding.kind].title), told.said(translate) if told else ""


def _more(total: int, shown: int, translate: Translate, indent: int = 2) -> list[str]:
    if total <= shown:
        return []
    more = Phrase("and {count:,} more", {"count": total - shown})
    return [f"{' ' * indent}{more.said(translate)}"]


def describe(rows: Iterable[Mapping[str, object]]) -> list[RowRef]:
    """Return references to the rows of a file, counted from 1; numbers of persons are masked."""
    return [
        RowRef(index, masked(str(row["code"])), masked(str(row["name"])))
        for index, row in enumerate(rows, 1)
    ]
