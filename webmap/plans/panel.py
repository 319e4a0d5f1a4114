"""Fragments of the drawing mode: all plans, and one with what it draws and what that would change.

They are read only; what is done with a plan goes through webmap/plans/api.py.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, make_response, render_template
from psycopg import Connection

from geodata.importing.lines.reading import offered_systems
from geodata.importing.lists import places
from geodata.model import Bounds, Level
from geodata.plans import (
    advancing,
    checking,
    consequences,
    drafts,
    drawing,
    files,
    keeping,
    operations,
    overlapping,
    references,
    sharing,
)
from geodata.plans.faults import Fault
from geodata.plans.model import STATES, Actor, Draft, Plan, PlanStep
from webmap.core import acting, asking, i18n
from webmap.core.asking import Query, asks
from webmap.core.views import DRAW
from webmap.plans.models import DrawnGrid, ListingIn

bp = Blueprint("drafting", __name__, url_prefix="/panel/plans")


@dataclass(frozen=True, slots=True)
class Place:
    """A grid in a plan as the panel names it; ``bounds`` is its box where that is needed."""

    grid_id: int
    level: Level
    name: str
    bounds: Bounds | None = None


class PlanIn(Query):
    """What is being drawn in."""

    grid: DrawnGrid | None = None


@bp.get("")
@asks(ListingIn)
def listing(asked: ListingIn) -> Response:
    """List the plans by state, with a form for a new one; or those put away."""
    is_archive = asked.archived
    with acting.drawing_connection() as (conn, actor):
        plans = keeping.listed(conn, archived=is_archive)
        archived = sharing.count_archived(conn)
        people = sharing.read_names(conn, {plan.owner_id for plan in plans if plan.owner_id})
    states = [
        (state, title, [plan for plan in plans if plan.state == state])
        for state, title in STATES.items()
    ]
    order = ("submitted", "approved", "draft", "published", "withdrawn")
    return _fragment(
        "plans/plans.html",
        states=sorted(states, key=lambda each: order.index(each[0])),
        people=people,
        actor=actor,
        is_archive=is_archive,
        archived=archived,
        **_days(),
    )


@bp.get("/<int:plan_id>")
@asks(PlanIn)
def plan(asked: PlanIn, plan_id: int) -> Response:
    """Show one plan."""
    with acting.drawing_connection() as (conn, actor):
        found = keeping.get(conn, plan_id)
        context = _plan(conn, found, actor, asked.grid)
    return _fragment("plans/plan.html", plan=found, actor=actor, **context, **_days())


def _plan(conn: Connection[Any], plan: Plan, actor: Actor, grid_id: int | None) -> dict[str, Any]:
    touched = drafts.touched(conn, plan)
    beside = overlapping.find(conn, plan)
    others = [keeping.get(conn, each) for each in beside]
    ids = {each.owner_id for each in (plan, *others) if each.owner_id} | set(plan.collaborators)
    people = sharing.read_names(conn, ids)
    steps = drawing.steps(conn, plan.plan_id)
    brought = files.listed(conn, plan.plan_id)
    named = {*touched, *_named(steps), *(id_ for some in beside.values() for id_ in some)}
    wanted = named | ({grid_id} if grid_id is not None else set())
    draft = drafts.load(conn, plan, wanted, with_parents=True)
    before = drafts.published(conn, plan, named - draft.facts.keys())
    names = {id_: each.name for one in (before, draft) for id_, each in one.facts.items()}
    changes = consequences.find(conn, plan) if touched else None
    return {
        "state": STATES[plan.state],
        "may_draw": plan.state == "draft" and plan.is_drawn_by(actor),
        "deeds": advancing.deeds(plan, actor),
        "people": people,
        "collaborators": [people[id_] for id_ in plan.collaborators if id_ in people],
        "drawers": _drawers(conn, plan),
        "may_share": plan.is_drawn_by(actor) and plan.state not in sharing.ENDED,
        "may_archive": actor.may_draw and plan.state in sharing.ENDED,
        "references": references.listed(conn, plan.plan_id),
        "most_layers": references.MOST_LAYERS,
        "systems": offered_systems(places.county_box(conn)),
        "steps": [(step, _title(step, names, brought)) for step in steps],
        "files": brought,
        "events": keeping.events(conn, plan.plan_id),
        # What has been published was checked then.
        "faults": []
        if plan.state == "published"
        else _faults(conn, plan, touched, grid_id if grid_id in draft.facts else None),
        "changes": changes,
        "others": [(each, [names.get(id_, "") for id_ in beside[each.plan_id]]) for each in others],
        "moved_on": drafts.moved_on(conn, plan) if plan.state != "published" else [],
        "names": names,
        "here": _here(draft, grid_id),
        "path": _path(draft, grid_id),
        "places": _places(draft, touched),
        "opening": _opening(conn, plan, draft, touched) if grid_id is None else None,
    }


def _drawers(conn: Connection[Any], plan: Plan) -> list[tuple[str, str]]:
    """Return user name and name of those besides the owner who may draw."""
    return [
        (username, name or username)
        for account_id, username, name in sharing.list_drawers(conn)
        if account_id != plan.owner_id
    ]


def _faults(
    conn: Connection[Any], plan: Plan, touched: Sequence[int], grid_id: int | None
) -> list[Fault]:
    """Return what is wrong with what a plan draws, and old faults of the grid that is drawn in."""
    found = checking.find(conn, plan) if touched else []
    known = {each.key for each in found}
    old = checking.survey(conn, plan, grid_id) if grid_id is not None else []
    return [*found, *(each for each in old if each.key not in known)]


def _named(steps: Iterable[PlanStep]) -> set[int]:
    """Return the grids that steps name."""
    keys = ("grid", "other", "parent")
    return {step.operation[key] for step in steps for key in keys if key in step.operation}


def _title(step: PlanStep, names: Mapping[int, str], brought: Sequence[files.Brought]) -> str:
    """Say what a step does, and to which grid, or by which file."""
    title = i18n.said(operations.TITLES[step.operation["do"]])
    name = names.get(step.operation.get("grid", 0), "") or step.operation.get("name", "")
    if "file" in step.operation:
        name = next((f.source for f in brought if f.number == step.operation["file"]), "")
    return f"{title} · {name}" if name else title


def _here(draft: Draft, grid_id: int | None) -> Place | None:
    if grid_id is None or grid_id not in draft.facts:
        return None
    piece = draft.ground[grid_id]
    return Place(grid_id, piece.level, draft.facts[grid_id].name, drafts.as_box(piece.shape))


def _path(draft: Draft, grid_id: int | None) -> list[Place]:
    """Return what a grid lies in, coarsest first, the county left out: it is drawn by parts."""
    found: list[Place] = []
    piece = draft.ground.pieces.get(grid_id) if grid_id is not None else None
    while piece is not None and piece.parent is not None:
        above = draft.ground.pieces.get(piece.parent)
        if above is not None and above.level != "county":
            found.insert(0, Place(piece.parent, above.level, draft.facts[piece.parent].name))
        piece = above
    return found


def _places(draft: Draft, touched: Iterable[int]) -> list[Place]:
    """Return the towns in which a plan draws."""
    found: dict[int, Place] = {}
    for id_ in touched:
        own = draft.facts.get(id_)
        town = draft.ground.pieces.get(id_)
        if own is None or town is None:
            continue
        for place in (*_path(draft, id_), Place(id_, town.level, own.name)):
            if place.level == "town" and place.grid_id > 0:
                found[place.grid_id] = place
    return list(found.values())


def _opening(
    conn: Connection[Any], plan: Plan, draft: Draft, touched: Sequence[int]
) -> tuple[int, Bounds] | None:
    """Return the grid in which a plan is best looked at, and the box of what it changes there.

    The community that holds all of it, else the first town; None where nothing is drawn.
    """
    lines = [
        [*_path(draft, id_), Place(id_, draft.ground[id_].level, "")]
        for id_ in touched
        if id_ in draft.facts
    ]
    known = {
        level: [
            {at.grid_id for at in line if at.level == level and at.grid_id > 0} for line in lines
        ]
        for level in ("community", "town")
    }
    is_one = lines and all(known["community"]) and len(set.union(*known["community"])) == 1
    found = known["community" if is_one else "town"]
    opened = next((min(each) for each in found if each), None)
    if opened is None:
        return None
    # What is published is what the plan made: no ground changes hands any more.
    changing = [] if plan.state == "published" else drafts.changing(*drafts.compare(conn, plan))
    boxes = changing or drafts.bounds(conn, plan, touched)
    if not boxes:
        return None
    west, south, east, north = zip(*boxes, strict=True)
    return opened, Bounds(min(west), min(south), max(east), max(north))


def _days() -> dict[str, date]:
    today = asking.today()
    return {"today": today, "last_day": today + timedelta(days=3650), "on": today}


def _fragment(template: str, **context: Any) -> Response:
    response = make_response(render_template(template, mode=DRAW, **context))
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Cookie")
    return response
