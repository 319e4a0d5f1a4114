"""The page of figures over HTTP: what it says to whom, its order, its file, its empty states."""

from __future__ import annotations

import csv
import io
import re
from datetime import timedelta

import pytest
from county import add_duty, build, compute_figures
from signing import sign_in

from geodata.coverage.figures import history, recording
from geodata.database import clock
from tests.office import words
from webmap import create_app

TODAY = clock.today()
A_YEAR_AGO = history.first_of_month(TODAY, 12)


@pytest.fixture
def county(conn):
    """Grid workers came to the west a year and a half ago, to the east half a year ago."""
    made = build(conn)
    for number, months in ((0, 18), (2, 18), (4, 6)):
        since = history.first_of_month(TODAY, months)
        add_duty(conn, made.compounds[number], "甲", "grid_worker", f"[{since},)")
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def recorded(conn, county):
    for day, kinds in recording.due(conn, TODAY):
        recording.record(conn, day, kinds)
    conn.commit()
    return county


@pytest.fixture
def client(database_url):
    app = create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 40})
    yield app.test_client()
    if pool := app.extensions["gridmap_pool"]:
        pool.close()


def towns(text: str) -> list[str]:
    section = text[text.index('id="places"') :]
    return re.findall(r'<th scope="row">\s*<a href="/figures[^"]*">([^<]+)</a>', section)


def rows(client, path: str) -> list[dict[str, str]]:
    answer = client.get(path)
    assert answer.mimetype == "text/csv"
    return list(csv.DictReader(io.StringIO(answer.data.decode("utf-8-sig"))))


def test_without_grids_and_without_history_it_says_so(client, conn):
    assert "nothing to count" in words(client.get("/figures?lang=en").text)
    build(conn)
    compute_figures(conn, TODAY)
    assert "missing data, not a missing service" in words(client.get("/figures?lang=en").text)


def test_before_the_first_months_are_written_down(client, county):
    page = words(client.get("/figures?lang=en&kind=grid_worker").text)
    assert "not been recorded yet" in page
    # Eight compounds of a hundred: everybody is told the class of each, 100 to 109.
    assert "37% of about 830 households" in page


def test_it_shows_today_the_trend_and_the_change(client, recorded):
    text = client.get("/figures?lang=en&kind=grid_worker").text
    page = words(text)
    assert "Grid worker 37% 0% 37% +12.5" in page
    assert f"Points since {A_YEAR_AGO.day} {A_YEAR_AGO:%b %Y}" in page
    assert text.count("<svg viewBox") >= 3
    # Each line repeated as a table: 25 months and today.
    table = text[text.index('id="kind"') : text.index('id="places"')]
    assert table.count('<th scope="row">') == (26 if TODAY.day > 1 else 25)
    # A policy of the page forbids both.
    assert " style=" not in text
    assert " onclick=" not in text


def test_towns_are_put_in_order(client, recorded):
    east, west = "佛子岭镇", "衡山镇"
    for sort, order in (
        ("", [east, west]),
        ("-unserved", [west, east]),
        ("share", [east, west]),
        ("-change", [east, west]),
        ("change", [west, east]),
        ("name", [west, east]),
        ("rubbish", [east, west]),
    ):
        assert towns(client.get(f"/figures?kind=grid_worker&sort={sort}").text) == order, sort


def test_any_two_days_are_compared(client, conn, recorded):
    day = TODAY - timedelta(days=700)
    compute_figures(conn, day)
    page = words(client.get(f"/figures?lang=en&kind=grid_worker&versus={day}").text)
    assert "Grid worker 37% 0% 37% +37.5" in page
    town = words(client.get(f"/figures?lang=en&grid={recorded.towns[0]}&kind=grid_worker").text)
    assert "Figures: 衡山镇" in town
    assert "Grid worker by community" in town
    # A compound has no history: its community is shown.
    compound = words(client.get(f"/figures?lang=en&grid={recorded.compounds[0]}").text)
    assert "Figures: 城南社区" in compound
    for wrong in ("grid=x", "grid=999999", "on=yesterday", "versus=1066-01-01", "kind=<b>"):
        answer = client.get(f"/figures?lang=en&{wrong}")
        assert answer.status_code in (400, 404), wrong
        assert "“<b>”" not in answer.text


def test_the_file_holds_every_point(client, recorded):
    found = rows(client, "/figures/export.csv?lang=en&kind=grid_worker")
    whole = [row for row in found if row["Grid"] == "霍山县"]
    today = 0 if TODAY.day == 1 else 1
    assert len(whole) == 25 + today
    assert whole[-1]["Day"] == TODAY.isoformat()
    assert (whole[-1]["Served (%)"], whole[-1]["Households unserved"]) == ("37", "520")
    assert {row["Grid"] for row in found} == {"霍山县", "衡山镇", "佛子岭镇"}
    assert len(found) == 3 * (25 + today)


def test_small_counts_are_told_to_those_who_may_know(client, conn, recorded):
    conn.execute("UPDATE coverage_record SET met = 396, nobody = 4 WHERE households = 400")
    conn.commit()
    path = f"/figures/export.csv?lang=en&grid={recorded.towns[0]}&kind=grid_worker"
    told = {row["Households unserved"] for row in rows(client, path) if row["Grid"] == "衡山镇"}
    assert "4" not in told
    sign_in(client, conn, "town_official", grid_id=recorded.towns[0])
    told = {row["Households unserved"] for row in rows(client, path) if row["Grid"] == "衡山镇"}
    assert "4" in told
