"""The buildings of a grid as they are listed: by name, with their verdict and who is nearest."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import numpy as np
from psycopg import Connection

from geodata.coverage.explaining import roster
from geodata.coverage.explaining.roster import FacilityProvider
from geodata.coverage.explaining.why import Why
from geodata.coverage.judging.people import People
from geodata.coverage.judging.verdicts import Verdict
from geodata.model import Point


@dataclass(frozen=True, slots=True)
class JudgedBuilding:
    """A building, judged. ``compound`` is None outside every compound.

    ``way`` to the ``nearest`` facility is in ``unit``. ``named_providers`` are those in
    office who serve it by name, ``former`` who did last, and until which day.
    """

    building_id: int
    name: str
    compound: str | None
    point: Point
    households: int
    verdict: str
    providers: int
    nearest: FacilityProvider | None
    way: float | None
    unit: str
    by_road: bool
    is_on_road: bool
    is_estimated: bool
    named_providers: tuple[str, ...]
    former: tuple[str, date] | None


@dataclass(frozen=True, slots=True)
class Estimated:
    """A compound of which no building is known: its households by verdict, counted by area."""

    compound_id: int
    name: str
    households: int
    met: int


def read(
    conn: Connection[Any], found: Why, numbers: Sequence[int], day: date
) -> list[JudgedBuilding]:
    """Return some of the buildings of a grid, by their numbers in ``found``."""
    rows = found.people.rows
    some = np.asarray(numbers, dtype=np.int64)
    buildings = _building_names(conn, rows["building"][some].tolist())
    compounds = _compound_names(conn, rows["compound"][some].tolist(), day)
    serving = _serving(found, some)
    judged: list[JudgedBuilding] = []
    for number in some.tolist():
        row = rows[number]
        who = int(found.nearest.facility[number])
        now, before = serving.get(number, ((), None))
        judged.append(
            JudgedBuilding(
                int(row["building"]),
                buildings.get(int(row["building"]), ""),
                compounds.get(int(row["compound"])),
                Point(float(row["lon"]), float(row["lat"])),
                int(row[found.count]),
                Verdict(found.verdict[number]).name.lower(),
                int(found.in_reach[number]),
                found.facilities[who] if who >= 0 else None,
                float(found.nearest.way[number]) if who >= 0 else None,
                found.standard(number).unit,
                bool(found.nearest.by_road[number]),
                bool(found.is_on_road[number]),
                bool(row["is_estimated"]),
                now,
                before,
            )
        )
    return judged


def list_known(found: Why) -> list[int]:
    """Return the numbers of the buildings that are known, the worst first."""
    return [
        number for number in found.order.tolist() if not found.people.rows["is_estimated"][number]
    ]


def list_estimated(conn: Connection[Any], found: Why, day: date) -> list[Estimated]:
    """Return the compounds of which no building is known, those with most unmet first."""
    rows = found.people.rows
    some = rows["is_estimated"]
    compounds = _compound_names(conn, rows["compound"][some].tolist(), day)
    listed = [
        Estimated(
            number,
            name,
            found.households(some & (rows["compound"] == number)),
            found.households(some & (rows["compound"] == number) & (found.verdict == Verdict.MET)),
        )
        for number, name in compounds.items()
    ]
    return sorted(listed, key=lambda each: (each.met - each.households, each.name))


def _serving(
    found: Why, some: np.ndarray[Any, np.dtype[np.int64]]
) -> dict[int, tuple[tuple[str, ...], tuple[str, date] | None]]:
    """Return by whom buildings are served by name, and who did so last where nobody does."""
    lookup = roster.Served(People(found.people.rows[some]))
    now: dict[int, list[str]] = {}
    before: dict[int, tuple[str, date]] = {}
    for provider in found.named_providers:
        for at in some[lookup.by(provider)].tolist():
            if provider.until is None:
                now.setdefault(at, []).append(provider.name)
            elif at not in before or before[at][1] < provider.until:
                before[at] = (provider.name, provider.until)
    return {
        at: (
            tuple(dict.fromkeys(now.get(at, ()))),
            (before[at][0], before[at][1] - timedelta(days=1))
            if at in before and at not in now
            else None,
        )
        for at in {*now, *before}
    }


def _building_names(conn: Connection[Any], ids: list[int]) -> dict[int, str]:
    rows = conn.execute(
        "SELECT building_id, name FROM building WHERE building_id = ANY(%s)", (ids,)
    ).fetchall()
    return dict(rows)


def _compound_names(conn: Connection[Any], ids: list[int], day: date) -> dict[int, str]:
    rows = conn.execute(
        "SELECT grid_id, name FROM grid_version WHERE grid_id = ANY(%s) AND valid @> %s"
        " ORDER BY code",
        (sorted(set(ids)), day),
    ).fetchall()
    return dict(rows)
