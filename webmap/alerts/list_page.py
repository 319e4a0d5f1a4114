"""The list of notifications: what is new in one's own territory, and what was done about it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict
from urllib.parse import urlencode

from apiflask import APIFlask
from flask import (
    Blueprint,
    Response,
    abort,
    flash,
    g,
    make_response,
    redirect,
    render_template,
    request,
)
from flask_babel import ngettext

from geodata.alerts import notifications
from geodata.alerts.notifications import SHOWS, STATES, NotificationFilter, Show, State
from geodata.errors import InvalidInputError
from geodata.grids import reading as grids
from webmap.core import acting, asking

bp = Blueprint("notifications", __name__, url_prefix="/notifications")

PAGE = 50
_STATE_NAMES: Mapping[str, State] = {str(name): name for name in STATES}
_SHOW_NAMES: Mapping[str, Show] = {str(name): name for name in SHOWS}


def init_app(app: APIFlask) -> None:
    """Give templates ``unseen_notifications``."""
    app.add_template_global(unseen, "unseen_notifications")


def unseen() -> int:
    """Count what nobody has seen yet in the reader's territory; 0 for those who see none."""
    reader = acting.current()
    if reader is None or reader.must_change_password or not reader.may("try_services"):
        return 0
    if "unseen" not in g:
        with acting.planning_connection() as (conn, _person):
            g.unseen = notifications.count_new(conn)
    return g.unseen


@bp.get("")
def listing() -> Response:
    """Show the entries that the filter lets through, the newest first, fifty at a time."""
    chosen = _read(request.args)
    with acting.planning_connection() as (conn, person):
        total = notifications.count(conn, chosen)
        pages = max(1, -(-total // PAGE))
        page = min(max(request.args.get("page", 1, type=int), 1), pages)
        items = notifications.listed(conn, chosen, limit=PAGE, offset=(page - 1) * PAGE)
        marked = request.args.get("marked", type=int)
        context = {
            "kinds": notifications.kinds(conn),
            "towns": [
                ref
                for _, ref in grids.list_towns_and_communities(conn, asking.today())
                if ref.level == "town"
            ],
            # What was just marked, with the way back.
            "undo": notifications.find(conn, marked) if marked else None,
        }
    response = make_response(
        render_template(
            "alerts/list_page.html",
            chosen=chosen,
            items=items,
            total=total,
            page=page,
            pages=pages,
            shows=SHOWS,
            query=_query(chosen),
            undo_to=request.args.get("from", ""),
            is_everywhere=person.everywhere("try_services"),
            **context,
        )
    )
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/<int:notification_id>")
def mark(notification_id: int) -> Response:
    """Mark one as seen, as done, or as it was before."""
    state = _STATE_NAMES.get(request.form.get("state", ""))
    if state is None:
        abort(400)
    with acting.planning_connection() as (conn, person):
        before = notifications.mark(conn, notification_id, state, person.username)
    undone = {} if "undo" in request.form else {"marked": notification_id, "from": before}
    return _back(undone)


@bp.post("/seen")
def mark_all() -> Response:
    """Mark all new ones that the filter lets through as seen."""
    with acting.planning_connection() as (conn, person):
        count = notifications.mark_seen(conn, _read(request.form), person.username)
    flash(
        ngettext(
            "%(num)s notification is marked as seen.",
            "%(num)s notifications are marked as seen.",
            count,
        )
    )
    return _back({})


def _back(more: Mapping[str, object]) -> Response:
    query = {**_query(_read(request.form)), **more}
    return redirect(  # pyright: ignore[reportReturnType]
        f"/notifications?{urlencode(query)}" if query else "/notifications"
    )


def _read(args: Mapping[str, str]) -> NotificationFilter:
    """Read the filter. Raises InvalidInputError on what is neither a kind nor a number."""
    found = {name: args.get(name) or "" for name in ("show", "kind", "rule", "grid")}
    show = _SHOW_NAMES.get(found["show"], SHOWS[0])
    if found["kind"] and not re.fullmatch(r"[a-z][a-z0-9_]{0,39}", found["kind"]):
        raise InvalidInputError("“{value}” is not a service kind.", value=found["kind"][:40])
    return NotificationFilter(
        show, found["kind"] or None, _number(found["rule"]), _number(found["grid"])
    )


def _number(text: str) -> int | None:
    if not text:
        return None
    if not text.isdecimal() or len(text) > 18:
        raise InvalidInputError("“{value}” is not a number.", value=text[:40])
    return int(text)


def _query(chosen: NotificationFilter) -> dict[str, object]:
    """Return the filter for an address; what is not asked for is left out."""
    found = asdict(chosen)
    named = {"show": "show", "kind": "kind", "rule_id": "rule", "grid_id": "grid"}
    return {
        name: found[key]
        for key, name in named.items()
        if found[key] is not None and (key, found[key]) != ("show", "open")
    }
