"""What the imports of members, issues, facilities and buildings share: order, sheet, report."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, LiteralString

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from geodata import privacy
from geodata.errors import InvalidInputError
from geodata.importing import options, process
from geodata.importing.columns import Field, choose
from geodata.importing.finding import without_numbers
from geodata.importing.process import Limits
from geodata.importing.report import Report
from geodata.importing.requests import FileRequest, Progress, to_plain
from geodata.importing.rows import Sheet
from geodata.phrases import Phrase


@dataclass(frozen=True, slots=True)
class ListImport:
    """A list to import. ``source`` names it: the same list again updates what it brought.

    ``told`` maps fields to columns; ``kind`` is the service kind of all rows of a facility list.
    """

    file: FileRequest
    source: str
    told: Mapping[str, str] = field(default_factory=dict[str, str])
    is_dry_run: bool = False
    skip_bad_rows: bool = False
    kind: str | None = None


def open_sheet(
    order: ListImport,
    fields: Mapping[str, Field],
    progress: Progress,
    *,
    given: Sequence[str] = (),
    limits: Limits | None = None,
) -> Sheet:
    """Let the child read a table and choose its columns.

    Raises:
        FileRefusedError: the file cannot be read
        InvalidInputError: a column that is needed is not there
    """
    progress("reading", 0.0)
    with process.opened("table", to_plain(order.file), {}, progress, limits or Limits()) as done:
        found: dict[str, Any] = done.result
    chosen = choose(found["columns"], fields, order.told, given)
    notes = [Phrase("{rows:,} rows.", {"rows": len(found["rows"])}), *found["notes"]]
    taken = [
        Phrase("{field} = {column}", {"field": name, "column": _shown(found["columns"][at])})
        for name, at in chosen.items()
    ]
    notes.append(Phrase("Columns: {columns}.", {"columns": taken}))
    return Sheet(found["columns"], found["rows"], found["first"], chosen, notes)


def _shown(column: str) -> str | Phrase:
    return Phrase("the shape") if column.startswith("@") else privacy.masked(column)


def settle(order: ListImport, subject: Phrase, sheet: Sheet, texts: Sequence[str]) -> Report:
    """Start the report; with ``skip_bad_rows`` faults of single rows no longer stand in the way.

    ``texts`` are the fields of free text, which numbers of persons may have slipped into.
    """
    report = Report(subject, Path(order.file.path).name, sheet.notes, is_dry_run=order.is_dry_run)
    report.options = options.offered("list")
    sheet.seek_numbers(texts)
    # A report is handed on: no fault repeats a phone number that stands in the wrong column.
    findings = [without_numbers(finding) for finding in sheet.findings]
    if order.skip_bad_rows:
        in_rows = [finding for finding in findings if finding.severity == "blocking"]
        skippable = [finding for finding in in_rows if finding.kind != "swapped"]
        findings = [
            replace(finding, severity="warning") if finding in skippable else finding
            for finding in findings
        ]
        if sheet.bad:
            report.notes.append(
                Phrase("{rows:,} rows with problems are left out.", {"rows": len(sheet.bad)})
            )
    report.findings = findings
    return report


def check_source(source: str) -> None:
    """Refuse an empty name of a list."""
    if not source.strip():
        raise InvalidInputError("--source needs a name: under it the list can be brought again.")


def fill(
    conn: psycopg.Connection[TupleRow],
    rows: Sequence[tuple[object, ...]],
    statement: LiteralString,
) -> None:
    """Send rows to a COPY statement of the caller, which is a literal there.

    Raises:
        InvalidInputError: the database refuses a value
    """
    try:
        with conn.cursor().copy(statement) as copy:
            for row in rows:
                copy.write_row(row)
    except errors.DataError as failure:
        raise InvalidInputError(
            "The database refuses a value: {reason}.",
            reason=privacy.masked(str(failure).splitlines()[0]),
        ) from failure
