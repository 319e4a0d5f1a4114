"""Fragments of HTML that say why: a grid's buildings, providers and distances; one facility."""

from __future__ import annotations

from collections.abc import Sequence

import shapely
from flask import Blueprint, Response
from pydantic import Field

from geodata import disclosure
from geodata.coverage.explaining import buildings, serving, why
from geodata.coverage.explaining.serving import Area
from geodata.coverage.figures import reading
from geodata.errors import AbsentError
from geodata.grids import reading as grids
from geodata.model import Bounds, Coverage, Facility
from layers.style import HOMES
from webmap.core import acting
from webmap.core.asking import Kind, Number, ViewIn, asks
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


class WhyIn(ViewIn):
    """Of which kind."""

    kind: Kind | None = Field(None, description="The first that the county has when left out.")
    page: Number = 1


class FacilityIn(ViewIn):
    """From which grid one comes."""

    grid: Number | None = None


@bp.get("/grid/<int:grid_id>/why")
@asks(WhyIn)
def grid(asked: WhyIn, grid_id: int) -> Response:
    """Say why the households of a grid have a service of ?kind= or not, page by page."""
    on = asked.on
    with acting.connection() as conn:
        place = grids.get(conn, grid_id, on)
        least = acting.least_count(conn, grid_id, on)
        kinds = reading.read_grid(conn, grid_id, on, is_rounded=least > 0)
        name = asked.kind or _first(kinds)
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
        page = min(asked.page, pages)
        rows = buildings.read(conn, found, known[(page - 1) * PAGE_SIZE : page * PAGE_SIZE], on)
        estimated = buildings.list_estimated(conn, found, on)
    return fragment(
        "coverage/why.html",
        mode=asked.mode,
        on=on,
        grid=place,
        kinds=kinds,
        kind=found.kind,
        sums=found.coverage(),
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
@asks(FacilityIn)
def facility(asked: FacilityIn, facility_id: int) -> Response:
    """Show one facility: its load, its capacity, and from where it is in reach."""
    mode, on, grid_id = asked.mode, asked.on, asked.grid
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


def _first(kinds: Sequence[Coverage]) -> str:
    """Return the kind that is shown without asking, or the first that the county has instead."""
    known = [each.kind for each in kinds]
    return known[0] if known and reading.DEFAULT_KIND not in known else reading.DEFAULT_KIND


def _bounds(found: Facility, areas: list[Area]) -> Bounds:
    place = shapely.Point(found.point.lon, found.point.lat)
    return Bounds(*shapely.total_bounds([place, *(each.geometry for each in areas)]).tolist())
