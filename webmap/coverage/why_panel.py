"""Fragments of HTML that say why: a grid's buildings, providers and distances; one facility."""

from __future__ import annotations

import shapely
from flask import Blueprint, Response, request

from geodata import disclosure
from geodata.coverage.explaining import buildings, serving, why
from geodata.coverage.explaining.serving import Area
from geodata.coverage.figures import reading
from geodata.errors import AbsentError
from geodata.grids import reading as grids
from geodata.model import Bounds, Facility
from layers.style import HOMES
from webmap.core import acting, asking
from webmap.core.asking import asked_mode, asked_number
from webmap.core.fragments import fragment
from webmap.coverage import explaining
from webmap.coverage import map_api as coverage
from webmap.map.panel import absent
from webmap.map.summaries import PAGE_SIZE

bp = Blueprint("why", __name__, url_prefix="/panel")
bp.register_error_handler(AbsentError, absent)

# Providers listed before the list is folded.
UNFOLDED = 12


@bp.app_context_processor
def looks() -> dict[str, object]:
    """Give every template the marks of buildings, as the map draws them."""
    return {"home_looks": HOMES}


@bp.get("/grid/<int:grid_id>/why")
def grid(grid_id: int) -> Response:
    """Say why the households of a grid have a service of ?kind= or not, page by page."""
    mode, on = asked_mode(), asking.asked_day(request.args)
    page = asked_number(request.args, "page") or 1
    asked = reading.read_kind(request.args)
    with acting.connection() as conn:
        place = grids.get(conn, grid_id, on)
        least = acting.least_count(conn, grid_id, on)
        kinds = reading.read_grid(conn, grid_id, on, is_rounded=least > 0)
        # Asked without a kind, the first that the county has is shown, as elsewhere.
        is_known = any(each.kind == asked for each in kinds)
        name = asked if is_known or not kinds or request.args.get("kind") else kinds[0].kind
        # A provider serves other grids as well: told in full to those who see the county's.
        load_least = acting.least_count(conn, place.path[0].grid_id if place.path else grid_id, on)
        found = explaining.explain(
            conn,
            grid_id,
            why.find_kind(conn, name, on),
            on,
            is_rounded=least > 0,
            has_rounded_loads=load_least > 0,
        )
        known = buildings.list_known(found)
        pages = max(1, -(-len(known) // PAGE_SIZE))
        page = min(page, pages)
        rows = buildings.read(conn, found, known[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], on)
        estimated = buildings.list_estimated(conn, found, on)
    sums = next(each for each in kinds if each.kind == name)
    return fragment(
        "coverage/why.html",
        mode=mode,
        on=on,
        grid=place,
        kinds=kinds,
        kind=found.kind,
        sums=sums,
        found=found,
        off_road=int((~found.is_on_road).sum()) if found.has_roads else 0,
        off_road_households=found.households(~found.is_on_road),
        rows=rows,
        total=len(known),
        page=page,
        pages=pages,
        estimated=estimated,
        has_dots=place.buildings <= coverage.MOST,
        least=least,
        load_least=load_least,
        unfolded=UNFOLDED,
    )


@bp.get("/facility/<int:facility_id>")
def facility(facility_id: int) -> Response:
    """Show one facility: its load, its capacity, and from where it is in reach."""
    mode, on = asked_mode(), asking.asked_day(request.args)
    grid_id = asked_number(request.args, "grid")
    with acting.connection() as conn:
        found = serving.find(conn, facility_id, on)
        kind = why.find_kind(conn, found.kind, on)
        areas = serving.find_areas(conn, found, kind, on)
        path = grids.locate(conn, found.point, on).path
        county = grids.find_county(conn, on)
        # Anyone who is served may live anywhere around: told in full to those who see the county's.
        least = acting.least_count(conn, county.grid_id, on) if county else disclosure.LEAST_COUNT
        served = serving.serve(conn, found, kind, on, is_rounded=least > 0)
    return fragment(
        "coverage/facility.html",
        mode=mode,
        on=on,
        facility=found,
        kind=kind,
        served=served,
        areas=areas,
        bounds=_bounds(found, areas),
        path=path,
        back=next((ref for ref in path if ref.grid_id == grid_id), None),
        grid_id=grid_id,
        least=least,
    )


def _bounds(found: Facility, areas: list[Area]) -> Bounds:
    place = shapely.Point(found.point.lon, found.point.lat)
    return Bounds(*shapely.total_bounds([place, *(each.geometry for each in areas)]).tolist())
