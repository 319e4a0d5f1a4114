"""The standards of services: shown to everybody, set by those who may, with the effect first."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

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
from flask_babel import gettext as _
from psycopg import Connection

from geodata.coverage.judging.altering import Changes
from geodata.coverage.standards import defining
from geodata.coverage.standards.defining import SetMeanwhileError
from geodata.coverage.standards.definition import ORGANISATIONS, Dated, Definition
from geodata.coverage.standards.model import Kind
from geodata.coverage.trying import standards as effects
from geodata.coverage.trying.standards import Effects
from geodata.errors import InvalidInputError
from geodata.roads import keeping
from webmap.core import acting, asking, errors, i18n
from webmap.core.asking import DayIn
from webmap.coverage import standard_form
from webmap.coverage.standard_form import Wanted

bp = Blueprint("standards", __name__, url_prefix="/standards")


@bp.get("")
def index() -> str:
    """List all kinds with the standards of today, and what is to come."""
    with acting.connection() as conn:
        kinds, words = defining.list_definitions(conn), _words(conn)
    uses_minutes = any(
        each.value.unit == "min" for kind in kinds for each in (*kind.town, *kind.village)
    )
    return render_template(
        "coverage/standards/list.html",
        kinds=kinds,
        may_set=_may_set(),
        minutes=uses_minutes,
        **words,
    )


@bp.get("/<kind>")
def show(kind: str) -> Response:
    """Show one kind: what holds, what held, what will hold; the last change can be undone."""
    return _one(kind)


@bp.route("/new", methods=["GET", "POST"])
def new() -> Response:
    """Add a kind of the county's own, once its effect was shown."""
    return _form(None)


@bp.route("/<kind>/change", methods=["GET", "POST"])
def change(kind: str) -> Response:
    """Set other standards from a day on, once the effect was shown."""
    return _form(kind)


@bp.post("/<kind>/withdraw")
def withdraw(kind: str) -> Response:
    """Take back a change that is still to come."""
    try:
        day = asking.read(DayIn, request.form).on
        if day <= asking.today():
            raise InvalidInputError("Only a change that has not taken effect yet can be withdrawn.")
        with acting.planning_connection() as (conn, person):
            wanted = defining.get(conn, kind).withdrawn(day)
            seen = request.form.get("seen", "")
            defining.save(conn, person.username, seen, wanted, what="withdrawn", since=day)
    except (InvalidInputError, SetMeanwhileError) as error:
        return _one(kind, fault=errors.said(error))
    flash(_("The change of %(day)s has been withdrawn.", day=i18n.day(day)))
    return _to(url_for("standards.show", kind=kind))


@bp.post("/<kind>/undo")
def undo(kind: str) -> Response:
    """Take back the last change of a kind, or do again what was taken back."""
    number = request.form.get("change", "")
    try:
        with acting.planning_connection() as (conn, person):
            is_number = number.isascii() and number.isdecimal() and len(number) < 18
            last = defining.last_change(conn, kind)
            left = defining.undo(conn, person.username, kind, int(number) if is_number else 0)
    except (InvalidInputError, SetMeanwhileError) as error:
        return _one(kind, fault=errors.said(error))
    if left is None:
        flash(_("The kind of service has been withdrawn."))
        return _to(url_for("standards.index"))
    flash(_("Redone.") if last and last.is_undone else _("Undone."))
    return _to(url_for("standards.show", kind=kind))


def _one(kind: str, fault: str = "") -> Response:
    may_set = _may_set()
    with acting.connection() as conn:
        it, words = defining.get(conn, kind), _words(conn)
    last = None
    if may_set:
        with acting.planning_connection() as (conn, _person):
            last = defining.last_change(conn, kind)
    html = render_template(
        "coverage/standards/one.html", it=it, may_set=may_set, last=last, fault=fault, **words
    )
    return _page(html, 409 if fault else 200)


