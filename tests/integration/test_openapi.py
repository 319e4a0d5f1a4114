"""The API holds to its own description, whatever is sent: a small run of scripts/bench/fuzz.py."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis

from geodata import db
from scripts.bench.fuzz import fuzz
from tests import county
from webmap import create_app


@pytest.fixture
def schema(database_url: str) -> Iterator[Any]:
    with db.connect(database_url) as conn:
        county.build(conn)
    app = create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 40, "POOL_SIZE": 2})
    yield schemathesis.openapi.from_wsgi("/api/openapi.json", app)
    if pool := app.extensions["gridmap_pool"]:
        pool.close()


@pytest.mark.filterwarnings("ignore")
def test_no_request_finds_a_fault_of_ours(schema: Any) -> None:
    found = fuzz(schema, each=76, number=1)
    assert found.cases >= 300
    assert found.faults == []
    assert found.broken == []
    # Both what is allowed and what is not was answered.
    assert {200, 400} <= set(found.statuses)
