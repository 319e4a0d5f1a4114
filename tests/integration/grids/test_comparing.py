"""Two days compared: what is said to have changed is what an independent look at both finds."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import date, timedelta
from typing import Any

import mapbox_vector_tile
import psycopg
import pyproj
import pytest
import shapely
from click.testing import CliRunner
from county import BEGIN, TODAY, County, add_duty, build
from flask.testing import FlaskClient
from plan_publishing import begin, let_stand, publish
from psycopg.rows import TupleRow
from shapely.geometry import shape

from geodata.grids import comparing, tiles
from geodata.grids.comparing import Difference
from geodata.plans import publishing
from geodata.plans.model import COMMAND_LINE
from layers.changes import LAYER
from scripts.cli.changes import changes as command
from webmap import create_app

Conn = psycopg.Connection[TupleRow]
EVE = TODAY - timedelta(days=1)
LATER = TODAY + timedelta(days=30)
GEOD = pyproj.Geod(ellps="WGS84")


@pytest.fixture
def county(conn: Conn) -> County:
    """Two publications: compounds and a corner today, two communities made one in a month."""
    made = build(conn)
    south, west_north = made.communities[:2]
    compound = made.compounds[0]
    add_duty(conn, compound, "王芳", "grid_worker", "[2025-01-01,)")
    plan = begin(
        conn,
        {
            "do": "split",
            "grid": compound,
            "name": "新苑",
            "line": [[116.305, 31.39], [116.3052, 31.41]],
        },
        {"do": "move", "corner": [116.32, 31.42], "to": [116.3211, 31.4207]},
        {"do": "rename", "grid": made.compounds[2], "name": "北苑"},
        {"do": "hand_over", "grid": made.compounds[3], "parent": south},
        {"do": "remove", "grid": made.compounds[6]},
    )
    let_stand(conn, plan)
    publish(conn, plan)
    merged = begin(conn, {"do": "merge", "grid": south, "other": west_north}, day=LATER)
    let_stand(conn, merged)
    publish(conn, merged)
    conn.commit()
    return made


@pytest.fixture
def client(database_url: str, county: County) -> FlaskClient:
    return create_app({"DATABASE_URL": database_url}).test_client()


def shapes(conn: Conn, level: str, day: date) -> dict[int, Any]:
    """The grids of a level on a day, in WGS 84."""
    rows = conn.execute(
        "SELECT grid_id, ST_AsBinary(geom) FROM grid_version"
        " WHERE level = %s::grid_level AND valid @> %s::date",
        [level, day],
    )
    return {grid_id: shapely.from_wkb(bytes(wkb)) for grid_id, wkb in rows}


def geodesic_m2(ground: Any) -> float:
    return abs(GEOD.geometry_area_perimeter(shapely.orient_polygons(ground))[0])


def mercator(ground: Any) -> Any:
    to: Any = pyproj.Transformer.from_crs(4326, 3857, always_xy=True)
    return shapely.transform(ground, to.transform, interleaved=False)


def passed(conn: Conn, level: str, before: date, after: date) -> dict[tuple[int, int], Any]:
    """Who had which ground before, and who has it after; 0 is nobody. By shapely alone."""
    was, now = shapes(conn, level, before), shapes(conn, level, after)
    had, has = shapely.union_all(list(was.values())), shapely.union_all(list(now.values()))
    pieces = {
        (giver, taker): shapely.intersection(one, other)
        for giver, one in was.items()
        for taker, other in now.items()
        if giver != taker
    }
    pieces |= {(0, taker): shapely.difference(each, had) for taker, each in now.items()}
    pieces |= {(giver, 0): shapely.difference(each, has) for giver, each in was.items()}
    return {pair: each for pair, each in pieces.items() if each.area > 1e-10}


def by_id(found: list[Difference]) -> dict[int, Difference]:
    return {each.change.grid_id: each for each in found}


@pytest.mark.parametrize(("before", "after"), [(EVE, TODAY), (TODAY, LATER), (EVE, LATER)])
def test_ground_gained_and_lost_is_what_both_days_show(
    conn: Conn, county: County, before: date, after: date
) -> None:
    found = by_id(comparing.find(conn, before, after))
    redrawn = 0
    for level in ("county", "town", "community", "compound"):
        was, now = shapes(conn, level, before), shapes(conn, level, after)
        for grid_id in was.keys() & now.keys():
            gained = geodesic_m2(now[grid_id] - was[grid_id])
            lost = geodesic_m2(was[grid_id] - now[grid_id])
            each = found.get(grid_id)
            if each is None or each.change.what != "redrawn":
                assert gained + lost < 1, level
                continue
            redrawn += 1
            assert each.gained_m2 == pytest.approx(gained, abs=1)
            assert each.lost_m2 == pytest.approx(lost, abs=1)
        assert {k for k, each in found.items() if each.change.what == "made"} >= (
            now.keys() - was.keys()
        )
        assert {k for k, each in found.items() if each.change.what == "ended"} >= (
            was.keys() - now.keys()
        )
    assert redrawn >= 1


def test_a_list_says_what_became_of_each_grid(conn: Conn, county: County) -> None:
    found = comparing.find(conn, EVE, TODAY)
    whats = {each.change.name: each.change.what for each in found if each.change.what != "redrawn"}
    assert whats == {
        "新苑": "made",
        "山口村甲小区": "ended",
        "城北社区乙小区": "handed_over",
        "北苑": "renamed",
    }
    moved = next(each.change for each in found if each.change.what == "handed_over")
    assert (moved.parent_before, moved.parent) == ("城北社区", "城南社区")
    assert moved.code_before != moved.code
    # Town by town, from the whole to the part.
    order = [(each.town.code if each.town else "", each.change.level) for each in found]
    ranks = {"county": 0, "town": 1, "community": 2, "compound": 3}
    assert order == sorted(order, key=lambda pair: (pair[0], ranks[pair[1]]))
    counts = comparing.count_differences(conn, EVE, TODAY)
    assert sum(counts.values()) == len(found)
    pages = [comparing.find(conn, EVE, TODAY, limit=3, offset=at) for at in range(0, 12, 3)]
    assert [each for page in pages for each in page] == found


def test_of_a_grid_it_is_that_grid_and_what_lay_in_it(conn: Conn, county: County) -> None:
    east = county.towns[1]
    inside = {each.change.name for each in comparing.find(conn, EVE, TODAY, east)}
    assert inside == {"佛子岭镇", "河东村", "山口村", "山口村甲小区"}
    # What was handed over is said of both.
    for community in county.communities[:2]:
        names = {each.change.name for each in comparing.find(conn, EVE, TODAY, community)}
        assert "城北社区乙小区" in names
    one = comparing.compare_grid(conn, east, EVE, TODAY)
    assert one is not None
    assert one.change.name == "佛子岭镇"
    assert comparing.compare_grid(conn, county.compounds[7], EVE, TODAY) is None


def test_days_are_those_on_which_a_version_begins_or_ends(conn: Conn, county: County) -> None:
    whole = comparing.list_days(conn)
    assert [each.day for each in whole] == [BEGIN, TODAY, LATER]
    assert [each.is_first for each in whole] == [True, False, False]
    for before, each in zip((EVE, LATER - timedelta(days=1)), whole[1:], strict=True):
        assert each.grids == len(comparing.find(conn, before, each.day))
    assert [each.day for each in comparing.list_days(conn, county.compounds[7])] == [BEGIN]
    assert [each.day for each in comparing.list_days(conn, county.compounds[6])] == [BEGIN, TODAY]
    # A town has the days of all that lay in it, and none of what had left it.
    assert [each.day for each in comparing.list_days(conn, county.towns[1])] == [BEGIN, TODAY]
    assert [each.day for each in comparing.list_days(conn, county.towns[0])] == [
        BEGIN,
        TODAY,
        LATER,
    ]


def test_what_was_published_and_taken_back_does_not_differ(conn: Conn) -> None:
    made = build(conn)
    done = publish(conn, begin(conn, {"do": "rename", "grid": made.compounds[0], "name": "新名"}))
    back = publishing.oppose(conn, done.plan.plan_id, COMMAND_LINE, "撤回", LATER)
    publish(conn, back)
    assert comparing.count_differences(conn, EVE, TODAY) == {"renamed": 1}
    assert comparing.find(conn, EVE, LATER) == []
    assert [each.day for each in comparing.list_days(conn)] == [BEGIN, TODAY, LATER]


def decoded(conn: Conn, z: int, layer: str) -> Iterator[tuple[dict[str, Any], Any]]:
    """All features of the county's tiles, cut to their tile, in EPSG:3857."""
    west, north = 116.2999, 31.4401
    east, south = 116.3401, 31.3999
    n = 2**z
    for x in range(int((west + 180) / 360 * n), int((east + 180) / 360 * n) + 1):
        for y in range(n):
            tile = tiles.Tile(z, x, y) if abs(y - n * 0.4073) < n * 0.002 else None
            if tile is None or tile.bounds()[1] > north or tile.bounds()[3] < south:
                continue
            west_m, south_m, east_m, _ = tile.envelope()
            values = {"before": EVE, "after": LATER, "on": LATER}
            body, _ = tiles.render(conn, LAYER.source, tile, values)
            found = mapbox_vector_tile.decode(body).get(layer, {"features": []}) if body else {}
            for feature in found.get("features", []):
                scale = (east_m - west_m) / 4096
                ground = shapely.intersection(
                    shapely.make_valid(shape(feature["geometry"])), shapely.box(0, 0, 4096, 4096)
                )
                yield (
                    feature["properties"],
                    shapely.transform(
                        ground, lambda xy, s=scale, w=west_m, b=south_m: xy * s + (w, b)
                    ),
                )


