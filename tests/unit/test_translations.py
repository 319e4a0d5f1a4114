"""The Chinese catalogue; that it is complete is checked by scripts/translate --check."""

from __future__ import annotations

import re
from typing import Any

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from geodata.installation.home import REPOSITORY

CATALOGUE = REPOSITORY / "webmap" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+(?::[^{}]*)?\}")


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def texts(message: Any) -> list[str]:
    return [message] if isinstance(message, str) else list(message)


def test_placeholders_survive_the_translation(chinese: Catalog) -> None:
    for message in chinese:
        if not message.id:
            continue
        wanted = set(PLACEHOLDER.findall(texts(message.id)[-1]))
        for text in texts(message.string):
            assert set(PLACEHOLDER.findall(text)) == wanted, message.id
