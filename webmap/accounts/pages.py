"""Accounts, for who manages them: found, made, changed, disabled; their roles and passwords."""

from __future__ import annotations

from flask import (
    Blueprint,
    Response,
    flash,
    make_response,
    redirect,
    render_template,
    request,
    url_for,
)
from flask_babel import gettext
from werkzeug.datastructures import MultiDict

from geodata.accounts import administrators, identities, passwords, sessions
from geodata.accounts import keeping as accounts
from geodata.accounts import secrets as account_secrets
from geodata.database.rights import ROLE_NAMES, ROLES
from geodata.errors import InvalidInputError
from webmap.accounts import appointing
from webmap.core import acting, errors

bp = Blueprint("accounts", __name__, url_prefix="/accounts")

PAGE = 50


@bp.get("")
def index() -> str:
    """List accounts, filtered by text and role, a page at a time."""
    text = request.args.get("q", "").strip()[:80]
    role = request.args.get("role", "")
    role = role if role in ROLE_NAMES else ""
    asked = request.args.get("page", "")
    page = int(asked) if asked.isascii() and asked.isdigit() and len(asked) < 7 else 1
    with acting.as_database_role("gridmap_accounts") as conn:
        total = accounts.count(conn, text=text, role=role)
        pages = max(1, -(-total // PAGE))
        page = min(max(page, 1), pages)
        found = accounts.list_accounts(
            conn, text=text, role=role, limit=PAGE, offset=(page - 1) * PAGE
        )
    return render_template(
        "accounts/list.html",
        accounts=found,
        total=total,
        first=(page - 1) * PAGE + 1,
        page=page,
        pages=pages,
        text=text,
        role=role,
        roles=ROLES,
    )


@bp.route("/new", methods=["GET", "POST"])
def new() -> Response:
    """Make an account, with a first role or without; its password is shown this once."""
    form = request.form if request.method == "POST" else request.args
    is_final = request.method == "POST" and form.get("do") != "search"
    wants_role = bool(form.get("role"))
    faults: dict[str, str] = {}
    with acting.as_database_role("gridmap_accounts") as conn:
        rules = passwords.read_rules(conn)
        wanted = appointing.read(conn, form, is_final=is_final and wants_role)
    if is_final:
        faults = _faults_of_account(form, rules) | wanted.faults
    if is_final and not faults:
        typed = form.get("password", "")
        password = typed or passwords.generate(rules)
        try:
            with acting.as_database_role("gridmap_accounts") as conn:
                account_id = accounts.create(
                    conn,
                    form.get("username", ""),
                    form.get("name", ""),
                    password=password,
                    must_change=True,
                )
                if wants_role:
                    by = acting.signed_in().account_id
                    appointing.give(conn, account_id, wanted, granted_by=by)
                made = accounts.get(conn, account_id)
            return _given(made, password, is_new=True, is_typed=bool(typed))
        except InvalidInputError as error:
            faults["username"] = errors.said(error)
    html = render_template(
        "accounts/new.html",
        form=form,
        wanted=wanted,
        roles=ROLES,
        rules=rules,
        faults=faults,
    )
    return page(html, faults)


@bp.route("/<int:account_id>", methods=["GET", "POST"])
def show(account_id: int) -> Response:
    """Show one account; a form sent to it changes the name."""
    if request.method == "GET":
        return one(account_id)
    name = request.form.get("name", "")
    try:
        with acting.as_database_role("gridmap_accounts") as conn:
            accounts.change(conn, account_id, name=name)
    except InvalidInputError as error:
        return one(account_id, name=name, faults={"name": errors.said(error)})
    return done(account_id, gettext("The name has been changed."))


@bp.post("/<int:account_id>/disable")
def disable(account_id: int) -> Response:
    """Keep an account from signing in; never the own one."""
    if account_id == acting.signed_in().account_id:
        said = gettext("You cannot disable your own account. Another administrator can.")
        return one(account_id, faults={"": said})
    return _switch(account_id, is_disabled=True)


@bp.post("/<int:account_id>/enable")
def enable(account_id: int) -> Response:
    """Let an account sign in again."""
    return _switch(account_id, is_disabled=False)


@bp.route("/<int:account_id>/password", methods=["GET", "POST"])
def password(account_id: int) -> Response:
    """Give an account a new password, shown this once; it is signed out everywhere."""
    if account_id == acting.signed_in().account_id:
        # Anyone who finds this browser open must not get the account with it.
        return _to(url_for("account.change_password"))
    with acting.as_database_role("gridmap_accounts") as conn:
        found = accounts.get(conn, account_id)
        rules = passwords.read_rules(conn)
    faults: dict[str, str] = {}
    if request.method == "POST":
        typed = request.form.get("password", "")
        given = typed or passwords.generate(rules)
        try:
            with acting.as_database_role("gridmap_accounts") as conn:
                known = (found.username, found.name)
                account_secrets.set_password(conn, account_id, given, known=known, must_change=True)
                sessions.end_all(conn, account_id)
            return _given(found, given, is_new=False, is_typed=bool(typed))
        except InvalidInputError as error:
            faults["password"] = errors.said(error)
    html = render_template(
        "accounts/password.html",
        account=found,
        rules=rules,
        form=request.form,
        faults=faults,
    )
    return page(html, faults)


@bp.post("/<int:account_id>/sessions/end")
def end_sessions(account_id: int) -> Response:
    """Sign an account out everywhere."""
    with acting.as_database_role("gridmap_accounts") as conn:
        accounts.get(conn, account_id)
        sessions.end_all(conn, account_id)
    return done(account_id, gettext("The account is signed out everywhere."))


def one(
    account_id: int, *, name: str | None = None, faults: dict[str, str] | None = None
) -> Response:
    """Show one account, with what is wrong where it is wrong."""
    faults = faults or {}
    with acting.as_database_role("gridmap_accounts") as conn:
        found = accounts.get(conn, account_id)
        held = sessions.list_roles(conn, account_id)
        opened = sessions.list_sessions(conn, account_id)
        state = account_secrets.password_state(conn, account_id)
        issuers = identities.list_issuers(conn, account_id)
    html = render_template(
        "accounts/one.html",
        account=found,
        name=found.name if name is None else name,
        held=held,
        sessions=opened,
        password=state,
        issuers=issuers,
        is_own=account_id == acting.signed_in().account_id,
        faults=faults,
    )
    return page(html, faults)


def page(html: str, faults: dict[str, str]) -> Response:
    """Return a page that nobody keeps; with faults it says that the form was not taken."""
    response = make_response(html)
    response.status_code = 422 if faults else 200
    # Names of people, and now and then a password.
    response.headers["Cache-Control"] = "no-store"
    return response


def done(account_id: int, said: str, *, role_changed: bool = False) -> Response:
    """Go back to the account and say there what was done."""
    flash(said)
    if role_changed and account_id == acting.signed_in().account_id:
        # Anyone who may do something else now signs in again.
        flash(gettext("These were your own roles: please sign in again."))
        return _to(url_for("account.show"))
    return _to(url_for("accounts.show", account_id=account_id))


def _switch(account_id: int, *, is_disabled: bool) -> Response:
    try:
        with acting.as_database_role("gridmap_accounts") as conn:
            if is_disabled:
                administrators.keep_one(conn, without_account=account_id)
            accounts.change(conn, account_id, is_disabled=is_disabled)
    except InvalidInputError as error:
        return one(account_id, faults={"": errors.said(error)})
    if is_disabled:
        return done(account_id, gettext("The account is disabled, and signed out everywhere."))
    return done(account_id, gettext("The account is enabled."))


def _faults_of_account(form: MultiDict[str, str], rules: passwords.Rules) -> dict[str, str]:
    """Check every field of a new account, so that all faults are said at once."""
    faults: dict[str, str] = {}
    username = form.get("username", "")
    for name, check in (("username", accounts.read_username), ("name", accounts.read_name)):
        try:
            check(form.get(name, ""))
        except InvalidInputError as error:
            empty = gettext("Fill this in.")
            faults[name] = errors.said(error) if form.get(name, "").strip() else empty
    if typed := form.get("password", ""):
        try:
            passwords.check(typed, rules, known=(username, form.get("name", "")))
        except InvalidInputError as error:
            faults["password"] = errors.said(error)
    return faults


def _given(account: accounts.Account, password: str, *, is_new: bool, is_typed: bool) -> Response:
    """Show a password the only time that it is shown."""
    html = render_template(
        "accounts/given.html",
        account=account,
        password=password,
        is_new=is_new,
        is_typed=is_typed,
    )
    return page(html, {})


def _to(address: str) -> Response:
    return redirect(address, 303)  # pyright: ignore[reportReturnType]
