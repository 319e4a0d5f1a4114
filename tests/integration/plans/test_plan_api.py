"""Plans over HTTP: what a program, or the map, sends and is answered."""

from __future__ import annotations

import json
import math
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from county import County, build
from flask import Flask
from plan_client import Client
from psycopg import Connection

from tests.hostile_files import polygons
from tests.payloads import SQL
from webmap import create_app

SPLIT_LINE = [[116.305, 31.39], [116.3052, 31.41]]


@pytest.fixture
def county(conn: Connection[Any]) -> County:
    found = build(conn)
    conn.commit()
    return found


@pytest.fixture
def app(database_url: str, county: County) -> Iterator[Flask]:
    made = create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 32, "POOL_SIZE": 4})
    yield made
    if pool := made.extensions["gridmap_pool"]:
        pool.close()


@pytest.fixture
def staff(app: Flask, conn: Connection[Any]) -> Client:
    return Client(app, conn, "county_staff")


@pytest.fixture
def official(app: Flask, conn: Connection[Any]) -> Client:
    return Client(app, conn, "county_official")


def test_from_the_first_stroke_to_the_map(
    app: Flask, conn: Connection[Any], county: County, staff: Client, official: Client
) -> None:
    plan = staff.begin()
    path = f"/{plan['plan_id']}"
    split = {"do": "split", "grid": county.compounds[0], "line": SPLIT_LINE, "name": "新苑"}
    response = staff.ask("POST", f"{path}/steps", split, plan["revision"])
    assert response.status_code == 200
    done = response.get_json()
    assert response.headers["ETag"] == f'"{done["plan"]["revision"]}"'
    assert {grid["grid_id"] for grid in done["changed"]} == {county.compounds[0], -1}
    ring = next(g for g in done["changed"] if g["grid_id"] == -1)["polygons"][0][0]
    assert ring[0] == ring[-1]
    assert [fault for fault in done["faults"] if fault["is_blocking"]] == []
    assert done["plan"]["history"][0]["title"]
    tiles = staff.client.get("/tiles/grids.json").get_json()["tiles"]

    seen = official.ask("GET", f"{path}/consequences").get_json()
    assert {grid["what"] for grid in seen["grids"]} == {"made", "redrawn"}
    # Who draws does not approve, and who approves does not draw.
    submitted = staff.ask(
        "POST", f"{path}/state", {"do": "submit"}, done["plan"]["revision"]
    ).get_json()
    assert submitted["state"] == "submitted"
    assert "approve" not in submitted["deeds"]
    refused = staff.ask("POST", f"{path}/state", {"do": "approve"}, submitted["revision"])
    assert refused.status_code == 409
    assert official.ask("POST", f"{path}/steps", split, submitted["revision"]).status_code == 404
    back = official.ask("POST", f"{path}/state", {"do": "return"}, submitted["revision"])
    assert back.status_code == 400
    revision = submitted["revision"]
    for client, deed in ((official, "approve"), (staff, "publish")):
        response = client.ask("POST", f"{path}/state", {"do": deed}, revision)
        assert response.status_code == 200, response.text
        revision = response.get_json()["revision"]
    assert response.get_json()["state"] == "published"
    assert [event["action"] for event in response.get_json()["events"]] == [
        "created", "submitted", "approved", "published"
    ]  # fmt: skip
    # The map's tiles have another address, and the new grid is found.
    assert staff.client.get("/tiles/grids.json").get_json()["tiles"] != tiles
    hits = staff.client.get("/api/search?q=新苑").get_json()["hits"]
    assert [hit["title"] for hit in hits] == ["新苑"]
    # And taken back again.
    opposite = staff.ask(
        "POST", f"{path}/opposite", {"title": "撤销", "effective_on": "2030-01-01"}
    )
    assert opposite.status_code == 201
    assert len(opposite.get_json()["touched"]) == 2
    trail = conn.execute("SELECT action FROM audit_event WHERE subject = 'plan' ORDER BY 1")
    assert {row[0] for row in trail} >= {"plan.created", "plan.approved", "plan.published"}


