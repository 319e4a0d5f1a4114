"""Why a grid has a service or not: equal to its figures, told to those who may know."""

from __future__ import annotations

import itertools
import re
from typing import Any

import numpy as np
import psycopg
import pytest
import shapely
from county import TODAY, add_duty, build, compute_figures
from psycopg.conninfo import make_conninfo
from signing import sign_in

from geodata.coverage.explaining import buildings, gaps, serving, why
from geodata.coverage.figures import keeping as figures
from geodata.coverage.figures import reading
from geodata.coverage.standards import model as standards
from geodata.roads import keeping
from geodata.roads.keeping import Facts
from geodata.roads.network import Network, measure
from webmap import create_app

ON = f"on={TODAY}"


@pytest.fixture
def county(conn):
    """Buildings everywhere, a few of each provider, roads in the western half alone."""
    made = build(conn)
    conn.execute("UPDATE grid_version SET households = NULL WHERE level = 'compound'")
    # Of one compound no building is known.
    conn.execute("UPDATE grid_version SET households = 90 WHERE grid_id = %s", made.compounds[7:])
    rng = np.random.default_rng(5)
    for lon, lat in rng.uniform((116.30, 31.40), (116.34, 31.44), (160, 2)):
        if not (lon >= 116.33 and lat >= 31.427):
            add_building(conn, lon, lat, int(rng.integers(1, 40)))
    for lon, lat in rng.uniform((116.30, 31.40), (116.33, 31.43), (4, 2)):
        add_facility(conn, "clinic", lon, lat)
        add_facility(conn, "volunteer_team", lon + 0.001, lat)
    add_duty(conn, made.compounds[0], "王芳", "grid_worker", "[2025-01-01,)")
    add_duty(conn, made.compounds[1], "李强", "grid_worker", "[2025-01-01,2026-01-01)")
    add_roads(conn)
    conn.execute("UPDATE service_standard SET capacity = 300 WHERE kind = 'clinic'")
    conn.execute(
        "UPDATE service_standard SET reach = 12, unit = 'min', detour = 1.3"
        " WHERE kind = 'clinic' AND place = 'village'"
    )
    compute_figures(conn, TODAY)
    return made


def add_building(conn, lon, lat, households):
    conn.execute(
        "INSERT INTO building (name, households, geom)"
        " VALUES ('1号楼', %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
        (households, lon, lat),
    )


def add_facility(conn, kind, lon, lat):
    return conn.execute(
        "INSERT INTO facility (kind, name, geom, valid) VALUES (%s, '点',"
        " ST_SetSRID(ST_MakePoint(%s, %s), 4326), '[2024-01-01,)') RETURNING facility_id",
        (kind, lon, lat),
    ).fetchone()[0]


def add_roads(conn):
    """A lattice of roads, about 200 m apart, up to the middle of the county."""
    at = [(116.30 + 0.002 * x, 31.40 + 0.002 * y) for x in range(8) for y in range(21)]
    pairs = [
        (one, two)
        for one, a in enumerate(at)
        for two, b in enumerate(at)
        if one < two and abs(a[0] - b[0]) + abs(a[1] - b[1]) < 0.0021
    ]
    source, target = np.array(pairs).T
    lines = np.array([shapely.LineString([at[one], at[two]]) for one, two in pairs], dtype=object)
    length_m = measure(lines)
    number = keeping.add_source(
        conn, name="r", file="r", licence="", by_node=True, ways=1, heights="", digest=""
    )
    nothing = np.full(len(pairs), np.nan)
    same = np.zeros(len(pairs), dtype=np.int64)
    facts = Facts(same + number, same, nothing, nothing, same, same.astype(bool))
    network = Network(np.array(at), source, target, length_m, length_m, length_m, lines)
    keeping.write(conn, network, facts)


