"""A boundary plan as part of a scenario: the grids that would be, as coverage takes them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

from psycopg import Connection

from geodata import disclosure
from geodata.coverage.judging.altering import Changes, Redrawn, RedrawnGrid
from geodata.errors import NotFoundError
from geodata.plans import drafts, keeping
from geodata.plans.model import Plan
from geodata.scenarios.model import Scenario


def plan_of(conn: Connection[Any], scenario: Scenario) -> Plan | None:
    """Return a scenario's plan; None without one, and to anyone who may not see it."""
    if scenario.plan_id is None:
        return None
    try:
        return keeping.get(conn, scenario.plan_id)
    except NotFoundError:
        return None


def read_changes(conn: Connection[Any], scenario: Scenario) -> Changes:
    """Return all changes of a scenario as coverage takes them, with what its plan draws."""
    plan = plan_of(conn, scenario)
    return (
        scenario.altered
        if plan is None
        else replace(scenario.altered, redrawn=list_drawn(conn, plan))
    )


def list_drawn(conn: Connection[Any], plan: Plan) -> Redrawn:
    """Return the grids where a plan changes something."""
    before, after = drafts.compare(conn, plan)
    return Redrawn(
        {
            id_: RedrawnGrid(
                piece.level,
                piece.parent,
                after.facts[id_].name,
                after.facts[id_].code,
                after.facts[id_].households,
                piece.shape,
            )
            for id_, piece in after.ground.pieces.items()
        },
        frozenset(after.changed(before)),
        tuple(drafts.find_changed_boxes(before, after)),
        disclosure.least_count(conn),
    )
