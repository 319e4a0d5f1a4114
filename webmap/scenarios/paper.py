"""A scenario on paper: what would be different, and for each kind maps and figures of both."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from flask import Blueprint, Response, render_template
from psycopg import Connection

from geodata.coverage.judging.altering import Redrawn
from geodata.coverage.standards.model import Kind
from geodata.errors import InvalidInputError
from geodata.exporting import coverage, geometries
from geodata.exporting.coverage import Extract
from geodata.exporting.geometries import FacilityNearby
from geodata.model import LEVELS, Coverage, GridRef, Level, Point
from geodata.scenarios import boundaries, keeping
from geodata.scenarios.effects import GridEffect, KindEffect
from geodata.scenarios.model import Change, Scenario
from layers import inks, paper
from layers.inks import Ink
from layers.paper import Area, Drawing, Pin, Size
from webmap.core import acting, downloads
from webmap.core.asking import Number, asks
from webmap.coverage import paper as report_pages
from webmap.coverage import reports
from webmap.coverage.reports import ExtractIn
from webmap.scenarios.effects import effects_of, last_search

bp = Blueprint("scenario_paper", __name__, url_prefix="/reports")

# Two maps beside each other on A4 with margins of 16 mm.
_SIZE = Size(87.0, 105.0)
# All communities of a county are small in it.
_SIZES: Mapping[Level, Size] = {"county": Size(87.0, 105.0, fineness=0.65)}
MOST_ROWS = 15
# The level that fills the map, by that of the place: it leaves no ground out, unless there is none.
_FILLED: Mapping[Level, Level] = {
    "county": "community",
    "town": "community",
    "community": "compound",
}


@dataclass(frozen=True, slots=True)
class Chapter:
    """One kind in the place: its figures, the maps, and by level the grids that change most.

    ``kind`` has the standards that would hold, ``was`` those that do (None: it is no kind yet).
    A table has the level, its rows, and how many more there are; ``placed`` are the changes of this
    kind that are on the maps, by the number under which they stand there.
    """

    kind: Kind
    was: Kind | None
    own: GridEffect
    before: Drawing
    after: Drawing
    tables: tuple[tuple[Level, tuple[GridEffect, ...], int], ...]
    placed: tuple[tuple[int, Change], ...]


@dataclass(frozen=True, slots=True)
class _Ground:
    """The place on a day: shapes now, and what a boundary plan draws instead.

    ``figures`` are those of the grids that it draws, by number and kind, as they stand.
    """

    extract: Extract
    shapes: Mapping[int, tuple[Any, Point]]
    redrawn: Redrawn | None
    figures: Mapping[tuple[int, str], Coverage]
    facilities: Sequence[FacilityNearby]


class PaperIn(ExtractIn):
    """Which scenario, and of which grid."""

    scenario: Number | None = None


@bp.get("/scenario.pdf")
@asks(PaperIn)
def show(asked: PaperIn) -> Response:
    """Return a scenario on paper."""
    with reports.turn():
        with acting.planning_connection() as (conn, _person):
            found = keeping.get(conn, asked.scenario or 0)
            if found.is_removed:
                raise InvalidInputError("This scenario has been deleted.", hint="Restore it first.")
            extract = reports.extract_asked_for(
                conn, asked, None, steps=2, is_widened=True, is_tried=True
            )
            page = document(conn, found, extract, last_search(conn, found))
        of_what = reports.name_of(extract, "pdf").removeprefix("coverage-")
        name = f"scenario-{found.scenario_id}-{of_what}"
        return downloads.send(reports.to_pdf(page), "application/pdf", name)


def document(
    conn: Connection[Any], scenario: Scenario, extract: Extract, search: Mapping[str, Any] | None
) -> str:
    """Return the paper as a page of HTML that holds all that it shows.

    ``extract`` is the place with the levels below it as it is; ``search`` the last search for best
    places as the reader may know it, None without one.
    """
    is_rounded = extract.least > 0
    effects = effects_of(conn, scenario, extract.day, is_rounded=is_rounded)
    redrawn = boundaries.altered(conn, scenario).redrawn
    ground = _Ground(
        extract,
        geometries.read_shapes(conn, [line.ref.grid_id for line in extract.lines], extract.day),
        redrawn,
        coverage.read(
            conn,
            list(redrawn.grids if redrawn else ()),
            extract.kinds,
            extract.day,
            is_rounded=is_rounded,
        ),
        geometries.list_facilities(conn, extract),
    )
    inside = _inside(extract, redrawn)
    own = [(each, _own(each, extract.place.grid_id)) for each in effects]
    return render_template(
        "scenarios/paper.html",
        scenario=scenario,
        extract=extract,
        numbered=list(enumerate(scenario.changes, 1)),
        sums=[(each.kind, place) for each, place in own if place],
        chapters=[_chapter(ground, scenario, each, place, inside) for each, place in own if place],
        search=search,
        ink_of=inks.ink,
        **report_pages.words(conn, extract),
    )


def _own(effect: KindEffect, grid_id: int) -> GridEffect | None:
    """Return what changes in the place, None if nothing does."""
    return next((each for each in effect.grids if each.grid.grid_id == grid_id), None)


def _inside(extract: Extract, redrawn: Redrawn | None) -> set[int]:
    """Return the place's grids of the levels that are read, with those that a plan would make."""
    inside = {line.ref.grid_id for line in extract.lines}
    drawn = redrawn.grids if redrawn else {}
    levels = {line.ref.level for line in extract.lines}
    # Parents first: a plan may make a community and compounds in it.
    for level in (each for each in LEVELS if each in levels):
        inside |= {
            id_ for id_, grid in drawn.items() if grid.level == level and grid.parent in inside
        }
    return inside