def test_what_is_explained_adds_up_to_the_figures_to_the_household(conn, county):
    kinds = standards.list_provided(conn, TODAY)
    assert {kind.kind for kind in kinds} == {"clinic", "volunteer_team", "grid_worker"}
    for grid_id in (county.county, *county.towns, *county.communities, *county.compounds):
        known = {
            each.kind: each for each in reading.read_grid(conn, grid_id, TODAY, is_rounded=False)
        }
        for kind in kinds:
            found, figure = (
                why.explain(conn, grid_id, kind, TODAY, is_rounded=False, has_rounded_loads=False),
                known[kind.kind],
            )
            assert found.coverage() == figure


def test_each_building_has_its_nearest_and_how_that_was_measured(conn, county):
    found = why.explain(
        conn,
        county.county,
        why.find_kind(conn, "clinic", TODAY),
        TODAY,
        is_rounded=False,
        has_rounded_loads=False,
    )
    rows = buildings.read(conn, found, buildings.list_known(found), TODAY)
    assert all(home.nearest and home.way is not None for home in rows)
    far = [home for home in rows if home.verdict in ("too_far", "nobody")]
    assert far == rows[: len(far)]
    for home in rows:
        limit = 12 if home.unit == "min" else 1000
        assert (home.unit == "min") == (home.point.lon > 116.32)
        assert not home.providers or (home.way is not None and home.way <= limit)
    # The roads end at 116.314: farther than 500 m from there nothing is measured along them.
    assert all(not home.is_on_road for home in rows if home.point.lon > 116.32)
    assert all(not home.by_road for home in rows if not home.is_on_road)
    assert any(home.by_road for home in rows)
    estimated = buildings.list_estimated(conn, found, TODAY)
    assert [(each.compound_id, each.households) for each in estimated] == [
        (county.compounds[7], 90)
    ]


def test_providers_of_a_grid_are_told_with_their_load(conn, county):
    kind = why.find_kind(conn, "clinic", TODAY)
    whole = why.explain(conn, county.county, kind, TODAY, is_rounded=False, has_rounded_loads=False)
    for each in whole.providers:
        assert each.facility_id is not None
        facility = serving.find(conn, each.facility_id, TODAY)
        served = serving.serve(conn, facility, kind, TODAY, is_rounded=False)
        # Of the whole county all that are in reach live in it.
        assert each.households == each.load == served.load
    part = why.explain(
        conn, county.communities[0], kind, TODAY, is_rounded=False, has_rounded_loads=False
    )
    loads = {each.facility_id: each.load for each in whole.providers}
    assert all(each.load == loads[each.facility_id] for each in part.providers if each.buildings)
    workers = why.explain(
        conn,
        county.communities[0],
        why.find_kind(conn, "grid_worker", TODAY),
        TODAY,
        is_rounded=False,
        has_rounded_loads=False,
    )
    assert [each.name for each in workers.providers] == ["王芳"]
    ended = buildings.read(conn, workers, buildings.list_known(workers), TODAY)
    former = [home.former for home in ended if home.verdict == "term_ended"]
    assert {each and each[0] for each in former} == {"李强"}


@pytest.mark.parametrize("name", ["clinic", "volunteer_team", "grid_worker"])
def test_gap_areas_hold_everybody_out_of_reach_and_nobody_else(conn, county, name):
    kind = why.find_kind(conn, name, TODAY)
    found = why.explain(conn, county.county, kind, TODAY, is_rounded=False, has_rounded_loads=False)
    areas = gaps.find(conn, county.county, kind, TODAY, is_rounded=False)
    unreached = found.in_reach == 0
    assert sum(area.households for area in areas) == found.households(unreached) > 0
    # Rounded to the storage grid, a centimetre.
    ground = shapely.buffer(shapely.union_all([area.geometry for area in areas]), 2e-7)
    stands = shapely.covers(ground, shapely.points(found.people.lon_lat))
    assert stands.tolist() == unreached.tolist()
    shapes = {
        row[0]: shapely.from_wkb(row[1])
        for row in conn.execute("SELECT grid_id, ST_AsBinary(geom) FROM grid_version").fetchall()
    }
    compounds = shapely.union_all([shapes[each] for each in county.compounds])
    for area in areas:
        assert area.households > 0
        assert shapely.covers(shapely.buffer(shapes[area.grid.grid_id], 2e-7), area.geometry)
        if area.is_outside:
            assert area.grid.level == "community"
            assert shapely.intersection(compounds, area.geometry).area < 1e-9
    for one, two in itertools.combinations(areas, 2):
        assert shapely.intersection(one.geometry, two.geometry).area < 1e-10


