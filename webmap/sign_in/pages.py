"""Signing in and out, and what each role may do."""

from __future__ import annotations

from datetime import timedelta
from urllib.parse import urlencode

from flask import (
    Blueprint,
    Response,
    current_app,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import format_timedelta, gettext

from geodata.accounts import sessions
from geodata.database.rights import RIGHTS, ROLES
from webmap.core import acting
from webmap.sign_in import password as signing_in
from webmap.sign_in.password import Outcome

bp = Blueprint("sign_in", __name__)

_DEVICE_KEPT = timedelta(days=400)
# Where the session keeps what went wrong at another address until the form shows it.
REFUSED = "refused"


@bp.route("/sign-in", methods=["GET", "POST"])
def sign_in() -> Response:
    """Show the form, or try what it sent; then on to where the reader wanted to go."""
    target = acting.local_path(request.values.get("next"))
    if request.method == "GET":
        if acting.current() is not None:
            return _to(target)
        return _form(target, error=session.pop(REFUSED, ""))
    username = request.form.get("username", "")
    outcome = signing_in.sign_in(
        username,
        request.form.get("password", ""),
        device_token(),
        is_kept=bool(request.form.get("keep")),
    )
    if outcome.result != "in":
        return _refused(outcome, target, username)
    return let_in(
        outcome.token,
        outcome.device_token,
        url_for("account.change_password") if outcome.must_change else target,
        is_kept=bool(request.form.get("keep")),
    )


@bp.post("/sign-out")
def sign_out() -> Response:
    """End this session."""
    found = acting.current()
    if found is not None:
        with acting.as_database_role("gridmap_door") as conn:
            sessions.end(conn, found.token_hash)
    session.clear()
    return _to(acting.local_path(request.form.get("next")))


@bp.get("/rights")
def rights() -> str:
    """Show the table of roles and rights."""
    return render_template("sign_in/rights.html", roles=ROLES, rights=RIGHTS)


def own(target: str) -> str:
    """Return where to go after signing in: the map opens on one's own territory."""
    found = acting.current()
    territory = found.smallest_territory if found else None
    if target != "/" or territory is None or territory.level == "county":
        return target
    return f"/?{urlencode({'grid': territory.grid_id})}"


def let_in(token: str, new_device: str, target: str, *, is_kept: bool = False) -> Response:
    """Redirect a person who has just got a session, in a browser that is known from now on."""
    enter(token, is_kept=is_kept)
    response = _to(own(target))
    response.set_cookie(
        _device_cookie(),
        new_device,
        max_age=_DEVICE_KEPT,
        path=url_for("sign_in.sign_in"),
        httponly=True,
        samesite="Lax",
        secure=request.is_secure,
    )
    return response


def device_token() -> str | None:
    """Return what this browser was given when somebody signed in with it before."""
    return request.cookies.get(_device_cookie())


def send_back(target: str, text: str) -> Response:
    """Show the form again with what went wrong elsewhere."""
    session[REFUSED] = text
    return _to(url_for("sign_in.sign_in", next=target))


def enter(token: str, *, is_kept: bool) -> None:
    """Make a new session the browser's, and leave nothing of the one before."""
    session.clear()
    session[acting.TOKEN] = token
    session.permanent = is_kept
    acting.forget()


def _refused(outcome: Outcome, target: str, username: str) -> Response:
    if outcome.result == "too_often":
        wait = format_timedelta(outcome.wait, granularity="minute", threshold=1)
        text = gettext("Too many attempts. Try again in %(time)s.", time=wait)
        response = _form(target, username, text)
        response.status_code = 429
        response.headers["Retry-After"] = str(int(outcome.wait.total_seconds()) + 1)
        return response
    response = _form(target, username, gettext("User name or password is wrong."))
    response.status_code = 422
    return response


def _form(target: str, username: str = "", error: str = "") -> Response:
    return make_response(
        render_template(
            "sign_in/page.html",
            target=target,
            username=username[:60],
            error=error,
            provider=current_app.config["OIDC"],
        )
    )


def _to(target: str) -> Response:
    return redirect(target, 303)  # pyright: ignore[reportReturnType]


def _device_cookie() -> str:
    return f"{current_app.config['SESSION_COOKIE_NAME']}_device"
