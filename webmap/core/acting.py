"""Who is signed in: looked up when first asked for, and never on a public path."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any, Literal
from urllib.parse import urlencode

from apiflask import APIFlask
from flask import Response, abort, g, redirect, request, session, url_for
from psycopg import Connection

from geodata import disclosure
from geodata.accounts import acting, sessions
from geodata.accounts.acting import Acting, Reach
from geodata.database.rights import HELD, TITLES, Right
from geodata.database.roles import TaskRole
from geodata.errors import SetupError
from geodata.plans.model import Actor
from webmap.core import access, db

TOKEN = "token"  # noqa: S105 - the name under which the session keeps it
# What somebody whose password was given by another may do before choosing an own one.
_BEFORE_PASSWORD = ("account.change_password", "sign_in.sign_out", "sign_in.rights")


def init_app(app: APIFlask) -> None:
    """Let in whom ``webmap.core.access`` lets in; stop the start if an address is not in it."""

    @app.before_request
    def let_in() -> Response | None:  # pyright: ignore[reportUnusedFunction]
        endpoint = request.endpoint
        if endpoint is None:
            return None
        wanted = access.ACCESS[endpoint]
        if wanted == "public":
            return None
        if wanted == "open":
            # The map waits for the password; its parts show what a visitor sees until then.
            found = current() if endpoint == "page.index" else None
            return _to_password() if found and found.must_change_password else None
        return _refused(endpoint, wanted)

    app.add_template_global(current, "acting")
    app.context_processor(lambda: {"role_titles": TITLES, "held_titles": HELD})


def check(app: APIFlask) -> None:
    """Raise ``SetupError`` if the table of access and the addresses do not agree."""
    endpoints = {rule.endpoint for rule in app.url_map.iter_rules()}
    if unlisted := sorted(endpoints ^ set(access.ACCESS)):
        raise SetupError(
            "webmap/core/access.py and the addresses differ in: {names}", names=unlisted
        )


def current() -> Acting | None:
    """Return who is signed in, None for a visitor.

    Raises RuntimeError on a public path: its answer must not depend on this.
    """
    if access.is_public(request.path):
        raise RuntimeError("a public path must not look at the session")
    if "acting" not in g:
        token = session.get(TOKEN)
        g.acting = None
        if token:
            with db.connection() as conn:
                acting.take_role(conn, "gridmap_door", sessions.digest(token), g.request_id)
                g.acting = sessions.resume(conn, token)
            if g.acting is None:
                # It has ended elsewhere: the cookie is of no more use.
                session.pop(TOKEN, None)
    return g.acting


def forget() -> None:
    """Look again who is signed in, after that has changed."""
    g.pop("acting", None)


def has_ended() -> bool:
    """Tell whether the session that a request came with has ended since it was looked up."""
    found: Acting | None = g.get("acting")
    if found is None:
        return False
    with db.connection() as conn:
        acting.take_role(conn, "gridmap_door", found.token_hash, g.request_id)
        row = conn.execute("SELECT acting_account() IS NULL").fetchone()
    return bool(row and row[0])


def signed_in() -> Acting:
    """Return who is signed in, where ``webmap.core.access`` lets nobody else in."""
    found = current()
    assert found is not None
    return found


@contextmanager
def connection() -> Generator[Connection[Any]]:
    """Give a connection that sees what the reader may see; commit when the block ends well."""
    found = current()
    with db.connection() as conn:
        if found is not None:
            acting.act(conn, found.token_hash, g.request_id)
        yield conn


@contextmanager
def as_database_role(role: TaskRole) -> Generator[Connection[Any]]:
    """Give a connection in a role of the database; commit when the block ends well.

    The role that signs people in sees the account of the session and no other.
    """
    found: Acting | None = g.get("acting")
    with db.connection() as conn:
        acting.take_role(conn, role, found.token_hash if found else None, g.request_id)
        yield conn


@contextmanager
def drawing_connection() -> Generator[tuple[Connection[Any], Actor]]:
    """Give a connection for plans, and who uses it; commit when the block ends well."""
    person = signed_in()
    actor = Actor(
        person.account_id,
        person.username,
        may_draw=person.may("draw"),
        may_approve=person.may("approve_plans"),
    )
    with as_database_role("gridmap_draw") as conn:
        yield conn, actor


@contextmanager
def planning_connection() -> Generator[tuple[Connection[Any], Acting]]:
    """Give a connection for planning services, and who uses it; commit when the block ends well.

    What may be done there is by right: ``try_services`` and ``set_standards``.
    """
    person = signed_in()
    with as_database_role("gridmap_services") as conn:
        yield conn, person


def reach(conn: Connection[Any], right: Right, grid_id: int, on: Any) -> Reach:
    """Say how much of a grid the reader may see in this respect."""
    return acting.reach(conn, current(), right, grid_id, on)


def least_count(conn: Connection[Any], grid_id: int | None, on: Any) -> int:
    """Return the smallest count of households that the reader is told in a grid, 0 for any.

    Above 0 the reader is told the rounded counts that everybody is told (``geodata.disclosure``).
    Without a grid, that which everybody is told.
    """
    if grid_id is not None and reach(conn, "see_small_counts", grid_id, on) == "all":
        return 0
    return disclosure.least_count(conn)


def local_path(text: str | None) -> str:
    """Return where to go after signing in: an address on this map, else the map itself."""
    # A second slash or a backslash would lead to another host.
    if text and text.startswith("/") and not text.startswith(("//", "/\\")) and text.isprintable():
        return text
    return "/"


def _refused(endpoint: str, wanted: Right | Literal["signed_in"]) -> Response | None:
    found = current()
    if found is None:
        if request.path.startswith(("/panel/", "/api/")) or request.method not in ("GET", "HEAD"):
            abort(401)
        query = urlencode({"next": request.full_path.rstrip("?")})
        return redirect(f"{url_for('sign_in.sign_in')}?{query}")  # pyright: ignore[reportReturnType]
    if found.must_change_password and endpoint not in _BEFORE_PASSWORD:
        if request.path.startswith(("/panel/", "/api/")):
            abort(403)
        return _to_password()
    if wanted != "signed_in" and not found.may(wanted):
        # What one may not see is not there.
        abort(404)
    return None


def _to_password() -> Response:
    return redirect(url_for("account.change_password"))  # pyright: ignore[reportReturnType]
