"""Importing grids: what stands in the database goes to the child, what comes back is written."""

from __future__ import annotations

import getpass
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow
from psycopg.types.json import Jsonb

from geodata.errors import InvalidInputError, NotFoundError
from geodata.grids import writing as boundaries
from geodata.grids.shapes import Drawing
from geodata.grids.writing import NewVersion
from geodata.importing.files import exchange, process
from geodata.importing.files.process import Limits
from geodata.importing.files.requests import (
    Acceptable,
    Columns,
    FileRequest,
    GridRequest,
    KnownGrid,
    Progress,
    TableRow,
    to_plain,
)
from geodata.importing.findings import counts, options
from geodata.importing.findings.finding import Finding, RowRef, of_numbers, without_numbers
from geodata.importing.grids import around, inhabited
from geodata.importing.grids.below import Departure
from geodata.importing.lists import places
from geodata.importing.report import code_table, grid_differences
from geodata.importing.report.report import Repaired, Report, describe
from geodata.language.phrases import Phrase
from geodata.model import LEVELS, Level
from geodata.partition.simplify import simplify_level

# The names under which new grids are counted.
_NEW: dict[Level, str] = {
    "county": "new counties",
    "town": "new towns",
    "community": "new communities",
    "compound": "new compounds",
}


@dataclass(frozen=True, slots=True)
class GridImport:
    """What to import and how strictly.

    ``accept`` names findings that may stand as recorded exceptions, for ``reason``.
    ``skip_bad_rows`` leaves out what cannot be used, and holds the rest to the law. ``as_plan``:
    the file is the whole division that a plan brings, by ``table`` where that is given.
    """

    file: FileRequest
    level: Level
    columns: Columns
    valid_from: date
    is_dry_run: bool = False
    repair: bool = False
    accept: tuple[Acceptable, ...] = ()
    reason: str = ""
    skip_bad_rows: bool = False
    as_plan: bool = False
    table: tuple[TableRow, ...] | None = None


Writer = Callable[
    [psycopg.Connection[TupleRow], GridImport, GridRequest, process.Outcome, Report], None
]
"""Writes what a survey found, and says so in the report."""


def import_grids(
    conn: psycopg.Connection[TupleRow],
    order: GridImport,
    *,
    progress: Progress,
    limits: Limits | None = None,
    write: Writer | None = None,
) -> Report:
    """Survey a file and, unless something stands in the way, write its grids. Never commits.

    Grids are known again by their code: a code of the level that exists gets a new version from
    ``valid_from``, or stays untouched where nothing differs. ``write`` does something else with
    what the survey found.

    Raises:
        FileRefusedError: the file cannot be read
        NotFoundError: the level above has not been imported
        InvalidInputError: a column is missing, or exceptions are accepted without a reason
        OverlapError, ShapeError, DateOrderError: refused by the database
    """
    if order.accept and not order.reason.strip():
        raise InvalidInputError("--accept needs --reason: an exception is recorded with one.")
    if order.as_plan and order.skip_bad_rows:
        raise InvalidInputError(
            "--skip-bad-rows does not go with --as-plan: a grid whose row is left out would end.",
            hint="Correct the file: it is taken for the whole division.",
        )
    boundaries.lock(conn)
    request = _request(conn, order)
    shapes = {
        "parents.wkb": _shapes(conn, [grid.grid_id for grid in request.parents], order.valid_from),
        "existing.wkb": _shapes(conn, [g.grid_id for g in request.existing], order.valid_from),
        "childless.wkb": _shapes(conn, [g.grid_id for g in request.childless], order.valid_from),
        "buildings.wkb": inhabited.points(conn, order.valid_from) if request.compares else iter(()),
    }
    with process.opened("grids", to_plain(request), shapes, progress, limits or Limits()) as done:
        progress("handing over", 0.5)
        refs = _refs(request, done.result)
        report = _report(order, request, done.result, refs)
        geoms, departures = np.empty(0, dtype=object), list[Departure]()
        # A plan is held to the law of all levels itself.
        if not report.is_blocked and done.result["write"] and not order.as_plan:
            progress("checking the levels below", 0.0)
            geoms = exchange.load(done.work / "shapes.wkb")
            departures = around.look(conn, request, done.result, geoms, refs, order.valid_from)
            report.findings += [each.finding for each in departures]
        if report.is_blocked or order.is_dry_run:
            _count(report, request, done.result)
            return report
        if write is not None:
            write(conn, order, request, done, report)
            return report
        _write(conn, order, request, done, geoms, progress)
        _record_departures(conn, order, departures)
    _count(report, request, done.result)
    report.is_written = True
    return report


