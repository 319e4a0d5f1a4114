"""Writing grids: the one way in which versions and their small-scale shapes reach the database.

Coordinates are (lon, lat), WGS 84 (EPSG:4326), decimals of seven places; stored shapes for small
scales are Web Mercator (EPSG:3857) metres. Every function takes the connection first and never
commits. A level's versions are written under one lock, see ``lock``.
"""

from __future__ import annotations

import json
from collections.abc import Generator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import date

import numpy as np
import psycopg
import shapely
from numpy.typing import NDArray
from psycopg import errors
from psycopg.rows import TupleRow
from shapely.geometry import MultiPolygon, Polygon
from shapely.geometry.base import BaseGeometry

from geodata.database import locks
from geodata.database.locks import Lock
from geodata.errors import GridMapError, InvalidInputError, NotFoundError
from geodata.grids import shapes
from geodata.language.phrases import Phrase
from geodata.language.pinyin import search_key
from geodata.model import LEVELS, Level
from geodata.partition.differing import replaced
from geodata.partition.polygons import as_multipolygons, label_points, to_ewkb

# Rows per COPY message: bounds the memory that text forms of shapes take.
_CHUNK = 2000


class OverlapError(GridMapError):
    """Two grids of a level would cover the same ground. ``data``: grid_id, other_id, texts."""

    code = "overlap"


class ShapeError(GridMapError):
    """A shape is invalid or not on the grid of 1e-7 degrees. ``data``: detail."""

    code = "shape"


class DateOrderError(GridMapError):
    """A grid has a version that begins later than the one to be written. ``data``: name, dates."""

    code = "date_order"


class CodeTakenError(GridMapError):
    """Another grid of the level carries the code at that time. ``data``: detail."""

    code = "code_taken"


@dataclass(frozen=True, slots=True)
class NewVersion:
    """What a grid is like from a day on.

    ``grid_id`` is None for a grid that does not exist yet. ``geom`` lies on the grid of 1e-7
    degrees already (``np.round(xy * 1e7) / 1e7``) and shares its edges with its neighbours to the
    bit.
    """

    grid_id: int | None
    name: str
    code: str
    parent_id: int | None
    households: int | None
    population: int | None
    geom: Polygon | MultiPolygon


def lock(conn: psycopg.Connection[TupleRow]) -> None:
    """Let no one else write boundaries until this transaction ends.

    Take it before the first read that a decision rests on, in READ COMMITTED: what is read after
    the lock includes everything that earlier holders committed.
    """
    locks.take(conn, Lock.PARTITION)


@contextmanager
def refusals() -> Generator[None]:
    """Turn what the database itself refuses about grids into errors that a person can act on.

    Wrap the writing and, because overlaps are checked when the transaction ends, the commit too
    (or call ``check_now`` inside).

    Raises:
        OverlapError, ShapeError, CodeTakenError
    """
    try:
        yield
    except (errors.ExclusionViolation, errors.CheckViolation, errors.UniqueViolation) as failure:
        translated = _translate(failure)
        if translated is None:
            raise
        raise translated from failure


def check_now(conn: psycopg.Connection[TupleRow]) -> None:
    """Check the partition law for all that this transaction wrote, instead of at its end.

    Raises:
        OverlapError: two grids of a level cover the same ground
    """
    with refusals():
        conn.execute("SET CONSTRAINTS grid_version_no_overlap IMMEDIATE")
        conn.execute("SET CONSTRAINTS grid_version_no_overlap DEFERRED")


