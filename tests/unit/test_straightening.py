"""Borders keep the corners that buildings ask for, and no more."""

from __future__ import annotations

import numpy as np

from geodata.partition.straightening import straighten

NOWHERE = np.array([[100.0, 100.0]])


def line(*corners: tuple[float, float]) -> np.ndarray:
    return np.array(corners, dtype=float)


def test_a_ragged_line_between_no_buildings_becomes_straight() -> None:
    ragged = line((0, 0), (1, 0.3), (2, -0.2), (3, 0.4), (4, 0))
    [found] = straighten([ragged], NOWHERE, NOWHERE, 0.1)
    assert found.tolist() == [[0, 0], [4, 0]]


def test_the_corner_at_a_building_stays() -> None:
    around = line((0, 0), (1, 0.1), (2, 2), (3, 0.1), (4, 0))
    building = line((2, 1))
    [found] = straighten([around], NOWHERE, building, 0.1)
    assert [2, 2] in found.tolist()
    # The building stays below the line.
    assert np.interp(2, found[:, 0], found[:, 1]) > 1


def test_a_line_keeps_its_distance() -> None:
    bent = line((0, 0), (1, 1), (2, 0))
    [near] = straighten([bent], NOWHERE, line((1, -0.2)), 0.1)
    assert len(near) == 2
    [stays] = straighten([bent], NOWHERE, line((1, -0.2)), 0.3)
    assert len(stays) == 3


def test_no_line_is_drawn_over_another() -> None:
    """The peak of the lower line, which a building keeps there, stands below the upper one's."""
    upper, lower = line((0, 0.1), (2, 3), (4, 0.1)), line((0, 0), (2, 2), (4, 0))
    found = straighten([upper, lower], NOWHERE, line((2, -0.05)), 0.1)
    assert [len(each) for each in found] == [3, 3]
    # Without a building the lower one goes first, and then the upper one is free as well.
    found = straighten([upper, lower], NOWHERE, NOWHERE, 0.1)
    assert [len(each) for each in found] == [2, 2]


def test_a_ring_stays_a_ring() -> None:
    ring = line((0, 0), (1, 0), (2, 0), (2, 2), (0, 2), (0, 0))
    [found] = straighten([ring], NOWHERE, NOWHERE, 0.1)
    assert len(found) == 4
    assert found[0].tolist() == found[-1].tolist()
