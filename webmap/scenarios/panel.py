"""Fragments of the panel for scenarios; what is done with one goes through api.py."""

from __future__ import annotations

from datetime import date
from typing import Any

from flask import Blueprint, Response
from psycopg import Connection

from geodata.coverage.standards import model as standards
from geodata.grids import reading as grids
from geodata.model import LEVELS, Level
from geodata.people import organisations
from geodata.plans import keeping as plans
from geodata.plans.model import Plan
from geodata.roads import keeping as roads
from geodata.scenarios import keeping
from geodata.scenarios.effects import GridEffect, KindEffect
from webmap.core import acting
from webmap.core.asking import DayIn, Kind, Number, asks
from webmap.core.fragments import fragment
from webmap.scenarios.effects import effects_of, last_search, least_of

bp = Blueprint("scenario_panel", __name__, url_prefix="/panel/scenarios")

# Grids of one level that are listed before the rest is folded away.
LISTED = 10


class LookIn(DayIn):
    """On which day, of which kind and in which grid a scenario is looked at."""

    kind: Kind | None = None
    grid: Number | None = None


@bp.get("")
@asks(DayIn)
def listing(asked: DayIn) -> Response:
    """List all scenarios, one's own first, with a form for a new one."""
    with acting.planning_connection() as (conn, person):
        found = keeping.listed(conn)
    return fragment(
        "scenarios/scenarios.html",
        mode="coverage",
        on=asked.on,
        own=[each for each in found if each.owner_id == person.account_id],
        others=[each for each in found if each.owner_id != person.account_id],
    )


@bp.get("/<int:scenario_id>")
@asks(LookIn)
def scenario(asked: LookIn, scenario_id: int) -> Response:
    """Show one scenario, and what it would bring."""
    on, grid_id = asked.on, asked.grid
    with acting.planning_connection() as (conn, person):
        found = keeping.get(conn, scenario_id)
        least = least_of(conn, None, on)
        effects = effects_of(conn, found, on, is_rounded=least > 0)
        every = found.altered.apply(standards.list_all(conn, on))
        kinds = standards.filter_provided(conn, every, {each.kind for each in found.altered.added})
        chosen = _chosen(asked.kind, effects, [kind.kind for kind in kinds])
        here = _here(conn, grid_id, on)
        context = {
            "kinds": kinds,
            # The first of its kind can be placed and searched for, but nothing stands where it is.
            "placed": [kind for kind in every if kind.by_facility],
            "sites": [kind for kind in kinds if kind.by_facility],
            "kind": next((kind for kind in kinds if kind.kind == chosen), None),
            **here,
            "towns": grids.list_level(conn, "town", on),
            "plans": _plans(conn) if person.may("see_plans") else None,
            "has_roads": roads.has_any(conn),
            "teams": organisations.list_serving_around(conn, grid_id, on) if grid_id else [],
            "search": last_search(conn, found),
            "least": least,
        }
    effect = next((each for each in effects if each.kind.kind == chosen), None)
    return fragment(
        "scenarios/scenario.html",
        mode="coverage",
        on=on,
        scenario=found,
        is_own=found.owner_id == person.account_id,
        effects=effects,
        effect=effect,
        changing=_changing(effect, here["inside"]) if effect else {},
        listed=LISTED,
        **context,
    )


def _changing(effect: KindEffect, inside: set[int] | None) -> dict[Level, list[GridEffect]]:
    """Return by level the grids that change: all towns, and what is in the chosen one."""
    # Those that a plan would make are numbered below 0.
    return {
        level: [
            each
            for each in effect.of_level(level)
            if level == "town"
            or inside is None
            or each.grid.grid_id in inside
            or each.grid.grid_id < 0
        ]
        for level in LEVELS
    }


def _plans(conn: Connection[Any]) -> list[Plan]:
    """Return the plans that are not in force yet."""
    return [plan for plan in plans.listed(conn) if plan.state not in ("published", "withdrawn")]


def _chosen(asked: str | None, effects: list[KindEffect], known: list[str]) -> str | None:
    """Return the kind that is told grid by grid: the one asked for, else what changes most."""
    if asked in known:
        return asked
    if effects:
        return max(effects, key=lambda each: abs(each.county.more)).kind.kind
    return known[0] if known else None


def _here(conn: Connection[Any], grid_id: int | None, on: date) -> dict[str, Any]:
    """Return the chosen grid with its box and what is in it, None if it is not there.

    ``taken`` is what a paper would be about: in a compound there is nothing to compare.
    """
    found = grids.find_ever_known(conn, grid_id, on) if grid_id else None
    if found is None:
        return {"here": None, "bounds": None, "taken": None, "inside": None}
    ref, bounds = found
    taken = grids.get(conn, ref.grid_id, on).path[-1] if ref.level == "compound" else ref
    inside = grids.list_below(conn, ref.grid_id, on) if ref.level in ("town", "community") else None
    return {"here": ref, "bounds": bounds, "taken": taken, "inside": inside}
