"""What a slope costs on foot: Tobler's hiking function.

Speed = 6 km/h * exp(-3.5 * |dh/dx + 0.05|), fastest on a gentle way down; 5.04 km/h on level
ground. Source: W. Tobler, Three Presentations on Geographical Analysis and Modeling, technical
report 93-1, National Center for Geographic Information and Analysis, 1993. Only the ratio to level
ground is taken from it: how fast people walk there is a setting.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import shapely

from geodata import frames
from geodata.partition.measure import DEGREE_M
from geodata.roads.network import Flags, Floats, Lines

_STEEPNESS, _EASIEST = 3.5, 0.05
# Steeper than this no way is: it is a fault of the heights, or a cliff beside the road.
_STEEPEST = 1.0
# Heights are asked for at least so often along an edge.
_STEP_M = 50.0
_CHUNK = 100_000


@dataclass(frozen=True, slots=True)
class Efforts:
    """Level metres that take as long as each edge, there and back, and what it goes up and down.

    ``climb_m`` and ``descent_m`` are NaN where a height is missing; the edge counts as level then.
    """

    forward_m: Floats
    backward_m: Floats
    climb_m: Floats
    descent_m: Floats


def pace(slope: Floats) -> Floats:
    """Return how much longer walking takes on a slope (rise over run) than on level ground."""
    return np.exp(_STEEPNESS * (np.abs(slope + _EASIEST) - _EASIEST))


def weigh(
    lines: Lines, length_m: Floats, is_bridge: Flags, height: Callable[[Floats], Floats]
) -> Efforts:
    """Return the efforts of edges (lon, lat) over ground whose height is known.

    ``height`` gives metres for places (n, 2), NaN where it knows none. A bridge or tunnel runs
    evenly from end to end, whatever the ground does meanwhile.
    """
    parts = [
        _weigh(lines[some], length_m[some], is_bridge[some], height)
        for some in (slice(at, at + _CHUNK) for at in range(0, max(len(lines), 1), _CHUNK))
    ]
    return Efforts(*(np.concatenate(column) for column in zip(*parts, strict=True)))


def _weigh(
    lines: Lines, length_m: Floats, is_bridge: Flags, height: Callable[[Floats], Floats]
) -> tuple[Floats, Floats, Floats, Floats]:
    count = len(lines)
    bent = np.asarray(shapely.segmentize(lines, _STEP_M / DEGREE_M), dtype=object)
    xy, line = shapely.get_coordinates(bent, return_index=True)
    ends = np.concatenate([line[1:] != line[:-1], [True]])[: len(line)]
    starts = np.concatenate([[True], ends[:-1]])[: len(line)]
    keep = ~is_bridge[line] | ends | starts
    xy, line = xy[keep], line[keep]
    run_m = np.linalg.norm(np.diff(frames.to_cartesian(xy), axis=0), axis=1)
    rise_m = np.diff(height(xy))
    within = line[1:] == line[:-1]
    edge, run_m, rise_m = line[1:][within], run_m[within], rise_m[within]
    run_m = np.where(is_bridge[edge], length_m[edge], run_m)
    slope = np.clip(rise_m / np.maximum(run_m, 1e-6), -_STEEPEST, _STEEPEST)
    known = np.bincount(edge, weights=np.isnan(rise_m), minlength=count) == 0

    def total(values: Floats, otherwise: Floats) -> Floats:
        return np.where(known, np.bincount(edge, weights=values, minlength=count), otherwise)

    unknown = np.full(count, np.nan)
    return (
        total(run_m * pace(slope), length_m),
        total(run_m * pace(-slope), length_m),
        total(np.maximum(rise_m, 0.0), unknown),
        total(np.maximum(-rise_m, 0.0), unknown),
    )