# From simplified shapes and from their own.
@pytest.mark.parametrize("z", [14, 15])
def test_the_map_shows_the_ground_that_changed_hands(conn: Conn, county: County, z: int) -> None:
    drawn: dict[str, dict[tuple[int, int], float]] = {}
    for facts, ground in decoded(conn, z, "ground"):
        pair = facts.get("giver", 0), facts.get("taker", 0)
        level = drawn.setdefault(facts["level"], {})
        level[pair] = level.get(pair, 0) + ground.area
    for level in ("town", "community", "compound"):
        wanted = {
            pair: mercator(ground).area for pair, ground in passed(conn, level, EVE, LATER).items()
        }
        assert drawn[level].keys() == wanted.keys()
        for pair, area in wanted.items():
            # Coordinates of a tile are whole: a third of a metre at zoom 15.
            assert drawn[level][pair] == pytest.approx(area, rel=0.02), (level, pair)


@pytest.mark.parametrize("z", [14, 15])
def test_the_map_shows_the_boundaries_that_ended_and_new_ones(
    conn: Conn, county: County, z: int
) -> None:
    drawn: dict[tuple[str, str], float] = {}
    for facts, line in decoded(conn, z, "edge"):
        key = facts["level"], facts["state"]
        drawn[key] = drawn.get(key, 0) + line.length
    for level in ("town", "community", "compound"):
        was, now = (
            shapely.union_all([mercator(each).boundary for each in some.values()])
            for some in (shapes(conn, level, EVE), shapes(conn, level, LATER))
        )
        # A corner put on a straight edge bends it by a centimetre.
        assert drawn[level, "ended"] == pytest.approx((was - now.buffer(0.05)).length, rel=0.02)
        assert drawn[level, "new"] == pytest.approx((now - was.buffer(0.05)).length, rel=0.02)


