"""Answers that are kept by revision: what has not changed since is not made again.

Their ETag is made of what they depend on, before anything is read: who has the answer is told 304.
Our front keeps it as well (scripts/front.py), and asks again each time; what takes long is kept
here.
"""

from __future__ import annotations

import hashlib
import re
import threading
from contextlib import suppress
from dataclasses import dataclass
from datetime import date
from typing import Any

from cachetools import LRUCache
from flask import Flask, Response, current_app, g, request
from psycopg import Connection

from geodata.coverage.figures import history
from geodata.coverage.figures import keeping as figures
from geodata.database import revisions, settings
from geodata.database.revisions import Subject
from webmap.core import access, asking, db, i18n

_KEY = "gridmap_kept"
# Bytes that a process keeps.
_MOST = 32 << 20
_lock = threading.Lock()
_HEAVY = re.compile("|".join(access.HEAVY_KEPT_PATHS))
_KEPT = re.compile("|".join((*access.KEPT_PATHS, *access.HEAVY_KEPT_PATHS)))


@dataclass(frozen=True, slots=True)
class _Made:
    """An answer of 200; ``disposition`` says under which name it is saved, if it is."""

    body: bytes
    content_type: str
    disposition: str | None

    def __len__(self) -> int:
        return len(self.body)


def init_app(app: Flask) -> None:
    """Answer visitors 304 where all is as they have it; see ``access.KEPT_PATHS``."""
    kept: LRUCache[str, _Made] = LRUCache(_MOST, getsizeof=len)
    app.extensions[_KEY] = kept

    @app.before_request
    def is_unchanged() -> Response | None:  # pyright: ignore[reportUnusedFunction]
        # Anyone who comes with a session, be it ended, gets an answer of its own.
        if (
            request.method not in ("GET", "HEAD")
            or app.config["SESSION_COOKIE_NAME"] in request.cookies
            or not _KEPT.fullmatch(request.path)
        ):
            return None
        # What is overdue, or said of today, changes with the clock.
        minute = asking.now().replace(second=0, microsecond=0)
        with db.statements() as conn:
            subjects = ("grids", "members", "issues", "services")
            # What is computed in the background is counted by no revision.
            computed = (figures.numbers(conn, _days()), history.recorded(conn))
            found = tag(conn, subjects, minute, i18n.language(), computed)
        g.kept_tag = found
        if has(found):
            return mark(make_private(Response(status=304)), found)
        with _lock:
            made = kept.get(_key())
        if made is None:
            return None
        response = Response(made.body, content_type=made.content_type)
        if made.disposition:
            response.headers["Content-Disposition"] = made.disposition
        return mark(make_private(response), found)


def make_private(response: Response) -> Response:
    """Say that an answer is for its reader alone, and never older than the data.

    The same address answers in two languages, and to everybody with what is theirs to see.
    """
    response.headers["Cache-Control"] = "private, no-cache"
    response.vary.add("Cookie")
    return response


def tag(conn: Connection[Any], subjects: tuple[Subject, ...], *rest: object) -> str:
    """Return what an answer depends on besides its address, as an ETag."""
    revision = revisions.read_current(conn, subjects)
    facts = sorted(settings.read(conn).items())
    every = [facts, current_app.config["STATIC_BUILD"], *rest]
    return f"{revision}-{hashlib.sha256(repr(every).encode()).hexdigest()[:16]}"


def has(tag: str) -> bool:
    """Tell whether the reader has this answer already, however it was compressed."""
    # Flask-Compress adds how to the tag: "tag:br".
    return any(each.partition(":")[0] == tag for each in request.if_none_match.as_set())


def keep(response: Response) -> Response:
    """Let visitors, if this is an answer to one, have the same until something changes."""
    if "kept_tag" not in g:
        return response
    mark(make_private(response), g.kept_tag)
    if _HEAVY.fullmatch(request.path):
        disposition = response.headers.get("Content-Disposition")
        made = _Made(response.get_data(), response.content_type, disposition)
        kept: LRUCache[str, _Made] = current_app.extensions[_KEY]
        if len(made) <= _MOST // 8:
            with _lock:
                kept[_key()] = made
    return response


def mark(response: Response, tag: str) -> Response:
    """Say by what to ask for it again; our front as well, for which it expires at once."""
    response.headers["X-Accel-Expires"] = "@1"
    response.set_etag(tag)
    return response


def _days() -> list[date]:
    """Return the days of whose figures an answer may tell; what is no day is refused later."""
    days = {asking.today()}
    for name in ("on", "versus"):
        with suppress(ValueError):
            days.add(date.fromisoformat(request.args.get(name, "")))
    return sorted(days)


def _key() -> str:
    return f"{g.kept_tag} {request.full_path}"
