"""Where points lie in a draft. Coordinates are EPSG:4326."""

from __future__ import annotations

import numpy as np
import shapely
from numpy.typing import NDArray

from geodata.model import Level
from geodata.plans.model import Draft

Ids = NDArray[np.int64]
Points = NDArray[np.object_]


def locate(draft: Draft, level: Level, points: Points) -> Ids:
    """Return the grid of a level in which each point lies, 0 where there is none.

    On a shared edge both sides cover the point; the lower code has it.
    """
    found = np.zeros(len(points), dtype=np.int64)
    ids = sorted(
        (id_ for id_, piece in draft.ground.pieces.items() if piece.level == level),
        key=lambda id_: draft.facts[id_].code,
        reverse=True,
    )
    tree = shapely.STRtree(points)
    for id_ in ids:
        found[tree.query(draft.ground[id_].shape, predicate="covers")] = id_
    return found


def locate_finest(draft: Draft, points: Points) -> Ids:
    """Return the compound in which each point lies, else the community, 0 where there is none."""
    compounds, communities = locate(draft, "compound", points), locate(draft, "community", points)
    return np.where(compounds != 0, compounds, communities)


def read_name(draft: Draft, id_: int) -> str:
    """Return what a grid is called, '' for 0."""
    return draft.facts[id_].name if id_ else ""
