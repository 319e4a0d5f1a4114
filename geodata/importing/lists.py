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
from geodata.importing import counts, options, process
from geodata.importing.columns import Field, choose
from geodata.importing.days import Order
from geodata.importing.finding import without_numbers
from geodata.importing.process import Limits
from geodata.importing.report import Report
from geodata.importing.requests import FileRequest, Progress, to_plain
from geodata.importing.rows import Sheet
from geodata.importing.times import Conventions, told_zone
from geodata.phrases import Phrase

# What is asked about the whole file, or a whole column: no row can be left out for it.
_OF_ALL_ROWS = {"lie_elsewhere", "unknown_order"}


@dataclass(frozen=True, slots=True)
class ListImport:
    """A list to import. ``source`` names it: the same list again updates what it brought.

    ``told`` maps fields to columns; ``kind`` is the service kind of all rows of a facility list.
    ``zone`` is that of times which name none, ``date_order`` that of dates such as 03/04/2026.
    ``is_swapped``: the first coordinate is the northing or the latitude; ``may_lie_outside``: most
    rows lie outside the county, and rightly so. ``same`` and ``different`` are the names ("all" for
    all) of which somebody has decided that rows and what is known are one, or are not.
    """

    file: FileRequest
    source: str
    told: Mapping[str, str] = field(default_factory=dict[str, str])
    is_dry_run: bool = False
    skip_bad_rows: bool = False
    kind: str | None = None
    zone: str | None = None
    date_order: Order | None = None
    is_swapped: bool = False
    may_lie_outside: bool = False
    same: Sequence[str] = ()
    different: Sequence[str] = ()


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
        InvalidInputError: a column that is needed is not there, or the zone is none
    """
    zone = told_zone(order.zone)
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
    ways = Conventions(zone, order.date_order, is_1904=found["is_1904"])
    return Sheet(
        found["columns"],
        found["rows"],
        found["first"],
        chosen,
        notes,
        ways=ways,
        crs=found.get("crs"),
    )


def _shown(column: str) -> str | Phrase:
    return Phrase("the shape") if column.startswith("@") else privacy.masked(column)


def settle(order: ListImport, subject: Phrase, sheet: Sheet, texts: Sequence[str]) -> Report:
    """Start the report; with ``skip_bad_rows`` faults of single rows no longer stand in the way.

    ``texts`` are the fields of free text, which numbers of persons may have slipped into.
    """
    sheet.say_orders()
    report = Report(subject, Path(order.file.path).name, sheet.notes, is_dry_run=order.is_dry_run)
    report.options = options.offered("list")
    sheet.seek_numbers(texts)
    # A report is handed on: no fault repeats a phone number that stands in the wrong column.
    findings = [without_numbers(finding) for finding in sheet.findings]
    if order.skip_bad_rows:
        in_rows = [finding for finding in findings if finding.severity == "blocking"]
        skippable = [finding for finding in in_rows if finding.kind not in _OF_ALL_ROWS]
        findings = [
            replace(finding, severity="warning") if finding in skippable else finding
            for finding in findings
        ]
        if sheet.bad:
            report.notes.append(counts.left_out(len(sheet.bad)))
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
