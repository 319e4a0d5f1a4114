"""Small-scale shapes: drawn bit by bit, they are those of the whole level drawn at once."""

from __future__ import annotations

from datetime import date, timedelta
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from psycopg.rows import TupleRow
from shapely.geometry import Polygon

from geodata import demo
from geodata.demo.grids import Dates
from geodata.errors import InvalidInputError
from geodata.grids import shapes
from geodata.grids import writing as boundaries
from geodata.grids.shapes import refresh
from geodata.grids.writing import NewVersion
from geodata.model import LEVELS, Level
from geodata.partition.simplify import ZOOM_STEPS, simplify_level
from geodata.plans import advancing, drawing, keeping, publishing
from geodata.plans.model import COMMAND_LINE
from tests.county import box, build, noded

Conn = psycopg.Connection[TupleRow]
TODAY = date(2026, 11, 1)
DATES = Dates.before(TODAY)
DAY = timedelta(days=1)


@pytest.fixture
def county(conn: Conn) -> Conn:
    demo.load(conn, compounds=300, today=TODAY)
    conn.commit()
    return conn


def stored(conn: Conn, level: Level, day: date) -> dict[tuple[int, int], bytes]:
    """Return what the tiles of a day show, by version and zoom."""
    rows = conn.execute(
        "SELECT s.version_id, s.max_zoom, ST_AsBinary(s.geom) FROM grid_shape s"
        " WHERE s.level = %s::grid_level AND s.valid @> %s",
        [level, day],
    ).fetchall()
    assert len({row[:2] for row in rows}) == len(rows)
    return {(version_id, zoom): same_form(bytes(wkb)) for version_id, zoom, wkb in rows}


def same_form(wkb: bytes) -> bytes:
    """Return a shape whichever corner its rings begin at, and however its parts are ordered."""
    shape = shapely.multipolygons(shapely.get_parts(shapely.from_wkb(wkb)))
    return bytes(shapely.to_wkb(shapely.normalize(shape)))


def drawn_whole(conn: Conn, level: Level, day: date) -> dict[tuple[int, int], bytes]:
    """Draw all of a level's versions of a day."""
    rows = conn.execute(
        "SELECT version_id, ST_AsBinary(geom) FROM grid_version"
        " WHERE level = %s::grid_level AND valid @> %s ORDER BY version_id",
        [level, day],
    ).fetchall()
    geoms = np.asarray(shapely.from_wkb([bytes(wkb) for _, wkb in rows]), dtype=object)
    result = {}
    for zoom, drawn in simplify_level(level, geoms):
        for (version_id, _), shape in zip(rows, drawn, strict=True):
            result[version_id, zoom] = same_form(shapely.to_wkb(shape))
    return result


def shrink(conn: Conn, turn: int, day: date) -> None:
    """Leave but a corner of a community that has neighbours, from a day on: a gap opens there."""
    rows = conn.execute(
        "SELECT grid_id, name, code, parent_id, households, ST_AsBinary(geom) FROM grid_version"
        " WHERE level = 'community' AND valid @> %s ORDER BY grid_id",
        [DATES.changed],
    ).fetchall()
    geoms = np.asarray(
        [shapely.get_parts(shapely.from_wkb(bytes(row[5])))[0] for row in rows], dtype=object
    )
    beside = np.bincount(shapely.STRtree(geoms).query(geoms, predicate="intersects")[0])
    one = np.flatnonzero(beside >= 5)[turn]
    ring = shapely.get_coordinates(geoms[one])
    corners = np.asarray(shapely.polygons(np.stack((ring[:-2], ring[1:-1], ring[2:]), axis=1)))
    corner = corners[shapely.covers(geoms[one], corners)][0]
    grid_id, name, code, parent_id, households, _ = rows[one]
    boundaries.insert_versions(
        conn,
        "community",
        [NewVersion(grid_id, name, code, parent_id, households, None, corner)],
        valid_from=day,
        source="tests",
    )


def drawings(monkeypatch: pytest.MonkeyPatch) -> list[tuple[int, int]]:
    """Note from now on how many polygons each drawing looks at, and how many it makes."""
    made: list[tuple[int, int]] = []

    def noting(level: Level, geoms: np.ndarray, *, places: np.ndarray, drawn: Any):
        made.append((len(geoms), len(places)))
        return simplify_level(level, geoms, places=places, drawn=drawn)

    monkeypatch.setattr(shapes, "simplify_level", noting)
    return made


def test_both_days_of_the_demo_county_are_as_drawn_whole(county: Conn) -> None:
    for day in (DATES.founded, DATES.changed - DAY, DATES.changed, TODAY):
        for level in LEVELS:
            assert stored(county, level, day) == drawn_whole(county, level, day)
    # What did not change is there once for both.
    (both,) = county.execute(
        "SELECT count(*) FROM grid_shape WHERE level = 'compound' AND valid @> daterange(%s, %s)",
        [DATES.founded, TODAY],
    ).fetchone() or (0,)
    assert both > 200 * len(ZOOM_STEPS["compound"])


