"""One's own account: roles, password, sessions."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    abort,
    current_app,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    session,
    url_for,
)
from flask_babel import gettext

from geodata.accounts import identities, passwords, sessions
from geodata.accounts import secrets as account_secrets
from geodata.accounts.acting import name_username
from geodata.errors import InvalidInputError
from webmap.core import acting, errors
from webmap.core.config import Provider
from webmap.sign_in import pages as sign_in
from webmap.sign_in import password as signing_in

bp = Blueprint("account", __name__, url_prefix="/account")


@bp.get("")
def show() -> str:
    """Show who is signed in, as what, and from where else."""
    found = acting.signed_in()
    with acting.as_database_role("gridmap_door") as conn:
        roles = sessions.list_roles(conn, found.account_id)
        opened = sessions.list_sessions(conn, found.account_id)
        issuers = identities.list_issuers(conn, found.account_id)
        has_password = account_secrets.has_password(conn, found.account_id)
    return render_template(
        "accounts/own_page.html",
        account=found,
        roles=roles,
        sessions=opened,
        providers=[_provider_name(issuer) for issuer in issuers],
        has_password=has_password,
    )


@bp.route("/password", methods=["GET", "POST"])
def change_password() -> Response:
    """Change the password: the present one is asked for, all other sessions end."""
    found = acting.signed_in()
    if request.method == "GET":
        return _password_form()
    present = request.form.get("present", "")
    outcome = signing_in.sign_in(found.username, present, None, opens=False)
    if outcome.result == "too_often":
        return _password_form(present=gettext("Too many attempts. Try again in a few minutes."))
    if outcome.result == "wrong":
        return _password_form(present=gettext("This is not your current password."))
    new = request.form.get("new", "")
    if new == present:
        return _password_form(new=gettext("This is already your current password."))
    if new != request.form.get("again"):
        return _password_form(again=gettext("The two passwords do not match."))
    # Who asked to be kept signed in on this device still is.
    is_kept = session.permanent
    token = ""
    try:
        with acting.as_database_role("gridmap_door") as conn:
            # With the old password the session ends in which this was asked.
            name_username(conn, found.username)
            # Anyone who knows one that was taken back meanwhile does not choose the next.
            if account_secrets.take(conn, found.account_id, outcome.password_hash):
                known = (found.username, found.name)
                account_secrets.set_password(conn, found.account_id, new, known=known)
                token, _ = sessions.open_session(
                    conn,
                    found.account_id,
                    device=signing_in.device(),
                    device_token=None,
                    is_kept=is_kept,
                )
    except InvalidInputError as error:
        return _password_form(new=errors.said(error))
    if not token:
        return _password_form(present=gettext("This is not your current password."))
    sign_in.enter(token, is_kept=is_kept)
    flash(gettext("Your password has been changed. You are signed out everywhere else."))
    return redirect(url_for("account.show"), 303)  # pyright: ignore[reportReturnType]


@bp.post("/sessions/<digest>/end")
def end_session(digest: str) -> Response:
    """End one of one's own sessions."""
    found = acting.signed_in()
    with acting.as_database_role("gridmap_door") as conn:
        mine = {
            each.token_hash.hex(): each for each in sessions.list_sessions(conn, found.account_id)
        }
        if digest not in mine:
            abort(404)
        sessions.end(conn, mine[digest].token_hash)
    flash(gettext("That session has ended."))
    return redirect(url_for("account.show"), 303)  # pyright: ignore[reportReturnType]


@bp.post("/sessions/end")
def end_all_sessions() -> Response:
    """Sign out everywhere, here too."""
    found = acting.signed_in()
    with acting.as_database_role("gridmap_door") as conn:
        sessions.end_all(conn, found.account_id)
    session.clear()
    flash(gettext("You are signed out everywhere."))
    return redirect(url_for("sign_in.sign_in"), 303)  # pyright: ignore[reportReturnType]


def _provider_name(issuer: str) -> str:
    """Return what people call a provider; one that is no longer configured has its address only."""
    provider: Provider | None = current_app.config["OIDC"]
    is_ours = provider is not None and provider.issuer.rstrip("/") == issuer.rstrip("/")
    return (provider.name if provider and is_ours else "") or issuer


def _password_form(**faults: str) -> Response:
    """Show the form with what is wrong beside each field."""
    with acting.as_database_role("gridmap_door") as conn:
        rules = passwords.read_rules(conn)
    page = render_template(
        "accounts/own_password.html", account=acting.signed_in(), rules=rules, faults=faults
    )
    response = make_response(page)
    response.status_code = 422 if faults else 200
    return response
