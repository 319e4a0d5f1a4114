"""Shapes for small scales, kept beside the versions that they are drawn from (EPSG:3857).

A shape holds while its version and all that lies beside it stay as they are: simplified as a
coverage, it depends on its neighbours. So a change of boundaries draws anew what it touches, and
the shapes of the rest of the county hold on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from geodata.model import Level
from geodata.partition.polygons import as_multipolygons, to_ewkb
from geodata.partition.simplify import ZOOM_STEPS, Beside, simplify_level

# Rows read or written at once: bounds the memory that their other forms take.
_CHUNK = 2000

# Version ids, and for each zoom step their shapes in the same order.
_Shapes = tuple[list[int], Iterable[tuple[int, NDArray[np.object_]]]]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Small-scale shapes of a whole level, drawn before its versions were in the database.

    ``shapes`` are (max_zoom, shapes in the order of ``grid_ids``), EPSG:3857.
    """

    grid_ids: Sequence[int]
    shapes: Sequence[tuple[int, NDArray[np.object_]]]


def refresh(
    conn: psycopg.Connection[TupleRow],
    level: Level,
    *,
    on: date,
    drawing: Drawing | None = None,
) -> None:
    """Bring the small-scale shapes of a level up to date, for the versions valid on a day.

    Shapes are made for the stretch of time around ``on`` in which no version of the level begins
    or ends. Where the stretch before or after it has all of its shapes, only those are drawn that
    differ from it or lie beside a difference; the other shapes hold for both. A ``drawing`` is
    used if it has just the grids of that day, and saves the work.
    """
    _find_stretch(conn, level, on)
    beside_day = None
    drawn = _drawn_before(conn, level, on, drawing)
    if drawn is None:
        beside_day = _adjacent_day(conn, level)
        drawn = _draw(conn, level, on, beside_day)
    _copy(conn, *drawn)
    _merge(conn, level, on)
    if beside_day is not None:
        _hold_on(conn, level, on, beside_day)


def _find_stretch(conn: psycopg.Connection[TupleRow], level: Level, on: date) -> None:
    """Put into ``shape_stretch`` the days around one in which no version begins or ends."""
    conn.execute("CREATE TEMP TABLE IF NOT EXISTS shape_stretch (valid daterange) ON COMMIT DROP")
    conn.execute("TRUNCATE shape_stretch")
    conn.execute(
        """
        WITH change AS (
            SELECT lower(valid) AS day FROM grid_version WHERE level = %(level)s::grid_level
            UNION SELECT upper(valid) FROM grid_version WHERE level = %(level)s::grid_level
        )
        INSERT INTO shape_stretch
        SELECT daterange(max(day) FILTER (WHERE day <= %(on)s),
                         min(day) FILTER (WHERE day > %(on)s))
        FROM change
        """,
        {"level": level, "on": on},
    )


def _drawn_before(
    conn: psycopg.Connection[TupleRow], level: Level, on: date, drawing: Drawing | None
) -> _Shapes | None:
    """Return version ids and their shapes per zoom from the drawing, if it is of that day."""
    if drawing is None:
        return None
    rows = conn.execute(
        "SELECT grid_id, version_id FROM grid_version"
        " WHERE level = %s::grid_level AND valid @> %s::date",
        [level, on],
    ).fetchall()
    versions: dict[int, int] = dict(rows)
    if versions.keys() != set(drawing.grid_ids):
        return None
    return [versions[grid_id] for grid_id in drawing.grid_ids], drawing.shapes


def _draw(
    conn: psycopg.Connection[TupleRow], level: Level, on: date, beside_day: date | None
) -> _Shapes:
    """Return version ids and their shapes per zoom, of all that is not as on a day beside."""
    ids, geoms = _versions(conn, level, on)
    if beside_day is None:
        return ids, simplify_level(level, geoms)
    _, gone = _versions(conn, level, beside_day, but_not=on)
    here = conn.execute(
        "SELECT version_id FROM grid_version WHERE level = %(level)s::grid_level"
        " AND valid @> %(on)s::date AND NOT valid @> %(beside)s::date",
        {"level": level, "on": on, "beside": beside_day},
    ).fetchall()
    new = np.flatnonzero(np.isin(ids, [row[0] for row in here]))
    # A version of the same shape, under another name perhaps, changes nothing for others.
    before, after = shapely.to_wkb(gone), shapely.to_wkb(geoms[new])
    moved = np.concatenate((gone[~np.isin(before, after)], geoms[new][~np.isin(after, before)]))
    touched = Beside(level, geoms).of(moved)
    places = np.union1d(new, touched)
    return [ids[place] for place in places], simplify_level(level, geoms, places=places)


