"""Failures become answers: problem+json for machines, a page or a fragment for people.

One table maps a failure to a status. Nobody sees a traceback or a database message; the request
id joins what the reader saw with the log.
"""

from __future__ import annotations

import secrets
from collections.abc import Mapping
from datetime import date
from typing import cast
from urllib.parse import urlencode

import psycopg
from apiflask import APIFlask
from flask import Response, g, jsonify, make_response, render_template, request, url_for
from flask_babel import gettext as _
from flask_wtf.csrf import CSRFError
from werkzeug.exceptions import HTTPException

from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures.keeping import NoFiguresError
from geodata.errors import (
    GridMapError,
    HiddenError,
    InvalidInputError,
    NotFoundError,
    StaleError,
    StorageFullError,
    UnavailableError,
    is_full,
)
from geodata.grids.writing import CodeTakenError, DateOrderError, OverlapError
from geodata.importing.files.refusals import LAYERS_APART, FileRefusedError
from geodata.language.phrases import in_words
from geodata.partition.ground import LawError
from geodata.plans.model import PlanStateError
from webmap.core import access, acting, asking, db, i18n
from webmap.core.hosts import MisdirectedError
from webmap.core.views import MODES

STATUS: dict[type[GridMapError], int] = {
    NotFoundError: 404,
    LawError: 422,
    FileRefusedError: 422,
    InvalidInputError: 400,
    PlanStateError: 409,
    StaleError: 412,
    OverlapError: 409,
    DateOrderError: 409,
    CodeTakenError: 409,
    UnavailableError: 503,
    StorageFullError: 507,
    MisdirectedError: 421,
}
# When to try again, seconds: a busy database is back soon, room is made by somebody.
RETRY_AFTER: Mapping[int, int] = {503: 10, 507: 300}
# The figures of a day are there soon.
_FIGURES_AFTER = 2


def init_app(app: APIFlask) -> None:
    """Register the handlers and give every request an id."""

    @app.before_request
    def choose_id() -> None:  # pyright: ignore[reportUnusedFunction]
        g.request_id = secrets.token_hex(6)

    @app.after_request
    def tell_id(response: Response) -> Response:  # pyright: ignore[reportUnusedFunction]
        response.headers["X-Request-Id"] = g.request_id
        return response

    @app.errorhandler(GridMapError)
    def known(error: GridMapError) -> Response:  # pyright: ignore[reportUnusedFunction]
        status = next((STATUS[kind] for kind in type(error).__mro__ if kind in STATUS), 500)
        if status == 503:
            # What ends by itself, and may come by the thousand: its cause is told in one line.
            app.logger.warning("request %s: %s (%s)", g.request_id, error, error.__cause__)
        elif status >= 500:
            app.logger.error("request %s: %s", g.request_id, error, exc_info=error)
        if isinstance(error, NoFiguresError):
            # Not where they were missed: that transaction is over.
            with db.statements() as conn:
                figures.ask(conn, cast(date, error.data["day"]))
        data = _written(error.data)
        text = _(error.message).format(**data)
        hint = _(error.hint).format(**data) if error.hint else ""
        if isinstance(error, HiddenError):
            hint = _hidden_hint()
        return _answer(status, error.code, text, hint, _facts(error))

    @app.errorhandler(OSError)
    def unwritten(error: OSError) -> Response:  # pyright: ignore[reportUnusedFunction]
        if not is_full(error):
            return unknown(error)
        full = StorageFullError.of_files()
        full.__cause__ = error
        return known(full)

    @app.errorhandler(CSRFError)
    def forged(error: CSRFError) -> Response:  # pyright: ignore[reportUnusedFunction]
        app.logger.warning("request %s: %s", g.request_id, error.description)
        return _answer(
            400,
            "forged",
            _("This form is no longer valid; nothing was changed."),
            _("Go back, reload the page and send it again."),
        )

    @app.errorhandler(HTTPException)
    def http(error: HTTPException) -> Response:  # pyright: ignore[reportUnusedFunction]
        status = error.code or 500
        if 300 <= status < 400:
            return make_response(error.get_response())
        return _answer(status, f"http_{status}", _http_text(status), _http_hint(status))

    @app.errorhandler(Exception)
    def unknown(error: Exception) -> Response:  # pyright: ignore[reportUnusedFunction]
        if _has_ended():
            # The policies let through nothing more, wherever the request was.
            app.logger.warning("request %s: its session ended meanwhile (%s)", g.request_id, error)
            return _answer(401, "http_401", _http_text(401), "")
        app.logger.error("request %s failed", g.request_id, exc_info=error)
        return _answer(500, "internal", _http_text(500), "")


def said(error: GridMapError, *, hints: bool = True) -> str:
    """Return a failure's text in the reader's language, to be shown beside a form's field."""
    data = _written(error.data)
    hint = error.hint if hints else ""
    parts = (_(error.message).format(**data), _(hint).format(**data) if hint else "")
    return " ".join(filter(None, parts))


