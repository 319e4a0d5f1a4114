"""Codes of grids as files write them: one that looks the same is the same."""

from __future__ import annotations

import pytest

from geodata.importing.grids.attributes import plain_code


@pytest.mark.parametrize(
    "written",
    [
        "990101001001",
        " 990101001001\n",
        "\ufeff990101001001",
        "990101001001\u200b",
        "\u202a990101001001\u202c",
        "990101\u00ad001001",
        "９９０１０１００１００１",
        "990101001001.0",
        990101001001,
        990101001001.0,
    ],
)
def test_a_code_that_looks_the_same_is_the_same(written: object) -> None:
    assert plain_code(written) == "990101001001"


@pytest.mark.parametrize("code", ["A-01.10", "A-01.0", "12²", "0", "中-7", "1.5.0x", ""])
def test_other_codes_stay_as_they_are(code: str) -> None:
    assert plain_code(code) == code


def test_no_code_is_none() -> None:
    assert plain_code(None) == ""
    assert plain_code("\u200b") == ""
