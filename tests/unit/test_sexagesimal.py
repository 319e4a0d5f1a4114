"""Degrees, minutes and seconds are read to their last character or not at all."""

from __future__ import annotations

import pytest

from geodata.importing.values import sexagesimal


@pytest.mark.parametrize(
    ("text", "name", "value"),
    [
        ("116°24′11.4″", "lon", 116 + 24 / 60 + 11.4 / 3600),
        ("116°24'11.4\"", "lon", 116 + 24 / 60 + 11.4 / 3600),
        ("116°24'11.4''E", "lon", 116 + 24 / 60 + 11.4 / 3600),
        ("E116°24.19′", "lon", 116 + 24.19 / 60),
        ("东经116度24分11秒", "lon", 116 + 24 / 60 + 11 / 3600),
        ("北纬31度25分", "lat", 31 + 25 / 60),
        ("31.41°", "lat", 31.41),
        ("S31°30′", "lat", -31.5),
    ],
)
def test_read(text: str, name: str, value: float) -> None:
    assert sexagesimal.parse(text, name) == pytest.approx(value, abs=1e-12)


@pytest.mark.parametrize(
    "text",
    [
        "116°24′11.4″ 左右",
        "116°24′11.4",
        "116°60′",
        "116°24′60″",
        "116.5°24′",
        "116°24.5′11″",
        "N116°24′",
        "E116°24′E",
        "约116°",
    ],
)
def test_not_read(text: str) -> None:
    assert sexagesimal.parse(text, "lon") is None
