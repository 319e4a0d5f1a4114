"""``gridmap import grids --as-plan``: a division of the county becomes a plan, not boundaries."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import click
import psycopg
from psycopg.rows import TupleRow

from geodata.errors import InvalidInputError
from geodata.importing.files.requests import Progress, TableRow
from geodata.importing.grids.writing import GridImport, import_grids
from geodata.importing.report import code_table
from geodata.importing.report.report import Report
from geodata.plans.from_file import plan_grids
from geodata.plans.model import COMMAND_LINE
from scripts.cli import output
from scripts.cli.language import translate as _


def options(function: Callable[..., None]) -> Callable[..., None]:
    """Add what makes a plan of a file."""
    for option in (
        click.option(
            "--as-plan",
            metavar="NAME",
            help="Make a plan of this name of what differs, to be approved and published.",
        ),
        click.option("--purpose", default="", metavar="TEXT", help="What the plan is for."),
        click.option(
            "--table",
            type=click.Path(exists=True, dir_okay=False, path_type=Path),
            help="Old and new codes, edited: code_old, code_new, and continues. Needs --as-plan.",
        ),
        click.option(
            "--write-table",
            type=output.Output((".csv",)),
            help="Write the proposed old and new codes: .csv. Needs --as-plan or --dry-run.",
        ),
    ):
        function = option(function)
    return function


def table(options: dict[str, Any]) -> tuple[TableRow, ...] | None:
    """Read the table that was given. Raises InvalidInputError if options do not go together."""
    as_plan, written = options["as_plan"], options["write_table"]
    if as_plan is None:
        if options["table"] is not None:
            raise InvalidInputError("--table needs --as-plan.")
        if options["purpose"]:
            raise InvalidInputError("--purpose needs --as-plan.")
    if written is not None:
        if as_plan is None and not options["dry_run"]:
            raise InvalidInputError("--write-table needs --as-plan or --dry-run.")
        output.refuse_input(written, options["file"], options["table"])
        report: Path | None = options["report_file"]
        if report is not None and report.resolve() == written.resolve():
            raise InvalidInputError("--report and --write-table name one file.")
    return None if options["table"] is None else code_table.read(options["table"])


def bring(
    conn: psycopg.Connection[TupleRow],
    order: GridImport,
    options: dict[str, Any],
    progress: Progress,
) -> Report:
    """Import grids, or make a plan of them, and write the table of codes where that is asked."""
    target: Path | None = options["write_table"]
    # Before the commit: what cannot be told is not done.
    with output.written(target) if target is not None else nullcontext() as draft:
        if options["as_plan"] is None:
            report = import_grids(conn, order, progress=progress)
        else:
            report = plan_grids(
                conn, order, COMMAND_LINE, options["as_plan"], options["purpose"], progress=progress
            )
        if draft is not None:
            draft.write(code_table.to_table(report.table, _))
    return report