def test_who_was_slower_is_told_and_loses_nothing(county: County, staff: Client) -> None:
    plan = staff.begin()
    path = f"/{plan['plan_id']}"
    rename = {"do": "rename", "grid": county.compounds[0], "name": "一"}
    done = staff.ask("POST", f"{path}/steps", rename, plan["revision"]).get_json()
    late = staff.ask("POST", f"{path}/steps", {**rename, "name": "二"}, plan["revision"])
    assert late.status_code == 412
    assert late.mimetype == "application/problem+json"
    assert late.get_json()["revision"] == done["plan"]["revision"]
    again = staff.ask(
        "POST", f"{path}/steps", {**rename, "name": "二"}, late.get_json()["revision"]
    )
    assert again.status_code == 200
    undone = staff.ask("POST", f"{path}/undo", None, again.get_json()["plan"]["revision"])
    assert undone.get_json()["changed"][0]["name"] == "一"
    assert undone.get_json()["plan"]["step"] == 1
    redone = staff.ask("POST", f"{path}/redo", None, undone.get_json()["plan"]["revision"])
    assert redone.get_json()["changed"][0]["name"] == "二"


def test_a_broken_law_is_told_with_its_place(county: County, staff: Client) -> None:
    plan = staff.begin()
    over = {"do": "move", "corner": [116.308, 31.408], "to": [116.317, 31.425]}
    response = staff.ask("POST", f"/{plan['plan_id']}/steps", over, plan["revision"])
    assert response.status_code == 422
    problem = response.get_json()
    assert problem["type"] == "urn:gridmap:problem:partition_law"
    assert problem["kind"] in ("overlap", "outside_parent")
    assert problem["ids"]
    assert 116.3 < problem["place"][0] < 116.35
    now = staff.ask("GET", f"/{plan['plan_id']}").get_json()
    assert (now["revision"], now["touched"]) == (plan["revision"], [])


def test_two_plans_that_touch_the_same_grids_know_of_each_other(
    county: County, staff: Client
) -> None:
    first, second = staff.begin("甲"), staff.begin("乙")
    rename = {"do": "rename", "grid": county.compounds[0], "name": "一"}
    for plan in (first, second):
        response = staff.ask("POST", f"/{plan['plan_id']}/steps", rename, plan["revision"])
        assert response.status_code == 200
    [other] = response.get_json()["plan"]["others"]
    assert (other["title"], other["grids"]) == ("甲", [county.compounds[0]])


def test_a_plan_is_somebody_s_until_it_is_shared(
    app: Flask, conn: Connection[Any], county: County, staff: Client
) -> None:
    colleague = Client(app, conn, "county_staff")
    plan = staff.begin()
    path = f"/{plan['plan_id']}"
    rename = {"do": "rename", "grid": county.compounds[0], "name": "一"}
    assert colleague.ask("GET", path).get_json()["may_draw"] is False
    assert colleague.ask("POST", f"{path}/steps", rename, plan["revision"]).status_code == 409
    [name] = conn.execute("SELECT max(username) FROM account").fetchone() or [None]
    shared = staff.ask("PATCH", path, {"collaborators": [name]}, plan["revision"])
    assert [each["username"] for each in shared.get_json()["collaborators"]] == [name]
    done = colleague.ask("POST", f"{path}/steps", rename, shared.get_json()["revision"])
    assert done.status_code == 200
    nobody = staff.ask("PATCH", path, {"collaborators": ["x"]}, done.get_json()["plan"]["revision"])
    assert nobody.status_code == 400


