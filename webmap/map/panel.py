"""Fragments of HTML for the side panel: what a click, a search or a link finds."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response, g, request
from psycopg import Connection

from geodata.accounts.acting import looking_at
from geodata.coverage import counts
from geodata.coverage.figures import reading
from geodata.database import settings
from geodata.errors import AbsentError
from geodata.grids import comparing, searching
from geodata.grids import reading as grids
from geodata.issues import reading as issues
from geodata.issues.reading import IssueFilter
from geodata.model import (
    Nearby,
)
from geodata.people import contacts, members, phones
from geodata.places import facilities
from webmap.core import acting, asking
from webmap.core.asking import asked_mode, asked_point
from webmap.core.fragments import fragment
from webmap.core.views import Mode
from webmap.map.summaries import PAGE_SIZE, SUMMARIES, issue_filters

bp = Blueprint("panel", __name__, url_prefix="/panel")

FOUND = 12
URGENT = 5
# Longer lists of compounds without anybody are folded after this many.
UNFOLDED = 12


@bp.get("/home")
def county() -> Response:
    """Show the whole county in a mode."""
    mode, on = asked_mode(), asking.asked_day(request.args)
    with acting.connection() as conn:
        county = grids.find_county(conn, on)
        facts = settings.read(conn)
        least = acting.least_count(conn, county.grid_id, on) if county else 0
        summary = SUMMARIES[mode](conn, county, on, least) if county else {}
        first_day = None if county else grids.find_first_day(conn)
    return fragment(
        "map/county.html",
        mode=mode,
        on=on,
        county=county,
        demo=bool(facts.get("demo")),
        summary=summary,
        least=least,
        first_day=first_day,
    )


@bp.get("/here")
def here() -> Response:
    """Show what lies at a point: ?lon= and ?lat= in WGS 84 degrees.

    ?level= names the finest level that the reader can see: the grid of that level is shown, and
    the finer ones at the point are linked. Without it, the finest grid.
    """
    mode, on, point = asked_mode(), asking.asked_day(request.args), asked_point(request.args)
    with acting.connection() as conn:
        nearby = grids.locate(conn, point, on)
        if not nearby.path:
            return fragment("map/outside.html", point=point, mode=mode, on=on)
        wanted = request.args.get("level")
        shown = next((ref for ref in nearby.path if ref.level == wanted), nearby.path[-1])
        context = _grid(conn, shown.grid_id, on, mode)
        nearest = facilities.find_nearest(conn, point, on)
    return fragment("map/grid.html", mode=mode, on=on, here=nearby, nearest=nearest, **context)


@bp.get("/grid/<int:grid_id>")
def grid(grid_id: int) -> Response:
    """Show one grid."""
    mode, on = asked_mode(), asking.asked_day(request.args)
    with acting.connection() as conn:
        context = _grid(conn, grid_id, on, mode)
    nowhere: Nearby | None = None
    return fragment("map/grid.html", mode=mode, on=on, here=nowhere, nearest=[], **context)


@bp.get("/grid/<int:grid_id>/issues")
def grid_issues(grid_id: int) -> Response:
    """List the issues of a grid, page by page."""
    on = asking.asked_day(request.args)
    page = max(1, request.args.get("page", 1, type=int))
    with acting.connection() as conn:
        place = grids.get(conn, grid_id, on)
        reach = acting.reach(conn, "see_issues", grid_id, on)
        if reach == "none":
            return fragment("map/issues.html", grid=place, reach=reach, on=on, mode=asked_mode())
        with looking_at(conn, grid_id, on):
            filters = issue_filters(conn, grid_id, on)
            chosen = filters["chosen"]
            total = issues.count(conn, chosen, grid_id, on)
            pages = max(1, -(-total // PAGE_SIZE))
            page = min(page, pages)
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
        mode=asked_mode(),
        **filters,
    )


@bp.get("/issue/<int:issue_id>")
def issue(issue_id: int) -> Response:
    """Show one issue with its history."""
    on = asking.asked_day(request.args)
    with acting.connection() as conn:
        found = issues.get(conn, issue_id, on, asking.now())
        has_reporter = contacts.has_reporter(conn, issue_id)
    return fragment(
        "map/issue.html", issue=found, has_reporter=has_reporter, on=on, mode=asked_mode()
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
def search() -> Response:
    """List grids and members that match ?q=."""
    query = request.args.get("q", "").replace("\0", "")[:80]
    on = asking.asked_day(request.args)
    with acting.connection() as conn:
        hits = searching.find(conn, query, on, limit=FOUND + 1)
    return fragment(
        "map/search.html",
        q=query,
        hits=hits[:FOUND],
        is_cut=len(hits) > FOUND,
        on=on,
        mode=asked_mode(),
    )


@bp.errorhandler(AbsentError)
def absent(error: AbsentError) -> Response:
    """Say when a grid existed that did not on the day asked for, and lead there."""
    g.pop("kept_tag", None)
    response = fragment("map/absent.html", mode=asked_mode(), today=asking.today(), **error.data)
    response.status_code = 404
    return response


def _grid(conn: Connection[Any], grid_id: int, on: date, mode: Mode) -> dict[str, Any]:
    now = asking.now()
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
    held = members.fold(members.list_duties(conn, grid_id, on))
    compounds, unheld = None, []
    if mode == "responsibility" and place.level in ("town", "community"):
        compounds = members.count_within(conn, grid_id, on)
        unheld = members.list_unheld(conn, grid_id, on)
    span = asking.asked_span(request.args)
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
        "coverage": reading.read_grid(conn, grid_id, on, is_rounded=least > 0),
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
