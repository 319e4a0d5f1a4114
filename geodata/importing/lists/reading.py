"""What the imports of members, issues, facilities and buildings share: order, sheet, report."""

from __future__ import annotations

import json
from array import array
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any, Literal, LiteralString

import psycopg
from psycopg import errors
from psycopg.rows import TupleRow

from geodata.errors import InvalidInputError
from geodata.importing.files import process
from geodata.importing.files.columns import Field
from geodata.importing.files.process import Limits
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.files.requests import ROWS, FileRequest, Progress, TableRequest, to_plain
from geodata.importing.findings import counts, options
from geodata.importing.findings.finding import Finding, RowRef, without_numbers
from geodata.importing.report.report import Report
from geodata.importing.values.days import Order
from geodata.importing.values.rows import Sheet
from geodata.importing.values.times import Conventions, told_zone
from geodata.language.phrases import Phrase
from geodata.people import privacy

# What is asked about the whole file, or a whole column: no row can be left out for it.
_OF_ALL_ROWS = frozenset(("lie_elsewhere", "unknown_order", "amount_row"))
# Shorter texts than this are looked up among those before, until there are so many.
_REPEATED, _DIFFERENT = 40, 200_000


@dataclass(frozen=True, slots=True)
class ListImport:
    """A list to import. ``source`` names it: the same list again updates what it brought.

    ``told`` maps fields to columns; of the fields ``drop_bad`` a value that cannot be used is left
    out, and its row stays. ``kind`` is the service kind of all rows of a facility list.
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
    drop_bad: Sequence[str] = ()


def open_sheet(
    order: ListImport,
    fields: Mapping[str, Field],
    progress: Progress,
    *,
    given: Sequence[str] = (),
    roles: Sequence[str] = (),
    limits: Limits | None = None,
) -> Sheet:
    """Let the child read a table with the columns of the fields.

    ``roles`` are words that head a column of people each.

    Raises:
        FileRefusedError: the file cannot be read
        InvalidInputError: a column that is needed is not there, or none that may be left out, or
            the zone is none
    """
    zone = told_zone(order.zone)
    droppable = [name for name, field in fields.items() if not field.is_required]
    for name in order.drop_bad:
        if name not in droppable:
            raise InvalidInputError(
                "--drop-bad {name}: values of it cannot be left out. Those of these can: {fields}.",
                name=name,
                fields=", ".join(droppable),
            )
    progress("reading", 0.0)
    sheet = read_table(order.file, fields, progress, told=order.told, given=given, roles=roles,
                       limits=limits or Limits())  # fmt: skip
    taken = [
        Phrase("{field} = {column}", {"field": name, "column": _shown(sheet.columns[at])})
        for name, at in sheet.chosen.items()
    ]
    rows = Phrase("{rows}.", {"rows": counts.rows(len(sheet.rows))})
    sheet.notes[:] = [rows, *sheet.notes, Phrase("Columns: {columns}.", {"columns": taken})]
    if sheet.unread:
        sheet.notes.append(Phrase("Not read: {columns}.", {"columns": sheet.unread}))
    sheet.dropped = frozenset(order.drop_bad)
    sheet.ways = Conventions(zone, order.date_order, is_1904=sheet.ways.is_1904)
    sheet.seek_errors()
    return sheet


def read_table(
    file: FileRequest,
    fields: Mapping[str, Field],
    progress: Progress,
    *,
    told: Mapping[str, str] | None = None,
    given: Sequence[str] = (),
    roles: Sequence[str] = (),
    limits: Limits,
) -> Sheet:
    """Let the child read the columns of the fields; rows that are none of the list are findings.

    Raises:
        FileRefusedError, InvalidInputError
    """
    request = TableRequest(
        file,
        {name: column.words for name, column in fields.items()},
        [name for name, column in fields.items() if column.is_required],
        told or {},
        given,
        roles,
        [name for name, column in fields.items() if column.is_amount],
        {name: column.loose for name, column in fields.items() if column.loose},
        [name for name, column in fields.items() if column.is_joined],
    )
    try:
        with process.opened("table", to_plain(request), {}, progress, limits) as done:
            return _load(done.result, done.work / ROWS, list(fields))
    except FileRefusedError as refused:
        if refused.fault != InvalidInputError.code:
            raise
        # It is the columns that are wrong, and not the file.
        data = {key: value for key, value in refused.data.items() if key != "fault"}
        raise InvalidInputError(refused.message, hint=refused.hint, **data) from refused


def _load(found: Mapping[str, Any], path: Path, names: Sequence[str]) -> Sheet:
    """Read the rows that the child left."""
    columns: dict[str, str] = found["columns"]
    # Cells of a list repeat: each text is kept once.
    once: dict[str, str] = {}
    lines, parts, labels, rows = array("l"), array("h"), list[str](), list[list[object]]()
    places = [at for at, name in enumerate(names, 3) if name in columns]
    with path.open(encoding="utf-8") as file:
        for text in file:
            row = json.loads(text)
            lines.append(row[0])
            parts.append(row[1])
            labels.append(once.setdefault(row[2], row[2]))
            rows.append([_kept(row[at], once) for at in places])
    sheets: list[str] = found["parts"]
    sheet = Sheet(
        [columns[name] for name in names if name in columns],
        rows,
        0,
        {name: at for at, name in enumerate(name for name in names if name in columns)},
        list(found["notes"]),
        lines=lines,
        parts=[sheets[part] for part in parts] if sheets else (),
        labels=labels if any(labels) else (),
        ways=Conventions(is_1904=found["is_1904"]),
        crs=found["crs"],
        unread=_unread(found["unread"], found["unheaded"]),
    )
    for left in found["left"]:
        part = sheets[left["part"]] if sheets else ""
        severity: Literal["blocking", "warning"] = "warning"
        if left["why"] in {"extra", "amount"}:
            severity = "blocking"
        where = (RowRef(left["line"], sheet=part),)
        sheet.findings.append(
            Finding(f"{left['why']}_row", severity, where, data={"text": left["text"]})
        )
    return sheet


def _kept(cell: object, once: dict[str, str]) -> object:
    if isinstance(cell, str) and len(cell) < _REPEATED and len(once) < _DIFFERENT:
        return once.setdefault(cell, cell)
    return cell


def _unread(headers: Sequence[str], letters: Sequence[str]) -> list[str | Phrase]:
    """Return how people are told of columns that were not read, each once."""
    shape = Phrase("the shape")
    named = [_shown(header) for header in headers]
    found = [each for each in named if each != shape]
    found += [Phrase("column {letters}", {"letters": each}) for each in letters]
    return [*found, shape] if shape in named else found


def _shown(column: str) -> str | Phrase:
    return Phrase("the shape") if column.startswith("@") else privacy.masked(column)


def start_report(order: ListImport, subject: Phrase, sheet: Sheet, texts: Sequence[str]) -> Report:
    """Start the report; with ``skip_bad_rows`` faults of single rows no longer stand in the way.

    ``texts`` are the fields of free text, which numbers of persons may have slipped into.
    """
    sheet.say_orders()
    report = Report(subject, Path(order.file.path).name, sheet.notes, is_dry_run=order.is_dry_run)
    # A report of a list is called as its command is.
    report.options = options.offered(subject.text.lower())
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
            report.left_out = len(sheet.bad)
    report.findings = findings
    return report


def check_source(source: str) -> None:
    """Refuse an empty name of a list."""
    if not source.strip():
        raise InvalidInputError("--source needs a name: under it the list can be brought again.")


def fill(
    conn: psycopg.Connection[TupleRow],
    rows: Iterable[tuple[object, ...]],
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