def insert_versions(
    conn: psycopg.Connection[TupleRow],
    level: Level,
    versions: Sequence[NewVersion],
    *,
    valid_from: date,
    source: str,
) -> list[int]:
    """Write versions of grids of one level, valid from a day on; return grid ids in order.

    An existing grid's open version ends on ``valid_from``; one that begins on that very day is
    replaced. Pinyin and label point are computed here. Parents are grids of the level above.

    Raises:
        OverlapError: raised by ``check_now`` or the commit, not here
        ShapeError, CodeTakenError: refused by the database
        DateOrderError: a grid has a version that begins after ``valid_from``
        NotFoundError: a parent or a grid does not exist on that day
        InvalidInputError: a county with a parent, or another level without one
    """
    if not versions:
        return []
    lock(conn)
    _check_parents(conn, level, versions, valid_from)
    changes = _changes(conn, versions, valid_from)
    _close(conn, level, [v.grid_id for v in versions if v.grid_id is not None], valid_from)
    fresh = iter(_create_grids(conn, level, sum(v.grid_id is None for v in versions)))
    ids = [next(fresh) if version.grid_id is None else version.grid_id for version in versions]
    with (
        refusals(),
        conn.cursor().copy(
            "COPY grid_version (grid_id, level, valid, name, code, pinyin, parent_id, households,"
            " population, geom, label_point, source) FROM STDIN"
        ) as copy,
    ):
        starts = range(0, len(versions), _CHUNK)
        # One chunk is made ready while the database works on the one before.
        with ThreadPoolExecutor(1) as helper:
            ready = [
                helper.submit(_texts, versions[start : start + _CHUNK]) for start in starts[:1]
            ]
            for start in starts:
                polygons, labels = ready.pop().result()
                after = start + _CHUNK
                if after < len(versions):
                    ready.append(helper.submit(_texts, versions[after : after + _CHUNK]))
                for version, grid_id, polygon, label in zip(
                    versions[start:after], ids[start:after], polygons, labels, strict=True
                ):
                    copy.write_row((
                        grid_id, level, f"[{valid_from.isoformat()},)", version.name, version.code,
                        search_key(version.name), version.parent_id, version.households,
                        version.population, polygon, label, source,
                    ))  # fmt: skip
    shapes.mark(conn, level, valid_from, changes)
    return ids


def end_versions(
    conn: psycopg.Connection[TupleRow], level: Level, grid_ids: Sequence[int], day: date
) -> None:
    """End the open versions of grids of one level on a day: from then on they are not there.

    A version that begins on that very day is as if it had never been.

    Raises:
        DateOrderError: a grid has a version that begins after the day
        NotFoundError: a grid is unknown at this level
    """
    if not grid_ids:
        return
    lock(conn)
    gone = [shapely.bounds(shape) for shape in _held(conn, grid_ids, day).values()]
    _close(conn, level, grid_ids, day)
    shapes.mark(conn, level, day, np.asarray(gone, dtype=np.float64).reshape(-1, 4))


def refresh_shapes(
    conn: psycopg.Connection[TupleRow], level: Level, *, drawing: shapes.Drawing | None = None
) -> None:
    """Draw the small-scale shapes of a level again where versions were written.

    See ``geodata.grids.shapes.refresh``; call it after writing versions, once per level.
    """
    lock(conn)
    shapes.refresh(conn, level, drawing=drawing)


def _texts(versions: Sequence[NewVersion]) -> tuple[list[str], list[str]]:
    """Return shapes and label points of versions in the form that PostGIS reads."""
    geoms = as_multipolygons(np.array([version.geom for version in versions], dtype=object))
    return to_ewkb(geoms, 4326), to_ewkb(label_points(geoms), 4326)


def _create_grids(conn: psycopg.Connection[TupleRow], level: Level, count: int) -> list[int]:
    """Create identities and return their ids, ascending."""
    rows = conn.execute(
        "INSERT INTO grid (level) SELECT %s::grid_level FROM generate_series(1, %s)"
        " RETURNING grid_id",
        [level, count],
    ).fetchall()
    return sorted(row[0] for row in rows)


def _check_parents(
    conn: psycopg.Connection[TupleRow], level: Level, versions: Sequence[NewVersion], day: date
) -> None:
    """Refuse parents that are missing, of the wrong level or not there on that day."""
    if any((version.parent_id is None) != (level == "county") for version in versions):
        raise InvalidInputError(
            "A county has no parent, and every other grid has one: level {level}.",
            level=Phrase(level),
        )
    if level == "county":
        return
    above = LEVELS[LEVELS.index(level) - 1]
    wanted = {version.parent_id for version in versions}
    found = {
        row[0]
        for row in conn.execute(
            "SELECT grid_id FROM grid_version"
            " WHERE grid_id = ANY(%s) AND level = %s::grid_level AND valid @> %s::date",
            [list(wanted), above, day],
        )
    }
    if missing := wanted - found:
        raise NotFoundError(
            "There is no {above} with the id {parent_id} on {day}.",
            above=Phrase(above),
            parent_id=min(number for number in missing if number is not None),
            day=day,
        )


def _changes(
    conn: psycopg.Connection[TupleRow], versions: Sequence[NewVersion], day: date
) -> NDArray[np.float64]:
    """Return the box of what each version changes, in degrees: all of it where nothing was."""
    boxes: list[tuple[float, ...]] = []
    for start in range(0, len(versions), _CHUNK):
        chunk = versions[start : start + _CHUNK]
        held = _held(conn, [each.grid_id for each in chunk if each.grid_id is not None], day)
        for version in chunk:
            was = held.get(version.grid_id) if version.grid_id is not None else None
            boxes.append(
                tuple(shapely.bounds(version.geom).tolist())
                if was is None
                else replaced(was, version.geom)
            )
    return np.asarray(boxes, dtype=np.float64)


