"""Fixtures: what pages complain of, and for tests that draw a county of their own and people."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from contextlib import contextmanager

import pytest
from playwright.sync_api import Browser, BrowserContext

from geodata.database import connecting as db
from scripts import serve
from tests.browser.drawing import Desk, Sit, furnish, sit_down
from tests.browser.watching import faults, listen


@contextmanager
def serving(url: str) -> Generator[str]:
    with db.connect(url) as conn:
        furnish(conn)
    with serve.listen("127.0.0.1", 0) as listener, serve.Server(url, listener) as server:
        server.wait_until_ready()
        yield server.url.rstrip("/")


@pytest.fixture
def own_office(database_url: str) -> Iterator[str]:
    """The base URL of a server on a county of its own: what is published here stays here."""
    with serving(database_url) as address:
        yield address


@pytest.fixture(scope="module")
def office(module_url: str) -> Iterator[str]:
    """The base URL of a server for tests that draw, each in its plan, and publish nothing."""
    with serving(module_url) as address:
        yield address


@pytest.fixture
def complaints(context: BrowserContext, request: pytest.FixtureRequest) -> Iterator[list[str]]:
    """Fail at the end if a page complained: about its policy, above all.

    EXPECTED of a module are the answers that its tests bring about on purpose.
    """
    heard = listen(context)
    yield heard
    assert faults(heard, *getattr(request.module, "EXPECTED", ())) == []


@pytest.fixture
def sit(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Sit]:
    """Sign people in; fail at the end if a page complained: about its policy, above all."""
    heard: list[list[str]] = []
    contexts: list[BrowserContext] = []
    office = request.getfixturevalue("own_office" if request.cls else "office")

    def sit(username: str, by: str = "mouse") -> Desk:
        desk, context = sit_down(browser, office, username, by)
        heard.append(listen(context))
        contexts.append(context)
        return desk

    yield sit
    for context in contexts:
        for page in context.pages:
            # What is cut off on its way would be a complaint.
            page.wait_for_load_state("networkidle")
        context.close()
    # Answers that say what cannot be done are no complaints of the page.
    allowed = ("400", "409", "412", "422", "ERR_INTERNET_DISCONNECTED", "ERR_FAILED")
    assert [fault for each in heard for fault in faults(each, *allowed)] == []
