"""Chinese first, English complete: the reader's language, and dates and numbers in it."""

from __future__ import annotations

from datetime import date, datetime

from flask import Flask, Response, g, request
from flask_babel import Babel, format_date, format_datetime, get_locale, gettext

from geodata.database import settings
from geodata.language.phrases import Phrase
from webmap.core import access, db

LANGUAGES = ("zh", "en")
COOKIE = "lang"
# The same everywhere in a language: CLDR's own vary with the length that is asked for.
DAY = {"zh": "y年M月d日", "en": "d MMM y"}
TIME = {"zh": "y年M月d日 HH:mm", "en": "d MMM y, HH:mm"}
SECOND = {"zh": "y年M月d日 HH:mm:ss", "en": "d MMM y, HH:mm:ss"}


def init_app(app: Flask) -> None:
    """Choose the language: ?lang= first, then the cookie that it left, then Chinese."""
    app.config.setdefault("BABEL_DEFAULT_LOCALE", "zh")
    app.config.setdefault("BABEL_DEFAULT_TIMEZONE", app.config["TIMEZONE"].key)
    Babel(app, locale_selector=language)

    @app.after_request
    def remember(response: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        asked = request.args.get("lang")
        if access.is_public(request.path):
            # The same answer for everybody, which a shared cache may hand on.
            return response
        if asked in LANGUAGES and request.cookies.get(COOKIE) != asked:
            response.set_cookie(COOKIE, asked, max_age=365 * 86400, samesite="Lax", httponly=True)
        return response

    app.add_template_global(pick)
    app.add_template_global(language)
    for write in (day, time, second, hour, local, said):
        app.add_template_filter(write)


def language() -> str:
    """Return the reader's language: zh or en. Never guessed from the browser."""
    for asked in (request.args.get("lang"), request.cookies.get(COOKIE)):
        if asked in LANGUAGES:
            return asked
    return "zh"


def pick(zh: str, en: str) -> str:
    """Choose between two stored names by the reader's language."""
    return en if str(get_locale()).startswith("en") else zh


def day(value: date) -> str:
    """Write a day as the reader's language does: 2026年3月1日, 1 Mar 2026."""
    return format_date(value, DAY[language()], rebase=False)


def time(value: datetime) -> str:
    """Write an instant as day and minute of the county's clock."""
    return format_datetime(value, TIME[language()])


def hour(value: datetime) -> str:
    """Write an instant as hour and minute of the county's clock."""
    return format_datetime(value, "HH:mm")


def second(value: datetime) -> str:
    """Write an instant as day and second of the county's clock."""
    return format_datetime(value, SECOND[language()])


def said(phrase: Phrase) -> str:
    """Say a phrase of geodata in the reader's language."""
    return phrase.said(gettext)


def local(name: str) -> str:
    """Return the county's English name for its Chinese one, if the reader and the data have it."""
    if language() == "zh":
        return name
    if "county_names" not in g:
        with db.connection() as conn:
            g.county_names = settings.read(conn).get("county_name")
    names = g.county_names
    if isinstance(names, dict) and names.get("zh") == name:
        return names.get("en") or name
    return name
