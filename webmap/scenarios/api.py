"""Scenarios as JSON: services as they would be, what that would bring, where to put new ones.

A scenario's ETag is its revision. Changes send it back as If-Match: 412 answers where
another window was faster, with nothing written.
"""

from __future__ import annotations

from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify

from geodata.coverage.standards.model import Standard
from geodata.model import Point
from geodata.scenarios import boundaries, changing, keeping, places, searches
from geodata.scenarios.effects import GridEffect
from geodata.scenarios.model import Scenario
from geodata.scenarios.siting.model import ShortfallError
from webmap.core import acting, asking, bodies, describing, i18n
from webmap.core.asking import asks
from webmap.scenarios import models
from webmap.scenarios.effects import effects_of, least_of

bp = APIBlueprint("scenarios", __name__, url_prefix="/api/scenarios", tag="Scenarios")


@bp.get("")
@bp.output(models.ScenariosOut)
@bp.doc(responses=[401, 404])
def listing() -> dict[str, Any]:
    """List all scenarios."""
    with acting.planning_connection() as (conn, person):
        found = keeping.listed(conn)
    return {"scenarios": [_reference(each, person.account_id) for each in found]}


@bp.post("")
@bp.output(models.ScenarioRefOut, status_code=201)
@describing.takes(models.ScenarioIn)
@bp.doc(responses=[400, 401, 404])
def create() -> Response:
    """Begin a scenario."""
    wanted = bodies.read(models.ScenarioIn)
    with acting.planning_connection() as (conn, person):
        made = keeping.get(conn, keeping.create(conn, person, wanted.name))
        return _answer(_reference(made, person.account_id), 201)


@bp.get("/<int:scenario_id>")
@bp.output(models.ScenarioOut)
@asks(models.LookIn)
@bp.doc(responses=[400, 401, 404])
def show(asked: models.LookIn, scenario_id: int) -> tuple[dict[str, Any], int, dict[str, str]]:
    """Return one scenario with what it would bring."""
    on = asked.on
    with acting.planning_connection() as (conn, person):
        found = keeping.get(conn, scenario_id)
        is_rounded = least_of(conn, None, on) > 0
        effects = effects_of(conn, found, on, is_rounded=is_rounded)
    chosen = next((each for each in effects if each.kind.kind == asked.kind), None)
    body = {
        **_reference(found, person.account_id),
        "on": on,
        "sums": [
            {
                "kind": each.kind.kind,
                **_sums(each.county),
            }
            for each in effects
        ],
        "marks": _marks(found),
        "shares": {
            each.grid.grid_id: (_percent(each.before.share), _percent(each.after.share))
            for each in (chosen.grids if chosen else ())
        },
    }
    return body, 200, {"ETag": f'"{found.revision}"'}


@bp.patch("/<int:scenario_id>")
@bp.output(models.ScenarioRefOut)
@describing.needs_revision
@describing.takes(models.ScenarioChangeIn)
@bp.doc(responses=[400, 401, 404, 405, 412, 428])
def change(scenario_id: int) -> Response:
    """Give one's own scenario another name, throw it away or have it back."""
    wanted, revision = bodies.read(models.ScenarioChangeIn), bodies.seen_revision()
    with acting.planning_connection() as (conn, person):
        keeping.take(conn, scenario_id, revision)
        if wanted.name is not None:
            keeping.rename(conn, scenario_id, wanted.name)
        if wanted.removed is not None:
            keeping.throw_away(conn, scenario_id, is_removed=wanted.removed)
        return _answer(_reference(keeping.get(conn, scenario_id), person.account_id))


@bp.post("/<int:scenario_id>/copy")
@bp.output(models.ScenarioRefOut, status_code=201)
@describing.takes(models.ScenarioIn)
@bp.doc(responses=[400, 401, 404])
def copy(scenario_id: int) -> Response:
    """Begin a scenario with all changes of another."""
    wanted = bodies.read(models.ScenarioIn)
    with acting.planning_connection() as (conn, person):
        made = keeping.get(conn, keeping.copy(conn, scenario_id, person, wanted.name))
        return _answer(_reference(made, person.account_id), 201)


@bp.post("/<int:scenario_id>/changes")
@bp.output(models.ScenarioRefOut, status_code=201)
@describing.needs_revision
@describing.takes(models.WhatIn)
@bp.doc(responses=[400, 401, 404, 405, 412, 428])
def add(scenario_id: int) -> Response:
    """Change something in one's own scenario."""
    wanted, revision = bodies.read(models.WhatIn).root, bodies.seen_revision()
    with acting.planning_connection() as (conn, person):
        keeping.take(conn, scenario_id, revision)
        if isinstance(wanted, models.AddIn):
            changing.add_facility(
                conn, scenario_id, wanted.kind, Point(wanted.lon, wanted.lat), wanted.name
            )
        elif isinstance(wanted, models.MoveIn):
            changing.move_facility(
                conn, scenario_id, wanted.facility, Point(wanted.lon, wanted.lat)
            )
        elif isinstance(wanted, models.CloseIn):
            changing.close_facility(conn, scenario_id, wanted.facility)
        elif isinstance(wanted, models.AreaIn):
            changing.change_area(
                conn, scenario_id, wanted.organisation, wanted.grid, serves=wanted.what == "give"
            )
        elif isinstance(wanted, models.PlanIn):
            changing.take_plan(conn, scenario_id, wanted.plan)
        else:
            standard = Standard(
                wanted.reach, wanted.unit, wanted.detour, wanted.capacity, wanted.minimum
            )
            changing.change_standard(conn, scenario_id, wanted.kind, wanted.place, standard)
        return _answer(_reference(keeping.get(conn, scenario_id), person.account_id), 201)


