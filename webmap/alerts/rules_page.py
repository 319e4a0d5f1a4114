"""The pages of alert rules: what each watches, and one form to set it, tried before it is saved."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, flash, make_response, redirect, render_template, request
from flask_babel import gettext as _
from flask_babel import ngettext
from psycopg import Connection

from geodata.alerts import reporting, rules
from geodata.alerts.reporting import Report
from geodata.alerts.rules import LEVELS, MEASURES, Measure, Rule, Terms
from geodata.coverage.standards import model as standards
from geodata.database import clock
from geodata.errors import GridMapError, InvalidInputError
from geodata.grids import reading as grids
from geodata.model import Grid, Level
from webmap.core import acting, asking, i18n

bp = Blueprint("alerts", __name__, url_prefix="/alerts")

# Of what a rule would report, as many are named.
NAMED = 8
_LEVEL_NAMES: Mapping[str, Level] = {str(name): name for name in LEVELS}
_MEASURE_NAMES: Mapping[str, Measure] = {str(name): name for name in MEASURES}
_FIELDS = ("kind", "level", "scope", "measure", "amount", "since", "until")


@bp.app_template_global()
def watched_name(level: Level) -> str:
    """Return which grids a rule watches."""
    return i18n.said(rules.WATCHED[level])


@bp.app_template_global()
def measure_name(measure: Measure) -> str:
    """Return the label of what a rule measures."""
    return i18n.said(rules.MEASURE_TITLES[measure])


@bp.app_template_global()
def describe_limit(measure: Measure, amount: int) -> str:
    """Say what a rule reports."""
    return i18n.said(rules.describe_limit(measure, amount))


@dataclass(slots=True)
class _Asked:
    """The form as it was filled in, and what is wrong with it by field; days are inclusive."""

    values: dict[str, str]
    faults: dict[str, str] = field(default_factory=dict[str, str])

    @property
    def digest(self) -> str:
        """What was tried, so that something else is not saved."""
        return "|".join(self.values[name] for name in _FIELDS)


@dataclass(frozen=True, slots=True)
class _Form:
    """What the page of one rule shows."""

    values: Mapping[str, object]
    status: int


@bp.get("")
def listing() -> Response:
    """List the rules."""
    today = asking.today()
    with acting.planning_connection() as (conn, person):
        found = rules.listed(conn)
    return _answer(
        "alerts/list.html",
        rules=[rule for rule in found if _is_to_come(rule, today)],
        past=[rule for rule in found if not _is_to_come(rule, today)],
        one_day=timedelta(days=1),
        may_set=person.may("set_standards"),
    )


@bp.route("/new", methods=["GET", "POST"])
def new() -> Response:
    """Set a new rule."""
    with acting.planning_connection() as (conn, person):
        county = grids.find_county(conn, asking.today())
        if county is None:
            raise InvalidInputError("There are no grids yet that a rule could watch.")
        if request.method == "GET":
            form = _form(conn, county, _Asked(_empty(county)), None)
        else:
            form = _try_or_save(conn, county, None, person.username)
    return _shown(form)


@bp.route("/<int:rule_id>", methods=["GET", "POST"])
def edit(rule_id: int) -> Response:
    """Let a rule say something else, or end."""
    with acting.planning_connection() as (conn, person):
        county = grids.find_county(conn, asking.today())
        if county is None:
            raise InvalidInputError("There are no grids yet that a rule could watch.")
        if request.method == "GET":
            rule = rules.get(conn, rule_id)
            form = _form(conn, county, _Asked(_values(rule.terms)), rule)
        else:
            rule = rules.take(conn, rule_id)
            form = _try_or_save(conn, county, rule, person.username)
    return _shown(form)


def _shown(form: _Form | None) -> Response:
    """Write the form, or go to the list; once the connection is given back: pages ask for one."""
    if form is None:
        return redirect("/alerts")  # pyright: ignore[reportReturnType]
    answer = _answer("alerts/one.html", **form.values)
    answer.status_code = form.status
    return answer


def _try_or_save(
    conn: Connection[Any], county: Grid, rule: Rule | None, actor: str
) -> _Form | None:
    """Show what a rule would report; save it when that was shown of the very same rule: None."""
    today = asking.today()
    asked = _Asked({name: request.form.get(name, "").strip()[:40] for name in _FIELDS})
    if rule and request.form.get("seen") != _Asked(_values(rule.terms)).digest:
        return _form(conn, county, asked, rule, status=409)
    terms = _read(conn, asked)
    if terms is not None:
        try:
            reporting.check(conn, terms, today)
        except GridMapError as error:
            asked.faults["scope"] = error.said(_)
    if terms is None or asked.faults:
        return _form(conn, county, asked, rule, status=422)
    if "save" not in request.form or request.form.get("tried") != asked.digest:
        return _form(conn, county, asked, rule, reporting.reported(conn, terms, today, limit=NAMED))
    if rule is None:
        rule_id = rules.create(conn, terms, actor)
    else:
        rule_id = rule.rule_id
        rules.change(conn, rule_id, terms, actor)
    change = reporting.apply(conn, rules.get(conn, rule_id), today, is_changed=True)
    flash(
        _("The rule is saved.")
        + " "
        + ngettext("%(num)s new notification.", "%(num)s new notifications.", change.raised)
    )
    return None


def _form(
    conn: Connection[Any],
    county: Grid,
    asked: _Asked,
    rule: Rule | None,
    tried: tuple[int, list[Report]] | None = None,
    status: int = 200,
) -> _Form:
    today = asking.today()
    outline = grids.list_towns_and_communities(conn, today)
    towns = [ref for _, ref in outline if ref.level == "town"]
    values: dict[str, object] = {
        "asked": asked,
        "rule": rule,
        # As it is now: who changes it on top of something else is shown both.
        "present": _Asked(_values(rule.terms)) if rule else None,
        "has_changed": status == 409,
        "one_day": timedelta(days=1),
        "county": county,
        "places": [
            (town, [r for parent, r in outline if parent == town.grid_id]) for town in towns
        ],
        "kinds": [
            (each.kind, each.name_zh, each.name_en) for each in standards.list_provided(conn, today)
        ],
        "levels": LEVELS,
        "measures": MEASURES,
        "tried": tried,
        "compared": reporting.compared_day(today),
    }
    return _Form(values, status)


def _read(conn: Connection[Any], asked: _Asked) -> Terms | None:
    """Read the form, and say beside each field what is wrong with it; None if anything is."""
    values = asked.values
    kind = values["kind"] or None
    known = {each.kind for each in standards.list_provided(conn, asking.today())}
    if kind and kind not in known:
        asked.faults["kind"] = _("Choose a service of the list.")
    level = _LEVEL_NAMES.get(values["level"])
    if level is None:
        asked.faults["level"] = _("Choose a level.")
    measure = _MEASURE_NAMES.get(values["measure"])
    if measure is None:
        asked.faults["measure"] = _("Choose a limit.")
    most = 10_000_000 if measure == "unserved" else 100
    written = values["amount"]
    amount = int(written) if written.isdecimal() and len(written) < 10 else 0
    if not 1 <= amount <= most:
        asked.faults["amount"] = _("Write a whole number from 1 to %(most)s.", most=f"{most:,}")
    scope = values["scope"]
    if not scope.isdecimal() or len(scope) > 18:
        asked.faults["scope"] = _("Choose a place of the list.")
    since = _day(asked, "since", needed=True)
    last = _day(asked, "until", needed=False)
    if since and last and last < since:
        asked.faults["until"] = _("This day lies before the first one.")
    if asked.faults or level is None or measure is None or since is None:
        return None
    until = last + timedelta(days=1) if last else None
    return Terms(kind, level, int(scope), measure, amount, since, until)


def _day(asked: _Asked, name: str, *, needed: bool) -> date | None:
    text = asked.values[name]
    if not text and not needed:
        return None
    try:
        return clock.read_day(text, asking.today())
    except InvalidInputError:
        asked.faults[name] = _("Write year-month-day, for example 2026-03-01.")
        return None


def _empty(county: Grid) -> dict[str, str]:
    return {
        "kind": "",
        "level": "town",
        "scope": str(county.grid_id),
        "measure": "share",
        "amount": "50",
        "since": asking.today().isoformat(),
        "until": "",
    }


def _values(terms: Terms) -> dict[str, str]:
    return {
        "kind": terms.kind or "",
        "level": terms.level,
        "scope": str(terms.scope_id),
        "measure": terms.measure,
        "amount": str(terms.amount),
        "since": terms.since.isoformat(),
        "until": (terms.until - timedelta(days=1)).isoformat() if terms.until else "",
    }


def _is_to_come(rule: Rule, today: date) -> bool:
    return rule.terms.until is None or rule.terms.until > today


def _answer(template: str, **context: Any) -> Response:
    said: Mapping[str, Any] = context
    response = make_response(render_template(template, **said))
    response.headers["Cache-Control"] = "no-store"
    return response
