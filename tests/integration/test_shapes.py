"""Small-scale shapes: drawn bit by bit, they are those of the whole level drawn at once."""

from __future__ import annotations

from datetime import date, timedelta

import numpy as np
import psycopg
import pytest
import shapely
from psycopg.rows import TupleRow

from geodata import boundaries, demo, shapes
from geodata.boundaries import NewVersion
from geodata.demo.grids import Dates
from geodata.model import LEVELS, Level
from geodata.partition.simplify import ZOOM_STEPS, simplify_level
from geodata.shapes import refresh

Conn = psycopg.Connection[TupleRow]
TODAY = date(2026, 11, 1)
DATES = Dates.before(TODAY)
DAY = timedelta(days=1)


@pytest.fixture
def county(conn: Conn) -> Conn:
    demo.load(conn, compounds=300, today=TODAY)
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
    return shapely.to_wkb(
        shapely.normalize(shapely.multipolygons(shapely.get_parts(shapely.from_wkb(wkb))))
    )


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
    """Cut a community that has neighbours in half, from a day on: where it was, a gap opens."""
    rows = conn.execute(
        "SELECT grid_id, name, code, parent_id, households, ST_AsBinary(geom) FROM grid_version"
        " WHERE level = 'community' AND upper_inf(valid) ORDER BY grid_id"
    ).fetchall()
    geoms = np.asarray(
        [shapely.get_parts(shapely.from_wkb(bytes(row[5])))[0] for row in rows], dtype=object
    )
    beside = np.bincount(shapely.STRtree(geoms).query(geoms, predicate="intersects")[0])
    for one in np.flatnonzero(beside >= 3)[turn:]:
        ring = shapely.get_coordinates(geoms[one])[:-1]
        half = shapely.polygons(ring[: len(ring) // 2])
        if shapely.is_valid(half) and shapely.covers(geoms[one], half):
            version = NewVersion(*rows[one][:5], None, half)
            boundaries.insert_versions(conn, "community", [version], valid_from=day, source="tests")
            return
    raise AssertionError("no community has neighbours and can be cut in half")


def drawings(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Note from now on how many polygons each drawing makes."""
    made: list[int] = []

    def noting(level: Level, geoms: np.ndarray, places: np.ndarray | None = None):
        made.append(len(geoms) if places is None else len(places))
        return simplify_level(level, geoms, places=places)

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


def test_a_change_draws_its_neighbours_and_no_others(
    county: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drawings(monkeypatch)
    first, second = TODAY, TODAY + 10 * DAY
    shrink(county, 0, first)
    refresh(county, "community")
    shrink(county, 5, second)
    refresh(county, "community")
    assert len(made) == 2
    assert all(0 < count < 60 for count in made)
    for day in (DATES.founded, first - DAY, first, second - DAY, second):
        assert stored(county, "community", day) == drawn_whole(county, "community", day)


def test_a_day_between_others_is_drawn_from_its_neighbour(
    county: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The later change was drawn first: both days around the new one end up whole."""
    made = drawings(monkeypatch)
    first, second = TODAY, TODAY + 10 * DAY
    shrink(county, 5, second)
    refresh(county, "community")
    shrink(county, 0, first)
    refresh(county, "community")
    assert len(made) == 3
    assert all(count < 60 for count in made)
    for day in (first - DAY, first, second - DAY, second):
        assert stored(county, "community", day) == drawn_whole(county, "community", day)


def test_what_is_taken_back_on_the_same_day_leaves_no_trace(county: Conn) -> None:
    """The version in between has neighbours that the one before and the one after do not touch."""
    before = stored(county, "community", TODAY)
    versions = {version for version, _ in before}
    row = county.execute(
        "SELECT grid_id, name, code, parent_id, households, ST_AsBinary(geom) FROM grid_version"
        " WHERE version_id = %s",
        [min(versions)],
    ).fetchone()
    assert row
    shape = shapely.from_wkb(bytes(row[5]))
    shrink(county, 0, TODAY)
    refresh(county, "community")
    grown = NewVersion(*row[:5], None, shapely.set_precision(shape.buffer(0.02), 1e-7))
    for version in (grown, NewVersion(*row[:5], None, shape)):
        boundaries.insert_versions(
            county, "community", [version], valid_from=TODAY + DAY, source="tests"
        )
        refresh(county, "community")
    assert stored(county, "community", TODAY + DAY) == drawn_whole(county, "community", TODAY + DAY)


def test_nothing_is_drawn_where_nothing_was_written(
    county: Conn, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = drawings(monkeypatch)
    refresh(county, "compound")
    assert made == []
    assert county.execute("SELECT count(*) FROM shape_due").fetchone() == (0,)
