"""Shapes for small scales, kept beside the versions that they are drawn from (EPSG:3857).

A shape holds while its version and all that lies beside it stay as they are: simplified as a
coverage, it depends on its neighbours. Anyone who writes versions marks where (``mark``); then what
lies there is redrawn (``refresh``), from the day of the change on, and the rest of the county
holds on. So the cost follows the change, not the county.
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
from psycopg.types.range import Range

from geodata.model import Level
from geodata.partition.polygons import as_multipolygons, to_ewkb
from geodata.partition.simplify import ZOOM_STEPS, margin_deg, simplify_level

# Rows read or written at once: bounds the memory that their other forms take.
_CHUNK = 2000
_EVERYWHERE = np.asarray([[-180.0, -90.0, 180.0, 90.0]])
# More boxes than this are taken together: what lies between them is drawn as well.
_MOST_BOXES = 5000

Floats = NDArray[np.float64]
Ids = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Drawing:
    """Small-scale shapes of a whole level, drawn before its versions were in the database.

    ``shapes`` are (max_zoom, shapes in the order of ``grid_ids``), EPSG:3857.
    """

    grid_ids: Sequence[int]
    shapes: Sequence[tuple[int, NDArray[np.object_]]]


def mark(conn: psycopg.Connection[TupleRow], level: Level, since: date, boxes: Floats) -> None:
    """Note that a level is other than it was in these boxes, from a day on.

    ``boxes`` are rows of west, south, east, north in degrees, WGS 84.
    """
    conn.execute(
        """
        INSERT INTO shape_due (level, since, box)
        SELECT %s::grid_level, %s, ST_MakeEnvelope(b.west, b.south, b.east, b.north, 4326)
        FROM unnest(%s::float8[], %s::float8[], %s::float8[], %s::float8[])
            AS b (west, south, east, north)
        """,
        [level, since, *_together(boxes).T.tolist()],
    )


def refresh(
    conn: psycopg.Connection[TupleRow], level: Level, *, drawing: Drawing | None = None
) -> None:
    """Draw again what is marked of a level, and all whose shapes depend on it.

    Done for each stretch of time, from the first day that is marked on, in which no version of the
    level begins or ends. A ``drawing`` is used where all of its grids and no others are to be
    drawn, and saves the work.
    """
    due = conn.execute(
        "DELETE FROM shape_due WHERE level = %s::grid_level"
        " RETURNING since, ST_XMin(box), ST_YMin(box), ST_XMax(box), ST_YMax(box)",
        [level],
    ).fetchall()
    if not due:
        return
    since = np.asarray([row[0] for row in due], dtype="datetime64[D]")
    boxes = np.asarray([row[1:] for row in due], dtype=np.float64)
    for stretch in _stretches(conn, level, min(row[0] for row in due)):
        assert stretch.lower
        marked = boxes[since <= np.datetime64(stretch.lower)]
        ids, drawn = _draw(conn, level, stretch.lower, marked, drawing)
        _copy(conn, ids, drawn)
        _merge(conn, level, stretch)


def _stretches(conn: psycopg.Connection[TupleRow], level: Level, since: date) -> list[Range[date]]:
    """Return the stretches of time, from a day on, in which no version begins or ends."""
    # No day is infinite; said, because of an open end the planner expects a third of the level, and
    # reads all of it.
    rows = conn.execute(
        """
        SELECT lower(valid) AS day FROM grid_version
        WHERE level = %(level)s::grid_level
          AND lower(valid) > %(since)s AND lower(valid) < 'infinity'
        UNION
        SELECT upper(valid) FROM grid_version
        WHERE level = %(level)s::grid_level AND NOT upper_inf(valid)
          AND upper(valid) > %(since)s AND upper(valid) < 'infinity'
        ORDER BY day
        """,
        {"level": level, "since": since},
    ).fetchall()
    days = [since, *(row[0] for row in rows)]
    return [Range(day, until) for day, until in zip(days, [*days[1:], None], strict=True)]


def _draw(
    conn: psycopg.Connection[TupleRow],
    level: Level,
    on: date,
    marked: Floats,
    drawing: Drawing | None,
) -> tuple[Ids, Iterable[tuple[int, NDArray[np.object_]]]]:
    """Return the ids of the versions of a day in and beside boxes, and their shapes per zoom."""
    wanted, boxes = _beside(conn, level, on, marked)
    if drawing is not None and len(wanted) == len(drawing.grid_ids):
        versions: dict[int, int] = dict(
            conn.execute(
                "SELECT grid_id, version_id FROM grid_version WHERE version_id = ANY(%s)",
                [wanted.tolist()],
            ).fetchall()
        )
        if versions.keys() == set(drawing.grid_ids):
            return np.asarray([versions[each] for each in drawing.grid_ids]), drawing.shapes
    near, _ = _beside(conn, level, on, boxes)
    drawn = _drawn(conn, level, on, np.setdiff1d(near, wanted))
    if drawn is None:
        # Something was never drawn, no matter who wrote it: all is.
        return _draw(conn, level, on, _EVERYWHERE, drawing)
    geoms = _geoms(conn, near)
    return wanted, simplify_level(level, geoms, places=np.searchsorted(near, wanted), drawn=drawn)


def _drawn(
    conn: psycopg.Connection[TupleRow], level: Level, on: date, version_ids: Ids
) -> dict[int, NDArray[np.object_]] | None:
    """Return the shapes that versions have on a day, ascending, for each zoom but the coarsest.

    None if one of them has none. They hold on, and what is drawn beside them starts from them.
    """
    rows = conn.execute(
        """
        SELECT max_zoom, ST_AsBinary(geom) FROM grid_shape
        WHERE version_id = ANY(%s) AND valid @> %s::date AND max_zoom > %s
        ORDER BY version_id
        """,
        [version_ids.tolist(), on, min(ZOOM_STEPS[level])],
        binary=True,
    ).fetchall()
    found: dict[int, list[bytes]] = {zoom: [] for zoom in sorted(ZOOM_STEPS[level])[1:]}
    for zoom, shape in rows:
        found[zoom].append(shape)
    if any(len(shapes) < len(version_ids) for shapes in found.values()):
        return None
    return {
        zoom: np.asarray(shapely.from_wkb(shapes), dtype=object) for zoom, shapes in found.items()
    }


def _beside(
    conn: psycopg.Connection[TupleRow], level: Level, on: date, boxes: Floats
) -> tuple[Ids, Floats]:
    """Return the ids, ascending, and the boxes of a day's versions in or beside boxes."""
    if not len(boxes):
        return np.empty(0, dtype=np.int64), np.empty((0, 4))
    margin = margin_deg(level)
    grown = _together(boxes) + np.asarray([-margin, -margin, margin, margin])
    with conn.cursor(binary=True) as cursor:
        rows = cursor.execute(
            """
            SELECT version_id, ST_XMin(geom), ST_YMin(geom), ST_XMax(geom), ST_YMax(geom)
            FROM grid_version WHERE version_id IN (
                SELECT v.version_id
                FROM unnest(%(west)s::float8[], %(south)s::float8[], %(east)s::float8[],
                            %(north)s::float8[]) AS b (west, south, east, north)
                JOIN grid_version v
                    ON v.geom && ST_MakeEnvelope(b.west, b.south, b.east, b.north, 4326)
                WHERE v.level = %(level)s::grid_level AND v.valid @> %(on)s::date)
            ORDER BY version_id
            """,
            {
                "level": level,
                "on": on,
                **dict(zip(("west", "south", "east", "north"), grown.T.tolist(), strict=True)),
            },
            # Planned for this level: a plan for any level cannot use the index of one.
            prepare=False,
        ).fetchall()
    found = np.asarray([row[1:] for row in rows], dtype=np.float64).reshape(-1, 4)
    return np.asarray([row[0] for row in rows], dtype=np.int64), found


