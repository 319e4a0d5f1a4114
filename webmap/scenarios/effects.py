"""What scenarios would bring, remembered until they or the county change."""

from __future__ import annotations

import threading
from dataclasses import asdict
from datetime import date
from typing import Any

from cachetools import LRUCache
from flask import current_app
from psycopg import Connection

from geodata.database import revisions
from geodata.grids import reading as grids
from geodata.scenarios import boundaries, effects, searches
from geodata.scenarios.effects import KindEffect
from geodata.scenarios.model import Scenario
from webmap.core import acting, asking

# Panel and map ask for the same within a moment.
_KEPT = 16
_Key = tuple[int, int, date, int, int, bool]
_Known = LRUCache[_Key, list[KindEffect]]
_lock = threading.Lock()


def least_of(conn: Connection[Any], grid_id: int | None, on: date) -> int:
    """Return the smallest count of households that the reader is told in a grid, or everywhere."""
    county = None if grid_id else grids.find_county(conn, on)
    return acting.least_count(conn, county.grid_id if county else grid_id, on)


def last_search(conn: Connection[Any], scenario: Scenario) -> dict[str, Any] | None:
    """Return the last search for best places, its counts as the reader may know them.

    ``place`` is whose households counted, None for the county's; ``holds`` whether the scenario is
    still as the search left it: what was proven is so of nothing else.
    """
    if not scenario.searches:
        return None
    last = scenario.searches[0]
    grid_id = last.asked.get("grid")
    found = grids.find_ever_known(conn, grid_id, asking.today()) if grid_id else None
    return {
        **asdict(last),
        "answer": searches.told(last.answer, is_exact=not least_of(conn, grid_id, asking.today())),
        "place": found[0].name if found else None,
        "holds": last.answer.get("changes") == searches.stamp(scenario.changes),
    }


def effects_of(
    conn: Connection[Any], scenario: Scenario, on: date, *, is_rounded: bool
) -> list[KindEffect]:
    """Return what a scenario would bring on a day, kind by kind.

    ``is_rounded``: households are counted as everybody is told them.
    """
    county = revisions.read_current(conn, ("grids", "services", "members"))
    plan = boundaries.plan_of(conn, scenario)
    # Anyone who may not see the plan is told what the rest would bring.
    drawn = plan.revision if plan else 0
    key = scenario.scenario_id, scenario.revision, on, county, drawn, is_rounded
    with _lock:
        # Of this application, which has one database.
        known: _Known = current_app.extensions.setdefault("gridmap_effects", LRUCache(_KEPT))
        if key in known:
            return known[key]
    found = effects.find(conn, boundaries.altered(conn, scenario), on, is_rounded=is_rounded)
    with _lock:
        known[key] = found
    return found