def _request(conn: psycopg.Connection[TupleRow], order: GridImport) -> GridRequest:
    """Gather what the child must know of the database."""
    parents: tuple[KnownGrid, ...] = ()
    if order.level != "county":
        above = LEVELS[LEVELS.index(order.level) - 1]
        parents = _known(conn, above, order.valid_from)
        if not parents:
            raise NotFoundError(
                "There is no {above} in the database on {day}, and every {level} lies in one.",
                hint="Import the level {above} first, from that day or an earlier one on."
                " Where the county has no such level, bring the file of the level above that once"
                " more with --level {option}: each grid then stands for itself.",
                option=above,
                above=Phrase(above),
                level=Phrase(order.level),
                day=order.valid_from.isoformat(),
            )
    compares = order.is_dry_run or order.as_plan
    return GridRequest(
        file=order.file,
        level=order.level,
        columns=order.columns,
        repair=order.repair,
        accept=order.accept,
        parents=parents,
        existing=_known(conn, order.level, order.valid_from),
        county_box=places.county_box(conn),
        childless=around.childless(conn, order.level, order.valid_from),
        counties=around.counties(conn, order.valid_from) if order.level == "county" else (),
        skip_bad_rows=order.skip_bad_rows,
        compares=compares,
        as_plan=order.as_plan,
        table=order.table,
        households=inhabited.households(conn, order.valid_from) if compares else (),
    )


def _known(conn: psycopg.Connection[TupleRow], level: Level, day: date) -> tuple[KnownGrid, ...]:
    """Return the grids of a level on a day, by id."""
    rows = conn.execute(
        """
        SELECT grid_id, code, name, parent_id, households, population FROM grid_version
        WHERE level = %s::grid_level AND valid @> %s::date ORDER BY grid_id
        """,
        [level, day],
    )
    return tuple(KnownGrid(*row) for row in rows)


def _shapes(conn: psycopg.Connection[TupleRow], grid_ids: list[int], day: date) -> Iterator[bytes]:
    """Yield the shapes of grids on a day, in the order of their ids, as well-known binary."""
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            """
            SELECT ST_AsBinary(geom) FROM grid_version
            WHERE grid_id = ANY(%s) AND valid @> %s::date ORDER BY grid_id
            """,
            [grid_ids, day],
        )
        for row in cursor:
            yield row[0]


def _refs(request: GridRequest, result: dict[str, Any]) -> list[RowRef]:
    """Return how a person finds each position: rows of the file, then grids beside them."""
    beside = [request.existing[index] for index in result["others"]]
    return describe(result["rows"]) + [RowRef(None, grid.code, grid.name) for grid in beside]


def _report(
    order: GridImport, request: GridRequest, result: dict[str, Any], refs: list[RowRef]
) -> Report:
    """Put the child's findings into the words of the file."""
    subject = Phrase("Grids, level {level}", {"level": Phrase(order.level)})
    report = Report(subject, Path(order.file.path).name)
    report.notes = list(result["notes"])
    report.is_dry_run, report.is_plan = order.is_dry_run, order.as_plan
    report.differences = grid_differences.listed(result, request, refs)
    report.table = code_table.lines(result, request)
    for problem in result["problems"]:
        rows = tuple(refs[row] for row in problem["rows"])
        if problem["kind"] == "no_children":
            rows = ()
        place = tuple(problem["place"]) if problem["place"] else None
        data = {**problem["data"], "as_plan": 1} if order.as_plan else problem["data"]
        finding = Finding(problem["kind"], problem["severity"], rows, problem["m2"], place, data)
        report.findings.append(without_numbers(finding))
    for ref, row in zip(refs, result["rows"], strict=False):
        found = of_numbers(ref, order.columns.name, row["name"])
        if found is not None:
            report.findings.append(found)
    left_out = {result["rows"][row]["code"] for row in result["left_out"]}
    report.findings += [
        Finding("not_in_file", "warning", (RowRef(None, grid.code, grid.name),))
        for grid in (request.existing[index] for index in result["others"])
        if grid.code not in left_out
    ]
    if left := len(result["left_out"]):
        report.notes.append(counts.left_out(left))
    report.repairs = [_repaired(refs, deed) for deed in result["repairs"]]
    on = [f"--accept {kind}" for kind in order.accept] + ["--repair"] * order.repair
    on += ["--as-plan"] * order.as_plan + ["--dry-run"] * order.is_dry_run
    report.options = options.offered("grids", on)
    return report


def _repaired(refs: Sequence[RowRef], deed: dict[str, Any]) -> Repaired:
    place = tuple(deed["place"]) if deed["place"] else None
    return Repaired(refs[deed["row"]], deed["deed"], deed["m2"], deed["share"], place)