def _together(boxes: Floats) -> Floats:
    """Return boxes, or the one around them all if they are many."""
    if len(boxes) <= _MOST_BOXES:
        return boxes
    return np.hstack((boxes[:, :2].min(axis=0), boxes[:, 2:].max(axis=0)))[np.newaxis]


def _geoms(conn: psycopg.Connection[TupleRow], version_ids: Ids) -> NDArray[np.object_]:
    """Return the shapes of versions, whose ids ascend."""
    parts: list[NDArray[np.object_]] = []
    with conn.cursor(binary=True) as cursor:
        cursor.execute(
            "SELECT ST_AsBinary(geom) FROM grid_version WHERE version_id = ANY(%s)"
            " ORDER BY version_id",
            [version_ids.tolist()],
        )
        while rows := cursor.fetchmany(_CHUNK):
            parts.append(np.asarray(shapely.from_wkb([row[0] for row in rows]), dtype=object))
    return np.concatenate(parts) if parts else np.empty(0, dtype=object)


def _copy(
    conn: psycopg.Connection[TupleRow],
    version_ids: Ids,
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
                ids = version_ids[start : start + _CHUNK].tolist()
                for version_id, text in zip(ids, texts, strict=True):
                    copy.write_row((version_id, max_zoom, text))
    conn.execute("ANALYZE shape_new")


def _merge(conn: psycopg.Connection[TupleRow], level: Level, stretch: Range[date]) -> None:
    """Put ``shape_new`` in place of what those versions have in a stretch of time."""
    about = {"level": level, "stretch": stretch}
    # What came out as it was stays untouched.
    conn.execute(
        """
        DELETE FROM shape_new n USING grid_shape s
        WHERE s.version_id = n.version_id AND s.max_zoom = n.max_zoom
          AND s.valid @> %(stretch)s::daterange AND ST_AsBinary(s.geom) = ST_AsBinary(n.geom)
        """,
        about,
    )
    # Cut the stretch out of the rest: what lies before and after it is kept.
    conn.execute(
        """
        WITH stale AS (
            DELETE FROM grid_shape s USING shape_new n
            WHERE s.version_id = n.version_id AND s.max_zoom = n.max_zoom
              AND s.valid && %(stretch)s::daterange
            RETURNING s.version_id, s.max_zoom, s.level, s.valid, s.geom
        )
        INSERT INTO grid_shape (version_id, max_zoom, level, valid, geom)
        SELECT version_id, max_zoom, level, piece, geom
        FROM stale, unnest(datemultirange(valid) - datemultirange(%(stretch)s::daterange)) AS piece
        """,
        about,
    )
    conn.execute(
        """
        INSERT INTO grid_shape (version_id, max_zoom, level, valid, geom)
        SELECT version_id, max_zoom, %(level)s::grid_level, %(stretch)s::daterange, geom
        FROM shape_new
        """,
        about,
    )
