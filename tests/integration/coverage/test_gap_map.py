"""The map of services and its list: the worst of all kinds, classes, what stands side by side."""

from __future__ import annotations

import math
import re
from datetime import date

import mapbox_vector_tile
import pytest
from county import TODAY, build, compute_figures
from signing import sign_in

from geodata.coverage.figures import classes, reading
from geodata.errors import InvalidInputError
from geodata.model import Bounds, Level
from webmap import create_app
from webmap.map import ranking

DAY = TODAY.isoformat()
# The four communities' middles, west-south, west-north, east-south, east-north.
PLACES = [(116.305, 31.405), (116.305, 31.425), (116.335, 31.405), (116.335, 31.425)]


@pytest.fixture
def county(conn):
    """Thirty households in each community; clinics in the west, shops at two corners."""
    made = build(conn)
    conn.execute("UPDATE grid_version SET households = NULL WHERE level = 'compound'")
    for place in PLACES:
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('楼', 30, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            place,
        )
    for kind, place, valid in (
        ("clinic", PLACES[0], "[2024-01-01,)"),
        ("clinic", PLACES[1], "[2026-01-01,)"),
        ("shop", PLACES[0], "[2024-01-01,)"),
        ("shop", PLACES[3], "[2024-01-01,)"),
    ):
        conn.execute(
            "INSERT INTO facility (kind, name, geom, valid)"
            " VALUES (%s, '设施', ST_SetSRID(ST_MakePoint(%s, %s), 4326), %s::daterange)",
            (kind, *place, valid),
        )
    compute_figures(conn, TODAY)
    return made


@pytest.fixture
def client(database_url, county, conn):
    return sign_in(create_app({"DATABASE_URL": database_url}).test_client(), conn)


def shares(conn, kind, level: Level = "community"):
    rows = reading.list_worst(conn, kind, level, TODAY, is_rounded=False)
    return {ref.grid_id: (found.kind, found.share) for ref, found in rows}


def test_the_worst_of_all_is_the_kind_with_the_least_share_in_each_grid(conn, county):
    west_south, west_north, east_south, east_north = county.communities
    assert shares(conn, "clinic") == {
        west_south: ("clinic", 1), west_north: ("clinic", 1),
        east_south: ("clinic", 0), east_north: ("clinic", 0),
    }  # fmt: skip
    worst = shares(conn, reading.WORST)
    assert worst[west_north] == ("shop", 0)
    assert worst[east_north] == ("clinic", 0)
    # Of two that are equal, the first in the county's order.
    order = list(reading.list_names(conn))
    first = min(("clinic", "shop"), key=order.index)
    assert worst[west_south] == (first, 1)
    assert worst[east_south] == (first, 0)
    for level in ("town", "compound"):
        every = [shares(conn, kind, level) for kind in ("clinic", "shop")]
        for grid_id, (_, share) in shares(conn, reading.WORST, level).items():
            assert share == min(
                (each[grid_id][1] for each in every), key=lambda s: 2 if s is None else s
            )


def test_of_the_worst_a_grid_without_data_has_none(conn, county):
    empty = shares(conn, reading.WORST, "compound")[county.compounds[1]]
    assert empty == (reading.WORST, None)


def tile(client, z, query):
    address = client.get(f"/tiles/coverage.json?{query}").json["tiles"][0]
    found = []
    for x, y in tiles_of(z):
        body = client.get(address.replace("{z}/{x}/{y}", f"{z}/{x}/{y}")).data
        decoded = mapbox_vector_tile.decode(body) if body else {}
        found += [f["properties"] for f in decoded.get("grid", {}).get("features", [])]
    return {each["id"]: each for each in found}


def tiles_of(z):
    for lon, lat in PLACES:
        n = 2**z
        radians = math.radians(lat)
        y = (1 - math.asinh(math.tan(radians)) / math.pi) / 2 * n
        yield int((lon + 180) / 360 * n), int(y)


@pytest.mark.parametrize(("z", "level"), [(9, "town"), (12, "community"), (14, "compound")])
def test_tiles_say_the_share_and_the_kind_as_the_list_does(client, conn, county, z, level):
    listed = shares(conn, reading.WORST, level)
    drawn = tile(client, z, f"kind=worst&on={DAY}")
    assert drawn
    for grid_id, each in drawn.items():
        kind, share = listed[grid_id]
        if share is None:
            assert "share" not in each
        else:
            assert (each["kind"], each["share"]) == (kind, int(share * 100))


def test_classes_leave_the_tiles_alone(client):
    one = client.get(f"/tiles/coverage.json?kind=clinic&on={DAY}").json
    for asked in ("quantile", "own:10,20,30,40", "equal"):
        other = client.get(f"/tiles/coverage.json?kind=clinic&on={DAY}&classes={asked}").json
        assert other["tiles"] == one["tiles"]
        assert ("quantiles" in other) == (asked == "quantile")


def test_quantiles_sort_the_grids_of_each_level_into_classes_of_equal_number(conn, county):
    # Eight compounds with shares of our own: 0, 10, ... 70 percent.
    conn.execute("DELETE FROM coverage_grid WHERE kind = 'clinic'")
    for tenth, grid_id in enumerate(county.compounds):
        conn.execute(
            "INSERT INTO coverage_grid SELECT stretch_id, %s, 'clinic', 100, 0, %s, %s,"
            " 0, 0, %s, 0, 0, true FROM coverage_stretch WHERE valid @> %s::date",
            (grid_id, tenth * 10, tenth * 10, 100 - tenth * 10, DAY),
        )
    limits = classes.quantiles(conn, "clinic", TODAY)["compound"]
    assert limits == [10, 30, 40, 60]
    assert classes.quantiles(conn, "clinic", TODAY)["town"] == []