def _adjacent_day(conn: psycopg.Connection[TupleRow], level: Level) -> date | None:
    """Return a day just outside the stretch on which each version of the level has its shapes."""
    (stretch,) = conn.execute("SELECT valid FROM shape_stretch").fetchone() or (None,)
    if stretch is None:
        return None
    days = [stretch.lower - timedelta(days=1)] if stretch.lower else []
    days += [stretch.upper] if stretch.upper else []
    for day in days:
        row = conn.execute(
            """
            SELECT count(*) > 0 AND count(*) = count(s.version_id)
            FROM grid_version v CROSS JOIN unnest(%(zooms)s::smallint[]) AS z (max_zoom)
            LEFT JOIN grid_shape s
                ON s.version_id = v.version_id AND s.max_zoom = z.max_zoom AND s.valid @> %(day)s
            WHERE v.level = %(level)s::grid_level AND v.valid @> %(day)s
            """,
            {"level": level, "day": day, "zooms": list(ZOOM_STEPS[level])},
        ).fetchone()
        if row and row[0]:
            return day
    return None


def _versions(
    conn: psycopg.Connection[TupleRow], level: Level, on: date, *, but_not: date | None = None
) -> tuple[list[int], NDArray[np.object_]]:
    """Return the ids and shapes of a level's versions on a day, without those of another day."""
    ids: list[int] = []
    parts: list[NDArray[np.object_]] = []
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            "SELECT version_id, ST_AsBinary(geom) FROM grid_version"
            " WHERE level = %(level)s::grid_level AND valid @> %(on)s::date"
            " AND (valid @> %(but_not)s::date) IS NOT TRUE ORDER BY version_id",
            {"level": level, "on": on, "but_not": but_not},
        )
        while rows := cursor.fetchmany(_CHUNK):
            ids.extend(row[0] for row in rows)
            parts.append(np.asarray(shapely.from_wkb([row[1] for row in rows]), dtype=object))
    return ids, np.concatenate(parts) if parts else np.empty(0, dtype=object)


def _copy(
    conn: psycopg.Connection[TupleRow],
    version_ids: list[int],
    drawn: Iterable[tuple[int, NDArray[np.object_]]],
) -> None:
    """Put what was drawn into ``shape_new``."""
    conn.execute(
        """
        CREATE TEMP TABLE IF NOT EXISTS shape_new
            (version_id bigint, max_zoom smallint, geom geometry) ON COMMIT DROP
        """
    )
    conn.execute("TRUNCATE shape_new")
    with conn.cursor().copy("COPY shape_new (version_id, max_zoom, geom) FROM STDIN") as copy:
        for max_zoom, shapes in drawn:
            for start in range(0, len(shapes), _CHUNK):
                texts = to_ewkb(as_multipolygons(shapes[start : start + _CHUNK]), 3857)
                for version_id, text in zip(
                    version_ids[start : start + _CHUNK], texts, strict=True
                ):
                    copy.write_row((version_id, max_zoom, text))
    conn.execute("ANALYZE shape_new")


def _merge(conn: psycopg.Connection[TupleRow], level: Level, on: date) -> None:
    """Put ``shape_new`` in place of the level's shapes around ``on``."""
    about = {"level": level, "on": on}
    # What came out as it was, for the whole stretch, stays untouched.
    conn.execute(
        """
        DELETE FROM shape_new n USING grid_shape s, shape_stretch t
        WHERE s.version_id = n.version_id AND s.max_zoom = n.max_zoom
          AND s.valid @> t.valid
          AND ST_AsBinary(s.geom) = ST_AsBinary(n.geom)
        """
    )
    # Cut the stretch out of what holds no more: what lies before and after it is kept.
    conn.execute(
        """
        WITH stale AS (
            DELETE FROM grid_shape s USING shape_stretch t
            WHERE s.level = %(level)s::grid_level AND s.valid && t.valid
              AND (EXISTS (SELECT FROM shape_new n
                           WHERE n.version_id = s.version_id AND n.max_zoom = s.max_zoom)
                   OR NOT EXISTS (SELECT FROM grid_version v
                                  WHERE v.version_id = s.version_id AND v.valid @> %(on)s::date)
                   OR NOT s.valid @> t.valid)
            RETURNING s.version_id, s.max_zoom, s.level, s.valid, s.geom, t.valid AS stretch
        )
        INSERT INTO grid_shape (version_id, max_zoom, level, valid, geom)
        SELECT version_id, max_zoom, level, piece, geom
        FROM stale, unnest(datemultirange(valid) - datemultirange(stretch)) AS piece
        """,
        about,
    )
    conn.execute(
        """
        INSERT INTO grid_shape (version_id, max_zoom, level, valid, geom)
        SELECT n.version_id, n.max_zoom, %(level)s::grid_level, t.valid, n.geom
        FROM shape_new n, shape_stretch t
        """,
        about,
    )


def _hold_on(conn: psycopg.Connection[TupleRow], level: Level, on: date, beside_day: date) -> None:
    """Let the shapes of a day beside the stretch hold for it too, where it has none yet."""
    conn.execute(
        """
        UPDATE grid_shape s SET valid = s.valid + t.valid
        FROM grid_version v, shape_stretch t
        WHERE s.level = %(level)s::grid_level AND s.valid @> %(beside)s::date
          AND v.version_id = s.version_id AND v.valid @> %(on)s::date
          AND NOT EXISTS (SELECT FROM grid_shape c
                          WHERE c.version_id = s.version_id AND c.max_zoom = s.max_zoom
                            AND c.valid @> t.valid)
        """,
        {"level": level, "on": on, "beside": beside_day},
    )
