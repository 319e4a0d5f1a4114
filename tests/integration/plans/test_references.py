"""Reference layers of plans over HTTP: what is read, what is refused, who may, what is kept."""

from __future__ import annotations

import itertools
import json
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import psycopg
import pytest
from click.testing import CliRunner
from county import County, build
from flask import Flask
from plan_client import Client
from werkzeug.test import TestResponse

from geodata.database import connecting as db
from geodata.plans import advancing, keeping
from geodata.plans.model import COMMAND_LINE
from scripts.cli.__main__ import gridmap
from tests import reference_files as files
from tests.hostile_files import CANARY, Trap, corpus, untouched
from tests.payloads import IS_THOROUGH
from webmap import create_app
from webmap.core import config

Conn = psycopg.Connection[Any]
# Through 城南社区甲小区, from outside one edge to outside the other.
RED_LINE = ((116.304, 31.399), (116.3046, 31.4031), (116.3052, 31.4057), (116.3049, 31.4115))
TRIANGLE = [[[116.31, 31.41], [116.32, 31.41], [116.32, 31.42], [116.31, 31.41]]]
THIN = 1 if IS_THOROUGH else 4


@pytest.fixture
def county(conn: Conn) -> County:
    made = build(conn)
    conn.commit()
    return made


@pytest.fixture
def app(database_url: str, county: County) -> Iterator[Flask]:
    made = create_app({"DATABASE_URL": database_url, "SECRET_KEY": "k" * 32, "POOL_SIZE": 4})
    yield made
    if pool := made.extensions["gridmap_pool"]:
        pool.close()


@pytest.fixture
def staff(app: Flask, conn: Conn) -> Client:
    return Client(app, conn, "county_staff")


@pytest.fixture
def plan(staff: Client) -> int:
    return staff.begin()["plan_id"]


