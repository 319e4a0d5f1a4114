"""A town of compounds that share crooked borders, for timing: no gap, and every level above."""

from __future__ import annotations

from types import MappingProxyType

import numpy as np
import shapely

from geodata.frames import round_to_grid
from geodata.partition.ground import Corner, Ground, Piece
from geodata.partition.noding import keep_polygons

COLUMNS, ROWS = 20, 15
# Corners on each side of a compound: four sides have ninety.
_ON_SIDE = 22
_SIZE = 2e-3
COUNTY, TOWN, COMMUNITY, COMPOUND = 1, 2, 100, 1000


def town(seed: int = 0) -> Ground:
    """Return a town of 300 compounds with 90 corners each, in 20 communities, and its county."""
    rng = np.random.default_rng(seed)
    nodes = np.stack(np.meshgrid(np.arange(COLUMNS + 1), np.arange(ROWS + 1)), axis=-1)
    places = (116.3, 31.4) + (nodes + rng.uniform(-0.15, 0.15, nodes.shape)) * _SIZE
    eastward = [[_side(rng, places[y, x], places[y, x + 1]) for x in range(COLUMNS)]
                for y in range(ROWS + 1)]  # fmt: skip
    northward = [[_side(rng, places[y, x], places[y + 1, x]) for x in range(COLUMNS + 1)]
                 for y in range(ROWS)]  # fmt: skip
    pieces: dict[int, Piece] = {}
    for y in range(ROWS):
        for x in range(COLUMNS):
            ring = [*eastward[y][x], *northward[y][x + 1][1:], *eastward[y + 1][x][::-1][1:],
                    *northward[y][x][::-1][1:]]  # fmt: skip
            parent = COMMUNITY + (y // 3) * (COLUMNS // 5) + x // 5
            shape = shapely.Polygon(ring)
            pieces[COMPOUND + y * COLUMNS + x] = Piece("compound", parent, shape)
    for id_ in sorted({piece.parent or 0 for piece in pieces.values()}):
        inside = [piece.shape for piece in pieces.values() if piece.parent == id_]
        pieces[id_] = Piece("community", TOWN, keep_polygons(shapely.coverage_union_all(inside)))
    inside = [piece.shape for piece in pieces.values() if piece.level == "community"]
    pieces[TOWN] = Piece("town", COUNTY, keep_polygons(shapely.coverage_union_all(inside)))
    pieces[COUNTY] = Piece("county", None, pieces[TOWN].shape)
    return Ground(MappingProxyType(pieces))


def _side(rng: np.random.Generator, start: np.ndarray, end: np.ndarray) -> list[Corner]:
    share = np.linspace(0, 1, _ON_SIDE + 2)[:, None]
    way = end - start
    away = rng.normal(0, 0.01, (len(share), 1)) * np.sin(np.pi * share)
    xy = start + way * share + np.array((-way[1], way[0])) * away
    return [(float(x), float(y)) for x, y in round_to_grid(xy)]
