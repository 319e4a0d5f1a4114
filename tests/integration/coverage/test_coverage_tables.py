"""Coverage and standards for programs: as JSON over HTTP, and on the command line."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

import pytest
from click.testing import CliRunner, Result
from county import County, build, compute_figures
from flask.testing import FlaskClient
from psycopg import Connection

from geodata.database import clock, settings
from scripts.cli.__main__ import gridmap
from webmap import create_app

Conn = Connection[Any]


@pytest.fixture
def county(conn: Conn, database_url: str, monkeypatch: pytest.MonkeyPatch) -> County:
    """Sixty households near a clinic and three far from it in the south-west, ten far elsewhere."""
    made = build(conn)
    conn.execute("UPDATE grid_version SET households = NULL")
    for lon, lat, households in (
        (116.305, 31.405, 60), (116.313, 31.415, 3), (116.335, 31.435, 10),
    ):  # fmt: skip
        conn.execute(
            "INSERT INTO building (name, households, geom)"
            " VALUES ('一', %s, ST_SetSRID(ST_MakePoint(%s, %s), 4326))",
            [households, lon, lat],
        )
    conn.execute(
        "INSERT INTO facility (kind, name, geom)"
        " VALUES ('clinic', '一', ST_SetSRID(ST_MakePoint(116.305, 31.405), 4326))"
    )
    compute_figures(conn, clock.today())
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)
    monkeypatch.setenv("GRIDMAP_LANG", "en")
    return made


@pytest.fixture
def client(county: County, database_url: str) -> Iterator[FlaskClient]:
    app = create_app({"DATABASE_URL": database_url})
    yield app.test_client()
    if pool := app.extensions["gridmap_pool"]:
        pool.close()


def run(*words: str) -> Result:
    return CliRunner().invoke(gridmap, ["coverage", *words])


def test_coverage_as_json(client: FlaskClient, county: County, conn: Conn) -> None:
    answer = client.get("/api/coverage?kind=clinic").json
    assert answer
    assert answer["method"] == "straight_line"
    (grid,) = answer["grids"]
    assert grid["level"] == "county"
    (kind,) = grid["kinds"]
    # Of 3 households out of reach 5 are told, as of 1 to 9; of 10 as many as of 10 to 19.
    assert (kind["households"], kind["met"], kind["reached"]) == (83, 64, 64)
    assert (kind["reasons"]["too_far"], kind["reasons"]["nobody"]) == (5, 14)
    settings.write(conn, "least_count", 0)
    compute_figures(conn, clock.today())
    answer = client.get("/api/coverage?kind=clinic").json
    assert answer
    (kind,) = answer["grids"][0]["kinds"]
    assert (kind["met"], kind["reached"], kind["estimated"]) == (60, 60, 0)
    assert kind["reasons"] == {
        "too_far": 3, "nobody": 10, "over_capacity": 0, "too_few": 0, "term_ended": 0,
    }  # fmt: skip


def test_the_grids_of_a_level_and_what_is_missing(client: FlaskClient, county: County) -> None:
    town = county.towns[0]
    answer = client.get(f"/api/coverage?grid={town}&level=compound&kind=clinic").json
    assert answer
    assert (answer["total"], answer["pages"]) == (4, 1)
    ids = [grid["grid_id"] for grid in answer["grids"]]
    assert sorted(ids) == sorted(county.compounds[:4])
    empty = next(g for g in answer["grids"] if g["grid_id"] == county.compounds[3])
    assert empty["kinds"][0]["is_missing"]
    answer = client.get("/api/coverage?kind=dentist").json
    assert answer
    assert answer["grids"][0]["kinds"][0]["is_missing"]
    answer = client.get(f"/api/coverage?grid={town}&level=county").json
    assert answer
    assert (answer["total"], answer["grids"]) == (0, [])
    answer = client.get("/api/coverage?page=2").json
    assert answer
    assert answer["grids"] == []


@pytest.mark.parametrize(
    ("query", "status"),
    [
        ("kind=No", 400), ("kind=none", 404), ("grid=x", 400), ("grid=999999", 404),
        ("level=house", 400), ("on=soon", 400), ("on=1950-01-01", 404), ("page=0", 400),
        ("grid=1&on=2020-01-01", 404),
    ],
)  # fmt: skip
def test_what_cannot_be_answered(client: FlaskClient, query: str, status: int) -> None:
    answer = client.get(f"/api/coverage?{query}")
    assert answer.status_code == status
    assert answer.mimetype == "application/problem+json"


def test_standards_as_json(client: FlaskClient, conn: Conn) -> None:
    conn.execute(
        "UPDATE service_standard SET valid = '[1949-10-01,2026-01-01)' WHERE kind = 'clinic'"
        " AND place = 'village'"
    )
    conn.commit()
    answer = client.get("/api/standards?on=2025-12-31").json
    assert answer
    assert answer["walking_km_h"] == 4.5
    clinic = next(each for each in answer["kinds"] if each["kind"] == "clinic")
    assert clinic["village"] == {
        "reach": 1000, "unit": "m", "detour": 1.0, "capacity": None, "minimum": 1,
        "since": "1949-10-01", "until": "2026-01-01",
    }  # fmt: skip
    later = client.get("/api/standards?on=2026-01-01").json
    assert later
    clinic = next(each for each in later["kinds"] if each["kind"] == "clinic")
    assert clinic["village"] is None
    assert clinic["town"]["until"] is None


def test_the_command_says_the_same(client: FlaskClient, county: County, conn: Conn) -> None:
    settings.write(conn, "least_count", 0)
    compute_figures(conn, clock.today())
    for words, address in (
        (["--level", "community"], "/api/coverage?level=community"),
        (["--kind", "clinic"], "/api/coverage?kind=clinic"),
    ):
        told = client.get(address).json
        assert told
        said = json.loads(run(*words, "--json").output)
        assert said["grids"] == told["grids"]
        assert said["method"] == told["method"]
    told = client.get("/api/standards").json
    assert json.loads(run("--standards", "--json").output) == told


def test_the_command_in_words(county: County, conn: Conn) -> None:
    ran = run("--grid", "341525100", "--kind", "clinic")
    assert ran.exit_code == 0
    assert "Clinic  95%  60 of 63 households served  too far 3" in ran.output
    assert "straight line" in ran.output
    again = run("--grid", "341525100", "--kind", "clinic", "--recompute")
    assert again.output == ran.output
    listed = run("--standards", "--kind", "grid_worker").output
    assert "In towns: where they hold the duty, 500 households per provider" in listed
    chinese = CliRunner().invoke(gridmap, ["--lang", "zh", "coverage", "--kind", "clinic"])
    assert "卫生室  82%  73户中60户达标  无服务主体 10  距离过远 3" in chinese.output


def test_the_command_says_the_last_day_of_a_standard(county: County, conn: Conn) -> None:
    conn.execute(
        "UPDATE service_standard SET valid = '[1949-10-01,2026-01-01)' WHERE kind = 'clinic'"
        " AND place = 'village'"
    )
    conn.commit()
    listed = run("--standards", "--kind", "clinic", "--on", "2025-12-31").output
    assert "(1949-10-01 – 2025-12-31)" in listed


def test_recomputing_puts_right_what_was_tampered_with(county: County, conn: Conn) -> None:
    assert "60 of 73" in run("--kind", "clinic").output
    conn.execute("UPDATE coverage_grid SET households = households + 5, nobody = nobody + 5")
    conn.commit()
    assert "60 of 78" in run("--kind", "clinic").output
    assert "60 of 73" in run("--kind", "clinic", "--recompute").output


@pytest.mark.parametrize(
    ("words", "status"),
    [
        (["--kind", "none"], 1), (["--grid", "nowhere"], 1), (["--on", "1950-01-01"], 1),
        (["--level", "house"], 2), (["--on", "soon"], 2),
    ],
)  # fmt: skip
def test_exit_codes(county: County, words: list[str], status: int) -> None:
    ran = run(*words)
    # main() says a failure of ours in words and ends with 1.
    assert ran.exit_code == status
