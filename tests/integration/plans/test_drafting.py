"""The fragments of the drawing mode: what they say of plans, and to whom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import psycopg
import pytest
from flask import Flask

from geodata.database import clock
from geodata.importing.files.requests import Columns, FileRequest
from geodata.importing.grids.writing import GridImport
from geodata.plans import drawing, from_file, keeping
from geodata.plans.model import COMMAND_LINE
from tests import office
from tests.county import County, box
from tests.faults import features, write_json
from tests.office import add, enter, furnish, give
from webmap import create_app
from webmap.core import asking

Conn = psycopg.Connection[Any]


@pytest.fixture
def county(conn: Conn) -> County:
    made = furnish(conn)
    for username, role in (("staff", "county_staff"), ("official", "county_official")):
        add(conn, username)
        give(conn, username, role, made.county)
    add(conn, "leader")
    give(conn, "leader", "grid_leader", made.compounds[0])
    conn.commit()
    return made


@pytest.fixture
def app(database_url: str, county: County) -> Flask:
    return create_app({"DATABASE_URL": database_url, "TESTING": True})


@pytest.fixture
def plan(conn: Conn, app: Flask, county: County) -> int:
    with app.test_request_context():
        today = asking.today()
    made = keeping.create(conn, COMMAND_LINE, "<b>河东扩界</b>", "", today)
    move = {"do": "move", "corner": [116.32, 31.42], "to": [116.3205, 31.4204]}
    drawing.do(conn, made.plan_id, COMMAND_LINE, move, revision=None)
    conn.commit()
    return made.plan_id


def test_a_plan_says_what_it_changes(conn: Conn, app: Flask, plan: int, county: County) -> None:
    answer = enter(app, conn, "staff").get(f"/panel/plans/{plan}?grid={county.communities[0]}")
    assert answer.status_code == 200
    for words in ("Move a corner", "城南社区", "山口村", "Make a copy", f'data-plan="{plan}"'):
        assert words in answer.text
    assert "&lt;b&gt;河东扩界&lt;/b&gt;" in answer.text
    # It is the command line's: nobody else draws in it.
    assert 'data-may-draw=""' in answer.text
    assert "data-tools" not in answer.text


def test_a_plan_of_a_file_shows_old_beside_new(
    conn: Conn, app: Flask, county: County, tmp_path: Path
) -> None:
    whole = box(116.30, 31.40, 116.32, 31.44)
    east = [box(116.32, 31.40, 116.34, 31.42), box(116.32, 31.42, 116.34, 31.44)]
    codes = ("341525100003", "341525101001", "341525101002")
    plain = features([whole, *east], codes, ("<i>新城南</i>", "河东村", "山口村"))
    order = GridImport(
        FileRequest(str(write_json(tmp_path / "division.geojson", plain))),
        "community",
        Columns("name", "code"),
        clock.today(),
        as_plan=True,
    )
    report = from_file.plan_grids(
        conn, order, COMMAND_LINE, "并村", progress=lambda _stage, _share: None
    )
    conn.commit()
    browser = enter(app, conn, "staff")
    page = browser.get(f"/panel/plans/{report.plan}?lang=en")
    assert page.status_code == 200
    assert "<i>新城南" not in page.text
    text = office.words(page)
    assert "Old and new grids 2" in text
    assert "城北社区 → <i>新城南</i> 341525100002 → 341525100003" in text
    assert "lives on, with number and duties" in text
    assert "Divide as in a file · division.geojson" in text
    answer = browser.get(f"/api/plans/{report.plan}").json
    assert answer
    assert answer["history"][0]["operation"] == {"do": "bring", "file": 1}


def test_plans_are_listed_by_state(conn: Conn, app: Flask, plan: int) -> None:
    text = enter(app, conn, "staff").get("/panel/plans").text
    assert "New plan" in text
    assert f"plan={plan}" in text
    assert "New plan" not in enter(app, conn, "official").get("/panel/plans").text


def test_without_plans_the_list_says_what_to_do(conn: Conn, app: Flask) -> None:
    assert "No plan here yet" in enter(app, conn, "staff").get("/panel/plans").text


@pytest.mark.parametrize("path", ["/panel/plans", "/panel/plans/1", "/panel/plans/1?grid=2"])
def test_to_others_plans_are_not_there(conn: Conn, app: Flask, plan: int, path: str) -> None:
    assert app.test_client().get(path).status_code == 401
    answer = enter(app, conn, "leader").get(path)
    assert answer.status_code == 404
    assert "河东扩界" not in answer.text


def test_a_plan_that_is_not_there(conn: Conn, app: Flask, county: County) -> None:
    assert enter(app, conn, "staff").get("/panel/plans/99").status_code == 404


def test_the_mode_is_offered_to_those_who_see_plans_only(conn: Conn, app: Flask) -> None:
    link = 'data-mode="draw"'
    assert link in enter(app, conn, "staff").get("/?lang=en").text
    assert link not in enter(app, conn, "leader").get("/?lang=en&mode=draw").text
    visitor = app.test_client()
    page = visitor.get("/?lang=en&mode=draw").text
    assert link not in page
    assert "draw.corner" not in page
    for path in ("/panel/home", "/panel/grid/1", "/panel/here"):
        assert visitor.get(f"{path}?mode=draw&lon=116.31&lat=31.41").status_code == 404


def test_the_ground_comes_with_what_was_before(
    conn: Conn, app: Flask, plan: int, county: County
) -> None:
    address = f"/api/plans/{plan}/ground?grid={county.communities[0]}"
    ground = enter(app, conn, "staff").get(address).get_json()
    changed = {each["grid_id"] for each in ground["grids"] if each["is_changed"]}
    assert {each["grid_id"] for each in ground["before"]} == changed
    corners = [corner for each in ground["before"] for corner in each["polygons"][0][0]]
    assert [116.32, 31.42] in corners
