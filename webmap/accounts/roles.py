"""The roles of accounts: given in a place for a term, and ended."""

from __future__ import annotations

from flask import Blueprint, Response, render_template, request
from flask_babel import gettext

from geodata.accounts import administrators
from geodata.accounts import keeping as held
from geodata.database.rights import ROLES
from geodata.errors import InvalidInputError
from webmap.accounts import appointing
from webmap.accounts import pages as accounts
from webmap.core import acting, asking, errors

bp = Blueprint("account_roles", __name__, url_prefix="/accounts")


@bp.get("/places")
def places() -> str:
    """Answer with the places that a search finds for a role: a part of the forms that ask."""
    with acting.as_database_role("gridmap_accounts") as conn:
        wanted = appointing.read(conn, request.args, is_final=False)
    return render_template("accounts/_places.html", wanted=wanted)


@bp.route("/<int:account_id>/roles/new", methods=["GET", "POST"])
def give_role(account_id: int) -> Response:
    """Give an account a role in a place, for a term."""
    form = request.form if request.method == "POST" else request.args
    is_final = request.method == "POST" and form.get("do") != "search"
    with acting.as_database_role("gridmap_accounts") as conn:
        found = held.get(conn, account_id)
        wanted = appointing.read(conn, form, is_final=is_final)
    if is_final and not wanted.faults:
        try:
            with acting.as_database_role("gridmap_accounts") as conn:
                by = acting.signed_in().account_id
                appointing.give(conn, account_id, wanted, granted_by=by)
            return accounts.done(account_id, gettext("The role has been given."), role_changed=True)
        except InvalidInputError as error:
            wanted.faults["role"] = errors.said(error)
    html = render_template(
        "accounts/role.html", account=found, wanted=wanted, roles=ROLES, faults=wanted.faults
    )
    return accounts.page(html, wanted.faults)


@bp.post("/<int:account_id>/roles/<int:account_role_id>/end")
def end_role(account_id: int, account_role_id: int) -> Response:
    """End a role as of today; the last administrator keeps it."""
    try:
        with acting.as_database_role("gridmap_accounts") as conn:
            administrators.keep_one(conn, without_role=account_role_id)
            held.end_role(conn, account_id, account_role_id, asking.today())
    except InvalidInputError as error:
        return accounts.one(account_id, faults={"": errors.said(error)})
    return accounts.done(account_id, gettext("The role has ended."), role_changed=True)
