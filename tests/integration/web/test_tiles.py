"""Tiles over HTTP: decoded, at every zoom, filtered, cached for good and never stale."""

from __future__ import annotations

from collections import Counter
from datetime import date, timedelta

import mapbox_vector_tile
import pytest
from county import TODAY, add_duty, add_issue, box, build, compute_figures
from signing import sign_in

from geodata.database import clock
from geodata.grids import writing as boundaries
from geodata.grids.tiles import Tile
from geodata.grids.writing import NewVersion
from webmap import create_app

PLACE = (116.305, 31.405)
DAY = TODAY.isoformat()


@pytest.fixture
def county(conn):
    made = build(conn)
    conn.commit()
    return made


@pytest.fixture
def client(database_url, county, conn):
    """A browser in which a county official is signed in."""
    return sign_in(create_app({"DATABASE_URL": database_url}).test_client(), conn)


def tile_at(lon, lat, z):
    """The tile around a place, found by trying: independent of the code under test."""
    first = 0 if z < 4 else int((lon + 180) / 360 * 2**z) - 1
    x = next(x for x in range(first, 1 << z) if _holds(Tile(z, x, 0).bounds()[::2], lon))
    y = next(y for y in range(1 << z) if _holds(Tile(z, x, y).bounds()[1::2], lat))
    return x, y


def _holds(span, value):
    return span[0] <= value < span[1]


def fetch(client, layer, z, place: tuple[float, float] = PLACE, query=""):
    description = client.get(f"/tiles/{layer}.json?on={DAY}{query}")
    assert description.status_code == 200, description.text
    template = description.json["tiles"][0]
    x, y = tile_at(*place, z)
    return client.get(template.format(z=z, x=x, y=y).replace("http://localhost", ""))


def features(response, layer):
    decoded = mapbox_vector_tile.decode(response.data) if response.data else {}
    return [feature["properties"] for feature in decoded.get(layer, {"features": []})["features"]]


@pytest.mark.parametrize(
    ("z", "levels"),
    [
        (6, {"county"}),
        (8, {"county"}),
        (9, {"county", "town"}),
        (10, {"county", "town"}),
        (11, {"county", "town", "community"}),
        (12, {"county", "town", "community"}),
        (13, {"county", "town", "community", "compound"}),
        (16, {"county", "town", "community"}),
    ],
)
def test_each_zoom_shows_its_level_and_those_above(client, z, levels):
    # At zoom 16 the tile at this corner of the county holds no compound, but all that is around.
    place = (116.3003, 31.4003) if z == 16 else PLACE
    decoded = mapbox_vector_tile.decode(fetch(client, "grids", z, place).data)
    assert set(decoded) - {"label"} == levels


def test_a_grid_has_one_label_over_all_tiles(client, county):
    template = client.get("/tiles/grids.json").json["tiles"][0].replace("http://localhost", "")
    seen = Counter()
    west, south = tile_at(116.30, 31.40, 14)
    east, north = tile_at(116.34, 31.44, 14)
    for x in range(west, east + 1):
        for y in range(north, south + 1):
            response = client.get(template.format(z=14, x=x, y=y))
            seen.update(label["id"] for label in features(response, "label"))
    assert seen == Counter(county.communities + county.compounds)


def test_impossible_coordinates_are_a_400_and_empty_tiles_a_204(client):
    for address in ("3/8/0", "3/0/8", "23/0/0", "-1/0/0", "1/-1/0", "a/b/c", "1/1.5/0", "9/1e3/1"):
        response = client.get(f"/tiles/grids/1/{address}.mvt")
        assert response.status_code == 400, address
        assert response.mimetype == "application/problem+json"
    empty = client.get("/tiles/grids/1/10/0/0.mvt")
    assert (empty.status_code, empty.data) == (204, b"")


def test_unknown_layers_and_filters_are_named(client):
    assert client.get("/tiles/nothing.json").status_code == 404
    assert client.get("/tiles/nothing/1/0/0/0.mvt").status_code == 404
    for query in ("on=2026-02-30", "on=1066-01-01", "state=maybe", "age=9", "at=x"):
        assert client.get(f"/tiles/issues.json?{query}").status_code == 400, query
    assert client.get("/tiles/coverage.json?kind=../etc").status_code == 400