def _chapter(
    ground: _Ground, scenario: Scenario, effect: KindEffect, own: GridEffect, inside: set[int]
) -> Chapter:
    changed = {each.grid.grid_id: each for each in effect.grids if each.grid.grid_id in inside}
    placed = tuple(
        (number, change)
        for number, change in enumerate(scenario.changes, 1)
        if change.kind == effect.kind.kind and (change.point or change.was)
    )
    tables: list[tuple[Level, tuple[GridEffect, ...], int]] = []
    for level in ("town", "community", "compound"):
        rows = [
            each
            for each in effect.of_level(level)
            if each.grid.grid_id in changed and each.grid.grid_id != own.grid.grid_id
            # Households may move within a grid and leave its figures as they were.
            if each.more or each.before.share != each.after.share
        ]
        if rows:
            tables.append((level, tuple(rows[:MOST_ROWS]), max(0, len(rows) - MOST_ROWS)))
    before, after = (
        _drawing(ground, effect.kind.kind, changed, placed, is_after=is_after)
        for is_after in (False, True)
    )
    # Places beyond the edge of the map are in the list of changes alone.
    shown = {pin.text for drawing in (before, after) for pin in drawing.pins}
    return Chapter(
        effect.kind,
        next((each for each in ground.extract.kinds if each.kind == effect.kind.kind), None),
        own,
        before,
        after,
        tuple(tables),
        tuple((number, change) for number, change in placed if str(number) in shown),
    )


def _drawing(
    ground: _Ground,
    kind: str,
    changed: Mapping[int, GridEffect],
    placed: Sequence[tuple[int, Change]],
    *,
    is_after: bool,
) -> Drawing:
    place = ground.extract.place
    gone = {change.facility_id for _, change in placed if change.facility_id}
    here = [
        site.facility.point
        for site in ground.facilities
        if site.facility.kind == kind and site.facility.facility_id not in gone
    ]
    spots = [(number, change.point if is_after else change.was) for number, change in placed]
    return paper.draw(
        report_pages.box_around(place.bounds),
        list(_areas(ground, kind, changed, is_after=is_after)),
        _SIZES.get(place.level, _SIZE),
        paper.Overlay(
            marks=np.asarray([[each.lon, each.lat] for each in here]).reshape(-1, 2),
            pins=[Pin(str(number), spot.lon, spot.lat) for number, spot in spots if spot],
        ),
    )


def _areas(
    ground: _Ground, kind: str, changed: Mapping[int, GridEffect], *, is_after: bool
) -> list[Area]:
    """Return the grids that fill the map, with those above them as outlines."""
    extract = ground.extract
    level = _FILLED[extract.place.level]
    redrawn = ground.redrawn if is_after else None
    replaced = redrawn.changed | redrawn.grids.keys() if redrawn else frozenset[int]()
    areas: list[Area] = []
    for line in extract.lines:
        id_ = line.ref.grid_id
        if id_ in replaced and line.ref.level != extract.place.level:
            continue
        now = line.figures.get(kind)
        if id_ in changed:
            now = changed[id_].after if is_after else changed[id_].before
        shape = ground.shapes[id_][0]
        areas += _area(extract, level, line.ref, shape, inks.ink(now and now.share))
    if redrawn:
        above = {extract.place.grid_id} | {line.ref.grid_id for line in extract.at("town")}
        above |= {
            id_
            for id_, grid in redrawn.grids.items()
            if grid.level == "town" and grid.parent in above
        }
        for id_, grid in redrawn.grids.items():
            # What it would hand over to others is theirs.
            if grid.parent in above:
                ref = GridRef(id_, grid.level, grid.name, grid.code)
                # One that is redrawn, or handed over, may have the figures that it had.
                now = changed[id_].after if id_ in changed else ground.figures.get((id_, kind))
                areas += _area(extract, level, ref, grid.shape, inks.ink(now and now.share))
    return areas


def _area(extract: Extract, filled: Level, ref: GridRef, shape: Any, ink: Ink) -> list[Area]:
    """Return a grid for the map: filled, an outline, or nothing at all."""
    if ref.level == filled:
        # In a whole county, the towns have the names.
        name = "" if extract.place.level == "county" else ref.name
        return [Area(ref.level, name, shape, is_marked=False, fill=ink.name)]
    if ref.level == extract.place.level or ref.level == "town":
        name = "" if ref.level == extract.place.level else ref.name
        return [Area(ref.level, name, shape, is_marked=False)]
    return []
