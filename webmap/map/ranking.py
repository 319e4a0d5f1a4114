"""The ranked list of grids, the twin of the map of services: which grids, and beside what."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Any

from flask import request
from psycopg import Connection

from geodata.coverage.figures import reading
from geodata.database import clock
from geodata.errors import InvalidInputError
from geodata.model import LEVELS, Bounds, Coverage, GridRef, Level
from webmap.core import asking

PAGE_SIZE = 50
# The county is one grid: nothing to rank.
RANKED: tuple[Level, ...] = LEVELS[1:]
DEFAULT_LEVEL: Level = "community"


@dataclass(frozen=True, slots=True)
class Beside:
    """What is shown side by side with a kind on a day: another kind, or the same on another day."""

    kind: str
    on: date
    is_day: bool


@dataclass(frozen=True, slots=True)
class Ranked:
    """A grid of the list; ``other`` is what is beside it, None where there was no such grid."""

    ref: GridRef
    coverage: Coverage
    other: Coverage | None

    @property
    def difference(self) -> int | None:
        """Points of percent by which the share is higher than beside, of both as they are shown."""
        if self.coverage.share is None or self.other is None or self.other.share is None:
            return None
        return _percent(self.coverage.share) - _percent(self.other.share)


def ranked(conn: Connection[Any], kind: str, on: date, *, is_rounded: bool) -> dict[str, Any]:
    """Return the page of the list that the address asks for.

    ?level= or ?rank= is its level, ?box= what it is limited to, ?beside= what its figures stand
    beside. ``is_rounded``: counts and order are those that everybody is told.
    """
    level = asked_level(request.args)
    box = asked_box(request.args)
    beside = asked_beside(request.args, kind, on)
    total = reading.count(conn, level, on, box)
    pages = max(1, -(-total // PAGE_SIZE))
    page = min(max(1, request.args.get("page", 1, type=int)), pages)
    found = reading.list_worst(
        conn,
        kind,
        level,
        on,
        is_rounded=is_rounded,
        box=box,
        limit=PAGE_SIZE,
        offset=(page - 1) * PAGE_SIZE,
    )
    others: dict[int, Coverage] = {}
    if beside:
        ids = [ref.grid_id for ref, _ in found]
        others = reading.read_grids(conn, ids, beside.kind, beside.on, is_rounded=is_rounded)
    return {
        "kind": kind,
        "rows": [Ranked(ref, figures, others.get(ref.grid_id)) for ref, figures in found],
        "level": level,
        "is_boxed": box is not None,
        "beside": beside,
        "total": total,
        "first": (page - 1) * PAGE_SIZE + 1,
        "page": page,
        "pages": pages,
    }


def _percent(share: float) -> int:
    # As the panel writes it: a fraction of 29 in 100 is a little less.
    return int(share * 100 + 1e-6)


def asked_level(args: Mapping[str, str]) -> Level:
    """Read ?level=, that of the map, else ?rank=, that of the view.

    Raises InvalidInputError if it is no level that can be ranked.
    """
    asked = args.get("level") or args.get("rank") or DEFAULT_LEVEL
    if asked not in RANKED:
        raise InvalidInputError(
            "“{value}” is not a level that can be ranked.",
            hint="Use one of: {choices}.",
            value=asked[:40],
            choices=", ".join(RANKED),
        )
    return asked


def asked_box(args: Mapping[str, str]) -> Bounds | None:
    """Read ?box=west,south,east,north in degrees, None if it is missing.

    Raises InvalidInputError if it is no box on the globe.
    """
    text = args.get("box")
    if not text:
        return None
    try:
        west, south, east, north = (float(part) for part in text.split(","))
    except ValueError:
        west = south = east = north = math.nan
    if not (-720 <= west <= east <= 720 and -90 <= south <= north <= 90):
        raise InvalidInputError(
            "“{value}” is not a box on the globe.",
            hint="Give west, south, east and north in degrees.",
            value=text[:60],
        )
    return Bounds(west, south, east, north)


def asked_beside(args: Mapping[str, str], kind: str, on: date) -> Beside | None:
    """Read ?beside=, a kind or a day; None if it is missing or what is shown already.

    Raises InvalidInputError on what can be neither.
    """
    text = args.get("beside")
    if not text:
        return None
    if text[0].isdigit():
        day = clock.read_day(text, asking.today())
        return None if day == on else Beside(kind, day, is_day=True)
    other = reading.read_kind({"kind": text})
    return None if other == kind else Beside(other, on, is_day=False)
