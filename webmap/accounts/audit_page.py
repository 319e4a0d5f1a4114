"""The audit trail for anyone who may read it: a list with filters, and the same as a file."""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import date, datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from flask import Blueprint, Response, abort, current_app, make_response, render_template, request
from flask_babel import gettext as _

from geodata import spreadsheets
from geodata.accounts import audit
from geodata.accounts.audit import AuditFilter
from geodata.errors import InvalidInputError
from webmap.accounts import trail
from webmap.core import acting, asking, downloads

bp = Blueprint("audit", __name__, url_prefix="/audit")

PAGE = 50
# As many as one file takes, so that no request holds the server for minutes.
EXPORTED = 50_000
_WIDTHS = (20, 18, 18, 24, 24, 30, 44, 16)


@dataclass(slots=True)
class _Asked:
    """The filter as the form has it, and what is wrong with it by field; days are inclusive."""

    since: str = ""
    until: str = ""
    username: str = ""
    action: str = ""
    faults: dict[str, str] = field(default_factory=dict[str, str])

    def query(self, **more: object) -> dict[str, object]:
        """Return it for an address; what is not asked for is left out."""
        mine = {key: getattr(self, key) for key in ("since", "until", "username", "action")}
        return {key: value for key, value in {**mine, **more}.items() if value}

    def address(self, **more: object) -> str:
        """Return the address of the list."""
        return f"/audit?{urlencode(self.query(**more))}"


@bp.get("")
def listing() -> Response:
    """Show the entries that the filter lets through, the newest first, fifty at a time."""
    asked, chosen = _read(request.args)
    total, page, pages, shown = 0, 1, 1, list[trail.Line]()
    with acting.as_database_role("gridmap_audit") as conn:
        known = audit.list_actions(conn)
        if not asked.faults:
            total = audit.count(conn, chosen)
            pages = max(1, -(-total // PAGE))
            page = _page(request.args.get("page", ""), pages)
            events = audit.list_events(conn, chosen, limit=PAGE, offset=(page - 1) * PAGE)
            shown = trail.lines(events, audit.look_up_names(conn, events))
    response = make_response(
        render_template(
            "accounts/audit_page.html",
            asked=asked,
            lines=shown,
            total=total,
            page=page,
            pages=pages,
            groups=trail.action_groups(known),
            most=EXPORTED,
        )
    )
    response.status_code = 422 if asked.faults else 200
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.post("/export")
def export() -> Response:
    """Send the entries that the filter lets through as a file, and note that they were taken."""
    asked, chosen = _read(request.form)
    kind = request.form.get("format")
    if asked.faults or kind not in ("csv", "excel"):
        abort(400)
    with acting.as_database_role("gridmap_audit") as conn:
        total = audit.count(conn, chosen)
        if total > EXPORTED:
            raise InvalidInputError(
                "{count:,} entries are too many for one file.",
                hint="Choose a shorter time: up to {most:,} entries go into one.",
                count=total,
                most=EXPORTED,
            )
        events = audit.list_events(conn, chosen, limit=EXPORTED)
        shown = trail.lines(events, audit.look_up_names(conn, events))
        audit.record(
            conn,
            "audit.exported",
            detail={
                "count": len(events),
                "format": kind,
                "since": asked.since,
                "until": asked.until,
                "account": asked.username,
                "action": asked.action,
            },
        )
    head, rows = _table(shown)
    if kind == "csv":
        body, mimetype, ending = spreadsheets.to_csv(head, rows), spreadsheets.CSV, "csv"
    else:
        body = spreadsheets.to_excel(_("Audit trail"), head, rows, widths=_WIDTHS)
        mimetype, ending = spreadsheets.EXCEL, "xlsx"
    return downloads.send(body, mimetype, f"gridmap-audit-{asking.now():%Y%m%d-%H%M%S}.{ending}")


def _read(args: Any) -> tuple[_Asked, AuditFilter]:
    """Read the filter, and say beside each field what is wrong with it."""
    asked = _Asked(
        since=args.get("since", "").strip()[:10],
        until=args.get("until", "").strip()[:10],
        username=args.get("username", "").replace("\0", "").strip().lower()[:60],
        action=args.get("action", "").replace("\0", "").strip()[:60],
    )
    since, until = _day(asked, "since"), _day(asked, "until")
    if since and until and until < since:
        asked.faults["until"] = _("This day lies before the first one.")
    return asked, AuditFilter(
        since=_midnight(since) if since else None,
        until=_midnight(until + timedelta(days=1)) if until else None,
        username=asked.username,
        action=asked.action,
    )


def _day(asked: _Asked, name: str) -> date | None:
    text = getattr(asked, name)
    if not text:
        return None
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not 2000 <= day.year <= 2999:
        asked.faults[name] = _("Write year-month-day, for example 2026-03-01.")
        return None
    return day


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), current_app.config["TIMEZONE"])


def _page(text: str, pages: int) -> int:
    return min(max(int(text), 1), pages) if text.isdecimal() and len(text) < 9 else 1


def _table(shown: list[trail.Line]) -> tuple[list[str], list[list[spreadsheets.Cell]]]:
    zone = current_app.config["TIMEZONE"]
    head = [
        _("Time (%(zone)s)", zone=zone.key),
        _("User name"),
        _("Name"),
        _("Action"),
        _("Code"),
        _("To whom or what"),
        _("Details"),
        _("Request"),
    ]
    rows: list[list[spreadsheets.Cell]] = [
        [
            line.at.astimezone(zone),
            line.username,
            line.who,
            line.action,
            line.code,
            line.about,
            " · ".join(line.facts),
            line.request_id,
        ]
        for line in shown
    ]
    return head, rows
