"""Which facility or building a row means: by code, else by name and place.

Of sites without a code two of one name are two if they lie apart. One that is found a little aside
is the known one, measured again; one farther away may have moved or be another, and is asked about.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Collection, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray
from scipy.spatial import KDTree

from geodata.frames import to_cartesian
from geodata.importing.lists.identifying import is_said
from geodata.importing.lists.persons import plain_name

# Farther apart than drawing programs and rounding make one point, nearer than two houses.
NEAR_M = 50.0
_SAME_M = 1.5
# A code that is found this far away is worth a look.
_FAR_M = 1000.0


@dataclass(frozen=True, slots=True)
class Site:
    """A row, ``code`` "" where it has none; or what is known, with the ``key`` it is stored by.

    ``group`` is what only counts among its like: the kind of a facility.
    """

    row: int
    group: str
    name: str
    code: str
    address: str
    lon: float
    lat: float
    key: str = ""


@dataclass(slots=True)
class Matched:
    """``known`` by row; ``moved`` and ``doubts`` are (row, known, metres between them)."""

    known: dict[int, Site] = field(default_factory=dict[int, Site])
    moved: list[tuple[Site, Site, float]] = field(default_factory=list[tuple[Site, Site, float]])
    doubts: list[tuple[Site, Site, float]] = field(default_factory=list[tuple[Site, Site, float]])


def match(
    rows: Sequence[Site],
    known: Sequence[Site],
    *,
    ask_m: float,
    same: Collection[str] = (),
    different: Collection[str] = (),
) -> Matched:
    """Say which of the known sites each row means.

    Of what is known under a name within ``ask_m`` and no row means, a row may be the one that
    moved. ``same`` and ``different`` are the names of which somebody has decided it.
    """
    out = Matched()
    by_code = {(site.group, site.code): site for site in known if site.code}
    for site in rows:
        found = by_code.get((site.group, site.code)) if site.code else None
        if found is not None:
            _take(out, site, found, is_far=_FAR_M)
    taken = {id(site) for site in out.known.values()}
    wanted = _by_name([site for site in rows if site.row not in out.known])
    free = _by_name([site for site in known if id(site) not in taken])
    for (group, name), sites in wanted.items():
        left = free.get((group, name), [])
        # Two codes are two sites: who brings one can only be who had none.
        with_code = [site for site in sites if site.code]
        decided = is_said(name, same), is_said(name, different)
        left = _match_name(with_code, left, [s for s in left if not s.code], out, ask_m, decided)
        without = [site for site in sites if not site.code]
        _match_name(without, left, left, out, ask_m, decided)
    return out


def _by_name(sites: Sequence[Site]) -> dict[tuple[str, str], list[Site]]:
    found: dict[tuple[str, str], list[Site]] = defaultdict(list)
    for site in sites:
        found[site.group, plain_name(site.name)].append(site)
    return found


def _match_name(
    rows: list[Site],
    left: list[Site],
    pool: list[Site],
    out: Matched,
    ask_m: float,
    decided: tuple[bool, bool],
) -> list[Site]:
    """Match the rows of one name with a pool of what is known; returns what is still ``left``."""
    is_same, is_different = decided
    rows, pool = _pair(rows, pool, out, _SAME_M)
    rows, pool = _pair_by_address(rows, pool, out)
    if not is_different:
        rows, pool = _pair(rows, pool, out, ask_m if is_same else NEAR_M)
        if rows and pool and not is_same:
            metres, nearest = _nearest(rows, pool)
            out.doubts += [
                (row, pool[int(at)], float(distance))
                for row, distance, at in zip(rows, metres, nearest, strict=True)
                if distance <= ask_m
            ]
    taken = {id(site) for site in out.known.values()}
    return [site for site in left if id(site) not in taken]


def _pair(
    rows: list[Site], pool: list[Site], out: Matched, most_m: float
) -> tuple[list[Site], list[Site]]:
    """Pair those that are nearest to each other, round by round; returns who is left."""
    while rows and pool:
        metres, theirs = _nearest(rows, pool)
        _, mine = _nearest(pool, rows)
        pairs = [
            (at, int(theirs[at]), float(metres[at]))
            for at in range(len(rows))
            if metres[at] <= most_m and int(mine[int(theirs[at])]) == at
        ]
        if not pairs:
            # Several at one spot: the first row takes the first.
            close = [at for at in range(len(rows)) if metres[at] <= most_m]
            if not close:
                break
            pairs = [(close[0], int(theirs[close[0]]), float(metres[close[0]]))]
        for at, other, _distance in pairs:
            _take(out, rows[at], pool[other], is_far=_SAME_M)
        mine_taken, theirs_taken = {pair[0] for pair in pairs}, {pair[1] for pair in pairs}
        rows = [site for at, site in enumerate(rows) if at not in mine_taken]
        pool = [site for at, site in enumerate(pool) if at not in theirs_taken]
    return rows, pool


def _pair_by_address(
    rows: list[Site], pool: list[Site], out: Matched
) -> tuple[list[Site], list[Site]]:
    """Pair those whose address nobody else of the name has."""
    for site in list(rows):
        mine = [each for each in rows if site.address and each.address == site.address]
        theirs = [each for each in pool if site.address and each.address == site.address]
        if len(mine) == len(theirs) == 1:
            _take(out, site, theirs[0], is_far=_SAME_M)
            rows = [each for each in rows if each is not site]
            pool = [each for each in pool if each is not theirs[0]]
    return rows, pool


def _take(out: Matched, row: Site, known: Site, *, is_far: float) -> None:
    out.known[row.row] = known
    metres = float(np.linalg.norm(_metric([row])[0] - _metric([known])[0]))
    if metres > is_far:
        out.moved.append((row, known, metres))


def _nearest(
    rows: Sequence[Site], pool: Sequence[Site]
) -> tuple[NDArray[np.float64], NDArray[np.intp]]:
    """Return how far the nearest of a pool is from each row, in metres, and its position."""
    metres, nearest = KDTree(_metric(pool)).query(_metric(rows))
    return np.asarray(metres, dtype=np.float64), np.asarray(nearest, dtype=np.intp)


def _metric(sites: Sequence[Site]) -> NDArray[np.float64]:
    return to_cartesian([(site.lon, site.lat) for site in sites])


def free_key(wanted: str, taken: set[str]) -> str:
    """Return a key that nothing is stored by yet, and take it."""
    key, number = wanted, 1
    while key in taken:
        number += 1
        key = f"{wanted} ({number})"
    taken.add(key)
    return key
