"""What levels, states and reasons are called in the reader's language; templates ask by key."""

from __future__ import annotations

from flask import Flask

from geodata.coverage.standards.definition import describe
from geodata.issues.reading import STATE_TITLES, StateFilter
from geodata.model import (
    LEVEL_PLURALS,
    LEVEL_TITLES,
    REASON_TITLES,
    RESPONSIBILITY_TITLES,
    VERDICT_TITLES,
    Level,
    Reason,
    Responsibility,
)
from webmap.core import i18n


def init_app(app: Flask) -> None:
    """Let templates call what is defined here."""
    for name in (
        level_name,
        level_plural,
        responsibility_name,
        reason_name,
        verdict_name,
        issue_state_name,
    ):
        app.add_template_global(name)
    app.add_template_global(describe, "describe_standard")


def level_name(level: Level) -> str:
    """Return what a level is called."""
    return i18n.said(LEVEL_TITLES[level])


def level_plural(level: Level) -> str:
    """Return the title of a list of a level's grids."""
    return i18n.said(LEVEL_PLURALS[level])


def responsibility_name(state: Responsibility) -> str:
    """Return the title of who holds the duty that a grid must have."""
    return i18n.said(RESPONSIBILITY_TITLES[state])


def reason_name(reason: Reason) -> str:
    """Return why a household is not served."""
    return i18n.said(REASON_TITLES[reason])


def verdict_name(verdict: str) -> str:
    """Return whether a household is served, and if not, why."""
    return i18n.said(VERDICT_TITLES[verdict])


def issue_state_name(state: StateFilter) -> str:
    """Return the title of the issues that a filter shows."""
    return i18n.said(STATE_TITLES[state])
