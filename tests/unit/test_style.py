"""Colours can be told apart by everybody: contrast on the ground, lightness among each other."""

from itertools import pairwise

import pytest

from layers import LAYERS
from layers.style import CHANGES, ISSUES, MEMBERS, PAPER, STYLE


def luminance(colour: str) -> float:
    """Return WCAG's relative luminance of #rrggbb."""
    parts = [int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5)]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in parts)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def lightness(colour: str) -> float:
    """Return CIE L*, 0 to 100."""
    return 116 * luminance(colour) ** (1 / 3) - 16


STATES = [*MEMBERS["states"].items(), *ISSUES["states"].items()]


def test_every_layer_has_a_style() -> None:
    assert {layer.name for layer in LAYERS} == STYLE.keys()


@pytest.mark.parametrize(("state", "look"), STATES, ids=[state for state, _ in STATES])
def test_states_stand_out_from_the_ground(state: str, look: dict[str, str]) -> None:
    assert (luminance(PAPER) + 0.05) / (luminance(look["fill"]) + 0.05) >= 3, state


def test_states_of_responsibility_differ_in_lightness_and_pattern() -> None:
    looks = list(MEMBERS["states"].values())
    ordered = sorted(lightness(look["fill"]) for look in looks)
    assert min(b - a for a, b in pairwise(ordered)) >= 6
    assert len({look["pattern"] for look in looks}) == len(looks)


def test_states_of_issues_differ_in_shape() -> None:
    looks = list(ISSUES["states"].values())
    assert len({look["shape"] for look in looks}) == len(looks)


def test_coverage_darkens_from_class_to_class() -> None:
    ramp = [lightness(step["fill"]) for step in STYLE["coverage"]["classes"]]
    assert all(a - b >= 8 for a, b in pairwise(ramp))


def test_what_ended_and_what_is_new_stand_out_and_differ_without_their_hue() -> None:
    ended, new = CHANGES["edges"]["ended"], CHANGES["edges"]["new"]
    for edge in (ended, new):
        assert (luminance(PAPER) + 0.05) / (luminance(edge["line"]) + 0.05) >= 3
    assert ended["dash"]
    assert not new["dash"]
    looks = CHANGES["ground"]
    assert looks["gained"]["pattern"] != looks["lost"]["pattern"]
    for look in looks.values():
        assert abs(lightness(look["fill"]) - lightness(look["ink"])) >= 20
