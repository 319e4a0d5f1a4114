"""A report as a table."""

from __future__ import annotations

import csv
import io

from geodata.importing.findings.finding import Finding, RowRef
from geodata.importing.report.report import Repaired, Report
from geodata.language.phrases import Phrase


def test_a_report_for_a_spreadsheet_holds_no_formulas() -> None:
    report = Report(Phrase("Grids"), "towns.csv")
    rows = (RowRef(2, "=1+1", "@SUM(A1)"), RowRef(3, "-2", "+3"))
    report.findings.append(Finding("duplicate_code", "blocking", rows, place=(-0.5, 51.0)))
    report.repairs.append(Repaired(RowRef(4, "=cmd", "\tx"), "coverage", 1.0))
    cells = [cell for line in csv.reader(io.StringIO(report.to_csv())) for cell in line]
    assert not [cell for cell in cells if cell[:1] in ("=", "+", "@", "\t")]
    # Numbers stay numbers, those below nothing too.
    assert [cell for cell in cells if cell.startswith("-")] == ["-0.5"]
