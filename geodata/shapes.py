"""Shapes for small scales, kept beside the versions that they are drawn from (EPSG:3857).

A shape holds for a stretch of time in which its whole level stays as it is: simplified as a
coverage, it depends on its neighbours.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg.rows import TupleRow

from geodata.model import Level
from geodata.partition.polygons import as_multipolygons, to_ewkb
from geodata.partition.simplify import simplify_level

# Rows read or written at once: bounds the memory that their other forms take.
_CHUNK = 2000


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
    """Compute the small-scale shapes of a level anew, for the versions valid on a day.

    Shapes hold for the stretch of time around ``on`` in which no version of the level begins or
    ends, because a shape depends on its neighbours. Shapes that come out as they were stay. A
    ``drawing`` is used if it has just the grids of that day, and saves the work.
    """
    version_ids, drawn = _drawn(conn, level, on, drawing)
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
    _merge_shapes(conn, level, on)


def _drawn(
    conn: psycopg.Connection[TupleRow], level: Level, on: date, drawing: Drawing | None
) -> tuple[list[int], Iterable[tuple[int, NDArray[np.object_]]]]:
    """Return version ids and their shapes per zoom, from the drawing or drawn now."""
    if drawing is not None:
        rows = conn.execute(
            "SELECT grid_id, version_id FROM grid_version"
            " WHERE level = %s::grid_level AND valid @> %s::date",
            [level, on],
        ).fetchall()
        versions: dict[int, int] = dict(rows)
        if versions.keys() == set(drawing.grid_ids):
            return [versions[grid_id] for grid_id in drawing.grid_ids], drawing.shapes
    version_ids, geoms = _versions_on(conn, level, on)
    return version_ids, simplify_level(level, geoms)


def _versions_on(
    conn: psycopg.Connection[TupleRow], level: Level, on: date
) -> tuple[list[int], NDArray[np.object_]]:
    """Return the ids and shapes of a level's versions on a day."""
    ids: list[int] = []
    parts: list[NDArray[np.object_]] = []
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            "SELECT version_id, ST_AsBinary(geom) FROM grid_version"
            " WHERE level = %s::grid_level AND valid @> %s::date ORDER BY version_id",
            [level, on],
        )
        while rows := cursor.fetchmany(_CHUNK):
            ids.extend(row[0] for row in rows)
            parts.append(np.asarray(shapely.from_wkb([row[1] for row in rows]), dtype=object))
    return ids, np.concatenate(parts) if parts else np.empty(0, dtype=object)


def _merge_shapes(conn: psycopg.Connection[TupleRow], level: Level, on: date) -> None:
    """Put ``shape_new`` in place of the level's shapes around ``on``."""
    stretch = {"level": level, "on": on}
    conn.execute(
        """
        CREATE TEMP TABLE IF NOT EXISTS shape_stretch (valid daterange) ON COMMIT DROP
        """
    )
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
        stretch,
    )
    # What came out as it was, for the whole stretch, stays untouched.
    conn.execute(
        """
        DELETE FROM shape_new n USING grid_shape s, shape_stretch t
        WHERE s.version_id = n.version_id AND s.max_zoom = n.max_zoom AND s.valid @> t.valid
          AND ST_AsBinary(s.geom) = ST_AsBinary(n.geom)
        """
    )
    # Cut the stretch out of the rest: what lies before and after it is kept.
    conn.execute(
        """
        WITH stale AS (
            DELETE FROM grid_shape s USING shape_stretch t
            WHERE s.level = %(level)s::grid_level AND s.valid && t.valid
              AND (EXISTS (SELECT FROM shape_new n
                           WHERE n.version_id = s.version_id AND n.max_zoom = s.max_zoom)
                   OR NOT EXISTS (SELECT FROM grid_version v
                                  WHERE v.version_id = s.version_id AND v.valid @> %(on)s::date))
            RETURNING s.version_id, s.max_zoom, s.level, s.valid, s.geom, t.valid AS stretch
        )
        INSERT INTO grid_shape (version_id, max_zoom, level, valid, geom)
        SELECT version_id, max_zoom, level, piece, geom
        FROM stale, unnest(datemultirange(valid) - datemultirange(stretch)) AS piece
        """,
        stretch,
    )
    conn.execute(
        """
        INSERT INTO grid_shape (version_id, max_zoom, level, valid, geom)
        SELECT n.version_id, n.max_zoom, %(level)s::grid_level, v.valid * t.valid, n.geom
        FROM shape_new n JOIN grid_version v USING (version_id), shape_stretch t
        """,
        stretch,
    )