def _count(report: Report, request: GridRequest, result: dict[str, Any]) -> None:
    if report.is_plan:
        return
    known = {grid.code for grid in request.existing}
    count = len(result["rows"])
    written = [position for position in result["write"] if position < count]
    unchanged = count - len(written) - len(result["left_out"])
    changed = sum(result["rows"][position]["code"] in known for position in written)
    report.counts = {
        _NEW[request.level]: len(written) - changed,
        "new versions of known grids": changed,
        "neighbours that got shared corners": len(result["write"]) - len(written),
    }
    if not report.is_blocked and unchanged:
        report.notes.append(counts.unchanged(request.level, unchanged))


def _write(
    conn: psycopg.Connection[TupleRow],
    order: GridImport,
    request: GridRequest,
    done: process.Outcome,
    geoms: NDArray[np.object_],
    progress: Progress,
) -> None:
    """Write versions, exceptions, the county's name and the shapes for small scales."""
    positions: list[int] = done.result["write"]
    if not positions:
        return
    progress("writing", 0.0)
    known = {grid.code: grid.grid_id for grid in request.existing}
    versions = [
        _version(request, done.result, position, geom, known)
        for position, geom in zip(positions, geoms, strict=True)
    ]
    source = Path(order.file.path).name
    ids = boundaries.insert_versions(
        conn, order.level, versions, valid_from=order.valid_from, source=source
    )
    with ThreadPoolExecutor(1) as helper:
        # Simplified for small scales while the database checks; used if the level is all new.
        drawn = helper.submit(list, simplify_level(order.level, geoms)) if _is_whole(done) else None
        progress("checking in the database", 0.0)
        boundaries.check_now(conn)
        drawing = Drawing(ids, drawn.result()) if drawn else None
    _record_exceptions(conn, order, request, done.result, dict(zip(positions, ids, strict=True)))
    if order.level == "county" and len(versions) == 1:
        conn.execute(
            "INSERT INTO setting (key, value) VALUES ('county_name', %s) ON CONFLICT DO NOTHING",
            [Jsonb(versions[0].name)],
        )
    progress("drawing for small scales", 0.0)
    boundaries.refresh_shapes(conn, order.level, drawing=drawing)


def _is_whole(done: process.Outcome) -> bool:
    """Whether every grid of the level is written, so that its shapes are the whole level's."""
    return len(done.result["write"]) == len(done.result["rows"]) + len(done.result["others"])


def _version(
    request: GridRequest,
    result: dict[str, Any],
    position: int,
    geom: shapely.MultiPolygon,
    known: dict[str, int],
) -> NewVersion:
    """Return the version to write for a row of the file or for a neighbour of one."""
    rows: list[dict[str, Any]] = result["rows"]
    if position >= len(rows):
        grid = request.existing[result["others"][position - len(rows)]]
        return NewVersion(
            grid.grid_id,
            grid.name,
            grid.code,
            grid.parent_id,
            grid.households,
            grid.population,
            geom,
        )
    row = rows[position]
    parent = result["parent_of"][position] if result["parent_of"] else -1
    return NewVersion(
        grid_id=known.get(row["code"]),
        name=row["name"],
        code=row["code"],
        parent_id=request.parents[parent].grid_id if parent >= 0 else None,
        households=row["households"],
        population=row["population"],
        geom=geom,
    )


def _record_exceptions(
    conn: psycopg.Connection[TupleRow],
    order: GridImport,
    request: GridRequest,
    result: dict[str, Any],
    ids: dict[int, int],
) -> None:
    """Record departures from the partition law, with reason and person."""
    reason = order.reason.strip() or f"--repair on import of {Path(order.file.path).name}"
    person = getpass.getuser()
    for record in result["exceptions"]:
        if record["parent"] is not None:
            grid_id = request.parents[record["parent"]].grid_id
        else:
            grid_id = ids.get(record["row"])
        if grid_id is not None:
            _record(conn, record["kind"], grid_id, reason, person)


def _record_departures(
    conn: psycopg.Connection[TupleRow], order: GridImport, departures: Sequence[Departure]
) -> None:
    """Record what grids of the levels below depart from since the file was written."""
    for each in departures:
        if each.kind is not None:
            _record(conn, each.kind, each.grid_id, order.reason.strip(), getpass.getuser())


def _record(
    conn: psycopg.Connection[TupleRow], kind: str, grid_id: int, reason: str, person: str
) -> None:
    conn.execute(
        "INSERT INTO partition_exception (kind, grid_id, reason, recorded_by)"
        " VALUES (%s, %s, %s, %s)",
        [kind, grid_id, reason, person],
    )
