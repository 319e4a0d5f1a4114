"""A scenario on paper says what would be different and what that brings, as it is reckoned."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
from county import TODAY, County, build, compute_figures
from flask import Flask, template_rendered
from psycopg import Connection
from scenario_client import Client
from signing import sign_in

from geodata import disclosure
from geodata.exporting import coverage
from geodata.model import Level
from geodata.plans import drawing
from geodata.plans import keeping as plans
from geodata.plans.model import COMMAND_LINE
from geodata.scenarios import keeping
from tests.office import words
from webmap import create_app
from webmap.scenarios import paper as scenario_paper

Conn = Connection[Any]
# Households of buildings by lon and lat: in the west most, few in the north of it.
BUILDINGS = [(116.305, 31.405, 300), (116.305, 31.425, 7), (116.335, 31.435, 90)]


@pytest.fixture
def county(conn: Conn) -> County:
    made = build(conn)
    conn.execute("UPDATE grid_version SET households = NULL WHERE level = 'compound'")
    for lon, lat, households in BUILDINGS:
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('楼', %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            (households, lon, lat),
        )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '城南卫生室', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def app(database_url: str, tmp_path: Path) -> Flask:
    return create_app({"DATABASE_URL": database_url, "HOME": tmp_path, "TESTING": True})


@pytest.fixture
def official(app: Flask, conn: Conn, county: County) -> Client:
    return Client(app, conn, "county_official", grid_id=county.county)


@pytest.fixture
def scenario_id(conn: Conn, official: Client) -> int:
    """A clinic more in the east; that in the west closes."""
    made = official.begin("东边再办一处")
    official.change(made, what="add", kind="clinic", lon=116.335, lat=31.435)
    facility = conn.execute("SELECT facility_id FROM facility").fetchone()
    assert facility
    assert official.change(made, what="close", facility=facility[0]).status_code == 201
    return made


def page_of(
    app: Flask,
    conn: Conn,
    scenario_id: int,
    grid_id: int,
    least: int = 0,
    deepest: Level = "compound",
) -> str:
    extract = coverage.take(conn, grid_id, TODAY, least=least, deepest=deepest)
    with app.test_request_context("/?lang=en"):
        return scenario_paper.document(conn, keeping.get(conn, scenario_id), extract, None)


def test_a_town_is_told_what_is_different_and_what_it_brings(
    app: Flask, conn: Conn, county: County, scenario_id: int
) -> None:
    page = page_of(app, conn, scenario_id, county.towns[1])
    text = words(page)
    for said in (
        "What if: 东边再办一处", "佛子岭镇, as of 15 Jun 2026", "nothing of it has been decided",
        "New: Clinic", "城南卫生室 closes", "116.33500, 31.43500",
        "What it would bring: 佛子岭镇", "Clinic 90 0 0% 90 100% +90",
        "As it is : 0%", "As it would be : 100%", "山口村 0% 100% +90",
    ):  # fmt: skip
        assert said.replace(" :", ":") in text.replace(" :", ":"), said
    # The western clinic is not on the map of this town, so its number stands in the list alone.
    assert page.count(">1</text>") == 3
    assert page.count(">2</text>") == 1
    assert page.count('class="map coverage"') == 2


def test_the_county_has_both_sides_of_it(
    app: Flask, conn: Conn, county: County, scenario_id: int
) -> None:
    text = words(page_of(app, conn, scenario_id, county.county, deepest="community"))
    assert "Clinic 397 300 75% 90 22% −210" in text
    assert "衡山镇 97% 0% −300" in text
    assert "佛子岭镇 0% 100% +90" in text


def test_what_is_tried_is_not_taken_for_what_holds(
    app: Flask, conn: Conn, county: County, official: Client
) -> None:
    made = official.begin("两处才算")
    official.change(
        made, what="standard", kind="clinic", place="town",
        reach=1000, unit="m", detour=1.0, minimum=2,
    )  # fmt: skip
    text = words(page_of(app, conn, made, county.county, deepest="community"))
    assert "Served means, as it is 1,000 m on foot Served means, as it would be" in text
    assert "in towns: 1,000 m on foot, at least 2 providers in villages: 1,000 m on foot" in text
    # Where nothing is different nothing is said twice.
    official.change(made, what="add", kind="shop", lon=116.305, lat=31.405)
    text = words(page_of(app, conn, made, county.county, deepest="community"))
    assert text.count("Served means, as it is") == 1
    again = {"what": "standard", "kind": "clinic", "place": "town", "minimum": 2, "reach": 1000}
    answer = official.change(made, **again)
    assert answer.status_code == 400
    assert "与现行标准相同" in answer.get_json()["detail"]


def test_few_households_are_not_told(
    app: Flask, conn: Conn, county: County, official: Client, scenario_id: int
) -> None:
    official.change(scenario_id, what="add", kind="clinic", lon=116.305, lat=31.425)
    closing = keeping.get(conn, scenario_id).changes[1]
    official.ask("PATCH", f"/{scenario_id}/changes/{closing.change_id}", {"out": True})
    least = disclosure.LEAST_COUNT
    text = words(page_of(app, conn, scenario_id, county.towns[0], least))
    assert "Clinic 310 300 98% 310 100% +<10" in text
    assert "城北社区 0% 100% +<10" in text
    assert not re.search(r"\b7\b", text.split("What it would bring")[1].split("Scale")[0])
    told = words(page_of(app, conn, scenario_id, county.towns[0]))
    assert "Clinic 307 300 97% 307 100% +7" in told
    assert "exact counts, also below 10, which are not for everybody" in told


def test_a_boundary_plan_is_drawn_as_it_would_be(
    app: Flask, conn: Conn, county: County, official: Client, scenario_id: int
) -> None:
    plan = plans.create(conn, COMMAND_LINE, "两村合并", "", TODAY)
    one, other = county.communities[0], county.communities[1]
    drawing.do(
        conn, plan.plan_id, COMMAND_LINE,
        {"do": "merge", "grid": one, "other": other}, revision=None,
    )  # fmt: skip
    conn.commit()
    assert official.change(scenario_id, what="plan", plan=plan.plan_id).status_code == 201
    page = page_of(app, conn, scenario_id, county.towns[0])
    before, after = re.findall(r'<svg class="map coverage".*?</svg>', page, flags=re.S)[:2]
    assert "城北社区" in before
    assert "城北社区" not in after
    assert "两村合并" in words(page)


@pytest.mark.parametrize(
    ("near", "far", "told"),
    [
        (5, 40, "Clinic 140 <10 2% 100 68% +about 90"),
        (40, 5, "Clinic 140 40 30% 140 96% +about 90"),
        (40, 50, "Clinic 190 40 22% 140 71% +about 90"),
    ],
)
def test_others_are_told_rounded_counts_that_add_up(
    app: Flask, conn: Conn, county: County, official: Client, near: int, far: int, told: str
) -> None:
    for lon, households in ((116.339, near), (116.322, far)):
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('楼', %s, ST_SetSRID(ST_MakePoint(%s, 31.401), 4326))",
            (households, lon),
        )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '东', ST_SetSRID(ST_MakePoint(116.339, 31.401), 4326))"
    )
    compute_figures(conn, TODAY)
    made = official.begin("东边再办一处")
    official.change(made, what="add", kind="clinic", lon=116.335, lat=31.435)
    text = words(page_of(app, conn, made, county.towns[1], disclosure.LEAST_COUNT))
    assert told in text
    # A town's difference less those of its communities is no small one either.
    assert "山口村 0% 100% +about 90" in text


def test_a_town_that_a_plan_makes_has_its_communities_on_the_map(
    app: Flask, conn: Conn, county: County, official: Client
) -> None:
    plan = plans.create(conn, COMMAND_LINE, "分镇", "", TODAY)
    line = [[116.295, 31.42], [116.30, 31.42], [116.32, 31.42], [116.325, 31.42]]
    step = {"do": "split", "grid": county.towns[0], "line": line, "name": "新镇"}
    drawing.do(conn, plan.plan_id, COMMAND_LINE, step, revision=None)
    conn.commit()
    made = official.begin("分镇")
    assert official.change(made, what="plan", plan=plan.plan_id).status_code == 201
    official.change(made, what="add", kind="clinic", lon=116.335, lat=31.435)
    page = page_of(app, conn, made, county.county, deepest="community")
    clinic = page.split("Clinic</h2>")[1]
    before, after = re.findall(r'<svg class="map coverage".*?</svg>', clinic, flags=re.S)[:2]

    def filled(drawing: str) -> int:
        paths = re.findall(r'<path d="([^"]*)" fill="url[^"]*"', drawing)
        return sum(d.count("M") for d in paths)

    assert filled(before) == filled(after) == 4
    assert "新镇" in after
    # Of the levels below those on the map nothing is known but where the plan draws.
    assert "Compounds in which it changes most" not in page


def test_a_community_that_is_handed_over_has_its_figures_on_the_map(
    app: Flask, conn: Conn, county: County, official: Client
) -> None:
    plan = plans.create(conn, COMMAND_LINE, "调整", "", TODAY)
    # The western clinic's community goes to the eastern town.
    step = {"do": "hand_over", "grid": county.communities[0], "parent": county.towns[1]}
    drawing.do(conn, plan.plan_id, COMMAND_LINE, step, revision=None)
    conn.commit()
    made = official.begin("调整")
    assert official.change(made, what="plan", plan=plan.plan_id).status_code == 201
    page = page_of(app, conn, made, county.towns[1])
    clinic = page.split("Clinic</h2>")[1]
    before, after = re.findall(r'<svg class="map coverage".*?</svg>', clinic, flags=re.S)[:2]
    assert "城南社区" not in before
    assert "城南社区" in after
    # Before, nobody of the town has a clinic; the community brings 300 who have.
    assert re.findall(r'fill="url\(#\w+-(\w+)\)"', before) == ["missing", "cross"]
    assert set(re.findall(r'fill="url\(#\w+-(\w+)\)"', after)) == {"missing", "cross", "plain"}


def test_over_http_few_households_are_not_told(
    app: Flask, conn: Conn, county: County, official: Client
) -> None:
    stranger = Client(app, conn, "town_official", grid_id=county.towns[1])
    told = {}
    for name, each in (("county", official), ("stranger", stranger)):
        made = each.begin(name)
        each.change(made, what="add", kind="clinic", lon=116.305, lat=31.425)
        answer = each.ask("GET", f"/{made}?on={TODAY}").get_json()
        told[name] = next(it for it in answer["sums"] if it["kind"] == "clinic")
        page = each.client.get(f"/panel/scenarios/{made}?on={TODAY}&kind=clinic&lang=en").text
        told[f"{name} panel"] = words(page).split("What it would bring")[1]
    assert told["county"] == {
        "kind": "clinic", "households": 397, "met_before": 300, "met_after": 307,
    }  # fmt: skip
    assert told["stranger"] == {
        "kind": "clinic", "households": 403, "met_before": 304, "met_after": 309,
    }  # fmt: skip
    assert "Clinic 300 75% 307 77% +7" in told["county panel"]
    assert "Clinic about 300 75% about 310 76% +<10" in told["stranger panel"]


def test_a_search_that_is_refused_counts_no_few_households(
    app: Flask, conn: Conn, county: County, official: Client
) -> None:
    conn.execute(
        "INSERT INTO building (name, households, geom)"
        " VALUES ('楼', 23, ST_SetSRID(ST_MakePoint(116.3195, 31.4395), 4326))"
    )
    conn.commit()
    stranger = Client(app, conn, "town_official", grid_id=county.towns[1])
    every = {
        "kind": "clinic", "grid": county.communities[1], "ask": "fewest", "percent": 100,
        "candidates": "given", "places": "116.3195,31.4395",
    }  # fmt: skip
    second = {**every, "ask": "second", "count": 1, "grid": county.compounds[2]}
    second["places"] = "116.305,31.425"
    for asked, counted in ((every, "and 7 households"), (second, "too few providers: 7")):
        for each in (official, stranger):
            response = each.ask("POST", f"/{each.begin('试')}/search?lang=en", asked)
            assert response.status_code == 400
            said = response.get_json()["detail"]
            assert (counted in said) == (each is official), said
            assert ("achieves this" in said) == (each is stranger), said


def test_on_paper_the_neighbours_households_are_not_found_by_a_capacity(
    app: Flask, conn: Conn, county: County, official: Client
) -> None:
    """Of a place with room for 300 + n, who is served here tells whether n or more live there."""
    told: dict[str, int] = {}
    own = Client(app, conn, "town_official", grid_id=county.towns[0])
    for name, each in (("county", official), ("own", own)):
        made = each.begin(name)
        each.change(made, what="add", kind="clinic", lon=116.305, lat=31.415)
        for place in ("town", "village"):
            each.change(made, what="standard", kind="clinic", place=place, reach=5000, capacity=303)

        def note(_app: Flask, context: dict[str, Any], name: str = name, **_rest: object) -> None:
            if "extract" in context:
                told[name] = context["extract"].least

        with template_rendered.connected_to(note, app):
            answer = each.client.get(
                f"/reports/scenario.pdf?scenario={made}&on={TODAY}&grid={county.towns[0]}"
            )
            assert answer.status_code == 200, answer.text
    assert told == {"county": 0, "own": disclosure.LEAST_COUNT}


def test_it_is_made_for_those_who_may_try_services(
    app: Flask, conn: Conn, county: County, official: Client, scenario_id: int
) -> None:
    client = official.client
    # A compound stands for its community.
    for query in (
        "", f"&grid={county.towns[0]}", f"&grid={county.communities[0]}",
        f"&grid={county.compounds[0]}", "&lang=zh",
    ):  # fmt: skip
        answer = client.get(f"/reports/scenario.pdf?scenario={scenario_id}&on={TODAY}{query}")
        assert answer.status_code == 200, answer.text
        assert answer.data.startswith(b"%PDF-")
        assert answer.headers["Cache-Control"] == "no-store"
        assert f"scenario-{scenario_id}-" in answer.headers["Content-Disposition"]
    official.ask("PATCH", f"/{scenario_id}", {"removed": True})
    answer = client.get(f"/reports/scenario.pdf?scenario={scenario_id}&on={TODAY}&lang=en")
    assert (answer.status_code, "been deleted" in answer.text) == (400, True)
    official.ask("PATCH", f"/{scenario_id}", {"removed": False})
    assert client.get("/reports/scenario.pdf").status_code == 404
    assert client.get("/reports/scenario.pdf?scenario=999").status_code == 404
    leader = sign_in(app.test_client(), conn, "grid_leader", grid_id=county.compounds[0])
    assert leader.get(f"/reports/scenario.pdf?scenario={scenario_id}").status_code == 404
    assert app.test_client().get(f"/reports/scenario.pdf?scenario={scenario_id}").status_code in (
        302,
        401,
    )
