"""The page of figures: how many are served of every kind, and how that has come about."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from typing import Annotated, Any
from urllib.parse import urlencode

from flask import Blueprint, Response, current_app, make_response, render_template
from flask_babel import gettext as _
from psycopg import Connection
from pydantic import BeforeValidator, Field

from geodata import spreadsheets
from geodata.coverage.figures import history, reading
from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures.history import Point
from geodata.errors import InvalidInputError
from geodata.grids import reading as grids
from geodata.model import Coverage, Grid, GridRef
from webmap.core import acting, asking, downloads, i18n, kept
from webmap.core.asking import Day, DayIn, Kind, Number, asks
from webmap.coverage import charts
from webmap.coverage.charts import Chart

bp = Blueprint("figures", __name__, url_prefix="/figures")

# How the table of places can be ordered; what is most urgent comes first, turned round with "-".
SORTS = ("unserved", "share", "change", "name")
_LINE = (120, 28)
_DESK, _PHONE = (1160, 260), (326, 220)


@dataclass(frozen=True, slots=True)
class Row:
    """A kind or a place: its figures on the day, those before, and the line between.

    ``before`` is the share on the day that is compared with, None where it is not known.
    """

    ref: GridRef | None
    now: Coverage
    points: Sequence[Point]
    line: Chart
    before: float | None

    @property
    def shares(self) -> Mapping[date, float | None]:
        """The share of each day that is known."""
        return {point.day: point.share for point in self.points}

    @property
    def change(self) -> float | None:
        """Percentage points more than before."""
        if self.now.share is None or self.before is None:
            return None
        return (self.now.share - self.before) * 100


def _sort(text: str) -> str:
    return text if text.removeprefix("-") in SORTS else SORTS[0]


class FiguresIn(DayIn):
    """Whose figures, compared with when, in which order."""

    grid: Number | None = Field(None, description="The county when left out.")
    kind: Kind = Field(reading.DEFAULT_KIND, description="The kind told place by place.")
    versus: Day | None = Field(None, description="The day compared with; a year ago without.")
    sort: Annotated[str, BeforeValidator(_sort)] = SORTS[0]

    def address(self, **changes: object) -> str:
        """Return the page's address with ``changes``."""
        query = self.model_dump(mode="json", exclude_unset=True) | changes
        return f"/figures?{urlencode(query)}" if query else "/figures"


@bp.get("")
@asks(FiguresIn)
def show(asked: FiguresIn) -> Response:
    """Show a place's figures, kind by kind, and those of the places in it for one kind."""
    on = asked.on
    with acting.connection() as conn:
        county = grids.find_county(conn, on)
        if county is None:
            page = render_template("coverage/figures_page.html", county=None, on=on)
            return kept.keep(make_response(page))
        found = _read(conn, county, asked)
    page = render_template("coverage/figures_page.html", county=county, on=on, **found)
    return kept.keep(make_response(page))


@bp.get("/export.csv")
@asks(FiguresIn)
def export(asked: FiguresIn) -> Response:
    """Send the figures of the page as a table: a line for each place, kind and day."""
    on = asked.on
    with acting.connection() as conn:
        county = grids.find_county(conn, on)
        if county is None:
            raise InvalidInputError("There are no figures for this day.")
        found = _read(conn, county, asked)
    place: Grid = found["place"]
    ref = GridRef(place.grid_id, place.level, place.name, place.code)
    rows = [(ref, row) for row in found["rows"]]
    rows += [(row.ref, row) for row in found["children"]]
    head = [
        _("Code"),
        _("Grid"),
        _("Service"),
        _("Day"),
        _("Households"),
        _("Served (%)"),
        _("Households unserved"),
        _("Computed (%(zone)s)", zone=current_app.config["TIMEZONE"].key),
    ]
    lines = [_cells(ref, row.now, point) for ref, row in rows if ref for point in row.points]
    name = f"gridmap-figures-{on:%Y%m%d}.csv"
    return kept.keep(downloads.send(spreadsheets.to_csv(head, lines), spreadsheets.CSV, name))


def _read(conn: Connection[Any], county: Grid, asked: FiguresIn) -> dict[str, Any]:
    """Return all that the page shows of a county on a day."""
    on, versus = asked.on, asked.versus
    place = _place(conn, county, asked)
    least = acting.least_count(conn, place.grid_id, on)
    is_rounded = least > 0
    standing = figures.standing(conn, on)
    now = reading.read_grid(conn, place.grid_id, on, is_rounded=is_rounded)
    past = history.of_grid(conn, place.grid_id, on, is_rounded=is_rounded)
    # A year ago is read from what was written down; a day that is asked for is computed.
    then = reading.read_grid(conn, place.grid_id, versus, is_rounded=is_rounded) if versus else []
    rows = [_row(None, each, past.get(each.kind, ()), on, versus, _by_kind(then)) for each in now]
    is_known = any(each.kind == asked.kind for each in now)
    kind = asked.kind if is_known else now[0].kind if now else ""
    children = _children(conn, place, kind, on, versus, is_rounded=is_rounded) if kind else []
    compared = [row for row in (*rows, *children) if row.before is not None]
    return {
        "place": place,
        "figures": standing,
        "places": _places(conn, on),
        "versus": versus,
        "compared": versus or _year_before(on, compared),
        "rows": rows,
        "chosen": next((row for row in rows if row.now.kind == kind), None),
        "charts_of": _charts(next((row for row in rows if row.now.kind == kind), None)),
        "children": _sorted(children, asked.sort),
        "sort": asked.sort,
        "least": least,
        "months": sorted({p.day for row in rows for p in row.points}),
        "address": asked.address,
        "first": min((p.computed_at for points in past.values() for p in points), default=None),
    }


