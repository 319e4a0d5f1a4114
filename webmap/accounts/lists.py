"""Lists of accounts: checked row by row, then imported as a whole; first passwords handed out once.

Between the check and the import the rows travel in the page, signed: nothing of a list that was
not imported stays on the server, and any worker can go on with it.
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

from flask import Blueprint, Response, current_app, make_response, render_template, request
from flask_babel import force_locale, gettext
from itsdangerous import BadSignature, URLSafeTimedSerializer

from geodata import spreadsheets
from geodata.database.rights import ROLES, TITLES, RoleName
from geodata.errors import GridMapError, InvalidInputError
from geodata.importing.files.refusals import FileRefusedError
from geodata.importing.lists import accounts as importing
from geodata.importing.lists.accounts import ListedRows
from geodata.language.phrases import in_words
from webmap.core import acting, asking, downloads, errors, i18n

bp = Blueprint("account_lists", __name__, url_prefix="/accounts/import")

_MAX_AGE_S = 3600


@bp.route("", methods=["GET", "POST"])
def show() -> Response:
    """Ask for a list, check the one that was sent, or import the one that was checked."""
    if request.method == "GET":
        return _page()
    if "list" in request.form:
        return _import(request.form["list"])
    sent = request.files.get("file")
    if sent is None or not sent.filename:
        return _page(faults={"file": gettext("Choose a file.")})
    with tempfile.TemporaryDirectory(prefix="gridmap-list-") as folder:
        # The name is the sender's, and is for showing alone.
        path = Path(folder) / "list"
        sent.save(path)
        try:
            listed = importing.read(str(path))
        except FileRefusedError as error:
            # Its hints name options of the command line.
            hint = gettext("Save it as Excel (.xlsx) or as CSV in UTF-8, and send it again.")
            return _page(faults={"file": f"{errors.said(error, hints=False)} {hint}"})
        except InvalidInputError as error:
            return _page(faults={"file": errors.said(error)})
    return _checked(listed, Path(sent.filename).name[:80])


@bp.get("/template")
def template() -> Response:
    """Send an empty list with the columns, examples and the roles that can be written in it."""
    roles = [TITLES[name].said(gettext) for name in ROLES]
    columns = [
        gettext("User name"),
        gettext("Name"),
        gettext("Role"),
        gettext("Grid code or unit"),
        gettext("First day"),
        gettext("Last day"),
    ]
    body = spreadsheets.to_excel(
        gettext("Accounts"), columns, [], widths=[22] * 6, is_form=True, choices={2: roles}
    )
    return downloads.send(body, spreadsheets.EXCEL, "gridmap-accounts-template.xlsx")


@bp.post("/passwords")
def passwords() -> Response:
    """Send the first passwords of the import that has just been made, as the page holds them."""
    kept = _opened(request.form.get("list", ""), "passwords")
    if kept is None:
        return _page(error=_gone())
    head = [gettext("User name"), gettext("Name"), gettext("First password")]
    body = spreadsheets.to_excel(
        gettext("First passwords"), head, kept["rows"], widths=[26] * 3, is_form=True
    )
    return downloads.send(body, spreadsheets.EXCEL, "gridmap-first-passwords.xlsx")


def _checked(listed: ListedRows, file: str, *, error: str = "") -> Response:
    """Show what an import would do."""
    with acting.as_database_role("gridmap_accounts") as conn:
        own = acting.signed_in().username
        steps = importing.plan(conn, listed, asking.today(), own=own, names=_role_names())
    unread = in_words(list(listed.unread), gettext)
    return _page(
        error=error,
        file=file,
        steps=steps,
        unread=unread,
        payload=_sealed(
            "rows", {"file": file, "lines": listed.lines, "rows": listed.rows, "unread": unread}
        ),
        new_accounts=len({step.username for step in steps if step.deed == "new"}),
        new_roles=sum(step.gives_role for step in steps),
        known=sum(step.deed == "known" for step in steps),
        is_faulty=any(step.faults for step in steps),
    )


def _import(payload: str) -> Response:
    kept = _opened(payload, "rows")
    if kept is None:
        return _page(error=_gone())
    listed = ListedRows(kept["lines"], kept["rows"], [kept["unread"]] if kept["unread"] else [])
    found = acting.signed_in()
    try:
        with acting.as_database_role("gridmap_accounts") as conn:
            steps = importing.plan(
                conn, listed, asking.today(), own=found.username, names=_role_names()
            )
            if any(step.faults for step in steps):
                # Somebody changed accounts in between: it is shown what no longer fits.
                return _checked(listed, kept["file"])
            made = importing.write(conn, steps, granted_by=found.account_id)
    except GridMapError as error:
        return _checked(listed, kept["file"], error=errors.said(error))
    page = render_template(
        "accounts/imported.html",
        made=len(made),
        given=sum(step.gives_role for step in steps),
        payload=_sealed(
            "passwords", {"rows": [[new.username, new.name, new.password] for new in made]}
        ),
    )
    return _private(make_response(page))


def _page(
    *, error: str = "", faults: dict[str, str] | None = None, is_faulty: bool = False, **found: Any
) -> Response:
    page = render_template(
        "accounts/import.html",
        error=error,
        faults=faults or {},
        said=errors.said,
        roles=ROLES,
        max_rows=importing.MAX_ROWS,
        **found,
    )
    response = make_response(page)
    response.status_code = 422 if error or faults or is_faulty else 200
    return _private(response)


def _role_names() -> dict[str, RoleName]:
    """Return what the roles are called in every language: lists travel between readers."""
    names: dict[str, RoleName] = {}
    for language in i18n.LANGUAGES:
        with force_locale(language):
            names |= {title.said(gettext): role for role, title in TITLES.items()}
    return names


def _private(response: Response) -> Response:
    response.headers["Cache-Control"] = "no-store"
    return response


def _gone() -> str:
    return gettext("This page is too old; nothing was done. Send the list again.")


def _sealed(purpose: str, content: dict[str, Any]) -> str:
    """Return what a page carries so that only this server and this reader can send it back."""
    return _serializer(purpose).dumps({**content, "for": acting.signed_in().account_id})


def _opened(payload: str, purpose: str) -> dict[str, Any] | None:
    try:
        content: dict[str, Any] = _serializer(purpose).loads(payload, max_age=_MAX_AGE_S)
    except BadSignature:
        return None
    return content if content["for"] == acting.signed_in().account_id else None


def _serializer(purpose: str) -> URLSafeTimedSerializer:
    return URLSafeTimedSerializer(
        current_app.config["SECRET_KEY"], salt=f"gridmap account list {purpose}"
    )