def test_a_plan_at_its_end_is_put_away_and_comes_back_by_being_taken_up(
    app: Flask, conn: Connection[Any], county: County, staff: Client, official: Client
) -> None:
    plan = staff.begin()
    path = f"/{plan['plan_id']}"
    away = {"archived": True}
    assert staff.ask("PATCH", path, away, plan["revision"]).status_code == 409
    done = staff.ask("POST", f"{path}/state", {"do": "withdraw"}, plan["revision"]).get_json()
    assert official.ask("PATCH", path, away, done["revision"]).status_code == 404
    # A colleague may: the owner may have left.
    colleague = Client(app, conn, "county_staff")
    done = colleague.ask("PATCH", path, away, done["revision"]).get_json()
    assert done["is_archived"] is True
    assert staff.ask("GET", "").get_json()["plans"] == []
    done = staff.ask("POST", f"{path}/state", {"do": "reopen"}, done["revision"]).get_json()
    assert (done["state"], done["is_archived"]) == ("draft", False)


def test_the_owner_is_no_collaborator(county: County, staff: Client) -> None:
    plan = staff.begin()
    me = {"collaborators": [plan["owner"]["username"]]}
    shared = staff.ask("PATCH", f"/{plan['plan_id']}", me, plan["revision"]).get_json()
    assert shared["collaborators"] == []


def test_nobody_approves_a_plan_of_their_own(
    app: Flask, conn: Connection[Any], county: County, staff: Client, official: Client
) -> None:
    """Nor without the right to; not even who holds both roles; another who holds both may."""
    plan = staff.begin()
    rename = {"do": "rename", "grid": county.compounds[0], "name": "零"}
    path = f"/{plan['plan_id']}"
    done = staff.ask("POST", f"{path}/steps", rename, plan["revision"]).get_json()
    sent = staff.ask("POST", f"{path}/state", {"do": "submit"}, done["plan"]["revision"]).get_json()
    colleague = Client(app, conn, "county_staff")
    refused = colleague.ask("POST", f"{path}/state", {"do": "approve"}, sent["revision"])
    assert refused.status_code == 409
    for role in ("county_staff", "county_official"):
        conn.execute(
            "INSERT INTO account_role (account_id, role, grid_id, term)"
            " SELECT account_id, %s, %s, '[2020-01-01,)' FROM account ON CONFLICT DO NOTHING",
            [role, county.county],
        )
    # Anyone who may do something else signs in again.
    conn.commit()
    mine, theirs = staff.again(conn), official.again(conn)
    plan = mine.begin()
    path = f"/{plan['plan_id']}"
    rename = {"do": "rename", "grid": county.compounds[0], "name": "一"}
    done = mine.ask("POST", f"{path}/steps", rename, plan["revision"]).get_json()
    sent = mine.ask("POST", f"{path}/state", {"do": "submit"}, done["plan"]["revision"]).get_json()
    assert "approve" not in sent["deeds"]
    refused = mine.ask("POST", f"{path}/state", {"do": "approve"}, sent["revision"])
    assert (refused.status_code, refused.get_json()["type"]) == (
        409, "urn:gridmap:problem:plan_state"
    )  # fmt: skip
    approved = theirs.ask("POST", f"{path}/state", {"do": "approve"}, sent["revision"])
    assert approved.get_json()["state"] == "approved"


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ("", 400),
        ("{", 400),
        ("[" * 100_000, 400),
        ('{"do": NaN}', 400),
        ('"\\ud800"', 400),
        ('{"do": "rename", "grid": 1, "name": "\\ud800"}', 400),
        ('{"do": "rename", "grid": 1, "name": "\\u0000"}', 400),
        ('{"do": "rename", "grid": 1e400, "name": "x"}', 400),
        ('{"do": "rename", "grid": 99999999999999999999999999, "name": "x"}', 400),
        ('{"do": "split", "grid": 1, "line": [[1, 2, 3], [4, 5, 6]]}', 400),
        ('{"do": "restore", "plan": 4711}', 400),
        ("{" + " " * 2_000_000 + "}", 413),
    ],
)
def test_what_is_no_operation_is_refused(
    county: County, staff: Client, body: str, status: int
) -> None:
    plan = staff.begin()
    response = staff.ask(
        "POST", f"/{plan['plan_id']}/steps", None, plan["revision"],
        data=body, content_type="application/json",
    )  # fmt: skip
    assert response.status_code == status, response.text
    assert response.mimetype == "application/problem+json"
    assert staff.ask("POST", f"/{plan['plan_id']}/steps", {}).status_code == 428
    assert staff.ask("POST", "", {"title": "x\0y"}).status_code == 400
    assert staff.ask("POST", "", {"title": "x", "purpose": "\ud800"}).status_code == 400
    assert staff.ask("POST", "", {"title": "x", "effective_on": "morgen"}).status_code == 400


