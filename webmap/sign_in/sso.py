"""Single sign-on by OpenID Connect, for accounts that an administrator has made.

Whatever goes wrong is said on the sign-in page; who is let in is decided in one transaction.
"""

from __future__ import annotations

import unicodedata
from typing import Any

from flask import Blueprint, Response, g, redirect, request, session, url_for
from flask_babel import gettext as _

from geodata.accounts import audit, identities, sessions
from geodata.accounts.acting import name_identity, name_username, take_role
from geodata.accounts.identities import Holder
from webmap.core import acting, db
from webmap.sign_in import pages as sign_in
from webmap.sign_in import password as signing_in
from webmap.sign_in import provider
from webmap.sign_in.provider import RefusedError, Vouched

bp = Blueprint("sso", __name__, url_prefix="/sign-in/sso")

_TARGET = "sso_target"


@bp.get("")
def start() -> Response:
    """Send the reader to the provider, who will send them back to ``callback``."""
    provider.configured()
    target = acting.local_path(request.args.get("next"))
    if acting.current() is not None:
        return redirect(target, 303)  # pyright: ignore[reportReturnType]
    try:
        response = provider.send_to(url_for("sso.callback", _external=True))
    except RefusedError as refusal:
        return sign_in.send_back(target, str(refusal))
    session[_TARGET] = target
    response.headers["Cache-Control"] = "no-store"
    return response


@bp.get("/callback")
def callback() -> Response:
    """Take the provider's answer and open a session, or say why not."""
    provider.configured()
    target = acting.local_path(session.pop(_TARGET, None))
    try:
        token, device_token = _let_in(provider.vouched())
    except RefusedError as refusal:
        return sign_in.send_back(target, str(refusal))
    finally:
        # Each answer serves once, however it went.
        provider.forget_begun()
    return sign_in.let_in(token, device_token, target)


def _let_in(whom: Vouched) -> tuple[str, str]:
    """Open a session for whom an identity belongs to, and return its token and the device's.

    Raises RefusedError; then nothing has changed but the audit trail.
    """
    with db.connection() as conn:
        take_role(conn, "gridmap_door", None, g.request_id)
        name_identity(conn, whom.issuer, whom.subject)
        holder = identities.find(conn, whom.issuer, whom.subject)
        is_new = holder is None
        refusal = None
        if holder is None:
            holder, refusal = _linked(conn, whom)
        elif holder.is_disabled:
            refusal = _disabled(holder)
        if holder is not None and refusal is None:
            is_cleared = is_new and identities.drop_first_password(conn, holder.account_id)
            tokens = sessions.open_session(
                conn,
                holder.account_id,
                device=signing_in.device(),
                device_token=sign_in.device_token(),
                by="oidc",
            )
            if is_new:
                detail = {
                    "issuer": whom.issuer,
                    "first_password": "removed" if is_cleared else None,
                }
                audit.record(
                    conn,
                    "identity.linked",
                    subject="account",
                    subject_id=holder.account_id,
                    detail=detail,
                )
            return tokens
        audit.record(
            conn,
            "session.refused",
            subject="account",
            subject_id=holder.account_id if holder else None,
            detail={"by": "oidc"},
        )
    raise RefusedError(refusal)


def _linked(conn: Any, whom: Vouched) -> tuple[Holder | None, str | None]:
    """Link an identity to the account of its user name; return the account, and why it cannot."""
    username = whom.username
    if username is None:
        return None, _(
            "The service “%(name)s” does not tell your user name (%(claim)s). Tell your"
            " administrator.",
            name=provider.name(),
            claim=provider.configured().claim,
        )
    # Signs that look like letters, and become them in lower case, make no other's name.
    is_plain = unicodedata.normalize("NFKC", username) == username
    stored = username.lower()[:61] if is_plain else ""
    name_username(conn, stored)
    holder = identities.find_account(conn, stored)
    if holder is None:
        return None, _(
            "There is no account “%(username)s” here. The administrator of your county can make"
            " one.",
            username=username[:60],
        )
    if holder.is_disabled:
        return holder, _disabled(holder)
    if not identities.link(conn, whom.issuer, whom.subject, holder.account_id):
        return holder, _(
            "The account “%(username)s” belongs to somebody else at “%(name)s”. Tell your"
            " administrator.",
            username=holder.username,
            name=provider.name(),
        )
    return holder, None


def _disabled(holder: Holder) -> str:
    return _(
        "The account “%(username)s” is disabled. The administrator of your county can enable it.",
        username=holder.username,
    )
