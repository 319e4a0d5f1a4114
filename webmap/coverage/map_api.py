"""Coverage for the map and for other software: judged buildings, ground in reach and out of it."""

from __future__ import annotations

from datetime import date
from typing import Any

from apiflask import APIBlueprint
from flask import Response, jsonify
from psycopg import Connection
from pydantic import Field
from shapely.geometry import mapping

from geodata import disclosure
from geodata.coverage.explaining import buildings as judged
from geodata.coverage.explaining import gaps as ground
from geodata.coverage.explaining import serving, why
from geodata.coverage.explaining.buildings import JudgedBuilding
from geodata.coverage.figures import reading
from geodata.errors import InvalidInputError
from geodata.grids import reading as grids
from webmap.core import db, kept
from webmap.core.asking import DayIn, Flag, Kind, NeededGrid, asks
from webmap.coverage import explaining

bp = APIBlueprint("coverage", __name__, url_prefix="/api/coverage", tag="Services")

# Buildings drawn at once: a town has them all, a county would be one blot.
MOST = 6_000


class KindIn(DayIn):
    """A service kind in a grid."""

    kind: Kind = Field(reading.DEFAULT_KIND, description="The service kind.")
    grid: NeededGrid = Field(description="The number of a grid.")


class GapsIn(KindIn):
    """The same, to be looked at or to be kept."""

    download: Flag = Field(False, description="Whether the answer is a file to save.")


@bp.get("/buildings")
@asks(KindIn)
@bp.doc(responses=[200, 400, 404])
def buildings(asked: KindIn) -> Response:
    """Return the buildings of a grid, each with its verdict, as GeoJSON points.

    Without counts of households: those of single buildings are not for everybody. Points that stand
    for a compound of which no building is known have no id.
    """
    on, kind, grid_id = asked.on, asked.kind, asked.grid
    with db.connection() as conn:
        tag = _tag(conn, on)
        if kept.has(tag):
            return as_geojson(None, tag)
        _check_size(conn, grid_id, on)
        found = explaining.explain(
            conn,
            grid_id,
            why.find_kind(conn, kind, on),
            on,
            is_rounded=True,
            has_rounded_loads=True,
        )
        points = judged.read(conn, found, found.order.tolist(), on)
    return as_geojson([_feature(each) for each in points], tag)


@bp.get("/gaps")
@asks(GapsIn)
@bp.doc(responses=[200, 400, 404])
def gaps(asked: GapsIn) -> Response:
    """Return the ground of a grid on which people live who have nobody in reach, as GeoJSON.

    Exact polygons, those with most households first: inside compounds, and around buildings outside
    every compound. Ground on which nobody lives is left out. Households are rounded.
    """
    on, kind, grid_id = asked.on, asked.kind, asked.grid
    with db.connection() as conn:
        tag = _tag(conn, on)
        if kept.has(tag):
            return as_geojson(None, tag)
        _check_size(conn, grid_id, on)
        found = ground.find(conn, grid_id, why.find_kind(conn, kind, on), on, is_rounded=True)
        least = disclosure.least_count(conn)
    response = as_geojson(
        [
            {
                "type": "Feature",
                "geometry": mapping(gap.geometry),
                "properties": {
                    "kind": kind,
                    "grid": gap.grid.grid_id,
                    "code": gap.grid.code,
                    "name": gap.grid.name,
                    "outside_compounds": gap.is_outside,
                    "buildings": gap.buildings,
                    "households": gap.households,
                    "least_count": least,
                    "area_m2": round(gap.area_m2),
                },
            }
            for gap in found
        ],
        tag,
    )
    if asked.download:
        response.headers["Content-Disposition"] = (
            f'attachment; filename="gaps-{kind}-{grid_id}-{on}.geojson"'
        )
    return response


@bp.get("/facilities/<int:facility_id>/area")
@asks(DayIn)
@bp.doc(responses=[200, 400, 404])
def area(asked: DayIn, facility_id: int) -> Response:
    """Return the ground from which a facility is in reach, as GeoJSON.

    One polygon where towns and villages have the same standard, else one for each.
    """
    on = asked.on
    with db.connection() as conn:
        tag = _tag(conn, on)
        if kept.has(tag):
            return as_geojson(None, tag)
        facility = serving.find(conn, facility_id, on)
        kind = why.find_kind(conn, facility.kind, on)
        found = serving.find_areas(conn, facility, kind, on)
    return as_geojson(
        [
            {
                "type": "Feature",
                "geometry": mapping(each.geometry),
                "properties": {
                    "facility": facility_id,
                    "kind": facility.kind,
                    "places": list(each.places),
                    "reach": each.standard.reach,
                    "unit": each.standard.unit,
                    "by_road": each.by_road,
                },
            }
            for each in found
        ],
        tag,
    )


def as_geojson(features: list[dict[str, Any]] | None, tag: str) -> Response:
    """Answer with a FeatureCollection; with None that the reader has it already."""
    if features is None:
        response = Response(status=304)
    else:
        response = jsonify({"type": "FeatureCollection", "features": features})
        response.mimetype = "application/geo+json"
    response.headers["Cache-Control"] = "no-cache"
    return kept.mark(response, tag)


def _tag(conn: Connection[Any], on: date) -> str:
    return kept.tag(conn, ("grids", "services", "members"), on)


def _check_size(conn: Connection[Any], grid_id: int, on: date) -> None:
    """Refuse what has so many buildings that it would be a blot on the map, and take long."""
    if grids.get(conn, grid_id, on).buildings > MOST:
        raise InvalidInputError(
            "There are more than {most} buildings here.",
            hint="Ask for a town, a community or a compound.",
            most=MOST,
        )


def _feature(building: JudgedBuilding) -> dict[str, Any]:
    to = building.nearest
    return {
        "type": "Feature",
        **({} if building.is_estimated else {"id": building.building_id}),
        "geometry": {"type": "Point", "coordinates": [building.point.lon, building.point.lat]},
        "properties": {
            "name": building.name or building.compound or "",
            "verdict": building.verdict,
            "providers": building.providers,
            "estimated": building.is_estimated,
            "on_road": building.is_on_road,
            "nearest": to and {"id": to.facility_id, "name": to.name, "point": [to.lon, to.lat]},
            "way": building.way,
            "unit": building.unit,
            "by_road": building.by_road,
            "servers": list(building.named_providers),
        },
    }
