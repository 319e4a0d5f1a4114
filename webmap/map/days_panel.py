"""Fragments of HTML for the days of the boundaries: when they changed, and what differs."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import date, timedelta
from itertools import groupby
from typing import Any

from flask import Blueprint, Response
from psycopg import Connection

from geodata.errors import NotFoundError
from geodata.grids import comparing
from geodata.grids import reading as grids
from geodata.grids.comparing import ChangeDay, Difference
from geodata.model import Bounds, GridRef
from webmap.core import acting, asking
from webmap.core.asking import DayIn, Number, SpanIn, ViewIn, asks
from webmap.core.fragments import fragment
from webmap.map.summaries import PAGE_SIZE

bp = Blueprint("comparing", __name__, url_prefix="/panel")


class DaysIn(DayIn):
    """Of which grid."""

    grid: Number | None = None


class ChangesIn(ViewIn, SpanIn):
    """Which two days are compared, and where."""

    grid: Number | None = None
    page: Number = 1


@bp.get("/days")
@asks(DaysIn)
def days(asked: DaysIn) -> Response:
    """Offer the days on which boundaries changed: of all, or of ?grid= and what lay in it."""
    with acting.connection() as conn:
        place, _ = _place(conn, asked.grid, asked.on)
        found = comparing.list_days(conn, within(place))
    return fragment(
        "map/days.html",
        days=found,
        place=place,
        today=asking.today(),
        eve=[each.day - timedelta(days=1) for each in found],
    )


@bp.get("/changes")
@asks(ChangesIn)
def listing(asked: ChangesIn) -> Response:
    """List what differs between ?on= and ?versus=: in the county, or in ?grid=."""
    before, after = asked.span
    with acting.connection() as conn:
        place, bounds = _place(conn, asked.grid, asked.on)
        counts = comparing.count_differences(conn, before, after, within(place))
        total = sum(counts.values())
        pages = max(1, -(-total // PAGE_SIZE))
        page = min(asked.page, pages)
        offset = (page - 1) * PAGE_SIZE
        rows = comparing.find(conn, before, after, within(place), limit=PAGE_SIZE, offset=offset)
        near = [] if total else nearest(comparing.list_days(conn, within(place)), before, after)
        least = acting.least_count(conn, place.grid_id if place else None, asked.on)
    return fragment(
        "map/changes.html",
        mode=asked.mode,
        on=asked.on,
        before=before,
        after=after,
        place=place,
        bounds=bounds,
        counts=counts,
        total=total,
        groups=_by_town(rows),
        page=page,
        pages=pages,
        near=near,
        least=least,
    )


def within(place: GridRef | None) -> int | None:
    """Return the grid to which a question is limited: a county is the whole."""
    return None if place is None or place.level == "county" else place.grid_id


def nearest(days: Sequence[ChangeDay], before: date, after: date) -> list[tuple[date, date]]:
    """Return the nearest changes around two days that are alike, each as the day before and it."""
    changes = [each.day for each in days if not each.is_first]
    last = [day for day in changes if day <= before][-1:]
    following = [day for day in changes if day > after][:1]
    return [(day - timedelta(days=1), day) for day in (*last, *following)]


def _place(
    conn: Connection[Any], grid_id: int | None, on: date
) -> tuple[GridRef | None, Bounds | None]:
    """Return a grid and its box, as on a day or near it in time.

    Without one the county, None while there is none. Raises NotFoundError if there is no such grid.
    """
    if grid_id is None:
        return grids.read_extent(conn, on) or (None, None)
    found = grids.find_ever_known(conn, grid_id, on)
    if found is None:
        raise NotFoundError("There is no grid with the number {grid_id}.", grid_id=grid_id)
    return found


def _by_town(rows: Sequence[Difference]) -> list[tuple[GridRef | None, list[Difference]]]:
    return [(town, list(some)) for town, some in groupby(rows, key=lambda each: each.town)]
