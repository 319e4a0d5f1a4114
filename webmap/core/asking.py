"""What an address asks for: the day, the two days that are compared, a place, a number, a view."""

from __future__ import annotations

from datetime import date, datetime
from typing import Any, get_args

from flask import abort, current_app, g, request

from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.issues import reading as issues
from geodata.model import Point
from webmap.core.views import DRAW, MODES, Mode


def today() -> date:
    """Return the county's present day, wherever the server stands."""
    return now().date()


def now() -> datetime:
    """Return the county's present time."""
    if "now" not in g:
        g.now = datetime.now(current_app.config["TIMEZONE"])
    return g.now


def moment() -> datetime:
    """Return the instant that the reader looks at: the present, or the end of the day asked for."""
    return issues.find_instant(asked_day(request.args), now())


def asked_day(args: Any) -> date:
    """Read ?on=YYYY-MM-DD, today when it is missing.

    Raises InvalidInputError if it is no date, or one that no county has records of.
    """
    text = args.get("on")
    return clock.read_day(text, today()) if text else today()


def asked_span(args: Any) -> tuple[date, date] | None:
    """Read ?on= and ?versus=, the two days that are compared; the earlier one comes first.

    None when there is no second day. Raises InvalidInputError as ``asked_day`` does.
    """
    text = args.get("versus")
    if not text:
        return None
    one, other = sorted((asked_day(args), clock.read_day(text, today())))
    return one, other


def needed_span(args: Any) -> tuple[date, date]:
    """Read the two days as ``asked_span`` does. Raises InvalidInputError if there is only one."""
    span = asked_span(args)
    if span is None:
        raise InvalidInputError(
            "There is no second day to compare with.",
            hint="Give it as versus, year-month-day, for example 2026-03-01.",
        )
    return span


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