@pytest.mark.usefixtures("county")
def test_where_all_are_alike_there_are_fewer_classes(conn):
    assert classes.quantiles(conn, "clinic", TODAY)["community"] == [100]


@pytest.mark.parametrize(
    ("asked", "said"),
    [
        ("none", "not a way to make classes"),
        ("own:1,2,3", "not four class limits"),
        ("own:1,2,3,x", "not four class limits"),
        ("own:30,50,50,95", "Limit 3 of the classes, 50, is not between 51 and 100"),
        ("own:30,50,80,101", "Limit 4 of the classes, 101, is not between 81 and 100"),
        ("own:0,1,2,3", "Limit 1 of the classes, 0, is not between 1 and 100"),
    ],
)
def test_classes_that_cannot_be_are_refused_with_what_and_where(client, asked, said):
    for address in ("/tiles/coverage.json?kind=clinic", "/panel/home?mode=coverage&kind=clinic"):
        answer = client.get(f"{address}&classes={asked}&on={DAY}&lang=en")
        assert answer.status_code == 400
        text = answer.json["detail"] if answer.is_json else answer.text
        assert said in text
    with pytest.raises(InvalidInputError):
        classes.read(asked)


def rows(text):
    return [int(each) for each in re.findall(r'<li data-grid="(\d+)"', text)]


def ranked(client, query):
    return client.get(f"/panel/ranked?on={DAY}&lang=en&{query}").text


def test_the_list_has_the_grids_of_a_level_or_of_what_is_in_view(client, county):
    assert sorted(rows(ranked(client, "kind=clinic&level=town"))) == sorted(county.towns)
    everywhere = rows(ranked(client, "kind=clinic"))
    # Those in the east have no clinic.
    assert set(everywhere[:2]) == set(county.communities[2:])
    west = rows(ranked(client, "kind=clinic&box=116.301,31.401,116.31,31.439"))
    assert set(west) == set(county.communities[:2])
    assert "No grid of this level" in ranked(client, "kind=clinic&box=10,10,11,11")


def test_long_lists_are_paged(client, conn, county, monkeypatch):
    monkeypatch.setattr(ranking, "PAGE_SIZE", 3)
    pages = [rows(ranked(client, f"kind=clinic&page={page}")) for page in (1, 2, 99)]
    assert [len(page) for page in pages] == [3, 1, 1]
    assert {*pages[0], *pages[1]} == set(county.communities)
    assert pages[2] == pages[1]


def test_the_list_names_the_worst_kind_of_each_grid(client, county):
    text = ranked(client, "kind=worst")
    row = text.split(f'data-grid="{county.communities[1]}"')[1].split("</li>")[0]
    assert "Shop" in row
    assert "0% served" in row


def test_two_kinds_and_two_days_stand_side_by_side_with_their_difference(client, conn, county):
    compute_figures(conn, date(2025, 6, 1))
    text = ranked(client, "kind=clinic&beside=shop")
    row = text.split(f'data-grid="{county.communities[1]}"')[1].split("</li>")[0]
    assert re.findall(r">([−+]?\d+%?)<", row) == ["100%", "0%", "+100"]
    text = ranked(client, "kind=clinic&beside=2025-06-01")
    row = text.split(f'data-grid="{county.communities[1]}"')[1].split("</li>")[0]
    assert re.findall(r">([−+]?\d+%?)<", row) == ["100%", "0%", "+100"]
    # What is beside itself is nothing.
    assert "sides" not in ranked(client, "kind=clinic&beside=clinic")
    assert "sides" not in ranked(client, f"kind=clinic&beside={DAY}")


def test_a_grid_that_was_not_there_has_no_share_on_that_day(client, conn, county):
    conn.execute(
        "UPDATE grid_version SET valid = '[2026-01-01,)' WHERE grid_id = %s",
        (county.compounds[0],),
    )
    compute_figures(conn, TODAY, date(2025, 6, 1))
    text = ranked(client, "kind=clinic&level=compound&beside=2025-06-01")
    row = text.split(f'data-grid="{county.compounds[0]}"')[1].split("</li>")[0]
    assert "not there" in row


@pytest.mark.parametrize(
    "query",
    [
        "level=county",
        "rank=street",
        "box=1,2,3",
        "box=nan,1,2,3",
        "box=2,1,1,2",
        "beside=2025-02-30",
        "beside=../etc",
        "kind=../etc",
    ],
)
def test_what_cannot_be_listed_is_refused(client, query):
    assert client.get(f"/panel/ranked?on={DAY}&{query}").status_code == 400


def test_a_box_finds_by_ground_and_not_by_its_corners(conn, county):
    box = Bounds(116.3001, 31.4001, 116.3002, 31.4002)
    assert reading.count(conn, "town", TODAY, box) == 1
    assert reading.count(conn, "town", TODAY) == 2


def test_the_panel_offers_the_worst_of_all_and_names_it(client, county):
    text = client.get(f"/panel/home?mode=coverage&kind=worst&on={DAY}&lang=en").text
    assert re.search(r'value="worst" checked', text)
    assert 'data-kind-title="Worst of all"' in text
    assert "Worst of all: " in text
    # In a grid's own panel the kind that is worst there stands out.
    text = client.get(
        f"/panel/grid/{county.communities[1]}?mode=coverage&kind=worst&on={DAY}&lang=en"
    ).text
    now = text.split('aria-current="true"')[1].split("</li>")[0]
    assert "Shop" in now