def test_small_scales_show_where_something_finer_changed(conn: Conn, county: County) -> None:
    spots = sum(facts["n"] for facts, _ in decoded(conn, 8, "spot"))
    assert spots == sum(each.change.level != "county" for each in comparing.find(conn, EVE, LATER))


def test_json_and_the_command_line_give_the_same_list(
    client: FlaskClient, database_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    answer = client.get(f"/api/changes?on={TODAY}&versus={EVE}")
    assert answer.status_code == 200, answer.text
    ran = CliRunner().invoke(command, [str(TODAY), str(EVE), "--json"])
    assert ran.exit_code == 0, ran.output
    told = json.loads(ran.output)
    assert answer.json is not None
    assert (told["before"], told["after"]) == (str(EVE), str(TODAY))
    # A difference speaks of single households: it is for those who may see them.
    for each in told["grids"]:
        for name in ("households", "households_before"):
            each[name] = None
    assert told["grids"] == answer.json["grids"]
    assert answer.json["total"] == len(told["grids"]) == sum(answer.json["counts"].values())
    days = client.get("/api/changes/days").json
    assert days == json.loads(CliRunner().invoke(command, ["--json"]).output)
    said = CliRunner().invoke(command, [str(EVE), str(TODAY)]).output
    assert "城北社区 > 城南社区" in said
    assert "佛子岭镇" in said


@pytest.mark.parametrize(
    "query", ["", "?on=2026-06-15", "?versus=x", "?versus=1066-10-14", "?versus=2026-01-01&grid=x"]
)
def test_nonsense_is_refused_in_words(client: FlaskClient, query: str) -> None:
    answer = client.get(f"/api/changes{query}")
    assert answer.status_code == 400
    assert answer.json is not None
    assert answer.json["detail"]


def test_days_that_are_alike_say_so_and_lead_to_the_nearest_changes(client: FlaskClient) -> None:
    text = client.get(f"/panel/changes?on={TODAY + timedelta(3)}&versus={TODAY}&lang=en").text
    assert "Nothing differs between these days" in text
    assert f"on={TODAY}&amp;versus={EVE}" in text
    assert f"on={LATER}&amp;versus={LATER - timedelta(1)}" in text


def test_the_panel_names_what_became_of_each_grid_town_by_town(client: FlaskClient) -> None:
    text = client.get(f"/panel/changes?on={TODAY}&versus={EVE}&lang=en").text
    for words in ("handed over", "renamed", "redrawn", "new", "ends", "城北社区 → 城南社区"):
        assert words in text
    # A grid that has ended opens on the day on which it was there.
    assert f"on={EVE}&amp;versus={TODAY}" in text


def test_tiles_of_a_comparison_are_kept_for_good(client: FlaskClient) -> None:
    described = client.get(f"/tiles/changes.json?on={TODAY}&versus={EVE}")
    assert described.headers["Cache-Control"] == "public, no-cache"
    assert described.json is not None
    address = described.json["tiles"][0].replace("http://localhost", "")
    assert f"versus={EVE}" in address
    answer = client.get(address.format(z=0, x=0, y=0))
    assert "immutable" in answer.headers["Cache-Control"]
    same = client.get(f"/tiles/changes.json?on={TODAY}").json
    assert same is not None
    alone = client.get(same["tiles"][0].replace("http://localhost", "").format(z=0, x=0, y=0))
    assert alone.status_code == 204
