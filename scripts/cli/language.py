"""The language of the command line: Chinese or English, asked for or that of the terminal."""

from __future__ import annotations

import gettext
import os
from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import click

from geodata.errors import GridMapError
from geodata.installation.home import REPOSITORY
from geodata.language.phrases import Translate, english

LANGUAGES = ("zh", "en")
VARIABLE = "GRIDMAP_LANG"
# The catalogue is that of the web pages; scripts/setup compiles it.
_CATALOGUES = REPOSITORY / "webmap" / "translations"


def language(environment: Mapping[str, str] | None = None) -> str:
    """Return "zh" or "en": GRIDMAP_LANG's, else that of the terminal's locale, else English."""
    known = os.environ if environment is None else environment
    for name in (VARIABLE, "LC_ALL", "LC_MESSAGES", "LANG"):
        if value := known.get(name):
            return "zh" if value.lower().startswith("zh") else "en"
    return "en"


def translate(text: str) -> str:
    """Return an English text in the language of the command line."""
    return catalogue(language())(text)


def said(error: GridMapError) -> str:
    """Return the line that ends a command which failed."""
    return translate("Error: {error}").format(error=error.said(translate))


def option(command: Callable[..., Any]) -> Callable[..., Any]:
    """Give a command the option --lang, which outranks the environment by setting it."""
    return click.option(
        "--lang",
        type=click.Choice(LANGUAGES),
        expose_value=False,
        is_eager=True,
        callback=_choose,
        help=f"Language of reports and messages. Default: {VARIABLE}, else the terminal's locale.",
    )(command)


def _choose(_context: click.Context, _option: click.Parameter, chosen: str | None) -> None:
    if chosen is not None:
        os.environ[VARIABLE] = chosen


@cache
def catalogue(name: str) -> Translate:
    """Return what says an English text in one of the ``LANGUAGES``."""
    if name == "en":
        return english
    return gettext.translation("messages", _CATALOGUES, [name], fallback=True).gettext
