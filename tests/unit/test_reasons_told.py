"""The reasons of a gap as a reader is told them: no small count, and none that gives it away."""

from __future__ import annotations

import re
from typing import Any

import pytest

from geodata.model import Coverage
from webmap import create_app


def told(coverage: Coverage, least: int) -> list[str]:
    app = create_app({"DATABASE_URL": "postgresql:///nowhere", "SECRET_KEY": "k" * 40})
    with app.test_request_context("/?lang=en"):
        context: dict[str, Any] = {"least": least}
        app.update_template_context(context)
        module = app.jinja_env.get_template("panel/_parts.html").make_module(context)
        html: str = module.reasons(coverage)  # pyright: ignore[reportAttributeAccessIssue]
    shares = re.findall(r'<span class="kind-share">(.*?)</span>\s*</li>', html, re.S)
    return [re.sub(r"<[^>]+>", "", each).strip() for each in shares]


@pytest.mark.parametrize(
    ("too_far", "nobody", "least", "said"),
    [
        (100, 5, 0, ["100", "5"]),
        # 300 in all and 100 too far would leave 5.
        (100, 5, 10, ["not shown", "fewer than 10"]),
        (100, 50, 10, ["100", "50"]),
        (100, 0, 10, ["100"]),
    ],
)
def test_reasons(too_far: int, nobody: int, least: int, said: list[str]) -> None:
    met = 195
    coverage = Coverage(
        "clinic", "卫生室", "Clinic", met + too_far + nobody, 0, met, met, 0, 0, too_far, nobody, 0
    )
    assert told(coverage, least) == said