def _http_text(status: int) -> str:
    if status == 401:
        return _("Please sign in first.")
    if status == 403:
        return _("Please choose a password of your own first, under your account.")
    if status == 404:
        return _("There is nothing at this address.")
    if status == 405:
        return _("This address does not take that kind of request.")
    if status == 413:
        return _("What was sent is too large.")
    if status == 428:
        return _("Say which state you have seen, by its ETag in If-Match.")
    if status < 500:
        return _("The request cannot be understood.")
    return _("Something went wrong on our side.")


def _http_hint(status: int) -> str:
    if status == 413:
        size = (request.max_content_length or 0) >> 20
        return _("Up to {size} MB can be sent at once; send it in parts.").format(size=size)
    return ""


def _hidden_hint() -> str:
    """Say the same of what does not exist and of what is kept from the reader."""
    if _is_visitor():
        return _(
            "It may not exist, or be shown only to those who answer for the territory. Sign in, and"
            " you come back to this page."
        )
    return _("It may not exist, or lie outside what your account may see.")


def _has_ended() -> bool:
    try:
        return acting.has_ended()
    except (GridMapError, psycopg.Error):
        return False


def _is_visitor() -> bool:
    """Tell whether a person without an account asks, at an address that shows more to others."""
    return not access.is_public(request.path) and acting.current() is None


def _sign_in_url(status: int, *, is_hidden: bool) -> str:
    """Return where to sign in if that may help, and come back from there; else an empty text."""
    if status != 401 and not (is_hidden and _is_visitor()):
        return ""
    # A panel's own address is none to come back to: the page puts that of the view in its place.
    if request.method != "GET" or request.path.startswith("/panel/"):
        return url_for("sign_in.sign_in")
    return url_for("sign_in.sign_in", next=request.full_path.rstrip("?"))


def _facts(error: GridMapError) -> dict[str, object]:
    """Return what a program needs to know about a failure besides its text."""
    if isinstance(error, LawError):
        return {key: error.data[key] for key in ("kind", "ids", "place") if key in error.data}
    if isinstance(error, StaleError):
        return {"revision": error.data["revision"]}
    if isinstance(error, FileRefusedError):
        systems, layers = (str(error.data.get(key) or "") for key in ("systems", "layers"))
        return {
            "kind": error.fault,
            "systems": systems.split(",") if systems else [],
            "layers": layers.split(LAYERS_APART) if layers else [],
        }
    return {}


def _answer(
    status: int, code: str, text: str, hint: str, facts: Mapping[str, object] | None = None
) -> Response:
    title = _title(status)
    if request.path.startswith(access.MACHINE_PATHS):
        body = {
            "type": f"urn:gridmap:problem:{code}",
            "title": title,
            "status": status,
            "detail": f"{text} {hint}".strip(),
            "request_id": g.request_id,
            **(facts or {}),
        }
        response = jsonify(body)
        response.mimetype = "application/problem+json"
    else:
        template = (
            "core/error_panel.html"
            if request.path.startswith("/panel/")
            else "core/error_page.html"
        )
        response = make_response(
            render_template(
                template,
                title=title,
                text=text,
                hint=hint,
                status=status,
                # The page asks again by itself.
                again_after=_FIGURES_AFTER if code == NoFiguresError.code else None,
                request_id=g.request_id,
                county_url=_county_url(),
                sign_in_url=_sign_in_url(status, is_hidden=code == HiddenError.code),
                # What is too large is refused before its form is looked at.
                form_url=request.path if status == 413 else "",
            )
        )
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    if status in RETRY_AFTER:
        wait = _FIGURES_AFTER if code == NoFiguresError.code else RETRY_AFTER[status]
        response.headers["Retry-After"] = str(wait)
    return response


def _written(data: Mapping[str, object]) -> dict[str, object]:
    """Write days, phrases and lists in the reader's language."""
    return {
        key: i18n.day(it) if isinstance(it, date) else in_words(it, _) for key, it in data.items()
    }


def _county_url() -> str:
    """Return the address of the whole county that keeps mode and day, if they are none to blame."""
    kept = {key: request.args[key] for key in ("mode", "on", "lang") if request.args.get(key)}
    if kept.get("mode") not in MODES:
        kept.pop("mode", None)
    try:
        asking.day()
    except InvalidInputError:
        kept.pop("on", None)
    return f"/?{urlencode(kept)}" if kept else "/"


def _title(status: int) -> str:
    if status == 401:
        return _("Sign in")
    if status == 404:
        return _("Not found")
    if status == 421:
        return _("Another address")
    if status == 503:
        return _("Not available at the moment")
    if status == 507:
        return _("No space left")
    if status < 500:
        return _("Please check your input")
    return _("Something went wrong")
