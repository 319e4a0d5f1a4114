"""The API holds to its own description, whatever is sent: a small run of scripts/bench/fuzz.py."""

from __future__ import annotations

import itertools
import re
from collections.abc import Iterator
from typing import Any

import pytest
import schemathesis
from signing import sign_in

from geodata.database import clock
from geodata.database import connecting as db
from geodata.plans import drawing, keeping
from geodata.plans.model import COMMAND_LINE
from scripts.bench.fuzz import fuzz
from tests import county
from webmap import create_app


@pytest.fixture
def app(database_url: str) -> Iterator[Any]:
    with db.connect(database_url) as conn:
        county.build(conn)
        county.compute_figures(conn, clock.today())
    app = create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 40, "POOL_SIZE": 2})
    yield app
    if pool := app.extensions["gridmap_pool"]:
        pool.close()


@pytest.fixture
def schema(app: Any) -> Any:
    return schemathesis.openapi.from_wsgi("/api/openapi.json", app)


@pytest.mark.filterwarnings("ignore")
def test_no_request_finds_a_fault_of_ours(schema: Any) -> None:
    found = fuzz(schema, each=32, number=1)
    assert found.cases >= 300
    assert found.faults == []
    assert found.broken == []
    # Both what is allowed and what is not was answered.
    assert {200, 400} <= set(found.statuses)


@pytest.mark.filterwarnings("ignore")
def test_nor_does_any_of_somebody_who_draws(app: Any, schema: Any, database_url: str) -> None:
    with db.connect(database_url) as conn:
        client = sign_in(app.test_client(), conn, "county_staff")
        for title in ("一", "二"):
            plan = keeping.create(conn, COMMAND_LINE, title, "", clock.today())
            drawing.do(
                conn,
                plan.plan_id,
                COMMAND_LINE,
                {"do": "rename", "grid": 1, "name": title},
                revision=None,
            )
    page = client.get("/account/password").text
    token = re.search(r'name="csrf_token" value="([^"]+)"', page)
    assert token
    name = app.config["SESSION_COOKIE_NAME"]
    cookie = client.get_cookie(name)
    assert cookie
    plain = {"X-CSRFToken": token[1], "Accept-Encoding": "identity"}
    own = {"headers": plain, "cookies": {name: cookie.value}}
    turns = itertools.count()

    def aim(case: Any) -> None:
        """Two of three requests are about a plan that is there, one of three as it is now."""
        turn = next(turns) % 3
        if turn and "plan_id" in case.path_parameters:
            case.path_parameters["plan_id"] = turn
        if turn == 1 and "If-Match" in case.headers:
            with db.connect(database_url) as conn:
                case.headers["If-Match"] = f'"{keeping.get(conn, 1).revision}"'

    found = fuzz(schema, each=24, number=1, session=own, below="/api/plans", aim=aim)
    assert found.cases >= 250
    assert found.faults == []
    assert found.broken == []
    assert {200, 201, 400, 404, 409, 412, 428} <= set(found.statuses)
