"""Alert rules and notifications over HTTP: tried before saved, marked, taken back."""

from __future__ import annotations

import re

import pytest
from county import add_duty, compute_figures
from office import Browser, add, enter, furnish, give, words

from geodata.database import clock
from webmap import create_app

TODAY = clock.today()
RULE = {
    "kind": "grid_worker", "level": "community", "measure": "share", "amount": "50",
    "since": TODAY.isoformat(), "until": "",
}  # fmt: skip


@pytest.fixture
def county(conn):
    """The western communities are half served, the eastern ones not at all."""
    made = furnish(conn)
    for number in (0, 2):
        add_duty(conn, made.compounds[number], "甲", "grid_worker", "[2024-02-01,)")
    for username, role, place in (
        ("planner", "county_staff", made.county),
        ("west", "town_official", made.towns[0]),
        ("east", "town_official", made.towns[1]),
    ):
        add(conn, username, f"{username}干部")
        give(conn, username, role, place)
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def app(database_url, county):
    app = create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 40})
    yield app
    if pool := app.extensions["gridmap_pool"]:
        pool.close()


def tried(browser: Browser) -> str:
    found = re.search(r'name="tried"\s+value="([^"]+)"', browser.page)
    return found[1] if found else ""


def seen(browser: Browser) -> str:
    [digest] = re.findall(r'name="seen"\s+value="([^"]+)"', browser.page)
    return digest


def save(browser: Browser, county, **more: str):
    fields = {**RULE, "scope": str(county.county), **more}
    browser.post("/alerts/new?lang=en", **{"try": "1"}, **fields)
    return browser.post("/alerts/new?lang=en", save="1", tried=tried(browser), **fields)


def test_a_rule_is_tried_before_it_is_saved(app, conn, county):
    planner = enter(app, conn, "planner")
    assert "There is no rule yet" in words(planner.get("/alerts?lang=en"))
    planner.get("/alerts/new?lang=en")
    fields = {**RULE, "scope": str(county.county)}
    shown = planner.post("/alerts/new?lang=en", save="1", tried="", **fields)
    assert "Today it would report 2 grids" in words(shown)
    assert "河东村" in shown.text
    # Something else than what was shown is shown first.
    other = {**fields, "amount": "51"}
    shown = planner.post("/alerts/new?lang=en", save="1", tried=tried(planner), **other)
    assert "Today it would report 4 grids" in words(shown)
    assert conn.execute("SELECT FROM alert_rule").rowcount == 0
    saved = planner.post("/alerts/new?lang=en", save="1", tried=tried(planner), **other)
    assert saved.location == "/alerts"
    page = words(planner.get("/alerts?lang=en"))
    assert "4 new notifications." in page
    assert "fewer than 51% of the households are served" in page
    assert "4 open" in page


@pytest.mark.parametrize(
    ("field", "value", "said"),
    [
        ("amount", "0", "whole number from 1 to 100"),
        ("amount", "half", "whole number"),
        ("kind", "nothing", "service of the list"),
        ("level", "county", "Choose a level."),
        ("measure", "x", "Choose a limit."),
        ("scope", "x", "place of the list"),
        ("scope", "999999", "no grid of the chosen level"),
        ("since", "", "year-month-day"),
        ("until", "2020-01-01", "before the first one"),
    ],
)
def test_what_is_wrong_is_said_beside_it(app, conn, county, field, value, said):
    planner = enter(app, conn, "planner")
    planner.get("/alerts/new?lang=en")
    fields = {**RULE, "scope": str(county.county), field: value}
    answer = planner.post("/alerts/new?lang=en", **{"try": "1"}, **fields)
    assert answer.status_code == 422
    assert said in words(answer)
    assert 'name="amount"' in answer.text


def test_a_rule_is_changed_and_ended(app, conn, county):
    planner = enter(app, conn, "planner")
    planner.get("/alerts/new?lang=en")
    save(planner, county)
    [number] = conn.execute("SELECT rule_id FROM alert_rule").fetchone()
    conn.commit()
    planner.get(f"/alerts/{number}?lang=en")
    fields = {**RULE, "scope": str(county.county), "since": "2024-02-01", "until": "2024-03-01"}
    path = f"/alerts/{number}?lang=en"
    planner.post(path, **{"try": "1"}, seen=seen(planner), **fields)
    sent = {"save": "1", "tried": tried(planner), "seen": seen(planner), **fields}
    assert planner.post(path, **sent).status_code == 302
    page = words(planner.get("/alerts?lang=en"))
    assert "1 Feb 2024 to 1 Mar 2024" in page
    assert "Rules that have ended" in page
    assert "no longer watched since" in words(planner.get("/notifications?lang=en&show=ended"))


