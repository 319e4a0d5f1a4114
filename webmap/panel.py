"""Fragments of HTML for the side panel: what a click, a search or a link finds."""

from __future__ import annotations

from datetime import date
from typing import Any, get_args

from flask import Blueprint, Response, abort, g, make_response, render_template, request
from psycopg import Connection

from geodata import (
    comparing,
    contacts,
    facilities,
    grids,
    issues,
    members,
    phones,
    searching,
    settings,
)
from geodata.acting import looking_at
from geodata.coverage import counts, reading
from geodata.errors import AbsentError, InvalidInputError
from geodata.issues import IssueFilter
from geodata.model import (
    Nearby,
    Point,
)
from webmap import acting, i18n, kept
from webmap.summaries import PAGE_SIZE, SUMMARIES, issue_filters
from webmap.views import DRAW, MODES, Mode

bp = Blueprint("panel", __name__, url_prefix="/panel")

FOUND = 12
URGENT = 5
# Longer lists of compounds without anybody are folded after this many.
UNFOLDED = 12


@bp.get("/home")
def home() -> Response:
    """Show the whole county in a mode."""
    mode, on = asked_mode(), i18n.asked_day(request.args)
    with acting.connection() as conn:
        county = grids.county(conn, on)
        facts = settings.read(conn)
        least = acting.least_count(conn, county.grid_id, on) if county else 0
        summary = SUMMARIES[mode](conn, county, on, least) if county else {}
        first_day = None if county else grids.first_day(conn)
    return fragment(
        "panel/home.html",
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
    mode, on, point = asked_mode(), i18n.asked_day(request.args), asked_point(request.args)
    with acting.connection() as conn:
        nearby = grids.locate(conn, point, on)
        if not nearby.path:
            return fragment("panel/outside.html", point=point, mode=mode, on=on)
        wanted = request.args.get("level")
        shown = next((ref for ref in nearby.path if ref.level == wanted), nearby.path[-1])
        context = _grid(conn, shown.grid_id, on, mode)
        nearest = facilities.nearest(conn, point, on)
    return fragment("panel/grid.html", mode=mode, on=on, here=nearby, nearest=nearest, **context)


@bp.get("/grid/<int:grid_id>")
def grid(grid_id: int) -> Response:
    """Show one grid."""
    mode, on = asked_mode(), i18n.asked_day(request.args)
    with acting.connection() as conn:
        context = _grid(conn, grid_id, on, mode)
    nowhere: Nearby | None = None
    return fragment("panel/grid.html", mode=mode, on=on, here=nowhere, nearest=[], **context)


@bp.get("/grid/<int:grid_id>/issues")
def grid_issues(grid_id: int) -> Response:
    """List the issues of a grid, page by page."""
    on = i18n.asked_day(request.args)
    page = max(1, request.args.get("page", 1, type=int))
    with acting.connection() as conn:
        place = grids.get(conn, grid_id, on)
        reach = acting.reach(conn, "see_issues", grid_id, on)
        if reach == "none":
            return fragment("panel/issues.html", grid=place, reach=reach, on=on, mode=asked_mode())
        with looking_at(conn, grid_id, on):
            filters = issue_filters(conn, grid_id, on)
            chosen = filters["chosen"]
            total = issues.count(conn, chosen, grid_id, on)
            pages = max(1, -(-total // PAGE_SIZE))
            page = min(page, pages)
            offset = (page - 1) * PAGE_SIZE
            items = issues.listed(conn, chosen, grid_id, on, limit=PAGE_SIZE, offset=offset)
    return fragment(
        "panel/issues.html",
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
    on = i18n.asked_day(request.args)
    with acting.connection() as conn:
        found = issues.get(conn, issue_id, on, i18n.now())
        has_reporter = contacts.has_reporter(conn, issue_id)
    return fragment(
        "panel/issue.html", issue=found, has_reporter=has_reporter, on=on, mode=asked_mode()
    )


@bp.post("/member/<int:member_id>/contact")
def contact(member_id: int) -> Response:
    """Show how to reach a duty holder; it is noted who saw it."""
    with acting.connection() as conn:
        found = contacts.show(conn, member_id)
    numbers = phones.numbers(found.phone or "")
    return _seen("panel/contact.html", contact=found, numbers=numbers)


@bp.post("/issue/<int:issue_id>/reporter")
def reporter(issue_id: int) -> Response:
    """Show who reported an issue; it is noted who saw it."""
    with acting.connection() as conn:
        found = contacts.show_reporter(conn, issue_id)
    numbers = phones.numbers(found.phone or "")
    return _seen("panel/contact.html", contact=found, numbers=numbers)


@bp.get("/search")
def search() -> Response:
    """List grids and members that match ?q=."""
    query = request.args.get("q", "").replace("\0", "")[:80]
    on = i18n.asked_day(request.args)
    with acting.connection() as conn:
        hits = searching.find(conn, query, on, limit=FOUND + 1)
    return fragment(
        "panel/search.html",
        q=query,
        hits=hits[:FOUND],
        is_cut=len(hits) > FOUND,
        on=on,
        mode=asked_mode(),
    )


def asked_point(args: Any) -> Point:
    """Read ?lon= and ?lat=. Raises InvalidInputError unless both are degrees on the globe."""
    try:
        point = Point(float(args["lon"]), float(args["lat"]))
    except (KeyError, ValueError):
        point = Point(float("nan"), float("nan"))
    if not (-180 <= point.lon <= 180 and -90 <= point.lat <= 90):
        raise InvalidInputError(
            "The place is missing or is none on the globe.",
            hint="Give lon (-180 to 180) and lat (-90 to 90) in degrees.",
        )
    return point


def asked_number(args: Any, name: str) -> int | None:
    """Read a whole number from 1 on, None if it is missing. Raises InvalidInputError on others."""
    text = args.get(name)
    if not text:
        return None
    if not (text.isascii() and text.isdecimal() and len(text) <= 15 and int(text)):
        raise InvalidInputError(
            "“{value}” is not a number.",
            hint="{name} is a whole number from 1 on.",
            value=text[:40],
            name=name,
        )
    return int(text)


def asked_mode() -> Mode:
    """Read ?mode=. Raises InvalidInputError if there is no such view."""
    mode = request.args.get("mode") or MODES[0]
    if mode == DRAW:
        # Its fragments have addresses of their own.
        abort(404)
    if mode not in MODES:
        raise InvalidInputError(
            "“{value}” is not a view of this map.",
            hint="Use one of: {choices}.",
            value=mode[:40],
            choices=", ".join(get_args(Mode)),
        )
    return mode


def fragment(template: str, **context: Any) -> Response:
    """Answer with a part of the panel, in the reader's language and with what is theirs to see."""
    return kept.keep(kept.make_private(make_response(render_template(template, **context))))


@bp.errorhandler(AbsentError)
def absent(error: AbsentError) -> Response:
    """Say when a grid existed that did not on the day asked for, and lead there."""
    g.pop("kept_tag", None)
    response = fragment("panel/absent.html", mode=asked_mode(), today=i18n.today(), **error.data)
    response.status_code = 404
    return response


def _grid(conn: Connection[Any], grid_id: int, on: date, mode: Mode) -> dict[str, Any]:
    now = i18n.now()
    place = grids.get(conn, grid_id, on)
    everything = IssueFilter(issues.instant(on, now), on < now.date())
    reach = acting.reach(conn, "see_issues", grid_id, on)
    with looking_at(conn, grid_id, on):
        children = grids.children(conn, grid_id, on)
        counted = issues.counts(conn, everything, grid_id, on)
        urgent = (
            issues.listed(conn, everything, grid_id, on, limit=URGENT) if reach != "none" else []
        )
    least = acting.least_count(conn, grid_id, on)
    if least:
        place, children = counts.of_grid_and_rows(conn, place, children, on)
    held = members.fold(members.duties(conn, grid_id, on))
    compounds, unheld = None, []
    if mode == "responsibility" and place.level in ("town", "community"):
        compounds = members.responsibility_within(conn, grid_id, on)
        unheld = members.unheld_within(conn, grid_id, on)
    span = i18n.asked_span(request.args)
    return {
        "grid": place,
        "span": span,
        "difference": comparing.of_grid(conn, grid_id, *span) if span else None,
        "reach": reach,
        "least": least,
        "duties": held,
        "reachable": contacts.reachable(conn, {each.duty.member_id for each in held}),
        "state": members.state(conn, grid_id, on),
        "issues": counted,
        "urgent": urgent,
        "coverage": reading.of_grid(conn, grid_id, on, is_rounded=least > 0),
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
