"""Plans as JSON: operations in, problems and new boundaries out, so that other software draws too.

A plan's ETag is its revision. Writers send it back as If-Match: 412 answers where somebody else
was faster, with nothing written.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict
from typing import Any

import shapely
from apiflask import APIBlueprint
from flask import Response, jsonify
from psycopg import Connection

from geodata.errors import InvalidInputError
from geodata.plans import (
    advancing,
    checking,
    consequences,
    drafts,
    drawing,
    keeping,
    publishing,
    sharing,
)
from webmap.core import acting, asking, bodies, describing
from webmap.core.asking import asks
from webmap.plans import answers as plan_answers
from webmap.plans import models

bp = APIBlueprint("plans", __name__, url_prefix="/api/plans", tag="Plans")

# Everything of a town and what touches it; a county is drawn town by town.
GROUND_LIMIT = 8000


@bp.get("")
@bp.output(models.PlansOut)
@asks(models.ListingIn)
@bp.doc(responses=[400, 401, 404])
def listing(asked: models.ListingIn) -> dict[str, Any]:
    """List all plans."""
    with acting.drawing_connection() as (conn, _actor):
        found = keeping.listed(conn, archived=asked.archived)
        people = sharing.read_names(conn, {p.owner_id for p in found if p.owner_id})
    return {"plans": [plan_answers.reference(plan, people) for plan in found]}


@bp.post("")
@bp.output(models.PlanOut, status_code=201)
@describing.takes(models.PlanIn)
@bp.doc(responses=[400, 401, 404])
def create() -> Response:
    """Begin a plan."""
    wanted = bodies.read(models.PlanIn)
    with acting.drawing_connection() as (conn, actor):
        plan = keeping.create(
            conn, actor, wanted.title, wanted.purpose, wanted.effective_on or asking.today()
        )
        return plan_answers.plan(conn, plan, actor, 201)


@bp.get("/<int:plan_id>")
@bp.output(models.PlanOut)
@bp.doc(responses=[400, 401, 404])
def show(plan_id: int) -> Response:
    """Return one plan with what was drawn in it and what happened to it."""
    with acting.drawing_connection() as (conn, actor):
        return plan_answers.plan(conn, keeping.get(conn, plan_id), actor)


@bp.patch("/<int:plan_id>")
@bp.output(models.PlanOut)
@describing.needs_revision
@describing.takes(models.PlanChangeIn)
@bp.doc(responses=[400, 401, 404, 409, 412, 428])
def change(plan_id: int) -> Response:
    """Give a plan another title, purpose or day, share it, or put it out of the way."""
    wanted, revision = bodies.read(models.PlanChangeIn), bodies.seen_revision()
    with acting.drawing_connection() as (conn, actor):
        plan = keeping.take(conn, plan_id, revision)
        if wanted.title is not None or wanted.purpose is not None or wanted.effective_on:
            plan = keeping.change(
                conn,
                plan,
                actor,
                title=plan.title if wanted.title is None else wanted.title,
                purpose=plan.purpose if wanted.purpose is None else wanted.purpose,
                effective_on=wanted.effective_on or plan.effective_on,
            )
        if wanted.collaborators is not None:
            plan = sharing.share(conn, plan, actor, _accounts(conn, wanted.collaborators))
        if wanted.archived is not None:
            plan = sharing.archive(conn, plan, actor, archived=wanted.archived)
        return plan_answers.plan(conn, plan, actor)


@bp.get("/<int:plan_id>/ground")
@bp.output(models.GroundOut)
@asks(models.GroundIn)
@bp.doc(responses=[400, 401, 404])
def ground(asked: models.GroundIn, plan_id: int) -> Response:
    """Return a grid as the plan has it, with all that lies in it and all that touches it."""
    grid_id = asked.grid
    with acting.drawing_connection() as (conn, _actor):
        plan = keeping.get(conn, plan_id)
        boxes = drafts.bounds(conn, plan, [grid_id])
        if not boxes:
            raise InvalidInputError(
                "There is no grid with the number {grid_id} in this plan.", grid_id=grid_id
            )
        draft = drafts.load(conn, plan, [grid_id], boxes, with_parents=True)
        if len(draft.facts) > GROUND_LIMIT:
            raise InvalidInputError(
                "This area is too large to draw in at once.", hint="Choose a town or a community."
            )
        changed = set(drafts.touched(conn, plan))
        wanted = plan_answers.touching(draft, grid_id)
        before = drafts.published(conn, plan, changed.intersection(wanted))
    was = [id_ for id_ in sorted(changed.intersection(wanted)) if id_ in before.facts]
    response = jsonify(
        {
            "revision": plan.revision,
            "grids": plan_answers.grids(draft, wanted, changed),
            "before": plan_answers.grids(before, was, set()),
        }
    )
    return plan_answers.private(response, plan)


@bp.get("/<int:plan_id>/buildings")
@bp.output(models.BuildingsOut)
@asks(models.GroundIn)
@bp.doc(responses=[400, 401, 404])
def buildings(asked: models.GroundIn, plan_id: int) -> Response:
    """Return the buildings around a grid, to snap to and to see what a line divides."""
    grid_id = asked.grid
    with acting.drawing_connection() as (conn, _actor):
        plan = keeping.get(conn, plan_id)
        rows: list[tuple[float, float, int]] = []
        for box in drafts.bounds(conn, plan, [grid_id]):
            found = drawing.buildings(conn, plan, box)
            xy = shapely.get_coordinates(found.points).tolist()
            rows += [(*place, n) for place, n in zip(xy, found.households.tolist(), strict=True)]
    return plan_answers.private(jsonify({"buildings": rows}), plan)


@bp.post("/<int:plan_id>/steps")
@bp.output(models.DoneOut)
@describing.needs_revision
@describing.takes(models.StepIn)
@bp.doc(responses=[400, 401, 404, 409, 412, 422, 428])
def do(plan_id: int) -> Response:
    """Do an operation in a plan and save it."""
    plain, revision = bodies.plain(), bodies.seen_revision()
    with acting.drawing_connection() as (conn, actor):
        return plan_answers.done(
            conn, drawing.do(conn, plan_id, actor, plain, revision=revision), actor
        )


@bp.post("/<int:plan_id>/undo")
@bp.output(models.DoneOut)
@describing.needs_revision
@bp.doc(responses=[400, 401, 404, 409, 412, 428])
def undo(plan_id: int) -> Response:
    """Take the last step back."""
    revision = bodies.seen_revision()
    with acting.drawing_connection() as (conn, actor):
        return plan_answers.done(conn, drawing.undo(conn, plan_id, actor, revision=revision), actor)


@bp.post("/<int:plan_id>/redo")
@bp.output(models.DoneOut)
@describing.needs_revision
@bp.doc(responses=[400, 401, 404, 409, 412, 428])
def redo(plan_id: int) -> Response:
    """Do again what was taken back."""
    revision = bodies.seen_revision()
    with acting.drawing_connection() as (conn, actor):
        return plan_answers.done(conn, drawing.redo(conn, plan_id, actor, revision=revision), actor)


@bp.post("/<int:plan_id>/rebase")
@bp.output(models.DoneOut)
@describing.needs_revision
@bp.doc(responses=[400, 401, 404, 409, 412, 428])
def rebase(plan_id: int) -> Response:
    """Do all steps again on the boundaries as they are published now."""
    revision = bodies.seen_revision()
    with acting.drawing_connection() as (conn, actor):
        return plan_answers.done(
            conn, drawing.rebase(conn, plan_id, actor, revision=revision), actor
        )


@bp.post("/<int:plan_id>/copy")
@bp.output(models.PlanOut, status_code=201)
@describing.takes(models.CopyIn)
@bp.doc(responses=[400, 401, 404])
def copy(plan_id: int) -> Response:
    """Begin a plan with all that is drawn in another."""
    wanted = bodies.read(models.CopyIn)
    with acting.drawing_connection() as (conn, actor):
        made = keeping.copy(conn, plan_id, actor, wanted.title)
        return plan_answers.plan(conn, made, actor, 201)


@bp.post("/<int:plan_id>/opposite")
@bp.output(models.PlanOut, status_code=201)
@describing.takes(models.CopyIn)
@bp.doc(responses=[400, 401, 404, 409, 422])
def oppose(plan_id: int) -> Response:
    """Begin a plan that takes a publication back."""
    wanted = bodies.read(models.CopyIn)
    with acting.drawing_connection() as (conn, actor):
        day = wanted.effective_on or asking.today()
        made = publishing.oppose(conn, plan_id, actor, wanted.title, day)
        return plan_answers.plan(conn, made, actor, 201)


@bp.post("/<int:plan_id>/state")
@bp.output(models.PlanOut)
@describing.needs_revision
@describing.takes(models.AdvanceIn)
@bp.doc(responses=[400, 401, 404, 409, 412, 422, 428])
def advance(plan_id: int) -> Response:
    """Submit, return, approve, publish, withdraw or reopen a plan."""
    wanted, revision = bodies.read(models.AdvanceIn), bodies.seen_revision()
    with acting.drawing_connection() as (conn, actor):
        if wanted.do == "publish":
            plan = publishing.publish(conn, plan_id, actor, asking.today(), revision=revision).plan
        else:
            plan = keeping.take(conn, plan_id, revision)
            if wanted.do == "submit":
                checking.check_submittable(conn, plan)
            plan = advancing.advance(conn, plan, actor, wanted.do, wanted.reason)
        return plan_answers.plan(conn, plan, actor)


@bp.get("/<int:plan_id>/faults")
@bp.output(models.FaultsOut)
@asks(models.SurveyIn)
@bp.doc(responses=[400, 401, 404])
def faults(asked: models.SurveyIn, plan_id: int) -> Response:
    """Return what is wrong with what the plan draws; in a grid also what was wrong before."""
    grid_id = asked.grid
    with acting.drawing_connection() as (conn, _actor):
        plan = keeping.get(conn, plan_id)
        found = (
            checking.find(conn, plan) if grid_id is None else checking.survey(conn, plan, grid_id)
        )
    return plan_answers.private(
        jsonify({"revision": plan.revision, "faults": plan_answers.faults(found)}), plan
    )


@bp.post("/<int:plan_id>/accepted")
@bp.output(models.PlanOut)
@describing.needs_revision
@describing.takes(models.AcceptIn)
@bp.doc(responses=[400, 401, 404, 409, 412, 428])
def accept(plan_id: int) -> Response:
    """Let a fault stand, with the reason."""
    wanted, revision = bodies.read(models.AcceptIn), bodies.seen_revision()
    with acting.drawing_connection() as (conn, actor):
        plan = keeping.take(conn, plan_id, revision)
        plan = checking.accept(conn, plan, actor, wanted.fault, wanted.reason)
        return plan_answers.plan(conn, plan, actor)


@bp.get("/<int:plan_id>/consequences")
@bp.output(models.ConsequencesOut)
@bp.doc(responses=[400, 401, 404])
def show_consequences(plan_id: int) -> Response:
    """Return what the plan would change for those who live and work there."""
    with acting.drawing_connection() as (conn, _actor):
        plan = keeping.get(conn, plan_id)
        found = consequences.find(conn, plan)
    return plan_answers.private(jsonify({"revision": plan.revision, **asdict(found)}), plan)


def _accounts(conn: Connection[Any], usernames: Iterable[str]) -> list[int]:
    known = {username: account_id for account_id, username, _name in sharing.list_drawers(conn)}
    if unknown := sorted(set(usernames) - known.keys()):
        raise InvalidInputError("Nobody who can draw is called {names}.", names=unknown)
    return [known[each] for each in usernames]