def test_a_service_area_holds_whom_the_facility_serves(conn, county):
    kind = why.find_kind(conn, "clinic", TODAY)
    [first, *_] = why.explain(
        conn, county.county, kind, TODAY, is_rounded=False, has_rounded_loads=False
    ).providers
    assert first.facility_id is not None
    town, village = sorted(
        serving.find_areas(conn, serving.find(conn, first.facility_id, TODAY), kind, TODAY),
        key=lambda area: area.places,
    )
    assert (town.places, village.places) == (("town",), ("village",))
    # 1,000 m along a lattice of roads reach half of what a circle would.
    flat = shapely.transform(town.geometry, lambda xy: xy * (95_100, 110_870))
    assert 0.3 < flat.area / (np.pi * 1000**2) < 1
    assert village.standard.unit == "min"


def test_figures_stay_as_they_are_when_they_are_explained(conn, county):
    before = conn.execute("SELECT max(stretch_id) FROM coverage_stretch").fetchone()
    why.explain(
        conn,
        county.county,
        why.find_kind(conn, "clinic", TODAY),
        TODAY,
        is_rounded=False,
        has_rounded_loads=False,
    )
    figures.ensure(conn, TODAY)
    assert conn.execute("SELECT max(stretch_id) FROM coverage_stretch").fetchone() == before


@pytest.fixture
def app(database_url, county):
    return create_app({"DATABASE_URL": database_url})


def test_households_of_buildings_are_for_those_who_may_know_small_counts(app, conn, county):
    address = f"/panel/grid/{county.communities[0]}/why?mode=coverage&kind=clinic&lang=en&{ON}"
    pages = [app.test_client().get(address).text]
    client = sign_in(app.test_client(), conn, "town_official", grid_id=county.towns[1])
    pages.append(client.get(address).text)
    for page in pages:
        listed = re.search(r'<ol class="homes">(.*?)</ol>', page, re.DOTALL)
        assert listed
        assert "household" not in listed[1]
        assert "shown to those who are signed in" in page
        served = re.findall(r"(about )?([\d,]+) households here in reach", page)
        assert served
        assert all(about and count.endswith("0") for about, count in served)
    client = sign_in(app.test_client(), conn, "town_official", grid_id=county.towns[0])
    listed = re.search(r'<ol class="homes">(.*?)</ol>', client.get(address).text, re.DOTALL)
    assert listed
    assert re.search(r"\d+ households", listed[1])


def test_what_a_provider_serves_elsewhere_is_rounded_for_who_answers_for_one_grid(
    app, conn, county
):
    """Less the own households, which are told exactly, it would be the neighbours' count."""
    conn.execute("UPDATE service_standard SET capacity = 5000 WHERE kind = 'clinic'")
    compute_figures(conn, TODAY)
    address = f"/panel/grid/{county.compounds[0]}/why?mode=coverage&kind=clinic&lang=en&{ON}"
    told = {}
    for role, place in (
        ("grid_leader", county.compounds[0]),
        ("town_official", county.towns[0]),
        ("county_official", county.county),
    ):
        page = sign_in(app.test_client(), conn, role, grid_id=place).get(address).text
        told[role] = re.findall(
            r"(about )?([\d,]+) households here in reach · (about )?([\d,]+) of", page
        )
        assert told[role]
    for role in ("grid_leader", "town_official"):
        for (here, own, around, in_all), exact in zip(
            told[role], told["county_official"], strict=True
        ):
            assert (here, around) == ("", "about ")
            assert own == exact[1]
            assert in_all.endswith("0")
    assert all(around == "" for _, _, around, _ in told["county_official"])


