"""Scenarios over HTTP: what would be is told, and is what comes when it is done."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest
from flask import Flask
from psycopg import Connection
from psycopg.errors import InsufficientPrivilege
from scenario_client import Client

from geodata import demo
from geodata.coverage.figures import keeping as figures
from geodata.database import clock
from geodata.plans import drawing
from geodata.plans import keeping as plans
from geodata.plans.model import COMMAND_LINE
from webmap import create_app

Conn = Connection[Any]


@pytest.fixture(scope="module")
def app(module_url: str) -> Iterator[Flask]:
    from geodata.database import connecting as db

    with db.connect(module_url) as conn:
        demo.load(conn, compounds=150)
    made = create_app({"DATABASE_URL": module_url, "SECRET_KEY": "k" * 32, "POOL_SIZE": 4})
    yield made
    if pool := made.extensions["gridmap_pool"]:
        pool.close()


@pytest.fixture
def owner(app: Flask, module_url: str) -> Iterator[Conn]:
    from geodata.database import connecting as db

    with db.connect(module_url) as conn:
        yield conn


@pytest.fixture
def official(app: Flask, owner: Conn) -> Client:
    return Client(app, owner, "county_official")


def place(conn: Conn, offset: int = 300) -> dict[str, float]:
    row = conn.execute(
        "SELECT ST_X(geom), ST_Y(geom) FROM building ORDER BY building_id LIMIT 1 OFFSET %s",
        [offset],
    ).fetchone()
    assert row
    return {"lon": row[0], "lat": row[1]}


def clinic(conn: Conn, offset: int = 0) -> tuple[int, float, float]:
    row = conn.execute(
        "SELECT facility_id, ST_X(geom), ST_Y(geom) FROM facility WHERE kind = 'clinic'"
        " AND valid @> %s::date ORDER BY facility_id LIMIT 1 OFFSET %s",
        [clock.today(), offset],
    ).fetchone()
    assert row
    return row


def test_best_places_are_part_of_the_scenario_and_keep_their_promise(
    official: Client, owner: Conn
) -> None:
    town = owner.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'town' AND valid @> %s::date"
        " ORDER BY code LIMIT 1 OFFSET 5",
        [clock.today()],
    ).fetchone()
    assert town
    made = official.begin()
    assert official.sums(made) == {}
    response = official.ask(
        "POST",
        f"/{made}/search",
        {"kind": "clinic", "ask": "most", "count": 2, "grid": town[0]},
    )
    assert response.status_code == 201, response.text
    found = response.get_json()
    assert len(found["places"]) == 2
    assert found["proven"]
    gained = found["after"] - found["before"]
    assert gained == sum(found["gains"]) > 0
    answer = official.ask("GET", f"/{made}?kind=clinic").get_json()
    # Neighbours over the boundary may gain as well.
    before, after = official.sums(made)["clinic"]
    assert after - before >= gained
    assert [each["what"] for each in answer["marks"]] == ["add", "add"]
    assert answer["shares"][str(town[0])][1] > answer["shares"][str(town[0])][0]
    page = official.client.get(f"/panel/scenarios/{made}?kind=clinic&lang=en").text
    assert "Proven" in page
    assert re.search(r"Best places for \w+: Clinic", page)
    # What was proven is so of the places that were found, and of nothing else.
    change_id = answer["marks"][0]["change_id"]
    official.ask("PATCH", f"/{made}/changes/{change_id}", {"out": True})
    panel = f"/panel/scenarios/{made}?kind=clinic&lang=en"
    assert "Proven" not in official.client.get(panel).text
    official.ask("PATCH", f"/{made}/changes/{change_id}", {"out": False})
    assert "Proven" in official.client.get(panel).text
    assert f"+{after - before:,}" in page


def test_a_second_window_does_not_overwrite_what_it_has_not_seen(
    official: Client, owner: Conn
) -> None:
    facility, *_ = clinic(owner, 1)
    made = official.begin("两个窗口")
    answer = official.ask("GET", f"/{made}")
    seen = answer.get_json()["revision"]
    assert answer.headers["ETag"] == f'"{seen}"'
    page = official.client.get(f"/panel/scenarios/{made}?lang=en").text
    assert f'data-revision="{seen}"' in page
    closed = official.ask("POST", f"/{made}/changes", {"what": "close", "facility": facility}, seen)
    assert closed.status_code == 201
    now = closed.get_json()["revision"]
    assert now > seen
    change_id = official.ask("GET", f"/{made}").get_json()["marks"][0]["change_id"]
    clinic_near = place(owner)
    for method, path, body in (
        ("PATCH", "", {"name": "另一个名称"}),
        ("PATCH", "", {"removed": True}),
        ("POST", "/changes", {"what": "move", "facility": facility, **clinic_near}),
        ("PATCH", f"/changes/{change_id}", {"out": True}),
        ("POST", "/search", {"kind": "clinic", "ask": "most", "count": 1}),
    ):
        stale = official.ask(method, f"/{made}{path}?lang=en", body, seen)
        assert stale.status_code == 412, stale.text
        problem = stale.get_json()
        assert (problem["type"], problem["revision"]) == ("urn:gridmap:problem:stale", now)
        assert "changed in another window" in problem["detail"]
    after = official.ask("GET", f"/{made}").get_json()
    assert (after["name"], after["is_removed"], after["revision"]) == ("两个窗口", False, now)
    assert [each["what"] for each in after["marks"]] == ["close"]
    # Each of them counts, so that none is done unseen.
    for method, path, body in (
        ("PATCH", "", {"name": "另一个名称"}),
        ("PATCH", f"/changes/{change_id}", {"out": True}),
        ("PATCH", "", {"removed": True}),
        ("PATCH", "", {"removed": False}),
    ):
        done = official.ask(method, f"/{made}{path}", body, now)
        assert done.status_code == 200, done.text
        assert done.get_json()["revision"] > now
        now = done.get_json()["revision"]
    unseen = official.client.patch(
        f"/api/scenarios/{made}", json={"name": "x"}, headers={"X-CSRFToken": official.token}
    )
    assert unseen.status_code == 428


def test_the_first_place_of_a_kind_can_be_searched_for(official: Client, owner: Conn) -> None:
    """The county has none of the kind yet: no data, and no reason not to look for the best."""
    assert owner.execute("SELECT FROM facility WHERE kind = 'dentist'").rowcount == 0
    made = official.begin("第一家牙科")
    panel = official.client.get(f"/panel/scenarios/{made}?lang=en").text
    tools = re.findall(r'<select name="(\w+)"[^>]*>(.*?)</select>', panel, re.S)
    offered = {name for name, options in tools if 'value="dentist"' in options}
    # It can be put and searched for; but it stands nowhere, so not where there is one of it.
    assert offered == {"placed", "kind"}
    asked = {"kind": "dentist", "ask": "most", "count": 2}
    response = official.ask("POST", f"/{made}/search", asked)
    assert response.status_code == 201, response.text
    found = response.get_json()
    assert len(found["places"]) == 2
    assert found["before"] == 0
    assert found["after"] == sum(found["gains"]) > 0
    assert official.sums(made)["dentist"] == (0, found["after"])
    page = official.client.get(f"/panel/scenarios/{made}?kind=dentist&lang=en").text
    assert re.search(r"Best places for [\w ]+: Dentist", page)
    # Nobody has one, so a second provider takes two places that both reach somebody.
    second = official.ask("POST", f"/{made}/search", {**asked, "ask": "second", "count": 1})
    assert second.status_code == 201, second.text
    fewest = {"kind": "optician", "ask": "fewest", "percent": 5}
    assert official.ask("POST", f"/{made}/search", fewest).status_code == 201
    # What no facility gives, and what is no kind at all, is still refused.
    for kind in ("grid_worker", "nothing"):
        refused = official.ask("POST", f"/{made}/search", {**asked, "kind": kind})
        assert refused.status_code == 400


@pytest.mark.parametrize("asked", [{"ask": "most", "count": 3}, {"ask": "fewest", "percent": 12}])
def test_best_places_for_a_standard_of_two_providers_keep_their_promise(
    official: Client, owner: Conn, asked: dict[str, Any]
) -> None:
    made = official.begin()
    wanted = {"reach": 1000, "unit": "m", "detour": 1.0, "minimum": 2}
    response = official.change(made, what="standard", kind="clinic", place="town", **wanted)
    assert response.status_code == 201, response.text
    _, before = official.sums(made)["clinic"]
    response = official.ask("POST", f"/{made}/search", {"kind": "clinic", **asked})
    assert response.status_code == 201, response.text
    found = response.get_json()
    _, after = official.sums(made)["clinic"]
    assert (found["before"], found["after"]) == (before, after)
    assert after > before
    capacity = official.ask("POST", f"/{made}/search", {"kind": "clinic", **asked, "capacity": 100})
    assert capacity.status_code == 400
    assert "不能同时限定" in capacity.get_json()["detail"]


def test_what_is_told_is_what_comes(official: Client, owner: Conn) -> None:
    (closing, _, _), (moving, lon, lat) = clinic(owner), clinic(owner, 1)
    made, new = official.begin(), place(owner, 700)
    assert official.change(made, what="add", kind="clinic", **new).status_code == 201
    assert official.change(made, what="close", facility=closing).status_code == 201
    moved = official.change(made, what="move", facility=moving, lon=lon + 0.01, lat=lat)
    assert moved.status_code == 201
    before, after = official.sums(made)["clinic"]

    owner.execute(
        "UPDATE facility SET valid = daterange(lower(valid), %s) WHERE facility_id = %s",
        [clock.today(), closing],
    )
    owner.execute(
        "UPDATE facility SET geom = ST_Translate(geom, 0.01, 0) WHERE facility_id = %s", [moving]
    )
    owner.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '新', ST_SetSRID(ST_MakePoint(%(lon)s, %(lat)s), 4326))",
        new,
    )
    figures.ensure(owner, clock.today())
    row = owner.execute(
        "SELECT c.met FROM coverage_grid c JOIN grid g USING (grid_id)"
        " JOIN coverage_stretch s USING (stretch_id)"
        " WHERE g.level = 'county' AND c.kind = 'clinic' AND NOT c.is_rounded"
        " AND s.valid @> %s::date",
        [clock.today()],
    ).fetchone()
    owner.rollback()
    assert row == (after,)
    assert before != after


def test_a_change_is_taken_out_and_had_back(official: Client, owner: Conn) -> None:
    made = official.begin()
    official.change(made, what="add", kind="pharmacy", **place(owner))
    told = official.sums(made)
    mark = official.ask("GET", f"/{made}").get_json()["marks"][0]["change_id"]
    path = f"/{made}/changes/{mark}"
    assert official.ask("PATCH", path, {"out": True}).status_code == 200
    assert official.sums(made) == {}
    assert official.ask("PATCH", path, {"out": False}).status_code == 200
    assert official.sums(made) == told
    assert official.ask("PATCH", f"/{made}/changes/999999", {"out": True}).status_code == 404


def test_standards_and_areas(official: Client, owner: Conn) -> None:
    made = official.begin()
    standard = {"what": "standard", "kind": "clinic", "place": "town"}
    assert official.change(made, **standard, reach=100).status_code == 201
    before, after = official.sums(made)["clinic"]
    assert after < before
    # The same again is the same change.
    assert official.change(made, **standard, reach=5000).status_code == 201
    assert official.sums(made)["clinic"][1] > before
    team, grid = owner.execute(
        "SELECT a.organisation_id, a.grid_id FROM service_area a JOIN organisation o"
        " USING (organisation_id) WHERE o.kind = 'volunteer_team' AND a.valid @> %s::date"
        " ORDER BY 1, 2 LIMIT 1",
        [clock.today()],
    ).fetchone() or (0, 0)
    refused = official.change(made, what="give", organisation=team, grid=grid)
    assert refused.status_code == 400
    assert "已经服务" in refused.get_json()["detail"]
    assert official.change(made, what="take", organisation=team, grid=grid).status_code == 201
    before, after = official.sums(made)["volunteer_team"]
    assert after <= before
    page = official.client.get(f"/panel/scenarios/{made}?grid={grid}&kind=clinic").text
    assert "不再服务" in page
    assert 'name="organisation"' in page


def test_a_boundary_plan_is_a_part_of_it_for_those_who_see_plans(
    app: Flask, official: Client, owner: Conn
) -> None:
    one, other = owner.execute(
        """
        SELECT a.grid_id, b.grid_id FROM grid_version a JOIN grid_version b
            ON b.parent_id = a.parent_id AND b.grid_id > a.grid_id AND b.level = a.level
            AND ST_Relate(a.geom, b.geom, 'F***1****')
        WHERE a.level = 'community' AND upper_inf(a.valid) AND upper_inf(b.valid)
        ORDER BY a.grid_id LIMIT 1
        """
    ).fetchone() or (0, 0)
    plan = plans.create(owner, COMMAND_LINE, "两村合并", "", clock.today())
    drawing.do(
        owner, plan.plan_id, COMMAND_LINE, {"do": "merge", "grid": one, "other": other},
        revision=None,
    )  # fmt: skip
    owner.commit()
    made = official.begin()
    assert official.change(made, what="plan", plan=plan.plan_id).status_code == 201
    found = official.ask("GET", f"/{made}?kind=clinic").get_json()
    assert {str(one), str(other)} <= found["shares"].keys()
    assert found["shares"][str(other)][1] is None
    page = official.client.get(f"/panel/scenarios/{made}?kind=clinic").text
    assert "采用划界方案：两村合并" in page
    assert official.change(made, what="plan", plan=999_999).status_code == 404
    # Anyone who may not see plans is told so, and what the rest would bring.
    (town,) = owner.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'town' AND valid @> %s::date LIMIT 1",
        [clock.today()],
    ).fetchone() or (0,)
    elsewhere = Client(app, owner, "town_official", grid_id=town)
    assert elsewhere.sums(made) == {}
    page = elsewhere.client.get(f"/panel/scenarios/{made}").text
    assert "无权查看的划界方案" in page
    assert "两村合并" not in page


def test_a_link_shows_it_to_others_who_may_copy_but_not_change_it(
    app: Flask, official: Client, owner: Conn
) -> None:
    made = official.begin("给会议看的")
    official.change(made, what="add", kind="clinic", **place(owner))
    town = owner.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'town' AND valid @> %s::date LIMIT 1",
        [clock.today()],
    ).fetchone()
    assert town
    other = Client(app, owner, "town_official", grid_id=town[0])
    assert official.sums(made).keys() == other.sums(made).keys() == {"clinic"}
    # Who answers for one town is told rounded counts of the county.
    for exact, rounded in zip(
        official.sums(made)["clinic"], other.sums(made)["clinic"], strict=True
    ):
        assert rounded == pytest.approx(exact, rel=0.1)
    page = other.client.get(f"/panel/scenarios/{made}").text
    assert "给会议看的" in page
    assert "data-placing" not in page
    assert other.change(made, what="add", kind="clinic", **place(owner)).status_code == 404
    assert other.ask("PATCH", f"/{made}", {"name": "我的"}).status_code == 404
    assert other.ask("PATCH", f"/{made}", {"removed": True}).status_code == 404
    copied = other.ask("POST", f"/{made}/copy", {"name": "我的"}).get_json()
    assert copied["is_own"]
    assert other.change(copied["scenario_id"], what="add", kind="clinic", **place(owner, 9))
    assert len(official.ask("GET", f"/{made}").get_json()["marks"]) == 1
    below = owner.execute(
        "SELECT grid_id FROM grid_version WHERE parent_id = %s AND valid @> %s::date LIMIT 1",
        [town[0], clock.today()],
    ).fetchone()
    assert below
    leader = Client(app, owner, "grid_leader", grid_id=below[0])
    assert leader.ask("GET", f"/{made}").status_code == 404
    assert app.test_client().get(f"/api/scenarios/{made}").status_code == 401


def test_thrown_away_and_had_back(official: Client) -> None:
    made = official.begin("丢掉的")
    assert official.ask("PATCH", f"/{made}", {"removed": True}).status_code == 200
    assert "丢掉的" not in official.client.get("/panel/scenarios").text
    assert "恢复" in official.client.get(f"/panel/scenarios/{made}").text
    assert official.ask("PATCH", f"/{made}", {"removed": False}).status_code == 200
    assert "丢掉的" in official.client.get("/panel/scenarios").text


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"what": "add", "kind": "grid_worker", "lon": 116.3, "lat": 31.4}, "不是由设施提供"),
        ({"what": "add", "kind": "clinic", "lon": 0, "lat": 0}, "不在县域内"),
        ({"what": "give", "organisation": 999_999, "grid": 1}, "没有这个单位"),
        ({"what": "standard", "kind": "nothing", "place": "town", "reach": 5}, "nothing"),
    ],
)
def test_what_cannot_be_is_said(official: Client, body: dict[str, Any], said: str) -> None:
    made = official.begin()
    response = official.change(made, **body)
    assert response.status_code == 400
    assert said in response.get_json()["detail"]
    assert official.ask("GET", f"/{made}").get_json()["marks"] == []


def test_a_name_is_needed(official: Client) -> None:
    assert official.ask("POST", "", {"name": "  "}).status_code == 400
    assert official.ask("POST", "", {"name": "长" * 81}).status_code == 400


def test_a_search_that_finds_nothing_leaves_nothing(official: Client, owner: Conn) -> None:
    made = official.begin()
    body = {"kind": "clinic", "ask": "fewest", "percent": 100, "candidates": "party_station"}
    response = official.ask("POST", f"/{made}/search", body)
    assert response.status_code == 400
    assert "没有这类备选位置" in response.get_json()["detail"]
    assert official.ask("GET", f"/{made}").get_json()["marks"] == []


def test_the_office_alone_may_nothing(owner: Conn) -> None:
    owner.execute("SET ROLE gridmap_services")
    assert owner.execute("SELECT count(*) FROM scenario").fetchone() == (0,)
    with pytest.raises(InsufficientPrivilege):
        owner.execute("INSERT INTO scenario (name, owner_id, made_by) VALUES ('x', 1, 'x')")
    owner.rollback()
    owner.execute("SET ROLE gridmap_services")
    with pytest.raises(InsufficientPrivilege):
        owner.execute("UPDATE service_standard SET reach = 1")
    owner.rollback()


def test_few_households_are_told_to_those_who_answer_for_them_alone(
    app: Flask, official: Client, owner: Conn
) -> None:
    # A compound without a clinic in reach, in which five households live.
    row = owner.execute(
        """
        SELECT v.grid_id, t.grid_id FROM grid_version v
        JOIN grid_version c ON c.grid_id = v.parent_id AND c.valid @> %(day)s::date
        JOIN grid_version t ON t.grid_id = c.parent_id AND t.valid @> %(day)s::date
        WHERE v.level = 'compound' AND v.valid @> %(day)s::date
          AND (SELECT count(*) FROM building b WHERE ST_Covers(v.geom, b.geom)) > 0
        ORDER BY (SELECT min(ST_Distance(f.geom, v.geom)) FROM facility f WHERE f.kind = 'clinic')
            DESC LIMIT 1
        """,
        {"day": clock.today()},
    ).fetchone()
    assert row
    compound, town = row
    owner.execute(
        """
        WITH here AS (
            SELECT b.building_id, row_number() OVER (ORDER BY b.building_id) AS place
            FROM building b JOIN grid_version v ON ST_Covers(v.geom, b.geom)
            WHERE v.grid_id = %s AND v.valid @> %s::date)
        UPDATE building b SET households = CASE here.place WHEN 1 THEN 5 ELSE 0 END
        FROM here WHERE here.building_id = b.building_id
        """,
        [compound, clock.today()],
    )
    other = owner.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'town' AND valid @> %s::date"
        " AND grid_id <> %s LIMIT 1",
        [clock.today(), town],
    ).fetchone()
    assert other
    owner.commit()
    body = {"kind": "clinic", "ask": "most", "count": 1, "grid": compound}
    their = Client(app, owner, "town_official", grid_id=town)
    stranger = Client(app, owner, "town_official", grid_id=other[0])
    told = {}
    for name, each in (("county", official), ("town", their), ("stranger", stranger)):
        made = each.begin(name)
        response = each.ask("POST", f"/{made}/search", body)
        assert response.status_code == 201, response.text
        found = response.get_json()
        told[name] = [found[key] for key in ("before", "after", "households", "gains", "bound")]
        assert len(found["places"]) == 1
    assert told["county"] == told["town"] == [0, 5, 5, [5], 5]
    assert told["stranger"] == [None, None, None, [None], None]
    # What the county's official searched for is kept: the stranger reads the scenario.
    made = official.begin("given")
    assert official.ask("POST", f"/{made}/search", body).status_code == 201
    for each, said in (
        (official, "0 → 5"),
        (their, "0 → 5"),
        (stranger, "shown to those who may see"),
    ):
        assert said in each.client.get(f"/panel/scenarios/{made}?kind=clinic&lang=en").text


def test_the_order_of_best_places_tells_no_exact_count(
    app: Flask, official: Client, owner: Conn
) -> None:
    """Whose households are known to a town's official must be no measure for the neighbours'."""
    towns = owner.execute(
        "SELECT grid_id FROM grid_version WHERE level = 'town' AND valid @> %s::date ORDER BY code",
        [clock.today()],
    ).fetchall()
    rows = owner.execute(
        """
        SELECT b.building_id, ST_X(b.geom), ST_Y(b.geom) FROM building b
        JOIN building_rounded r USING (building_id)
        WHERE b.households BETWEEN 1 AND 9 AND r.households = 5 ORDER BY building_id LIMIT 2
        """
    ).fetchall()
    body = {
        "kind": "clinic", "ask": "most", "count": 2, "candidates": "given",
        "points": [{"lon": lon, "lat": lat} for _, lon, lat in rows],
    }  # fmt: skip
    their = Client(app, owner, "town_official", grid_id=towns[0][0])
    firsts: dict[str, set[str]] = {"town": set(), "county": set()}
    for more, fewer in (rows, rows[::-1]):
        # Within their class, and so that the sum of the block stays: rounding does not see it.
        for (building, *_), households in ((more, 6), (fewer, 4)):
            owner.execute(
                "UPDATE building SET households = %s WHERE building_id = %s", [households, building]
            )
        owner.commit()
        for name, each in (("town", their), ("county", official)):
            made = each.begin(name)
            for place in ("town", "village"):
                # So near that each place serves one building alone.
                assert (
                    each.change(
                        made, what="standard", kind="clinic", place=place, reach=1
                    ).status_code
                    == 201
                )
            response = each.ask("POST", f"/{made}/search", body)
            assert response.status_code == 201, response.text
            firsts[name].add(str(response.get_json()["places"][0]))
    assert len(firsts["county"]) == 2
    assert len(firsts["town"]) == 1
