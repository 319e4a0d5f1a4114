"""Every string that the interface shows has its Chinese."""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog, Message
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

from geodata.homes import REPOSITORY

CATALOGUE = REPOSITORY / "webmap" / "translations" / "zh" / "LC_MESSAGES" / "messages.po"
SOURCES = [("**.py", "python"), ("templates/**.html", "jinja2")]
PLACEHOLDER = re.compile(r"%\(\w+\)[sd]|\{\w+\}")


@pytest.fixture(scope="module")
def chinese() -> Catalog:
    with CATALOGUE.open("rb") as file:
        return read_po(file, locale="zh")


def texts(message: str | tuple[str, ...] | list[str]) -> list[str]:
    return [message] if isinstance(message, str) else list(message)


@pytest.mark.parametrize("part", ["webmap", "layers"])
def test_every_string_is_translated(chinese: Catalog, part: str) -> None:
    missing: list[str] = []
    for file, line, message, _, _ in extract_from_dir(REPOSITORY / part, SOURCES):
        found = chinese.get(texts(message)[0])
        if not isinstance(found, Message) or found.fuzzy or not all(texts(found.string)):
            missing.append(f"{Path(part) / file}:{line}: {message}")
    assert missing == []


def test_placeholders_survive_the_translation(chinese: Catalog) -> None:
    for message in chinese:
        if not message.id:
            continue
        wanted = set(PLACEHOLDER.findall(texts(message.id)[-1]))
        for text in texts(message.string):
            assert set(PLACEHOLDER.findall(text)) == wanted, message.id