def test_a_tile_is_kept_for_good_and_a_change_gives_it_another_address(client, conn, county):
    before = client.get(f"/tiles/members.json?on={DAY}").json["tiles"]
    first = fetch(client, "members", 14)
    assert "immutable" in first.headers["Cache-Control"]
    assert "vacant" in {grid["state"] for grid in features(first, "grid")}
    add_duty(conn, county.compounds[0], "甲", "grid_worker", "[2025-01-01,)")
    conn.commit()
    assert client.get(f"/tiles/members.json?on={DAY}").json["tiles"] != before
    second = fetch(client, "members", 14)
    assert {(grid["id"], grid["state"]) for grid in features(second, "grid")} >= {
        (county.compounds[0], "held")
    }
    # Under the old address the new state is told, and told not to be kept.
    old = client.get(first.request.path + "?" + first.request.query_string.decode())
    assert features(old, "grid") == features(second, "grid")
    assert "immutable" not in old.headers["Cache-Control"]


def test_a_tile_of_today_is_not_kept_for_tomorrow(client):
    address = client.get("/tiles/grids.json").json["tiles"][0].replace("http://localhost", "")
    path = address.format(z=0, x=0, y=0)
    assert "immutable" in client.get(path).headers["Cache-Control"]
    for query in ("", "?on="):
        answer = client.get(path.partition("?")[0] + query)
        assert answer.headers["Cache-Control"] == "public, no-cache"


def test_a_tile_without_figures_is_not_kept_until_they_are_there(client, conn, county):
    """Anyone who asks for tomorrow's tile today would leave it empty for everybody."""
    later = clock.today() + timedelta(days=30)
    conn.execute(
        "INSERT INTO facility (kind, name, geom, valid) VALUES"
        " ('clinic', '卫生室', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326), %s::daterange)",
        [f"[2024-01-01,{later})"],
    )
    compute_figures(conn, TODAY)
    [path] = client.get(f"/tiles/coverage.json?kind=clinic&on={DAY}").json["tiles"]
    path = path.replace("http://localhost", "").format(z=0, x=0, y=0)
    assert "immutable" in client.get(path).headers["Cache-Control"]
    answer = client.get(path.replace(DAY, str(later)))
    assert answer.headers["Cache-Control"] == "public, no-cache"
    [empty] = client.get(f"/tiles/coverage.json?kind=clinic&on={later}").json["tiles"]
    # Who asked for its address has the figures computed, which gives it another one.
    assert conn.execute(
        "SELECT args ->> 'day' FROM procrastinate_jobs WHERE task_name = 'compute_coverage'"
    ).fetchall() == [(str(later),)]
    compute_figures(conn, later)
    [path] = client.get(f"/tiles/coverage.json?kind=clinic&on={later}").json["tiles"]
    assert path != empty
    path = path.replace("http://localhost", "").format(z=0, x=0, y=0)
    assert "immutable" in client.get(path).headers["Cache-Control"]


def test_a_coverage_tile_has_another_address_once_its_figures_are_computed(client, conn, county):
    """A change alone leaves the address, under which the figures that stand are kept."""
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '卫生室', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    compute_figures(conn, TODAY)

    def share(response):
        [found] = [g for g in features(response, "grid") if g["id"] == county.compounds[0]]
        return found["share"]

    first = fetch(client, "coverage", 13, query="&kind=clinic")
    assert share(first) == 100
    conn.execute("UPDATE service_standard SET reach = 1 WHERE kind = 'clinic'")
    conn.commit()
    waiting = fetch(client, "coverage", 13, query="&kind=clinic")
    assert share(waiting) == 100
    compute_figures(conn, TODAY)
    second = fetch(client, "coverage", 13, query="&kind=clinic")
    assert share(second) < 100
    addresses = [each.request.url for each in (first, waiting, second)]
    assert addresses[2] not in addresses[:2]
    # What is asked for under an address that is past is not kept.
    for address in addresses[:2]:
        old = client.get(address.replace("http://localhost", ""))
        assert share(old) == share(second)
        assert "immutable" not in old.headers["Cache-Control"]


def test_what_a_layer_does_not_show_leaves_its_address_alone(client, conn, county):
    before = client.get("/tiles/grids.json").json["tiles"]
    add_duty(conn, county.compounds[0], "甲", "grid_worker", "[2025-01-01,)")
    conn.commit()
    assert client.get("/tiles/grids.json").json["tiles"] == before


def test_one_transaction_counts_once(conn, county):
    def number():
        return conn.execute("SELECT number FROM revision WHERE subject = 'members'").fetchone()[0]

    before = number()
    for name in "甲乙丙":
        add_duty(conn, county.compounds[0], name, "grid_worker", "[2025-01-01,)")
    assert number() == before + 1


