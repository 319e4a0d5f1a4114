"""Where a drawn line meets a border: the corner that both get."""

from __future__ import annotations

import numpy as np
import shapely

from geodata.frames import round_to_grid
from geodata.partition.line_noding import place_on_edge
from geodata.partition.measure import DEGREE_M


def bend_m2(start: tuple[float, float], end: tuple[float, float], at: tuple[float, float]) -> float:
    """Return the area of the triangle, straight in degrees, near latitude 31.4."""
    triangle = shapely.Polygon(np.array([start, end, at]) - start)
    return shapely.area(triangle) * DEGREE_M**2 * np.cos(np.radians(31.4))


def test_a_place_on_the_edge_itself_is_taken() -> None:
    # Every third step along this edge lies on it: 30,000 steps east, 20,000 north.
    start, end = (116.3, 31.4), (116.303, 31.402)
    assert place_on_edge(start, end, (116.3015001, 31.4010001)) == (116.3015, 31.401)
    # A place that is on it stays, and so do the ends and what lies beside them.
    assert place_on_edge(start, end, (116.3003, 31.4002)) == (116.3003, 31.4002)
    assert place_on_edge(start, end, (116.3000001, 31.4000001)) == start
    assert place_on_edge(end, start, (116.303, 31.4020001)) == end


def test_an_edge_of_kilometres_hardly_bends() -> None:
    rng = np.random.default_rng(0)
    bends: list[float] = []
    for angle in rng.uniform(0, 2 * np.pi, 100):
        start = tuple(round_to_grid([116.3, 31.4]))
        way = np.array([np.cos(angle), np.sin(angle)])
        end = tuple(round_to_grid(np.array(start) + 0.04 * way))
        between = np.array(start) + rng.uniform(0.2, 0.8) * (np.array(end) - start)
        wanted: list[float] = between.tolist()
        corner = place_on_edge(start, end, wanted)
        assert tuple(round_to_grid(corner)) == corner
        assert np.hypot(*(np.array(corner) - wanted)) < 12e-5
        assert corner == place_on_edge(start, end, wanted)
        bends.append(bend_m2(start, end, corner))
        assert bends[-1] <= max(0.5, bend_m2(start, end, tuple(round_to_grid(wanted)))) * 1.001
    # The nearest place bends such an edge by 5 m2 on average. Few edges run so close to a diagonal
    # that all places within 10 m are as far beside them.
    assert np.mean(np.array(bends) <= 0.1) > 0.9
    assert np.mean(np.array(bends) <= 0.5) > 0.98


def test_an_edge_of_two_steps_gets_no_corner() -> None:
    start, end = (116.3, 31.4), (116.3000002, 31.4000001)
    assert place_on_edge(start, end, (116.3000001, 31.4000001)) in (start, end)
