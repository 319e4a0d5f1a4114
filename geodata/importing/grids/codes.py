"""Whether known codes still stand for the grids that carried them.

A grid is known again by its code, and who is in office, what was reported and what is counted stay
with it. A file in which codes have changed hands would put all of that on other ground.
"""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.importing.files.requests import KnownGrid
from geodata.importing.grids.attributes import Row
from geodata.partition.measure import place
from geodata.partition.nesting import intersection
from geodata.partition.polygons import as_multipolygons
from geodata.partition.problems import Problem

# Of the smaller of both shapes, so that a grid that was divided or has taken in its neighbour
# shares all of it. Less than the first: it lies elsewhere. Less than the second: it may.
_ELSEWHERE = 0.2
_DOUBTFUL = 0.5
# More than this common to both: the shape is that of the other grid.
_SAME = 0.9


def find(
    rows: list[Row],
    geoms: NDArray[np.object_],
    good: NDArray[np.intp],
    known: tuple[KnownGrid, ...],
    existing: NDArray[np.object_],
) -> list[Problem]:
    """Find known codes on other ground: blocking where name or ground speak of another grid.

    ``geoms`` are the shapes of the rows, of which ``good`` can be used; ``existing`` those of the
    grids that are ``known``. EPSG:4326.
    """
    index = {grid.code: at for at, grid in enumerate(known)}
    held = np.array([row for row in good if rows[row].code in index], dtype=np.intp)
    if not len(held):
        return []
    was = np.array([index[rows[row].code] for row in held], dtype=np.intp)
    shares = _shares(geoms[held], existing[was])
    share_of = dict(zip(was.tolist(), shares.tolist(), strict=True))
    doubtful = np.flatnonzero(shares < _DOUBTFUL)
    holders, alike = _holders(geoms[held[doubtful]], existing)
    holder_of = dict(zip(was[doubtful].tolist(), holders, strict=True))
    found: list[Problem] = []
    for at, holder, is_alike in zip(doubtful, holders, alike, strict=True):
        row, own = int(held[at]), known[was[at]]
        is_renamed = rows[row].name != own.name
        # The grid that was here has gone elsewhere, too: codes went round. A level that is shifted
        # as a whole keeps its names, closes no ring and puts no grid exactly on another.
        has_moved = holder >= 0 and share_of.get(holder, 1.0) < _DOUBTFUL
        has_moved &= is_renamed or is_alike or _is_in_ring(int(was[at]), holder_of)
        is_away = shares[at] < _ELSEWHERE
        if not has_moved and not is_away:
            continue
        data: dict[str, str | int] = {"known": own.name, "holder": "", "holder_code": ""}
        if holder >= 0:
            data |= {"holder": known[holder].name, "holder_code": known[holder].code}
        where = place(geoms[row])
        if is_renamed or has_moved:
            found.append(Problem("code_elsewhere", "blocking", (row,), None, where, data))
        else:
            found.append(Problem("moved_away", "warning", (row,), None, where, data))
    return found + _exchanged(rows, held[shares >= _DOUBTFUL], known, index)


def _shares(geoms: NDArray[np.object_], before: NDArray[np.object_]) -> NDArray[np.float64]:
    """Return how much of the smaller of both shapes of each grid is common to both, 0 to 1."""
    shares = np.ones(len(geoms))
    geoms, before = as_multipolygons(geoms), as_multipolygons(before)
    same = shapely.equals_identical(shapely.normalize(geoms), shapely.normalize(before))
    other = np.flatnonzero(~same)
    smaller = np.minimum(shapely.area(geoms[other]), shapely.area(before[other]))
    common = shapely.area(intersection(geoms[other], before[other]))
    shares[other] = common / np.maximum(smaller, 1e-30)
    return shares


def _is_in_ring(start: int, holder_of: dict[int, int]) -> bool:
    """Tell whether going from each grid to the one on whose ground it lies leads back."""
    seen: set[int] = set()
    at = holder_of.get(start, -1)
    while at >= 0 and at != start and at not in seen:
        seen.add(at)
        at = holder_of.get(at, -1)
    return at == start


def _holders(
    geoms: NDArray[np.object_], existing: NDArray[np.object_]
) -> tuple[list[int], list[bool]]:
    """Return the known grid on whose ground most of each shape lies, -1 where there is none.

    With it, whether the shape is that grid's.
    """
    if not len(geoms):
        return [], []
    best = np.full(len(geoms), -1, dtype=np.intp)
    alike = np.zeros(len(geoms), dtype=bool)
    asked, hits = shapely.STRtree(existing).query(geoms, predicate="intersects")
    common = shapely.area(intersection(geoms[asked], existing[hits]))
    areas, others = shapely.area(geoms[asked]), shapely.area(existing[hits])
    most = common > areas / 2
    best[asked[most]] = hits[most]
    alike[asked[most]] = (common / np.maximum(areas, others) > _SAME)[most]
    return best.tolist(), alike.tolist()


def _exchanged(
    rows: list[Row],
    held: NDArray[np.intp],
    known: tuple[KnownGrid, ...],
    index: dict[str, int],
) -> list[Problem]:
    """Find grids that stay in place and have taken the former name of one beside them."""
    now = {index[rows[row].code]: rows[row].name for row in held}
    before = {(grid.parent_id, grid.name): at for at, grid in enumerate(known)}
    found: list[Problem] = []
    for row in held:
        own = known[index[rows[row].code]]
        giver = before.get((own.parent_id, rows[row].name))
        if rows[row].name == own.name or giver is None or giver not in now:
            continue
        if now[giver] != known[giver].name:
            data = {"known": own.name, "holder": known[giver].name}
            data |= {"holder_code": known[giver].code}
            found.append(Problem("names_exchanged", "warning", (int(row),), data=data))
    return found
