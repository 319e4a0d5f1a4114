"""What the panel says of the whole county, mode by mode, and the filters of a list of issues."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import replace
from datetime import date
from typing import Annotated, Any

from flask import request
from psycopg import Connection
from pydantic import BeforeValidator

from geodata.coverage import counts
from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures import reading
from geodata.coverage.figures.classes import EQUAL, Classes
from geodata.coverage.figures.classes import read as read_classes
from geodata.coverage.figures.keeping import Figures
from geodata.coverage.standards import model as standards
from geodata.grids import reading as grids
from geodata.issues import reading as issues
from geodata.model import Grid, IssueCategory, ResponsibilityRow
from geodata.people import members
from geodata.roads import keeping
from webmap.core import acting, asking
from webmap.core.views import Mode
from webmap.map import ranking
from webmap.map.ranking import RankedIn

PAGE_SIZE = 50


def standing(conn: Connection[Any], on: date) -> Figures | None:
    """Return what is known of the figures of a day; where there are none they are asked for."""
    found = figures.find(conn, on)
    if found is None:
        figures.ask(conn, on)
    return found


def _territory(conn: Connection[Any], county: Grid, on: date, least: int) -> dict[str, Any]:
    levels = grids.level_counts(conn, on)
    children = grids.list_children(conn, county.grid_id, on)
    if least:
        county, children = counts.round_grid_and_rows(conn, county, children, on)
    gap = county.territory_gap_m2
    return {
        "towns": levels.get("town", 0),
        "communities": levels.get("community", 0),
        "compounds": levels.get("compound", 0),
        "households": county.households,
        "gap_share": None if gap is None else gap / county.area_m2,
        "children": children,
    }


def _responsibility(conn: Connection[Any], _county: Grid, on: date, _least: int) -> dict[str, Any]:
    rows = members.count_by_town(conn, on)
    total = ResponsibilityRow(
        None,
        held=sum(row.held for row in rows),
        deputy=sum(row.deputy for row in rows),
        ended=sum(row.ended for row in rows),
        vacant=sum(row.vacant for row in rows),
    )
    return {"rows": rows, "total": total, "any_named": members.has_any_duty(conn)}


def _issues(conn: Connection[Any], county: Grid, on: date, _least: int) -> dict[str, Any]:
    reach = acting.reach(conn, "see_issues", county.grid_id, on)
    if reach == "none":
        return {"reach": reach}
    filters = issue_filters(conn, None, on)
    chosen = filters["chosen"]
    total = issues.count(conn, chosen, None, on)
    items = issues.list_issues(conn, chosen, None, on, limit=PAGE_SIZE)
    more = total - len(items)
    return {"reach": reach, "items": items, "total": total, "more": more, **filters}


def issue_filters(conn: Connection[Any], grid_id: int | None, on: date) -> dict[str, Any]:
    """Return what the filters of a list of issues show: numbers, categories, what is chosen.

    A category that the county does not have is named as ``unknown`` and not filtered by.
    """
    now = asking.now()
    chosen = issues.read_filter(request.args, on, now)
    categories = issues.list_categories(conn, chosen, grid_id, on)
    known = {c.code for large in categories for c in (large, *large.parts)}
    unknown = chosen.category if chosen.category not in known else ""
    if unknown:
        chosen = replace(chosen, category="")
    return {
        "counts": issues.count_by_state(conn, chosen, grid_id, on),
        "chosen": chosen,
        "categories": _offered(categories, chosen.category),
        "category_total": sum(large.issues for large in categories),
        "unknown": unknown,
        "changes": "category=" if unknown else "",
    }


def _offered(categories: Iterable[IssueCategory], chosen: str) -> list[IssueCategory]:
    """Leave out the categories without issues, but never the one that is chosen."""
    pruned = [
        replace(large, parts=tuple(c for c in large.parts if c.issues or c.code == chosen))
        for large in categories
    ]
    return [large for large in pruned if large.issues or large.parts or large.code == chosen]


class CoverageIn(RankedIn):
    """Which kind is shown, and in which classes."""

    classes: Annotated[Classes, BeforeValidator(read_classes)] = EQUAL


def _coverage(conn: Connection[Any], county: Grid, on: date, least: int) -> dict[str, Any]:
    asked = asking.read(CoverageIn)
    if figures.find(conn, on) is None:
        return {}
    is_rounded = least > 0
    kinds = reading.read_grid(conn, county.grid_id, on, is_rounded=is_rounded)
    known = [kind.kind for kind in kinds]
    # The county may not have what is asked for, nor the kind that is shown without asking.
    kind = asked.kind if asked.kind in (*known, reading.WORST) or not known else known[0]
    # The worst of the county as a whole; in its grids it may be another.
    worst = reading.read_grids(
        conn, [county.grid_id], reading.WORST, on, is_rounded=is_rounded
    ).get(county.grid_id)
    return {
        "kind": kind,
        "unknown": asked.kind if kind != asked.kind and "kind" in asked.model_fields_set else "",
        "changes": f"kind={kind}" if kind != asked.kind else "",
        "kinds": kinds,
        "names": reading.list_names(conn),
        "worst": worst,
        "has_roads": keeping.has_any(conn),
        "standard": next(
            (each for each in standards.list_provided(conn, on) if each.kind == kind), None
        ),
        "classes": asked.classes,
        "ranked": ranking.ranked(conn, asked, kind, is_rounded=is_rounded),
    }


SUMMARIES: Mapping[Mode, Callable[[Connection[Any], Grid, date, int], dict[str, Any]]] = {
    "territory": _territory,
    "responsibility": _responsibility,
    "issues": _issues,
    "coverage": _coverage,
}