def test_polygons_that_are_meant_to_keep_a_machine_busy(
    conn: Connection[Any], county: County, staff: Client, tmp_path: Path
) -> None:
    """As areas and as lines: each is refused or drawn within its limits, nothing falls over."""
    plan = staff.begin()
    revision, drawn, refused = plan["revision"], 0, 0
    for bomb in polygons(tmp_path):
        text = bomb.path.read_text("utf-8")
        for ring in re.findall(r"\[\s*\[[^\[\]]*\](?:\s*,\s*\[[^\[\]]*\])*\s*\]", text)[:3]:
            for operation in (
                f'{{"do": "draw", "level": "compound", "parent": {county.communities[0]},'
                f' "name": "弹", "ring": {ring}}}',
                f'{{"do": "split", "grid": {county.compounds[0]}, "line": {ring}}}',
                f'{{"do": "reshape", "old": {ring}, "new": {ring}}}',
            ):
                begin = time.monotonic()
                response = staff.ask(
                    "POST", f"/{plan['plan_id']}/steps", None, revision,
                    data=operation, content_type="application/json",
                )  # fmt: skip
                assert time.monotonic() - begin < 15, bomb.name
                assert response.status_code in (200, 400, 413, 422), (bomb.name, response.text)
                if response.status_code == 200:
                    revision, drawn = response.get_json()["plan"]["revision"], drawn + 1
                else:
                    refused += 1
    assert refused >= 60
    assert conn.execute("SELECT count(*) FROM grid_version").fetchone() == (15,)


def test_texts_that_mean_harm_stay_texts(
    conn: Connection[Any], county: County, staff: Client
) -> None:
    for text in SQL:
        response = staff.ask("POST", "", {"title": text[:110], "purpose": text})
        assert response.status_code in (201, 400), text
        if response.status_code == 201:
            plan = response.get_json()
            assert plan["purpose"] == text.strip()
            rename = {"do": "rename", "grid": county.compounds[0], "name": text[:80]}
            path = f"/{plan['plan_id']}/steps"
            assert staff.ask("POST", path, rename, plan["revision"]).status_code in (200, 400)
            recode = {"do": "recode", "grid": county.compounds[0], "code": text[:40]}
            assert staff.ask("POST", path, recode, plan["revision"]).status_code in (400, 412)
    versions = conn.execute("SELECT count(*), max(length(name)) FROM grid_version").fetchone()
    assert versions == (15, 7)


def test_only_finite_numbers_are_answered(
    conn: Connection[Any], county: County, staff: Client
) -> None:
    plan = staff.begin()
    answer = staff.ask("GET", f"/{plan['plan_id']}/ground?grid={county.towns[0]}")
    grids = json.loads(answer.data)["grids"]
    assert len(grids) == 1 + 2 + 4 + 8 - 4
    for grid in grids:
        for lon, lat in (xy for polygon in grid["polygons"] for ring in polygon for xy in ring):
            assert math.isfinite(lon + lat)
    # All above it comes along, wherever its border runs: here as if far away.
    conn.execute("DELETE FROM grid_border")
    conn.commit()
    inner = staff.ask("GET", f"/{plan['plan_id']}/ground?grid={county.compounds[0]}").get_json()
    assert {county.county, county.towns[0], county.communities[0]} <= {
        each["grid_id"] for each in inner["grids"]
    }
    for query in ("", "?grid=x", "?grid=4711", "?grid=-1"):
        answer = staff.ask("GET", f"/{plan['plan_id']}/ground{query}")
        assert answer.status_code == 400, query