def test_etag_saves_the_second_transfer(client):
    first = fetch(client, "grids", 11)
    address = first.request.path + "?" + first.request.query_string.decode()
    again = client.get(address, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.data) == (304, b"")
    assert again.headers["Cache-Control"] == first.headers["Cache-Control"]
    description = client.get("/tiles/grids.json")
    same = client.get("/tiles/grids.json", headers={"If-None-Match": description.headers["ETag"]})
    assert same.status_code == 304


def test_tiles_answer_for_the_day_asked(client, conn, county):
    shape = box(116.302, 31.402, 116.306, 31.408)
    version = NewVersion(
        county.compounds[0], "新名", "341525100001001", county.communities[0], 90, None, shape
    )
    boundaries.insert_versions(
        conn, "compound", [version], valid_from=date(2026, 7, 1), source="tests"
    )
    boundaries.refresh_shapes(conn, "compound")
    conn.commit()

    def names(day):
        template = client.get(f"/tiles/grids.json?on={day}").json["tiles"][0]
        x, y = tile_at(*PLACE, 14)
        path = template.format(z=14, x=x, y=y).replace("http://localhost", "")
        return {grid["name"] for grid in features(client.get(path), "compound")}

    assert "城南社区甲小区" in names("2026-06-30")
    assert "新名" not in names("2026-06-30")
    assert "新名" in names("2026-07-01")
    assert "城南社区甲小区" not in names("2026-07-01")


@pytest.mark.parametrize("z", [8, 11, 13, 15, 16])
def test_no_issue_is_lost_or_counted_twice(client, conn, county, z):
    for number in range(40):
        lon, lat = 116.301 + number * 0.00095, 31.4385 - number * 0.00091
        due = "2026-06-01T08:00+08" if number % 4 == 0 else None
        add_issue(conn, lon, lat, "2026-05-01T08:00+08", due)
    conn.commit()
    template = client.get(f"/tiles/issues.json?on={DAY}").json["tiles"][0]
    template = template.replace("http://localhost", "")
    (west, south), (east, north) = tile_at(116.30, 31.40, z), tile_at(116.34, 31.44, z)
    total, overdue = 0, 0
    for x in range(west, east + 1):
        for y in range(north, south + 1):
            response = client.get(template.format(z=z, x=x, y=y))
            decoded = mapbox_vector_tile.decode(response.data) if response.data else {}
            for feature in decoded.get("issue", {"features": []})["features"]:
                px, py = feature["geometry"]["coordinates"]
                # Neighbours draw it too, in their margin; it belongs to the tile that it is in.
                if 0 <= px < 4096 and 0 < py <= 4096:
                    total += feature["properties"]["n"]
                    overdue += feature["properties"]["overdue"]
    assert (total, overdue) == (40, 10)


def test_a_cluster_is_the_same_in_every_tile_that_draws_it(client, conn, county):
    z = 14
    x, y = tile_at(*PLACE, z)
    _, south, east, north = Tile(z, x, y).bounds()
    lat = (south + north) / 2
    for offset in (-0.0003, -0.0001, 0.0001, 0.0003):
        add_issue(conn, east + offset, lat, "2026-05-01T08:00+08", None)
    conn.commit()
    template = client.get(f"/tiles/issues.json?on={DAY}").json["tiles"][0]
    found = []
    for column in (x, x + 1):
        path = template.format(z=z, x=column, y=y).replace("http://localhost", "")
        decoded = mapbox_vector_tile.decode(client.get(path).data)
        found.append(
            sorted(
                (f["geometry"]["coordinates"][0] + 4096 * column, f["properties"]["n"])
                for f in decoded["issue"]["features"]
            )
        )
    assert [n for _, n in found[0]] == [2, 2]
    for (left, n), (right, m) in zip(*found, strict=True):
        assert abs(left - right) <= 1
        assert n == m


def test_a_single_issue_carries_what_opens_it(client, conn, county):
    issue = add_issue(conn, *PLACE, "2026-05-01T08:00+08", "2026-06-01T08:00+08")
    conn.commit()
    [found] = features(fetch(client, "issues", 12), "issue")
    assert found == {
        "n": 1, "overdue": 1, "suspended": 0, "closed": 0,
        "id": issue, "category": "rubbish", "state": "open",
    }  # fmt: skip
    assert fetch(client, "issues", 12, query="&state=closed").status_code == 204
    assert fetch(client, "issues", 12, query="&category=other").status_code == 204


