"""Plans as they are answered in JSON."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, fields
from typing import Any

import numpy as np
import shapely
from flask import Response, jsonify
from flask_babel import gettext as _
from psycopg import Connection

from geodata.plans import (
    advancing,
    checking,
    drafts,
    drawing,
    keeping,
    operations,
    overlapping,
    sharing,
)
from geodata.plans.drawing import Done
from geodata.plans.faults import Fault
from geodata.plans.model import Actor, Draft, Plan


def touching(draft: Draft, grid_id: int) -> list[int]:
    """Return a grid, all above it and all that meet it: what lies in it, and its neighbours."""
    shape = draft.ground[grid_id].shape
    shapely.prepare(shape)
    ids = list(draft.ground.pieces)
    shapes = np.asarray([draft.ground[id_].shape for id_ in ids], dtype=object)
    return [ids[at] for at in np.flatnonzero(shapely.intersects(shape, shapes))]


def grids(draft: Draft, ids: Iterable[int], changed: set[int]) -> list[dict[str, Any]]:
    """Return grids as drawn, with all their corners."""
    return [
        {
            "grid_id": id_,
            "level": draft.ground[id_].level,
            "parent_id": draft.ground[id_].parent,
            **asdict(draft.facts[id_]),
            "is_changed": id_ in changed,
            "polygons": [
                [shapely.get_coordinates(ring).tolist() for ring in shapely.get_rings(part)]
                for part in shapely.get_parts(draft.ground[id_].shape)
            ],
        }
        for id_ in ids
    ]


def done(conn: Connection[Any], done: Done, actor: Actor) -> Response:
    """Answer a step with what it changed and what is wrong now."""
    draft = drafts.load(conn, done.plan, done.changed)
    there = [id_ for id_ in sorted(done.changed) if id_ in draft.facts]
    response = jsonify(
        {
            "plan": _whole(conn, done.plan, actor),
            "changed": grids(draft, there, set(drafts.list_touched(conn, done.plan))),
            "gone": sorted(done.changed - set(there)),
            "faults": faults(checking.find(conn, done.plan)),
        }
    )
    return private(response, done.plan)


def faults(found: Iterable[Fault]) -> list[dict[str, Any]]:
    """Return faults in the reader's language, with what mends them."""
    return [
        {
            # Not asdict: it copies what lies within, and a fix is read only.
            **{field.name: getattr(fault, field.name) for field in fields(fault)},
            "text": fault.text.said(_),
            "fix": dict(fault.fix) if fault.fix else None,
            "fix_text": fault.fix_text.said(_) if fault.fix_text else None,
            "is_blocking": fault.is_blocking,
            "can_be_accepted": fault.can_be_accepted,
        }
        for fault in found
    ]


def plan(conn: Connection[Any], plan: Plan, actor: Actor, status: int = 200) -> Response:
    """Answer with the whole of a plan."""
    response = jsonify(_whole(conn, plan, actor))
    response.status_code = status
    return private(response, plan)


def _whole(conn: Connection[Any], plan: Plan, actor: Actor) -> dict[str, Any]:
    beside = overlapping.find(conn, plan)
    other_plans = [keeping.get(conn, plan_id) for plan_id in beside]
    ids = {each.owner_id for each in (plan, *other_plans) if each.owner_id}
    people = sharing.read_names(conn, ids | set(plan.collaborators))
    return {
        **reference(plan, people),
        "purpose": plan.purpose,
        "revision": plan.revision,
        "step": plan.step,
        "steps": plan.steps,
        "is_archived": plan.is_archived,
        "may_draw": plan.state == "draft" and plan.is_drawn_by(actor),
        "deeds": advancing.list_deeds(plan, actor),
        "collaborators": [_person(people[id_]) for id_ in plan.collaborators if id_ in people],
        "created_at": plan.created_at.isoformat(),
        "changed_at": plan.changed_at.isoformat(),
        "touched": drafts.list_touched(conn, plan),
        "moved_on": drafts.find_outdated(conn, plan) if plan.state != "published" else [],
        "others": [
            {**reference(each, people), "grids": beside[each.plan_id]} for each in other_plans
        ],
        "history": [
            {
                "number": step.number,
                "operation": step.operation,
                "title": operations.TITLES[step.operation["do"]].said(_),
                "actor": step.actor,
                "at": step.at.isoformat(),
                "fault": _(step.fault["message"]).format(**step.fault["data"])
                if step.fault
                else None,
            }
            for step in drawing.list_steps(conn, plan.plan_id)
        ],
        "events": [
            {**asdict(event), "at": event.at.isoformat()}
            for event in keeping.list_events(conn, plan.plan_id)
        ],
    }


def reference(plan: Plan, people: dict[int, tuple[str, str]]) -> dict[str, Any]:
    """Return enough of a plan to name it and link to it."""
    return {
        "plan_id": plan.plan_id,
        "title": plan.title,
        "state": plan.state,
        "effective_on": plan.effective_on.isoformat(),
        "owner": _person(people.get(plan.owner_id or 0, (plan.owner, plan.owner))),
    }


def _person(names: tuple[str, str]) -> dict[str, str]:
    return {"username": names[0], "name": names[1]}


def private(response: Response, plan: Plan) -> Response:
    """Let an answer about a plan carry its revision, and be kept by nobody else."""
    response.headers["Cache-Control"] = "private, no-cache"
    response.headers["ETag"] = f'"{plan.revision}"'
    response.vary.add("Cookie")
    return response
