"""Exact counts are told only to those who may see them; others are told the class of a count."""

from __future__ import annotations

import re
from typing import Any

import pytest
from county import TODAY, build, compute_figures
from signing import sign_in

from geodata.database import settings
from tests.office import words
from webmap import create_app

DAY = TODAY.isoformat()


@pytest.fixture
def county(conn):
    made = build(conn)
    for grid_id, households in zip(made.compounds, (7, 10, 0, 412), strict=False):
        conn.execute(
            "UPDATE grid_version SET households = %s, population = %s WHERE grid_id = %s",
            [households, households, grid_id],
        )
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def app(database_url, county):
    return create_app({"DATABASE_URL": database_url})


def told(client, grid_id: int) -> str:
    """What the panel says under Households, without its markup."""
    page = client.get(f"/panel/grid/{grid_id}?lang=en&on={DAY}").text
    found = re.search(r"<dt>Households</dt>\s*<dd>(.*?)</dd>", page, re.DOTALL)
    assert found is not None
    return re.sub(r"<[^>]+>", "", found[1]).strip()


@pytest.mark.parametrize(
    ("role", "place", "sees"),
    [
        (None, None, False),
        ("grid_leader", "compound", True),
        ("building_lead", "compound", False),
        ("community_staff", "community", True),
        ("town_official", "town", True),
        ("town_official", "other_town", False),
        ("county_official", "county", True),
        ("county_staff", "county", True),
        ("auditor", "county", False),
        ("administrator", "county", False),
    ],
)
def test_only_whoever_may_is_told_a_small_count(app, conn, county, role, place, sees):
    client = app.test_client()
    places = {
        "compound": county.compounds[0],
        "community": county.communities[0],
        "town": county.towns[0],
        "other_town": county.towns[1],
        "county": county.county,
    }
    if role:
        sign_in(client, conn, role, grid_id=places[place])
    assert told(client, county.compounds[0]) == ("7" if sees else "fewer than 10")
    # In the list of its community too, for anyone who sees all of that.
    row = client.get(f"/panel/grid/{county.communities[0]}?lang=en&on={DAY}").text
    assert ("7 households" in row) == (sees and place != "compound")
    # That there are none is told to everybody, and about how many there are.
    assert told(client, county.compounds[1]) == (
        "10" if sees and place != "compound" else "about 10"
    )
    assert told(client, county.compounds[2]) == "0"


def test_no_sentence_begins_with_about(app, conn, county):
    """The clinic serves two compounds in the south-west; what visitors are told is rounded."""
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '城南卫生室', ST_SetSRID(ST_MakePoint(116.31, 31.405), 4326))"
    )
    compute_figures(conn, TODAY)
    page = app.test_client().get(f"/panel/home?mode=coverage&kind=clinic&lang=en&on={DAY}").text
    found = re.search(r"<p>([^<]*as the standard says[^<]*)</p>", page)
    assert found is not None, words(page)
    told_of = "Served as the standard says: about 20 of about 850 households."
    assert found[1].strip() == told_of


def test_the_open_interface_tells_no_small_count_to_anybody(app, conn, county):
    client = sign_in(app.test_client(), conn)
    answers: Any = [client.get(f"/api/grids/{grid}?on={DAY}").json for grid in county.compounds[:4]]
    assert [answer["households"] for answer in answers] == [5, 14, 0, 414]
    assert [answer["population"] for answer in answers] == [5, 14, 0, 414]
    assert {answer["least_count"] for answer in answers} == {10}


def test_the_county_decides_what_is_small(app, conn, county):
    settings.write(conn, "least_count", 500)
    compute_figures(conn, TODAY)
    assert told(app.test_client(), county.compounds[3]) == "fewer than 500"
