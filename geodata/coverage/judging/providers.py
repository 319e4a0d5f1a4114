"""Who serves the households of a place: facilities, organisations in their areas, duty holders."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray
from psycopg import Connection

from geodata.coverage.judging.altering import UNCHANGED, Changes
from geodata.coverage.judging.people import People
from geodata.coverage.judging.verdicts import Ints, Pairs, ProviderLinks
from geodata.coverage.judging.ways import Ways
from geodata.coverage.standards.model import Kind
from geodata.model import ANYWHERE, Bounds

_LEVELS = ("compound", "community", "town", "county")


@dataclass(slots=True)
class _NamedProviders:
    """Who serves where by name: (grid or building, provider), and where somebody did once."""

    grids: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    buildings: list[tuple[int, int]] = field(default_factory=list[tuple[int, int]])
    ended_grids: list[int] = field(default_factory=list[int])
    ended_buildings: list[int] = field(default_factory=list[int])
    numbers: dict[str, int] = field(default_factory=dict[str, int])


def find(
    conn: Connection[Any],
    kinds: Sequence[Kind],
    people: People,
    day: date,
    ways: Ways,
    box: Bounds | None = None,
    changes: Changes = UNCHANGED,
) -> Iterator[tuple[Kind, ProviderLinks]]:
    """Yield who serves ``people``, kind by kind; within reach of a box (degrees) if one is given.

    The box must hold all of them. With ``changes``, who would serve them then. One kind at a time:
    all pairs of all kinds would be most of the memory that a large county takes.
    """
    placed = locate_facilities(conn, kinds, day, box, changes)
    buildings = ways.find(people.lon_lat)
    named = _find_named(conn, kinds, day, people, box is None, changes)
    towns = _towns(conn, kinds, day, people, changes)
    for kind in kinds:
        yield (
            kind,
            _link(
                people,
                len(placed[kind.kind][0]),
                tuple(
                    ways.in_reach(buildings, people.rows["is_village"], kind, ways.find(places))
                    for places in placed[kind.kind]
                ),
                named[kind.kind],
                towns[kind.kind],
            ),
        )


def locate_facilities(
    conn: Connection[Any],
    kinds: Sequence[Kind],
    day: date,
    box: Bounds | None,
    changes: Changes = UNCHANGED,
) -> dict[str, tuple[NDArray[np.float64], NDArray[np.float64]]]:
    """Return the places (lon, lat) of each kind's facilities of the day, and of those that ended.

    Of a box, all that may reach into it; some are farther. One that closes is one that ended.
    """
    wanted = [kind for kind in kinds if kind.by_facility]
    reach_m = max((kind.farthest_m for kind in wanted), default=0.0)
    rows = conn.execute(
        """
        SELECT kind, ST_X(geom), ST_Y(geom),
               valid @> %(day)s::date AND facility_id <> ALL(%(closed)s)
        FROM facility
        WHERE kind = ANY(%(kinds)s) AND lower(valid) <= %(day)s::date
          AND facility_id <> ALL(%(moved)s)
          AND (%(west)s::float8 IS NULL
               OR geom && ST_MakeEnvelope(%(west)s, %(south)s, %(east)s, %(north)s, 4326))
        ORDER BY facility_id
        """,
        {
            "kinds": [kind.kind for kind in wanted],
            "day": day,
            "closed": sorted(changes.closed),
            "moved": [each.facility_id for each in changes.moved],
            **(box.grown(reach_m).params() if box else ANYWHERE),
        },
        prepare=False,
    ).fetchall()
    rows += [
        (each.kind, each.lon, each.lat, True)
        for each in (*changes.moved, *changes.added)
        if each.kind in {kind.kind for kind in wanted}
    ]
    found: dict[str, tuple[list[tuple[float, float]], list[tuple[float, float]]]]
    found = {kind.kind: ([], []) for kind in kinds}
    for kind, lon, lat, is_now in rows:
        found[kind][0 if is_now else 1].append((lon, lat))
    return {
        kind: (_table(now).reshape(-1, 2), _table(ended).reshape(-1, 2))
        for kind, (now, ended) in found.items()
    }


def _link(
    people: People,
    count: int,
    near: tuple[Pairs, ...],
    named: _NamedProviders,
    towns: list[int],
) -> ProviderLinks:
    at: list[Ints] = []
    by: list[Ints] = []
    has_lapsed = np.zeros(len(people), dtype=np.bool_)
    ways = [(level, named.grids, named.ended_grids) for level in _LEVELS]
    for column, holders, ended in (*ways, ("building", named.buildings, named.ended_buildings)):
        keys = people.rows[column]
        index, who = _joined(keys, np.asarray(holders, dtype=np.int64).reshape(-1, 2))
        at.append(index)
        by.append(who + count)
        has_lapsed |= np.isin(keys, ended) & (keys != 0)
    now, ended = near
    has_lapsed[ended[0]] = True
    return ProviderLinks(
        now,
        (np.concatenate(at), np.concatenate(by)),
        has_lapsed,
        np.isin(people.rows["town"], towns),
    )


def _find_named(
    conn: Connection[Any],
    kinds: Sequence[Kind],
    day: date,
    people: People,
    is_all: bool,
    changes: Changes,
) -> dict[str, _NamedProviders]:
    """Return who serves by grid and by building, kind by kind."""
    found = defaultdict[str, _NamedProviders](_NamedProviders)
    served = [
        (kind.kind, via, what)
        for kind in kinds
        for via, every in (("area", kind.areas), ("duty", kind.duties))
        for what in every
    ]
    if not served:
        return found
    grids = np.unique(np.concatenate([people.rows[level] for level in _LEVELS]))
    buildings = np.unique(people.rows["building"])
    places = None if is_all else (grids.tolist(), buildings.tolist())
    rows = _serving_by_name(conn, served, day, places, changes)
    for kind, grid_id, building_id, who, is_now in rows:
        named = found[kind]
        place = building_id if grid_id is None else grid_id
        if is_now:
            some = named.buildings if grid_id is None else named.grids
            some.append((place, named.numbers.setdefault(who, len(named.numbers))))
        else:
            (named.ended_buildings if grid_id is None else named.ended_grids).append(place)
    return found


def _serving_by_name(
    conn: Connection[Any],
    served: Sequence[tuple[str, str, str]],
    day: date,
    places: tuple[list[int], list[int]] | None,
    changes: Changes,
) -> list[Any]:
    """Return (kind, grid or None, building or None, who, whether that is so on the day).

    ``served`` are kinds with who gives them (via, what), ``places`` the grids and buildings that
    matter, None for all.
    """
    return conn.execute(
        """
        WITH p AS (SELECT * FROM unnest(%(kind)s::text[], %(via)s::text[], %(what)s::text[])
                   p (kind, via, what))
        SELECT p.kind, a.grid_id, NULL::int8, 'o' || a.organisation_id, a.is_now
        FROM p
        JOIN organisation o ON o.kind = p.what
        JOIN (SELECT s.organisation_id, s.grid_id,
                     s.valid @> %(day)s::date AND NOT EXISTS (
                         SELECT FROM unnest(%(taken_by)s::int8[], %(taken)s::int8[]) t (o, g)
                         WHERE (t.o, t.g) = (s.organisation_id, s.grid_id)) AS is_now
              FROM service_area s WHERE lower(s.valid) <= %(day)s::date
              UNION ALL
              SELECT o, g, true FROM unnest(%(given_to)s::int8[], %(given)s::int8[]) t (o, g)
             ) a USING (organisation_id)
        WHERE p.via = 'area'
          AND (%(grids)s::int8[] IS NULL OR a.grid_id = ANY(%(grids)s))
        UNION ALL
        SELECT p.kind, d.grid_id, d.building_id, 'm' || d.member_id, d.term @> %(day)s::date
        FROM p
        JOIN duty d ON d.role = p.what AND NOT d.is_deputy
        WHERE p.via = 'duty' AND lower(d.term) <= %(day)s::date
          AND (%(grids)s::int8[] IS NULL OR d.grid_id = ANY(%(grids)s)
               OR d.building_id = ANY(%(buildings)s))
        """,
        {
            "day": day,
            "kind": [kind for kind, _via, _what in served],
            "via": [via for _kind, via, _what in served],
            "what": [what for _kind, _via, what in served],
            "given_to": [each.organisation_id for each in changes.given],
            "given": [each.grid_id for each in changes.given],
            "taken_by": [each.organisation_id for each in changes.taken],
            "taken": [each.grid_id for each in changes.taken],
            "grids": places and places[0],
            "buildings": places and places[1],
        },
        prepare=False,
    ).fetchall()


def _joined(keys: Ints, holders: Ints) -> tuple[Ints, Ints]:
    """Return all pairs (index of a key, second column) where a key is in the first column."""
    if not len(holders) or not len(keys):
        return np.empty(0, np.int64), np.empty(0, np.int64)
    order = np.argsort(holders[:, 0], kind="stable")
    ids, who = holders[order, 0], holders[order, 1]
    first, last = np.searchsorted(ids, keys, "left"), np.searchsorted(ids, keys, "right")
    counts = last - first
    index = np.repeat(np.arange(len(keys)), counts)
    within = np.arange(len(index)) - np.repeat(np.cumsum(counts) - counts, counts)
    return index, who[np.repeat(first, counts) + within]


def _towns(
    conn: Connection[Any], kinds: Sequence[Kind], day: date, people: People, changes: Changes
) -> dict[str, list[int]]:
    """Return the towns of ``people`` in which a facility of each kind stands on the day."""
    found = defaultdict[str, list[int]](list)
    placed = (*changes.moved, *changes.added)
    redrawn = changes.redrawn.changed if changes.redrawn else frozenset[int]()
    drawn = [
        grid
        for id_, grid in (changes.redrawn.grids if changes.redrawn else {}).items()
        if grid.level == "community" and id_ in redrawn
    ]
    for kind, town in conn.execute(
        """
        SELECT k.kind, t.grid_id
        FROM unnest(%(kinds)s::text[]) k (kind)
        CROSS JOIN grid_version t
        WHERE t.grid_id = ANY(%(towns)s) AND t.valid @> %(day)s::date AND EXISTS (
            SELECT FROM (
                SELECT kind, geom FROM facility
                WHERE valid @> %(day)s::date AND facility_id <> ALL(%(gone)s)
                UNION ALL
                SELECT kind, ST_SetSRID(ST_MakePoint(lon, lat), 4326)
                FROM unnest(%(new_kind)s::text[], %(new_lon)s::float8[], %(new_lat)s::float8[])
                    n (kind, lon, lat)) f
            JOIN grid_version c ON c.level = 'community' AND c.geom && f.geom
                AND c.parent_id = t.grid_id AND c.valid @> %(day)s::date
                AND c.grid_id <> ALL(%(redrawn)s) AND ST_Covers(c.geom, f.geom)
            WHERE f.kind = k.kind AND f.geom && t.geom)
        UNION
        -- Those that would be drawn otherwise.
        SELECT f.kind, c.town
        FROM unnest(%(drawn_town)s::int8[], %(drawn)s::bytea[]) d (town, shape),
             LATERAL (SELECT d.town, ST_GeomFromWKB(d.shape, 4326) AS geom OFFSET 0) c
        JOIN (
            SELECT kind, geom FROM facility
            WHERE valid @> %(day)s::date AND facility_id <> ALL(%(gone)s)
            UNION ALL
            SELECT kind, ST_SetSRID(ST_MakePoint(lon, lat), 4326)
            FROM unnest(%(new_kind)s::text[], %(new_lon)s::float8[], %(new_lat)s::float8[])
                n (kind, lon, lat)) f ON f.geom && c.geom AND ST_Covers(c.geom, f.geom)
        WHERE f.kind = ANY(%(kinds)s)
        """,
        {
            "redrawn": sorted(redrawn),
            "drawn_town": [each.parent for each in drawn],
            "drawn": [shapely.to_wkb(each.shape) for each in drawn],
            "gone": sorted(changes.closed) + [each.facility_id for each in changes.moved],
            "new_kind": [each.kind for each in placed],
            "new_lon": [each.lon for each in placed],
            "new_lat": [each.lat for each in placed],
            "towns": np.unique(people.rows["town"]).tolist(),
            "kinds": [kind.kind for kind in kinds if kind.by_facility],
            "day": day,
        },
        prepare=False,
    ):
        found[kind].append(town)
    return found


def _table(rows: list[tuple[float, float]]) -> NDArray[np.float64]:
    return np.asarray(rows, dtype=np.float64)