@pytest.fixture
def spool(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Fail if a file that was sent is still lying about in the end."""
    folder = tmp_path / "spool"
    folder.mkdir()
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    yield
    assert list(folder.iterdir()) == []


def send(client: Client, plan: int, path: Path, **asked: str) -> TestResponse:
    return client.ask(
        "POST",
        f"/{plan}/references",
        query_string={"name": path.name, "lang": "en", **asked},
        data=path.read_bytes(),
        content_type="application/octet-stream",
    )


def around(client: Client, plan: int, box: str = "116.2,31.3,116.5,31.6", **asked: Any) -> Any:
    answer = client.ask("GET", f"/{plan}/references/around", query_string={"box": box, **asked})
    assert answer.status_code == 200
    return answer.get_json()


def listed(client: Client, plan: int) -> list[dict[str, Any]]:
    return client.ask("GET", f"/{plan}/references").get_json()["references"]


def corners(lines: Any) -> list[tuple[float, float]]:
    return [tuple(corner) for line in lines for corner in line]


def test_a_drawing_lies_where_it_was_drawn(
    staff: Client, plan: int, tmp_path: Path, spool: None, conn: Conn
) -> None:
    path = files.dxf(tmp_path / "紫金府邸红线.dxf", [RED_LINE], label=(116.31, 31.41))
    asked = send(staff, plan, path)
    assert asked.status_code == 422
    problem = asked.get_json()
    assert problem["kind"] == "no_crs"
    assert problem["systems"][0] == "EPSG:4548"
    assert "--crs" not in problem["detail"]
    assert listed(staff, plan) == []

    made = send(staff, plan, path, crs="EPSG:4548")
    assert made.status_code == 201
    assert made.get_json()["name"] == "紫金府邸红线"
    assert made.get_json()["crs"].startswith("EPSG:4548")
    [layer] = around(staff, plan)["layers"]
    # To the last digit, and without the label, which names somebody.
    assert layer == {"number": 1, "lines": [[list(c) for c in RED_LINE]], "points": []}
    stored = conn.execute("SELECT to_jsonb(r) FROM plan_reference r").fetchall()
    assert "resident" not in json.dumps(stored)


def test_every_format_is_read(staff: Client, plan: int, tmp_path: Path, spool: None) -> None:
    sent = [
        files.geojson(tmp_path / "a.geojson", files.line(RED_LINE)),
        files.geopackage(tmp_path / "b.gpkg", roads=[RED_LINE]),
        files.shapefile(tmp_path / "c.zip", [RED_LINE]),
    ]
    for path in sent:
        assert send(staff, plan, path).status_code == 201, path
    found = around(staff, plan)
    assert found["is_exact"]
    assert [corners(layer["lines"]) for layer in found["layers"]] == [list(RED_LINE)] * 3
    assert [each["source"] for each in listed(staff, plan)] == ["a.geojson", "b.gpkg", "c.zip"]
    # A box beside them has nothing of them.
    assert around(staff, plan, "116.4,31.4,116.5,31.5")["layers"] == []


def test_what_a_file_does_not_say_is_asked_for(staff: Client, plan: int, tmp_path: Path) -> None:
    path = files.geopackage(tmp_path / "two.gpkg", axes=[RED_LINE], rivers=[RED_LINE])
    problem = send(staff, plan, path).get_json()
    assert (problem["kind"], problem["layers"]) == ("several_layers", ["axes", "rivers"])
    assert send(staff, plan, path, layer="rivers").get_json()["name"] == "rivers"
    path = files.shapefile(tmp_path / "bare.zip", [RED_LINE], has_prj=False)
    problem = send(staff, plan, path).get_json()
    assert (problem["kind"], problem["systems"][0]) == ("no_prj", "EPSG:4548")
    shifted = files.geojson(tmp_path / "amap.geojson", files.line(RED_LINE))
    assert send(staff, plan, shifted, crs="gcj02").get_json()["crs"] == "GCJ-02"
    moved = around(staff, plan)["layers"][-1]["lines"][0][0]
    assert 0.003 < RED_LINE[0][0] - moved[0] < 0.008


def test_a_wrong_system_is_told_by_where_it_leads(staff: Client, plan: int, tmp_path: Path) -> None:
    path = files.dxf(tmp_path / "a.dxf", [RED_LINE])
    problem = send(staff, plan, path, crs="EPSG:4549").get_json()
    assert problem["kind"] == "far_away"
    assert "km away" in problem["detail"]
    assert "probably wrong" in problem["detail"]
    assert problem["systems"][0] == "EPSG:4548"
    assert send(staff, plan, path, crs="EPSG:4326").get_json()["kind"] == "far_away"
    assert send(staff, plan, path, crs="EPSG:99").get_json()["kind"] == "unknown_crs"
    assert send(staff, plan, path, crs="'; DROP TABLE plan").get_json()["kind"] == "unknown_crs"
    assert listed(staff, plan) == []


def test_what_lies_outside_is_left_out_and_said(staff: Client, plan: int, tmp_path: Path) -> None:
    far = [(117.0 + n * 0.001, 31.4) for n in range(5)]
    path = files.geojson(
        tmp_path / "a.geojson",
        files.line(RED_LINE),
        files.line(far),
        {"type": "Polygon", "coordinates": TRIANGLE},
        {"type": "MultiPoint", "coordinates": [[116.305, 31.405]]},
        files.line([(116.3, 31.4), (1e308, 31.4)]),
    )  # fmt: skip
    made = send(staff, plan, path).get_json()
    assert made["notes"] == [
        "What lies outside the county was left out.",
        "Left out because a coordinate is no number: 1.",
    ]
    [layer] = around(staff, plan)["layers"]
    assert layer["points"] == [[116.305, 31.405]]
    assert [len(line) for line in layer["lines"]] == [4, 4]


def test_long_lines_come_in_pieces_that_meet(staff: Client, plan: int, tmp_path: Path) -> None:
    wave = [(round(116.301 + n * 1e-5, 7), round(31.405 + n % 2 * 1e-5, 7)) for n in range(1000)]
    path = files.geojson(tmp_path / "a.geojson", files.line(wave))
    assert send(staff, plan, path).get_json()["corners"] == 1005
    pieces = around(staff, plan)["layers"][0]["lines"]
    assert all(one[-1] == two[0] for one, two in itertools.pairwise(pieces))
    assert [*corners(pieces[:1]), *(c for p in pieces[1:] for c in corners([p])[1:])] == wave
    assert len(around(staff, plan, "116.3009,31.404,116.3011,31.406")["layers"][0]["lines"]) == 1


def test_what_is_too_much_is_refused_or_simplified(
    staff: Client, plan: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def wave(count: int) -> files.Line:
        return [(116.301 + n * 0.03 / count, 31.405 + n % 2 * 1e-5) for n in range(count)]

    path = files.geojson(tmp_path / "a.geojson", files.line(wave(210_000)))
    problem = send(staff, plan, path).get_json()
    assert problem["kind"] == "too_many_corners"
    assert "200,000" in problem["detail"]
    path = files.geojson(tmp_path / "b.geojson", files.line(wave(90_000)))
    assert send(staff, plan, path).status_code == 201
    assert around(staff, plan)["is_exact"]
    rough = around(staff, plan, zoom=12)
    assert not rough["is_exact"]
    assert len(corners(rough["layers"][0]["lines"])) < 5000
    assert around(staff, plan, "116.301,31.4,116.3015,31.41", zoom=18)["is_exact"]
    monkeypatch.setattr(config, "LARGEST_FILE", 1 << 20)
    large = send(staff, plan, path)
    assert large.status_code == 413
    assert "1 MB" in large.get_json()["detail"]


def test_a_plan_has_room_for_some_layers(
    staff: Client, plan: int, tmp_path: Path, conn: Conn
) -> None:
    path = files.geojson(tmp_path / "a.geojson", files.line(RED_LINE))
    assert send(staff, plan, path).status_code == 201
    conn.execute(
        "INSERT INTO plan_reference SELECT plan_id, n, name, source, crs, corners, actor"
        " FROM plan_reference, generate_series(2, 20) n"
    )
    conn.commit()
    full = send(staff, plan, path)
    assert full.status_code == 400
    assert "20" in full.get_json()["detail"]


def test_layers_are_renamed_copied_removed_and_go_with_the_plan(
    staff: Client, plan: int, tmp_path: Path, conn: Conn
) -> None:
    name = "<img src=x onerror=alert(1)>"
    path = files.geojson(tmp_path / "a.geojson", files.line(RED_LINE))
    for _ in range(2):
        assert send(staff, plan, path, name=f"../../{name}.geojson").status_code == 201
    assert listed(staff, plan)[0]["name"] == name
    page = staff.client.get(f"/panel/plans/{plan}?lang=en").text
    assert "<img" not in page
    assert "&lt;img src=x onerror=alert(1)&gt;" in page
    renamed = staff.ask("PATCH", f"/{plan}/references/1", {"name": " 红线  一 "})
    assert renamed.get_json()["name"] == "红线 一"
    assert staff.ask("PATCH", f"/{plan}/references/1", {"name": " "}).status_code == 400
    assert staff.ask("PATCH", f"/{plan}/references/1", {"name": "x" * 81}).status_code == 400
    assert staff.ask("PATCH", f"/{plan}/references/9", {"name": "x"}).status_code == 404

    copied = staff.ask("POST", f"/{plan}/copy", {"title": "又"}).get_json()["plan_id"]
    assert staff.ask("DELETE", f"/{plan}/references/1", {}).status_code == 204
    assert [each["number"] for each in listed(staff, plan)] == [2]
    assert [each["number"] for each in listed(staff, copied)] == [1, 2]
    assert len(around(staff, copied)["layers"]) == 2
    assert send(staff, plan, path).get_json()["number"] == 3

    conn.execute("ALTER TABLE plan_event DISABLE TRIGGER plan_event_append_only")
    conn.execute("DELETE FROM plan_event")
    conn.execute("DELETE FROM plan")
    for table in ("plan_reference", "plan_reference_line"):
        assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)


def test_who_may_add_layers(
    app: Flask, conn: Conn, staff: Client, plan: int, tmp_path: Path
) -> None:
    path = files.geojson(tmp_path / "a.geojson", files.line(RED_LINE))
    assert send(staff, plan, path).status_code == 201
    official = Client(app, conn, "county_official")
    assert len(listed(official, plan)) == 1
    assert send(official, plan, path).status_code == 404
    assert official.ask("DELETE", f"/{plan}/references/1", {}).status_code == 404
    # Somebody else's plan, though they draw too.
    other = Client(app, conn, "county_staff")
    assert send(other, plan, path).status_code == 409
    assert other.ask("PATCH", f"/{plan}/references/1", {"name": "x"}).status_code == 409
    assert other.ask("DELETE", f"/{plan}/references/1", {}).status_code == 409
    town = Client(app, conn, "auditor")
    assert town.ask("GET", f"/{plan}/references").status_code == 404
    assert app.test_client().get(f"/api/plans/{plan}/references").status_code == 401
    forged = staff.client.post(f"/api/plans/{plan}/references?name=a.geojson", data=b"{}")
    assert forged.status_code == 400
    # What is no longer a draft keeps its layers as they are.
    with db.connect(app.config["DATABASE_URL"]) as owner:
        advancing.advance(owner, keeping.get(owner, plan), COMMAND_LINE, "withdraw")
    assert send(staff, plan, path).status_code == 409
    assert [each["name"] for each in listed(staff, plan)] == ["a"]


def test_the_tables_are_closed_to_others(conn: Conn, staff: Client, plan: int) -> None:
    for table in ("plan_reference", "plan_reference_line"):
        conn.execute("SET ROLE gridmap_draw")
        assert conn.execute(f"SELECT count(*) FROM {table}").fetchone() == (0,)
        conn.execute("SET ROLE gridmap_county")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            conn.execute(f"SELECT FROM {table}")
        conn.rollback()


def test_hostile_files_are_refused_in_words(
    staff: Client, plan: int, tmp_path: Path, spool: None
) -> None:
    folder = tmp_path / "files"
    folder.mkdir()
    with untouched(tmp_path) as trap:
        sent = _maps(folder, trap)
        assert len(sent) >= 15
        for path in sent:
            answer = send(staff, plan, path)
            problem = answer.get_json()
            assert answer.status_code in (201, 413, 422), (path, problem)
            assert CANARY not in answer.text, path
            if answer.status_code == 422:
                assert problem["kind"] != "crashed", (path, problem)
                assert str(tempfile.gettempdir()) not in problem["detail"]
    assert all(each["corners"] < 1000 for each in listed(staff, plan))


def _maps(folder: Path, trap: Trap) -> list[Path]:
    found = [
        hostile.path
        for number, hostile in enumerate(corpus(folder, trap.bait))
        if hostile.subject in ("grids", "facilities") and number % THIN == 0
    ]
    found += [
        files.nested_blocks(folder / "blocks.dxf"),
        folder / "endless.dxf",
        folder / "wild.dxf",
    ]
    found[-2].write_text("0\nSECTION\n2\nENTITIES\n" + "0\nLINE\n10\n1\n" * 200_000)
    wild = "10\nNaN\n20\n1e308\n11\n-1e308\n21\ninf"
    found[-1].write_text(f"0\nSECTION\n2\nENTITIES\n0\nLINE\n{wild}\n0\nENDSEC\n0\nEOF\n")
    return found


def test_the_command_line_adds_lists_and_removes(
    conn: Conn, county: County, database_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GRIDMAP_DATABASE_URL", database_url)

    def run(*words: str) -> str:
        told = CliRunner().invoke(gridmap, ["plan", *words], catch_exceptions=False)
        assert told.exit_code == 0, told.output
        return told.output

    run("new", "红线")
    path = files.dxf(tmp_path / "红线.dxf", [RED_LINE])
    assert "红线" in run("reference", "add", "1", str(path), "--crs", "4548")
    assert "EPSG:4548" in run("reference", "list", "1")
    run("reference", "remove", "1", "1")
    assert run("reference", "list", "1") == "The plan has no reference layers.\n"