@bp.patch("/<int:scenario_id>/changes/<int:change_id>")
@bp.output(models.ScenarioRefOut)
@describing.needs_revision
@describing.takes(models.OutIn)
@bp.doc(responses=[400, 401, 404, 405, 412, 428])
def take_out(scenario_id: int, change_id: int) -> Response:
    """Take a change out of one's own scenario, or have it back."""
    wanted, revision = bodies.read(models.OutIn), bodies.seen_revision()
    with acting.planning_connection() as (conn, person):
        keeping.take(conn, scenario_id, revision)
        changing.take_out(conn, scenario_id, change_id, is_out=wanted.out)
        return _answer(_reference(keeping.get(conn, scenario_id), person.account_id))


@bp.post("/<int:scenario_id>/near")
@bp.output(models.NearOut)
@describing.takes(models.NearIn)
@bp.doc(responses=[400, 401, 404])
def near(scenario_id: int) -> Response:
    """Find the facility of a kind that is nearest to a place, as the scenario has it."""
    wanted = bodies.read(models.NearIn)
    with acting.planning_connection() as (conn, _person):
        found = keeping.get(conn, scenario_id)
        point = Point(wanted.lon, wanted.lat)
        facility = changing.facility_at(conn, wanted.kind, point, wanted.within_m, found.changes)
    return _answer({"facility": facility})


@bp.post("/<int:scenario_id>/search")
@bp.output(models.FoundOut, status_code=201)
@describing.needs_revision
@describing.takes(models.SearchIn)
@bp.doc(responses=[400, 401, 404, 405, 412, 428])
def search(scenario_id: int) -> Response:
    """Find the best places for new facilities and add them to one's own scenario.

    Counts of households that are small, or would tell of small ones, are null.
    """
    wanted, revision = bodies.read(models.SearchIn), bodies.seen_revision()
    with acting.planning_connection() as (conn, _person):
        keeping.take(conn, scenario_id, revision)
        found = keeping.get(conn, scenario_id)
        question = places.Question(
            wanted.kind,
            wanted.ask,
            wanted.count,
            wanted.percent,
            wanted.grid,
            wanted.candidates,
            (
                *(Point(each.lon, each.lat) for each in wanted.points),
                *places.read(wanted.places),
            ),
            wanted.capacity,
        )
        least = least_of(conn, wanted.grid, asking.today())
        try:
            answer = places.find(
                conn,
                question,
                boundaries.altered(conn, found),
                asking.today(),
                is_rounded=least > 0,
                # Neighbours share providers: a load tells of their households, too.
                has_rounded_loads=least_of(conn, None, asking.today()) > 0,
            )
        except ShortfallError as error:
            raise (error.without_counts() if least else error) from None
        changing.add_places(conn, scenario_id, wanted.kind, answer.points)
        asked = wanted.model_dump(mode="json", exclude={"points", "places"})
        note = searches.noted(answer, is_rounded=least > 0)
        made = keeping.get(conn, scenario_id)
        changed = searches.stamp(made.changes)
        keeping.note_search(conn, scenario_id, wanted.kind, asked, {**note, "changes": changed})
        told = searches.told(note, is_exact=not least)
        return _answer({**told, "revision": made.revision}, 201)


def _reference(found: Scenario, reader: int) -> dict[str, Any]:
    return {
        "scenario_id": found.scenario_id,
        "name": found.name,
        "owner": found.owner,
        "is_own": found.owner_id == reader,
        "is_removed": found.is_removed,
        "changed_at": found.changed_at.isoformat(),
        "revision": found.revision,
    }


def _sums(county: GridEffect) -> dict[str, int]:
    return {
        "households": county.after.households,
        "met_before": county.before.met,
        "met_after": county.after.met,
    }


def _marks(found: Scenario) -> list[dict[str, Any]]:
    return [
        {
            "change_id": each.change_id,
            "what": each.what,
            "kind": each.kind,
            "name": each.title or i18n.pick(each.kind_zh, each.kind_en),
            "was": each.was and {"lon": each.was.lon, "lat": each.was.lat},
            "point": each.point and {"lon": each.point.lon, "lat": each.point.lat},
        }
        for each in found.changes
        if each.what in ("add", "move", "close")
    ]


def _percent(share: float | None) -> int | None:
    """Round down as the tiles do: 100 means everybody."""
    return None if share is None else int(share * 100)


def _answer(body: dict[str, Any], status: int = 200) -> Response:
    response = jsonify(body)
    response.status_code = status
    response.headers["Cache-Control"] = "no-store"
    if "revision" in body:
        response.headers["ETag"] = f'"{body["revision"]}"'
    return response
