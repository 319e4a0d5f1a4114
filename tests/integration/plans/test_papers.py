"""What a plan changes, on paper: the right things are in it, and nothing is fetched for it."""

from __future__ import annotations

from collections.abc import Iterator
from html import unescape
from typing import Any

import pytest
from county import County, add_duty, build
from flask import Flask
from psycopg import Connection
from signing import sign_in
from weasyprint.urls import FatalURLFetchingError

from geodata.database import clock
from geodata.plans import advancing, drawing, keeping, publishing, sheets
from geodata.plans.model import COMMAND_LINE, Plan
from tests.office import words
from webmap import create_app
from webmap.core import printing
from webmap.plans import paper as papers

Conn = Connection[Any]
LINE = [[116.305, 31.39], [116.3052, 31.41]]


@pytest.fixture
def county(conn: Conn) -> County:
    return build(conn)


@pytest.fixture
def app(database_url: str, tmp_path: Any) -> Flask:
    return create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "TESTING": True})


@pytest.fixture
def english(app: Flask) -> Iterator[None]:
    with app.test_request_context("/?lang=en"):
        yield


def begin(conn: Conn, *operations: dict[str, Any], title: str = "河东扩界") -> Plan:
    plan = keeping.create(conn, COMMAND_LINE, title, "", clock.today())
    for operation in operations:
        plan = drawing.do(conn, plan.plan_id, COMMAND_LINE, operation, revision=None).plan
    return plan


def split(county: County) -> dict[str, Any]:
    return {"do": "split", "grid": county.compounds[0], "line": LINE, "name": "新苑"}


@pytest.mark.usefixtures("english")
def test_what_is_signed_names_everything_and_what_is_posted_nobody(
    conn: Conn, county: County
) -> None:
    add_duty(conn, county.compounds[0], "王芳", "grid_worker", "[2025-01-01,)")
    plan = begin(conn, split(county))
    signed = words(papers.page(conn, plan, "signing"))
    for said in (
        "河东扩界", "新苑", "341525100001003", "王芳", "Draft: not approved", "Signatures",
        f"revision {plan.revision}", "2 grids change", "EPSG:4548",
    ):  # fmt: skip
        assert said in signed
    posted = words(papers.page(conn, plan, "posting"))
    assert "王芳" not in posted
    assert "Signatures" not in posted
    # A difference of households tells of single ones: the notice counts buildings.
    assert "ousehold" in signed
    assert "ousehold" not in posted
    assert "新苑" in posted
    assert "Questions and objections" in posted


@pytest.mark.usefixtures("english")
def test_a_published_plan_still_tells_what_it_changed(conn: Conn, county: County) -> None:
    plan = begin(conn, split(county))
    before = words(papers.page(conn, plan, "posting"))
    for deed in ("submit", "approve"):
        plan = advancing.advance(conn, plan, COMMAND_LINE, deed, "")
    plan = publishing.publish(conn, plan.plan_id, COMMAND_LINE, clock.today(), revision=None).plan
    after = words(papers.page(conn, plan, "posting"))
    assert "not approved" not in after
    rows = slice(after.index("Grids Grid Change"), after.index("Questions"))
    assert after[rows] in before
    [sheet] = sheets.find(conn, plan)
    assert not sheet.changing.is_empty
    assert not sheet.won.is_empty
    assert sheet.lost.is_empty


@pytest.mark.usefixtures("english")
def test_a_plan_that_draws_nothing_has_no_map_and_an_empty_one_no_document(
    conn: Conn, county: County
) -> None:
    named = begin(conn, {"do": "rename", "grid": county.compounds[0], "name": "新名"})
    page = papers.page(conn, named, "signing")
    assert "<svg class" not in page
    assert "→ 新名" in words(page)
    with pytest.raises(papers.InvalidInputError):
        papers.page(conn, begin(conn), "signing")


def test_it_comes_as_a_file_for_those_who_may_see_plans(
    conn: Conn, county: County, app: Flask
) -> None:
    plan = begin(conn, split(county))
    conn.commit()
    path = f"/plans/{plan.plan_id}/consequences.pdf"
    assert "/sign-in" in app.test_client().get(path).headers["Location"]
    client = sign_in(app.test_client(), conn, "county_official")
    answer = client.get(path)
    assert answer.data.startswith(b"%PDF-")
    assert answer.headers["Content-Disposition"].startswith("attachment")
    assert client.get(path + "?for=posting").data != answer.data
    assert client.get(path + "?for=burning").status_code == 400
    assert client.get("/plans/4711/consequences.pdf").status_code == 404


@pytest.mark.usefixtures("english")
def test_markup_in_a_title_is_text_and_nothing_is_fetched(conn: Conn, county: County) -> None:
    title = '<img src="file:///etc/passwd"><style>@import "http://203.0.113.1/x"</style>'
    plan = begin(conn, split(county), title=title)
    assert title in unescape(papers.page(conn, plan, "signing"))
    assert title not in papers.page(conn, plan, "signing")
    assert papers.render(conn, plan, "signing").startswith(b"%PDF-")
    with pytest.raises(FatalURLFetchingError):
        printing.pdf('<img src="file:///etc/passwd">')