def test_what_somebody_else_saved_meanwhile_is_not_overwritten(app, conn, county):
    planner, other = enter(app, conn, "planner"), enter(app, conn, "planner")
    planner.get("/alerts/new?lang=en")
    save(planner, county)
    [number] = conn.execute("SELECT rule_id FROM alert_rule").fetchone()
    conn.commit()
    path = f"/alerts/{number}?lang=en"
    mine = {**RULE, "scope": str(county.county), "amount": "70"}
    theirs = {**mine, "amount": "80"}
    for browser, fields in ((planner, mine), (other, theirs)):
        browser.get(path)
        browser.post(path, **{"try": "1"}, seen=seen(browser), **fields)
    sent = {"save": "1", "tried": tried(other), "seen": seen(other), **theirs}
    assert other.post(path, **sent).status_code == 302
    sent = {"save": "1", "tried": tried(planner), "seen": seen(planner), **mine}
    answer = planner.post(path, **sent)
    assert answer.status_code == 409
    said = words(answer)
    assert "Somebody else has saved this rule in the meantime." in said
    assert "fewer than 80% of the households are served" in said
    # What was chosen is still there, and can be saved once what is there now was seen.
    assert 'value="70"' in answer.text
    assert conn.execute("SELECT amount FROM alert_rule").fetchone() == (80,)
    conn.rollback()
    planner.post(path, **{"try": "1"}, seen=seen(planner), **mine)
    sent = {"save": "1", "tried": tried(planner), "seen": seen(planner), **mine}
    assert planner.post(path, **sent).status_code == 302
    assert conn.execute("SELECT amount FROM alert_rule").fetchone() == (70,)


def test_town_officials_read_rules_and_set_none(app, conn, county):
    save(_on_form(enter(app, conn, "planner")), county)
    east = enter(app, conn, "east")
    page = words(east.get("/alerts?lang=en"))
    assert "Reports where" in page
    assert "New rule" not in page
    assert east.get("/alerts/new").status_code == 404
    assert east.get("/alerts/1").status_code == 404
    assert app.test_client().get("/alerts").status_code == 302


def test_notifications_are_counted_marked_and_taken_back(app, conn, county):
    save(_on_form(enter(app, conn, "planner")), county)
    east, west = enter(app, conn, "east"), enter(app, conn, "west")
    assert "Notifications 2 unread" in words(east.get("/figures?lang=en"))
    assert "unread" not in words(west.get("/figures?lang=en"))
    assert "2 unread" in words(east.get("/?lang=en"))
    assert "Nothing is open" in words(west.get("/notifications?lang=en"))
    page = east.get("/notifications?lang=en")
    assert "0% served, 200 households unserved" in words(page)
    link = f"/?mode=coverage&amp;grid={county.communities[2]}&amp;kind=grid_worker"
    assert link in page.text
    [number] = conn.execute(
        "SELECT notification_id FROM notification WHERE grid_id = %s", [county.communities[2]]
    ).fetchone()
    conn.commit()
    marked = east.post(f"/notifications/{number}", state="done")
    page = words(east.get(f"{marked.location}&lang=en"))
    assert "河东村 is marked as done. Undo" in page
    assert "1 notification" in page
    assert "done by east on" in words(east.get("/notifications?lang=en&show=done"))
    east.post(f"/notifications/{number}", state="new", undo="1")
    assert "2 unread" in words(east.get("/notifications?lang=en"))
    east.post("/notifications/seen")
    page = words(east.get("/notifications?lang=en"))
    assert "2 notifications are marked as seen." in page
    assert "unread" not in page
    # Somebody else's is not there.
    west.get("/account/password?lang=en")
    assert west.post(f"/notifications/{number}", state="done").status_code == 404
    assert west.post(f"/notifications/{number}", state="x").status_code == 400
    for wrong in ("grid=x", "kind=<b>", "rule=1.5"):
        assert east.get(f"/notifications?{wrong}").status_code == 400


def test_a_filter_holds(app, conn, county):
    planner = _on_form(enter(app, conn, "planner"))
    save(planner, county)
    for query, count in (
        (f"grid={county.towns[1]}", 2),
        (f"grid={county.towns[0]}", 0),
        ("kind=grid_worker", 2),
        ("kind=clinic", 0),
        ("show=done", 0),
        ("show=all&page=99", 2),
    ):
        page = words(planner.get(f"/notifications?lang=en&{query}"))
        assert f"{count} notification" in page, query


def test_the_trail_says_who_set_what(app, conn, county):
    save(_on_form(enter(app, conn, "planner")), county)
    add(conn, "watcher")
    give(conn, "watcher", "auditor", county.county)
    conn.commit()
    page = words(enter(app, conn, "watcher").get("/audit?lang=en"))
    assert "Alert rule set" in page
    assert "Alert rule 1" in page
    assert "Grid worker" in page
    assert "fewer than 50% of the households are served" in page


def _on_form(browser: Browser) -> Browser:
    browser.get("/alerts/new?lang=en")
    return browser
