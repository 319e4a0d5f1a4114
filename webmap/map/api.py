"""JSON for other software, described at /api/openapi.json."""

from __future__ import annotations

from dataclasses import asdict
from datetime import date
from typing import Any, Literal

from apiflask import APIBlueprint
from flask import Response, jsonify, request
from pydantic import BaseModel, Field

from geodata import disclosure
from geodata.coverage import counts
from geodata.coverage.figures import keeping as figures
from geodata.grids import outlines as features
from geodata.grids import reading as grids
from geodata.grids import searching
from geodata.model import Point
from webmap.core import db
from webmap.core.asking import DayIn, Lat, Lon, Searched, asks
from webmap.core.models import BoundsOut, GridRefOut, Out, PointOut, ProblemOut

bp = APIBlueprint("api", __name__, url_prefix="/api", tag="Map")


class GridOut(GridRefOut):
    """A grid as it was on a day. Areas are geodesic square metres."""

    path: list[GridRefOut]
    children: int
    households: int | None
    population: int | None
    least_count: int = Field(
        description="Households and population are rounded to classes of this size."
    )
    buildings: int
    area_m2: float
    territory_gap_m2: float | None
    bounds: BoundsOut
    label: PointOut
    valid_from: date
    valid_until: date | None = Field(description="Exclusive; null while it is the last version.")
    version_count: int


class HereOut(Out):
    """The grids at a point, from the county down, and how near the boundary is."""

    point: PointOut
    path: list[GridRefOut]
    in_territory_gap: bool
    boundary_m: float | None
    beyond: GridRefOut | None


class HitOut(Out):
    """A grid or a member found by the search."""

    kind: Literal["grid", "member"]
    title: str
    within: str
    role_zh: str
    role_en: str
    grid: GridRefOut | None
    point: PointOut | None
    bounds: BoundsOut | None
    more: int = Field(description="Other places where the member's duty is held.")


class HitsOut(BaseModel):
    """What a search found, best first."""

    hits: list[HitOut]


class PlaceIn(DayIn):
    """A place in WGS 84 degrees."""

    lon: Lon
    lat: Lat


class SearchIn(DayIn):
    """What to look for."""

    q: Searched = Field("", description="Name, code, pinyin or initials.")


def describe_problems(spec: dict[str, Any] | str) -> dict[str, Any] | str:
    """Say in the description that failures are problem+json, whatever the framework supposes.

    All but one: an address that is too long is answered by the server in front.
    """
    if isinstance(spec, str):
        return spec
    schemas = spec.setdefault("components", {}).setdefault("schemas", {})
    schemas["ProblemOut"] = ProblemOut.model_json_schema()
    problem = {"schema": {"$ref": "#/components/schemas/ProblemOut"}}
    for path, operations in spec.get("paths", {}).items():
        for operation in operations.values():
            answers = operation.get("responses", {})
            if path.endswith(("/shape", "/coverage/buildings", "/coverage/gaps", "/area")):
                answers["200"]["content"] = {"application/geo+json": {"schema": {"type": "object"}}}
            for status, answer in answers.items():
                if status >= "400":
                    answer["content"] = {"application/problem+json": problem}
            # Before the application hears of it: more than 4,094 bytes in the first line.
            answers["414"] = {"description": "Address Too Long", "content": {"text/html": {}}}
    return spec


@bp.get("/grids/<int:grid_id>")
@bp.output(GridOut)
@asks(DayIn)
@bp.doc(responses=[400, 404])
def grid(asked: DayIn, grid_id: int) -> dict[str, Any]:
    """Return one grid as it was on a day."""
    with db.connection() as conn:
        place = grids.get(conn, grid_id, asked.on)
        figures.standing(conn, asked.on)
        # Everybody may ask, so everybody is told the same.
        found = counts.round_grid(conn, place, asked.on)
        return {**asdict(found), "least_count": disclosure.least_count(conn)}


@bp.get("/grids/<int:grid_id>/shape")
@asks(DayIn)
@bp.doc(responses=[200, 400, 404])
def shape(asked: DayIn, grid_id: int) -> Response:
    """Return one grid's shape as a GeoJSON feature."""
    with db.connection() as conn:
        found = features.shape(conn, grid_id, asked.on)
    response = jsonify(found)
    response.mimetype = "application/geo+json"
    response.headers["Cache-Control"] = "no-cache"
    response.add_etag()
    response.make_conditional(request)
    return response


@bp.get("/here")
@bp.output(HereOut)
@asks(PlaceIn)
@bp.doc(responses=[400])
def here(asked: PlaceIn) -> dict[str, Any]:
    """Say in which grids a point lies."""
    with db.connection() as conn:
        return asdict(grids.locate(conn, Point(asked.lon, asked.lat), asked.on))


@bp.get("/search")
@bp.output(HitsOut)
@asks(SearchIn)
@bp.doc(responses=[400])
def search(asked: SearchIn) -> dict[str, Any]:
    """Find grids by name, code or pinyin, members by name or pinyin."""
    with db.connection() as conn:
        hits = searching.find(conn, asked.q, asked.on)
    return {"hits": [asdict(hit) for hit in hits]}
