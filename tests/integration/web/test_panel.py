"""Fragments of the side panel, in both languages, and that they say nothing they should not."""

from __future__ import annotations

import re

import pytest
from county import TODAY, add_duty, add_issue, build, compute_figures
from signing import sign_in

from webmap import create_app

DAY = TODAY.isoformat()
PHONE = "00055512345"
MODES = ("territory", "responsibility", "issues", "coverage")


@pytest.fixture
def county(conn):
    made = build(conn)
    add_duty(conn, made.compounds[0], "王建国", "grid_worker", "[2025-01-01,)")
    conn.execute("INSERT INTO member_contact SELECT member_id, %s FROM member", (PHONE,))
    issue = add_issue(conn, 116.305, 31.405, "2026-06-01T08:00+08", "2026-06-02T08:00+08")
    conn.execute("INSERT INTO issue_reporter VALUES (%s, '赵某某', %s)", (issue, PHONE))
    conn.execute(
        "INSERT INTO building (name, households, geom)"
        " VALUES ('1号楼', 30, ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '卫生室', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def client(database_url, county, conn):
    """A browser in which a county official is signed in."""
    return sign_in(create_app({"DATABASE_URL": database_url}).test_client(), conn)


def addresses(county):
    yield "/"
    for mode in MODES:
        yield f"/panel/home?mode={mode}&on={DAY}"
        yield f"/panel/here?lon=116.305&lat=31.405&mode={mode}&on={DAY}"
        yield f"/panel/here?lon=0&lat=0&mode={mode}&on={DAY}"
        for grid_id in (county.county, county.towns[0], county.communities[0], county.compounds[0]):
            yield f"/panel/grid/{grid_id}?mode={mode}&on={DAY}"
    yield f"/panel/grid/{county.county}/issues?on={DAY}&state=all"
    yield f"/panel/issue/1?on={DAY}"
    yield f"/panel/search?q=王&on={DAY}"
    yield f"/panel/search?q=nothing&on={DAY}"
    yield f"/api/grids/{county.compounds[0]}?on={DAY}"
    yield f"/api/grids/{county.compounds[0]}/shape?on={DAY}"
    yield f"/api/here?lon=116.305&lat=31.405&on={DAY}"
    yield f"/api/search?q=王&on={DAY}"


def test_every_panel_answers_in_both_languages_without_restricted_facts(client, county):
    for address in addresses(county):
        join = "&" if "?" in address else "?"
        for language in ("zh", "en"):
            response = client.get(f"{address}{join}lang={language}")
            assert response.status_code == 200, address
            assert PHONE not in response.text, address
            assert "赵某某" not in response.text, address


def test_a_click_names_path_duty_pledge_issues_and_the_boundary(client, county):
    text = client.get(f"/panel/here?lon=116.305&lat=31.405&on={DAY}").text
    for expected in (
        "霍山县",
        "衡山镇",
        "城南社区",
        "城南社区甲小区",
        "王建国",
        "随叫随到",
        "网格员",
    ):
        assert expected in text
    # The near edge of the compound is 0.003 degrees of longitude or latitude away: 285 m.
    assert re.search(r"28[0-9]", text)


def test_a_click_selects_the_level_that_is_drawn(client, county):
    place = f"/panel/here?lon=116.305&lat=31.405&on={DAY}"
    for level, grid_id in [
        ("town", county.towns[0]),
        ("community", county.communities[0]),
        ("compound", county.compounds[0]),
        ("nonsense", county.compounds[0]),
    ]:
        text = client.get(f"{place}&level={level}").text
        assert f'data-grid="{grid_id}"' in text, level
    # Between the compounds there is no compound to select: the community is.
    gap = client.get(f"/panel/here?lon=116.3005&lat=31.4005&level=compound&on={DAY}").text
    assert f'data-grid="{county.communities[0]}"' in gap


def test_stored_text_is_never_markup(client, conn, county):
    conn.execute("UPDATE member SET name = '<img src=x onerror=alert(1)>'")
    conn.execute("UPDATE issue SET title = '<script>alert(1)</script>', detail = '${alert(1)}<b>'")
    conn.execute("UPDATE building SET name = '\"><svg onload=alert(1)>'")
    conn.commit()
    for address in addresses(county):
        response = client.get(address)
        if response.mimetype == "text/html":
            assert "<img src=x" not in response.text, address
            assert "<script>alert" not in response.text, address
            assert "<svg onload" not in response.text, address


REFUSED = {
    "/panel/grid/999999": 404,
    "/panel/issue/999999": 404,
    "/panel/grid/99999999999999999999": 404,
    "/panel/issue/99999999999999999999": 404,
    "/panel/here?lon=200&lat=0": 400,
    "/panel/here?lon=nan&lat=1": 400,
    "/panel/here": 400,
    "/panel/home?mode=draw": 404,
    "/panel/home?mode=paint": 400,
    "/panel/home?on=yesterday": 400,
    "/panel/home?mode=issues&state=maybe": 400,
    "/panel/home?mode=coverage&kind=%00": 400,
    "/nothing": 404,
    "/api/nothing": 404,
    "/api/grids/99999999999999999999": 404,
    "/api/here?lon=x&lat=1": 400,
    "/static/x/../../../etc/passwd": 404,
}


def test_what_cannot_be_answered_says_why(client):
    for address, status in REFUSED.items():
        response = client.get(address)
        assert response.status_code == status, address
        assert "Traceback" not in response.text
        assert response.headers["X-Request-Id"]
        if address.startswith("/api"):
            assert response.mimetype == "application/problem+json"
            assert response.json["request_id"] == response.headers["X-Request-Id"]
        elif not address.startswith("/static"):
            assert response.headers["X-Request-Id"] in response.text


def test_errors_speak_the_readers_language(client):
    assert "没有" in client.get("/panel/grid/999999?lang=zh").text
    assert "There is no grid" in client.get("/panel/grid/999999?lang=en").text


def test_a_day_before_the_first_boundaries_says_so(client):
    text = client.get("/panel/home?on=2020-01-01&lang=en").text
    assert "This map has no boundaries for 1 Jan 2020" in text
    assert "2024" in text
    assert "gridmap import" not in text


def test_overdue_is_told_as_of_the_day(client):
    # Due on 2 June: late by a week on the 9th, whatever day it is now.
    assert "overdue by 1 week" in client.get("/panel/issue/1?on=2026-06-09&lang=en").text


def test_an_issue_leads_back_to_the_list_that_it_came_from(client, county):
    query = f"on={DAY}&state=overdue&page=1"
    listed = client.get(f"/panel/grid/{county.county}/issues?{query}").text
    assert "state=overdue" in re.findall(r'href="([^"]*issue=1[^"]*)"', listed)[0]
    opened = client.get(f"/panel/issue/1?grid={county.county}&list=issues&{query}").text
    back = re.findall(r'class="back">\s*<a href="([^"]*)"', opened)[0]
    assert "list=issues" in back
    assert "state=overdue" in back


def test_a_post_is_refused(client):
    assert client.post("/panel/home").status_code == 405
    assert client.delete("/api/grids/1").status_code == 405


def test_pages_carry_a_policy_with_a_fresh_nonce(client):
    first, second = client.get("/"), client.get("/")
    policy = first.headers["Content-Security-Policy"]
    assert "unsafe" not in policy
    assert policy != second.headers["Content-Security-Policy"]
    assert first.headers["X-Content-Type-Options"] == "nosniff"


def test_an_empty_database_has_a_page_too(database_url):
    client = create_app({"DATABASE_URL": database_url}).test_client()
    for address in ("/", "/panel/home", "/panel/here?lon=1&lat=1", "/tiles/grids.json"):
        assert client.get(address).status_code == 200, address


def test_a_database_that_is_away_is_a_503(database_url):
    away = database_url.replace("/test_", "/absent_")
    client = create_app({"DATABASE_URL": away}).test_client()
    response = client.get("/readyz")
    assert response.status_code == 503
    assert "Retry-After" in response.headers


def test_openapi_describes_every_route_of_the_api(client):
    spec = client.get("/api/openapi.json").json
    routes = {
        rule.rule.replace("<int:", "{").replace(">", "}")
        for rule in client.application.url_map.iter_rules()
        if rule.rule.startswith("/api/") and "openapi" not in rule.rule
    }
    assert routes == set(spec["paths"])


def test_a_grid_of_another_time_is_named_and_shown_the_way_to(client, county):
    response = client.get(f"/panel/grid/{county.towns[0]}?on=2020-01-01&lang=en")
    assert response.status_code == 404
    assert "衡山镇 did not exist yet on 1 Jan 2020" in response.text
    way = re.search(r'class="primary"\s+href="([^"]*)"', response.text)
    assert way is not None
    assert {"on=2024-01-01", f"grid={county.towns[0]}"} < set(re.split(r"[?&;]|amp", way[1]))
    problem = client.get(f"/api/grids/{county.towns[0]}?on=2020-01-01&lang=en")
    assert problem.status_code == 404
    assert "衡山镇" in problem.json["detail"]


def test_what_the_county_does_not_have_is_left_out_and_said(client, county):
    text = client.get(f"/panel/home?mode=issues&category=ghosts&on={DAY}&lang=en").text
    assert "no category “ghosts”" in text
    assert 'data-becomes="category="' in text
    assert "垃圾未清" in text
    text = client.get(f"/panel/home?mode=coverage&kind=ghosts&on={DAY}&lang=en").text
    assert "no service kind “ghosts”" in text
    assert 'data-becomes="kind=clinic"' in text


def test_a_day_to_come_is_called_expected(client, county):
    assert "Expected for 1 Jan 2030" in client.get("/panel/home?on=2030-01-01&lang=en").text
    ahead = client.get("/panel/home?mode=issues&on=2030-01-01&lang=en").text
    assert "Issues are those of today." in ahead
    assert "Expected" not in client.get(f"/panel/home?on={DAY}&lang=en").text


def test_a_click_outside_selects_nothing(client, county):
    assert 'data-grid=""' in client.get(f"/panel/here?lon=0&lat=0&on={DAY}").text


def test_a_towns_panel_lists_its_compounds_without_anybody(client, county):
    text = client.get(f"/panel/grid/{county.towns[0]}?mode=responsibility&on={DAY}&lang=en").text
    listed = text[text.index('id="unheld"') :]
    assert "城南社区乙小区" in listed
    assert "城南社区甲小区" not in listed[: listed.index("</section>")]


def test_english_names_the_county_in_english(client, county):
    assert "Huoshan County" in client.get(f"/panel/home?on={DAY}&lang=en").text
    assert "Huoshan County" not in client.get(f"/panel/home?on={DAY}&lang=zh").text


def test_a_county_without_any_members_is_told_apart_from_one_that_nobody_leads(
    client, conn, county
):
    address = f"/panel/home?mode=responsibility&on={DAY}&lang=en"
    assert "missing data, not a vacancy" not in client.get(address).text
    conn.execute("DELETE FROM duty")
    conn.commit()
    assert "missing data, not a vacancy" in client.get(address).text
