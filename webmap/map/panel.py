"""Fragments of HTML for the side panel: what a click, a search or a link finds."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, g
from psycopg import Connection
from pydantic import Field

from geodata.accounts.acting import looking_at
from geodata.coverage import counts
from geodata.coverage.figures import reading
from geodata.database import settings
from geodata.errors import AbsentError
from geodata.grids import comparing, searching
from geodata.grids import reading as grids
from geodata.issues import reading as issues
from geodata.issues.reading import IssueFilter
from geodata.model import Nearby, Point
from geodata.people import contacts, members, phones
from geodata.places import facilities
from webmap.core import acting, asking
from webmap.core.asking import Day, Lat, Lon, Number, Searched, ViewIn, asks, in_order
from webmap.core.fragments import fragment
from webmap.map.summaries import PAGE_SIZE, SUMMARIES, issue_filters, standing

bp = Blueprint("panel", __name__, url_prefix="/panel")

FOUND = 12
URGENT = 5
# Longer lists of compounds without anybody are folded after this many.
UNFOLDED = 12


class GridIn(ViewIn):
    """How a grid is looked at."""

    versus: Day | None = Field(None, description="Another day, whose difference is told.")


class HereIn(GridIn):
    """A place in WGS 84 degrees."""

    lon: Lon
    lat: Lat
    level: str | None = Field(None, description="The finest that the map shows, if there is one.")


class IssuesIn(ViewIn):
    """Which page of a list; its filter is read by geodata.issues."""

    page: Number = 1


class SearchIn(ViewIn):
    """What to look for."""

    q: Searched = ""


@bp.get("/home")
@asks(ViewIn)
def county(asked: ViewIn) -> Response:
    """Show the whole county in a mode."""
    mode, on = asked.mode, asked.on
    with acting.connection() as conn:
        county = grids.find_county(conn, on)
        facts = settings.read(conn)
        least = acting.least_count(conn, county.grid_id, on) if county else 0
        figures = standing(conn, on) if county else None
        summary = SUMMARIES[mode](conn, county, on, least) if county else {}
        first_day = None if county else grids.find_first_day(conn)
    return fragment(
        "map/county.html",
        mode=mode,
        on=on,
        county=county,
        demo=bool(facts.get("demo")),
        summary=summary,
        figures=figures,
        least=least,
        first_day=first_day,
    )


@bp.get("/here")
@asks(HereIn)
def here(asked: HereIn) -> Response:
    """Show what lies at a point.

    With a level the grid of that level is shown, and the finer ones at the point are linked.
    Without one, the finest grid.
    """
    mode, on, point = asked.mode, asked.on, Point(asked.lon, asked.lat)
    with acting.connection() as conn:
        nearby = grids.locate(conn, point, on)
        if not nearby.path:
            return fragment("map/outside.html", point=point, mode=mode, on=on)
        shown = next((ref for ref in nearby.path if ref.level == asked.level), nearby.path[-1])
        context = _grid(conn, shown.grid_id, asked)
        nearest = facilities.find_nearest(conn, point, on)
    return fragment("map/grid.html", mode=mode, on=on, here=nearby, nearest=nearest, **context)


@bp.get("/grid/<int:grid_id>")
@asks(GridIn)
def grid(asked: GridIn, grid_id: int) -> Response:
    """Show one grid."""
    with acting.connection() as conn:
        context = _grid(conn, grid_id, asked)
    nowhere: Nearby | None = None
    return fragment(
        "map/grid.html", mode=asked.mode, on=asked.on, here=nowhere, nearest=[], **context
    )


@bp.get("/grid/<int:grid_id>/issues")
@asks(IssuesIn)
def grid_issues(asked: IssuesIn, grid_id: int) -> Response:
    """List the issues of a grid, page by page."""
    on = asked.on
    with acting.connection() as conn:
        place = grids.get(conn, grid_id, on)
        reach = acting.reach(conn, "see_issues", grid_id, on)
        if reach == "none":
            return fragment("map/issues.html", grid=place, reach=reach, on=on, mode=asked.mode)
        with looking_at(conn, grid_id, on):
            filters = issue_filters(conn, grid_id, on)
            chosen = filters["chosen"]
            total = issues.count(conn, chosen, grid_id, on)
            pages = max(1, -(-total // PAGE_SIZE))
            page = min(asked.page, pages)
            offset = (page - 1) * PAGE_SIZE
            items = issues.list_issues(conn, chosen, grid_id, on, limit=PAGE_SIZE, offset=offset)
    return fragment(
        "map/issues.html",
        grid=place,
        reach=reach,
        items=items,
        total=total,
        page=page,
        pages=pages,
        on=on,
        mode=asked.mode,
        **filters,
    )


@bp.get("/issue/<int:issue_id>")
@asks(ViewIn)
def issue(asked: ViewIn, issue_id: int) -> Response:
    """Show one issue with its history."""
    with acting.connection() as conn:
        found = issues.get(conn, issue_id, asked.on, asking.now())
        has_reporter = contacts.has_reporter(conn, issue_id)
    return fragment(
        "map/issue.html", issue=found, has_reporter=has_reporter, on=asked.on, mode=asked.mode
    )


@bp.post("/member/<int:member_id>/contact")
def contact(member_id: int) -> Response:
    """Show how to reach a duty holder; it is noted who saw it."""
    with acting.connection() as conn:
        found = contacts.show(conn, member_id)
    numbers = phones.numbers(found.phone or "")
    return _seen("map/contact.html", contact=found, numbers=numbers)


@bp.post("/issue/<int:issue_id>/reporter")
def reporter(issue_id: int) -> Response:
    """Show who reported an issue; it is noted who saw it."""
    with acting.connection() as conn:
        found = contacts.show_reporter(conn, issue_id)
    numbers = phones.numbers(found.phone or "")
    return _seen("map/contact.html", contact=found, numbers=numbers)


@bp.get("/search")
@asks(SearchIn)
def search(asked: SearchIn) -> Response:
    """List grids and members that match ?q=."""
    with acting.connection() as conn:
        hits = searching.find(conn, asked.q, asked.on, limit=FOUND + 1)
    return fragment(
        "map/search.html",
        q=asked.q,
        hits=hits[:FOUND],
        is_cut=len(hits) > FOUND,
        on=asked.on,
        mode=asked.mode,
    )


@bp.errorhandler(AbsentError)
def absent(error: AbsentError) -> Response:
    """Say when a grid existed that did not on the day asked for, and lead there."""
    g.pop("kept_tag", None)
    mode = asking.read(ViewIn).mode
    response = fragment("map/absent.html", mode=mode, today=asking.today(), **error.data)
    response.status_code = 404
    return response


def _grid(conn: Connection[Any], grid_id: int, asked: GridIn) -> dict[str, Any]:
    on, now = asked.on, asking.now()
    place = grids.get(conn, grid_id, on)
    everything = IssueFilter(issues.find_instant(on, now), on < now.date())
    reach = acting.reach(conn, "see_issues", grid_id, on)
    with looking_at(conn, grid_id, on):
        children = grids.list_children(conn, grid_id, on)
        counted = issues.count_by_state(conn, everything, grid_id, on)
        urgent = (
            issues.list_issues(conn, everything, grid_id, on, limit=URGENT)
            if reach != "none"
            else []
        )
    least = acting.least_count(conn, grid_id, on)
    if least:
        place, children = counts.round_grid_and_rows(conn, place, children, on)
    figures = standing(conn, on)
    held = members.fold(members.list_duties(conn, grid_id, on))
    compounds, unheld = None, []
    if asked.mode == "responsibility" and place.level in ("town", "community"):
        compounds = members.count_within(conn, grid_id, on)
        unheld = members.list_unheld(conn, grid_id, on)
    span = in_order(on, asked.versus) if asked.versus else None
    return {
        "grid": place,
        "span": span,
        "difference": comparing.compare_grid(conn, grid_id, *span) if span else None,
        "reach": reach,
        "least": least,
        "duties": held,
        "reachable": contacts.filter_reachable(conn, {each.duty.member_id for each in held}),
        "state": members.find_state(conn, grid_id, on),
        "issues": counted,
        "urgent": urgent,
        "figures": figures,
        "coverage": (reading.read_grid(conn, grid_id, on, is_rounded=least > 0) if figures else []),
        "children": children,
        "compounds": compounds,
        "unheld": unheld,
        "unfolded": UNFOLDED,
    }


def _seen(template: str, **context: Any) -> Response:
    response = fragment(template, **context)
    # A number is on the screen once; nothing keeps it.
    response.headers["Cache-Control"] = "no-store"
    return response
