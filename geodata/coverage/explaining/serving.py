"""One facility: whom it serves, how many that are, and from which ground it is in reach."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import date
from typing import Any

import numpy as np
import shapely
from psycopg import Connection
from shapely.geometry.base import BaseGeometry

from geodata.coverage.judging import people
from geodata.coverage.judging.people import People
from geodata.coverage.judging.verdicts import Floats
from geodata.coverage.judging.ways import SNAP_M, Ways
from geodata.coverage.standards.model import Kind, Place, Standard
from geodata.errors import NotFoundError
from geodata.model import Bounds, Facility, Point
from geodata.roads import service_areas


@dataclass(frozen=True, slots=True)
class Serving:
    """A facility and its load: households in reach by their standards, in ``buildings``.

    ``straight`` counts those of them that are measured in a straight line, ``by_road`` tells
    whether a road comes near the facility. ``places`` are the kinds of place, town and village,
    that households in reach live in.
    """

    facility: Facility
    load: int
    buildings: int
    straight: int
    places: tuple[Place, ...]
    by_road: bool


@dataclass(frozen=True, slots=True)
class Area:
    """The ground from which a facility is in reach, for households in some kinds of place.

    ``by_road`` tells whether it was measured along roads or is a circle.
    """

    places: tuple[Place, ...]
    standard: Standard
    geometry: BaseGeometry
    by_road: bool


def find(conn: Connection[Any], facility_id: int, day: date) -> Facility:
    """Return a facility. Raises NotFoundError if there was none on that day."""
    row = conn.execute(
        """
        SELECT f.facility_id, f.kind, k.name_zh, k.name_en, f.name, f.address,
               ST_X(f.geom), ST_Y(f.geom)
        FROM facility f JOIN service_kind k USING (kind)
        WHERE f.facility_id = %s AND f.valid @> %s
        """,
        (facility_id, day),
    ).fetchone()
    if row is None:
        raise NotFoundError(
            "There was no facility {facility_id} on {day}.", facility_id=facility_id, day=day
        )
    return Facility(*row[:6], point=Point(row[6], row[7]), distance_m=None)


def serve(
    conn: Connection[Any], facility: Facility, kind: Kind, day: date, *, is_rounded: bool
) -> Serving:
    """Return whom a facility serves, measured as the figures are.

    ``is_rounded``: households are counted as everybody is told them.
    """
    box = _box(facility).grown(kind.farthest_m + 1)
    nearby = people.read_within(conn, day, box)
    ways = _ways(conn, facility, kind)
    buildings, spot = ways.find(nearby.lon_lat), ways.find(_place(facility).reshape(1, 2))
    at, _, _ = ways.in_reach(buildings, nearby.rows["is_village"], kind, spot)
    served = People(nearby.rows[at])
    is_known = ~served.rows["is_estimated"]
    by_road = bool(spot.is_on_road[0])
    is_village = served.rows["is_village"]
    found: tuple[tuple[Place, Any], ...] = (("town", ~is_village), ("village", is_village))
    return Serving(
        facility,
        int(served.rows["rounded" if is_rounded else "households"].sum()),
        int(is_known.sum()),
        int((is_known & ~(buildings.is_on_road[at] & by_road)).sum()),
        tuple(place for place, some in found if some.any()),
        by_road,
    )


def find_areas(conn: Connection[Any], facility: Facility, kind: Kind, day: date) -> list[Area]:
    """Return the ground from which a facility is in reach: in towns and villages, if they differ.

    The largest comes first.
    """
    ways = _ways(conn, facility, kind)
    place = _place(facility).reshape(1, 2)
    by_road = bool(ways.find(place).is_on_road[0])
    # No way is much shorter than the straight line, downhill in minutes.
    around = shapely.box(*_box(facility).grown(1.25 * kind.farthest_m))
    # Capacity and number of providers do not move the ground.
    town, village = (replace(each, capacity=None, minimum=1) for each in (kind.town, kind.village))
    if town == village:
        return [
            Area(
                ("town", "village"),
                kind.town,
                service_areas.on_grid(ways.reach(place, town).over(around)),
                by_road,
            )
        ]
    found = [
        Area(
            ("town",),
            kind.town,
            service_areas.on_grid(ways.reach(place, town).over(around)),
            by_road,
        ),
        Area(
            ("village",),
            kind.village,
            service_areas.on_grid(ways.reach(place, village).over(around)),
            by_road,
        ),
    ]
    return sorted(found, key=lambda each: -each.geometry.area)


def _ways(conn: Connection[Any], facility: Facility, kind: Kind) -> Ways:
    return Ways.load(conn, _box(facility).grown(2 * (kind.farthest_m + SNAP_M)))


def _place(facility: Facility) -> Floats:
    return np.array([facility.point.lon, facility.point.lat])


def _box(facility: Facility) -> Bounds:
    lon, lat = facility.point.lon, facility.point.lat
    return Bounds(lon, lat, lon, lat)
