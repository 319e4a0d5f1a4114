"""Checking the ground as it stands in the database, with the checks that imports go through."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from datetime import date

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from geodata.importing.findings import counts
from geodata.importing.findings.finding import Finding, RowRef
from geodata.importing.report.report import Report
from geodata.language.phrases import Phrase
from geodata.model import LEVELS, Level
from geodata.partition import checks, nesting, offset
from geodata.partition.problems import Problem

# The exception that lets a finding stand.
_RECORDED_AS = {
    "overlap": "overlap",
    "gap": "gap",
    "does_not_nest": "outside_parent",
    "outside_parent": "outside_parent",
    "multipart": "multipart",
    "sliver": "sliver",
    "stray_piece": "sliver",
}


class _Ground:
    """The grids of one level on a day. Shapes are EPSG:4326, in the order of ``ids``."""

    def __init__(self, conn: psycopg.Connection[TupleRow], level: Level, day: date) -> None:
        rows = conn.execute(
            """
            SELECT grid_id, code, name, parent_id, ST_AsBinary(geom) FROM grid_version
            WHERE level = %s::grid_level AND valid @> %s::date ORDER BY grid_id
            """,
            [level, day],
        ).fetchall()
        self.ids: list[int] = [row[0] for row in rows]
        self.refs = [RowRef(None, row[1], row[2]) for row in rows]
        self.parent_ids: list[int | None] = [row[3] for row in rows]
        shapes = shapely.from_wkb([bytes(row[4]) for row in rows]) if rows else []
        self.geoms: NDArray[np.object_] = np.asarray(shapes, dtype=object)


def check(conn: psycopg.Connection[TupleRow], levels: Sequence[Level], *, on: date) -> list[Report]:
    """Return one report per level that has grids on a day, from the county down.

    Findings for which an exception is recorded are warnings.
    """
    exceptions = {
        (row[0], row[1]) for row in conn.execute("SELECT kind, grid_id FROM partition_exception")
    }
    reports: list[Report] = []
    above: _Ground | None = None
    for level in LEVELS:
        ground = _Ground(conn, level, on)
        if level in levels and ground.ids:
            reports.append(_check_level(level, ground, above, exceptions, on))
        above = ground
    return reports


def _check_level(
    level: Level,
    ground: _Ground,
    above: _Ground | None,
    exceptions: set[tuple[str, int]],
    on: date,
) -> Report:
    report = Report(
        Phrase("Level {level}", {"level": Phrase(level)}),
        Phrase("the database on {day}", {"day": on.isoformat()}),
    )
    report.notes.append(counts.all_grids(level, len(ground.ids)))
    problems = checks.find_overlaps(ground.geoms) + checks.find_slivers(ground.geoms)
    problems += checks.find_narrow_gaps(ground.geoms)
    report.findings = [
        _finding(problem, [ground.refs[row] for row in problem.rows], exceptions,
                 [ground.ids[row] for row in problem.rows])
        for problem in problems
    ]  # fmt: skip
    if above is not None and above.ids:
        _check_nesting(report, level, ground, above, exceptions)
    return report


def _check_nesting(
    report: Report,
    level: Level,
    ground: _Ground,
    above: _Ground,
    exceptions: set[tuple[str, int]],
) -> None:
    index = {grid_id: position for position, grid_id in enumerate(above.ids)}
    wanted = np.array([index.get(parent or -1, -1) for parent in ground.parent_ids], dtype=np.intp)
    found = nesting.nest(ground.geoms, above.geoms, wanted)
    for problem in nesting.nesting_problems(found, ground.geoms, above.geoms):
        row = problem.rows[0]
        owner = int(wanted[row])
        data = {**problem.data, "parent": above.refs[owner].name if owner >= 0 else ""}
        report.findings.append(
            _finding(replace(problem, data=data), [ground.refs[row]], exceptions, [ground.ids[row]])
        )
    shift = offset.find_offset(ground.geoms, above.geoms)
    if shift is not None:
        data = {"frame": shift.frame, "metres": round(shift.shift_m), "misfit": shift.misfit}
        data |= {"then": shift.misfit_then, "stored": 1}
        report.findings.append(Finding("frame_offset", "blocking", data=data))
    if level == "compound":
        return
    for problem in nesting.find_gaps(ground.geoms, above.geoms, wanted):
        parent = problem.rows[0]
        data = {**problem.data, "parent": above.refs[parent].name}
        report.findings.append(
            _finding(replace(problem, data=data), [], exceptions, [above.ids[parent]])
        )


def _finding(
    problem: Problem, refs: Sequence[RowRef], exceptions: set[tuple[str, int]], ids: Sequence[int]
) -> Finding:
    """Put a problem into words; what an exception is recorded for is no more than a warning."""
    kind = _RECORDED_AS.get(problem.kind)
    data: dict[str, object] = dict(problem.data)
    severity = problem.severity
    if kind is not None and any((kind, grid_id) in exceptions for grid_id in ids):
        severity = "warning"
        data["recorded"] = 1
    return Finding(problem.kind, severity, tuple(refs), problem.m2, problem.place, data)