def _place(conn: Connection[Any], county: Grid, asked: FiguresIn) -> Grid:
    """Return the grid asked for; for a compound, the community it lies in."""
    if asked.grid is None or asked.grid == county.grid_id:
        return county
    place = grids.get(conn, asked.grid, asked.on)
    # What is written down of past months ends at the communities.
    return grids.get(conn, place.path[-1].grid_id, asked.on) if place.level == "compound" else place


def _row(
    ref: GridRef | None,
    now: Coverage,
    past: Sequence[Point],
    on: date,
    versus: date | None,
    then: Mapping[str | int, Coverage],
) -> Row:
    points = [*(point for point in past if point.day < on), _today(now, on)]
    if versus:
        found = then.get(ref.grid_id if ref else now.kind)
        before = found.share if found else None
    else:
        known = history.at_or_before(points, _a_year_before(on))
        before = known.share if known else None
    line = charts.draw([(point.day, point.share) for point in points], *_LINE)
    return Row(ref, now, points, line, before)


def _today(now: Coverage, on: date) -> Point:
    return Point(on, now.households, now.met, asking.now())


def _children(
    conn: Connection[Any],
    place: Grid,
    kind: str,
    on: date,
    versus: date | None,
    *,
    is_rounded: bool,
) -> list[Row]:
    """Return the rows of the towns or communities in a place; compounds have no history."""
    if place.level == "community":
        return []
    past = history.of_children(conn, place.grid_id, kind, on, is_rounded=is_rounded)
    found = history.children_on(conn, place.grid_id, kind, on, is_rounded=is_rounded)
    then: dict[str | int, Coverage] = {}
    if versus:
        before = history.children_on(conn, place.grid_id, kind, versus, is_rounded=is_rounded)
        then = {ref.grid_id: coverage for ref, coverage in before}
    return [
        _row(ref, coverage, past.get(ref.grid_id, ()), on, versus, then) for ref, coverage in found
    ]


def _charts(row: Row | None) -> dict[str, Chart]:
    """Return the large line for a desk and for a phone, on which the same type is as large."""
    if row is None or len(row.points) < 2:
        return {}
    values = [(point.day, point.share) for point in row.points]
    margins = (12, 28, 28, 44)
    return {
        "desk": charts.draw(values, *_DESK, margins=margins, most_days=9),
        "phone": charts.draw(values, *_PHONE, margins=margins, most_days=4),
    }


def _by_kind(found: Sequence[Coverage]) -> dict[str | int, Coverage]:
    return {each.kind: each for each in found}


def _a_year_before(on: date) -> date:
    return date(on.year - 1, on.month, min(on.day, 28))


def _year_before(on: date, rows: Sequence[Row]) -> date | None:
    """Return the day written down about a year before, which all rows compare with."""
    found = (history.at_or_before(row.points, _a_year_before(on)) for row in rows)
    return next((point.day for point in found if point), None)


def _sorted(rows: list[Row], asked: str) -> list[Row]:
    """Order rows as is asked for; those without data stand at the end either way."""
    by = asked.removeprefix("-")

    def value(row: Row) -> float | None:
        if by == "unserved":
            return -row.now.unmet if row.now.households else None
        return row.now.share if by == "share" else row.change

    if by == "name":
        return rows[::-1] if asked.startswith("-") else rows
    known = [(found, row) for row in rows if (found := value(row)) is not None]
    known.sort(key=lambda pair: pair[0], reverse=asked.startswith("-"))
    return [row for _, row in known] + [row for row in rows if value(row) is None]


def _places(conn: Connection[Any], on: date) -> list[tuple[GridRef, list[GridRef]]]:
    """Return the towns with their communities, to choose from."""
    found = grids.list_towns_and_communities(conn, on)
    towns = [ref for _, ref in found if ref.level == "town"]
    return [(town, [ref for parent, ref in found if parent == town.grid_id]) for town in towns]


def _cells(ref: GridRef, now: Coverage, point: Point) -> list[spreadsheets.Cell]:
    return [
        ref.code,
        ref.name,
        i18n.pick(now.kind_zh, now.kind_en),
        point.day.isoformat(),
        point.households,
        None if point.share is None else int(point.share * 100),
        point.unmet if point.households else None,
        point.computed_at.astimezone(current_app.config["TIMEZONE"]),
    ]
