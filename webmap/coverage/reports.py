"""Service coverage to take along: as PDF for a meeting, as Excel, for a GIS, and as a picture."""

from __future__ import annotations

import tempfile
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO

from flask import Blueprint, Response
from psycopg import Connection
from pydantic import Field

from geodata import spreadsheets
from geodata.errors import InvalidInputError, NotFoundError, UnavailableError
from geodata.exporting import coverage, geopackage
from geodata.exporting.coverage import Extract
from geodata.grids import reading as grids
from geodata.model import LEVELS, Level
from webmap.core import acting, downloads
from webmap.core.asking import DayIn, Kind, Number, asks
from webmap.coverage import paper as report_pages
from webmap.coverage import tables as report_tables

bp = Blueprint("reports", __name__, url_prefix="/reports")

GEOPACKAGE = "application/geopackage+sqlite3"
SVG = "image/svg+xml"
# A document takes a core for seconds: a process makes one at a time and lets few wait for it, so
# that the map goes on.
_WAITING = threading.BoundedSemaphore(3)
_MAKING = threading.Lock()
_PATIENCE_S = 30.0


class ExtractIn(DayIn):
    """Of which grid."""

    grid: Number | None = Field(None, description="The county when left out.")


class ReportIn(ExtractIn):
    """Of which kind of service."""

    kind: Kind | None = Field(None, description="All when left out.")


@bp.get("/coverage.pdf")
@asks(ReportIn)
def coverage_pdf(asked: ReportIn) -> Response:
    """Return the report for a meeting."""
    with turn():
        with acting.connection() as conn:
            extract = extract_asked_for(conn, asked, asked.kind, steps=2)
            page = report_pages.document(conn, extract, asked.kind)
        return downloads.send(to_pdf(page), "application/pdf", name_of(extract, "pdf"))


@bp.get("/coverage.xlsx")
@asks(ReportIn)
def coverage_xlsx(asked: ReportIn) -> Response:
    """Return the figures of a grid and all in it as Excel; asked as the report is."""
    with turn():
        with acting.connection() as conn:
            extract = extract_asked_for(conn, asked, asked.kind)
        return downloads.send(to_excel(extract), spreadsheets.EXCEL, name_of(extract, "xlsx"))


@bp.get("/coverage.gpkg")
@asks(ReportIn)
def coverage_gpkg(asked: ReportIn) -> Response:
    """Return the same with shapes and facilities as GeoPackage."""
    with turn(), acting.connection() as conn:
        extract = extract_asked_for(conn, asked, asked.kind)
        return downloads.stream(to_geopackage(conn, extract), GEOPACKAGE, name_of(extract, "gpkg"))


@bp.get("/coverage.svg")
@asks(ReportIn)
def coverage_svg(asked: ReportIn) -> Response:
    """Return the report's map of one kind as a picture, with title, legend, scale and day."""
    if asked.kind is None:
        raise InvalidInputError(
            "A picture shows one kind of service.", hint="Name it as kind, for example clinic."
        )
    with turn(), acting.connection() as conn:
        extract = extract_asked_for(conn, asked, asked.kind, steps=2)
        body = report_pages.picture(conn, extract)
    return downloads.send(body.encode(), SVG, name_of(extract, "svg"))


def to_pdf(page: str) -> bytes:
    """Return a report as PDF."""
    # Loads WeasyPrint, which takes a second.
    from webmap.core import printing

    return printing.pdf(page)


def to_excel(extract: Extract) -> bytes:
    """Return the figures as an Excel workbook in the reader's language."""
    return spreadsheets.to_workbook(report_tables.sheets(extract))


def to_geopackage(conn: Connection[Any], extract: Extract) -> BinaryIO:
    """Return an open GeoPackage that is gone when it is closed."""
    with tempfile.TemporaryDirectory(prefix="gridmap-report-") as folder:
        path = Path(folder) / "coverage.gpkg"
        geopackage.write(
            conn,
            extract,
            path,
            titles=report_tables.field_titles(extract),
            layer_titles=report_tables.layer_titles(),
            about=[*report_tables.about(extract), *report_tables.standards(extract)],
        )
        # The file lives as long as it is open, without a name.
        return path.open("rb")


def deepest(level: Level, steps: int) -> Level:
    """Return the level so many steps below another, or the last one."""
    return LEVELS[min(LEVELS.index(level) + steps, len(LEVELS) - 1)]


def extract_asked_for(
    conn: Connection[Any],
    asked: ExtractIn,
    kind: str | None,
    steps: int = len(LEVELS),
    *,
    is_widened: bool = False,
    is_tried: bool = False,
) -> Extract:
    """Read what is asked for: the county and today where nothing is said.

    ``is_widened``: a compound, in which there is nothing to compare, stands for its community.
    ``is_tried``: what a scenario would bring. Who chooses its capacities would find the neighbours'
    households by who is served here, so exact counts are for those who see the county's.
    """
    on, grid_id = asked.on, asked.grid
    if grid_id is None:
        county = grids.read_extent(conn, on)
        if county is None:
            raise NotFoundError("There are no boundaries on this map on {on}.", on=on)
        grid_id = county[0].grid_id
    found = grids.get(conn, grid_id, on)
    place = found.path[-1] if is_widened and found.level == "compound" else found
    whose = found.path[0].grid_id if is_tried and found.path else place.grid_id
    return coverage.take(
        conn,
        place.grid_id,
        on,
        kind,
        least=acting.least_count(conn, whose, on),
        deepest=deepest(place.level, steps),
    )


def name_of(extract: Extract, ending: str) -> str:
    """Return a file's name of plain letters: what, of which grid, of which day."""
    kind = f"-{extract.kinds[0].kind}" if len(extract.kinds) == 1 else ""
    return f"coverage-{_plain(extract.place.code)}{kind}-{extract.day:%Y%m%d}.{ending}"


def _plain(code: str) -> str:
    return "".join(letter for letter in code if letter.isascii() and letter.isalnum())[:40]


@contextmanager
def turn() -> Generator[None]:
    """Wait until no other document is being made by this process.

    Raises UnavailableError when too many wait already, or it takes too long.
    """
    if not _WAITING.acquire(blocking=False):
        raise _busy()
    try:
        if not _MAKING.acquire(timeout=_PATIENCE_S):
            raise _busy()
        try:
            yield
        finally:
            _MAKING.release()
    finally:
        _WAITING.release()


def _busy() -> UnavailableError:
    return UnavailableError(
        "Too many documents are being created at the moment.", hint="Try again in a minute."
    )
