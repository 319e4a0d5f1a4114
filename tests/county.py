"""A county small enough to count by hand, written through the product's own functions.

It is a square of 0.04 degrees; towns are its western and eastern halves, communities their
southern and northern halves, and each community holds two square compounds and a territory gap::

    +-------+-------+   lat 31.44
    | W-N   | E-N   |
    +-------+-------+   lat 31.42
    | W-S   | E-S   |
    +-------+-------+   lat 31.40
  116.30  116.32  116.34
"""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import date, datetime
from zoneinfo import ZoneInfo

import numpy as np
import shapely
from psycopg import Connection
from psycopg.rows import TupleRow
from shapely.geometry import Polygon

from geodata.coverage.figures import keeping as figures
from geodata.database import settings
from geodata.grids import writing as boundaries
from geodata.grids.writing import NewVersion

BEGIN = date(2024, 1, 1)
TODAY = date(2026, 6, 15)
ZONE = ZoneInfo("Asia/Shanghai")
NOW = datetime(2026, 6, 15, 12, 0, tzinfo=ZONE)


@dataclass(frozen=True)
class County:
    county: int
    towns: list[int]  # west, east
    communities: list[int]  # west-south, west-north, east-south, east-north
    compounds: list[int]  # two in each community, in their order


def box(west: float, south: float, east: float, north: float) -> Polygon:
    ring = np.array([[west, south], [east, south], [east, north], [west, north], [west, south]])
    return Polygon(np.round(ring * 1e7) / 1e7)


def noded(shape: Polygon, *others: Polygon) -> Polygon:
    """Give a shape the vertices of others that lie on its edges."""
    points = [xy for other in others for xy in shapely.get_coordinates(other)]
    ring: list[tuple[float, float]] = []
    corners = shapely.get_coordinates(shape)
    for start, end in itertools.pairwise(corners):
        on_edge = [
            p
            for p in points
            if min(start[0], end[0]) <= p[0] <= max(start[0], end[0])
            and min(start[1], end[1]) <= p[1] <= max(start[1], end[1])
        ]
        on_edge.sort(key=lambda p: abs(p[0] - start[0]) + abs(p[1] - start[1]))
        ring += [tuple(start), *[tuple(p) for p in on_edge]]
    return Polygon(dict.fromkeys(ring))


def build(conn: Connection[TupleRow]) -> County:
    """Write the county; the caller commits."""

    def write(level, rows):
        versions = [NewVersion(None, n, c, p, h, None, g) for n, c, p, h, g in rows]
        return boundaries.insert_versions(conn, level, versions, valid_from=BEGIN, source="tests")

    south, north, west, east = 31.40, 31.44, 116.30, 116.34
    areas = [
        box(116.30, 31.40, 116.32, 31.42),
        box(116.30, 31.42, 116.32, 31.44),
        box(116.32, 31.40, 116.34, 31.42),
        box(116.32, 31.42, 116.34, 31.44),
    ]
    halves = [
        noded(box(west, south, 116.32, north), *areas),
        noded(box(116.32, south, east, north), *areas),
    ]
    whole = noded(box(west, south, east, north), *areas)
    [county] = write("county", [("霍山县", "341525", None, 800, whole)])
    towns = write(
        "town",
        [
            ("衡山镇", "341525100", county, 400, halves[0]),
            ("佛子岭镇", "341525101", county, 400, halves[1]),
        ],
    )
    names = ["城南社区", "城北社区", "河东村", "山口村"]
    communities = write(
        "community",
        [
            (name, f"34152510{i // 2}{i % 2 + 1:03d}", towns[i // 2], 200, area)
            for i, (name, area) in enumerate(zip(names, areas, strict=True))
        ],
    )
    compounds = write(
        "compound",
        [
            (
                f"{names[i]}{'甲乙'[j]}小区",
                f"34152510{i // 2}{i % 2 + 1:03d}{j + 1:03d}",
                communities[i],
                100,
                box(x + 0.002, y + 0.002, x + 0.008, y + 0.008),
            )
            for i, area in enumerate(areas)
            for j in range(2)
            for x, y in [(area.bounds[0] + 0.01 * j, area.bounds[1] + 0.005 * j)]
        ],
    )
    for level in ("county", "town", "community", "compound"):
        boundaries.refresh_shapes(conn, level)
    settings.write(conn, "county_name", {"zh": "霍山县", "en": "Huoshan County"})
    return County(county, towns, communities, compounds)


def compute_figures(conn: Connection[TupleRow], *days: date) -> None:
    """Bring the figures of coverage of some days up to date, as a job does, and commit."""
    conn.commit()
    for day in days:
        figures.ensure(conn, day)
    conn.commit()


def add_duty(
    conn: Connection[TupleRow], grid_id: int, name: str, role: str, term: str, *, deputy=False
) -> None:
    """Let a new member hold a duty at a grid; ``term`` is a daterange literal."""
    conn.execute(
        """
        WITH m AS (INSERT INTO member (name, pinyin) VALUES (%(name)s, '') RETURNING member_id)
        INSERT INTO duty (member_id, role, grid_id, is_deputy, pledge, term)
        SELECT member_id, %(role)s, %(grid)s, %(deputy)s, '随叫随到', %(term)s::daterange FROM m
        """,
        {"name": name, "role": role, "grid": grid_id, "deputy": deputy, "term": term},
    )


def add_issue(
    conn: Connection[TupleRow], lon: float, lat: float, reported: str, due: str | None, *steps: str
) -> int:
    """Report an issue; ``steps`` are "instant state" after the first one."""
    [[category]] = conn.execute(
        """
        INSERT INTO issue_category (code, name_zh, name_en, kind)
        VALUES ('rubbish', '暴露垃圾', 'Exposed rubbish', 'event')
        ON CONFLICT (code) DO UPDATE SET kind = 'event' RETURNING category_id
        """
    ).fetchall()
    [[issue_id]] = conn.execute(
        """
        INSERT INTO issue (category_id, title, geom, reported_at, due_at)
        VALUES (%s, '垃圾未清', ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s, %s) RETURNING issue_id
        """,
        (category, lon, lat, reported, due),
    ).fetchall()
    state = None
    for at, new in [(reported, "reported"), *[tuple(step.split()) for step in steps]]:
        conn.execute(
            "INSERT INTO issue_event (issue_id, at, from_state, to_state) VALUES (%s, %s, %s, %s)",
            (issue_id, at, state, new),
        )
        state = new
    return issue_id
