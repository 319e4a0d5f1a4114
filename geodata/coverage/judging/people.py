"""Who lives where: buildings with their households, and compounds of which no building is known."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg import Connection

from geodata.model import Bounds

# Places that stand for a compound without buildings: enough to tell its near from its far end.
POINTS = 64
# A building: place (lon, lat), households, the same rounded for everybody (geodata/disclosure.py),
# number, the grid of each level in which it stands (0: none), whether its community is a village,
# whether it stands for an area.
BUILDING = np.dtype(
    [
        ("lon", "f8"), ("lat", "f8"), ("households", "i8"), ("rounded", "i8"), ("building", "i8"),
        ("compound", "i8"), ("community", "i8"), ("town", "i8"), ("county", "i8"),
        ("is_village", "?"), ("is_estimated", "?"),
    ]
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class People:
    """Buildings with households as a structured array of ``BUILDING``."""

    rows: NDArray[np.void]

    def __len__(self) -> int:
        """Return the number of buildings."""
        return len(self.rows)

    @property
    def lon_lat(self) -> NDArray[np.float64]:
        """Their places, shape (n, 2), EPSG:4326."""
        return np.column_stack((self.rows["lon"], self.rows["lat"]))

    @property
    def cells(self) -> NDArray[np.int64]:
        """In which cell of the figures each is counted.

        A compound by its number, what is in a community outside compounds by its negative one, 0
        outside both.
        """
        compounds = self.rows["compound"]
        return np.where(compounds != 0, compounds, -self.rows["community"])

    def where(self, which: NDArray[np.bool_]) -> People:
        """Return some of them."""
        return People(self.rows[which])


def read_all(conn: Connection[Any], day: date) -> People:
    """Return all households of a day, building by building.

    On a shared edge both grids cover a building; the lower code has it.
    """
    with conn.cursor(binary=True) as cursor:
        rows = np.fromiter(
            cursor.stream(
                """
                -- Grid by grid: each shape is unpacked and prepared once, not for every building.
                WITH inside AS (
                    SELECT DISTINCT ON (v.level, b.building_id)
                           v.level, v.grid_id, v.parent_id, v.name, b.building_id
                    FROM grid_version v, LATERAL (
                        SELECT b.building_id FROM building b
                        WHERE b.geom && v.geom AND ST_Covers(v.geom, b.geom) OFFSET 0) b
                    WHERE v.level IN ('community', 'compound') AND v.valid @> %(day)s
                    ORDER BY v.level, b.building_id, v.code)
                SELECT ST_X(b.geom), ST_Y(b.geom), b.households::int8, r.households::int8,
                       b.building_id, coalesce(p.grid_id, 0), coalesce(c.grid_id, 0),
                       coalesce(c.parent_id, 0),
                       coalesce(t.parent_id, 0), coalesce(place_kind(c.name) = 'village', false),
                       false
                FROM building b JOIN building_rounded r USING (building_id)
                LEFT JOIN inside c ON c.building_id = b.building_id AND c.level = 'community'
                LEFT JOIN grid_version t ON t.grid_id = c.parent_id AND t.valid @> %(day)s
                LEFT JOIN inside p ON p.building_id = b.building_id AND p.level = 'compound'
                WHERE b.valid @> %(day)s AND b.households > 0
                """,
                {"day": day},
            ),
            dtype=BUILDING,
        )
    return People(np.concatenate((rows, _estimated(conn, day, None))))


def read_within(conn: Connection[Any], day: date, box: Bounds) -> People:
    """Return the households in a box (west, south, east, north in degrees) in the same way."""
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            """
            SELECT ST_X(b.geom), ST_Y(b.geom), b.households::int8, r.households::int8,
                   b.building_id, coalesce(p.grid_id, 0), coalesce(c.grid_id, 0),
                   coalesce(c.parent_id, 0),
                   coalesce(t.parent_id, 0), coalesce(place_kind(c.name) = 'village', false), false
            FROM building b JOIN building_rounded r USING (building_id)
            LEFT JOIN LATERAL (
                SELECT v.grid_id FROM grid_version v
                WHERE v.level = 'compound' AND v.geom && b.geom AND ST_Covers(v.geom, b.geom)
                  AND v.valid @> %(day)s ORDER BY v.code LIMIT 1) p ON true
            LEFT JOIN LATERAL (
                SELECT v.grid_id, v.parent_id, v.name FROM grid_version v
                WHERE v.level = 'community' AND v.geom && b.geom AND ST_Covers(v.geom, b.geom)
                  AND v.valid @> %(day)s ORDER BY v.code LIMIT 1) c ON true
            LEFT JOIN grid_version t ON t.grid_id = c.parent_id AND t.valid @> %(day)s
            WHERE b.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326)
              AND b.valid @> %(day)s AND b.households > 0
            """,
            {"day": day, **box.params()},
            prepare=False,
        ).fetchall()
    known = np.array([tuple(row) for row in rows], dtype=BUILDING)
    return People(np.concatenate((known, _estimated(conn, day, box))))


def spread(shape: Any, households: int, rounded: int) -> list[tuple[float, float, int, int]]:
    """Spread households evenly over a shape: (lon, lat, households, rounded households).

    The places are the middles of the cells of a square lattice, so that an equal share of the area
    stands behind each; what does not divide goes to the first of them. How many there are, and
    everybody sees that, follows from the rounded households alone: as many, ``POINTS`` at most.
    """
    wanted = min(POINTS, rounded)
    west, south, east, north = shapely.bounds(shape).tolist()
    across = float(np.cos(np.radians((south + north) / 2)))
    step = (shapely.area(shape) * across / wanted) ** 0.5
    lon = np.arange(west + step / across / 2, east, step / across)
    lat = np.arange(south + step / 2, north, step)
    lattice = np.array(np.meshgrid(lon, lat)).reshape(2, -1).T
    shapely.prepare(shape)
    inside = lattice[shapely.contains_xy(shape, lattice[:, 0], lattice[:, 1])][:rounded]
    if not len(inside):
        inside = shapely.get_coordinates(shapely.point_on_surface(shape))
    shares = (_shares(count, len(inside)) for count in (households, rounded))
    return [(*place, *some) for place, *some in zip(inside.tolist(), *shares, strict=True)]


def _shares(count: int, places: int) -> list[int]:
    each, more = divmod(count, places)
    return [each + (number < more) for number in range(places)]


def _estimated(conn: Connection[Any], day: date, box: Bounds | None) -> NDArray[np.void]:
    """Return places for compounds whose households are counted, but of which no building is."""
    found = conn.execute(
        """
        SELECT v.grid_id, v.households, rounded_count(v.households, least_count()),
               ST_AsBinary(v.geom), c.grid_id, t.grid_id, t.parent_id,
               place_kind(c.name) = 'village'
        FROM grid_version v
        JOIN grid_version c ON c.grid_id = v.parent_id AND c.valid @> %(day)s
        JOIN grid_version t ON t.grid_id = c.parent_id AND t.valid @> %(day)s
        WHERE v.level = 'compound' AND v.valid @> %(day)s AND v.households > 0
          AND (%(west)s::float8 IS NULL
               OR v.geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
          AND NOT EXISTS (
              SELECT FROM building b WHERE b.geom && v.geom AND ST_Covers(v.geom, b.geom)
                AND b.valid @> %(day)s AND b.households > 0)
        ORDER BY v.code
        """,
        {
            "day": day,
            **dict(
                zip(
                    ("west", "south", "east", "north"), box or (None, None, None, None), strict=True
                )
            ),
        },
        binary=True,
        prepare=False,
    ).fetchall()
    return np.array(list(_places(found)), dtype=BUILDING)


def _places(rows: Iterable[tuple[Any, ...]]) -> Iterable[tuple[Any, ...]]:
    for compound, households, rounded, geom, *above, is_village in rows:
        for place in spread(shapely.from_wkb(geom), households, rounded):
            yield *place, 0, compound, *above, is_village, True