def _form(kind: str | None) -> Response:
    faults: dict[str, str] = {}
    found: Effects | None = None
    with acting.planning_connection() as (conn, person):
        present = defining.get(conn, kind) if kind else None
        words = _words(conn)
        roles = [role for role, _zh, _en in words["roles"]]
        is_sent = request.method == "POST"
        typed = (
            standard_form.carried(present, standard_form.typed_in(request.form))
            if is_sent
            else standard_form.filled(present, asking.day())
        )
        wanted = standard_form.read(typed, roles, is_new=present is None)
        has_changed = is_sent and present and request.form.get("seen") != present.digest
        if is_sent:
            faults = wanted.faults
        if is_sent and not faults and not has_changed:
            it = _definition(conn, present, wanted)
            try:
                if request.form.get("do") == "save":
                    _save(conn, person.username, present, it, wanted)
                    flash(_("Saved. It applies from %(day)s.", day=i18n.day(wanted.day)))
                    return _to(url_for("standards.show", kind=it.kind))
                if present is None:
                    defining.check_names(conn, it)
                elif it == present:
                    raise InvalidInputError("This standard already applies.")
                found = effects.find(conn, _changes(conn, present, it, wanted), it.kind, wanted.day)
            except InvalidInputError as error:
                faults[""] = errors.said(error)
            except SetMeanwhileError:
                has_changed, present = True, defining.get(conn, it.kind)
    html = render_template(
        "coverage/standards/change.html",
        present=present,
        wanted=wanted,
        faults=faults,
        effects=found,
        has_changed=has_changed,
        later=_later(present, wanted),
        **words,
    )
    return _page(html, 409 if has_changed else 422 if faults else 200)


def _definition(conn: Connection[Any], present: Definition | None, wanted: Wanted) -> Definition:
    """Return the kind as the form would have it."""
    if present:
        return present.changed(wanted.day, wanted.town, wanted.village, wanted.providers)
    return Definition(
        defining.make_code(conn, wanted.name_en),
        wanted.name_zh,
        wanted.name_en,
        defining.last_rank(conn) + 1,
        (Dated(wanted.day, None, wanted.town),),
        (Dated(wanted.day, None, wanted.village),),
        (Dated(wanted.day, None, wanted.providers),),
    )


def _save(
    conn: Connection[Any], actor: str, present: Definition | None, it: Definition, wanted: Wanted
) -> None:
    if present is None:
        defining.add(conn, actor, it)
    else:
        defining.save(conn, actor, present.digest, it, since=wanted.day)


def _changes(
    conn: Connection[Any], present: Definition | None, it: Definition, wanted: Wanted
) -> Changes:
    """Return what the form would change, with the speed at which people are taken to walk."""
    m_per_min = keeping.walking_km_h(conn) * 1000 / 60
    town, village = (
        replace(standard, m_per_min=m_per_min) for standard in (wanted.town, wanted.village)
    )
    by = wanted.providers
    if present and all(present.on(wanted.day, place) for place in standard_form.PLACES):
        return Changes(
            standards={(it.kind, "town"): town, (it.kind, "village"): village},
            providers={it.kind: by},
        )
    # On that day, nothing is said of the kind yet.
    names = (it.kind, it.name_zh, it.name_en)
    return Changes(kinds=(Kind(*names, town, village, by.by_facility, by.areas, by.duties),))


def _later(present: Definition | None, wanted: Wanted) -> Any:
    """Return the first day after the wanted one on which a change is known already."""
    days = [period.since for period in present.periods()] if present else []
    return min((day for day in days if day > wanted.day), default=None)


def _words(conn: Connection[Any]) -> dict[str, Any]:
    """Return what every page says of: roles, organisations, how fast people walk, the day."""
    return {
        "roles": defining.list_roles(conn),
        "organisations": ORGANISATIONS,
        "km_h": keeping.walking_km_h(conn),
        "today": asking.today(),
    }


def _may_set() -> bool:
    reader = acting.current()
    return reader is not None and reader.may("set_standards")


def _page(html: str, status: int) -> Response:
    response = make_response(html)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    return response


def _to(address: str) -> Response:
    return redirect(address, 303)  # pyright: ignore[reportReturnType]
