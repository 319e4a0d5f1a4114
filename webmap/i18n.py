"""Chinese first, English complete: the reader's language, and dates and numbers in it."""

from __future__ import annotations

from datetime import date, datetime, timedelta
from typing import Any

from flask import Flask, Response, current_app, g, request
from flask_babel import Babel, get_locale

from geodata import issues
from geodata.errors import InvalidInputError

LANGUAGES = ("zh", "en")
COOKIE = "lang"


def init_app(app: Flask) -> None:
    """Choose the language: ?lang= first, then the cookie that it left, then Chinese."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "zh")
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", app.config["TIMEZONE"].key)
    Babel(app, locale_selector=language)

    @app.after_request
    def remember(response: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = request.args.get("lang")
        if asked in LANGUAGES and request.cookies.get(COOKIE) != asked:
            response.set_cookie(COOKIE, asked, max_age=365 * 86400, samesite="Lax", httponly=True)
        return response

    app.add_template_global(pick)
    app.add_template_global(language)


def language() -> str:
    """Return the reader's language: zh or en. Never guessed from the browser."""
    for asked in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if asked in LANGUAGES:
            return asked
    return "zh"


def pick(zh: str, en: str) -> str:
    """Choose between two stored names by the reader's language."""
    return en if str(get_locale()).startswith("en") else zh


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
    return issues.instant(asked_day(request.args), now())


def asked_day(args: Any) -> date:
    """Read ?on=YYYY-MM-DD, today when it is missing.

    Raises InvalidInputError if it is no date, or one that no county has records of.
    """
    text = args.get("on")
    if not text:
        return today()
    try:
        day = date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or not date(1949, 10, 1) <= day <= today() + timedelta(days=3660):
        raise InvalidInputError(
            "“{value}” is not a date that this map can show.",
            hint="Write year-month-day, for example 2026-03-01, "
            "between 1949 and ten years from now.",
            value=text,
        )
    return day