def test_closed_issues_are_on_the_map_as_in_the_list(client, conn, county):
    for closed in ("2025-07-01", "2026-04-01", "2026-06-10"):
        add_issue(conn, *PLACE, "2025-05-01T08:00+08", None, f"{closed}T08:00+08 closed")
    conn.commit()
    for query, shown in (("", 1), ("&closed=90", 2), ("&closed=365", 3), ("&closed=all", 3)):
        query = f"&state=closed{query}"
        [found] = features(fetch(client, "issues", 12, query=query), "issue")
        assert (found["n"], found["closed"]) == (shown, shown)
        for path in ("home?mode=issues", f"grid/{county.county}/issues?mode=issues"):
            text = client.get(f"/panel/{path}&on={DAY}&lang=en{query}").text
            assert f'<span class="count">{shown}</span>' in text
            assert f"<b>{shown}</b><span>Closed" in text
    assert client.get(f"/tiles/issues.json?on={DAY}&state=closed&closed=x").status_code == 400


def test_coverage_tiles_tell_missing_data_from_a_missing_service(client, conn, county):
    conn.execute(
        "UPDATE grid_version SET households = NULL WHERE grid_id = %s", [county.compounds[1]]
    )
    conn.execute(
        "INSERT INTO building (name, households, geom)"
        " VALUES ('楼', 30, ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '卫生室', ST_SetSRID(ST_MakePoint(116.335, 31.435), 4326))"
    )
    compute_figures(conn, TODAY)
    response = fetch(client, "coverage", 13, query="&kind=clinic")
    by_id = {grid["id"]: grid for grid in features(response, "grid")}
    assert by_id[county.compounds[0]]["share"] == 0
    # A tile is for everybody: no counts, which may be small.
    assert "households" not in by_id[county.compounds[0]]
    assert "share" not in by_id[county.compounds[1]]


def test_neighbours_share_their_edge_in_every_simplified_zoom(client, county):
    """Simplified as a coverage: the two towns meet without a gap or an overlap."""
    from shapely.geometry import shape
    from shapely.ops import unary_union

    for z in (9, 10, 11, 12, 13):
        decoded = mapbox_vector_tile.decode(fetch(client, "grids", z, (116.32, 31.42)).data)
        towns = [shape(f["geometry"]) for f in decoded["town"]["features"]]
        whole = unary_union([shape(f["geometry"]) for f in decoded["county"]["features"]])
        assert sum(t.area for t in towns) == pytest.approx(unary_union(towns).area)
        assert unary_union(towns).symmetric_difference(whole).area <= whole.length


def test_an_issue_hung_up_beyond_its_time_counts_once_in_a_cluster(client, conn, county):
    steps = (
        "2026-06-03T08:00+08 filed",
        "2026-06-03T09:00+08 dispatched",
        "2026-06-03T10:00+08 handling",
        "2026-06-04T08:00+08 suspended",
    )
    add_issue(conn, *PLACE, "2026-06-02T08:00+08", "2026-06-05T08:00+08", *steps)
    add_issue(conn, *PLACE, "2026-06-02T08:00+08", "2030-06-05T08:00+08", *steps)
    add_issue(conn, *PLACE, "2026-06-02T08:00+08", "2030-06-05T08:00+08")
    conn.commit()
    [cluster] = features(fetch(client, "issues", 13), "issue")
    assert (cluster["n"], cluster["overdue"], cluster["suspended"], cluster["closed"]) == (
        3, 1, 1, 0,
    )  # fmt: skip


def test_grids_above_the_compounds_tell_how_many_of_them_have_nobody(client, conn, county):
    add_duty(conn, county.compounds[0], "甲", "grid_worker", "[2025-01-01,)")
    add_duty(conn, county.compounds[1], "乙", "grid_worker", "[2025-01-01,)", deputy=True)
    add_duty(conn, county.compounds[2], "丙", "grid_worker", "[2025-01-01,2026-01-01)")
    conn.commit()

    def numbers(z):
        found = {}
        for place in ((116.305, 31.405), (116.305, 31.435), (116.335, 31.405), (116.335, 31.435)):
            response = fetch(client, "members", z, place)
            found |= {f["id"]: f["n"] for f in features(response, "unheld")}
        return found

    west_south, west_north, *_ = county.communities
    assert numbers(8) == {county.county: 6}
    assert numbers(10) == {county.towns[0]: 2, county.towns[1]: 4}
    # A community in good order has no badge.
    assert west_south not in numbers(12)
    assert numbers(12)[west_north] == 2
    assert numbers(13) == {}
