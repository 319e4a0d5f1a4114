"""The pages of standards: read by everybody, set by those who may, with the effect first."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import pytest
from county import compute_figures
from flask import Flask
from werkzeug.test import TestResponse

from geodata.coverage.standards import defining
from geodata.database import clock
from tests.office import Browser, Conn, add, enter, fault, furnish, give, words
from webmap import create_app

NEXT = date(2027, 1, 1)
FORM: dict[str, Any] = {
    "since": NEXT.isoformat(),
    "town_reach": "300", "town_unit": "m", "town_detour": "1.2", "town_capacity": "",
    "town_minimum": "1",
    "village_reach": "15", "village_unit": "min", "village_detour": "1", "village_capacity": "800",
    "village_minimum": "1",
    "facility": "1",
}  # fmt: skip


@pytest.fixture
def app(database_url: str, conn: Conn) -> Iterator[Flask]:
    made = furnish(conn)
    conn.execute("UPDATE grid_version SET households = NULL")
    for lon in (116.305, 116.313):
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('一', 30, ST_SetSRID(ST_MakePoint(%s, 31.405), 4326))",
            [lon],
        )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '一', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    for username, role in (("wang", "county_official"), ("li", "county_staff"), ("au", "auditor")):
        add(conn, username)
        give(conn, username, role, made.county)
    compute_figures(conn, clock.today(), NEXT)
    yield (app := create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 40}))
    if pool := app.extensions["gridmap_pool"]:
        pool.close()


def send(browser: Browser, do: str, path: str = "clinic/change", **more: Any) -> TestResponse:
    """Send the form on the page as it is there, its token and what was seen among it."""
    seen = re.search(r'name="seen"\s+value="(\w+)"', browser.page)
    extra = {"seen": seen[1]} if seen else {}
    return browser.post(f"/standards/{path}", do=do, **extra, **FORM | more)


def reach(conn: Conn) -> list[Any]:
    conn.rollback()
    rows = conn.execute(
        "SELECT reach FROM service_standard WHERE kind = 'clinic' AND place = 'town'"
        " ORDER BY lower(valid)"
    ).fetchall()
    return [row[0] for row in rows]


def test_everybody_reads_and_few_set(app: Flask, conn: Conn) -> None:
    visitor = Browser(app.test_client())
    text = words(visitor.get("/standards?lang=en"))
    assert "Grid worker where they hold the duty, 500 households per provider" in text
    assert "Add a kind" not in text
    assert "Change the standard" not in words(visitor.get("/standards/clinic?lang=en"))
    assert visitor.get("/standards/nothing").status_code == 404
    assert visitor.get("/standards/..").status_code == 404
    assert enter(app, conn, "au").get("/standards/clinic/change").status_code == 404
    assert "Add a kind" in words(enter(app, conn, "li").get("/standards?lang=en"))


def test_the_effect_is_shown_before_it_is_saved_and_undone(app: Flask, conn: Conn) -> None:
    wang = enter(app, conn, "wang")
    wang.get("/standards/clinic/change?lang=en")
    answer = send(wang, "try")
    assert answer.status_code == 200
    text = words(answer)
    assert "What would change from 1 Jan 2027 on" in text
    assert "In towns 1,000 m on foot → 300 m on foot, detour 1.2" in text
    assert "Served households 60 → 30 −30 of 60" in text
    assert reach(conn) == [1000]
    assert send(wang, "save").status_code == 303
    assert reach(conn) == [1000, 300]
    text = words(wang.get("/standards/clinic?lang=en"))
    assert "by wang. Undo" in text
    assert "1 Jan 2027 upcoming 300 m on foot" in text
    assert "changes on 1 Jan 2027" in words(wang.get("/standards?lang=en"))
    entry = enter(app, conn, "au")
    text = words(entry.get("/audit?lang=en&action=standard.changed"))
    assert "Standard changed Clinic In towns: 1,000 m on foot → 300 m on foot, detour 1.2" in text
    assert "from 1 Jan 2027" in text
    change = re.search(r'name="change"\s+value="(\d+)"', wang.page)
    assert change
    assert wang.post("/standards/clinic/undo", change=change[1]).status_code == 303
    assert reach(conn) == [1000]
    assert "Undone on" in words(wang.get("/standards/clinic?lang=en"))
    assert wang.post("/standards/clinic/undo", change=change[1]).status_code == 409


def test_what_nobody_changed_is_what_holds_on_the_day_that_is_chosen(
    app: Flask, conn: Conn
) -> None:
    wang = enter(app, conn, "wang")
    wang.get("/standards/clinic/change?lang=en")
    assert send(wang, "save", area=["volunteer_team"]).status_code == 303
    # The form is filled with what holds today; the day is one after the volunteers came.
    wang.get("/standards/clinic/change?lang=en")
    today = clock.today().isoformat()
    answer = send(wang, "try", since="2027-07-01", filled_for=today, town_reach="250")
    text = words(answer)
    assert "What would change from 1 Jul 2027 on" in text
    assert "300 m on foot, detour 1.2 → 250 m on foot" in text
    assert "Given by" not in text.split("What would change")[1].split("Served households")[0]
    answer = send(wang, "save", since="2027-07-01", filled_for=today, town_reach="250")
    assert answer.status_code == 303
    row = conn.execute(
        "SELECT count(*) FROM service_provider WHERE kind = 'clinic' AND via = 'area'"
        " AND valid @> date '2027-08-01'"
    ).fetchone()
    assert row == (1,)


def test_a_change_to_come_is_taken_back_and_a_past_one_is_not(app: Flask, conn: Conn) -> None:
    wang = enter(app, conn, "wang")
    wang.get("/standards/clinic/change?lang=en")
    send(wang, "save")
    wang.get("/standards/clinic?lang=en")
    seen = re.search(r'name="seen"\s+value="(\w+)"', wang.page)
    assert seen
    past = wang.post("/standards/clinic/withdraw", seen=seen[1], on=clock.today().isoformat())
    assert "not taken effect yet" in words(past)
    back = wang.post("/standards/clinic/withdraw", seen=seen[1], on=NEXT.isoformat())
    assert back.status_code == 303
    assert reach(conn) == [1000]


def test_nobody_overwrites_another_unseen(app: Flask, conn: Conn) -> None:
    wang, li = enter(app, conn, "wang"), enter(app, conn, "li")
    for browser in (wang, li):
        browser.get("/standards/clinic/change?lang=en")
    assert send(wang, "save").status_code == 303
    late = send(li, "save", town_reach="500")
    assert late.status_code == 409
    text = words(late)
    assert "Somebody else has saved this standard in the meantime" in text
    assert "What applies on 1 Jan 2027 In towns 300 m on foot" in text
    assert 'value="500"' in late.text
    assert reach(conn) == [1000, 300]
    # Anyone who has seen it may save.
    assert "300 m on foot, detour 1.2 → 500 m on foot" in words(send(li, "try", town_reach="500"))
    assert send(li, "save", town_reach="500").status_code == 303
    assert reach(conn) == [1000, 500]


@pytest.mark.parametrize(
    ("name", "value", "said"),
    [
        ("town_reach", "", "Fill this in."),
        ("town_reach", "0", "from 1 to 100,000"),
        ("town_reach", "far", "Write a whole number"),
        ("village_reach", "241", "from 1 to 240"),
        ("village_detour", "0.9", "Write a number from 1 to 5"),
        ("village_detour", "nan", "Write a number from 1 to 5"),
        ("town_capacity", "-4", "Write a whole number"),
        ("town_minimum", "100", "from 1 to 99"),
        ("since", "", "Choose a day."),
        ("since", "2027-02-30", "is not a date"),
        ("since", "1848-01-01", "is not a date"),
    ],
)
def test_what_is_wrong_is_said_beside_the_field(
    app: Flask, conn: Conn, name: str, value: str, said: str
) -> None:
    wang = enter(app, conn, "wang")
    wang.get("/standards/clinic/change?lang=en")
    for do in ("try", "save"):
        answer = send(wang, do, **{name: value})
        assert answer.status_code == 422
        assert said in fault(answer, name)
    assert reach(conn) == [1000]


def test_full_width_digits_are_read_and_nothing_new_is_refused(app: Flask, conn: Conn) -> None:
    wang = enter(app, conn, "wang")
    wang.get("/standards/clinic/change?lang=en")
    send(wang, "save", town_reach="３，５００")
    assert reach(conn) == [1000, 3500]
    wang.get("/standards/clinic/change?lang=en")
    again = send(wang, "try", town_reach="3500")
    assert again.status_code == 422
    assert "This standard already applies." in words(again)
    nobody = wang.post("/standards/clinic/change", do="try", **FORM | {"facility": []})
    assert nobody.status_code in (409, 422)
    assert fault(nobody, "providers").startswith("Tick at least one")


def test_a_kind_of_ones_own(app: Flask, conn: Conn) -> None:
    wang = enter(app, conn, "wang")
    wang.get("/standards/new?lang=en")
    assert "Fill this in." in fault(send(wang, "try", "new"), "name_zh")
    assert "Latin letters" in fault(
        send(wang, "try", "new", name_zh="献血", name_en="献血"), "name_en"
    )
    names = {"name_zh": "献血屋", "name_en": "Blood donation", "area": "town_office"}
    assert "counts as missing data" in words(send(wang, "try", "new", **names))
    saved = send(wang, "save", "new", **names)
    assert saved.headers["Location"] == "/standards/blood_donation"
    text = words(wang.get("/standards/blood_donation?lang=en"))
    assert "Facilities · Town office in their service areas" in text
    for do in ("try", "save"):
        assert "called “献血屋” already" in words(send(wang, do, "new", **names))
    conn.rollback()
    assert defining.list_definitions(conn)[-1].name_zh == "献血屋"
    trail = enter(app, conn, "au")
    text = words(trail.get("/audit?lang=en&action=standard.added"))
    assert "Kind of service added Blood donation In towns: – → 300 m on foot" in text
    page = wang.get("/standards/blood_donation?lang=en").text
    change = re.search(r'name="change"\s+value="(\d+)"', page)
    assert change
    gone = wang.post("/standards/blood_donation/undo", change=change[1])
    assert gone.headers["Location"] == "/standards"
    assert wang.get("/standards/blood_donation").status_code == 404


def test_a_day_on_which_nothing_was_said_of_a_kind_yet(app: Flask, conn: Conn) -> None:
    since = clock.today() - timedelta(days=10)
    conn.execute(
        "UPDATE service_standard SET valid = daterange(%s, NULL) WHERE kind = 'clinic'", [since]
    )
    compute_figures(conn, since - timedelta(days=10))
    wang = enter(app, conn, "wang")
    wang.get("/standards/clinic/change?lang=en")
    text = words(send(wang, "try", since=(since - timedelta(days=10)).isoformat()))
    assert "In towns nothing is said → 300 m on foot, detour 1.2" in text
    assert "Served households no data → 30 +30 of 60" in text
    assert "another change is known already: it stays" in text
    assert "the figures of all days since change as well" in text


def test_the_trail_names_who_counts_as_a_provider(app: Flask, conn: Conn) -> None:
    wang = enter(app, conn, "wang")
    wang.get("/standards/clinic/change?lang=en")
    by: dict[str, Any] = {"duty": ["grid_worker", "no_such"], "area": ["business", "pirates"]}
    assert "Facilities → Facilities · Business in their service areas · Grid worker" in words(
        send(wang, "try", **by)
    )
    assert send(wang, "save", **by).status_code == 303
    text = words(enter(app, conn, "au").get("/audit?lang=en&action=standard.changed"))
    assert "Given by: Facilities, Business, Grid worker" in text