@pytest.mark.parametrize(
    ("days", "drawings_made"),
    # In their order, or the later one first: then the earlier one changes both stretches.
    [((TODAY, TODAY + 10 * DAY), 2), ((TODAY + 10 * DAY, TODAY), 3)],
)
def test_changes_draw_their_neighbours_and_no_others(
    county: Conn, monkeypatch: pytest.MonkeyPatch, days: tuple[date, date], drawings_made: int
) -> None:
    made = drawings(monkeypatch)
    for turn, day in zip((0, 3), days, strict=True):
        shrink(county, turn, day)
        refresh(county, "community")
    assert len(made) == drawings_made
    # What lies beside them is looked at; nothing farther is, however many zooms there are.
    assert all(0 < count < looked_at < 60 for looked_at, count in made)
    for day in days:
        for each in (DATES.founded, day - DAY, day):
            assert stored(county, "community", each) == drawn_whole(county, "community", each)


def corners_of_communities(conn: Conn) -> list[tuple[float, float]]:
    """Return a corner of every community, no matter what meets in it."""
    rows = conn.execute(
        "SELECT ST_AsBinary(geom) FROM grid_version WHERE level = 'community' AND valid @> %s"
        " ORDER BY grid_id",
        [TODAY],
    ).fetchall()
    found = [shapely.get_coordinates(shapely.from_wkb(bytes(row[0]))) for row in rows]
    return [tuple(xy[len(xy) // 3].tolist()) for xy in found]


def test_what_plans_move_is_drawn_as_the_whole_level_would_be(
    county: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drawings(monkeypatch)
    published = 0
    for corner in corners_of_communities(county)[:24]:
        plan = keeping.create(county, COMMAND_LINE, "Move", "", TODAY)
        move = {"do": "move", "corner": corner, "to": [corner[0] + 1.5e-4, corner[1] - 1e-4]}
        try:
            plan = drawing.do(county, plan.plan_id, COMMAND_LINE, move, revision=None).plan
            plan = advancing.advance(county, plan, COMMAND_LINE, "submit")
            plan = advancing.advance(county, plan, COMMAND_LINE, "approve")
            publishing.publish(county, plan.plan_id, COMMAND_LINE, TODAY, revision=None)
        except InvalidInputError:
            county.rollback()
            continue
        county.commit()
        published += 1
    assert published >= 8
    # Where it changed, and not all around the grids that did.
    assert sorted(count for _, count in made)[len(made) // 2] < 6
    for level in LEVELS:
        assert stored(county, level, TODAY) == drawn_whole(county, level, TODAY)


def test_a_grid_that_only_got_another_name_keeps_its_shapes(county: Conn) -> None:
    row = county.execute(
        "SELECT grid_id, code, parent_id, ST_AsBinary(geom) FROM grid_version"
        " WHERE level = 'community' AND valid @> %s ORDER BY grid_id LIMIT 1",
        [TODAY],
    ).fetchone()
    assert row
    shape: Any = shapely.from_wkb(bytes(row[3]))
    named = NewVersion(row[0], "Another name", row[1], row[2], 9, None, shape)
    boundaries.insert_versions(county, "community", [named], valid_from=TODAY, source="tests")
    refresh(county, "community")
    assert stored(county, "community", TODAY) == drawn_whole(county, "community", TODAY)


def test_shapes_that_were_lost_come_back(county: Conn) -> None:
    county.execute("DELETE FROM grid_shape WHERE level = 'community' AND max_zoom = 12")
    shrink(county, 0, TODAY)
    refresh(county, "community")
    assert stored(county, "community", TODAY) == drawn_whole(county, "community", TODAY)


def test_nothing_is_drawn_where_nothing_was_written(
    county: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drawings(monkeypatch)
    refresh(county, "compound")
    assert made == []
    assert county.execute("SELECT count(*) FROM shape_due").fetchone() == (0,)


def test_a_neighbour_is_drawn_anew_when_somebody_leaves_it(conn: Conn) -> None:
    """Corners that only a neighbour needs come with it and go with it, on the same day too."""
    made = build(conn)
    near, far = box(116.306, 31.414, 116.318, 31.416), box(116.315, 31.414, 116.318, 31.416)
    stays = noded(box(116.302, 31.412, 116.306, 31.418), near)

    def write(day: date, *shapes_by_grid: tuple[int | None, str, Polygon]) -> list[int]:
        versions = [
            NewVersion(grid_id, code, code, made.communities[0], 9, None, shape)
            for grid_id, code, shape in shapes_by_grid
        ]
        ids = boundaries.insert_versions(conn, "compound", versions, valid_from=day, source="tests")
        refresh(conn, "compound")
        return ids

    stays_id, moves_id = write(date(2025, 1, 1), (None, "1", stays), (None, "2", near))

    def corners(day: date) -> int:
        assert stored(conn, "compound", day) == drawn_whole(conn, "compound", day)
        row = conn.execute(
            "SELECT ST_NPoints(s.geom) FROM grid_shape s JOIN grid_version v USING (version_id)"
            " WHERE v.grid_id = %s AND s.valid @> %s AND s.max_zoom = 13",
            [stays_id, day],
        ).fetchone()
        return row[0] if row else 0

    assert corners(TODAY) == 7
    write(TODAY, (moves_id, "2", far))
    assert corners(TODAY) == 5
    assert corners(TODAY - DAY) == 7
    write(TODAY + DAY, (moves_id, "2", near))
    assert corners(TODAY + DAY) == 7
    write(TODAY + DAY, (moves_id, "2", far))
    assert corners(TODAY + DAY) == 5
