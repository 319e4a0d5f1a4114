"""Handing shapes between the two processes: one file of well-known binary, one of offsets."""

from __future__ import annotations

from collections.abc import Iterable
from itertools import pairwise
from pathlib import Path

import numpy as np
import shapely
from numpy.typing import NDArray

_CHUNK = 5000


def save_wkb(path: Path, shapes: Iterable[bytes]) -> int:
    """Write shapes one after another and return how many."""
    offsets = [0]
    with path.open("wb") as file:
        for shape in shapes:
            file.write(shape)
            offsets.append(offsets[-1] + len(shape))
    np.save(path.with_suffix(".npy"), np.asarray(offsets, dtype=np.int64))
    return len(offsets) - 1


def save(path: Path, geoms: NDArray[np.object_]) -> None:
    """Write an array of shapes, in chunks so that two copies never stand in memory."""

    def chunks() -> Iterable[bytes]:
        for start in range(0, len(geoms), _CHUNK):
            yield from shapely.to_wkb(geoms[start : start + _CHUNK])

    save_wkb(path, chunks())


def load(path: Path) -> NDArray[np.object_]:
    """Read back what ``save`` or ``save_wkb`` wrote."""
    offsets = np.load(path.with_suffix(".npy"))
    parts: list[NDArray[np.object_]] = [np.empty(0, dtype=object)]
    with path.open("rb") as file:
        for start in range(0, len(offsets) - 1, _CHUNK):
            marks = offsets[start : start + _CHUNK + 1]
            block = file.read(int(marks[-1] - marks[0]))
            at = (marks - marks[0]).tolist()
            shapes = [block[a:b] for a, b in pairwise(at)]
            parts.append(np.asarray(shapely.from_wkb(shapes), dtype=object))
    return np.concatenate(parts)
