"""Why households have a service or not, computed once for each revision and process.

People leaf through the same list, and the map asks for the same buildings as the panel beside it.
Only for what reads: within a transaction that has changed something, what its revision counts would
be nobody else's.
"""

from __future__ import annotations

import threading
from datetime import date
from typing import Any

from cachetools import LRUCache
from flask import Flask, current_app
from psycopg import Connection

from geodata.coverage.explaining import why
from geodata.coverage.explaining.why import Why
from geodata.coverage.standards.model import Kind
from geodata.database import revisions

_KEY = "gridmap_explanations"
# Buildings of all that is kept, with some 200 bytes each; a county of more is computed each time.
_MOST = 400_000
_Key = tuple[int, int, str, date, bool, bool]
_lock = threading.Lock()


def init_app(app: Flask) -> None:
    """Begin with nothing kept: of this application, which has one database."""
    kept: LRUCache[_Key, Why] = LRUCache(_MOST, getsizeof=_size)
    app.extensions[_KEY] = kept


def explain(
    conn: Connection[Any],
    grid_id: int,
    kind: Kind,
    day: date,
    *,
    is_rounded: bool,
    has_rounded_loads: bool,
) -> Why:
    """Return what ``geodata.coverage.explaining.why.explain`` does.

    It is shared and must not be changed.
    """
    # Read first: what is committed meanwhile has another revision, and is recomputed.
    revision = revisions.read_current(conn, ("grids", "services", "members"))
    key = (revision, grid_id, kind.kind, day, is_rounded, has_rounded_loads)
    kept: LRUCache[_Key, Why] = current_app.extensions[_KEY]
    with _lock:
        found = kept.get(key)
    if found is None:
        found = why.explain(
            conn, grid_id, kind, day, is_rounded=is_rounded, has_rounded_loads=has_rounded_loads
        )
        if _size(found) <= _MOST:
            with _lock:
                kept[key] = found
    return found


def _size(found: Why) -> int:
    # Each has its own list of facilities, too.
    return len(found.people) + len(found.facilities) + len(found.named_providers) + 1
