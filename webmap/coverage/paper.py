"""What stands in a report of coverage: for each kind figures, reasons, a map, and the worst."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import render_template
from psycopg import Connection

from geodata import disclosure
from geodata.coverage.standards.model import Kind
from geodata.database import settings
from geodata.exporting import geometries
from geodata.exporting.coverage import Extract, Line
from geodata.exporting.geometries import FacilityNearby
from geodata.model import Bounds, Coverage, Point
from layers import inks, paper
from layers.inks import Ink
from layers.paper import Drawing, Size
from webmap.core import asking, i18n
from webmap.coverage import tables as report_tables

# A4 with margins of 16 mm.
_SINGLE = Size(178.0, 130.0)
# Lower, where two tables share the page with it.
_CHAPTER = Size(178.0, 105.0)
_PICTURE = Size(240.0, 200.0)
MOST_WORST = 10
# A table that is longer is for a spreadsheet.
MOST_ROWS = 60
# Places that serve are named up to here.
MOST_NAMED = 60
_PINS = "ABCDEFGHIJ"
# What is shown around the place, as a part of it.
_AROUND = 0.02

Shapes = dict[int, tuple[Any, Point]]


@dataclass(frozen=True, slots=True)
class Row:
    """A grid in a table: ``key`` is what stands for it on the map."""

    key: str
    line: Line
    figures: Coverage
    ink: Ink


@dataclass(frozen=True, slots=True)
class Chapter:
    """What is said of one kind: of the place, the grids in it, and the worst a level below."""

    kind: Kind
    own: Row
    rows: tuple[Row, ...]
    more_rows: int
    worst_rows: tuple[Row, ...]
    worst: tuple[Row, ...]
    reasons: tuple[str, ...]
    drawing: Drawing
    inside: tuple[str, ...]
    outside: tuple[str, ...]


def document(conn: Connection[Any], extract: Extract, kind: str | None) -> str:
    """Return the report as a page of HTML that holds all that it shows."""
    shapes = _shapes(conn, extract)
    found = geometries.list_facilities(conn, extract)
    overview = [_row("", extract.own, each) for each in extract.kinds]
    # Of a kind that everybody has, nothing is to be discussed.
    discussed = [each for each in extract.kinds if kind or extract.own.figures[each.kind].unmet]
    return render_template(
        "coverage/paper.html",
        extract=extract,
        is_single=kind is not None,
        overview=[(each, row) for each, row in zip(extract.kinds, overview, strict=True)],
        chapters=[
            _chapter(
                extract,
                each,
                shapes,
                found,
                _SINGLE if kind else _CHAPTER,
            )
            for each in discussed
        ],
        matrix=[
            (line, [_row("", line, each) for each in extract.kinds])
            for line in extract.below()[:MOST_ROWS]
        ],
        more_rows=max(0, len(extract.below()) - MOST_ROWS),
        **words(conn, extract),
    )


def picture(conn: Connection[Any], extract: Extract) -> str:
    """Return the map of the extract's only kind as SVG, with title and legend."""
    [kind] = extract.kinds
    found = geometries.list_facilities(conn, extract)
    chapter = _chapter(extract, kind, _shapes(conn, extract), found, _PICTURE)
    return render_template(
        "coverage/picture.html", extract=extract, chapter=chapter, **words(conn, extract)
    ).strip()


def words(conn: Connection[Any], extract: Extract) -> dict[str, Any]:
    """Return what every paper about coverage says: how it is measured, the classes, the day."""
    facts = settings.read(conn)
    below = extract.below()
    return {
        "demo": bool(facts.get("demo")),
        "method": report_tables.method(extract),
        "not_current": report_tables.not_current,
        "meaning": report_tables.meaning,
        "count_title": report_tables.count_title,
        "below": below[0].ref.level if below else None,
        "inks": inks.INKS,
        "missing": inks.MISSING,
        "most_named": MOST_NAMED,
        "printed_at": asking.now(),
        "least": extract.least,
        # The reader may see them; those whom it is handed on to may not.
        "holds_small": 0 if extract.least else disclosure.least_count(conn),
        "language": i18n.language(),
    }


def box_around(box: Bounds) -> tuple[float, float, float, float]:
    """Return the box that a map of a place shows (west, south, east, north in degrees)."""
    more_lon, more_lat = (box.east - box.west) * _AROUND, (box.north - box.south) * _AROUND
    return box.west - more_lon, box.south - more_lat, box.east + more_lon, box.north + more_lat


def _shapes(conn: Connection[Any], extract: Extract) -> Shapes:
    wanted = [extract.own, *extract.below(), *extract.below(2)]
    return geometries.read_shapes(conn, [line.ref.grid_id for line in wanted], extract.day)


def _chapter(
    extract: Extract,
    kind: Kind,
    shapes: Shapes,
    found: Sequence[FacilityNearby],
    size: Size,
) -> Chapter:
    lines, deeper = extract.below(), extract.below(2)
    if not deeper:
        # Compounds have no order of their own; most households unserved first.
        lines = sorted(lines, key=lambda line: -line.figures[kind.kind].unmet)
    rows = [_row(str(number), line, kind) for number, line in enumerate(lines, 1)]
    worst = [
        _row(pin, line, kind)
        for pin, line in zip(_PINS, extract.worst(kind.kind, deeper, MOST_WORST), strict=False)
    ]
    here = [site for site in found if site.facility.kind == kind.kind]
    own = _row("", extract.own, kind)
    return Chapter(
        kind,
        own,
        tuple(rows[:MOST_ROWS]),
        max(0, len(rows) - MOST_ROWS),
        tuple(
            sorted(
                (row for row in rows if row.figures.unmet),
                key=lambda row: -row.figures.unmet,
            )[:MOST_WORST]
        ),
        tuple(worst),
        tuple(name for name, _ in own.figures.reasons),
        _drawing(extract, own, rows, worst, shapes, here, size),
        tuple(site.facility.name for site in here if site.is_inside),
        tuple(site.facility.name for site in here if not site.is_inside),
    )


def _row(key: str, line: Line, kind: Kind) -> Row:
    figures = line.figures[kind.kind]
    return Row(key, line, figures, inks.ink(figures.share))


def _drawing(
    extract: Extract,
    own: Row,
    rows: Sequence[Row],
    worst: Sequence[Row],
    shapes: Shapes,
    found: Sequence[FacilityNearby],
    size: Size,
) -> Drawing:
    place = extract.place
    filled = [
        paper.Area(
            row.line.ref.level,
            row.line.ref.name,
            shapes[row.line.ref.grid_id][0],
            is_marked=False,
            fill=row.ink.name,
            short=row.key,
        )
        for row in rows
    ]
    # Without grids in it, the place itself is filled.
    around = paper.Area(
        place.level, "", shapes[place.grid_id][0], is_marked=False,
        fill="" if filled else own.ink.name,
    )  # fmt: skip
    pins = [
        paper.Pin(row.key, point.lon, point.lat)
        for row in worst
        for point in (shapes[row.line.ref.grid_id][1],)
    ]
    return paper.draw(
        box_around(place.bounds),
        [*filled, around],
        size,
        paper.Overlay(
            marks=np.asarray(
                [[site.facility.point.lon, site.facility.point.lat] for site in found]
            ).reshape(-1, 2),
            pins=pins,
        ),
    )
