"""A statement is planned for its values, the hundredth time as the first, but for some tiles.

PostgreSQL plans a prepared statement without its values from its sixth run on. How much that costs
in a large county is measured by scripts/bench/statements.py; here is why it does not happen.
"""

from __future__ import annotations

import re

import pytest
from asking import ROUTES, Ask, Reader
from flask import Flask
from watched import Watched, watch

import layers
from geodata.database import connecting as db
from webmap import create_app
from webmap.core import db as pool

# psycopg by itself prepares what has run five times on a connection. Some pages take a second one.
CONNECTIONS, ROUNDS = 2, 12
# Paper takes its time; its statements are those of the pages.
SLOW = (".pdf", ".svg", ".gpkg", ".xlsx")


@pytest.fixture(scope="module")
def watched(module_url: str) -> Watched:
    with db.connect(module_url) as conn:
        return watch(conn)


@pytest.fixture(scope="module")
def app(module_url: str, watched: Watched) -> Flask:
    return create_app(
        {"DATABASE_URL": module_url, "SECRET_KEY": "k" * 32, "POOL_SIZE": CONNECTIONS}
    )


def first_of_each(watched: Watched) -> list[Ask]:
    """One address of each endpoint that is read, and a tile of each layer."""
    asks = [next(iter(each(watched)), None) for each in ROUTES.values()]
    tiles = [ask for name in ("tiles.tile", "tiles.own_tile") for ask in ROUTES[name](watched)]
    chosen = {ask.path.split("/")[2]: ask for ask in tiles if "/nothing/" not in ask.path}
    return [
        ask
        for ask in (*asks, *chosen.values())
        if ask and ask.method == "GET" and not ask.path.split("?")[0].endswith(SLOW)
    ]


def test_no_statement_of_a_page_is_planned_without_its_values(app, watched):
    asks = first_of_each(watched)
    assert len(asks) > 60
    for name in ("visitor", "governor"):
        reader = Reader(app, next(each for each in watched.people if each.name == name))
        for ask in asks:
            for _ in range(ROUNDS):
                assert reader.ask(ask).status < 500, ask.path
    with app.app_context(), pool.statements() as one, pool.statements() as other:
        rows = [
            row
            for conn in (one, other)
            for row in conn.execute(
                "SELECT statement, generic_plans, custom_plans FROM pg_prepared_statements"
            ).fetchall()
        ]
    # Of tiles those that say so.
    meant = {
        re.sub(r"%\(\w+\)s", "$", query)
        for layer in layers.BY_NAME.values()
        if layer.source.is_prepared
        for query in layer.source.queries.values()
    }
    found = {re.sub(r"\$\d+", "$", statement) for statement, *_ in rows}
    assert {text[:200] for text in found - meant} == set()
    # Else this would look at connections on which nothing is prepared.
    assert found
    assert sum(custom for *_, custom in rows) > 0