def _held(
    conn: psycopg.Connection[TupleRow], grid_ids: Sequence[int], day: date
) -> dict[int, BaseGeometry]:
    """Return the shapes that grids have on a day."""
    if not grid_ids:
        return {}
    rows = conn.execute(
        "SELECT grid_id, ST_AsBinary(geom) FROM grid_version"
        " WHERE grid_id = ANY(%s) AND valid @> %s::date",
        [list(grid_ids), day],
        binary=True,
    ).fetchall()
    return {grid_id: shapely.from_wkb(shape) for grid_id, shape in rows}


def _close(
    conn: psycopg.Connection[TupleRow], level: Level, grid_ids: Sequence[int], day: date
) -> None:
    """End the open versions of grids on ``day``."""
    ids = list(grid_ids)
    if not ids:
        return
    known = conn.execute(
        "SELECT count(*) FROM grid WHERE grid_id = ANY(%s) AND level = %s::grid_level", [ids, level]
    ).fetchone()
    if known is None or known[0] != len(set(ids)) or len(set(ids)) != len(ids):
        raise NotFoundError(
            "Some of the grids are unknown at level {level}, or named twice.", level=Phrase(level)
        )
    later = conn.execute(
        "SELECT name, lower(valid) FROM grid_version"
        " WHERE grid_id = ANY(%s) AND lower(valid) > %s ORDER BY lower(valid) LIMIT 1",
        [ids, day],
    ).fetchone()
    if later is not None:
        raise DateOrderError(
            "{name} already has a version from {later}, later than {day}.",
            hint="Choose a later date.",
            name=later[0],
            later=later[1],
            day=day,
        )
    conn.execute(
        "DELETE FROM grid_version WHERE grid_id = ANY(%s) AND lower(valid) = %s", [ids, day]
    )
    # Shapes first: they are found through the versions that end.
    conn.execute(
        """
        DELETE FROM grid_shape s USING grid_version v
        WHERE v.version_id = s.version_id AND v.grid_id = ANY(%(ids)s)
          AND v.valid @> %(day)s::date AND lower(s.valid) >= %(day)s
        """,
        {"ids": ids, "day": day},
    )
    conn.execute(
        """
        UPDATE grid_shape s SET valid = daterange(lower(s.valid), %(day)s)
        FROM grid_version v
        WHERE v.version_id = s.version_id AND v.grid_id = ANY(%(ids)s) AND s.valid @> %(day)s::date
        """,
        {"ids": ids, "day": day},
    )
    conn.execute(
        "UPDATE grid_version SET valid = daterange(lower(valid), %(day)s)"
        " WHERE grid_id = ANY(%(ids)s) AND valid @> %(day)s::date",
        {"ids": ids, "day": day},
    )


def _translate(failure: psycopg.Error) -> GridMapError | None:
    """Return the friendly form of a refusal, None where it is not about grids."""
    diagnosis = failure.diag
    constraint = diagnosis.constraint_name or ""
    detail = diagnosis.message_detail or ""
    text = diagnosis.message_primary or ""
    if constraint == "grid_version_no_overlap":
        grid, _, other = text.removeprefix("grid ").partition(") overlaps ")
        return OverlapError(
            "Grid {grid} overlaps {other}.", grid=f"{grid})", other=other, **json.loads(detail)
        )
    if constraint == "grid_version_shape_valid":
        grid, _, fault = text.removeprefix("grid ").partition("): shape is not valid: ")
        reason, bracket, spot = fault.partition("[")
        return ShapeError(
            "Grid {grid}: shape is not valid: {reason}{spot}.",
            grid=f"{grid})",
            reason=Phrase(reason),
            spot=bracket + spot,
        )
    if constraint == "grid_version_shape_precision":
        grid = text.removeprefix("grid ").rpartition(": ")[0]
        return ShapeError(
            "Grid {grid}: coordinates are not on the grid of 1e-7 degrees.", grid=grid
        )
    if constraint.startswith("grid_version_level_code_valid"):
        return CodeTakenError("Another grid has this code at that time: {detail}", detail=detail)
    if constraint.startswith("grid_version_grid_id_valid"):
        return DateOrderError("A grid has two versions at a time: {detail}", detail=detail)
    return None


__all__ = [
    "CodeTakenError",
    "DateOrderError",
    "NewVersion",
    "OverlapError",
    "ShapeError",
    "check_now",
    "end_versions",
    "insert_versions",
    "lock",
    "refresh_shapes",
    "refusals",
]