def test_the_open_interface_tells_no_small_count(app, conn, county):
    client = sign_in(app.test_client(), conn)
    town = county.towns[0]
    points: Any = client.get(f"/api/coverage/buildings?grid={town}&kind=clinic&{ON}").json
    assert points["features"]
    assert not any("households" in each["properties"] for each in points["features"])
    answer = client.get(f"/api/coverage/gaps?grid={town}&kind=clinic&download=1&{ON}")
    assert answer.mimetype == "application/geo+json"
    assert f"gaps-clinic-{town}-{TODAY}.geojson" in answer.headers["Content-Disposition"]
    counts = [each["properties"]["households"] for each in answer.get_json()["features"]]
    found = gaps.find(conn, town, why.find_kind(conn, "clinic", TODAY), TODAY, is_rounded=True)
    assert counts == [area.households for area in found]
    exact = gaps.find(conn, town, why.find_kind(conn, "clinic", TODAY), TODAY, is_rounded=False)
    assert sorted(counts) != sorted(area.households for area in exact)


def test_a_kind_that_the_figures_do_not_have_yet_is_explained(app, conn, county):
    add_facility(conn, "shop", 116.305, 31.405)
    conn.commit()
    path = f"/panel/grid/{county.towns[0]}/why?mode=coverage&kind=shop&lang=en&{ON}"
    answer = app.test_client().get(path)
    assert answer.status_code == 200, answer.text
    assert "in reach" in answer.text


def test_what_the_reader_has_already_is_not_made_again(app, conn, county):
    client = app.test_client()
    address = f"/api/coverage/gaps?grid={county.towns[0]}&kind=clinic&{ON}"
    tag = client.get(address).headers["ETag"]
    again = client.get(address, headers={"If-None-Match": tag})
    assert (again.status_code, again.data) == (304, b"")
    conn.execute("DELETE FROM facility WHERE kind = 'clinic' AND facility_id % 2 = 0")
    conn.commit()
    assert client.get(address, headers={"If-None-Match": tag}).status_code == 200


def test_what_was_explained_is_computed_again_once_something_changes(conn, county, database_url):
    """For a panel and for its map: with the roads locked away, nothing could be computed."""
    # A lock that is not free ends the statement.
    url = make_conninfo(database_url, options="-c lock_timeout=50ms")
    apps = [create_app({"DATABASE_URL": url, "SECRET_KEY": "k" * 32}) for _ in range(2)]
    client = sign_in(apps[0].test_client(), conn, "town_official", grid_id=county.towns[0])
    panel = f"/panel/grid/{county.towns[0]}/why?mode=coverage&kind=clinic&{ON}"
    points = f"/api/coverage/buildings?grid={county.towns[0]}&kind=clinic&{ON}"
    before = client.get(panel).text
    assert client.get(points).status_code == 200
    with psycopg.connect(database_url) as writer:
        writer.execute("LOCK TABLE road_edge IN ACCESS EXCLUSIVE MODE")
        assert client.get(panel).text == before
        assert client.get(points).status_code == 200
        # Another process has to compute it.
        assert apps[1].test_client().get(points).status_code == 503
    conn.execute("DELETE FROM facility WHERE kind = 'clinic'")
    conn.commit()
    assert client.get(panel).text != before


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("/panel/grid/{town}/why?kind=nothing", 404),
        ("/panel/grid/{town}/why?kind=%3Cb%3E", 400),
        ("/panel/grid/999999/why?kind=clinic", 404),
        ("/panel/grid/{town}/why?kind=clinic&page=99", 200),
        ("/panel/grid/{town}/why?kind=clinic&page=x", 400),
        ("/panel/facility/999999", 404),
        ("/api/coverage/gaps?kind=clinic", 400),
        ("/api/coverage/gaps?kind=clinic&grid=999999", 404),
        ("/api/coverage/buildings?kind=nothing&grid={town}", 404),
        ("/api/coverage/facilities/999999/area", 404),
    ],
)
def test_what_cannot_be_answered_is_said(app, county, path, status):
    where = "&" if "?" in path else "?"
    answer = app.test_client().get(f"{path.format(town=county.towns[0])}{where}{ON}")
    assert answer.status_code == status
